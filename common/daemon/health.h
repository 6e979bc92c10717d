/* SPDX-License-Identifier: MIT */
/* The registry of common/health with the clocks of this process. Accounts and
 * blocks publish their health here; changes become collectd's notifications.
 * Each function accepts NULL for an account or block without an entry. Any
 * thread. */
#ifndef GC_DAEMON_HEALTH_H
#define GC_DAEMON_HEALTH_H

#include "common/health/registry.h"

/* Adds a block or an account: `name` "queues-all", `short_name` "all". NULL
 * when out of memory. */
GC_API struct gc_health *gc_daemon_health_add(enum gc_health_kind kind,
                                              const char *plugin,
                                              const char *name,
                                              const char *short_name);
GC_API void gc_daemon_health_note(struct gc_health *h, const char *cause,
                                  const struct gc_err *err);
GC_API void gc_daemon_health_read(struct gc_health *h,
                                  const struct gc_health_reading *r);
GC_API void gc_daemon_health_fail(struct gc_health *h,
                                  const struct gc_err *err);

/* Sends a notification for each change that is due: plugin "genesys", the
 * account or block as plugin instance, type "health", the host of its
 * self-telemetry. Holds no lock meanwhile, since a notification runs the
 * callbacks of other plugins, such as exec. One thread at a time. */
GC_API void gc_daemon_health_notify(void);

#endif
