/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/assert.h"
#include "common/net/channels/slot.h"

struct gc_channels {
  struct gc_channel_deps deps;
  struct gc_channel_timeouts timeouts;
  struct gc_creations creations;
  struct gc_slot_owner owner;
  struct gc_id_store id_stores[GC_CHANNELS_MAX];
  struct gc_slot slots[GC_CHANNELS_MAX];
  unsigned id_store_count, slot_count; /* used slots come first */
  unsigned slots_max;
  bool is_paused;
  struct gc_topics waiting; /* topics that wait for room, or during a pause */
  struct gc_channels_listener *listeners;
  struct gc_timer admission; /* subscribes waiting topics */
  struct gc_timer turn;      /* starts the next renewal */
};

/* ---- which topic goes to which slot ---- */

static bool has_topic(const struct gc_topics *t, const char *key) {
  return gc_topics_find(t, key) != NULL;
}

static bool has_room(const struct gc_topics *t, const char *key) {
  (void)key;
  return t->count < GC_TOPICS_MAX;
}

static bool can_make_room(const struct gc_topics *t, const char *key) {
  (void)key;
  return t->wanted < GC_TOPICS_MAX;
}

/* The rules in the order in which they are tried. */
static bool (*const rules[])(const struct gc_topics *t, const char *key) = {
    has_topic, has_room, can_make_room};

/* Writes GC_TOPIC_SIZE bytes at most, in lower case. A longer text is cut; it
 * is not a topic. */
static void gc_channels_make_key(char *key, const char *topic) {
  snprintf(key, GC_TOPIC_SIZE, "%s", topic);
  gc_lower_text(key);
}

static bool is_wanted(const struct gc_topics *t, const char *key) {
  const struct gc_topic *topic = gc_topics_find(t, key);
  return topic != NULL && topic->subscribers != NULL;
}

/* Finds the slot for a topic; NULL: no slot has room. */
static struct gc_slot *find_slot(struct gc_channels *c, const char *key) {
  for (size_t r = 0; r < GC_COUNT(rules); r++)
    for (unsigned i = 0; i < c->slot_count; i++) {
      const struct gc_topics *t = gc_slot_topics(&c->slots[i]);
      if (rules[r](t, key) && (can_make_room(t, key) || is_wanted(t, key)))
        return &c->slots[i];
    }
  return c->slot_count < c->slots_max ? &c->slots[c->slot_count] : NULL;
}

/* Subscribes to the topic on the first slot with room. GC_ERR_LIMIT: there is
 * none. */
static enum gc_code gc_channels_assign(struct gc_channels *c,
                                       struct gc_channels_listener *l,
                                       const char *topic, void *tag,
                                       struct gc_err *err) {
  char key[GC_TOPIC_SIZE];
  gc_channels_make_key(key, topic);
  struct gc_slot *s = find_slot(c, key);
  if (s == NULL)
    return gc_fail(
        err, GC_ERR_LIMIT,
        "no room: %u notification channels of %d topics are full; divide "
        "the topics among agents with an OAuth client each",
        c->slots_max, GC_TOPICS_MAX);
  GC_TRY(gc_slot_subscribe(s, topic, l, tag, err));
  l->has_news |= 1u << s->number;
  if (l->since_ms[s->number] == 0)
    l->since_ms[s->number] = c->deps.env->now_ms(c->deps.env->ctx);
  if (s->number >= c->slot_count)
    c->slot_count = s->number + 1;
  return GC_OK;
}

/* Subscribes the topics that wait, first come first served, as far as there is
 * room. A topic that is subscribed meanwhile may come before them. */
static void gc_channels_admit(struct gc_channels *c) {
  for (size_t i = 0; i < c->waiting.count; i++) {
    struct gc_topic *topic = c->waiting.list[i];
    while (topic->subscribers != NULL) {
      struct gc_channels_listener *l = topic->subscribers->owner;
      if (gc_channels_assign(c, l, topic->name, topic->subscribers->tag,
                             NULL) != GC_OK)
        return;
      gc_topics_unsubscribe(&c->waiting, topic->name, l);
    }
  }
  gc_topics_restart(&c->waiting); /* removes topics without a subscriber */
}

