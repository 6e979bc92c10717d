/* SPDX-License-Identifier: MIT */
#include "common/net/api/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/debug.h"
#include "common/base/policy/breaker.h"
#include "common/genesys/throttle.h"
#include "common/net/api/api_error.h"
#include "common/net/timing.h"

enum {
  ATTEMPTS_MAX = 3, /* of one call; answers 401 and 429 do not count */
  BREAKER_LIMIT = 5,
  TEXT_MAX_BYTES = 65536, /* bytes of a URL or a header */
  /* Longer than any wait between two attempts of a function that fails. */
  OUTAGE_UNCALLED_MS = 15 * 60 * 1000,
};

/* All functions of the API share the cause "api": it begins with the first one
 * that fails, and ends with the success after which none fails any more. A
 * function works again
 *
 *   - after a success of its own;
 *   - if it is one of the notification channels: after a success of any of
 *     them, since a channel is used without a check if the check fails;
 *   - after a success of any other, if it has not been called for
 *     OUTAGE_UNCALLED_MS: no block needs it any more. */
struct outage {
  struct {
    bool is_failing;
    uint64_t failed_ms; /* monotonic; the newest failure */
  } functions[GC_ENDPOINT_COUNT];
};

struct gc_api {
  struct gc_api_settings settings;
  const struct gc_env *env;
  struct gc_auth *auth;
  struct gc_shared_budget *budget;

  struct gc_call *queue;   /* waiting calls; the first one is sent next */
  struct gc_call *running; /* sent, not yet answered */
  uint32_t running_count;
  uint32_t background_count; /* background calls among the running ones */
  uint64_t background_at_ms; /* reserved for the next one; 0: none */
  struct gc_timer timer;     /* runs the queue */

  struct gc_breaker breaker;
  struct gc_throttle throttle;
  struct outage outage;
  struct gc_server_clock server_clock;
  struct gc_clock_judge clock_judge;
  struct gc_api_stats counts;
  void (*woken)(void *ctx); /* NULL: no listener */
  void *woken_ctx;
};

static const struct gc_err healthy = {.code = GC_OK};

static uint64_t now_ms(const struct gc_api *api) {
  return api->env->now_ms(api->env->ctx);
}

static void report_cause(const struct gc_api *api, const char *cause,
                         const struct gc_err *err) {
  api->env->notice(api->env->ctx, cause, err);
}

static const struct gc_endpoint *endpoint_of(const struct gc_call *call) {
  return gc_endpoint(call->endpoint);
}

/* ---- the queue ---- */

/* Runs the queue at `at_ms`, or earlier if that is scheduled already. */
static void schedule_queue(struct gc_api *api, uint64_t at_ms) {
  if (api->timer.place == 0 || at_ms < api->timer.due_ms)
    gc_timers_set(api->env->timers, &api->timer, at_ms);
}

static void unlink_call(struct gc_call **list, const struct gc_call *call) {
  while (*list != NULL && *list != call)
    list = &(*list)->next;
  if (*list != NULL)
    *list = call->next;
}

/* Puts the call behind the others, or `in_front` of them. */
static void enqueue_call(struct gc_api *api, struct gc_call *call,
                         bool in_front) {
  struct gc_call **at = &api->queue;
  while (!in_front && *at != NULL)
    at = &(*at)->next;
  call->next = *at;
  *at = call;
  call->queued = true;
  api->counts.queued++;
  schedule_queue(api, now_ms(api));
}

static void dequeue_call(struct gc_api *api, struct gc_call *call) {
  unlink_call(&api->queue, call);
  call->queued = false;
  api->counts.queued--;
}

static void add_running(struct gc_api *api, struct gc_call *call) {
  call->next = api->running;
  api->running = call;
  api->running_count++;
  api->background_count += call->is_background;
  call->running = true;
}

/* Removes a running call and wipes the token out of its request. */
static void remove_running(struct gc_api *api, struct gc_call *call) {
  unlink_call(&api->running, call);
  call->running = false;
  api->running_count--;
  api->background_count -= call->is_background;
  free(call->url);
  if (call->authorization != NULL)
    explicit_bzero(call->authorization, strlen(call->authorization));
  free(call->authorization);
  call->url = call->authorization = NULL;
}

/* ---- the cause "api" ---- */

