/* SPDX-License-Identifier: MIT */
/* From a series' key to who it is in collectd's words. Pure. */
#ifndef GC_ANALYTICS_SERIES_NAME_H
#define GC_ANALYTICS_SERIES_NAME_H

#include "common/analytics/metric_table.h"
#include "common/analytics/samples.h"

/* The types of an owner's series. Those of flows are flow types
 * whoever owns them. Where a queue's source tells a sum alone, it
 * is a duration without the rest. */
struct gc_owner_types {
  enum gc_metric_id count, duration, ratio, seconds, total, total_seconds;
};

struct gc_identity {
  const struct gc_api_metric *metric;
  const struct gc_owner_types *types;
  char instance[GC_NAME_SIZE];
  char qualifier[4 * GC_NAME_SIZE];
};

/* METRIC[-QUALIFIER][-MEDIA][-the other values]. False: a name is missing. */
bool gc_identity_make(const struct gc_samples_view *view, const char *key,
                      struct gc_identity *id);

#endif
