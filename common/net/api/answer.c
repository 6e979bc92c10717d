/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "common/base/debug.h"
#include "common/net/api/api_error.h"
#include "common/net/api/internal.h"

enum {
  ATTEMPTS = 3,
  /* The Date header counts whole seconds. */
  CLOCK_NOISE_MS = 1500,
};

/* All outages of the account are one cause, "api": the first function that
 * meets it says so, and all that met it must be well before it is over. */
static void note_function(struct gc_api *api, enum gc_endpoint_id id,
                          const struct gc_err *err) {
  struct gc_err fine = {.code = GC_OK};
  if (err->code != GC_ERR_UNAVAILABLE && err->code != GC_ERR_THROTTLED &&
      gc_code_is_shared(err->code)) {
    api->failing[id] = true;
    gc_api_note(api, "api", err);
    return;
  }
  if (err->code == GC_ERR_UNAVAILABLE || err->code == GC_ERR_THROTTLED)
    return;
  api->failing[id] = false;
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++)
    if (api->failing[i])
      return;
  gc_api_note(api, "api", &fine);
}

void gc_api_finish(struct gc_api *api, struct gc_call *call,
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
    int64_t wall_ms = api->env->wall_ms(api->env->ctx);
    int64_t offset_ms = reply->date_ms - wall_ms;
    bool noise = offset_ms > -CLOCK_NOISE_MS && offset_ms < CLOCK_NOISE_MS;
    api->server_ahead_ms =
        (noise ? wall_ms : reply->date_ms) - (int64_t)gc_api_now(api);
    api->knows_server_clock = true;
  }
}

static void throttle(struct gc_api *api, struct gc_call *call,
                     const struct gc_reply *reply) {
  struct gc_err err;
  uint64_t wait_ms;
  bool whole_account = gc_throttle_note(
      &api->throttle, call->endpoint,
      reply->has_retry_after ? reply->retry_after_s : 0,
      api->env->random32(api->env->ctx), gc_api_now(api), &wait_ms);
  gc_api_describe_throttle(gc_api_endpoint_of(call), reply, whole_account,
                           wait_ms, &err);
  gc_api_note(api, "throttle", &err);
  if (whole_account)
    gc_auth_pause(api->auth, api->throttle.paused_until_ms);
  call->waits++;
  bool is_tired = call->waits_most > 0 && call->waits > call->waits_most;
  if (whole_account && !is_tired)
    gc_api_enqueue(api, call, true);
  else
    gc_api_finish(api, call, reply, &err);
}

static void well(struct gc_api *api) {
  struct gc_err fine = {.code = GC_OK};
  if (gc_throttle_over(&api->throttle, gc_api_now(api)))
    gc_api_note(api, "throttle", &fine);
}

static void retry_or_finish(struct gc_api *api, struct gc_call *call,
                            const struct gc_reply *reply,
                            const struct gc_err *err) {
  uint32_t ask_s = reply->has_retry_after ? reply->retry_after_s : 0;
  call->failures++;
  if (call->failures >= ATTEMPTS || ask_s > GC_THROTTLE_ACCOUNT_MAX_S ||
      gc_breaker_is_open(&api->breaker)) {
    gc_api_finish(api, call, reply, err);
    return;
  }
  struct gc_backoff b = {
      .base_ms = 500, .cap_ms = 8000, .failures = call->failures - 1};
  uint32_t ask_ms = ask_s * 1000;
  call->not_before_ms =
      gc_api_now(api) +
      gc_backoff_fail(&b, ask_ms, api->env->random32(api->env->ctx));
  gc_api_enqueue(api, call, false);
}

/* A body may repeat the path. Of "/ID/subscriptions" the id is the secret. */
static void hide_tail(const struct gc_call *call, struct gc_err *err) {
  const char *tail = call->path_tail != NULL ? call->path_tail : "";
  GC_AUTO(gc_buf_wipe) struct gc_buf id = {.max = 65536};
  tail += tail[0] == '/';
  if (gc_buf_print(&id, "%.*s", (int)strcspn(tail, "/"), tail) == GC_OK)
    gc_text_hide(err->text, gc_buf_string(&id));
  else
    err->text[0] = '\0';
}

void gc_api_on_done(struct gc_exchange *x, const struct gc_reply *reply,
                    const struct gc_err *below) {
  struct gc_call *call = x->ctx;
  struct gc_api *api = call->api;
  struct gc_retry_decision v = gc_retry_decide(reply);
  struct gc_err err = {.code = GC_OK};

  gc_debug("api %s: HTTP %d after %" PRIu32 " ms, %" PRIu64 " bytes: %s",
           gc_api_endpoint_of(call)->function, reply->status, reply->elapsed_ms,
           reply->bytes, gc_action_name(v.action));
  gc_api_landed(api, call);
  count(api, call, reply);
  gc_breaker_note(&api->breaker, call->is_probe, !v.breaks, gc_api_now(api));
  gc_api_look_again_at(api, gc_api_now(api));
  if (v.action != GC_DONE)
    gc_api_describe(gc_api_endpoint_of(call), reply, &v, below, &err);
  hide_tail(call, &err);

  switch (v.action) {
  case GC_DONE:
    well(api);
    gc_api_finish(api, call, reply, &err);
    break;
  case GC_REAUTH:
    if (!call->was_reauthed && gc_auth_reject(api->auth, call->token_number)) {
      call->was_reauthed = true;
      gc_api_enqueue(api, call, true);
    } else {
      gc_api_finish(api, call, reply, &err);
    }
    break;
  case GC_WAIT:
    throttle(api, call, reply);
    break;
  case GC_RETRY:
    retry_or_finish(api, call, reply, &err);
    break;
  case GC_GIVE_UP:
    gc_api_finish(api, call, reply, &err);
    break;
  }
}
