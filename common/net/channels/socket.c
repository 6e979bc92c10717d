/* SPDX-License-Identifier: MIT */
#include "common/net/channels/socket.h"

#include <string.h>

#include "common/base/policy/backoff.h"
#include "common/genesys/notification.h"

enum {
  PROOF_MS = 10 * 1000,
  RETRY_AFTER_MAX_S = 600,
};

static uint64_t now_ms_of(const struct gc_channel_socket *s) {
  return s->env->now_ms(s->env->ctx);
}

/* ---- the end ---- */

static void end_socket(struct gc_channel_socket *s, enum gc_channel_event event,
                       uint32_t retry_after_ms, const struct gc_err *err) {
  struct gc_channel_socket_end end = {
      .err = err,
      .retry_after_ms = retry_after_ms,
      .last_message_ms = s->opened_ms != 0 ? s->last_message_ms : 0,
  };
  s->driver->free(s->handle);
  s->handle = NULL;
  s->opened_ms = 0;
  gc_timers_unset(s->env->timers, &s->watch);
  s->user.ended(s->user.ctx, event, &end);
}

/* Returns the event for an ended upgrade. 404 stands for a channel that has
 * expired or was displaced, but only a check proves it: a proxy or a gateway
 * may answer 404 too. */
static enum gc_channel_event event_after(struct gc_channel_socket *s,
                                         int http_status) {
  switch (http_status) {
  case 401:
  case 403:
  case 404:
  case 410:
    s->refusals++;
    return GC_CHANNEL_ON_UPGRADE_REFUSED;
  default:
    return GC_CHANNEL_ON_ENDED;
  }
}

static void on_closed(void *ctx, const struct gc_ws_end *end,
                      const struct gc_err *err) {
  struct gc_channel_socket *s = ctx;
  uint32_t retry_after_s = end->has_retry_after ? end->retry_after_s : 0;
  end_socket(s, event_after(s, end->http_status),
             gc_retry_after_ms(retry_after_s, RETRY_AFTER_MAX_S), err);
}

/* ---- silence ---- */

/* Sets the timer. Messages are too frequent to move it for each: when it fires,
 * it checks whether the time has come. */
static void schedule_watch(struct gc_channel_socket *s) {
  uint64_t due_ms = s->last_message_ms + s->idle_timeout_ms;
  if (s->pinged_ms <= s->last_message_ms)
    due_ms = s->last_message_ms + s->idle_timeout_ms / 2;
  gc_timers_set(s->env->timers, &s->watch, due_ms);
}

static void send_ping(struct gc_channel_socket *s, uint64_t now_ms) {
  static const char words[] = "{\"message\":\"ping\"}";
  struct gc_err err = {.code = GC_OK};
  s->pinged_ms = now_ms;
  if (s->driver->send(s->handle, words, strlen(words), &err) != GC_OK)
    end_socket(s, GC_CHANNEL_ON_ENDED, 0, &err);
  else
    schedule_watch(s);
}

static void on_watch(void *ctx, uint64_t now_ms) {
  struct gc_channel_socket *s = ctx;
  struct gc_err err;
  if (now_ms >= s->last_message_ms + s->idle_timeout_ms) {
    (void)gc_fail(&err, GC_ERR_TIMEOUT,
                  "notifications: no message or heartbeat for %.1f s; "
                  "reconnecting",
                  s->idle_timeout_ms / 1000.0);
    end_socket(s, GC_CHANNEL_ON_ENDED, 0, &err);
  } else if (s->pinged_ms <= s->last_message_ms &&
             now_ms >= s->last_message_ms + s->idle_timeout_ms / 2) {
    send_ping(s, now_ms);
  } else {
    schedule_watch(s);
  }
}

/* ---- messages ---- */

