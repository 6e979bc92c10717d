/* SPDX-License-Identifier: MIT */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

static void the_closing_notice_brings_another_channel_without_a_break(void) {
  ch_begin_connected();
  ch_heartbeats(2);
  ch_say(CLOSING);
  ch_say(EVENT);
  CHECK_INT(ch_block.messages, 1);
  replay_run(&ch_world, 1100); /* a random wait of up to 1 s */
  CHECK_INT(ch_creations(), 2);
  CHECK_INT(ch_wires.closes, 0);
  ch_wire_open(ch_wire_of("two"));
  CHECK_INT(ch_block.connected, 2);
  ch_wire_say(ch_wire_of("one"), EVENT);
  CHECK_INT(ch_block.messages, 2);
  replay_run(&ch_world, 5600); /* the overlap */
  CHECK_INT(ch_wires.closes, 1);
  CHECK(ch_wire_of("one") == NULL);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_INT(ch_stats().gap_ms, 0);
  CHECK_INT(ch_stats().renewals, 1);
  CHECK_INT(replay_noticed(&ch_world, "*", GC_OK), ch_world.notice_count);
  ch_end();
}

static void without_a_second_channel_the_first_connects_again(void) {
  ch_begin_connected();
  replay_forget_answers(&ch_world);
  ch_answer(CREATE, REPLAY_ALWAYS, 400, "{}");
  ch_heartbeats(2);
  ch_say(CLOSING);
  replay_run(&ch_world, 20000);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 10500); /* half of the minute, and the random wait */
  CHECK_INT(ch_wires.opens, 1);
  CHECK_INT(ch_wires.closes, 0);
  ch_say(EVENT);
  replay_run(&ch_world, 1100);
  CHECK_INT(ch_wires.closes, 1);
  CHECK_INT(ch_wires.opens, 2);
  CHECK_STR(ch_wires.url, "wss://s.example.test/channels/one-s3cr3t");
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 1);
  CHECK(ch_block.blind_ms < 1200);
  CHECK_INT(ch_stats().gap_ms, ch_block.blind_ms);
  CHECK_INT(ch_stats().renewals, 0);
  CHECK_INT(replay_count(&ch_world, PUT), 1);
  CHECK(replay_noticed(&ch_world, "stream renewal", GC_ERR_REQUEST) > 1);
  ch_end();
}

static void a_server_that_ends_sooner_causes_only_a_gap(void) {
  ch_begin_connected();
  ch_heartbeats(2);
  ch_say(CLOSING);
  replay_run(&ch_world, 1100);
  CHECK_INT(ch_wire_count(), 2);
  ch_wire_end(ch_wire_of("one"), &(struct gc_ws_end){.close_code = 1001},
              GC_ERR_NETWORK);
  replay_run(&ch_world, 100); /* announced: no wait */
  ch_wire_open(ch_wire_of("one"));
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 1);
  ch_wire_open(ch_wire_of("two"));
  CHECK_INT(ch_block.connected, 3);
  CHECK_INT(ch_block.gaps, 1);
  replay_run(&ch_world, 5600);
  CHECK_INT(ch_wire_count(), 1);
  CHECK_INT(ch_stats().renewals, 1);
  ch_end();
}

static void a_second_notice_delays_nothing(void) {
  ch_begin_connected();
  ch_heartbeats(1);
  ch_say(CLOSING);
  replay_run(&ch_world, 900);
  ch_say(CLOSING);
  replay_run(&ch_world, 101);
  CHECK_INT(ch_creations(), 2);
  ch_end();
}

static void a_notice_on_the_new_connection_is_obeyed_with_a_break(void) {
  ch_begin_connected();
  ch_heartbeats(2);
  ch_say(CLOSING);
  replay_run(&ch_world, 1100);
  ch_open();
  replay_run(&ch_world, 2000);
  ch_say(CLOSING);
  replay_run(&ch_world, 5000);
  CHECK_INT(ch_creations(), 2);
  CHECK_INT(ch_wires.opens, 3);
  CHECK_STR(ch_wires.url, "wss://s.example.test/channels/two-s3cr3t");
  ch_open();
  CHECK_INT(ch_block.gaps, 1);
  ch_heartbeats(2);
  ch_say(CLOSING); /* a minute later another reconnect is allowed */
  replay_run(&ch_world, 1100);
  CHECK_INT(ch_wire_count(), 2);
  ch_end();
}

