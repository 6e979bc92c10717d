/* SPDX-License-Identifier: MIT */
/* For docs/metrics.md only: of each type of value the type instance, the origin
 * of the number, and when it is absent. Separate from common/genesys/metric.h,
 * so that no agent keeps it in memory. */
#ifndef GC_TOOLS_ORIGINS_H
#define GC_TOOLS_ORIGINS_H

#include "common/genesys/metric.h"

struct origin {
  const char *instance; /* type_instance; "" for none */
  const char *from;     /* field of the source, or what we count */
  const char *silent;   /* when there is no value */
};

/* The row of `id`; NULL when tools/origins.c lacks it. */
const struct origin *origin_of(enum gc_metric_id id);

#endif
