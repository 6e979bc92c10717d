/* SPDX-License-Identifier: MIT */
/* <Plugin genesys_prometheus>: its options as rows. Configuration phase, one
 * thread. */
#ifndef GENESYS_PROMETHEUS_OPTIONS_H
#define GENESYS_PROMETHEUS_OPTIONS_H

#include "common/daemon/options.h"
#include "plugins/genesys_prometheus/http/endpoint.h"

struct prometheus_options {
  struct endpoint_options endpoint;
  struct gc_strs plugins; /* globs of collectd's plugins */
  uint32_t staleness_s, series_max;
};

extern const struct gc_opt prometheus_rows[];

/* Checks the rules that rows cannot express. */
GC_MUST_CHECK enum gc_code prometheus_check(const struct prometheus_options *o,
                                            struct gc_err *err);

#endif
