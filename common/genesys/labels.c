/* SPDX-License-Identifier: MIT */
#include "common/genesys/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/strmap.h"
#include "common/base/utf8.h"
#include "common/genesys/clean_name.h"

struct entry {
  char *name;  /* clean */
  char *label; /* NULL while the id waits for a label */
  char *key;   /* the folded label */
  unsigned nth;
  char id[];
};

/* A hint: no label NAME~n with n below `next` is free. The search begins at
 * `next`; otherwise each of thousands of ids with one name would try all
 * labels. Without a hint it begins at 2. */
struct hint {
  unsigned next;
  char name[];
};

struct gc_labels {
  bool is_snake;           /* labels are in snake case, and never an instance */
  struct gc_strmap by_id;  /* struct entry */
  struct gc_strmap by_key; /* struct entry, by folded label */
  struct gc_strmap hints;  /* struct hint, by folded name */
};

static struct gc_strmap reserved; /* folded names, for the whole process */

void gc_labels_reserve(const char *name) {
  char key[GC_NAME_SIZE];
  gc_name_fold(key, name);
  if (gc_strmap_get(&reserved, key) != NULL)
    return;
  char *copy = gc_strdup(key);
  gc_strmap_put(&reserved, copy, copy);
}

/* True for the instances of series without a queue, user or flow: "none" of
 * series/name.c, "unassigned" of queue_label.h, and names of blocks. */
static bool is_reserved(const char *key) {
  return strcmp(key, "none") == 0 || strcmp(key, "unassigned") == 0 ||
         gc_strmap_get(&reserved, key) != NULL;
}

/* True if any id may have the label. */
static bool is_free(const struct gc_labels *l, const char *label) {
  char key[GC_NAME_SIZE];
  gc_name_fold(key, label);
  return (l->is_snake || !is_reserved(key)) &&
         gc_strmap_get(&l->by_key, key) == NULL;
}

static void free_entry(struct entry *e) {
  if (e == NULL)
    return;
  free(e->name);
  free(e->label);
  free(e->key);
  free(e);
}

struct gc_labels *gc_labels_new(void) {
  return gc_zalloc(1, sizeof(struct gc_labels));
}

struct gc_labels *gc_labels_new_snake(void) {
  struct gc_labels *l = gc_labels_new();
  l->is_snake = true;
  return l;
}

void gc_labels_free(struct gc_labels *l) {
  if (l == NULL)
    return;
  for (size_t i = 0; i < l->by_id.room; i++)
    free_entry(l->by_id.slots[i].value);
  for (size_t i = 0; i < l->hints.room; i++)
    free(l->hints.slots[i].value);
  gc_strmap_clear(&l->by_id);
  gc_strmap_clear(&l->by_key);
  gc_strmap_clear(&l->hints);
  free(l);
}

static unsigned hint_of(const struct gc_labels *l, const char *name) {
  char key[GC_NAME_SIZE];
  gc_name_fold(key, name);
  const struct hint *hint = gc_strmap_get(&l->hints, key);
  return hint != NULL ? hint->next : 2;
}

static void set_hint(struct gc_labels *l, const char *name, unsigned next) {
  char key[GC_NAME_SIZE];
  gc_name_fold(key, name);
  if (next <= 2) {
    free(gc_strmap_drop(&l->hints, key));
    return;
  }
  struct hint *hint = gc_strmap_get(&l->hints, key);
  if (hint == NULL) {
    size_t size = strlen(key) + 1;
    hint = gc_zalloc(1, sizeof(*hint) + size);
    memcpy(hint->name, key, size);
    gc_strmap_put(&l->hints, hint->name, hint);
  }
  hint->next = next;
}

static void release_label(struct gc_labels *l, struct entry *e) {
  if (e->label == NULL)
    return;
  GC_ASSERT(e->name != NULL);
  gc_strmap_drop(&l->by_key, e->key);
  if (e->nth > 1 && e->nth < hint_of(l, e->name))
    set_hint(l, e->name, e->nth);
  free(e->label);
  free(e->key);
  e->label = e->key = NULL;
}

static void take_label(struct gc_labels *l, struct entry *e, const char *label,
                       unsigned nth) {
  char folded[GC_NAME_SIZE];
  gc_name_fold(folded, label);
  e->label = gc_strdup(label);
  e->key = gc_strdup(folded);
  e->nth = nth;
  gc_strmap_put(&l->by_key, e->key, e);
}

/* Writes "NAME~2" and so on; cuts the name so that it fits. */
static void write_numbered(char out[GC_NAME_SIZE], const char *name,
                           unsigned nth) {
  char suffix[16];
  int len = snprintf(suffix, sizeof(suffix), "~%u", nth);
  size_t keep = gc_utf8_cut(name, strlen(name), GC_NAME_SIZE - 1 - (size_t)len);
  snprintf(out, GC_NAME_SIZE, "%.*s%s", (int)keep, name, suffix);
}

