/* SPDX-License-Identifier: MIT */
/* The names of an account's queues, users, presences, flows, flow outcomes and
 * milestones: read page by page, read again at times, kept in the state store
 * so that a restart with the API away still knows them. A kind is read only
 * once somebody wants it.
 *
 *   queue     each 10 min, with service level targets; sooner when an answer
 *             names one that is not known
 *   user      each 30 min
 *   presence  each hour
 *   flow      each 10 min; sooner as for queues
 *   flow_outcome, flow_milestone  each 30 min; sooner likewise
 *
 * A failed reading is tried again after half a minute, then up to 10 min apart
 * (a minute while the whole API is away, a second while the account has no
 * token and nothing is sent); what was known stays. Where the list itself is
 * refused (403, 404) ids take the place of names and one notice says so. One
 * thread, the account's, but for gc_names_entities. */
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

/* Told when a kind has a new directory. Lives in its owner's memory. */
struct gc_names_listener {
  enum gc_name_kind kind;
  void (*changed)(void *ctx, struct gc_entities *directory); /* borrowed */
  void *ctx;
  struct gc_names_listener *next; /* the cache's */
};

/* `account` is the name under which rows are kept; all arguments are borrowed;
 * `store` may be NULL (nothing survives). NULL when out of memory. */
struct gc_names *gc_names_new(const char *account, struct gc_api *api,
                              const struct gc_env *env, struct gc_store *store);
void gc_names_free(struct gc_names *n);

/* From now on the kind is read. If it is known already, also from an earlier
 * run, `changed` runs with the next turn of the loop. Inside it a listener may
 * unlisten itself, no other one. */
GC_API void gc_names_listen(struct gc_names *n, struct gc_names_listener *l);
GC_API void gc_names_unlisten(struct gc_names *n, struct gc_names_listener *l);

/* An answer names something that is not in the directory: read the list again
 * soon, once a minute at most. A list that fails, or that nobody listens to, is
 * not read sooner for that. */
GC_API void gc_names_miss(struct gc_names *n, enum gc_name_kind kind);

/* The present directory, counted (gc_entities_put), NULL while nothing is
 * known. Any thread. */
GC_API struct gc_entities *gc_names_entities(struct gc_names *n,
                                             enum gc_name_kind kind);

/* "queue", "user", "presence", "flow", "flow_outcome", "flow_milestone". */
GC_API const char *gc_name_kind_name(enum gc_name_kind kind);

#endif