static bool is_of_channels(enum gc_endpoint_id id) {
  static const bool channels[GC_ENDPOINT_COUNT] = {
      [GC_ENDPOINT_CHANNEL_CREATE] = true,
      [GC_ENDPOINT_CHANNEL_CHECK] = true,
      [GC_ENDPOINT_SUBSCRIPTIONS_REPLACE] = true,
      [GC_ENDPOINT_SUBSCRIPTIONS_ADD] = true,
      [GC_ENDPOINT_CHANNEL_LIST] = true,
      [GC_ENDPOINT_SUBSCRIPTIONS_LIST] = true,
      [GC_ENDPOINT_SUBSCRIPTIONS_REMOVE] = true};
  return channels[id];
}

/* True if the success of `worked` shows that `failed` works, too. */
static bool ends_outage(const struct outage *o, enum gc_endpoint_id failed,
                        enum gc_endpoint_id worked, uint64_t now_ms) {
  return failed == worked ||
         (is_of_channels(failed) && is_of_channels(worked)) ||
         now_ms - o->functions[failed].failed_ms >= OUTAGE_UNCALLED_MS;
}

/* Takes the outcome of a call. True if "api" is to be reported: a failure of
 * the service always; any other outcome, also a refused request (4xx), as GC_OK
 * when no function fails any more. */
static bool note_outage(struct outage *o, enum gc_endpoint_id id,
                        enum gc_code code, uint64_t now_ms) {
  bool remains = false;
  if (gc_code_is_shared(code)) {
    o->functions[id].is_failing = true;
    o->functions[id].failed_ms = now_ms;
    return true;
  }
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++) {
    if (ends_outage(o, (enum gc_endpoint_id)i, id, now_ms))
      o->functions[i].is_failing = false;
    remains = remains || o->functions[i].is_failing;
  }
  return !remains;
}

/* Reports a failure as "api", with the next try in front of the correlation
 * id. */
static void report_failure(struct gc_api *api, const struct gc_err *failed) {
  enum { WORDS_MAX = 270 };
  char next_try[32] = "the next interval";
  struct gc_err err;
  const char *id = strstr(failed->text, "; correlation id ");
  size_t len = id != NULL ? (size_t)(id - failed->text) : strlen(failed->text);
  uint32_t rest_ms = gc_breaker_wait_ms(&api->breaker, now_ms(api));
  if (rest_ms > 0)
    snprintf(next_try, sizeof(next_try), "%" PRIu32 " s",
             (rest_ms + 999) / 1000);
  (void)gc_fail(&err, failed->code, "%.*s; next try in %s%s",
                (int)(len < WORDS_MAX ? len : WORDS_MAX), failed->text,
                next_try, id != NULL ? id : "");
  report_cause(api, "api", &err);
}

static void report_endpoint(struct gc_api *api, enum gc_endpoint_id id,
                            const struct gc_err *err) {
  if (err->code == GC_ERR_UNAVAILABLE || err->code == GC_ERR_THROTTLED)
    return; /* reported as "token" or "throttle", or nothing was sent */
  if (!note_outage(&api->outage, id, err->code, now_ms(api)))
    return;
  if (gc_code_is_shared(err->code))
    report_failure(api, err);
  else
    report_cause(api, "api", &healthy);
}

/* Reports the outcome and calls `done`. `reply` NULL: nothing was sent. */
static void finish_call(struct gc_api *api, struct gc_call *call,
                        const struct gc_reply *reply,
                        const struct gc_err *err) {
  report_endpoint(api, call->endpoint, err);
  call->done(call, reply, err);
}

/* ---- answers ---- */

static void measure_server_clock(struct gc_api *api, int64_t date_ms) {
  int64_t wall_ms = api->env->wall_ms(api->env->ctx);
  int64_t offset_ms = date_ms - wall_ms;
  bool is_noise =
      offset_ms > -GC_API_CLOCK_NOISE_MS && offset_ms < GC_API_CLOCK_NOISE_MS;
  (void)gc_server_clock_observe(&api->server_clock, now_ms(api), wall_ms,
                                is_noise ? wall_ms : date_ms);
}

