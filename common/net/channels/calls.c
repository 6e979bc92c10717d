/* SPDX-License-Identifier: MIT */
#include "common/net/channels/calls.h"

#include <stdio.h>
#include <string.h>

enum {
  REQUEST_MAX_BYTES = 16 << 20,
  ANSWER_MAX_BYTES = 16 << 20,
  CREATION_MAX_BYTES = 65536,
  LIFE_MIN_MS = 10 * 1000,
};

static void report_event(struct gc_channel_calls *c,
                         enum gc_channel_event event,
                         const struct gc_err *err) {
  c->report(c->ctx, event, err);
}

/* ---- answers ---- */

/* True if the platform's error means that the channel no longer exists, or
 * belongs to another client. */
static bool is_gone(enum gc_code code) {
  return code == GC_ERR_NOT_FOUND || code == GC_ERR_PERMISSION;
}

/* Reports the outcome of a check. A refusal of another kind (a proxy without
 * HEAD, for example) proves nothing, unless the upgrade was refused too. */
static void finish_check(struct gc_channel_calls *c, const struct gc_err *err) {
  bool are_both_refused = err->code == GC_ERR_REQUEST && c->is_refused;
  c->is_known = err->code == GC_OK;
  if (err->code == GC_OK)
    report_event(c, GC_CHANNEL_ON_CHECKED, err);
  else if (is_gone(err->code) || are_both_refused)
    report_event(c, GC_CHANNEL_ON_GONE, err);
  else
    report_event(c, GC_CHANNEL_ON_CALL_FAILED, err);
}

/* Keeps how long the channel lives: up to the time that the answer states, by
 * the clock that the account's judge believes; without either, 24 h. */
static void set_life(struct gc_channel_calls *c, int64_t expires_ms) {
  struct gc_clock_verdict clock;
  int64_t life_ms = GC_CHANNEL_LIFE_MAX_MS;
  gc_api_judge_clock(c->api, &clock);
  if (expires_ms != 0 && clock.source != GC_CLOCK_UNSURE)
    life_ms = expires_ms - clock.server_ms;
  if (life_ms < LIFE_MIN_MS)
    life_ms = LIFE_MIN_MS;
  c->ids->id.life_ms =
      (uint32_t)(life_ms < GC_CHANNEL_LIFE_MAX_MS ? life_ms
                                                  : GC_CHANNEL_LIFE_MAX_MS);
}

/* True if the call may have created a channel: also without an answer, or with
 * one that cannot be read. */
static bool may_have_created(enum gc_code code) {
  return code == GC_OK || code == GC_ERR_PARSE || code == GC_ERR_TIMEOUT;
}

static void finish_creation(struct gc_channel_calls *c,
                            const struct gc_err *answered) {
  struct gc_err err = *answered;
  int64_t expires_ms = 0;
  if (err.code == GC_OK &&
      gc_channel_id_parse(c->answer.data, c->answer.len, &c->ids->id,
                          &expires_ms, &err) != GC_OK)
    (void)gc_fail_in(&err, err.code, "channel_create: ");
  gc_buf_wipe(&c->answer);
  if (c->takes_budget && !may_have_created(err.code))
    gc_creations_give_back(c->creations, c->kind);
  if (err.code != GC_OK) {
    report_event(c, GC_CHANNEL_ON_CALL_FAILED, &err);
    return;
  }
  c->created_count++;
  c->ids->was_created = c->is_known = true;
  set_life(c, expires_ms);
  gc_id_store_save(c->ids);
  report_event(c, GC_CHANNEL_ON_CREATED, &err);
}

/* Reports the outcome of a subscription. After a 404 the channel is checked
 * once. If the platform knows it, the refusal is for a topic. */
static void finish_subscription(struct gc_channel_calls *c,
                                const struct gc_err *answered) {
  struct gc_err err = *answered;
  if (err.code == GC_OK && gc_topics_answer_end(c->topics, &err) == GC_OK)
    err.code = GC_OK;
  bool is_doubt = err.code == GC_ERR_NOT_FOUND && !c->is_known;
  if (err.code == GC_ERR_NOT_FOUND && c->is_known)
    err.code = GC_ERR_REQUEST;
  bool goes_on = gc_topics_end_batch(c->topics, err.code, err.text);
  if (is_doubt) {
    report_event(c, GC_CHANNEL_ON_DOUBT, &err);
  } else if (!goes_on) {
    report_event(c, GC_CHANNEL_ON_CALL_FAILED, &err);
  } else if (err.code == GC_OK) {
    c->is_known = false;
    c->token_number = c->call.token_number;
    report_event(c, GC_CHANNEL_ON_SUBSCRIBED, &err);
  } else {
    report_event(c, GC_CHANNEL_ON_BATCH_REFUSED, &err);
  }
}

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *err) {
  struct gc_channel_calls *c = call->ctx;
  (void)reply;
  c->is_running = false;
  switch (call->endpoint) {
  case GC_ENDPOINT_CHANNEL_CHECK:
    finish_check(c, err);
    break;
  case GC_ENDPOINT_CHANNEL_CREATE:
    finish_creation(c, err);
    break;
  default:
    finish_subscription(c, err);
    break;
  }
}

