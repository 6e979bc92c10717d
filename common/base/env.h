/* SPDX-License-Identifier: MIT */
/* What the core takes from the outside world, as arguments: the time, the
 * dice, the network, and whom to tell. net/account makes the real one; tests
 * make one whose clock is a number. */
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
  /* The outcome of something that concerns the whole account: GC_OK when it
   * is well (again). `cause` is one of a few fixed words ("token", "api",
   * "throttle", "list of queues" …). Called often; whoever listens damps. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

#endif
