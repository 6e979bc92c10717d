/* SPDX-License-Identifier: MIT */
#include "common/net/socket/tcp_stream.h"

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/resolver.h"
#include "tests/support/stream_bench.h"
#include "tests/support/test_loop.h"
#include "tests/support/test_request.h"
#include "tests/support/web.h"

static void a_stream_has_a_connection_of_its_own(void) {
  struct server *web = server_start(&(struct server_plan){.serve = web_serve});
  char page[128];
  snprintf(page, sizeof(page), "http://localhost:%d/hello", server_port(web));
  struct test_client a;
  struct test_request q;
  test_client_begin(&a, NULL);
  CHECK(test_request_get(&q, &a, page)); /* its connection is kept */
  struct exchange t = tcp_exchange_of(page);
  t.loop = a.loop;
  gc_loop_call(a.loop, tcp_exchange_open_here, &t);
  CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_opened, &t));
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (server_accepted(web) < 2 && gc_clock_now_ms() < until_ms)
    gc_loop_call(a.loop, tcp_exchange_nothing, NULL);
  CHECK_INT(server_accepted(web), 2);
  CHECK(test_request_get(&q, &a, page)); /* and used again */
  CHECK_STR(q.got, "hello");
  gc_loop_call(a.loop, tcp_exchange_free_here, &t);
  test_client_end(&a);
  CHECK_INT(server_accepted(web), 2);
  server_stop(web);
}

/* `url` NULL: the URL of a server that runs `serve`. */
struct start_row {
  const char *name, *url, *scheme, *cert;
  void (*serve)(struct conn *c, void *ctx);
  struct proxy_plan plan;
  bool has_proxy;
  enum gc_failure failure;
  enum gc_code code;
  const char *words;
};

static void fail_to_start(const struct start_row *row) {
  CHECK_ROW(row->name);
  struct proxy_plan plan = row->plan;
  struct server *s = server_start(&(struct server_plan){
      .serve = row->serve != NULL ? row->serve : serve_park,
      .cert = row->cert});
  struct server *p =
      server_start(&(struct server_plan){.serve = proxy_serve, .ctx = &plan});
  char proxy[128];
  snprintf(proxy, sizeof(proxy), "http://user:" WAYS_PASSWORD "@localhost:%d",
           server_port(p));
  struct exchange t = tcp_exchange_of(
      row->url != NULL ? row->url : stream_url_at(s, row->scheme));
  t.connect.ca_cert = stream_certs.ca;
  t.connect.connect_timeout_ms =
      row->failure == GC_FAILURE_TIMEOUT ? 150 : 10000;
  t.connect.proxy = row->has_proxy ? proxy : NULL;
  uint64_t began_ms = gc_clock_now_ms();
  tcp_exchange_begin(&t);
  CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_closed, &t));
  CHECK(gc_clock_now_ms() - began_ms < 9000);
  CHECK_INT(t.opened, 0);
  CHECK_INT(t.closed, 1);
  CHECK_INT(t.failure, row->failure);
  CHECK_INT(t.err.code, row->code);
  CHECK_HAS(t.err.text, row->words);
  CHECK(strstr(t.err.text, "s3cret") == NULL);
  CHECK(strstr(t.err.text, WAYS_PASSWORD) == NULL);
  tcp_exchange_end(&t);
  server_stop(p);
  server_stop(s);
}

static void a_server_that_cannot_be_reached_is_reported_with_the_reason(void) {
  const struct start_row rows[] = {
      {.name = "no address, wss",
       .url = "https://nowhere.test/?token=s3cret",
       .failure = GC_FAILURE_RESOLVE,
       .code = GC_ERR_NETWORK,
       .words = "nowhere.test:443: "},
      {.name = "no address, ws",
       .url = "HTTP://nowhere.test/?token=s3cret",
       .failure = GC_FAILURE_RESOLVE,
       .code = GC_ERR_NETWORK,
       .words = "nowhere.test:80: "},
      {.name = "no server",
       .url = "https://localhost:1/",
       .failure = GC_FAILURE_CONNECT,
       .code = GC_ERR_NETWORK,
       .words = "check Region"},
      {.name = "expired",
       .scheme = "wss",
       .cert = stream_certs.expired,
       .failure = GC_FAILURE_TLS,
       .code = GC_ERR_TLS,
       .words = "check CACert"},
      {.name = "another host's certificate",
       .scheme = "wss",
       .cert = stream_certs.wrong_host,
       .failure = GC_FAILURE_TLS,
       .code = GC_ERR_TLS,
       .words = "another host's"},
      {.name = "no TLS handshake",
       .scheme = "wss",
       .failure = GC_FAILURE_TIMEOUT,
       .code = GC_ERR_TIMEOUT,
       .words = "check Timeout"},
      {.name = "the resolver hangs",
       .url = "https://hang.test/",
       .failure = GC_FAILURE_TIMEOUT,
       .code = GC_ERR_TIMEOUT,
       .words = "check Timeout"},
      {.name = "the proxy is silent",
       .scheme = "ws",
       .plan = {.is_silent = true},
       .has_proxy = true,
       .failure = GC_FAILURE_TIMEOUT,
       .code = GC_ERR_TIMEOUT,
       .words = "check Timeout"},
      {.name = "the proxy refuses the password",
       .scheme = "wss",
       .plan = {.basic = "b3RoZXI6b3RoZXI="},
       .has_proxy = true,
       .failure = GC_FAILURE_PROXY,
       .code = GC_ERR_NETWORK,
       .words = "it wants a user and a password"},
      {.name = "the proxy refuses",
       .scheme = "ws",
       .plan = {.refuse = 403},
       .has_proxy = true,
       .failure = GC_FAILURE_PROXY,
       .code = GC_ERR_NETWORK,
       .words = "answered 403"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    fail_to_start(&rows[i]);
  resolver_release();
}

static void a_stop_while_connecting_does_not_hang(void) {
  struct exchange t = tcp_exchange_of("https://hang.test/");
  tcp_exchange_begin(&t);
  while (resolver_hanging() == 0)
    gc_loop_call(t.loop, tcp_exchange_nothing, NULL);
  uint64_t began_ms = gc_clock_now_ms();
  tcp_exchange_end(&t);
  CHECK(gc_clock_now_ms() - began_ms < 30000);
  CHECK_INT(t.opened + t.closed, 0);
  resolver_release();
}

int main(void) {
  stream_bench_begin();
  RUN(a_stream_has_a_connection_of_its_own);
  RUN(a_server_that_cannot_be_reached_is_reported_with_the_reason);
  RUN(a_stop_while_connecting_does_not_hang);
  stream_bench_end();
  return check_done();
}
