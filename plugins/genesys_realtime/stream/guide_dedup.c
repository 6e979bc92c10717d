/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream/guide_dedup.h"

#include "common/base/hash.h"

static void drop(struct overlap *o, size_t count) {
  o->first = (o->first + count) % OVERLAP_MAX;
  o->count -= count;
}

static void push(struct overlap *o, uint64_t hash) {
  if (o->count == OVERLAP_MAX)
    drop(o, 1);
  o->ahead[(o->first + o->count++) % OVERLAP_MAX] = hash;
}

/* The one behind repeats it. What stands before it never comes: the old socket
 * was told that alone, before the new one was known. */
static bool catches_up(struct overlap *o, uint64_t hash) {
  for (size_t i = 0; i < o->count; i++)
    if (o->ahead[(o->first + i) % OVERLAP_MAX] == hash) {
      drop(o, i + 1);
      return true;
    }
  return false;
}

bool overlap_is_news(struct overlap *o, bool from_new, const char *bytes,
                     size_t len) {
  uint64_t hash = gc_hash(bytes, len);
  bool is_behind = from_new != o->new_is_ahead;
  if (is_behind && catches_up(o, hash))
    return false;
  if (is_behind && !from_new && o->count > 0)
    return true; /* from before the new one was known */
  if (is_behind) {
    o->count = 0;
    o->new_is_ahead = from_new;
  }
  push(o, hash);
  return true;
}
