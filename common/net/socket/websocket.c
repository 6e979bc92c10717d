/* SPDX-License-Identifier: MIT */
#include "common/net/socket/websocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/debug.h"
#include "common/base/websocket/frames.h"
#include "common/net/clock.h"
#include "common/net/http/curl_error.h"
#include "common/net/loop.h"
#include "common/net/socket/handshake.h"
#include "common/net/socket/tcp_stream.h"

enum {
  /* The wait for the peer to close the connection after the close frames (RFC
   * 6455, 7.1.1). */
  CLOSE_WAIT_MS = 500,
  /* The wait for the answer to the upgrade, if the options set none. */
  UPGRADE_WAIT_MS = 10 * 1000,
  /* The limit of the frame that waits for the stream. */
  OUT_MAX_BYTES = 1024 * 1024,
};

struct gc_ws {
  struct gc_loop *loop;
  const struct gc_ws_events *events;
  struct gc_stream_events stream_events;
  struct gc_stream *stream; /* NULL when CLOSED */
  uint32_t upgrade_ms, idle_timeout_ms, ping_interval_ms;

  enum { CONNECTING, UPGRADING, OPEN, CLOSING, CLOSED } state;
  bool was_open; /* the peer sends frames while CLOSING */
  bool is_freed; /* the owner freed it inside a callback */
  unsigned busy; /* callbacks of this file on the stack */

  struct gc_timer timer;
  uint64_t last_message_ms, pinged_ms;
  uint64_t until_ms; /* time-out in UPGRADING and CLOSING */

  struct gc_buf out; /* the request (secrets), then one frame at a time */
  struct gc_ws_handshake handshake;
  struct gc_ws_frames *frames;
  bool owes_pong;
  char pong[GC_WS_CONTROL_MAX];
  size_t pong_len;

  struct gc_ws_end end; /* argument of `closed` */
  struct gc_err err;
};

/* ---- the socket's memory ---- */

static void free_ws(struct gc_ws *ws) {
  gc_ws_frames_free(ws->frames);
  gc_buf_wipe(&ws->out);
  gc_ws_handshake_clear(&ws->handshake);
  free(ws);
}

/* Begins a callback, in which the owner may free the socket; leave_callback
 * then frees the memory. */
static void enter_callback(struct gc_ws *ws) { ws->busy++; }

static void leave_callback(struct gc_ws *ws) {
  ws->busy--;
  if (ws->busy == 0 && ws->is_freed)
    free_ws(ws);
}

/* ---- the end ---- */

/* Reports `end` and `err`; it is the only caller of events->closed. */
static void report_end(struct gc_ws *ws) {
  if (ws->state == CLOSED || ws->is_freed)
    return;
  ws->state = CLOSED;
  gc_timers_unset(gc_loop_timers(ws->loop), &ws->timer);
  gc_stream_free(ws->stream);
  ws->stream = NULL;
  ws->events->closed(ws->events->ctx, &ws->end, &ws->err);
}

static void set_end(struct gc_ws *ws, enum gc_failure failure,
                    enum gc_code code, const char *words) {
  ws->end = (struct gc_ws_end){.failure = failure};
  gc_curl_fail(ws->handshake.origin, failure, &ws->err, "%s", words);
  ws->err.code = code;
}

static void report_failure(struct gc_ws *ws, enum gc_failure failure,
                           enum gc_code code, const char *words) {
  set_end(ws, failure, code, words);
  report_end(ws);
}

static void report_timeout(struct gc_ws *ws, const char *what, uint32_t ms) {
  char words[128];
  snprintf(words, sizeof(words), "%s for %.1f s", what, ms / 1000.0);
  report_failure(ws, GC_FAILURE_TIMEOUT, GC_ERR_TIMEOUT, words);
}

static void report_refusal(struct gc_ws *ws) {
  gc_ws_handshake_explain(&ws->handshake, &ws->end, &ws->err);
  report_end(ws);
}

/* ---- time ---- */

static uint64_t next_due(const struct gc_ws *ws) {
  if (ws->state != OPEN)
    return ws->until_ms;
  uint64_t due_ms = UINT64_MAX;
  if (ws->idle_timeout_ms > 0)
    due_ms = ws->last_message_ms + ws->idle_timeout_ms;
  uint64_t last_ms =
      ws->last_message_ms > ws->pinged_ms ? ws->last_message_ms : ws->pinged_ms;
  if (ws->ping_interval_ms > 0 && last_ms + ws->ping_interval_ms < due_ms)
    due_ms = last_ms + ws->ping_interval_ms;
  return due_ms;
}

