/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream/guide_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/policy/backoff.h"
#include "plugins/genesys_realtime/stream/guide_decode.h"
#include "plugins/genesys_realtime/stream/guide_dedup.h"

enum {
  LOOK_MS = 500, /* how often the token is looked at */
  /* How long the old socket stays when another one takes over: until the
   * server has read the query there, nothing comes from the new one. */
  OVERLAP_MS = 500,
  LAG_MAX_MS = 5000, /* the new one may repeat the old one for so long */
  CLOSE_DONE = 1000, /* RFC 6455, 7.4.1 */
  CLOSE_AWAY = 1001,
  MESSAGE_MAX_BYTES = 4 << 20,
  PROVEN_MS = 10 * 1000,
  RETRY_AFTER_MAX_S = 600,
  /* Of a 429: doubling from 1 s to 30 s, and some. */
  THROTTLE_BASE_MS = 1000,
  THROTTLE_MAX_MS = 30 * 1000,
  THROTTLE_JITTER_MS = 500,
};

/* One socket. */
struct line {
  struct guide_socket *link;
  struct gc_ws_events events;
  void *socket; /* NULL: none */
  bool is_open;
  uint32_t token; /* number of its own */
  uint64_t opened_ms;
};

struct guide_socket {
  struct guide_socket_deps needs;
  struct line lines[2];
  struct line *live;    /* the one that is open; NULL: none */
  struct line *leaving; /* the one before, for a moment; NULL: none */
  uint64_t leave_ms;
  uint64_t overlap_end_ms; /* 0: one socket tells alone */
  struct overlap overlap;
  struct gc_timer timer;
  struct gc_backoff reconnect;
  unsigned throttled;     /* answers 429 in a row */
  uint64_t not_before_ms; /* of the next attempt */
  uint64_t heard_ms, blind_since_ms, reconnects;
  bool was_open;
};

static uint64_t now(const struct guide_socket *l) {
  return l->needs.env->now_ms(l->needs.env->ctx);
}

static uint32_t random32(const struct guide_socket *l) {
  return l->needs.env->random32(l->needs.env->ctx);
}

static void look_at(struct guide_socket *l, uint64_t at_ms) {
  (void)gc_timers_set(l->needs.env->timers, &l->timer, at_ms);
}

/* ---- its end, and how long to wait ---- */

static uint64_t throttle_ms(struct guide_socket *l) {
  unsigned shift = l->throttled < 5 ? l->throttled : 5;
  uint64_t ms = (uint64_t)THROTTLE_BASE_MS << shift;
  l->throttled++;
  if (ms > THROTTLE_MAX_MS)
    ms = THROTTLE_MAX_MS;
  return ms + ((uint64_t)THROTTLE_JITTER_MS * random32(l) >> 32);
}

static uint64_t reconnect_ms(struct guide_socket *l) {
  const struct gc_channel_timeouts *p = &l->needs.timeouts;
  l->reconnect.base_ms = p->reconnect_min_ms;
  l->reconnect.cap_ms = p->reconnect_max_ms > p->reconnect_min_ms
                            ? p->reconnect_max_ms - p->reconnect_min_ms
                            : 0;
  return p->reconnect_min_ms +
         (uint64_t)gc_backoff_fail(&l->reconnect, 0, random32(l));
}

static void wait_after(struct guide_socket *l, const struct gc_ws_end *end) {
  uint32_t ask_s = end->has_retry_after ? end->retry_after_s : 0;
  uint64_t ms = end->http_status == 429 ? throttle_ms(l) : reconnect_ms(l);
  if (ask_s > RETRY_AFTER_MAX_S)
    ask_s = RETRY_AFTER_MAX_S;
  if (ms < ask_s * UINT64_C(1000))
    ms = ask_s * UINT64_C(1000);
  l->not_before_ms = now(l) + ms;
}

