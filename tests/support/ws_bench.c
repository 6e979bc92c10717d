/* SPDX-License-Identifier: MIT */
#include "tests/support/ws_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/certs.h"
#include "tests/support/check.h"
#include "tests/support/test_loop.h"
#include "tests/support/test_request.h"

static struct certs certs;
struct gate talk_gate = GATE_INIT;

static void send_text(struct exchange *t, const char *text) {
  struct gc_err err = {0};
  CHECK_INT(gc_ws_send(t->ws, text, strlen(text), &err), GC_OK);
}

static void on_open(void *ctx) {
  struct exchange *t = ctx;
  GATE_CHANGE(&talk_gate, t->opened++);
  if (t->send_on_open != NULL)
    send_text(t, t->send_on_open);
  if (t->on_open != NULL)
    t->on_open(t);
}

static void note_text(struct exchange *t, const char *bytes, size_t len) {
  size_t used = strlen(t->log), room = sizeof(t->log) - used;
  t->texts++;
  if (len < 100)
    snprintf(t->log + used, room, "%.*s ", (int)len, bytes);
  else
    snprintf(t->log + used, room, "[%zu] ", len);
}

static void on_text(void *ctx, const char *bytes, size_t len) {
  struct exchange *t = ctx;
  GATE_CHANGE(&talk_gate, note_text(t, bytes, len));
  if (t->on_text != NULL)
    t->on_text(t);
}

static void on_alive(void *ctx) {
  struct exchange *t = ctx;
  GATE_CHANGE(&talk_gate, t->lives++);
}

static void on_closed(void *ctx, const struct gc_ws_end *end,
                      const struct gc_err *err) {
  struct exchange *t = ctx;
  GATE_CHANGE(&talk_gate, {
    t->closed++;
    t->end = *end;
    t->err = *err;
  });
  if (t->on_closed != NULL)
    t->on_closed(t);
}

bool talk_has_opened(void *ctx) {
  struct exchange *t = ctx;
  return t->opened + t->closed > 0;
}
static bool talk_has_closed(void *ctx) {
  return ((struct exchange *)ctx)->closed > 0;
}
bool talk_has_texts(void *ctx) {
  struct exchange *t = ctx;
  return t->texts >= t->want_texts || t->closed > 0;
}

void talk_init(struct exchange *t, const char *url) {
  static const char *const headers[] = {"Authorization: Bearer " TALK_BEARER,
                                        NULL};
  *t = (struct exchange){.connect = test_client_connect()};
  t->connect.ca_cert = certs.ca;
  t->options = (struct gc_ws_options){.url = url,
                                      .headers = headers,
                                      .connect = &t->connect,
                                      .message_max_bytes = TALK_MESSAGE_MAX};
}

void talk_open_here(void *ctx) {
  struct exchange *t = ctx;
  t->events = (struct gc_ws_events){.open = on_open,
                                    .text = on_text,
                                    .closed = on_closed,
                                    .alive = on_alive,
                                    .ctx = t};
  t->open_code =
      gc_ws_open(t->loop, &t->options, &t->events, &t->ws, &t->open_err);
}

void talk_free_here(void *ctx) {
  struct exchange *t = ctx;
  gc_ws_free(t->ws);
  t->ws = NULL;
}
void talk_close_here(void *ctx) {
  gc_ws_close(((struct exchange *)ctx)->ws, 1000);
}
void talk_nothing(void *ctx) { (void)ctx; }

void talk_begin(struct exchange *t) {
  t->loop = test_loop_start();
  gc_loop_call(t->loop, talk_open_here, t);
  CHECK_INT(t->open_code, GC_OK);
}

void talk_end(struct exchange *t) {
  gc_loop_stop(t->loop);
  gc_ws_free(t->ws);
  gc_loop_free(t->loop);
}

bool talk_closed(struct exchange *t) {
  bool closed = gate_wait(&talk_gate, talk_has_closed, t);
  gc_loop_call(t->loop, talk_nothing, NULL); /* `closed` has returned */
  CHECK_INT(t->closed, 1);
  CHECK(strstr(t->err.text, TALK_CHANNEL) == NULL);
  CHECK(strstr(t->err.text, TALK_BEARER) == NULL);
  return closed;
}

bool peer_is_over(void *ctx) { return ((struct peer *)ctx)->is_over; }

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

bool peer_read(struct conn *c, struct peer *p) {
  static __thread struct ws_peer_frame f;
  if (!ws_peer_read(c, &f))
    return false;
  GATE_CHANGE(&talk_gate, note_frame(p, &f));
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
  GATE_CHANGE(&talk_gate, p->is_over = true);
}

void peer_read_to_the_end(struct conn *c, struct peer *p) {
  while (peer_read(c, p)) {
  }
}

void peer_ignore_all(struct conn *c, struct peer *p) {
  (void)p;
  conn_park(c);
}

void road_init(struct road *r, const struct way *way, const struct peer *peer) {
  *r = (struct road){.peer = *peer};
  ends_start(&r->ends, way, certs.server, peer_serve, &r->peer);
  snprintf(r->url, sizeof(r->url), "%s://localhost:%d/channels/" TALK_CHANNEL,
           way->scheme, server_port(r->ends.target));
  talk_init(&r->exchange, r->url);
  if (r->ends.proxy != NULL)
    r->exchange.connect.proxy = r->ends.proxy_url;
}

void road_end(struct road *r) {
  talk_end(&r->exchange);
  ends_stop(&r->ends);
  CHECK_INT(r->peer.unmasked, 0);
  CHECK(!r->peer.same_mask);
}

void ws_bench_begin(void) {
  test_client_forget_proxies();
  certs_make(&certs);
}

void ws_bench_end(void) { certs_remove(&certs); }
