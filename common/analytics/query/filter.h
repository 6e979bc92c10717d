/* SPDX-License-Identifier: MIT */
/* The ids of the queues (or flows) that a query selects, and where they are
 * filtered: on the server (by the request) or here (in the answers). Pure; one
 * thread at a time. */
#ifndef GC_ANALYTICS_QUERY_FILTER_H
#define GC_ANALYTICS_QUERY_FILTER_H

#include "common/base/intern.h"
#include "common/genesys/entities.h"

struct gc_filter {
  /* Set by the owner. */
  bool is_by_filter; /* the source takes a filter */
  bool is_grouped; /* answers name the id, so that they can be filtered here */

  bool is_all; /* no selectors: everything is selected */
  struct gc_intern ids;
};

/* Replaces the ids by those of `all` that the Queue (or Flow) options match,
 * and keeps ids that were selected before and are no longer in the list. If the
 * API refuses the list, options without wildcards count as ids. GC_ERR_MEMORY
 * and GC_ERR_LIMIT leave the filter as it was. */
GC_MUST_CHECK enum gc_code gc_filter_make(struct gc_filter *f,
                                          const struct gc_entities *all,
                                          char *const *selectors,
                                          size_t selector_count);
void gc_filter_clear(struct gc_filter *f);

/* True if no id is selected: there is no request to send. */
bool gc_filter_is_empty(const struct gc_filter *f);
/* Returns the ids for the request's filter: up to GC_QUERY_FILTER_MAX, or any
 * number if answers do not name the id. NULL: the request has no filter. */
const struct gc_intern *gc_filter_for_request(const struct gc_filter *f);
/* Returns the ids to accept in answers; NULL: all. */
const struct gc_intern *gc_filter_for_answers(const struct gc_filter *f);

#endif
