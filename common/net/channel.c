/* SPDX-License-Identifier: MIT */
#include "common/net/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/backoff.h"
#include "common/base/channel_id.h"

enum {
  MESSAGE_MOST_BYTES = 4 << 20,
  ANSWER_MOST_BYTES = 16 << 20,
  PROVEN_MS = 10 * 1000,
  CREATION_MOST_MS = 300 * 1000,
  ASK_MOST_MS = 300 * 1000, /* a call that is refused as such */
  DOWN_RETRY_MS = 1000,     /* the account is down: nothing is sent */
  RETRY_AFTER_MOST_S = 600,
  LIFE_LEAST_MS = 30 * 1000,
  LIFE_MOST_MS = 24 * 3600 * 1000, /* API reference, 4.2 */
};

/* What to do once the socket is gone. */
enum plan {
  CONNECT, /* to the same address */
  CHECK,   /* first ask whether the channel is still there */
  REPLACE, /* it is not */
};

struct gc_channel {
  struct gc_channel_needs needs;
  struct gc_channel_patience patience;
  struct gc_topics *topics;
  struct gc_channel_events events;
  struct gc_ws_events socket_events;

  struct gc_channel_id id; /* .id NULL: none */
  bool is_loaded;          /* the store was asked */
  bool is_checked;         /* the platform knows the channel */
  uint64_t life_ms;

  struct gc_call call; /* one at a time */
  bool is_calling, replaces;
  char path_tail[GC_CHANNEL_ID_MOST + 32];
  struct gc_buf body, answer;

  void *socket; /* NULL: none */
  bool is_open, is_proven, is_leaving, was_noticed, was_refused;
  enum plan plan;    /* of a socket that we close ourselves */
  uint64_t leave_ms; /* when to follow the closing notice; 0: none */
  uint64_t opened_ms, heard_ms, pinged_ms;
  uint64_t blind_ms; /* since when messages may be missed; 0: they are not */
  bool owes_ready, is_new;

  struct gc_timer work;    /* the next step */
  struct gc_timer watch;   /* silence, and the closing notice */
  struct gc_timer renewal; /* before the channel's life ends */
  uint64_t not_before_ms;
  struct gc_backoff reconnect, creation, asking;
  struct gc_channel_stats counts;
};

static uint64_t now(const struct gc_channel *c) {
  return c->needs.edge->now_ms(c->needs.edge->ctx);
}

static uint32_t dice(const struct gc_channel *c) {
  return c->needs.edge->dice(c->needs.edge->ctx);
}

static void note(const struct gc_channel *c, const struct gc_err *err) {
  c->needs.edge->notice(c->needs.edge->ctx, "stream", err);
}

static void note_state(const struct gc_channel *c, const struct gc_err *err) {
  c->needs.edge->notice(c->needs.edge->ctx, "state", err);
}

/* The next step is never taken within a callback of somebody else. */
static void work_soon(struct gc_channel *c) {
  uint64_t at_ms = now(c);
  if (at_ms < c->not_before_ms)
    at_ms = c->not_before_ms;
  (void)gc_timers_set(c->needs.edge->timers, &c->work, at_ms);
}

static void wait_for(struct gc_channel *c, uint64_t ms) {
  uint64_t at_ms = now(c) + ms;
  if (c->not_before_ms < at_ms)
    c->not_before_ms = at_ms;
  work_soon(c);
}

static uint64_t reconnect_wait_ms(struct gc_channel *c, uint32_t ask_ms) {
  const struct gc_channel_patience *p = &c->patience;
  c->reconnect.base_ms = p->reconnect_min_ms;
  c->reconnect.cap_ms = p->reconnect_max_ms > p->reconnect_min_ms
                            ? p->reconnect_max_ms - p->reconnect_min_ms
                            : 0;
  uint64_t ms = p->reconnect_min_ms +
                (uint64_t)gc_backoff_fail(&c->reconnect, 0, dice(c));
  return ask_ms > ms ? ask_ms : ms;
}

/* ---- the channel itself ---- */

