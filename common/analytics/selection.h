/* SPDX-License-Identifier: MIT */
/* What a query selects, by the lists of names: the ids of its queues or flows,
 * where they are filtered (by the request, or in the answers), and the names
 * that its series need. The network thread uses it; other threads copy the
 * names. */
#ifndef GC_ANALYTICS_SELECTION_H
#define GC_ANALYTICS_SELECTION_H

#include <pthread.h>

#include "common/analytics/query/query.h"
#include "common/analytics/series/name.h"
#include "common/genesys/idle_selectors.h"

/* ---- the ids; pure ---- */

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

/* ---- the lists ---- */

struct gc_selection;

/* The subscription to one list of names. */
struct gc_selection_list {
  struct gc_selection *owner;
  bool is_needed;
  struct gc_names_listener listener;
};

struct gc_selection {
  /* Set by the owner, borrowed. `changed` runs after each new list, with the
   * owner; `notice` belongs to the owner's owner. */
  const struct gc_query *query;
  struct gc_names *cache;
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *notice_ctx;
  void (*changed)(void *ctx);
  void *ctx;

  struct gc_selection_list lists[GC_NAME_KIND_COUNT];
  struct gc_filter filter;
  bool is_filter_old; /* made from an earlier list; not replaced while a poll
                         uses it */
  struct gc_idle_selectors idle_options;

  pthread_mutex_t lock; /* of `names`, which the network thread replaces */
  struct gc_dimension_names names;
};

/* Completes a selection whose first members are set. */
void gc_selection_init(struct gc_selection *s);
/* Subscribes to the lists that the query needs, and ends that. */
void gc_selection_listen(struct gc_selection *s);
void gc_selection_unlisten(struct gc_selection *s);
void gc_selection_clear(struct gc_selection *s);

/* True when all lists are there and something is selected. Takes over a new
 * list: no poll is under way. */
bool gc_selection_is_ready(struct gc_selection *s);
/* Returns references to the present names, for one run of a read thread. The
 * caller releases them with gc_dimension_name_clear. */
struct gc_dimension_names gc_selection_hold(struct gc_selection *s);

#endif