/* Sets the timer. Bytes are too frequent to move it for each: when it fires, it
 * checks whether the time has come. */
static void schedule_timer(struct gc_ws *ws) {
  gc_timers_set(gc_loop_timers(ws->loop), &ws->timer, next_due(ws));
}

static void enter_state(struct gc_ws *ws, int state, uint64_t until_ms) {
  ws->state = state;
  ws->until_ms = until_ms;
  schedule_timer(ws);
}

/* ---- sending ---- */

/* Sends `out`. A closed stream reports its end, before or after. */
static enum gc_code send_out(struct gc_ws *ws, struct gc_err *err) {
  enum gc_code code =
      gc_stream_send(ws->stream, ws->out.data, ws->out.len, err);
  gc_buf_reset(&ws->out);
  return code;
}

static enum gc_code send_frame(struct gc_ws *ws, enum gc_ws_kind kind,
                               const char *bytes, size_t len,
                               struct gc_err *err) {
  enum gc_code code = gc_ws_write(kind, bytes, len, gc_random32(), &ws->out);
  if (code != GC_OK)
    return gc_fail(err, code, "a message for a WebSocket: %s",
                   gc_code_words(code));
  return send_out(ws, err);
}

/* Sends a ping or a pong. A failure ends the socket, except on a closed stream,
 * which reports its end itself. */
static void send_control(struct gc_ws *ws, enum gc_ws_kind kind,
                         const char *bytes, size_t len) {
  struct gc_err err = {0};
  enum gc_code code = send_frame(ws, kind, bytes, len, &err);
  if (code == GC_OK || code == GC_ERR_NETWORK)
    return;
  ws->end = (struct gc_ws_end){
      .failure = code == GC_ERR_LIMIT ? GC_FAILURE_LIMIT : GC_FAILURE_LOCAL};
  ws->err = err;
  report_end(ws);
}

/* Sends a close frame; a peer that is gone already does not receive it. */
static void begin_closing(struct gc_ws *ws, uint16_t code) {
  if (gc_ws_write_close(code, "", gc_random32(), &ws->out) == GC_OK)
    (void)!send_out(ws, NULL);
  enter_state(ws, CLOSING, gc_clock_now_ms() + CLOSE_WAIT_MS);
}

/* ---- frames ---- */

static void on_close_frame(struct gc_ws *ws, const struct gc_ws_event *event) {
  struct gc_ws_end *end = &ws->end;
  bool is_ours = ws->state == CLOSING;
  char reason[sizeof(end->reason)] = "";
  for (size_t i = 0; i < event->len && i + 1 < sizeof(reason); i++)
    reason[i] = gc_is_printable(event->bytes[i]) ? event->bytes[i] : '_';
  if (!is_ours) {
    char words[256];
    snprintf(words, sizeof(words), "closed by the other side with code %u%s%s",
             event->code, reason[0] != '\0' ? ": " : "", reason);
    set_end(ws, GC_FAILURE_NONE, GC_ERR_NETWORK, words);
  }
  end->close_code = event->code;
  memcpy(end->reason, reason, sizeof(reason));
  if (!is_ours)
    begin_closing(ws, event->code);
}

static void on_broken(struct gc_ws *ws, const struct gc_ws_event *event) {
  if (ws->state == CLOSING)
    return;
  bool is_large = event->code == GC_WS_TOO_LARGE;
  char words[256];
  snprintf(words, sizeof(words), "closed by collectd with code %u: %s",
           event->code, event->bytes);
  set_end(ws, is_large ? GC_FAILURE_LIMIT : GC_FAILURE_BROKEN,
          is_large ? GC_ERR_LIMIT : GC_ERR_PARSE, words);
  ws->end.close_code = event->code;
  begin_closing(ws, event->code);
}

static void report_life(const struct gc_ws *ws) {
  if (ws->events->alive != NULL)
    ws->events->alive(ws->events->ctx);
}

static void on_event(struct gc_ws *ws, const struct gc_ws_event *event) {
  if (event->kind != GC_WS_MORE)
    gc_debug("websocket: %s of %zu bytes", gc_ws_kind_name(event->kind),
             event->len);
  switch (event->kind) {
  case GC_WS_TEXT:
    ws->events->text(ws->events->ctx, event->bytes, event->len);
    break;
  case GC_WS_PING:
    ws->owes_pong = true;
    ws->pong_len = event->len;
    memcpy(ws->pong, event->bytes, event->len);
    report_life(ws);
    break;
  case GC_WS_CLOSE:
    on_close_frame(ws, event);
    break;
  case GC_WS_BROKEN:
    on_broken(ws, event);
    break;
  case GC_WS_PONG:
    report_life(ws);
    break;
  case GC_WS_MORE:
    break;
  }
}

