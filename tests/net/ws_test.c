/* SPDX-License-Identifier: MIT */
#include "common/net/ws.h"

#include <stdlib.h>

#include "common/net/clock.h"
#include "common/net/loop.h"
#include "tests/support/ask.h"
#include "tests/support/certs.h"
#include "tests/support/check.h"
#include "tests/support/resolver.h"
#include "tests/support/server.h"
#include "tests/support/ws_peer.h"

#define PROXY_PASSWORD "pr0xy-pw"
#define PROXY_BASIC "dXNlcjpwcjB4eS1wdw==" /* user:pr0xy-pw */
#define BEARER "b3arer-t0ken"
#define CHANNEL "s3cret-channel"

enum { LARGE = 60000, MESSAGE_MOST = 100000 };

static struct certs certs;
static struct gate gate = GATE_INIT;

/* ---- the client ---- */

/* One socket and what became of it; counters and log under the gate's lock. */
struct talk {
  struct gc_loop *loop;
  struct gc_connect connect;
  struct gc_ws_options options;
  struct gc_ws_events events;
  struct gc_ws *ws;
  enum gc_code open_code;
  struct gc_err open_err;

  int opened, closed, texts;
  char log[512]; /* the messages, short ones as they are: "hi [60000] " */
  struct gc_ws_end end;
  struct gc_err err;

  void (*on_open)(struct talk *t), (*on_text)(struct talk *t),
      (*on_closed)(struct talk *t);
  const char *send_on_open;
  int want_texts;
};

static void send_text(struct talk *t, const char *text) {
  struct gc_err err = {0};
  CHECK_INT(gc_ws_send(t->ws, text, strlen(text), &err), GC_OK);
}

static void on_open(void *ctx) {
  struct talk *t = ctx;
  GATE_CHANGE(&gate, t->opened++);
  if (t->send_on_open != NULL)
    send_text(t, t->send_on_open);
  if (t->on_open != NULL)
    t->on_open(t);
}

static void note_text(struct talk *t, const char *bytes, size_t len) {
  size_t used = strlen(t->log), room = sizeof(t->log) - used;
  t->texts++;
  if (len < 100)
    snprintf(t->log + used, room, "%.*s ", (int)len, bytes);
  else
    snprintf(t->log + used, room, "[%zu] ", len);
}

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct talk *t = ctx;
  GATE_CHANGE(&gate, note_text(t, bytes, len));
  if (t->on_text != NULL)
    t->on_text(t);
}

static void on_closed(void *ctx, const struct gc_ws_end *end,
                      const struct gc_err *err) {
  struct talk *t = ctx;
  GATE_CHANGE(&gate, {
    t->closed++;
    t->end = *end;
    t->err = *err;
  });
  if (t->on_closed != NULL)
    t->on_closed(t);
}

static bool has_opened(void *ctx) {
  struct talk *t = ctx;
  return t->opened + t->closed > 0;
}
static bool has_closed(void *ctx) { return ((struct talk *)ctx)->closed > 0; }
static bool has_texts(void *ctx) {
  struct talk *t = ctx;
  return t->texts >= t->want_texts || t->closed > 0;
}

static void talk_init(struct talk *t, const char *url) {
  static const char *const headers[] = {"Authorization: Bearer " BEARER, NULL};
  *t = (struct talk){.connect = asker_connect()};
  t->connect.ca_cert = certs.ca;
  t->options = (struct gc_ws_options){.url = url,
                                      .headers = headers,
                                      .connect = &t->connect,
                                      .message_most_bytes = MESSAGE_MOST};
}

static void open_here(void *ctx) {
  struct talk *t = ctx;
  t->events = (struct gc_ws_events){on_open, on_text, on_closed, t};
  t->open_code =
      gc_ws_open(t->loop, &t->options, &t->events, &t->ws, &t->open_err);
}

static void free_here(void *ctx) {
  struct talk *t = ctx;
  gc_ws_free(t->ws);
  t->ws = NULL;
}
static void close_here(void *ctx) {
  gc_ws_close(((struct talk *)ctx)->ws, 1000);
}
static void free_now(struct talk *t) { free_here(t); }
static void close_now(struct talk *t) { close_here(t); }
static void nothing(void *ctx) { (void)ctx; }

static void talk_begin(struct talk *t) {
  struct gc_err err = {0};
  t->loop = gc_loop_new(&err);
  if (t->loop == NULL || gc_loop_start(t->loop, "gc-test", &err) != GC_OK) {
    printf("no loop: %s\n", err.text);
    exit(1);
  }
  gc_loop_call(t->loop, open_here, t);
  CHECK_INT(t->open_code, GC_OK);
}

