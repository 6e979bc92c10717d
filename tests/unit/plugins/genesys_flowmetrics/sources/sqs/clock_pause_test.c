/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/clock_pause.h"

#include "common/base/cleanup.h"
#include "tests/support/check.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };
#define DAY (INT64_C(24) * 60 * MINUTE)
#define WALL INT64_C(1700000000000)

/* Receives whenever it is allowed, each answer being doubtful, and writes the
 * minutes of the receipts. */
static unsigned receive_for(struct clock_pause *p, unsigned minutes,
                            uint64_t *at_minute) {
  unsigned count = 0;
  for (uint64_t ms = 0; ms < (uint64_t)minutes * MINUTE; ms += SECOND) {
    if (clock_pause_holds(p, ms, WALL + (int64_t)ms))
      continue;
    at_minute[count++] = ms / MINUTE;
    CHECK(clock_pause_note(p, true, ms, WALL + (int64_t)ms));
  }
  return count;
}

static void a_clock_that_stays_wrong_uses_up_few_receipts(void) {
  static const uint64_t want[] = {0, 5, 15, 35, 75, 135, 195};
  uint64_t at_minute[400];
  struct clock_pause p = {0};
  CHECK_INT(receive_for(&p, 200, at_minute), GC_COUNT(want));
  for (size_t i = 0; i < GC_COUNT(want); i++)
    CHECK_INT(at_minute[i], want[i]);
}

static void a_pause_ends_when_the_clock_is_set(void) {
  static const struct {
    const char *name;
    int64_t step_ms;
    bool holds;
  } rows[] = {
      {"no step", 0, true},
      {"NTP corrects some seconds", 30 * SECOND, true},
      {"two days forward", 2 * DAY, false},
      {"two days back", -2 * DAY, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct clock_pause p = {0};
    CHECK_ROW(rows[i].name);
    CHECK(clock_pause_note(&p, true, 1000, WALL));
    CHECK(clock_pause_holds(&p, 1000, WALL));
    CHECK_INT(clock_pause_holds(&p, 2000, WALL + 1000 + rows[i].step_ms),
              rows[i].holds);
  }
}

static void a_good_answer_ends_the_pause_and_its_growth(void) {
  struct clock_pause p = {0};
  CHECK(clock_pause_note(&p, true, 0, WALL));
  CHECK(!clock_pause_note(&p, false, 1000, WALL + 1000));
  CHECK(!clock_pause_holds(&p, 1000, WALL + 1000));
  CHECK(clock_pause_note(&p, true, 2000, WALL + 2000));
  CHECK_INT(p.until_ms, 2000 + CLOCK_PAUSE_MIN_MS);
}

/* Both consumers had a request under way when the pause began. */
static void
answers_that_were_requested_before_the_pause_do_not_prolong_it(void) {
  struct clock_pause p = {0};
  CHECK(clock_pause_note(&p, true, 0, WALL));
  CHECK(clock_pause_note(&p, true, 5000, WALL + 5000));
  CHECK_INT(p.until_ms, CLOCK_PAUSE_MIN_MS);
}

int main(void) {
  RUN(a_clock_that_stays_wrong_uses_up_few_receipts);
  RUN(a_pause_ends_when_the_clock_is_set);
  RUN(a_good_answer_ends_the_pause_and_its_growth);
  RUN(answers_that_were_requested_before_the_pause_do_not_prolong_it);
  return check_done();
}
