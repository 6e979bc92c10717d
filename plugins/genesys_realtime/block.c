/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/block.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/policy/poll_pace.h"
#include "plugins/genesys_realtime/observations/guide_metrics.h"
#include "plugins/genesys_realtime/observations/poll.h"
#include "plugins/genesys_realtime/observations/subscription.h"
#include "plugins/genesys_realtime/output/output.h"
#include "plugins/genesys_realtime/stream/stream.h"

enum {
  /* With pushed observations: a snapshot replaces lost messages. */
  SNAPSHOT_EVERY_MS = 60 * 1000,
  /* The source is down when its newest values are older than this. */
  STALE_INTERVALS = 3,
};

struct block {
  const struct queues_options *options;
  struct block_deps deps;
  struct stream *stream;             /* NULL: Stream "none" */
  struct subscription *subscription; /* NULL: nothing is pushed */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  /* The network thread's. */
  struct gc_names_listener queue_listener, presence_listener;
  bool is_listening;
  struct ownership observed, heard, active;
  struct selection selection; /* of the observations */
  struct selection topics;    /* of the stream */
  size_t taken;               /* queues that other blocks have, as reported */
  bool *idle_options;         /* Queue options without effect, as reported */
  struct gc_timer timer;
  uint64_t due_ms;
  struct poll poll;
  struct poll_pages pages;
  int64_t asked_ms;     /* when the poll began, by the server's clock */
  uint64_t snapshot_ms; /* when pushed observations need a snapshot again */
  bool must_poll_again; /* a snapshot became due during a poll */
  struct observations *last; /* to find the pairs that the next one lacks */
  struct gc_labels *labels;  /* OBS_QUEUE_METRICS: of the names in answers */

  struct output *output; /* the read thread's */

  /* Under the lock. */
  pthread_mutex_t lock;
  struct observations *fresh; /* not dispatched yet */
  struct gc_entities *shared; /* with Shard: the queues with labels on which
                                 all agents agree; NULL: none yet */
  bool is_healthy;            /* the last poll was complete */
  uint64_t healthy_ms;        /* when a poll was complete last; 0: never */
  struct queue_tally tally;   /* of the last reading */
  uint64_t overflow;          /* values that MaxSeries left out */
};

static const struct gc_env *env(const struct block *b) { return b->deps.env; }

static uint64_t now(const struct block *b) {
  return env(b)->now_ms(env(b)->ctx);
}

static int64_t server_now(const struct block *b) {
  return env(b)->wall_ms(env(b)->ctx) + gc_api_clock_offset_ms(b->deps.api);
}

static enum obs_source source_of(const struct block *b) {
  return (enum obs_source)b->options->observations;
}

static uint32_t interval_ms(const struct block *b) {
  return b->options->interval_s * 1000;
}

/* ---- polls, on the network thread ---- */

/* A queue without a name was made after the list was read: have it read again.
 */
static void note_unknown_queues(struct block *b, const struct observations *o) {
  struct gc_names *names = b->deps.names;
  struct gc_entities *queues = gc_names_entities(names, GC_QUEUE);
  bool is_missing = false;
  for (uint32_t i = 0; queues != NULL && i < o->ids.count && !is_missing; i++) {
    const char *id = gc_intern_text(&o->ids, i);
    is_missing = shard_has(&b->options->shard, id) &&
                 gc_entities_find(queues, id) == NULL;
  }
  if (is_missing && !gc_entities_is_refused(queues))
    gc_names_miss(names, GC_QUEUE);
  gc_entities_put(queues);
}

static bool asks_by_id(const struct block *b) {
  return source_of(b) == OBS_QUERY || source_of(b) == OBS_QUEUE_METRICS;
}

static bool has_topics(const struct block *b) {
  return b->options->stream == STREAM_NOTIFICATIONS;
}

