/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/series.h"

#include "tests/support/check.h"

static struct series_set set;

static struct series *find_series(const char *scope, unsigned number,
                                  size_t max) {
  struct series *s = NULL;
  char metric[16];
  snprintf(metric, sizeof(metric), "M%u", number);
  return series_find(&set, scope, "Flow", metric, max, &s) == GC_OK ? s : NULL;
}

/* Counts at the given minute. */
static void count_at(struct series *s, uint32_t minute) {
  s->kept.id = 1;
  s->kept.count++;
  s->kept.last_minute = minute;
}

/* Counts as above; the first 0 of the series is recorded. */
static void show_at(struct series *s, uint32_t minute) {
  count_at(s, minute);
  series_apply(s, SERIES_RECORDED);
}

static void only_idle_series_are_retired(void) {
  show_at(find_series("h", 0, 9), 100);
  show_at(find_series("h", 1, 9), 200);
  CHECK(find_series("h", 2, 9) != NULL); /* no time known */
  CHECK_INT(series_retire_idle(&set, 100), 0);
  CHECK_INT(series_retire_idle(&set, 101), 1);
  CHECK_INT(series_retire_idle(&set, 101), 0);
  CHECK(find_series("h", 0, 9)->is_retired);
  CHECK(!find_series("h", 1, 9)->is_retired);
  CHECK_INT(series_count_active(&set, "h", NULL), 2);
  series_clear(&set);
}

static void
a_series_that_returns_shows_its_earlier_count_if_it_was_ever_shown(void) {
  struct series *shown = find_series("h", 0, 9),
                *unseen = find_series("h", 1, 9);
  show_at(shown, 1);
  show_at(shown, 1);
  count_at(unseen, 1);
  CHECK_INT(series_retire_idle(&set, 2), 2);
  CHECK_INT(series_revive(&set, shown, 9), GC_OK);
  CHECK_INT(series_revive(&set, unseen, 9), GC_OK);
  CHECK_INT(shown->state, SERIES_NEW); /* its earlier count is due */
  CHECK(shown->kept.shown);
  CHECK_INT(shown->returned.count, 2);
  CHECK_INT(unseen->state, SERIES_NEW); /* its 0 is still to come */
  CHECK_INT(series_count_active(&set, "h", NULL), 2);
  CHECK_INT(series_revive(&set, shown, 1), GC_OK); /* not retired: no limit */
  series_clear(&set);
}

/* Each state and event, of a series that was not shown before. */
static void each_event_leads_to_one_state(void) {
  static const struct {
    enum series_event event;
    const char *to; /* from New, First sent, first Writing, Shown */
  } rows[] = {
      {SERIES_SENT, "FFWS"},      {SERIES_WRITE, "NWWS"},
      {SERIES_COMMIT, "NFSS"},    {SERIES_ROLL_BACK, "NFFS"},
      {SERIES_RECORDED, "SSSS"},  {SERIES_RETURNED, "NFWN"},
      {SERIES_FORGOTTEN, "NNNS"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (int from = SERIES_NEW; from <= SERIES_SHOWN; from++) {
      struct series s = {.state = (enum series_state)from};
      s.kept.shown = from == SERIES_SHOWN;
      series_apply(&s, rows[i].event);
      CHECK_INT("-NFWS"[s.state], rows[i].to[from - SERIES_NEW]);
      CHECK(s.kept.shown == (s.state == SERIES_SHOWN || from == SERIES_SHOWN));
    }
}

/* The record is in the store already, so it is not written again. */
static void a_series_that_returned_sends_its_first_value_once(void) {
  struct series s = {.state = SERIES_SHOWN, .kept = {.shown = true}};
  series_apply(&s, SERIES_RETURNED);
  series_apply(&s, SERIES_WRITE);
  series_apply(&s, SERIES_RECORDED); /* the store is opened again */
  CHECK_INT(s.state, SERIES_NEW);
  CHECK(s.kept.shown);
  series_apply(&s, SERIES_SENT);
  CHECK_INT(s.state, SERIES_SHOWN);
}

static void scopes_have_limits_of_their_own(void) {
  show_at(find_series("a", 0, 1), 1);
  CHECK(find_series("a", 1, 1) == NULL);
  CHECK(find_series("b", 1, 1) != NULL);
  CHECK_INT(series_retire_idle(&set, 2), 1);
  struct series *old = find_series("a", 0, 1);
  CHECK(find_series("a", 1, 1) != NULL);
  CHECK_INT(series_revive(&set, old, 1), GC_ERR_LIMIT);
  CHECK(old->is_retired);
  series_clear(&set);
}

/* A flow that puts data into names must not fill the memory with retired
 * series. */
static void retired_series_are_bounded_too(void) {
  unsigned made = 0;
  for (unsigned round = 1; round <= 20; round++)
    for (unsigned i = 0; i < 2; i++) {
      struct series *s = find_series("h", made, 2);
      if (s == NULL)
        continue;
      made++;
      show_at(s, round);
      (void)series_retire_idle(&set, round + (i == 1));
    }
  CHECK_INT(made, 2 * SERIES_RETIRED_MAX);
  CHECK_INT(set.count, 2 * SERIES_RETIRED_MAX);
  series_clear(&set);
}

static void labels_that_differ_from_the_name_are_noted(void) {
  struct series *s = NULL;
  CHECK_INT(series_find(&set, "h", "A_B", "x", 9, &s), GC_OK);
  CHECK_INT(series_find(&set, "h", "A/B", "x", 9, &s), GC_OK);
  CHECK_INT(set.renamed, 1);
  CHECK_STR(set.newest_renamed->kept.flow_label, "A_B~2");
  CHECK_STR(set.newest_renamed->kept.metric_label, "x");
  CHECK_INT(series_find(&set, "h", "C", "x", 9, &s), GC_OK);
  CHECK_INT(set.renamed, 1);
  series_clear(&set);
}

int main(void) {
  RUN(only_idle_series_are_retired);
  RUN(a_series_that_returns_shows_its_earlier_count_if_it_was_ever_shown);
  RUN(each_event_leads_to_one_state);
  RUN(a_series_that_returned_sends_its_first_value_once);
  RUN(scopes_have_limits_of_their_own);
  RUN(retired_series_are_bounded_too);
  RUN(labels_that_differ_from_the_name_are_noted);
  return check_done();
}
