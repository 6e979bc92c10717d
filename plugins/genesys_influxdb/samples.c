/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/samples.h"

void influx_samples(const struct influx_node_stats *stats, const char *instance,
                    uint32_t interval_ms, const struct gc_samples *out) {
  struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = interval_ms};
  gc_put_gauge(&w, GC_METRIC_WRITER_UP, "",
               stats->sender.is_up && !stats->disk_refuses ? 1 : 0);
  if (stats->success_age_ms >= 0)
    gc_put_gauge(&w, GC_METRIC_WRITER_AGE, "",
                 (double)stats->success_age_ms / 1000);
  gc_put_count(&w, GC_METRIC_WRITER_VALUES, "received", stats->received);
  gc_put_count(&w, GC_METRIC_WRITER_VALUES, "lost", stats->lost);
  gc_put_count(&w, GC_METRIC_WRITER_VALUES, "too_large", stats->too_large);
  gc_put_count(&w, GC_METRIC_WRITER_VALUES, "ambiguous", stats->ambiguous);
  gc_put_count(&w, GC_METRIC_WRITER_LINES, "sent", stats->sender.sent);
  gc_put_count(&w, GC_METRIC_WRITER_LINES, "refused", stats->sender.refused);
  gc_put_count(&w, GC_METRIC_WRITER_LINES, "lost", stats->sender.lost);
  gc_put_count(&w, GC_METRIC_WRITER_LINES, "dropped",
               stats->spool.dropped_lines);
  gc_put_count(&w, GC_METRIC_WRITER_REQUESTS, "taken",
               stats->sender.requests_ok);
  gc_put_count(&w, GC_METRIC_WRITER_REQUESTS, "failed",
               stats->sender.requests_failed);
  gc_put_gauge(&w, GC_METRIC_SPOOL_BYTES, "waiting",
               (double)stats->spool.bytes);
  gc_put_gauge(&w, GC_METRIC_SPOOL_BYTES, "damaged",
               (double)(stats->spool.damaged_bytes + stats->spool.cut_bytes));
  gc_put_gauge(&w, GC_METRIC_SPOOL_AGE, "", (double)stats->spool_age_ms / 1000);
}
