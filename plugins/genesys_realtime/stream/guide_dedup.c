/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream/guide_dedup.h"

#include <string.h>

#include "common/base/hash.h"

enum { HELD_MAX_BYTES = 4 << 20 };

static uint64_t hash_at(const struct guide_dedup *o, size_t i) {
  return o->ahead[(o->first + i) % GUIDE_DEDUP_MAX];
}

static void drop_oldest(struct guide_dedup *o, size_t count) {
  o->first = (o->first + count) % GUIDE_DEDUP_MAX;
  o->count -= count;
}

static void add_hash(struct guide_dedup *o, uint64_t hash) {
  if (o->count == GUIDE_DEDUP_MAX) {
    drop_oldest(o, 1);
    o->start -= o->start > 0;
  }
  o->ahead[(o->first + o->count++) % GUIDE_DEDUP_MAX] = hash;
}

/* ---- the old socket is behind ---- */

/* Returns true if the message repeats one of the socket ahead, and drops the
 * hashes up to that one. */
static bool catches_up(struct guide_dedup *o, uint64_t hash) {
  for (size_t i = 0; i < o->count; i++)
    if (hash_at(o, i) == hash) {
      drop_oldest(o, i + 1);
      return true;
    }
  return false;
}

/* ---- the new socket is behind ---- */

/* Returns true if the held messages, which equal those ahead from `start` on,
 * also equal those from `at` on. */
static bool is_same_run(const struct guide_dedup *o, size_t at) {
  for (size_t i = 0; i < o->held_count; i++)
    if (hash_at(o, at + i) != hash_at(o, o->start + i))
      return false;
  return true;
}

/* Finds the place from which the held messages and this one repeat those ahead.
 * Returns false when there is none. */
static bool extend_run(struct guide_dedup *o, uint64_t hash) {
  for (size_t at = o->start; at + o->held_count < o->count; at++)
    if (hash_at(o, at + o->held_count) == hash && is_same_run(o, at)) {
      o->start = at;
      return true;
    }
  return false;
}

static void forget_run(struct guide_dedup *o) {
  gc_buf_reset(&o->held);
  o->held_count = o->start = 0;
}

static bool hold_event(struct guide_dedup *o, const char *bytes, size_t len) {
  uint32_t size = (uint32_t)len;
  size_t before = o->held.len;
  o->held.max = HELD_MAX_BYTES;
  if (gc_buf_add(&o->held, (const char *)&size, sizeof(size)) == GC_OK &&
      gc_buf_add(&o->held, bytes, len) == GC_OK) {
    o->held_count++;
    return true;
  }
  o->held.len = before;
  return false;
}

void guide_dedup_flush(struct guide_dedup *o, guide_dedup_pass *pass,
                       void *ctx) {
  for (size_t at = 0; at < o->held.len;) {
    uint32_t size;
    memcpy(&size, o->held.data + at, sizeof(size));
    pass(ctx, o->held.data + at + sizeof(size), size);
    at += sizeof(size) + size;
  }
  forget_run(o);
}

static void read_new_behind(struct guide_dedup *o, uint64_t hash,
                            const char *bytes, size_t len,
                            guide_dedup_pass *pass, void *ctx) {
  if (extend_run(o, hash) && hold_event(o, bytes, len)) {
    if (o->start + o->held_count == o->count) {
      drop_oldest(o, o->count);
      forget_run(o);
    }
    return;
  }
  /* The message is no repeat, so the held messages were new too. */
  drop_oldest(o, o->start);
  o->count = o->held_count;
  guide_dedup_flush(o, pass, ctx);
  o->new_is_ahead = true;
  add_hash(o, hash);
  pass(ctx, bytes, len);
}

/* ---- both ---- */

void guide_dedup_message(struct guide_dedup *o, bool from_new,
                         const char *bytes, size_t len, guide_dedup_pass *pass,
                         void *ctx) {
  uint64_t hash = gc_hash(bytes, len);
  bool is_behind = from_new != o->new_is_ahead;
  if (is_behind && from_new) {
    read_new_behind(o, hash, bytes, len, pass, ctx);
    return;
  }
  if (is_behind && catches_up(o, hash))
    return;
  if (is_behind && o->count == 0)
    o->new_is_ahead = false;
  /* A message of the socket behind is not noted while the new socket is ahead:
   * the server sent it before it knew the new socket. */
  if (!is_behind || !o->new_is_ahead)
    add_hash(o, hash);
  pass(ctx, bytes, len);
}

void guide_dedup_clear(struct guide_dedup *o) {
  gc_buf_clear(&o->held);
  *o = (struct guide_dedup){.count = 0};
}
