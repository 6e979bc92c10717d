/* SPDX-License-Identifier: MIT */
#include "common/net/socket/websocket.h"

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/resolver.h"
#include "tests/support/ws_bench.h"

/* ---- the end of an open socket ---- */

static void close_1001(struct conn *c, struct peer *p) {
  ws_peer_close(c, 1001, "going\nsoon");
  ws_peer_say(c, 0x81, "too late");
  peer_read_to_the_end(c, p);
}
static void close_without_code(struct conn *c, struct peer *p) {
  ws_peer_send(c, 0x88, "", 0);
  peer_read_to_the_end(c, p);
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
static void reset_client(struct conn *c, struct peer *p) {
  peer_read(c, p); /* the client's frame: before it the reset may win */
  conn_reset(c);
}
static void say_binary(struct conn *c, struct peer *p) {
  ws_peer_send(c, 0x82, "abc", 3);
  peer_read_to_the_end(c, p);
}
static void say_masked(struct conn *c, struct peer *p) {
  conn_write(c, "\x81\x81\x01\x02\x03\x04x", 7);
  peer_read_to_the_end(c, p);
}
static void say_large(struct conn *c, struct peer *p) {
  unsigned char header[WS_PEER_HEADER];
  conn_write(c, header, ws_peer_header(0x81, TALK_MESSAGE_MAX + 1, header));
  conn_write(c, "x", 1);
  peer_read_to_the_end(c, p);
}
static void say_large_in_parts(struct conn *c, struct peer *p) {
  static char half[TALK_MESSAGE_MAX / 2 + 1];
  ws_peer_send(c, 0x01, half, sizeof(half));
  ws_peer_send(c, 0x80, half, sizeof(half));
  peer_read_to_the_end(c, p);
}

static const struct {
  const char *name;
  void (*serve)(struct conn *c, struct peer *p);
  enum gc_failure failure;
  enum gc_code code;
  unsigned close_code, reported; /* reported: to the peer; 0: nothing */
  const char *reason, *log, *words;
} ends[] = {
    {"a close frame", close_1001, GC_FAILURE_NONE, GC_ERR_NETWORK, 1001, 1001,
     "going_soon", "", "closed by the other side with code 1001: going_soon"},
    {"without a code", close_without_code, GC_FAILURE_NONE, GC_ERR_NETWORK,
     1005, 1005, "", "", "with code 1005"},
    {"and then it stays", close_and_park, GC_FAILURE_NONE, GC_ERR_NETWORK, 4000,
     0, "kicked", "", "with code 4000: kicked"},
    {"no close frame", hang_up, GC_FAILURE_BROKEN, GC_ERR_NETWORK, 0, 0, "",
     "last ", "closed the connection without a close frame"},
    {"a reset", reset_client, GC_FAILURE_BROKEN, GC_ERR_NETWORK, 0, 0, "", "",
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

static void the_end_is_reported_once_with_its_reason(void) {
  for (size_t i = 0; i < 2 * GC_COUNT(ends); i++) {
    size_t n = i / 2;
    CHECK_ROW(ends[n].name);
    struct road r;
    road_init(&r, &ways[i % 2], &(struct peer){.serve = ends[n].serve});
    if (ends[n].serve == reset_client)
      r.exchange.send_on_open = "go";
    uint64_t began_ms = gc_clock_now_ms();
    talk_begin(&r.exchange);
    CHECK(talk_closed(&r.exchange));
    CHECK(gc_clock_now_ms() - began_ms < 9000);
    CHECK_INT(r.exchange.opened, 1);
    CHECK_STR(r.exchange.log, ends[n].log);
    CHECK_INT(r.exchange.end.failure, ends[n].failure);
    CHECK_INT(r.exchange.end.close_code, ends[n].close_code);
    CHECK_INT(r.exchange.end.http_status, 0);
    CHECK_STR(r.exchange.end.reason, ends[n].reason);
    CHECK_INT(r.exchange.err.code, ends[n].code);
    CHECK_HAS(r.exchange.err.text, ends[n].words);
    if (ends[n].reported != 0) {
      CHECK(gate_wait(&talk_gate, peer_is_over, &r.peer));
      CHECK_INT(r.peer.closes, 1);
      CHECK_INT(r.peer.close_code, ends[n].reported);
    }
    road_end(&r);
  }
}

/* ---- gc_ws_close ---- */

static void say_goodbye(struct conn *c, struct peer *p) {
  peer_read_to_the_end(c, p);
  ws_peer_say(c, 0x81, "wait");
  ws_peer_close(c, p->close_code, "");
}

static void an_orderly_close_waits_for_the_peer_but_not_long(void) {
  static const struct {
    const char *name;
    void (*serve)(struct conn *c, struct peer *p);
    unsigned close_code;
    const char *log;
    uint64_t min_ms, max_ms;
  } rows[] = {{"it answers", say_goodbye, 1000, "wait ", 0, 450},
              {"it does not", peer_ignore_all, 0, "", 450, 3000}};
  for (size_t i = 0; i < 2 * GC_COUNT(rows); i++) {
    size_t n = i / 2;
    CHECK_ROW(rows[n].name);
    struct road r;
    road_init(&r, &ways[i % 2], &(struct peer){.serve = rows[n].serve});
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
    uint64_t began_ms = gc_clock_now_ms();
    gc_loop_call(r.exchange.loop, talk_close_here, &r.exchange);
    gc_loop_call(r.exchange.loop, talk_close_here, &r.exchange);
    CHECK(talk_closed(&r.exchange));
    uint64_t took_ms = gc_clock_now_ms() - began_ms;
    CHECK_THAT(took_ms >= rows[n].min_ms && took_ms <= rows[n].max_ms,
               "it took %llu ms", (unsigned long long)took_ms);
    CHECK_INT(r.exchange.end.failure, GC_FAILURE_NONE);
    CHECK_INT(r.exchange.end.close_code, rows[n].close_code);
    CHECK_INT(r.exchange.err.code, GC_ERR_STOPPED);
    CHECK_STR(r.exchange.log, rows[n].log);
    gc_loop_call(r.exchange.loop, talk_close_here, &r.exchange);
    CHECK_INT(r.exchange.closed, 1);
    if (rows[n].close_code != 0)
      CHECK_INT(r.peer.closes, 1);
    road_end(&r);
  }
}

static void a_close_before_it_is_open_is_reported_too(void) {
  static const char *const names[] = {"connecting", "upgrading"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    CHECK_ROW(names[i]);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.parks = true});
    if (i == 0)
      r.exchange.options.url = "wss://hang.test/" TALK_CHANNEL;
    talk_begin(&r.exchange);
    while (i == 1 && server_open(r.ends.target) == 0)
      gc_loop_call(r.exchange.loop, talk_nothing, NULL);
    gc_loop_call(r.exchange.loop, talk_close_here, &r.exchange);
    CHECK(talk_closed(&r.exchange));
    CHECK_INT(r.exchange.opened, 0);
    CHECK_INT(r.exchange.err.code, GC_ERR_STOPPED);
    CHECK_INT(r.exchange.end.failure, GC_FAILURE_NONE);
    road_end(&r);
    resolver_release();
  }
}

static void free_now(struct exchange *t) { talk_free_here(t); }
static void close_now(struct exchange *t) { talk_close_here(t); }

static void a_socket_may_be_freed_or_closed_inside_its_callbacks(void) {
  static const struct {
    const char *name;
    void (*on_open)(struct exchange *t), (*on_text)(struct exchange *t),
        (*on_closed)(struct exchange *t);
    bool is_reported;
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
    r.exchange.on_open = rows[n].on_open;
    r.exchange.on_text = rows[n].on_text;
    r.exchange.on_closed = rows[n].on_closed;
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, peer_is_over, &r.peer));
    if (rows[n].is_reported)
      CHECK(talk_closed(&r.exchange));
    CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
    gc_loop_call(r.exchange.loop, talk_nothing, NULL);
    CHECK_INT(r.exchange.closed, rows[n].is_reported);
    road_end(&r);
  }
}

