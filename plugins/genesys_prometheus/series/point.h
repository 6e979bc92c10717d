/* SPDX-License-Identifier: MIT */
/* Makes a point of the names of a series: its labels as text, escaped. Pure. */
#ifndef GENESYS_PROMETHEUS_SERIES_POINT_H
#define GENESYS_PROMETHEUS_SERIES_POINT_H

#include "plugins/genesys_prometheus/series/families.h"

enum { POINT_LABELS_MAX = 2 * GC_EXPORT_TEXT_SIZE };

/* Makes a point. Returns NULL when out of memory, for labels that are longer
 * than POINT_LABELS_MAX, or for a bucket whose bound is no number. The family
 * is borrowed. */
struct point *point_new(const struct gc_export_series *series,
                        struct family *family, enum store_number_kind kind);

#endif
