/* SPDX-License-Identifier: MIT */
/* The options of <Flows "NAME">, as rows. Configuration phase, one thread. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_FLOWS_OPTIONS_H
#define GENESYS_FLOWMETRICS_FLOWS_FLOWS_OPTIONS_H

#include "common/daemon/analytics_options.h"

enum flow_source {
  FLOW_AUTO, /* flow_source_choose decides: FLOW_QUERY or FLOW_ACTIVITY */
  FLOW_QUERY,
  FLOW_ACTIVITY,
  FLOW_OFF,
};

struct flows_options {
  char *account;
  int observations; /* enum flow_source */
  uint32_t observation_interval_s;
  struct gc_query query; /* .chosen: Flow, .label: FlowLabel */
};

extern const struct gc_opt flows_rows[];

/* Checks the rules that a row cannot express, and fills in the defaults. */
GC_MUST_CHECK enum gc_code flows_check(struct flows_options *o,
                                       struct gc_err *err);

#endif