static void talk_end(struct talk *t) {
  gc_loop_stop(t->loop);
  gc_ws_free(t->ws);
  gc_loop_free(t->loop);
}

static bool talk_closed(struct talk *t) {
  bool closed = gate_wait(&gate, has_closed, t);
  gc_loop_call(t->loop, nothing, NULL); /* `closed` has returned */
  CHECK_INT(t->closed, 1);
  CHECK(strstr(t->err.text, CHANNEL) == NULL);
  CHECK(strstr(t->err.text, BEARER) == NULL);
  return closed;
}

/* ---- the server ---- */

/* What a server does and has seen. */
struct peer {
  void (*serve)(struct conn *c, struct peer *p); /* after the 101 */
  const char *answer; /* in place of a 101: "%s" is the right accept */
  bool parks;         /* behind `answer`, or without one; else hangs up */
  size_t count;       /* for `serve` */

  struct request request;
  unsigned frames, unmasked, pings, pongs, closes, close_code;
  char texts[256], pong[126];
  bool same_mask; /* two frames running */
  unsigned char mask[4];
  bool is_over;
};

static bool peer_is_over(void *ctx) { return ((struct peer *)ctx)->is_over; }

static void note_frame(struct peer *p, const struct ws_peer_frame *f) {
  p->unmasked += !f->is_masked;
  p->same_mask |= p->frames > 0 && memcmp(p->mask, f->mask, 4) == 0;
  memcpy(p->mask, f->mask, 4);
  p->frames++;
  p->pings += f->first == 0x89;
  if (f->first == 0x8a) {
    p->pongs++;
    snprintf(p->pong, sizeof(p->pong), "%.125s", f->payload);
  }
  if (f->first == 0x81) {
    size_t used = strlen(p->texts);
    snprintf(p->texts + used, sizeof(p->texts) - used, "%.40s ", f->payload);
  }
  if (f->first == 0x88) {
    const unsigned char *code = (const unsigned char *)f->payload;
    p->closes++;
    p->close_code = f->len < 2 ? 1005 : (unsigned)(code[0] << 8 | code[1]);
  }
}

/* One frame of the client's. False at the end, and after a close frame. */
static bool peer_read(struct conn *c, struct peer *p) {
  static __thread struct ws_peer_frame f;
  if (!ws_peer_read(c, &f))
    return false;
  GATE_CHANGE(&gate, note_frame(p, &f));
  return f.first != 0x88;
}

static void peer_serve(struct conn *c, void *ctx) {
  struct peer *p = ctx;
  if (p->serve != NULL && ws_peer_upgrade(c, &p->request)) {
    p->serve(c, p);
  } else if (p->serve == NULL && conn_request(c, &p->request)) {
    char accept[64] = "";
    ws_peer_accept_of(&p->request, accept);
    if (p->answer != NULL) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      conn_say(c, p->answer, accept);
#pragma GCC diagnostic pop
    }
    if (p->parks)
      conn_linger(c);
  }
  GATE_CHANGE(&gate, p->is_over = true);
}

static void read_to_the_end(struct conn *c, struct peer *p) {
  while (peer_read(c, p)) {
  }
}

/* Which way the bytes go. */
struct way {
  const char *name, *scheme, *proxy;
};
static const struct way ways[] = {
    {"plain", "ws", NULL},
    {"TLS", "wss", NULL},
    {"plain through a proxy", "ws", "http"},
    {"TLS through a proxy", "wss", "http"},
    {"plain through an https proxy", "ws", "https"},
    {"TLS through an https proxy", "wss", "https"},
};

/* A server, perhaps a proxy, and a talk on the way. */
struct road {
  struct server *target, *proxy;
  struct proxy_plan plan;
  struct peer peer;
  char url[128], proxy_url[128];
  struct talk talk;
};

static void road_init(struct road *r, const struct way *way,
                      const struct peer *peer) {
  *r = (struct road){.plan = {.basic = PROXY_BASIC}, .peer = *peer};
  bool tls = strcmp(way->scheme, "wss") == 0;
  r->target = server_start(&(struct server_plan){
      .serve = peer_serve, .ctx = &r->peer, .cert = tls ? certs.server : NULL});
  snprintf(r->url, sizeof(r->url), "%s://localhost:%d/channels/" CHANNEL,
           way->scheme, server_port(r->target));
  talk_init(&r->talk, r->url);
  if (way->proxy == NULL)
    return;
  r->proxy = server_start(&(struct server_plan){
      .serve = proxy_serve,
      .ctx = &r->plan,
      .cert = strcmp(way->proxy, "https") == 0 ? certs.server : NULL});
  snprintf(r->proxy_url, sizeof(r->proxy_url),
           "%s://user:" PROXY_PASSWORD "@localhost:%d", way->proxy,
           server_port(r->proxy));
  r->talk.connect.proxy = r->proxy_url;
}

