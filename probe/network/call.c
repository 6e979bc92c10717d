/* SPDX-License-Identifier: MIT */
#include "probe/network/call.h"

#include <string.h>

#include "common/net/clock.h"
#include "common/net/http/tls_files.h"

/* ---- names ---- */

struct name_wait {
  struct gc_names_listener listener;
  struct gc_account *account;
  struct gc_entities *entities;
  struct probe_wait wait;
};

static void on_names(void *ctx, struct gc_entities *entities) {
  struct name_wait *n = ctx;
  if (n->entities == NULL)
    n->entities = gc_entities_get(entities);
  probe_wait_end(&n->wait);
}

static void begin_listening(void *ctx) {
  struct name_wait *n = ctx;
  gc_names_listen(gc_account_names(n->account), &n->listener);
}

static void end_listening(void *ctx) {
  struct name_wait *n = ctx;
  gc_names_unlisten(gc_account_names(n->account), &n->listener);
}

struct gc_entities *probe_names_read(const struct probe_reporter *r,
                                     struct gc_account *a,
                                     enum gc_name_kind kind) {
  struct name_wait n = {
      .listener = {.kind = kind, .changed = on_names, .ctx = &n}, .account = a};
  (void)probe_wait_run(&n.wait, gc_account_loop(a), begin_listening,
                       end_listening, &n,
                       probe_left_ms(r, PROBE_STEP_LIMIT_MS));
  return n.entities;
}

/* ---- server ---- */

struct sending {
  struct probe_server *server;
  struct gc_exchange *exchange;
  void (*report)(void *ctx, const struct gc_reply *reply,
                 const struct gc_err *err);
  void *ctx;
  enum gc_code started;
  struct gc_err err;
  struct probe_wait wait;
};

enum gc_code probe_server_open(struct probe_server *s,
                               const struct gc_connect *connect,
                               struct gc_err *err) {
  s->connect = *connect;
  s->connect.files = gc_tls_files_new(connect);
  s->loop = gc_loop_new(err);
  if (s->loop == NULL)
    return err->code;
  s->http = gc_http_new(s->loop, &s->connect, err);
  return s->http != NULL ? gc_loop_start(s->loop, "gc-probe", err) : err->code;
}

void probe_server_close(struct probe_server *s) {
  if (s->loop != NULL)
    gc_loop_stop(s->loop);
  gc_http_free(s->http);
  gc_loop_free(s->loop);
  gc_tls_files_free(s->connect.files);
  *s = (struct probe_server){.loop = NULL};
}

static void on_exchange_done(struct gc_exchange *x,
                             const struct gc_reply *reply,
                             const struct gc_err *err) {
  struct sending *s = x->ctx;
  s->report(s->ctx, reply, err);
  probe_wait_end(&s->wait);
}

static void start_exchange(void *ctx) {
  struct sending *s = ctx;
  struct gc_transport t = gc_http_transport(s->server->http);
  s->started = t.start(t.ctx, s->exchange, &s->err);
  if (s->started != GC_OK)
    probe_wait_end(&s->wait);
}

static void cancel_exchange(void *ctx) {
  struct sending *s = ctx;
  struct gc_transport t = gc_http_transport(s->server->http);
  if (s->started == GC_OK)
    t.cancel(t.ctx, s->exchange);
}

enum gc_code
probe_server_send(const struct probe_reporter *r, struct probe_server *server,
                  struct gc_exchange *x,
                  void (*report)(void *ctx, const struct gc_reply *reply,
                                 const struct gc_err *err),
                  void *ctx, struct gc_err *err) {
  struct sending s = {
      .server = server, .exchange = x, .report = report, .ctx = ctx};
  uint32_t limit_ms = probe_left_ms(r, PROBE_STEP_LIMIT_MS);
  x->done = on_exchange_done;
  x->ctx = &s;
  bool is_over = probe_wait_run(&s.wait, server->loop, start_exchange,
                                cancel_exchange, &s, limit_ms);
  if (s.started != GC_OK)
    return gc_fail(err, s.started, "%s", s.err.text);
  return is_over ? GC_OK
                 : gc_fail(err, GC_ERR_TIMEOUT, "no answer within %u s",
                           (unsigned)(limit_ms / 1000));
}

enum { ANSWER_MAX_BYTES = 4 << 20 };

struct waiting_call {
  struct gc_call call;
  struct gc_account *account;
  struct probe_answer *answer;
  struct probe_wait wait;
};

static void begin_answer(void *ctx) {
  struct waiting_call *c = ctx;
  gc_buf_reset(&c->answer->body);
}

static enum gc_code take_bytes(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct waiting_call *c = ctx;
  enum gc_code code = gc_buf_add(&c->answer->body, bytes, len);
  return code == GC_OK ? code : gc_fail(err, code, "the answer is too large");
}

static void on_call_done(struct gc_call *call, const struct gc_reply *reply,
                         const struct gc_err *err) {
  struct waiting_call *c = call->ctx;
  c->answer->err = *err;
  if (reply != NULL && reply->date_ms != 0) {
    c->answer->date_ms = reply->date_ms;
    c->answer->wall_ms = gc_clock_wall_ms() - reply->elapsed_ms / 2;
  }
  probe_wait_end(&c->wait);
}

static void send_waiting(void *ctx) {
  struct waiting_call *c = ctx;
  gc_api_call(gc_account_api(c->account), &c->call);
}

static void cancel_waiting(void *ctx) {
  struct waiting_call *c = ctx;
  gc_api_cancel(gc_account_api(c->account), &c->call);
}

enum gc_code probe_call(const struct probe_reporter *r, struct gc_account *a,
                        const struct probe_request *request,
                        struct probe_answer *ret) {
  uint32_t limit_ms = probe_left_ms(r, PROBE_STEP_LIMIT_MS);
  struct waiting_call c = {.account = a, .answer = ret};
  *ret = (struct probe_answer){.body = {.max = ANSWER_MAX_BYTES}};
  c.call = (struct gc_call){
      .endpoint = request->endpoint,
      .path = request->path,
      .path_tail = request->path_tail,
      .query = request->query,
      .body = request->body,
      .body_len = request->body != NULL ? strlen(request->body) : 0,
      .sink = {.begin = begin_answer, .write = take_bytes, .ctx = &c},
      .body_max = ANSWER_MAX_BYTES,
      .waits_max = 1,
      .done = on_call_done,
      .ctx = &c};
  if (!probe_wait_run(&c.wait, gc_account_loop(a), send_waiting, cancel_waiting,
                      &c, limit_ms))
    (void)gc_fail(&ret->err, GC_ERR_TIMEOUT, "%s: no answer within %u s",
                  gc_endpoint(request->endpoint)->function,
                  (unsigned)(limit_ms / 1000));
  return ret->err.code;
}

void probe_answer_clear(struct probe_answer *a) { gc_buf_clear(&a->body); }