static void count_reply(struct gc_api *api, const struct gc_call *call,
                        const struct gc_reply *reply) {
  api->counts.requests[call->endpoint][gc_answer_class(reply)]++;
  if (call->count != NULL)
    ++*call->count;
  api->counts.bytes += reply->bytes;
  if (reply->status == 429)
    api->counts.throttled++;
  if (reply->failure == GC_FAILURE_NONE) {
    api->counts.answers++;
    api->counts.elapsed_ms += reply->elapsed_ms;
    api->counts.functions[call->endpoint].answers++;
    api->counts.functions[call->endpoint].elapsed_ms += reply->elapsed_ms;
  }
  if (reply->date_ms != 0)
    measure_server_clock(api, reply->date_ms);
  else if (reply->failure == GC_FAILURE_NONE)
    gc_server_clock_observe_no_date(&api->server_clock, now_ms(api),
                                    api->env->wall_ms(api->env->ctx));
}

static void wait_for_throttle(struct gc_api *api, struct gc_call *call,
                              const struct gc_reply *reply) {
  struct gc_err err;
  uint64_t wait_ms;
  enum gc_throttled what = gc_throttle_note(
      &api->throttle, call->endpoint,
      reply->has_retry_after ? reply->retry_after_s : 0,
      api->env->random32(api->env->ctx), now_ms(api), &wait_ms);
  gc_api_describe_throttle(endpoint_of(call), reply, what, wait_ms, &err);
  report_cause(api, "throttle", &err);
  if (what == GC_THROTTLED_ACCOUNT)
    gc_auth_pause(api->auth, api->throttle.paused_until_ms);
  call->waits++;
  bool is_last = call->waits_max > 0 && call->waits > call->waits_max;
  if (what != GC_THROTTLED_SUSPENDED && !is_last)
    enqueue_call(api, call, true);
  else
    finish_call(api, call, reply, &err);
}

static void report_throttle_over(struct gc_api *api,
                                 const struct gc_call *call) {
  if (gc_throttle_over(&api->throttle, call->endpoint, now_ms(api)))
    report_cause(api, "throttle", &healthy);
}

static void retry_or_finish(struct gc_api *api, struct gc_call *call,
                            const struct gc_reply *reply,
                            const struct gc_err *err) {
  uint32_t retry_after_s = reply->has_retry_after ? reply->retry_after_s : 0;
  call->failures++;
  if (call->failures >= ATTEMPTS_MAX ||
      retry_after_s > GC_THROTTLE_ACCOUNT_MAX_S ||
      gc_breaker_is_open(&api->breaker)) {
    finish_call(api, call, reply, err);
    return;
  }
  struct gc_backoff b = {.base_ms = GC_API_RETRY_BASE_MS,
                         .cap_ms = GC_API_RETRY_MAX_MS,
                         .failures = call->failures - 1};
  call->not_before_ms =
      now_ms(api) +
      gc_backoff_fail(
          &b, gc_retry_after_ms(retry_after_s, GC_THROTTLE_ACCOUNT_MAX_S),
          api->env->random32(api->env->ctx));
  enqueue_call(api, call, false);
}

static void renew_token_or_finish(struct gc_api *api, struct gc_call *call,
                                  const struct gc_reply *reply,
                                  const struct gc_err *err) {
  if (!call->was_reauthed && gc_auth_reject(api->auth, call->token_number)) {
    call->was_reauthed = true;
    enqueue_call(api, call, true);
  } else {
    finish_call(api, call, reply, err);
  }
}

static void on_reply(struct gc_exchange *x, const struct gc_reply *reply,
                     const struct gc_err *below) {
  struct gc_call *call = x->ctx;
  struct gc_api *api = call->api;
  struct gc_retry_decision decision = gc_retry_decide(reply);
  struct gc_err err = {.code = GC_OK};
  gc_debug("api %s: HTTP %d after %" PRIu32 " ms, %" PRIu64 " bytes: %s",
           endpoint_of(call)->function, reply->status, reply->elapsed_ms,
           reply->bytes, gc_action_name(decision.action));
  remove_running(api, call);
  count_reply(api, call, reply);
  gc_breaker_note(&api->breaker, call->is_probe, !decision.breaks, now_ms(api));
  schedule_queue(api, now_ms(api));
  if (decision.action == GC_DONE)
    report_throttle_over(api, call);
  else
    gc_api_describe(endpoint_of(call), call->path_tail, reply, &decision, below,
                    &err);

  switch (decision.action) {
  case GC_REAUTH:
    renew_token_or_finish(api, call, reply, &err);
    break;
  case GC_WAIT:
    wait_for_throttle(api, call, reply);
    break;
  case GC_RETRY:
    retry_or_finish(api, call, reply, &err);
    break;
  case GC_DONE:
  case GC_GIVE_UP:
    finish_call(api, call, reply, &err);
    break;
  }
}

