/* SPDX-License-Identifier: MIT */
#include "common/net/channels/queue_topics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/channels/listening.h"

enum {
  TICK_MS = 1000,
  COVERAGE_TICKS = 30, /* between two checks of the coverage */
  REASON_SIZE = 120,
};

struct gc_queue_topics {
  struct gc_queue_topics_deps deps;
  struct gc_queue_topics_user user;

  /* Used by the account's thread only. */
  struct gc_channels_listener listener;
  struct gc_names_listener queues;
  struct gc_timer timer;
  char **ids; /* of the queues whose topics are subscribed */
  size_t count;
  size_t without_room;      /* queues for which the channels have no room */
  char reason[REASON_SIZE]; /* why the platform refused the last one */
  unsigned ticks;
  bool is_running;

  /* Under the lock. */
  pthread_mutex_t lock;
  struct gc_listening listening;
  size_t wanted, covered;
};

static uint64_t now_ms_of(const struct gc_queue_topics *t) {
  return t->deps.env->now_ms(t->deps.env->ctx);
}

/* ---- the state of the channels ---- */

static void read_channels(struct gc_queue_topics *t) {
  struct gc_channel_stats stats;
  gc_channels_stats_for(t->deps.channels, &t->listener, &stats);
  pthread_mutex_lock(&t->lock);
  gc_listening_take(&t->listening, &stats, now_ms_of(t));
  pthread_mutex_unlock(&t->lock);
}

/* ---- coverage ---- */

static void report_coverage(struct gc_queue_topics *t, size_t missing) {
  struct gc_err err = {.code = GC_OK};
  if (missing > 0 && t->without_room > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%zu of %zu queues are not heard (no room on the account's "
                  "notification channels): what flows count there is missing; "
                  "Source \"sqs\" or \"webhook\" has no such limit",
                  missing, t->count);
  else if (missing > 0)
    (void)gc_fail(&err, GC_ERR_PERMISSION,
                  "%zu of %zu queues are not heard (%s): what flows count "
                  "there is missing; give the OAuth client a role with "
                  "routing:queue:view in the queues' divisions",
                  missing, t->count,
                  t->reason[0] != '\0' ? t->reason : "not subscribed");
  t->user.notice(t->user.notice_ctx, "topics", &err);
}

static void check_coverage(struct gc_queue_topics *t) {
  char topic[GC_TOPIC_SIZE];
  size_t covered = 0;
  read_channels(t);
  for (size_t i = 0; i < t->count; i++) {
    gc_topic_of_queue(topic, t->ids[i]);
    covered += gc_channels_covers(t->deps.channels, topic);
  }
  pthread_mutex_lock(&t->lock);
  t->wanted = t->count;
  t->covered = covered;
  bool is_complete = t->listening.is_connected && t->listening.is_answered;
  pthread_mutex_unlock(&t->lock);
  /* Otherwise a channel or a topic is on its way. */
  if (is_complete || t->without_room > 0)
    report_coverage(t, t->count - covered);
}

/* ---- subscriptions ---- */

static void unsubscribe_queue(struct gc_queue_topics *t, const char *queue) {
  char topic[GC_TOPIC_SIZE];
  gc_topic_of_queue(topic, queue);
  gc_channels_unsubscribe(t->deps.channels, &t->listener, topic);
}

/* Topics that are subscribed already stay on their channels. */
static void subscribe_all(struct gc_queue_topics *t) {
  char topic[GC_TOPIC_SIZE];
  t->without_room = 0;
  for (size_t i = 0; i < t->count; i++) {
    gc_topic_of_queue(topic, t->ids[i]);
    if (gc_channels_subscribe(t->deps.channels, &t->listener, topic, NULL,
                              NULL) != GC_OK)
      t->without_room++;
  }
}

static void free_ids(char **ids, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(ids[i]);
  free(ids);
}

/* All ids of the list; NULL when out of memory. */
static char **copy_ids(const struct gc_entities *d, size_t count) {
  char **ids = calloc(count + 1, sizeof(char *));
  for (size_t i = 0; ids != NULL && i < count; i++) {
    ids[i] = strdup(gc_entities_at(d, i)->id);
    if (ids[i] == NULL) {
      free_ids(ids, i);
      return NULL;
    }
  }
  return ids;
}

static void take_queues(struct gc_queue_topics *t,
                        const struct gc_entities *d) {
  size_t count = gc_entities_count(d);
  char **ids = copy_ids(d, count);
  if (ids == NULL)
    return; /* the next list comes in ten minutes */
  for (size_t i = 0; i < t->count; i++)
    if (gc_entities_find(d, t->ids[i]) == NULL)
      unsubscribe_queue(t, t->ids[i]);
  free_ids(t->ids, t->count);
  t->ids = ids;
  t->count = count;
  subscribe_all(t);
}

/* After a refused list the known queues stay. */
static void on_queues(void *ctx, struct gc_entities *list) {
  struct gc_queue_topics *t = ctx;
  struct gc_err err = {.code = GC_OK};
  bool is_refused = gc_entities_is_refused(list);
  take_queues(t, list);
  if (t->count == 0)
    (void)gc_fail(&err, is_refused ? GC_ERR_PERMISSION : GC_ERR_NOT_FOUND,
                  "%s: no topic to listen to; give the OAuth client a role "
                  "with routing:queue:view",
                  is_refused ? "the list of queues is refused"
                             : "the OAuth client's roles see no queue");
  t->user.notice(t->user.notice_ctx, "queues", &err);
  check_coverage(t);
}

/* ---- the channels' events ---- */

/* Missed events cannot be requested; the next event of a conversation has all
 * attributes that its flows have set. */
static void on_connected(void *ctx) { check_coverage(ctx); }

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct gc_queue_topics *t = ctx;
  pthread_mutex_lock(&t->lock);
  gc_listening_blind(&t->listening, now_ms_of(t), blind_ms);
  pthread_mutex_unlock(&t->lock);
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct gc_queue_topics *t = ctx;
  t->user.message(t->user.ctx, m);
}

