/* SPDX-License-Identifier: MIT */
/* The names of an account's queues, users, presences, flows, flow outcomes and
 * flow milestones. The lists are read from the API page by page, read again at
 * intervals, and kept in the state store, so that they are known after a
 * restart during an outage. A list is read only once a listener for its kind
 * exists.
 *
 *   queue     every 10 min, with service level targets; sooner when an answer
 *             names a queue that is not known
 *   user      every 30 min
 *   presence  every hour
 *   flow      every 10 min; sooner as for queues
 *   flow_outcome, flow_milestone  every 30 min; sooner as for queues
 *
 * A list that cannot be read is read again after 5 to 35 s, then at intervals
 * of up to 10 min. During an outage of the whole API the limit is a minute;
 * while the account has no token and nothing is sent, the interval is a second.
 * The known names stay. If the list itself is refused (403, 404), ids replace
 * the unknown names, and a notice reports the refusal.
 *
 * Only the account's network thread may use this; any thread may call
 * gc_names_entities. */
#ifndef GC_NET_NAME_CACHE_H
#define GC_NET_NAME_CACHE_H

#include "common/genesys/entities.h"
#include "common/genesys/labels.h"
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
  struct gc_names_listener *next; /* private to the cache */
};

/* Returns NULL when out of memory. All arguments are borrowed until
 * gc_names_free. `account` is the name under which the store keeps the rows.
 * `store` may be NULL: no names are stored. */
struct gc_names *gc_names_new(const char *account, struct gc_api *api,
                              const struct gc_env *env, struct gc_store *store);
/* Cancels requests, without `changed`. NULL is allowed. */
void gc_names_free(struct gc_names *n);

/* Adds a listener: `changed` runs whenever the list was read or was refused for
 * the first time, and in the next turn of the loop if the names are known
 * already, even from an earlier run. The first listener for a kind makes the
 * cache read its list. Inside `changed` a listener may remove itself, but no
 * other one. */
GC_API void gc_names_listen(struct gc_names *n, struct gc_names_listener *l);
/* Removes a listener; does nothing if it was not added. */
GC_API void gc_names_unlisten(struct gc_names *n, struct gc_names_listener *l);

/* Makes the labels of a kind depend on the list alone (genesys/labels.h,
 * gc_labels_by_list), for every listener and reader, from now on and for names
 * of an earlier run: agents that share the queues, or take over from each
 * other, then agree on each label. */
GC_API void gc_names_label_by_list(struct gc_names *n, enum gc_name_kind kind);

/* Returns the table of labels for names that answers give while the list of
 * queues is refused: one for all blocks of the account, so that no two of them
 * give one label to two queues. Owned by the cache. */
GC_API struct gc_labels *gc_names_labels_of_answers(struct gc_names *n);

/* Reads the list again, because an answer contains an id without a name: at
 * most once a minute, and not if the list never had a listener, is being read
 * or failed last. */
GC_API void gc_names_miss(struct gc_names *n, enum gc_name_kind kind);

/* Returns the current names: a counted reference (gc_entities_put), NULL while
 * none are known. Any thread. */
GC_API struct gc_entities *gc_names_entities(struct gc_names *n,
                                             enum gc_name_kind kind);

/* Returns "queue", "user", "presence", "flow", "flow_outcome" or
 * "flow_milestone"; never NULL. */
GC_API const char *gc_name_kind_name(enum gc_name_kind kind);
/* Returns how many requests a minute the list takes when it has `rows` rows;
 * *ret_endpoint: its call. Pure. */
GC_API double gc_name_kind_plan(enum gc_name_kind kind, size_t rows,
                                enum gc_endpoint_id *ret_endpoint);

#endif
