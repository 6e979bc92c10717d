/* SPDX-License-Identifier: MIT */
/* The read threads' part of a block: sends values, and tells self-telemetry. */
#include "common/analytics/internal.h"

enum {
  STALE_PERIODS = 3,
  SAVE_RETRY_MS = 5 * 1000, /* between two saves in UNSAVED */
};

/* Takes the work for one run of a read thread; false when there is nothing to
 * do, or another thread has the work. */
static bool take_work(struct gc_analytics *b, enum gc_stage *ret_before) {
  pthread_mutex_lock(&b->lock);
  *ret_before = b->shared.stage;
  bool waits = *ret_before == GC_STAGE_UNSAVED &&
               gc_analytics_now(b) < b->shared.next_save_ms;
  bool is_taken = !waits && gc_stage_move(&b->shared.stage, GC_STAGE_READ);
  pthread_mutex_unlock(&b->lock);
  return is_taken;
}

static void report_sender(struct gc_analytics *b, const struct gc_sender *s) {
  if (s->state.code != GC_ERR_UNAVAILABLE)
    b->notice(b->ctx, "state", &s->state);
  b->notice(b->ctx, "window", &s->lost);
}

/* Notes what was sent, and gives the work up. */
static void leave_work(struct gc_analytics *b, enum gc_sender_end end) {
  static const enum gc_stage_event events[] = {
      [GC_SENDER_DONE] = GC_STAGE_ALL_SENT,
      [GC_SENDER_WAITS] = GC_STAGE_WAITS,
      [GC_SENDER_UNSAVED] = GC_STAGE_NOT_SAVED};
  const struct gc_analytics_work *work =
      gc_analytics_work_of(b, GC_STAGE_READER);
  const struct gc_sender *s = &work->sender;
  struct gc_analytics_tally *tally = &b->shared.tally;
  pthread_mutex_lock(&b->lock);
  tally->windows = s->windows;
  tally->unnamed = s->unnamed;
  tally->revisions = s->revisions;
  tally->collisions = s->collisions;
  tally->series = work->series.keys.count;
  tally->carried = gc_series_carried(&work->series);
  tally->done_ms = work->checkpoint.mark.done_ms;
  b->shared.due_ms = gc_windows_due(&b->query->rule, &work->checkpoint.mark);
  b->shared.next_save_ms = gc_analytics_now(b) + SAVE_RETRY_MS;
  (void)gc_stage_move(&b->shared.stage, events[end]);
  pthread_mutex_unlock(&b->lock);
}

void gc_analytics_read(struct gc_analytics *b,
                       const struct gc_sender_output *output, uint32_t max_ms) {
  enum gc_stage before;
  if (!take_work(b, &before))
    return;
  struct gc_analytics_work *work = gc_analytics_work_of(b, GC_STAGE_READER);
  struct gc_dimension_names names = gc_selection_hold(&b->plan.selection);
  if (before == GC_STAGE_READY)
    gc_sender_begin(&work->sender, &work->results);
  work->sender.view.dimension_names = &names;
  enum gc_sender_end end =
      gc_sender_run(&work->sender, output, b->deps.env->now_ms,
                    b->deps.env->ctx, gc_analytics_now(b) + max_ms);
  report_sender(b, &work->sender);
  leave_work(b, end);
  gc_dimension_name_clear(&names);
}

void gc_analytics_finish(struct gc_analytics *b,
                         const struct gc_sender_output *output,
                         uint32_t max_ms) {
  pthread_mutex_lock(&b->lock);
  bool works = b->shared.stage != GC_STAGE_READY && /* no window begins */
               gc_stage_move(&b->shared.stage, GC_STAGE_READ);
  pthread_mutex_unlock(&b->lock);
  if (!works)
    return;
  gc_sender_finish(&gc_analytics_work_of(b, GC_STAGE_READER)->sender, output,
                   b->deps.env->now_ms, b->deps.env->ctx,
                   gc_analytics_now(b) + max_ms);
  (void)gc_analytics_move(b, GC_STAGE_STOP);
}

static void put_tally(const struct gc_sample_writer *w,
                      const struct gc_analytics_tally *t) {
  const struct {
    enum gc_metric_id metric;
    const char *qualifier;
    uint64_t value;
  } rows[] = {
      {GC_METRIC_QUERY_REQUESTS, "answered", t->answered},
      {GC_METRIC_QUERY_REQUESTS, "failed", t->failed},
      {GC_METRIC_QUERY_ROWS, "read", t->read},
      {GC_METRIC_QUERY_ROWS, "unnamed", t->unnamed},
      {GC_METRIC_QUERY_ROWS, "foreign", t->foreign},
      {GC_METRIC_QUERY_ROWS, "broken", t->broken},
      {GC_METRIC_QUERY_ROWS, "collided", t->collisions},
      {GC_METRIC_QUERY_ROWS, "unknown", t->unknown},
      {GC_METRIC_WINDOWS, "done", t->windows},
      {GC_METRIC_WINDOWS, "skipped", t->skipped},
      {GC_METRIC_REVISIONS, "", t->revisions},
      {GC_METRIC_SERIES_OVERFLOW, "", t->overflow},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    gc_put_count(w, rows[i].metric, rows[i].qualifier, rows[i].value);
  gc_put_gauge(w, GC_METRIC_SERIES, "", (double)t->series);
  gc_put_gauge(w, GC_METRIC_CORRECTIONS_CARRIED, "", (double)t->carried);
}

void gc_analytics_read_state(struct gc_analytics *b, const char *instance,
                             uint32_t interval_ms,
                             const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = interval_ms};
  pthread_mutex_lock(&b->lock);
  struct gc_analytics_tally tally = b->shared.tally;
  enum gc_analytics_source source = b->shared.source;
  uint64_t last_success_ms = b->shared.last_success_ms;
  struct gc_server_clock clock = b->shared.clock;
  pthread_mutex_unlock(&b->lock);

  int64_t server_ms = gc_server_clock_now(
      &clock, gc_analytics_now(b), b->deps.env->wall_ms(b->deps.env->ctx));
  uint64_t age_ms =
      last_success_ms > 0 ? gc_analytics_now(b) - last_success_ms : 0;
  uint64_t stale_ms = (uint64_t)b->query->rule.period_ms * STALE_PERIODS +
                      (uint64_t)b->query->rule.settle_ms;
  /* After a restart no window may be due for an hour. */
  if (source != GC_ANALYTICS_SOURCE_IDLE)
    gc_put_gauge(&w, GC_METRIC_SOURCE_UP, "aggregates",
                 source == GC_ANALYTICS_SOURCE_UP && age_ms < stale_ms ? 1.0
                                                                       : 0.0);
  if (last_success_ms > 0)
    gc_put_gauge(&w, GC_METRIC_SOURCE_AGE, "aggregates",
                 (double)age_ms / 1000.0);
  if (tally.done_ms != 0)
    gc_put_gauge(&w, GC_METRIC_WINDOW_LAG, "",
                 (double)(server_ms - tally.done_ms) / 1000.0);
  gc_put_gauge(&w, GC_METRIC_WINDOW_LENGTH, "",
               (double)b->query->rule.period_ms / 1000.0);
  put_tally(&w, &tally);
}
