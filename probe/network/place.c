/* SPDX-License-Identifier: MIT */
#include "probe/network/place.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "common/net/http/tls_files.h"
#include "plugins/genesys_flowmetrics/flows/observations.h"
#include "plugins/genesys_realtime/observations/poll.h"

/* ---- a stop of the probe ---- */

enum { WAIT_STEP_MS = 100 }; /* between two checks of the stop */

static _Atomic enum { NOTHING, HELD, RETURNED } holding;
static _Atomic bool is_stopped;

static bool must_return(void) { return is_stopped && holding == HELD; }

/* All other threads block signals, so SIGTERM interrupts the main thread. */
static void on_stop(int number) {
  (void)number;
  if (holding == NOTHING)
    _exit(EXIT_FAILURE);
  is_stopped = true;
}

void probe_hold_prepare(void) {
  const struct sigaction act = {.sa_handler = on_stop};
  (void)sigaction(SIGTERM, &act, NULL);
}

void probe_hold_begin(void) { holding = HELD; }

void probe_hold_return(void) { holding = RETURNED; }

void probe_hold_end(void) {
  holding = NOTHING;
  if (is_stopped)
    _exit(EXIT_FAILURE);
}

/* ---- results ---- */

static void blank_controls(char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < ' ')
      *text = ' ';
}

void probe_report(const struct probe_place *p, enum probe_check check,
                  enum probe_state state, const char *format, ...) {
  char what[1200], where[PROBE_SUBJECT_SIZE];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(what, sizeof(what), format, args);
  va_end(args);
  memcpy(where, p->subject, sizeof(where));
  blank_controls(what);
  blank_controls(where);
  p->reporter->say(probe_check_row(check)->name, probe_state_name(state), where,
                   what);
}

uint32_t probe_left_ms(const struct probe_place *p, uint32_t limit_ms) {
  uint64_t now_ms = gc_clock_now_ms();
  uint64_t left_ms =
      now_ms < p->reporter->end_ms ? p->reporter->end_ms - now_ms : 0;
  if (must_return())
    return 0;
  return left_ms < limit_ms ? (uint32_t)left_ms : limit_ms;
}

bool probe_has_time(const struct probe_place *p, enum probe_check check) {
  if (probe_left_ms(p, 1) > 0)
    return true;
  probe_report(p, PROBE_END, PROBE_WARNING,
               "%s and the checks after it are not made: earlier checks took "
               "all of the %d s",
               probe_check_row(check)->name, PROBE_NETWORK_LIMIT_MS / 1000);
  return false;
}

/* ---- waits ---- */

void probe_wait_init(struct probe_wait *w) {
  *w = (struct probe_wait){.is_over = false};
  pthread_mutex_init(&w->lock, NULL);
  gc_clock_cond_init(&w->changed);
}

void probe_wait_end(struct probe_wait *w) {
  pthread_mutex_lock(&w->lock);
  w->is_over = true;
  pthread_cond_signal(&w->changed);
  pthread_mutex_unlock(&w->lock);
}

bool probe_wait_for(struct probe_wait *w, uint32_t limit_ms) {
  uint64_t now_ms = gc_clock_now_ms(), end_ms = now_ms + limit_ms;
  pthread_mutex_lock(&w->lock);
  while (!w->is_over && now_ms < end_ms && !must_return()) {
    const struct timespec wake = gc_clock_timespec(
        end_ms - now_ms < WAIT_STEP_MS ? end_ms : now_ms + WAIT_STEP_MS);
    (void)pthread_cond_timedwait(&w->changed, &w->lock, &wake);
    now_ms = gc_clock_now_ms();
  }
  bool is_over = w->is_over;
  pthread_mutex_unlock(&w->lock);
  return is_over;
}

void probe_wait_clear(struct probe_wait *w) {
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->lock);
}

bool probe_wait_run(struct probe_wait *w, struct gc_loop *loop,
                    void (*begin)(void *ctx), void (*end)(void *ctx), void *ctx,
                    uint32_t limit_ms) {
  probe_wait_init(w);
  gc_loop_call(loop, begin, ctx);
  (void)probe_wait_for(w, limit_ms);
  gc_loop_call(loop, end, ctx);
  bool is_over = w->is_over; /* it may have ended after the limit */
  probe_wait_clear(w);
  return is_over;
}

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
  gc_names_listen(gc_account_parts(n->account)->names, &n->listener);
}

static void end_listening(void *ctx) {
  struct name_wait *n = ctx;
  gc_names_unlisten(gc_account_parts(n->account)->names, &n->listener);
}

