/* SPDX-License-Identifier: MIT */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

static void a_restart_uses_the_channel_again_after_a_head(void) {
  struct gc_store *store = ch_store_begin();
  ch_begin_with(store);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  for (int i = 0; i < 30; i++) { /* a crash loop */
    ch_stop();
    ch_start(store);
    ch_subscribe(&ch_block, "v2.a");
    replay_run(&ch_world, 20000);
  }
  CHECK_INT(ch_creations(), 1);
  CHECK_INT(replay_count(&ch_world, HEAD), 30);
  CHECK_STR(replay_last(&ch_world, HEAD)->line, HEAD "one");
  CHECK_INT(replay_count(&ch_world, PUT),
            31); /* the topics left there are replaced */
  CHECK_STR(ch_wires.url, "wss://s.example.test/channels/one-s3cr3t");
  ch_open();
  CHECK_INT(ch_block.connected, 1);
  ch_end();
  ch_store_end(store);
}

static void a_kept_channel_that_is_gone_is_replaced(void) {
  struct gc_store *store = ch_store_begin();
  struct gc_err err;
  CHECK_INT(gc_store_save_channel(store, "prod", 0,
                                  "old wss://s.example.test/channels/old-x",
                                  &err),
            GC_OK);
  ch_begin_with(store);
  ch_answer(HEAD, 1, 404, NULL);
  ch_answer(CREATE, 1, 200, CHANNEL("new"));
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 5000);
  CHECK_INT(replay_count(&ch_world, HEAD "old"), 1);
  CHECK_INT(ch_creations(), 1);
  ch_stop();
  ch_start(store);
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  CHECK_STR(replay_last(&ch_world, HEAD)->line, HEAD "new");
  CHECK_INT(ch_creations(), 1);
  ch_end();
  ch_store_end(store);
}

static void an_invalid_kept_text_counts_as_none(void) {
  static const char *const rows[] = {
      "one", "a/b wss://x", ".. wss://x", "one wss://x y", " wss://x", "one "};
  struct gc_err err;
  struct gc_store *store = ch_store_begin();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    CHECK_INT(gc_store_save_channel(store, "prod", 0, rows[i], &err), GC_OK);
    ch_begin_with(store);
    ch_usual_answers();
    ch_subscribe(&ch_block, "v2.a");
    replay_run(&ch_world, 100);
    CHECK_INT(replay_count(&ch_world, HEAD), 0);
    CHECK_INT(ch_creations(), 1);
    ch_end();
  }
  ch_store_end(store);
}

/* After a long stop all channels have expired. */
static void kept_channels_that_are_gone_cost_no_budget(void) {
  enum { CHANNELS = 14 };
  struct gc_store *store = ch_store_begin();
  struct gc_err err;
  for (unsigned i = 0; i < CHANNELS; i++) {
    char text[64];
    snprintf(text, sizeof(text), "o%u wss://s.example.test/channels/o%u-x", i,
             i);
    CHECK_INT(gc_store_save_channel(store, "prod", i, text, &err), GC_OK);
  }
  ch_begin_with(store);
  ch_answer(HEAD, CHANNELS, 404, NULL);
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, CHANNELS * 1000), CHANNELS * 1000);
  replay_run(&ch_world, 60000);
  CHECK_INT(ch_creations(), CHANNELS);
  CHECK_INT(ch_wire_count(), CHANNELS);
  ch_end();
  ch_store_end(store);
}

static void channels_that_another_process_uses_are_left_alone(void) {
  struct gc_store *other = ch_store_begin();
  struct gc_store *store = ch_store_open_again();
  struct gc_err err;
  ch_begin_with(store);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 60000);
  CHECK_INT(ch_world.request_count, 0);
  CHECK_INT(ch_wires.opens, 0);
  CHECK_INT(replay_last_notice(&ch_world, "channel owner")->code, GC_ERR_STATE);
  CHECK_HAS(replay_last_notice(&ch_world, "channel owner")->text, "in use by");
  CHECK_INT(gc_store_save_channel(other, "prod", 0,
                                  "late wss://s.example.test/channels/late-x",
                                  &err),
            GC_OK);
  gc_store_close(other);
  replay_run(&ch_world, 10000);
  CHECK_STR(replay_last(&ch_world, HEAD)->line, HEAD "late");
  CHECK_INT(ch_creations(), 0);
  CHECK_INT(replay_last_notice(&ch_world, "channel owner")->code, GC_OK);
  ch_open();
  CHECK_INT(ch_block.connected, 1);
  ch_end();
  ch_store_end(store);
}

/* The disk may be full or the version newer: only a lock of another process
 * means that the channels are in use. */
static void a_stream_does_not_wait_for_a_file_that_cannot_be_opened(void) {
  struct gc_store *store = NULL;
  struct gc_err err, warning;
  CHECK_INT(gc_store_open("/proc/nowhere", 60000, &store, &warning, &err),
            GC_ERR_STATE);
  ch_begin_with(store);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_creations(), 1);
  CHECK_INT(ch_wires.opens, 1);
  ch_open();
  CHECK_INT(ch_block.connected, 1);
  ch_end();
  gc_store_close(store);
}

int main(void) {
  RUN(a_restart_uses_the_channel_again_after_a_head);
  RUN(a_kept_channel_that_is_gone_is_replaced);
  RUN(kept_channels_that_are_gone_cost_no_budget);
  RUN(channels_that_another_process_uses_are_left_alone);
  RUN(a_stream_does_not_wait_for_a_file_that_cannot_be_opened);
  RUN(an_invalid_kept_text_counts_as_none);
  return check_done();
}
