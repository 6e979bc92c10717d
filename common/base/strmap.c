/* SPDX-License-Identifier: MIT */
#include "common/base/strmap.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/hash.h"

static uint64_t hash_of(const char *key) {
  return gc_hash_fold(gc_hash(key, strlen(key)));
}

/* Returns the slot of `key`, or the free slot for it. */
static size_t find_slot(const struct gc_strmap *m, const char *key,
                        uint64_t hash) {
  GC_ASSERT(m->count < m->room && (m->room & (m->room - 1)) == 0);
  size_t i = hash & (m->room - 1);
  while (m->slots[i].key != NULL &&
         (m->slots[i].hash != hash || strcmp(m->slots[i].key, key) != 0))
    i = (i + 1) & (m->room - 1);
  return i;
}

/* Makes room for one more key: a third of the slots stays free. */
static void make_room(struct gc_strmap *m) {
  if (m->room > 0 && (m->count + 1) * 3 <= m->room * 2)
    return;
  struct gc_strmap wide = {.room = m->room > 0 ? m->room * 2 : 16,
                           .count = m->count};
  wide.slots = gc_zalloc(wide.room, sizeof(*wide.slots));
  for (size_t i = 0; i < m->room; i++)
    if (m->slots[i].key != NULL)
      wide.slots[find_slot(&wide, m->slots[i].key, m->slots[i].hash)] =
          m->slots[i];
  free(m->slots);
  *m = wide;
}

void gc_strmap_put(struct gc_strmap *m, const char *key, void *value) {
  make_room(m);
  uint64_t hash = hash_of(key);
  struct gc_strmap_slot *slot = &m->slots[find_slot(m, key, hash)];
  m->count += slot->key == NULL;
  *slot = (struct gc_strmap_slot){key, value, hash};
}

void *gc_strmap_get(const struct gc_strmap *m, const char *key) {
  return m->count > 0 ? m->slots[find_slot(m, key, hash_of(key))].value : NULL;
}

void *gc_strmap_drop(struct gc_strmap *m, const char *key) {
  if (m->count == 0)
    return NULL;
  size_t hole = find_slot(m, key, hash_of(key));
  void *value = m->slots[hole].value;
  if (m->slots[hole].key == NULL)
    return NULL;
  m->count--;

  /* A key that collided with the removed one moves into the free slot, so that
   * a look-up may stop at the first free slot. */
  size_t mask = m->room - 1;
  for (size_t i = (hole + 1) & mask; m->slots[i].key != NULL;
       i = (i + 1) & mask) {
    size_t from_home = (i - m->slots[i].hash) & mask;
    if (from_home >= ((i - hole) & mask)) {
      m->slots[hole] = m->slots[i];
      hole = i;
    }
  }
  m->slots[hole] = (struct gc_strmap_slot){0};
  return value;
}

void gc_strmap_clear(struct gc_strmap *m) {
  free(m->slots);
  *m = (struct gc_strmap){0};
}
