/* SPDX-License-Identifier: MIT */
#include "common/genesys/entities.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct gc_entities {
  atomic_uint references;
  bool refused;
  size_t count;
  char *texts; /* all strings, one after another */
  struct gc_entry entries[];
};

static int by_id(const void *a, const void *b) {
  const struct gc_entry *x = a, *y = b;
  return strcmp(x->id, y->id);
}

/* Orders by id, then by arrival, which the addresses of the copied texts give,
 * since qsort is not stable. */
static int by_id_and_arrival(const void *a, const void *b) {
  const struct gc_entry *x = a, *y = b;
  int order = strcmp(x->id, y->id);
  return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

static size_t text_size(const struct gc_entry *e) {
  return strlen(e->id) + strlen(e->name) + strlen(e->label) +
         strlen(e->detail) + 4;
}

static const char *copy_text(char **at, const char *text) {
  char *copy = *at;
  size_t size = strlen(text) + 1;
  memcpy(copy, text, size);
  *at += size;
  return copy;
}

static void drop_repeats(struct gc_entities *d) {
  size_t kept = 0;
  for (size_t i = 0; i < d->count; i++) {
    if (kept > 0 && strcmp(d->entries[kept - 1].id, d->entries[i].id) == 0)
      d->entries[kept - 1] = d->entries[i];
    else
      d->entries[kept++] = d->entries[i];
  }
  d->count = kept;
}

struct gc_entities *gc_entities_new(const struct gc_entry *entries,
                                    size_t count, bool refused) {
  size_t bytes = 1;
  for (size_t i = 0; i < count; i++)
    bytes += text_size(&entries[i]);

  struct gc_entities *d = malloc(sizeof(*d) + count * sizeof(d->entries[0]));
  char *texts = malloc(bytes);
  if (d == NULL || texts == NULL) {
    free(d);
    free(texts);
    return NULL;
  }
  atomic_init(&d->references, 1);
  d->refused = refused;
  d->count = count;
  d->texts = texts;
  for (size_t i = 0; i < count; i++) {
    d->entries[i].id = copy_text(&texts, entries[i].id);
    d->entries[i].name = copy_text(&texts, entries[i].name);
    d->entries[i].label = copy_text(&texts, entries[i].label);
    d->entries[i].detail = copy_text(&texts, entries[i].detail);
  }
  qsort(d->entries, d->count, sizeof(d->entries[0]), by_id_and_arrival);
  drop_repeats(d);
  return d;
}

struct gc_entities *gc_entities_get(struct gc_entities *d) {
  if (d != NULL)
    atomic_fetch_add(&d->references, 1);
  return d;
}

void gc_entities_put(struct gc_entities *d) {
  if (d == NULL || atomic_fetch_sub(&d->references, 1) != 1)
    return;
  free(d->texts);
  free(d);
}

const struct gc_entry *gc_entities_find(const struct gc_entities *d,
                                        const char *id) {
  struct gc_entry key = {.id = id};
  return bsearch(&key, d->entries, d->count, sizeof(d->entries[0]), by_id);
}

size_t gc_entities_count(const struct gc_entities *d) { return d->count; }

const struct gc_entry *gc_entities_at(const struct gc_entities *d, size_t i) {
  return &d->entries[i];
}

bool gc_entities_is_refused(const struct gc_entities *d) { return d->refused; }
