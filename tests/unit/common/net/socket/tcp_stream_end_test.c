/* SPDX-License-Identifier: MIT */
#include "common/net/socket/tcp_stream.h"

#include <dirent.h>

#include "tests/support/check.h"
#include "tests/support/stream_bench.h"
#include "tests/support/test_loop.h"
#include "tests/support/test_request.h"
#include "tests/support/web.h"

static void greet_and_close(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[10];
  for (size_t i = 0; i < sizeof(bytes); i++)
    bytes[i] = stream_pattern(i);
  conn_write(c, bytes, sizeof(bytes));
}

/* Resets after the first byte: before it, the reset may overtake the
 * connection. */
static void reset_client(struct conn *c, void *ctx) {
  (void)ctx;
  char byte;
  conn_read(c, &byte, 1);
  conn_reset(c);
}

static void the_end_is_reported_once_with_its_reason(void) {
  static const struct {
    const char *name;
    void (*serve)(struct conn *c, void *ctx);
    enum gc_failure failure;
    size_t got;
    const char *words;
  } rows[] = {
      {"peer closes", greet_and_close, GC_FAILURE_NONE, 10,
       "closed by the other side"},
      {"peer resets", reset_client, GC_FAILURE_BROKEN, 0, "localhost:"},
  };
  for (size_t i = 0; i < 2 * GC_COUNT(rows); i++) {
    size_t n = i / 2;
    CHECK_ROW(rows[n].name);
    struct road r;
    road_begin(&r, &ways[i % 2], rows[n].serve, NULL);
    r.exchange.to_send = n;
    tcp_exchange_begin(&r.exchange);
    CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_closed, &r.exchange));
    gc_loop_call(r.exchange.loop, tcp_exchange_nothing, NULL);
    CHECK_INT(r.exchange.closed, 1);
    CHECK_INT(r.exchange.failure, rows[n].failure);
    CHECK_INT(r.exchange.err.code, GC_ERR_NETWORK);
    CHECK_INT(r.exchange.got, rows[n].got);
    CHECK_INT(r.exchange.wrong, 0);
    CHECK_HAS(r.exchange.err.text, rows[n].words);
    struct gc_err err = {0};
    CHECK_INT(gc_stream_send(r.exchange.stream, "x", 1, &err), GC_ERR_NETWORK);
    tcp_road_end(&r);
  }
}

static unsigned open_files(void) {
  unsigned count = 0;
  DIR *dir = opendir("/proc/self/fd");
  while (dir != NULL && readdir(dir) != NULL)
    count++;
  if (dir != NULL)
    closedir(dir);
  return count;
}

static void free_closes_the_connection(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct slow_reader readers[20];
    struct gc_loop *loop = test_loop_start();
    unsigned before = 0;
    for (size_t n = 0; n < GC_COUNT(readers); n++) {
      readers[n] = (struct slow_reader){.may_read = true};
      struct server *s = server_start(
          &(struct server_plan){.serve = serve_read_late,
                                .ctx = &readers[n],
                                .cert = i == 1 ? stream_certs.server : NULL});
      struct exchange t = tcp_exchange_of(stream_url_at(s, ways[i].scheme));
      t.connect.ca_cert = stream_certs.ca;
      t.to_send = 1000;
      t.loop = loop;
      gc_loop_call(loop, tcp_exchange_open_here, &t);
      CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_opened, &t));
      gc_loop_call(loop, tcp_exchange_free_here, &t);
      CHECK(gate_wait(&tcp_exchange_gate, slow_reader_has_ended, &readers[n]));
      CHECK_INT(readers[n].got, 1000);
      CHECK_INT(t.closed, 0);
      server_stop(s);
      if (n == 0)
        before = open_files();
    }
    CHECK_INT(open_files(), before);
    gc_loop_stop(loop);
    gc_loop_free(loop);
  }
}

static void free_now(struct exchange *t) { tcp_exchange_free_here(t); }