struct gc_entities *probe_names_read(const struct probe_place *p,
                                     enum gc_name_kind kind) {
  struct name_wait n = {
      .listener = {.kind = kind, .changed = on_names, .ctx = &n},
      .account = p->account};
  (void)probe_wait_run(&n.wait, gc_account_parts(p->account)->loop,
                       begin_listening, end_listening, &n,
                       probe_left_ms(p, PROBE_STEP_LIMIT_MS));
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
probe_server_send(const struct probe_place *p, struct probe_server *server,
                  struct gc_exchange *x,
                  void (*report)(void *ctx, const struct gc_reply *reply,
                                 const struct gc_err *err),
                  void *ctx, struct gc_err *err) {
  struct sending s = {
      .server = server, .exchange = x, .report = report, .ctx = ctx};
  uint32_t limit_ms = probe_left_ms(p, PROBE_STEP_LIMIT_MS);
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
  gc_api_call(gc_account_parts(c->account)->api, &c->call);
}

static void cancel_waiting(void *ctx) {
  struct waiting_call *c = ctx;
  gc_api_cancel(gc_account_parts(c->account)->api, &c->call);
}

enum gc_code probe_call(const struct probe_place *p,
                        const struct probe_request *request,
                        struct probe_answer *ret) {
  uint32_t limit_ms = probe_left_ms(p, PROBE_STEP_LIMIT_MS);
  struct waiting_call c = {.account = p->account, .answer = ret};
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
  if (!probe_wait_run(&c.wait, gc_account_parts(p->account)->loop, send_waiting,
                      cancel_waiting, &c, limit_ms))
    (void)gc_fail(&ret->err, GC_ERR_TIMEOUT, "%s: no answer within %u s",
                  gc_endpoint(request->endpoint)->function,
                  (unsigned)(limit_ms / 1000));
  return ret->err.code;
}

void probe_answer_clear(struct probe_answer *a) { gc_buf_clear(&a->body); }

/* ---- permissions ---- */

/* An id that no queue or flow has. The request still needs the permission, and
 * its answer is empty. */
static const char *const nothing[] = {"00000000-0000-0000-0000-000000000000"};

static enum gc_code body_of_queues(struct gc_buf *out) {
  return obs_query_body(nothing, 1, false, out);
}
static enum gc_code body_of_conversations(struct gc_buf *out) {
  return obs_activity_body(true, out);
}
static enum gc_code body_of_agents(struct gc_buf *out) {
  return obs_activity_body(false, out);
}
static enum gc_code body_of_flows(struct gc_buf *out) {
  return flow_poll_body(nothing, 1, out);
}
static enum gc_code body_of_flow_activity(struct gc_buf *out) {
  return flow_poll_body(NULL, 0, out);
}

#define ONE_ROW "pageSize=1&pageNumber=1"

static const struct {
  enum gc_endpoint_id endpoint;
  const char *query;
  enum gc_code (*body)(struct gc_buf *out); /* NULL: GET */
} requests[] = {
    {GC_ENDPOINT_QUEUES, ONE_ROW, NULL},
    {GC_ENDPOINT_PRESENCES, NULL, NULL},
    {GC_ENDPOINT_FLOWS, ONE_ROW, NULL},
    {GC_ENDPOINT_FLOW_OUTCOMES, ONE_ROW, NULL},
    {GC_ENDPOINT_FLOW_MILESTONES, ONE_ROW, NULL},
    {GC_ENDPOINT_QUEUE_OBSERVATIONS, NULL, body_of_queues},
    {GC_ENDPOINT_CONVERSATION_ACTIVITY, ONE_ROW, body_of_conversations},
    {GC_ENDPOINT_ROUTING_ACTIVITY, ONE_ROW, body_of_agents},
    {GC_ENDPOINT_FLOW_OBSERVATIONS, NULL, body_of_flows},
    {GC_ENDPOINT_FLOW_ACTIVITY, ONE_ROW, body_of_flow_activity},
};

void probe_permission_report(const struct probe_place *p,
                             enum gc_endpoint_id endpoint,
                             const struct gc_err *err) {
  const struct gc_endpoint *e = gc_endpoint(endpoint);
  if (e->permission[0] == '\0')
    return;
  if (err->code == GC_OK)
    probe_report(p, PROBE_PERMISSION, PROBE_OK, "%s: granted (%s %s)",
                 e->permission, e->method, e->path);
  else if (err->code == GC_ERR_PERMISSION)
    probe_report(p, PROBE_PERMISSION, PROBE_FAILED, "%s: missing: %s",
                 e->permission, err->text);
  else
    probe_report(p, PROBE_PERMISSION, PROBE_WARNING, "%s: not known: %s",
                 e->permission, err->text);
}

/* Sends the request of a row and fills `ret_err` with its outcome. Fails only
 * when out of memory. */
static enum gc_code send_request(const struct probe_place *p, size_t row,
                                 struct gc_err *ret_err) {
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 65536};
  GC_AUTO(probe_answer_clear) struct probe_answer answer = {.date_ms = 0};
  struct probe_request request = {.endpoint = requests[row].endpoint,
                                  .query = requests[row].query};
  if (requests[row].body != NULL) {
    GC_TRY(requests[row].body(&body));
    request.body = body.data;
  }
  (void)probe_call(p, &request, &answer);
  *ret_err = answer.err;
  return GC_OK;
}

enum gc_code probe_permission_check(const struct probe_place *p,
                                    enum gc_endpoint_id endpoint) {
  struct probe_permission *known = &p->state->permissions[endpoint];
  size_t i = 0;
  while (i < GC_COUNT(requests) && requests[i].endpoint != endpoint)
    i++;
  if (i == GC_COUNT(requests))
    return GC_OK;
  if (!known->is_known) {
    if (!probe_has_time(p, PROBE_PERMISSION))
      return GC_ERR_TIMEOUT;
    GC_TRY(send_request(p, i, &known->err));
    known->is_known = true;
  }
  probe_permission_report(p, endpoint, &known->err);
  return known->err.code;
}
