/* SPDX-License-Identifier: MIT */
#include "common/net/http/http.h"

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/http_bench.h"
#include "tests/support/resolver.h"
#include "tests/support/web.h"

static void failures_have_their_kind_and_their_words(void) {
  char refused[64];
  struct server *gone = server_start(&(struct server_plan){.serve = web_serve});
  snprintf(refused, sizeof(refused), "http://localhost:%d/", server_port(gone));
  server_stop(gone);

  const struct {
    const char *url;
    enum gc_failure failure;
    enum gc_code code;
    const char *words;
  } rows[] = {
      {refused, GC_FAILURE_CONNECT, GC_ERR_NETWORK, "check Region"},
      {"http://nowhere.test/x?token=" HTTP_QUERY_SECRET, GC_FAILURE_RESOLVE,
       GC_ERR_NETWORK, "nowhere.test:80: "},
      {"http://nowhere.test:81/x", GC_FAILURE_RESOLVE, GC_ERR_NETWORK,
       "check Region (or BaseURL) and DNS"},
      {http_url_of("/cut-off?" HTTP_QUERY_SECRET), GC_FAILURE_BROKEN,
       GC_ERR_NETWORK, "the answer was cut off"},
      {http_url_of("/reset?" HTTP_QUERY_SECRET), GC_FAILURE_BROKEN,
       GC_ERR_NETWORK, "localhost:"},
      {http_url_of("/hang-up"), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "closed the connection"},
      {http_url_of("/not-http"), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "does not speak HTTP"},
      {http_url_of("/bad-version"), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "does not speak HTTP"},
      {http_url_of("/not-gzip"), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "the answer has Content-Encoding \"gzip\"; its body is no gzip"},
      {http_url_of("/gzip-cut"), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "its gzip body does not end"},
      {http_url_of("/brotli"), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "Content-Encoding \"br\"; gzip was requested"},
      {http_url_of("/many-headers"), GC_FAILURE_LIMIT, GC_ERR_LIMIT, "headers"},
      {http_url_of("/long-header"), GC_FAILURE_LIMIT, GC_ERR_LIMIT, "header"},
      {http_url_of("/large"), GC_FAILURE_LIMIT, GC_ERR_LIMIT,
       "larger than 65536 bytes"},
      {http_url_of("/bomb"), GC_FAILURE_LIMIT, GC_ERR_LIMIT,
       "larger than 65536 bytes"},
      {http_url_of("/wants-login"), GC_FAILURE_PROXY, GC_ERR_NETWORK, "407"},
      {"ftp://localhost/" HTTP_QUERY_SECRET, GC_FAILURE_LOCAL, GC_ERR_CONFIG,
       "only http and https"},
      {"http://local host/?" HTTP_QUERY_SECRET, GC_FAILURE_LOCAL, GC_ERR_CONFIG,
       "check BaseURL"},
      {"https://localhost:1/", GC_FAILURE_CONNECT, GC_ERR_NETWORK,
       "localhost:1: "},
  };
  struct test_client a;
  test_client_begin(&a, NULL);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    struct test_request q;
    CHECK(test_request_get(&q, &a, rows[i].url));
    CHECK_INT(q.reply.failure, rows[i].failure);
    CHECK_INT(q.err.code, rows[i].code);
    CHECK_HAS(q.err.text, rows[i].words);
    CHECK_INT(q.done_count, 1);
  }
  test_client_end(&a);
}

/* SQS and STS are no Region of Genesys Cloud. */
static void the_advice_names_the_option_of_the_address(void) {
  static const struct gc_connect connect = {.connect_timeout_ms = 5000,
                                            .address_option = "QueueURL"};
  struct test_request q;
  http_get_with(&q, &connect, "https://nowhere.test/");
  CHECK_HAS(q.err.text, "; check QueueURL and DNS");
}

static void time_outs_end_exchanges_that_hang(void) {
  const struct {
    const char *url;
    uint32_t timeout_ms, connect_timeout_ms;
    int status;
  } rows[] = {
      {http_url_of("/never"), 150, 60000, 0},
      {http_url_of("/half-then-never"), 150, 60000, 200},
      {"http://hang.test/", 60000, 150, 0}, /* the resolver hangs */
      {"http://hang.test/", 150, 60000, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    struct gc_connect connect = test_client_connect();
    connect.timeout_ms = rows[i].timeout_ms;
    connect.connect_timeout_ms = rows[i].connect_timeout_ms;
    struct test_request q;
    uint64_t began_ms = gc_clock_now_ms();
    http_get_with(&q, &connect, rows[i].url);
    CHECK(gc_clock_now_ms() - began_ms < 30000);
    CHECK_INT(q.reply.failure, GC_FAILURE_TIMEOUT);
    CHECK_INT(q.err.code, GC_ERR_TIMEOUT);
    CHECK_INT(q.reply.status, rows[i].status);
    CHECK_HAS(q.err.text, "check Timeout");
  }
  resolver_release();
}

static void a_hanging_resolver_holds_neither_the_loop_nor_the_stop(void) {
  struct test_client a;
  struct test_request hanging, other;
  test_client_begin(&a, NULL);
  test_request_init(&hanging, &a, "http://hang.test/");
  test_request_start(&hanging);
  CHECK(test_request_get(&other, &a, http_url_of("/hello")));
  CHECK_STR(other.got, "hello");
  CHECK_INT(hanging.done_count, 0);

  uint64_t began_ms = gc_clock_now_ms();
  test_client_end(&a);
  CHECK(gc_clock_now_ms() - began_ms < 30000);
  CHECK_INT(hanging.done_count, 0);
  CHECK(hanging.x.transport_data == NULL);
  resolver_release();
}

static void the_sink_may_refuse(void) {
  struct test_client a;
  struct test_request q;
  test_client_begin(&a, NULL);
  test_request_init(&q, &a, http_url_of("/large"));
  q.sink_answer = GC_ERR_PARSE;
  q.x.body_max = 1 << 20;
  test_request_start(&q);
  CHECK(test_request_wait(&q));
  CHECK_INT(q.reply.failure, GC_FAILURE_SINK);
  CHECK_INT(q.err.code, GC_ERR_PARSE);
  CHECK_STR(q.err.text, "the sink refuses it");
  CHECK_INT(q.writes, 1);
  test_client_end(&a);
}

int main(void) {
  http_bench_begin();
  RUN(failures_have_their_kind_and_their_words);
  RUN(the_advice_names_the_option_of_the_address);
  RUN(time_outs_end_exchanges_that_hang);
  RUN(a_hanging_resolver_holds_neither_the_loop_nor_the_stop);
  RUN(the_sink_may_refuse);
  RUN(http_no_words_hold_a_secret);
  http_bench_end();
  return check_done();
}
