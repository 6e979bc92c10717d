/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream/guide_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/base/policy/backoff.h"
#include "common/net/channels/channels.h"
#include "plugins/genesys_realtime/stream/guide_decode.h"

enum {
  CHECK_MS = 500, /* time between two comparisons of the token */
  /* The old socket stays open this long: the new one delivers nothing until the
   * server has read its query. */
  OVERLAP_MS = 500,
  LAG_MAX_MS = 5000, /* longest time of repeats from the new socket */
  CLOSE_DONE = 1000, /* RFC 6455, 7.4.1 */
  CLOSE_AWAY = 1001,
  /* Life this long after the opening resets the times between attempts. */
  PROVEN_MS = 10 * 1000,
  RETRY_AFTER_MAX_S = 600,
  /* After a 429: doubles from 1 s to 30 s, plus jitter. */
  THROTTLE_BASE_MS = 1000,
  THROTTLE_MAX_MS = 30 * 1000,
  THROTTLE_JITTER_MS = 500,
};

/* ---- two sockets, each message once ---- */

/* Drops the duplicates while one socket replaces another: until the old socket
 * closes, the server sends each message on both. The order is the same on both,
 * so the socket that is behind repeats the messages of the socket that is
 * ahead.
 *
 *   old  a b c d e        passed on once, in any timing: a b c d e f
 *   new      c d e f      (the server had not read the query before c)
 *
 * Messages have no number, so a message that equals an earlier one may be a
 * repeat or new. The new socket repeats the old one to the end, without a hole.
 * Its messages are held until the repetition is complete, and are passed on as
 * soon as one of them does not fit.
 *
 *   old  a b              passed on: a b a c
 *   new      a c          (a is new: a repeat would be followed by b) */

enum {
  GUIDE_DEDUP_MAX = 1024, /* messages by which a socket may be ahead */
  HELD_MAX_BYTES = 4 << 20
};

/* Zero it before the first message. */
struct guide_dedup {
  uint64_t ahead[GUIDE_DEDUP_MAX]; /* hashes, from `first` on, in a ring */
  size_t first, count;
  bool new_is_ahead;
  /* Messages of the new socket that repeat those ahead from `start` on. Each
   * stands after its length. */
  struct gc_buf held;
  size_t start, held_count;
};

typedef void guide_dedup_pass(void *ctx, const char *bytes, size_t len);

static uint64_t hash_at(const struct guide_dedup *o, size_t i) {
  return o->ahead[(o->first + i) % GUIDE_DEDUP_MAX];
}

static void drop_oldest(struct guide_dedup *o, size_t count) {
  o->first = (o->first + count) % GUIDE_DEDUP_MAX;
  o->count -= count;
}

static void add_hash(struct guide_dedup *o, uint64_t hash) {
  if (o->count == GUIDE_DEDUP_MAX) {
    drop_oldest(o, 1);
    o->start -= o->start > 0;
  }
  o->ahead[(o->first + o->count++) % GUIDE_DEDUP_MAX] = hash;
}

/* Returns true if the message repeats one of the socket ahead, and drops the
 * hashes up to that one. */
static bool catches_up(struct guide_dedup *o, uint64_t hash) {
  for (size_t i = 0; i < o->count; i++)
    if (hash_at(o, i) == hash) {
      drop_oldest(o, i + 1);
      return true;
    }
  return false;
}

/* Returns true if the held messages, which equal those ahead from `start` on,
 * also equal those from `at` on. */
static bool is_same_run(const struct guide_dedup *o, size_t at) {
  for (size_t i = 0; i < o->held_count; i++)
    if (hash_at(o, at + i) != hash_at(o, o->start + i))
      return false;
  return true;
}

/* Finds the place from which the held messages and this one repeat those ahead.
 * Returns false when there is none. */
static bool extend_run(struct guide_dedup *o, uint64_t hash) {
  for (size_t at = o->start; at + o->held_count < o->count; at++)
    if (hash_at(o, at + o->held_count) == hash && is_same_run(o, at)) {
      o->start = at;
      return true;
    }
  return false;
}

static void forget_run(struct guide_dedup *o) {
  gc_buf_reset(&o->held);
  o->held_count = o->start = 0;
}

static bool hold_event(struct guide_dedup *o, const char *bytes, size_t len) {
  uint32_t size = (uint32_t)len;
  size_t before = o->held.len;
  o->held.max = HELD_MAX_BYTES;
  if (gc_buf_add(&o->held, (const char *)&size, sizeof(size)) == GC_OK &&
      gc_buf_add(&o->held, bytes, len) == GC_OK) {
    o->held_count++;
    return true;
  }
  o->held.len = before;
  return false;
}

/* Passes on the messages that are still held, which are new. Called at the end
 * of the overlap. */
