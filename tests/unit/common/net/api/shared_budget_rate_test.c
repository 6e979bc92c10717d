/* SPDX-License-Identifier: MIT */
#include "common/net/api/shared_budget.h"

#include <stdlib.h>

#include "tests/support/check.h"

static uint32_t lot;

/* xorshift32: the same numbers in every run. */
static uint32_t draw_number(void) {
  lot ^= lot << 13;
  lot ^= lot >> 17;
  lot ^= lot << 5;
  return lot;
}

/* Returns a fresh budget; the one before ends. */
static struct gc_shared_budget *begin_budget(uint32_t per_minute,
                                             uint64_t now_ms) {
  static struct gc_shared_budget *budget;
  gc_shared_budget_put(budget);
  budget = per_minute > 0 ? gc_shared_budget_get("client", per_minute, now_ms)
                          : NULL;
  return budget;
}

enum { TAKES = 4000, MINUTE_MS = 60000 };

/* Returns the requests of the worst window: it begins with a take and includes
 * both of its ends. */
static uint32_t worst_minute(const uint64_t *takes_ms, size_t count) {
  uint32_t worst = 0;
  for (size_t from = 0, to = 0; from < count; from++) {
    while (to < count && takes_ms[to] <= takes_ms[from] + MINUTE_MS)
      to++;
    if (to - from > worst)
      worst = (uint32_t)(to - from);
  }
  return worst;
}

/* Returns the time of the caller's next try, for each behaviour of a caller. */
static uint64_t next_try(int pattern, uint64_t now_ms) {
  switch (pattern) {
  case 0: /* as fast as possible */
    return now_ms + 1;
  case 1: /* at random times */
    return now_ms + draw_number() % 500;
  case 2: /* bursts with pauses of up to two minutes */
    return now_ms +
           (draw_number() % 64 == 0 ? draw_number() % (2 * MINUTE_MS) : 0);
  case 3: /* one burst each minute, to the millisecond */
    return draw_number() % 40 == 0 ? (now_ms / MINUTE_MS + 1) * MINUTE_MS
                                   : now_ms;
  case 4: /* just before and just after the end of a minute */
    return draw_number() % 30 == 0 ? (now_ms / MINUTE_MS + 1) * MINUTE_MS - 1
                                   : now_ms + draw_number() % 2;
  default: /* slowly */
    return now_ms + draw_number() % 4000;
  }
}

static void no_minute_has_more_requests_than_the_budget(void) {
  static const uint32_t per_minute[] = {2, 3, 9, 10, 11, 60, 250, 300, 1000};
  uint64_t *takes_ms = malloc(TAKES * sizeof(*takes_ms));
  for (size_t i = 0; i < GC_COUNT(per_minute); i++)
    for (int pattern = 0; pattern < 6; pattern++)
      for (uint32_t seed = 1; seed <= 3; seed++) {
        char row[64];
        snprintf(row, sizeof(row), "%u a minute, pattern %d, seed %u",
                 per_minute[i], pattern, seed);
        CHECK_ROW(row);
        lot = seed * 2654435769u;
        uint64_t now_ms = draw_number() % 1000000;
        size_t count = 0;
        struct gc_shared_budget *b = begin_budget(per_minute[i], now_ms);
        for (int t = 0; t < 50 * TAKES && count < TAKES; t++) {
          if (gc_shared_budget_take(b, now_ms))
            takes_ms[count++] = now_ms;
          now_ms = next_try(pattern, now_ms);
        }
        uint32_t worst = worst_minute(takes_ms, count);
        CHECK_THAT(worst <= per_minute[i], "%u in one minute", worst);
      }
  free(takes_ms);
}

static void a_tenth_may_burst_and_the_rest_comes_evenly(void) {
  struct gc_shared_budget *b = begin_budget(250, 5000);
  for (int i = 0; i < 25; i++) {
    CHECK_INT(gc_shared_budget_left(b, 5000), 25 - i);
    CHECK(gc_shared_budget_take(b, 5000));
  }
  CHECK(!gc_shared_budget_take(b, 5000));
  CHECK_INT(gc_shared_budget_wait_ms(b, 5000), 267);
  CHECK(!gc_shared_budget_take(b, 5266));
  CHECK(gc_shared_budget_take(b, 5267));
}