static const struct gc_channel_timeouts usual = {
    .idle_timeout_ms = 40000,
    .reconnect_min_ms = 1000,
    .reconnect_max_ms = 30000,
};

enum {
  /* Usual time of a renewal: creation, subscription, connection, overlap. */
  RENEWAL_USUAL_MS = 8000,
};

static void schedule_now(struct gc_channels *c, struct gc_timer *timer) {
  const struct gc_env *env = c->deps.env;
  gc_timers_set(env->timers, timer, env->now_ms(env->ctx));
}

/* ---- timeouts ---- */

static void take_smallest(uint32_t *min, uint32_t wish, uint32_t if_none) {
  uint32_t ms = wish > 0 ? wish : if_none;
  if (*min == 0 || ms < *min)
    *min = ms;
}

static void agree_on_timeouts(struct gc_channels *c) {
  struct gc_channel_timeouts min = {0, 0, 0};
  for (const struct gc_channels_listener *l = c->listeners; l != NULL;
       l = l->next) {
    take_smallest(&min.idle_timeout_ms, l->timeouts.idle_timeout_ms,
                  usual.idle_timeout_ms);
    take_smallest(&min.reconnect_min_ms, l->timeouts.reconnect_min_ms,
                  usual.reconnect_min_ms);
    take_smallest(&min.reconnect_max_ms, l->timeouts.reconnect_max_ms,
                  usual.reconnect_max_ms);
  }
  c->timeouts = c->listeners != NULL ? min : usual;
  for (unsigned i = 0; i < c->slot_count; i++)
    gc_slot_set_timeouts(&c->slots[i]);
}

/* ---- stored ids and the order of renewals ---- */

static struct gc_id_store *take_id_store(void *ctx) {
  struct gc_channels *c = ctx;
  for (unsigned i = 0; i < c->id_store_count; i++)
    if (!c->id_stores[i].is_taken) {
      c->id_stores[i].is_taken = true;
      return &c->id_stores[i];
    }
  return NULL;
}

/* Schedules a slot's renewal: only one runs at a time. */
static void schedule_turn(void *ctx) {
  struct gc_channels *c = ctx;
  schedule_now(c, &c->turn);
}

/* Returns the first slot in one of two states; NULL: there is none. */
static struct gc_slot *slot_in(struct gc_channels *c, enum gc_renewal a,
                               enum gc_renewal b) {
  for (unsigned i = 0; i < c->slot_count; i++)
    if (c->slots[i].renewal == a || c->slots[i].renewal == b)
      return &c->slots[i];
  return NULL;
}

/* True if a slot would give up before all that wait had their turn. */
static bool is_crowded(const struct gc_channels *c, uint64_t now_ms) {
  uint64_t first_ms = UINT64_MAX, need_ms = 0;
  for (unsigned i = 0; i < c->slot_count; i++) {
    const struct gc_slot *s = &c->slots[i];
    if (s->renewal != GC_RENEWAL_WAITS)
      continue;
    need_ms += RENEWAL_USUAL_MS;
    if (gc_slot_gives_up_ms(s) < first_ms)
      first_ms = gc_slot_gives_up_ms(s);
  }
  return now_ms + need_ms > first_ms;
}

static void on_turn(void *ctx, uint64_t now_ms) {
  struct gc_channels *c = ctx;
  uint32_t token = gc_api_token_number(c->deps.api);
  for (unsigned i = 0; i < c->slot_count; i++)
    gc_slot_check_token(&c->slots[i], token);
  struct gc_slot *busy = slot_in(c, GC_RENEWAL_RUNS, GC_RENEWAL_ENDS);
  struct gc_slot *first = slot_in(c, GC_RENEWAL_WAITS, GC_RENEWAL_WAITS);
  if (busy != NULL && is_crowded(c, now_ms))
    gc_slot_end_overlap(busy);
  else if (busy == NULL && first != NULL)
    gc_slot_renew(first);
}

