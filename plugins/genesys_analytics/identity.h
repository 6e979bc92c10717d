/* SPDX-License-Identifier: MIT */
/* From a series' key to who it is in collectd's words. Pure. */
#ifndef GC_ANALYTICS_IDENTITY_H
#define GC_ANALYTICS_IDENTITY_H

#include "plugins/genesys_analytics/metrics.h"
#include "plugins/genesys_analytics/samples.h"

/* The types of an owner's series. Where a queue's source tells a sum alone, it
 * is a duration without the rest. */
struct types {
  enum gc_metric_id count, duration, ratio, seconds, total, total_seconds;
};

struct identity {
  const struct metric *metric;
  const struct types *types;
  char instance[GC_NAME_ROOM];
  char qualifier[4 * GC_NAME_ROOM];
};

/* METRIC[-QUALIFIER][-MEDIA][-the other values]. False: a name is missing. */
bool identity_make(const struct samples_view *view, const char *key,
                   struct identity *id);

#endif
