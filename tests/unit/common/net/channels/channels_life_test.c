/* SPDX-License-Identifier: MIT */
/* The end of a channel's lifetime, and of its token. */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

enum { TO_THE_LAST_HOUR = 23 * 120 }; /* heartbeats */

static void before_its_lifetime_ends_another_channel_takes_over(void) {
  ch_begin_connected();
  ch_heartbeats(TO_THE_LAST_HOUR - 1);
  CHECK_INT(ch_creations(), 1);
  ch_heartbeats(2);
  CHECK_INT(ch_creations(), 2);
  CHECK_INT(replay_count(&ch_world, PUT "two"), 1);
  CHECK_INT(ch_wire_count(), 2);
  CHECK(ch_stats().connected); /* the old channel is open */
  CHECK_INT(ch_block.connected, 1);
  ch_wire_say(ch_wire_of("one"), EVENT);
  CHECK_INT(ch_block.messages, 1);
  ch_wire_open(ch_wire_of("two"));
  CHECK_INT(ch_block.connected, 2);
  ch_wire_say(ch_wire_of("one"), EVENT); /* both, until the old one ends */
  ch_wire_say(ch_wire_of("two"), EVENT);
  CHECK_INT(ch_block.messages, 3);
  replay_run(&ch_world, 4900);
  CHECK_INT(ch_wires.closes, 0);
  ch_wire_say(ch_wire_of("one"), EVENT); /* late */
  CHECK_INT(ch_block.messages, 4);
  replay_run(&ch_world, 600);
  CHECK_INT(ch_wires.closes, 1);
  CHECK(ch_wire_of("one") == NULL);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_INT(ch_stats().renewals, 1);
  CHECK_INT(ch_stats().created, 2);
  CHECK_INT(ch_stats().events, 4);
  CHECK_INT(ch_stats().gap_ms, 0);
  CHECK_INT(ch_stats().reconnects, 0);
  CHECK_INT(ch_stats().topics, 1);
  CHECK(ch_stats().connected);
  CHECK_INT(replay_noticed(&ch_world, "*", GC_OK), ch_world.notice_count);
  ch_end();
}

static void the_id_of_the_old_channel_serves_the_next_renewal(void) {
  ch_begin_connected();
  for (int day = 1; day <= 4; day++) {
    ch_heartbeats(TO_THE_LAST_HOUR + 1);
    ch_open();
    CHECK_INT(ch_stats().renewals, day);
    ch_heartbeats(1);
  }
  CHECK_INT(ch_creations(), 2); /* one, two, one again, two again */
  CHECK_INT(replay_count(&ch_world, HEAD "one"), 2);
  CHECK_INT(ch_block.gaps, 0);
  ch_end();
}

static void an_id_whose_channel_is_gone_is_replaced(void) {
  ch_begin();
  ch_answer(HEAD, 1, 404, NULL);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  for (int day = 1; day <= 2; day++) {
    ch_heartbeats(TO_THE_LAST_HOUR + 1);
    ch_open();
  }
  CHECK_INT(replay_count(&ch_world, HEAD "one"), 1);
  CHECK_INT(ch_creations(), 3);
  CHECK_INT(replay_count(&ch_world, PUT "three"), 1);
  CHECK_INT(ch_block.gaps, 0);
  ch_end();
}