/* Schedules the subscription of waiting topics. It runs before a slot loses
 * topics, since a slot without topics closes its socket. */
static void schedule_admission(struct gc_channels *c) {
  if (c->waiting.wanted > 0 && !c->is_paused)
    schedule_now(c, &c->admission);
}

/* ---- reports to listeners; ctx is the channels ---- */

/* Marks the listeners of a topic. A topic that is not subscribed yet causes
 * another snapshot later. */
static void mark_subscribers(const struct gc_topic *topic) {
  bool is_pending = !topic->is_on_channel && topic->state != GC_TOPIC_REJECTED;
  for (const struct gc_topic_subscriber *w = topic->subscribers; w != NULL;
       w = w->next) {
    struct gc_channels_listener *l = w->owner;
    l->is_concerned = true;
    l->is_pending |= is_pending;
  }
}

static void report_ready(void *ctx, struct gc_slot *slot, bool is_new,
                         uint64_t blind_ms) {
  struct gc_channels *c = ctx;
  const struct gc_topics *topics = gc_slot_topics(slot);
  const uint32_t bit = 1u << slot->number;
  struct gc_channels_listener *next;
  for (struct gc_channels_listener *l = c->listeners; l != NULL; l = l->next)
    l->is_concerned = l->is_pending = false;
  for (size_t i = 0; i < topics->count; i++)
    mark_subscribers(topics->list[i]);
  for (struct gc_channels_listener *l = c->listeners; l != NULL; l = next) {
    next = l->next;
    bool has_news = (l->has_news & bit) != 0;
    if (!l->is_concerned || (!is_new && blind_ms == 0 && !has_news))
      continue;
    bool was_connected = (l->was_connected & bit) != 0;
    void (*connected)(void *) = l->connected;
    void *listener_ctx = l->ctx;
    if (!l->is_pending)
      l->has_news &= ~bit;
    l->was_connected |= bit;
    if (blind_ms > 0 && was_connected && l->gap != NULL)
      l->gap(listener_ctx, blind_ms);
    connected(listener_ctx);
  }
}

static void report_event(void *ctx,
                         const struct gc_topic_subscriber *subscribers,
                         const struct gc_notification *n, const char *bytes,
                         size_t len, bool may_be_old) {
  (void)ctx;
  for (const struct gc_topic_subscriber *sub = subscribers, *next; sub != NULL;
       sub = next) {
    const struct gc_channels_listener *l = sub->owner;
    next = sub->next;
    struct gc_message m = {.topic = n->topic,
                           .tag = sub->tag,
                           .body = n->body,
                           .body_len = n->body_len,
                           .bytes = bytes,
                           .len = len,
                           .may_be_old = may_be_old};
    if (l->message != NULL)
      l->message(l->ctx, &m);
  }
}

static void report_rejected(void *ctx, const struct gc_topic *topic,
                            const char *reason) {
  (void)ctx;
  for (const struct gc_topic_subscriber *sub = topic->subscribers, *next;
       sub != NULL; sub = next) {
    const struct gc_channels_listener *l = sub->owner;
    next = sub->next;
    if (l->rejected != NULL)
      l->rejected(l->ctx, topic->name, sub->tag, reason);
  }
}

/* ---- public ---- */

static void on_admission(void *ctx, uint64_t now_ms) {
  struct gc_channels *c = ctx;
  (void)now_ms;
  if (!c->is_paused)
    gc_channels_admit(c);
}

