/* SPDX-License-Identifier: MIT */
/* One running <Queues> block: selects the queues, follows the lease, and joins
 * the parts, each of which has its own threads:
 *
 *   observations/feed     polls and messages, on the account's network thread
 *   observations/newest   the newest reading, between the threads
 *   stream                events and counters, between the threads
 *   output                Window and MaxSeries, on the read thread
 *
 * This file does not depend on collectd: the plugin passes sinks and callbacks.
 */
#ifndef GENESYS_REALTIME_BLOCK_H
#define GENESYS_REALTIME_BLOCK_H

#include "plugins/genesys_realtime/deps.h"
#include "plugins/genesys_realtime/observations/feed.h"
#include "plugins/genesys_realtime/stream/stream.h"

struct block;

/* Makes a block. `options` and what `deps` points to are borrowed as long as it
 * lives. */
struct block *block_new(const struct queues_options *options,
                        const struct queues_deps *deps);
/* Starts polling and the stream; waits for one turn of the network thread. Do
 * not call it from that thread. */
void block_start(struct block *b);
/* Stops and frees `b`, which may be NULL; waits for one turn of the network
 * thread. Do not call it from that thread. */
void block_free(struct block *b);

/* Puts the values of the newest observations, each reading once, and the
 * stream's counters; nothing while another agent holds the lease. One read
 * thread at a time. */
void block_read(struct block *b, const struct gc_samples *out);

/* Puts the last values: those that are new, and the open windows. Call it after
 * the last block_read. */
void block_finish(struct block *b, const struct gc_samples *out);
/* Returns true if block_finish may put something that block_read does not. */
bool block_has_windows(const struct block *b);

/* Puts the block's self-telemetry (source_up and so on), under the instance
 * `instance` and with `interval_ms`. Any thread: the read callback and /health
 * may call it at the same time. */
void block_read_state(struct block *b, const char *instance,
                      uint32_t interval_ms, const struct gc_samples *out);

#endif