static void hang_up(struct line *line) {
  line->link->needs.driver.free(line->socket);
  line->socket = NULL;
  line->is_open = false;
}

static void leave(struct guide_socket *l) {
  if (l->leaving != NULL)
    hang_up(l->leaving);
  l->leaving = NULL;
}

static void describe(const struct gc_ws_end *end, const struct gc_err *err,
                     struct gc_err *ret) {
  *ret = *err;
  if (end->http_status == 403)
    (void)gc_fail(ret, GC_ERR_PERMISSION,
                  "the gateway refuses the conversation stream (403): it needs "
                  "the scope " GUIDE_SCOPE
                  "; give it to the OAuth client and, if scopes are asked for, "
                  "to Scope of the <Account>");
  else if (end->http_status == 404)
    (void)gc_fail(ret, GC_ERR_NOT_FOUND,
                  "the gateway has no conversation stream here (404): check "
                  "BaseURL and Path; the official platform has none, use "
                  "Stream \"notifications\" there");
}

/* A line that was to take over leaves the one that is open as it is. */
static void lost(struct line *line, const struct gc_ws_end *end,
                 const struct gc_err *err) {
  struct guide_socket *l = line->link;
  struct gc_err words;
  if (line == l->leaving) {
    leave(l);
    return;
  }
  describe(end, err, &words);
  if (end->http_status == 401)
    gc_api_reject_bearer(l->needs.api, line->token);
  hang_up(line);
  if (l->live == line) {
    leave(l);
    l->live = NULL;
    l->blind_since_ms = l->heard_ms;
  }
  wait_after(l, end);
  l->needs.notice(l->needs.ctx, &words);
  look_at(l, l->not_before_ms);
}

/* ---- what the socket tells ---- */

static void on_open(void *ctx) {
  struct line *line = ctx;
  struct guide_socket *l = line->link;
  static const struct gc_ws_end broken = {.failure = GC_FAILURE_BROKEN};
  struct gc_err err = {.code = GC_OK};
  if (l->needs.driver.send(line->socket, l->needs.query, strlen(l->needs.query),
                           &err) != GC_OK) {
    lost(line, &broken, &err);
    return;
  }
  uint64_t now_ms = now(l);
  uint64_t blind_ms = l->blind_since_ms > 0 ? now_ms - l->blind_since_ms : 0;
  struct line *old = l->live;
  line->is_open = true;
  line->opened_ms = now_ms;
  l->live = line;
  l->needs.notice(l->needs.ctx, &err);
  if (old != NULL) {
    l->leaving = old;
    l->leave_ms = now_ms + OVERLAP_MS;
    l->overlap_end_ms = now_ms + LAG_MAX_MS;
    l->overlap = (struct overlap){.count = 0};
    look_at(l, l->leave_ms);
    return;
  }
  l->reconnects += l->was_open;
  l->was_open = true;
  l->heard_ms = now_ms;
  l->blind_since_ms = 0;
  l->needs.open(l->needs.ctx, blind_ms);
}

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct line *line = ctx;
  struct guide_socket *l = line->link;
  l->heard_ms = now(l);
  if (l->heard_ms - line->opened_ms >= PROVEN_MS) {
    gc_backoff_reset(&l->reconnect);
    l->throttled = 0;
  }
  if (l->heard_ms >= l->overlap_end_ms && l->leaving == NULL)
    l->overlap_end_ms = 0;
  if (l->overlap_end_ms == 0 ||
      overlap_is_news(&l->overlap, line == l->live, bytes, len))
    l->needs.text(l->needs.ctx, bytes, len);
}

static void on_closed(void *ctx, const struct gc_ws_end *end,
                      const struct gc_err *err) {
  lost(ctx, end, err);
}

/* ---- connecting ---- */

