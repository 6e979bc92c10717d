/* SPDX-License-Identifier: MIT */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

static void heartbeats_and_pongs_keep_the_socket_alive(void) {
  ch_begin_connected();
  for (int i = 0; i < 100; i++) {
    replay_run(&ch_world, 20000);
    ch_say(i % 2 != 0 ? HEARTBEAT : PONG);
  }
  CHECK_INT(ch_wires.opens, 1);
  CHECK_INT(ch_wires.pings, 100); /* each after 20 s without a message */
  CHECK_INT(ch_block.connected, 1);
  ch_end();
}

static void a_silent_socket_is_closed_after_the_idle_timeout(void) {
  ch_begin_connected();
  replay_run(&ch_world, 11000);
  ch_say(EVENT);
  replay_run(&ch_world, 39999);
  CHECK_INT(ch_wires.pings, 1);
  CHECK(ch_wire() != NULL);
  replay_run(&ch_world, 1);
  CHECK(ch_wire() == NULL);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_TIMEOUT), 1);
  CHECK_INT(ch_wires.opens, 1);
  replay_run(&ch_world, 2001); /* a wait of 1 s and a random second */
  CHECK_INT(ch_wires.opens, 2);
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  CHECK_INT(ch_block.gaps, 1);
  CHECK_INT(ch_block.blind_ms, 42001); /* since the event */
  CHECK_INT(ch_stats().reconnects, 1);
  CHECK_INT(replay_count(&ch_world, PUT), 1); /* the topics are still there */
  ch_end();
}

static void the_shortest_timeout_of_the_blocks_decides(void) {
  ch_begin();
  ch_usual_answers();
  ch_listen(&ch_other);
  gc_channels_unlisten(ch_channels, &ch_other.listener);
  ch_other.listener.timeouts = (struct gc_channel_timeouts){8000, 0, 0};
  gc_channels_listen(ch_channels, &ch_other.listener);
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  CHECK_INT(ch_wires.idle_ms, 8000);
  ch_open();
  replay_run(&ch_world, 8000);
  CHECK(ch_wire() == NULL);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_TIMEOUT), 1);
  ch_end();
}

static void a_peer_that_does_not_read_is_given_up(void) {
  ch_begin_connected();
  ch_wires.refuses_to_send = true;
  replay_run(&ch_world, 20000);
  CHECK(ch_wire() == NULL);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_LIMIT), 1);
  ch_end();
}

int main(void) {
  RUN(heartbeats_and_pongs_keep_the_socket_alive);
  RUN(a_silent_socket_is_closed_after_the_idle_timeout);
  RUN(the_shortest_timeout_of_the_blocks_decides);
  RUN(a_peer_that_does_not_read_is_given_up);
  return check_done();
}
