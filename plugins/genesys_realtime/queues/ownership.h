/* SPDX-License-Identifier: MIT */
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
 * Accounts have different hosts, so their blocks never share a series. Pure,
 * any thread. */
#ifndef GENESYS_REALTIME_QUEUES_OWNERSHIP_H
#define GENESYS_REALTIME_QUEUES_OWNERSHIP_H

#include "plugins/genesys_realtime/options.h"

/* Series that one block makes of a queue. */
enum queue_part {
  QUEUE_OBSERVED, /* gauges, and their windows */
  QUEUE_STREAMED, /* counters of the stream */
  QUEUE_ACTIVE,   /* active_conversations of a stream: only of queues whose
                     observations no block has */
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

#endif
