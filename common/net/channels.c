/* SPDX-License-Identifier: MIT */
#include "common/net/channels.h"

#include <stdio.h>
#include <stdlib.h>

struct slot {
  struct gc_channels *channels;
  struct gc_topics topics;
  struct gc_channel *channel;
  uint64_t unwanted; /* messages that nobody wants */
};

struct gc_channels {
  struct slot slot;
  struct gc_channels_listener *listeners;
};

static const struct gc_channel_patience usual = {
    .idle_timeout_ms = 40000,
    .reconnect_min_ms = 1000,
    .reconnect_max_ms = 30000,
};

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
  gc_channel_set_patience(c->slot.channel,
                          c->listeners != NULL ? &least : &usual);
}

static void on_ready(void *ctx, bool is_new, uint64_t blind_ms) {
  struct slot *slot = ctx;
  struct gc_channels_listener *next;
  for (struct gc_channels_listener *l = slot->channels->listeners; l != NULL;
       l = next) {
    next = l->next;
    if (!is_new && blind_ms == 0 && !l->has_news)
      continue;
    l->has_news = false;
    void (*connected)(void *) = l->connected;
    void *listener_ctx = l->ctx;
    bool was_connected = l->was_connected;
    l->was_connected = true;
    if (blind_ms > 0 && was_connected && l->gap != NULL)
      l->gap(listener_ctx, blind_ms);
    connected(listener_ctx);
  }
}

static void on_event(void *ctx, const struct gc_notification *n,
                     const char *bytes, size_t len) {
  struct slot *slot = ctx;
  const struct gc_topic *topic = gc_topics_find(&slot->topics, n->topic);
  struct gc_topic_want *want = topic != NULL ? topic->wants : NULL;
  slot->unwanted += want == NULL;
  for (struct gc_topic_want *next; want != NULL; want = next) {
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

static void on_rejected(void *ctx, struct gc_topic *topic, const char *reason) {
  (void)ctx;
  struct gc_topic_want *next;
  for (struct gc_topic_want *want = topic->wants; want != NULL; want = next) {
    const struct gc_channels_listener *l = want->who;
    next = want->next;
    if (l->rejected != NULL)
      l->rejected(l->ctx, topic->name, want->tag, reason);
  }
}

struct gc_channels *gc_channels_new(const struct gc_channel_needs *needs) {
  struct gc_channels *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return NULL;
  struct slot *slot = &c->slot;
  struct gc_channel_needs own = *needs;
  struct gc_channel_events events = {on_ready, on_event, slot};
  own.slot = 0;
  slot->channels = c;
  slot->topics.rejected = on_rejected;
  slot->topics.ctx = slot;
  slot->channel = gc_channel_new(&own, &usual, &slot->topics, &events);
  if (slot->channel == NULL) {
    free(c);
    return NULL;
  }
  return c;
}

void gc_channels_free(struct gc_channels *c) {
  if (c == NULL)
    return;
  gc_channel_free(c->slot.channel);
  gc_topics_clear(&c->slot.topics);
  free(c);
}

void gc_channels_listen(struct gc_channels *c, struct gc_channels_listener *l) {
  l->has_news = l->was_connected = false;
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
  gc_topics_unwant(&c->slot.topics, NULL, l);
  agree_on_patience(c);
  gc_channel_wake(c->slot.channel);
}

enum gc_code gc_channels_want(struct gc_channels *c,
                              struct gc_channels_listener *l, const char *topic,
                              void *tag, struct gc_err *err) {
  GC_TRY(gc_topics_want(&c->slot.topics, topic, l, tag, err));
  l->has_news = true;
  gc_channel_wake(c->slot.channel);
  return GC_OK;
}

void gc_channels_unwant(struct gc_channels *c, struct gc_channels_listener *l,
                        const char *topic) {
  gc_topics_unwant(&c->slot.topics, topic, l);
  gc_channel_wake(c->slot.channel);
}

bool gc_channels_covers(const struct gc_channels *c, const char *topic) {
  char key[GC_TOPIC_ROOM];
  snprintf(key, sizeof(key), "%s", topic);
  gc_topic_lower(key);
  const struct gc_topic *t = gc_topics_find(&c->slot.topics, key);
  return t != NULL && t->state == GC_TOPIC_PERMITTED;
}

void gc_channels_stats(const struct gc_channels *c,
                       struct gc_channel_stats *ret_stats) {
  gc_channel_stats(c->slot.channel, ret_stats);
  ret_stats->events -= c->slot.unwanted;
  ret_stats->others += c->slot.unwanted;
}
