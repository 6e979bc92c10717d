/* SPDX-License-Identifier: MIT */
#include "common/net/api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/breaker.h"
#include "common/base/throttle.h"
#include "common/net/api_words.h"

enum {
  ATTEMPTS = 3,
  /* The Date header counts whole seconds. */
  CLOCK_NOISE_MS = 1500,
};

struct gc_api {
  struct gc_api_settings settings;
  const struct gc_edge *edge;
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

static uint64_t now(const struct gc_api *api) {
  return api->edge->now_ms(api->edge->ctx);
}

static void note(const struct gc_api *api, const char *cause,
                 const struct gc_err *err) {
  api->edge->notice(api->edge->ctx, cause, err);
}

static const struct gc_endpoint *endpoint_of(const struct gc_call *call) {
  return gc_endpoint(call->endpoint);
}

static void look_again_at(struct gc_api *api, uint64_t at_ms) {
  if (api->timer.place == 0 || at_ms < api->timer.due_ms)
    (void)gc_timers_set(api->edge->timers, &api->timer, at_ms);
}

static void unlink_call(struct gc_call **list, const struct gc_call *call) {
  while (*list != NULL && *list != call)
    list = &(*list)->next;
  if (*list != NULL)
    *list = call->next;
}

static void enqueue(struct gc_api *api, struct gc_call *call, bool in_front) {
  struct gc_call **at = &api->head;
  while (!in_front && *at != NULL)
    at = &(*at)->next;
  call->next = *at;
  *at = call;
  call->queued = true;
  api->counts.queued++;
  look_again_at(api, now(api));
}

static void dequeue(struct gc_api *api, struct gc_call *call) {
  unlink_call(&api->head, call);
  call->queued = false;
  api->counts.queued--;
}

static void landed(struct gc_api *api, struct gc_call *call) {
  unlink_call(&api->flying, call);
  call->running = false;
  api->flying_count--;
  free(call->url);
  if (call->authorization != NULL)
    explicit_bzero(call->authorization, strlen(call->authorization));
  free(call->authorization);
  call->url = call->authorization = NULL;
}

/* All outages of the account are one cause, "api": the first function that
 * meets it says so, and all that met it must be well before it is over. */
static void note_function(struct gc_api *api, enum gc_endpoint_id id,
                          const struct gc_err *err) {
  struct gc_err fine = {.code = GC_OK};
  if (err->code != GC_ERR_UNAVAILABLE && err->code != GC_ERR_THROTTLED &&
      gc_code_is_shared(err->code)) {
    api->failing[id] = true;
    note(api, "api", err);
    return;
  }
  if (err->code == GC_ERR_UNAVAILABLE || err->code == GC_ERR_THROTTLED)
    return;
  api->failing[id] = false;
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++)
    if (api->failing[i])
      return;
  note(api, "api", &fine);
}

static void finish(struct gc_api *api, struct gc_call *call,
                   const struct gc_reply *reply, const struct gc_err *err) {
  note_function(api, call->endpoint, err);
  call->done(call, reply, err);
}

static void count(struct gc_api *api, const struct gc_call *call,
                  const struct gc_reply *reply) {
  api->counts.requests[call->endpoint][gc_answer_class(reply)]++;
  api->counts.bytes += reply->bytes;
  if (reply->status == 429)
    api->counts.throttled++;
  if (reply->failure == GC_FAILURE_NONE) {
    api->counts.answers++;
    api->counts.elapsed_ms += reply->elapsed_ms;
  }
  if (reply->date_ms != 0) {
    int64_t wall_ms = api->edge->wall_ms(api->edge->ctx);
    int64_t offset_ms = reply->date_ms - wall_ms;
    bool noise = offset_ms > -CLOCK_NOISE_MS && offset_ms < CLOCK_NOISE_MS;
    api->server_ahead_ms =
        (noise ? wall_ms : reply->date_ms) - (int64_t)now(api);
    api->knows_server_clock = true;
  }
}

static void throttle(struct gc_api *api, struct gc_call *call,
                     const struct gc_reply *reply) {
  struct gc_err err;
  uint64_t wait_ms;
  bool whole_account =
      gc_throttle_note(&api->throttle, call->endpoint,
                       reply->has_retry_after ? reply->retry_after_s : 0,
                       api->edge->dice(api->edge->ctx), now(api), &wait_ms);
  gc_api_describe_throttle(endpoint_of(call), reply, whole_account, wait_ms,
                           &err);
  note(api, "throttle", &err);
  if (whole_account)
    gc_auth_pause(api->auth, api->throttle.paused_until_ms);
  call->waits++;
  bool is_tired = call->waits_most > 0 && call->waits > call->waits_most;
  if (whole_account && !is_tired)
    enqueue(api, call, true);
  else
    finish(api, call, reply, &err);
}

static void well(struct gc_api *api) {
  struct gc_err fine = {.code = GC_OK};
  if (gc_throttle_over(&api->throttle, now(api)))
    note(api, "throttle", &fine);
}

