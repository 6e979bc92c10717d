/* SPDX-License-Identifier: MIT */
#include "probe/network/server.h"

#include "common/net/http/tls_files.h"

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
  s->connect.files = NULL;
  GC_TRY(gc_tls_files_new(connect, &s->connect.files, err));
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
