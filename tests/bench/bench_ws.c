/* SPDX-License-Identifier: MIT */
/* WebSocket messages a second, without decoding them: frames in memory →
 * messages (one thread), and socket → messages, plain and TLS, from a server
 * in this process that sends as fast as it can (two threads of one host).
 * Sizes: an event of the guide dialect, one of the official API, and one that
 * is larger than a read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/websocket/frames.h"
#include "common/net/loop.h"
#include "common/net/socket/websocket.h"
#include "tests/bench/lap.h"
#include "tests/support/certs.h"
#include "tests/support/deadline.h"
#include "tests/support/server.h"
#include "tests/support/test_request.h"
#include "tests/support/ws_peer.h"

enum { CHUNK = 65536, RUN_S = 2 };
static const size_t sizes[] = {200, 1300, 200000};

static void print_rate(const char *what, size_t size, double count,
                       double took_s) {
  printf("%-28s %6zu B %9.0f k/s %8.0f MB/s\n", what, size,
         count / took_s / 1e3, count * (double)size / took_s / 1e6);
}

/* About 4 MB of whole frames. */
static struct gc_buf frames_of(size_t size) {
  struct gc_buf b = {.max = 16 * 1024 * 1024};
  char *payload = malloc(size);
  exit_unless(payload != NULL, "memory");
  memset(payload, 'x', size);
  unsigned char header[WS_PEER_HEADER];
  while (b.len < 4 * 1024 * 1024)
    exit_unless(gc_buf_add(&b, header, ws_peer_header(0x81, size, header)) ==
                        GC_OK &&
                    gc_buf_add(&b, payload, size) == GC_OK,
                "memory");
  free(payload);
  return b;
}

static void bench_frames(size_t size) {
  struct gc_buf in = frames_of(size);
  struct gc_ws_frames *f = gc_ws_frames_new(1 << 20);
  exit_unless(f != NULL, "memory");
  size_t count = 0;
  double began_s = lap_clock(CLOCK_MONOTONIC), took_s = 0;
  for (; took_s < RUN_S; took_s = lap_clock(CLOCK_MONOTONIC) - began_s)
    for (size_t at = 0; at < in.len;) {
      size_t end = at + CHUNK < in.len ? at + CHUNK : in.len;
      while (at < end) {
        struct gc_ws_event e;
        at += gc_ws_frames_next(f, in.data + at, end - at, &e);
        exit_unless(e.kind == GC_WS_TEXT ? e.len == size : e.kind == GC_WS_MORE,
                    "a wrong event");
        count += e.kind == GC_WS_TEXT;
      }
    }
  print_rate("frames", size, (double)count, took_s);
  gc_ws_frames_free(f);
  gc_buf_clear(&in);
}

/* ---- over a socket ---- */

static struct gate gate = GATE_INIT;

struct run {
  struct gc_loop *loop;
  struct gc_connect connect;
  struct gc_ws_events events;
  struct gc_ws *ws;
  const char *url;
  size_t size, count;
  double began_s, took_s;
  bool is_over;
};

static void send_frames(struct conn *c, void *ctx) {
  struct gc_buf *frames = ctx;
  struct request r;
  if (!ws_peer_upgrade(c, &r))
    return;
  while (conn_write(c, frames->data, frames->len)) {
  }
}

static void on_open(void *ctx) {
  ((struct run *)ctx)->began_s = lap_clock(CLOCK_MONOTONIC);
}

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct run *r = ctx;
  exit_unless(len == r->size && bytes[0] == 'x', "a wrong message");
  /* A reading of the clock costs more than a message, so it is rare. */
  if (++r->count % 256 != 0 || r->is_over)
    return;
  r->took_s = lap_clock(CLOCK_MONOTONIC) - r->began_s;
  if (r->took_s >= RUN_S)
    GATE_CHANGE(&gate, r->is_over = true);
}

static void on_closed(void *ctx, const struct gc_ws_end *end,
                      const struct gc_err *err) {
  (void)ctx;
  (void)end;
  exit_unless(false, err->text);
}

static void open_here(void *ctx) {
  struct run *r = ctx;
  struct gc_err err = {0};
  struct gc_ws_options options = {.url = r->url,
                                  .connect = &r->connect,
                                  .message_max_bytes = 1 << 20,
                                  .idle_timeout_ms = 40000,
                                  .ping_interval_ms = 20000};
  r->events = (struct gc_ws_events){
      .open = on_open, .text = on_text, .closed = on_closed, .ctx = r};
  exit_unless(gc_ws_open(r->loop, &options, &r->events, &r->ws, &err) == GC_OK,
              err.text);
}

static void stop_counting(void *ctx) {
  struct run *r = ctx;
  gc_ws_free(r->ws);
  r->ws = NULL;
}

static bool is_over(void *ctx) { return ((struct run *)ctx)->is_over; }

static void bench_socket(size_t size, const struct certs *certs) {
  struct gc_buf frames = frames_of(size);
  struct server *s =
      server_start(&(struct server_plan){.serve = send_frames,
                                         .ctx = &frames,
                                         .cert = certs ? certs->server : NULL});
  char url[64], ca[96] = "";
  snprintf(url, sizeof(url), "%s://localhost:%d/", certs ? "wss" : "ws",
           server_port(s));
  struct run r = {.connect = test_client_connect(), .url = url, .size = size};
  if (certs != NULL) {
    snprintf(ca, sizeof(ca), "%s", certs->ca);
    r.connect.ca_cert = ca;
  }
  struct gc_err err = {0};
  r.loop = gc_loop_new(&err);
  exit_unless(r.loop != NULL &&
                  gc_loop_start(r.loop, "gc-bench", &err) == GC_OK,
              err.text);
  gc_loop_call(r.loop, open_here, &r);
  exit_unless(gate_wait(&gate, is_over, &r), "too slow");
  gc_loop_call(r.loop, stop_counting, &r);
  print_rate(certs ? "socket, TLS" : "socket, plain", size, (double)r.count,
             r.took_s);
  gc_loop_stop(r.loop);
  gc_loop_free(r.loop);
  server_stop(s);
  gc_buf_clear(&frames);
}

int main(void) {
  struct certs certs;
  certs_make(&certs);
  for (size_t i = 0; i < GC_COUNT(sizes); i++)
    bench_frames(sizes[i]);
  for (size_t i = 0; i < GC_COUNT(sizes); i++) {
    bench_socket(sizes[i], NULL);
    bench_socket(sizes[i], &certs);
  }
  certs_remove(&certs);
  return 0;
}
