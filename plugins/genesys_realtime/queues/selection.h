/* SPDX-License-Identifier: MIT */
/* The queues of a block, as ids: those of the name list that the Queue options
 * accept, that the Shard leaves to this agent and that no other block has. The
 * selection is made before any request. Pure. */
#ifndef GENESYS_REALTIME_QUEUES_SELECTION_H
#define GENESYS_REALTIME_QUEUES_SELECTION_H

#include "common/genesys/entities.h"
#include "plugins/genesys_realtime/queues/ownership.h"

struct selection {
  char **ids; /* in the order of the Queue options that select them, then of the
                 list: if there is no room for all, the first ones have it */
  size_t count;
  size_t taken; /* queues that the options select and another block has */
};

/* Replaces the selection. If the list is refused, there are no names to match,
 * so the ids that the options write out are taken as they are. `any_id` (guide
 * dialect): every selector without a wildcard is an id; otherwise only a UUID
 * is. On failure the old selection stays. */
GC_MUST_CHECK enum gc_code selection_make(struct selection *s,
                                          const struct gc_entities *queues,
                                          const struct ownership *owner,
                                          bool any_id);
void selection_clear(struct selection *s);

#endif