static void read_frames(struct gc_ws *ws, const char *bytes, size_t len) {
  while (len > 0 && !ws->is_freed && ws->state != CLOSED) {
    struct gc_ws_event event;
    size_t took = gc_ws_frames_next(ws->frames, bytes, len, &event);
    bytes += took;
    len -= took;
    on_event(ws, &event);
  }
  /* One pong answers all pings of a round, so that a flood of pings gets no
   * flood of pongs. */
  if (ws->owes_pong && ws->state == OPEN && !ws->is_freed)
    send_control(ws, GC_WS_PONG, ws->pong, ws->pong_len);
  ws->owes_pong = false;
}

/* ---- the upgrade ---- */

static void read_answer(struct gc_ws *ws, const char *bytes, size_t len) {
  struct gc_ws_handshake *h = &ws->handshake;
  size_t took = gc_ws_handshake_next(h, bytes, len);
  switch (h->state) {
  case GC_WS_WAITS:
    return;
  case GC_WS_REFUSED:
    report_refusal(ws);
    return;
  case GC_WS_WRONG:
    report_failure(ws, GC_FAILURE_BROKEN, GC_ERR_PARSE, h->why);
    return;
  case GC_WS_LARGE:
    report_failure(ws, GC_FAILURE_LIMIT, GC_ERR_LIMIT, h->why);
    return;
  case GC_WS_OPENED:
    break;
  }
  ws->was_open = true;
  enter_state(ws, OPEN, 0);
  if (ws->state == OPEN)
    ws->events->open(ws->events->ctx);
  read_frames(ws, bytes + took, len - took);
}

/* Ends the answer: no more bytes come. True: the bytes that came are a refusal,
 * which is reported. */
static bool is_refused_so_far(struct gc_ws *ws) {
  gc_ws_handshake_end(&ws->handshake);
  if (ws->handshake.state != GC_WS_REFUSED)
    return false;
  report_refusal(ws);
  return true;
}

/* ---- the stream and the timer ---- */

static void on_stream_open(void *ctx) {
  struct gc_ws *ws = ctx;
  if (ws->state != CONNECTING) /* gc_ws_close was called before */
    return;
  enter_callback(ws);
  struct gc_err err = {0};
  enum gc_code code =
      gc_stream_send(ws->stream, ws->out.data, ws->out.len, &err);
  gc_buf_wipe(&ws->out);
  if (code == GC_ERR_MEMORY)
    report_failure(ws, GC_FAILURE_LOCAL, code, err.text);
  else
    enter_state(ws, UPGRADING, gc_clock_now_ms() + ws->upgrade_ms);
  leave_callback(ws);
}

static void on_stream_read(void *ctx, const char *bytes, size_t len) {
  struct gc_ws *ws = ctx;
  enter_callback(ws);
  ws->last_message_ms = gc_clock_now_ms();
  if (ws->state == UPGRADING)
    read_answer(ws, bytes, len);
  else if (ws->was_open)
    read_frames(ws, bytes, len);
  leave_callback(ws);
}

static void on_stream_closed(void *ctx, enum gc_failure failure,
                             const struct gc_err *err) {
  struct gc_ws *ws = ctx;
  enter_callback(ws);
  if (ws->state == CLOSING) {
    report_end(ws);
  } else if (ws->state != UPGRADING || !is_refused_so_far(ws)) {
    ws->end = (struct gc_ws_end){.failure = failure};
    ws->err = *err;
    if (failure == GC_FAILURE_NONE)
      set_end(
          ws, GC_FAILURE_BROKEN, GC_ERR_NETWORK,
          ws->was_open
              ? "the other side closed the connection without a close frame"
              : "the other side closed the connection without an answer to the "
                "request for a WebSocket");
    report_end(ws);
  }
  leave_callback(ws);
}

/* Checks the times of an open socket. `now_ms` is the beginning of the round:
 * bytes may have come since. */
static void check_open(struct gc_ws *ws, uint64_t now_ms) {
  if (ws->idle_timeout_ms > 0 &&
      ws->last_message_ms + ws->idle_timeout_ms <= now_ms) {
    report_timeout(ws, "nothing was received", ws->idle_timeout_ms);
    return;
  }
  if (next_due(ws) > now_ms)
    return;
  ws->pinged_ms = now_ms;
  send_control(ws, GC_WS_PING, "", 0);
}

