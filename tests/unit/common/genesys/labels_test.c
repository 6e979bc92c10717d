/* SPDX-License-Identifier: MIT */
#include "common/genesys/labels.h"

#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/genesys/clean_name.h"
#include "tests/support/check.h"

static unsigned changes;

static void count_change(void *ctx, const struct gc_label_row *row) {
  CHECK(row->id != NULL && row->name != NULL && row->label != NULL);
  (void)ctx;
  changes++;
}

static void assign_labels(struct gc_labels *l, const struct gc_named *batch,
                          size_t count) {
  changes = 0;
  gc_labels_assign(l, batch, count, count_change, NULL);
}

static void assign_one(struct gc_labels *l, const char *id, const char *name) {
  assign_labels(l, &(struct gc_named){id, name}, 1);
}

static void the_label_is_the_clean_name(void) {
  struct gc_labels *l = gc_labels_new();
  static const struct gc_named batch[] = {
      {"1", "Sales"}, {"2", "a/b"},   {"3", ""},     {"4", NULL},
      {"5", " / "},   {"6", "sales"}, {"", "nobody"}};
  assign_labels(l, batch, GC_COUNT(batch));
  CHECK_STR(gc_labels_get(l, "1"), "Sales");
  CHECK_STR(gc_labels_get(l, "2"), "a_b");
  CHECK_STR(gc_labels_get(l, "3"), "3");
  CHECK_STR(gc_labels_get(l, "4"), "4");
  CHECK_STR(gc_labels_get(l, "5"), "5");
  CHECK_STR(gc_labels_get(l, "6"), "sales");
  CHECK(gc_labels_get(l, "") == NULL);
  CHECK(gc_labels_get(l, "7") == NULL);
  CHECK_INT(changes, 6);
  CHECK_INT(gc_labels_collisions(l).count, 0);
  CHECK(gc_labels_collisions(l).id == NULL);
  gc_labels_free(l);
  gc_labels_free(NULL);
}

static void names_with_one_clean_form_get_numbers_in_any_order(void) {
  static const struct gc_named batch[] = {{"c", "a/b"},
                                          {"a", "a_b"},
                                          {"d", "a_b~2"},
                                          {"b", "a\x01"
                                                "b"}};
  static const int orders[][4] = {
      {0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}};
  for (size_t i = 0; i < GC_COUNT(orders); i++) {
    struct gc_labels *l = gc_labels_new();
    struct gc_named shuffled[5];
    for (size_t k = 0; k < 4; k++)
      shuffled[k] = batch[orders[i][k]];
    shuffled[4] = shuffled[0]; /* twice in one batch */
    assign_labels(l, shuffled, 5);
    CHECK_STR(gc_labels_get(l, "a"), "a_b");
    CHECK_STR(gc_labels_get(l, "b"), "a_b~2");
    CHECK_STR(gc_labels_get(l, "c"), "a_b~3");
    CHECK_STR(gc_labels_get(l, "d"), "a_b~2~2");
    CHECK_INT(changes, 4);
    struct gc_label_collisions found = gc_labels_collisions(l);
    CHECK_INT(found.count, 3);
    CHECK_STR(found.id, "b");
    CHECK_STR(found.label, "a_b~2");
    CHECK_STR(found.first_id, "a");
    gc_labels_free(l);
  }
}

static void an_id_given_two_names_at_once_has_one_in_any_order(void) {
  static const struct gc_named one[] = {{"1", "B"}, {"1", "A"}};
  static const struct gc_named two[] = {{"1", "A"}, {"1", "B"}};
  struct gc_labels *l = gc_labels_new();
  assign_labels(l, one, 2);
  CHECK_STR(gc_labels_get(l, "1"), "A");
  assign_labels(l, two, 2);
  CHECK_STR(gc_labels_get(l, "1"), "A");
  CHECK_INT(changes, 0);
  gc_labels_free(l);
}

static void an_id_keeps_its_label_and_follows_its_name(void) {
  struct gc_labels *l = gc_labels_new();
  assign_one(l, "2", "Sales");
  assign_one(l, "1", "Sales"); /* added later, although its id is smaller */
  CHECK_STR(gc_labels_get(l, "2"), "Sales");
  CHECK_STR(gc_labels_get(l, "1"), "Sales~2");

  assign_one(l, "1", "Sales");
  CHECK_INT(changes, 0);
  assign_one(l, "2", "EMEA");
  CHECK_INT(changes, 1);
  CHECK_STR(gc_labels_get(l, "2"), "EMEA");
  CHECK_STR(gc_labels_get(l, "1"), "Sales~2");
  CHECK_INT(gc_labels_collisions(l).count, 1);
  CHECK(gc_labels_collisions(l).first_id == NULL);

  assign_one(l, "3", "Sales");
  CHECK_STR(gc_labels_get(l, "3"), "Sales");
  assign_one(l, "4", "Sales");
  CHECK_STR(gc_labels_get(l, "4"), "Sales~3");
  gc_labels_free(l);
}

