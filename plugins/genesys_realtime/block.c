/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/policy/poll_pace.h"
#include "plugins/genesys_realtime/block_internal.h"
#include "plugins/genesys_realtime/observations/guide_metrics.h"

/* Messages that were lost are repaired then. */
enum { SNAPSHOT_EVERY_MS = 60 * 1000 };

static const struct gc_env *env(const struct block *b) { return b->deps.env; }

static uint64_t now(const struct block *b) {
  return env(b)->now_ms(env(b)->ctx);
}

/* A name that is missing here was made since the list was read. */
static void note_unknown_queues(struct block *b, const struct observations *o) {
  struct gc_names *names = b->deps.names;
  struct gc_entities *d = gc_names_entities(names, GC_QUEUE);
  bool missing = false;
  for (uint32_t i = 0; d != NULL && i < o->ids.count && !missing; i++) {
    const char *id = gc_intern_text(&o->ids, i);
    missing =
        shard_has(&b->settings.shard, id) && gc_entities_find(d, id) == NULL;
  }
  if (missing && !gc_entities_is_refused(d))
    gc_names_miss(names, GC_QUEUE);
  gc_entities_put(d);
}

static bool asks_by_id(const struct block *b) {
  return b->settings.source == OBS_QUERY ||
         b->settings.source == OBS_QUEUE_METRICS;
}

static bool has_topics(const struct block *b) {
  return b->stream != NULL && !b->settings.stream.guide.is_on;
}

/* Takes `o` over. */
static void publish(struct block *b, struct observations *o, bool is_complete) {
  o->received_ms = env(b)->wall_ms(env(b)->ctx);
  o->server_ms = o->received_ms + gc_api_clock_offset_ms(b->deps.api);
  note_unknown_queues(b, o);
  if (b->settings.source == OBS_QUEUE_METRICS)
    o->names = queue_metrics_names(o, b->labels);

  pthread_mutex_lock(&b->lock);
  observations_put(b->fresh);
  b->fresh = observations_get(o);
  if (is_complete)
    b->healthy_ms = now(b);
  b->is_healthy = is_complete;
  pthread_mutex_unlock(&b->lock);

  observations_put(b->last);
  b->last = o;
}

/* Activity answers list only what is not zero, which can be told from what is
 * missing only when all of them came. */
static bool is_worth_publishing(struct block *b) {
  if (b->poll.reading == NULL || b->poll.part_count == 0)
    return false;
  if (b->settings.source != OBS_ACTIVITY)
    return b->poll.reading->ids.count > 0 || b->poll.error.code == GC_OK;
  if (b->poll.error.code != GC_OK)
    return false;
  struct gc_entities *d = gc_names_entities(b->deps.names, GC_QUEUE);
  bool done = b->last == NULL ||
              observations_zero_gone(b->poll.reading, b->last, d) == GC_OK;
  gc_entities_put(d);
  return done;
}

/* Polls again at once if a snapshot became due during the poll. */
static void schedule_next_poll(struct block *b, bool was_refused) {
  uint64_t now_ms = now(b);
  b->due_ms =
      gc_pace_next(b->due_ms, now_ms, b->settings.interval_ms, was_refused);
  (void)gc_timers_set(env(b)->timers, &b->timer,
                      b->must_poll_again ? now_ms : b->due_ms);
  b->must_poll_again = false;
}

/* Tells the poll's outcome once: of several batches one may fail for good while
 * the others do not, which is no recovery. */
static void on_poll_done(void *ctx) {
  struct block *b = ctx;
  if (b->poll.part_count > 0 || b->poll.error.code != GC_OK)
    b->notice(b->ctx, "observations", &b->poll.error);
  bool is_complete = b->poll.error.code == GC_OK;
  if (is_worth_publishing(b)) {
    if (b->subscription != NULL && is_complete &&
        subscription_add_snapshot(b->subscription, b->poll.reading,
                                  b->asked_ms) == GC_OK &&
        !b->must_poll_again)
      b->snapshot_ms = now(b) + SNAPSHOT_EVERY_MS;
    if (b->stream != NULL && is_complete)
      stream_observed(b->stream, b->poll.reading);
    publish(b, gc_steal(b->poll.reading), is_complete);
  } else {
    pthread_mutex_lock(&b->lock);
    b->is_healthy = false;
    pthread_mutex_unlock(&b->lock);
  }

  schedule_next_poll(b, b->poll.was_refused);
  poll_clear(&b->poll);
}

