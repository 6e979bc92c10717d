/* SPDX-License-Identifier: MIT */
#include "common/net/http/http.h"

#include "tests/support/check.h"
#include "tests/support/http_bench.h"
#include "tests/support/web.h"

static void cancelled_and_freed_exchanges_are_never_done(void) {
  static const char *const paths[] = {"/never", "/half-then-never"};
  for (size_t i = 0; i < GC_COUNT(paths); i++) {
    CHECK_ROW(paths[i]);
    struct test_client a;
    struct test_request cancelled, freed, after;
    test_client_begin(&a, NULL);
    test_request_init(&cancelled, &a, http_url_of(paths[i]));
    test_request_init(&freed, &a, http_url_of(paths[i]));
    test_request_start(&cancelled);
    test_request_start(&freed);
    CHECK(test_request_get(&after, &a, http_url_of("/hello")));
    test_request_cancel(&cancelled);
    CHECK(cancelled.x.transport_data == NULL);
    test_request_cancel(&cancelled); /* a second call does nothing */
    CHECK(test_request_get(&after, &a, http_url_of("/hello")));
    test_client_end(&a);
    CHECK_INT(cancelled.done_count + freed.done_count, 0);
    CHECK(freed.x.transport_data == NULL);
  }
}

static void cancel_me(struct test_request *q) {
  struct gc_transport t = gc_http_transport(q->client->http);
  t.cancel(t.ctx, &q->x);
}

static void cancel_other(struct test_request *q) { cancel_me(q->ctx); }

static void start_other(struct test_request *q) {
  struct test_request *other = q->ctx;
  struct gc_transport t = gc_http_transport(q->client->http);
  if (other->x.transport_data == NULL)
    other->start_code = t.start(t.ctx, &other->x, NULL);
}

/* Starts and cancels one exchange before libcurl knows it. */
static void start_and_cancel_other(struct test_request *q) {
  start_other(q);
  cancel_other(q);
}

static void free_http(struct test_request *q) {
  gc_http_free(q->client->http);
  q->client->http = NULL;
}

static void cancel_other_and_free_http(struct test_request *q) {
  cancel_other(q);
  free_http(q);
}

/* Makes every call in the two places where callbacks run: `done`, and the sink,
 * which runs inside libcurl's own callback, where libcurl itself allows no
 * call. */
static void everything_may_be_called_inside_callbacks(void) {
  static const struct {
    const char *name;
    void (*what)(struct test_request *q);
    bool ends_me_in_sink, other_runs, other_done;
  } rows[] = {
      {"cancel myself", cancel_me, true, true, false},
      {"cancel another", cancel_other, false, true, false},
      {"start another", start_other, false, false, true},
      {"start and cancel another", start_and_cancel_other, false, false, false},
      {"free the transport", free_http, true, true, false},
      {"cancel another and free", cancel_other_and_free_http, true, true,
       false},
  };
  for (size_t i = 0; i < 2 * GC_COUNT(rows); i++) {
    size_t r = i / 2;
    bool in_sink = i % 2 == 1;
    CHECK_ROW(rows[r].name);
    struct test_client a;
    struct test_request q, other, third;
    test_client_begin(&a, NULL);
    test_request_init(&other, &a,
                      http_url_of(rows[r].other_done ? "/hello" : "/never"));
    if (rows[r].other_runs)
      test_request_start(&other);
    test_request_init(&third, &a, http_url_of("/never"));
    test_request_start(&third);
    test_request_init(&q, &a, http_url_of("/hello"));
    q.ctx = &other;
    if (in_sink)
      q.inside = rows[r].what;
    else
      q.after = rows[r].what;
    test_request_start(&q);

    bool ends = in_sink && rows[r].ends_me_in_sink;
    if (!ends)
      CHECK(test_request_wait(&q));
    if (rows[r].other_done)
      CHECK(test_request_wait(&other));
    struct test_request last; /* a cancelled one would have ended by now */
    if (a.http != NULL && !ends)
      CHECK(test_request_get(&last, &a, http_url_of("/hello")));
    test_client_end(&a);
    CHECK_INT(q.done_count, !ends);
    CHECK_INT(other.done_count, rows[r].other_done);
    CHECK_INT(third.done_count, 0);
  }
}

static void start_me_again(struct test_request *q) {
  struct gc_transport t = gc_http_transport(q->client->http);
  int *left = q->ctx;
  if (--*left > 0)
    q->start_code = t.start(t.ctx, &q->x, NULL);
}

static void an_exchange_may_be_started_again_by_its_end(void) {
  struct test_client a;
  struct test_request q;
  int left = 5;
  test_client_begin(&a, NULL);
  struct server *s = server_start(&(struct server_plan){.serve = web_serve});
  test_request_init(&q, &a, http_url_at(s, "http", "/hello"));
  q.ctx = &left;
  q.after = start_me_again;
  q.done_want = 5;
  test_request_start(&q);
  CHECK(test_request_wait(&q));
  test_client_end(&a);
  CHECK_INT(left, 0);
  CHECK_INT(q.done_count, 5);
  CHECK_INT(q.begins, 5);
  CHECK_STR(q.got, "hello");
  CHECK_INT(server_accepted(s), 1);
  server_stop(s);
}

int main(void) {
  http_bench_begin();
  RUN(cancelled_and_freed_exchanges_are_never_done);
  RUN(everything_may_be_called_inside_callbacks);
  RUN(an_exchange_may_be_started_again_by_its_end);
  http_bench_end();
  return check_done();
}
