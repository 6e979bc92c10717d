/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/block_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/policy/poll_pace.h"
#include "plugins/genesys_realtime/observations/guide_metrics.h"
#include "plugins/genesys_realtime/observations/poll.h"
#include "plugins/genesys_realtime/observations/source.h"
#include "plugins/genesys_realtime/observations/subscription.h"

enum {
  /* With pushed observations: the time between two snapshots, which make up for
   * lost messages. */
  SNAPSHOT_EVERY_MS = 60 * 1000,
};

static int64_t server_now(const struct block *b) {
  return block_env(b)->wall_ms(block_env(b)->ctx) +
         gc_api_clock_offset_ms(b->deps.api);
}

/* ---- polls, on the network thread ---- */

/* Requests a new list of queues if an answer has a queue without a name, which
 * was made after the list was read. */
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
  return b->source == OBS_QUERY || b->source == OBS_QUEUE_METRICS;
}

static bool has_topics(const struct block *b) {
  return b->options->stream == STREAM_NOTIFICATIONS;
}

/* Reports once that numbers are ignored: it is no failure, and each answer has
 * them again. */
static void report_ignored(struct block *b, uint32_t count) {
  struct gc_err err = {.code = GC_OK};
  if (count == 0 || b->has_ignored)
    return;
  b->has_ignored = true;
  (void)gc_fail(
      &err, GC_ERR_PARSE,
      "%u numbers of observations are without the queue, medium or status "
      "that they need, or have a name that cannot be kept; they are counted "
      "(observations_ignored) and ignored. Report it if numbers look wrong",
      count);
  b->notice(b->ctx, "ignored observations", &err);
}

/* Reports each metric once. */
static void on_unknown(void *ctx, struct gc_unknown_words *words) {
  struct block *b = ctx;
  const struct gc_unknown_word *word;
  gc_unknown_words_move(&b->unknown, words);
  while ((word = gc_unknown_words_next(&b->unknown)) != NULL) {
    struct gc_err err;
    char cause[GC_UNKNOWN_WORD_MAX_BYTES + 64];
    snprintf(cause, sizeof(cause), "%s \"%s\"", word->kind, word->text);
    (void)gc_fail(&err, GC_ERR_PARSE,
                  "this metric of observations is unknown; its numbers leave "
                  "as queue_observation");
    b->notice(b->ctx, cause, &err);
  }
}

static void count_ignored(struct block *b, uint32_t count) {
  pthread_mutex_lock(&b->lock);
  b->ignored += count;
  pthread_mutex_unlock(&b->lock);
}

static void on_unread(void *ctx) { count_ignored(ctx, 1); }

static void on_ignored(void *ctx, uint32_t count) {
  count_ignored(ctx, count);
  report_ignored(ctx, count);
}

/* Takes ownership of `o`. */
static void publish_observations(struct block *b, struct observations *o,
                                 bool is_complete) {
  o->received_ms = block_env(b)->wall_ms(block_env(b)->ctx);
  o->server_ms = server_now(b);
  note_unknown_queues(b, o);
  on_unknown(b, &o->unknown);
  report_ignored(b, o->ignored);
  if (b->source == OBS_QUEUE_METRICS)
    o->names = queue_metrics_names(o, b->labels);

  pthread_mutex_lock(&b->lock);
  observations_put(b->fresh);
  b->fresh = observations_get(o);
  b->ignored += o->ignored;
  if (is_complete)
    b->healthy_ms = block_now(b);
  b->is_healthy = is_complete;
  pthread_mutex_unlock(&b->lock);

  observations_put(b->last);
  b->last = o;
}

/* Adds the numbers that only the last reading has, as 0. Returns false when out
 * of memory. */
static bool zero_gone(struct block *b) {
  struct observations *o = b->poll.reading;
  if (b->last == NULL || o->absence == OBS_ABSENT_UNKNOWN)
    return true;
  struct gc_entities *queues = gc_names_entities(b->deps.names, GC_QUEUE);
  bool done = observations_zero_gone(o, b->last, queues) == GC_OK;
  gc_entities_put(queues);
  return done;
}

/* Decides whether the reading is published. Activity answers list only numbers
 * that are not zero, so a missing answer would look like zeros: all answers
 * must be complete. */
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
  uint64_t now_ms = block_now(b);
  b->due_ms =
      gc_pace_next(b->due_ms, now_ms, block_interval_ms(b), was_refused);
  (void)gc_timers_set(block_env(b)->timers, &b->timer,
                      b->must_poll_again ? now_ms : b->due_ms);
  b->must_poll_again = false;
}

static void note_outcome(struct block *b, bool is_complete) {
  pthread_mutex_lock(&b->lock);
  b->has_outcome = true;
  b->is_healthy = is_complete && b->poll.part_count > 0;
  pthread_mutex_unlock(&b->lock);
}

