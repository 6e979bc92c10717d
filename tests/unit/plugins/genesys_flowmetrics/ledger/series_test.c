/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/series.h"

#include "tests/support/check.h"

static struct series_set set;

static struct series *find(const char *scope, unsigned number, size_t max) {
  struct series *s = NULL;
  char metric[16];
  snprintf(metric, sizeof(metric), "M%u", number);
  return series_find(&set, scope, "Flow", metric, max, &s) == GC_OK ? s : NULL;
}

/* Counted at that minute, and dispatched. */
static void count(struct series *s, uint32_t minute) {
  s->kept.id = 1;
  s->kept.count++;
  s->kept.shown = true;
  s->kept.last_minute = minute;
}

static void only_the_idle_are_retired(void) {
  count(find("h", 0, 9), 100);
  count(find("h", 1, 9), 200);
  CHECK(find("h", 2, 9) != NULL); /* no time known */
  CHECK_INT(series_retire(&set, 100), 0);
  CHECK_INT(series_retire(&set, 101), 1);
  CHECK_INT(series_retire(&set, 101), 0);
  CHECK(find("h", 0, 9)->is_retired);
  CHECK(!find("h", 1, 9)->is_retired);
  CHECK_INT(series_in_scope(&set, "h"), 2);
  series_clear(&set);
}

static void who_comes_back_shows_what_it_had_if_it_was_ever_seen(void) {
  struct series *seen = find("h", 0, 9), *unseen = find("h", 1, 9);
  count(seen, 1);
  count(seen, 1);
  count(unseen, 1);
  unseen->kept.shown = false;
  CHECK_INT(series_retire(&set, 2), 2);
  CHECK_INT(series_revive(seen, 9), GC_OK);
  CHECK_INT(series_revive(unseen, 9), GC_OK);
  CHECK(seen->is_back && !seen->is_retired);
  CHECK_INT(seen->back_count, 2);
  CHECK(!unseen->is_back); /* its 0 is still to come */
  CHECK_INT(series_in_scope(&set, "h"), 2);
  CHECK_INT(series_revive(seen, 1), GC_OK); /* it is there */
  series_clear(&set);
}

static void scopes_have_limits_of_their_own(void) {
  count(find("a", 0, 1), 1);
  CHECK(find("a", 1, 1) == NULL);
  CHECK(find("b", 1, 1) != NULL);
  CHECK_INT(series_retire(&set, 2), 1);
  struct series *old = find("a", 0, 1);
  CHECK(find("a", 1, 1) != NULL);
  CHECK_INT(series_revive(old, 1), GC_ERR_LIMIT);
  CHECK(old->is_retired);
  series_clear(&set);
}

/* A flow that makes names of data would fill the memory with retired ones. */
static void the_retired_are_bounded_too(void) {
  unsigned made = 0;
  for (unsigned round = 1; round <= 20; round++)
    for (unsigned i = 0; i < 2; i++) {
      struct series *s = find("h", made, 2);
      if (s == NULL)
        continue;
      made++;
      count(s, round);
      (void)series_retire(&set, round + (i == 1));
    }
  CHECK_INT(made, 2 * SERIES_RETIRED_MAX);
  CHECK_INT(set.count, 2 * SERIES_RETIRED_MAX);
  series_clear(&set);
}

static void labels_that_are_not_the_name_are_noted(void) {
  struct series *s = NULL;
  CHECK_INT(series_find(&set, "h", "A_B", "x", 9, &s), GC_OK);
  CHECK_INT(series_find(&set, "h", "A/B", "x", 9, &s), GC_OK);
  CHECK_INT(set.collisions, 1);
  CHECK_STR(set.collided_flow, "A_B~2");
  CHECK_STR(set.collided_metric, "x");
  CHECK_INT(series_find(&set, "h", "C", "x", 9, &s), GC_OK);
  CHECK_INT(set.collisions, 1);
  series_clear(&set);
}

int main(void) {
  RUN(only_the_idle_are_retired);
  RUN(who_comes_back_shows_what_it_had_if_it_was_ever_seen);
  RUN(scopes_have_limits_of_their_own);
  RUN(the_retired_are_bounded_too);
  RUN(labels_that_are_not_the_name_are_noted);
  return check_done();
}
