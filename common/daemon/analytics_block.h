/* SPDX-License-Identifier: MIT */
/* A block of interval queries on its way through collectd: what the callbacks
 * of its class (blocks.h) do alike in every plugin. The way out is the tap. */
#ifndef GC_DAEMON_ANALYTICS_BLOCK_H
#define GC_DAEMON_ANALYTICS_BLOCK_H

#include "common/daemon/analytics_options.h"
#include "common/daemon/plugin_base.h"

struct gc_write_ticket;

/* A member of the plugin's struct; zeroed before the start. */
struct gc_query_block {
  const struct gc_block *block;
  struct gc_write_ticket *ticket;
  struct gc_analytics *work;
};

/* Starts to ask, with the account that `block` uses; `o` is borrowed. */
GC_API GC_MUST_CHECK enum gc_code
gc_query_block_start(struct gc_query_block *q, struct gc_block *block,
                     const char *account, enum gc_query_source source,
                     const struct gc_query_options *o, struct gc_err *err);
/* As the members of gc_block_class are called. */
GC_API void gc_query_block_look(struct gc_query_block *q);
GC_API void gc_query_block_last_look(struct gc_query_block *q);
GC_API void gc_query_block_state(struct gc_query_block *q, uint32_t interval_ms,
                                 const struct gc_samples *out);
GC_API void gc_query_block_clear(struct gc_query_block *q);

#endif
