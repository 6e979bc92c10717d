/* SPDX-License-Identifier: MIT */
#include "common/net/channels.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/net/channel_slot.h"

struct gc_channels {
  struct gc_channel_needs needs;
  struct gc_channel_patience patience;
  struct gc_slot_owner owner;
  struct gc_channel_place places[GC_CHANNELS_MOST];
  struct gc_slot slots[GC_CHANNELS_MOST];
  unsigned place_count, slot_count; /* slots: those in use come first */
  unsigned slots_most;
  struct gc_topics waiting; /* for room */
  struct gc_channels_listener *listeners;
  struct gc_timer admission; /* of those that wait */
  struct gc_timer turn;      /* whose renewal is next */
};

static const struct gc_channel_patience usual = {
    .idle_timeout_ms = 40000,
    .reconnect_min_ms = 1000,
    .reconnect_max_ms = 30000,
};

static void soon(struct gc_channels *c, struct gc_timer *timer) {
  const struct gc_edge *edge = c->needs.edge;
  (void)gc_timers_set(edge->timers, timer, edge->now_ms(edge->ctx));
}

/* ---- patience ---- */

static void smallest(uint32_t *least, uint32_t wish, uint32_t if_none) {
  uint32_t ms = wish > 0 ? wish : if_none;
  if (*least == 0 || ms < *least)
    *least = ms;
}

static void agree_on_patience(struct gc_channels *c) {
  struct gc_channel_patience least = {0, 0, 0};
  for (const struct gc_channels_listener *l = c->listeners; l != NULL;
       l = l->next) {
    smallest(&least.idle_timeout_ms, l->patience.idle_timeout_ms,
             usual.idle_timeout_ms);
    smallest(&least.reconnect_min_ms, l->patience.reconnect_min_ms,
             usual.reconnect_min_ms);
    smallest(&least.reconnect_max_ms, l->patience.reconnect_max_ms,
             usual.reconnect_max_ms);
  }
  c->patience = c->listeners != NULL ? least : usual;
  for (unsigned i = 0; i < c->slot_count; i++)
    gc_slot_be_patient(&c->slots[i]);
}

/* ---- what the slots tell ---- */

static void on_ready(void *ctx, struct gc_slot *slot, bool is_new,
                     uint64_t blind_ms) {
  struct gc_channels *c = ctx;
  const struct gc_topics *topics = gc_slot_topics(slot);
  const uint32_t bit = 1u << slot->number;
  struct gc_channels_listener *next;
  for (struct gc_channels_listener *l = c->listeners; l != NULL; l = l->next)
    l->is_concerned = false;
  for (size_t i = 0; i < topics->count; i++)
    for (struct gc_topic_want *w = topics->list[i]->wants; w != NULL;
         w = w->next)
      ((struct gc_channels_listener *)w->who)->is_concerned = true;
  for (struct gc_channels_listener *l = c->listeners; l != NULL; l = next) {
    next = l->next;
    bool has_news = (l->has_news & bit) != 0;
    if (!l->is_concerned || (!is_new && blind_ms == 0 && !has_news))
      continue;
    bool was_connected = (l->was_connected & bit) != 0;
    void (*connected)(void *) = l->connected;
    void *listener_ctx = l->ctx;
    l->has_news &= ~bit;
    l->was_connected |= bit;
    if (blind_ms > 0 && was_connected && l->gap != NULL)
      l->gap(listener_ctx, blind_ms);
    connected(listener_ctx);
  }
}

static void on_event(void *ctx, const struct gc_topic_want *wants,
                     const struct gc_notification *n, const char *bytes,
                     size_t len) {
  (void)ctx;
  for (const struct gc_topic_want *want = wants, *next; want != NULL;
       want = next) {
    const struct gc_channels_listener *l = want->who;
    next = want->next;
    struct gc_message m = {.topic = n->topic,
                           .tag = want->tag,
                           .body = n->body,
                           .body_len = n->body_len,
                           .bytes = bytes,
                           .len = len};
    if (l->message != NULL)
      l->message(l->ctx, &m);
  }
}

static void on_rejected(void *ctx, const struct gc_topic *topic,
                        const char *reason) {
  (void)ctx;
  for (const struct gc_topic_want *want = topic->wants, *next; want != NULL;
       want = next) {
    const struct gc_channels_listener *l = want->who;
    next = want->next;
    if (l->rejected != NULL)
      l->rejected(l->ctx, topic->name, want->tag, reason);
  }
}

