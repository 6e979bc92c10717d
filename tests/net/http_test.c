/* SPDX-License-Identifier: MIT */
#include "common/net/http.h"

#include <stdlib.h>

#include "common/net/clock.h"
#include "tests/support/ask.h"
#include "tests/support/certs.h"
#include "tests/support/check.h"
#include "tests/support/resolver.h"
#include "tests/support/server.h"
#include "tests/support/web.h"

#define PROXY_PASSWORD "pr0xy-pw"
#define PROXY_BASIC "dXNlcjpwcjB4eS1wdw==" /* user:pr0xy-pw */
#define QUERY_SECRET "qu3ry-secret"

static struct server *web;
static struct certs certs;

/* A URL of `s`. The last 64 stay valid. */
static const char *url_at(const struct server *s, const char *scheme,
                          const char *path) {
  static char urls[64][256];
  static unsigned turn;
  char *url = urls[turn++ % 64];
  snprintf(url, sizeof(urls[0]), "%s://localhost:%d%s", scheme, server_port(s),
           path);
  return url;
}

static const char *url_of(const char *path) {
  return url_at(web, "http", path);
}

/* One GET with settings of its own. */
static void get_with(struct ask *q, const struct gc_connect *connect,
                     const char *url) {
  struct asker a;
  asker_begin(&a, connect);
  CHECK(ask_get(q, &a, url));
  asker_end(&a);
}

/* ---- answers ---- */

static void a_body_goes_to_the_sink(void) {
  struct ask q;
  get_with(&q, NULL, url_of("/hello"));
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
  struct asker a;
  struct ask q;
  asker_begin(&a, NULL);
  ask_init(&q, &a, url_of("/hello"));
  q.x.sink = NULL;
  ask_start(&q);
  CHECK(ask_wait(&q));
  CHECK_STR(q.body, "hello");
  asker_end(&a);
}

static void any_cut_of_the_answer_gives_the_same_body(void) {
  struct ask q;
  get_with(&q, NULL, url_of("/byte-by-byte"));
  CHECK_STR(q.got, "0123456789");
  CHECK_INT(q.begins, 1);
}

static void chunks_are_put_together(void) {
  struct ask q;
  get_with(&q, NULL, url_of("/chunked"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_STR(q.got, "first second");
}

static void gzip_is_asked_for_and_decoded(void) {
  struct ask q;
  get_with(&q, NULL, url_of("/gzip"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_STR(q.got, "hello, gzip");
  CHECK_INT(q.reply.bytes, 11);
  struct request r = web_last();
  CHECK_HAS(r.head, "\r\nAccept-Encoding: gzip\r\n");
}

static void a_redirect_is_an_answer_and_not_followed(void) {
  struct ask q;
  struct server *s = server_start(&(struct server_plan){.serve = web_serve});
  get_with(&q, NULL, url_at(s, "http", "/redirect"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_INT(q.reply.status, 302);
  CHECK_STR(q.body, "elsewhere");
  CHECK_INT(q.begins, 1);
  CHECK_INT(q.writes, 0);
  CHECK_INT(server_accepted(s), 1);
  server_stop(s);
}

static void of_an_error_64_kb_are_kept_and_the_rest_is_read(void) {
  struct ask q;
  get_with(&q, NULL, url_of("/large-error"));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_INT(q.reply.status, 500);
  CHECK_INT(q.reply.body.len, 65536);
  CHECK_INT(q.reply.bytes, 102400);
}

static void an_error_without_end_is_cut_and_stays_an_answer(void) {
  static const char *const paths[] = {"/endless-error", "/bomb-error"};
  for (size_t i = 0; i < GC_COUNT(paths); i++) {
    CHECK_ROW(paths[i]);
    struct ask q;
    get_with(&q, NULL, url_of(paths[i]));
    CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
    CHECK(q.reply.status >= 500);
    CHECK_INT(q.reply.body.len, 65536);
  }
}

static void early_hints_leave_no_trace(void) {
  struct ask q;
  get_with(&q, NULL, url_of("/continued"));
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
  struct asker a;
  asker_begin(&a, NULL);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].query);
    char path[128];
    snprintf(path, sizeof(path), "/throttled%s", rows[i].query);
    struct ask q;
    CHECK(ask_get(&q, &a, url_of(path)));
    CHECK_INT(q.reply.status, 429);
    CHECK_INT(q.reply.has_retry_after, rows[i].has);
    CHECK_INT(q.reply.retry_after_s, rows[i].s);
    CHECK_INT(q.reply.date_ms, 784887151000);
    CHECK(q.reply.is_json);
    /* control bytes, DEL and bytes past ASCII are left out */
    CHECK_STR(q.reply.correlation, "0a1bx-2c3d");
  }
  asker_end(&a);
}

/* ---- requests ---- */

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
  struct asker a;
  asker_begin(&a, NULL);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want_line);
    struct ask q;
    ask_init(&q, &a, url_of("/echo"));
    q.x.method = rows[i].method;
    q.x.body = rows[i].body;
    q.x.body_len = rows[i].body != NULL ? strlen(rows[i].body) : 0;
    ask_start(&q);
    CHECK(ask_wait(&q));
    CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
    struct request r = web_last();
    CHECK_THAT(strncmp(r.head, rows[i].want_line, strlen(rows[i].want_line)) ==
                   0,
               "%s", r.head);
    CHECK_STR(r.body, rows[i].want_body);
    CHECK_HAS(r.head, "\r\nAuthorization: Bearer " ASK_BEARER "\r\n");
    CHECK_HAS(r.head, "\r\nUser-Agent: collectd-genesys/");
    char length[32];
    snprintf(length, sizeof(length), "\r\nContent-Length: %s\r\n",
             rows[i].want_length != NULL ? rows[i].want_length : "");
    CHECK((strstr(r.head, length) != NULL) == (rows[i].want_length != NULL));
  }
  asker_end(&a);
}

