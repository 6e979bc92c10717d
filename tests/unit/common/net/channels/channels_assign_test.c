/* SPDX-License-Identifier: MIT */
/* More topics than one channel can have. */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

static struct gc_channel_stats stats_of(unsigned number) {
  struct gc_channel_stats s;
  gc_channels_stats_of(ch_channels, number, &s);
  return s;
}

static void subscribe_topics(void) {
  replay_run(&ch_world, 1000);
  ch_open_all();
}

static void begin_many(unsigned topics) {
  ch_begin();
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, topics), topics);
  subscribe_topics();
}

static void a_thousand_topics_go_to_each_channel(void) {
  begin_many(2500);
  CHECK_INT(ch_creations(), 3);
  CHECK_INT(ch_wire_count(), 3);
  CHECK_INT(gc_channels_count(ch_channels), 3);
  CHECK_INT(stats_of(0).topics, 1000);
  CHECK_INT(stats_of(1).topics, 1000);
  CHECK_INT(stats_of(2).topics, 500);
  CHECK_INT(stats_of(3).topics, 0);
  CHECK_INT(ch_stats().topics, 2500);
  CHECK_INT(ch_stats().wanted, 2500);
  CHECK_INT(ch_stats().created, 3);
  CHECK_INT(ch_block.connected, 3);
  CHECK(gc_channels_covers(ch_channels, "v2.Topic.2499"));
  CHECK(!gc_channels_covers(ch_channels, "v2.topic.2500"));
  ch_wire_say(ch_wire_of("c01"), TOPIC("0"));
  ch_wire_say(ch_wire_of("c03"), TOPIC("2499"));
  CHECK_INT(ch_block.messages, 2);
  CHECK_INT(ch_stats().events, 2);
  ch_wire_say(ch_wire_of("c03"), TOPIC("0")); /* not of this channel */
  CHECK_INT(ch_stats().others, 1);
  ch_end();
}

static void all_channels_with_topics_must_be_connected(void) {
  begin_many(2001);
  CHECK(ch_stats().connected);
  replay_run(&ch_world, 5000);
  ch_wire_say(ch_wire_of("c02"), HEARTBEAT);
  ch_wire_say(ch_wire_of("c03"), HEARTBEAT);
  replay_run(&ch_world, 2000);
  CHECK_INT(ch_stats().silence_ms, 7000); /* the longest one */
  CHECK_INT(stats_of(1).silence_ms, 2000);
  ch_wire_end(ch_wire_of("c02"),
              &(struct gc_ws_end){.failure = GC_FAILURE_BROKEN},
              GC_ERR_NETWORK);
  CHECK(!ch_stats().connected);
  CHECK(stats_of(0).connected && !stats_of(1).connected);
  replay_run(&ch_world, 2500);
  ch_open_all();
  CHECK(ch_stats().connected);
  ch_unsubscribe_many(&ch_block, 2000, 1);
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_wire_count(), 2);
  CHECK(ch_stats().connected); /* the third one has no topics */
  ch_end();
}

static void each_listener_gets_the_events_of_its_channels_only(void) {
  ch_begin();
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, 1000), 1000);
  ch_listen(&ch_other);
  CHECK_INT(ch_subscribe_many(&ch_other, 5000, 10), 10);
  subscribe_topics();
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(ch_other.connected, 1);
  ch_wire_end(ch_wire_of("c02"),
              &(struct gc_ws_end){.failure = GC_FAILURE_BROKEN},
              GC_ERR_NETWORK);
  replay_run(&ch_world, 2500);
  ch_open_all();
  CHECK_INT(ch_other.gaps, 1);
  CHECK_INT(ch_other.connected, 2);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(replay_noticed(&ch_world, "stream 2", GC_ERR_NETWORK), 1);
  ch_end();
}

