/* SPDX-License-Identifier: MIT */
/* The read threads of a stream. */
#include "plugins/genesys_realtime/stream/internal.h"

/* ---- with a lease: a pass of values is dispatched when Redis has its counts
 * (docs/decisions/0017) ---- */

static void drop_pass(struct stream_pass *p) {
  gc_outbox_reset(&p->held);
  p->is_held = false;
}

static void dispatch_pass(struct stream_pass *p, const struct gc_samples *out) {
  for (size_t i = 0; i < p->held.count; i++) {
    struct gc_sample sample = gc_outbox_get(&p->held, i);
    out->put(out->ctx, &sample);
  }
  drop_pass(p);
}

/* collectd reads twice within a ms after a step of its clock, and two values of
 * a series must not have one time. */
enum { DISPATCH_EACH_MS = 100 };

static bool may_dispatch(const struct stream *s, uint64_t now_ms) {
  const struct stream_pass *p = &s->reader.pass;
  return gc_lease_page_has(s->deps.page, p->version) &&
         now_ms - p->dispatched_ms >= DISPATCH_EACH_MS;
}

/* Dispatches the pass that is held, if Redis has its counts. Returns true when
 * the next one may begin; false while the pass waits, or when another agent has
 * the lease. */
static bool pass_release(struct stream *s, uint64_t now_ms,
                         const struct gc_samples *out) {
  struct stream_pass *p = &s->reader.pass;
  uint64_t fence = gc_lease_page_fence(s->deps.page);
  stream_lock(s);
  bool is_holder =
      s->shared.model != NULL && fence != 0 && s->shared.model_fence == fence;
  stream_unlock(s);
  if (!is_holder || p->fence != fence)
    drop_pass(p);
  p->fence = fence;
  if (!is_holder || (p->is_held && !may_dispatch(s, now_ms)))
    return false;
  if (p->is_held)
    p->dispatched_ms = now_ms;
  dispatch_pass(p, out);
  return true;
}

/* Holds a count. Passes a gauge on at once: the next holder of the lease does
 * not continue from it. */
static void hold_sample(void *ctx, const struct gc_sample *sample) {
  struct stream_pass *p = ctx;
  if (sample->metric == GC_METRIC_ACTIVE_CONVERSATIONS ||
      sample->metric == GC_METRIC_QUEUE_DEPTH ||
      sample->metric == GC_METRIC_QUEUE_INTERACTING)
    p->out->put(p->out->ctx, sample);
  else if (gc_outbox_put(&p->held, sample) != GC_OK)
    p->is_incomplete = true;
}

/* Returns the sink for a pass, which goes to `out` later. */
static struct gc_samples pass_begin(struct stream *s,
                                    const struct gc_samples *out) {
  struct stream_pass *p = &s->reader.pass;
  p->out = out;
  p->is_incomplete = false;
  p->held.interval_ms = stream_interval_ms(s);
  p->fields.max = GC_LEASE_BOOK_MAX_BYTES;
  gc_buf_reset(&p->fields);
  return (struct gc_samples){hold_sample, p};
}

/* Gives the counts of the pass to the lease, and holds the pass. Drops the pass
 * when another agent has the lease; dispatches it at once when the lease cannot
 * take its counts. */
static void pass_end(struct stream *s, bool is_full) {
  struct stream_pass *p = &s->reader.pass;
  enum gc_code code = p->is_incomplete ? GC_ERR_MEMORY : GC_ERR_STATE;
  stream_lock(s);
  if (s->shared.model != NULL && !p->is_incomplete)
    code = conversations_write_times(s->shared.model, &p->fields);
  stream_unlock(s);
  if (code == GC_OK)
    code = gc_lease_page_write(s->deps.page, p->fence, &p->fields, is_full,
                               &p->version);
  p->is_held = code == GC_OK;
  if (code == GC_ERR_STATE) /* another agent has the lease */
    drop_pass(p);
  else if (code != GC_OK)
    dispatch_pass(p, p->out);
  stream_lock(s);
  s->shared.is_left_out = code != GC_OK && code != GC_ERR_STATE;
  stream_unlock(s);
}