static void road_end(struct road *r) {
  talk_end(&r->talk);
  if (r->proxy != NULL)
    server_stop(r->proxy);
  server_stop(r->target);
  CHECK_INT(r->peer.unmasked, 0);
  CHECK(!r->peer.same_mask);
}

/* ---- messages ---- */

/* Says something of every kind, answers a message, and hangs up when told. */
static void converse(struct conn *c, struct peer *p) {
  static char large[LARGE];
  memset(large, 'x', sizeof(large));
  ws_peer_say(c, 0x81, "hello");
  ws_peer_say(c, 0x01, "in ");
  ws_peer_say(c, 0x89, "still there?");
  ws_peer_say(c, 0x00, "three ");
  ws_peer_say(c, 0x8a, "unasked");
  ws_peer_say(c, 0x80, "parts");
  ws_peer_send(c, 0x81, large, sizeof(large));
  while (peer_read(c, p))
    if (p->texts[0] != '\0' && p->frames == 2)
      ws_peer_say(c, 0x81, p->texts);
  ws_peer_close(c, 1000, "");
}

static void messages_come_and_go_on_every_way(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.serve = converse});
    r.talk.send_on_open = "echo me";
    r.talk.want_texts = 4;
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_texts, &r.talk));
    CHECK_STR(r.talk.err.text, "");
    CHECK_STR(r.talk.log, "hello in three parts [60000] echo me  ");
    gc_loop_call(r.talk.loop, close_here, &r.talk);
    CHECK(talk_closed(&r.talk));
    CHECK_INT(r.talk.err.code, GC_ERR_STOPPED);
    CHECK_INT(r.talk.end.failure, GC_FAILURE_NONE);
    CHECK_INT(r.talk.end.close_code, 1000);
    CHECK_INT(r.talk.opened, 1);
    CHECK_STR(r.peer.pong, "still there?");
    CHECK_INT(r.peer.close_code, 1000);
    road_end(&r);
    CHECK_INT(r.plan.connects, ways[i].proxy != NULL);
  }
}

static void the_request_says_who_asks_for_what(void) {
  struct road r;
  road_init(&r, &ways[1], &(struct peer){.serve = read_to_the_end});
  talk_begin(&r.talk);
  CHECK(gate_wait(&gate, has_opened, &r.talk));
  char host[64];
  snprintf(host, sizeof(host), "\r\nHost: localhost:%d\r\n",
           server_port(r.target));
  CHECK_STR(r.peer.request.path, "/channels/" CHANNEL);
  CHECK_HAS(r.peer.request.head, host);
  CHECK_HAS(r.peer.request.head, "\r\nAuthorization: Bearer " BEARER "\r\n");
  CHECK_HAS(r.peer.request.head, "\r\nUser-Agent: collectd-genesys/");
  CHECK_HAS(r.peer.request.head, "\r\nSec-WebSocket-Version: 13\r\n");
  road_end(&r);
}

static void every_connection_has_a_key_of_its_own(void) {
  char keys[2][64];
  for (size_t i = 0; i < 2; i++) {
    struct road r;
    road_init(&r, &ways[0], &(struct peer){.serve = read_to_the_end});
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    ws_peer_accept_of(&r.peer.request, keys[i]);
    road_end(&r);
  }
  CHECK(strcmp(keys[0], keys[1]) != 0);
}

/* The first frame may share a segment, and a TLS record, with the 101. */
static void frames_right_behind_the_answer_are_heard(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i],
              &(struct peer){.answer =
                                 "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
                                 "Connection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: %s\r\n\r\n"
                                 "\x81\x05hello\x01\x01"
                                 "a",
                             .parks = true});
    r.talk.want_texts = 1;
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_texts, &r.talk));
    CHECK_STR(r.talk.log, "hello ");
    CHECK_INT(r.talk.opened, 1);
    road_end(&r);
  }
}

static void send_early(void *ctx) {
  struct talk *t = ctx;
  struct gc_err err = {0};
  CHECK_INT(gc_ws_send(t->ws, "x", 1, &err), GC_ERR_NETWORK);
  CHECK_HAS(err.text, "not open");
}

static void what_is_not_open_sends_nothing(void) {
  struct road r;
  road_init(&r, &ways[0], &(struct peer){.parks = true});
  talk_begin(&r.talk);
  gc_loop_call(r.talk.loop, send_early, &r.talk);
  gc_loop_call(r.talk.loop, close_here, &r.talk);
  gc_loop_call(r.talk.loop, send_early, &r.talk);
  CHECK(talk_closed(&r.talk));
  gc_loop_call(r.talk.loop, send_early, &r.talk);
  road_end(&r);
}