static void a_listener_that_joins_a_broken_channel_has_no_gap(void) {
  ch_begin();
  ch_many_answers();
  ch_listen(&ch_other);
  CHECK_INT(ch_subscribe_many(&ch_other, 0, 1), 1);
  CHECK_INT(ch_subscribe_many(&ch_block, 0, 1500), 1500);
  subscribe_topics();
  CHECK_INT(ch_other.connected, 1);
  ch_wire_end(ch_wire_of("c02"),
              &(struct gc_ws_end){.failure = GC_FAILURE_BROKEN},
              GC_ERR_NETWORK);
  CHECK_INT(ch_subscribe_many(&ch_other, 1400, 1), 1);
  replay_run(&ch_world, 2500);
  ch_open_all();
  CHECK_INT(ch_block.gaps, 1);
  CHECK_INT(ch_other.connected, 2);
  CHECK_INT(ch_other.gaps, 0);
  ch_end();
}

/* Copies the body of the last subscription of each channel. */
static void remember_bodies(char bodies[3][32768]) {
  static const char *const puts[] = {PUT "c01", PUT "c02", PUT "c03"};
  for (size_t i = 0; i < 3; i++) {
    const struct replay_request *put = replay_last(&ch_world, puts[i]);
    CHECK(put != NULL);
    snprintf(bodies[i], 32768, "%s", put != NULL ? put->body : "");
  }
}

static void after_a_restart_each_topic_is_on_its_channel_again(void) {
  static char before[3][32768], after[3][32768];
  struct gc_store *store = ch_store_begin();
  ch_begin_with(store);
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, 2100), 2100);
  subscribe_topics();
  remember_bodies(before);
  for (int i = 0; i < 30; i++) { /* a crash loop */
    ch_stop();
    ch_start(store);
    CHECK_INT(ch_subscribe_many(&ch_block, 0, 2100), 2100);
    subscribe_topics();
    replay_run(&ch_world, 20000);
  }
  remember_bodies(after);
  for (size_t i = 0; i < 3; i++)
    CHECK_STR(after[i], before[i]);
  CHECK_INT(ch_creations(), 3);
  ch_end();
  ch_store_end(store);
}

static void holes_are_filled_and_nothing_moves(void) {
  begin_many(2500);
  size_t asked = ch_world.request_count;
  ch_unsubscribe_many(&ch_block, 100, 3);
  ch_unsubscribe_many(&ch_block, 1100, 3);
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_world.request_count, asked); /* the topics may stay */
  CHECK_INT(ch_stats().topics, 2494);
  CHECK_INT(ch_subscribe_many(&ch_block, 1101, 1), 1); /* it is still there */
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_world.request_count, asked);
  CHECK_INT(ch_subscribe_many(&ch_block, 3000, 1), 1); /* where there is room */
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_world.request_count, asked + 1);
  CHECK_HAS(replay_last(&ch_world, ADD)->line, "/c03/");
  CHECK_STR(replay_last(&ch_world, ADD)->body, "[{\"id\":\"v2.topic.3000\"}]");
  CHECK_INT(ch_subscribe_many(&ch_block, 4000, 504), 504);
  replay_run(&ch_world, 2000);
  CHECK_INT(gc_channels_count(ch_channels), 3); /* c03 and the free places */
  CHECK_INT(stats_of(0).topics, 1000);
  CHECK_INT(stats_of(1).topics, 1000);
  CHECK_INT(stats_of(2).topics, 1000);
  CHECK_INT(ch_subscribe_many(&ch_block, 6000, 1), 1);
  CHECK_INT(gc_channels_count(ch_channels), 4);
  ch_end();
}

static void one_channel_less_than_allowed_carries_topics(void) {
  ch_begin();
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, 15500), 15000);
  replay_run(&ch_world, 10000);
  ch_open_all();
  CHECK_INT(ch_creations(), GC_CHANNELS_USUAL - 1);
  CHECK_INT(ch_stats().topics, 15000);
  CHECK_INT(ch_stats().wanted, 15500);
  ch_end();
}

/* ---- topics without room ---- */

