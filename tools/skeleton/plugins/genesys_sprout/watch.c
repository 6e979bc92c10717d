/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_sprout/watch.h"

#include <pthread.h>
#include <stdlib.h>

enum { ANSWER_MAX_BYTES = 1 << 20, WAITS_MAX = 5 };

struct watch {
  struct watch_deps deps;
  uint32_t every_ms;
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  /* Used by the network thread only. */
  struct gc_timer timer;
  struct gc_call call;
  bool is_sending; /* the API has the call */
  struct sprout_decoder *decoder;

  pthread_mutex_t lock; /* guards the members below */
  struct sprout newest;
  bool is_up;
  uint64_t answered_ms; /* monotonic; 0: never */
};

static uint64_t watch_now(const struct watch *w) {
  return w->deps.env->now_ms(w->deps.env->ctx);
}

static void on_done(struct gc_call *call, const struct gc_reply *reply,
                    const struct gc_err *err) {
  struct watch *w = call->ctx;
  struct sprout read = {.queues = 0};
  struct gc_err outcome = *err;
  (void)reply;
  w->is_sending = false;
  if (err->code == GC_OK)
    (void)!sprout_decoder_finish(w->decoder, &read, &outcome);

  pthread_mutex_lock(&w->lock);
  w->is_up = outcome.code == GC_OK;
  if (w->is_up) {
    w->newest = read;
    w->answered_ms = watch_now(w);
  }
  pthread_mutex_unlock(&w->lock);
  w->notice(w->ctx, "queues", &outcome);
}

/* Sends a request, unless the last one has no answer yet. */
static void send_request(void *ctx, uint64_t now_ms) {
  struct watch *w = ctx;
  gc_timers_set(w->deps.env->timers, &w->timer, now_ms + w->every_ms);
  if (w->is_sending)
    return;
  w->is_sending = true;
  w->call = (struct gc_call){.endpoint = GC_ENDPOINT_QUEUES,
                             .query = "pageSize=1&pageNumber=1",
                             .sink = sprout_decoder_sink(w->decoder),
                             .body_max = ANSWER_MAX_BYTES,
                             .waits_max = WAITS_MAX,
                             .done = on_done,
                             .ctx = w};
  gc_api_call(w->deps.api, &w->call);
}

static void start_requests(void *ctx) {
  struct watch *w = ctx;
  send_request(w, watch_now(w));
}

struct watch *watch_new(const struct watch_deps *deps, uint32_t every_ms,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx) {
  struct watch *w = calloc(1, sizeof(*w));
  struct sprout_decoder *decoder = sprout_decoder_new();
  if (w == NULL || decoder == NULL) {
    free(w);
    sprout_decoder_free(decoder);
    return NULL;
  }
  w->deps = *deps;
  w->every_ms = every_ms;
  w->notice = notice;
  w->ctx = ctx;
  w->decoder = decoder;
  w->timer = (struct gc_timer){.fire = send_request, .ctx = w};
  pthread_mutex_init(&w->lock, NULL);
  gc_loop_call(w->deps.loop, start_requests, w);
  return w;
}

static void stop_requests(void *ctx) {
  struct watch *w = ctx;
  gc_timers_unset(w->deps.env->timers, &w->timer);
  gc_api_cancel(w->deps.api, &w->call);
}

void watch_free(struct watch *w) {
  if (w == NULL)
    return;
  gc_loop_call(w->deps.loop, stop_requests, w);
  sprout_decoder_free(w->decoder);
  pthread_mutex_destroy(&w->lock);
  free(w);
}

void watch_read(struct watch *w, const char *instance, uint32_t interval_ms,
                const struct gc_samples *out) {
  pthread_mutex_lock(&w->lock);
  struct sprout newest = w->newest;
  bool is_up = w->is_up;
  int64_t age_ms =
      w->answered_ms > 0 ? (int64_t)(watch_now(w) - w->answered_ms) : -1;
  pthread_mutex_unlock(&w->lock);
  sprout_samples(is_up ? &newest : NULL, age_ms, instance, interval_ms, out);
}