static void a_stream_may_be_freed_inside_its_callbacks(void) {
  static const char *const names[] = {"open", "read", "closed",
                                      "closed by a failure"};
  for (size_t i = 0; i < 2 * GC_COUNT(names); i++) {
    size_t n = i / 2;
    CHECK_ROW(names[n]);
    struct road r;
    road_begin(&r, &ways[i % 2], n == 3 ? reset_client : greet_and_close, NULL);
    r.exchange.to_send = n == 3;
    if (n == 0)
      r.exchange.on_open = free_now;
    if (n == 1)
      r.exchange.on_read = free_now;
    if (n >= 2)
      r.exchange.on_closed = free_now;
    tcp_exchange_begin(&r.exchange);
    if (n == 0)
      CHECK(
          gate_wait(&tcp_exchange_gate, tcp_exchange_has_opened, &r.exchange));
    if (n == 1)
      CHECK(tcp_exchange_got(&r.exchange, 10));
    if (n >= 2)
      CHECK(
          gate_wait(&tcp_exchange_gate, tcp_exchange_has_closed, &r.exchange));
    gc_loop_call(r.exchange.loop, tcp_exchange_nothing, NULL);
    CHECK_INT(r.exchange.closed, n >= 2);
    CHECK(r.exchange.stream == NULL);
    tcp_road_end(&r);
  }
}

/* Inside a sink libcurl itself allows no call (CURLM_RECURSIVE_API_CALL). */
static void send_in_sink(struct test_request *q) { tcp_exchange_pump(q->ctx); }
static void free_in_sink(struct test_request *q) {
  tcp_exchange_free_here(q->ctx);
}
static void open_in_sink(struct test_request *q) {
  tcp_exchange_open_here(q->ctx);
}
static void open_and_free_in_sink(struct test_request *q) {
  tcp_exchange_open_here(q->ctx);
  tcp_exchange_free_here(q->ctx);
}

static void streams_may_be_used_inside_a_sink(void) {
  static const struct {
    const char *name;
    void (*inside)(struct test_request *q);
    bool opens_before;
    size_t got;
  } rows[] = {{"send", send_in_sink, true, 5000},
              {"free", free_in_sink, true, 0},
              {"open", open_in_sink, false, 5000},
              {"open and free", open_and_free_in_sink, false, 0}};
  struct server *web = server_start(&(struct server_plan){.serve = web_serve});
  struct server *s = server_start(
      &(struct server_plan){.serve = serve_echo, .cert = stream_certs.server});
  char page[128];
  snprintf(page, sizeof(page), "http://localhost:%d/hello", server_port(web));
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct test_client a;
    struct test_request q;
    test_client_begin(&a, NULL);
    struct exchange t = tcp_exchange_of(stream_url_at(s, "wss"));
    t.connect.ca_cert = stream_certs.ca;
    t.loop = a.loop;
    if (rows[i].opens_before) {
      gc_loop_call(a.loop, tcp_exchange_open_here, &t);
      CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_opened, &t));
      gc_loop_call(a.loop, tcp_exchange_nothing,
                   NULL); /* on_open has returned */
    }
    t.to_send = 5000;
    test_request_init(&q, &a, page);
    q.ctx = &t;
    q.inside = rows[i].inside;
    test_request_start(&q);
    CHECK(test_request_wait(&q));
    CHECK_STR(q.got, "hello");
    if (rows[i].got > 0)
      CHECK(tcp_exchange_got(&t, rows[i].got));
    gc_loop_call(a.loop, tcp_exchange_free_here, &t);
    CHECK_INT(t.closed, 0);
    CHECK_INT(t.wrong, 0);
    test_client_end(&a);
  }
  server_stop(s);
  server_stop(web);
}

int main(void) {
  stream_bench_begin();
  RUN(the_end_is_reported_once_with_its_reason);
  RUN(free_closes_the_connection);
  RUN(a_stream_may_be_freed_inside_its_callbacks);
  RUN(streams_may_be_used_inside_a_sink);
  stream_bench_end();
  return check_done();
}