static void free_closes_the_connection(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.serve = peer_read_to_the_end});
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
    gc_loop_call(r.exchange.loop, talk_free_here, &r.exchange);
    CHECK(gate_wait(&talk_gate, peer_is_over, &r.peer));
    CHECK_INT(r.exchange.closed, 0);
    road_end(&r);
  }
}

static void a_stop_does_not_wait_for_anything(void) {
  static const char *const names[] = {"connecting", "upgrading", "open",
                                      "closing"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    CHECK_ROW(names[i]);
    struct road r;
    road_init(&r, &ways[1],
              &(struct peer){.serve = i >= 2 ? peer_ignore_all : NULL,
                             .parks = true});
    if (i == 0)
      r.exchange.options.url = "wss://hang.test/" TALK_CHANNEL;
    talk_begin(&r.exchange);
    while (i == 0 && resolver_hanging() == 0)
      gc_loop_call(r.exchange.loop, talk_nothing, NULL);
    while (i == 1 && server_open(r.ends.target) == 0)
      gc_loop_call(r.exchange.loop, talk_nothing, NULL);
    if (i >= 2)
      CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
    if (i == 3)
      gc_loop_call(r.exchange.loop, talk_close_here, &r.exchange);
    uint64_t began_ms = gc_clock_now_ms();
    gc_loop_stop(r.exchange.loop);
    gc_ws_free(r.exchange.ws);
    r.exchange.ws = NULL;
    CHECK(gc_clock_now_ms() - began_ms < 400);
    CHECK_INT(r.exchange.closed, 0);
    road_end(&r);
    resolver_release();
  }
}

int main(void) {
  ws_bench_begin();
  RUN(the_end_is_reported_once_with_its_reason);
  RUN_TIMED(an_orderly_close_waits_for_the_peer_but_not_long);
  RUN(a_close_before_it_is_open_is_reported_too);
  RUN(a_socket_may_be_freed_or_closed_inside_its_callbacks);
  RUN(free_closes_the_connection);
  RUN_TIMED(a_stop_does_not_wait_for_anything);
  ws_bench_end();
  return check_done();
}
