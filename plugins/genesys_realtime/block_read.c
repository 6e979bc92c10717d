/* SPDX-License-Identifier: MIT */
/* The half of a block that other threads call: values, self-telemetry, cost. */
#include "plugins/genesys_realtime/block_internal.h"

#include "plugins/genesys_realtime/observations/poll.h"

/* The source is down when its newest values are older than this. */
enum { STALE_INTERVALS = 3 };

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
  b->has_tally = true;
  pthread_mutex_unlock(&b->lock);
}

static void read_sources(struct block *b, const struct gc_samples *out) {
  struct gc_names *names = b->deps.names;
  struct gc_entities *queues = gc_names_entities(names, GC_QUEUE);
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
                                  .interval_ms = block_interval_ms(b)};
  char unassigned[GC_NAME_SIZE];
  if (b->options->stream == STREAM_CONVERSATIONS) {
    queue_label_unassigned(queues, unassigned);
    display.unassigned = unassigned;
  }
  read_observations(b, display, out);
  display.accepts_ctx = &b->streamed;
  if (b->stream != NULL)
    stream_read(b->stream, &display, out);
  gc_entities_put(queues);
  gc_entities_put(presences);
}

static void read_samples(struct block *b, const struct gc_samples *out,
                         bool is_last) {
  struct gc_err err;
  struct gc_samples sink = output_begin(
      b->output, block_now(b), block_env(b)->wall_ms(block_env(b)->ctx), out);
  read_sources(b, &sink);
  bool is_outcome = output_end(b->output, is_last, &err);
  pthread_mutex_lock(&b->lock);
  b->series = output_series(b->output);
  b->overflow = output_overflow(b->output);
  pthread_mutex_unlock(&b->lock);
  if (is_outcome)
    b->notice(b->ctx, "series", &err);
}

static void drop_sample(void *ctx, const struct gc_sample *sample) {
  (void)ctx;
  (void)sample;
}

/* A standby reads too, so that its windows are whole when it takes over. */
void block_read(struct block *b, const struct gc_samples *out) {
  const struct gc_samples none = {.put = drop_sample};
  pthread_mutex_lock(&b->lock);
  bool is_standby = b->is_standby;
  pthread_mutex_unlock(&b->lock);
  read_samples(b, is_standby ? &none : out, false);
}

void block_finish(struct block *b, const struct gc_samples *out) {
  read_samples(b, out, true);
}

bool block_has_windows(const struct block *b) {
  return output_has_windows(b->output);
}

/* A copy of the shared state, taken under the lock. */
struct source_state {
  bool is_healthy, has_outcome, has_tally, has_selection;
  uint64_t healthy_ms, ignored;
  size_t selected;
  struct queue_tally tally;
};

static struct source_state source_state_of(struct block *b) {
  pthread_mutex_lock(&b->lock);
  struct source_state now = {.is_healthy = b->is_healthy,
                             .has_outcome = b->has_outcome,
                             .has_tally = b->has_tally,
                             .has_selection = b->has_selection,
                             .healthy_ms = b->healthy_ms,
                             .ignored = b->ignored,
                             .selected = b->selected,
                             .tally = b->tally};
  pthread_mutex_unlock(&b->lock);
  return now;
}

/* Puts source_up: 1 if the last poll was complete and its values are current.
 * Puts nothing while no queue is selected, and while the first poll is under
 * way. */
static void put_up(struct block *b, const struct source_state *s,
                   const struct gc_sample_writer *w) {
  uint64_t now_ms = block_now(b);
  uint64_t age_ms = s->healthy_ms > 0 ? now_ms - s->healthy_ms : 0;
  uint64_t stale_ms = (uint64_t)block_interval_ms(b) * STALE_INTERVALS;
  bool is_idle = s->has_selection && s->selected == 0;
  bool is_early = !s->has_outcome && now_ms - b->started_ms < stale_ms;
  bool is_up = s->is_healthy && s->healthy_ms > 0 && age_ms < stale_ms;
  if (is_idle || is_early)
    return;
  gc_put_gauge(w, GC_METRIC_SOURCE_UP, "observations", is_up ? 1.0 : 0.0);
  if (s->healthy_ms > 0)
    gc_put_gauge(w, GC_METRIC_SOURCE_AGE, "observations",
                 (double)age_ms / 1000.0);
}

static void read_source_state(struct block *b,
                              const struct gc_sample_writer *w) {
  struct source_state s = source_state_of(b);
  put_up(b, &s, w);
  if (s.has_selection || s.has_tally)
    gc_put_gauge(w, GC_METRIC_QUEUES, "matched",
                 (double)(s.has_selection ? s.selected : s.tally.matched));
  if (s.has_tally)
    gc_put_gauge(w, GC_METRIC_QUEUES, "unnamed", (double)s.tally.unnamed);
  gc_put_count(w, GC_METRIC_OBSERVATIONS_IGNORED, "", s.ignored);
}

void block_read_state(struct block *b, const char *instance, uint32_t every_ms,
                      const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = every_ms};
  pthread_mutex_lock(&b->lock);
  size_t series = b->series;
  uint64_t overflow = b->overflow;
  pthread_mutex_unlock(&b->lock);
  if (b->stream != NULL)
    stream_read_state(b->stream, instance, every_ms, out);
  if (block_option(b) != OBS_OFF)
    read_source_state(b, &w);
  if (b->stream == NULL && block_option(b) == OBS_OFF)
    return;
  gc_put_gauge(&w, GC_METRIC_SERIES, "", (double)series);
  gc_put_count(&w, GC_METRIC_SERIES_OVERFLOW, "", overflow);
}

/* ---- the cost ---- */

struct cost_request {
  const struct block *block;
  struct block_cost *cost;
};

static void read_cost(void *ctx) {
  const struct cost_request *r = ctx;
  const struct block *b = r->block;
  struct obs_scope scope = {.selected = b->selection.count,
                            .visible = b->visible};
  *r->cost =
      (struct block_cost){.source = b->source,
                          .requests = obs_source_requests(b->source, &scope),
                          .selected = b->selection.count,
                          .taken = b->taken};
}

void block_cost(struct block *b, struct block_cost *ret_cost) {
  gc_loop_call(b->deps.loop, read_cost,
               &(struct cost_request){.block = b, .cost = ret_cost});
}