/* Takes `o` over. */
static void publish(struct block *b, struct observations *o, bool is_complete) {
  o->received_ms = env(b)->wall_ms(env(b)->ctx);
  o->server_ms = server_now(b);
  note_unknown_queues(b, o);
  if (source_of(b) == OBS_QUEUE_METRICS)
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

/* What the answers do not have any longer is 0. */
static bool zero_gone(struct block *b) {
  struct observations *o = b->poll.reading;
  if (b->last == NULL || o->absence == OBS_ABSENT_UNKNOWN)
    return true;
  struct gc_entities *queues = gc_names_entities(b->deps.names, GC_QUEUE);
  bool done = observations_zero_gone(o, b->last, queues) == GC_OK;
  gc_entities_put(queues);
  return done;
}

/* Activity answers list only numbers that are not zero: a missing answer looks
 * like zeros, so that all answers must have come. */
static bool is_worth_publishing(struct block *b) {
  const struct observations *o = b->poll.reading;
  bool is_complete = b->poll.error.code == GC_OK;
  if (o == NULL || b->poll.part_count == 0)
    return false;
  if (!is_complete && (o->absence == OBS_ABSENT_ALL || o->ids.count == 0))
    return false;
  return zero_gone(b);
}

/* Polls again at once if a snapshot became due during the poll. */
static void schedule_next_poll(struct block *b, bool was_refused) {
  uint64_t now_ms = now(b);
  b->due_ms = gc_pace_next(b->due_ms, now_ms, interval_ms(b), was_refused);
  (void)gc_timers_set(env(b)->timers, &b->timer,
                      b->must_poll_again ? now_ms : b->due_ms);
  b->must_poll_again = false;
}

/* Reports one outcome of the poll: if one of several batches fails each time,
 * the success of the others is no recovery. */
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

/* False: pushed observations are not complete, poll. */
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
  b->due_ms = gc_pace_begin(b->due_ms, now_ms, interval_ms(b), b->deps.phase);
  if (publish_pushed(b, now_ms))
    return;
  b->asked_ms = server_now(b);
  b->poll.wants_details = b->stream != NULL;
  b->poll.path = b->options->path;
  if (b->stream != NULL)
    stream_poll_begin(b->stream);
  poll_start(&b->poll, b->deps.api, source_of(b), &b->selection, &b->pages,
             on_poll_done, b);
}

/* The stream is open (again): poll at once, since messages may have been lost.
 * A running poll was sent before and does not count. The source of the guide
 * dialect counts every 5 s only and is not polled sooner. */
static void on_snapshot(void *ctx) {
  struct block *b = ctx;
  if (source_of(b) == OBS_OFF || source_of(b) == OBS_QUEUE_METRICS)
    return;
  b->snapshot_ms = 0;
  b->must_poll_again = b->poll.parts != NULL;
  if (!b->must_poll_again)
    (void)gc_timers_set(env(b)->timers, &b->timer, now(b));
}

/* ---- queues, on the network thread ---- */

/* Warns if the polls of this block take more than a quarter of the budget. */
static void check_cost(struct block *b) {
  struct gc_err err = {.code = GC_OK};
  size_t batches = poll_batches(b->selection.count);
  double per_minute = (double)batches * 60.0 / b->options->interval_s;
  uint32_t budget = b->deps.requests_per_minute;
  if (asks_by_id(b) && per_minute > budget / 4.0)
    (void)gc_fail(
        &err, GC_ERR_LIMIT,
        "%zu queues each %u s cost %.0f of the account's %u requests "
        "per minute; %sname fewer queues or a longer ObservationInterval",
        b->selection.count, b->options->interval_s, per_minute, budget,
        source_of(b) == OBS_QUERY ? "Observations \"activity\" costs a few, or "
                                  : "");
  b->notice(b->ctx, "cost", &err);
}

static void report_taken(struct block *b) {
  size_t taken = b->selection.taken > b->topics.taken ? b->selection.taken
                                                      : b->topics.taken;
  if (taken != b->taken && b->deps.leave_out != NULL)
    b->deps.leave_out(b->ctx, taken);
  b->taken = taken;
}

