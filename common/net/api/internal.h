/* SPDX-License-Identifier: MIT */
/* What the files of the API share: api.c holds the queue of calls and sends
 * them, api_answer.c says what an answer means for its call. Private to
 * common/net/api/api*.c; the network thread. */
#ifndef GC_NET_API_INTERNAL_H
#define GC_NET_API_INTERNAL_H

#include "common/base/policy/breaker.h"
#include "common/genesys/throttle.h"
#include "common/net/api/api.h"

struct gc_api {
  struct gc_api_settings settings;
  const struct gc_env *env;
  struct gc_auth *auth;
  struct gc_shared_budget *budget;

  struct gc_call *head; /* what waits, in the order of asking */
  struct gc_call *flying;
  uint32_t flying_count;
  struct gc_timer timer; /* the next look at the queue */

  struct gc_breaker breaker;
  struct gc_throttle throttle;
  bool failing[GC_ENDPOINT_COUNT]; /* told as "api", not yet well again */
  /* The server's clock minus now_ms, which no step of our wall clock moves. */
  int64_t server_ahead_ms;
  bool knows_server_clock;
  struct gc_api_stats counts;
  void (*woken)(void *ctx); /* NULL: nobody listens */
  void *woken_ctx;
};

static inline uint64_t gc_api_now(const struct gc_api *api) {
  return api->env->now_ms(api->env->ctx);
}

static inline void gc_api_note(const struct gc_api *api, const char *cause,
                               const struct gc_err *err) {
  api->env->notice(api->env->ctx, cause, err);
}

static inline const struct gc_endpoint *
gc_api_endpoint_of(const struct gc_call *call) {
  return gc_endpoint(call->endpoint);
}

/* Into the queue, behind the others or `in_front` of them. */
void gc_api_enqueue(struct gc_api *api, struct gc_call *call, bool in_front);
/* Looks at the queue at that time at the latest. */
void gc_api_look_again_at(struct gc_api *api, uint64_t at_ms);
/* The call is in the air no more. */
void gc_api_landed(struct gc_api *api, struct gc_call *call);

/* Ends the call: `done` hears of it, and so does the log, once per cause.
 * `reply` may be NULL. */
void gc_api_finish(struct gc_api *api, struct gc_call *call,
                   const struct gc_reply *reply, const struct gc_err *err);
/* gc_exchange.done of every call: ends it, or has it sent once more. */
void gc_api_on_done(struct gc_exchange *x, const struct gc_reply *reply,
                    const struct gc_err *below);

#endif