static void guide_dedup_flush(struct guide_dedup *o, guide_dedup_pass *pass,
                              void *ctx) {
  for (size_t at = 0; at < o->held.len;) {
    uint32_t size;
    memcpy(&size, o->held.data + at, sizeof(size));
    pass(ctx, o->held.data + at + sizeof(size), size);
    at += sizeof(size) + size;
  }
  forget_run(o);
}

static void read_new_behind(struct guide_dedup *o, uint64_t hash,
                            const char *bytes, size_t len,
                            guide_dedup_pass *pass, void *ctx) {
  if (extend_run(o, hash) && hold_event(o, bytes, len)) {
    if (o->start + o->held_count == o->count) {
      drop_oldest(o, o->count);
      forget_run(o);
    }
    return;
  }
  /* The message is no repeat, so the held messages were new too. */
  drop_oldest(o, o->start);
  o->count = o->held_count;
  guide_dedup_flush(o, pass, ctx);
  o->new_is_ahead = true;
  add_hash(o, hash);
  pass(ctx, bytes, len);
}

/* Takes a message. Passes on the messages held so far and this one, unless the
 * other socket has delivered it or may have. Beyond GUIDE_DEDUP_MAX messages
 * the oldest hashes are forgotten, so their repeats pass. */
static void guide_dedup_message(struct guide_dedup *o, bool from_new,
                                const char *bytes, size_t len,
                                guide_dedup_pass *pass, void *ctx) {
  uint64_t hash = gc_hash(bytes, len);
  bool is_behind = from_new != o->new_is_ahead;
  if (is_behind && from_new) {
    read_new_behind(o, hash, bytes, len, pass, ctx);
    return;
  }
  if (is_behind && catches_up(o, hash))
    return;
  if (is_behind && o->count == 0)
    o->new_is_ahead = false;
  /* A message of the socket behind is not noted while the new socket is ahead:
   * the server sent it before it knew the new socket. */
  if (!is_behind || !o->new_is_ahead)
    add_hash(o, hash);
  pass(ctx, bytes, len);
}

static void guide_dedup_clear(struct guide_dedup *o) {
  gc_buf_clear(&o->held);
  *o = (struct guide_dedup){.count = 0};
}

/* ---- the sockets ---- */

/* One of the two sockets. */
struct connection {
  struct guide_socket *owner;
  struct gc_ws_events events;
  void *socket; /* NULL: none */
  bool is_open;
  uint32_t token; /* its number */
  uint64_t opened_ms;
};

struct guide_socket {
  struct guide_socket_deps deps;
  struct connection connections[2];
  struct connection *live;    /* the open one; NULL: none */
  struct connection *leaving; /* the one that `live` replaces; NULL: none */
  uint64_t leave_ms;
  uint64_t dedup_end_ms; /* 0: all messages pass */
  struct guide_dedup dedup;
  struct gc_timer timer;
  struct gc_backoff reconnect;
  unsigned throttled;     /* answers 429 in a row */
  uint64_t not_before_ms; /* earliest time of the next attempt */
  uint64_t alive_ms, blind_since_ms, reconnects;
  uint64_t began_ms;
  bool was_open;
};

static uint64_t read_clock(const struct guide_socket *l) {
  return l->deps.env->now_ms(l->deps.env->ctx);
}

static uint32_t draw_random32(const struct guide_socket *l) {
  return l->deps.env->random32(l->deps.env->ctx);
}

static void schedule_check(struct guide_socket *l, uint64_t at_ms) {
  gc_timers_set(l->deps.env->timers, &l->timer, at_ms);
}

/* ---- a connection ends; the time until the next ---- */

static uint64_t throttle_ms(struct guide_socket *l) {
  unsigned shift = l->throttled < 5 ? l->throttled : 5;
  uint64_t ms = (uint64_t)THROTTLE_BASE_MS << shift;
  l->throttled++;
  if (ms > THROTTLE_MAX_MS)
    ms = THROTTLE_MAX_MS;
  return ms + ((uint64_t)THROTTLE_JITTER_MS * draw_random32(l) >> 32);
}

static uint64_t reconnect_ms(struct guide_socket *l) {
  const struct gc_channel_timeouts *p = &l->deps.timeouts;
  l->reconnect.base_ms = p->reconnect_min_ms;
  l->reconnect.cap_ms = p->reconnect_max_ms > p->reconnect_min_ms
                            ? p->reconnect_max_ms - p->reconnect_min_ms
                            : 0;
  return p->reconnect_min_ms +
         (uint64_t)gc_backoff_fail(&l->reconnect, 0, draw_random32(l));
}