static void a_shorter_lifetime_ends_sooner(void) {
  static const struct {
    const char *name, *expires;
    uint64_t at_ms;
  } rows[] = {
      /* after the replay's epoch, 22:13:20 */
      {"20 minutes", "2023-11-14T22:33:20.000Z", 19 * 60000},
      {"20 s", "2023-11-14T22:13:40.000Z", 10000},
      {"past, of a clock that is wrong", "2023-11-14T22:13:00.000Z", 5000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char channel[256];
    CHECK_ROW(rows[i].name);
    snprintf(channel, sizeof(channel),
             "{\"connectUri\":\"wss://s.example.test/channels/brief-x\",\"id\":"
             "\"brief\",\"expires\":\"%s\"}",
             rows[i].expires);
    ch_begin();
    ch_answer(CREATE, 1, 200, channel);
    ch_usual_answers();
    ch_subscribe(&ch_block, "v2.a");
    replay_settle(&ch_world);
    ch_open();
    for (uint64_t ms = 0; ms + 1000 < rows[i].at_ms; ms += 1000) {
      replay_run(&ch_world, 1000);
      ch_say(HEARTBEAT);
    }
    CHECK_INT(ch_creations(), 1);
    replay_run(&ch_world, 1000);
    CHECK_INT(ch_creations(), 2);
    ch_open();
    replay_run(&ch_world, 2000);
    ch_say(HEARTBEAT);
    replay_run(&ch_world, 2000);
    ch_say(HEARTBEAT);
    CHECK_INT(ch_block.connected, 2);
    CHECK_INT(ch_block.gaps, 0);
    ch_end();
  }
}

/* Neither clock is known to be right, so the end in the answer says nothing. */
static void while_two_clocks_differ_a_channel_lives_for_24_h(void) {
  ch_begin();
  replay_answer(&ch_world,
                &(struct replay_answer){
                    .match = CREATE,
                    .status = 200,
                    .body = "{\"connectUri\":\"wss://s.example.test/channels/"
                            "brief-x\",\"id\":\"brief\",\"expires\":"
                            "\"2023-11-14T22:33:20.000Z\"}",
                    .date_ms = ch_world.wall_ms + 3600000});
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_settle(&ch_world);
  ch_open();
  for (int s = 0; s < 25 * 60; s++) {
    replay_run(&ch_world, 1000);
    ch_say(HEARTBEAT);
  }
  CHECK_INT(ch_creations(), 1);
  ch_end();
}

static void the_lifetime_is_known_after_a_restart(void) {
  struct gc_store *store = ch_store_begin();
  ch_begin_with(store);
  ch_answer(CREATE, 1, 200, /* 20 minutes */
            "{\"connectUri\":\"wss://s.example.test/channels/brief-x\",\"id\":"
            "\"brief\",\"expires\":\"2023-11-14T22:33:20.000Z\"}");
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_stop();
  ch_start(store);
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  ch_heartbeats(37);
  CHECK_INT(ch_creations(), 1);
  ch_heartbeats(2);
  CHECK_INT(ch_creations(), 2);
  ch_end();
  ch_store_end(store);
}

/* Checks that a subscription has prolonged the channel without a gap. */
static void check_prolonged(void) {
  const struct replay_request *add = replay_last(&ch_world, ADD);
  CHECK_INT(replay_count(&ch_world, ADD), 1);
  CHECK_STR(add != NULL ? add->body : NULL, "[{\"id\":\"v2.a\"}]");
  CHECK_HAS(add != NULL ? add->line : NULL, "/one/");
  CHECK_INT(ch_wire_count(), 1);
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_INT(ch_stats().renewals, 0);
}

static void without_another_channel_in_time_the_old_one_is_prolonged(void) {
  ch_begin_connected();
  replay_forget_answers(&ch_world);
  ch_answer(ADD, REPLAY_ALWAYS, 200, "{\"entities\":[]}");
  ch_answer(CREATE, REPLAY_ALWAYS, 400, "{}");
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  CHECK_INT(replay_count(&ch_world, ADD), 0);
  ch_heartbeats(60); /* half of the hour */
  check_prolonged();
  size_t reported = replay_noticed(&ch_world, "stream renewal", GC_ERR_REQUEST);
  CHECK(reported > 1);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_REQUEST), reported);
  replay_forget_answers(&ch_world);
  ch_answer(CREATE, 1, 200, CHANNEL("new"));
  ch_usual_answers();
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  ch_open();
  CHECK_INT(ch_stats().renewals, 1);
  CHECK_INT(ch_block.gaps, 0);
  ch_end();
}

static void a_socket_that_does_not_open_in_time_is_given_up(void) {
  ch_begin_connected();
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  CHECK_INT(ch_wire_count(), 2);
  ch_heartbeats(60);
  check_prolonged();
  CHECK(ch_wire_of("two") == NULL);
  ch_end();
}

static void where_one_channel_is_allowed_it_is_prolonged(void) {
  ch_channels_max = 1;
  ch_begin_connected();
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  check_prolonged();
  CHECK_INT(ch_creations(), 1);
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  CHECK_INT(replay_count(&ch_world, ADD), 2);
  ch_end();
}

static void a_channel_that_cannot_be_prolonged_is_replaced_with_a_gap(void) {
  ch_channels_max = 1;
  ch_begin();
  ch_answer(ADD, 1, 404, "{}");
  ch_answer(HEAD, 1, 404, NULL);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  replay_run(&ch_world, 5000);
  CHECK_INT(ch_creations(), 2);
  CHECK_INT(ch_wires.closes, 1);
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 1);
  CHECK_INT(ch_stats().gap_ms, ch_block.blind_ms);
  ch_end();
}