static void the_smallest_budgets_work(void) {
  static const struct {
    uint32_t per_minute, burst, wait_ms;
  } rows[] = {{2, 1, 60000}, {3, 1, 30000}, {9, 1, 7500}, {10, 1, 6667}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_shared_budget *b = begin_budget(rows[i].per_minute, 0);
    CHECK_INT(gc_shared_budget_left(b, 0), rows[i].burst);
    CHECK(gc_shared_budget_take(b, 0));
    CHECK_INT(gc_shared_budget_wait_ms(b, 0), rows[i].wait_ms);
  }
}

/* In six hours rounding neither loses nor adds a request, for short and long
 * intervals between reads of the clock. */
static void the_refill_is_exact_over_hours(void) {
  static const uint32_t steps_ms[] = {1, 7, 267, 999, 59999};
  for (size_t s = 0; s < GC_COUNT(steps_ms); s++) {
    struct gc_shared_budget *b;
    uint64_t taken = 0, now_ms = 0, end_ms = 6 * 3600 * 1000;
    b = begin_budget(250, 0);
    for (; now_ms <= end_ms; now_ms += steps_ms[s])
      while (gc_shared_budget_take(b, now_ms))
        taken++;
    now_ms -= steps_ms[s];
    uint64_t whole = 25 + now_ms * 225 / MINUTE_MS;
    /* With long steps the bucket is full for a while; only then fewer requests
     * may pass. */
    if (steps_ms[s] < 6000)
      CHECK_INT(taken, whole);
    else
      CHECK(taken <= whole);
  }
}

static void the_returned_wait_is_exact(void) {
  lot = 7;
  for (uint32_t per_minute = 2; per_minute < 700; per_minute += 13) {
    struct gc_shared_budget *b;
    uint64_t now_ms = 0;
    b = begin_budget(per_minute, now_ms);
    for (int i = 0; i < 200; i++) {
      now_ms += draw_number() % 300;
      while (gc_shared_budget_take(b, now_ms))
        ;
      uint32_t wait_ms = gc_shared_budget_wait_ms(b, now_ms);
      CHECK(wait_ms > 0);
      CHECK(!gc_shared_budget_take(b, now_ms + wait_ms - 1));
      CHECK_INT(gc_shared_budget_wait_ms(b, now_ms + wait_ms), 0);
      CHECK(gc_shared_budget_take(b, now_ms + wait_ms));
      now_ms += wait_ms;
    }
  }
}

static void a_clock_that_stands_or_goes_back_adds_no_requests(void) {
  struct gc_shared_budget *b = begin_budget(100, 60000);
  for (int i = 0; i < 10; i++)
    CHECK(gc_shared_budget_take(b, 60000));
  for (int i = 0; i < 1000; i++)
    CHECK(!gc_shared_budget_take(b, 60000));
  CHECK(!gc_shared_budget_take(b, 0));
  CHECK(!gc_shared_budget_take(b, 59999));
  CHECK_INT(gc_shared_budget_left(b, 60000), 0);
  CHECK(gc_shared_budget_take(b, 60000 + 667));
}

static void a_long_rest_fills_the_bucket_and_no_more(void) {
  static const uint64_t rests_ms[] = {60000, 60001, 3600000, UINT64_MAX / 2,
                                      UINT64_MAX / 270 + 1};
  for (size_t i = 0; i < GC_COUNT(rests_ms); i++) {
    struct gc_shared_budget *b = begin_budget(300, 1);
    while (gc_shared_budget_take(b, 1))
      ;
    CHECK_INT(gc_shared_budget_left(b, 1 + rests_ms[i]), 30);
  }
}

static void a_huge_budget_does_not_overflow(void) {
  struct gc_shared_budget *b = begin_budget(UINT32_MAX, 0);
  CHECK_INT(gc_shared_budget_left(b, 0), UINT32_MAX / 10);
  CHECK(gc_shared_budget_take(b, 0));
  CHECK_INT(gc_shared_budget_left(b, 60000), UINT32_MAX / 10);
  CHECK_INT(gc_shared_budget_wait_ms(b, 60000), 0);
}

int main(void) {
  RUN(no_minute_has_more_requests_than_the_budget);
  RUN(a_tenth_may_burst_and_the_rest_comes_evenly);
  RUN(the_smallest_budgets_work);
  RUN(the_refill_is_exact_over_hours);
  RUN(the_returned_wait_is_exact);
  RUN(a_clock_that_stands_or_goes_back_adds_no_requests);
  RUN(a_long_rest_fills_the_bucket_and_no_more);
  RUN(a_huge_budget_does_not_overflow);
  begin_budget(0, 0);
  return check_done();
}