/* Reports one outcome of the poll: if one of several batches fails each time,
 * the success of the others is no recovery. */
static void on_poll_done(void *ctx) {
  struct block *b = ctx;
  if (b->poll.part_count > 0 || b->poll.error.code != GC_OK)
    b->notice(b->ctx, "observations", &b->poll.error);
  bool is_complete = b->poll.error.code == GC_OK;
  note_outcome(b, is_complete);
  if (is_worth_publishing(b)) {
    if (b->subscription != NULL && is_complete &&
        subscription_add_snapshot(b->subscription, b->poll.reading,
                                  b->asked_ms) == GC_OK &&
        !b->must_poll_again)
      b->snapshot_ms = block_now(b) + SNAPSHOT_EVERY_MS;
    if (b->stream != NULL && is_complete)
      stream_observed(b->stream, b->poll.reading);
    publish_observations(b, gc_steal(b->poll.reading), is_complete);
  }

  schedule_next_poll(b, b->poll.was_refused);
  poll_clear(&b->poll);
}

/* Publishes the pushed observations. Returns false when they are not complete
 * and a poll is needed. */
static bool publish_pushed(struct block *b, uint64_t now_ms) {
  if (b->subscription == NULL || now_ms >= b->snapshot_ms ||
      !subscription_is_complete(b->subscription))
    return false;
  struct observations *o = subscription_copy(b->subscription);
  if (o == NULL)
    return false;
  if (b->stream != NULL)
    stream_compare(b->stream, o);
  publish_observations(b, o, true);
  schedule_next_poll(b, false);
  return true;
}

static void poll_now(void *ctx, uint64_t now_ms) {
  struct block *b = ctx;
  b->due_ms =
      gc_pace_begin(b->due_ms, now_ms, block_interval_ms(b), b->deps.phase);
  if (publish_pushed(b, now_ms))
    return;
  b->asked_ms = server_now(b);
  b->poll.wants_details = b->stream != NULL;
  b->poll.path = b->options->path;
  b->poll.visible = b->visible;
  if (b->stream != NULL)
    stream_poll_begin(b->stream);
  poll_start(&b->poll, b->deps.api, b->source, &b->selection, &b->pages,
             on_poll_done, b);
}

/* Polls at once when the stream has opened, because messages may have been lost
 * before. A poll that is running was sent earlier, so another one follows it.
 * The guide dialect's source counts every 5 s only and is not polled sooner. */
static void on_snapshot(void *ctx) {
  struct block *b = ctx;
  if (b->source == OBS_OFF || b->source == OBS_QUEUE_METRICS)
    return;
  b->snapshot_ms = 0;
  b->must_poll_again = b->poll.parts != NULL;
  if (!b->must_poll_again)
    (void)gc_timers_set(block_env(b)->timers, &b->timer, block_now(b));
}

/* ---- queues, on the network thread ---- */

static struct obs_scope scope_of(const struct block *b,
                                 const struct gc_entities *queues) {
  return (struct obs_scope){.selected = b->selection.count,
                            .visible = gc_entities_count(queues),
                            .is_refused = gc_entities_is_refused(queues)};
}

/* Chooses the source for `Observations "auto"`, and logs it when it changes. */
static void choose_source(struct block *b, const struct obs_scope *scope) {
  enum obs_source source = obs_source_choose(block_option(b), scope);
  char reason[OBS_REASON_SIZE], text[OBS_REASON_SIZE + 96];
  if (source == b->source)
    return;
  b->source = source;
  obs_source_reason(scope, reason);
  snprintf(text, sizeof(text),
           "observations by \"%s\" (Observations \"auto\"): %s",
           source == OBS_QUERY ? "query" : "activity", reason);
  if (b->deps.inform != NULL)
    b->deps.inform(b->ctx, text);
  if (source == OBS_ACTIVITY)
    gc_names_listen(b->deps.names, &b->presence_listener);
}

/* Warns if the polls of this block take more than a quarter of the budget. */
static void check_cost(struct block *b, const struct obs_scope *scope) {
  struct gc_err err;
  obs_source_check_cost(b->source, scope, b->options->interval_s,
                        b->deps.requests_per_minute, &err);
  b->notice(b->ctx, "cost", &err);
}

/* Notes the number of selected queues for the telemetry, whether or not a poll
 * succeeds. Without a list and without ids the number is unknown. */
static void note_selected(struct block *b, const struct obs_scope *scope) {
  b->visible = scope->is_refused ? 0 : scope->visible;
  bool is_unknown = scope->is_refused && scope->selected == 0;
  pthread_mutex_lock(&b->lock);
  b->has_selection = !is_unknown;
  b->selected = scope->selected;
  pthread_mutex_unlock(&b->lock);
}

