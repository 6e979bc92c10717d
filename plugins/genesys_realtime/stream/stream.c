/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "common/genesys/targets.h"
#include "plugins/genesys_realtime/stream/internal.h"

enum {
  TICK_MS = 1000,
  LOOK_TICKS = 30, /* how often the counters are looked at */
  RETIRE_EVERY_MS = 600 * 1000,
  PAIRS_MAX = 65536,
};

/* Events of the guide dialect have no times: our clock is the only one. */
int64_t stream_server_now(const struct stream *s) {
  int64_t wall_ms = s->deps.env->wall_ms(s->deps.env->ctx);
  return s->source == &stream_guide
             ? wall_ms
             : wall_ms + gc_api_clock_offset_ms(s->deps.api);
}

/* ---- targets ---- */

static enum gc_code set_target(struct stream *s, const struct gc_entry *e) {
  for (int t = 0; e != NULL && t < GC_TARGET_COUNT; t++) {
    const char *media = gc_target_media((enum gc_target)t);
    GC_TRY(conversations_target(s->model, e->id, cv_media_find(media),
                                gc_entry_target_ms(e, media)));
  }
  return GC_OK;
}

/* Each queue's own, by medium; under the lock. A source without topics may tell
 * of any queue. */
static enum gc_code set_targets(struct stream *s, const struct gc_entities *d) {
  bool has_topics = s->source == &stream_topics;
  size_t count = has_topics ? s->coverage.count : gc_entities_count(d);
  for (size_t i = 0; i < count; i++)
    GC_TRY(set_target(s, has_topics ? gc_entities_find(d, s->coverage.at[i]->id)
                                    : gc_entities_at(d, i)));
  return GC_OK;
}

void stream_take_targets(struct stream *s) {
  struct gc_entities *d = gc_names_entities(s->deps.names, GC_QUEUE);
  pthread_mutex_lock(&s->lock);
  if (d != NULL && s->model != NULL && s->settings.target_ms == 0 &&
      set_targets(s, d) != GC_OK)
    s->lost++;
  pthread_mutex_unlock(&s->lock);
  gc_entities_put(d);
}

void stream_make_model(struct stream *s) {
  if (s->model != NULL)
    return;
  struct gc_err err = {.code = GC_OK};
  struct conversations_settings settings = {
      .is_guide = s->settings.guide.is_on,
      .started_ms = stream_server_now(s),
      .bounds_s = s->bounds_s,
      .bound_count = s->settings.bound_count,
      .target_ms = s->settings.target_ms,
      .max = s->settings.max,
      .age_ms = s->settings.age_ms,
      .pairs_max = PAIRS_MAX,
      .wrapups = s->settings.guide.wrapups,
      .wrapup_count = s->settings.guide.wrapup_count};
  struct conversations *model = conversations_new(&settings, &err);
  pthread_mutex_lock(&s->lock);
  s->model = model;
  pthread_mutex_unlock(&s->lock);
  s->deps.notice(s->deps.notice_ctx, "conversations", &err);
}

/* ---- time ---- */

/* Who waits counts as waiting up to the last message: later ones may be on
 * their way. */
static void tick_model(struct stream *s, uint64_t silence_ms) {
  int64_t server_ms = stream_server_now(s);
  int64_t heard_ms = server_ms - (int64_t)silence_ms;
  if (s->model != NULL)
    conversations_tick(s->model, server_ms, heard_ms);
}

struct lists {
  const struct stream *s;
  const struct gc_entities *directory;
};

static bool is_listed(void *ctx, const char *queue) {
  const struct lists *lists = ctx;
  return coverage_find(&lists->s->coverage, queue) != NULL ||
         gc_entities_find(lists->directory, queue) != NULL;
}

