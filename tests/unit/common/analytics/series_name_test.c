/* SPDX-License-Identifier: MIT */
#include "common/analytics/series_name.h"

#include "tests/support/check.h"

static const struct gc_entry entries[] = {{"q1", "Sales", "Sales", ""},
                                          {"q2", "Test", "Test", ""},
                                          {"q3", "Sales", "Sales~2", ""}};

static void names_are_the_labels_of_the_list(void) {
  static const struct {
    enum gc_query_label label;
    const char *id, *text; /* NULL: not known yet */
  } rows[] = {
      {GC_QUERY_LABEL_NAME, "q3", "Sales~2"},
      {GC_QUERY_LABEL_ID, "q3", "q3"},
      {GC_QUERY_LABEL_BOTH, "q3", "Sales@q3"},
      {GC_QUERY_LABEL_NAME, "q9", "Gone"},
      {GC_QUERY_LABEL_NAME, "q8", NULL},
      {GC_QUERY_LABEL_ID, "q8", "q8"},
      {GC_QUERY_LABEL_BOTH, "q8", NULL},
      {GC_QUERY_LABEL_NAME, "", "none"},
  };
  static const struct gc_entry old = {"q9", "Gone", "Gone", ""};
  struct gc_naming n = {
      .lists = {[GC_QUEUE] = {gc_entities_new(entries, 3, false),
                              gc_entities_new(&old, 1, false)}}};
  char text[GC_NAME_SIZE];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].id);
    n.label = rows[i].label;
    CHECK(gc_naming_text(&n, GC_DIMENSION_QUEUE, rows[i].id, text) ==
          (rows[i].text != NULL));
    CHECK(gc_naming_is_missing(&n, GC_DIMENSION_QUEUE, rows[i].id) ==
          (rows[i].text == NULL));
    if (rows[i].text != NULL)
      CHECK_STR(text, rows[i].text);
  }
  CHECK(gc_naming_text(&n, GC_DIMENSION_WORD, "a/b", text));
  CHECK_STR(text, "a_b");
  gc_naming_clear(&n);
}

int main(void) {
  RUN(names_are_the_labels_of_the_list);
  return check_done();
}