/* Returns the time until the next attempt. */
static uint64_t wait_after(struct guide_socket *l,
                           const struct gc_ws_end *end) {
  uint32_t asked_s = end->has_retry_after ? end->retry_after_s : 0;
  uint64_t ms = end->http_status == 429 ? throttle_ms(l) : reconnect_ms(l);
  uint32_t asked_ms = gc_retry_after_ms(asked_s, RETRY_AFTER_MAX_S);
  ms = asked_ms > ms ? asked_ms : ms;
  l->not_before_ms = read_clock(l) + ms;
  return ms;
}

/* Ends the search for duplicates: from now on all messages pass. */
static void end_overlap(struct guide_socket *l) {
  if (l->dedup_end_ms != 0)
    guide_dedup_flush(&l->dedup, l->deps.text, l->deps.ctx);
  guide_dedup_clear(&l->dedup);
  l->dedup_end_ms = 0;
}

static void end_overlap_if_due(struct guide_socket *l, uint64_t now_ms) {
  if (l->dedup_end_ms != 0 && now_ms >= l->dedup_end_ms && l->leaving == NULL)
    end_overlap(l);
}

static void free_connection_socket(struct connection *connection) {
  connection->owner->deps.driver.free(connection->socket);
  connection->socket = NULL;
  connection->is_open = false;
}

static void drop_leaving(struct guide_socket *l) {
  if (l->leaving != NULL)
    free_connection_socket(l->leaving);
  l->leaving = NULL;
}

static void explain_end(const struct gc_ws_end *end, const struct gc_err *err,
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
                  "BaseURL and Path; the official platform has none: use "
                  "Stream \"notifications\" there");
}

/* Handles the end of a socket. The end of a second socket does not affect the
 * open one. */
static void lose_connection(struct connection *connection,
                            const struct gc_ws_end *end,
                            const struct gc_err *err) {
  struct guide_socket *l = connection->owner;
  struct gc_err explained;
  if (connection == l->leaving) {
    drop_leaving(l);
    return;
  }
  explain_end(end, err, &explained);
  if (end->http_status == 401)
    gc_api_reject_bearer(l->deps.api, connection->token);
  if (end->http_status == 429)
    gc_api_count_throttled(l->deps.api);
  free_connection_socket(connection);
  if (l->live == connection) {
    drop_leaving(l);
    end_overlap(l);
    l->live = NULL;
    l->blind_since_ms = l->alive_ms;
  }
  gc_err_add(&explained, "; next attempt in %.1f s",
             (double)wait_after(l, end) / 1000.0);
  l->deps.notice(l->deps.ctx, &explained);
  schedule_check(l, l->not_before_ms);
}

/* ---- callbacks of the socket ---- */

/* Returns the time at which the stream became blind; 0: it is not blind. After
 * GC_CHANNELS_START_MS without a first connection that time is the start. */
static uint64_t blind_since_ms(const struct guide_socket *l) {
  bool is_late =
      !l->was_open && read_clock(l) - l->began_ms >= GC_CHANNELS_START_MS;
  return is_late ? l->began_ms : l->blind_since_ms;
}

static void on_open(void *ctx) {
  struct connection *connection = ctx;
  struct guide_socket *l = connection->owner;
  static const struct gc_ws_end broken = {.failure = GC_FAILURE_BROKEN};
  struct gc_err err = {.code = GC_OK};
  if (l->deps.driver.send(connection->socket, l->deps.query,
                          strlen(l->deps.query), &err) != GC_OK) {
    lose_connection(connection, &broken, &err);
    return;
  }
  uint64_t now_ms = read_clock(l);
  uint64_t since_ms = blind_since_ms(l);
  uint64_t blind_ms = since_ms > 0 ? now_ms - since_ms : 0;
  struct connection *old = l->live;
  connection->is_open = true;
  connection->opened_ms = now_ms;
  l->live = connection;
  l->deps.notice(l->deps.ctx, &err);
  if (old != NULL) {
    l->leaving = old;
    l->leave_ms = now_ms + OVERLAP_MS;
    end_overlap(l);
    l->dedup_end_ms = now_ms + LAG_MAX_MS;
    schedule_check(l, l->leave_ms);
    return;
  }
  l->reconnects += l->was_open;
  l->was_open = true;
  l->alive_ms = now_ms;
  l->blind_since_ms = 0;
  l->deps.open(l->deps.ctx, blind_ms);
}

/* A message or an answered ping shows that the stream is not blind. */
static void on_alive(void *ctx) {
  struct connection *connection = ctx;
  struct guide_socket *l = connection->owner;
  GC_ASSERT(connection->is_open);
  l->alive_ms = read_clock(l);
  if (l->alive_ms - connection->opened_ms >= PROVEN_MS) {
    gc_backoff_reset(&l->reconnect);
    l->throttled = 0;
  }
}

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct connection *connection = ctx;
  struct guide_socket *l = connection->owner;
  on_alive(connection);
  end_overlap_if_due(l, l->alive_ms);
  if (l->dedup_end_ms == 0)
    l->deps.text(l->deps.ctx, bytes, len);
  else
    guide_dedup_message(&l->dedup, connection == l->live, bytes, len,
                        l->deps.text, l->deps.ctx);
}