/* Without the list of queues nobody knows which are gone. */
static void retire_queues(struct stream *s, uint64_t now_ms) {
  uint64_t every_ms = (uint64_t)s->settings.expiry_ms / 8;
  if (every_ms == 0 || now_ms < s->retire_ms)
    return;
  s->retire_ms =
      now_ms + (every_ms < RETIRE_EVERY_MS ? every_ms : RETIRE_EVERY_MS);
  struct gc_entities *d = gc_names_entities(s->deps.names, GC_QUEUE);
  struct lists lists = {s, d};
  pthread_mutex_lock(&s->lock);
  if (d != NULL && s->model != NULL && !gc_entities_is_refused(d))
    (void)conversations_retire(s->model, s->settings.expiry_ms, is_listed,
                               &lists);
  pthread_mutex_unlock(&s->lock);
  gc_entities_put(d);
}

static void look_at_wrapups(struct stream *s,
                            const struct conversations_stats *stats) {
  struct gc_err err = {.code = GC_OK};
  if (stats->wrapups_left > s->wrapups_left)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "too many wrap-up codes: changes with further ones are in "
                  "state_changes alone; let WrapUpCode allow fewer");
  s->wrapups_left = stats->wrapups_left;
  s->deps.notice(s->deps.notice_ctx, "wrapups", &err);
}

/* Past the last pair what happens is not counted. */
static void look_at_counters(struct stream *s) {
  struct gc_err err = {.code = GC_OK};
  struct conversations_stats stats = {.overflow = s->overflow,
                                      .wrapups_left = s->wrapups_left};
  pthread_mutex_lock(&s->lock);
  if (s->model != NULL)
    conversations_stats(s->model, &stats);
  pthread_mutex_unlock(&s->lock);
  if (stats.overflow > s->overflow)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "more than %d pairs of queue and medium: what happens in the "
                  "others is not counted; name fewer queues in this block",
                  PAIRS_MAX);
  s->overflow = stats.overflow;
  s->deps.notice(s->deps.notice_ctx, "counters", &err);
  look_at_wrapups(s, &stats);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  struct stream *s = ctx;
  s->ticks++;
  s->source->tick(s, now_ms);
  pthread_mutex_lock(&s->lock);
  tick_model(s, s->heard_ms > 0 ? stream_ms_since(s->heard_ms, now_ms) : 0);
  pthread_mutex_unlock(&s->lock);
  retire_queues(s, now_ms);
  if (s->ticks % LOOK_TICKS == 0)
    look_at_counters(s);
  (void)gc_timers_set(s->deps.env->timers, &s->timer, now_ms + TICK_MS);
}

/* ---- life ---- */

void stream_free(struct stream *s) {
  if (s == NULL)
    return;
  coverage_clear(&s->coverage);
  conversations_free(s->model);
  drift_free(s->drift);
  cv_decoder_free(s->decoder);
  guide_decoder_free(s->guide_decoder);
  gc_buf_clear(&s->query);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

struct stream *stream_new(const struct stream_settings *settings,
                          const struct stream_deps *deps, struct gc_err *err) {
  struct stream *s = calloc(1, sizeof(*s));
  if (s != NULL) {
    s->decoder = cv_decoder_new();
    s->drift = drift_new(PAIRS_MAX);
    pthread_mutex_init(&s->lock, NULL);
  }
  if (s == NULL || s->decoder == NULL || s->drift == NULL) {
    stream_free(s);
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  s->settings = *settings;
  s->deps = *deps;
  if (s->settings.bound_count > CV_BOUNDS_MAX)
    s->settings.bound_count = CV_BOUNDS_MAX;
  memcpy(s->bounds_s, settings->bounds_s,
         s->settings.bound_count * sizeof(s->bounds_s[0]));
  s->timer = (struct gc_timer){.fire = on_tick, .ctx = s};
  s->source = settings->guide.is_on ? &stream_guide : &stream_topics;
  return s;
}

void stream_select(struct stream *s, const struct selection *selection) {
  if (!s->is_listening) {
    s->is_listening = s->source->start(s) == GC_OK;
    on_tick(s, stream_now(s));
  }
  if (s->is_listening)
    s->source->select(s, selection);
}

void stream_stop(struct stream *s) {
  gc_timers_unset(s->deps.env->timers, &s->timer);
  if (s->is_listening)
    s->source->stop(s);
  s->is_listening = false;
}