static void choose_label(struct gc_labels *l, struct entry *e) {
  char label[GC_NAME_SIZE];
  if (is_free(l, e->name)) {
    take_label(l, e, e->name, 1);
    return;
  }
  unsigned nth = hint_of(l, e->name);
  write_numbered(label, e->name, nth);
  while (!is_free(l, label))
    write_numbered(label, e->name, ++nth);
  take_label(l, e, label, nth);
  set_hint(l, e->name, nth + 1);
}

static struct entry *add_entry(struct gc_labels *l, const char *id) {
  size_t size = strlen(id) + 1;
  struct entry *e = gc_zalloc(1, sizeof(*e) + size);
  memcpy(e->id, id, size);
  gc_strmap_put(&l->by_id, e->id, e);
  return e;
}

/* Writes the text from which the label of an id is made. */
static void write_name(const struct gc_labels *l, char out[GC_NAME_SIZE],
                       const char *name, const char *id) {
  char clean[GC_NAME_SIZE];
  gc_name_or_id(out, name, id);
  if (!l->is_snake)
    return;
  memcpy(clean, out, sizeof(clean));
  if (!gc_name_snake(out, clean) && !gc_name_snake(out, id))
    memcpy(out, clean, sizeof(clean));
}

/* Notes the name of an id. A new name releases the old label; the new label is
 * chosen when all names of the batch are known. */
static void note_name(struct gc_labels *l, const struct gc_named *n) {
  char name[GC_NAME_SIZE];
  write_name(l, name, n->name, n->id);
  struct entry *e = gc_strmap_get(&l->by_id, n->id);
  if (e == NULL)
    e = add_entry(l, n->id);
  if (e->name != NULL && strcmp(e->name, name) == 0)
    return;

  release_label(l, e);
  free(e->name);
  e->name = gc_strdup(name);
}

static int by_id_then_name(const void *a, const void *b) {
  const struct gc_named *x = *(const struct gc_named *const *)a;
  const struct gc_named *y = *(const struct gc_named *const *)b;
  int order = strcmp(x->id, y->id);
  if (order != 0)
    return order;
  return strcmp(x->name != NULL ? x->name : "", y->name != NULL ? y->name : "");
}

/* Orders the batch by id without duplicates; of several names of an id the
 * first in the order of names counts. */
static size_t sort_by_id(const struct gc_named **order,
                         const struct gc_named *batch, size_t count) {
  size_t kept = 0, unique = 0;
  for (size_t i = 0; i < count; i++)
    if (batch[i].id[0] != '\0')
      order[kept++] = &batch[i];
  qsort(order, kept, sizeof(struct gc_named *), by_id_then_name);
  for (size_t i = 0; i < kept; i++)
    if (unique == 0 || strcmp(order[unique - 1]->id, order[i]->id) != 0)
      order[unique++] = order[i];
  return unique;
}

void gc_labels_assign(
    struct gc_labels *l, const struct gc_named *batch, size_t count,
    void (*changed)(void *ctx, const struct gc_label_row *row), void *ctx) {
  const struct gc_named **order = gc_zalloc(count, sizeof(struct gc_named *));
  count = sort_by_id(order, batch, count);

  for (size_t i = 0; i < count; i++)
    note_name(l, order[i]);
  for (size_t i = 0; i < count; i++) {
    struct entry *e = gc_strmap_get(&l->by_id, order[i]->id);
    if (e->label != NULL)
      continue;
    choose_label(l, e);
    if (changed != NULL)
      changed(ctx, &(struct gc_label_row){e->id, e->name, e->label});
  }
  free(order);
}

/* Returns the number of a label: 12 for "Sales~12", 1 for the name itself. */
static unsigned nth_of(const char *name, const char *label) {
  if (strcmp(label, name) == 0)
    return 1;
  const char *tilde = strrchr(label, '~');
  unsigned long nth = tilde != NULL ? strtoul(tilde + 1, NULL, 10) : 0;
  return nth > 1 && nth < 1000000000 ? (unsigned)nth : 2;
}

static bool is_clean(const char *text) {
  char clean[GC_NAME_SIZE];
  return gc_name_clean(clean, text, strlen(text)) && strcmp(clean, text) == 0;
}

/* True if the label, without its number, is in snake case. */
static bool is_snake(const char *label) {
  char name[GC_NAME_SIZE], snake[GC_NAME_SIZE];
  snprintf(name, sizeof(name), "%.*s", (int)strcspn(label, "~"), label);
  return gc_name_snake(snake, name) && strcmp(snake, name) == 0;
}

void gc_labels_load(struct gc_labels *l, const struct gc_label_row *row) {
  char name[GC_NAME_SIZE];
  if (row->id[0] == '\0' || !is_clean(row->label) || !is_clean(row->name) ||
      (l->is_snake && !is_snake(row->label)) ||
      gc_strmap_get(&l->by_id, row->id) != NULL || !is_free(l, row->label))
    return;
  write_name(l, name, row->name, row->id);
  struct entry *e = add_entry(l, row->id);
  e->name = gc_strdup(name);
  take_label(l, e, row->label, nth_of(name, row->label));
}

