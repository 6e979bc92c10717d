/* SPDX-License-Identifier: MIT */
#include "common/genesys/metric.h"

#define ONE(kind)                                                              \
  {                                                                            \
    { "value", GC_##kind }                                                     \
  }

#define SUMMARY                                                                \
  {                                                                            \
    {"sum", GC_GAUGE}, {"min", GC_GAUGE}, {"max", GC_GAUGE}, {                 \
      "average", GC_GAUGE                                                      \
    }                                                                          \
  }
#define WINDOW                                                                 \
  {                                                                            \
    {"average", GC_GAUGE}, {"min", GC_GAUGE}, { "max", GC_GAUGE }              \
  }

static const struct gc_metric metrics[GC_METRIC_COUNT] = {
#define XX(id, type, sources, whose, in, text, ...)                            \
  [GC_METRIC_##id] = {.name = (type),                                          \
                      .ds = sources,                                           \
                      .ds_count = GC_COUNT(((struct gc_ds[])sources)),         \
                      .owner = (whose),                                        \
                      .unit = (in),                                            \
                      .meaning = (text)},
#include "common/genesys/metrics.def"
#undef XX
};

const struct gc_metric *gc_metric(enum gc_metric_id id) {
  return &metrics[(unsigned)id < GC_METRIC_COUNT ? id : 0];
}
