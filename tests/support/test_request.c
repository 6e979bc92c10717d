/* SPDX-License-Identifier: MIT */
#include "tests/support/test_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct gate gate = GATE_INIT;
static char all_words[65536];

struct gc_connect test_client_connect(void) {
  return (struct gc_connect){.timeout_ms = 10000,
                             .connect_timeout_ms = 5000,
                             .verify_peer = true,
                             .verify_host = true};
}

void test_client_forget_proxies(void) {
  static const char *const proxies[] = {
      "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
      "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  for (size_t i = 0; i < GC_COUNT(proxies); i++)
    unsetenv(proxies[i]);
}

void test_client_begin(struct test_client *a,
                       const struct gc_connect *connect) {
  struct gc_err err = {0};
  a->connect = connect != NULL ? *connect : test_client_connect();
  a->loop = gc_loop_new(&err);
  a->http = a->loop != NULL ? gc_http_new(a->loop, &a->connect, &err) : NULL;
  if (a->http == NULL || gc_loop_start(a->loop, "gc-test", &err) != GC_OK) {
    printf("no transport: %s\n", err.text);
    exit(1);
  }
}

void test_client_end(struct test_client *a) {
  gc_loop_stop(a->loop);
  gc_http_free(a->http);
  gc_loop_free(a->loop);
}

static void on_begin(void *ctx) {
  struct test_request *q = ctx;
  q->begins++;
  q->got_len = 0;
}

static enum gc_code on_write(void *ctx, const char *bytes, size_t len,
                             struct gc_err *err) {
  struct test_request *q = ctx;
  q->writes++;
  for (size_t i = 0; i < len && q->got_len + 1 < sizeof(q->got); i++)
    q->got[q->got_len++] = bytes[i];
  q->got[q->got_len] = '\0';
  if (q->inside != NULL)
    q->inside(q);
  if (q->sink_answer != GC_OK)
    return gc_fail(err, q->sink_answer, "the sink refuses it");
  return GC_OK;
}

static void keep_words(const struct gc_err *err) {
  size_t used = strlen(all_words);
  snprintf(all_words + used, sizeof(all_words) - used, "%s\n", err->text);
}

static void on_done(struct gc_exchange *x, const struct gc_reply *reply,
                    const struct gc_err *err) {
  struct test_request *q = x->ctx;
  GATE_CHANGE(&gate, {
    q->reply = *reply;
    q->reply.body = (struct gc_buf){.len = reply->body.len};
    snprintf(q->body, sizeof(q->body), "%s", gc_buf_string(&reply->body));
    q->err = *err;
    keep_words(err);
    if (q->after != NULL)
      q->after(q);
    q->done_count++;
  });
}

void test_request_init(struct test_request *q, struct test_client *a,
                       const char *url) {
  static const char *const headers[] = {"Authorization: Bearer " TEST_BEARER,
                                        NULL};
  memset(q, 0, sizeof(*q));
  q->client = a;
  q->done_want = 1;
  q->sink = (struct gc_sink){on_begin, on_write, q};
  q->x = (struct gc_exchange){.method = "GET",
                              .url = url,
                              .headers = headers,
                              .sink = &q->sink,
                              .body_max = sizeof(q->got),
                              .done = on_done,
                              .ctx = q};
}

static void start_here(void *ctx) {
  struct test_request *q = ctx;
  struct gc_transport t = gc_http_transport(q->client->http);
  q->start_code = t.start(t.ctx, &q->x, &q->err);
}

static void cancel_here(void *ctx) {
  struct test_request *q = ctx;
  struct gc_transport t = gc_http_transport(q->client->http);
  t.cancel(t.ctx, &q->x);
}

static bool is_done(void *ctx) {
  struct test_request *q = ctx;
  return q->done_count >= q->done_want;
}

void test_request_start(struct test_request *q) {
  gc_loop_call(q->client->loop, start_here, q);
}

struct all {
  struct test_request *first;
  size_t count;
};

static void start_all_here(void *ctx) {
  struct all *all = ctx;
  for (size_t i = 0; i < all->count; i++)
    start_here(&all->first[i]);
}

void test_request_start_all(struct test_request *first, size_t count) {
  struct all all = {first, count};
  gc_loop_call(first->client->loop, start_all_here, &all);
}

void test_request_cancel(struct test_request *q) {
  gc_loop_call(q->client->loop, cancel_here, q);
}

bool test_request_wait(struct test_request *q) {
  return gate_wait(&gate, is_done, q);
}

bool test_request_get(struct test_request *q, struct test_client *a,
                      const char *url) {
  test_request_init(q, a, url);
  test_request_start(q);
  return q->start_code == GC_OK && test_request_wait(q);
}

const char *test_request_all_words(void) { return all_words; }