/* From 1 MB on libcurl would ask first (Expect) and wait for a second. */
static void a_large_body_is_sent_without_asking(void) {
  enum { LARGE = 2 * 1024 * 1024 };
  struct asker a;
  struct ask q;
  char *body = malloc(LARGE);
  if (body == NULL)
    exit(1);
  memset(body, 'x', LARGE);
  asker_begin(&a, NULL);
  ask_init(&q, &a, url_of("/echo"));
  q.x.method = "POST";
  q.x.body = body;
  q.x.body_len = LARGE;
  ask_start(&q);
  CHECK(ask_wait(&q));
  struct request r = web_last();
  CHECK_HAS(r.head, "\r\nContent-Length: 2097152\r\n");
  CHECK(strstr(r.head, "Expect:") == NULL);
  asker_end(&a);
  free(body);
}

static void a_header_with_a_line_break_is_refused(void) {
  static const char *const headers[] = {"X: a\r\nY: b", NULL};
  struct asker a;
  struct ask q;
  asker_begin(&a, NULL);
  ask_init(&q, &a, url_of("/hello"));
  q.x.headers = headers;
  ask_start(&q);
  CHECK_INT(q.start_code, GC_ERR_REQUEST);
  CHECK(q.x.transport_data == NULL);
  CHECK(ask_get(&q, &a, url_of("/hello")));
  CHECK_STR(q.got, "hello");
  asker_end(&a);
}

static void an_exchange_that_runs_is_not_started_again(void) {
  struct asker a;
  struct ask q;
  asker_begin(&a, NULL);
  ask_init(&q, &a, url_of("/never"));
  ask_start(&q);
  CHECK_INT(q.start_code, GC_OK);
  ask_start(&q);
  CHECK_INT(q.start_code, GC_ERR_REQUEST);
  ask_cancel(&q);
  asker_end(&a);
}

static void one_connection_serves_them_all(void) {
  struct asker a;
  asker_begin(&a, NULL);
  struct server *s = server_start(&(struct server_plan){.serve = web_serve});
  for (int i = 0; i < 10; i++) {
    const char *path = i % 2 == 0 ? "/hello" : "/large-error";
    struct ask q;
    CHECK(ask_get(&q, &a, url_at(s, "http", path)));
    CHECK_INT(q.reply.status, i % 2 == 0 ? 200 : 500);
  }
  CHECK_INT(server_accepted(s), 1);
  asker_end(&a);
  server_stop(s);
}

