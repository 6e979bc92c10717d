/* SPDX-License-Identifier: MIT */
#include "common/net/channels/slot.h"

#include <stdio.h>

enum {
  /* Some servers announce their end to each new connection: within this time
   * after the last announcement the channel reconnects and is not replaced. */
  CLOSING_MIN_MS = 20 * 1000,
  /* The time that the old token is assumed to have left when the account has a
   * new one: a token is renewed TokenRefreshMargin (300 s by default) before
   * its end, or after four fifths of its lifetime. */
  TOKEN_LEFT_MS = 120 * 1000,
};

/* The parts of a slot, each a cause of its own in the log. */
static const char SOCKET[] = "", TOPICS[] = " topics", FRAMES[] = " frames",
                  RENEWAL[] = " renewal";

static const struct gc_env *env_of(const struct gc_slot *s) {
  return s->owner->deps->env;
}

static uint64_t now_ms_of(const struct gc_slot *s) {
  return env_of(s)->now_ms(env_of(s)->ctx);
}

/* Reports an outcome with a cause for each slot and part. Otherwise the success
 * of one would end the failure of another in the log. */
static void report_outcome(const struct gc_slot *s, const char *part,
                           const struct gc_err *err) {
  char cause[40], number[16] = "";
  if (s->number > 0)
    snprintf(number, sizeof(number), " %u", s->number + 1);
  snprintf(cause, sizeof(cause), "stream%s%s", number, part);
  env_of(s)->notice(env_of(s)->ctx, cause, err);
}

/* ---- the two channels ---- */

static struct gc_slot_channel *other_channel(struct gc_slot *s) {
  return s->current == &s->channels[0] ? &s->channels[1] : &s->channels[0];
}

static void close_channel(struct gc_slot_channel *c) {
  struct gc_channel_stats last;
  if (c->channel == NULL)
    return;
  gc_channel_stats(c->channel, &last);
  last.wanted = last.topics = last.rejected = last.pending = 0;
  gc_channel_stats_add(&c->slot->past, &last);
  gc_channel_free(c->channel);
  gc_topics_clear(&c->topics);
  c->ids->is_taken = false;
  c->channel = NULL;
}

static void wake_channels(struct gc_slot *s) {
  for (size_t i = 0; i < GC_COUNT(s->channels); i++)
    if (s->channels[i].channel != NULL)
      gc_channel_wake(s->channels[i].channel);
}

/* ---- the renewal ---- */

static void end_renewal(struct gc_slot *s) {
  s->renewal = GC_RENEWAL_NONE;
  s->next = NULL;
  gc_timers_unset(env_of(s)->timers, &s->deadline);
  s->owner->turn(s->owner->ctx);
}

static void end_without_renewal(struct gc_slot *s, enum gc_channel_end why) {
  if (why == GC_CHANNEL_END_SERVER)
    gc_channel_leave(s->current->channel);
  else
    gc_channel_prolong(s->current->channel);
}

static void abandon_renewal(struct gc_slot *s) {
  if (s->next != NULL)
    close_channel(s->next);
  end_renewal(s);
  end_without_renewal(s, s->why);
}

static void on_deadline(void *ctx, uint64_t now_ms) {
  (void)now_ms;
  abandon_renewal(ctx);
}

static void request_turn(struct gc_slot *s, enum gc_channel_end why,
                         uint64_t left_ms) {
  s->why = why;
  gc_timers_set(env_of(s)->timers, &s->deadline, now_ms_of(s) + left_ms / 2);
  if (s->renewal == GC_RENEWAL_NONE)
    s->renewal = GC_RENEWAL_WAITS;
  s->owner->turn(s->owner->ctx);
}

/* True if the channel can only reconnect. A channel whose handshakes are
 * refused is replaced instead. */
static bool is_down(const struct gc_channel *c) {
  return !gc_channel_is_open(c) && !gc_channel_is_refused(c);
}

static void handle_ending(struct gc_slot *s, enum gc_channel_end why,
                          uint64_t left_ms) {
  bool is_server = why == GC_CHANNEL_END_SERVER;
  bool is_again = is_server && s->closing_ms != 0 &&
                  now_ms_of(s) - s->closing_ms < CLOSING_MIN_MS;
  if (is_again || s->renewal == GC_RENEWAL_ENDS ||
      is_down(s->current->channel)) {
    end_without_renewal(s, why);
    return;
  }
  if (is_server)
    s->closing_ms = now_ms_of(s);
  if (s->renewal == GC_RENEWAL_NONE || is_server)
    request_turn(s, why, left_ms);
}

