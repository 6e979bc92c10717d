/* SPDX-License-Identifier: MIT */
#include "common/genesys/entities.h"

#include <pthread.h>
#include <stdlib.h>

#include "tests/support/check.h"

static void entries_are_found_and_stand_in_the_order_of_their_ids(void) {
  static const struct gc_entry entries[] = {
      {"c", "Sales", "Sales", ""},
      {"a", "Sales/DE", "Sales_DE", ""},
      {"b", "M\xc3\xbcnchen", "M\xc3\xbcnchen", "ON_QUEUE"},
  };
  struct gc_entities *made = gc_entities_new(entries, 3, false);
  CHECK_INT(gc_entities_count(made), 3);
  CHECK_STR(gc_entities_at(made, 0)->id, "a");
  CHECK_STR(gc_entities_at(made, 1)->id, "b");
  CHECK_STR(gc_entities_at(made, 2)->id, "c");
  const struct gc_entry *e = gc_entities_find(made, "b");
  CHECK(e != NULL);
  CHECK_STR(e->name, "M\xc3\xbcnchen");
  CHECK_STR(e->label, "M\xc3\xbcnchen");
  CHECK_STR(e->detail, "ON_QUEUE");
  CHECK_STR(gc_entities_find(made, "a")->label, "Sales_DE");
  CHECK(gc_entities_find(made, "") == NULL);
  CHECK(gc_entities_find(made, "d") == NULL);
  CHECK(gc_entities_find(made, "A") == NULL);
  CHECK(!gc_entities_is_refused(made));
  gc_entities_put(made);
}

static void a_list_copies_the_texts_of_its_entries(void) {
  char id[] = "id", name[] = "name", label[] = "label", detail[] = "detail";
  struct gc_entry entry = {id, name, label, detail};
  struct gc_entities *entities = gc_entities_new(&entry, 1, false);
  id[0] = name[0] = label[0] = detail[0] = 'X';
  CHECK_STR(gc_entities_find(entities, "id")->name, "name");
  CHECK_STR(gc_entities_find(entities, "id")->label, "label");
  CHECK_STR(gc_entities_find(entities, "id")->detail, "detail");
  gc_entities_put(entities);
}

static void the_later_of_two_entries_with_one_id_counts(void) {
  struct gc_entry entries[300];
  char names[300][16], ids[300][16];
  for (int i = 0; i < 300; i++) {
    snprintf(names[i], sizeof(names[i]), "n%d", i);
    snprintf(ids[i], sizeof(ids[i]), "q%02d", (i * 7) % 10);
    entries[i] = (struct gc_entry){ids[i], names[i], "", ""};
  }
  struct gc_entities *entities = gc_entities_new(entries, 300, false);
  CHECK_INT(gc_entities_count(entities), 10);
  for (int i = 290; i < 300; i++)
    CHECK_STR(gc_entities_find(entities, ids[i])->name, names[i]);
  gc_entities_put(entities);
}

static void a_list_may_be_empty_or_refused(void) {
  struct gc_entities *entities = gc_entities_new(NULL, 0, true);
  CHECK(entities != NULL);
  CHECK_INT(gc_entities_count(entities), 0);
  CHECK(gc_entities_find(entities, "a") == NULL);
  CHECK(gc_entities_is_refused(entities));
  gc_entities_put(entities);
  gc_entities_put(NULL);
  CHECK(gc_entities_get(NULL) == NULL);
}

static void a_list_lasts_as_long_as_its_references(void) {
  struct gc_entry entry = {"a", "A", "A", ""};
  struct gc_entities *entities = gc_entities_new(&entry, 1, false);
  CHECK(gc_entities_get(entities) == entities);
  gc_entities_put(entities);
  CHECK_STR(gc_entities_find(entities, "a")->name, "A");
  gc_entities_put(entities);
}

static void *hold_and_let_go(void *ctx) {
  for (int i = 0; i < 20000; i++) {
    struct gc_entities *entities = gc_entities_get(ctx);
    if (gc_entities_find(entities, "a") == NULL)
      abort();
    gc_entities_put(entities);
  }
  return NULL;
}

static void any_thread_may_hold_a_list(void) {
  struct gc_entry entry = {"a", "A", "A", ""};
  struct gc_entities *entities = gc_entities_new(&entry, 1, false);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, hold_and_let_go, entities), 0);
  for (int i = 0; i < 4; i++)
    CHECK_INT(pthread_join(threads[i], NULL), 0);
  CHECK_STR(gc_entities_find(entities, "a")->name, "A");
  gc_entities_put(entities);
}

int main(void) {
  RUN(entries_are_found_and_stand_in_the_order_of_their_ids);
  RUN(a_list_copies_the_texts_of_its_entries);
  RUN(the_later_of_two_entries_with_one_id_counts);
  RUN(a_list_may_be_empty_or_refused);
  RUN(a_list_lasts_as_long_as_its_references);
  RUN(any_thread_may_hold_a_list);
  return check_done();
}
