/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/subscription.h"

#include <stdlib.h>

struct subscription {
  struct subscription_deps deps;
  struct gc_channels_listener listener;
  bool is_listening;
  struct gc_topic_coverage coverage;
  struct obs_pushed *decoder;
  struct observations *live; /* NULL: no snapshot yet */
  bool is_current;           /* a snapshot came since the last connection */
};

static bool write_topic(unsigned number, const char *queue,
                        char ret_topic[GC_TOPIC_SIZE]) {
  return obs_topic_name((enum obs_topic)number, queue, ret_topic);
}

static const struct gc_queue_topic_names topic_names = {
    .count = OBS_TOPIC_COUNT, .write = write_topic};

static void on_connected(void *ctx) {
  struct subscription *s = ctx;
  s->is_current = false;
  s->deps.snapshot(s->deps.ctx);
}

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct subscription *s = ctx;
  (void)blind_ms;
  s->is_current = false;
}

/* True for a message without a time, which nothing puts in order with those of
 * the other channel. */
static bool may_undo_newer(const struct gc_message *m) {
  enum obs_topic topic;
  const char *id;
  size_t len;
  return m->may_be_old && obs_topic_read(m->topic, &topic, &id, &len) &&
         topic == OBS_TOPIC_ACTIVITY;
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct subscription *s = ctx;
  struct gc_err err = {.code = GC_OK};
  if (s->live == NULL || m->body == NULL || may_undo_newer(m))
    return;
  s->live->ignored = 0;
  if (obs_pushed_read(s->decoder, s->live, m->topic, m->body, m->body_len, NULL,
                      &err) != GC_OK)
    (void)gc_fail_in(&err, err.code, "%s: ", m->topic);
  if (err.code != GC_OK)
    s->deps.unread(s->deps.ctx);
  s->deps.unknown(s->deps.ctx, &s->live->unknown);
  if (s->live->ignored > 0)
    s->deps.ignored(s->deps.ctx, s->live->ignored);
  s->deps.notice(s->deps.notice_ctx, "pushed observations", &err);
}

struct subscription *subscription_new(const struct subscription_deps *deps) {
  struct subscription *s = calloc(1, sizeof(*s));
  if (s != NULL)
    s->decoder = obs_pushed_new();
  if (s == NULL || s->decoder == NULL) {
    free(s);
    return NULL;
  }
  s->deps = *deps;
  s->coverage.names = &topic_names;
  s->listener = (struct gc_channels_listener){.timeouts = deps->timeouts,
                                              .connected = on_connected,
                                              .gap = on_gap,
                                              .message = on_message,
                                              .ctx = s};
  return s;
}

void subscription_stop(struct subscription *s) {
  if (s->is_listening)
    gc_channels_unlisten(s->deps.channels, &s->listener);
  s->is_listening = false;
}

void subscription_free(struct subscription *s) {
  if (s == NULL)
    return;
  gc_topic_coverage_clear(&s->coverage);
  obs_pushed_free(s->decoder);
  observations_put(s->live);
  free(s);
}

static void drop_model(struct subscription *s) {
  observations_put(s->live);
  s->live = NULL;
  s->is_current = false;
}

void subscription_select(struct subscription *s,
                         const struct selection *selection) {
  struct gc_err err = {.code = GC_OK};
  struct gc_topic_coverage gone;
  if (!s->is_listening)
    gc_channels_listen(s->deps.channels, &s->listener);
  s->is_listening = true;
  enum gc_code code = gc_topic_coverage_update(&s->coverage, selection->ids,
                                               selection->count, &gone);
  if (code == GC_OK) {
    if (gone.count > 0)
      drop_model(s);
    gc_topic_coverage_leave(&gone, s->deps.channels, &s->listener);
    code = gc_topic_coverage_subscribe(&s->coverage, selection->ids,
                                       selection->count, s->deps.channels,
                                       &s->listener);
  }
  if (code != GC_OK)
    (void)gc_fail(&err, code,
                  "not every queue has its topics (no room on the account's "
                  "notification channels, or no memory): all are polled each "
                  "interval, as with Observations \"query\"");
  s->deps.notice(s->deps.notice_ctx, "observation topics", &err);
}

enum gc_code subscription_add_snapshot(struct subscription *s,
                                       struct observations *reading,
                                       int64_t asked_ms) {
  if (s->live == NULL)
    s->live = observations_new();
  if (s->live == NULL)
    return GC_ERR_MEMORY;
  GC_TRY(observations_zero_gone(reading, s->live, NULL));
  GC_TRY(observations_merge(s->live, reading, asked_ms));
  s->is_current = true;
  return GC_OK;
}

bool subscription_is_complete(struct subscription *s) {
  struct gc_channel_stats stats;
  gc_channels_stats_for(s->deps.channels, &s->listener, &stats);
  return s->is_current && s->live != NULL && stats.connected &&
         gc_topic_coverage_check_all(&s->coverage, s->deps.channels);
}

struct observations *subscription_copy(const struct subscription *s) {
  struct observations *copy = s->live != NULL ? observations_new() : NULL;
  if (copy != NULL && observations_merge(copy, s->live, 0) != GC_OK) {
    observations_put(copy);
    copy = NULL;
  }
  return copy;
}
