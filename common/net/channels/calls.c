/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channel_internal.h"

#include <stdio.h>
#include <string.h>

enum {
  ANSWER_MAX_BYTES = 16 << 20,
  ASK_MAX_MS = 300 * 1000, /* a call that is refused as such */
  DOWN_RETRY_MS = 1000,    /* the account is down: nothing is sent */
  LIFE_MIN_MS = 10 * 1000,
  LIFE_MAX_MS = 24 * 3600 * 1000, /* API reference, 4.2 */
  LEAD_MIN_MS = 60 * 1000,
};

void gc_channel_cancel_call(struct gc_channel *c) {
  gc_api_cancel(c->needs.api, &c->call);
  c->is_calling = false;
}

void gc_channel_drop(struct gc_channel *c) {
  gc_channel_cancel_call(c);
  gc_channel_id_clear(&c->place->id);
  gc_channel_place_keep(c->place);
  c->is_checked = false;
  c->was_refused = false;
  gc_timers_unset(c->needs.env->timers, &c->ending);
  gc_topics_restart(c->topics);
  gc_channel_wait(c, gc_backoff_fail(&c->creation, 0, gc_channel_random32(c)));
}

static uint64_t life_ms(const struct gc_channel *c) {
  uint32_t ms = c->place->id.life_ms;
  return ms > 0 ? ms : LIFE_MAX_MS;
}

/* Examples: of 24 hours one, of 10 minutes one, of 20 s ten seconds. */
static uint64_t lead_ms(const struct gc_channel *c) {
  uint64_t ms = life_ms(c) / 24;
  if (ms < LEAD_MIN_MS)
    ms = LEAD_MIN_MS;
  return ms < life_ms(c) / 2 ? ms : life_ms(c) / 2;
}

static void on_ending(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  c->events.ending(c->events.ctx, GC_CHANNEL_END_LIFE, lead_ms(c));
}

/* Once for each life: a topic that is added on the way prolongs it too, so says
 * the API reference (4.2), but that is not relied upon where a second channel
 * is to be had. */
static void schedule_ending(struct gc_channel *c) {
  if (c->ending.place == 0)
    (void)gc_timers_set(c->needs.env->timers, &c->ending,
                        gc_channel_now(c) + life_ms(c) - lead_ms(c));
}

static void call_failed(struct gc_channel *c, const struct gc_err *err) {
  if (err->code == GC_ERR_UNAVAILABLE) {
    gc_channel_wait(c, DOWN_RETRY_MS);
    return;
  }
  bool is_shared = gc_code_is_shared(err->code);
  c->asking.base_ms = c->timeouts.reconnect_min_ms;
  c->asking.cap_ms = is_shared ? c->timeouts.reconnect_max_ms : ASK_MAX_MS;
  if (!is_shared)
    gc_channel_note(c, err);
  gc_channel_wait(c,
                  c->timeouts.reconnect_min_ms +
                      gc_backoff_fail(&c->asking, 0, gc_channel_random32(c)));
}

/* The platform says that the channel is no longer there, or not ours. */
static bool is_gone(enum gc_code code) {
  return code == GC_ERR_NOT_FOUND || code == GC_ERR_PERMISSION;
}

static void checked(struct gc_channel *c, const struct gc_err *err) {
  if (err->code == GC_OK) {
    c->is_checked = true;
    gc_topics_restart(c->topics);
  } else if (is_gone(err->code) || err->code == GC_ERR_REQUEST) {
    gc_channel_drop(c);
  } else {
    call_failed(c, err);
  }
}

static void set_life(struct gc_channel *c, int64_t expires_ms) {
  int64_t wall_ms = c->needs.env->wall_ms(c->needs.env->ctx) +
                    gc_api_clock_offset_ms(c->needs.api);
  int64_t life_ms = expires_ms != 0 ? expires_ms - wall_ms : LIFE_MAX_MS;
  if (life_ms < LIFE_MIN_MS)
    life_ms = LIFE_MIN_MS;
  c->place->id.life_ms =
      (uint32_t)(life_ms < LIFE_MAX_MS ? life_ms : LIFE_MAX_MS);
}

static void created(struct gc_channel *c, const struct gc_err *answered) {
  struct gc_err err = *answered;
  int64_t expires_ms = 0;
  if (err.code == GC_OK &&
      gc_channel_id_parse(c->answer.data, c->answer.len, &c->place->id,
                          &expires_ms, &err) != GC_OK)
    (void)gc_fail_in(&err, err.code, "channel_create: ");
  gc_buf_wipe(&c->answer);
  if (err.code != GC_OK) {
    call_failed(c, &err);
    return;
  }
  c->counts.created++;
  c->is_checked = true;
  set_life(c, expires_ms);
  gc_topics_restart(c->topics);
  gc_channel_place_keep(c->place);
}

