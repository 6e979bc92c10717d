/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/uuid_key.h"

#include <stdlib.h>

#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/base/uuid.h"

static uint64_t hash_from(uint64_t base, const char *text, size_t len) {
  uint64_t h = gc_hash_add(base, text, len);
  return h ^ h >> 31;
}

struct uuid_key uuid_key_read(const char *text, size_t len) {
  struct uuid_key id = {0, 0};
  if (len == 0 || gc_uuid_read(text, len, &id.high, &id.low))
    return id;
  id.high = hash_from(GC_HASH_INIT, text, len);
  id.low = hash_from(UINT64_C(0x84222325cbf29ce4), text, len) | 1;
  return id;
}

/* ---- the table ---- */

enum { FIRST_SLOTS = 64 };

static uint32_t home_of(const struct uuid_index *x, struct uuid_key id) {
  return (uint32_t)uuid_key_hash(id) & (x->slot_count - 1);
}

static struct uuid_key id_at(const struct uuid_index *x, uint32_t slot) {
  return x->id_of(x->owner, x->slots[slot] - 1);
}

/* Returns the slot with the id, or the free slot for it. */
static uint32_t slot_of(const struct uuid_index *x, struct uuid_key id) {
  uint32_t s = home_of(x, id);
  while (x->slots[s] != 0 && !uuid_key_equal(id_at(x, s), id))
    s = (s + 1) & (x->slot_count - 1);
  return s;
}

uint32_t uuid_index_find(const struct uuid_index *x, struct uuid_key id) {
  return x->count == 0 ? UINT32_MAX : x->slots[slot_of(x, id)] - 1;
}

bool uuid_index_reserve(struct uuid_index *x) {
  if ((x->count + 1) * 2 <= x->slot_count)
    return true;
  struct uuid_index grown = *x;
  grown.slot_count = x->slot_count == 0 ? FIRST_SLOTS : x->slot_count * 2;
  grown.slots = calloc(grown.slot_count, sizeof(*grown.slots));
  if (grown.slots == NULL)
    return false;
  for (uint32_t i = 0; i < x->slot_count; i++)
    if (x->slots[i] != 0)
      grown.slots[slot_of(&grown, id_at(x, i))] = x->slots[i];
  free(x->slots);
  *x = grown;
  return true;
}

void uuid_index_put(struct uuid_index *x, uint32_t number) {
  GC_ASSERT(x->count < x->slot_count);
  x->slots[slot_of(x, x->id_of(x->owner, number))] = number + 1;
  x->count++;
}

/* Moves later entries up, so that no search ends at the hole. */
void uuid_index_drop(struct uuid_index *x, uint32_t number) {
  uint32_t mask = x->slot_count - 1,
           hole = slot_of(x, x->id_of(x->owner, number));
  GC_ASSERT(x->slots[hole] == number + 1);
  for (uint32_t s = (hole + 1) & mask; x->slots[s] != 0; s = (s + 1) & mask) {
    uint32_t home = home_of(x, id_at(x, s));
    if (((s - home) & mask) < ((s - hole) & mask))
      continue;
    x->slots[hole] = x->slots[s];
    hole = s;
  }
  x->slots[hole] = 0;
  x->count--;
}

void uuid_index_clear(struct uuid_index *x) {
  free(x->slots);
  x->slots = NULL;
  x->slot_count = x->count = 0;
}
