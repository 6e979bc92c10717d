/* SPDX-License-Identifier: MIT */
/* Ids and their names at one moment: an account's queues, users, presences,
 * flows, flow outcomes or flow milestones. An object never changes; the name
 * cache makes a new object, which readers get with their next request. Counted
 * references; any thread. Pure. */
#ifndef GC_GENESYS_ENTITIES_H
#define GC_GENESYS_ENTITIES_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_entry {
  const char *id;
  const char *name;   /* the API's text, any UTF-8 */
  const char *label;  /* part of an identity: clean and unique */
  const char *detail; /* presences: the system presence; queues: their targets
                         (genesys/entity_page.h); else "" */
};

struct gc_entities;

/* Makes an object with the reference count 1. Copies `entries`, which may come
 * in any order; if two have the same id, the later one counts. `refused`: the
 * API refuses the list (403, 404); an entity that is not in it is shown by its
 * id. NULL when out of memory. */
GC_API GC_MUST_CHECK struct gc_entities *
gc_entities_new(const struct gc_entry *entries, size_t count, bool refused);
GC_API struct gc_entities *gc_entities_get(struct gc_entities *entities);
GC_API void gc_entities_put(struct gc_entities *entities); /* NULL is allowed */

/* Returns the entry of an id; NULL when there is none. */
GC_API const struct gc_entry *
gc_entities_find(const struct gc_entities *entities, const char *id);
GC_API size_t gc_entities_count(const struct gc_entities *entities);
/* Returns the entry with the index `i`, which is below the count, in the order
 * of the ids. */
GC_API const struct gc_entry *gc_entities_at(const struct gc_entities *entities,
                                             size_t i);
GC_API bool gc_entities_is_refused(const struct gc_entities *entities);

#endif
