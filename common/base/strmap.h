/* SPDX-License-Identifier: MIT */
/* A hash table from C strings to pointers. Neither keys nor values are owned: a
 * key must stay in its place as long as it is in the map (usually it is a
 * member of the value). Pure, one thread.
 *
 *   struct gc_strmap map = {0};
 *   gc_strmap_put(&map, item->id, item); */
#ifndef GC_BASE_STRMAP_H
#define GC_BASE_STRMAP_H

#include "common/base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

struct gc_strmap_slot {
  const char *key; /* NULL: free */
  void *value;
  uint64_t hash;
};

struct gc_strmap {
  struct gc_strmap_slot *slots; /* a loop skips those whose key is NULL */
  size_t room;                  /* a power of two, or 0 */
  size_t count;
};

/* Adds the key and its value, or replaces both. */
GC_API void gc_strmap_put(struct gc_strmap *m, const char *key, void *value);
/* Returns the value of `key`; NULL when it is not there. */
GC_API void *gc_strmap_get(const struct gc_strmap *m, const char *key);
/* Removes the key and returns its value; NULL when it is not there. */
GC_API void *gc_strmap_drop(struct gc_strmap *m, const char *key);
/* Frees the map, not the keys and values. */
GC_API void gc_strmap_clear(struct gc_strmap *m);

#endif
