/* SPDX-License-Identifier: MIT */
/* The queues of a block, as ids: those of the name list that the Queue options
 * accept and that the Shard leaves to this agent. The selection is made before
 * any request. Pure. */
#ifndef GENESYS_REALTIME_QUEUES_SELECTION_H
#define GENESYS_REALTIME_QUEUES_SELECTION_H

#include "common/genesys/entities.h"
#include "plugins/genesys_realtime/queues/shard.h"

struct selection {
  char **ids; /* in the order of the ids */
  size_t count;
};

/* Replaces the selection. If the list is refused, there are no names to match:
 * the ids that the options write out are taken as they are. `any_id` (guide
 * dialect): an id need not be a UUID, every selector without a wildcard is one.
 * `shard` may be NULL. On failure the old selection stays. */
GC_MUST_CHECK enum gc_code
selection_make(struct selection *s, const struct gc_entities *queues,
               char *const *selectors, size_t selector_count,
               const struct shard *shard, bool any_id);
void selection_clear(struct selection *s);

#endif
