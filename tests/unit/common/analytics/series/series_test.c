/* SPDX-License-Identifier: MIT */
#include "common/analytics/series/series.h"

#include <string.h>

#include "tests/support/check.h"

static struct gc_series_set set;

static uint32_t put_key(const char *key) {
  uint32_t number = UINT32_MAX;
  CHECK_INT(gc_series_put(&set, key, strlen(key), &number), GC_OK);
  return number;
}

/* Passes one window, in which the series `key` has an event. */
static void pass_window(const char *key) {
  const struct gc_amount one = {1, 2.0};
  gc_series_add(&set, put_key(key), &one, GC_SETTLES_BASE);
  set.windows++;
}

static int64_t count_of(const char *key) {
  return set.at[put_key(key)].base.count;
}

static void mark_saved(void) {
  for (uint32_t i = 0; i < set.keys.count; i++)
    set.at[i].is_dirty = false;
}

static void series_without_events_are_removed(void) {
  set.keys.max = 3;
  pass_window("a");
  pass_window("b");
  pass_window("c");
  pass_window("b");
  CHECK_INT(gc_series_forget_idle(&set, 3), 0); /* none of them is saved */
  mark_saved();
  CHECK_INT(gc_series_forget_idle(&set, 3), 1); /* a */
  CHECK_INT(set.keys.count, 2);
  CHECK_INT(count_of("b"), 2);
  CHECK_INT(count_of("c"), 1);
  CHECK_INT(gc_series_forget_idle(&set, 3), 0);
  pass_window("d"); /* takes its place */
  CHECK_INT(count_of("b"), 2);
  CHECK_INT(count_of("d"), 1);
  CHECK(set.at[put_key("d")].is_dirty);
  gc_series_clear(&set);
}

static void a_correction_is_an_event(void) {
  set.keys.max = 3;
  pass_window("a");
  pass_window("b");
  set.at[put_key("a")].again = (struct gc_amount){1, 0.0};
  (void)gc_series_revise(&set, GC_SETTLES_BASE);
  (void)put_key("c"); /* read again, in no new window */
  mark_saved();
  set.windows++;
  CHECK_INT(gc_series_forget_idle(&set, 2), 1);
  CHECK_INT(set.keys.count, 2);
  CHECK_INT(count_of("a"), 1);
  gc_series_clear(&set);
}

static void a_counter_never_falls_and_carries_corrections(void) {
  uint32_t n;
  set.keys.max = 2;
  CHECK_INT(gc_series_put(&set, "a", 1, &n), GC_OK);
  struct gc_series *s = &set.at[n];
  gc_series_revise(&set, GC_SETTLES_BASE);
  gc_series_add(&set, 0, &(struct gc_amount){10, 5.0}, GC_SETTLES_NOT);
  CHECK_INT(gc_series_counter(s), 10);
  s->again = (struct gc_amount){4, 2.0};
  CHECK_INT(gc_series_revise(&set, GC_SETTLES_BASE), 1);
  CHECK_INT(gc_series_counter(s), 10);
  CHECK_INT(gc_series_carried(&set), 6);
  CHECK_REAL(s->total.sum, 2.0);
  s->again = s->settle = (struct gc_amount){4, 2.0};
  CHECK_INT(gc_series_revise(&set, GC_SETTLES_BASE), 0);
  CHECK_INT(s->base.count, 4);
  gc_series_add(&set, 0, &(struct gc_amount){7, 1.0}, GC_SETTLES_BASE);
  CHECK_INT(s->base.count, 11);
  CHECK_INT(gc_series_counter(s), 11);
  CHECK_INT(gc_series_carried(&set), 0);
  CHECK_INT(gc_series_put(&set, "b", 1, &n), GC_OK);
  CHECK_INT(gc_series_put(&set, "c", 1, &n), GC_ERR_LIMIT);
  CHECK_INT(gc_series_put(&set, "a", 1, &n), GC_OK);
  gc_series_clear(&set);
}

int main(void) {
  RUN(series_without_events_are_removed);
  RUN(a_correction_is_an_event);
  RUN(a_counter_never_falls_and_carries_corrections);
  return check_done();
}
