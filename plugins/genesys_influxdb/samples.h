/* SPDX-License-Identifier: MIT */
/* Self-telemetry of a node. Pure. */
#ifndef GENESYS_INFLUXDB_SAMPLES_H
#define GENESYS_INFLUXDB_SAMPLES_H

#include "common/genesys/sample.h"
#include "plugins/genesys_influxdb/node.h"

/* Puts the samples of a node. `instance`: "node-main". */
void influx_samples(const struct influx_node_stats *stats, const char *instance,
                    uint32_t interval_ms, const struct gc_samples *out);

#endif