/* ---- no upgrade ---- */

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
     "answered 403: {\"message\":\"missing scope\", \"code\":\"forbidden\"}; "
     "correlation id c0rr-1"},
    {"401", "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n", true,
     GC_FAILURE_NONE, 401, -1, GC_ERR_AUTH, "answered 401"},
    {"404, until the end", "HTTP/1.1 404 Not Found\r\n\r\nno such channel",
     false, GC_FAILURE_NONE, 404, -1, GC_ERR_NOT_FOUND,
     "answered 404: no such channel"},
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
     true, BROKEN, "not of our key"},
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
     true, BROKEN, "an extension that we did not ask for"},
    {"no HTTP", "220 mail.example ESMTP\r\n", true, BROKEN,
     "does not speak HTTP/1.1"},
    {"nothing at all", "", false, GC_FAILURE_BROKEN, 0, -1, GC_ERR_NETWORK,
     "hung up without an answer"},
    {"half an answer", "HTTP/1.1 101 x\r\nUpgrade: webs", false,
     GC_FAILURE_BROKEN, 0, -1, GC_ERR_NETWORK, "hung up without an answer"},
    {"silence", NULL, true, GC_FAILURE_TIMEOUT, 0, -1, GC_ERR_TIMEOUT,
     "no answer to the request for a WebSocket for 0.3 s"},
    {"silence within", "HTTP/1.1 101 x\r\nUpgr", true, GC_FAILURE_TIMEOUT, 0,
     -1, GC_ERR_TIMEOUT, "no answer to the request for a WebSocket for 0.3 s"},
    {"a refusal without an end", "HTTP/1.1 429 x\r\nRetry-After: 9\r\n\r\nslow",
     true, GC_FAILURE_NONE, 429, 9, GC_ERR_THROTTLED,
     "answered 429: slow; asks to wait 9 s"},
};

