/* SPDX-License-Identifier: MIT */
#include "common/net/socket/tcp_stream.h"

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/loop_rounds.h"
#include "tests/support/metronome.h"
#include "tests/support/stream_bench.h"

enum { MB = 1024 * 1024, ROUND_MAX_BYTES = 256 * 1024, READ_BYTES = 65536 };

/* Sends ten bytes of the pattern first, then waits. */
static void greet_client(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[10];
  for (size_t i = 0; i < sizeof(bytes); i++)
    bytes[i] = stream_pattern(i);
  if (conn_write(c, bytes, sizeof(bytes)))
    conn_linger(c);
}

/* Sends the pattern without end. */
static void flood_client(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[16384];
  for (size_t at = 0;; at += sizeof(bytes)) {
    for (size_t i = 0; i < sizeof(bytes); i++)
      bytes[i] = stream_pattern(at + i);
    if (!conn_write(c, bytes, sizeof(bytes)))
      return;
  }
}

static void fifty_megabytes_come_back_whole(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], serve_echo, NULL);
    r.exchange.to_send = 50 * MB;
    tcp_exchange_begin(&r.exchange);
    CHECK(tcp_exchange_got(&r.exchange, 50 * MB));
    CHECK_INT(r.exchange.wrong, 0);
    CHECK_INT(r.exchange.closed, 0);
    CHECK_STR(r.exchange.err.text, "");
    CHECK(r.exchange.round_max <= ROUND_MAX_BYTES + READ_BYTES);
    tcp_road_end(&r);
    CHECK_INT(r.ends.plan.connects, ways[i].proxy != NULL);
  }
}

static void single_bytes_come_back_whole(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], serve_echo, NULL);
    r.exchange.to_send = 2000;
    r.exchange.piece = 1;
    tcp_exchange_begin(&r.exchange);
    CHECK(tcp_exchange_got(&r.exchange, 2000));
    CHECK_INT(r.exchange.wrong, 0);
    tcp_road_end(&r);
  }
}

/* The first bytes may have come together with the end of the handshake, where
 * poll does not see them any more. */
static void bytes_of_a_peer_that_sends_first_arrive(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], greet_client, NULL);
    r.ends.plan.is_eager = strcmp(ways[i].scheme, "ws") == 0;
    tcp_exchange_begin(&r.exchange);
    CHECK(tcp_exchange_got(&r.exchange, 10));
    CHECK_INT(r.exchange.wrong, 0);
    tcp_road_end(&r);
  }
}

/* A burst is one round's share and a little more: the rest is decoded in the
 * TLS layer when the share is used up, and poll does not see it. */
enum { BURST_BYTES = ROUND_MAX_BYTES + 100, BURSTS = 40 };

static void say_bursts(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[16384], byte;
  for (size_t at = 0; conn_read(c, &byte, 1) == 1;)
    for (size_t left = BURST_BYTES, len; left > 0; left -= len) {
      len = left < sizeof(bytes) ? left : sizeof(bytes);
      for (size_t i = 0; i < len; i++)
        bytes[i] = stream_pattern(at++);
      if (!conn_write(c, bytes, len))
        return;
    }
}

static void ask_for_next(struct exchange *t) {
  if (t->got == t->to_send * BURST_BYTES && t->to_send < BURSTS)
    t->to_send++;
}

static void bytes_that_tls_holds_back_are_read_without_a_poll(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], say_bursts, NULL);
    r.exchange.on_open = r.exchange.on_read = ask_for_next;
    tcp_exchange_begin(&r.exchange);
    CHECK(tcp_exchange_got(&r.exchange, (size_t)BURSTS * BURST_BYTES));
    CHECK_INT(r.exchange.wrong, 0);
    tcp_road_end(&r);
  }
}