static void retry_or_finish(struct gc_api *api, struct gc_call *call,
                            const struct gc_reply *reply,
                            const struct gc_err *err) {
  uint32_t ask_s = reply->has_retry_after ? reply->retry_after_s : 0;
  call->failures++;
  if (call->failures >= ATTEMPTS || ask_s > GC_THROTTLE_ACCOUNT_MOST_S ||
      gc_breaker_is_open(&api->breaker)) {
    finish(api, call, reply, err);
    return;
  }
  struct gc_backoff b = {
      .base_ms = 500, .cap_ms = 8000, .failures = call->failures - 1};
  uint32_t ask_ms = ask_s * 1000;
  call->not_before_ms =
      now(api) + gc_backoff_fail(&b, ask_ms, api->edge->dice(api->edge->ctx));
  enqueue(api, call, false);
}

static void on_done(struct gc_exchange *x, const struct gc_reply *reply,
                    const struct gc_err *below) {
  struct gc_call *call = x->ctx;
  struct gc_api *api = call->api;
  struct gc_verdict v = gc_verdict(reply);
  struct gc_err err = {.code = GC_OK};

  landed(api, call);
  count(api, call, reply);
  gc_breaker_note(&api->breaker, call->is_probe, !v.breaks, now(api));
  look_again_at(api, now(api));
  if (v.action != GC_DONE)
    gc_api_describe(endpoint_of(call), reply, &v, below, &err);

  switch (v.action) {
  case GC_DONE:
    well(api);
    finish(api, call, reply, &err);
    break;
  case GC_REAUTH:
    if (!call->was_reauthed && gc_auth_reject(api->auth, call->token_number)) {
      call->was_reauthed = true;
      enqueue(api, call, true);
    } else {
      finish(api, call, reply, &err);
    }
    break;
  case GC_WAIT:
    throttle(api, call, reply);
    break;
  case GC_RETRY:
    retry_or_finish(api, call, reply, &err);
    break;
  case GC_GIVE_UP:
    finish(api, call, reply, &err);
    break;
  }
}

static enum gc_code write_head(struct gc_api *api, struct gc_call *call,
                               const char *bearer) {
  const char *tail = call->path_tail != NULL ? call->path_tail : "";
  const char *query = call->query != NULL ? call->query : "";
  GC_AUTO(gc_buf_clear) struct gc_buf url = {.most = 65536};
  GC_AUTO(gc_buf_wipe) struct gc_buf authorization = {.most = 65536};

  const char *path = call->path != NULL ? call->path : endpoint_of(call)->path;
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

static void send_call(struct gc_api *api, struct gc_call *call) {
  struct gc_err err = {.code = GC_OK};
  const char *bearer = gc_auth_bearer(api->auth, &call->token_number);
  if (bearer == NULL) { /* it has ended since we looked */
    look_again_at(api, now(api));
    return;
  }

  dequeue(api, call);
  call->next = api->flying;
  api->flying = call;
  api->flying_count++;
  call->running = true;

  enum gc_code code = write_head(api, call, bearer);
  if (code != GC_OK)
    (void)gc_fail(&err, code, "%s: %s", endpoint_of(call)->function,
                  gc_code_words(code));
  call->exchange = (struct gc_exchange){
      .method = endpoint_of(call)->method,
      .url = call->url,
      .headers = call->headers,
      .body = call->body,
      .body_len = call->body_len,
      .sink = call->sink.write != NULL ? &call->sink : NULL,
      .body_max = call->body_max,
      .done = on_done,
      .ctx = call};
  if (code == GC_OK)
    code = api->edge->transport.start(api->edge->transport.ctx, &call->exchange,
                                      &err);
  if (code == GC_OK) {
    call->is_probe = gc_breaker_sent(&api->breaker);
    return;
  }
  landed(api, call);
  finish(api, call, NULL, &err);
}

/* Ends what waits, and only that: a call made inside `done` waits anew. */
static void fail_queue(struct gc_api *api, const struct gc_err *err) {
  uint32_t most = api->counts.queued;
  for (; most > 0 && api->head != NULL; most--) {
    struct gc_call *call = api->head;
    dequeue(api, call);
    finish(api, call, NULL, err);
  }
}

/* The first call that may go now by its own clock; NULL, and when the next one
 * may, when none. */
static struct gc_call *next_call(struct gc_api *api, uint64_t now_ms,
                                 uint64_t *ret_later_ms) {
  *ret_later_ms = UINT64_MAX;
  for (struct gc_call *call = api->head, *next; call != NULL; call = next) {
    next = call->next;
    if (call->not_before_ms <= now_ms)
      return call;
    if (call->not_before_ms < *ret_later_ms)
      *ret_later_ms = call->not_before_ms;
  }
  return NULL;
}

/* Why nothing may go now, as the time to look again; 0: it may. */
static uint64_t must_wait(struct gc_api *api, uint64_t now_ms) {
  if (now_ms < api->throttle.paused_until_ms)
    return api->throttle.paused_until_ms;
  if (api->flying_count >= api->settings.max_concurrent)
    return UINT64_MAX; /* the next answer looks again */
  if (!gc_breaker_allows(&api->breaker, now_ms))
    return UINT64_MAX; /* the probe is out */
  uint32_t wait_ms = gc_budgets_wait_ms(api->budget, now_ms);
  return wait_ms > 0 ? now_ms + wait_ms : 0;
}

/* True when the queue was ended because the account cannot work now. */
static bool is_down(struct gc_api *api, uint64_t now_ms) {
  struct gc_err err = {.code = GC_OK};
  if (gc_auth_want(api->auth) == GC_AUTH_FAILED)
    (void)gc_fail(&err, GC_ERR_UNAVAILABLE, "the account has no token");
  else if (gc_breaker_wait_ms(&api->breaker, now_ms) > 0)
    (void)gc_fail(&err, GC_ERR_UNAVAILABLE,
                  "the API failed too often; the next try is in %" PRIu32 " ms",
                  gc_breaker_wait_ms(&api->breaker, now_ms));
  else
    return false;
  fail_queue(api, &err);
  return true;
}

static bool end_suspended(struct gc_api *api, struct gc_call *call,
                          uint64_t now_ms) {
  uint64_t rest_ms =
      gc_throttle_rest_ms(&api->throttle, call->endpoint, now_ms);
  if (rest_ms == 0)
    return false;
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_THROTTLED,
                "%s rests for another %" PRIu64 " s, as the API asked",
                endpoint_of(call)->function, rest_ms / 1000 + 1);
  note(api, "throttle", &err);
  dequeue(api, call);
  finish(api, call, NULL, &err);
  return true;
}