static void what_is_no_upgrade_says_why(void) {
  for (size_t i = 0; i < 2 * GC_COUNT(refusals); i++) {
    const struct refusal *row = &refusals[i / 2];
    char name[64];
    snprintf(name, sizeof(name), "%s, %s", row->name, ways[i % 2].name);
    CHECK_ROW(name);
    struct road r;
    road_init(&r, &ways[i % 2],
              &(struct peer){.answer = row->answer, .parks = row->parks});
    r.talk.connect.timeout_ms = 300;
    r.talk.options.idle_timeout_ms = 1; /* begins with the first frame */
    talk_begin(&r.talk);
    CHECK(talk_closed(&r.talk));
    CHECK_INT(r.talk.opened, 0);
    CHECK_INT(r.talk.texts, 0);
    CHECK_INT(r.talk.end.failure, row->failure);
    CHECK_INT(r.talk.end.http_status, row->status);
    CHECK_INT(r.talk.end.close_code, 0);
    CHECK_INT(r.talk.end.has_retry_after, row->retry_after_s >= 0);
    if (row->retry_after_s >= 0)
      CHECK_INT(r.talk.end.retry_after_s, row->retry_after_s);
    CHECK_INT(r.talk.err.code, row->code);
    CHECK_HAS(r.talk.err.text, row->words);
    CHECK_HAS(r.talk.err.text, "localhost:");
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

static void a_header_without_end_is_not_read_for_ever(void) {
  struct server *s =
      server_start(&(struct server_plan){.serve = endless_header});
  char url[64];
  snprintf(url, sizeof(url), "ws://localhost:%d/" CHANNEL, server_port(s));
  struct talk t;
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
  static const char *const urls[] = {"ftp://h/" CHANNEL, "ws://h/" CHANNEL,
                                     "wss://user:" CHANNEL "@h/", "wss://", ""};
  for (size_t i = 0; i < GC_COUNT(urls); i++) {
    CHECK_ROW(urls[i]);
    struct talk t;
    struct gc_err err = {0};
    talk_init(&t, urls[i]);
    t.loop = gc_loop_new(&err);
    open_here(&t);
    CHECK_INT(t.open_code, GC_ERR_CONFIG);
    CHECK_INT(t.open_err.code, GC_ERR_CONFIG);
    CHECK(strstr(t.open_err.text, CHANNEL) == NULL);
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
  } rows[] = {{"wss://nowhere.test/" CHANNEL, GC_FAILURE_RESOLVE,
               GC_ERR_NETWORK, "nowhere.test:443: "},
              {"wss://localhost:1/" CHANNEL, GC_FAILURE_CONNECT, GC_ERR_NETWORK,
               "localhost:1: "},
              {"wss://hang.test/" CHANNEL, GC_FAILURE_TIMEOUT, GC_ERR_TIMEOUT,
               "hang.test:443: "}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    struct talk t;
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

/* ---- the end of an open socket ---- */

static void close_1001(struct conn *c, struct peer *p) {
  ws_peer_close(c, 1001, "going\nsoon");
  ws_peer_say(c, 0x81, "too late");
  read_to_the_end(c, p);
}
static void close_without_code(struct conn *c, struct peer *p) {
  ws_peer_send(c, 0x88, "", 0);
  read_to_the_end(c, p);
}
/* Neither reads the answer nor hangs up. */
static void close_and_park(struct conn *c, struct peer *p) {
  ws_peer_close(c, 4000, "kicked");
  (void)p;
  conn_park(c);
}
static void hang_up(struct conn *c, struct peer *p) {
  (void)p;
  ws_peer_say(c, 0x81, "last");
}
static void reset(struct conn *c, struct peer *p) {
  peer_read(c, p); /* the client's first: before it the reset may win */
  conn_reset(c);
}
static void say_binary(struct conn *c, struct peer *p) {
  ws_peer_send(c, 0x82, "abc", 3);
  read_to_the_end(c, p);
}
static void say_masked(struct conn *c, struct peer *p) {
  conn_write(c, "\x81\x81\x01\x02\x03\x04x", 7);
  read_to_the_end(c, p);
}
static void say_large(struct conn *c, struct peer *p) {
  unsigned char header[WS_PEER_HEADER];
  conn_write(c, header, ws_peer_header(0x81, MESSAGE_MOST + 1, header));
  conn_write(c, "x", 1);
  read_to_the_end(c, p);
}
static void say_large_in_parts(struct conn *c, struct peer *p) {
  static char half[MESSAGE_MOST / 2 + 1];
  ws_peer_send(c, 0x01, half, sizeof(half));
  ws_peer_send(c, 0x80, half, sizeof(half));
  read_to_the_end(c, p);
}

static const struct {
  const char *name;
  void (*serve)(struct conn *c, struct peer *p);
  enum gc_failure failure;
  enum gc_code code;
  unsigned close_code, told; /* told: what the peer gets; 0: nothing */
  const char *reason, *log, *words;
} ends[] = {
    {"a close frame", close_1001, GC_FAILURE_NONE, GC_ERR_NETWORK, 1001, 1001,
     "going_soon", "", "closed by the other side with code 1001: going_soon"},
    {"without a code", close_without_code, GC_FAILURE_NONE, GC_ERR_NETWORK,
     1005, 1005, "", "", "with code 1005"},
    {"and then it stays", close_and_park, GC_FAILURE_NONE, GC_ERR_NETWORK, 4000,
     0, "kicked", "", "with code 4000: kicked"},
    {"no close frame", hang_up, GC_FAILURE_BROKEN, GC_ERR_NETWORK, 0, 0, "",
     "last ", "hung up without a close frame"},
    {"a reset", reset, GC_FAILURE_BROKEN, GC_ERR_NETWORK, 0, 0, "", "",
     "localhost:"},
    {"a binary message", say_binary, GC_FAILURE_BROKEN, GC_ERR_PARSE, 1003,
     1003, "", "", "with code 1003: a binary message"},
    {"a masked frame", say_masked, GC_FAILURE_BROKEN, GC_ERR_PARSE, 1002, 1002,
     "", "", "with code 1002: a masked frame"},
    {"too large", say_large, GC_FAILURE_LIMIT, GC_ERR_LIMIT, 1009, 1009, "", "",
     "with code 1009: a message larger"},
    {"too large in parts", say_large_in_parts, GC_FAILURE_LIMIT, GC_ERR_LIMIT,
     1009, 1009, "", "", "with code 1009: a message larger"},
};

static void the_end_is_told_once_with_its_reason(void) {
  for (size_t i = 0; i < 2 * GC_COUNT(ends); i++) {
    size_t n = i / 2;
    CHECK_ROW(ends[n].name);
    struct road r;
    road_init(&r, &ways[i % 2], &(struct peer){.serve = ends[n].serve});
    if (ends[n].serve == reset)
      r.talk.send_on_open = "go";
    uint64_t began_ms = gc_clock_now_ms();
    talk_begin(&r.talk);
    CHECK(talk_closed(&r.talk));
    CHECK(gc_clock_now_ms() - began_ms < 5000);
    CHECK_INT(r.talk.opened, 1);
    CHECK_STR(r.talk.log, ends[n].log);
    CHECK_INT(r.talk.end.failure, ends[n].failure);
    CHECK_INT(r.talk.end.close_code, ends[n].close_code);
    CHECK_INT(r.talk.end.http_status, 0);
    CHECK_STR(r.talk.end.reason, ends[n].reason);
    CHECK_INT(r.talk.err.code, ends[n].code);
    CHECK_HAS(r.talk.err.text, ends[n].words);
    if (ends[n].told != 0) {
      CHECK(gate_wait(&gate, peer_is_over, &r.peer));
      CHECK_INT(r.peer.closes, 1);
      CHECK_INT(r.peer.close_code, ends[n].told);
    }
    road_end(&r);
  }
}

/* ---- our own end ---- */

static void say_goodbye(struct conn *c, struct peer *p) {
  read_to_the_end(c, p);
  ws_peer_say(c, 0x81, "wait");
  ws_peer_close(c, p->close_code, "");
}
static void ignore_all(struct conn *c, struct peer *p) {
  (void)p;
  conn_park(c);
}

static void an_orderly_close_waits_for_the_peer_but_not_long(void) {
  static const struct {
    const char *name;
    void (*serve)(struct conn *c, struct peer *p);
    unsigned close_code;
    const char *log;
    uint64_t least_ms, most_ms;
  } rows[] = {{"it answers", say_goodbye, 1000, "wait ", 0, 450},
              {"it does not", ignore_all, 0, "", 450, 3000}};
  for (size_t i = 0; i < 2 * GC_COUNT(rows); i++) {
    size_t n = i / 2;
    CHECK_ROW(rows[n].name);
    struct road r;
    road_init(&r, &ways[i % 2], &(struct peer){.serve = rows[n].serve});
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    uint64_t began_ms = gc_clock_now_ms();
    gc_loop_call(r.talk.loop, close_here, &r.talk);
    gc_loop_call(r.talk.loop, close_here, &r.talk);
    CHECK(talk_closed(&r.talk));
    uint64_t took_ms = gc_clock_now_ms() - began_ms;
    CHECK_THAT(took_ms >= rows[n].least_ms && took_ms <= rows[n].most_ms,
               "it took %llu ms", (unsigned long long)took_ms);
    CHECK_INT(r.talk.end.failure, GC_FAILURE_NONE);
    CHECK_INT(r.talk.end.close_code, rows[n].close_code);
    CHECK_INT(r.talk.err.code, GC_ERR_STOPPED);
    CHECK_STR(r.talk.log, rows[n].log);
    gc_loop_call(r.talk.loop, close_here, &r.talk);
    CHECK_INT(r.talk.closed, 1);
    if (rows[n].close_code != 0)
      CHECK_INT(r.peer.closes, 1);
    road_end(&r);
  }
}

static void a_close_before_it_is_open_is_told_too(void) {
  static const char *const names[] = {"connecting", "upgrading"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    CHECK_ROW(names[i]);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.parks = true});
    if (i == 0)
      r.talk.options.url = "wss://hang.test/" CHANNEL;
    talk_begin(&r.talk);
    while (i == 1 && server_open(r.target) == 0)
      gc_loop_call(r.talk.loop, nothing, NULL);
    gc_loop_call(r.talk.loop, close_here, &r.talk);
    CHECK(talk_closed(&r.talk));
    CHECK_INT(r.talk.opened, 0);
    CHECK_INT(r.talk.err.code, GC_ERR_STOPPED);
    CHECK_INT(r.talk.end.failure, GC_FAILURE_NONE);
    road_end(&r);
    resolver_release();
  }
}

static void a_socket_may_be_freed_or_closed_inside_its_callbacks(void) {
  static const struct {
    const char *name;
    void (*on_open)(struct talk *t), (*on_text)(struct talk *t),
        (*on_closed)(struct talk *t);
    bool is_told;
  } rows[] = {{"free in open", free_now, NULL, NULL, false},
              {"free in text", NULL, free_now, NULL, false},
              {"free in closed", NULL, NULL, free_now, true},
              {"close in open", close_now, NULL, NULL, true},
              {"close in text", NULL, close_now, NULL, true},
              {"close in closed", NULL, NULL, close_now, true},
              {"close, then free", close_now, free_now, NULL, false}};
  for (size_t i = 0; i < 2 * GC_COUNT(rows); i++) {
    size_t n = i / 2;
    CHECK_ROW(rows[n].name);
    struct road r;
    road_init(&r, &ways[i % 2],
              &(struct peer){.answer =
                                 "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
                                 "Connection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: %s\r\n\r\n"
                                 "\x81\x01"
                                 "a\x89\x01"
                                 "b\x81\x01"
                                 "c"
                                 "\x88\x02\x03\xe8"});
    r.talk.on_open = rows[n].on_open;
    r.talk.on_text = rows[n].on_text;
    r.talk.on_closed = rows[n].on_closed;
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, peer_is_over, &r.peer));
    if (rows[n].is_told)
      CHECK(talk_closed(&r.talk));
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    gc_loop_call(r.talk.loop, nothing, NULL);
    CHECK_INT(r.talk.closed, rows[n].is_told);
    road_end(&r);
  }
}

