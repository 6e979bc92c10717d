/* SPDX-License-Identifier: MIT */
/* Which queues, or flows, a query is about, as ids, and who selects them: the
 * server by a filter, or we. Pure. */
#ifndef GC_ANALYTICS_FILTER_H
#define GC_ANALYTICS_FILTER_H

#include "common/base/intern.h"
#include "common/genesys/entities.h"

struct gc_filter {
  /* Set by the owner. */
  bool is_by_filter; /* the source takes a filter */
  bool is_grouped;   /* answers tell which, so that we can select */

  bool is_all; /* no selector, or none read yet */
  struct gc_intern ids;
};

/* Makes it anew of the Queue (or Flow) options and the list of all. Where the
 * list is refused, options without a glob are taken as ids. On failure the old
 * choice stays. */
GC_MUST_CHECK enum gc_code gc_filter_make(struct gc_filter *c,
                                          const struct gc_entities *all,
                                          char *const *selectors,
                                          size_t selector_count);
void gc_filter_clear(struct gc_filter *c);

/* Nothing to ask for. */
bool gc_filter_is_empty(const struct gc_filter *c);
/* The ids of the request's filter; NULL: no filter. Up to 200, or any number
 * where answers do not tell which. */
const struct gc_intern *gc_filter_for_request(const struct gc_filter *c);
/* The ones to take from answers; NULL: all that come. */
const struct gc_intern *gc_filter_for_answers(const struct gc_filter *c);

#endif
