/* SPDX-License-Identifier: MIT */
/* Values for collectd: one sample is one value list, in a struct that does not
 * depend on collectd. Every plugin writes its telemetry and readings with the
 * helpers below. Pure.
 *
 *   struct gc_sample_writer w = {.out = out, .instance = "queues-all",
 *                                .interval_ms = 10000};
 *   gc_put_gauge(&w, GC_METRIC_SOURCE_UP, "observations", 1.0);
 *   gc_put_count(&w, GC_METRIC_STREAM_RECONNECTS, "", reconnects); */
#ifndef GC_GENESYS_SAMPLE_H
#define GC_GENESYS_SAMPLE_H

#include "common/genesys/metric.h"

#include <stddef.h>

/* One number of one data source. */
union gc_number {
  double gauge;
  int64_t derive;
};

/* One value list. Strings are borrowed for the call. */
struct gc_sample {
  enum gc_metric_id metric;
  const char *instance;  /* plugin_instance: queue label, block, account */
  const char *qualifier; /* type_instance; "" for none */
  const char *parts;     /* of the identity (genesys/parts.h); NULL: none */
  union gc_number values[GC_DS_MAX];
  int64_t time_ms;      /* wall clock, epoch; 0: the time of its dispatch */
  uint32_t interval_ms; /* period of the series */
};

/* The destination of samples: collectd in the daemon, a list in tests. */
struct gc_samples {
  void (*put)(void *ctx, const struct gc_sample *sample);
  void *ctx;
};

/* The common part of the samples of one instance. All borrowed. */
struct gc_sample_writer {
  const struct gc_samples *out;
  const char *instance;
  const char *parts; /* as in struct gc_sample */
  int64_t time_ms;   /* likewise */
  uint32_t interval_ms;
  size_t *written; /* counter of samples; may be NULL */
};

/* Puts one sample of a metric with one data source: a gauge, or a count that
 * never falls. */
GC_API void gc_put_gauge(const struct gc_sample_writer *w,
                         enum gc_metric_id metric, const char *qualifier,
                         double gauge);
GC_API void gc_put_count(const struct gc_sample_writer *w,
                         enum gc_metric_id metric, const char *qualifier,
                         uint64_t count);

#endif
