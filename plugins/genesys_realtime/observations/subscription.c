/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/subscription.h"

#include <stdlib.h>

struct push {
  struct push_deps deps;
  struct gc_channels_listener listener;
  bool is_listening;
  struct coverage coverage;
  struct obs_pushed *decoder;
  struct observations *live; /* NULL: no snapshot yet */
  bool is_current;           /* a snapshot came since the last connection */
};

static void on_connected(void *ctx) {
  struct push *p = ctx;
  p->is_current = false;
  p->deps.snapshot(p->deps.ctx);
}

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct push *p = ctx;
  (void)blind_ms;
  p->is_current = false;
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct push *p = ctx;
  struct gc_err err = {.code = GC_OK};
  if (p->live == NULL || m->body == NULL)
    return;
  if (obs_pushed_read(p->decoder, p->live, m->topic, m->body, m->body_len, NULL,
                      &err) != GC_OK)
    (void)gc_fail_in(&err, err.code, "%s: ", m->topic);
  p->deps.notice(p->deps.notice_ctx, "pushed observations", &err);
}

struct push *push_new(const struct push_deps *deps) {
  struct push *p = calloc(1, sizeof(*p));
  if (p != NULL)
    p->decoder = obs_pushed_new();
  if (p == NULL || p->decoder == NULL) {
    free(p);
    return NULL;
  }
  p->deps = *deps;
  p->listener = (struct gc_channels_listener){.timeouts = deps->timeouts,
                                              .connected = on_connected,
                                              .gap = on_gap,
                                              .message = on_message,
                                              .ctx = p};
  return p;
}

void push_stop(struct push *p) {
  if (p->is_listening)
    gc_channels_unlisten(p->deps.channels, &p->listener);
  p->is_listening = false;
}

void push_free(struct push *p) {
  if (p == NULL)
    return;
  coverage_clear(&p->coverage);
  obs_pushed_free(p->decoder);
  observations_put(p->live);
  free(p);
}

static void forget(struct push *p) {
  observations_put(p->live);
  p->live = NULL;
  p->is_current = false;
}

static enum gc_code want(struct push *p, const char *queue) {
  char topic[GC_TOPIC_SIZE];
  for (int t = 0; t < OBS_TOPIC_COUNT; t++)
    if (obs_topic_name((enum obs_topic)t, queue, topic))
      GC_TRY(gc_channels_subscribe(p->deps.channels, &p->listener, topic, p, NULL));
  return GC_OK;
}

static void unwant(struct push *p, struct coverage *gone) {
  char topic[GC_TOPIC_SIZE];
  for (size_t i = 0; i < gone->count; i++)
    for (int t = 0; t < OBS_TOPIC_COUNT; t++)
      if (obs_topic_name((enum obs_topic)t, gone->at[i]->id, topic))
        gc_channels_unsubscribe(p->deps.channels, &p->listener, topic);
  if (gone->count > 0)
    forget(p);
  coverage_clear(gone);
}

void push_select(struct push *p, const struct selection *selection) {
  struct gc_err err = {.code = GC_OK};
  struct coverage gone;
  if (!p->is_listening)
    gc_channels_listen(p->deps.channels, &p->listener);
  p->is_listening = true;
  enum gc_code code = coverage_update(&p->coverage, selection, &gone);
  if (code == GC_OK) {
    unwant(p, &gone);
    for (size_t i = 0; i < p->coverage.count; i++)
      if (want(p, p->coverage.at[i]->id) != GC_OK)
        code = GC_ERR_LIMIT;
  }
  if (code != GC_OK)
    (void)gc_fail(&err, code,
                  "not every queue has its topics (no room on the account's "
                  "notification channels, or no memory): all are asked for "
                  "each interval, as with Observations \"query\"");
  p->deps.notice(p->deps.notice_ctx, "observation topics", &err);
}

enum gc_code push_snapshot(struct push *p, const struct observations *reading,
                           int64_t asked_ms) {
  if (p->live == NULL)
    p->live = observations_new();
  if (p->live == NULL)
    return GC_ERR_MEMORY;
  GC_TRY(observations_merge(p->live, reading, asked_ms));
  p->is_current = true;
  return GC_OK;
}

/* One topic that is missing makes all of it a matter of asking. */
static bool is_covered(const struct push *p) {
  char topic[GC_TOPIC_SIZE];
  for (size_t i = 0; i < p->coverage.count; i++)
    for (int t = 0; t < OBS_TOPIC_COUNT; t++)
      if (!obs_topic_name((enum obs_topic)t, p->coverage.at[i]->id, topic) ||
          !gc_channels_covers(p->deps.channels, topic))
        return false;
  return true;
}

bool push_is_whole(const struct push *p) {
  struct gc_channel_stats stats;
  gc_channels_stats_for(p->deps.channels, &p->listener, &stats);
  return p->is_current && p->live != NULL && stats.connected && is_covered(p);
}

struct observations *push_copy(const struct push *p) {
  struct observations *copy = p->live != NULL ? observations_new() : NULL;
  if (copy != NULL && observations_merge(copy, p->live, 0) != GC_OK) {
    observations_put(copy);
    copy = NULL;
  }
  return copy;
}
