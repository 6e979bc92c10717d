/* SPDX-License-Identifier: MIT */
#include "probe/network/call.h"

#include <string.h>

#include "common/net/clock.h"

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
