/* SPDX-License-Identifier: MIT */
/* Finds the series of a metric in a ledger. */
#ifndef GC_TESTS_SUPPORT_LEDGER_VIEW_H
#define GC_TESTS_SUPPORT_LEDGER_VIEW_H

#include <string.h>

#include "plugins/genesys_flowmetrics/ledger/ledger.h"

/* Returns the first series of `metric`; its count is -1 if there is none. */
static inline struct ledger_view ledger_view_of(struct ledger *l,
                                                const char *metric) {
  struct ledger_view v;
  for (size_t i = 0; ledger_read(l, i, &v); i++)
    if (v.series != NULL && strcmp(v.metric, metric) == 0)
      return v;
  return (struct ledger_view){.count = -1};
}

#endif
