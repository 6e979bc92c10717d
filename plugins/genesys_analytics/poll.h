/* SPDX-License-Identifier: MIT */
/* The requests of one plan, one after the other, and their answers in one
 * reading. Network thread only. */
#ifndef GC_ANALYTICS_POLL_H
#define GC_ANALYTICS_POLL_H

#include "common/base/edge.h"
#include "common/net/api.h"
#include "plugins/genesys_analytics/decode.h"
#include "plugins/genesys_analytics/windows.h"

/* What a poll works with; all borrowed until `done`. */
struct poll_site {
  const struct gc_edge *edge;
  struct gc_api *api;
  struct server_clock *clock; /* hears each answer */
  int64_t settle_ms;
  const struct gc_intern *filter; /* queues to ask for; NULL: no filter */
  uint32_t piece_most;            /* windows of one request */
};

/* The caller's memory, zeroed before the first poll_start. */
struct poll {
  struct gc_err trouble; /* code GC_OK: all came */
  bool is_early; /* by the server's clock a window was not settled yet */
  bool is_many;  /* the request that failed was for more than one window */
  uint64_t answered, failed;

  struct poll_site site;
  struct reading *reading;
  struct decoder *decoder;
  struct gc_call call;
  struct gc_buf body;
  int64_t at_ms, from_ms, to_ms;
  uint32_t batch; /* of the filter's queues */
  void (*done)(void *ctx);
  void *ctx;
};

/* Asks for reading->plan; `done` runs exactly once, not inside this call unless
 * memory is short. The reading is the caller's and of use only when trouble is
 * GC_OK and it is not early. */
void poll_start(struct poll *p, const struct poll_site *site,
                struct reading *reading, void (*done)(void *ctx), void *ctx);
/* Ends what runs without `done`, and frees; the results stay. */
void poll_clear(struct poll *p);

/* Requests that a plan takes. */
uint32_t poll_requests(const struct windows_plan *plan, int64_t period_ms,
                       uint32_t piece_most, const struct gc_intern *filter);

#endif