static void keep(struct gc_channel *c) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.most = GC_CHANNEL_TEXT_MOST};
  struct gc_err err = {.code = GC_OK};
  if (c->needs.store == NULL)
    return;
  enum gc_code code = GC_OK;
  if (c->id.id != NULL)
    code = gc_channel_id_write(&c->id, &text);
  if (code == GC_OK)
    code = gc_store_save_channel(c->needs.store, c->needs.account,
                                 c->needs.slot, gc_buf_string(&text), &err);
  err.code = code;
  note_state(c, &err);
}

static void load(struct gc_channel *c) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.most = GC_CHANNEL_TEXT_MOST};
  struct gc_err err = {.code = GC_OK};
  c->is_loaded = true;
  if (c->needs.store == NULL)
    return;
  err.code = gc_store_load_channel(c->needs.store, c->needs.account,
                                   c->needs.slot, &text, &err);
  if (err.code != GC_OK)
    note_state(c, &err);
  else if (text.len > 0)
    /* What cannot be read is replaced, as if none had been kept. */
    (void)!gc_channel_id_read(text.data, &c->id);
}

/* It is gone: the next step creates another one. */
static void drop(struct gc_channel *c) {
  gc_api_cancel(c->needs.api, &c->call);
  c->is_calling = false;
  gc_channel_id_clear(&c->id);
  c->is_checked = false;
  c->was_refused = false;
  gc_timers_unset(c->needs.edge->timers, &c->renewal);
  gc_topics_restart(c->topics);
  keep(c);
  wait_for(c, gc_backoff_fail(&c->creation, 0, dice(c)));
}

static void renew(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  gc_topics_renew(c->topics);
  work_soon(c);
}

/* Subscribing prolongs the life (API reference, 4.2); at 23 of 24 hours. */
static void schedule_renewal(struct gc_channel *c) {
  (void)gc_timers_set(c->needs.edge->timers, &c->renewal,
                      now(c) + c->life_ms / 24 * 23);
}

/* ---- calls ---- */

static void call_failed(struct gc_channel *c, const struct gc_err *err) {
  if (err->code == GC_ERR_UNAVAILABLE) {
    wait_for(c, DOWN_RETRY_MS);
    return;
  }
  bool is_shared = gc_code_is_shared(err->code);
  c->asking.base_ms = c->patience.reconnect_min_ms;
  c->asking.cap_ms = is_shared ? c->patience.reconnect_max_ms : ASK_MOST_MS;
  if (!is_shared)
    note(c, err);
  wait_for(c, c->patience.reconnect_min_ms +
                  gc_backoff_fail(&c->asking, 0, dice(c)));
}

/* The platform says that the channel is no longer there, or not ours. */
static bool is_gone(enum gc_code code) {
  return code == GC_ERR_NOT_FOUND || code == GC_ERR_PERMISSION;
}

static void close_socket(struct gc_channel *c, enum plan plan) {
  c->plan = plan;
  if (c->is_leaving || c->socket == NULL)
    return;
  c->is_leaving = true;
  c->needs.driver->close(c->socket, 1000);
}

static void checked(struct gc_channel *c, const struct gc_err *err) {
  if (err->code == GC_OK) {
    c->is_checked = true;
    gc_topics_restart(c->topics);
  } else if (is_gone(err->code) || err->code == GC_ERR_REQUEST) {
    drop(c);
  } else {
    call_failed(c, err);
  }
}

static void set_life(struct gc_channel *c, int64_t expires_ms) {
  int64_t wall_ms = c->needs.edge->wall_ms(c->needs.edge->ctx) +
                    gc_api_clock_offset_ms(c->needs.api);
  int64_t life_ms = expires_ms != 0 ? expires_ms - wall_ms : LIFE_MOST_MS;
  if (life_ms < LIFE_LEAST_MS)
    life_ms = LIFE_LEAST_MS;
  c->life_ms = (uint64_t)(life_ms < LIFE_MOST_MS ? life_ms : LIFE_MOST_MS);
}

static void created(struct gc_channel *c, const struct gc_err *answered) {
  struct gc_err err = *answered;
  int64_t expires_ms = 0;
  if (err.code == GC_OK &&
      gc_channel_id_parse(c->answer.data, c->answer.len, &c->id, &expires_ms,
                          &err) != GC_OK)
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
  keep(c);
}

