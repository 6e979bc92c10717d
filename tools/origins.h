/* SPDX-License-Identifier: MIT */
/* The rows of docs/metrics.md alone: the type instance of each type of value,
 * the origin of the number, and when the value is absent. They are separate
 * from common/genesys/metric.h, so that no agent keeps them in memory. */
#ifndef GC_TOOLS_ORIGINS_H
#define GC_TOOLS_ORIGINS_H

#include "common/genesys/metric.h"

struct origin {
  const char *instance; /* type_instance; "" for none */
  const char *from;     /* field of the source, or what is counted */
  const char *silent;   /* when there is no value */
};

/* Returns the row of `id`; NULL when tools/origins.c lacks it. */
const struct origin *origin_of(enum gc_metric_id id);

#endif
