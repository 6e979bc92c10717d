/* SPDX-License-Identifier: MIT */
#include "common/analytics/analytics_internal.h"

enum {
  STALE_PERIODS = 3,
  SAVE_RETRY_MS = 5 * 1000, /* between two saves in UNSAVED */
};

/* Takes references to the current lists, for one run of the read thread. */
static struct gc_dimension_names hold_names(struct gc_analytics *b) {
  struct gc_dimension_names n = b->dimension_names;
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    struct gc_entities **all[] = {&n.lists[i].now, &n.lists[i].before};
    for (size_t k = 0; k < GC_COUNT(all); k++)
      if (*all[k] != NULL)
        *all[k] = gc_entities_get(*all[k]);
  }
  return n;
}

static void record_sender(struct gc_analytics *b) {
  const struct gc_sender *s = &b->sender;
  b->tally.windows = s->windows;
  b->tally.unnamed = s->unnamed;
  b->tally.revisions = s->revisions;
  b->tally.collisions = s->collisions;
  b->tally.series = b->series.keys.count;
  b->tally.carried = gc_series_carried(&b->series);
  b->tally.done_ms = b->checkpoint.mark.done_ms;
}

void gc_analytics_read(struct gc_analytics *b,
                       const struct gc_sender_output *output, uint32_t max_ms) {
  pthread_mutex_lock(&b->lock);
  bool begins = b->stage == GC_ANALYTICS_READY;
  bool works = begins || b->stage == GC_ANALYTICS_SENDING ||
               (b->stage == GC_ANALYTICS_UNSAVED &&
                gc_analytics_now(b) >= b->next_save_ms);
  if (begins)
    b->stage = GC_ANALYTICS_SENDING;
  b->is_reading = works;
  struct gc_dimension_names dimension_names = hold_names(b);
  pthread_mutex_unlock(&b->lock);

  if (works) {
    if (begins)
      gc_sender_begin(&b->sender, &b->results);
    b->sender.view.dimension_names = &dimension_names;
    enum gc_sender_end end =
        gc_sender_run(&b->sender, output, b->deps.env->now_ms, b->deps.env->ctx,
                      gc_analytics_now(b) + max_ms);
    if (b->sender.state.code != GC_ERR_UNAVAILABLE)
      b->notice(b->ctx, "state", &b->sender.state);
    b->notice(b->ctx, "window", &b->sender.lost);
    b->notice(b->ctx, "shared series", &b->sender.shared);
    pthread_mutex_lock(&b->lock);
    record_sender(b);
    b->is_reading = false;
    b->next_save_ms = gc_analytics_now(b) + SAVE_RETRY_MS;
    if (end != GC_SENDER_WAITS)
      b->stage =
          end == GC_SENDER_DONE ? GC_ANALYTICS_SENT : GC_ANALYTICS_UNSAVED;
    pthread_mutex_unlock(&b->lock);
  }
  gc_dimension_name_clear(&dimension_names);
}

void gc_analytics_finish(struct gc_analytics *b,
                         const struct gc_sender_output *output,
                         uint32_t max_ms) {
  pthread_mutex_lock(&b->lock);
  bool works =
      b->stage == GC_ANALYTICS_SENDING || b->stage == GC_ANALYTICS_UNSAVED;
  b->is_reading = works;
  pthread_mutex_unlock(&b->lock);
  if (!works)
    return;
  gc_sender_finish(&b->sender, output, b->deps.env->now_ms, b->deps.env->ctx,
                   gc_analytics_now(b) + max_ms);
  gc_analytics_set_stage(
      b, GC_ANALYTICS_REQUESTING); /* final: neither thread continues */
}

double gc_analytics_requests(struct gc_analytics *b) {
  pthread_mutex_lock(&b->lock);
  uint64_t answered = b->tally.answered, windows = b->tally.windows;
  pthread_mutex_unlock(&b->lock);
  return windows > 0 ? (double)answered / (double)windows : 0.0;
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
  struct gc_analytics_tally tally = b->tally;
  bool is_healthy = b->is_healthy;
  uint64_t last_success_ms = b->last_success_ms;
  struct gc_server_clock clock = b->clock_copy;
  /* After a restart no window may be due for an hour: the source is neither up
   * nor down. */
  bool is_unknown = last_success_ms == 0 && b->is_idle;
  pthread_mutex_unlock(&b->lock);

  int64_t server_ms = gc_server_clock_now(
      &clock, gc_analytics_now(b), b->deps.env->wall_ms(b->deps.env->ctx));
  uint64_t age_ms =
      last_success_ms > 0 ? gc_analytics_now(b) - last_success_ms : 0;
  uint64_t stale_ms =
      (uint64_t)b->settings.query.rule.period_ms * STALE_PERIODS +
      (uint64_t)b->settings.query.rule.settle_ms;
  if (!is_unknown)
    gc_put_gauge(&w, GC_METRIC_SOURCE_UP, "aggregates",
                 is_healthy && last_success_ms > 0 && age_ms < stale_ms ? 1.0
                                                                        : 0.0);
  if (last_success_ms > 0)
    gc_put_gauge(&w, GC_METRIC_SOURCE_AGE, "aggregates",
                 (double)age_ms / 1000.0);
  if (tally.done_ms != 0)
    gc_put_gauge(&w, GC_METRIC_WINDOW_LAG, "",
                 (double)(server_ms - tally.done_ms) / 1000.0);
  gc_put_gauge(&w, GC_METRIC_WINDOW_LENGTH, "",
               (double)b->settings.query.rule.period_ms / 1000.0);
  put_tally(&w, &tally);
}