static void subscribed(struct gc_channel *c, const struct gc_err *answered) {
  struct gc_err err = *answered;
  if (err.code == GC_OK && gc_topics_answer_end(c->topics, &err) == GC_OK)
    err.code = GC_OK;
  if (err.code == GC_ERR_NOT_FOUND) { /* subscribing needs no permission */
    (void)gc_topics_asked(c->topics, err.code, NULL);
    if (c->socket != NULL)
      close_socket(c, REPLACE);
    else
      drop(c);
    return;
  }
  if (!gc_topics_asked(c->topics, err.code, err.text)) {
    call_failed(c, &err);
    return;
  }
  if (err.code == GC_OK) {
    gc_backoff_reset(&c->asking);
    schedule_renewal(c);
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
  work_soon(c);
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
  if (c->id.id != NULL)
    snprintf(c->path_tail, sizeof(c->path_tail), "/%s%s", c->id.id, tail);
  c->call = (struct gc_call){.endpoint = endpoint,
                             .path_tail = c->id.id != NULL ? c->path_tail : "",
                             .query = sends ? "ignoreErrors=true" : NULL,
                             .body = sends ? c->body.data : NULL,
                             .body_len = c->body.len,
                             .body_max = ANSWER_MOST_BYTES,
                             .done = on_answer,
                             .ctx = c};
  if (reads)
    c->call.sink = (struct gc_sink){sink_begin, sink_write, c};
  c->is_calling = true;
  gc_api_call(c->needs.api, &c->call);
}

static void ask_for_topics(struct gc_channel *c) {
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
    c->blind_ms = now(c);
  ask(c,
      c->replaces ? GC_ENDPOINT_SUBSCRIPTIONS_REPLACE
                  : GC_ENDPOINT_SUBSCRIPTIONS_ADD,
      "/subscriptions");
}

/* ---- the socket ---- */

static void tell_ready(struct gc_channel *c) {
  uint64_t blind_ms = c->blind_ms > 0 ? now(c) - c->blind_ms : 0;
  bool is_new = c->is_new;
  struct gc_err fine = {.code = GC_OK};
  c->owes_ready = c->is_new = false;
  c->blind_ms = 0;
  note(c, &fine);
  c->events.ready(c->events.ctx, is_new, blind_ms);
}

/* A socket has ended, or none could be opened. */
static void lost(struct gc_channel *c, enum plan plan, uint32_t ask_ms,
                 const struct gc_err *err) {
  /* It was announced, and the connection had proven itself. */
  bool is_fine = c->was_noticed && plan == CONNECT && c->is_proven;
  if (c->is_open && c->blind_ms == 0)
    c->blind_ms = c->heard_ms;
  c->needs.driver->free(c->socket);
  c->socket = NULL;
  c->is_open = c->is_leaving = c->was_noticed = c->is_proven = false;
  c->leave_ms = 0;
  gc_timers_unset(c->needs.edge->timers, &c->watch);
  if (c->topics->wanted == 0) { /* nobody misses anything */
    c->blind_ms = 0;
    return;
  }
  if (!is_fine) {
    note(c, err);
    wait_for(c, reconnect_wait_ms(c, ask_ms));
  }
  if (plan == CHECK)
    c->is_checked = false;
  if (plan == REPLACE)
    drop(c);
  work_soon(c);
}

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* A message moves no timer, it is too frequent: the watch looks whether it is
 * really time. */
static void schedule_watch(struct gc_channel *c) {
  uint32_t idle_ms = c->patience.idle_timeout_ms;
  uint64_t due_ms = c->heard_ms + idle_ms;
  if (c->pinged_ms <= c->heard_ms)
    due_ms = c->heard_ms + idle_ms / 2;
  if (c->leave_ms != 0)
    due_ms = earlier(due_ms, c->leave_ms);
  (void)gc_timers_set(c->needs.edge->timers, &c->watch, due_ms);
}

static void ping(struct gc_channel *c, uint64_t now_ms) {
  static const char words[] = "{\"message\":\"ping\"}";
  struct gc_err err = {.code = GC_OK};
  c->pinged_ms = now_ms;
  if (c->needs.driver->send(c->socket, words, strlen(words), &err) != GC_OK)
    lost(c, CONNECT, 0, &err);
  else
    schedule_watch(c);
}

static void on_watch(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  uint32_t idle_ms = c->patience.idle_timeout_ms;
  struct gc_err err;
  if (c->socket == NULL || c->is_leaving)
    return;
  if (c->leave_ms != 0 && now_ms >= c->leave_ms) {
    close_socket(c, CONNECT);
  } else if (now_ms >= c->heard_ms + idle_ms) {
    (void)gc_fail(&err, GC_ERR_TIMEOUT,
                  "notifications: not a message for %.1f s, heartbeats "
                  "neither; connecting again",
                  idle_ms / 1000.0);
    lost(c, CONNECT, 0, &err);
  } else if (c->pinged_ms <= c->heard_ms &&
             now_ms >= c->heard_ms + idle_ms / 2) {
    ping(c, now_ms);
  } else {
    schedule_watch(c);
  }
}

static void on_open(void *ctx) {
  struct gc_channel *c = ctx;
  c->is_open = true;
  c->was_refused = false;
  c->opened_ms = c->heard_ms = now(c);
  c->pinged_ms = 0;
  c->owes_ready = c->is_new = true;
  c->counts.reconnects += c->blind_ms > 0;
  schedule_watch(c);
  work_soon(c);
}

/* The wait spreads the clients that all hear it at once. */
static void closing_soon(struct gc_channel *c) {
  if (c->was_noticed)
    return;
  c->was_noticed = true;
  c->leave_ms =
      now(c) + 1 + (((uint64_t)c->patience.reconnect_min_ms * dice(c)) >> 32);
  schedule_watch(c);
}

static void proven(struct gc_channel *c) {
  if (c->heard_ms - c->opened_ms < PROVEN_MS)
    return;
  c->is_proven = true;
  gc_backoff_reset(&c->reconnect);
  gc_backoff_reset(&c->creation);
}

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct gc_channel *c = ctx;
  struct gc_notification n;
  c->heard_ms = now(c);
  if (gc_notification_read(bytes, len, &n, NULL) != GC_OK) {
    c->counts.malformed++;
    return;
  }
  switch (n.kind) {
  case GC_NOTIFICATION_EVENT:
    proven(c);
    c->counts.events++;
    c->events.event(c->events.ctx, &n, bytes, len);
    break;
  case GC_NOTIFICATION_HEARTBEAT:
    proven(c);
    break;
  case GC_NOTIFICATION_CLOSING:
    closing_soon(c);
    break;
  case GC_NOTIFICATION_DISPLACED:
    close_socket(c, REPLACE);
    break;
  case GC_NOTIFICATION_REVOKED:
    close_socket(c, CHECK);
    break;
  case GC_NOTIFICATION_REPLY:
    /* Ours go over REST; a 404 tells all the same that the channel is gone. */
    if (n.result == 404)
      close_socket(c, CHECK);
    c->counts.others++;
    break;
  default:
    c->counts.others += n.kind != GC_NOTIFICATION_PONG;
    break;
  }
}

