/* SPDX-License-Identifier: MIT */
/* Calls of the Platform API of one account. A call waits in a queue until the
 * token, the request budget, the breaker and a free connection allow it, is
 * repeated if base/policy/retry allows it, and ends with exactly one `done`.
 * In the state GC_AUTH_FAILED, and while the breaker rests, the waiting calls
 * end with GC_ERR_UNAVAILABLE; a call of a function that a 429 suspends ends
 * with GC_ERR_THROTTLED.
 *
 * Only the account's network thread may use this. */
#ifndef GC_NET_API_API_H
#define GC_NET_API_API_H

#include "common/base/policy/retry.h"
#include "common/base/policy/server_clock.h"
#include "common/genesys/endpoint.h"
#include "common/net/api/auth.h"
#include "common/net/api/shared_budget.h"

struct gc_api;

struct gc_api_settings { /* borrowed */
  const char *base_url;  /* without a slash at the end */
  uint32_t max_concurrent;
};

/* Counts the requests of a caller. Other threads may read it. */
typedef _Atomic uint64_t gc_request_count;

/* One call. It lives in the caller's memory until `done` or gc_api_cancel. */
struct gc_call {
  enum gc_endpoint_id endpoint;
  const char
      *path; /* replaces the endpoint's path; NULL: that path. Borrowed */
  /* Appended to the path: "/ID/subscriptions"; NULL: nothing. Borrowed. It may
   * be a secret, so no message shows it. */
  const char *path_tail;
  const char *query; /* "pageSize=100&pageNumber=1"; NULL: none. Borrowed */
  const char *body;  /* JSON; NULL: none. Borrowed */
  size_t body_len;
  struct gc_sink sink; /* .write NULL: the answer's body is not needed */
  uint64_t body_max;   /* bytes; a longer answer is a failure */
  unsigned waits_max;  /* answers 429 after which the call waits and is sent
                          again; 0: any number */
  /* A background call, such as back-fill. Those of all accounts of the client
   * share one rate (gc_shared_budget_reserve_background), and those of an
   * account leave one connection to its other calls, unless there is only one.
   */
  bool is_background;
  gc_request_count *count; /* of the caller; NULL: none. Borrowed */
  /* err->code GC_OK: the sink has received the whole answer. `reply` is the
   * last answer, NULL when nothing was sent (GC_ERR_UNAVAILABLE and others).
   * Both are borrowed for the call. The call may be freed or made again
   * inside. */
  void (*done)(struct gc_call *call, const struct gc_reply *reply,
               const struct gc_err *err);
  void *ctx;

  /* Private to the API. */
  struct gc_exchange exchange;
  char *url, *authorization; /* while the call runs; the latter: secret */
  const char *headers[4];
  unsigned failures; /* temporary failures, neither 401 nor 429 */
  unsigned waits;    /* answers 429 */
  bool running, queued, was_reauthed, is_probe;
  uint32_t token_number; /* number of the token that it was sent with */
  uint64_t not_before_ms;
  struct gc_call *next;
  struct gc_api *api;
};

/* Complete answers, and the sum of their times. */
struct gc_api_times {
  uint64_t answers, elapsed_ms;
};

struct gc_api_stats {
  uint64_t requests[GC_ENDPOINT_COUNT][GC_ANSWER_CLASS_COUNT];
  uint64_t throttled, bytes;
  uint64_t answers, elapsed_ms; /* elapsed_ms: the sum over all answers */
  struct gc_api_times functions[GC_ENDPOINT_COUNT];
  uint32_t queued, budget_left, minute_left;
  /* The time that is left: of the account's pause; of the longest suspension of
   * a function. */
  uint64_t paused_ms, suspended_ms;
  bool broken; /* the breaker of the API or of the token endpoint is open */
};

/* `env`, `auth` and `budget` are borrowed. */
struct gc_api *gc_api_new(const struct gc_api_settings *settings,
                          const struct gc_env *env, struct gc_auth *auth,
                          struct gc_shared_budget *budget);
/* Cancels all calls, without `done`. NULL is allowed. */
void gc_api_free(struct gc_api *api);

/* Queues a call that is neither queued nor running. `done` never runs
 * inside. */
GC_API void gc_api_call(struct gc_api *api, struct gc_call *call);
/* Ends a call without `done`. Does nothing if the call has ended. */
GC_API void gc_api_cancel(struct gc_api *api, struct gc_call *call);

/* Runs the queue after a change of the token or of the state of its request. */
void gc_api_wake(struct gc_api *api);
/* Sets the only listener; `changed` runs in each gc_api_wake. NULL: none. */
void gc_api_on_wake(struct gc_api *api, void (*changed)(void *ctx), void *ctx);
/* Returns the number of the current token, 0 if there is none. Each new token
 * has another number; a call that has ended has the number of its token in
 * token_number. */
uint32_t gc_api_token_number(const struct gc_api *api);

/* Returns the token and its number, for a connection that the caller opens.
 * Borrowed until the next turn of the loop. NULL: there is none yet; it is
 * requested. */
GC_API const char *gc_api_bearer(struct gc_api *api, uint32_t *ret_number);
/* Renews the token after such a connection was refused with 401. */
GC_API void gc_api_reject_bearer(struct gc_api *api, uint32_t number);
/* Adds a 429 that such a connection received to the count `throttled`. */
GC_API void gc_api_count_throttled(struct gc_api *api);

void gc_api_stats(struct gc_api *api, struct gc_api_stats *ret_stats);

/* Writes the server's time by its Date headers alone, epoch ms. Returns false
 * before the first one. */
GC_API bool gc_api_read_date(const struct gc_api *api, int64_t *ret);
/* For waits, ages and starts, as base/policy/server_clock judges them: takes a
 * time, epoch ms, that an answer or an event of this server states and that has
 * passed; says which clock is right now. One judge serves all blocks of the
 * account. */
GC_API void gc_api_state_time(struct gc_api *api, int64_t stated_ms);
GC_API void gc_api_judge_clock(struct gc_api *api,
                               struct gc_clock_verdict *ret);

#endif
