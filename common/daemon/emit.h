/* SPDX-License-Identifier: MIT */
/* Samples to collectd: data sets, identities, plugin_dispatch_values. */
#ifndef GC_DAEMON_EMIT_H
#define GC_DAEMON_EMIT_H

#include "common/genesys/sample.h"

/* Registers the data sets of base/metric with the daemon, once per process:
 * every plugin calls it in module_register, the first call does the work. */
GC_API enum gc_code gc_emit_register(struct gc_err *err);

/* Dispatches one sample. `host` NULL or "": collectd's own. instance and
 * qualifier must already be clean (base/names): what does not fit 127 bytes is
 * cut at a character boundary, what is no text becomes "_". A gauge that is
 * not finite is not known: GC_OK and nothing is dispatched when no source of
 * the sample is known, NaN stands for the unknown ones otherwise. A time that
 * is not after 1970 or that collectd cannot hold is now; interval 0 is the
 * calling plugin's. GC_ERR_MEMORY: it was not queued. Any thread but the
 * configuration phase; does not wait (collectd queues). The plugin part is
 * always "genesys". */
GC_API enum gc_code gc_emit(const char *host, const struct gc_sample *sample);

/* A sink that dispatches to `host` (borrowed as long as the sink is used). */
GC_API struct gc_samples gc_emit_samples(const char *host);

#endif
