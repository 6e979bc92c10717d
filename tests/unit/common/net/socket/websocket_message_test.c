/* SPDX-License-Identifier: MIT */
#include "common/net/socket/websocket.h"

#include "tests/support/check.h"
#include "tests/support/ws_bench.h"

enum { LARGE = 60000 };

/* Sends a frame of each kind, answers a message, and hangs up on request. */
static void talk_to_client(struct conn *c, struct peer *p) {
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

static void messages_pass_both_ways_on_every_kind_of_connection(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_init(&r, &ways[i], &(struct peer){.serve = talk_to_client});
    r.exchange.send_on_open = "echo me";
    r.exchange.want_texts = 4;
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, talk_has_texts, &r.exchange));
    CHECK_STR(r.exchange.err.text, "");
    CHECK_STR(r.exchange.log, "hello in three parts [60000] echo me  ");
    gc_loop_call(r.exchange.loop, talk_close_here, &r.exchange);
    CHECK(talk_closed(&r.exchange));
    CHECK_INT(r.exchange.err.code, GC_ERR_STOPPED);
    CHECK_INT(r.exchange.end.failure, GC_FAILURE_NONE);
    CHECK_INT(r.exchange.end.close_code, 1000);
    CHECK_INT(r.exchange.opened, 1);
    CHECK_STR(r.peer.pong, "still there?");
    CHECK_INT(r.peer.close_code, 1000);
    road_end(&r);
    CHECK_INT(r.ends.plan.connects, ways[i].proxy != NULL);
  }
}

static void the_request_names_host_path_and_agent(void) {
  struct road r;
  road_init(&r, &ways[1], &(struct peer){.serve = peer_read_to_the_end});
  talk_begin(&r.exchange);
  CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
  char host[64];
  snprintf(host, sizeof(host), "\r\nHost: localhost:%d\r\n",
           server_port(r.ends.target));
  CHECK_STR(r.peer.request.path, "/channels/" TALK_CHANNEL);
  CHECK_HAS(r.peer.request.head, host);
  CHECK_HAS(r.peer.request.head,
            "\r\nAuthorization: Bearer " TALK_BEARER "\r\n");
  CHECK_HAS(r.peer.request.head, "\r\nUser-Agent: collectd-genesys/");
  CHECK_HAS(r.peer.request.head, "\r\nSec-WebSocket-Version: 13\r\n");
  road_end(&r);
}

static void every_connection_has_a_key_of_its_own(void) {
  char keys[2][64];
  for (size_t i = 0; i < 2; i++) {
    struct road r;
    road_init(&r, &ways[0], &(struct peer){.serve = peer_read_to_the_end});
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, talk_has_opened, &r.exchange));
    ws_peer_accept_of(&r.peer.request, keys[i]);
    road_end(&r);
  }
  CHECK(strcmp(keys[0], keys[1]) != 0);
}

/* The first frame may share a segment, and a TLS record, with the 101. */
static void frames_right_behind_the_answer_are_read(void) {
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
    r.exchange.want_texts = 1;
    talk_begin(&r.exchange);
    CHECK(gate_wait(&talk_gate, talk_has_texts, &r.exchange));
    CHECK_STR(r.exchange.log, "hello ");
    CHECK_INT(r.exchange.opened, 1);
    road_end(&r);
  }
}

static void send_early(void *ctx) {
  struct exchange *t = ctx;
  struct gc_err err = {0};
  CHECK_INT(gc_ws_send(t->ws, "x", 1, &err), GC_ERR_NETWORK);
  CHECK_HAS(err.text, "not open");
}

static void a_socket_that_is_not_open_sends_nothing(void) {
  struct road r;
  road_init(&r, &ways[0], &(struct peer){.parks = true});
  talk_begin(&r.exchange);
  gc_loop_call(r.exchange.loop, send_early, &r.exchange);
  gc_loop_call(r.exchange.loop, talk_close_here, &r.exchange);
  gc_loop_call(r.exchange.loop, send_early, &r.exchange);
  CHECK(talk_closed(&r.exchange));
  gc_loop_call(r.exchange.loop, send_early, &r.exchange);
  road_end(&r);
}

int main(void) {
  ws_bench_begin();
  RUN(messages_pass_both_ways_on_every_kind_of_connection);
  RUN(the_request_names_host_path_and_agent);
  RUN(every_connection_has_a_key_of_its_own);
  RUN(frames_right_behind_the_answer_are_read);
  RUN(a_socket_that_is_not_open_sends_nothing);
  ws_bench_end();
  return check_done();
}