static void report_taken(struct block *b) {
  size_t taken = b->selection.taken > b->topics.taken ? b->selection.taken
                                                      : b->topics.taken;
  if (taken != b->taken && b->deps.leave_out != NULL)
    b->deps.leave_out(b->ctx, taken);
  b->taken = taken;
}

static enum gc_code make_selections(struct block *b,
                                    const struct gc_entities *queues) {
  bool any_id = block_option(b) == OBS_QUEUE_METRICS;
  if (block_option(b) != OBS_OFF)
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

/* Makes labels from the list alone, so that all agents of a fleet have the same
 * ones. The account's own `~2` depends on earlier lists, which agents do not
 * share. */
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

/* Passes the selection to the stream, unless another agent holds the lease. */
static void open_stream(struct block *b) {
  b->can_open_stream = true;
  if (b->stream != NULL && !b->is_standby)
    stream_select(b->stream, &b->topics);
}

static void on_queues(void *ctx, struct gc_entities *queues) {
  struct block *b = ctx;
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = make_selections(b, queues);
  if (code == GC_OK)
    code = take_shared_labels(b, queues);
  struct obs_scope scope = scope_of(b, queues);
  choose_source(b, &scope);
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
  check_cost(b, &scope);
  note_selected(b, &scope);
  if (code == GC_OK)
    report_taken(b);
  gc_idle_selectors_report(&b->idle_options, queues, &b->options->queues,
                           "Queue", "queue", b->notice, b->ctx);
  if (code == GC_OK)
    open_stream(b);
  if (b->subscription != NULL && code == GC_OK)
    subscription_select(b->subscription, &b->selection);
  if (b->due_ms == 0 && b->source != OBS_OFF)
    poll_now(b, block_now(b));
}

static void on_presences(void *ctx, struct gc_entities *presences) {
  (void)ctx; /* the read thread takes the list when it makes the samples */
  (void)presences;
}

/* ---- life ---- */

/* Follows the lease. A standby polls, so that its readings are current when it
 * takes over, and has no stream: its counters begin with its term. */
static void on_term(void *ctx, uint32_t term) {
  struct block *b = ctx;
  pthread_mutex_lock(&b->lock);
  b->is_standby = term == 0;
  struct observations *before = b->is_standby ? NULL : gc_steal(b->fresh);
  pthread_mutex_unlock(&b->lock);
  observations_put(before); /* older than values of the last holder */
  if (b->is_standby && b->stream != NULL)
    stream_pause(b->stream);
  if (b->is_standby || !b->can_open_stream)
    return;
  open_stream(b);
  on_snapshot(b);
}

/* Starts the block on the network thread. Only the activity queries need the
 * list of presences: the observation query's answer maps them. */
static void start_in_loop(void *ctx) {
  struct block *b = ctx;
  if (block_option(b) == OBS_OFF && b->stream == NULL)
    return;
  b->is_listening = true;
  if (b->deps.lease != NULL)
    gc_lease_watch_listen(b->deps.lease, &b->lease_listener);
  if (b->options->stream == STREAM_CONVERSATIONS) /* needs no list of queues */
    open_stream(b);
  if (block_option(b) == OBS_ACTIVITY)
    gc_names_listen(b->deps.names, &b->presence_listener);
  gc_names_listen(b->deps.names, &b->queue_listener);
}

void block_start(struct block *b) {
  b->started_ms = block_now(b);
  gc_loop_call(b->deps.loop, start_in_loop, b);
}

static void stop_in_loop(void *ctx) {
  struct block *b = ctx;
  if (b->deps.lease != NULL)
    gc_lease_watch_unlisten(b->deps.lease, &b->lease_listener);
  if (b->is_listening) {
    gc_names_unlisten(b->deps.names, &b->presence_listener);
    gc_names_unlisten(b->deps.names, &b->queue_listener);
  }
  gc_timers_unset(block_env(b)->timers, &b->timer);
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
  gc_idle_selectors_clear(&b->idle_options);
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
                                   .unread = on_unread,
                                   .unknown = on_unknown,
                                   .ignored = on_ignored,
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
  return b->output != NULL && b->labels != NULL ? GC_OK : out_of_memory(err);
}

static enum gc_code make_parts(struct block *b, struct gc_err *err) {
  GC_TRY(make_output(b, err));
  if (b->options->stream != STREAM_NONE)
    GC_TRY(make_stream(b, err));
  return block_option(b) == OBS_TOPIC ? make_subscription(b, err) : GC_OK;
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
  b->source = (enum obs_source)options->observations;
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
  b->lease_listener = (struct gc_lease_listener){.changed = on_term, .ctx = b};
  pthread_mutex_init(&b->lock, NULL);
  if (make_parts(b, err) != GC_OK) {
    block_free(b);
    return NULL;
  }
  return b;
}