const char *gc_labels_get(const struct gc_labels *l, const char *id) {
  const struct entry *e = gc_strmap_get(&l->by_id, id);
  return e != NULL ? e->label : NULL;
}

void gc_labels_remove(struct gc_labels *l, const char *id) {
  struct entry *e = gc_strmap_drop(&l->by_id, id);
  if (e == NULL)
    return;
  release_label(l, e);
  free_entry(e);
}

struct gc_label_collisions gc_labels_collisions(const struct gc_labels *l) {
  struct gc_label_collisions found = {0};
  const char *name = NULL;
  for (size_t i = 0; i < l->by_id.room; i++) {
    const struct entry *e = l->by_id.slots[i].value;
    if (e == NULL || e->label == NULL || e->nth == 1)
      continue;
    found.count++;
    if (found.id != NULL && strcmp(found.id, e->id) < 0)
      continue;
    found.id = e->id;
    found.label = e->label;
    name = e->name;
  }
  char key[GC_NAME_SIZE];
  gc_name_fold(key, name != NULL ? name : "");
  const struct entry *first = gc_strmap_get(&l->by_key, key);
  if (first != NULL)
    found.first_id = first->id;
  return found;
}

struct gc_entities *gc_labels_by_list(struct gc_labels *l,
                                      const struct gc_entities *list) {
  size_t count = gc_entities_count(list);
  struct gc_named *batch = gc_zalloc(count, sizeof(*batch));
  struct gc_entry *entries = gc_zalloc(count, sizeof(*entries));
  for (size_t i = 0; i < count; i++) {
    entries[i] = *gc_entities_at(list, i);
    batch[i] = (struct gc_named){entries[i].id, entries[i].name};
  }
  gc_labels_assign(l, batch, count, NULL, NULL);
  for (size_t i = 0; i < count; i++) {
    const char *label = gc_labels_get(l, entries[i].id);
    entries[i].label = label != NULL ? label : "";
  }
  struct gc_entities *made =
      gc_entities_new(entries, count, gc_entities_is_refused(list));
  free(entries);
  free(batch);
  return made;
}

/* An entry that left the list. */
struct gone {
  const struct gc_entry *entry;
  bool is_taken; /* another entry has its label */
  char key[GC_NAME_SIZE], label[GC_NAME_SIZE];
};

/* Finds the entries of `before` that `now` lacks. Both are in the order of the
 * ids. Writes them to `gone` unless it is NULL; returns their number. */
static size_t find_gone(const struct gc_entities *before,
                        const struct gc_entities *now, struct gone *gone) {
  size_t count = 0, at = 0, now_count = gc_entities_count(now);
  for (size_t i = 0; i < gc_entities_count(before); i++) {
    const struct gc_entry *e = gc_entities_at(before, i);
    while (at < now_count && strcmp(gc_entities_at(now, at)->id, e->id) < 0)
      at++;
    if (at < now_count && strcmp(gc_entities_at(now, at)->id, e->id) == 0)
      continue;
    if (gone != NULL) {
      gone[count].entry = e;
      gc_name_fold(gone[count].key, e->label);
    }
    count++;
  }
  return count;
}

/* Marks the entries whose label an entry of `now` has. */
static void find_taken(const struct gc_entities *now, struct gone *gone,
                       size_t count) {
  GC_AUTO(gc_strmap_clear) struct gc_strmap by_key = {0};
  char key[GC_NAME_SIZE];
  for (size_t i = 0; i < count; i++)
    gc_strmap_put(&by_key, gone[i].key, &gone[i]);
  for (size_t i = 0; i < gc_entities_count(now); i++) {
    gc_name_fold(key, gc_entities_at(now, i)->label);
    struct gone *g = gc_strmap_get(&by_key, key);
    if (g != NULL)
      g->is_taken = true;
  }
}

struct gc_entities *gc_labels_of_gone(const struct gc_entities *before,
                                      const struct gc_entities *now) {
  size_t count = find_gone(before, now, NULL);
  if (count == 0)
    return NULL;
  struct gone *gone = gc_zalloc(count, sizeof(*gone));
  struct gc_entry *entries = gc_zalloc(count, sizeof(*entries));
  (void)find_gone(before, now, gone);
  find_taken(now, gone, count);
  for (size_t i = 0; i < count; i++) {
    entries[i] = *gone[i].entry;
    gc_label_both(gone[i].label, entries[i].label, entries[i].id);
    if (gone[i].is_taken)
      entries[i].label = gone[i].label;
  }
  struct gc_entities *made = gc_entities_new(entries, count, false);
  free(entries);
  free(gone);
  return made;
}