/* The coverage is reported when the other topics are subscribed. */
static void on_rejected(void *ctx, const char *topic, void *tag,
                        const char *reason) {
  struct gc_queue_topics *t = ctx;
  (void)topic, (void)tag;
  snprintf(t->reason, sizeof(t->reason), "%s", reason);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  struct gc_queue_topics *t = ctx;
  read_channels(t);
  if (t->ticks++ % COVERAGE_TICKS == 0)
    check_coverage(t);
  t->user.tick(t->user.ctx);
  (void)gc_timers_set(t->deps.env->timers, &t->timer, now_ms + TICK_MS);
}

/* ---- life ---- */

static void start_on_loop(void *ctx) {
  struct gc_queue_topics *t = ctx;
  t->is_running = true;
  pthread_mutex_lock(&t->lock);
  t->listening.began_ms = now_ms_of(t);
  pthread_mutex_unlock(&t->lock);
  gc_channels_listen(t->deps.channels, &t->listener);
  gc_names_listen(t->deps.names, &t->queues);
  (void)gc_timers_set(t->deps.env->timers, &t->timer, now_ms_of(t) + TICK_MS);
}

static void stop_on_loop(void *ctx) {
  struct gc_queue_topics *t = ctx;
  if (!t->is_running)
    return;
  t->is_running = false;
  gc_timers_unset(t->deps.env->timers, &t->timer);
  gc_names_unlisten(t->deps.names, &t->queues);
  gc_channels_unlisten(t->deps.channels, &t->listener);
}

struct gc_queue_topics *
gc_queue_topics_new(const struct gc_queue_topics_deps *deps,
                    const struct gc_queue_topics_user *user) {
  struct gc_queue_topics *t = calloc(1, sizeof(*t));
  if (t == NULL)
    return NULL;
  t->deps = *deps;
  t->user = *user;
  t->listener = (struct gc_channels_listener){.connected = on_connected,
                                              .gap = on_gap,
                                              .message = on_message,
                                              .rejected = on_rejected,
                                              .ctx = t};
  t->queues = (struct gc_names_listener){
      .kind = GC_QUEUE, .changed = on_queues, .ctx = t};
  t->timer = (struct gc_timer){.fire = on_tick, .ctx = t};
  pthread_mutex_init(&t->lock, NULL);
  return t;
}

void gc_queue_topics_start(struct gc_queue_topics *t) {
  gc_loop_call(t->deps.loop, start_on_loop, t);
}

void gc_queue_topics_stop(struct gc_queue_topics *t) {
  if (t != NULL)
    gc_loop_call(t->deps.loop, stop_on_loop, t);
}

void gc_queue_topics_free(struct gc_queue_topics *t) {
  if (t == NULL)
    return;
  gc_queue_topics_stop(t);
  free_ids(t->ids, t->count);
  pthread_mutex_destroy(&t->lock);
  free(t);
}

void gc_queue_topics_state(struct gc_queue_topics *t,
                           struct gc_queue_topics_state *ret) {
  uint64_t now_ms = now_ms_of(t);
  pthread_mutex_lock(&t->lock);
  *ret = (struct gc_queue_topics_state){
      .is_connected = t->listening.is_connected,
      .was_heard = t->listening.heard_ms > 0,
      .wanted = t->wanted,
      .covered = t->covered,
      .reconnects = t->listening.reconnects,
      .silence_ms = gc_listening_silence_ms(&t->listening, now_ms),
      .malformed = t->listening.malformed,
      .others = t->listening.others,
      .gap_ms = gc_listening_gap_ms(&t->listening, now_ms)};
  pthread_mutex_unlock(&t->lock);
}
