/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/targets.h"
#include "plugins/genesys_realtime/stream_inside.h"

enum {
  TICK_MS = 1000,
  LOOK_TICKS = 30, /* how often refused topics are looked at again */
  RETIRE_EVERY_MS = 600 * 1000,
  PAIRS_MOST = 65536,
  NAMED_MOST = 20, /* refused topics that get a line of their own */
};

static int64_t server_now(const struct stream *s) {
  return s->site.edge->wall_ms(s->site.edge->ctx) +
         gc_api_clock_offset_ms(s->site.api);
}

static void print_topic(char out[GC_TOPIC_ROOM], const char *queue) {
  snprintf(out, GC_TOPIC_ROOM, "v2.routing.queues.%s.conversations", queue);
}

/* ---- how the channels stand ---- */

/* Under the lock. The stream is blind from when the first of its channels is
 * until all of them hear again. */
static void follow_gap(struct stream *s, uint64_t now_ms, uint64_t blind_ms) {
  if (blind_ms > 0) {
    uint64_t since_ms = now_ms - blind_ms;
    if (s->blind_since_ms == 0 || since_ms < s->blind_since_ms)
      s->blind_since_ms = since_ms;
  } else if (s->blind_since_ms > 0) {
    s->gap_ms += now_ms - s->blind_since_ms;
    s->blind_since_ms = 0;
  }
}

/* Under the lock. */
static void look_at_channels(struct stream *s, uint64_t now_ms) {
  struct gc_channel_stats stats;
  gc_channels_stats_for(s->site.channels, &s->listener, &stats);
  s->is_connected = stats.connected;
  s->reconnects = stats.reconnects;
  if (stats.connected && stats.blind_ms == 0)
    s->heard_ms = now_ms - stats.silence_ms;
  follow_gap(s, now_ms, stats.blind_ms);
}

/* ---- what is covered ---- */

/* A line for all that is missing; each of the first ones had its own. */
static void tell_coverage(struct stream *s) {
  struct gc_err err = {.code = GC_OK};
  size_t missing = s->coverage.count - s->coverage.covered;
  if (missing > 0)
    (void)gc_fail(&err, s->unheard_of > 0 ? GC_ERR_LIMIT : GC_ERR_PERMISSION,
                  "%zu of %zu queues are not heard%s: their counters are "
                  "silent, their gauges go on",
                  missing, s->coverage.count,
                  s->unheard_of > 0 ? " (no room on the account's notification "
                                      "channels)"
                                    : "");
  s->site.notice(s->site.notice_ctx, "topics", &err);
}

/* Under the lock. What was counted of it while it was refused came by chance,
 * out of other queues' conversations. */
static void set_covered(struct stream *s, struct covered_queue *q,
                        bool covered) {
  if (covered && q->was_refused && s->model != NULL)
    conversations_begin_anew(s->model, q->id);
  q->was_refused &= !covered;
  coverage_set(&s->coverage, q, covered);
}

static void look_at_coverage(struct stream *s) {
  char topic[GC_TOPIC_ROOM];
  pthread_mutex_lock(&s->lock);
  for (size_t i = 0; i < s->coverage.count; i++) {
    struct covered_queue *q = s->coverage.at[i];
    print_topic(topic, q->id);
    set_covered(s, q, gc_channels_covers(s->site.channels, topic));
  }
  pthread_mutex_unlock(&s->lock);
  /* Else another channel may still be on its way. */
  if (s->is_connected)
    tell_coverage(s);
}

/* What is covered is looked at once the others are subscribed. */
static void on_rejected(void *ctx, const char *topic, void *tag,
                        const char *reason) {
  struct stream *s = ctx;
  struct gc_err err = {.code = GC_OK};
  char cause[GC_TOPIC_ROOM + 16];
  ((struct covered_queue *)tag)->was_refused = true;
  if (s->named++ >= NAMED_MOST)
    return;
  snprintf(cause, sizeof(cause), "topic %s", topic);
  (void)gc_fail(&err, GC_ERR_PERMISSION,
                "not given: %s; give the OAuth client a role with the "
                "permission (routing:queue:view at least) in the queue's "
                "division",
                reason);
  s->site.notice(s->site.notice_ctx, cause, &err);
}

/* What was counted of it before it was one of ours, or while it was not, came
 * by chance too. */
static void welcome(struct stream *s, struct covered_queue *q) {
  if (!q->is_new)
    return;
  pthread_mutex_lock(&s->lock);
  if (s->model != NULL)
    conversations_begin_anew(s->model, q->id);
  pthread_mutex_unlock(&s->lock);
  q->is_new = false;
}