static struct gc_channel_place *take_place(void *ctx) {
  struct gc_channels *c = ctx;
  for (unsigned i = 0; i < c->place_count; i++)
    if (!c->places[i].is_taken) {
      c->places[i].is_taken = true;
      return &c->places[i];
    }
  return NULL;
}

/* ---- renewals, one at a time ---- */

static void ask_for_turn(void *ctx) {
  struct gc_channels *c = ctx;
  soon(c, &c->turn);
}

static void on_turn(void *ctx, uint64_t now_ms) {
  struct gc_channels *c = ctx;
  uint32_t token = gc_api_token_number(c->needs.api);
  struct gc_slot *first = NULL;
  (void)now_ms;
  for (unsigned i = 0; i < c->slot_count; i++) {
    struct gc_slot *s = &c->slots[i];
    gc_slot_heed_token(s, token);
    if (s->renewal == GC_RENEWAL_RUNS || s->renewal == GC_RENEWAL_ENDS)
      return;
    if (first == NULL && s->renewal == GC_RENEWAL_WAITS)
      first = s;
  }
  if (first != NULL)
    gc_slot_renew(first);
}

/* ---- the spread ---- */

static bool has(const struct gc_topics *t, const char *key) {
  return gc_topics_find(t, key) != NULL;
}

static bool has_room(const struct gc_topics *t, const char *key) {
  (void)key;
  return t->count < GC_TOPICS_MOST;
}

static bool can_make_room(const struct gc_topics *t, const char *key) {
  (void)key;
  return t->wanted < GC_TOPICS_MOST;
}

/* In the order of how little they disturb. */
static bool (*const rules[])(const struct gc_topics *t,
                             const char *key) = {has, has_room, can_make_room};

static void make_key(char *key, const char *topic) {
  snprintf(key, GC_TOPIC_ROOM, "%s", topic);
  gc_topic_lower(key);
}

static bool is_wanted(const struct gc_topics *t, const char *key) {
  const struct gc_topic *topic = gc_topics_find(t, key);
  return topic != NULL && topic->wants != NULL;
}

/* NULL: there is no room. */
static struct gc_slot *slot_for(struct gc_channels *c, const char *key) {
  for (size_t r = 0; r < GC_COUNT(rules); r++)
    for (unsigned i = 0; i < c->slot_count; i++) {
      const struct gc_topics *t = gc_slot_topics(&c->slots[i]);
      if (rules[r](t, key) && (can_make_room(t, key) || is_wanted(t, key)))
        return &c->slots[i];
    }
  return c->slot_count < c->slots_most ? &c->slots[c->slot_count] : NULL;
}

static enum gc_code want_on(struct gc_channels *c, struct gc_slot *s,
                            struct gc_channels_listener *l, const char *topic,
                            void *tag, struct gc_err *err) {
  GC_TRY(gc_slot_want(s, topic, l, tag, err));
  l->has_news |= 1u << s->number;
  if (s->number >= c->slot_count)
    c->slot_count = s->number + 1;
  return GC_OK;
}

/* Those that wait, in the order of their first want, as far as there is room.
 * Who comes with a topic while others wait may be before them. */
static void admit(void *ctx, uint64_t now_ms) {
  struct gc_channels *c = ctx;
  (void)now_ms;
  for (size_t i = 0; i < c->waiting.count; i++) {
    struct gc_topic *topic = c->waiting.list[i];
    while (topic->wants != NULL) {
      struct gc_channels_listener *l = topic->wants->who;
      struct gc_slot *s = slot_for(c, topic->key);
      if (s == NULL ||
          want_on(c, s, l, topic->name, topic->wants->tag, NULL) != GC_OK)
        return;
      gc_topics_unwant(&c->waiting, topic->name, l);
    }
  }
  gc_topics_restart(&c->waiting); /* forgets those that are wanted no more */
}

/* Before a slot hears that it has lost topics: without any it would close its
 * socket. */
static void look_for_room(struct gc_channels *c) {
  if (c->waiting.wanted > 0)
    soon(c, &c->admission);
}

/* ---- public ---- */

static void on_wake(void *ctx) { ask_for_turn(ctx); }

