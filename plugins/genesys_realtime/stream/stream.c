/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/debug.h"
#include "plugins/genesys_realtime/stream/internal.h"

enum {
  TICK_MS = 1000,
  CHECK_TICKS = 30, /* ticks between two checks of the limits of counters */
  RETIRE_EVERY_MS = 600 * 1000,
};

/* ---- time ---- */

/* Sets the time of the model. Events up to the last message have arrived; later
 * ones may be missing. */
static void tick_model(struct stream *s, uint64_t silence_ms) {
  int64_t server_ms = stream_server_now(s);
  struct conversations_now now = {.server_ms = server_ms,
                                  .complete_ms =
                                      server_ms - (int64_t)silence_ms,
                                  .monotonic_ms = stream_now(s)};
  if (s->shared.model != NULL)
    conversations_tick(s->shared.model, &now);
}

struct known_queues {
  const struct stream *s;
  const struct gc_entities *entities;
};

static bool is_listed(void *ctx, const char *queue) {
  const struct known_queues *known = ctx;
  return gc_topic_coverage_find(&known->s->shared.coverage, queue) != NULL ||
         gc_entities_find(known->entities, queue) != NULL;
}

/* Removes queues that are gone. Only the list of queues shows which queues are
 * gone. */
static void retire_queues(struct stream *s, uint64_t now_ms) {
  int64_t expiry_ms = (int64_t)s->options->queue_expiry_s * 1000;
  uint64_t every_ms = (uint64_t)expiry_ms / 8;
  if (every_ms == 0 || now_ms < s->feed.retire_ms)
    return;
  s->feed.retire_ms =
      now_ms + (every_ms < RETIRE_EVERY_MS ? every_ms : RETIRE_EVERY_MS);
  struct gc_entities *entities = gc_names_entities(s->deps.names, GC_QUEUE);
  struct known_queues known = {s, entities};
  stream_lock(s);
  if (entities != NULL && s->shared.model != NULL &&
      !gc_entities_is_refused(entities))
    (void)conversations_retire(s->shared.model, expiry_ms, is_listed, &known);
  stream_unlock(s);
  gc_entities_put(entities);
}

/* The places of wrap-up codes never become free. */
static void report_wrapup_limit(const struct stream *s,
                                const struct conversations_stats *stats) {
  struct gc_err err = {.code = GC_OK};
  if (stats->wrapups_left > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "too many wrap-up codes: changes with further ones are in "
                  "state_changes; let WrapUpCode allow fewer");
  s->deps.notice(s->deps.ctx, "wrapups", &err);
}

/* Reports that pairs beyond STREAM_PAIRS_MAX are not counted. The report ends
 * when a place is free, not when the further pairs have no events for a while.
 */
static void report_counter_limits(struct stream *s) {
  struct gc_err err = {.code = GC_OK};
  struct conversations_stats stats = {.overflow = s->feed.overflow};
  stream_lock(s);
  if (s->shared.model != NULL)
    conversations_stats(s->shared.model, &stats);
  stream_unlock(s);
  if (stats.pairs < STREAM_PAIRS_MAX)
    s->feed.overflow = stats.overflow;
  if (stats.overflow > s->feed.overflow)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "more than %d pairs of queue and medium: contacts of further "
                  "pairs are not counted; name fewer queues in this block",
                  STREAM_PAIRS_MAX);
  s->deps.notice(s->deps.ctx, "counters", &err);
  report_wrapup_limit(s, &stats);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  struct stream *s = ctx;
  s->feed.ticks++;
  s->source->tick(s, now_ms);
  stream_follow_lease(s);
  stream_lock(s);
  stream_date_start(s);
  tick_model(s,
             s->shared.listening.last_message_ms > 0
                 ? stream_ms_since(s->shared.listening.last_message_ms, now_ms)
                 : 0);
  stream_unlock(s);
  retire_queues(s, now_ms);
  if (s->feed.ticks % CHECK_TICKS == 0)
    report_counter_limits(s);
  gc_timers_set(s->deps.env->timers, &s->feed.timer, now_ms + TICK_MS);
}

/* ---- polls: drift and lost ends ---- */

static void on_asked(void *ctx) {
  struct stream *s = ctx;
  if (!s->source->has_topics) /* polls have no lists to compare with */
    return;
  stream_lock(s);
  s->shared.poll_began_ms = stream_now(s);
  if (s->shared.model != NULL)
    conversations_poll_begin(s->shared.model);
  stream_unlock(s);
}

static bool poll_covers(void *ctx, const char *queue, enum cv_media media) {
  return observations_covers(ctx, queue, media);
}

static struct drift_side model_side(const struct stream *s, const char *queue,
                                    enum cv_media media) {
  uint32_t states[CV_STATE_COUNT];
  (void)conversations_states(s->shared.model, queue, media, states);
  return (struct drift_side){.waiting = states[CV_STATE_WAITING],
                             .alerting = states[CV_STATE_ALERTING],
                             .interacting = (int64_t)states[CV_STATE_ACTIVE] +
                                            states[CV_STATE_HELD]};
}

/* Returns true if the queue was covered when the observations were requested,
 * at `asked_ms`. A queue whose coverage began later is compared in the next
 * poll. */
static bool is_comparable(const struct gc_covered_queue *q, uint64_t asked_ms) {
  return q != NULL && q->is_covered && q->covered_ms <= asked_ms;
}

static void note_compared(struct stream *s, uint64_t asked_ms) {
  for (size_t i = 0; i < s->shared.coverage.count; i++)
    if (is_comparable(s->shared.coverage.at[i], asked_ms))
      s->shared.coverage.at[i]->was_compared = true;
}

