/* SPDX-License-Identifier: MIT */
/* The names of an account's queues, users, presences, flows, flow outcomes and
 * flow milestones. The lists are read from the API page by page, read again at
 * intervals, and kept in the state store, so that a restart during an outage
 * still knows them. A list is read only once a listener for its kind exists.
 *
 *   queue     each 10 min, with service level targets; sooner when an answer
 *             names a queue that is not known
 *   user      each 30 min
 *   presence  each hour
 *   flow      each 10 min; sooner as for queues
 *   flow_outcome, flow_milestone  each 30 min; sooner as for queues
 *
 * A list that cannot be read is tried again after 5 to 35 s, then up to 10 min
 * apart (a minute during an outage of the whole API, a second while the account
 * has no token and nothing is sent); the known names stay. If the list itself
 * is refused (403, 404), ids replace the names that are not known, and a notice
 * reports it.
 *
 * Only the account's network thread may use this; gc_names_entities is for any
 * thread. */
#ifndef GC_NET_NAME_CACHE_H
#define GC_NET_NAME_CACHE_H

#include "common/genesys/entities.h"
#include "common/net/api/api.h"
#include "common/net/store/store.h"

enum gc_name_kind {
  GC_QUEUE,
  GC_USER,
  GC_PRESENCE,
  GC_FLOW,
  GC_FLOW_OUTCOME,
  GC_FLOW_MILESTONE,
  GC_NAME_KIND_COUNT
};

struct gc_names;

/* A listener for one kind, in its owner's memory. */
struct gc_names_listener {
  enum gc_name_kind kind;
  void (*changed)(void *ctx, struct gc_entities *entities); /* borrowed */
  void *ctx;
  struct gc_names_listener *next; /* the cache's */
};

/* Returns NULL when out of memory. All arguments are borrowed until
 * gc_names_free. `account` is the name under which the store keeps the rows;
 * `store` may be NULL: no name survives a restart. */
struct gc_names *gc_names_new(const char *account, struct gc_api *api,
                              const struct gc_env *env, struct gc_store *store);
/* Cancels requests, without `changed`. NULL is allowed. */
void gc_names_free(struct gc_names *n);

/* Adds a listener: `changed` runs whenever the list was read or is refused for
 * the first time, and in the next turn of the loop if the names are known
 * already, even from an earlier run. The first listener for a kind makes the
 * cache read its list. Inside `changed` a listener may remove itself, but no
 * other one. */
GC_API void gc_names_listen(struct gc_names *n, struct gc_names_listener *l);
/* Removes a listener; one that was not added is ignored. */
GC_API void gc_names_unlisten(struct gc_names *n, struct gc_names_listener *l);

/* An answer contains an id that has no name: reads the list again now, but at
 * most once a minute, and not if the list has no listener or failed last. */
GC_API void gc_names_miss(struct gc_names *n, enum gc_name_kind kind);

/* The present names: a counted reference (gc_entities_put), NULL while none are
 * known. Any thread. */
GC_API struct gc_entities *gc_names_entities(struct gc_names *n,
                                             enum gc_name_kind kind);

/* "queue", "user", "presence", "flow", "flow_outcome", "flow_milestone"; never
 * NULL. */
GC_API const char *gc_name_kind_name(enum gc_name_kind kind);

#endif
