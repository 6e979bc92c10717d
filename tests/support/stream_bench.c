/* SPDX-License-Identifier: MIT */
#include "tests/support/stream_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/loop_rounds.h"
#include "tests/support/test_loop.h"
#include "tests/support/test_request.h"

struct certs stream_certs;
struct gate tcp_exchange_gate = GATE_INIT;

char stream_pattern(size_t i) { return (char)(i ^ (i >> 8) ^ (i >> 16)); }

void tcp_exchange_pump(struct exchange *t) {
  char bytes[16384];
  while (t->stream != NULL && t->sent < t->to_send) {
    size_t len = t->to_send - t->sent;
    if (len > t->piece)
      len = t->piece;
    for (size_t i = 0; i < len; i++)
      bytes[i] = stream_pattern(t->sent + i);
    struct gc_err err = {0};
    enum gc_code code = gc_stream_send(t->stream, bytes, len, &err);
    t->saw_limit |= code == GC_ERR_LIMIT;
    if (code != GC_OK)
      return;
    t->sent += len;
  }
}

static void on_open(void *ctx) {
  struct exchange *t = ctx;
  GATE_CHANGE(&tcp_exchange_gate, t->opened++);
  if (t->on_open != NULL)
    t->on_open(t);
  tcp_exchange_pump(t);
}

static void count_round(struct exchange *t, size_t len) {
  uint64_t round = loop_rounds();
  if (round != t->round)
    t->round_got = 0;
  t->round = round;
  t->round_got += len;
  if (t->round_got > t->round_max)
    t->round_max = t->round_got;
}

static void on_read(void *ctx, const char *bytes, size_t len) {
  struct exchange *t = ctx;
  count_round(t, len);
  size_t wrong = 0;
  for (size_t i = 0; i < len; i++)
    wrong += bytes[i] != stream_pattern(t->got + i);
  GATE_CHANGE(&tcp_exchange_gate, {
    t->got += len;
    t->wrong += wrong;
  });
  if (t->on_read != NULL)
    t->on_read(t);
  tcp_exchange_pump(t);
}

static void on_closed(void *ctx, enum gc_failure failure,
                      const struct gc_err *err) {
  struct exchange *t = ctx;
  GATE_CHANGE(&tcp_exchange_gate, {
    t->closed++;
    t->failure = failure;
    t->err = *err;
  });
  if (t->on_closed != NULL)
    t->on_closed(t);
}

bool tcp_exchange_has_opened(void *ctx) {
  struct exchange *t = ctx;
  return t->opened + t->closed > 0;
}
bool tcp_exchange_has_closed(void *ctx) {
  return ((struct exchange *)ctx)->closed > 0;
}
static bool has_got(void *ctx) {
  struct exchange *t = ctx;
  return t->got >= t->want || t->closed > 0;
}

bool tcp_exchange_is_closed(struct exchange *t) {
  bool closed = false;
  GATE_CHANGE(&tcp_exchange_gate, closed = t->closed > 0);
  return closed;
}

struct exchange tcp_exchange_of(const char *url) {
  return (struct exchange){
      .connect = test_client_connect(), .url = url, .piece = 16384};
}

void tcp_exchange_open_here(void *ctx) {
  struct exchange *t = ctx;
  t->events = (struct gc_stream_events){on_open, on_read, on_closed, t};
  t->open_code = gc_stream_open(t->loop, t->url, &t->connect, &t->events,
                                &t->stream, &t->open_err);
}

void tcp_exchange_free_here(void *ctx) {
  struct exchange *t = ctx;
  gc_stream_free(t->stream);
  t->stream = NULL;
}

void tcp_exchange_pump_here(void *ctx) { tcp_exchange_pump(ctx); }

void tcp_exchange_nothing(void *ctx) { (void)ctx; }

void tcp_exchange_begin(struct exchange *t) {
  t->loop = test_loop_start();
  gc_loop_call(t->loop, tcp_exchange_open_here, t);
  CHECK_INT(t->open_code, GC_OK);
}

void tcp_exchange_end(struct exchange *t) {
  gc_loop_stop(t->loop);
  gc_stream_free(t->stream);
  gc_loop_free(t->loop);
}

bool tcp_exchange_got(struct exchange *t, size_t want) {
  t->want = want;
  return gate_wait(&tcp_exchange_gate, has_got, t) && t->got == want;
}

void serve_echo(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[16384];
  ssize_t got;
  while ((got = conn_read(c, bytes, sizeof(bytes))) > 0)
    if (!conn_write(c, bytes, (size_t)got))
      return;
}

void serve_park(struct conn *c, void *ctx) {
  (void)ctx;
  conn_park(c);
}

static bool may_read(void *ctx) {
  return ((struct slow_reader *)ctx)->may_read;
}
bool slow_reader_has_ended(void *ctx) {
  return ((struct slow_reader *)ctx)->has_ended;
}
void serve_read_late(struct conn *c, void *ctx) {
  struct slow_reader *r = ctx;
  gate_wait(&tcp_exchange_gate, may_read, r);
  char bytes[16384];
  ssize_t got;
  while ((got = conn_read(c, bytes, sizeof(bytes))) > 0) {
    for (ssize_t i = 0; i < got; i++)
      r->wrong += bytes[i] != stream_pattern(r->got + (size_t)i);
    r->got += (size_t)got;
  }
  GATE_CHANGE(&tcp_exchange_gate, r->has_ended = true);
}

const char *stream_url_at(const struct server *s, const char *scheme) {
  static char urls[16][128];
  static unsigned turn;
  char *url = urls[turn++ % 16];
  snprintf(url, sizeof(urls[0]), "%s://localhost:%d/socket?token=s3cret",
           strcmp(scheme, "wss") == 0 ? "https" : "http", server_port(s));
  return url;
}

void road_begin(struct road *r, const struct way *way,
                void (*serve)(struct conn *c, void *ctx), void *ctx) {
  ends_start(&r->ends, way, stream_certs.server, serve, ctx);
  r->exchange = tcp_exchange_of(stream_url_at(r->ends.target, way->scheme));
  r->exchange.connect.ca_cert = stream_certs.ca;
  if (r->ends.proxy != NULL)
    r->exchange.connect.proxy = r->ends.proxy_url;
}

void tcp_road_end(struct road *r) {
  tcp_exchange_end(&r->exchange);
  ends_stop(&r->ends);
}

void stream_bench_begin(void) {
  test_client_forget_proxies();
  certs_make(&stream_certs);
}

void stream_bench_end(void) { certs_remove(&stream_certs); }
