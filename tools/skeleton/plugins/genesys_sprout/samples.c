/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_sprout/sprout.h"

void sprout_samples(const struct sprout *newest, int64_t age_ms,
                    const char *instance, uint32_t interval_ms,
                    const struct gc_samples *out) {
  const struct {
    enum gc_metric_id metric;
    const char *qualifier;
    double value;
    bool is_known;
  } rows[] = {
      {GC_METRIC_SOURCE_UP, "queues", newest != NULL, true},
      {GC_METRIC_SOURCE_AGE, "queues", (double)age_ms / 1000, age_ms >= 0},
      {GC_METRIC_QUEUES, "listed", newest != NULL ? (double)newest->queues : 0,
       newest != NULL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_sample sample = {.metric = rows[i].metric,
                               .instance = instance,
                               .qualifier = rows[i].qualifier,
                               .values = {{.gauge = rows[i].value}},
                               .interval_ms = interval_ms};
    if (rows[i].is_known)
      out->put(out->ctx, &sample);
  }
}
