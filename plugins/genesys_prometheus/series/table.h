/* SPDX-License-Identifier: MIT */
/* A hash table of value lists by their key. One thread at a time: the store has
 * 64 of them, each with a lock. */
#ifndef GENESYS_PROMETHEUS_SERIES_TABLE_H
#define GENESYS_PROMETHEUS_SERIES_TABLE_H

#include "plugins/genesys_prometheus/series/families.h"
#include "plugins/genesys_prometheus/series/leases.h"

/* A value list and its points; the key follows the points. */
struct entry {
  struct entry *next;
  uint64_t hash;
  uint64_t written_ms;     /* monotonic */
  uint64_t life_ms;        /* from written_ms on */
  uint64_t time;           /* of the newest values */
  struct lease_use *lease; /* NULL: none */
  uint32_t interval_ms;
  uint32_t key_len;
  uint32_t count;
  struct point *points[]; /* NULL: not shown */
};

struct table {
  struct entry **heads;
  size_t room; /* a power of two, or 0 */
  size_t count;
};

/* Makes an entry with `count` points, all NULL. Returns NULL when out of
 * memory.
 */
struct entry *entry_new(const char *key, size_t key_len, uint64_t hash,
                        size_t count);

/* Returns the entry of the key; NULL when there is none. */
struct entry *table_find(const struct table *t, const char *key, size_t key_len,
                         uint64_t hash);
/* Adds an entry whose key is not in the table. Returns false when out of
 * memory.
 */
bool table_add(struct table *t, struct entry *e);
/* Frees the table, not the entries. */
void table_clear(struct table *t);

#endif