static void switch_to_next(struct gc_slot *s) {
  struct gc_slot_channel *old = s->current;
  uint64_t blind_ms = gc_channel_blind_ms(old->channel);
  struct gc_err fine = {.code = GC_OK};
  s->current = s->next;
  gc_channel_set_creation(s->current->channel, GC_CREATION_LOST);
  s->next = NULL;
  s->renewal = GC_RENEWAL_ENDS;
  s->past.renewals++;
  gc_timers_unset(env_of(s)->timers, &s->deadline);
  report_outcome(s, RENEWAL, &fine);
  report_outcome(s, SOCKET, &fine);
  gc_channel_retire(old->channel);
  s->owner->turn(s->owner->ctx);
  s->owner->ready(s->owner->ctx, s, true, blind_ms);
}

/* True if the new channel has each topic that the old one has. A topic that the
 * platform rejects on the new channel counts too. */
static bool covers_all(const struct gc_topics *now,
                       const struct gc_topics *old) {
  for (size_t i = 0; i < old->count; i++) {
    const struct gc_topic *topic = gc_topics_find(now, old->list[i]->key);
    if (old->list[i]->subscribers != NULL && old->list[i]->is_on_channel &&
        topic != NULL && !topic->is_on_channel &&
        topic->state != GC_TOPIC_REJECTED)
      return false;
  }
  return true;
}

/* ---- the channel's events ---- */

static void on_ready(void *ctx, bool is_new, uint64_t blind_ms) {
  struct gc_slot_channel *c = ctx;
  struct gc_slot *s = c->slot;
  if (c == s->next && covers_all(&c->topics, &s->current->topics))
    switch_to_next(s);
  else if (c == s->current)
    s->owner->ready(s->owner->ctx, s, is_new, blind_ms);
}

static void report_foreign(const struct gc_slot *s) {
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_PARSE,
                "a message of a topic that was not subscribed here; does "
                "another program use the same channel, with a copy of "
                "StateDir?");
  report_outcome(s, FRAMES, &err);
}

static void on_event(void *ctx, const struct gc_notification *n,
                     const char *bytes, size_t len) {
  struct gc_slot_channel *c = ctx;
  struct gc_slot *s = c->slot;
  const struct gc_topic *topic = gc_topics_find(&c->topics, n->topic);
  if (topic == NULL || topic->subscribers == NULL)
    s->unwanted++;
  if (topic == NULL && gc_topics_started(&c->topics))
    report_foreign(s);
  else if (topic != NULL && topic->subscribers != NULL)
    s->owner->event(s->owner->ctx, topic->subscribers, n, bytes, len,
                    c != s->current);
}

static void on_ending(void *ctx, enum gc_channel_end why, uint64_t left_ms) {
  struct gc_slot_channel *c = ctx;
  if (c == c->slot->current)
    handle_ending(c->slot, why, left_ms);
}

static void on_retired(void *ctx) {
  struct gc_slot_channel *c = ctx;
  close_channel(c);
  end_renewal(c->slot);
}

static void on_outcome(void *ctx, enum gc_channel_part part,
                       const struct gc_err *err) {
  const struct gc_slot_channel *c = ctx;
  const struct gc_slot *s = c->slot;
  if (part == GC_CHANNEL_FRAMES)
    report_outcome(s, FRAMES, err);
  else if (c == s->current)
    report_outcome(s, part == GC_CHANNEL_TOPICS ? TOPICS : SOCKET, err);
  else if (c == s->next && err->code != GC_OK)
    report_outcome(s, RENEWAL, err);
}

static void on_rejected(void *ctx, struct gc_topic *topic, const char *reason) {
  struct gc_slot_channel *c = ctx;
  c->slot->owner->rejected(c->slot->owner->ctx, topic, reason);
}

static enum gc_code open_channel(struct gc_slot *s, struct gc_slot_channel *c,
                                 struct gc_err *err) {
  struct gc_channel_events events = {.ready = on_ready,
                                     .event = on_event,
                                     .ending = on_ending,
                                     .retired = on_retired,
                                     .outcome = on_outcome,
                                     .ctx = c};
  c->ids = s->owner->take(s->owner->ctx);
  if (c->ids == NULL)
    return gc_fail(err, GC_ERR_LIMIT, "no more notification channels");
  c->topics = (struct gc_topics){.rejected = on_rejected, .ctx = c};
  c->channel = gc_channel_new(s->owner->deps, c->ids, s->owner->timeouts,
                              &c->topics, &events);
  return GC_OK;
}

static enum gc_code copy_subscribers(const struct gc_topics *from,
                                     struct gc_topics *to) {
  for (size_t i = 0; i < from->count; i++)
    for (const struct gc_topic_subscriber *sub = from->list[i]->subscribers;
         sub != NULL; sub = sub->next)
      GC_TRY(gc_topics_subscribe(to, from->list[i]->name, sub->owner, sub->tag,
                                 NULL));
  return GC_OK;
}

