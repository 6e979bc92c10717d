/* SPDX-License-Identifier: MIT */
/* One poll: sends the requests of a plan, one after the other, and reads their
 * answers into the results. Network thread only. */
#ifndef GC_ANALYTICS_POLL_H
#define GC_ANALYTICS_POLL_H

#include "common/analytics/decode/decode.h"
#include "common/analytics/query/windows.h"
#include "common/base/env.h"
#include "common/base/policy/server_clock.h"
#include "common/net/api/api.h"

/* Dependencies of a poll; all borrowed until `done`. */
struct gc_analytics_poll_deps {
  const struct gc_env *env;
  struct gc_api *api;
  gc_request_count *requests;    /* as in struct gc_call */
  struct gc_server_clock *clock; /* corrected by the Date of each answer */
  int64_t settle_ms;
  const struct gc_intern *filter; /* ids to request; NULL: no filter */
  uint32_t piece_max;             /* windows of one request */
  bool is_background;             /* as in struct gc_call */
};

/* The caller's memory, zeroed before the first poll_start. */
struct gc_analytics_poll {
  struct gc_err error; /* code GC_OK: every answer arrived */
  bool is_early; /* by the server's clock, the request was sent too early */
  bool is_many;  /* the failed request was for more than one window */
  int64_t date_off_ms; /* from this host's clock to a Date that no clock agreed
                          with; 0: there was none */
  uint64_t answered, failed;

  struct gc_analytics_poll_deps deps;
  struct gc_results *results;
  struct gc_decoder *decoder;
  struct gc_call call;
  struct gc_buf body;
  int64_t at_ms, from_ms, to_ms;
  uint32_t batch; /* index of the batch of the filter's ids */
  void (*done)(void *ctx);
  void *ctx;
};

/* Requests results->plan. `done` runs exactly once. It runs inside this call
 * only when the first request cannot be made. The caller owns the results; they
 * are valid only when error.code is GC_OK and is_early is false. */
void gc_analytics_poll_start(struct gc_analytics_poll *p,
                             const struct gc_analytics_poll_deps *deps,
                             struct gc_results *results,
                             void (*done)(void *ctx), void *ctx);
/* Ends a running poll without `done`, and frees its memory; the results
 * stay. */
void gc_analytics_poll_clear(struct gc_analytics_poll *p);

#endif