static void names_may_be_swapped_in_one_batch(void) {
  struct gc_labels *l = gc_labels_new();
  static const struct gc_named before[] = {{"1", "A"}, {"2", "B"}};
  static const struct gc_named after[] = {{"1", "B"}, {"2", "A"}};
  assign_labels(l, before, 2);
  assign_labels(l, after, 2);
  CHECK_STR(gc_labels_get(l, "1"), "B");
  CHECK_STR(gc_labels_get(l, "2"), "A");
  CHECK_INT(changes, 2);
  gc_labels_free(l);
}

static void only_a_removed_id_releases_its_label(void) {
  struct gc_labels *l = gc_labels_new();
  static const struct gc_named batch[] = {
      {"1", "S"}, {"2", "S"}, {"3", "S"}, {"4", "S"}};
  assign_labels(l, batch, 4);
  gc_labels_remove(l, "2");
  gc_labels_remove(l, "2");
  gc_labels_remove(l, "none");
  CHECK(gc_labels_get(l, "2") == NULL);
  assign_one(l, "5", "S");
  CHECK_STR(gc_labels_get(l, "5"), "S~2");
  assign_one(l, "6", "S");
  CHECK_STR(gc_labels_get(l, "6"), "S~5");
  gc_labels_remove(l, "1");
  assign_one(l, "7", "S");
  CHECK_STR(gc_labels_get(l, "7"), "S");
  gc_labels_free(l);
}

static void long_names_are_cut_for_the_number(void) {
  struct gc_labels *l = gc_labels_new();
  char name[200];
  memset(name, 'x', 124);
  memcpy(name + 124, "\xe2\x82\xac", 4); /* 127 bytes, the last one of three */
  static const char *const ids[] = {"1", "2", "3"};
  for (size_t i = 0; i < 3; i++)
    assign_one(l, ids[i], name);
  CHECK_INT(strlen(gc_labels_get(l, "1")), 127);
  CHECK_INT(strlen(gc_labels_get(l, "2")), 126);
  CHECK_HAS(gc_labels_get(l, "2"), "xxx~2");
  CHECK_HAS(gc_labels_get(l, "3"), "xxx~3");
  /* Another long name that is cut to the same beginning. */
  name[124] = 'y';
  name[125] = 'y';
  name[126] = '\0';
  assign_one(l, "4", name);
  assign_one(l, "5", name);
  CHECK_HAS(gc_labels_get(l, "5"), "xy~2");
  gc_labels_free(l);
}

static void store_row(void *ctx, const struct gc_label_row *row) {
  gc_labels_load(ctx, row);
}

static void labels_survive_a_restart(void) {
  struct gc_labels *before = gc_labels_new(), *after = gc_labels_new();
  static const struct gc_named first[] = {{"9", "S"}};
  static const struct gc_named then[] = {{"1", "S"}, {"5", "S"}, {"9", "S"}};
  gc_labels_assign(before, first, 1, store_row, after);
  gc_labels_assign(before, then, 3, store_row, after);

  assign_labels(after, then, 3);
  CHECK_INT(changes, 0);
  CHECK_STR(gc_labels_get(after, "9"), "S");
  CHECK_STR(gc_labels_get(after, "1"), "S~2");
  CHECK_STR(gc_labels_get(after, "5"), "S~3");
  CHECK_INT(gc_labels_collisions(after).count, 2);
  gc_labels_remove(after, "1");
  assign_one(after, "0", "S");
  CHECK_STR(gc_labels_get(after, "0"), "S~2");
  gc_labels_free(before);
  gc_labels_free(after);
}

static void stored_rows_that_are_not_possible_are_left_out(void) {
  static const struct gc_label_row rows[] = {
      {"1", "S", "S"},   {"2", "S", "S"},     {"1", "T", "T"},
      {"3", "a/b", "x"}, {"4", "ab", "a/b"},  {"5", "x", ""},
      {"", "x", "x"},    {"6", "x", "x\xff"}, {"7", "Y", "Y~99999999999"},
  };
  struct gc_labels *l = gc_labels_new();
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    gc_labels_load(l, &rows[i]);
  for (unsigned id = 2; id <= 6; id++)
    CHECK(gc_labels_get(l, (char[]){(char)('0' + id), '\0'}) == NULL);
  CHECK_STR(gc_labels_get(l, "1"), "S");
  CHECK_STR(gc_labels_get(l, "7"), "Y~99999999999");
  gc_labels_free(l);
}