/* Reports each Queue option without effect once, and when it has one. */
static void report_idle_options(struct block *b,
                                const struct gc_entities *queues) {
  const struct gc_strs *options = &b->options->queues;
  bool *decides = calloc(options->count + 1, sizeof(*decides));
  if (decides == NULL || gc_entities_is_refused(queues) ||
      gc_entities_count(queues) == 0) {
    free(decides);
    return;
  }
  selection_note_options(queues, b->options, decides);
  for (size_t i = 0; i < options->count; i++) {
    struct gc_err err = {.code = GC_OK};
    char cause[80];
    if (b->idle_options[i] == !decides[i])
      continue;
    b->idle_options[i] = !decides[i];
    snprintf(cause, sizeof(cause), "Queue \"%.60s\"", options->at[i]);
    if (!decides[i])
      (void)gc_fail(&err, GC_ERR_NOT_FOUND,
                    "has no effect: it matches no queue, or an option before "
                    "it matches the same ones");
    b->notice(b->ctx, cause, &err);
  }
  free(decides);
}

static enum gc_code make_selections(struct block *b,
                                    const struct gc_entities *queues) {
  bool any_id = source_of(b) == OBS_QUEUE_METRICS;
  if (source_of(b) != OBS_OFF)
    GC_TRY(selection_make(&b->selection, queues, &b->observed, any_id));
  return b->stream != NULL
             ? selection_make(&b->topics, queues, &b->heard, any_id)
             : GC_OK;
}

static bool lacks_queues(const struct block *b) {
  bool needs_queues = asks_by_id(b) || b->subscription != NULL || has_topics(b);
  return needs_queues && b->selection.count + b->selection.taken +
                                 b->topics.count + b->topics.taken ==
                             0;
}

/* The `~2` of a label depends on the earlier lists of the account's names,
 * which agents do not share. */
static enum gc_code take_shared_labels(struct block *b,
                                       const struct gc_entities *queues) {
  if (b->options->shard.of <= 1)
    return GC_OK;
  struct gc_entities *made = gc_labels_by_list(queues);
  if (made == NULL)
    return GC_ERR_MEMORY;
  pthread_mutex_lock(&b->lock);
  struct gc_entities *old = b->shared;
  b->shared = made;
  pthread_mutex_unlock(&b->lock);
  gc_entities_put(old);
  return GC_OK;
}

/* The names and labels of the queues: a counted reference; NULL: none yet. */
static struct gc_entities *queue_names(struct block *b) {
  if (b->options->shard.of <= 1)
    return gc_names_entities(b->deps.names, GC_QUEUE);
  pthread_mutex_lock(&b->lock);
  struct gc_entities *queues = gc_entities_get(b->shared);
  pthread_mutex_unlock(&b->lock);
  return queues;
}

static void on_queues(void *ctx, struct gc_entities *queues) {
  struct block *b = ctx;
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = make_selections(b, queues);
  if (code == GC_OK)
    code = take_shared_labels(b, queues);
  if (code != GC_OK)
    (void)gc_fail(&err, code, "the list of queues: %s", gc_code_words(code));
  else if (lacks_queues(b))
    (void)gc_fail(&err, GC_ERR_NOT_FOUND,
                  gc_entities_is_refused(queues)
                      ? "the list of queues is refused: name queues by their "
                        "id (Queue \"UUID\"), or use Observations \"activity\""
                      : "no queue matches the Queue options of this block, its "
                        "Shard has none, or the OAuth client's roles see none");
  b->notice(b->ctx, "selection", &err);
  check_cost(b);
  if (code == GC_OK)
    report_taken(b);
  report_idle_options(b, queues);
  if (b->stream != NULL && code == GC_OK)
    stream_select(b->stream, &b->topics);
  if (b->subscription != NULL && code == GC_OK)
    subscription_select(b->subscription, &b->selection);
  if (b->due_ms == 0 && source_of(b) != OBS_OFF)
    poll_now(b, now(b));
}

static void on_presences(void *ctx, struct gc_entities *presences) {
  (void)ctx; /* the read thread takes the list when it makes the samples */
  (void)presences;
}

/* ---- reading, on a read thread ---- */

static bool accepts_queue(void *ctx, const struct gc_entry *queue) {
  return ownership_has(ctx, queue->name, queue->id);
}

