/* SPDX-License-Identifier: MIT */
#include "common/net/socket/websocket.h"

#include "tests/support/check.h"
#include "tests/support/resolver.h"
#include "tests/support/ws_bench.h"

struct refusal {
  const char *name, *answer;
  bool parks;
  enum gc_failure failure;
  int status;
  int64_t retry_after_s; /* -1: none */
  enum gc_code code;
  const char *words;
};

#define BROKEN GC_FAILURE_BROKEN, 0, -1, GC_ERR_PARSE

static const struct refusal refusals[] = {
    {"403 with a body",
     "HTTP/1.1 403 Forbidden\r\nContent-Length: 48\r\n"
     "ININ-Correlation-Id: c0rr-1\r\n\r\n"
     "{\"message\":\"missing scope\",\n \"code\":\"forbidden\"}",
     true, GC_FAILURE_NONE, 403, -1, GC_ERR_PERMISSION,
     "answered 403: forbidden: missing scope; correlation id c0rr-1"},
    {"403 with a long body",
     "HTTP/1.1 403 Forbidden\r\n\r\n"
     "{\"status\":403,\"details\":["
     "\"ddddddddddddddddddddddddddddddddddddddddd\","
     "\"ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\""
     "],"
     "\"message\":\"not in this office\",\"code\":\"policy\"}",
     false, GC_FAILURE_NONE, 403, -1, GC_ERR_PERMISSION,
     "answered 403: policy: not in this office"},
    {"403 of a CDN",
     "HTTP/1.1 403 Forbidden\r\nContent-Length: 27\r\n\r\n"
     "<html><h1>Forbidden</html>\n",
     true, GC_FAILURE_NONE, 403, -1, GC_ERR_PERMISSION,
     "answered 403: a page, as from a proxy, firewall or CDN"},
    {"403 with JSON that is cut off",
     "HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\n"
     "{\"code\":\"policy\",\"message\":\"no \\\"office\\\"\",\"deta",
     false, GC_FAILURE_NONE, 403, -1, GC_ERR_PERMISSION,
     "answered 403: no \"office\""},
    {"403 with JSON that is cut off, with spaces and an escape",
     "HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\n"
     "{\"message\" : \"a\\nb\\u0021\", \"deta",
     false, GC_FAILURE_NONE, 403, -1, GC_ERR_PERMISSION, "answered 403: a_b!"},
    {"403 with JSON that is cut off after a nested message",
     "HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\n"
     "{\"details\":[{\"message\":\"inner\"}],\"message\":\"outer",
     false, GC_FAILURE_NONE, 403, -1, GC_ERR_PERMISSION, "answered 403: outer"},
    {"401", "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n", true,
     GC_FAILURE_NONE, 401, -1, GC_ERR_AUTH, "answered 401"},
    {"404, until the end", "HTTP/1.1 404 Not Found\r\n\r\nno such channel",
     false, GC_FAILURE_NONE, 404, -1, GC_ERR_NOT_FOUND,
     "answered 404: no such channel"},
    {"404 that repeats the address",
     "HTTP/1.1 404 x\r\nContent-Length: 36\r\n\r\n"
     "Cannot GET /channels/" TALK_CHANNEL "!",
     true, GC_FAILURE_NONE, 404, -1, GC_ERR_NOT_FOUND,
     "answered 404: Cannot GET /channels/***!"},
    {"404 after early hints that repeats the address",
     "HTTP/1.1 103 Early Hints\r\n\r\n"
     "HTTP/1.1 404 x\r\nContent-Length: 36\r\n\r\n"
     "Cannot GET /channels/" TALK_CHANNEL "!",
     true, GC_FAILURE_NONE, 404, -1, GC_ERR_NOT_FOUND,
     "answered 404: Cannot GET /channels/***!"},
    {"404 that is cut within the address",
     "HTTP/1.1 404 x\r\nContent-Length: 125\r\n\r\n"
     "------------------------------------------------------------------------"
     "------------------ at /channels/" TALK_CHANNEL " .....",
     true, GC_FAILURE_NONE, 404, -1, GC_ERR_NOT_FOUND, "- at /channels/***"},
    {"429 in seconds",
     "HTTP/1.1 429 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", true,
     GC_FAILURE_NONE, 429, 7, GC_ERR_THROTTLED, "asks to wait 7 s"},
    {"429 until a date",
     "HTTP/1.1 429 x\r\nRetry-After: Fri, 21 Nov 2025 07:28:30 GMT\r\n"
     "Date: Fri, 21 Nov 2025 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n",
     true, GC_FAILURE_NONE, 429, 30, GC_ERR_THROTTLED, "asks to wait 30 s"},
    {"503 in chunks",
     "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n"
     "4\r\nbusy\r\n0\r\n\r\n",
     true, GC_FAILURE_NONE, 503, -1, GC_ERR_REMOTE, "answered 503: busy"},
    {"200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true,
     GC_FAILURE_NONE, 200, -1, GC_ERR_PARSE, "answered 200: hi"},
    {"a redirect",
     "HTTP/1.1 302 Found\r\nLocation: https://else/\r\nContent-Length: "
     "0\r\n\r\n",
     true, GC_FAILURE_NONE, 302, -1, GC_ERR_REQUEST, "answered 302"},
    {"the wrong accept",
     "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x01x",
     true, BROKEN, "not match the request's key"},
    {"no accept",
     "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
     true, BROKEN, "without Sec-WebSocket-Accept"},
    {"no upgrade",
     "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
     "\r\n",
     true, BROKEN, "without \"Upgrade: websocket\""},
    {"an extension",
     "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Accept: %s\r\n"
     "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
     true, BROKEN, "an extension that was not requested"},
    {"no HTTP", "220 mail.example ESMTP\r\n", true, BROKEN,
     "does not speak HTTP/1.1"},
    {"nothing at all", "", false, GC_FAILURE_BROKEN, 0, -1, GC_ERR_NETWORK,
     "closed the connection without an answer"},
    {"half an answer", "HTTP/1.1 101 x\r\nUpgrade: webs", false,
     GC_FAILURE_BROKEN, 0, -1, GC_ERR_NETWORK,
     "closed the connection without an answer"},
    {"silence", NULL, true, GC_FAILURE_TIMEOUT, 0, -1, GC_ERR_TIMEOUT,
     "no answer to the request for a WebSocket for 0.3 s"},
    {"silence within", "HTTP/1.1 101 x\r\nUpgr", true, GC_FAILURE_TIMEOUT, 0,
     -1, GC_ERR_TIMEOUT, "no answer to the request for a WebSocket for 0.3 s"},
    {"a refusal without an end", "HTTP/1.1 429 x\r\nRetry-After: 9\r\n\r\nslow",
     true, GC_FAILURE_NONE, 429, 9, GC_ERR_THROTTLED,
     "answered 429: slow; asks to wait 9 s"},
};