/* And all fifty connections are kept for the next burst. */
static void fifty_at_once_are_all_answered(void) {
  enum { MANY = 50 };
  struct asker a;
  asker_begin(&a, NULL);
  struct server *s = server_start(&(struct server_plan){.serve = web_serve});
  char hello[128], chunked[128];
  snprintf(hello, sizeof(hello), "%s", url_at(s, "http", "/hello"));
  snprintf(chunked, sizeof(chunked), "%s", url_at(s, "http", "/chunked"));
  struct ask *all = calloc(MANY, sizeof(*all));
  for (int round = 0; all != NULL && round < 3; round++) {
    for (int i = 0; i < MANY; i++)
      ask_init(&all[i], &a, i % 2 == 0 ? hello : chunked);
    ask_start_all(all, MANY);
    for (int i = 0; i < MANY; i++) {
      CHECK(ask_wait(&all[i]));
      CHECK_STR(all[i].got, i % 2 == 0 ? "hello" : "first second");
      CHECK_INT(all[i].done_count, 1);
    }
  }
  free(all);
  asker_end(&a);
  CHECK_INT(server_accepted(s), MANY);
  server_stop(s);
}

/* ---- failures ---- */

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
      {"http://nowhere.test/x?token=" QUERY_SECRET, GC_FAILURE_RESOLVE,
       GC_ERR_NETWORK, "nowhere.test:80: "},
      {"http://nowhere.test:81/x", GC_FAILURE_RESOLVE, GC_ERR_NETWORK,
       "check Region (or BaseURL) and DNS"},
      {url_of("/cut-off?" QUERY_SECRET), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "the answer was cut off"},
      {url_of("/reset?" QUERY_SECRET), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "localhost:"},
      {url_of("/hang-up"), GC_FAILURE_BROKEN, GC_ERR_NETWORK, "hung up"},
      {url_of("/not-http"), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "does not speak HTTP"},
      {url_of("/bad-version"), GC_FAILURE_BROKEN, GC_ERR_NETWORK,
       "does not speak HTTP"},
      {url_of("/not-gzip"), GC_FAILURE_BROKEN, GC_ERR_NETWORK, "localhost:"},
      {url_of("/many-headers"), GC_FAILURE_LIMIT, GC_ERR_LIMIT, "headers"},
      {url_of("/long-header"), GC_FAILURE_LIMIT, GC_ERR_LIMIT, "header"},
      {url_of("/large"), GC_FAILURE_LIMIT, GC_ERR_LIMIT,
       "larger than 65536 bytes"},
      {url_of("/bomb"), GC_FAILURE_LIMIT, GC_ERR_LIMIT,
       "larger than 65536 bytes"},
      {url_of("/wants-login"), GC_FAILURE_PROXY, GC_ERR_NETWORK, "407"},
      {"ftp://localhost/" QUERY_SECRET, GC_FAILURE_LOCAL, GC_ERR_CONFIG,
       "only http and https"},
      {"http://local host/?" QUERY_SECRET, GC_FAILURE_LOCAL, GC_ERR_CONFIG,
       "check BaseURL"},
      {"https://localhost:1/", GC_FAILURE_CONNECT, GC_ERR_NETWORK,
       "localhost:1: "},
  };
  struct asker a;
  asker_begin(&a, NULL);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    struct ask q;
    CHECK(ask_get(&q, &a, rows[i].url));
    CHECK_INT(q.reply.failure, rows[i].failure);
    CHECK_INT(q.err.code, rows[i].code);
    CHECK_HAS(q.err.text, rows[i].words);
    CHECK_INT(q.done_count, 1);
  }
  asker_end(&a);
}