struct gc_channels *gc_channels_new(const struct gc_channel_deps *deps) {
  struct gc_channels *c = gc_zalloc(1, sizeof(*c));
  unsigned max =
      deps->channels_max > 0 ? deps->channels_max : (unsigned)GC_CHANNELS_USUAL;
  c->deps = *deps;
  c->deps.creations = &c->creations;
  c->timeouts = usual;
  c->id_store_count = max < GC_CHANNELS_MAX ? max : GC_CHANNELS_MAX;
  c->slots_max = c->id_store_count > 1 ? c->id_store_count - 1 : 1;
  c->waiting.max = GC_CHANNELS_WAITING_MAX;
  c->owner = (struct gc_slot_owner){.deps = &c->deps,
                                    .timeouts = &c->timeouts,
                                    .take = take_id_store,
                                    .turn = schedule_turn,
                                    .ready = report_ready,
                                    .event = report_event,
                                    .rejected = report_rejected,
                                    .ctx = c};
  c->admission = (struct gc_timer){.fire = on_admission, .ctx = c};
  c->turn = (struct gc_timer){.fire = on_turn, .ctx = c};
  for (unsigned i = 0; i < c->id_store_count; i++)
    c->id_stores[i] = (struct gc_id_store){.account = deps->account,
                                           .number = i,
                                           .store = deps->store,
                                           .env = deps->env};
  for (unsigned i = 0; i < c->slots_max; i++)
    gc_slot_init(&c->slots[i], &c->owner, i);
  gc_api_on_wake(deps->api, schedule_turn, c);
  return c;
}

void gc_channels_free(struct gc_channels *c) {
  if (c == NULL)
    return;
  gc_api_on_wake(c->deps.api, NULL, NULL);
  for (unsigned i = 0; i < c->slots_max; i++)
    gc_slot_clear(&c->slots[i]);
  for (unsigned i = 0; i < c->id_store_count; i++)
    gc_channel_id_clear(&c->id_stores[i].id);
  gc_timers_unset(c->deps.env->timers, &c->admission);
  gc_timers_unset(c->deps.env->timers, &c->turn);
  gc_topics_clear(&c->waiting);
  free(c);
}

void gc_channels_listen(struct gc_channels *c, struct gc_channels_listener *l) {
  l->has_news = l->was_connected = 0;
  memset(l->since_ms, 0, sizeof(l->since_ms));
  l->next = c->listeners;
  c->listeners = l;
  agree_on_timeouts(c);
}

void gc_channels_unlisten(struct gc_channels *c,
                          struct gc_channels_listener *l) {
  struct gc_channels_listener **at = &c->listeners;
  while (*at != NULL && *at != l)
    at = &(*at)->next;
  if (*at == NULL)
    return;
  *at = l->next;
  schedule_admission(c);
  for (unsigned i = 0; i < c->slot_count; i++)
    gc_slot_unsubscribe(&c->slots[i], NULL, l);
  gc_topics_unsubscribe(&c->waiting, NULL, l);
  agree_on_timeouts(c);
}

enum gc_code gc_channels_subscribe(struct gc_channels *c,
                                   struct gc_channels_listener *l,
                                   const char *topic, void *tag,
                                   struct gc_err *err) {
  if (c->is_paused)
    return gc_topics_subscribe(&c->waiting, topic, l, tag, err);
  enum gc_code code = gc_channels_assign(c, l, topic, tag, err);
  if (code == GC_OK)
    gc_topics_unsubscribe(&c->waiting, topic, l);
  else if (code == GC_ERR_LIMIT)
    GC_TRY(gc_topics_subscribe(&c->waiting, topic, l, tag, err));
  return code;
}

void gc_channels_unsubscribe(struct gc_channels *c,
                             struct gc_channels_listener *l,
                             const char *topic) {
  schedule_admission(c);
  for (unsigned i = 0; i < c->slot_count; i++)
    gc_slot_unsubscribe(&c->slots[i], topic, l);
  gc_topics_unsubscribe(&c->waiting, topic, l);
}

/* Moves the topics of a slot to those that wait. A slot without topics closes
 * its socket. If memory runs out, the slot stays as it is. */
