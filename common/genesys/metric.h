/* SPDX-License-Identifier: MIT */
/* Every type of value that the plugins dispatch, as one table,
 * common/genesys/metrics.def. The plugins register the rows as collectd data
 * sets. genesys.db and docs/metrics.md are printed from them, and a sample
 * names its type by the enum. Pure. */
#ifndef GC_GENESYS_METRIC_H
#define GC_GENESYS_METRIC_H

#include "common/base/err.h"

#include <stdint.h>

enum { GC_DS_MAX = 4 };

enum gc_ds_kind {
  GC_GAUGE,  /* double; not finite means "not known" */
  GC_DERIVE, /* monotonic count since a start; collectd computes the rate */
};

/* One data source; collectd's data_source_t without collectd. */
struct gc_ds {
  const char *name; /* "value" for a single data source */
  enum gc_ds_kind kind;
};

enum gc_metric_id {
#define XX(id, ...) GC_METRIC_##id,
#include "common/genesys/metrics.def"
#undef XX
  GC_METRIC_COUNT
};

struct gc_metric {
  const char *name;
  struct gc_ds ds[GC_DS_MAX];
  unsigned ds_count;
  const char *owner;   /* kind of plugin_instance, as in metrics.def */
  const char *unit;    /* for the manual */
  const char *meaning; /* for the manual */
};

/* Returns the row of `id`; never NULL. */
GC_API const struct gc_metric *gc_metric(enum gc_metric_id id);

#endif
