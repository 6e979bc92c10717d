/* SPDX-License-Identifier: MIT */
#include "common/analytics/selection.h"

#include "tests/support/check.h"

static const struct gc_entry entries[] = {{"q1", "Sales", "Sales", ""},
                                          {"q2", "Test", "Test", ""},
                                          {"q3", "Sales", "Sales~2", ""}};

static void a_deleted_queue_stays_chosen_and_a_renamed_one_does_not(void) {
  static const struct gc_entry later[] = {{"q2", "Test", "Test", ""},
                                          {"q3", "Other", "Other", ""}};
  char *selectors[] = {(char[]){"Sal*"}};
  struct gc_filter f = {.is_by_filter = true, .is_grouped = true};
  struct gc_entities *entities = gc_entities_new(entries, 3, false);
  uint32_t n;
  CHECK(gc_filter_is_empty(&f));
  CHECK_INT(gc_filter_make(&f, entities, selectors, 1), GC_OK);
  CHECK_INT(f.ids.count, 2);
  CHECK(gc_filter_for_request(&f) == &f.ids &&
        gc_filter_for_answers(&f) == &f.ids);
  gc_entities_put(entities);
  entities = gc_entities_new(later, 2, false);
  CHECK_INT(gc_filter_make(&f, entities, selectors, 1), GC_OK);
  CHECK_INT(f.ids.count, 1);
  CHECK(gc_intern_find(&f.ids, "q1", 2, &n));
  gc_entities_put(entities);
  gc_filter_clear(&f);
}

static void when_the_list_is_refused_ids_are_chosen(void) {
  char *selectors[] = {(char[]){"q7"}, (char[]){"Sal*"}};
  struct gc_filter f = {.is_by_filter = true, .is_grouped = true};
  struct gc_entities *entities = gc_entities_new(NULL, 0, true);
  CHECK_INT(gc_filter_make(&f, entities, selectors, 2), GC_OK);
  CHECK_INT(f.ids.count, 1);
  CHECK_STR(gc_intern_text(&f.ids, 0), "q7");
  CHECK_INT(gc_filter_make(&f, entities, selectors, 0), GC_OK);
  CHECK(f.is_all && !gc_filter_is_empty(&f));
  CHECK(gc_filter_for_request(&f) == NULL && gc_filter_for_answers(&f) == NULL);
  gc_entities_put(entities);
  gc_filter_clear(&f);
}

int main(void) {
  RUN(a_deleted_queue_stays_chosen_and_a_renamed_one_does_not);
  RUN(when_the_list_is_refused_ids_are_chosen);
  return check_done();
}
