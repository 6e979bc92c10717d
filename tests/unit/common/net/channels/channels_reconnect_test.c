/* SPDX-License-Identifier: MIT */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

/* Checks the waits of the reconnect loop for given random numbers. */
static void check_waits(uint32_t random32, const uint64_t *waits,
                        size_t count) {
  ch_begin_connected();
  ch_world.random32 = random32;
  for (size_t i = 0; i < count; i++) {
    uint64_t from_ms = ch_world.now_ms;
    ch_drop_socket();
    replay_run(&ch_world, 60000);
    CHECK_INT(ch_wires.opened_ms - from_ms, waits[i]);
  }
  CHECK_INT(ch_creations(), 1);
  ch_end();
}

static void waits_grow_between_min_and_max_with_jitter(void) {
  static const uint64_t longest[] = {2000,  3000,  5000, 9000,
                                     17000, 30000, 30000};
  static const uint64_t min[] = {1001, 1001, 1001, 1001, 1001, 1001, 1001};
  check_waits(UINT32_MAX, longest, GC_COUNT(longest));
  check_waits(0, min, GC_COUNT(min));
}

static void only_traffic_after_ten_seconds_resets_the_wait(void) {
  static const struct {
    const char *name, *text;
    uint64_t after_ms, wait_ms;
  } rows[] = {
      {"nothing", NULL, 15000, 9000},
      {"an event at once", EVENT, 0, 9000},
      {"an event at 9.9 s", EVENT, 9999, 9000},
      {"an event at 10 s", EVENT, 10000, 2000},
      {"a heartbeat", HEARTBEAT, 10000, 2000},
      {"a pong proves nothing", PONG, 15000, 9000},
      {"an invalid message is no traffic", "nonsense", 15000, 9000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    ch_begin_connected();
    for (int k = 0; k < 3; k++) {
      ch_drop_socket();
      replay_run(&ch_world, 10000);
    }
    ch_open();
    replay_run(&ch_world, rows[i].after_ms);
    if (rows[i].text != NULL)
      ch_say(rows[i].text);
    uint64_t from_ms = ch_world.now_ms;
    ch_drop_socket();
    replay_run(&ch_world, 60000);
    CHECK_INT(ch_wires.opened_ms - from_ms, rows[i].wait_ms);
    ch_end();
  }
}

static void the_gap_spans_failed_attempts(void) {
  ch_begin_connected();
  replay_run(&ch_world, 1000);
  ch_say(EVENT);
  uint64_t last_message_ms = ch_world.now_ms;
  replay_run(&ch_world, 3000);
  for (int i = 0; i < 4; i++) {
    ch_drop_socket();
    replay_run(&ch_world, 20000);
  }
  ch_open();
  CHECK_INT(ch_block.gaps, 1);
  CHECK_INT(ch_block.blind_ms, ch_world.now_ms - last_message_ms);
  CHECK_INT(ch_stats().reconnects, 1);
  ch_end();
}

static void a_listener_that_joins_during_the_outage_has_no_gap(void) {
  ch_begin_connected();
  ch_drop_socket();
  ch_listen(&ch_other);
  ch_subscribe(&ch_other, "v2.b");
  replay_run(&ch_world, 5000);
  ch_open();
  CHECK_INT(ch_block.gaps, 1);
  CHECK_INT(ch_other.gaps, 0);
  CHECK_INT(ch_other.connected, 1);
  ch_end();
}

static void a_socket_that_cannot_be_opened_is_tried_again(void) {
  ch_begin();
  ch_usual_answers();
  ch_wires.refuses_to_open = true;
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 60000);
  CHECK(ch_wires.opens > 3 && ch_wires.opens < 10);
  CHECK(replay_noticed(&ch_world, "stream", GC_ERR_CONFIG) > 3);
  ch_wires.refuses_to_open = false;
  replay_run(&ch_world, 31000);
  ch_open();
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(ch_block.gaps, 0);
  ch_end();
}

static void retry_after_at_the_handshake_is_kept(void) {
  ch_begin();
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_end_socket(&(struct gc_ws_end){.http_status = 503,
                                    .has_retry_after = true,
                                    .retry_after_s = 77},
                GC_ERR_REMOTE);
  replay_run(&ch_world, 77000);
  CHECK_INT(ch_wires.opens, 1);
  replay_run(&ch_world, 1);
  CHECK_INT(ch_wires.opens, 2);
  ch_end();
}

static size_t successes_after_a_failure(void) {
  size_t count = 0;
  bool has_failed = false;
  for (size_t i = 0; i < ch_world.notice_count; i++) {
    const struct replay_notice *n = &ch_world.notices[i];
    if (strcmp(n->cause, "stream") != 0)
      continue;
    count += has_failed && n->err.code == GC_OK;
    has_failed |= n->err.code != GC_OK;
  }
  return count;
}

static void a_socket_that_is_accepted_and_closed_at_once_is_checked(void) {
  ch_begin();
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  for (int s = 0; s < 3600; s++) {
    replay_run(&ch_world, 1000);
    if (ch_wire() != NULL) {
      ch_open();
      ch_drop_socket();
    }
  }
  CHECK_INT(ch_creations(), 1);
  CHECK(replay_count(&ch_world, HEAD "one") > 100);
  CHECK_THAT(ch_wires.opens < 400, "%u sockets in an hour", ch_wires.opens);
  /* The log has one failure, not a change with each attempt. */
  CHECK(replay_noticed(&ch_world, "stream", GC_ERR_NETWORK) > 100);
  CHECK_INT(successes_after_a_failure(), 0);
  ch_end();
}

int main(void) {
  RUN(waits_grow_between_min_and_max_with_jitter);
  RUN(only_traffic_after_ten_seconds_resets_the_wait);
  RUN(the_gap_spans_failed_attempts);
  RUN(a_listener_that_joins_during_the_outage_has_no_gap);
  RUN(a_socket_that_cannot_be_opened_is_tried_again);
  RUN(retry_after_at_the_handshake_is_kept);
  RUN(a_socket_that_is_accepted_and_closed_at_once_is_checked);
  return check_done();
}
