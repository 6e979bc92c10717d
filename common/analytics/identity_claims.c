/* SPDX-License-Identifier: MIT */
#include "common/analytics/identity_claims.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"

enum { HASH_BITS = 64, DIGIT_BITS = 7, DIGITS = HASH_BITS / DIGIT_BITS + 1 };

/* Writes the hash of what distinguishes two series to Graphite: the kind of the
 * values, which has its own collectd types, the instance and the qualifier. */
static void write_hash(const struct gc_identity *id, char out[DIGITS]) {
  char text[GC_NAME_SIZE];
  uint64_t hash = gc_hash_byte(GC_HASH_INIT, (unsigned char)id->kind);
  gc_name_fold(text, id->instance);
  hash = gc_hash_add(hash, text, strlen(text) + 1);
  gc_name_fold(text, id->qualifier);
  hash = gc_hash_add(hash, text, strlen(text));
  for (size_t i = 0; i < DIGITS; i++) /* no digit is NUL */
    out[i] = (char)(0x80 | (hash >> (i * DIGIT_BITS) & 0x7f));
}

static bool has_identity(const struct gc_samples_view *view,
                         const struct gc_series_set *set, uint32_t number,
                         const char hash[DIGITS]) {
  struct gc_identity id;
  char own[DIGITS];
  if (number >= set->keys.count ||
      !gc_identity_make(view, gc_intern_text(&set->keys, number), &id))
    return false;
  write_hash(&id, own);
  return memcmp(own, hash, sizeof(own)) == 0;
}

static bool make_room(struct gc_identity_claims *c) {
  if (c->identities.count < c->cap)
    return true;
  size_t cap = c->cap == 0 ? 256 : c->cap * 2;
  uint32_t *series = realloc(c->series, cap * sizeof(*series));
  if (series == NULL)
    return false;
  c->series = series;
  c->cap = cap;
  return true;
}

bool gc_identity_claim(struct gc_identity_claims *c,
                       const struct gc_samples_view *view,
                       const struct gc_series_set *set, uint32_t number,
                       const struct gc_identity *id) {
  char hash[DIGITS];
  uint32_t place;
  write_hash(id, hash);
  if (gc_intern_find(&c->identities, hash, sizeof(hash), &place)) {
    if (c->series[place] != number &&
        has_identity(view, set, c->series[place], hash))
      return false;
    c->series[place] = number;
    return true;
  }
  /* Identities of old names are forgotten when there is no place for more. */
  c->identities.max =
      set->keys.max < UINT32_MAX / 4 ? 2 * set->keys.max : UINT32_MAX / 2;
  if (c->identities.count >= c->identities.max)
    gc_intern_clear(&c->identities);
  if (make_room(c) &&
      gc_intern_put(&c->identities, hash, sizeof(hash), &place) == GC_OK)
    c->series[place] = number;
  return true;
}

void gc_identity_claims_clear(struct gc_identity_claims *c) {
  gc_intern_clear(&c->identities);
  free(c->series);
  *c = (struct gc_identity_claims){.cap = 0};
}