static void on_closed(void *ctx, const struct gc_ws_end *end,
                      const struct gc_err *err) {
  lose_connection(ctx, end, err);
}

/* ---- connecting ---- */

static enum gc_code open_connection(struct connection *connection,
                                    const char *bearer, struct gc_err *err) {
  struct guide_socket *l = connection->owner;
  GC_AUTO(gc_buf_clear) struct gc_buf url = {.max = 4096};
  GC_AUTO(gc_buf_wipe) struct gc_buf authorization = {.max = 65536};
  GC_TRY(gc_buf_print(&url, "%s%s", l->deps.base_url, l->deps.path));
  GC_TRY(gc_buf_print(&authorization, "Authorization: Bearer %s", bearer));
  const char *headers[] = {gc_buf_string(&authorization), NULL};
  uint32_t idle_ms = l->deps.timeouts.idle_timeout_ms;
  struct gc_ws_options options = {.url = gc_buf_string(&url),
                                  .headers = headers,
                                  .connect = l->deps.connect,
                                  .message_max_bytes = GC_MESSAGE_MAX_BYTES,
                                  .idle_timeout_ms = idle_ms,
                                  .ping_interval_ms = idle_ms / 4};
  return l->deps.driver.open(l->deps.driver.ctx, &options, &connection->events,
                             &connection->socket, err);
}

static void try_connection(struct connection *connection, const char *bearer,
                           uint32_t number) {
  static const struct gc_ws_end local = {.failure = GC_FAILURE_LOCAL};
  struct gc_err err = {.code = GC_OK};
  connection->token = number;
  enum gc_code code = open_connection(connection, bearer, &err);
  if (code == GC_OK)
    return;
  if (err.code == GC_OK)
    (void)gc_fail(&err, code, "the conversation stream: %s",
                  gc_code_words(code));
  lose_connection(connection, &local, &err);
}

/* Returns the connection that has no socket; NULL: both have one. */
static struct connection *find_unused(struct guide_socket *l) {
  for (size_t i = 0; i < GC_COUNT(l->connections); i++)
    if (l->connections[i].socket == NULL)
      return &l->connections[i];
  return NULL;
}

static void on_timer(void *ctx, uint64_t now_ms) {
  struct guide_socket *l = ctx;
  uint32_t number = 0;
  schedule_check(l, now_ms + CHECK_MS);
  end_overlap_if_due(l, now_ms);
  if (l->leaving != NULL && now_ms >= l->leave_ms)
    l->deps.driver.close(l->leaving->socket, CLOSE_DONE);
  const char *bearer = gc_api_bearer(l->deps.api, &number);
  struct connection *connection = find_unused(l);
  bool is_connecting = l->live == NULL ? l->connections[0].socket != NULL ||
                                             l->connections[1].socket != NULL
                                       : connection == NULL;
  if (bearer == NULL || is_connecting || now_ms < l->not_before_ms)
    return;
  if (l->live == NULL || l->live->token != number)
    try_connection(connection, bearer, number);
}

/* ---- new and free ---- */

struct guide_socket *guide_socket_new(const struct guide_socket_deps *deps) {
  struct guide_socket *l = gc_zalloc(1, sizeof(*l));
  l->deps = *deps;
  l->timer = (struct gc_timer){.fire = on_timer, .ctx = l};
  for (size_t i = 0; i < GC_COUNT(l->connections); i++) {
    l->connections[i].owner = l;
    l->connections[i].events = (struct gc_ws_events){.open = on_open,
                                                     .text = on_text,
                                                     .closed = on_closed,
                                                     .alive = on_alive,
                                                     .ctx = &l->connections[i]};
  }
  l->began_ms = read_clock(l);
  schedule_check(l, l->began_ms);
  return l;
}

void guide_socket_free(struct guide_socket *l) {
  if (l == NULL)
    return;
  gc_timers_unset(l->deps.env->timers, &l->timer);
  for (size_t i = 0; i < GC_COUNT(l->connections); i++) {
    if (l->connections[i].is_open)
      l->deps.driver.close(l->connections[i].socket, CLOSE_AWAY);
    l->deps.driver.free(l->connections[i].socket);
  }
  guide_dedup_clear(&l->dedup);
  free(l);
}

void guide_socket_stats(const struct guide_socket *l,
                        struct guide_socket_stats *ret) {
  *ret = (struct guide_socket_stats){.is_connected = l->live != NULL,
                                     .reconnects = l->reconnects,
                                     .alive_ms = l->alive_ms,
                                     .blind_since_ms = blind_since_ms(l)};
}
