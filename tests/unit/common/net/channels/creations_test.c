/* SPDX-License-Identifier: MIT */
#include "common/net/channels/creations.h"

#include "tests/support/check.h"

enum { START_MS = 1000, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* Creates a channel whenever it is allowed, for `hours`. */
static unsigned create_for(struct gc_creations *c, uint64_t from_ms,
                           unsigned hours) {
  unsigned count = 0;
  for (uint64_t ms = from_ms; ms < from_ms + hours * (uint64_t)HOUR_MS;
       ms += MINUTE_MS)
    if (gc_creations_next_ms(c, ms) == ms) {
      gc_creations_take(c, ms);
      count++;
    }
  return count;
}

static void six_creations_an_hour_and_twelve_a_day_are_allowed(void) {
  static const struct {
    const char *name;
    unsigned hours, count;
  } rows[] = {
      {"an hour", 1, 6},    {"two hours", 2, 12}, {"a day", 24, 12},
      {"25 hours", 25, 18}, {"two days", 48, 24},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_creations c = {{0}};
    CHECK_ROW(rows[i].name);
    CHECK_INT(create_for(&c, START_MS, rows[i].hours), rows[i].count);
  }
}

static void the_next_creation_has_a_time_when_the_budget_is_spent(void) {
  struct gc_creations c = {{0}};
  for (unsigned i = 0; i < 6; i++) {
    CHECK_INT(gc_creations_next_ms(&c, START_MS + i), START_MS + i);
    gc_creations_take(&c, START_MS + i);
  }
  CHECK_INT(gc_creations_next_ms(&c, START_MS + 6), START_MS + HOUR_MS);
  for (unsigned i = 0; i < 6; i++)
    gc_creations_take(&c, START_MS + HOUR_MS + i);
  CHECK_INT(gc_creations_next_ms(&c, START_MS + 2 * HOUR_MS + 6),
            START_MS + 24 * (uint64_t)HOUR_MS);
}

static void a_failed_creation_is_returned_to_the_budget(void) {
  struct gc_creations c = {{0}};
  for (unsigned i = 0; i < 6; i++)
    gc_creations_take(&c, START_MS);
  CHECK(gc_creations_next_ms(&c, START_MS) > START_MS);
  gc_creations_give_back(&c);
  CHECK_INT(gc_creations_next_ms(&c, START_MS), START_MS);
}

int main(void) {
  RUN(six_creations_an_hour_and_twelve_a_day_are_allowed);
  RUN(the_next_creation_has_a_time_when_the_budget_is_spent);
  RUN(a_failed_creation_is_returned_to_the_budget);
  return check_done();
}