static void free_closes_the_connection(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.serve = read_to_the_end});
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    gc_loop_call(r.talk.loop, free_here, &r.talk);
    CHECK(gate_wait(&gate, peer_is_over, &r.peer));
    CHECK_INT(r.talk.closed, 0);
    road_end(&r);
  }
}

static void a_stop_does_not_wait_for_anything(void) {
  static const char *const names[] = {"connecting", "upgrading", "open",
                                      "closing"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    CHECK_ROW(names[i]);
    struct road r;
    road_init(
        &r, &ways[1],
        &(struct peer){.serve = i >= 2 ? ignore_all : NULL, .parks = true});
    if (i == 0)
      r.talk.options.url = "wss://hang.test/" CHANNEL;
    talk_begin(&r.talk);
    while (i == 0 && resolver_hanging() == 0)
      gc_loop_call(r.talk.loop, nothing, NULL);
    while (i == 1 && server_open(r.target) == 0)
      gc_loop_call(r.talk.loop, nothing, NULL);
    if (i >= 2)
      CHECK(gate_wait(&gate, has_opened, &r.talk));
    if (i == 3)
      gc_loop_call(r.talk.loop, close_here, &r.talk);
    uint64_t began_ms = gc_clock_now_ms();
    gc_loop_stop(r.talk.loop);
    gc_ws_free(r.talk.ws);
    r.talk.ws = NULL;
    CHECK(gc_clock_now_ms() - began_ms < 400);
    CHECK_INT(r.talk.closed, 0);
    road_end(&r);
    resolver_release();
  }
}