static void read_observations(struct block *b, struct queue_display display,
                              const struct gc_samples *out) {
  pthread_mutex_lock(&b->lock);
  GC_AUTO(observations_put_auto) struct observations *o = gc_steal(b->fresh);
  pthread_mutex_unlock(&b->lock);
  if (o == NULL)
    return;
  struct queue_tally tally;
  if (o->names != NULL && display.queues != NULL &&
      gc_entities_is_refused(display.queues))
    display.queues = o->names;
  obs_samples(o, &display, out, &tally);
  pthread_mutex_lock(&b->lock);
  b->tally = tally;
  pthread_mutex_unlock(&b->lock);
}

static void read_sources(struct block *b, const struct gc_samples *out) {
  struct gc_names *names = b->deps.names;
  struct gc_entities *queues = queue_names(b);
  struct gc_entities *presences = gc_names_entities(names, GC_PRESENCE);
  struct queue_display display = {.queues = queues,
                                  .presences = presences,
                                  .accepts = accepts_queue,
                                  .accepts_ctx = &b->observed,
                                  .active = &b->active,
                                  .shard = &b->options->shard,
                                  .media = b->options->media.at,
                                  .media_count = b->options->media.count,
                                  .label = (enum queue_label)b->options->label,
                                  .interval_ms = interval_ms(b)};
  read_observations(b, display, out);
  display.accepts_ctx = &b->heard;
  if (b->stream != NULL)
    stream_read(b->stream, &display, out);
  gc_entities_put(queues);
  gc_entities_put(presences);
}

static void read_samples(struct block *b, const struct gc_samples *out,
                         bool is_last) {
  struct gc_err err;
  struct gc_samples sink =
      output_begin(b->output, now(b), env(b)->wall_ms(env(b)->ctx), out);
  read_sources(b, &sink);
  bool is_outcome = output_end(b->output, is_last, &err);
  pthread_mutex_lock(&b->lock);
  b->overflow = output_overflow(b->output);
  pthread_mutex_unlock(&b->lock);
  if (is_outcome)
    b->notice(b->ctx, "series", &err);
}

void block_read(struct block *b, const struct gc_samples *out) {
  read_samples(b, out, false);
}

void block_finish(struct block *b, const struct gc_samples *out) {
  read_samples(b, out, true);
}

bool block_has_windows(const struct block *b) {
  return output_has_windows(b->output);
}

static void read_source_state(struct block *b,
                              const struct gc_sample_writer *w) {
  pthread_mutex_lock(&b->lock);
  bool is_healthy = b->is_healthy;
  uint64_t healthy_ms = b->healthy_ms;
  struct queue_tally tally = b->tally;
  pthread_mutex_unlock(&b->lock);

  uint64_t age_ms = healthy_ms > 0 ? now(b) - healthy_ms : 0;
  uint64_t stale_ms = (uint64_t)interval_ms(b) * STALE_INTERVALS;
  bool is_up = is_healthy && healthy_ms > 0 && age_ms < stale_ms;
  gc_put_gauge(w, GC_METRIC_SOURCE_UP, "observations", is_up ? 1.0 : 0.0);
  if (healthy_ms > 0)
    gc_put_gauge(w, GC_METRIC_SOURCE_AGE, "observations",
                 (double)age_ms / 1000.0);
  gc_put_gauge(w, GC_METRIC_QUEUES, "matched", (double)tally.matched);
  gc_put_gauge(w, GC_METRIC_QUEUES, "unnamed", (double)tally.unnamed);
}

void block_read_state(struct block *b, const char *instance, uint32_t every_ms,
                      const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = every_ms};
  pthread_mutex_lock(&b->lock);
  size_t series = b->tally.series;
  uint64_t overflow = b->overflow;
  pthread_mutex_unlock(&b->lock);
  if (b->stream != NULL) {
    series += stream_series(b->stream);
    stream_read_state(b->stream, instance, every_ms, out);
  }
  if (source_of(b) != OBS_OFF)
    read_source_state(b, &w);
  if (b->stream == NULL && source_of(b) == OBS_OFF)
    return;
  gc_put_gauge(&w, GC_METRIC_SERIES, "", (double)series);
  gc_put_count(&w, GC_METRIC_SERIES_OVERFLOW, "", overflow);
}