static void a_failed_upgrade_is_reported_with_the_reason(void) {
  for (size_t i = 0; i < 2 * GC_COUNT(refusals); i++) {
    const struct refusal *row = &refusals[i / 2];
    char name[64];
    snprintf(name, sizeof(name), "%s, %s", row->name, ways[i % 2].name);
    CHECK_ROW(name);
    struct road r;
    road_init(&r, &ways[i % 2],
              &(struct peer){.answer = row->answer, .parks = row->parks});
    r.exchange.connect.timeout_ms = 300;
    r.exchange.options.idle_timeout_ms = 1; /* begins with the first frame */
    talk_begin(&r.exchange);
    CHECK(talk_closed(&r.exchange));
    CHECK_INT(r.exchange.opened, 0);
    CHECK_INT(r.exchange.texts, 0);
    CHECK_INT(r.exchange.end.failure, row->failure);
    CHECK_INT(r.exchange.end.http_status, row->status);
    CHECK_INT(r.exchange.end.close_code, 0);
    CHECK_INT(r.exchange.end.has_retry_after, row->retry_after_s >= 0);
    if (row->retry_after_s >= 0)
      CHECK_INT(r.exchange.end.retry_after_s, row->retry_after_s);
    CHECK_INT(r.exchange.err.code, row->code);
    CHECK_HAS(r.exchange.err.text, row->words);
    CHECK_HAS(r.exchange.err.text, "localhost:");
    road_end(&r);
  }
}

