/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/removed.h"

#include "tests/support/check.h"

static struct cv_removed make_entry(uint64_t id, int64_t start_ms) {
  return (struct cv_removed){.id = {.high = id * 7919, .low = id},
                             .start_ms = start_ms,
                             .fact_ms = start_ms};
}

static void put_entry(struct cv_removed_set *set, uint64_t id,
                      int64_t start_ms) {
  struct cv_removed e = make_entry(id, start_ms);
  cv_removed_put(set, &e, 1000000);
}

static const struct cv_removed *find_entry(const struct cv_removed_set *set,
                                           uint64_t id) {
  return cv_removed_find(set, make_entry(id, 0).id);
}

static void each_removed_conversation_is_found_until_it_is_forgotten(void) {
  enum { MAX = 100, ALL = 1000 };
  struct cv_removed_set set;
  cv_removed_init(&set, MAX);
  for (uint64_t id = 1; id <= ALL; id++) {
    put_entry(&set, id, (int64_t)id);
    CHECK(find_entry(&set, id) != NULL);
    CHECK_INT(set.forgotten_ms, id <= MAX ? 0 : (int64_t)id - MAX + 1);
  }
  for (uint64_t id = 1; id <= ALL; id++) {
    const struct cv_removed *found = find_entry(&set, id);
    CHECK((found != NULL) == (id > ALL - MAX));
    if (found != NULL)
      CHECK_INT(found->start_ms, id);
  }
  cv_removed_clear(&set);
}

/* An old snapshot brings the conversation back with fewer facts. */
static void an_earlier_removal_that_knew_more_is_kept(void) {
  struct cv_removed_set set;
  struct cv_removed more = make_entry(1, 20), fewer = make_entry(1, 10);
  more.count = 3;
  more.since_ms = 30;
  fewer.count = 2;
  cv_removed_init(&set, 1);
  cv_removed_put(&set, &more, 1000000);
  cv_removed_put(&set, &fewer, 1000000);
  CHECK_INT(find_entry(&set, 1)->start_ms, 20);
  CHECK_INT(find_entry(&set, 1)->fact_ms, 20);
  CHECK_INT(find_entry(&set, 1)->since_ms, 30);
  CHECK_INT(find_entry(&set, 1)->count, 3);
  cv_removed_clear(&set);
}

static void a_second_removal_replaces_the_first(void) {
  struct cv_removed_set set;
  cv_removed_init(&set, 1);
  put_entry(&set, 1, 10);
  put_entry(&set, 1, 20);
  CHECK_INT(find_entry(&set, 1)->start_ms, 20);
  CHECK_INT(set.count, 1);
  cv_removed_clear(&set);
}

static void a_start_in_the_future_does_not_hide_the_present(void) {
  struct cv_removed_set set;
  cv_removed_init(&set, 1);
  put_entry(&set, 1, INT64_C(9000000000000));
  for (uint64_t id = 2; id < 100; id++)
    put_entry(&set, id, 5);
  CHECK_INT(set.forgotten_ms, 1000000);
  cv_removed_clear(&set);
}

static void memory_is_bounded(void) {
  struct cv_removed_set set;
  cv_removed_init(&set, 100);
  for (uint64_t id = 1; id < 100; id++)
    put_entry(&set, id, 1);
  put_entry(&set, 100, 1);
  size_t bytes = cv_removed_bytes(&set);
  for (uint64_t id = 101; id < 10000; id++)
    put_entry(&set, id, 1);
  CHECK_INT(cv_removed_bytes(&set), bytes);
  cv_removed_clear(&set);
}

int main(void) {
  RUN(each_removed_conversation_is_found_until_it_is_forgotten);
  RUN(a_second_removal_replaces_the_first);
  RUN(an_earlier_removal_that_knew_more_is_kept);
  RUN(a_start_in_the_future_does_not_hide_the_present);
  RUN(memory_is_bounded);
  return check_done();
}
