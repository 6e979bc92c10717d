/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channels_internal.h"

void gc_channels_tell_ready(void *ctx, struct gc_slot *slot, bool is_new,
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

void gc_channels_tell_event(void *ctx, const struct gc_topic_want *wants,
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

void gc_channels_tell_rejected(void *ctx, const struct gc_topic *topic,
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
