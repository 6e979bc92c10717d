/* SPDX-License-Identifier: MIT */
/* One reading of the flow observations: who is in which flow now. The way is
 * chosen by what it costs: up to 100 flows are named in one observation query,
 * which tells the empty ones too; more, or flows that cannot be listed, are
 * asked for all at once by the activity query, page by page. Network thread
 * only. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_POLL_H
#define GENESYS_FLOWMETRICS_FLOWS_POLL_H

#include "common/base/buf.h"
#include "common/net/api/api.h"
#include "plugins/genesys_flowmetrics/flows/decode.h"

/* Flows of one observation query (API reference, filters: at least 100
 * predicates are taken). */
enum { FLOW_POLL_IDS_MAX = 100 };

/* The caller's memory, zeroed before the first start. The first ones tell the
 * result once `done` runs. */
struct flow_poll {
  struct flow_counts counts; /* complete when `trouble` is GC_OK */
  struct gc_err trouble;

  size_t full_page; /* the largest page of activity that ever came */
  struct gc_api *api;
  struct gc_call call;
  struct gc_buf body;
  char query[64];
  unsigned page;   /* of the activity query; 0: an observation query */
  uint32_t before; /* pairs when the page was asked for */
  struct flow_decoder *decoder;
  void (*done)(void *ctx);
  void *ctx;
};

/* The body of an observation query of these flows, or, with count 0, of the
 * activity query. Replaces what `out` holds. Pure. */
GC_MUST_CHECK enum gc_code flow_poll_body(const char *const *ids, size_t count,
                                          struct gc_buf *out);

/* Asks for the chosen flows. `done` runs exactly once, inside this call only
 * when memory is short or no flow is chosen; the counts are then empty. */
void flow_poll_start(struct flow_poll *p, struct gc_api *api,
                     const struct flow_choice *choice, void (*done)(void *ctx),
                     void *ctx);
/* Ends what runs without `done`, and frees; full_page stays. */
void flow_poll_clear(struct flow_poll *p);

#endif