static void a_channel_that_is_not_connected_is_prolonged(void) {
  ch_begin_connected();
  ch_heartbeats(TO_THE_LAST_HOUR - 2);
  ch_drop_socket();
  replay_run(&ch_world, 5 * 60000);
  CHECK_INT(ch_creations(), 1);
  CHECK_INT(replay_count(&ch_world, ADD), 1);
  CHECK_INT(ch_wire_count(), 1); /* the socket has no answer yet */
  ch_open();
  CHECK_INT(ch_block.gaps, 1);
  ch_heartbeats(TO_THE_LAST_HOUR - 20);
  CHECK_INT(ch_creations(), 1);
  ch_heartbeats(20);
  CHECK_INT(ch_creations(), 2);
  ch_end();
}

/* ---- while it runs ---- */

static void topics_that_change_meanwhile_are_on_the_new_channel_too(void) {
  ch_begin_connected();
  ch_listen(&ch_other);
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  ch_subscribe(&ch_other, "v2.b");
  gc_channels_unsubscribe(ch_channels, &ch_block.listener, "v2.a");
  ch_subscribe(&ch_block, "v2.c");
  replay_run(&ch_world, 100);
  CHECK_STR(replay_last(&ch_world, ADD "*")->body,
            "[{\"id\":\"v2.b\"},{\"id\":\"v2.c\"}]");
  ch_wire_open(ch_wire_of("two"));
  replay_run(&ch_world, 6000);
  CHECK_INT(ch_wire_count(), 1);
  CHECK(ch_wire_of("one") == NULL);
  CHECK_INT(ch_stats().renewals, 1);
  ch_say("{\"topicName\":\"v2.b\"}");
  ch_say("{\"topicName\":\"v2.c\"}");
  ch_say(EVENT);
  CHECK_INT(ch_other.messages, 1);
  CHECK_INT(ch_block.messages, 1);
  CHECK_INT(ch_stats().topics, 2);
  ch_end();
}

static void a_listener_that_leaves_in_the_overlap_gets_no_message(void) {
  ch_begin_connected();
  ch_listen(&ch_other);
  ch_subscribe(&ch_other, "v2.a");
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  ch_open();
  gc_channels_unlisten(ch_channels, &ch_other.listener);
  memset(&ch_other, 0, sizeof(ch_other));
  ch_wire_say(ch_wire_of("one"), EVENT);
  ch_wire_say(ch_wire_of("two"), EVENT);
  CHECK_INT(ch_block.messages, 2);
  CHECK_INT(ch_other.messages, 0);
  ch_end();
}

static void an_old_socket_that_ends_in_the_overlap_is_no_failure(void) {
  ch_begin_connected();
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  ch_open();
  ch_wire_end(ch_wire_of("one"),
              &(struct gc_ws_end){.failure = GC_FAILURE_BROKEN},
              GC_ERR_NETWORK);
  replay_run(&ch_world, 100);
  ch_wire_say(ch_wire_of("two"), CLOSING); /* the next renewal does not wait */
  replay_run(&ch_world, 1100);
  CHECK_INT(replay_count(&ch_world, PUT "one"), 2);
  ch_open();
  CHECK_INT(ch_stats().renewals, 2);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_INT(replay_noticed(&ch_world, "*", GC_OK), ch_world.notice_count);
  ch_end();
}

/* The platform announces the end of all sockets at once; the slots give up
 * after half a minute. */
static void many_renewals_at_once_shorten_the_overlap(void) {
  enum { SLOTS = 10 };
  ch_channels_max = SLOTS + 1;
  ch_begin();
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, SLOTS * 1000), SLOTS * 1000);
  replay_run(&ch_world, 5000);
  ch_open_all();
  ch_heartbeats(1);
  for (size_t i = 0; i < GC_COUNT(ch_wires.list); i++)
    if (ch_wires.list[i].events != NULL)
      ch_wire_say(&ch_wires.list[i], CLOSING);
  for (int ms = 0; ms < 30000; ms += 500) {
    replay_run(&ch_world, 500);
    ch_open_all();
  }
  CHECK_INT(ch_stats().renewals, SLOTS);
  CHECK_INT(ch_stats().gap_ms, 0);
  CHECK_INT(ch_wire_count(), SLOTS);
  ch_end();
}

/* Each renewal takes the channel that the one before has given back. */
static void renewals_of_many_channels_create_one(void) {
  enum { SLOTS = 15, DAYS = 3 };
  ch_channels_max = SLOTS + 1;
  ch_begin();
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, SLOTS * 1000), SLOTS * 1000);
  for (int half_minutes = 0; half_minutes < DAYS * 24 * 120; half_minutes++) {
    ch_heartbeats(1);
    ch_open_all();
  }
  CHECK(ch_stats().renewals >= SLOTS * DAYS);
  CHECK_INT(ch_stats().gap_ms, 0);
  CHECK_INT(ch_creations(), SLOTS + 1);
  ch_end();
}

