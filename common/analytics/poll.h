/* SPDX-License-Identifier: MIT */
/* The requests of one plan, one after the other, and their answers in one
 * results. Network thread only. */
#ifndef GC_ANALYTICS_POLL_H
#define GC_ANALYTICS_POLL_H

#include "common/analytics/decode.h"
#include "common/analytics/windows.h"
#include "common/base/env.h"
#include "common/net/api/api.h"

/* What a poll works with; all borrowed until `done`. */
struct gc_analytics_poll_deps {
  const struct gc_env *env;
  struct gc_api *api;
  struct gc_server_clock *clock; /* hears each answer */
  int64_t settle_ms;
  const struct gc_intern *filter; /* what to ask for; NULL: no filter */
  uint32_t piece_max;             /* windows of one request */
};

/* The caller's memory, zeroed before the first poll_start. */
struct gc_analytics_poll {
  struct gc_err error; /* code GC_OK: all came */
  bool is_early;       /* by the server's clock a window was not settled yet */
  bool is_many; /* the request that failed was for more than one window */
  uint64_t answered, failed;

  struct gc_analytics_poll_deps deps;
  struct gc_results *results;
  struct gc_decoder *decoder;
  struct gc_call call;
  struct gc_buf body;
  int64_t at_ms, from_ms, to_ms;
  uint32_t batch; /* of the filter's ids */
  void (*done)(void *ctx);
  void *ctx;
};

/* Asks for results->plan; `done` runs exactly once, not inside this call unless
 * memory is short. The results is the caller's and of use only when error is
 * GC_OK and it is not early. */
void gc_analytics_poll_start(struct gc_analytics_poll *p,
                             const struct gc_analytics_poll_deps *deps,
                             struct gc_results *results,
                             void (*done)(void *ctx), void *ctx);
/* Ends what runs without `done`, and frees; the results stay. */
void gc_analytics_poll_clear(struct gc_analytics_poll *p);

/* Requests that a plan takes. */
uint32_t gc_analytics_poll_requests(const struct gc_windows_plan *plan,
                                    int64_t period_ms, uint32_t piece_max,
                                    const struct gc_intern *filter);

#endif