static void want(struct stream *s, struct covered_queue *q) {
  char topic[GC_TOPIC_ROOM];
  welcome(s, q);
  print_topic(topic, q->id);
  if (gc_channels_want(s->site.channels, &s->listener, topic, q, NULL) != GC_OK)
    s->unheard_of++;
}

static void unwant(struct stream *s, struct coverage *gone) {
  char topic[GC_TOPIC_ROOM];
  for (size_t i = 0; i < gone->count; i++) {
    print_topic(topic, gone->at[i]->id);
    gc_channels_unwant(s->site.channels, &s->listener, topic);
  }
  coverage_clear(gone);
}

/* ---- targets ---- */

/* Each queue's own, by medium; under the lock. */
static enum gc_code set_targets(struct stream *s,
                                const struct gc_directory *d) {
  for (size_t i = 0; i < s->coverage.count; i++) {
    const char *id = s->coverage.at[i]->id;
    const struct gc_entry *e = gc_directory_find(d, id);
    for (int t = 0; e != NULL && t < GC_TARGET_COUNT; t++) {
      const char *media = gc_target_media((enum gc_target)t);
      GC_TRY(conversations_target(s->model, id, cv_media_find(media),
                                  gc_entry_target_ms(e, media)));
    }
  }
  return GC_OK;
}

static void take_targets(struct stream *s) {
  struct gc_directory *d = gc_names_directory(s->site.names, GC_QUEUE);
  pthread_mutex_lock(&s->lock);
  if (d != NULL && s->model != NULL && s->settings.target_ms == 0 &&
      set_targets(s, d) != GC_OK)
    s->lost++;
  pthread_mutex_unlock(&s->lock);
  gc_directory_put(d);
}

/* ---- what the channels tell ---- */

static void make_model(struct stream *s) {
  struct gc_err err = {.code = GC_OK};
  struct conversations_settings settings = {.started_ms = server_now(s),
                                            .bounds_s = s->bounds_s,
                                            .bound_count =
                                                s->settings.bound_count,
                                            .target_ms = s->settings.target_ms,
                                            .most = s->settings.most,
                                            .age_ms = s->settings.age_ms,
                                            .pairs_most = PAIRS_MOST};
  struct conversations *model = conversations_new(&settings, &err);
  pthread_mutex_lock(&s->lock);
  s->model = model;
  pthread_mutex_unlock(&s->lock);
  s->site.notice(s->site.notice_ctx, "conversations", &err);
}

static void on_connected(void *ctx) {
  struct stream *s = ctx;
  pthread_mutex_lock(&s->lock);
  look_at_channels(s, stream_now(s));
  pthread_mutex_unlock(&s->lock);
  if (s->model == NULL)
    make_model(s);
  take_targets(s);
  look_at_coverage(s);
  s->site.snapshot(s->site.ctx);
}

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct stream *s = ctx;
  uint64_t now_ms = stream_now(s);
  pthread_mutex_lock(&s->lock);
  follow_gap(s, now_ms, blind_ms);
  look_at_channels(s, now_ms);
  if (s->model != NULL)
    conversations_gap(s->model);
  pthread_mutex_unlock(&s->lock);
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct stream *s = ctx;
  const struct cv_event *event = NULL;
  enum gc_code code =
      cv_decoder_read(s->decoder, m->bytes, m->len, &event, NULL);
  pthread_mutex_lock(&s->lock);
  s->malformed += code != GC_OK;
  s->others += code == GC_OK && event == NULL;
  if (code == GC_OK && event != NULL && s->model != NULL)
    s->lost += conversations_apply(s->model, event) != GC_OK;
  pthread_mutex_unlock(&s->lock);
}

/* ---- time ---- */

/* Who waits counts as waiting up to the last message: later ones may be on
 * their way. */
static void tick_model(struct stream *s, uint64_t silence_ms) {
  int64_t server_ms = server_now(s);
  int64_t heard_ms = server_ms - (int64_t)silence_ms;
  if (s->model != NULL)
    conversations_tick(s->model, server_ms, heard_ms);
}

struct lists {
  const struct stream *s;
  const struct gc_directory *directory;
};

static bool is_listed(void *ctx, const char *queue) {
  const struct lists *lists = ctx;
  return coverage_find(&lists->s->coverage, queue) != NULL ||
         gc_directory_find(lists->directory, queue) != NULL;
}

