/* SPDX-License-Identifier: MIT */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

static void without_topics_nothing_happens(void) {
  ch_begin();
  replay_run(&ch_world, HOUR_MS);
  CHECK_INT(ch_world.request_count, 0);
  CHECK_INT(ch_wires.opens, 0);
  ch_end();
}

static void a_channel_is_created_subscribed_and_connected_in_this_order(void) {
  ch_begin();
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.A");
  ch_subscribe(&ch_block, "v2.b");
  replay_run(&ch_world, 100);
  CHECK_STR(ch_world.requests[1].line, CREATE);
  CHECK_STR(ch_world.requests[1].body, "");
  CHECK_STR(ch_world.requests[2].line,
            PUT "one/subscriptions?ignoreErrors=true");
  CHECK_STR(ch_world.requests[2].body, "[{\"id\":\"v2.A\"},{\"id\":\"v2.b\"}]");
  CHECK_INT(ch_world.request_count, 3);
  CHECK_STR(ch_wires.url, "wss://s.example.test/channels/one-s3cr3t");
  CHECK_INT(ch_wires.idle_ms, 40000);
  CHECK_INT(ch_wires.ping_ms, 10000);
  CHECK_INT(ch_block.connected, 0);
  CHECK(!ch_stats().connected);
  ch_open();
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(ch_block.gaps, 0);
  CHECK(ch_stats().connected);
  CHECK_INT(ch_stats().topics, 2);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_OK), 2);
  CHECK_INT(replay_noticed(&ch_world, "stream topics", GC_OK), 1);
  ch_say(EVENT);
  CHECK_INT(ch_block.messages, 1);
  CHECK_STR(ch_block.last, "v2.a {\"n\":1}");
  CHECK(ch_block.tag == &ch_block);
  CHECK_INT(ch_stats().events, 1);
  ch_end();
}

static void more_than_a_batch_is_put_first_and_then_added(void) {
  ch_begin();
  ch_usual_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, 1000), 1000);
  replay_run(&ch_world, 1000);
  CHECK_INT(replay_count(&ch_world, PUT), 1);
  CHECK_INT(replay_count(&ch_world, ADD), 1);
  CHECK(replay_last(&ch_world, PUT)->at_ms <=
        replay_last(&ch_world, ADD)->at_ms);
  ch_open();
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(ch_stats().topics, 1000);
  CHECK_INT(gc_channels_count(ch_channels), 1);
  ch_end();
}

static void each_rejection_reaches_the_subscribers(void) {
  ch_begin();
  ch_answer(PUT, 1, 200,
            "{\"entities\":[{\"id\":\"v2.a\",\"state\":\"Rejected\","
            "\"rejectionReason\":\"no permission\",\"missingPermissions\":"
            "[\"x:y:view\"]},{\"id\":\"v2.b\",\"state\":\"Permitted\"}]}");
  ch_usual_answers();
  ch_listen(&ch_other);
  ch_subscribe(&ch_block, "v2.a");
  ch_subscribe(&ch_other, "v2.b");
  replay_run(&ch_world, 100);
  CHECK_INT(ch_block.rejected, 1);
  CHECK_STR(ch_block.reason, "v2.a: no permission, x:y:view");
  CHECK_INT(ch_other.rejected, 0);
  ch_open();
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(ch_stats().topics, 1);
  ch_end();
}

static void topics_that_come_later_bring_a_snapshot_for_their_block_only(void) {
  ch_begin_connected();
  ch_listen(&ch_other);
  ch_subscribe(&ch_other, "v2.b");
  replay_run(&ch_world, 100);
  CHECK_INT(replay_count(&ch_world, ADD), 1);
  CHECK_STR(replay_last(&ch_world, ADD)->body, "[{\"id\":\"v2.b\"}]");
  CHECK_INT(ch_other.connected, 1);
  CHECK_INT(ch_block.connected, 1);
  ch_subscribe(&ch_other, "V2.A"); /* the channel already has it */
  replay_run(&ch_world, 100);
  CHECK_INT(replay_count(&ch_world, ADD), 1);
  CHECK_INT(ch_other.connected, 2);
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(ch_block.gaps + ch_other.gaps, 0);
  ch_say(EVENT);
  CHECK_INT(ch_block.messages, 1);
  CHECK_INT(ch_other.messages, 1);
  gc_channels_unlisten(ch_channels, &ch_other.listener);
  ch_say(EVENT);
  ch_say("{\"topicName\":\"v2.b\"}");
  ch_say("{\"topicName\":\"v2.stranger\"}");
  CHECK_INT(ch_block.messages, 2);
  CHECK_INT(ch_other.messages, 1);
  CHECK_INT(ch_stats().others, 2);
  ch_end();
}

static void without_topics_left_the_socket_is_closed(void) {
  ch_begin_connected();
  gc_channels_unsubscribe(ch_channels, &ch_block.listener, "v2.a");
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_wires.closes, 1);
  CHECK(ch_wire() == NULL);
  replay_run(&ch_world, HOUR_MS);
  CHECK_INT(ch_wires.opens, 1);
  ch_subscribe(&ch_block, "v2.a"); /* the channel is still there */
  replay_run(&ch_world, 100);
  ch_open();
  CHECK_INT(ch_creations(), 1);
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 0);
  ch_end();
}

static void topics_added_while_the_socket_closes_open_another(void) {
  ch_begin_connected();
  gc_channels_unsubscribe(ch_channels, &ch_block.listener, "v2.a");
  replay_run(&ch_world, 100);
  CHECK_INT(ch_wires.closes, 1);
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 500);
  CHECK_INT(ch_wires.opens, 2);
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_INT(ch_stats().gap_ms, 0);
  CHECK_INT(replay_noticed(&ch_world, "*", GC_OK), ch_world.notice_count);
  ch_end();
}

static void a_text_that_is_no_topic_is_refused(void) {
  char longest[300];
  memset(longest, 'a', sizeof(longest) - 1);
  longest[sizeof(longest) - 1] = '\0';
  const char *const rows[] = {"", "v2.a?b&c", "v2.\xc3\xa4", longest};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    ch_begin();
    CHECK_INT(ch_try_subscribe(&ch_block, rows[i]), GC_ERR_REQUEST);
    CHECK(!gc_channels_covers(ch_channels, rows[i]));
    CHECK_INT(ch_stats().wanted, 0);
    CHECK_INT(gc_channels_count(ch_channels), 0);
    replay_run(&ch_world, HOUR_MS);
    CHECK_INT(ch_world.request_count, 0);
    ch_end();
  }
}

int main(void) {
  RUN(without_topics_nothing_happens);
  RUN(a_channel_is_created_subscribed_and_connected_in_this_order);
  RUN(more_than_a_batch_is_put_first_and_then_added);
  RUN(each_rejection_reaches_the_subscribers);
  RUN(topics_that_come_later_bring_a_snapshot_for_their_block_only);
  RUN(without_topics_left_the_socket_is_closed);
  RUN(topics_added_while_the_socket_closes_open_another);
  RUN(a_text_that_is_no_topic_is_refused);
  return check_done();
}