static void a_notice_in_the_overlap_is_obeyed(void) {
  ch_begin_connected();
  ch_heartbeats(2);
  ch_world.random32 = 0;
  ch_say(CLOSING);
  replay_run(&ch_world, 15000);
  ch_wire_say(ch_wire_of("one"), HEARTBEAT);
  replay_run(&ch_world, 10000);
  ch_wire_open(ch_wire_of("two"));
  ch_wire_say(ch_wire_of("two"), CLOSING);
  replay_run(&ch_world, 100);
  CHECK_INT(ch_wires.closes, 1);
  ch_wire_say(ch_wire_of("one"), EVENT); /* it is read meanwhile */
  CHECK_INT(ch_block.messages, 1);
  replay_run(&ch_world, 2000);
  CHECK_INT(ch_wires.opens, 3);
  CHECK_STR(ch_wires.url, "wss://s.example.test/channels/two-s3cr3t");
  ch_end();
}

static void notices_one_after_the_other_do_not_turn_into_a_storm(void) {
  ch_begin_connected();
  ch_heartbeats(1);
  for (int i = 0; i < 8; i++) {
    ch_say("{\"topicName\":\"v2.system.socket_closing\"}");
    replay_run(&ch_world, 10000);
    if (ch_wire() != NULL)
      ch_open();
  }
  CHECK_THAT(ch_wires.opens <= 9, "%u sockets in 80 s", ch_wires.opens);
  ch_end();
}

static void a_refused_upgrade_creates_no_channel(void) {
  static const int rows[] = {401, 403, 404, 410};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char name[16];
    snprintf(name, sizeof(name), "%d", rows[i]);
    CHECK_ROW(name);
    ch_begin();
    ch_usual_answers();
    ch_subscribe(&ch_block, "v2.a");
    for (int s = 0; s < 3 * 3600; s++) {
      replay_run(&ch_world, 1000);
      if (ch_wire() != NULL)
        ch_refuse_upgrade(rows[i]);
    }
    CHECK_INT(ch_creations(), 1);
    CHECK(replay_count(&ch_world, HEAD "one") > 100);
    CHECK(replay_noticed(&ch_world, "stream", GC_ERR_NOT_FOUND) > 100);
    replay_run(&ch_world, 60000);
    ch_open(); /* an accepted upgrade ends the failure */
    CHECK_INT(ch_block.connected, 1);
    ch_end();
  }
}

/* The channel stays until its lifetime ends; then another one takes over. */
static void a_channel_that_is_refused_all_day_is_renewed(void) {
  ch_begin();
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  for (int s = 0; s < 23 * 3600 + 60; s++) {
    replay_run(&ch_world, 1000);
    ch_wire_end(ch_wire_of("one"), &(struct gc_ws_end){.http_status = 404},
                GC_ERR_NOT_FOUND);
  }
  CHECK_INT(ch_creations(), 2);
  ch_wire_open(ch_wire_of("two"));
  CHECK_INT(ch_block.connected, 1);
  ch_end();
}

static void a_channel_that_head_does_not_find_is_replaced(void) {
  ch_begin();
  ch_answer(HEAD, 1, 404, NULL);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  replay_run(&ch_world, 1000);
  ch_drop_socket();
  replay_run(&ch_world, 5000);
  CHECK_INT(ch_creations(), 2);
  CHECK_INT(replay_count(&ch_world, PUT "two"), 1);
  CHECK_STR(ch_wires.url, "wss://s.example.test/channels/two-s3cr3t");
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 1);
  CHECK_INT(ch_stats().created, 2);
  ch_end();
}

/* The id is not one that HEAD accepts, and the upgrade is refused as well. */
static void a_channel_that_both_refuse_is_replaced(void) {
  ch_begin();
  ch_answer(HEAD, REPLAY_ALWAYS, 400, NULL);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_refuse_upgrade(404);
  replay_run(&ch_world, 5000);
  CHECK_INT(ch_creations(), 2);
  ch_end();
}

/* Creates, connects and loses the channel for `hours`; HEAD never finds it. */
static void lose_channels(unsigned hours) {
  for (unsigned s = 0; s < hours * 3600; s++) {
    replay_run(&ch_world, 1000);
    if (ch_wire() != NULL)
      ch_refuse_upgrade(404);
  }
}

/* Each creation may cost another program of the client a channel. */
static void creations_have_a_budget_of_the_account(void) {
  ch_begin();
  ch_answer(HEAD, REPLAY_ALWAYS, 404, NULL);
  ch_many_answers();
  ch_subscribe(&ch_block, "v2.a");
  lose_channels(1);
  CHECK_INT(ch_creations(), 1 + 6); /* the first one replaces none */
  CHECK(replay_noticed(&ch_world, "channels", GC_ERR_LIMIT) > 0);
  lose_channels(22);
  CHECK_INT(ch_creations(), 1 + 12);
  lose_channels(3);
  CHECK(ch_creations() > 1 + 12 && ch_creations() <= 1 + 24);
  ch_end();
}

