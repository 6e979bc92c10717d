/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/socket/websocket: a socket that records its
 * events (exchange), a server that records the frames it receives (peer), and
 * the connections between them (road). One program, one bench. */
#ifndef GC_TESTS_SUPPORT_WS_BENCH_H
#define GC_TESTS_SUPPORT_WS_BENCH_H

#include "common/base/connect.h"
#include "common/net/loop.h"
#include "common/net/socket/websocket.h"
#include "tests/support/deadline.h"
#include "tests/support/server.h"
#include "tests/support/ways.h"
#include "tests/support/ws_peer.h"

#define TALK_BEARER "b3arer-t0ken"
#define TALK_CHANNEL "s3cret-channel" /* in every URL, in no text */

enum { TALK_MESSAGE_MAX = 100000 };

/* Call them first and last in main. They remove proxies of the environment. */
void ws_bench_begin(void);
void ws_bench_end(void);

extern struct gate talk_gate; /* for all records of exchanges and peers */

/* One socket and its record; counters and log under the gate's lock. */
struct exchange {
  struct gc_loop *loop;
  struct gc_connect connect;
  struct gc_ws_options options;
  struct gc_ws_events events;
  struct gc_ws *ws;
  enum gc_code open_code;
  struct gc_err open_err;

  int opened, closed, texts, lives;
  char log[512]; /* the messages, short ones as they are: "hi [60000] " */
  struct gc_ws_end end;
  struct gc_err err;

  void (*on_open)(struct exchange *t), (*on_text)(struct exchange *t),
      (*on_closed)(struct exchange *t);
  const char *send_on_open;
  int want_texts;
};

/* Requests nothing yet; the test may set any member before talk_begin. */
void talk_init(struct exchange *t, const char *url);
/* Opens the socket on a loop of its own and checks that this succeeds. */
void talk_begin(struct exchange *t);
void talk_end(struct exchange *t);
/* Waits; checks that `closed` came once and contained no secret. */
bool talk_closed(struct exchange *t);

/* For gate_wait: opened or closed; `want_texts` or closed. */
bool talk_has_opened(void *exchange);
bool talk_has_texts(void *exchange);

/* For gc_loop_call. */
void talk_open_here(void *exchange);
void talk_free_here(void *exchange);
void talk_close_here(void *exchange);
void talk_nothing(void *ctx);

/* The plan and the record of a server. */
struct peer {
  void (*serve)(struct conn *c, struct peer *p); /* after the 101 */
  const char *answer; /* in place of a 101; "%s": the right accept */
  bool parks;         /* after `answer`, if any; else disconnects */
  size_t count;       /* for `serve` */

  struct request request;
  unsigned frames, unmasked, pings, pongs, closes, close_code;
  char texts[256], pong[126];
  bool same_mask; /* two frames in succession */
  unsigned char mask[4];
  bool is_over;
};

bool peer_is_over(void *peer); /* for gate_wait */
/* Reads one frame of the client. False at the end, and after a close frame. */
bool peer_read(struct conn *c, struct peer *p);
void peer_read_to_the_end(struct conn *c, struct peer *p);
void peer_ignore_all(struct conn *c, struct peer *p); /* reads nothing */

/* A server, its proxy, if it has one, and an exchange that connects to it. */
struct road {
  struct ends ends;
  struct peer peer;
  char url[128];
  struct exchange exchange;
};

void road_init(struct road *r, const struct way *way, const struct peer *peer);
/* Checks that no two successive frames of the client have the same mask. */
void road_end(struct road *r);

#endif
