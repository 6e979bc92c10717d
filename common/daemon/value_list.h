/* SPDX-License-Identifier: MIT */
/* A sample as collectd's value list. Private to common/daemon; collectd.h and
 * plugin.h come before it. */
#ifndef GC_DAEMON_VALUE_LIST_H
#define GC_DAEMON_VALUE_LIST_H

#include "common/genesys/sample.h"

/* Fills `vl`, whose values point to `values` then, with exactly what the
 * writers will see: the daemon's own defaults for host and time are filled in
 * and its rule for slashes is applied here already (plugin.c of 5.12:
 * plugin_value_list_clone, plugin_dispatch_values_internal). False: no data
 * source is known, there is nothing to dispatch. */
bool gc_value_list(const char *host, const struct gc_sample *sample,
                   value_list_t *vl, value_t values[GC_DS_MAX]);

#endif
