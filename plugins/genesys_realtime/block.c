/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/block.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/genesys/idle_selectors.h"
#include "plugins/genesys_realtime/observations/newest.h"
#include "plugins/genesys_realtime/output/output.h"

/* What the network thread alone uses. */
struct block_queues {
  struct gc_names_listener names;
  struct gc_lease_listener lease;
  bool is_listening;
  bool can_open_stream;      /* the stream's selection is made */
  struct selection observed; /* of the observations */
  struct selection streamed; /* of the stream */
  size_t taken;              /* queues that other blocks have, as reported */
  struct gc_idle_selectors idle_options;
};

struct block {
  const struct queues_options *options;
  struct queues_deps deps;
  struct ownership observed, streamed, active, depths; /* const */

  struct block_queues queues; /* the network thread's */
  struct obs_feed *feed;      /* the network thread's; NULL: no observations */
  struct stream *stream;      /* NULL: Stream "none" */
  struct newest newest;
  struct output *output; /* the read thread's */

  /* Another agent holds the lease: no stream is open. Changed by the network
   * thread only. */
  atomic_bool is_standby;
  atomic_size_t series;          /* of MaxSeries; as `overflow`, */
  atomic_uint_fast64_t overflow; /* set by the read thread */
};

/* ---- queues, on the network thread ---- */

/* Sets the number of selected queues for the telemetry. Without a list and
 * without ids it is unknown. */
static void note_selected(struct block *b, const struct gc_entities *queues) {
  size_t selected = b->queues.observed.count;
  bool is_unknown = gc_entities_is_refused(queues) && selected == 0;
  newest_select(&b->newest, !is_unknown, selected);
}

static void report_taken(struct block *b) {
  struct block_queues *q = &b->queues;
  size_t taken = q->observed.taken > q->streamed.taken ? q->observed.taken
                                                       : q->streamed.taken;
  if (taken != q->taken && b->deps.leave_out != NULL)
    b->deps.leave_out(b->deps.ctx, taken);
  q->taken = taken;
}

static enum gc_code make_selections(struct block *b,
                                    const struct gc_entities *queues) {
  bool any_id = b->options->observations == OBS_QUEUE_METRICS;
  if (b->feed != NULL)
    GC_TRY(selection_make(&b->queues.observed, queues, &b->observed, any_id));
  return b->stream != NULL
             ? selection_make(&b->queues.streamed, queues, &b->streamed, any_id)
             : GC_OK;
}

static bool lacks_queues(const struct block *b) {
  const struct block_queues *q = &b->queues;
  bool needs_queues = (b->feed != NULL && obs_feed_needs_queues(b->feed)) ||
                      b->options->stream == STREAM_NOTIFICATIONS;
  return needs_queues && q->observed.count + q->observed.taken +
                                 q->streamed.count + q->streamed.taken ==
                             0;
}

static void report_selection(struct block *b, const struct gc_entities *queues,
                             enum gc_code code) {
  struct gc_err err = {.code = GC_OK};
  if (code != GC_OK)
    (void)gc_fail(&err, code, "the list of queues: %s", gc_code_words(code));
  else if (lacks_queues(b))
    (void)gc_fail(&err, GC_ERR_NOT_FOUND,
                  gc_entities_is_refused(queues)
                      ? "the list of queues is refused: name queues by their "
                        "id (Queue \"UUID\"), or use Observations \"activity\""
                      : "no queue matches the Queue options of this block, its "
                        "Shard has none, or the OAuth client's roles see none");
  b->deps.notice(b->deps.ctx, "selection", &err);
}

/* Passes the selection to the stream, unless another agent holds the lease. */
static void open_stream(struct block *b) {
  b->queues.can_open_stream = true;
  if (b->stream != NULL && !b->is_standby)
    stream_select(b->stream, &b->queues.streamed);
}

