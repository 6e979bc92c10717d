/* SPDX-License-Identifier: MIT */
#include "common/net/channels/creations.h"

#include "tests/support/check.h"

enum { START_MS = 1000, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* Creates a channel whenever it is allowed, for `hours`. */
static unsigned create_for(struct gc_creations *c, enum gc_creation kind,
                           uint64_t from_ms, unsigned hours) {
  unsigned count = 0;
  for (uint64_t ms = from_ms; ms < from_ms + hours * (uint64_t)HOUR_MS;
       ms += MINUTE_MS)
    if (gc_creations_next_ms(c, kind, ms) == ms) {
      gc_creations_take(c, kind, ms);
      count++;
    }
  return count;
}

static void each_kind_has_a_limit_an_hour_and_a_day(void) {
  static const struct {
    const char *name;
    enum gc_creation kind;
    unsigned hours, count;
  } rows[] = {
      {"lost, an hour", GC_CREATION_LOST, 1, 6},
      {"lost, two hours", GC_CREATION_LOST, 2, 12},
      {"lost, a day", GC_CREATION_LOST, 24, 12},
      {"lost, 25 hours", GC_CREATION_LOST, 25, 18},
      {"lost, two days", GC_CREATION_LOST, 48, 24},
      {"renewals, an hour", GC_CREATION_RENEWAL, 1, 6},
      {"renewals, a day", GC_CREATION_RENEWAL, 24, 30},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_creations c = {{{0}}};
    CHECK_ROW(rows[i].name);
    CHECK_INT(create_for(&c, rows[i].kind, START_MS, rows[i].hours),
              rows[i].count);
  }
}

static void the_next_creation_has_a_time_when_the_budget_is_spent(void) {
  struct gc_creations c = {{{0}}};
  for (unsigned i = 0; i < 6; i++) {
    CHECK_INT(gc_creations_next_ms(&c, GC_CREATION_LOST, START_MS + i),
              START_MS + i);
    gc_creations_take(&c, GC_CREATION_LOST, START_MS + i);
  }
  CHECK_INT(gc_creations_next_ms(&c, GC_CREATION_LOST, START_MS + 6),
            START_MS + HOUR_MS);
  for (unsigned i = 0; i < 6; i++)
    gc_creations_take(&c, GC_CREATION_LOST, START_MS + HOUR_MS + i);
  CHECK_INT(
      gc_creations_next_ms(&c, GC_CREATION_LOST, START_MS + 2 * HOUR_MS + 6),
      START_MS + 24 * (uint64_t)HOUR_MS);
}

static void a_failed_creation_is_returned_to_the_budget(void) {
  struct gc_creations c = {{{0}}};
  for (unsigned i = 0; i < 6; i++)
    gc_creations_take(&c, GC_CREATION_LOST, START_MS);
  CHECK(gc_creations_next_ms(&c, GC_CREATION_LOST, START_MS) > START_MS);
  gc_creations_give_back(&c, GC_CREATION_LOST);
  CHECK_INT(gc_creations_next_ms(&c, GC_CREATION_LOST, START_MS), START_MS);
}

static void renewals_take_nothing_from_the_budget_of_lost_channels(void) {
  struct gc_creations c = {{{0}}};
  CHECK_INT(create_for(&c, GC_CREATION_RENEWAL, START_MS, 24), 30);
  CHECK_INT(create_for(&c, GC_CREATION_LOST, START_MS + 24 * HOUR_MS, 1), 6);
}

int main(void) {
  RUN(each_kind_has_a_limit_an_hour_and_a_day);
  RUN(renewals_take_nothing_from_the_budget_of_lost_channels);
  RUN(the_next_creation_has_a_time_when_the_budget_is_spent);
  RUN(a_failed_creation_is_returned_to_the_budget);
  return check_done();
}
