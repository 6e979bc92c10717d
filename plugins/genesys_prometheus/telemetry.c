/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/telemetry.h"

static const char *const statuses[] = {
#define XX(status) [ENDPOINT_##status] = #status,
    ENDPOINT_STATUS_MAP(XX)
#undef XX
};

void prometheus_samples(const struct store_stats *store,
                        const struct endpoint_stats *endpoint,
                        uint32_t interval_ms, const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = "prometheus", .interval_ms = interval_ms};
  gc_put_gauge(&w, GC_METRIC_SERIES, "", (double)store->series);
  gc_put_count(&w, GC_METRIC_SERIES_OVERFLOW, "", store->overflow);
  gc_put_count(&w, GC_METRIC_SERIES_OLD, "", store->old);
  gc_put_count(&w, GC_METRIC_SERIES_COLLIDED, "", store->collisions);
  for (int i = 0; i < ENDPOINT_STATUS_COUNT; i++)
    gc_put_count(&w, GC_METRIC_SCRAPES, statuses[i], endpoint->answers[i]);
  gc_put_count(&w, GC_METRIC_SCRAPES, "cut", endpoint->cut);
  if (endpoint->has_cert)
    gc_put_gauge(&w, GC_METRIC_CERTIFICATE_LIFETIME, "tls_cert",
                 endpoint->cert_left_s);
  if (endpoint->scrape_s >= 0.0)
    gc_put_gauge(&w, GC_METRIC_SCRAPE_TIME, "", endpoint->scrape_s);
}
