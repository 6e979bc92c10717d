/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/socket/tcp_stream: a stream that sends and
 * expects a pattern and records its events (exchange), servers, and the
 * connections between them (road). One program, one bench. */
#ifndef GC_TESTS_SUPPORT_STREAM_BENCH_H
#define GC_TESTS_SUPPORT_STREAM_BENCH_H

#include "common/base/connect.h"
#include "common/net/loop.h"
#include "common/net/socket/tcp_stream.h"
#include "tests/support/certs.h"
#include "tests/support/deadline.h"
#include "tests/support/server.h"
#include "tests/support/ways.h"

/* Call them first and last in main. They remove proxies of the environment. */
void stream_bench_begin(void);
void stream_bench_end(void);

extern struct certs stream_certs;
extern struct gate
    tcp_exchange_gate; /* for all records of exchanges and servers */

/* Both sides send byte `i` of this pattern. */
char stream_pattern(size_t i);

/* One stream and its record; the counters under the gate's lock. */
struct exchange {
  struct gc_loop *loop;
  struct gc_connect connect;
  struct gc_stream *stream;
  struct gc_stream_events events;
  const char *url;
  enum gc_code open_code;
  struct gc_err open_err;

  size_t to_send, piece; /* bytes of the pattern, bytes of a piece */
  size_t sent, got, wrong;
  bool saw_limit;
  int opened, closed;
  enum gc_failure failure;
  struct gc_err err;
  size_t round_got, round_max; /* bytes read in one round of the loop */
  uint64_t round;

  void (*on_open)(struct exchange *t), (*on_read)(struct exchange *t),
      (*on_closed)(struct exchange *t);
  size_t want; /* bytes that tcp_exchange_got waits for */
};

struct exchange tcp_exchange_of(const char *url);
void tcp_exchange_begin(struct exchange *t); /* on a loop of its own */
void tcp_exchange_end(struct exchange *t);
bool tcp_exchange_got(struct exchange *t,
                      size_t want); /* waits for `want` bytes */
bool tcp_exchange_is_closed(struct exchange *t);
/* Sends until all is sent or the stream accepts no more. */
void tcp_exchange_pump(struct exchange *t);

/* For gate_wait: opened or closed; closed. */
bool tcp_exchange_has_opened(void *exchange);
bool tcp_exchange_has_closed(void *exchange);

/* For gc_loop_call. */
void tcp_exchange_open_here(void *exchange);
void tcp_exchange_free_here(void *exchange);
void tcp_exchange_pump_here(void *exchange);
void tcp_exchange_nothing(void *ctx);

/* For server_plan.serve; the ctx of serve_read_late is a slow_reader. */
void serve_echo(struct conn *c, void *ctx);
void serve_park(struct conn *c, void *ctx);
void serve_read_late(struct conn *c, void *ctx);

/* Reads nothing until `may_read`, then counts wrong bytes. */
struct slow_reader {
  bool may_read;
  size_t got, wrong;
  bool has_ended;
};

bool slow_reader_has_ended(void *reader); /* for gate_wait */
/* The last 16 stay valid. */
const char *stream_url_at(const struct server *s, const char *scheme);

/* A target that runs `serve`, its proxy, if it has one, and an exchange that
 * connects to it. */
struct road {
  struct ends ends;
  struct exchange exchange;
};

void road_begin(struct road *r, const struct way *way,
                void (*serve)(struct conn *c, void *ctx), void *ctx);
void tcp_road_end(struct road *r);

#endif