static void a_break_before_the_new_one_is_ready_is_reported(void) {
  ch_begin_connected();
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  uint64_t last_message_ms = ch_world.now_ms;
  replay_run(&ch_world, 500);
  ch_wire_end(ch_wire_of("one"),
              &(struct gc_ws_end){.failure = GC_FAILURE_BROKEN},
              GC_ERR_NETWORK);
  replay_run(&ch_world, 2500);
  CHECK_INT(ch_stats().gap_ms,
            ch_world.now_ms - last_message_ms); /* the gap grows */
  CHECK_INT(ch_wire_count(), 2); /* the old channel connects again */
  ch_wire_open(ch_wire_of("two"));
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 1);
  CHECK_INT(ch_block.blind_ms, ch_world.now_ms - last_message_ms);
  replay_run(&ch_world, 5000);
  CHECK_INT(ch_wire_count(), 1);
  CHECK_INT(ch_stats().gap_ms, ch_block.blind_ms);
  ch_end();
}

/* The stops cover the time from the creation of the second channel to the end
 * of the first. */
static void a_stop_at_any_moment_of_a_renewal_leaves_nothing_behind(void) {
  for (uint64_t ms = 0; ms < 6400; ms += ms < 1400 ? 20 : 200) {
    ch_begin_connected();
    replay_forget_answers(&ch_world);
    replay_answer(&ch_world, &(struct replay_answer){.match = CREATE,
                                                     .status = 200,
                                                     .body = CHANNEL("two"),
                                                     .delay_ms = 200});
    replay_answer(&ch_world,
                  &(struct replay_answer){.match = PUT,
                                          .status = 200,
                                          .body = "{\"entities\":[]}",
                                          .delay_ms = 200});
    ch_say(CLOSING);
    replay_run(&ch_world, 1001);
    for (uint64_t at_ms = 0; at_ms < ms; at_ms += 20) {
      replay_run(&ch_world, 20);
      if (at_ms == 600)
        ch_wire_open(ch_wire_of("two"));
    }
    ch_end();
  }
}

/* ---- the token ---- */

static void a_new_token_brings_a_new_channel(void) {
  ch_token_life_s = 3600;
  ch_begin_connected();
  ch_heartbeats(109); /* 54.5 of 60 minutes; it is renewed at 55 */
  CHECK_INT(replay_count(&ch_world, "POST /oauth/token"), 1);
  ch_heartbeats(2);
  CHECK_INT(replay_count(&ch_world, "POST /oauth/token"), 2);
  CHECK_INT(replay_count(&ch_world, PUT "two"), 1);
  ch_wire_open(ch_wire_of("two"));
  ch_heartbeats(1);
  CHECK_INT(ch_wire_count(), 1);
  CHECK_INT(ch_stats().renewals, 1);
  CHECK_INT(ch_block.gaps, 0);
  ch_heartbeats(90);
  CHECK_INT(ch_wires.opens, 2); /* once for each token */
  ch_end();
}

static void without_a_second_channel_the_first_gets_the_new_token(void) {
  ch_token_life_s = 3600;
  ch_begin_connected();
  ch_heartbeats(111);
  ch_heartbeats(2); /* a minute */
  check_prolonged();
  CHECK(ch_wire_of("two") == NULL);
  ch_heartbeats(90);
  CHECK_INT(ch_wires.opens, 2);
  ch_end();
}

static void a_token_that_comes_during_a_renewal_starts_another_one(void) {
  ch_token_life_s = 23 * 3600 + 400; /* renewed 100 s into the last hour */
  ch_begin_connected();
  ch_heartbeats(TO_THE_LAST_HOUR + 1);
  CHECK_INT(replay_count(&ch_world, PUT "two"), 1);
  ch_heartbeats(4);
  CHECK_INT(replay_count(&ch_world, "POST /oauth/token"), 2);
  ch_wire_open(ch_wire_of("two"));
  ch_heartbeats(1);
  CHECK_INT(replay_count(&ch_world, PUT "one"), 2); /* a spare by now */
  ch_open();
  ch_heartbeats(1);
  CHECK_INT(ch_wire_count(), 1);
  CHECK_INT(ch_stats().renewals, 2);
  CHECK_INT(ch_block.gaps, 0);
  ch_end();
}

/* Lets minutes pass in which each socket opens. */
static void pass_minutes(unsigned minutes) {
  for (unsigned i = 0; i < 2 * minutes; i++) {
    ch_heartbeats(1);
    ch_open_all();
  }
}

