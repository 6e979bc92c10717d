/* SPDX-License-Identifier: MIT */
/* Ids of the platform as 16 bytes, and a table of things by their id. Pure. */
#ifndef GENESYS_REALTIME_QUEUES_UUID_KEY_H
#define GENESYS_REALTIME_QUEUES_UUID_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a UUID, in any case of letters, or a hash of any other text. All
 * zero: no id. */
struct uuid_key {
  uint64_t high, low;
};

struct uuid_key uuid_key_read(const char *text, size_t len);

static inline bool uuid_key_is_none(struct uuid_key id) {
  return (id.high | id.low) == 0;
}

static inline bool uuid_key_equal(struct uuid_key a, struct uuid_key b) {
  return a.high == b.high && a.low == b.low;
}

/* Returns a hash of the id, for hash tables and for participants in place of
 * their id. */
static inline uint64_t uuid_key_hash(struct uuid_key id) {
  uint64_t h = (id.high ^ id.low >> 29) * UINT64_C(0x9e3779b97f4a7c15);
  h = (h ^ h >> 32 ^ id.low) * UINT64_C(0xd6e8feb86659fd93);
  return h ^ h >> 32;
}

/* ---- a table: things by their id ---- */

/* The owner numbers its things and keeps their ids. Open addressing; at least
 * half of the slots are free. Zero it, but for id_of and owner. */
struct uuid_index {
  struct uuid_key (*id_of)(const void *owner, uint32_t number);
  const void *owner;
  uint32_t *slots; /* number + 1; 0: free */
  uint32_t slot_count, count;
};

/* Returns the number of the thing with this id; UINT32_MAX: there is none. */
uint32_t uuid_index_find(const struct uuid_index *x, struct uuid_key id);
/* Makes room for one more thing. Returns false when out of memory. */
bool uuid_index_reserve(struct uuid_index *x);
/* Adds a thing. Call uuid_index_reserve before. */
void uuid_index_put(struct uuid_index *x, uint32_t number);
/* Removes a thing, which still has its id. */
void uuid_index_drop(struct uuid_index *x, uint32_t number);
void uuid_index_clear(struct uuid_index *x);

#endif
