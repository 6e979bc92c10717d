/* SPDX-License-Identifier: MIT */
/* Emits samples: to the suite's writers at once (daemon/writers.h), and into
 * collectd's write queue for all other writers, unless the option Dispatch is
 * false. Data sets, identities, plugin_dispatch_values. */
#ifndef GC_DAEMON_EMIT_H
#define GC_DAEMON_EMIT_H

#include "common/genesys/sample.h"

struct gc_lease_gate;
/* collectd's value_list_t and value_t. */
struct value_list_s;
union value_u;

/* Registers the data sets of genesys/metric with the daemon, in
 * module_register; the first call of the process does the work. */
GC_API enum gc_code gc_emit_register(struct gc_err *err);

/* Emits one sample; the plugin part of its identity is "genesys". `host`
 * NULL or "" stands for collectd's host. Any thread after the configuration
 * phase; does not wait, since collectd queues the value. GC_ERR_MEMORY: the
 * value was not queued, and no writer has it. GC_ERR_UNAVAILABLE: nothing was
 * emitted, because `host` is that of an account whose lease this agent does not
 * hold (net/lease_gate); the function reads the value's time before it checks
 * the lease.
 *
 *   instance,       must be clean already (genesys/clean_name); they are cut to
 *   qualifier       127 bytes at a character boundary; "_" replaces a byte that
 *                   is not text
 *   gauges          a gauge that is not finite has no value: if no data source
 *                   has a value, nothing is dispatched (GC_OK); otherwise the
 *                   gauge is NaN
 *   time            now, if the sample's time is not after 1970 or is too late
 *                   for collectd
 *   interval 0      the interval of the calling plugin */
GC_API enum gc_code gc_emit(const char *host, const struct gc_sample *sample);

/* True if this agent may dispatch values of `host` now: no account with this
 * Host has a lease, or this agent holds it. Any thread. */
GC_API bool gc_emit_allows(const char *host);
/* Returns the host of the self-telemetry and the notifications: `host`, or NULL
 * (collectd's own) with a lease, since each of the agents sends its own. */
GC_API const char *gc_emit_state_host(const char *host);

/* Returns a sink that dispatches with `host`, which is borrowed as long as the
 * sink is used. */
GC_API struct gc_samples gc_emit_samples(const char *host);

/* Fills `vl`, whose values then point to `values` (GC_DS_MAX of them), with
 * exactly the values that the writers see: the daemon's defaults for host and
 * time and its rule for slashes are applied already (plugin.c of 5.12:
 * plugin_value_list_clone, plugin_dispatch_values_internal). False: no data
 * source has a value, so that there is nothing to emit. */
bool gc_value_list(const char *host, const struct gc_sample *sample,
                   struct value_list_s *vl, union value_u *values);

/* Emits the value list that gc_value_list made of the sample; the caller has
 * checked the lease. GC_ERR_MEMORY, as gc_emit. */
enum gc_code gc_emit_list(const char *host, const struct gc_sample *sample,
                          const struct value_list_s *vl);

/* Option Dispatch of <Plugin genesys>: whether values enter collectd's queue.
 * Configuration phase; true at first. */
GC_API void gc_emit_set_dispatch(bool dispatches);
GC_API bool gc_emit_dispatches(void);

/* Asks `enters` before a value enters collectd's queue; false: the suite's
 * writers alone get it. gc_emit_list does not ask. The write tracker sets it
 * (gc_write_tracker_left_out); any thread calls it. NULL: each value enters. */
void gc_emit_set_gate(bool (*enters)(const struct value_list_s *vl));

/* Gives all later values to `take` in place of collectd and the writers, on
 * the thread that emits them; for a trial (probe/values/agent.c), before any
 * thread is there. `parts`: those of the sample, or "". */
GC_API void gc_emit_divert(void (*take)(const struct value_list_s *vl,
                                        const char *parts));
/* True after gc_emit_divert: no value passes collectd's write queue. */
bool gc_emit_is_diverted(void);

/* Returns how many series the blocks of this process send, by the newest sample
 * of GC_METRIC_SERIES of each: for advice that depends on the size of the whole
 * agent. Any thread. */
GC_API size_t gc_series_total(void);

#endif