/* The platform drops a channel without a socket when its token has ended. */
static void begin_dropping_spares(unsigned token_life_s) {
  ch_token_life_s = token_life_s;
  ch_begin();
  ch_answer(HEAD, REPLAY_ALWAYS, 404, NULL);
  ch_many_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_settle(&ch_world);
  ch_open_all();
}

/* Each renewal creates a channel, and a lost channel is still replaced at once.
 */
static void renewals_leave_the_creations_of_lost_channels(void) {
  begin_dropping_spares(3600);
  pass_minutes(26 * 60);
  CHECK(ch_stats().renewals >= 26);
  CHECK_INT(ch_creations(), 1 + ch_stats().renewals);
  CHECK_INT(ch_block.gaps, 0);
  for (unsigned lost = 1; lost <= 6; lost++) {
    size_t before = ch_creations();
    ch_refuse_upgrade(404);
    pass_minutes(5);
    CHECK(ch_creations() > before);
    CHECK_INT(ch_block.gaps, lost);
  }
  CHECK_INT(replay_noticed(&ch_world, "*", GC_ERR_LIMIT), 0);
  ch_end();
}

/* Tokens of ten minutes: 144 renewals a day. Beyond the budget the channel gets
 * the new token, and nothing is missed. */
static void renewals_beyond_their_budget_prolong_the_channel(void) {
  begin_dropping_spares(600);
  pass_minutes(24 * 60);
  CHECK_INT(ch_creations(), 2 + 30);
  CHECK_INT(ch_block.gaps, 0);
  CHECK(ch_stats().connected);
  CHECK(replay_noticed(&ch_world, "stream renewal", GC_ERR_LIMIT) > 0);
  CHECK_INT(replay_noticed(&ch_world, "channels", GC_ERR_LIMIT), 0);
  CHECK_HAS(replay_last_notice(&ch_world, "stream renewal")->text,
            "30 a day are created for renewals at most");
  ch_end();
}

static void a_pause_closes_the_socket_and_its_end_subscribes_again(void) {
  ch_begin_connected();
  gc_channels_pause(ch_channels, true);
  replay_run(&ch_world, 600);
  CHECK_INT(ch_wire_count(), 0);
  CHECK_INT(ch_stats().wanted, 1);
  CHECK(!ch_stats().connected);
  ch_subscribe(&ch_block, "v2.b"); /* during the pause */
  replay_run(&ch_world, 60000);
  CHECK_INT(ch_wire_count(), 0);
  CHECK_INT(ch_stats().wanted, 2);
  CHECK_INT(ch_creations(), 1);
  gc_channels_pause(ch_channels, false);
  replay_run(&ch_world, 600);
  CHECK_INT(ch_creations(), 1); /* the earlier channel is used */
  ch_open();
  CHECK(ch_stats().connected);
  CHECK_INT(ch_stats().topics, 2);
  CHECK_INT(ch_block.connected, 2);
  ch_end();
}

int main(void) {
  RUN(before_its_lifetime_ends_another_channel_takes_over);
  RUN(the_id_of_the_old_channel_serves_the_next_renewal);
  RUN(an_id_whose_channel_is_gone_is_replaced);
  RUN(a_shorter_lifetime_ends_sooner);
  RUN(while_two_clocks_differ_a_channel_lives_for_24_h);
  RUN(the_lifetime_is_known_after_a_restart);
  RUN(without_another_channel_in_time_the_old_one_is_prolonged);
  RUN(a_socket_that_does_not_open_in_time_is_given_up);
  RUN(where_one_channel_is_allowed_it_is_prolonged);
  RUN(a_channel_that_cannot_be_prolonged_is_replaced_with_a_gap);
  RUN(a_channel_that_is_not_connected_is_prolonged);
  RUN(topics_that_change_meanwhile_are_on_the_new_channel_too);
  RUN(a_listener_that_leaves_in_the_overlap_gets_no_message);
  RUN(an_old_socket_that_ends_in_the_overlap_is_no_failure);
  RUN(many_renewals_at_once_shorten_the_overlap);
  RUN(renewals_of_many_channels_create_one);
  RUN(a_break_before_the_new_one_is_ready_is_reported);
  RUN(a_stop_at_any_moment_of_a_renewal_leaves_nothing_behind);
  RUN(a_new_token_brings_a_new_channel);
  RUN(renewals_leave_the_creations_of_lost_channels);
  RUN(renewals_beyond_their_budget_prolong_the_channel);
  RUN(without_a_second_channel_the_first_gets_the_new_token);
  RUN(a_token_that_comes_during_a_renewal_starts_another_one);
  RUN(a_pause_closes_the_socket_and_its_end_subscribes_again);
  return check_done();
}