/* ---- sending ---- */

static enum gc_code write_head(struct gc_api *api, struct gc_call *call,
                               const char *bearer) {
  const char *tail = call->path_tail != NULL ? call->path_tail : "";
  const char *query = call->query != NULL ? call->query : "";
  const char *path = call->path != NULL ? call->path : endpoint_of(call)->path;
  GC_AUTO(gc_buf_clear) struct gc_buf url = {.max = TEXT_MAX_BYTES};
  GC_AUTO(gc_buf_wipe) struct gc_buf authorization = {.max = TEXT_MAX_BYTES};

  GC_TRY(gc_buf_print(&url, "%s%s%s%s%s", api->settings.base_url, path, tail,
                      query[0] != '\0' ? "?" : "", query));
  GC_TRY(gc_buf_print(&authorization, "Authorization: Bearer %s", bearer));
  call->url = gc_steal(url.data);
  call->authorization = gc_steal(authorization.data);
  call->headers[0] = "Accept: application/json";
  call->headers[1] = call->authorization;
  call->headers[2] =
      call->body != NULL ? "Content-Type: application/json" : NULL;
  call->headers[3] = NULL;
  return GC_OK;
}

static enum gc_code start_exchange(struct gc_api *api, struct gc_call *call,
                                   const char *bearer, struct gc_err *err) {
  const struct gc_endpoint *endpoint = endpoint_of(call);
  enum gc_code code = write_head(api, call, bearer);
  if (code != GC_OK)
    return gc_fail(err, code, "%s: %s", endpoint->function,
                   gc_code_words(code));
  call->exchange = (struct gc_exchange){
      .method = endpoint->method,
      .url = call->url,
      .headers = call->headers,
      .body = call->body,
      .body_len = call->body_len,
      .sink = call->sink.write != NULL ? &call->sink : NULL,
      .body_max = call->body_max,
      .done = on_reply,
      .ctx = call};
  return api->env->transport.start(api->env->transport.ctx, &call->exchange,
                                   err);
}

static void send_call(struct gc_api *api, struct gc_call *call) {
  struct gc_err err = {.code = GC_OK};
  const char *bearer = gc_auth_bearer(api->auth, &call->token_number);
  if (bearer == NULL) { /* the token has just expired */
    schedule_queue(api, now_ms(api));
    return;
  }

  dequeue_call(api, call);
  add_running(api, call);
  if (call->is_background)
    api->background_at_ms = 0;
  if (start_exchange(api, call, bearer, &err) == GC_OK) {
    gc_debug("api %s: sent, %" PRIu32 " in flight, %" PRIu32 " waiting",
             endpoint_of(call)->function, api->running_count,
             api->counts.queued);
    call->is_probe = gc_breaker_sent(&api->breaker);
    return;
  }
  remove_running(api, call);
  finish_call(api, call, NULL, &err);
}

/* Fails the calls that wait now. A call that is made inside a `done` stays
 * queued. */
static void fail_queue(struct gc_api *api, const struct gc_err *err) {
  for (uint32_t n = api->counts.queued; n > 0 && api->queue != NULL; n--) {
    struct gc_call *call = api->queue;
    dequeue_call(api, call);
    finish_call(api, call, NULL, err);
  }
}

/* Returns when the call itself may be sent; UINT64_MAX: after an answer. It
 * reserves a time for a background call. */
static uint64_t call_ready_ms(struct gc_api *api, const struct gc_call *call,
                              uint64_t at_ms) {
  uint64_t held_ms = api->throttle.held_until_ms[call->endpoint];
  uint64_t ready_ms =
      call->not_before_ms > held_ms ? call->not_before_ms : held_ms;
  uint32_t max = api->settings.max_concurrent;
  if (!call->is_background)
    return ready_ms;
  if (api->background_count >= (max > 1 ? max - 1 : 1))
    return UINT64_MAX;
  if (api->background_at_ms == 0)
    api->background_at_ms =
        gc_shared_budget_reserve_background(api->budget, at_ms);
  return ready_ms > api->background_at_ms ? ready_ms : api->background_at_ms;
}