/* Without the list of queues nobody knows which are gone. */
static void retire_queues(struct stream *s, uint64_t now_ms) {
  uint64_t every_ms = (uint64_t)s->settings.expiry_ms / 8;
  if (every_ms == 0 || now_ms < s->retire_ms)
    return;
  s->retire_ms =
      now_ms + (every_ms < RETIRE_EVERY_MS ? every_ms : RETIRE_EVERY_MS);
  struct gc_directory *d = gc_names_directory(s->site.names, GC_QUEUE);
  struct lists lists = {s, d};
  pthread_mutex_lock(&s->lock);
  if (d != NULL && s->model != NULL && !gc_directory_is_refused(d))
    (void)conversations_retire(s->model, s->settings.expiry_ms, is_listed,
                               &lists);
  pthread_mutex_unlock(&s->lock);
  gc_directory_put(d);
}

/* Past the last pair what happens is not counted. */
static void look_at_counters(struct stream *s) {
  struct gc_err err = {.code = GC_OK};
  struct conversations_stats stats = {.overflow = s->overflow};
  pthread_mutex_lock(&s->lock);
  if (s->model != NULL)
    conversations_stats(s->model, &stats);
  pthread_mutex_unlock(&s->lock);
  if (stats.overflow > s->overflow)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "more than %d pairs of queue and medium: what happens in the "
                  "others is not counted; name fewer queues in this block",
                  PAIRS_MOST);
  s->overflow = stats.overflow;
  s->site.notice(s->site.notice_ctx, "counters", &err);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  struct stream *s = ctx;
  pthread_mutex_lock(&s->lock);
  look_at_channels(s, now_ms);
  tick_model(s, s->heard_ms > 0 ? stream_ms_since(s->heard_ms, now_ms) : 0);
  pthread_mutex_unlock(&s->lock);
  retire_queues(s, now_ms);
  if (++s->ticks % LOOK_TICKS == 0 && s->is_connected) {
    look_at_coverage(s);
    look_at_counters(s);
  }
  (void)gc_timers_set(s->site.edge->timers, &s->timer, now_ms + TICK_MS);
}

/* ---- life ---- */

void stream_free(struct stream *s) {
  if (s == NULL)
    return;
  coverage_clear(&s->coverage);
  conversations_free(s->model);
  drift_free(s->drift);
  cv_decoder_free(s->decoder);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

struct stream *stream_new(const struct stream_settings *settings,
                          const struct stream_site *site, struct gc_err *err) {
  struct stream *s = calloc(1, sizeof(*s));
  if (s != NULL) {
    s->decoder = cv_decoder_new();
    s->drift = drift_new(PAIRS_MOST);
    pthread_mutex_init(&s->lock, NULL);
  }
  if (s == NULL || s->decoder == NULL || s->drift == NULL) {
    stream_free(s);
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  s->settings = *settings;
  s->site = *site;
  if (s->settings.bound_count > CV_BOUNDS_MOST)
    s->settings.bound_count = CV_BOUNDS_MOST;
  memcpy(s->bounds_s, settings->bounds_s,
         s->settings.bound_count * sizeof(s->bounds_s[0]));
  s->timer = (struct gc_timer){.fire = on_tick, .ctx = s};
  s->listener = (struct gc_channels_listener){.patience = settings->patience,
                                              .connected = on_connected,
                                              .gap = on_gap,
                                              .message = on_message,
                                              .rejected = on_rejected,
                                              .ctx = s};
  return s;
}

void stream_select(struct stream *s, const struct selection *selection) {
  struct gc_err err = {.code = GC_OK};
  struct coverage gone;
  if (!s->is_listening) {
    s->is_listening = true;
    gc_channels_listen(s->site.channels, &s->listener);
    on_tick(s, stream_now(s));
  }
  pthread_mutex_lock(&s->lock);
  err.code = coverage_update(&s->coverage, selection, &gone);
  pthread_mutex_unlock(&s->lock);
  if (err.code != GC_OK) {
    (void)gc_fail(&err, err.code, "the topics: %s", gc_code_words(err.code));
    s->site.notice(s->site.notice_ctx, "topics", &err);
    return;
  }
  unwant(s, &gone);
  take_targets(s);
  s->unheard_of = 0;
  s->named = 0;
  for (size_t i = 0; i < s->coverage.count; i++)
    want(s, s->coverage.at[i]);
  if (s->unheard_of > 0)
    tell_coverage(s);
}

void stream_stop(struct stream *s) {
  gc_timers_unset(s->site.edge->timers, &s->timer);
  if (s->is_listening)
    gc_channels_unlisten(s->site.channels, &s->listener);
  s->is_listening = false;
}