static void on_open(void *ctx) {
  struct gc_channel_socket *s = ctx;
  s->opened_ms = s->last_message_ms = now_ms_of(s);
  s->proof_ms = s->opened_ms + PROOF_MS;
  s->pinged_ms = 0;
  s->refusals = 0;
  schedule_watch(s);
  s->user.report(s->user.ctx, GC_CHANNEL_ON_OPENED);
}

static void check_proof(struct gc_channel_socket *s) {
  if (s->last_message_ms < s->proof_ms)
    return;
  s->proof_ms = UINT64_MAX;
  s->user.report(s->user.ctx, GC_CHANNEL_ON_PROOF);
}

static void report_odd(struct gc_channel_socket *s, const char *what,
                       size_t len) {
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_PARSE,
                "a message of %zu bytes %s; it is counted and ignored", len,
                what);
  s->user.odd(s->user.ctx, &err);
}

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct gc_channel_socket *s = ctx;
  struct gc_notification n;
  s->last_message_ms = now_ms_of(s);
  if (gc_notification_read(bytes, len, &n, NULL) != GC_OK) {
    s->malformed_count++;
    report_odd(s, "is no JSON object", len);
    return;
  }
  switch (n.kind) {
  case GC_NOTIFICATION_EVENT:
    check_proof(s);
    s->event_count++;
    s->user.message(s->user.ctx, &n, bytes, len);
    break;
  case GC_NOTIFICATION_HEARTBEAT:
    check_proof(s);
    break;
  case GC_NOTIFICATION_PONG:
    break;
  case GC_NOTIFICATION_CLOSING:
    s->user.report(s->user.ctx, GC_CHANNEL_ON_ANNOUNCED);
    break;
  case GC_NOTIFICATION_DISPLACED:
  case GC_NOTIFICATION_REVOKED:
    s->user.report(s->user.ctx, GC_CHANNEL_ON_DOUBT);
    break;
  case GC_NOTIFICATION_REPLY:
    /* Topics are subscribed over REST, so a reply is unexpected; a 404
     * nevertheless means that the channel may be gone. */
    s->other_count++;
    if (n.result == 404)
      s->user.report(s->user.ctx, GC_CHANNEL_ON_DOUBT);
    break;
  case GC_NOTIFICATION_SUBSCRIPTION:
    s->other_count++;
    break;
  default:
    s->other_count++;
    report_odd(s, "is of an unknown kind", len);
    break;
  }
}

/* ---- public ---- */

void gc_channel_socket_init(struct gc_channel_socket *s) {
  s->events = (struct gc_ws_events){
      .open = on_open, .text = on_text, .closed = on_closed, .ctx = s};
  s->watch = (struct gc_timer){.fire = on_watch, .ctx = s};
}

void gc_channel_socket_clear(struct gc_channel_socket *s) {
  if (s->handle != NULL)
    s->driver->free(s->handle);
  s->handle = NULL;
  gc_timers_unset(s->env->timers, &s->watch);
}

void gc_channel_socket_open(struct gc_channel_socket *s, const char *url) {
  struct gc_err err = {.code = GC_OK};
  struct gc_ws_options options = {.url = url,
                                  .connect = s->connect,
                                  .message_max_bytes = GC_MESSAGE_MAX_BYTES,
                                  .idle_timeout_ms = s->idle_timeout_ms,
                                  .ping_interval_ms = s->idle_timeout_ms / 4};
  if (s->driver->open(s->driver->ctx, &options, &s->events, &s->handle, &err) !=
      GC_OK)
    end_socket(s, GC_CHANNEL_ON_ENDED, 0, &err);
}

void gc_channel_socket_set_timeout(struct gc_channel_socket *s, uint32_t ms) {
  s->idle_timeout_ms = ms;
}

void gc_channel_socket_close(struct gc_channel_socket *s) {
  gc_timers_unset(s->env->timers, &s->watch);
  s->driver->close(s->handle, 1000);
}

bool gc_channel_socket_is_open(const struct gc_channel_socket *s) {
  return s->opened_ms != 0;
}