static void begin_full(void) {
  ch_channels_max = 3;
  begin_many(2000);
  ch_listen(&ch_other);
  CHECK_INT(ch_subscribe_many(&ch_other, 7000, 3), 0);
}

static void a_topic_without_room_is_subscribed_when_there_is_some(void) {
  begin_full();
  CHECK_INT(ch_try_subscribe(&ch_other, "v2.no?such&topic"), GC_ERR_REQUEST);
  CHECK_INT(ch_stats().wanted, 2003);
  CHECK_INT(ch_stats().topics, 2000);
  CHECK_INT(ch_other.connected, 0);
  ch_unsubscribe_many(&ch_block, 1500, 2);
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_stats().wanted, 2001);
  CHECK_INT(ch_stats().topics, 2000);
  CHECK(gc_channels_covers(ch_channels, "v2.topic.7000"));
  CHECK(gc_channels_covers(ch_channels, "v2.topic.7001"));
  CHECK(!gc_channels_covers(ch_channels, "v2.topic.7002"));
  CHECK_INT(ch_other.connected, 1);
  ch_wire_say(ch_wire_of("c02"), TOPIC("7000"));
  CHECK_INT(ch_other.messages, 1);
  ch_end();
}

static void a_topic_that_waits_may_be_given_up(void) {
  begin_full();
  ch_unsubscribe_many(&ch_other, 7000, 1);
  CHECK_INT(ch_stats().wanted, 2002);
  ch_unsubscribe_many(&ch_block, 0, 1);
  replay_run(&ch_world, 1000);
  CHECK(!gc_channels_covers(ch_channels, "v2.topic.7000"));
  CHECK(gc_channels_covers(ch_channels, "v2.topic.7001"));
  gc_channels_unlisten(ch_channels, &ch_other.listener);
  CHECK_INT(ch_stats().wanted, 1999);
  ch_unsubscribe_many(&ch_block, 0, 2000);
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_stats().wanted, 0);
  CHECK_INT(ch_wire_count(), 0);
  ch_end();
}

static void a_topic_subscribed_again_waits_no_longer_once_there_is_room(void) {
  begin_full();
  ch_unsubscribe_many(&ch_block, 0, 1);
  CHECK_INT(ch_subscribe_many(&ch_other, 7002, 1), 1);
  CHECK_INT(ch_stats().wanted, 2002);
  replay_run(&ch_world, 1000);
  CHECK(gc_channels_covers(ch_channels, "v2.topic.7002"));
  CHECK(!gc_channels_covers(ch_channels, "v2.topic.7000"));
  CHECK_INT(ch_stats().wanted, 2002);
  ch_end();
}

static void a_topic_of_two_listeners_finds_room_for_both(void) {
  begin_full();
  CHECK_INT(ch_subscribe_many(&ch_block, 7000, 1), 0);
  CHECK_INT(ch_stats().wanted, 2003);
  ch_unsubscribe_many(&ch_block, 0, 1);
  replay_run(&ch_world, 1000);
  ch_wire_say(ch_wire_of("c01"), TOPIC("7000"));
  CHECK_INT(ch_block.messages, 1);
  CHECK_INT(ch_other.messages, 1);
  ch_end();
}

static void a_block_that_leaves_makes_room(void) {
  begin_full();
  gc_channels_unlisten(ch_channels, &ch_block.listener);
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_stats().wanted, 3);
  CHECK_INT(ch_stats().topics, 3);
  ch_end();
}

/* ---- each channel by itself ---- */