static enum plan plan_after(struct gc_channel *c, const struct gc_ws_end *end) {
  if (c->is_leaving)
    return c->plan;
  switch (end->http_status) {
  case 404: /* expired or displaced */
  case 410:
    return REPLACE;
  case 401:
  case 403: /* twice, although the platform knows the channel: give it up */
    if (c->was_refused)
      return REPLACE;
    c->was_refused = true;
    return CHECK;
  default:
    return CONNECT;
  }
}

/* Why we closed the socket. */
static const char *const leaving_words[] = {
    [CONNECT] = "the platform announced that it would close the connection",
    [CHECK] = "the platform ended the token or does not know the channel; "
              "asking anew",
    [REPLACE] = "the platform has dropped the channel; another one takes its "
                "place",
};

static void on_closed(void *ctx, const struct gc_ws_end *end,
                      const struct gc_err *err) {
  struct gc_channel *c = ctx;
  struct gc_err words = *err;
  uint32_t ask_s = end->has_retry_after ? end->retry_after_s : 0;
  if (ask_s > RETRY_AFTER_MOST_S)
    ask_s = RETRY_AFTER_MOST_S;
  enum plan plan = plan_after(c, end);
  if (c->is_leaving)
    (void)gc_fail(&words, GC_ERR_NETWORK, "notifications: %s",
                  leaving_words[plan]);
  lost(c, plan, ask_s * 1000, &words);
}

