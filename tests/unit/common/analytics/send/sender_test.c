/* SPDX-License-Identifier: MIT */
#include "common/analytics/send/sender.h"

#include "tests/support/check.h"

enum { VALUES = 5000 };

/* An output that takes a millisecond for each value. */
static struct slow {
  uint64_t now_ms;
  size_t count;
} slow_output;

static enum gc_code count_value(void *ctx, const struct gc_sample *sample) {
  (void)ctx, (void)sample;
  slow_output.now_ms++;
  slow_output.count++;
  return GC_OK;
}

static bool is_empty(void *ctx, uint32_t max_ms) {
  (void)ctx, (void)max_ms;
  return true;
}

static uint64_t slow_now_ms(void *ctx) {
  (void)ctx;
  return slow_output.now_ms;
}

static const struct gc_sender_output output = {.emit = count_value,
                                               .wait = is_empty};

static void fill_outbox(struct gc_outbox *o) {
  static const struct gc_sample sample = {.metric =
                                              GC_METRIC_QUEUE_INTERVAL_NUMBER,
                                          .instance = "Sales",
                                          .qualifier = "nOffered-voice",
                                          .time_ms = 1785578460000};
  for (int i = 0; i < VALUES; i++)
    CHECK_INT(gc_outbox_put(o, &sample), GC_OK);
}

static void a_large_window_is_dispatched_in_several_calls(void) {
  struct gc_checkpoint no_state = {.store = NULL};
  struct gc_sender s = {.checkpoint = &no_state};
  slow_output = (struct slow){.now_ms = 0};
  fill_outbox(&s.outbox);
  for (uint64_t calls = 1; slow_output.now_ms < 4000; calls++) {
    CHECK_INT(gc_sender_run(&s, &output, slow_now_ms, NULL, calls * 1000),
              GC_SENDER_WAITS);
    CHECK(slow_output.now_ms >= calls * 1000);
    CHECK(slow_output.now_ms <= calls * 1000 + 256);
  }
  CHECK_INT(slow_output.count, s.sent);
  gc_sender_clear(&s);
}

static void the_end_does_not_wait_for_all_of_a_large_window(void) {
  struct gc_checkpoint no_state = {.store = NULL};
  struct gc_sender s = {.checkpoint = &no_state};
  slow_output = (struct slow){.now_ms = 0};
  fill_outbox(&s.outbox);
  gc_sender_finish(&s, &output, slow_now_ms, NULL, 1000);
  CHECK(slow_output.now_ms >= 1000 && slow_output.now_ms <= 1256);
  CHECK_INT(s.outbox.count, VALUES); /* and it is not saved as sent */
  gc_sender_clear(&s);
}

static bool is_never_empty(void *ctx, uint32_t max_ms) {
  (void)ctx;
  slow_output.now_ms += max_ms;
  return false;
}

static bool is_slow(void *ctx) {
  (void)ctx;
  return true;
}

/* The disk of a writer hangs: the read thread is needed for other values. */
static void a_slow_disk_ends_the_wait_of_this_call(void) {
  static const struct gc_sender_output slow_disk = {
      .emit = count_value, .wait = is_never_empty, .is_slow = is_slow};
  struct gc_checkpoint no_state = {.store = NULL};
  struct gc_sender s = {.checkpoint = &no_state};
  slow_output = (struct slow){.now_ms = 0};
  fill_outbox(&s.outbox);
  s.sent = VALUES;
  CHECK_INT(gc_sender_run(&s, &slow_disk, slow_now_ms, NULL, 10000),
            GC_SENDER_WAITS);
  CHECK(slow_output.now_ms < 1000);
  CHECK_INT(s.outbox.count, VALUES); /* it is not sent yet */
  gc_sender_clear(&s);
}

int main(void) {
  RUN(a_large_window_is_dispatched_in_several_calls);
  RUN(the_end_does_not_wait_for_all_of_a_large_window);
  RUN(a_slow_disk_ends_the_wait_of_this_call);
  return check_done();
}
