/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channel_internal.h"

#include <string.h>

enum {
  MESSAGE_MAX_BYTES = 4 << 20,
  PROVEN_MS = 10 * 1000,
  RETRY_AFTER_MAX_S = 600,
  NOTICE_MS = 60 * 1000, /* API reference, 4.4 */
};

void gc_channel_close(struct gc_channel *c, enum gc_plan plan) {
  c->plan = plan;
  if (c->is_leaving || c->socket == NULL)
    return;
  c->is_leaving = true;
  c->needs.driver->close(c->socket, 1000);
}

void gc_channel_end_blindness(struct gc_channel *c) {
  c->counts.gap_ms += gc_channel_blind_ms(c);
  c->blind_ms = 0;
}

void gc_channel_tell_ready(struct gc_channel *c) {
  uint64_t blind_ms = gc_channel_blind_ms(c);
  bool is_new = c->is_new;
  struct gc_err fine = {.code = GC_OK};
  c->owes_ready = c->is_new = false;
  gc_channel_end_blindness(c);
  gc_channel_note(c, &fine);
  c->events.ready(c->events.ctx, is_new, blind_ms);
}

/* A socket has ended, or none could be opened. */
static void lost(struct gc_channel *c, enum gc_plan plan, uint32_t ask_ms,
                 const struct gc_err *err) {
  bool is_ours = c->is_idle || c->is_retiring; /* nobody misses anything */
  /* It was announced, and the connection had proven itself. */
  bool is_fine =
      is_ours || (c->was_noticed && plan == GC_PLAN_CONNECT && c->is_proven);
  if (c->is_open && c->blind_ms == 0 && !is_ours)
    c->blind_ms = c->heard_ms;
  c->needs.driver->free(c->socket);
  c->socket = NULL;
  c->is_open = c->is_leaving = c->was_noticed = c->is_proven = false;
  c->is_idle = false;
  c->tell_ms = 0;
  gc_timers_unset(c->needs.env->timers, &c->watch);
  if (!is_fine) {
    gc_channel_note(c, err);
    gc_channel_wait(c, gc_channel_reconnect_wait_ms(c, ask_ms));
  }
  if (plan == GC_PLAN_CHECK)
    c->is_checked = false;
  if (plan == GC_PLAN_REPLACE)
    gc_channel_drop(c);
  gc_channel_work_soon(c);
}

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* A message moves no timer, it is too frequent: the watch looks whether it is
 * really time. */
static void schedule_watch(struct gc_channel *c) {
  uint32_t idle_ms = c->timeouts.idle_timeout_ms;
  uint64_t due_ms = c->heard_ms + idle_ms;
  if (c->pinged_ms <= c->heard_ms)
    due_ms = c->heard_ms + idle_ms / 2;
  if (c->tell_ms != 0)
    due_ms = earlier(due_ms, c->tell_ms);
  (void)gc_timers_set(c->needs.env->timers, &c->watch, due_ms);
}

static void ping(struct gc_channel *c, uint64_t now_ms) {
  static const char words[] = "{\"message\":\"ping\"}";
  struct gc_err err = {.code = GC_OK};
  c->pinged_ms = now_ms;
  if (c->needs.driver->send(c->socket, words, strlen(words), &err) != GC_OK)
    lost(c, GC_PLAN_CONNECT, 0, &err);
  else
    schedule_watch(c);
}

