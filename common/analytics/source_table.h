/* SPDX-License-Identifier: MIT */
/* The endpoints of analytics queries, one row each, with the particulars of
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
  /* The dimension whose values a block chooses by name: "queueId"; NULL: there
   * is no choice. */
  const char *chosen;
  const char *chosen_word, *chosen_option; /* in messages: "queues", "Queue" */
  const char *none_chosen;                 /* when nothing is left to ask for */
  bool takes_filter;                       /* the request can name them */
  /* Each group tells its medium, and that is part of the series whether it is
   * asked for or not. Else answers of several media add up. */
  bool is_by_media;
  const char *only; /* what can be grouped by; NULL: any dimension of the API */
  struct gc_query_words metrics, groups; /* when nothing is configured */
};

/* The row; never NULL. */
GC_API const struct gc_source *gc_source(enum gc_query_source source);

#endif