static enum gc_code open_line(struct line *line, const char *bearer,
                              struct gc_err *err) {
  struct guide_socket *l = line->link;
  GC_AUTO(gc_buf_clear) struct gc_buf url = {.max = 4096};
  GC_AUTO(gc_buf_wipe) struct gc_buf authorization = {.max = 65536};
  GC_TRY(gc_buf_print(&url, "%s%s", l->needs.base_url, l->needs.path));
  GC_TRY(gc_buf_print(&authorization, "Authorization: Bearer %s", bearer));
  const char *headers[] = {gc_buf_string(&authorization), NULL};
  uint32_t idle_ms = l->needs.timeouts.idle_timeout_ms;
  struct gc_ws_options options = {.url = gc_buf_string(&url),
                                  .headers = headers,
                                  .connect = l->needs.connect,
                                  .message_max_bytes = MESSAGE_MAX_BYTES,
                                  .idle_timeout_ms = idle_ms,
                                  .ping_interval_ms = idle_ms / 4};
  return l->needs.driver.open(l->needs.driver.ctx, &options, &line->events,
                              &line->socket, err);
}

static void try_line(struct line *line, const char *bearer, uint32_t number) {
  static const struct gc_ws_end local = {.failure = GC_FAILURE_LOCAL};
  struct gc_err err = {.code = GC_OK};
  line->token = number;
  enum gc_code code = open_line(line, bearer, &err);
  if (code == GC_OK)
    return;
  if (err.code == GC_OK)
    (void)gc_fail(&err, code, "the conversation stream: %s",
                  gc_code_words(code));
  lost(line, &local, &err);
}

/* The line that has no socket; NULL: both have one. */
static struct line *free_line(struct guide_socket *l) {
  for (size_t i = 0; i < GC_COUNT(l->lines); i++)
    if (l->lines[i].socket == NULL)
      return &l->lines[i];
  return NULL;
}

static void on_timer(void *ctx, uint64_t now_ms) {
  struct guide_socket *l = ctx;
  uint32_t number = 0;
  look_at(l, now_ms + LOOK_MS);
  if (l->leaving != NULL && now_ms >= l->leave_ms)
    l->needs.driver.close(l->leaving->socket, CLOSE_DONE);
  const char *bearer = gc_api_bearer(l->needs.api, &number);
  struct line *line = free_line(l);
  bool is_connecting =
      l->live == NULL ? l->lines[0].socket != NULL || l->lines[1].socket != NULL
                      : line == NULL;
  if (bearer == NULL || is_connecting || now_ms < l->not_before_ms)
    return;
  if (l->live == NULL || l->live->token != number)
    try_line(line, bearer, number);
}

/* ---- life ---- */

struct guide_socket *guide_socket_new(const struct guide_socket_deps *needs) {
  struct guide_socket *l = calloc(1, sizeof(*l));
  if (l == NULL)
    return NULL;
  l->needs = *needs;
  l->timer = (struct gc_timer){.fire = on_timer, .ctx = l};
  for (size_t i = 0; i < GC_COUNT(l->lines); i++) {
    l->lines[i].link = l;
    l->lines[i].events =
        (struct gc_ws_events){on_open, on_text, on_closed, &l->lines[i]};
  }
  look_at(l, now(l));
  return l;
}

void guide_socket_free(struct guide_socket *l) {
  if (l == NULL)
    return;
  gc_timers_unset(l->needs.env->timers, &l->timer);
  for (size_t i = 0; i < GC_COUNT(l->lines); i++) {
    if (l->lines[i].is_open)
      l->needs.driver.close(l->lines[i].socket, CLOSE_AWAY);
    l->needs.driver.free(l->lines[i].socket);
  }
  free(l);
}

void guide_socket_stats(const struct guide_socket *l,
                        struct guide_socket_stats *ret) {
  *ret = (struct guide_socket_stats){.is_connected = l->live != NULL,
                                     .reconnects = l->reconnects,
                                     .heard_ms = l->heard_ms,
                                     .blind_since_ms = l->blind_since_ms};
}