/* Returns the first call whose own wait is over. NULL: there is none, and the
 * next wait ends at `*ret_later_ms` (UINT64_MAX: no call waits). */
static struct gc_call *next_call(struct gc_api *api, uint64_t at_ms,
                                 uint64_t *ret_later_ms) {
  *ret_later_ms = UINT64_MAX;
  for (struct gc_call *call = api->queue; call != NULL; call = call->next) {
    uint64_t ready_ms = call_ready_ms(api, call, at_ms);
    if (ready_ms <= at_ms)
      return call;
    if (ready_ms < *ret_later_ms)
      *ret_later_ms = ready_ms;
  }
  return NULL;
}

/* Returns when the account may send its next request; 0: now, UINT64_MAX: after
 * the next answer, which runs the queue. */
static uint64_t account_ready_ms(struct gc_api *api, uint64_t at_ms) {
  if (at_ms < api->throttle.paused_until_ms)
    return api->throttle.paused_until_ms;
  if (api->running_count >= api->settings.max_concurrent)
    return UINT64_MAX;
  if (!gc_breaker_allows(&api->breaker, at_ms))
    return UINT64_MAX; /* the probe has no answer yet */
  uint32_t wait_ms = gc_shared_budget_wait_ms(api->budget, at_ms);
  return wait_ms > 0 ? at_ms + wait_ms : 0;
}

/* Fails all waiting calls if the account cannot send now; returns true if it
 * did. */
static bool fail_if_unavailable(struct gc_api *api, uint64_t at_ms) {
  struct gc_err err = {.code = GC_OK};
  uint32_t breaker_ms = gc_breaker_wait_ms(&api->breaker, at_ms);
  if (gc_auth_request(api->auth) == GC_AUTH_FAILED)
    (void)gc_fail(&err, GC_ERR_UNAVAILABLE, "the account has no token");
  else if (breaker_ms > 0)
    (void)gc_fail(&err, GC_ERR_UNAVAILABLE,
                  "the API failed too often; the next try is in %" PRIu32 " ms",
                  breaker_ms);
  else
    return false;
  fail_queue(api, &err);
  return true;
}

/* Fails the call if its endpoint is suspended by a 429; returns true if it
 * did. */
static bool fail_if_suspended(struct gc_api *api, struct gc_call *call,
                              uint64_t at_ms) {
  uint64_t rest_ms = gc_throttle_rest_ms(&api->throttle, call->endpoint, at_ms);
  if (rest_ms == 0)
    return false;
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_THROTTLED,
                "%s is suspended for another %" PRIu64
                " s, as the API's Retry-After asks",
                endpoint_of(call)->function, rest_ms / 1000 + 1);
  report_cause(api, "throttle", &err);
  dequeue_call(api, call);
  finish_call(api, call, NULL, &err);
  return true;
}

/* Sends the calls that may be sent now. A call that is made meanwhile waits a
 * millisecond, so that the loop can do other work. */
static void run_queue(void *ctx, uint64_t at_ms) {
  struct gc_api *api = ctx;
  for (uint32_t n = api->counts.queued; n > 0 && api->queue != NULL; n--) {
    uint64_t later_ms;
    if (fail_if_unavailable(api, at_ms) ||
        gc_auth_request(api->auth) != GC_AUTH_READY)
      return;
    struct gc_call *call = next_call(api, at_ms, &later_ms);
    if (call != NULL && fail_if_suspended(api, call, at_ms))
      continue;
    if (call != NULL)
      later_ms = account_ready_ms(api, at_ms);
    if (later_ms != 0) {
      if (later_ms != UINT64_MAX)
        schedule_queue(api, later_ms);
      return;
    }
    GC_ASSERT(call != NULL);
    if (gc_shared_budget_take(api->budget, at_ms))
      send_call(api, call);
  }
  if (api->queue != NULL)
    schedule_queue(api, at_ms + 1);
}