static void time_outs_end_what_hangs(void) {
  const struct {
    const char *url;
    uint32_t timeout_ms, connect_timeout_ms;
    int status;
  } rows[] = {
      {url_of("/never"), 150, 5000, 0},
      {url_of("/half-then-never"), 150, 5000, 200},
      {"http://hang.test/", 5000, 150, 0}, /* the resolver hangs */
      {"http://hang.test/", 150, 5000, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    struct gc_connect connect = asker_connect();
    connect.timeout_ms = rows[i].timeout_ms;
    connect.connect_timeout_ms = rows[i].connect_timeout_ms;
    struct ask q;
    uint64_t began_ms = gc_clock_now_ms();
    get_with(&q, &connect, rows[i].url);
    CHECK(gc_clock_now_ms() - began_ms < 3000);
    CHECK_INT(q.reply.failure, GC_FAILURE_TIMEOUT);
    CHECK_INT(q.err.code, GC_ERR_TIMEOUT);
    CHECK_INT(q.reply.status, rows[i].status);
    CHECK_HAS(q.err.text, "check Timeout");
  }
  resolver_release();
}

static void a_hanging_resolver_holds_neither_the_loop_nor_the_stop(void) {
  struct asker a;
  struct ask hanging, other;
  asker_begin(&a, NULL);
  ask_init(&hanging, &a, "http://hang.test/");
  ask_start(&hanging);
  CHECK(ask_get(&other, &a, url_of("/hello")));
  CHECK_STR(other.got, "hello");
  CHECK_INT(hanging.done_count, 0);

  uint64_t began_ms = gc_clock_now_ms();
  asker_end(&a);
  CHECK(gc_clock_now_ms() - began_ms < 2000);
  CHECK_INT(hanging.done_count, 0);
  CHECK(hanging.x.transport_data == NULL);
  resolver_release();
}

static void the_sink_may_refuse(void) {
  struct asker a;
  struct ask q;
  asker_begin(&a, NULL);
  ask_init(&q, &a, url_of("/large"));
  q.sink_answer = GC_ERR_PARSE;
  q.x.body_max = 1 << 20;
  ask_start(&q);
  CHECK(ask_wait(&q));
  CHECK_INT(q.reply.failure, GC_FAILURE_SINK);
  CHECK_INT(q.err.code, GC_ERR_PARSE);
  CHECK_STR(q.err.text, "the sink says no");
  CHECK_INT(q.writes, 1);
  asker_end(&a);
}

/* ---- cancel and free ---- */

static void cancelled_and_freed_ones_are_never_done(void) {
  static const char *const paths[] = {"/never", "/half-then-never"};
  for (size_t i = 0; i < GC_COUNT(paths); i++) {
    CHECK_ROW(paths[i]);
    struct asker a;
    struct ask cancelled, freed, after;
    asker_begin(&a, NULL);
    ask_init(&cancelled, &a, url_of(paths[i]));
    ask_init(&freed, &a, url_of(paths[i]));
    ask_start(&cancelled);
    ask_start(&freed);
    CHECK(ask_get(&after, &a, url_of("/hello")));
    ask_cancel(&cancelled);
    CHECK(cancelled.x.transport_data == NULL);
    ask_cancel(&cancelled); /* twice is fine */
    CHECK(ask_get(&after, &a, url_of("/hello")));
    asker_end(&a);
    CHECK_INT(cancelled.done_count + freed.done_count, 0);
    CHECK(freed.x.transport_data == NULL);
  }
}

static void cancel_me(struct ask *q) {
  struct gc_transport t = gc_http_transport(q->asker->http);
  t.cancel(t.ctx, &q->x);
}

static void cancel_other(struct ask *q) { cancel_me(q->ctx); }

static void start_other(struct ask *q) {
  struct ask *other = q->ctx;
  struct gc_transport t = gc_http_transport(q->asker->http);
  if (other->x.transport_data == NULL)
    other->start_code = t.start(t.ctx, &other->x, NULL);
}

/* start and cancel of one and the same, before libcurl knows of it */
static void start_and_cancel_other(struct ask *q) {
  start_other(q);
  cancel_other(q);
}

static void free_http(struct ask *q) {
  gc_http_free(q->asker->http);
  q->asker->http = NULL;
}

static void cancel_other_and_free_http(struct ask *q) {
  cancel_other(q);
  free_http(q);
}

/* Every call, in the two places where callbacks run: `done`, and the sink,
 * which is libcurl's own callback, where libcurl itself allows nothing. */
static void everything_may_be_called_inside_callbacks(void) {
  static const struct {
    const char *name;
    void (*what)(struct ask *q);
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
    struct asker a;
    struct ask q, other, third;
    asker_begin(&a, NULL);
    ask_init(&other, &a, url_of(rows[r].other_done ? "/hello" : "/never"));
    if (rows[r].other_runs)
      ask_start(&other);
    ask_init(&third, &a, url_of("/never"));
    ask_start(&third);
    ask_init(&q, &a, url_of("/hello"));
    q.ctx = &other;
    if (in_sink)
      q.inside = rows[r].what;
    else
      q.after = rows[r].what;
    ask_start(&q);

    bool ends = in_sink && rows[r].ends_me_in_sink;
    if (!ends)
      CHECK(ask_wait(&q));
    if (rows[r].other_done)
      CHECK(ask_wait(&other));
    struct ask last; /* whoever was cancelled has had its time */
    if (a.http != NULL && !ends)
      CHECK(ask_get(&last, &a, url_of("/hello")));
    asker_end(&a);
    CHECK_INT(q.done_count, !ends);
    CHECK_INT(other.done_count, rows[r].other_done);
    CHECK_INT(third.done_count, 0);
  }
}

static void start_me_again(struct ask *q) {
  struct gc_transport t = gc_http_transport(q->asker->http);
  int *left = q->ctx;
  if (--*left > 0)
    q->start_code = t.start(t.ctx, &q->x, NULL);
}

static void an_exchange_may_be_started_again_by_its_end(void) {
  struct asker a;
  struct ask q;
  int left = 5;
  asker_begin(&a, NULL);
  struct server *s = server_start(&(struct server_plan){.serve = web_serve});
  ask_init(&q, &a, url_at(s, "http", "/hello"));
  q.ctx = &left;
  q.after = start_me_again;
  q.done_want = 5;
  ask_start(&q);
  CHECK(ask_wait(&q));
  asker_end(&a);
  CHECK_INT(left, 0);
  CHECK_INT(q.done_count, 5);
  CHECK_INT(q.begins, 5);
  CHECK_STR(q.got, "hello");
  CHECK_INT(server_accepted(s), 1);
  server_stop(s);
}

/* ---- TLS ---- */

static void tls_verifies_by_default(void) {
  const struct {
    const char *name, *server_cert, *ca;
    bool verify_peer, verify_host;
    enum gc_failure failure;
    enum gc_code code;
    const char *words;
  } rows[] = {
      {"all is well", certs.server, certs.ca, true, true, GC_FAILURE_NONE,
       GC_OK, ""},
      {"CA folder", certs.server, certs.ca_folder, true, true, GC_FAILURE_NONE,
       GC_OK, ""},
      {"expired", certs.expired, certs.ca, true, true, GC_FAILURE_TLS,
       GC_ERR_TLS, "check CACert, or the clock"},
      {"another host's", certs.wrong_host, certs.ca, true, true, GC_FAILURE_TLS,
       GC_ERR_TLS, "another host's"},
      {"unknown CA", certs.server, certs.other_ca, true, true, GC_FAILURE_TLS,
       GC_ERR_TLS, "check CACert"},
      {"system CA", certs.server, NULL, true, true, GC_FAILURE_TLS, GC_ERR_TLS,
       "check CACert"},
      {"CA file missing", certs.server, certs.missing, true, true,
       GC_FAILURE_LOCAL, GC_ERR_CONFIG, "missing.pem"},
      {"VerifyHost false", certs.wrong_host, certs.ca, true, false,
       GC_FAILURE_NONE, GC_OK, ""},
      {"VerifyPeer false", certs.expired, NULL, false, false, GC_FAILURE_NONE,
       GC_OK, ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct server *s = server_start(
        &(struct server_plan){.serve = web_serve, .cert = rows[i].server_cert});
    struct gc_connect connect = asker_connect();
    connect.ca_cert = (char *)rows[i].ca;
    connect.verify_peer = rows[i].verify_peer;
    connect.verify_host = rows[i].verify_host;
    struct ask q;
    get_with(&q, &connect, url_at(s, "https", "/hello?" QUERY_SECRET));
    CHECK_INT(q.reply.failure, rows[i].failure);
    CHECK_INT(q.err.code, rows[i].code);
    CHECK_HAS(q.err.text, rows[i].words);
    CHECK_STR(q.got, rows[i].failure == GC_FAILURE_NONE ? "hello" : "");
    server_stop(s);
  }
}

static void client_certificates_are_shown_when_demanded(void) {
  const struct {
    const char *name, *cert, *key, *pass;
    enum gc_failure failure;
    const char *words;
  } rows[] = {
      {"plain key", certs.client, certs.client_key, NULL, GC_FAILURE_NONE, ""},
      {"locked key", certs.client, certs.client_key_locked, CERTS_PASSPHRASE,
       GC_FAILURE_NONE, ""},
      {"wrong passphrase", certs.client, certs.client_key_locked,
       "wr0ng-pass-phrase", GC_FAILURE_LOCAL, "check ClientCert"},
      {"no passphrase", certs.client, certs.client_key_locked, NULL,
       GC_FAILURE_LOCAL, "check ClientCert"},
      {"file missing", certs.missing, certs.client_key, NULL, GC_FAILURE_LOCAL,
       "missing.pem"},
      {"none", NULL, NULL, NULL, GC_FAILURE_TLS,
       "the server wants a client certificate"},
      {"not this authority's", certs.server, certs.server, NULL,
       GC_FAILURE_NONE, ""},
  };
  for (size_t i = 0; i < 2 * GC_COUNT(rows); i++) {
    size_t r = i / 2;
    CHECK_ROW(rows[r].name);
    struct server *s = server_start(&(struct server_plan){.serve = web_serve,
                                                          .cert = certs.server,
                                                          .client_ca = certs.ca,
                                                          .tls12 = i % 2 == 1});
    struct gc_connect connect = asker_connect();
    connect.ca_cert = certs.ca;
    connect.client_cert = (char *)rows[r].cert;
    connect.client_key = (char *)rows[r].key;
    connect.client_key_pass = (char *)rows[r].pass;
    struct ask q;
    get_with(&q, &connect, url_at(s, "https", "/hello"));
    CHECK_INT(q.reply.failure, rows[r].failure);
    CHECK_HAS(q.err.text, rows[r].words);
    server_stop(s);
  }
}

static void answer_anything(struct conn *c, void *ctx) {
  (void)ctx;
  conn_say(c, "HTTP/1.1 400 Bad Request\r\n\r\n");
  conn_linger(c);
}

static void tls_to_a_plain_port_says_so(void) {
  struct server *s =
      server_start(&(struct server_plan){.serve = answer_anything});
  struct ask q;
  get_with(&q, NULL, url_at(s, "https", "/hello"));
  server_stop(s);
  CHECK_INT(q.reply.failure, GC_FAILURE_TLS);
  CHECK_HAS(q.err.text, "does not speak TLS");
}

/* ---- proxies ---- */

/* Rows of the proxy tests: %d stands for the proxy's port. */
struct proxy_row {
  const char *name, *proxy, *no_proxy;
  struct proxy_plan plan;
  bool https;
  enum gc_failure failure;
  const char *words, *body;
  unsigned connects;
};

static void ask_through(const struct proxy_row *row, const char *proxy_cert,
                        struct server *target) {
  CHECK_ROW(row->name);
  struct proxy_plan plan = row->plan;
  struct server *p = server_start(&(struct server_plan){
      .serve = proxy_serve, .ctx = &plan, .cert = proxy_cert});
  char proxy[256];
  snprintf(proxy, sizeof(proxy), "%s%d", row->proxy, server_port(p));
  struct gc_connect connect = asker_connect();
  connect.ca_cert = certs.ca;
  connect.proxy = proxy;
  connect.no_proxy = (char *)row->no_proxy;
  struct ask q;
  get_with(&q, &connect,
           row->https ? url_at(target, "https", "/hello?" QUERY_SECRET)
                      : url_of("/hello?" QUERY_SECRET));
  CHECK_INT(q.reply.failure, row->failure);
  CHECK_HAS(q.err.text, row->words);
  CHECK_STR(q.got, row->body);
  if (row->plan.refuse != 0) { /* what the proxy says is not the answer */
    CHECK_INT(q.reply.status, 0);
    CHECK_INT(q.reply.date_ms, 0);
    CHECK(!q.reply.has_retry_after);
  }
  server_stop(p);
  CHECK_INT(plan.connects, row->connects);
}

static void proxies_are_used_as_configured(void) {
  static const struct proxy_row rows[] = {
      {"plain through",
       "http://localhost:",
       "",
       {0},
       false,
       GC_FAILURE_NONE,
       "",
       "from the proxy",
       0},
      {"TLS through",
       "http://localhost:",
       "",
       {0},
       true,
       GC_FAILURE_NONE,
       "",
       "hello",
       1},
      {"with its password",
       "http://user:" PROXY_PASSWORD "@localhost:",
       "",
       {.basic = PROXY_BASIC},
       true,
       GC_FAILURE_NONE,
       "",
       "hello",
       1},
      {"without a password",
       "http://localhost:",
       "",
       {.basic = PROXY_BASIC},
       true,
       GC_FAILURE_PROXY,
       "it wants a user and a password",
       "",
       0},
      {"with a wrong password",
       "http://user:" PROXY_PASSWORD "x@localhost:",
       "",
       {.basic = PROXY_BASIC},
       true,
       GC_FAILURE_PROXY,
       "407",
       "",
       0},
      {"plain without a password",
       "http://localhost:",
       "",
       {.basic = PROXY_BASIC},
       false,
       GC_FAILURE_PROXY,
       "it wants a user and a password",
       "",
       0},
      {"refuses the host",
       "http://user:" PROXY_PASSWORD "@localhost:",
       "",
       {.refuse = 403},
       true,
       GC_FAILURE_PROXY,
       "the proxy answered 403",
       "",
       1},
      {"cannot reach it",
       "http://localhost:",
       "",
       {.refuse = 502},
       true,
       GC_FAILURE_PROXY,
       "the proxy answered 502",
       "",
       1},
      {"NoProxy",
       "http://localhost:",
       "localhost",
       {0},
       true,
       GC_FAILURE_NONE,
       "",
       "hello",
       0},
      {"has no address",
       "http://user:" PROXY_PASSWORD "@nowhere.test:",
       "",
       {0},
       true,
       GC_FAILURE_RESOLVE,
       "check Proxy and DNS",
       "",
       0},
  };
  struct server *target = server_start(
      &(struct server_plan){.serve = web_serve, .cert = certs.server});
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    ask_through(&rows[i], NULL, target);
  server_stop(target);
}

static void an_https_proxy_is_verified_like_a_host(void) {
  static const struct proxy_row good = {"https proxy",
                                        "https://user:" PROXY_PASSWORD
                                        "@localhost:",
                                        "",
                                        {.basic = PROXY_BASIC},
                                        true,
                                        GC_FAILURE_NONE,
                                        "",
                                        "hello",
                                        1};
  static const struct proxy_row bad = {
      "https proxy, expired", "https://localhost:", "", {0}, true,
      GC_FAILURE_TLS,         "check CACert",       "", 0};
  struct server *target = server_start(
      &(struct server_plan){.serve = web_serve, .cert = certs.server});
  ask_through(&good, certs.server, target);
  ask_through(&bad, certs.expired, target);
  server_stop(target);
}

static void without_a_setting_the_environment_names_the_proxy(void) {
  struct proxy_plan plan = {0};
  struct server *p =
      server_start(&(struct server_plan){.serve = proxy_serve, .ctx = &plan});
  char proxy[128];
  snprintf(proxy, sizeof(proxy), "http://user:" PROXY_PASSWORD "@localhost:%d",
           server_port(p));
  setenv("http_proxy", proxy, 1);
  struct ask q;
  get_with(&q, NULL, url_of("/hello"));
  CHECK_STR(q.got, "from the proxy");

  /* libcurl quotes a proxy it cannot read: not with the password */
  snprintf(proxy, sizeof(proxy),
           "http://user:" PROXY_PASSWORD "@localhost:port");
  setenv("http_proxy", proxy, 1);
  get_with(&q, NULL, url_of("/hello"));
  CHECK(q.reply.failure != GC_FAILURE_NONE);
  snprintf(proxy, sizeof(proxy), "odd://user:" PROXY_PASSWORD "@localhost:1");
  setenv("http_proxy", proxy, 1);
  get_with(&q, NULL, url_of("/hello"));
  CHECK(q.reply.failure != GC_FAILURE_NONE);
  CHECK_HAS(q.err.text, "proxy");
  unsetenv("http_proxy");
  server_stop(p);
}

static void a_proxy_that_is_no_url_is_a_configuration_error(void) {
  static const struct {
    const char *proxy;
    bool good;
  } rows[] = {
      {"http://localhost:3128", true},
      {"localhost:3128", true},
      {"localhost", true},
      {"https://user:" PROXY_PASSWORD "@localhost:3128/", true},
      {"socks5h://localhost:1080", true},
      {"", true}, /* none, whatever the environment says */
      {"http://user:" PROXY_PASSWORD "@localhost:port", false},
      {"odd://user:" PROXY_PASSWORD "@localhost:1", false},
      {"http://user:12/" PROXY_PASSWORD "@localhost:3128", false},
      {"http://user:12#" PROXY_PASSWORD "@localhost:3128", false},
      {"http://user:12?" PROXY_PASSWORD "@localhost:3128", false},
      {"http://" PROXY_PASSWORD " x@localhost", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].proxy);
    struct gc_connect connect = asker_connect();
    connect.proxy = (char *)rows[i].proxy;
    struct gc_err err = {0};
    struct gc_loop *loop = gc_loop_new(&err);
    struct gc_http *http = gc_http_new(loop, &connect, &err);
    CHECK_INT(http != NULL, rows[i].good);
    CHECK_INT(err.code, rows[i].good ? GC_OK : GC_ERR_CONFIG);
    CHECK(strstr(err.text, PROXY_PASSWORD) == NULL);
    gc_http_free(http);
    gc_loop_free(loop);
  }
}

/* ---- last: what all of the above has said ---- */

static void no_words_hold_a_secret(void) {
  static const char *const secrets[] = {
      PROXY_PASSWORD, PROXY_BASIC,  CERTS_PASSPHRASE, "wr0ng-pass-phrase",
      ASK_BEARER,     QUERY_SECRET, "Bearer"};
  CHECK(strlen(ask_all_words()) > 1000);
  for (size_t i = 0; i < GC_COUNT(secrets); i++) {
    CHECK_ROW(secrets[i]);
    CHECK_THAT(strstr(ask_all_words(), secrets[i]) == NULL, "%s",
               ask_all_words());
  }
}

int main(void) {
  static const char *const proxies[] = {
      "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
      "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  for (size_t i = 0; i < GC_COUNT(proxies); i++)
    unsetenv(proxies[i]);
  certs_make(&certs);
  web = server_start(&(struct server_plan){.serve = web_serve});

  RUN(a_body_goes_to_the_sink);
  RUN(without_a_sink_the_body_is_kept);
  RUN(any_cut_of_the_answer_gives_the_same_body);
  RUN(chunks_are_put_together);
  RUN(gzip_is_asked_for_and_decoded);
  RUN(a_redirect_is_an_answer_and_not_followed);
  RUN(of_an_error_64_kb_are_kept_and_the_rest_is_read);
  RUN(an_error_without_end_is_cut_and_stays_an_answer);
  RUN(early_hints_leave_no_trace);
  RUN(retry_after_is_read_in_both_forms);
  RUN(methods_and_bodies_arrive_as_they_are);
  RUN(a_large_body_is_sent_without_asking);
  RUN(a_header_with_a_line_break_is_refused);
  RUN(an_exchange_that_runs_is_not_started_again);
  RUN(one_connection_serves_them_all);
  RUN(fifty_at_once_are_all_answered);
  RUN(failures_have_their_kind_and_their_words);
  RUN(time_outs_end_what_hangs);
  RUN(a_hanging_resolver_holds_neither_the_loop_nor_the_stop);
  RUN(the_sink_may_refuse);
  RUN(cancelled_and_freed_ones_are_never_done);
  RUN(everything_may_be_called_inside_callbacks);
  RUN(an_exchange_may_be_started_again_by_its_end);
  RUN(tls_verifies_by_default);
  RUN(client_certificates_are_shown_when_demanded);
  RUN(tls_to_a_plain_port_says_so);
  RUN(proxies_are_used_as_configured);
  RUN(an_https_proxy_is_verified_like_a_host);
  RUN(without_a_setting_the_environment_names_the_proxy);
  RUN(a_proxy_that_is_no_url_is_a_configuration_error);
  RUN(no_words_hold_a_secret);

  server_stop(web);
  certs_remove(&certs);
  return check_done();
}