/* A write that TLS has refused must come again with the same bytes. */
static void a_peer_that_reads_late_gets_every_byte(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct slow_reader reader = {.may_read = false};
    struct server *s = server_start(
        &(struct server_plan){.serve = serve_read_late,
                              .ctx = &reader,
                              .cert = i == 1 ? stream_certs.server : NULL,
                              .receive_bytes = 4096});
    struct exchange t = tcp_exchange_of(stream_url_at(s, ways[i].scheme));
    t.connect.ca_cert = stream_certs.ca;
    t.to_send = 64 * MB; /* until GC_ERR_LIMIT */
    t.piece = 1000;
    tcp_exchange_begin(&t);
    CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_opened, &t));
    for (int again = 0; again < 3; again++)
      gc_loop_call(t.loop, tcp_exchange_pump_here, &t);
    CHECK(t.saw_limit);
    CHECK_INT(t.closed, 0);
    GATE_CHANGE(&tcp_exchange_gate, reader.may_read = true);
    /* sending on while the rest drains */
    size_t enough = t.sent + 4 * MB;
    while (t.sent < enough && !tcp_exchange_is_closed(&t))
      gc_loop_call(t.loop, tcp_exchange_pump_here, &t);
    CHECK_INT(t.closed, 0);
    tcp_exchange_end(&t);
    CHECK(gate_wait(&tcp_exchange_gate, slow_reader_has_ended, &reader));
    CHECK(reader.got > 3 * MB);
    CHECK_INT(reader.wrong, 0);
    server_stop(s);
  }
}

static void a_peer_that_never_reads_is_reported(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], serve_park, NULL);
    r.exchange.to_send = 64 * MB;
    tcp_exchange_begin(&r.exchange);
    CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_opened, &r.exchange));
    gc_loop_call(r.exchange.loop, tcp_exchange_pump_here, &r.exchange);
    CHECK(r.exchange.saw_limit);
    CHECK(r.exchange.sent < 64 * MB);
    tcp_road_end(&r);
  }
}

static void a_flood_holds_neither_timers_nor_the_stop(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], flood_client, NULL);
    tcp_exchange_begin(&r.exchange);
    CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_opened, &r.exchange));
    struct metronome m = {.loop = r.exchange.loop, .left = 50};
    metronome_start(&m);
    CHECK(metronome_ends(&m));
    uint64_t began_ms = gc_clock_now_ms();
    gc_loop_stop(r.exchange.loop);
    CHECK(gc_clock_now_ms() - began_ms < 1000);
    CHECK(r.exchange.got > 0);
    CHECK_INT(r.exchange.wrong, 0);
    /* the rule: each round reads at most a share */
    CHECK_THAT(r.exchange.round_max <= ROUND_MAX_BYTES + READ_BYTES,
               "%zu bytes in one round", r.exchange.round_max);
    tcp_road_end(&r);
  }
}

/* Makes the check of the idle loop with an open stream without bytes. */
static void an_open_stream_that_is_quiet_lets_the_loop_sleep(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], greet_client, NULL);
    tcp_exchange_begin(&r.exchange);
    CHECK(tcp_exchange_got(&r.exchange, 10));
    struct metronome m = {.loop = r.exchange.loop, .left = 20};
    gc_loop_call(r.exchange.loop, tcp_exchange_nothing, NULL);
    uint64_t before = loop_rounds();
    metronome_start(&m);
    CHECK(metronome_ends(&m));
    uint64_t rounds = loop_rounds() - before;
    CHECK_THAT(rounds >= 1 && rounds <= 60, "%llu rounds in 40 quiet ms",
               (unsigned long long)rounds);
    tcp_road_end(&r);
  }
}

int main(void) {
  stream_bench_begin();
  RUN(fifty_megabytes_come_back_whole);
  RUN(single_bytes_come_back_whole);
  RUN(bytes_of_a_peer_that_sends_first_arrive);
  RUN(bytes_that_tls_holds_back_are_read_without_a_poll);
  RUN(a_peer_that_reads_late_gets_every_byte);
  RUN(a_peer_that_never_reads_is_reported);
  RUN_TIMED(a_flood_holds_neither_timers_nor_the_stop);
  RUN_TIMED(an_open_stream_that_is_quiet_lets_the_loop_sleep);
  stream_bench_end();
  return check_done();
}