/* ---- silence and floods ---- */

static void answer_some_pings(struct conn *c, struct peer *p) {
  while (peer_read(c, p))
    if (p->pings <= p->count)
      ws_peer_send(c, 0x8a, "", 0);
}

static void a_silent_peer_is_asked_and_then_given_up(void) {
  static const struct {
    const char *name;
    uint32_t idle_timeout_ms, ping_interval_ms;
    size_t answers;
    unsigned least_pings, most_pings;
    uint64_t least_ms;
  } rows[] = {{"without pings", 200, 0, 0, 0, 0, 200},
              {"with pings", 200, 60, 0, 2, 3, 200},
              {"answered for a while", 200, 60, 8, 9, 11, 600}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct road r;
    road_init(
        &r, &ways[i % 2],
        &(struct peer){.serve = answer_some_pings, .count = rows[i].answers});
    r.talk.options.idle_timeout_ms = rows[i].idle_timeout_ms;
    r.talk.options.ping_interval_ms = rows[i].ping_interval_ms;
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    uint64_t began_ms = gc_clock_now_ms();
    CHECK(talk_closed(&r.talk));
    CHECK(gc_clock_now_ms() - began_ms + 20 >= rows[i].least_ms);
    CHECK_INT(r.talk.end.failure, GC_FAILURE_TIMEOUT);
    CHECK_INT(r.talk.err.code, GC_ERR_TIMEOUT);
    CHECK_HAS(r.talk.err.text, "nothing was heard for 0.2 s");
    CHECK(gate_wait(&gate, peer_is_over, &r.peer));
    CHECK_THAT(r.peer.pings >= rows[i].least_pings &&
                   r.peer.pings <= rows[i].most_pings,
               "%u pings", r.peer.pings);
    road_end(&r);
  }
}

struct metronome {
  struct gc_loop *loop;
  struct gc_timer timer;
  int left;
};
static void tick(void *ctx, uint64_t now_ms) {
  struct metronome *m = ctx;
  GATE_CHANGE(&gate, m->left--);
  if (m->left > 0)
    gc_timers_set(gc_loop_timers(m->loop), &m->timer, now_ms + 2);
}
static void start_ticking(void *ctx) {
  struct metronome *m = ctx;
  m->timer = (struct gc_timer){.fire = tick, .ctx = m};
  gc_timers_set(gc_loop_timers(m->loop), &m->timer, gc_clock_now_ms());
}
static bool has_ticked(void *ctx) {
  return ((struct metronome *)ctx)->left <= 0;
}

