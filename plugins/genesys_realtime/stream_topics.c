/* SPDX-License-Identifier: MIT */
/* Stream "notifications": a topic for each queue on the account's channels. */
#include <stdio.h>

#include "plugins/genesys_realtime/stream_inside.h"

enum {
  LOOK_TICKS = 30, /* how often refused topics are looked at again */
  NAMED_MOST = 20, /* refused topics that get a line of their own */
};

static void print_topic(char out[GC_TOPIC_ROOM], const char *queue) {
  snprintf(out, GC_TOPIC_ROOM, "v2.routing.queues.%s.conversations", queue);
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

static void look_at_coverage(struct stream *s) {
  char topic[GC_TOPIC_ROOM];
  pthread_mutex_lock(&s->lock);
  for (size_t i = 0; i < s->coverage.count; i++) {
    struct covered_queue *q = s->coverage.at[i];
    print_topic(topic, q->id);
    coverage_set(&s->coverage, q, gc_channels_covers(s->site.channels, topic));
  }
  pthread_mutex_unlock(&s->lock);
  tell_coverage(s);
}

/* What is covered is looked at once the others are subscribed. */
static void on_rejected(void *ctx, const char *topic, void *tag,
                        const char *reason) {
  struct stream *s = ctx;
  struct gc_err err = {.code = GC_OK};
  char cause[GC_TOPIC_ROOM + 16];
  (void)tag;
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

static void want(struct stream *s, struct covered_queue *q) {
  char topic[GC_TOPIC_ROOM];
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

/* ---- what the channels tell ---- */

static void on_connected(void *ctx) {
  struct stream *s = ctx;
  stream_make_model(s);
  stream_take_targets(s);
  look_at_coverage(s);
  s->site.snapshot(s->site.ctx);
}

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct stream *s = ctx;
  pthread_mutex_lock(&s->lock);
  s->gap_ms += blind_ms;
  s->heard_ms = stream_now(s);
  s->blind_since_ms = 0;
  s->is_connected = true;
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

/* ---- the source ---- */

static void tick(struct stream *s, uint64_t now_ms) {
  struct gc_channel_stats stats;
  gc_channels_stats(s->site.channels, &stats);
  pthread_mutex_lock(&s->lock);
  s->is_connected = stats.connected;
  s->reconnects = stats.reconnects;
  if (stats.connected)
    s->heard_ms = now_ms - stats.silence_ms;
  s->blind_since_ms = stats.blind_ms > 0 ? now_ms - stats.blind_ms : 0;
  pthread_mutex_unlock(&s->lock);
  if (++s->ticks % LOOK_TICKS == 0 && stats.connected)
    look_at_coverage(s);
}

static enum gc_code start(struct stream *s) {
  s->listener = (struct gc_channels_listener){.patience = s->settings.patience,
                                              .connected = on_connected,
                                              .gap = on_gap,
                                              .message = on_message,
                                              .rejected = on_rejected,
                                              .ctx = s};
  gc_channels_listen(s->site.channels, &s->listener);
  return GC_OK;
}

static void select_topics(struct stream *s, const struct selection *selection) {
  struct gc_err err = {.code = GC_OK};
  struct coverage gone;
  pthread_mutex_lock(&s->lock);
  err.code = coverage_update(&s->coverage, selection, &gone);
  pthread_mutex_unlock(&s->lock);
  if (err.code != GC_OK) {
    (void)gc_fail(&err, err.code, "the topics: %s", gc_code_words(err.code));
    s->site.notice(s->site.notice_ctx, "topics", &err);
    return;
  }
  unwant(s, &gone);
  stream_take_targets(s);
  s->unheard_of = 0;
  s->named = 0;
  for (size_t i = 0; i < s->coverage.count; i++)
    want(s, s->coverage.at[i]);
  if (s->unheard_of > 0)
    tell_coverage(s);
}

static void stop(struct stream *s) {
  gc_channels_unlisten(s->site.channels, &s->listener);
}

const struct stream_source stream_topics = {start, select_topics, tick, stop};