/* ---- life ---- */

/* The observation query maps presences itself; the activity queries do not. */
static void start_in_loop(void *ctx) {
  struct block *b = ctx;
  if (source_of(b) == OBS_OFF && b->stream == NULL)
    return;
  b->is_listening = true;
  if (b->options->stream == STREAM_CONVERSATIONS) /* needs no list of queues */
    stream_select(b->stream, &b->topics);
  if (source_of(b) == OBS_ACTIVITY)
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
  output_free(b->output);
  selection_clear(&b->selection);
  selection_clear(&b->topics);
  observations_put(b->last);
  observations_put(b->fresh);
  gc_entities_put(b->shared);
  gc_labels_free(b->labels);
  free(b->idle_options);
  pthread_mutex_destroy(&b->lock);
  free(b);
}

static enum gc_code out_of_memory(struct gc_err *err) {
  return gc_fail(err, GC_ERR_MEMORY, "out of memory");
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
                             .socket_notice = b->deps.socket_notice,
                             .notice_ctx = b->ctx,
                             .snapshot = on_snapshot,
                             .ctx = b};
  b->stream = stream_new(b->options, &deps, err);
  return b->stream != NULL ? GC_OK : err->code;
}

static enum gc_code make_subscription(struct block *b, struct gc_err *err) {
  struct subscription_deps deps = {.channels = b->deps.channels,
                                   .timeouts = stream_timeouts(b->options),
                                   .snapshot = on_snapshot,
                                   .notice = b->notice,
                                   .notice_ctx = b->ctx,
                                   .ctx = b};
  b->subscription = subscription_new(&deps);
  return b->subscription != NULL ? GC_OK : out_of_memory(err);
}

static enum gc_code make_output(struct block *b, struct gc_err *err) {
  const struct queues_options *o = b->options;
  struct downsample_settings settings = {.span_ms = o->window_s * 1000,
                                         .raw = o->raw,
                                         .series_max = o->series_max};
  b->output = output_new(&settings, (uint64_t)o->queue_expiry_s * 1000);
  b->labels = gc_labels_new();
  b->idle_options = calloc(o->queues.count + 1, sizeof(*b->idle_options));
  return b->output != NULL && b->labels != NULL && b->idle_options != NULL
             ? GC_OK
             : out_of_memory(err);
}

static enum gc_code make_parts(struct block *b, struct gc_err *err) {
  GC_TRY(make_output(b, err));
  if (b->options->stream != STREAM_NONE)
    GC_TRY(make_stream(b, err));
  return source_of(b) == OBS_TOPIC ? make_subscription(b, err) : GC_OK;
}

static struct ownership ownership_of(const struct block *b,
                                     enum queue_part part) {
  return (struct ownership){.self = b->options,
                            .blocks = b->deps.blocks,
                            .count = b->deps.block_count,
                            .part = part};
}

struct block *block_new(const struct queues_options *options,
                        const struct block_deps *deps,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx, struct gc_err *err) {
  struct block *b = calloc(1, sizeof(*b));
  if (b == NULL) {
    (void)out_of_memory(err);
    return NULL;
  }
  b->options = options;
  b->deps = *deps;
  b->notice = notice;
  b->ctx = ctx;
  b->observed = ownership_of(b, QUEUE_OBSERVED);
  b->heard = ownership_of(b, QUEUE_HEARD);
  b->active = ownership_of(b, QUEUE_ACTIVE);
  b->timer = (struct gc_timer){.fire = poll_now, .ctx = b};
  b->queue_listener = (struct gc_names_listener){
      .kind = GC_QUEUE, .changed = on_queues, .ctx = b};
  b->presence_listener = (struct gc_names_listener){
      .kind = GC_PRESENCE, .changed = on_presences, .ctx = b};
  pthread_mutex_init(&b->lock, NULL);
  if (make_parts(b, err) != GC_OK) {
    block_free(b);
    return NULL;
  }
  return b;
}
