/* SPDX-License-Identifier: MIT */
/* One poll of the flow observations: how many conversations are in each flow.
 * It sends observation queries one after the other. Each of them names up to
 * 100 flows, and its answer also has empty flows. Or it reads the activity
 * query page by page. Network thread only. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_POLL_H
#define GENESYS_FLOWMETRICS_FLOWS_POLL_H

#include "common/base/buf.h"
#include "common/net/api/api.h"
#include "common/net/api/pages.h"
#include "plugins/genesys_flowmetrics/flows/decode.h"
#include "plugins/genesys_flowmetrics/flows/flows_options.h"

enum {
  /* Flows of one observation query (API reference, filters: at least 100
   * predicates are taken). */
  FLOW_POLL_IDS_MAX = 100,
  FLOW_QUERY_FLOWS_MAX = 200, /* FLOW_AUTO: beyond, FLOW_ACTIVITY */
};

/* The number of flows that a filter selects. Without a list (is_refused) it is
 * unknown, and the activity query reads all flows. */
struct flow_scope {
  size_t selected;
  bool is_refused;
};
struct flow_scope flow_scope_of(const struct flow_filter *filter);

/* Returns FLOW_QUERY or FLOW_ACTIVITY. Without a list of flows only
 * FLOW_ACTIVITY works, because FLOW_QUERY names the flows. */
enum flow_source flow_source_choose(enum flow_source option,
                                    const struct flow_scope *scope);

/* One poll, in the caller's memory. Zero it before the first start. `counts`
 * and `err` are the result once `done` runs. */
struct flow_poll {
  struct flow_counts counts; /* complete when err.code is GC_OK */
  struct gc_err err;

  struct gc_paging paging;   /* the activity query's pages; stays */
  struct gc_entities *flows; /* a reference to the list */
  struct flow_filter filter; /* the flows that are requested */
  size_t next;               /* FLOW_QUERY: the first flow not requested yet */
  struct gc_api *api;
  struct gc_call call;
  struct gc_buf body;
  struct gc_pages pages; /* FLOW_ACTIVITY */
  struct flow_decoder *decoder;
  void (*done)(void *ctx);
  void *ctx;
};

/* Writes the body of an observation query of these flows, or, with count 0, of
 * the activity query. Replaces the content of `out`. Pure. */
GC_MUST_CHECK enum gc_code flow_poll_body(const char *const *ids, size_t count,
                                          struct gc_buf *out);

/* Requests the flows that `filter` accepts. Takes a reference to the filter's
 * list and borrows its selectors until `done`, which runs exactly once. `done`
 * runs inside this call only when memory is short or no flow is selected; the
 * counts are then empty. */
void flow_poll_start(struct flow_poll *p, struct gc_api *api,
                     const struct flow_filter *filter, enum flow_source source,
                     void (*done)(void *ctx), void *ctx);
/* Cancels a running poll without calling `done`, and frees its memory; `paging`
 * stays. */
void flow_poll_clear(struct flow_poll *p);

#endif
