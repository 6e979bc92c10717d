/* SPDX-License-Identifier: MIT */
#include "common/genesys/metric.h"

#include "common/base/buf.h"

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
#define XX(id, type, sources, whose, in, text)                                 \
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

enum gc_code gc_metric_typesdb(enum gc_metric_id id, struct gc_buf *out) {
  const struct gc_metric *m = gc_metric(id);

  GC_TRY(gc_buf_print(out, "%-24s", m->name));
  for (unsigned i = 0; i < m->ds_count; i++)
    GC_TRY(
        gc_buf_print(out, "%s%s:%s", i > 0 ? ", " : " ", m->ds[i].name,
                     m->ds[i].kind == GC_DERIVE ? "DERIVE:0:U" : "GAUGE:U:U"));
  return gc_buf_text(out, "\n");
}
