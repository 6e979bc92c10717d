/* SPDX-License-Identifier: MIT */
/* Writes all series as Prometheus reads them: the text format 0.0.4, or
 * OpenMetrics 1.0. Values are those of this moment; a histogram is consistent:
 * its buckets never decrease, and `_count` is the bucket `+Inf`, although its
 * values arrive one by one. A histogram is left out until its `+Inf` arrives.
 * No value is NaN, and no counter is below 0. The caller holds the list
 * (store_scrape_begin). */
#ifndef GENESYS_PROMETHEUS_EXPOSITION_RENDER_H
#define GENESYS_PROMETHEUS_EXPOSITION_RENDER_H

#include "plugins/genesys_prometheus/series/families.h"

enum render_format { RENDER_TEXT, RENDER_OPENMETRICS };

struct render_options {
  enum render_format format;
  bool is_gzip;
  bool has_wait_alias; /* RENDER_WAIT is shown as RENDER_WAIT_ALIAS, too */
};

/* Dashboards that people publish read the waits by the shorter name. */
#define RENDER_WAIT "genesys_queue_wait_time_seconds"
#define RENDER_WAIT_ALIAS "genesys_queue_wait_seconds"

/* Returns the Content-Type of a format. */
const char *render_content_type(enum render_format format);

/* Returns the exposition, which the caller frees; a NUL follows its *ret_len
 * bytes. NULL when out of memory. */
char *render_exposition(const struct family_list *list,
                        const struct render_options *o, size_t *ret_len);

#endif
