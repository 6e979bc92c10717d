/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

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
  if (s->model != NULL)
    conversations_tick(s->model, &now);
}

struct known_queues {
  const struct stream *s;
  const struct gc_entities *entities;
};

static bool is_listed(void *ctx, const char *queue) {
  const struct known_queues *known = ctx;
  return gc_topic_coverage_find(&known->s->coverage, queue) != NULL ||
         gc_entities_find(known->entities, queue) != NULL;
}

/* Removes queues that are gone. Only the list of queues shows which queues are
 * gone. */
static void retire_queues(struct stream *s, uint64_t now_ms) {
  int64_t expiry_ms = (int64_t)s->options->queue_expiry_s * 1000;
  uint64_t every_ms = (uint64_t)expiry_ms / 8;
  if (every_ms == 0 || now_ms < s->retire_ms)
    return;
  s->retire_ms =
      now_ms + (every_ms < RETIRE_EVERY_MS ? every_ms : RETIRE_EVERY_MS);
  struct gc_entities *entities = gc_names_entities(s->deps.names, GC_QUEUE);
  struct known_queues known = {s, entities};
  pthread_mutex_lock(&s->lock);
  if (entities != NULL && s->model != NULL && !gc_entities_is_refused(entities))
    (void)conversations_retire(s->model, expiry_ms, is_listed, &known);
  pthread_mutex_unlock(&s->lock);
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
  s->deps.notice(s->deps.notice_ctx, "wrapups", &err);
}

/* Reports that pairs beyond STREAM_PAIRS_MAX are not counted. The report ends
 * when a place is free, not when the further pairs have no events for a while.
 */
static void report_counter_limits(struct stream *s) {
  struct gc_err err = {.code = GC_OK};
  struct conversations_stats stats = {.overflow = s->overflow};
  pthread_mutex_lock(&s->lock);
  if (s->model != NULL)
    conversations_stats(s->model, &stats);
  pthread_mutex_unlock(&s->lock);
  if (stats.pairs < STREAM_PAIRS_MAX)
    s->overflow = stats.overflow;
  if (stats.overflow > s->overflow)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "more than %d pairs of queue and medium: contacts of further "
                  "pairs are not counted; name fewer queues in this block",
                  STREAM_PAIRS_MAX);
  s->deps.notice(s->deps.notice_ctx, "counters", &err);
  report_wrapup_limit(s, &stats);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  struct stream *s = ctx;
  s->ticks++;
  s->source->tick(s, now_ms);
  stream_follow_lease(s);
  pthread_mutex_lock(&s->lock);
  stream_date_start(s);
  tick_model(s, s->listening.last_message_ms > 0
                    ? stream_ms_since(s->listening.last_message_ms, now_ms)
                    : 0);
  pthread_mutex_unlock(&s->lock);
  retire_queues(s, now_ms);
  if (s->ticks % CHECK_TICKS == 0)
    report_counter_limits(s);
  (void)gc_timers_set(s->deps.env->timers, &s->timer, now_ms + TICK_MS);
}

/* ---- polls: drift and lost ends ---- */

void stream_poll_begin(struct stream *s) {
  if (!s->source->has_topics) /* polls have no lists to compare with */
    return;
  pthread_mutex_lock(&s->lock);
  s->poll_began_ms = stream_now(s);
  if (s->model != NULL)
    conversations_poll_begin(s->model);
  pthread_mutex_unlock(&s->lock);
}

static bool poll_covers(void *ctx, const char *queue, enum cv_media media) {
  return observations_covers(ctx, queue, media);
}

static struct drift_side model_side(const struct stream *s, const char *queue,
                                    enum cv_media media) {
  uint32_t states[CV_STATE_COUNT];
  (void)conversations_states(s->model, queue, media, states);
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
  for (size_t i = 0; i < s->coverage.count; i++)
    if (is_comparable(s->coverage.at[i], asked_ms))
      s->coverage.at[i]->was_compared = true;
}