static void subscribed(struct gc_channel *c, const struct gc_err *answered) {
  struct gc_err err = *answered;
  if (err.code == GC_OK && gc_topics_answer_end(c->topics, &err) == GC_OK)
    err.code = GC_OK;
  if (err.code == GC_ERR_NOT_FOUND) { /* subscribing needs no permission */
    (void)gc_topics_asked(c->topics, err.code, NULL);
    if (c->socket != NULL)
      gc_channel_close(c, GC_PLAN_REPLACE);
    else
      gc_channel_drop(c);
    return;
  }
  if (!gc_topics_asked(c->topics, err.code, err.text)) {
    call_failed(c, &err);
    return;
  }
  if (err.code == GC_OK) {
    gc_backoff_reset(&c->asking);
    c->token_number = c->call.token_number;
    schedule_ending(c);
    c->owes_ready = true;
  }
}

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *err) {
  struct gc_channel *c = call->ctx;
  (void)reply;
  c->is_calling = false;
  switch (call->endpoint) {
  case GC_ENDPOINT_CHANNEL_CHECK:
    checked(c, err);
    break;
  case GC_ENDPOINT_CHANNEL_CREATE:
    created(c, err);
    break;
  default:
    subscribed(c, err);
    break;
  }
  gc_channel_work_soon(c);
}

static void sink_begin(void *ctx) {
  struct gc_channel *c = ctx;
  gc_buf_wipe(&c->answer);
  if (c->call.endpoint != GC_ENDPOINT_CHANNEL_CREATE)
    (void)!gc_topics_answer_begin(c->topics, NULL);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct gc_channel *c = ctx;
  if (c->call.endpoint != GC_ENDPOINT_CHANNEL_CREATE)
    return gc_topics_answer_feed(c->topics, bytes, len, err);
  enum gc_code code = gc_buf_add(&c->answer, bytes, len);
  return code == GC_OK ? code : gc_fail(err, code, "%s", gc_code_words(code));
}

static void ask(struct gc_channel *c, enum gc_endpoint_id endpoint,
                const char *tail) {
  bool sends = c->body.len > 0;
  bool reads = endpoint != GC_ENDPOINT_CHANNEL_CHECK;
  if (c->place->id.id != NULL)
    snprintf(c->path_tail, sizeof(c->path_tail), "/%s%s", c->place->id.id,
             tail);
  c->call =
      (struct gc_call){.endpoint = endpoint,
                       .path_tail = c->place->id.id != NULL ? c->path_tail : "",
                       .query = sends ? "ignoreErrors=true" : NULL,
                       .body = sends ? c->body.data : NULL,
                       .body_len = c->body.len,
                       .body_max = ANSWER_MAX_BYTES,
                       .done = on_answer,
                       .ctx = c};
  if (reads)
    c->call.sink = (struct gc_sink){sink_begin, sink_write, c};
  c->is_calling = true;
  gc_api_call(c->needs.api, &c->call);
}

void gc_channel_ask_to_create(struct gc_channel *c) {
  ask(c, GC_ENDPOINT_CHANNEL_CREATE, "");
}

void gc_channel_ask_to_check(struct gc_channel *c) {
  ask(c, GC_ENDPOINT_CHANNEL_CHECK, "");
}

void gc_channel_ask_for_topics(struct gc_channel *c) {
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = gc_topics_answer_begin(c->topics, &err);
  if (code == GC_OK)
    code = gc_topics_next(c->topics, &c->body, &c->replaces, &err);
  if (code != GC_OK) {
    call_failed(c, &err);
    return;
  }
  /* Until the last batch is there the topics of the later ones are silent. */
  if (c->replaces && c->is_open && c->topics->wanted > GC_TOPICS_BATCH &&
      c->blind_ms == 0)
    c->blind_ms = gc_channel_now(c);
  ask(c,
      c->replaces ? GC_ENDPOINT_SUBSCRIPTIONS_REPLACE
                  : GC_ENDPOINT_SUBSCRIPTIONS_ADD,
      "/subscriptions");
}

void gc_channel_prepare_calls(struct gc_channel *c) {
  c->ending = (struct gc_timer){.fire = on_ending, .ctx = c};
}