static void on_timer(void *ctx, uint64_t now_ms) {
  struct gc_ws *ws = ctx;
  enter_callback(ws);
  if (ws->state == OPEN)
    check_open(ws, now_ms);
  else if (ws->state == UPGRADING && now_ms >= ws->until_ms &&
           !is_refused_so_far(ws))
    report_timeout(ws, "no answer to the request for a WebSocket",
                   ws->upgrade_ms);
  else if (ws->state == CLOSING && now_ms >= ws->until_ms)
    report_end(ws);
  if (ws->state != CLOSED && !ws->is_freed)
    schedule_timer(ws);
  leave_callback(ws);
}

/* ---- the beginning ---- */

static enum gc_code prepare_ws(struct gc_ws *ws, const struct gc_ws_options *o,
                               struct gc_err *err) {
  uint32_t random[4];
  for (size_t i = 0; i < GC_COUNT(random); i++)
    random[i] = gc_random32();
  GC_TRY(gc_ws_handshake_begin(&ws->handshake, o->url, o->headers,
                               (const uint8_t *)random, &ws->out, err));
  ws->frames = gc_ws_frames_new(o->message_max_bytes);
  gc_timers_set(gc_loop_timers(ws->loop), &ws->timer, UINT64_MAX);
  return gc_stream_open(ws->loop, ws->handshake.origin, o->connect,
                        &ws->stream_events, &ws->stream, err);
}

enum gc_code gc_ws_open(struct gc_loop *loop,
                        const struct gc_ws_options *options,
                        const struct gc_ws_events *events,
                        struct gc_ws **ret_ws, struct gc_err *err) {
  struct gc_ws *ws = gc_zalloc(1, sizeof(*ws));
  ws->loop = loop;
  ws->events = events;
  ws->stream_events = (struct gc_stream_events){on_stream_open, on_stream_read,
                                                on_stream_closed, ws};
  ws->timer = (struct gc_timer){.fire = on_timer, .ctx = ws};
  ws->upgrade_ms = options->connect->timeout_ms > 0
                       ? options->connect->timeout_ms
                       : UPGRADE_WAIT_MS;
  ws->idle_timeout_ms = options->idle_timeout_ms;
  ws->ping_interval_ms = options->ping_interval_ms;
  ws->out.max = OUT_MAX_BYTES;

  enum gc_code code = prepare_ws(ws, options, err);
  if (code != GC_OK) {
    gc_timers_unset(gc_loop_timers(loop), &ws->timer);
    free_ws(ws);
    return code;
  }
  *ret_ws = ws;
  return GC_OK;
}

enum gc_code gc_ws_send(struct gc_ws *ws, const char *bytes, size_t len,
                        struct gc_err *err) {
  if (ws->state != OPEN)
    return gc_fail(err, GC_ERR_NETWORK, "the WebSocket is not open");
  return send_frame(ws, GC_WS_TEXT, bytes, len, err);
}

void gc_ws_close(struct gc_ws *ws, uint16_t code) {
  if (ws->state == CLOSING || ws->state == CLOSED)
    return;
  set_end(ws, GC_FAILURE_NONE, GC_ERR_STOPPED, "closed by collectd");
  if (ws->state == OPEN)
    begin_closing(ws, code);
  else
    enter_state(ws, CLOSING, gc_clock_now_ms());
}

void gc_ws_free(struct gc_ws *ws) {
  if (ws == NULL || ws->is_freed)
    return;
  ws->is_freed = true;
  gc_timers_unset(gc_loop_timers(ws->loop), &ws->timer);
  gc_stream_free(ws->stream);
  ws->stream = NULL;
  if (ws->busy == 0)
    free_ws(ws);
}

/* ---- the driver ---- */

static enum gc_code open_ws(void *ctx, const struct gc_ws_options *options,
                            const struct gc_ws_events *events,
                            void **ret_socket, struct gc_err *err) {
  struct gc_ws *ws = NULL;
  GC_TRY(gc_ws_open(ctx, options, events, &ws, err));
  *ret_socket = ws;
  return GC_OK;
}

static enum gc_code send_ws(void *socket, const char *bytes, size_t len,
                            struct gc_err *err) {
  return gc_ws_send(socket, bytes, len, err);
}

static void close_ws(void *socket, uint16_t code) { gc_ws_close(socket, code); }

static void free_driven(void *socket) { gc_ws_free(socket); }

struct gc_socket_driver gc_socket_driver_ws(struct gc_loop *loop) {
  return (struct gc_socket_driver){.open = open_ws,
                                   .send = send_ws,
                                   .close = close_ws,
                                   .free = free_driven,
                                   .ctx = loop};
}
