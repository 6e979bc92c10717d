/* SPDX-License-Identifier: MIT */
#include "common/net/channels/queue_topics.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/net/channels/listening.h"
#include "common/net/channels/topic_coverage.h"

enum {
  TICK_MS = 1000,
  COVERAGE_TICKS = 30, /* ticks between two checks of the coverage */
};

struct gc_queue_topics {
  struct gc_queue_topics_deps deps;
  struct gc_queue_topics_user user;

  /* Used by the account's thread only. */
  struct gc_channels_listener listener;
  struct gc_names_listener queues;
  struct gc_timer timer;
  unsigned ticks;
  bool is_running;

  /* Changed by the account's thread, under the lock. */
  pthread_mutex_t lock;
  struct gc_listening listening;
  struct gc_topic_coverage coverage;
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

static void report_coverage(struct gc_queue_topics *t) {
  struct gc_err err = {.code = GC_OK};
  const struct gc_topic_coverage *c = &t->coverage;
  size_t missing = c->count - c->covered;
  if (gc_topic_coverage_without_room(c) > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%zu of %zu queues get no events (no room on the account's "
                  "notification channels): their flow metrics are missing; "
                  "Source \"sqs\" or \"webhook\" has no such limit",
                  missing, c->count);
  else if (missing > 0)
    (void)gc_fail(&err, GC_ERR_PERMISSION,
                  "%zu of %zu queues get no events (%s): their flow metrics "
                  "are missing; give the OAuth client a role with "
                  "routing:queue:view in the queues' divisions",
                  missing, c->count,
                  c->reason[0] != '\0' ? c->reason : "not subscribed");
  t->user.notice(t->user.notice_ctx, "topics", &err);
}

static void check_coverage(struct gc_queue_topics *t) {
  read_channels(t);
  pthread_mutex_lock(&t->lock);
  (void)gc_topic_coverage_check_all(&t->coverage, t->deps.channels);
  bool is_complete = t->listening.is_connected && t->listening.is_answered;
  pthread_mutex_unlock(&t->lock);
  /* Otherwise a channel is not connected, or a topic has no answer yet. */
  if (is_complete || gc_topic_coverage_without_room(&t->coverage) > 0)
    report_coverage(t);
}

/* ---- subscriptions ---- */

/* Returns all ids of the list, borrowed from it; NULL when out of memory. */
static char **list_ids(const struct gc_entities *entities) {
  size_t count = gc_entities_count(entities);
  char **ids = calloc(count + 1, sizeof(char *));
  for (size_t i = 0; ids != NULL && i < count; i++)
    ids[i] = (char *)gc_entities_at(entities, i)->id;
  return ids;
}

static enum gc_code update_coverage(struct gc_queue_topics *t, char **ids,
                                    size_t count,
                                    struct gc_topic_coverage *ret_gone) {
  pthread_mutex_lock(&t->lock);
  enum gc_code code =
      gc_topic_coverage_update(&t->coverage, ids, count, ret_gone);
  pthread_mutex_unlock(&t->lock);
  return code;
}

/* Takes the queues of a list. When memory runs out, the next list comes in ten
 * minutes. */
static void take_queues(struct gc_queue_topics *t,
                        const struct gc_entities *entities) {
  struct gc_topic_coverage gone;
  size_t count = gc_entities_count(entities);
  char **ids = list_ids(entities);
  if (ids != NULL && update_coverage(t, ids, count, &gone) == GC_OK) {
    gc_topic_coverage_leave(&gone, t->deps.channels, &t->listener);
    (void)!gc_topic_coverage_subscribe(&t->coverage, ids, count,
                                       t->deps.channels, &t->listener);
  }
  free(ids);
}

/* Follows a new list of queues. A refused list has the known queues. */
static void on_queues(void *ctx, struct gc_entities *list) {
  struct gc_queue_topics *t = ctx;
  struct gc_err err = {.code = GC_OK};
  bool is_refused = gc_entities_is_refused(list);
  take_queues(t, list);
  if (t->coverage.count == 0)
    (void)gc_fail(&err, is_refused ? GC_ERR_PERMISSION : GC_ERR_NOT_FOUND,
                  "%s: no topic to listen to; give the OAuth client a role "
                  "with routing:queue:view",
                  is_refused ? "the list of queues is refused"
                             : "the OAuth client's roles see no queue");
  t->user.notice(t->user.notice_ctx, "queues", &err);
  check_coverage(t);
}

/* ---- the channels' events ---- */

/* Checks only the coverage: missed events cannot be requested, and the next
 * event of a conversation has all attributes that its flows have set. */
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

/* Notes a rejected topic; the coverage is reported when the other topics are
 * subscribed. */
static void on_rejected(void *ctx, const char *topic, void *tag,
                        const char *reason) {
  struct gc_queue_topics *t = ctx;
  (void)topic;
  gc_topic_coverage_reject(&t->coverage, tag, reason);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  struct gc_queue_topics *t = ctx;
  read_channels(t);
  if (t->ticks++ % COVERAGE_TICKS == 0)
    check_coverage(t);
  t->user.tick(t->user.ctx);
  (void)gc_timers_set(t->deps.env->timers, &t->timer, now_ms + TICK_MS);
}

/* ---- start and stop ---- */

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
  t->coverage.names = &gc_conversation_topic_names;
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
  gc_topic_coverage_clear(&t->coverage);
  pthread_mutex_destroy(&t->lock);
  free(t);
}

void gc_queue_topics_state(struct gc_queue_topics *t,
                           struct gc_queue_topics_state *ret) {
  uint64_t now_ms = now_ms_of(t);
  pthread_mutex_lock(&t->lock);
  *ret = (struct gc_queue_topics_state){
      .is_connected = t->listening.is_connected,
      .has_received = t->listening.last_message_ms > 0,
      .wanted = t->coverage.count,
      .covered = t->coverage.covered,
      .reconnects = t->listening.reconnects,
      .silence_ms = gc_listening_silence_ms(&t->listening, now_ms),
      .malformed = t->listening.malformed,
      .others = t->listening.others,
      .gap_ms = gc_listening_gap_ms(&t->listening, now_ms)};
  pthread_mutex_unlock(&t->lock);
}
