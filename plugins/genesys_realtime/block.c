/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/block_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugins/genesys_realtime/observations/poll.h"
#include "plugins/genesys_realtime/observations/subscription.h"

/* ---- queues, on the network thread ---- */

static bool asks_by_id(const struct block *b) {
  return b->source == OBS_QUERY || b->source == OBS_QUEUE_METRICS;
}

static bool has_topics(const struct block *b) {
  return b->options->stream == STREAM_NOTIFICATIONS;
}

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
             ? selection_make(&b->topics, queues, &b->streamed, any_id)
             : GC_OK;
}

static bool lacks_queues(const struct block *b) {
  bool needs_queues = asks_by_id(b) || b->subscription != NULL || has_topics(b);
  return needs_queues && b->selection.count + b->selection.taken +
                                 b->topics.count + b->topics.taken ==
                             0;
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
    block_poll_now(b, block_now(b));
}

static void on_presences(void *ctx, struct gc_entities *presences) {
  (void)ctx; /* the read thread takes the list when it makes the samples */
  (void)presences;
}

/* ---- beginning and end ---- */

/* Follows the lease. A standby polls, so that its readings are current when it
 * takes over. It has no stream: when it takes over, its counters continue from
 * those of the former holder (conversations/handover.c). */
static void on_term(void *ctx, uint32_t term) {
  struct block *b = ctx;
  pthread_mutex_lock(&b->lock);
  b->is_standby = term == 0;
  struct observations *before = b->is_standby ? NULL : gc_steal(b->fresh);
  pthread_mutex_unlock(&b->lock);
  observations_put(before); /* they are older than the last holder's values */
  if (b->is_standby && b->stream != NULL)
    stream_pause(b->stream);
  if (b->is_standby || !b->can_open_stream)
    return;
  open_stream(b);
  block_poll_soon(b);
}

/* Returns true if any block of the account has a Shard. */
static bool has_shard(const struct block *b) {
  bool has = b->options->shard.of > 1;
  for (size_t i = 0; i < b->deps.block_count; i++)
    has = has || b->deps.blocks[i]->shard.of > 1;
  return has;
}

/* Starts the block on the network thread. If a block of the account has a
 * Shard, the list alone decides about the labels: the agents of a Shard do not
 * share their earlier lists. This holds for all blocks of the account, since
 * blocks with different labels could write different queues under one label.
 * Only the activity queries need the list of presences: the observation query's
 * answer maps them. */
static void start_in_loop(void *ctx) {
  struct block *b = ctx;
  if (block_option(b) == OBS_OFF && b->stream == NULL)
    return;
  b->is_listening = true;
  if (has_shard(b))
    gc_names_label_by_list(b->deps.names, GC_QUEUE);
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
                             .page = b->deps.page,
                             .notice = b->notice,
                             .socket_notice = b->deps.socket_notice,
                             .inform = b->deps.inform,
                             .notice_ctx = b->ctx,
                             .snapshot = block_poll_soon,
                             .ctx = b};
  b->stream = stream_new(b->options, &deps, err);
  return b->stream != NULL ? GC_OK : err->code;
}

static enum gc_code make_subscription(struct block *b, struct gc_err *err) {
  struct subscription_deps deps = {.channels = b->deps.channels,
                                   .timeouts = stream_timeouts(b->options),
                                   .snapshot = block_poll_soon,
                                   .unread = block_count_unread,
                                   .unknown = block_report_unknown,
                                   .ignored = block_note_ignored,
                                   .notice = b->notice,
                                   .notice_ctx = b->ctx,
                                   .ctx = b};
  b->subscription = subscription_new(&deps);
  return b->subscription != NULL ? GC_OK : out_of_memory(err);
}

static enum gc_code make_parts(struct block *b, struct gc_err *err) {
  b->output = output_new(b->options);
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
  b->streamed = ownership_of(b, QUEUE_STREAMED);
  b->active = ownership_of(b, QUEUE_ACTIVE);
  b->timer = (struct gc_timer){.fire = block_poll_now, .ctx = b};
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