static void pump(void *ctx, uint64_t now_ms) {
  struct gc_api *api = ctx;
  for (uint32_t most = api->counts.queued; most > 0 && api->head != NULL;
       most--) {
    uint64_t later_ms;
    if (is_down(api, now_ms) || gc_auth_want(api->auth) != GC_AUTH_READY)
      return;
    struct gc_call *call = next_call(api, now_ms, &later_ms);
    if (call != NULL && end_suspended(api, call, now_ms))
      continue;
    if (call != NULL)
      later_ms = must_wait(api, now_ms);
    if (later_ms != 0) {
      if (later_ms != UINT64_MAX)
        look_again_at(api, later_ms);
      return;
    }
    if (gc_budgets_take(api->budget, now_ms))
      send_call(api, call);
  }
  if (api->head != NULL)
    look_again_at(api, now_ms + 1);
}

struct gc_api *gc_api_new(const struct gc_api_settings *settings,
                          const struct gc_edge *edge, struct gc_auth *auth,
                          struct gc_shared_budget *budget) {
  struct gc_api *api = calloc(1, sizeof(*api));
  if (api == NULL)
    return NULL;
  api->settings = *settings;
  api->edge = edge;
  api->auth = auth;
  api->budget = budget;
  api->breaker =
      (struct gc_breaker){.limit = 5, .rest_ms = 5000, .rest_most_ms = 15000};
  gc_throttle_init(&api->throttle);
  api->timer = (struct gc_timer){.fire = pump, .ctx = api};
  return api;
}

void gc_api_free(struct gc_api *api) {
  if (api == NULL)
    return;
  while (api->head != NULL)
    gc_api_cancel(api, api->head);
  while (api->flying != NULL)
    gc_api_cancel(api, api->flying);
  gc_timers_unset(api->edge->timers, &api->timer);
  free(api);
}

void gc_api_call(struct gc_api *api, struct gc_call *call) {
  call->api = api;
  call->failures = call->waits = 0;
  call->was_reauthed = false;
  call->not_before_ms = 0;
  enqueue(api, call, false);
}

void gc_api_cancel(struct gc_api *api, struct gc_call *call) {
  if (call->queued)
    dequeue(api, call);
  if (!call->running)
    return;
  api->edge->transport.cancel(api->edge->transport.ctx, &call->exchange);
  gc_breaker_cancelled(&api->breaker, call->is_probe);
  landed(api, call);
  look_again_at(api, now(api));
}

void gc_api_wake(struct gc_api *api) {
  if (api->woken != NULL)
    api->woken(api->woken_ctx);
  look_again_at(api, now(api));
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
  return gc_auth_want(api->auth) == GC_AUTH_READY
             ? gc_auth_bearer(api->auth, ret_number)
             : NULL;
}

void gc_api_reject_bearer(struct gc_api *api, uint32_t number) {
  (void)gc_auth_reject(api->auth, number);
}

void gc_api_stats(struct gc_api *api, struct gc_api_stats *ret_stats) {
  *ret_stats = api->counts;
  ret_stats->budget_left = gc_budgets_left(api->budget, now(api));
  ret_stats->broken =
      gc_breaker_is_open(&api->breaker) || gc_auth_is_broken(api->auth);
}

int64_t gc_api_clock_offset_ms(const struct gc_api *api) {
  if (!api->knows_server_clock)
    return 0;
  return api->server_ahead_ms + (int64_t)now(api) -
         api->edge->wall_ms(api->edge->ctx);
}
