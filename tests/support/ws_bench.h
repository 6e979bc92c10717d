/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/socket/websocket: a socket that notes what
 * becomes of it (talk), a server that notes what it received (peer), and the
 * ways between them (road). One program, one bench. */
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
#define TALK_CHANNEL "s3cret-channel" /* in every URL, in no word */

enum { TALK_MESSAGE_MAX = 100000 };

/* First and last in main. No proxy of the environment is in the way. */
void ws_bench_begin(void);
void ws_bench_end(void);

extern struct gate talk_gate; /* for all that a talk or a peer notes */

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

/* Asks for nothing yet; the test may set anything before talk_begin. */
void talk_init(struct talk *t, const char *url);
/* On a loop of its own, which ends the program when there is none. */
void talk_begin(struct talk *t);
void talk_end(struct talk *t);
/* Waits; checks that `closed` came once and without a secret. */
bool talk_closed(struct talk *t);

/* For gate_wait: opened or closed; `want_texts` or closed. */
bool talk_has_opened(void *talk);
bool talk_has_texts(void *talk);

/* For gc_loop_call. */
void talk_open_here(void *talk);
void talk_free_here(void *talk);
void talk_close_here(void *talk);
void talk_nothing(void *ctx);

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

bool peer_is_over(void *peer); /* for gate_wait */
/* One frame of the client's. False at the end, and after a close frame. */
bool peer_read(struct conn *c, struct peer *p);
void peer_read_to_the_end(struct conn *c, struct peer *p);
void peer_ignore_all(struct conn *c, struct peer *p); /* reads nothing */

/* A server, perhaps a proxy, and a talk between. */
struct road {
  struct ends ends;
  struct peer peer;
  char url[128];
  struct talk talk;
};

void road_init(struct road *r, const struct way *way, const struct peer *peer);
/* Checks that the client masked each frame with another mask. */
void road_end(struct road *r);

#endif