/* ---- values ---- */

/* A filter that accepts a block's queues whose topic is covered. */
struct covered_filter {
  const struct queue_display *view;
  const struct gc_topic_coverage *coverage;
};

static bool is_covered_queue(void *ctx, const struct gc_entry *queue) {
  const struct covered_filter *filter = ctx;
  const struct gc_covered_queue *q =
      gc_topic_coverage_find(filter->coverage, queue->id);
  return q != NULL && q->is_covered &&
         filter->view->accepts(filter->view->accepts_ctx, queue);
}

/* Without a lease unchanged counters are spread over the interval, queue by
 * queue, so that no burst fills collectd's write queue. With one they leave
 * together, since the page that passes to the next holder is written whole. */
enum { TURN_MS = 1000 };

/* Sets the turns that are due. */
static void set_turns(struct stream *s, uint64_t now_ms,
                      struct conversations_view *ret) {
  struct stream_reader *r = &s->reader;
  uint32_t interval_ms = stream_interval_ms(s);
  bool is_spread = s->deps.page == NULL && interval_ms > TURN_MS;
  uint32_t turns = is_spread ? interval_ms / TURN_MS : 1;
  uint32_t each_ms = interval_ms / turns;
  uint64_t late = now_ms >= r->due_ms ? 1 + (now_ms - r->due_ms) / each_ms : 0;
  ret->turns = turns;
  ret->turn = r->turn;
  ret->due = late < turns ? (uint32_t)late : turns;
  /* After a full pass any turn may come next: not the one that began it. */
  r->turn = (r->turn + (ret->due < turns ? ret->due : 1)) % turns;
  r->due_ms = late <= turns ? r->due_ms + late * each_ms : now_ms + each_ms;
}

/* Returns true if all counters were put. */
static bool read_all(struct stream *s, const struct queue_display *view,
                     uint64_t now_ms, const struct gc_samples *out) {
  bool has_lease = s->deps.page != NULL;
  bool has_topics = s->source->has_topics;
  /* These sources of observations have no active conversations. */
  bool has_gauges = s->options->observations == OBS_OFF ||
                    s->options->observations == OBS_QUEUE_METRICS;
  /* Nothing else counts the contacts of a guide stream by state. */
  bool is_alone = !has_topics && s->options->observations == OBS_OFF;
  struct covered_filter filter = {view, &s->shared.coverage};
  struct queue_display queues = *view;
  struct conversations_cursor cursor = {0};
  struct conversations_view conversations = {
      .queues = &queues, .fields = has_lease ? &s->reader.pass.fields : NULL};
  if (has_topics) {
    queues.accepts = is_covered_queue;
    queues.accepts_ctx = &filter;
  }
  queues.interval_ms = stream_interval_ms(s);
  set_turns(s, now_ms, &conversations);

  bool more = true;
  while (more) {
    stream_lock(s);
    /* A stream that is not connected has out-of-date gauges. */
    conversations.active = has_gauges && s->shared.listening.is_connected;
    conversations.depths = conversations.active && is_alone;
    more = s->shared.model != NULL &&
           conversations_samples(s->shared.model, &conversations, out, &cursor);
    stream_unlock(s);
  }
  s->reader.pass.is_incomplete |= cursor.is_incomplete;
  return conversations.due == conversations.turns;
}

void stream_read(struct stream *s, const struct queue_display *view,
                 const struct gc_samples *out) {
  uint64_t now_ms = stream_now(s);
  stream_lock(s);
  bool is_open = s->shared.model != NULL;
  stream_unlock(s);
  if (!is_open || (s->deps.page != NULL && !pass_release(s, now_ms, out)))
    return;
  if (s->deps.page == NULL) {
    (void)read_all(s, view, now_ms, out);
    return;
  }
  struct gc_samples held = pass_begin(s, out);
  bool is_full = read_all(s, view, now_ms, &held);
  pass_end(s, is_full);
}

