/* SPDX-License-Identifier: MIT */
#include "common/genesys/entities.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct gc_entities {
  atomic_uint references;
  bool refused;
  size_t count;
  struct gc_entry entries[]; /* all strings follow, one after another */
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

static void drop_repeats(struct gc_entities *entities) {
  size_t kept = 0;
  for (size_t i = 0; i < entities->count; i++) {
    if (kept > 0 &&
        strcmp(entities->entries[kept - 1].id, entities->entries[i].id) == 0)
      entities->entries[kept - 1] = entities->entries[i];
    else
      entities->entries[kept++] = entities->entries[i];
  }
  entities->count = kept;
}

struct gc_entities *gc_entities_new(const struct gc_entry *entries,
                                    size_t count, bool refused) {
  size_t bytes = sizeof(struct gc_entities) + count * sizeof(*entries);
  size_t text_bytes = 0;
  for (size_t i = 0; i < count; i++)
    text_bytes += text_size(&entries[i]);
  struct gc_entities *entities = malloc(bytes + text_bytes);
  if (entities == NULL)
    return NULL;
  char *texts = (char *)entities + bytes;
  atomic_init(&entities->references, 1);
  entities->refused = refused;
  entities->count = count;
  for (size_t i = 0; i < count; i++) {
    entities->entries[i].id = copy_text(&texts, entries[i].id);
    entities->entries[i].name = copy_text(&texts, entries[i].name);
    entities->entries[i].label = copy_text(&texts, entries[i].label);
    entities->entries[i].detail = copy_text(&texts, entries[i].detail);
  }
  qsort(entities->entries, entities->count, sizeof(entities->entries[0]),
        by_id_and_arrival);
  drop_repeats(entities);
  return entities;
}

struct gc_entities *gc_entities_get(struct gc_entities *entities) {
  if (entities != NULL)
    atomic_fetch_add(&entities->references, 1);
  return entities;
}

void gc_entities_put(struct gc_entities *entities) {
  if (entities != NULL && atomic_fetch_sub(&entities->references, 1) == 1)
    free(entities);
}

const struct gc_entry *gc_entities_find(const struct gc_entities *entities,
                                        const char *id) {
  struct gc_entry key = {.id = id};
  return bsearch(&key, entities->entries, entities->count,
                 sizeof(entities->entries[0]), by_id);
}

size_t gc_entities_count(const struct gc_entities *entities) {
  return entities->count;
}

const struct gc_entry *gc_entities_at(const struct gc_entities *entities,
                                      size_t i) {
  return &entities->entries[i];
}

bool gc_entities_is_refused(const struct gc_entities *entities) {
  return entities->refused;
}
