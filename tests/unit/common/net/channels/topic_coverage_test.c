/* SPDX-License-Identifier: MIT */
#include "common/net/channels/topic_coverage.h"

#include "tests/support/check.h"

static struct gc_topic_coverage c, gone;

static void select_ids(const char **ids, size_t count) {
  gc_topic_coverage_clear(&gone);
  CHECK_INT(gc_topic_coverage_update(&c, (char **)ids, count, &gone), GC_OK);
}

static void a_selection_is_kept_in_order_and_each_queue_once(void) {
  const char *ids[] = {"q3", "Q1", "q2", "q1"};
  select_ids(ids, 4);
  CHECK_INT(c.count, 3);
  CHECK_INT(c.covered, 0);
  CHECK(gc_topic_coverage_find(&c, "q1") == c.at[0]);
  CHECK(gc_topic_coverage_find(&c, "Q3") == c.at[2]);
  CHECK(gc_topic_coverage_find(&c, "q4") == NULL);
  CHECK(gc_topic_coverage_find(&c, "") == NULL);
  gc_topic_coverage_clear(&c);
  CHECK(gc_topic_coverage_find(&c, "q1") == NULL);
}

static void queues_that_stay_keep_their_state(void) {
  const char *first[] = {"a", "b", "c", "e"}, *second[] = {"b", "c", "d"};
  select_ids(first, 4);
  struct gc_covered_queue *b = gc_topic_coverage_find(&c, "b");
  gc_topic_coverage_set(&c, b, true);
  gc_topic_coverage_set(&c, gc_topic_coverage_find(&c, "a"), true);
  CHECK_INT(c.covered, 2);

  select_ids(second, 3);
  CHECK(gc_topic_coverage_find(&c, "b") == b);
  CHECK(b->is_covered);
  CHECK(!gc_topic_coverage_find(&c, "d")->is_covered);
  CHECK_INT(c.covered, 1);
  CHECK_INT(c.count, 3);
  CHECK_INT(gone.count, 2);
  CHECK_STR(gone.at[0]->id, "a");
  CHECK_STR(gone.at[1]->id, "e");

  select_ids(NULL, 0);
  CHECK_INT(c.count, 0);
  CHECK_INT(c.covered, 0);
  CHECK_INT(gone.count, 3);
  gc_topic_coverage_clear(&gone);
  gc_topic_coverage_clear(&c);
}

static void a_queue_is_counted_as_covered_once(void) {
  const char *ids[] = {"a"};
  select_ids(ids, 1);
  gc_topic_coverage_set(&c, c.at[0], true);
  gc_topic_coverage_set(&c, c.at[0], true);
  CHECK_INT(c.covered, 1);
  gc_topic_coverage_set(&c, c.at[0], false);
  gc_topic_coverage_set(&c, c.at[0], false);
  CHECK_INT(c.covered, 0);
  gc_topic_coverage_clear(&gone);
  gc_topic_coverage_clear(&c);
}

int main(void) {
  RUN(a_selection_is_kept_in_order_and_each_queue_once);
  RUN(queues_that_stay_keep_their_state);
  RUN(a_queue_is_counted_as_covered_once);
  return check_done();
}
