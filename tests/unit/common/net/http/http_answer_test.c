/* SPDX-License-Identifier: MIT */
#include "common/net/http/http.h"

#include "tests/support/check.h"
#include "tests/support/http_bench.h"
#include "tests/support/web.h"

static void a_body_goes_to_the_sink(void) {
  struct test_request q;
  http_get_with(&q, NULL, http_url_of("/hello"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_INT(q.reply.status, 200);
  CHECK_STR(q.got, "hello");
  CHECK_INT(q.reply.bytes, 5);
  CHECK_INT(q.reply.body.len, 0);
  CHECK_INT(q.begins, 1);
  CHECK(q.reply.is_json);
  CHECK_STR(q.err.text, "");
  CHECK(q.x.transport_data == NULL);
}

static void without_a_sink_the_body_is_kept(void) {
  struct test_client a;
  struct test_request q;
  test_client_begin(&a, NULL);
  test_request_init(&q, &a, http_url_of("/hello"));
  q.x.sink = NULL;
  test_request_start(&q);
  CHECK(test_request_wait(&q));
  CHECK_STR(q.body, "hello");
  test_client_end(&a);
}

static void any_cut_of_the_answer_gives_the_same_body(void) {
  struct test_request q;
  http_get_with(&q, NULL, http_url_of("/byte-by-byte"));
  CHECK_STR(q.got, "0123456789");
  CHECK_INT(q.begins, 1);
}

static void chunks_are_put_together(void) {
  struct test_request q;
  http_get_with(&q, NULL, http_url_of("/chunked"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_STR(q.got, "first second");
}

static void gzip_is_requested_and_decoded(void) {
  struct test_request q;
  http_get_with(&q, NULL, http_url_of("/gzip"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_STR(q.got, "hello, gzip");
  CHECK_INT(q.reply.bytes, 11);
  struct request r = web_last();
  CHECK_HAS(r.head, "\r\nAccept-Encoding: gzip\r\n");
}

static void all_members_of_a_gzip_body_are_read(void) {
  struct test_request q;
  http_get_with(&q, NULL, http_url_of("/gzip-members"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_STR(q.got, "hello, gzip");
  CHECK_INT(q.reply.bytes, 11);
}

static void a_redirect_is_an_answer_and_not_followed(void) {
  struct test_request q;
  struct server *s = server_start(&(struct server_plan){.serve = web_serve});
  http_get_with(&q, NULL, http_url_at(s, "http", "/redirect"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_INT(q.reply.status, 302);
  CHECK_STR(q.body, "elsewhere");
  CHECK_INT(q.begins, 1);
  CHECK_INT(q.writes, 0);
  CHECK_INT(server_accepted(s), 1);
  server_stop(s);
}

static void the_first_64_kb_of_an_error_are_kept_and_the_rest_is_read(void) {
  struct test_request q;
  http_get_with(&q, NULL, http_url_of("/large-error"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_INT(q.reply.status, 500);
  CHECK_INT(q.reply.body.len, 65536);
  CHECK_INT(q.reply.bytes, 102400);
}

static void an_error_without_end_is_cut_and_stays_an_answer(void) {
  static const char *const paths[] = {"/endless-error", "/bomb-error"};
  for (size_t i = 0; i < GC_COUNT(paths); i++) {
    CHECK_ROW(paths[i]);
    struct test_request q;
    http_get_with(&q, NULL, http_url_of(paths[i]));
    CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
    CHECK(q.reply.status >= 500);
    CHECK_INT(q.reply.body.len, 65536);
  }
}

static void early_hints_leave_no_trace(void) {
  struct test_request q;
  http_get_with(&q, NULL, http_url_of("/continued"));
  CHECK_INT(q.reply.status, 200);
  CHECK_STR(q.got, "ok");
  CHECK(!q.reply.has_retry_after);
  CHECK(!q.reply.is_json);
}

static void retry_after_is_read_in_both_forms(void) {
  static const struct {
    const char *query;
    bool has;
    uint32_t s;
  } rows[] = {
      {"?30", true, 30},
      {"?0", true, 0},
      {"?99999999999999999999", true, UINT32_MAX},
      {"?Tue,+15+Nov+1994+08:13:31+GMT", true, 60}, /* Date + 60 s */
      {"?Tue,+15+Nov+1994+08:00:00+GMT", true, 0},  /* past */
      {"?soon", false, 0},
      {"?-5", false, 0},
      {"?", false, 0},
  };
  struct test_client a;
  test_client_begin(&a, NULL);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].query);
    char path[128];
    snprintf(path, sizeof(path), "/throttled%s", rows[i].query);
    struct test_request q;
    CHECK(test_request_get(&q, &a, http_url_of(path)));
    CHECK_INT(q.reply.status, 429);
    CHECK_INT(q.reply.has_retry_after, rows[i].has);
    CHECK_INT(q.reply.retry_after_s, rows[i].s);
    CHECK_INT(q.reply.date_ms, 784887151000);
    CHECK(q.reply.is_json);
    /* control bytes, DEL and bytes past ASCII are left out */
    CHECK_STR(q.reply.correlation, "0a1bx-2c3d");
  }
  test_client_end(&a);
}

int main(void) {
  http_bench_begin();
  RUN(a_body_goes_to_the_sink);
  RUN(without_a_sink_the_body_is_kept);
  RUN(any_cut_of_the_answer_gives_the_same_body);
  RUN(chunks_are_put_together);
  RUN(gzip_is_requested_and_decoded);
  RUN(all_members_of_a_gzip_body_are_read);
  RUN(a_redirect_is_an_answer_and_not_followed);
  RUN(the_first_64_kb_of_an_error_are_kept_and_the_rest_is_read);
  RUN(an_error_without_end_is_cut_and_stays_an_answer);
  RUN(early_hints_leave_no_trace);
  RUN(retry_after_is_read_in_both_forms);
  http_bench_end();
  return check_done();
}
