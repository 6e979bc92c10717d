/* SPDX-License-Identifier: MIT */
/* A trial of the configuration, for genesys-probe: the blocks that the
 * configuration made poll as they always do, and their values go to the trial
 * in place of collectd's write queue. Nothing is stored: the accounts have no
 * state store. No channel, queue of messages or port is opened: blocks that
 * only count events are left out, and so are all plugins without a
 * gc_block_trial.
 *
 * genesys-probe calls these functions in the configuration phase, after all
 * sections, on the main thread; the process ends without collectd's other
 * phases. A trial cannot be undone. */
#ifndef GC_DAEMON_TRIAL_H
#define GC_DAEMON_TRIAL_H

#include "common/daemon/plugin_base.h"

struct value_list_s; /* of collectd */

/* The receiver of a trial; no member is NULL. `plugin` is "genesys_realtime",
 * `block` "queues-all", and `subject` is the block in the configuration:
 * "genesys_realtime <Queues "all">". All arguments are borrowed for the call.
 */
struct gc_trial {
  /* Takes a value. `parts`: genesys/parts.h, "" for none. */
  void (*value)(void *ctx, const char *plugin, const char *block,
                const struct value_list_s *vl, const char *parts);
  /* Reports a block that polls. */
  void (*tried)(void *ctx, const char *plugin, const char *block,
                const char *subject);
  /* Reports that a block is not tried. */
  void (*left_out)(void *ctx, const char *plugin, const char *block,
                   const char *subject, const char *why);
  /* Reports once that all sources of a block were up at the same time. */
  void (*answered)(void *ctx, const char *plugin, const char *block);
  /* Reports the requests of a block, or of an account's lists of names (both
   * names then are ""), to `family` ("queue_observations"). */
  void (*requests)(void *ctx, const char *plugin, const char *block,
                   const char *account, const char *family, double per_minute);
  /* Reports an account and its budget, requests per minute. */
  void (*budget)(void *ctx, const char *account, uint32_t per_minute);
  /* Reports a fact about a block that its values do not show. */
  void (*note)(void *ctx, const char *plugin, const char *block,
               const char *text);
  void *ctx;
};

/* Starts the blocks. `t` is borrowed for the rest of the process. A block that
 * cannot start is logged, as at a real start. */
GC_API void gc_trial_begin(const struct gc_trial *t);

/* Reads the new values of all blocks. Returns the number of blocks that still
 * wait for an answer to their first requests, or have not sent their first
 * interval. Call it every 250 ms or so. */
GC_API size_t gc_trial_read(void);
/* Reads the self-telemetry of all blocks. */
GC_API void gc_trial_read_state(void);
/* Reports the requests, budgets and notes. The requests of a block that had no
 * answer are unknown and left out. */
GC_API void gc_trial_report(void);

#endif