struct gc_channels *gc_channels_new(const struct gc_channel_needs *needs) {
  struct gc_channels *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return NULL;
  unsigned most = needs->channels_most > 0 ? needs->channels_most
                                           : (unsigned)GC_CHANNELS_USUAL;
  c->needs = *needs;
  c->patience = usual;
  c->place_count = most < GC_CHANNELS_MOST ? most : GC_CHANNELS_MOST;
  c->slots_most = c->place_count > 1 ? c->place_count - 1 : 1;
  c->waiting.most = GC_CHANNELS_WAITING_MOST;
  c->owner = (struct gc_slot_owner){.needs = &c->needs,
                                    .patience = &c->patience,
                                    .take = take_place,
                                    .turn = ask_for_turn,
                                    .ready = on_ready,
                                    .event = on_event,
                                    .rejected = on_rejected,
                                    .ctx = c};
  c->admission = (struct gc_timer){.fire = admit, .ctx = c};
  c->turn = (struct gc_timer){.fire = on_turn, .ctx = c};
  for (unsigned i = 0; i < c->place_count; i++)
    c->places[i] = (struct gc_channel_place){.account = needs->account,
                                             .number = i,
                                             .store = needs->store,
                                             .edge = needs->edge};
  for (unsigned i = 0; i < c->slots_most; i++)
    gc_slot_init(&c->slots[i], &c->owner, i);
  gc_api_on_wake(needs->api, on_wake, c);
  return c;
}

void gc_channels_free(struct gc_channels *c) {
  if (c == NULL)
    return;
  gc_api_on_wake(c->needs.api, NULL, NULL);
  for (unsigned i = 0; i < c->slot_count; i++)
    gc_slot_clear(&c->slots[i]);
  for (unsigned i = 0; i < c->place_count; i++)
    gc_channel_id_clear(&c->places[i].id);
  gc_timers_unset(c->needs.edge->timers, &c->admission);
  gc_timers_unset(c->needs.edge->timers, &c->turn);
  gc_topics_clear(&c->waiting);
  free(c);
}

void gc_channels_listen(struct gc_channels *c, struct gc_channels_listener *l) {
  l->has_news = l->was_connected = 0;
  l->next = c->listeners;
  c->listeners = l;
  agree_on_patience(c);
}

void gc_channels_unlisten(struct gc_channels *c,
                          struct gc_channels_listener *l) {
  struct gc_channels_listener **at = &c->listeners;
  while (*at != NULL && *at != l)
    at = &(*at)->next;
  if (*at == NULL)
    return;
  *at = l->next;
  look_for_room(c);
  for (unsigned i = 0; i < c->slot_count; i++)
    gc_slot_unwant(&c->slots[i], NULL, l);
  gc_topics_unwant(&c->waiting, NULL, l);
  agree_on_patience(c);
}

enum gc_code gc_channels_want(struct gc_channels *c,
                              struct gc_channels_listener *l, const char *topic,
                              void *tag, struct gc_err *err) {
  char key[GC_TOPIC_ROOM];
  make_key(key, topic);
  struct gc_slot *s = slot_for(c, key);
  if (s != NULL) {
    GC_TRY(want_on(c, s, l, topic, tag, err));
    gc_topics_unwant(&c->waiting, topic, l);
    return GC_OK;
  }
  GC_TRY(gc_topics_want(&c->waiting, topic, l, tag, err));
  return gc_fail(err, GC_ERR_LIMIT,
                 "no room: %u notification channels of %d topics are full",
                 c->slots_most, GC_TOPICS_MOST);
}

void gc_channels_unwant(struct gc_channels *c, struct gc_channels_listener *l,
                        const char *topic) {
  look_for_room(c);
  for (unsigned i = 0; i < c->slot_count; i++)
    gc_slot_unwant(&c->slots[i], topic, l);
  gc_topics_unwant(&c->waiting, topic, l);
}

bool gc_channels_covers(const struct gc_channels *c, const char *topic) {
  char key[GC_TOPIC_ROOM];
  make_key(key, topic);
  for (unsigned i = 0; i < c->slot_count; i++) {
    const struct gc_topic *t =
        gc_topics_find(gc_slot_topics(&c->slots[i]), key);
    if (t != NULL && t->state == GC_TOPIC_PERMITTED)
      return true;
  }
  return false;
}

void gc_channels_stats(const struct gc_channels *c,
                       struct gc_channel_stats *ret_stats) {
  struct gc_channel_stats one;
  bool all = true, any = false;
  *ret_stats = (struct gc_channel_stats){.wanted = c->waiting.wanted};
  for (unsigned i = 0; i < c->slot_count; i++) {
    gc_slot_stats(&c->slots[i], &one);
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

unsigned gc_channels_count(const struct gc_channels *c) {
  return c->slot_count;
}

void gc_channels_stats_of(const struct gc_channels *c, unsigned number,
                          struct gc_channel_stats *ret_stats) {
  *ret_stats = (struct gc_channel_stats){.connected = false};
  if (number < c->slot_count)
    gc_slot_stats(&c->slots[number], ret_stats);
}
