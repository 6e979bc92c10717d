/* SPDX-License-Identifier: MIT */
#include "common/net/http/http.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/http_bench.h"
#include "tests/support/web.h"

static void methods_and_bodies_arrive_as_they_are(void) {
  static const struct {
    const char *method, *body, *want_line, *want_length, *want_body;
  } rows[] = {
      {"GET", NULL, "GET /echo HTTP/1.1\r\n", NULL, ""},
      {"HEAD", NULL, "HEAD /echo HTTP/1.1\r\n", NULL, ""},
      {"POST", "{\"a\":1}", "POST /echo HTTP/1.1\r\n", "7", "{\"a\":1}"},
      {"POST", NULL, "POST /echo HTTP/1.1\r\n", "0", ""},
      {"PUT", "x", "PUT /echo HTTP/1.1\r\n", "1", "x"},
      {"PUT", NULL, "PUT /echo HTTP/1.1\r\n", "0", ""},
      {"DELETE", NULL, "DELETE /echo HTTP/1.1\r\n", NULL, ""},
      {"DELETE", "y", "DELETE /echo HTTP/1.1\r\n", "1", "y"},
  };
  struct test_client a;
  test_client_begin(&a, NULL);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want_line);
    struct test_request q;
    test_request_init(&q, &a, http_url_of("/echo"));
    q.x.method = rows[i].method;
    q.x.body = rows[i].body;
    q.x.body_len = rows[i].body != NULL ? strlen(rows[i].body) : 0;
    test_request_start(&q);
    CHECK(test_request_wait(&q));
    CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
    struct request r = web_last();
    CHECK_THAT(strncmp(r.head, rows[i].want_line, strlen(rows[i].want_line)) ==
                   0,
               "%s", r.head);
    CHECK_STR(r.body, rows[i].want_body);
    CHECK_HAS(r.head, "\r\nAuthorization: Bearer " TEST_BEARER "\r\n");
    CHECK_HAS(r.head, "\r\nUser-Agent: collectd-genesys/");
    char length[32];
    snprintf(length, sizeof(length), "\r\nContent-Length: %s\r\n",
             rows[i].want_length != NULL ? rows[i].want_length : "");
    CHECK((strstr(r.head, length) != NULL) == (rows[i].want_length != NULL));
  }
  test_client_end(&a);
}

/* From 1 MB on libcurl would send "Expect: 100-continue" and wait for a
 * second. */
static void a_large_body_is_sent_without_expect_100(void) {
  enum { LARGE = 2 * 1024 * 1024 };
  struct test_client a;
  struct test_request q;
  char *body = malloc(LARGE);
  if (body == NULL)
    exit(1);
  memset(body, 'x', LARGE);
  test_client_begin(&a, NULL);
  test_request_init(&q, &a, http_url_of("/echo"));
  q.x.method = "POST";
  q.x.body = body;
  q.x.body_len = LARGE;
  test_request_start(&q);
  CHECK(test_request_wait(&q));
  struct request r = web_last();
  CHECK_HAS(r.head, "\r\nContent-Length: 2097152\r\n");
  CHECK(strstr(r.head, "Expect:") == NULL);
  test_client_end(&a);
  free(body);
}

static void a_header_with_a_line_break_is_refused(void) {
  static const char *const headers[] = {"X: a\r\nY: b", NULL};
  struct test_client a;
  struct test_request q;
  test_client_begin(&a, NULL);
  test_request_init(&q, &a, http_url_of("/hello"));
  q.x.headers = headers;
  test_request_start(&q);
  CHECK_INT(q.start_code, GC_ERR_REQUEST);
  CHECK(q.x.transport_data == NULL);
  CHECK(test_request_get(&q, &a, http_url_of("/hello")));
  CHECK_STR(q.got, "hello");
  test_client_end(&a);
}

static void an_exchange_that_runs_is_not_started_again(void) {
  struct test_client a;
  struct test_request q;
  test_client_begin(&a, NULL);
  test_request_init(&q, &a, http_url_of("/never"));
  test_request_start(&q);
  CHECK_INT(q.start_code, GC_OK);
  test_request_start(&q);
  CHECK_INT(q.start_code, GC_ERR_REQUEST);
  test_request_cancel(&q);
  test_client_end(&a);
}

static void one_connection_serves_all_requests(void) {
  struct test_client a;
  test_client_begin(&a, NULL);
  struct server *s = server_start(&(struct server_plan){.serve = web_serve});
  for (int i = 0; i < 10; i++) {
    const char *path = i % 2 == 0 ? "/hello" : "/large-error";
    struct test_request q;
    CHECK(test_request_get(&q, &a, http_url_at(s, "http", path)));
    CHECK_INT(q.reply.status, i % 2 == 0 ? 200 : 500);
    CHECK_INT(q.reply.is_new_connection, i == 0);
    CHECK(!q.reply.closes_connection);
  }
  CHECK_INT(server_accepted(s), 1);
  test_client_end(&a);
  server_stop(s);
}

/* All fifty connections are also kept for the next burst. */
static void fifty_requests_at_once_are_all_answered(void) {
  enum { MANY = 50 };
  struct test_client a;
  test_client_begin(&a, NULL);
  struct server *s = server_start(&(struct server_plan){.serve = web_serve});
  char hello[128], chunked[128];
  snprintf(hello, sizeof(hello), "%s", http_url_at(s, "http", "/hello"));
  snprintf(chunked, sizeof(chunked), "%s", http_url_at(s, "http", "/chunked"));
  struct test_request *all = calloc(MANY, sizeof(*all));
  for (int round = 0; all != NULL && round < 3; round++) {
    for (int i = 0; i < MANY; i++)
      test_request_init(&all[i], &a, i % 2 == 0 ? hello : chunked);
    test_request_start_all(all, MANY);
    for (int i = 0; i < MANY; i++) {
      CHECK(test_request_wait(&all[i]));
      CHECK_STR(all[i].got, i % 2 == 0 ? "hello" : "first second");
      CHECK_INT(all[i].done_count, 1);
    }
  }
  free(all);
  test_client_end(&a);
  CHECK_INT(server_accepted(s), MANY);
  server_stop(s);
}

int main(void) {
  http_bench_begin();
  RUN(methods_and_bodies_arrive_as_they_are);
  RUN(a_large_body_is_sent_without_expect_100);
  RUN(a_header_with_a_line_break_is_refused);
  RUN(an_exchange_that_runs_is_not_started_again);
  RUN(one_connection_serves_all_requests);
  RUN(fifty_requests_at_once_are_all_answered);
  http_bench_end();
  return check_done();
}
