/* SPDX-License-Identifier: MIT */
/* Counts the entries of each lease, so that the store searches for series of a
 * standby only when there are some. */
#ifndef GENESYS_PROMETHEUS_SERIES_LEASES_H
#define GENESYS_PROMETHEUS_SERIES_LEASES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct gc_lease_gate;

/* True while this agent holds the lease. */
typedef bool (*lease_holds)(const struct gc_lease_gate *lease);

struct lease_use {
  const struct gc_lease_gate *lease;
  _Atomic size_t entries;
  bool is_lost; /* at the last leases_find_lost */
  struct lease_use *next;
};

struct leases {
  pthread_mutex_t lock;
  struct lease_use *all;
};

void leases_init(struct leases *l);
/* Frees the counts. */
void leases_clear(struct leases *l);

/* Finds or makes the count of a lease, which lives as long as `l`. Returns NULL
 * when out of memory. Any thread. */
struct lease_use *leases_get(struct leases *l,
                             const struct gc_lease_gate *lease);
/* Notes which leases this agent does not hold. Returns true if one has
 * entries. The caller serializes the calls and its reads of `is_lost`. */
bool leases_find_lost(struct leases *l, lease_holds holds);

#endif
