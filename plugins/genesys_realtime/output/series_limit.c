/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/output/series_limit.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"

enum { FIRST_SIZE = 256, CHECKS_PER_EXPIRY = 8 };

struct place {
  uint64_t hash; /* 0: free */
  uint64_t put_ms;
};

struct series_limit {
  size_t max;
  uint64_t expiry_ms, now_ms, checked_ms;
  struct place *places; /* open addressing; a power of two, half of it free */
  size_t room, count;
  uint64_t overflow;
  const struct gc_samples *out;
};

struct series_limit *series_limit_new(size_t max, uint64_t expiry_ms) {
  struct series_limit *l = calloc(1, sizeof(*l));
  if (l == NULL)
    return NULL;
  l->max = max;
  l->expiry_ms = expiry_ms;
  return l;
}

void series_limit_free(struct series_limit *l) {
  if (l == NULL)
    return;
  free(l->places);
  free(l);
}

size_t series_limit_count(const struct series_limit *l) { return l->count; }

uint64_t series_limit_overflow(const struct series_limit *l) {
  return l->overflow;
}

/* Adds the text and its NUL to the hash. */
static uint64_t hash_text(uint64_t h, const char *text) {
  return gc_hash_add(h, text, strlen(text) + 1);
}

static uint64_t hash_of(const struct gc_sample *s) {
  uint64_t h = GC_HASH_INIT ^ (uint64_t)s->metric;
  h = hash_text(hash_text(h, s->instance), s->qualifier);
  h = gc_hash_fold(h);
  return h != 0 ? h : 1;
}

/* Returns the place of the series, or the free place for it. */
static struct place *place_of(struct place *places, size_t room,
                              uint64_t hash) {
  size_t i = hash & (room - 1);
  while (places[i].hash != 0 && places[i].hash != hash)
    i = (i + 1) & (room - 1);
  return &places[i];
}

/* Moves all series that have not expired to a table of `room` places. */
static bool resize_table(struct series_limit *l, size_t room) {
  struct place *places = calloc(room, sizeof(*places));
  if (places == NULL)
    return false;
  l->count = 0;
  for (size_t i = 0; i < l->room; i++) {
    const struct place *p = &l->places[i];
    if (p->hash == 0 || l->now_ms - p->put_ms >= l->expiry_ms)
      continue;
    *place_of(places, room, p->hash) = *p;
    l->count++;
  }
  free(l->places);
  l->places = places;
  l->room = room;
  return true;
}

static bool take_place(struct series_limit *l) {
  if (l->count >= l->max)
    return false;
  if (l->count * 2 < l->room)
    return true;
  return resize_table(l, l->room == 0 ? FIRST_SIZE : l->room * 2);
}

static bool has_place(struct series_limit *l, const struct gc_sample *sample) {
  uint64_t hash = hash_of(sample);
  struct place *p =
      l->room > 0 ? place_of(l->places, l->room, hash) : l->places;
  if (p == NULL || p->hash == 0) {
    if (!take_place(l))
      return false;
    p = place_of(l->places, l->room, hash);
    p->hash = hash;
    l->count++;
  }
  p->put_ms = l->now_ms;
  return true;
}

static void put_limited(void *ctx, const struct gc_sample *sample) {
  struct series_limit *l = ctx;
  if (has_place(l, sample))
    l->out->put(l->out->ctx, sample);
  else
    l->overflow++;
}

struct gc_samples series_limit_sink(struct series_limit *l, uint64_t now_ms,
                                    const struct gc_samples *out) {
  l->out = out;
  l->now_ms = now_ms;
  if (now_ms - l->checked_ms >= l->expiry_ms / CHECKS_PER_EXPIRY) {
    l->checked_ms = now_ms;
    if (l->count > 0)
      (void)resize_table(l, l->room); /* without memory they stay longer */
  }
  return (struct gc_samples){put_limited, l};
}