static void endless_header(struct conn *c, void *ctx) {
  (void)ctx;
  struct request r;
  conn_request(c, &r);
  conn_say(c, "HTTP/1.1 101 x\r\n");
  while (conn_say(c, "Set-Cookie: a=b\r\n")) {
  }
}

static void a_header_without_end_is_given_up(void) {
  struct server *s =
      server_start(&(struct server_plan){.serve = endless_header});
  char url[64];
  snprintf(url, sizeof(url), "ws://localhost:%d/" TALK_CHANNEL, server_port(s));
  struct exchange t;
  talk_init(&t, url);
  talk_begin(&t);
  CHECK(talk_closed(&t));
  CHECK_INT(t.end.failure, GC_FAILURE_LIMIT);
  CHECK_INT(t.err.code, GC_ERR_LIMIT);
  CHECK_HAS(t.err.text, "16 KB");
  talk_end(&t);
  server_stop(s);
}

static void an_address_that_cannot_be_used_is_refused_at_once(void) {
  static const char *const urls[] = {
      "ftp://h/" TALK_CHANNEL, "ws://h/" TALK_CHANNEL,
      "wss://user:" TALK_CHANNEL "@h/", "wss://", ""};
  for (size_t i = 0; i < GC_COUNT(urls); i++) {
    CHECK_ROW(urls[i]);
    struct exchange t;
    struct gc_err err = {0};
    talk_init(&t, urls[i]);
    t.loop = gc_loop_new(&err);
    talk_open_here(&t);
    CHECK_INT(t.open_code, GC_ERR_CONFIG);
    CHECK_INT(t.open_err.code, GC_ERR_CONFIG);
    CHECK(strstr(t.open_err.text, TALK_CHANNEL) == NULL);
    CHECK(t.ws == NULL);
    gc_loop_stop(t.loop);
    gc_loop_free(t.loop);
  }
}

static void a_stream_that_fails_passes_its_reason_on(void) {
  static const struct {
    const char *url;
    enum gc_failure failure;
    enum gc_code code;
    const char *words;
  } rows[] = {{"wss://nowhere.test/" TALK_CHANNEL, GC_FAILURE_RESOLVE,
               GC_ERR_NETWORK, "nowhere.test:443: "},
              {"wss://localhost:1/" TALK_CHANNEL, GC_FAILURE_CONNECT,
               GC_ERR_NETWORK, "localhost:1: "},
              {"wss://hang.test/" TALK_CHANNEL, GC_FAILURE_TIMEOUT,
               GC_ERR_TIMEOUT, "hang.test:443: "}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    struct exchange t;
    talk_init(&t, rows[i].url);
    t.connect.connect_timeout_ms = 200;
    talk_begin(&t);
    CHECK(talk_closed(&t));
    CHECK_INT(t.end.failure, rows[i].failure);
    CHECK_INT(t.end.http_status, 0);
    CHECK_INT(t.err.code, rows[i].code);
    CHECK_HAS(t.err.text, rows[i].words);
    talk_end(&t);
  }
  resolver_release();
}

int main(void) {
  ws_bench_begin();
  RUN(a_failed_upgrade_is_reported_with_the_reason);
  RUN(a_header_without_end_is_given_up);
  RUN(an_address_that_cannot_be_used_is_refused_at_once);
  RUN(a_stream_that_fails_passes_its_reason_on);
  ws_bench_end();
  return check_done();
}