static void on_queues(void *ctx, struct gc_entities *queues) {
  struct block *b = ctx;
  enum gc_code code = make_selections(b, queues);
  if (b->feed != NULL)
    obs_feed_choose(b->feed, queues, &b->queues.observed);
  report_selection(b, queues, code);
  note_selected(b, queues);
  gc_idle_selectors_report(&b->queues.idle_options, queues, &b->options->queues,
                           "Queue", "queue", b->deps.notice, b->deps.ctx);
  if (code == GC_OK) {
    report_taken(b);
    open_stream(b);
  }
  if (b->feed != NULL)
    obs_feed_begin(b->feed, code == GC_OK);
}

/* ---- the lease, on the network thread ---- */

static void poll_soon(void *ctx) {
  struct block *b = ctx;
  if (b->feed != NULL)
    obs_feed_poll_soon(b->feed);
}

/* Follows the lease. A standby polls, so that its readings are current when it
 * takes over. It has no stream: when it takes over, its counters continue from
 * those of the former holder (conversations/handover.c). */
static void on_term(void *ctx, uint32_t term) {
  struct block *b = ctx;
  if (term != 0)
    newest_drop(&b->newest); /* older than the values of the last holder */
  b->is_standby = term == 0;
  if (term == 0 && b->stream != NULL)
    stream_pause(b->stream);
  if (term == 0 || !b->queues.can_open_stream)
    return;
  open_stream(b);
  poll_soon(b);
}

/* ---- beginning and end ---- */

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
 * blocks with different labels could write different queues under one label. */
static void start_in_loop(void *ctx) {
  struct block *b = ctx;
  if (b->feed == NULL && b->stream == NULL)
    return;
  b->queues.is_listening = true;
  if (has_shard(b))
    gc_names_label_by_list(b->deps.names, GC_QUEUE);
  if (b->deps.lease != NULL)
    gc_lease_watch_listen(b->deps.lease, &b->queues.lease);
  if (b->stream != NULL && !b->is_standby)
    stream_begin(b->stream);
  if (b->options->stream == STREAM_CONVERSATIONS) /* needs no list of queues */
    open_stream(b);
  if (b->feed != NULL)
    obs_feed_start(b->feed);
  gc_names_listen(b->deps.names, &b->queues.names);
}

void block_start(struct block *b) {
  newest_start(&b->newest);
  gc_loop_call(b->deps.loop, start_in_loop, b);
}

static void stop_in_loop(void *ctx) {
  struct block *b = ctx;
  if (b->queues.is_listening) {
    if (b->deps.lease != NULL)
      gc_lease_watch_unlisten(b->deps.lease, &b->queues.lease);
    gc_names_unlisten(b->deps.names, &b->queues.names);
  }
  if (b->stream != NULL)
    stream_stop(b->stream);
  if (b->feed != NULL)
    obs_feed_stop(b->feed);
}

void block_free(struct block *b) {
  if (b == NULL)
    return;
  gc_loop_call(b->deps.loop, stop_in_loop, b);
  stream_free(b->stream);
  obs_feed_free(b->feed);
  newest_clear(&b->newest);
  output_free(b->output);
  selection_clear(&b->queues.observed);
  selection_clear(&b->queues.streamed);
  gc_idle_selectors_clear(&b->queues.idle_options);
  free(b);
}

static struct ownership ownership_of(const struct block *b,
                                     enum queue_part part) {
  return (struct ownership){.self = b->options,
                            .blocks = b->deps.blocks,
                            .count = b->deps.block_count,
                            .part = part};
}

static void make_parts(struct block *b) {
  newest_init(&b->newest, b->options, b->deps.env);
  b->output = output_new(b->options);
  if (b->options->observations != OBS_OFF) {
    b->feed = obs_feed_new(b->options, &b->deps);
    obs_feed_listen(b->feed, &b->newest.listener);
  }
  if (b->options->stream == STREAM_NONE)
    return;
  b->stream = stream_new(b->options, &b->deps, poll_soon, b);
  if (b->feed != NULL)
    obs_feed_listen(b->feed, stream_listener(b->stream));
}

