/* SPDX-License-Identifier: MIT */
#include "common/genesys/sample.h"

static void put_number(const struct gc_sample_writer *w,
                       enum gc_metric_id metric, const char *qualifier,
                       union gc_number number) {
  const struct gc_sample sample = {.metric = metric,
                                   .instance = w->instance,
                                   .qualifier = qualifier,
                                   .parts = w->parts,
                                   .values = {number},
                                   .time_ms = w->time_ms,
                                   .interval_ms = w->interval_ms};
  w->out->put(w->out->ctx, &sample);
  if (w->written != NULL)
    (*w->written)++;
}

void gc_put_gauge(const struct gc_sample_writer *w, enum gc_metric_id metric,
                  const char *qualifier, double gauge) {
  put_number(w, metric, qualifier, (union gc_number){.gauge = gauge});
}

void gc_put_count(const struct gc_sample_writer *w, enum gc_metric_id metric,
                  const char *qualifier, uint64_t count) {
  put_number(w, metric, qualifier, (union gc_number){.derive = (int64_t)count});
}
