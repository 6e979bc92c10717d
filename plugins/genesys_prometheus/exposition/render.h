/* SPDX-License-Identifier: MIT */
/* Writes all series as Prometheus reads them: the text format 0.0.4, or
 * OpenMetrics 1.0. Values are those of this moment; a histogram is consistent:
 * its buckets never decrease, and `_count` is the bucket `+Inf`, although its
 * values arrive one by one. A histogram is left out until its `+Inf` arrives.
 * No value is NaN, and no counter is below 0. The caller holds the list
 * (store_scrape_begin). */
#ifndef GENESYS_PROMETHEUS_EXPOSITION_RENDER_H
#define GENESYS_PROMETHEUS_EXPOSITION_RENDER_H

#include "plugins/genesys_prometheus/exposition/body.h"
#include "plugins/genesys_prometheus/series/families.h"

enum render_format { RENDER_TEXT, RENDER_OPENMETRICS };

/* Returns the Content-Type of a format. */
const char *render_content_type(enum render_format format);

/* Writes the exposition to `out`. Returns the number of samples. */
size_t render_exposition(const struct family_list *list,
                         enum render_format format, struct body *out);

#endif