static void connect_socket(struct gc_channel *c) {
  struct gc_err err = {.code = GC_OK};
  uint32_t idle_ms = c->patience.idle_timeout_ms;
  struct gc_ws_options options = {.url = c->id.uri,
                                  .connect = c->needs.connect,
                                  .message_most_bytes = MESSAGE_MOST_BYTES,
                                  .idle_timeout_ms = idle_ms,
                                  .ping_interval_ms = idle_ms / 4};
  if (c->needs.driver->open(c->needs.driver->ctx, &options, &c->socket_events,
                            &c->socket, &err) != GC_OK)
    lost(c, CONNECT, 0, &err);
}

/* ---- the order of things ---- */

static void work(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  if (c->is_calling || c->is_leaving)
    return;
  gc_buf_reset(&c->body);
  if (c->topics->wanted == 0) {
    close_socket(c, CONNECT);
    return;
  }
  if (c->is_open && c->owes_ready && gc_topics_settled(c->topics))
    tell_ready(c);
  if (!c->is_loaded)
    load(c);
  if (c->id.id == NULL)
    ask(c, GC_ENDPOINT_CHANNEL_CREATE, "");
  else if (!c->is_checked)
    ask(c, GC_ENDPOINT_CHANNEL_CHECK, "");
  else if (!gc_topics_settled(c->topics))
    ask_for_topics(c);
  else if (c->socket == NULL)
    connect_socket(c);
}

struct gc_channel *gc_channel_new(const struct gc_channel_needs *needs,
                                  const struct gc_channel_patience *patience,
                                  struct gc_topics *topics,
                                  const struct gc_channel_events *events) {
  struct gc_channel *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return NULL;
  c->needs = *needs;
  c->patience = *patience;
  c->topics = topics;
  c->events = *events;
  c->socket_events = (struct gc_ws_events){on_open, on_text, on_closed, c};
  c->life_ms = LIFE_MOST_MS;
  c->body.most = ANSWER_MOST_BYTES;
  c->answer.most = 65536;
  c->work = (struct gc_timer){.fire = work, .ctx = c};
  c->watch = (struct gc_timer){.fire = on_watch, .ctx = c};
  c->renewal = (struct gc_timer){.fire = renew, .ctx = c};
  c->creation = (struct gc_backoff){.base_ms = patience->reconnect_min_ms,
                                    .cap_ms = CREATION_MOST_MS};
  return c;
}

void gc_channel_free(struct gc_channel *c) {
  if (c == NULL)
    return;
  gc_api_cancel(c->needs.api, &c->call);
  if (c->socket != NULL)
    c->needs.driver->free(c->socket);
  gc_timers_unset(c->needs.edge->timers, &c->work);
  gc_timers_unset(c->needs.edge->timers, &c->watch);
  gc_timers_unset(c->needs.edge->timers, &c->renewal);
  gc_channel_id_clear(&c->id);
  explicit_bzero(c->path_tail, sizeof(c->path_tail));
  gc_buf_clear(&c->body);
  gc_buf_wipe(&c->answer);
  free(c);
}

void gc_channel_set_patience(struct gc_channel *c,
                             const struct gc_channel_patience *patience) {
  c->patience = *patience;
}

void gc_channel_wake(struct gc_channel *c) {
  c->owes_ready = true; /* what was wanted may be there already */
  work_soon(c);
}

void gc_channel_stats(const struct gc_channel *c,
                      struct gc_channel_stats *ret_stats) {
  *ret_stats = c->counts;
  ret_stats->connected = c->is_open && gc_topics_settled(c->topics);
  ret_stats->silence_ms = c->is_open ? now(c) - c->heard_ms : 0;
  for (size_t i = 0; i < c->topics->count; i++)
    ret_stats->topics += c->topics->list[i]->state == GC_TOPIC_PERMITTED;
}
