/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/series/leases.h"

#include <stdlib.h>

void leases_init(struct leases *l) {
  *l = (struct leases){.all = NULL};
  pthread_mutex_init(&l->lock, NULL);
}

void leases_clear(struct leases *l) {
  for (struct lease_use *u = l->all, *next; u != NULL; u = next) {
    next = u->next;
    free(u);
  }
  pthread_mutex_destroy(&l->lock);
}

struct lease_use *leases_get(struct leases *l,
                             const struct gc_lease_gate *lease) {
  pthread_mutex_lock(&l->lock);
  struct lease_use *u = l->all;
  while (u != NULL && u->lease != lease)
    u = u->next;
  if (u == NULL && (u = calloc(1, sizeof(*u))) != NULL) {
    u->lease = lease;
    u->next = l->all;
    l->all = u;
  }
  pthread_mutex_unlock(&l->lock);
  return u;
}

bool leases_find_lost(struct leases *l, lease_holds holds) {
  bool is_any = false;
  pthread_mutex_lock(&l->lock);
  for (struct lease_use *u = l->all; u != NULL; u = u->next) {
    u->is_lost = !holds(u->lease);
    is_any = is_any || (u->is_lost && u->entries > 0);
  }
  pthread_mutex_unlock(&l->lock);
  return is_any;
}
