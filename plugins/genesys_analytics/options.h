/* SPDX-License-Identifier: MIT */
/* <Query "NAME">: its options as rows. Configuration phase, one thread. */
#ifndef GC_ANALYTICS_OPTIONS_H
#define GC_ANALYTICS_OPTIONS_H

#include "common/daemon/options.h"
#include "common/intervals/query.h"

struct query_options {
  char *account;
  int source; /* enum gc_query_source */
  int label;  /* enum gc_query_label */
  struct gc_strs metrics, group_by, queues;
  char *granularity, *backfill;
  uint32_t settle_s, revisit, max_series;
  bool counters;

  /* Made by query_check. */
  int64_t period_ms, backfill_ms;
};

extern const struct gc_opt query_rows[];

/* Beyond what a row can say; fills in what the source's defaults are. */
GC_MUST_CHECK enum gc_code query_check(struct query_options *o,
                                       struct gc_err *err);

#endif
