/* SPDX-License-Identifier: MIT */
#include "common/net/socket/websocket.h"

#include <time.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/metronome.h"
#include "tests/support/ws_bench.h"

static void answer_some_pings(struct conn *c, struct peer *p) {
  while (peer_read(c, p))
    if (p->pings <= p->count)
      ws_peer_send(c, 0x8a, "", 0);
}

static void a_silent_peer_is_given_up_with_and_without_pings(void) {
  static const struct {
    const char *name;
    uint32_t idle_timeout_ms, ping_interval_ms;
    size_t answers;
    unsigned min_pings, max_pings;
    uint64_t min_ms;
  } rows[] = {{"without pings", 200, 0, 0, 0, 0, 200},
              {"with pings", 200, 60, 0, 2, 3, 200},
              {"answered for a while", 200, 60, 8, 9, 11, 600}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct road r;
    road_init(
        &r, &ways[i % 2],
        &(struct peer){.serve = answer_some_pings, .count = rows[i].answers});
    r.exchange.options.idle_timeout_ms = rows[i].idle_timeout_ms;
    r.exchange.options.ping_interval_ms = rows[i].ping_interval_ms;
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
    uint64_t began_ms = gc_clock_now_ms();
    CHECK(talk_closed(&r.exchange));
    CHECK(gc_clock_now_ms() - began_ms + 20 >= rows[i].min_ms);
    CHECK_INT(r.exchange.end.failure, GC_FAILURE_TIMEOUT);
    CHECK_INT(r.exchange.err.code, GC_ERR_TIMEOUT);
    CHECK_HAS(r.exchange.err.text, "nothing was received for 0.2 s");
    CHECK(gate_wait(&talk_gate, peer_is_over, &r.peer));
    CHECK_THAT(r.peer.pings >= rows[i].min_pings &&
                   r.peer.pings <= rows[i].max_pings,
               "%u pings", r.peer.pings);
    CHECK_INT(r.exchange.lives, rows[i].answers);
    road_end(&r);
  }
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
  peer_read_to_the_end(c, p);
}

static void a_flood_holds_neither_timers_nor_the_stop(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.serve = flood_texts});
    /* The flood lasts longer; on a busy machine it pauses for less. */
    r.exchange.options.idle_timeout_ms = 1000;
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
    struct metronome m = {.loop = r.exchange.loop, .left = 50};
    uint64_t began_ms = gc_clock_now_ms();
    metronome_start(&m);
    CHECK(metronome_ends(&m));
    while (gc_clock_now_ms() - began_ms < 1200)
      nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    began_ms = gc_clock_now_ms();
    gc_loop_stop(r.exchange.loop);
    CHECK(gc_clock_now_ms() - began_ms < 1000);
    CHECK_INT(r.exchange.closed, 0);
    CHECK_STR(r.exchange.err.text, "");
    CHECK(r.exchange.texts > 0);
    road_end(&r);
  }
}

static void many_pings_get_few_pongs(void) {
  struct road r;
  road_init(&r, &ways[0], &(struct peer){.serve = flood_pings});
  talk_begin(&r.exchange);
  CHECK(talk_closed(&r.exchange));
  CHECK_INT(r.exchange.end.close_code, 1000);
  CHECK(gate_wait(&talk_gate, peer_is_over, &r.peer));
  CHECK(r.peer.pongs >= 1);
  CHECK_THAT(r.peer.pongs <= 4096, "%u pongs to 409600 pings", r.peer.pongs);
  road_end(&r);
}

static void send_until_limit(void *ctx) {
  struct exchange *t = ctx;
  static char bytes[16384];
  struct gc_err err = {0};
  enum gc_code code = GC_OK;
  for (int i = 0; i < 4096 && code == GC_OK; i++)
    code = gc_ws_send(t->ws, bytes, sizeof(bytes), &err);
  CHECK_INT(code, GC_ERR_LIMIT);
  /* full, so that not even a ping fits */
  for (code = GC_OK; code == GC_OK;)
    code = gc_ws_send(t->ws, "", 0, &err);
  CHECK_INT(code, GC_ERR_LIMIT);
  CHECK_HAS(err.text, "does not read");
  CHECK_INT(t->closed, 0); /* never inside gc_ws_send */
}

static void a_peer_that_never_reads_is_given_up(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.serve = peer_ignore_all});
    r.exchange.options.ping_interval_ms = 50;
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
    gc_loop_call(r.exchange.loop, send_until_limit, &r.exchange);
    CHECK(talk_closed(&r.exchange));
    CHECK_INT(r.exchange.end.failure, GC_FAILURE_LIMIT);
    CHECK_INT(r.exchange.err.code, GC_ERR_LIMIT);
    CHECK_HAS(r.exchange.err.text, "does not read");
    road_end(&r);
  }
}

int main(void) {
  ws_bench_begin();
  RUN_TIMED(a_silent_peer_is_given_up_with_and_without_pings);
  RUN_TIMED(a_flood_holds_neither_timers_nor_the_stop);
  RUN(many_pings_get_few_pongs);
  RUN(a_peer_that_never_reads_is_given_up);
  ws_bench_end();
  return check_done();
}