static void count_drift(struct stream *s, const struct observations *o,
                        uint64_t asked_ms) {
  struct obs_cursor at = {0};
  struct obs_contacts c;
  conversations_count_states(s->shared.model);
  drift_begin(s->shared.drift);
  while (observations_next_contacts(o, &at, &c)) {
    const struct gc_covered_queue *q =
        gc_topic_coverage_find(&s->shared.coverage, c.queue);
    if (!is_comparable(q, asked_ms) || c.cv_media == CV_MEDIA_COUNT)
      continue;
    struct drift_side model = model_side(s, c.queue, c.cv_media);
    struct drift_side observed = {c.waiting, c.alerting, c.interacting};
    enum gc_code (*compare)(struct drift *, const char *, const char *,
                            const struct drift_side *,
                            const struct drift_side *) =
        q->was_compared ? drift_compare : drift_adopt;
    s->shared.lost +=
        compare(s->shared.drift, c.queue, c.media, &model, &observed) != GC_OK;
  }
  drift_end(s->shared.drift);
  if (drift_now(s->shared.drift) > 0)
    gc_debug("drift: %" PRIu64 " contacts now, %" PRIu64 " since the start",
             drift_now(s->shared.drift), drift_total(s->shared.drift));
  note_compared(s, asked_ms);
}

static void compare_since(struct stream *s, const struct observations *o,
                          uint64_t asked_ms) {
  stream_lock(s);
  /* A stream that is not connected misses events; stream_gap shows that. */
  if (s->shared.model != NULL && s->shared.listening.is_connected)
    count_drift(s, o, asked_ms);
  stream_unlock(s);
}

static void close_lost(struct stream *s, const struct observations *o) {
  stream_lock(s);
  if (s->shared.model != NULL) {
    for (size_t i = 0; i < o->listed.count; i++)
      (void)conversations_poll_list(s->shared.model, o->listed.at[i]);
    conversations_poll_end(s->shared.model, poll_covers, (void *)o);
  }
  stream_unlock(s);
}

/* A poll that is not complete shows neither drift nor lost ends. */
static void on_reading(void *ctx, const struct obs_reading *r) {
  struct stream *s = ctx;
  if (!s->source->has_topics || !r->is_complete)
    return;
  compare_since(s, r->observations,
                r->is_pushed ? stream_now(s) : s->shared.poll_began_ms);
  if (!r->is_pushed)
    close_lost(s, r->observations);
}

struct obs_listener *stream_listener(struct stream *s) {
  return &s->observations;
}

/* ---- beginning and end ---- */

void stream_free(struct stream *s) {
  if (s == NULL)
    return;
  gc_topic_coverage_clear(&s->shared.coverage);
  conversations_free(s->shared.model);
  drift_free(s->shared.drift);
  cv_decoder_free(s->feed.decoder);
  guide_decoder_free(s->feed.guide_decoder);
  gc_buf_clear(&s->feed.query);
  gc_outbox_clear(&s->reader.pass.held);
  gc_buf_clear(&s->reader.pass.fields);
  pthread_mutex_destroy(&s->shared.lock);
  free(s);
}

struct stream *stream_new(const struct queues_options *options,
                          const struct queues_deps *deps,
                          void (*snapshot)(void *ctx), void *ctx) {
  struct stream *s = gc_zalloc(1, sizeof(*s));
  s->options = options;
  s->deps = *deps;
  s->snapshot = snapshot;
  s->snapshot_ctx = ctx;
  s->observations =
      (struct obs_listener){.asked = on_asked, .reading = on_reading, .ctx = s};
  s->feed.timer = (struct gc_timer){.fire = on_tick, .ctx = s};
  s->feed.decoder = cv_decoder_new();
  s->shared.drift = drift_new(STREAM_PAIRS_MAX);
  pthread_mutex_init(&s->shared.lock, NULL);
  s->epoch_ms = deps->env->wall_ms(deps->env->ctx) - (int64_t)stream_now(s);
  s->source = options->stream == STREAM_CONVERSATIONS ? &stream_guide
                                                      : &stream_notifications;
  if (!s->source->has_server_times)
    s->feed.start_clock = (struct gc_start_clock){
        s->epoch_ms, .is_settled = true, .is_final = true};
  return s;
}

/* The lock is held. */
static void begin_listening(struct stream *s) {
  if (s->shared.listening.began_ms == 0)
    gc_listening_begin(&s->shared.listening, stream_now(s));
}

void stream_begin(struct stream *s) {
  stream_lock(s);
  begin_listening(s);
  stream_unlock(s);
}

void stream_select(struct stream *s, const struct selection *selection) {
  if (!s->feed.is_listening) {
    stream_lock(s);
    s->shared.is_paused = false;
    begin_listening(s);
    stream_unlock(s);
    s->feed.is_listening = s->source->start(s) == GC_OK;
    on_tick(s, stream_now(s));
  }
  if (s->feed.is_listening)
    s->source->select(s, selection);
}

void stream_pause(struct stream *s) {
  stream_stop(s);
  s->feed.is_announced = false;
  stream_lock(s);
  struct conversations *model = s->shared.model;
  s->shared.model = NULL;
  s->shared.is_paused = true;
  gc_listening_end(&s->shared.listening, stream_now(s));
  for (size_t i = 0; i < s->shared.coverage.count; i++)
    gc_topic_coverage_set(&s->shared.coverage, s->shared.coverage.at[i], false);
  stream_unlock(s);
  conversations_free(model);
}

void stream_stop(struct stream *s) {
  gc_timers_unset(s->deps.env->timers, &s->feed.timer);
  if (s->feed.is_listening)
    s->source->stop(s);
  s->feed.is_listening = false;
}
