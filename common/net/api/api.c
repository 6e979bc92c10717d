/* SPDX-License-Identifier: MIT */
#include "common/net/api/api.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/debug.h"
#include "common/net/api/internal.h"

void gc_api_look_again_at(struct gc_api *api, uint64_t at_ms) {
  if (api->timer.place == 0 || at_ms < api->timer.due_ms)
    (void)gc_timers_set(api->env->timers, &api->timer, at_ms);
}

static void unlink_call(struct gc_call **list, const struct gc_call *call) {
  while (*list != NULL && *list != call)
    list = &(*list)->next;
  if (*list != NULL)
    *list = call->next;
}

void gc_api_enqueue(struct gc_api *api, struct gc_call *call, bool in_front) {
  struct gc_call **at = &api->head;
  while (!in_front && *at != NULL)
    at = &(*at)->next;
  call->next = *at;
  *at = call;
  call->queued = true;
  api->counts.queued++;
  gc_api_look_again_at(api, gc_api_now(api));
}

static void dequeue(struct gc_api *api, struct gc_call *call) {
  unlink_call(&api->head, call);
  call->queued = false;
  api->counts.queued--;
}

void gc_api_landed(struct gc_api *api, struct gc_call *call) {
  unlink_call(&api->flying, call);
  call->running = false;
  api->flying_count--;
  free(call->url);
  if (call->authorization != NULL)
    explicit_bzero(call->authorization, strlen(call->authorization));
  free(call->authorization);
  call->url = call->authorization = NULL;
}

static enum gc_code write_head(struct gc_api *api, struct gc_call *call,
                               const char *bearer) {
  const char *tail = call->path_tail != NULL ? call->path_tail : "";
  const char *query = call->query != NULL ? call->query : "";
  GC_AUTO(gc_buf_clear) struct gc_buf url = {.max = 65536};
  GC_AUTO(gc_buf_wipe) struct gc_buf authorization = {.max = 65536};

  const char *path =
      call->path != NULL ? call->path : gc_api_endpoint_of(call)->path;
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
    gc_api_look_again_at(api, gc_api_now(api));
    return;
  }

  dequeue(api, call);
  call->next = api->flying;
  api->flying = call;
  api->flying_count++;
  call->running = true;

  enum gc_code code = write_head(api, call, bearer);
  if (code != GC_OK)
    (void)gc_fail(&err, code, "%s: %s", gc_api_endpoint_of(call)->function,
                  gc_code_words(code));
  call->exchange = (struct gc_exchange){
      .method = gc_api_endpoint_of(call)->method,
      .url = call->url,
      .headers = call->headers,
      .body = call->body,
      .body_len = call->body_len,
      .sink = call->sink.write != NULL ? &call->sink : NULL,
      .body_max = call->body_max,
      .done = gc_api_on_done,
      .ctx = call};
  if (code == GC_OK)
    code = api->env->transport.start(api->env->transport.ctx, &call->exchange,
                                     &err);
  if (code == GC_OK) {
    gc_debug("api %s: sent, %" PRIu32 " in flight, %" PRIu32 " waiting",
             gc_api_endpoint_of(call)->function, api->flying_count,
             api->counts.queued);
    call->is_probe = gc_breaker_sent(&api->breaker);
    return;
  }
  gc_api_landed(api, call);
  gc_api_finish(api, call, NULL, &err);
}

/* Ends what waits, and only that: a call made inside `done` waits anew. */
static void fail_queue(struct gc_api *api, const struct gc_err *err) {
  uint32_t max = api->counts.queued;
  for (; max > 0 && api->head != NULL; max--) {
    struct gc_call *call = api->head;
    dequeue(api, call);
    gc_api_finish(api, call, NULL, err);
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
                gc_api_endpoint_of(call)->function, rest_ms / 1000 + 1);
  gc_api_note(api, "throttle", &err);
  dequeue(api, call);
  gc_api_finish(api, call, NULL, &err);
  return true;
}

static void pump(void *ctx, uint64_t now_ms) {
  struct gc_api *api = ctx;
  for (uint32_t max = api->counts.queued; max > 0 && api->head != NULL; max--) {
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
        gc_api_look_again_at(api, later_ms);
      return;
    }
    if (gc_budgets_take(api->budget, now_ms))
      send_call(api, call);
  }
  if (api->head != NULL)
    gc_api_look_again_at(api, now_ms + 1);
}

struct gc_api *gc_api_new(const struct gc_api_settings *settings,
                          const struct gc_env *env, struct gc_auth *auth,
                          struct gc_shared_budget *budget) {
  struct gc_api *api = calloc(1, sizeof(*api));
  if (api == NULL)
    return NULL;
  api->settings = *settings;
  api->env = env;
  api->auth = auth;
  api->budget = budget;
  api->breaker =
      (struct gc_breaker){.limit = 5, .rest_ms = 5000, .rest_max_ms = 15000};
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
  gc_timers_unset(api->env->timers, &api->timer);
  free(api);
}

void gc_api_call(struct gc_api *api, struct gc_call *call) {
  call->api = api;
  call->failures = call->waits = 0;
  call->was_reauthed = false;
  call->not_before_ms = 0;
  gc_api_enqueue(api, call, false);
}

void gc_api_cancel(struct gc_api *api, struct gc_call *call) {
  if (call->queued)
    dequeue(api, call);
  if (!call->running)
    return;
  api->env->transport.cancel(api->env->transport.ctx, &call->exchange);
  gc_breaker_cancelled(&api->breaker, call->is_probe);
  gc_api_landed(api, call);
  gc_api_look_again_at(api, gc_api_now(api));
}

void gc_api_wake(struct gc_api *api) {
  if (api->woken != NULL)
    api->woken(api->woken_ctx);
  gc_api_look_again_at(api, gc_api_now(api));
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
  ret_stats->budget_left = gc_budgets_left(api->budget, gc_api_now(api));
  ret_stats->broken =
      gc_breaker_is_open(&api->breaker) || gc_auth_is_broken(api->auth);
}

int64_t gc_api_clock_offset_ms(const struct gc_api *api) {
  if (!api->knows_server_clock)
    return 0;
  return api->server_ahead_ms + (int64_t)gc_api_now(api) -
         api->env->wall_ms(api->env->ctx);
}
