/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream/guide_dedup.h"

#include "common/base/hash.h"

static void drop_oldest(struct guide_dedup *o, size_t count) {
  o->first = (o->first + count) % GUIDE_DEDUP_MAX;
  o->count -= count;
}

static void add_hash(struct guide_dedup *o, uint64_t hash) {
  if (o->count == GUIDE_DEDUP_MAX)
    drop_oldest(o, 1);
  o->ahead[(o->first + o->count++) % GUIDE_DEDUP_MAX] = hash;
}

/* True if the message repeats one of the socket ahead. Hashes before it are
 * dropped: the server sent those messages on the old socket only. */
static bool catches_up(struct guide_dedup *o, uint64_t hash) {
  for (size_t i = 0; i < o->count; i++)
    if (o->ahead[(o->first + i) % GUIDE_DEDUP_MAX] == hash) {
      drop_oldest(o, i + 1);
      return true;
    }
  return false;
}

bool guide_dedup_is_new(struct guide_dedup *o, bool from_new, const char *bytes,
                        size_t len) {
  uint64_t hash = gc_hash(bytes, len);
  bool is_behind = from_new != o->new_is_ahead;
  if (is_behind && catches_up(o, hash))
    return false;
  if (is_behind && !from_new && o->count > 0)
    return true; /* sent before the server knew the new socket */
  if (is_behind) {
    o->count = 0;
    o->new_is_ahead = from_new;
  }
  add_hash(o, hash);
  return true;
}