/* What is pushed is there already. False: it must be asked for. */
static bool publish_pushed(struct block *b, uint64_t now_ms) {
  if (b->subscription == NULL || now_ms >= b->snapshot_ms ||
      !subscription_is_complete(b->subscription))
    return false;
  struct observations *o = subscription_copy(b->subscription);
  if (o == NULL)
    return false;
  if (b->stream != NULL)
    stream_compare(b->stream, o);
  publish(b, o, true);
  schedule_next_poll(b, false);
  return true;
}

static void poll_now(void *ctx, uint64_t now_ms) {
  struct block *b = ctx;
  if (b->due_ms == 0 || b->due_ms > now_ms)
    b->due_ms = now_ms;
  if (publish_pushed(b, now_ms))
    return;
  b->asked_ms =
      env(b)->wall_ms(env(b)->ctx) + gc_api_clock_offset_ms(b->deps.api);
  b->poll.wants_details = b->stream != NULL;
  b->poll.path = b->settings.metrics_path;
  if (b->stream != NULL)
    stream_poll_begin(b->stream);
  poll_start(&b->poll, b->deps.api, b->settings.source, &b->selection,
             &b->pages, on_poll_done, b);
}

/* The stream was opened (again): what it missed, a poll at once shows. One that
 * runs was asked before. The guide dialect's source counts anew each 5 s only
 * and is never asked sooner. */
static void on_snapshot(void *ctx) {
  struct block *b = ctx;
  if (b->settings.source == OBS_OFF || b->settings.source == OBS_QUEUE_METRICS)
    return;
  b->snapshot_ms = 0;
  b->must_poll_again = b->poll.parts != NULL;
  if (!b->must_poll_again)
    (void)gc_timers_set(env(b)->timers, &b->timer, now(b));
}

/* More than a quarter of the budget for one block's polling is worth a word. */
static void check_cost(struct block *b) {
  struct gc_err err = {.code = GC_OK};
  size_t batches = poll_batches(b->selection.count);
  double per_minute = (double)batches * 60000.0 / b->settings.interval_ms;
  uint32_t budget = b->deps.requests_per_minute;
  if (asks_by_id(b) && per_minute > budget / 4.0)
    (void)gc_fail(
        &err, GC_ERR_LIMIT,
        "%zu queues each %u s cost %.0f of the account's %u requests "
        "per minute; %sname fewer queues or a longer ObservationInterval",
        b->selection.count, b->settings.interval_ms / 1000, per_minute, budget,
        b->settings.source == OBS_QUERY
            ? "Observations \"activity\" costs a few, or "
            : "");
  b->notice(b->ctx, "cost", &err);
}

static void on_queues(void *ctx, struct gc_entities *directory) {
  struct block *b = ctx;
  struct gc_err err = {.code = GC_OK};
  enum gc_code code =
      selection_make(&b->selection, directory, b->settings.selectors,
                     b->settings.selector_count, &b->settings.shard,
                     b->settings.source == OBS_QUEUE_METRICS);
  if (code != GC_OK)
    (void)gc_fail(&err, code, "the list of queues: %s", gc_code_words(code));
  else if (b->selection.count == 0 &&
           (asks_by_id(b) || b->subscription != NULL || has_topics(b)))
    (void)gc_fail(&err, GC_ERR_NOT_FOUND,
                  gc_entities_is_refused(directory)
                      ? "the list of queues is refused: name queues by their "
                        "id (Queue \"UUID\"), or use Observations \"activity\""
                      : "no queue matches the Queue options of this block, its "
                        "Shard has none, or the OAuth client's roles see none");
  b->notice(b->ctx, "selection", &err);
  check_cost(b);
  if (b->stream != NULL && code == GC_OK)
    stream_select(b->stream, &b->selection);
  if (b->subscription != NULL && code == GC_OK)
    subscription_select(b->subscription, &b->selection);
  if (b->due_ms == 0 && b->settings.source != OBS_OFF)
    poll_now(b, now(b));
}

static void on_presences(void *ctx, struct gc_entities *directory) {
  (void)ctx; /* read when the samples are made */
  (void)directory;
}

/* The observation query maps the presences itself; the activity queries leave
 * that to us. */
