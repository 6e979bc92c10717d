/* SPDX-License-Identifier: MIT */
#include "common/base/glob.h"
#include "plugins/genesys_realtime/block_internal.h"

enum {
  /* Older than this many intervals, the newest values count as none. */
  STALE_INTERVALS = 3,
  /* Nothing left out for so long: the series have room again. */
  ROOM_AGAIN_MS = 10 * 60 * 1000,
};

static bool accepts(void *ctx, const struct gc_entry *queue) {
  const struct block *b = ctx;
  if (queue->name == NULL) /* a name might be one that is refused */
    return b->settings.selector_count == 0;
  return gc_glob_accepts(b->settings.selectors, b->settings.selector_count,
                         queue->name, queue->id);
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

static void read_all(struct block *b, const struct gc_samples *out) {
  struct gc_names *names = b->deps.names;
  struct gc_entities *queues = gc_names_entities(names, GC_QUEUE);
  struct gc_entities *presences = gc_names_entities(names, GC_PRESENCE);
  struct queue_display display = {.queues = queues,
                                  .presences = presences,
                                  .accepts = accepts,
                                  .accepts_ctx = b,
                                  .shard = &b->settings.shard,
                                  .media = b->settings.media,
                                  .media_count = b->settings.media_count,
                                  .label = b->settings.label,
                                  .interval_ms = b->settings.interval_ms};
  read_observations(b, display, out);
  if (b->stream != NULL)
    stream_read(b->stream, &display, out);
  gc_entities_put(queues);
  gc_entities_put(presences);
}

/* Once when it begins, once when it is over. */
static void report_overflow(struct block *b, uint64_t now_ms) {
  struct gc_err err = {.code = GC_OK};
  uint64_t overflow = series_limit_overflow(b->limit);
  pthread_mutex_lock(&b->lock);
  bool is_more = overflow > b->overflow;
  b->overflow = overflow;
  pthread_mutex_unlock(&b->lock);
  if (is_more)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "all %zu places of MaxSeries are taken, further series are "
                  "left out (series_overflow): name fewer queues or media "
                  "(Queue, Media), share them between agents (Shard), or raise "
                  "MaxSeries",
                  b->settings.series_max);
  else if (b->full_ms == 0 || now_ms - b->full_ms < ROOM_AGAIN_MS)
    return;
  b->full_ms = is_more ? now_ms : 0;
  b->notice(b->ctx, "series", &err);
}

/* Samples pass the windows first, then the limit, which counts what leaves. */
static void read_samples(struct block *b, const struct gc_samples *out,
                         bool is_last) {
  const struct gc_env *env = b->deps.env;
  uint64_t now_ms = env->now_ms(env->ctx);
  struct gc_samples limited = series_limit_sink(b->limit, now_ms, out);
  struct gc_samples sink =
      b->downsample != NULL
          ? downsample_sink(b->downsample, env->wall_ms(env->ctx), &limited)
          : limited;
  read_all(b, &sink);
  if (is_last && b->downsample != NULL)
    downsample_finish(b->downsample, &limited);
  report_overflow(b, now_ms);
}

void block_read(struct block *b, const struct gc_samples *out) {
  read_samples(b, out, false);
}

void block_finish(struct block *b, const struct gc_samples *out) {
  read_samples(b, out, true);
}

bool block_has_windows(const struct block *b) { return b->downsample != NULL; }

static void read_source_state(struct block *b,
                              const struct gc_sample_writer *w) {
  pthread_mutex_lock(&b->lock);
  bool is_healthy = b->is_healthy;
  uint64_t healthy_ms = b->healthy_ms;
  struct queue_tally tally = b->tally;
  pthread_mutex_unlock(&b->lock);

  uint64_t now_ms = b->deps.env->now_ms(b->deps.env->ctx);
  uint64_t age_ms = healthy_ms > 0 ? now_ms - healthy_ms : 0;
  uint64_t stale_ms = (uint64_t)b->settings.interval_ms * STALE_INTERVALS;
  bool is_up = is_healthy && healthy_ms > 0 && age_ms < stale_ms;
  gc_put_gauge(w, GC_METRIC_SOURCE_UP, "observations", is_up ? 1.0 : 0.0);
  if (healthy_ms > 0)
    gc_put_gauge(w, GC_METRIC_SOURCE_AGE, "observations",
                 (double)age_ms / 1000.0);
  gc_put_gauge(w, GC_METRIC_QUEUES, "matched", (double)tally.matched);
  gc_put_gauge(w, GC_METRIC_QUEUES, "unnamed", (double)tally.unnamed);
}

void block_read_state(struct block *b, const char *instance,
                      uint32_t interval_ms, const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = instance, .interval_ms = interval_ms};
  pthread_mutex_lock(&b->lock);
  size_t series = b->tally.series;
  uint64_t overflow = b->overflow;
  pthread_mutex_unlock(&b->lock);
  if (b->stream != NULL) {
    series += stream_series(b->stream);
    stream_read_state(b->stream, instance, interval_ms, out);
  }
  if (b->settings.source != OBS_OFF)
    read_source_state(b, &w);
  if (b->stream == NULL && b->settings.source == OBS_OFF)
    return;
  gc_put_gauge(&w, GC_METRIC_SERIES, "", (double)series);
  gc_put_count(&w, GC_METRIC_SERIES_OVERFLOW, "", overflow);
}