struct block *block_new(const struct queues_options *options,
                        const struct queues_deps *deps) {
  struct block *b = gc_zalloc(1, sizeof(*b));
  b->options = options;
  b->deps = *deps;
  b->observed = ownership_of(b, QUEUE_OBSERVED);
  b->streamed = ownership_of(b, QUEUE_STREAMED);
  b->active = ownership_of(b, QUEUE_ACTIVE);
  b->depths = ownership_of(b, QUEUE_DEPTHS);
  b->queues.names = (struct gc_names_listener){
      .kind = GC_QUEUE, .changed = on_queues, .ctx = b};
  b->queues.lease = (struct gc_lease_listener){.changed = on_term, .ctx = b};
  make_parts(b);
  return b;
}

/* ---- values, on a read thread ---- */

static bool accepts_queue(void *ctx, const struct gc_entry *queue) {
  return ownership_has(ctx, queue->name, queue->id);
}

static void read_sources(struct block *b, bool is_last,
                         const struct gc_samples *out) {
  struct gc_names *names = b->deps.names;
  struct gc_entities *listed = gc_names_entities(names, GC_QUEUE);
  struct gc_entities *queues = newest_labels(&b->newest, listed);
  struct gc_entities *presences = gc_names_entities(names, GC_PRESENCE);
  struct queue_display display = {.queues = queues,
                                  .presences = presences,
                                  .accepts = accepts_queue,
                                  .accepts_ctx = &b->observed,
                                  .active = &b->active,
                                  .depths = &b->depths,
                                  .shard = &b->options->shard,
                                  .media = b->options->media.at,
                                  .media_count = b->options->media.count,
                                  .label = (enum queue_label)b->options->label,
                                  .interval_ms = b->options->interval_s * 1000};
  char unassigned[GC_NAME_SIZE];
  if (b->options->stream == STREAM_CONVERSATIONS) {
    queue_label_unassigned(queues, unassigned);
    display.unassigned = unassigned;
  }
  newest_read(&b->newest, is_last, &display, out);
  display.accepts_ctx = &b->streamed;
  if (b->stream != NULL)
    stream_read(b->stream, &display, out);
  gc_entities_put(listed);
  gc_entities_put(queues);
  gc_entities_put(presences);
}

static void read_samples(struct block *b, const struct gc_samples *out,
                         bool is_last) {
  const struct gc_env *env = b->deps.env;
  struct gc_err err;
  struct gc_samples sink = output_begin(b->output, queues_now_ms(&b->deps),
                                        env->wall_ms(env->ctx), out);
  read_sources(b, is_last, &sink);
  bool is_outcome = output_end(b->output, is_last, &err);
  b->series = output_series(b->output);
  b->overflow = output_overflow(b->output);
  if (is_outcome)
    b->deps.notice(b->deps.ctx, "series", &err);
}

static void drop_sample(void *ctx, const struct gc_sample *sample) {
  (void)ctx;
  (void)sample;
}

/* A standby reads too, so that its windows are whole when it takes over. */
void block_read(struct block *b, const struct gc_samples *out) {
  const struct gc_samples none = {.put = drop_sample};
  read_samples(b, b->is_standby ? &none : out, false);
}

void block_finish(struct block *b, const struct gc_samples *out) {
  read_samples(b, out, true);
}

bool block_has_windows(const struct block *b) {
  return output_has_windows(b->output);
}

/* ---- self-telemetry ---- */

void block_read_state(struct block *b, const char *instance, uint32_t every_ms,
                      const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = every_ms};
  if (b->stream != NULL)
    stream_read_state(b->stream, instance, every_ms, out);
  if (b->feed != NULL)
    newest_read_state(&b->newest, &w);
  if (b->stream == NULL && b->feed == NULL)
    return;
  gc_put_gauge(&w, GC_METRIC_SERIES, "", (double)b->series);
  gc_put_count(&w, GC_METRIC_SERIES_OVERFLOW, "", b->overflow);
}