static void begin_answer(void *ctx) {
  struct gc_channel_calls *c = ctx;
  gc_buf_wipe(&c->answer);
  if (c->call.endpoint != GC_ENDPOINT_CHANNEL_CREATE)
    gc_topics_answer_begin(c->topics);
}

static enum gc_code read_answer(void *ctx, const char *bytes, size_t len,
                                struct gc_err *err) {
  struct gc_channel_calls *c = ctx;
  if (c->call.endpoint != GC_ENDPOINT_CHANNEL_CREATE)
    return gc_topics_answer_feed(c->topics, bytes, len, err);
  enum gc_code code = gc_buf_add(&c->answer, bytes, len);
  return code == GC_OK ? code : gc_fail(err, code, "%s", gc_code_words(code));
}

/* ---- requests ---- */

static void start_call(struct gc_channel_calls *c, enum gc_endpoint_id endpoint,
                       const char *tail) {
  bool has_id = c->ids->id.id != NULL;
  bool has_body = c->body.len > 0;
  if (has_id)
    snprintf(c->path_tail, sizeof(c->path_tail), "/%s%s", c->ids->id.id, tail);
  c->call = (struct gc_call){.endpoint = endpoint,
                             .path_tail = has_id ? c->path_tail : "",
                             .query = has_body ? "ignoreErrors=true" : NULL,
                             .body = has_body ? c->body.data : NULL,
                             .body_len = c->body.len,
                             .body_max = ANSWER_MAX_BYTES,
                             .done = on_answer,
                             .ctx = c};
  if (endpoint != GC_ENDPOINT_CHANNEL_CHECK)
    c->call.sink = (struct gc_sink){begin_answer, read_answer, c};
  c->is_running = true;
  gc_api_call(c->api, &c->call);
}

/* Returns when a creation is allowed. The first channel of a stored id in this
 * process needs no budget: after a long stop all of an account's channels may
 * have expired. */
uint64_t gc_channel_create_ms(const struct gc_channel_calls *c,
                              uint64_t now_ms) {
  return c->ids->was_created
             ? gc_creations_next_ms(c->creations, c->kind, now_ms)
             : now_ms;
}

void gc_channel_create(struct gc_channel_calls *c) {
  gc_buf_reset(&c->body);
  c->takes_budget = c->ids->was_created;
  if (c->takes_budget)
    gc_creations_take(c->creations, c->kind, c->env->now_ms(c->env->ctx));
  start_call(c, GC_ENDPOINT_CHANNEL_CREATE, "");
}

void gc_channel_check(struct gc_channel_calls *c) {
  gc_buf_reset(&c->body);
  start_call(c, GC_ENDPOINT_CHANNEL_CHECK, "");
}

bool gc_channel_subscribe(struct gc_channel_calls *c) {
  struct gc_err err = {.code = GC_OK};
  bool replaces = false;
  gc_topics_answer_begin(c->topics);
  enum gc_code code = gc_topics_next(c->topics, &c->body, &replaces, &err);
  if (code != GC_OK) {
    report_event(c, GC_CHANNEL_ON_CALL_FAILED, &err);
    return false;
  }
  start_call(c,
             replaces ? GC_ENDPOINT_SUBSCRIPTIONS_REPLACE
                      : GC_ENDPOINT_SUBSCRIPTIONS_ADD,
             "/subscriptions");
  return replaces;
}

void gc_channel_cancel_call(struct gc_channel_calls *c) {
  gc_api_cancel(c->api, &c->call);
  c->is_running = false;
  gc_topics_cancel_batch(c->topics);
}

/* ---- start and end ---- */

void gc_channel_calls_init(struct gc_channel_calls *c) {
  c->body.max = REQUEST_MAX_BYTES;
  c->answer.max = CREATION_MAX_BYTES;
}

void gc_channel_calls_clear(struct gc_channel_calls *c) {
  gc_api_cancel(c->api, &c->call);
  explicit_bzero(c->path_tail, sizeof(c->path_tail));
  gc_buf_clear(&c->body);
  gc_buf_wipe(&c->answer);
}
