/* SPDX-License-Identifier: MIT */
#include "common/base/policy/breaker.h"

#include "tests/support/check.h"

static struct gc_breaker fresh_breaker(void) {
  return (struct gc_breaker){.limit = 5, .rest_ms = 5000, .rest_max_ms = 60000};
}

/* Allows, sends and ends a request at once. */
static void request_once(struct gc_breaker *b, bool ok, uint64_t now_ms) {
  CHECK(gc_breaker_allows(b, now_ms));
  gc_breaker_note(b, gc_breaker_sent(b), ok, now_ms);
}

static struct gc_breaker opened_at(uint64_t now_ms) {
  struct gc_breaker b = fresh_breaker();
  for (int i = 0; i < 5; i++)
    request_once(&b, false, now_ms);
  CHECK(gc_breaker_is_open(&b));
  return b;
}

static void the_breaker_opens_after_consecutive_failures(void) {
  struct gc_breaker b = fresh_breaker();
  for (int i = 0; i < 4; i++)
    request_once(&b, false, 1000);
  CHECK(!gc_breaker_is_open(&b));
  request_once(&b, true, 1000);
  for (int i = 0; i < 4; i++)
    request_once(&b, false, 1000);
  CHECK(!gc_breaker_is_open(&b));
  CHECK(gc_breaker_allows(&b, 1000));
  CHECK_INT(gc_breaker_wait_ms(&b, 1000), 0);
  request_once(&b, false, 1000);
  CHECK(gc_breaker_is_open(&b));
  CHECK(!gc_breaker_allows(&b, 1000));
  CHECK_INT(gc_breaker_wait_ms(&b, 1000), 5000);
}

static void the_example_of_the_header_holds(void) {
  struct gc_breaker b = opened_at(10000);
  CHECK(!gc_breaker_allows(&b, 14999));
  CHECK_INT(gc_breaker_wait_ms(&b, 14999), 1);
  request_once(&b, false, 15000);
  CHECK(!gc_breaker_allows(&b, 24999));
  request_once(&b, false, 25000);
  CHECK(!gc_breaker_allows(&b, 44999));
  CHECK(gc_breaker_allows(&b, 45000));
}

static void the_rest_doubles_up_to_its_cap(void) {
  static const uint32_t rests_ms[] = {5000,  10000, 20000, 40000,
                                      60000, 60000, 60000};
  uint64_t now_ms = 777;
  struct gc_breaker b = opened_at(now_ms);
  for (size_t i = 0; i < GC_COUNT(rests_ms); i++) {
    CHECK_INT(gc_breaker_wait_ms(&b, now_ms), rests_ms[i]);
    now_ms += rests_ms[i];
    request_once(&b, false, now_ms);
  }
}

static void a_rest_near_the_end_of_32_bits_does_not_wrap(void) {
  struct gc_breaker b = {
      .limit = 1, .rest_ms = 0x90000000u, .rest_max_ms = UINT32_MAX};
  request_once(&b, false, 0);
  CHECK_INT(gc_breaker_wait_ms(&b, 0), 0x90000000u);
  request_once(&b, false, 0x90000000u);
  CHECK_INT(gc_breaker_wait_ms(&b, 0x90000000u), UINT32_MAX);
}

static void only_one_probe_runs_at_a_time(void) {
  struct gc_breaker b = opened_at(0);
  CHECK(gc_breaker_allows(&b, 5000));
  CHECK(gc_breaker_sent(&b));
  CHECK(!gc_breaker_allows(&b, 5000));
  CHECK(!gc_breaker_allows(&b, 500000));
  CHECK_INT(gc_breaker_wait_ms(&b, 5000), 0);
  gc_breaker_note(&b, true, false, 6000);
  CHECK(!gc_breaker_allows(&b, 15999));
  CHECK(gc_breaker_allows(&b, 16000));
}

static void a_request_is_a_probe_only_while_the_breaker_is_open(void) {
  struct gc_breaker b = fresh_breaker();
  CHECK(!gc_breaker_sent(&b));
  b = opened_at(0);
  CHECK(gc_breaker_sent(&b));
}