struct gc_api *gc_api_new(const struct gc_api_settings *settings,
                          const struct gc_env *env, struct gc_auth *auth,
                          struct gc_shared_budget *budget) {
  struct gc_api *api = gc_zalloc(1, sizeof(*api));
  api->settings = *settings;
  api->env = env;
  api->auth = auth;
  api->budget = budget;
  api->breaker = (struct gc_breaker){.limit = BREAKER_LIMIT,
                                     .rest_ms = GC_API_BREAKER_REST_MS,
                                     .rest_max_ms = GC_API_BREAKER_REST_MAX_MS};
  gc_throttle_init(&api->throttle);
  api->timer = (struct gc_timer){.fire = run_queue, .ctx = api};
  return api;
}

void gc_api_free(struct gc_api *api) {
  if (api == NULL)
    return;
  while (api->queue != NULL)
    gc_api_cancel(api, api->queue);
  while (api->running != NULL)
    gc_api_cancel(api, api->running);
  gc_timers_unset(api->env->timers, &api->timer);
  free(api);
}

void gc_api_call(struct gc_api *api, struct gc_call *call) {
  call->api = api;
  call->failures = call->waits = 0;
  call->was_reauthed = false;
  call->not_before_ms = 0;
  enqueue_call(api, call, false);
}

void gc_api_cancel(struct gc_api *api, struct gc_call *call) {
  if (call->queued)
    dequeue_call(api, call);
  if (!call->running)
    return;
  api->env->transport.cancel(api->env->transport.ctx, &call->exchange);
  gc_breaker_cancelled(&api->breaker, call->is_probe);
  remove_running(api, call);
  schedule_queue(api, now_ms(api));
}

void gc_api_wake(struct gc_api *api) {
  if (api->woken != NULL)
    api->woken(api->woken_ctx);
  schedule_queue(api, now_ms(api));
}

void gc_api_on_wake(struct gc_api *api, void (*changed)(void *ctx), void *ctx) {
  api->woken = changed;
  api->woken_ctx = ctx;
}

uint32_t gc_api_token_number(const struct gc_api *api) {
  uint32_t number = 0;
  return gc_auth_bearer(api->auth, &number) != NULL ? number : 0;
}

const char *gc_api_bearer(struct gc_api *api, uint32_t *ret_number) {
  return gc_auth_request(api->auth) == GC_AUTH_READY
             ? gc_auth_bearer(api->auth, ret_number)
             : NULL;
}

void gc_api_reject_bearer(struct gc_api *api, uint32_t number) {
  (void)gc_auth_reject(api->auth, number);
}

void gc_api_count_throttled(struct gc_api *api) { api->counts.throttled++; }

void gc_api_stats(struct gc_api *api, struct gc_api_stats *ret_stats) {
  *ret_stats = api->counts;
  uint64_t at_ms = now_ms(api), until_ms = api->throttle.paused_until_ms;
  ret_stats->budget_left = gc_shared_budget_left(api->budget, at_ms);
  ret_stats->minute_left = gc_shared_budget_minute_left(api->budget, at_ms);
  ret_stats->paused_ms = until_ms > at_ms ? until_ms - at_ms : 0;
  for (int e = 0; e < GC_ENDPOINT_COUNT; e++) {
    uint64_t held_ms = api->throttle.held_until_ms[e];
    uint64_t rest_ms =
        gc_throttle_rest_ms(&api->throttle, (enum gc_endpoint_id)e, at_ms);
    if (held_ms > at_ms + rest_ms)
      rest_ms = held_ms - at_ms;
    if (rest_ms > ret_stats->suspended_ms)
      ret_stats->suspended_ms = rest_ms;
  }
  ret_stats->broken =
      gc_breaker_is_open(&api->breaker) || gc_auth_is_broken(api->auth);
}

bool gc_api_read_date(const struct gc_api *api, int64_t *ret) {
  return gc_server_clock_read_date(&api->server_clock, now_ms(api), ret);
}

void gc_api_state_time(struct gc_api *api, int64_t stated_ms) {
  gc_clock_judge_state(&api->clock_judge, now_ms(api), stated_ms);
}

void gc_api_judge_clock(struct gc_api *api, struct gc_clock_verdict *ret) {
  gc_clock_judge(&api->clock_judge, &api->server_clock, now_ms(api),
                 api->env->wall_ms(api->env->ctx), ret);
}