/* An algorithm of quadratic time would need minutes. */
static void a_hundred_thousand_of_one_name_are_fast(void) {
  enum { MANY = 100000 };
  struct gc_labels *l = gc_labels_new();
  struct gc_named *batch = calloc(MANY, sizeof(*batch));
  char(*ids)[16] = calloc(MANY, sizeof(*ids));
  for (unsigned i = 0; i < MANY; i++) {
    snprintf(ids[i], sizeof(ids[i]), "%08u", (i * 7919) % MANY);
    batch[i] = (struct gc_named){ids[i], "Campaign"};
  }
  assign_labels(l, batch, MANY);
  CHECK_INT(changes, MANY);
  CHECK_STR(gc_labels_get(l, "00000000"), "Campaign");
  CHECK_STR(gc_labels_get(l, "00099999"), "Campaign~100000");
  CHECK_INT(gc_labels_collisions(l).count, MANY - 1);
  for (unsigned i = 0; i < MANY; i++)
    batch[i].name = i % 2 == 0 ? "Campaign" : ids[i];
  assign_labels(l, batch, MANY);
  CHECK_INT(changes, MANY / 2);
  for (unsigned i = 0; i < MANY; i++)
    gc_labels_remove(l, ids[i]);
  CHECK(gc_labels_get(l, "00000000") == NULL);
  CHECK(gc_labels_get(l, "00099999") == NULL);
  gc_labels_free(l);
  free(batch);
  free(ids);
}

/* Graphite's writer makes "_" of ".", blanks and the like. */
static void names_that_graphite_cannot_distinguish_get_numbers(void) {
  static const struct gc_named batch[] = {
      {"1", "billing.v2"}, {"2", "billing_v2"}, {"3", "billing v2"},
      {"4", "billing/v2"}, {"5", "billing-v2"}, {"6", "Billing.v2"}};
  struct gc_labels *l = gc_labels_new();
  assign_labels(l, batch, GC_COUNT(batch));
  CHECK_STR(gc_labels_get(l, "1"), "billing.v2");
  CHECK_STR(gc_labels_get(l, "2"), "billing_v2~2");
  CHECK_STR(gc_labels_get(l, "3"), "billing v2~3");
  CHECK_STR(gc_labels_get(l, "4"), "billing_v2~4");
  CHECK_STR(gc_labels_get(l, "5"), "billing-v2");
  CHECK_STR(gc_labels_get(l, "6"), "Billing.v2");
  CHECK_INT(gc_labels_collisions(l).count, 3);
  CHECK_STR(gc_labels_collisions(l).first_id, "1");
  gc_labels_remove(l, "1");
  assign_one(l, "7", "billing_v2");
  CHECK_STR(gc_labels_get(l, "7"), "billing_v2");
  gc_labels_free(l);
}

/* A version that distinguished "a.b" from "a_b" has stored the row. */
static void a_stored_label_that_graphite_would_merge_is_replaced(void) {
  struct gc_labels *l = gc_labels_new();
  gc_labels_load(l, &(struct gc_label_row){"1", "a.b", "a.b"});
  gc_labels_load(l, &(struct gc_label_row){"2", "a_b", "a_b"});
  CHECK(gc_labels_get(l, "2") == NULL);
  assign_one(l, "2", "a_b");
  CHECK_STR(gc_labels_get(l, "2"), "a_b~2");
  gc_labels_free(l);
}

static void names_of_series_without_an_owner_are_no_labels(void) {
  struct gc_labels *l = gc_labels_new();
  assign_one(l, "1", "none");
  assign_one(l, "2", "unassigned");
  CHECK_STR(gc_labels_get(l, "1"), "none~2");
  CHECK_STR(gc_labels_get(l, "2"), "unassigned~2");
  gc_labels_free(l);
}

static const char *label_in(const struct gc_entities *entities,
                            const char *id) {
  const struct gc_entry *e = gc_entities_find(entities, id);
  return e != NULL ? e->label : "";
}

/* One agent has known queue 2 for longer than queue 1; the other agent started
 * after both. Their own labels differ, but the labels by the list are equal. */
static void agents_of_different_age_give_the_same_labels(void) {
  static const struct gc_entry rows[] = {{"1", "Sales", "", "x"},
                                         {"2", "Sales", "", ""}};
  struct gc_labels *old = gc_labels_new(), *young = gc_labels_new();
  assign_one(old, "2", "Sales");
  assign_one(old, "1", "Sales");
  assign_one(young, "1", "Sales");
  assign_one(young, "2", "Sales");
  CHECK_STR(gc_labels_get(old, "1"), gc_labels_get(young, "2"));

  struct gc_entry known[2] = {rows[0], rows[1]};
  for (int i = 0; i < 2; i++)
    known[i].label = gc_labels_get(old, known[i].id);
  struct gc_entities *list = gc_entities_new(known, 2, true);
  struct gc_labels *empty = gc_labels_new();
  struct gc_entities *entities = gc_labels_by_list(empty, list);
  CHECK_STR(label_in(entities, "1"), "Sales");
  CHECK_STR(label_in(entities, "2"), "Sales~2");
  CHECK_STR(gc_entities_find(entities, "1")->detail, "x");
  CHECK(gc_entities_is_refused(entities));
  gc_entities_put(entities);
  CHECK_STR(gc_labels_get(empty, "2"), "Sales~2");
  gc_labels_free(empty);
  gc_entities_put(list);
  gc_labels_free(old);
  gc_labels_free(young);
}

