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
              rows[i].whole_account);
    CHECK_INT(wait_ms, rows[i].wait_ms);
    CHECK_INT(t.paused_until_ms, rows[i].whole_account ? 5000 + wait_ms : 0);
    CHECK_INT(gc_throttle_rest_ms(&t, GC_ENDPOINT_QUEUES, 5000),
              rows[i].whole_account ? 0 : wait_ms);
    CHECK_INT(gc_throttle_rest_ms(&t, GC_ENDPOINT_USERS, 5000), 0);
  }
}

static void without_the_header_pauses_double_up_to_a_minute(void) {
  static const uint64_t ceilings_ms[] = {3000,  6000,  12000, 24000,
                                         48000, 60000, 60000};
  struct gc_throttle t;
  uint64_t now_ms = 1000, wait_ms;
  gc_throttle_init(&t);
  for (size_t i = 0; i < GC_COUNT(ceilings_ms); i++) {
    CHECK(gc_throttle_note(&t, GC_ENDPOINT_QUEUES, 0, half, now_ms, &wait_ms));
    CHECK_INT(wait_ms, ceilings_ms[i] / 2 + 1);
    now_ms += wait_ms;
  }
}

static void a_burst_that_fails_together_is_one_failure(void) {
  struct gc_throttle t;
  uint64_t wait_ms;
  gc_throttle_init(&t);
  CHECK(gc_throttle_note(&t, GC_ENDPOINT_QUEUES, 7, half, 1000, &wait_ms));
  CHECK(gc_throttle_note(&t, GC_ENDPOINT_USERS, 0, half, 1500, &wait_ms));
  CHECK_INT(wait_ms, 6501);
  CHECK(gc_throttle_note(&t, GC_ENDPOINT_USERS, 3, half, 2000, &wait_ms));
  CHECK_INT(t.paused_until_ms, 8001);
  CHECK(gc_throttle_note(&t, GC_ENDPOINT_USERS, 30, half, 2000, &wait_ms));
  CHECK_INT(t.paused_until_ms, 32001);
  CHECK_INT(t.backoff.failures, 2);
}

static void the_end_is_reported_once_and_not_while_a_function_pauses(void) {
  struct gc_throttle t;
  uint64_t wait_ms;
  gc_throttle_init(&t);
  CHECK(!gc_throttle_over(&t, 1000));
  CHECK(!gc_throttle_note(&t, GC_ENDPOINT_USERS, 200, half, 1000, &wait_ms));
  CHECK(!gc_throttle_over(&t, 2000));
  CHECK(gc_throttle_over(&t, 201001));
  CHECK(!gc_throttle_over(&t, 202000));
}

/* An answer that arrives within the pause was sent before the 429. */
static void an_answer_within_the_pause_does_not_end_it(void) {
  struct gc_throttle t;
  uint64_t wait_ms;
  gc_throttle_init(&t);
  CHECK(gc_throttle_note(&t, GC_ENDPOINT_USERS, 10, half, 1000, &wait_ms));
  CHECK(!gc_throttle_over(&t, 1001));
  CHECK_INT(t.backoff.failures, 1);
  CHECK(!gc_throttle_over(&t, 11000));
  CHECK(gc_throttle_over(&t, 11001));
  CHECK_INT(t.backoff.failures, 0);
}

int main(void) {
  RUN(retry_after_decides_whether_the_account_or_a_function_pauses);
  RUN(without_the_header_pauses_double_up_to_a_minute);
  RUN(a_burst_that_fails_together_is_one_failure);
  RUN(the_end_is_reported_once_and_not_while_a_function_pauses);
  RUN(an_answer_within_the_pause_does_not_end_it);
  return check_done();
}