static void a_creation_after_the_budget_was_spent_ends_the_notice(void) {
  ch_begin();
  ch_answer(HEAD, 6, 404, NULL);
  ch_answer(HEAD, 1, 404, NULL);
  ch_many_answers();
  ch_subscribe(&ch_block, "v2.a");
  lose_channels(1);
  CHECK_INT(replay_last_notice(&ch_world, "channels")->code, GC_ERR_LIMIT);
  CHECK_HAS(replay_last_notice(&ch_world, "channels")->text, "6 an hour");
  lose_channels(1);
  CHECK_INT(replay_last_notice(&ch_world, "channels")->code, GC_OK);
  CHECK_INT(ch_creations(), 1 + 7);
  ch_end();
}

static void a_displaced_channel_is_checked_first(void) {
  ch_begin_connected();
  ch_say("{\"topicName\":\"v2.system.no_longer_subscribed.one\"}");
  replay_run(&ch_world, 6000);
  CHECK_INT(replay_count(&ch_world, HEAD "one"), 1);
  CHECK_INT(ch_creations(), 1);
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  ch_end();
}

static void a_displaced_channel_that_is_gone_is_replaced(void) {
  ch_begin();
  ch_answer(HEAD, 1, 404, NULL);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  ch_heartbeats(1);
  ch_say("{\"topicName\":\"v2.system.no_longer_subscribed.one\"}");
  replay_run(&ch_world, 6000);
  CHECK_INT(ch_wires.closes, 1);
  CHECK_INT(ch_creations(), 2);
  CHECK_INT(replay_count(&ch_world, PUT "two"), 1);
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 1);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_NETWORK), 1);
  ch_end();
}

static void after_a_revoked_token_the_channel_is_checked_and_subscribed(void) {
  ch_begin_connected();
  ch_say("{\"topicName\":\"v2.system.token_revoked.x\"}");
  replay_run(&ch_world, 5000);
  CHECK_INT(replay_count(&ch_world, HEAD "one"), 1);
  CHECK_INT(replay_count(&ch_world, PUT "one"), 2);
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_creations(), 1);
  ch_end();
}

static void unknown_messages_are_counted_and_ignored(void) {
  static const char *const odd[] = {
      "{\"topicName\":\"v2.system.weather\"}",
      "{\"topicName\":\"v2.unknown\"}",
      "{\"topicName\":\"v2.subscription.updated\"}",
      "{\"result\":\"200\",\"status\":\"subscribed\"}",
      "{}",
  };
  ch_begin_connected();
  for (size_t i = 0; i < GC_COUNT(odd); i++)
    ch_say(odd[i]);
  ch_say("nonsense");
  ch_say("");
  ch_say(EVENT);
  CHECK_INT(ch_stats().others, 5);
  CHECK_INT(ch_stats().malformed, 2);
  CHECK_INT(ch_stats().events, 1);
  CHECK_INT(ch_block.messages, 1);
  CHECK(ch_stats().connected);
  ch_end();
}

int main(void) {
  RUN(the_closing_notice_brings_another_channel_without_a_break);
  RUN(without_a_second_channel_the_first_connects_again);
  RUN(a_server_that_ends_sooner_causes_only_a_gap);
  RUN(a_second_notice_delays_nothing);
  RUN(a_notice_on_the_new_connection_is_obeyed_with_a_break);
  RUN(a_notice_in_the_overlap_is_obeyed);
  RUN(notices_one_after_the_other_do_not_turn_into_a_storm);
  RUN(a_refused_upgrade_creates_no_channel);
  RUN(a_channel_that_is_refused_all_day_is_renewed);
  RUN(a_channel_that_head_does_not_find_is_replaced);
  RUN(a_channel_that_both_refuse_is_replaced);
  RUN(creations_have_a_budget_of_the_account);
  RUN(a_creation_after_the_budget_was_spent_ends_the_notice);
  RUN(a_displaced_channel_is_checked_first);
  RUN(a_displaced_channel_that_is_gone_is_replaced);
  RUN(after_a_revoked_token_the_channel_is_checked_and_subscribed);
  RUN(unknown_messages_are_counted_and_ignored);
  return check_done();
}
