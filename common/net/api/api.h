/* SPDX-License-Identifier: MIT */
/* Calls of the Platform API of one account: queued until token, budget, breaker
 * and a free connection allow them, asked again where base/policy/retry says
 * so, ended with exactly one `done`. One thread, the account's. */
#ifndef GC_NET_API_API_H
#define GC_NET_API_API_H

#include "common/base/policy/retry.h"
#include "common/genesys/endpoint.h"
#include "common/net/api/auth.h"
#include "common/net/api/shared_budget.h"

struct gc_api;

struct gc_api_settings { /* borrowed */
  const char *base_url;
  uint32_t max_concurrent;
};

/* One call. The caller's memory until `done` or gc_api_cancel. */
struct gc_call {
  enum gc_endpoint_id endpoint;
  const char *path; /* instead of the endpoint's; NULL: that one. Borrowed */
  /* What follows the endpoint's path: "/ID/subscriptions"; NULL: nothing. It
   * may be a secret, so no text shows it. Borrowed */
  const char *path_tail;
  const char *query; /* "pageSize=100&pageNumber=1"; NULL: none. Borrowed */
  const char *body;  /* JSON; NULL: none. Borrowed */
  size_t body_len;
  struct gc_sink sink; /* .write NULL: the answer's body is not wanted */
  uint64_t body_max;   /* bytes of an answer */
  unsigned waits_most; /* how many answers 429 it outlasts; 0: all of them */
  /* err->code GC_OK: the sink has the whole answer. reply is the last one, NULL
   * when nothing was sent (GC_ERR_UNAVAILABLE). Both are borrowed. The call may
   * be freed or made again inside. */
  void (*done)(struct gc_call *call, const struct gc_reply *reply,
               const struct gc_err *err);
  void *ctx;

  /* The API's own. */
  struct gc_exchange exchange;
  char *url, *authorization; /* the latter a secret, while it runs */
  const char *headers[4];
  unsigned failures; /* that may pass; neither 401 nor 429 */
  unsigned waits;    /* answers 429 */
  bool running, queued, was_reauthed, is_probe;
  uint32_t token_number;
  uint64_t not_before_ms;
  struct gc_call *next;
  struct gc_api *api;
};

struct gc_api_stats {
  uint64_t requests[GC_ENDPOINT_COUNT][GC_ANSWER_CLASS_COUNT];
  uint64_t throttled, bytes;
  uint64_t answers, elapsed_ms; /* of requests that were answered */
  uint32_t queued, budget_left;
  bool broken; /* the breaker of the API or of the token endpoint is open */
};

/* `env`, `auth` and `budget` are borrowed. NULL when out of memory. */
struct gc_api *gc_api_new(const struct gc_api_settings *settings,
                          const struct gc_env *env, struct gc_auth *auth,
                          struct gc_shared_budget *budget);
/* Calls that still run or wait are forgotten without `done`. */
void gc_api_free(struct gc_api *api);

/* Queues a call; `done` never runs inside. */
GC_API void gc_api_call(struct gc_api *api, struct gc_call *call);
/* Ends it without `done`; one that does not run is fine. */
GC_API void gc_api_cancel(struct gc_api *api, struct gc_call *call);

/* The token, or its state, has changed: look at the queue again. */
void gc_api_wake(struct gc_api *api);
/* `changed` runs at each gc_api_wake. One listener; NULL:
 * none. */
void gc_api_on_wake(struct gc_api *api, void (*changed)(void *ctx), void *ctx);
/* Of the token that calls carry now; each new one has another. 0: there is
 * none. A call that is done has the number of its own in token_number. */
uint32_t gc_api_token_number(const struct gc_api *api);

/* The token for a connection of one's own and its number; NULL while there is
 * none, but then it is asked for. Borrowed until the next turn of the loop. */
GC_API const char *gc_api_bearer(struct gc_api *api, uint32_t *ret_number);
/* Such a connection was refused with 401. */
GC_API void gc_api_reject_bearer(struct gc_api *api, uint32_t number);

void gc_api_stats(struct gc_api *api, struct gc_api_stats *ret_stats);

/* The difference between the server's clock (Date header) and ours, ms; 0
 * while it is below the header's resolution. Server time = wall + this; a step
 * of our wall clock changes this at once, the sum not at all. */
GC_API int64_t gc_api_clock_offset_ms(const struct gc_api *api);

#endif