static void start_in_loop(void *ctx) {
  struct block *b = ctx;
  if (b->settings.source == OBS_OFF && b->stream == NULL)
    return;
  b->is_listening = true;
  if (b->settings.stream.guide.is_on) /* it needs no list of queues */
    stream_select(b->stream, &b->selection);
  if (b->settings.source == OBS_ACTIVITY)
    gc_names_listen(b->deps.names, &b->presence_listener);
  gc_names_listen(b->deps.names, &b->queue_listener);
}

void block_start(struct block *b) {
  gc_loop_call(b->deps.loop, start_in_loop, b);
}

static void stop_in_loop(void *ctx) {
  struct block *b = ctx;
  if (b->is_listening) {
    gc_names_unlisten(b->deps.names, &b->presence_listener);
    gc_names_unlisten(b->deps.names, &b->queue_listener);
  }
  gc_timers_unset(env(b)->timers, &b->timer);
  if (b->stream != NULL)
    stream_stop(b->stream);
  if (b->subscription != NULL)
    subscription_stop(b->subscription);
  poll_clear(&b->poll);
}

void block_free(struct block *b) {
  if (b == NULL)
    return;
  gc_loop_call(b->deps.loop, stop_in_loop, b);
  stream_free(b->stream);
  subscription_free(b->subscription);
  downsample_free(b->downsample);
  series_limit_free(b->limit);
  selection_clear(&b->selection);
  observations_put(b->last);
  observations_put(b->fresh);
  gc_labels_free(b->labels);
  pthread_mutex_destroy(&b->lock);
  free(b);
}

static enum gc_code make_stream(struct block *b, struct gc_err *err) {
  struct stream_deps deps = {.env = b->deps.env,
                             .api = b->deps.api,
                             .channels = b->deps.channels,
                             .driver = b->deps.driver,
                             .connect = b->deps.connect,
                             .base_url = b->deps.base_url,
                             .names = b->deps.names,
                             .notice = b->notice,
                             .notice_ctx = b->ctx,
                             .snapshot = on_snapshot,
                             .ctx = b};
  b->stream = stream_new(&b->settings.stream, &deps, err);
  return b->stream != NULL ? GC_OK : err->code;
}

static enum gc_code make_subscription(struct block *b, struct gc_err *err) {
  struct subscription_deps deps = {.channels = b->deps.channels,
                                   .timeouts = b->settings.stream.timeouts,
                                   .snapshot = on_snapshot,
                                   .notice = b->notice,
                                   .notice_ctx = b->ctx,
                                   .ctx = b};
  b->subscription = subscription_new(&deps);
  return b->subscription != NULL ? GC_OK
                                 : gc_fail(err, GC_ERR_MEMORY, "out of memory");
}

/* What the read thread puts in front of the sink. */
static enum gc_code make_sinks(struct block *b, struct gc_err *err) {
  const struct block_settings *s = &b->settings;
  b->limit = series_limit_new(s->series_max, s->expiry_ms);
  if (s->window_ms > 0)
    b->downsample = downsample_new(&(struct downsample_settings){
        .span_ms = s->window_ms, .raw = s->raw, .series_max = s->series_max});
  if (b->limit == NULL || (s->window_ms > 0 && b->downsample == NULL))
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  return GC_OK;
}

static enum gc_code make_parts(struct block *b, struct gc_err *err) {
  GC_TRY(make_sinks(b, err));
  if (b->settings.has_stream)
    GC_TRY(make_stream(b, err));
  return b->settings.source == OBS_TOPIC ? make_subscription(b, err) : GC_OK;
}

struct block *block_new(const struct block_settings *settings,
                        const struct block_deps *deps,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx, struct gc_err *err) {
  struct block *b = calloc(1, sizeof(*b));
  if (b == NULL) {
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  b->settings = *settings;
  b->deps = *deps;
  b->notice = notice;
  b->ctx = ctx;
  b->timer = (struct gc_timer){.fire = poll_now, .ctx = b};
  b->queue_listener = (struct gc_names_listener){
      .kind = GC_QUEUE, .changed = on_queues, .ctx = b};
  b->presence_listener = (struct gc_names_listener){
      .kind = GC_PRESENCE, .changed = on_presences, .ctx = b};
  pthread_mutex_init(&b->lock, NULL);
  b->labels = gc_labels_new();
  if (b->labels == NULL)
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
  if (b->labels == NULL || make_parts(b, err) != GC_OK) {
    block_free(b);
    return NULL;
  }
  return b;
}
