/* SPDX-License-Identifier: MIT */
/* What a <Query> asks for: the words that requests, decoders and samples have
 * in common. Made once from the options, const afterwards. Pure. */
#ifndef GC_ANALYTICS_QUERY_H
#define GC_ANALYTICS_QUERY_H

#include <stdint.h>

#include "common/base/err.h"

enum query_source { QUERY_CONVERSATIONS, QUERY_USERS, QUERY_QUEUE_DETAILS };
enum query_label { QUERY_LABEL_NAME, QUERY_LABEL_ID, QUERY_LABEL_BOTH };
enum { QUERY_DIMS_MOST = 8, QUERY_METRICS_MOST = 100 };

struct query { /* all borrowed */
  enum query_source source;
  char *const *metrics;
  size_t metric_count;
  char *const *group_by; /* names of dimensions (dimensions.h), in this order */
  size_t group_count;
  const char *granularity; /* as the API reads it: "PT1M" */
  int64_t period_ms;       /* the same */
};

/* Where `name` stands in group_by; -1 when it does not. */
int query_place_of(const struct query *q, const char *name);

/* Whose series they are, the plugin instance: the first of queue and user that
 * is in the group. `ret_place` is its place in group_by, -1 for none. */
enum query_owner { QUERY_OF_QUEUE, QUERY_OF_USER, QUERY_OF_NONE };
enum query_owner query_owner_of(const struct query *q, int *ret_place);

/* A text that differs whenever answers could: totals of another query are no
 * totals. `selectors` are the Queue options. 64 hexadecimal digits at most. */
void query_identity(char out[65], const struct query *q, char *const *selectors,
                    size_t selector_count);

#endif