/* Ends the failures of a slot that has nothing left to do. */
static void report_unused(const struct gc_slot *s) {
  const struct gc_err fine = {.code = GC_OK};
  if (s->current == NULL || s->current->topics.count > 0)
    return;
  report_outcome(s, TOPICS, &fine);
  report_outcome(s, RENEWAL, &fine);
  report_outcome(s, SOCKET, &fine);
}

/* ---- public ---- */

void gc_slot_init(struct gc_slot *s, const struct gc_slot_owner *owner,
                  unsigned number) {
  *s = (struct gc_slot){.owner = owner, .number = number};
  s->channels[0].slot = s->channels[1].slot = s;
  s->deadline = (struct gc_timer){.fire = on_deadline, .ctx = s};
}

void gc_slot_clear(struct gc_slot *s) {
  gc_timers_unset(env_of(s)->timers, &s->deadline);
  for (size_t i = 0; i < GC_COUNT(s->channels); i++)
    close_channel(&s->channels[i]);
}

const struct gc_topics *gc_slot_topics(const struct gc_slot *s) {
  return s->current != NULL ? &s->current->topics : NULL;
}

enum gc_code gc_slot_subscribe(struct gc_slot *s, const char *topic,
                               void *owner, void *tag, struct gc_err *err) {
  if (s->current == NULL) {
    GC_TRY(open_channel(s, &s->channels[0], err));
    s->current = &s->channels[0];
  }
  GC_TRY(gc_topics_subscribe(&s->current->topics, topic, owner, tag, err));
  if (s->next != NULL &&
      gc_topics_subscribe(&s->next->topics, topic, owner, tag, NULL) != GC_OK)
    gc_timers_set(env_of(s)->timers, &s->deadline,
                  now_ms_of(s)); /* abandons the renewal */
  wake_channels(s);
  return GC_OK;
}

void gc_slot_unsubscribe(struct gc_slot *s, const char *topic,
                         const void *owner) {
  for (size_t i = 0; i < GC_COUNT(s->channels); i++)
    if (s->channels[i].channel != NULL)
      gc_topics_unsubscribe(&s->channels[i].topics, topic, owner);
  report_unused(s);
  wake_channels(s);
}

void gc_slot_set_timeouts(struct gc_slot *s) {
  for (size_t i = 0; i < GC_COUNT(s->channels); i++)
    if (s->channels[i].channel != NULL)
      gc_channel_set_timeouts(s->channels[i].channel, s->owner->timeouts);
}

void gc_slot_check_token(struct gc_slot *s, uint32_t number) {
  bool is_busy = s->renewal == GC_RENEWAL_RUNS || s->renewal == GC_RENEWAL_ENDS;
  if (s->current == NULL || is_busy || number == 0 ||
      number == s->checked_token)
    return;
  s->checked_token = number;
  uint32_t its = gc_channel_token_number(s->current->channel);
  if (its != 0 && its != number)
    handle_ending(s, GC_CHANNEL_END_TOKEN, TOKEN_LEFT_MS);
}

void gc_slot_renew(struct gc_slot *s) {
  struct gc_slot_channel *next = other_channel(s);
  if (open_channel(s, next, NULL) != GC_OK) {
    abandon_renewal(s);
    return;
  }
  s->next = next;
  s->renewal = GC_RENEWAL_RUNS;
  gc_channel_set_creation(next->channel, GC_CREATION_RENEWAL);
  if (copy_subscribers(&s->current->topics, &next->topics) == GC_OK)
    gc_channel_wake(next->channel);
  else
    abandon_renewal(s);
}

uint64_t gc_slot_gives_up_ms(const struct gc_slot *s) {
  return s->deadline.due_ms;
}

void gc_slot_end_overlap(struct gc_slot *s) {
  if (s->renewal == GC_RENEWAL_ENDS)
    gc_channel_retire(other_channel(s)->channel);
}

void gc_slot_stats(const struct gc_slot *s,
                   struct gc_channel_stats *ret_stats) {
  struct gc_channel_stats one;
  *ret_stats = s->past;
  for (size_t i = 0; i < GC_COUNT(s->channels); i++) {
    const struct gc_slot_channel *c = &s->channels[i];
    if (c->channel == NULL)
      continue;
    gc_channel_stats(c->channel, &one);
    if (c == s->current) {
      ret_stats->connected = one.connected;
      ret_stats->silence_ms = one.silence_ms;
      ret_stats->blind_ms = one.blind_ms;
    } else {
      one.wanted = one.topics = one.rejected = one.pending = 0;
    }
    gc_channel_stats_add(ret_stats, &one);
  }
  ret_stats->events -= s->unwanted;
  ret_stats->others += s->unwanted;
}
