/* SPDX-License-Identifier: MIT */
/* Self-telemetry of the endpoint. Pure. */
#ifndef GENESYS_PROMETHEUS_TELEMETRY_H
#define GENESYS_PROMETHEUS_TELEMETRY_H

#include "common/genesys/sample.h"
#include "plugins/genesys_prometheus/http/endpoint.h"

/* Puts the samples of the instance "prometheus". */
void prometheus_samples(const struct store_stats *store,
                        const struct endpoint_stats *endpoint,
                        uint32_t interval_ms, const struct gc_samples *out);

#endif