/* ---- self-telemetry ---- */

struct state {
  struct conversations_stats model;
  size_t wanted, covered;
  uint64_t malformed, others, unknown, lost, drift, reconnects, gap_ms,
      silence_ms;
  bool is_connected, has_begun, is_paused;
};

static struct state state_of(struct stream *s) {
  struct state now = {0};
  uint64_t now_ms = stream_now(s);
  stream_lock(s);
  if (s->shared.model != NULL)
    conversations_stats(s->shared.model, &now.model);
  now.wanted = s->shared.coverage.count;
  now.covered = s->shared.coverage.covered;
  now.malformed = s->shared.malformed + s->shared.listening.malformed;
  now.others = s->shared.others + s->shared.listening.others;
  now.unknown = s->shared.unknown;
  now.lost = s->shared.lost;
  now.drift = drift_total(s->shared.drift);
  now.reconnects = s->shared.listening.reconnects;
  now.is_connected = s->shared.listening.is_connected;
  now.has_begun = s->shared.listening.began_ms > 0;
  now.is_paused = s->shared.is_paused;
  now.silence_ms = gc_listening_silence_ms(&s->shared.listening, now_ms);
  now.gap_ms = gc_listening_gap_ms(&s->shared.listening, now_ms);
  stream_unlock(s);
  return now;
}

void stream_read_state(struct stream *s, const char *instance,
                       uint32_t interval_ms, const struct gc_samples *out) {
  struct state now = state_of(s);
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = interval_ms};
  gc_put_gauge(&w, GC_METRIC_STREAM_CONNECTED, "",
               now.is_connected ? 1.0 : 0.0);
  if (!now.is_paused)
    gc_put_gauge(&w, GC_METRIC_SOURCE_UP, "stream",
                 now.is_connected ? 1.0 : 0.0);
  if (now.has_begun && !now.is_paused)
    gc_put_gauge(&w, GC_METRIC_STREAM_SILENCE, "",
                 (double)now.silence_ms / 1000.0);
  if (s->source->has_topics) {
    gc_put_gauge(&w, GC_METRIC_STREAM_TOPICS, "wanted", (double)now.wanted);
    gc_put_gauge(&w, GC_METRIC_STREAM_TOPICS, "covered", (double)now.covered);
  }
  gc_put_count(&w, GC_METRIC_STREAM_RECONNECTS, "", now.reconnects);
  gc_put_gauge(&w, GC_METRIC_STREAM_GAP, "", (double)now.gap_ms / 1000.0);
  gc_put_count(&w, GC_METRIC_STREAM_DRIFT, "", now.drift);
  gc_put_count(&w, GC_METRIC_EVENTS, "received", now.model.events);
  gc_put_count(&w, GC_METRIC_EVENTS, "new", now.model.news);
  gc_put_count(&w, GC_METRIC_EVENTS, "malformed", now.malformed);
  gc_put_count(&w, GC_METRIC_EVENTS, "other", now.others);
  gc_put_count(&w, GC_METRIC_EVENTS, "unknown", now.unknown);
  gc_put_count(&w, GC_METRIC_EVENTS, "lost", now.lost);
  gc_put_gauge(&w, GC_METRIC_CONVERSATIONS, "live", (double)now.model.live);
  gc_put_gauge(&w, GC_METRIC_CONVERSATIONS, "kept", (double)now.model.count);
  gc_put_count(&w, GC_METRIC_CONVERSATIONS_LOST, "limit", now.model.evicted);
  gc_put_count(&w, GC_METRIC_CONVERSATIONS_LOST, "age", now.model.aged);
  gc_put_count(&w, GC_METRIC_CONVERSATIONS_LOST, "poll", now.model.closed);
  gc_put_count(&w, GC_METRIC_CONVERSATIONS_LOST, "participants",
               now.model.incomplete);
  gc_put_count(&w, GC_METRIC_CONVERSATIONS_LOST, "late", now.model.late);
}
