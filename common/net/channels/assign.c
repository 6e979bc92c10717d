/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channels_internal.h"

#include <stdio.h>

#include "common/base/ascii.h"

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

void gc_channels_make_key(char *key, const char *topic) {
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

enum gc_code gc_channels_assign(struct gc_channels *c,
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

void gc_channels_admit(struct gc_channels *c) {
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