static void pause_slot(struct gc_channels *c, struct gc_slot *s) {
  const struct gc_topics *topics = gc_slot_topics(s);
  for (size_t i = 0; i < topics->count; i++)
    for (const struct gc_topic_subscriber *w = topics->list[i]->subscribers;
         w != NULL; w = w->next)
      if (gc_topics_subscribe(&c->waiting, topics->list[i]->name, w->owner,
                              w->tag, NULL) != GC_OK)
        return;
  for (struct gc_channels_listener *l = c->listeners; l != NULL; l = l->next)
    gc_slot_unsubscribe(s, NULL, l);
}

void gc_channels_pause(struct gc_channels *c, bool is_paused) {
  if (c->is_paused == is_paused)
    return;
  c->is_paused = is_paused;
  for (unsigned i = 0; is_paused && i < c->slot_count; i++)
    pause_slot(c, &c->slots[i]);
  schedule_admission(c);
}

bool gc_channels_covers(const struct gc_channels *c, const char *topic) {
  char key[GC_TOPIC_SIZE];
  gc_channels_make_key(key, topic);
  for (unsigned i = 0; i < c->slot_count; i++) {
    const struct gc_topic *t =
        gc_topics_find(gc_slot_topics(&c->slots[i]), key);
    if (t != NULL && t->is_on_channel)
      return true;
  }
  return false;
}

static bool carries_topic_of(const struct gc_slot *s,
                             const struct gc_channels_listener *l) {
  const struct gc_topics *t = gc_slot_topics(s);
  for (size_t i = 0; t != NULL && i < t->count; i++)
    for (const struct gc_topic_subscriber *w = t->list[i]->subscribers;
         w != NULL; w = w->next)
      if (w->owner == l)
        return true;
  return false;
}

/* Returns for how long the listener has waited for its first connection on a
 * slot; 0 during the first GC_CHANNELS_START_MS. */
static uint64_t waited_ms(const struct gc_channels *c,
                          const struct gc_channels_listener *l, unsigned slot) {
  const struct gc_env *env = c->deps.env;
  uint64_t ms = env->now_ms(env->ctx) - l->since_ms[slot];
  return l->since_ms[slot] > 0 && ms >= GC_CHANNELS_START_MS ? ms : 0;
}

void gc_channels_stats_for(const struct gc_channels *c,
                           const struct gc_channels_listener *l,
                           struct gc_channel_stats *ret_stats) {
  struct gc_channel_stats one;
  bool all = true, any = false;
  *ret_stats = (struct gc_channel_stats){.wanted = c->waiting.wanted};
  for (unsigned i = 0; i < c->slot_count; i++) {
    if (l != NULL && !carries_topic_of(&c->slots[i], l))
      continue;
    gc_slot_stats(&c->slots[i], &one);
    if (l != NULL && (l->was_connected & 1u << i) == 0)
      one.blind_ms = waited_ms(c, l, i);
    gc_channel_stats_add(ret_stats, &one);
    if (one.silence_ms > ret_stats->silence_ms)
      ret_stats->silence_ms = one.silence_ms;
    if (one.blind_ms > ret_stats->blind_ms)
      ret_stats->blind_ms = one.blind_ms;
    all = all && (one.connected || one.wanted == 0);
    any = any || one.connected;
  }
  ret_stats->connected = all && any;
}

void gc_channels_stats(const struct gc_channels *c,
                       struct gc_channel_stats *ret_stats) {
  gc_channels_stats_for(c, NULL, ret_stats);
}

void gc_channels_stats_of(const struct gc_channels *c, unsigned number,
                          struct gc_channel_stats *ret_stats) {
  GC_ASSERT(number < GC_CHANNELS_MAX);
  gc_slot_stats(&c->slots[number], ret_stats);
}

unsigned gc_channels_count(const struct gc_channels *c) {
  return c->slot_count;
}
