/* SPDX-License-Identifier: MIT */
#include "common/analytics/analytics_internal.h"

enum { STALE_PERIODS = 3 };

/* The lists as they are now, for one run of the read thread. */
static struct gc_naming hold_names(struct gc_intervals *b) {
  struct gc_naming n = b->naming;
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    struct gc_directory **all[] = {&n.lists[i].now, &n.lists[i].before};
    for (size_t k = 0; k < GC_COUNT(all); k++)
      if (*all[k] != NULL)
        *all[k] = gc_directory_get(*all[k]);
  }
  return n;
}

static void note_departure(struct gc_intervals *b) {
  const struct gc_departure *d = &b->departure;
  b->tally.windows = d->windows;
  b->tally.unnamed = d->unnamed;
  b->tally.revisions = d->revisions;
  b->tally.values = d->values;
  b->tally.carried = gc_series_carried(&b->series);
  b->tally.done_ms = b->checkpoint.mark.done_ms;
}

void gc_intervals_read(struct gc_intervals *b,
                       const struct gc_departure_way *way, uint32_t most_ms) {
  pthread_mutex_lock(&b->lock);
  bool begins = b->stage == GC_INTERVALS_READY;
  bool works = begins || b->stage == GC_INTERVALS_LEAVING;
  if (begins)
    b->stage = GC_INTERVALS_LEAVING;
  struct gc_naming naming = hold_names(b);
  pthread_mutex_unlock(&b->lock);

  if (works) {
    if (begins)
      gc_departure_begin(&b->departure, &b->reading);
    b->departure.view.naming = &naming;
    enum gc_departure_end done =
        gc_departure_run(&b->departure, way, b->site.edge->now_ms,
                         b->site.edge->ctx, gc_intervals_now(b) + most_ms);
    b->notice(b->ctx, "state", &b->departure.state);
    pthread_mutex_lock(&b->lock);
    note_departure(b);
    if (done == GC_DEPARTURE_DONE)
      b->stage = GC_INTERVALS_LEFT;
    pthread_mutex_unlock(&b->lock);
  }
  gc_naming_clear(&naming);
}

void gc_intervals_finish(struct gc_intervals *b,
                         const struct gc_departure_way *way, uint32_t most_ms) {
  if (gc_intervals_stage(b) != GC_INTERVALS_LEAVING)
    return;
  gc_departure_finish(&b->departure, way, b->site.edge->now_ms,
                      b->site.edge->ctx, gc_intervals_now(b) + most_ms);
  gc_intervals_enter(b, GC_INTERVALS_ASKING); /* nobody's turn any more */
}

struct put_state {
  const struct gc_samples *out;
  const char *instance;
  uint32_t interval_ms;
};

static void put(const struct put_state *p, enum gc_metric_id metric,
                const char *qualifier, union gc_number value) {
  struct gc_sample sample = {.metric = metric,
                             .instance = p->instance,
                             .qualifier = qualifier,
                             .values = {value},
                             .interval_ms = p->interval_ms};
  p->out->put(p->out->ctx, &sample);
}

static void put_gauge(const struct put_state *p, enum gc_metric_id metric,
                      const char *qualifier, double gauge) {
  put(p, metric, qualifier, (union gc_number){.gauge = gauge});
}

static void put_tally(const struct put_state *p,
                      const struct gc_intervals_tally *t) {
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
      {GC_METRIC_WINDOWS, "done", t->windows},
      {GC_METRIC_WINDOWS, "skipped", t->skipped},
      {GC_METRIC_REVISIONS, "", t->revisions},
      {GC_METRIC_SERIES_OVERFLOW, "", t->overflow},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    put(p, rows[i].metric, rows[i].qualifier,
        (union gc_number){.derive = (int64_t)rows[i].value});
  put_gauge(p, GC_METRIC_SERIES, "", (double)t->values);
  put_gauge(p, GC_METRIC_CORRECTIONS_CARRIED, "", (double)t->carried);
}

void gc_intervals_read_state(struct gc_intervals *b, const char *instance,
                             uint32_t interval_ms,
                             const struct gc_samples *out) {
  struct put_state p = {out, instance, interval_ms};
  pthread_mutex_lock(&b->lock);
  struct gc_intervals_tally tally = b->tally;
  bool is_well = b->is_well;
  uint64_t well_ms = b->well_ms;
  struct gc_server_clock clock = b->heard;
  /* Right after a restart nothing may be due for an hour: neither up nor down.
   */
  bool is_unknown = well_ms == 0 && b->is_idle;
  pthread_mutex_unlock(&b->lock);

  int64_t server_ms = gc_server_clock_now(
      &clock, gc_intervals_now(b), b->site.edge->wall_ms(b->site.edge->ctx));
  uint64_t age_ms = well_ms > 0 ? gc_intervals_now(b) - well_ms : 0;
  uint64_t stale_ms = (uint64_t)b->settings.rule.period_ms * STALE_PERIODS +
                      (uint64_t)b->settings.rule.settle_ms;
  if (!is_unknown)
    put_gauge(&p, GC_METRIC_SOURCE_UP, "aggregates",
              is_well && well_ms > 0 && age_ms < stale_ms ? 1.0 : 0.0);
  if (well_ms > 0)
    put_gauge(&p, GC_METRIC_SOURCE_AGE, "aggregates", (double)age_ms / 1000.0);
  if (tally.done_ms != 0)
    put_gauge(&p, GC_METRIC_WINDOW_LAG, "",
              (double)(server_ms - tally.done_ms) / 1000.0);
  put_tally(&p, &tally);
}
