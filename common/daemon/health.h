/* SPDX-License-Identifier: MIT */
/* The registry of common/health in collectd: the clocks of this process, by
 * which gc_plugin_register lets it run, and its changes as notifications. */
#ifndef GC_DAEMON_HEALTH_H
#define GC_DAEMON_HEALTH_H

#include "common/health/registry.h"

/* Returns the time by both clocks. */
GC_API struct gc_health_time gc_daemon_health_time(void);

/* Sends a notification for each change that is due: plugin "genesys", the
 * account or block as plugin instance, type "health", the host of its
 * self-telemetry. Holds no lock meanwhile, since a notification runs the
 * callbacks of other plugins, such as exec. One thread at a time. */
GC_API void gc_daemon_health_notify(void);

#endif
