/* SPDX-License-Identifier: MIT */
/* One poll of the flow observations: how many conversations are in each flow.
 * The cheaper of two ways: up to 100 flows are named in one observation query,
 * whose answer has empty flows too. More flows, or flows that cannot be listed,
 * are read with the activity query, page by page. Network thread only. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_POLL_H
#define GENESYS_FLOWMETRICS_FLOWS_POLL_H

#include "common/base/buf.h"
#include "common/net/api/api.h"
#include "plugins/genesys_flowmetrics/flows/decode.h"

/* Flows of one observation query (API reference, filters: at least 100
 * predicates are taken). */
enum { FLOW_POLL_IDS_MAX = 100 };

/* The caller's memory, zeroed before the first start. `counts` and `err` are
 * the result once `done` runs. */
struct flow_poll {
  struct flow_counts counts; /* complete when err.code is GC_OK */
  struct gc_err err;

  size_t full_page; /* the largest page of activity that ever came */
  struct gc_api *api;
  struct gc_call call;
  struct gc_buf body;
  char query[64];
  unsigned page;   /* of the activity query; 0: an observation query */
  uint32_t before; /* pairs when the page was requested */
  struct flow_decoder *decoder;
  void (*done)(void *ctx);
  void *ctx;
};

/* The body of an observation query of these flows, or, with count 0, of the
 * activity query. Replaces the content of `out`. Pure. */
GC_MUST_CHECK enum gc_code flow_poll_body(const char *const *ids, size_t count,
                                          struct gc_buf *out);

/* Requests the selected flows. `done` runs exactly once; inside this call only
 * when memory is short or no flow is selected, and the counts are then empty.
 */
void flow_poll_start(struct flow_poll *p, struct gc_api *api,
                     const struct flow_filter *filter, void (*done)(void *ctx),
                     void *ctx);
/* Cancels a running poll without calling `done`, and frees; full_page stays. */
void flow_poll_clear(struct flow_poll *p);

#endif