static void a_successful_probe_closes_the_breaker_and_resets_it(void) {
  struct gc_breaker b = opened_at(0);
  request_once(&b, false, 5000);
  request_once(&b, false, 15000);
  request_once(&b, true, 35000);
  CHECK(!gc_breaker_is_open(&b));
  CHECK(gc_breaker_allows(&b, 35000));
  for (int i = 0; i < 5; i++)
    request_once(&b, false, 40000);
  CHECK_INT(gc_breaker_wait_ms(&b, 40000), 5000);
}

static void older_requests_that_fail_do_not_prolong_the_rest(void) {
  struct gc_breaker b = opened_at(1000);
  for (uint64_t now_ms = 1000; now_ms < 6000; now_ms += 100)
    gc_breaker_note(&b, false, false, now_ms);
  CHECK_INT(gc_breaker_wait_ms(&b, 5999), 1);
  CHECK(gc_breaker_allows(&b, 6000));
  gc_breaker_note(&b, false, false, 7000); /* also after the rest */
  CHECK(gc_breaker_allows(&b, 7000));
}

/* An older request that times out while the probe runs is not the probe. */
static void an_older_request_is_not_taken_for_the_probe(void) {
  struct gc_breaker b = opened_at(0);
  CHECK(gc_breaker_sent(&b));
  gc_breaker_note(&b, false, false, 6000);
  CHECK(!gc_breaker_allows(&b, 6000));
  CHECK(!gc_breaker_allows(&b, 100000));
  gc_breaker_note(&b, true, false, 8000);
  CHECK_INT(gc_breaker_wait_ms(&b, 8000), 10000);
}

static void an_older_request_that_succeeds_closes_the_breaker(void) {
  struct gc_breaker b = opened_at(0);
  gc_breaker_note(&b, false, true, 100);
  CHECK(!gc_breaker_is_open(&b));
  CHECK(gc_breaker_allows(&b, 100));

  b = opened_at(0);
  CHECK(gc_breaker_sent(&b));
  gc_breaker_note(&b, false, true, 5500);
  CHECK(gc_breaker_allows(&b, 5500));
  gc_breaker_note(&b, true, false, 6000); /* the probe: one failure now */
  CHECK(!gc_breaker_is_open(&b));
  CHECK_INT(b.failures, 1);
}

static void after_a_cancelled_probe_comes_another(void) {
  struct gc_breaker b = opened_at(0);
  CHECK(gc_breaker_sent(&b));
  gc_breaker_cancelled(&b, true);
  CHECK(gc_breaker_is_open(&b));
  CHECK(gc_breaker_allows(&b, 5000));
  CHECK(gc_breaker_sent(&b));
  gc_breaker_note(&b, true, false, 6000);
  CHECK_INT(gc_breaker_wait_ms(&b, 6000), 10000);
}

static void a_cancelled_older_request_does_not_free_the_probe(void) {
  struct gc_breaker b = opened_at(0);
  CHECK(gc_breaker_sent(&b));
  gc_breaker_cancelled(&b, false);
  CHECK(!gc_breaker_allows(&b, 9000));
}

static void a_cancelled_request_counts_for_nothing(void) {
  struct gc_breaker b = fresh_breaker();
  for (int i = 0; i < 4; i++)
    request_once(&b, false, 0);
  gc_breaker_cancelled(&b, gc_breaker_sent(&b));
  CHECK(!gc_breaker_is_open(&b));
  request_once(&b, false, 0);
  CHECK(gc_breaker_is_open(&b));
}

int main(void) {
  RUN(the_breaker_opens_after_consecutive_failures);
  RUN(the_example_of_the_header_holds);
  RUN(the_rest_doubles_up_to_its_cap);
  RUN(a_rest_near_the_end_of_32_bits_does_not_wrap);
  RUN(only_one_probe_runs_at_a_time);
  RUN(a_request_is_a_probe_only_while_the_breaker_is_open);
  RUN(a_successful_probe_closes_the_breaker_and_resets_it);
  RUN(older_requests_that_fail_do_not_prolong_the_rest);
  RUN(an_older_request_is_not_taken_for_the_probe);
  RUN(an_older_request_that_succeeds_closes_the_breaker);
  RUN(after_a_cancelled_probe_comes_another);
  RUN(a_cancelled_older_request_does_not_free_the_probe);
  RUN(a_cancelled_request_counts_for_nothing);
  return check_done();
}