static void on_watch(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  uint32_t idle_ms = c->timeouts.idle_timeout_ms;
  struct gc_err err;
  if (c->socket == NULL || c->is_leaving)
    return;
  if (c->tell_ms != 0 && now_ms >= c->tell_ms) {
    c->tell_ms = 0;
    schedule_watch(c);
    c->events.ending(c->events.ctx, GC_CHANNEL_END_SERVER, NOTICE_MS);
  } else if (now_ms >= c->heard_ms + idle_ms) {
    (void)gc_fail(&err, GC_ERR_TIMEOUT,
                  "notifications: not a message for %.1f s, heartbeats "
                  "neither; connecting again",
                  idle_ms / 1000.0);
    lost(c, GC_PLAN_CONNECT, 0, &err);
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
  c->opened_ms = c->heard_ms = gc_channel_now(c);
  c->pinged_ms = 0;
  c->owes_ready = c->is_new = true;
  c->counts.reconnects += c->blind_ms > 0;
  schedule_watch(c);
  gc_channel_work_soon(c);
}

/* The wait spreads the clients that all hear it at once. */
static void closing_soon(struct gc_channel *c) {
  if (c->was_noticed)
    return;
  c->was_noticed = true;
  c->tell_ms =
      gc_channel_now(c) + 1 +
      (((uint64_t)c->timeouts.reconnect_min_ms * gc_channel_random32(c)) >> 32);
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
  c->heard_ms = gc_channel_now(c);
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
    gc_channel_close(c, GC_PLAN_REPLACE);
    break;
  case GC_NOTIFICATION_REVOKED:
    gc_channel_close(c, GC_PLAN_CHECK);
    break;
  case GC_NOTIFICATION_REPLY:
    /* Ours go over REST; a 404 tells all the same that the channel is gone. */
    if (n.result == 404)
      gc_channel_close(c, GC_PLAN_CHECK);
    c->counts.others++;
    break;
  default:
    c->counts.others += n.kind != GC_NOTIFICATION_PONG;
    break;
  }
}

static enum gc_plan plan_after(struct gc_channel *c,
                               const struct gc_ws_end *end) {
  if (c->is_retiring) /* who uses the place next will see */
    return GC_PLAN_CONNECT;
  if (c->is_leaving)
    return c->plan;
  switch (end->http_status) {
  case 404: /* expired or displaced */
  case 410:
    return GC_PLAN_REPLACE;
  case 401:
  case 403: /* twice, although the platform knows the channel: give it up */
    if (c->was_refused)
      return GC_PLAN_REPLACE;
    c->was_refused = true;
    return GC_PLAN_CHECK;
  default:
    return GC_PLAN_CONNECT;
  }
}

/* Why we closed the socket. */
static const char *const leaving_words[] = {
    [GC_PLAN_CONNECT] =
        "the platform announced that it would close the connection",
    [GC_PLAN_CHECK] =
        "the platform ended the token or does not know the channel; "
        "asking anew",
    [GC_PLAN_REPLACE] =
        "the platform has dropped the channel; another one takes its "
        "place",
};

static void on_closed(void *ctx, const struct gc_ws_end *end,
                      const struct gc_err *err) {
  struct gc_channel *c = ctx;
  struct gc_err words = *err;
  uint32_t ask_s = end->has_retry_after ? end->retry_after_s : 0;
  if (ask_s > RETRY_AFTER_MAX_S)
    ask_s = RETRY_AFTER_MAX_S;
  enum gc_plan plan = plan_after(c, end);
  if (c->is_leaving)
    (void)gc_fail(&words, GC_ERR_NETWORK, "notifications: %s",
                  leaving_words[plan]);
  lost(c, plan, ask_s * 1000, &words);
}

void gc_channel_connect(struct gc_channel *c) {
  struct gc_err err = {.code = GC_OK};
  uint32_t idle_ms = c->timeouts.idle_timeout_ms;
  struct gc_ws_options options = {.url = c->place->id.uri,
                                  .connect = c->needs.connect,
                                  .message_max_bytes = MESSAGE_MAX_BYTES,
                                  .idle_timeout_ms = idle_ms,
                                  .ping_interval_ms = idle_ms / 4};
  if (c->needs.driver->open(c->needs.driver->ctx, &options, &c->socket_events,
                            &c->socket, &err) != GC_OK)
    lost(c, GC_PLAN_CONNECT, 0, &err);
}

void gc_channel_prepare_socket(struct gc_channel *c) {
  c->socket_events = (struct gc_ws_events){on_open, on_text, on_closed, c};
  c->watch = (struct gc_timer){.fire = on_watch, .ctx = c};
}
