/* SPDX-License-Identifier: MIT */
#include "common/genesys/throttle.h"
#include "tests/support/check.h"

static const uint32_t half = UINT32_C(1) << 31;

static void retry_after_decides_whether_the_account_or_a_function_pauses(void) {
  static const struct {
    uint32_t retry_after_s;
    bool whole_account;
    uint64_t wait_ms;
  } rows[] = {{1, true, 1001},          {7, true, 7001},
              {180, true, 180001},      {181, false, 181001},
              {86400, false, 86400001}, {UINT32_MAX, false, 86400001}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_throttle t;
    uint64_t wait_ms;
    gc_throttle_init(&t);
    CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_QUEUES, rows[i].retry_after_s,
                               half, 5000, &wait_ms),
              rows[i].whole_account ? GC_THROTTLED_ACCOUNT
                                    : GC_THROTTLED_SUSPENDED);
    CHECK_INT(wait_ms, rows[i].wait_ms);
    CHECK_INT(t.paused_until_ms, rows[i].whole_account ? 5000 + wait_ms : 0);
    CHECK_INT(gc_throttle_rest_ms(&t, GC_ENDPOINT_QUEUES, 5000),
              rows[i].whole_account ? 0 : wait_ms);
    CHECK_INT(gc_throttle_rest_ms(&t, GC_ENDPOINT_USERS, 5000), 0);
  }
}

/* As published guides do it. */
static void without_the_header_one_function_pauses(void) {
  static const uint64_t waits_ms[] = {1000,  2000,  4000, 8000,
                                      16000, 16000, 16000};
  struct gc_throttle t;
  uint64_t now_ms = 1000, wait_ms;
  gc_throttle_init(&t);
  for (size_t i = 0; i < GC_COUNT(waits_ms); i++) {
    CHECK_INT(
        gc_throttle_note(&t, GC_ENDPOINT_QUEUES, 0, half, now_ms, &wait_ms),
        GC_THROTTLED_FUNCTION);
    CHECK_INT(wait_ms, waits_ms[i]);
    CHECK_INT(t.held_until_ms[GC_ENDPOINT_QUEUES], now_ms + wait_ms);
    CHECK_INT(t.paused_until_ms, 0);
    now_ms += wait_ms;
  }
  CHECK(gc_throttle_over(&t, GC_ENDPOINT_QUEUES, now_ms));
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_QUEUES, 0, half, now_ms, &wait_ms),
            GC_THROTTLED_FUNCTION);
  CHECK_INT(wait_ms, 1000);
}

static void two_functions_without_the_header_pause_the_account(void) {
  static const uint64_t ceilings_ms[] = {3000,  6000,  12000,
                                         24000, 48000, 60000};
  struct gc_throttle t;
  uint64_t now_ms = 1000, wait_ms;
  gc_throttle_init(&t);
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_QUEUES, 0, half, now_ms, &wait_ms),
            GC_THROTTLED_FUNCTION);
  for (size_t i = 0; i < GC_COUNT(ceilings_ms); i++) {
    CHECK_INT(gc_throttle_note(&t,
                               i % 2 ? GC_ENDPOINT_QUEUES : GC_ENDPOINT_USERS,
                               0, half, now_ms, &wait_ms),
              GC_THROTTLED_ACCOUNT);
    CHECK_INT(wait_ms, ceilings_ms[i] / 2 + 1);
    CHECK_INT(t.paused_until_ms, now_ms + wait_ms);
    now_ms += wait_ms < 9000 ? wait_ms : 9000;
    t.paused_until_ms = now_ms;
  }
  /* An answer of a function says nothing about the other one, and a refusal
   * that is long past makes no pair. */
  gc_throttle_init(&t);
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_QUEUES, 0, half, 1000, &wait_ms),
            GC_THROTTLED_FUNCTION);
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_USERS, 0, half, 12000, &wait_ms),
            GC_THROTTLED_FUNCTION);
  CHECK(!gc_throttle_over(&t, GC_ENDPOINT_QUEUES, 12500));
  CHECK(gc_throttle_over(&t, GC_ENDPOINT_USERS, 13000));
}

static void a_burst_that_fails_together_is_one_failure(void) {
  struct gc_throttle t;
  uint64_t wait_ms;
  gc_throttle_init(&t);
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_QUEUES, 7, half, 1000, &wait_ms),
            GC_THROTTLED_ACCOUNT);
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_USERS, 0, half, 1500, &wait_ms),
            GC_THROTTLED_ACCOUNT);
  CHECK_INT(wait_ms, 6501);
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_USERS, 3, half, 2000, &wait_ms),
            GC_THROTTLED_ACCOUNT);
  CHECK_INT(t.paused_until_ms, 8001);
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_USERS, 30, half, 2000, &wait_ms),
            GC_THROTTLED_ACCOUNT);
  CHECK_INT(t.paused_until_ms, 32001);
  CHECK_INT(t.backoff.failures, 2);
  gc_throttle_init(&t);
  for (int i = 0; i < 3; i++) {
    CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_USERS, 0, half, 1000, &wait_ms),
              GC_THROTTLED_FUNCTION);
    CHECK_INT(wait_ms, 1000);
  }
}

static void the_end_is_reported_once_and_not_while_a_function_pauses(void) {
  struct gc_throttle t;
  uint64_t wait_ms;
  gc_throttle_init(&t);
  CHECK(!gc_throttle_over(&t, GC_ENDPOINT_USERS, 1000));
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_USERS, 200, half, 1000, &wait_ms),
            GC_THROTTLED_SUSPENDED);
  CHECK(!gc_throttle_over(&t, GC_ENDPOINT_USERS, 2000));
  CHECK(gc_throttle_over(&t, GC_ENDPOINT_USERS, 201001));
  CHECK(!gc_throttle_over(&t, GC_ENDPOINT_USERS, 202000));
}

/* An answer that arrives within the pause was sent before the 429. */
static void an_answer_within_the_pause_does_not_end_it(void) {
  struct gc_throttle t;
  uint64_t wait_ms;
  gc_throttle_init(&t);
  CHECK_INT(gc_throttle_note(&t, GC_ENDPOINT_USERS, 10, half, 1000, &wait_ms),
            GC_THROTTLED_ACCOUNT);
  CHECK(!gc_throttle_over(&t, GC_ENDPOINT_USERS, 1001));
  CHECK_INT(t.backoff.failures, 1);
  CHECK(!gc_throttle_over(&t, GC_ENDPOINT_USERS, 11000));
  CHECK(gc_throttle_over(&t, GC_ENDPOINT_USERS, 11001));
  CHECK_INT(t.backoff.failures, 0);
}

int main(void) {
  RUN(retry_after_decides_whether_the_account_or_a_function_pauses);
  RUN(without_the_header_one_function_pauses);
  RUN(two_functions_without_the_header_pause_the_account);
  RUN(a_burst_that_fails_together_is_one_failure);
  RUN(the_end_is_reported_once_and_not_while_a_function_pauses);
  RUN(an_answer_within_the_pause_does_not_end_it);
  return check_done();
}