static void count_drift(struct stream *s, const struct observations *o,
                        uint64_t asked_ms) {
  struct obs_cursor at = {0};
  struct obs_contacts c;
  conversations_count_states(s->model);
  drift_begin(s->drift);
  while (observations_next_contacts(o, &at, &c)) {
    const struct gc_covered_queue *q =
        gc_topic_coverage_find(&s->coverage, c.queue);
    if (!is_comparable(q, asked_ms) || c.cv_media == CV_MEDIA_COUNT)
      continue;
    struct drift_side model = model_side(s, c.queue, c.cv_media);
    struct drift_side observed = {c.waiting, c.alerting, c.interacting};
    enum gc_code (*compare)(struct drift *, const char *, const char *,
                            const struct drift_side *,
                            const struct drift_side *) =
        q->was_compared ? drift_compare : drift_adopt;
    s->lost += compare(s->drift, c.queue, c.media, &model, &observed) != GC_OK;
  }
  drift_end(s->drift);
  if (drift_now(s->drift) > 0)
    gc_debug("drift: %" PRIu64 " contacts now, %" PRIu64 " since the start",
             drift_now(s->drift), drift_total(s->drift));
  note_compared(s, asked_ms);
}

static void compare_since(struct stream *s, const struct observations *o,
                          uint64_t asked_ms) {
  pthread_mutex_lock(&s->lock);
  /* A stream that is not connected misses events; stream_gap shows that. */
  if (s->model != NULL && s->listening.is_connected)
    count_drift(s, o, asked_ms);
  pthread_mutex_unlock(&s->lock);
}

void stream_compare(struct stream *s, const struct observations *o) {
  compare_since(s, o, stream_now(s));
}

void stream_observed(struct stream *s, const struct observations *o) {
  if (!s->source->has_topics)
    return;
  compare_since(s, o, s->poll_began_ms);
  pthread_mutex_lock(&s->lock);
  if (s->model != NULL) {
    for (size_t i = 0; i < o->listed.count; i++)
      (void)conversations_poll_list(s->model, o->listed.at[i]);
    conversations_poll_end(s->model, poll_covers, (void *)o);
  }
  pthread_mutex_unlock(&s->lock);
}

/* ---- beginning and end ---- */

void stream_free(struct stream *s) {
  if (s == NULL)
    return;
  gc_topic_coverage_clear(&s->coverage);
  conversations_free(s->model);
  drift_free(s->drift);
  cv_decoder_free(s->decoder);
  guide_decoder_free(s->guide_decoder);
  gc_buf_clear(&s->query);
  stream_pass_clear(&s->pass);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

struct stream *stream_new(const struct queues_options *options,
                          const struct stream_deps *deps, struct gc_err *err) {
  struct stream *s = calloc(1, sizeof(*s));
  if (s != NULL) {
    s->decoder = cv_decoder_new();
    s->drift = drift_new(STREAM_PAIRS_MAX);
    pthread_mutex_init(&s->lock, NULL);
  }
  if (s == NULL || s->decoder == NULL || s->drift == NULL) {
    stream_free(s);
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  s->options = options;
  s->deps = *deps;
  s->timer = (struct gc_timer){.fire = on_tick, .ctx = s};
  s->epoch_ms = deps->env->wall_ms(deps->env->ctx) - (int64_t)stream_now(s);
  s->source = options->stream == STREAM_CONVERSATIONS ? &stream_guide
                                                      : &stream_notifications;
  if (!s->source->has_server_times)
    s->start_clock = (struct gc_start_clock){s->epoch_ms, .is_settled = true,
                                             .is_final = true};
  return s;
}

void stream_select(struct stream *s, const struct selection *selection) {
  if (!s->is_listening) {
    pthread_mutex_lock(&s->lock);
    s->listening.began_ms = stream_now(s);
    s->is_paused = false;
    pthread_mutex_unlock(&s->lock);
    s->is_listening = s->source->start(s) == GC_OK;
    on_tick(s, stream_now(s));
  }
  if (s->is_listening)
    s->source->select(s, selection);
}

void stream_pause(struct stream *s) {
  stream_stop(s);
  pthread_mutex_lock(&s->lock);
  struct conversations *model = s->model;
  s->model = NULL;
  s->is_paused = true;
  s->listening.is_connected = false;
  gc_listening_blind(&s->listening, stream_now(s), 0);
  for (size_t i = 0; i < s->coverage.count; i++)
    gc_topic_coverage_set(&s->coverage, s->coverage.at[i], false);
  pthread_mutex_unlock(&s->lock);
  conversations_free(model);
}

void stream_stop(struct stream *s) {
  gc_timers_unset(s->deps.env->timers, &s->timer);
  if (s->is_listening)
    s->source->stop(s);
  s->is_listening = false;
}
