/* SPDX-License-Identifier: MIT */
/* The endpoints of analytics queries, one row each, with the properties of
 * their requests and answers. Pure, any thread. */
#ifndef GC_ANALYTICS_SOURCE_TABLE_H
#define GC_ANALYTICS_SOURCE_TABLE_H

#include "common/genesys/endpoint.h"

enum gc_query_source {
  GC_QUERY_CONVERSATIONS,
  GC_QUERY_USERS,
  GC_QUERY_QUEUE_DETAILS, /* guide dialect */
  GC_QUERY_FLOWS,
  GC_QUERY_SOURCE_COUNT
};

struct gc_query_words {
  const char *const *at;
  size_t count;
};

struct gc_source {
  const char *name; /* "conversations" */
  enum gc_endpoint_id endpoint;
  /* The dimension whose values a block can choose by name: "queueId"; NULL:
   * none. */
  const char *chosen;
  /* In messages: "queues", "Queue", "queue". */
  const char *chosen_word, *chosen_option, *chosen_noun;
  const char *none_chosen; /* when the options select nothing */
  bool takes_filter;       /* the request can name the ids */
  /* Each group names its medium, which is part of the series even if GroupBy
   * does not have it. Otherwise answers of several media add up. */
  bool is_by_media;
  const char *only; /* only dimension for GroupBy; NULL: any of the API */
  struct gc_query_words metrics, groups; /* the defaults */
};

/* Returns the row; never NULL. */
GC_API const struct gc_source *gc_source(enum gc_query_source source);

#endif
