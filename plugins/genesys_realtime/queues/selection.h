/* SPDX-License-Identifier: MIT */
/* The queues of a block, as ids: those of the name list that the Queue options
 * accept, that the Shard leaves to this agent and that no other block has. The
 * selection is made before any request. Pure. */
#ifndef GENESYS_REALTIME_QUEUES_SELECTION_H
#define GENESYS_REALTIME_QUEUES_SELECTION_H

#include "common/genesys/entities.h"
#include "plugins/genesys_realtime/options.h"

/* Decides which <Queues> block has a queue, so that each series has one writer.
 * Of the blocks of one account that make the same series, the first one in the
 * file whose Queue options and Shard select a queue has it:
 *
 *   <Queues "fast"> Queue "Support*"      Support DE, Support FR
 *   <Queues "all">                        every other queue
 *
 * Observations and streams make different series, so that one block may poll a
 * queue while another one counts its conversations. The answer depends on the
 * options and the queue alone, so the blocks agree without asking each other.
 * Accounts have different hosts, so their blocks never share a series. Any
 * thread. */

/* Series that one block makes of a queue. */
enum queue_part {
  QUEUE_OBSERVED, /* gauges, and their windows */
  QUEUE_STREAMED, /* counters of the stream */
  QUEUE_ACTIVE,   /* active_conversations of a stream: only of queues whose
                     observations no block has */
  QUEUE_DEPTHS,   /* queue_depth, queue_interacting of a stream: likewise, of
                     whatever source */
};

/* All members are borrowed. */
struct ownership {
  const struct queues_options *self;
  const struct queues_options *const *blocks; /* the account's blocks, in the
                                                 file's order; NULL: self */
  size_t count;
  enum queue_part part;
};

/* Returns true if another block has the queue. `name` NULL: the name is not
 * known yet, so a block with selectors may have the queue; "": the queue has no
 * name. */
bool ownership_is_taken(const struct ownership *o, const char *name,
                        const char *id);
/* Returns true if the block shows the queue. While the name is not known, a
 * block with selectors does not show it. */
bool ownership_has(const struct ownership *o, const char *name, const char *id);

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