static void rejections_cost_their_channel_nothing_else(void) {
  ch_begin();
  ch_answer(PUT "c02", 1, 200,
            "{\"entities\":[{\"id\":\"v2.topic.1200\",\"state\":\"Rejected\","
            "\"rejectionReason\":\"no permission\"}]}");
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, 1300), 1300);
  subscribe_topics();
  CHECK_INT(ch_block.rejected, 1);
  CHECK_STR(ch_block.reason, "v2.topic.1200: no permission");
  CHECK_INT(stats_of(0).rejected, 0);
  CHECK_INT(stats_of(1).rejected, 1);
  CHECK_INT(ch_stats().rejected, 1);
  CHECK_INT(ch_stats().topics, 1299);
  CHECK_INT(ch_stats().wanted, 1300);
  CHECK(!gc_channels_covers(ch_channels, "v2.topic.1200"));
  CHECK(ch_stats().connected);
  ch_end();
}

static void renewals_take_turns_within_the_allowed_channels(void) {
  ch_channels_max = 4;
  begin_many(2500);
  ch_heartbeats(2);
  for (int i = 1; i <= 3; i++) {
    ch_wire_say(ch_wire_of(i == 1 ? "c01" : i == 2 ? "c02" : "c03"), CLOSING);
    replay_run(&ch_world, 100);
  }
  for (int i = 1; i <= 3; i++) {
    replay_run(&ch_world, i == 1 ? 1500 : 6500); /* the overlap too */
    CHECK_INT(ch_wire_count(), 4); /* three old ones and a new one */
    ch_open_all();
    CHECK_INT(ch_stats().renewals, i);
  }
  replay_run(&ch_world, 5600);
  CHECK_INT(ch_wire_count(), 3);
  CHECK_INT(ch_creations(), 4); /* the stored ids of old channels are reused */
  CHECK_INT(ch_stats().topics, 2500);
  CHECK_INT(ch_stats().gap_ms, 0);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_INT(ch_block.connected, 6);
  ch_end();
}

static void a_crash_loop_in_a_renewal_makes_no_more_than_allowed(void) {
  struct gc_store *store = ch_store_begin();
  ch_begin_with(store);
  ch_many_answers();
  for (unsigned i = 0; i < 60; i++) {
    CHECK_INT(ch_subscribe_many(&ch_block, 0, 1500), 1500);
    subscribe_topics();
    ch_heartbeats(2);
    ch_wire_say(ch_wire(), CLOSING);
    replay_run(&ch_world, 1001 + 10 * i);
    if (i % 2 == 0)
      ch_open_all();
    replay_run(&ch_world, i % 3 == 0 ? 1000 : 0);
    ch_stop();
    ch_start(store);
  }
  CHECK_INT(ch_creations(), 3);
  ch_end();
  ch_store_end(store);
}

static void a_stop_with_many_channels_leaves_nothing_behind(void) {
  for (uint64_t ms = 0; ms < 300; ms += 10) {
    ch_begin();
    ch_many_answers();
    (void)ch_subscribe_many(&ch_block, 0, 3100);
    replay_run(&ch_world, ms);
    if (ms % 20 == 0)
      ch_open_all();
    ch_end();
  }
}

int main(void) {
  RUN(a_thousand_topics_go_to_each_channel);
  RUN(all_channels_with_topics_must_be_connected);
  RUN(each_listener_gets_the_events_of_its_channels_only);
  RUN(a_listener_that_joins_a_broken_channel_has_no_gap);
  RUN(after_a_restart_each_topic_is_on_its_channel_again);
  RUN(holes_are_filled_and_nothing_moves);
  RUN(one_channel_less_than_allowed_carries_topics);
  RUN(a_topic_without_room_is_subscribed_when_there_is_some);
  RUN(a_topic_that_waits_may_be_given_up);
  RUN(a_topic_subscribed_again_waits_no_longer_once_there_is_room);
  RUN(a_topic_of_two_listeners_finds_room_for_both);
  RUN(a_block_that_leaves_makes_room);
  RUN(rejections_cost_their_channel_nothing_else);
  RUN(renewals_take_turns_within_the_allowed_channels);
  RUN(a_crash_loop_in_a_renewal_makes_no_more_than_allowed);
  RUN(a_stop_with_many_channels_leaves_nothing_behind);
  return check_done();
}
