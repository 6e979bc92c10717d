/* SPDX-License-Identifier: MIT */
/* <Query "NAME">: its options as rows. Configuration phase, one thread. */
#ifndef GENESYS_ANALYTICS_OPTIONS_H
#define GENESYS_ANALYTICS_OPTIONS_H

#include "common/daemon/analytics_options.h"

struct query_options {
  char *account;
  int source; /* enum gc_query_source */
  struct gc_query query;
};

extern const struct gc_opt query_rows[];

/* Checks the rules that rows cannot express and fills in the defaults of the
 * source. */
GC_MUST_CHECK enum gc_code query_check(struct query_options *o,
                                       struct gc_err *err);

#endif
