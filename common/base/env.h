/* SPDX-License-Identifier: MIT */
/* Dependencies on the outside world, injected so that tests can replace them:
 * clocks, random numbers, the HTTP transport and the reporting of events. In
 * the daemon net/account provides them; in tests the clock is a number. */
#ifndef GC_BASE_ENV_H
#define GC_BASE_ENV_H

#include "common/base/timers.h"
#include "common/base/transport.h"

struct gc_env {
  struct gc_timers *timers;
  struct gc_transport transport;
  uint64_t (*now_ms)(void *ctx);   /* monotonic */
  int64_t (*wall_ms)(void *ctx);   /* epoch */
  uint32_t (*random32)(void *ctx); /* 32 random bits */
  /* Reports an outcome that concerns all users of the environment; GC_OK is
   * success. `cause` is one of a few fixed words ("token", "api", "throttle"
   * …). It is called often, so the receiver limits its log lines. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

#endif
