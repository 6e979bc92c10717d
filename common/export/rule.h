/* SPDX-License-Identifier: MIT */
/* The names of the values in time series databases: one row for each type of
 * genesys/metric.h. Prometheus and InfluxDB share the rows
 * (export/series.h applies them). The names are those of published dashboards
 * for Genesys Cloud, so that their queries run unchanged:
 *
 *   genesys_queue_depth{queue_id,queue_name,media_type}
 *   genesys_queue_wait_time_seconds_bucket{queue_name,le}
 *   genesys_queue_sla_breach_total{queue_name,sla_target_seconds}
 *   genesys_state_changes_total{from_state,to_state,queue_id}
 *
 * Pure, any thread. */
#ifndef GC_EXPORT_RULE_H
#define GC_EXPORT_RULE_H

#include "common/genesys/metric.h"

enum gc_export_kind {
  GC_EXPORT_GAUGE,
  GC_EXPORT_COUNTER,
  GC_EXPORT_HISTOGRAM,
};

/* The role of one value in its family. */
enum gc_export_member {
  GC_EXPORT_VALUE, /* the only one of a gauge or counter */
  GC_EXPORT_BUCKET,
  GC_EXPORT_SUM,
  GC_EXPORT_COUNT,
};

struct gc_export_rule {
  const char *name; /* of the family, without unit and without _total */
  const char *unit; /* a base unit: "seconds", "bytes"; "" for numbers */
  enum gc_export_kind kind;
  enum gc_export_member member;
  /* Names of the labels that the type instance holds, divided by "-" as the
   * type instance is; the last one takes the rest of it. A word in '…' is no
   * label. "" for a type without type instance. */
  const char *pattern;
  const char *help; /* one line; NULL: the metric's meaning */
};

/* Returns the row of `id`; never NULL. */
GC_API const struct gc_export_rule *gc_export_rule(enum gc_metric_id id);

/* Returns the metric of a collectd type of plugin "genesys"; GC_METRIC_COUNT
 * for a type that this version does not have. Compares all names: call it once
 * for a series, not for each value. */
GC_API enum gc_metric_id gc_export_metric_of(const char *type);

#endif
