/* SPDX-License-Identifier: MIT */
/* The hash table of the keys that a JSON reader knows; internal to json/stream
 * and json/scan. The look-up is inline because it happens once for each member
 * of each event. */
#ifndef GC_BASE_JSON_KEYS_H
#define GC_BASE_JSON_KEYS_H

#include "common/base/json/stream.h"

struct gc_json_slot {
  const char *name; /* NULL: free */
  size_t len;
  uint8_t id;
};

struct gc_json_keys {
  struct gc_json_slot *slots; /* a power of two, at most half full */
  size_t mask;
};

/* Makes the table; the names are borrowed. GC_ERR_CONFIG for an id out of range
 * or a name given twice; GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code gc_json_keys_set(struct gc_json_keys *keys,
                                            const struct gc_json_key *list,
                                            size_t count, struct gc_err *err);
void gc_json_keys_clear(struct gc_json_keys *keys);

/* Hashes the length and the first, middle and last byte, which distinguish the
 * names of an API well enough; memcmp decides. */
static inline size_t gc_json_keys_hash(const char *text, size_t len) {
  const unsigned char *t = (const unsigned char *)text;
  if (len == 0)
    return 0;
  uint32_t h = (uint32_t)len * 0x9e3779b1u ^ t[0] * 0x85ebca6bu ^
               t[len / 2] * 0xc2b2ae35u ^ t[len - 1] * 0x27d4eb2fu;
  return h ^ h >> 15;
}

/* Returns the slot of a key; NULL when it is not in the table. */
static inline const struct gc_json_slot *
gc_json_keys_find(const struct gc_json_keys *keys, const char *text,
                  size_t len) {
  for (size_t i = gc_json_keys_hash(text, len);; i++) {
    const struct gc_json_slot *slot = &keys->slots[i & keys->mask];
    if (slot->name == NULL)
      return NULL;
    if (slot->len == len && memcmp(slot->name, text, len) == 0)
      return slot;
  }
}

#endif
