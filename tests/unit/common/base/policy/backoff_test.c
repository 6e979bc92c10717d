/* SPDX-License-Identifier: MIT */
#include "common/base/policy/backoff.h"

#include "tests/support/check.h"

static void waits_double_up_to_the_cap(void) {
  static const uint32_t max_ms[] = {1000,  2000,  4000,  8000,
                                    16000, 30000, 30000, 30000};
  struct gc_backoff longest = {.base_ms = 1000, .cap_ms = 30000};
  struct gc_backoff middle = longest, shortest = longest;
  for (size_t i = 0; i < GC_COUNT(max_ms); i++) {
    CHECK_INT(gc_backoff_fail(&longest, 0, UINT32_MAX), max_ms[i]);
    CHECK_INT(gc_backoff_fail(&middle, 0, 0x80000000u), max_ms[i] / 2 + 1);
    CHECK_INT(gc_backoff_fail(&shortest, 0, 0), 1);
  }
}

static void every_random_wait_is_in_range(void) {
  for (uint64_t random32 = 0; random32 <= UINT32_MAX; random32 += 9999991) {
    struct gc_backoff b = {.base_ms = 1000, .cap_ms = 8000};
    for (uint32_t max_ms = 1000; max_ms <= 8000; max_ms *= 2) {
      uint32_t wait_ms = gc_backoff_fail(&b, 0, (uint32_t)random32);
      CHECK(wait_ms >= 1 && wait_ms <= max_ms);
    }
  }
}

static void the_server_may_request_a_longer_or_shorter_wait(void) {
  struct gc_backoff b = {.base_ms = 1000, .cap_ms = 30000};
  CHECK_INT(gc_backoff_fail(&b, 180000, UINT32_MAX), 180000);
  CHECK_INT(gc_backoff_fail(&b, 1, UINT32_MAX), 1);
  CHECK_INT(gc_backoff_fail(&b, UINT32_MAX, 0), UINT32_MAX);
  /* The waits that the server requested count as failures too. */
  CHECK_INT(gc_backoff_fail(&b, 0, UINT32_MAX), 8000);
}

/* Clocks in whole milliseconds may say 7000 after 6999.1. */
static void a_request_is_not_sent_before_the_time_of_the_server(void) {
  static const struct {
    uint32_t asked_s, max_s, want_ms;
  } rows[] = {
      {0, 600, 0},
      {1, 600, 1001},
      {600, 600, 600001},
      {601, 600, 600001},
      {UINT32_MAX, 86400, 86400001},
      {UINT32_MAX, UINT32_MAX, UINT32_MAX},
      {4294967, UINT32_MAX, 4294967001},
      {4294968, UINT32_MAX, UINT32_MAX},
      {7, 0, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    CHECK_INT(gc_retry_after_ms(rows[i].asked_s, rows[i].max_s),
              rows[i].want_ms);
}

static void huge_waits_and_counts_do_not_overflow(void) {
  static const struct {
    uint32_t base_ms, cap_ms;
    uint32_t want_ms;
  } rows[] = {
      {1, UINT32_MAX, UINT32_MAX},
      {UINT32_MAX, UINT32_MAX, UINT32_MAX},
      {UINT32_MAX / 2 + 1, UINT32_MAX, UINT32_MAX},
      {0, 30000, 1},
      {5000, 1000, 1000},
      {1000, 0, 1},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_backoff b = {.base_ms = rows[i].base_ms,
                           .cap_ms = rows[i].cap_ms};
    uint32_t wait_ms = 0;
    for (int k = 0; k < 100000; k++)
      wait_ms = gc_backoff_fail(&b, 0, UINT32_MAX);
    CHECK_INT(wait_ms, rows[i].want_ms);
  }
  struct gc_backoff b = {.base_ms = 1000, .cap_ms = 30000, .failures = ~0u};
  CHECK_INT(gc_backoff_fail(&b, 0, UINT32_MAX), 30000);
  CHECK_INT(gc_backoff_fail(&b, 0, UINT32_MAX), 30000);
}

static void after_a_success_waits_begin_at_the_base(void) {
  struct gc_backoff b = {.base_ms = 1000, .cap_ms = 30000};
  for (int i = 0; i < 10; i++)
    (void)gc_backoff_fail(&b, 0, 0);
  gc_backoff_reset(&b);
  CHECK_INT(b.failures, 0);
  CHECK_INT(gc_backoff_fail(&b, 0, UINT32_MAX), 1000);
}

int main(void) {
  RUN(waits_double_up_to_the_cap);
  RUN(every_random_wait_is_in_range);
  RUN(the_server_may_request_a_longer_or_shorter_wait);
  RUN(a_request_is_not_sent_before_the_time_of_the_server);
  RUN(huge_waits_and_counts_do_not_overflow);
  RUN(after_a_success_waits_begin_at_the_base);
  return check_done();
}