static void flood_texts(struct conn *c, struct peer *p) {
  (void)p;
  static char bytes[64 * 102];
  for (size_t i = 0; i < sizeof(bytes); i++)
    bytes[i] = i % 102 == 0 ? (char)0x81 : i % 102 == 1 ? 100 : 'x';
  while (conn_write(c, bytes, sizeof(bytes))) {
  }
}

static void flood_pings(struct conn *c, struct peer *p) {
  static char bytes[8192];
  for (size_t i = 0; i < sizeof(bytes); i += 2)
    memcpy(bytes + i, "\x89", 2);
  for (size_t i = 0; i < 100; i++)
    conn_write(c, bytes, sizeof(bytes));
  ws_peer_close(c, 1000, "");
  read_to_the_end(c, p);
}

static void a_flood_holds_neither_timers_nor_the_stop(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.serve = flood_texts});
    r.talk.options.idle_timeout_ms = 50;
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    struct metronome m = {.loop = r.talk.loop, .left = 50};
    gc_loop_call(r.talk.loop, start_ticking, &m);
    CHECK(gate_wait(&gate, has_ticked, &m));
    uint64_t began_ms = gc_clock_now_ms();
    gc_loop_stop(r.talk.loop);
    CHECK(gc_clock_now_ms() - began_ms < 1000);
    CHECK_INT(r.talk.closed, 0);
    CHECK_STR(r.talk.err.text, "");
    CHECK(r.talk.texts > 0);
    road_end(&r);
  }
}

static void many_pings_earn_few_pongs(void) {
  struct road r;
  road_init(&r, &ways[0], &(struct peer){.serve = flood_pings});
  talk_begin(&r.talk);
  CHECK(talk_closed(&r.talk));
  CHECK_INT(r.talk.end.close_code, 1000);
  CHECK(gate_wait(&gate, peer_is_over, &r.peer));
  CHECK(r.peer.pongs >= 1);
  CHECK_THAT(r.peer.pongs <= 4096, "%u pongs to 409600 pings", r.peer.pongs);
  road_end(&r);
}

static void send_until_limit(void *ctx) {
  struct talk *t = ctx;
  static char bytes[16384];
  struct gc_err err = {0};
  enum gc_code code = GC_OK;
  for (int i = 0; i < 4096 && code == GC_OK; i++)
    code = gc_ws_send(t->ws, bytes, sizeof(bytes), &err);
  CHECK_INT(code, GC_ERR_LIMIT);
  /* to the brim, so that not even a ping fits */
  for (code = GC_OK; code == GC_OK;)
    code = gc_ws_send(t->ws, "", 0, &err);
  CHECK_INT(code, GC_ERR_LIMIT);
  CHECK_HAS(err.text, "does not read");
  CHECK_INT(t->closed, 0); /* never inside */
}

static void a_peer_that_never_reads_is_given_up(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.serve = ignore_all});
    r.talk.options.ping_interval_ms = 50;
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    gc_loop_call(r.talk.loop, send_until_limit, &r.talk);
    CHECK(talk_closed(&r.talk));
    CHECK_INT(r.talk.end.failure, GC_FAILURE_LIMIT);
    CHECK_INT(r.talk.err.code, GC_ERR_LIMIT);
    CHECK_HAS(r.talk.err.text, "does not read");
    road_end(&r);
  }
}

int main(void) {
  static const char *const proxies[] = {
      "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
      "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  for (size_t i = 0; i < GC_COUNT(proxies); i++)
    unsetenv(proxies[i]);
  certs_make(&certs);

  RUN(messages_come_and_go_on_every_way);
  RUN(the_request_says_who_asks_for_what);
  RUN(every_connection_has_a_key_of_its_own);
  RUN(frames_right_behind_the_answer_are_heard);
  RUN(what_is_not_open_sends_nothing);
  RUN(what_is_no_upgrade_says_why);
  RUN(a_header_without_end_is_not_read_for_ever);
  RUN(an_address_that_cannot_be_used_is_refused_at_once);
  RUN(a_stream_that_fails_passes_its_reason_on);
  RUN(the_end_is_told_once_with_its_reason);
  RUN(an_orderly_close_waits_for_the_peer_but_not_long);
  RUN(a_close_before_it_is_open_is_told_too);
  RUN(a_socket_may_be_freed_or_closed_inside_its_callbacks);
  RUN(free_closes_the_connection);
  RUN(a_stop_does_not_wait_for_anything);
  RUN(a_silent_peer_is_asked_and_then_given_up);
  RUN(a_flood_holds_neither_timers_nor_the_stop);
  RUN(many_pings_earn_few_pongs);
  RUN(a_peer_that_never_reads_is_given_up);

  certs_remove(&certs);
  return check_done();
}
