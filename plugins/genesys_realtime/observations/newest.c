/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/newest.h"

#include "common/base/assert.h"

/* The source is down when its newest values are older than this. */
enum { STALE_INTERVALS = 3 };

static uint64_t newest_now(const struct newest *n) {
  return n->env->now_ms(n->env->ctx);
}

/* ---- the feed's events ---- */

static void on_ended(void *ctx, bool is_complete) {
  struct newest *n = ctx;
  pthread_mutex_lock(&n->lock);
  n->has_outcome = true;
  n->is_healthy = is_complete;
  pthread_mutex_unlock(&n->lock);
}

static void on_reading(void *ctx, const struct obs_reading *reading) {
  struct newest *n = ctx;
  pthread_mutex_lock(&n->lock);
  struct observations *before = n->fresh;
  struct gc_entities *names = NULL;
  n->fresh = observations_get(reading->observations);
  if (reading->observations->names != NULL) {
    names = n->names;
    n->names = gc_entities_get(reading->observations->names);
  }
  n->is_healthy = reading->is_complete;
  if (reading->is_complete)
    n->healthy_ms = newest_now(n);
  pthread_mutex_unlock(&n->lock);
  observations_put(before);
  gc_entities_put(names);
}

static void on_ignored(void *ctx, uint32_t count) {
  struct newest *n = ctx;
  pthread_mutex_lock(&n->lock);
  n->ignored += count;
  pthread_mutex_unlock(&n->lock);
}

void newest_init(struct newest *n, const struct queues_options *options,
                 const struct gc_env *env) {
  *n = (struct newest){.env = env,
                       .interval_ms = options->interval_s * 1000,
                       .has_names = options->observations == OBS_QUEUE_METRICS};
  n->listener = (struct obs_listener){.reading = on_reading,
                                      .ended = on_ended,
                                      .ignored = on_ignored,
                                      .ctx = n};
  pthread_mutex_init(&n->lock, NULL);
  /* A window has the readings of all its series at once. */
  spread_init(&n->spread, options->window_s > 0 ? 0 : n->interval_ms);
}

void newest_clear(struct newest *n) {
  observations_put(gc_steal(n->fresh));
  observations_put(gc_steal(n->current));
  spread_clear(&n->spread);
  gc_entities_put(gc_steal(n->names));
  pthread_mutex_destroy(&n->lock);
}

void newest_start(struct newest *n) { n->started_ms = newest_now(n); }

void newest_select(struct newest *n, bool is_known, size_t selected) {
  pthread_mutex_lock(&n->lock);
  n->has_selection = is_known;
  n->selected = selected;
  pthread_mutex_unlock(&n->lock);
}

void newest_drop(struct newest *n) {
  pthread_mutex_lock(&n->lock);
  struct observations *o = gc_steal(n->fresh);
  n->is_dropped = true;
  pthread_mutex_unlock(&n->lock);
  observations_put(o);
}

/* Makes the fresh reading the current one. Returns false if there is none. */
static bool take_fresh(struct newest *n) {
  pthread_mutex_lock(&n->lock);
  bool is_dropped = n->is_dropped;
  struct observations *fresh = gc_steal(n->fresh);
  n->is_dropped = false;
  pthread_mutex_unlock(&n->lock);
  if (is_dropped)
    spread_forget(&n->spread);
  if (is_dropped || fresh != NULL) {
    observations_put(n->current);
    n->current = fresh;
  }
  return fresh != NULL;
}

/* ---- values ---- */

/* A refused list whose names the first answer will bring is not known yet: with
 * an id now and a name later one queue would have two series. */
struct gc_entities *newest_labels(struct newest *n,
                                  struct gc_entities *listed) {
  if (!n->has_names || listed == NULL || !gc_entities_is_refused(listed))
    return gc_entities_get(listed);
  pthread_mutex_lock(&n->lock);
  struct gc_entities *names =
      n->names != NULL || !n->has_outcome ? n->names : listed;
  names = gc_entities_get(names);
  pthread_mutex_unlock(&n->lock);
  return names;
}

void newest_read(struct newest *n, bool is_last,
                 const struct queue_display *display,
                 const struct gc_samples *out) {
  bool is_new = take_fresh(n);
  const struct observations *o = n->current;
  struct queue_display shown = *display;
  struct queue_tally tally;
  if (o == NULL)
    return;
  /* The labels of `display` may be of the reading before. */
  if (o->names != NULL && shown.queues != NULL &&
      gc_entities_is_refused(shown.queues))
    shown.queues = o->names;
  if (!spread_begin(&n->spread, newest_now(n), is_new, is_last, &shown, out))
    return;
  obs_samples(o, &n->spread.display, &n->spread.sink, &tally);
  if (!is_new)
    return;
  pthread_mutex_lock(&n->lock);
  n->tally = tally;
  n->has_tally = true;
  pthread_mutex_unlock(&n->lock);
}

/* ---- self-telemetry ---- */

/* A copy of the guarded numbers. */
struct source_state {
  bool is_healthy, has_outcome, has_tally, has_selection;
  uint64_t healthy_ms, ignored;
  size_t selected;
  struct queue_tally tally;
};

static struct source_state source_state_of(struct newest *n) {
  pthread_mutex_lock(&n->lock);
  struct source_state now = {.is_healthy = n->is_healthy,
                             .has_outcome = n->has_outcome,
                             .has_tally = n->has_tally,
                             .has_selection = n->has_selection,
                             .healthy_ms = n->healthy_ms,
                             .ignored = n->ignored,
                             .selected = n->selected,
                             .tally = n->tally};
  pthread_mutex_unlock(&n->lock);
  GC_ASSERT(now.healthy_ms == 0 || now.has_outcome);
  return now;
}

/* Puts source_up: 1 if the last poll was complete and its values are current.
 * Puts nothing while no queue is selected, and while the first poll is under
 * way. */
static void put_up(const struct newest *n, const struct source_state *s,
                   const struct gc_sample_writer *w) {
  uint64_t now_ms = newest_now(n);
  uint64_t age_ms = s->healthy_ms > 0 ? now_ms - s->healthy_ms : 0;
  uint64_t stale_ms = (uint64_t)n->interval_ms * STALE_INTERVALS;
  bool is_idle = s->has_selection && s->selected == 0;
  bool is_early = !s->has_outcome && now_ms - n->started_ms < stale_ms;
  bool is_up = s->is_healthy && s->healthy_ms > 0 && age_ms < stale_ms;
  if (is_idle || is_early)
    return;
  gc_put_gauge(w, GC_METRIC_SOURCE_UP, "observations", is_up ? 1.0 : 0.0);
  if (s->healthy_ms > 0)
    gc_put_gauge(w, GC_METRIC_SOURCE_AGE, "observations",
                 (double)age_ms / 1000.0);
}

void newest_read_state(struct newest *n, const struct gc_sample_writer *w) {
  struct source_state s = source_state_of(n);
  put_up(n, &s, w);
  if (s.has_selection || s.has_tally)
    gc_put_gauge(w, GC_METRIC_QUEUES, "matched",
                 (double)(s.has_selection ? s.selected : s.tally.matched));
  if (s.has_tally)
    gc_put_gauge(w, GC_METRIC_QUEUES, "unnamed", (double)s.tally.unnamed);
  gc_put_count(w, GC_METRIC_OBSERVATIONS_IGNORED, "", s.ignored);
}