/* ---- labels in snake case ---- */

static void snake_labels_are_distinct_as_they_are_written(void) {
  static const struct {
    const char *id, *name, *label;
  } rows[] = {
      {"01", "On-Call", "on_call"},
      {"02", "On Call", "on_call~2"},
      {"03", "Break", "break"},
      {"04", "BREAK", "break~2"},
      {"05", "Break", "break~3"},
      {"06", "Lunch (long)", "lunch_long"},
      {"07", "LunchLong", "lunch_long~2"},
      {"08", "On Call 2", "on_call_2"},
      {"09", "!!!", "09"},
      {"10", "", "10"},
      {"11", "???", "11"},
      {"12", "Team Meeting", "team_meeting"},
      {"13", "None", "none"},
  };
  struct gc_labels *l = gc_labels_new_snake();
  struct gc_named batch[GC_COUNT(rows)];
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    batch[i] = (struct gc_named){rows[i].id, rows[i].name};
  gc_labels_assign(l, batch, GC_COUNT(rows), NULL, NULL);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK_STR(gc_labels_get(l, rows[i].id), rows[i].label);
  }
  gc_labels_free(l);
}

static void a_stored_label_that_is_not_in_snake_case_is_replaced(void) {
  static const struct {
    struct gc_label_row row;
    const char *label;
  } rows[] = {{{"1", "On Call", "on_call~2"}, "on_call~2"},
              {{"2", "On Call", "On Call"}, "on_call"},
              {{"3", "Break", "Break~2"}, "break"}};
  struct gc_labels *l = gc_labels_new_snake();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row.label);
    gc_labels_load(l, &rows[i].row);
    assign_one(l, rows[i].row.id, rows[i].row.name);
    CHECK_STR(gc_labels_get(l, rows[i].row.id), rows[i].label);
  }
  gc_labels_free(l);
}

/* ---- entities that left the list ---- */

static void the_label_of_an_id_that_is_gone_is_its_own(void) {
  static const struct gc_entry before[] = {{"1", "Sales", "Sales", "x"},
                                           {"2", "Claims", "Claims", ""},
                                           {"4", "a.b", "a.b", ""},
                                           {"5", "Support", "Support", ""}};
  static const struct gc_entry now[] = {{"0", "Sales", "Sales", ""},
                                        {"3", "a b", "a b", ""},
                                        {"5", "Support", "Support", ""},
                                        {"6", "Claims", "Claims~2", ""}};
  struct gc_entities *old = gc_entities_new(before, 4, false);
  struct gc_entities *list = gc_entities_new(now, 4, false);
  struct gc_entities *gone = gc_labels_of_gone(old, list);
  CHECK_INT(gc_entities_count(gone), 3);
  CHECK_STR(label_in(gone, "1"), "Sales@1");
  CHECK_STR(label_in(gone, "2"), "Claims");
  CHECK_STR(label_in(gone, "4"), "a.b@4");
  CHECK_STR(gc_entities_find(gone, "1")->detail, "x");
  CHECK(gc_labels_of_gone(list, list) == NULL);
  gc_entities_put(gone);
  gc_entities_put(list);
  gc_entities_put(old);
}

int main(void) {
  RUN(the_label_is_the_clean_name);
  RUN(names_with_one_clean_form_get_numbers_in_any_order);
  RUN(an_id_given_two_names_at_once_has_one_in_any_order);
  RUN(an_id_keeps_its_label_and_follows_its_name);
  RUN(names_may_be_swapped_in_one_batch);
  RUN(only_a_removed_id_releases_its_label);
  RUN(long_names_are_cut_for_the_number);
  RUN(labels_survive_a_restart);
  RUN(stored_rows_that_are_not_possible_are_left_out);
  RUN(a_hundred_thousand_of_one_name_are_fast);
  RUN(names_that_graphite_cannot_distinguish_get_numbers);
  RUN(a_stored_label_that_graphite_would_merge_is_replaced);
  RUN(names_of_series_without_an_owner_are_no_labels);
  RUN(snake_labels_are_distinct_as_they_are_written);
  RUN(a_stored_label_that_is_not_in_snake_case_is_replaced);
  RUN(the_label_of_an_id_that_is_gone_is_its_own);
  RUN(agents_of_different_age_give_the_same_labels);
  return check_done();
}
