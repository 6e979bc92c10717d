/* SPDX-License-Identifier: MIT */
#include "common/analytics/poll.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/analytics/query/query.h"
#include "common/base/debug.h"
#include "common/base/timestamp.h"
#include "common/net/api/api_error.h"

enum {
  BODY_MAX_BYTES = 256 * 1024,
  ANSWER_MAX_BYTES = 1 << 30,
  /* The Date header is cut to whole seconds. */
  DATE_MS = 1000,
};

static uint32_t batch_count(const struct gc_intern *filter) {
  return filter == NULL
             ? 1
             : (filter->count + GC_QUERY_IDS_MAX - 1) / GC_QUERY_IDS_MAX;
}

static void finish_poll(struct gc_analytics_poll *p, const struct gc_err *err) {
  if (err != NULL)
    p->error = *err;
  p->done(p->ctx);
}

static enum gc_code send_request(struct gc_analytics_poll *p) {
  const struct gc_query *q = p->results->query;
  const struct gc_intern *f = p->deps.filter;
  size_t first = (size_t)p->batch * GC_QUERY_IDS_MAX, count = 0;
  char from[GC_TIMESTAMP_SIZE], to[GC_TIMESTAMP_SIZE];
  if (f != NULL)
    count = f->count - first < GC_QUERY_IDS_MAX ? f->count - first
                                                : (size_t)GC_QUERY_IDS_MAX;
  GC_TRY(gc_analytics_query_body(
      q, p->from_ms, p->to_ms,
      f != NULL ? (const char *const *)f->texts + first : NULL, count,
      &p->body));
  p->results->asked_from_ms = p->from_ms;
  p->results->asked_to_ms = p->to_ms;
  p->call.body = p->body.data;
  p->call.body_len = p->body.len;
  gc_debug("query: requests %s to %s, batch %" PRIu32 " of %" PRIu32,
           gc_timestamp_print(from, p->from_ms),
           gc_timestamp_print(to, p->to_ms), p->batch + 1, batch_count(f));
  gc_api_call(p->deps.api, &p->call);
  return GC_OK;
}

/* Chooses the next request; false when all are answered. */
static bool next_request(struct gc_analytics_poll *p) {
  if (p->batch + 1 < batch_count(p->deps.filter)) {
    p->batch++;
    return true;
  }
  p->batch = 0;
  return gc_windows_piece(&p->results->plan, p->results->query->rule.period_ms,
                          p->deps.piece_max, &p->at_ms, &p->from_ms, &p->to_ms);
}

static void continue_poll(struct gc_analytics_poll *p) {
  struct gc_err err;
  enum gc_code code;
  if (!next_request(p)) {
    finish_poll(p, NULL);
    return;
  }
  code = send_request(p);
  if (code == GC_OK)
    return;
  (void)gc_fail(&err, code, "aggregates: %s", gc_code_words(code));
  finish_poll(p, &err);
}

/* Takes the server's time. If a window was not over by that time, the answer
 * does not count, even if this host's clock is ahead. */
static void take_server_time(struct gc_analytics_poll *p,
                             const struct gc_reply *reply) {
  const struct gc_env *env = p->deps.env;
  if (reply == NULL)
    return;
  uint64_t now_ms = env->now_ms(env->ctx);
  int64_t wall_ms = env->wall_ms(env->ctx);
  if (reply->date_ms == 0) {
    if (reply->failure == GC_FAILURE_NONE)
      gc_server_clock_observe_no_date(p->deps.clock, now_ms, wall_ms);
    return;
  }
  if (!gc_server_clock_observe(p->deps.clock, now_ms, wall_ms, reply->date_ms))
    p->date_off_ms = reply->date_ms - wall_ms;
  if (gc_server_clock_now(p->deps.clock, now_ms, wall_ms) + DATE_MS <
      p->to_ms + p->deps.settle_ms)
    p->is_early = true;
}

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *err) {
  struct gc_analytics_poll *p = call->ctx;
  struct gc_err outcome = *err;
  take_server_time(p, reply);
  if (outcome.code == GC_OK) {
    enum gc_code code = gc_decoder_finish(p->decoder, &outcome);
    if (code != GC_OK)
      (void)gc_api_fail_answer(gc_endpoint(call->endpoint), code, &outcome);
    else
      outcome.code = GC_OK;
  }
  if (outcome.code == GC_OK) {
    p->answered++;
    if (p->is_early)
      finish_poll(p, NULL);
    else
      continue_poll(p);
    return;
  }
  p->failed++;
  p->is_many = p->to_ms - p->from_ms > p->results->query->rule.period_ms;
  finish_poll(p, &outcome);
}

void gc_analytics_poll_start(struct gc_analytics_poll *p,
                             const struct gc_analytics_poll_deps *deps,
                             struct gc_results *results,
                             void (*done)(void *ctx), void *ctx) {
  *p = (struct gc_analytics_poll){.answered = p->answered,
                                  .failed = p->failed,
                                  .deps = *deps,
                                  .results = results,
                                  .body = {.max = BODY_MAX_BYTES},
                                  .batch = batch_count(deps->filter),
                                  .at_ms = results->plan.again_from_ms,
                                  .done = done,
                                  .ctx = ctx};
  p->decoder = gc_decoder_new(results);
  if (p->decoder == NULL) {
    struct gc_err err;
    (void)gc_fail(&err, GC_ERR_MEMORY, "aggregates: out of memory");
    finish_poll(p, &err);
    return;
  }
  p->call =
      (struct gc_call){.endpoint = gc_source(results->query->source)->endpoint,
                       .sink = gc_decoder_sink(p->decoder),
                       .body_max = ANSWER_MAX_BYTES,
                       .is_background = deps->is_background,
                       .count = deps->requests,
                       .done = on_answer,
                       .ctx = p};
  continue_poll(p);
}

void gc_analytics_poll_clear(struct gc_analytics_poll *p) {
  if (p->decoder != NULL)
    gc_api_cancel(p->deps.api, &p->call);
  gc_decoder_free(p->decoder);
  p->decoder = NULL;
  gc_buf_clear(&p->body);
}
