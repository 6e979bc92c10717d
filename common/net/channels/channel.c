/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channel_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
  BODY_MAX_BYTES = 16 << 20,
  ANSWER_MAX_BYTES = 65536,
  CREATION_MAX_MS = 300 * 1000,
};

static void work(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  if (c->is_calling || c->is_leaving)
    return;
  gc_buf_reset(&c->body);
  if (c->is_retiring) {
    c->events.retired(c->events.ctx); /* the channel may be gone now */
    return;
  }
  if (c->topics->wanted == 0) {
    gc_channel_end_blindness(c);
    c->is_idle = c->socket != NULL;
    gc_channel_close(c, GC_PLAN_CONNECT);
    return;
  }
  if (c->is_open && c->owes_ready && gc_topics_settled(c->topics))
    gc_channel_tell_ready(c);
  gc_channel_place_load(c->place);
  if (c->place->id.id == NULL)
    gc_channel_ask_to_create(c);
  else if (!c->is_checked)
    gc_channel_ask_to_check(c);
  else if (!gc_topics_settled(c->topics))
    gc_channel_ask_for_topics(c);
  else if (c->socket == NULL)
    gc_channel_connect(c);
}

struct gc_channel *gc_channel_new(const struct gc_channel_deps *needs,
                                  struct gc_channel_place *place,
                                  const struct gc_channel_timeouts *timeouts,
                                  struct gc_topics *topics,
                                  const struct gc_channel_events *events) {
  struct gc_channel *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return NULL;
  c->needs = *needs;
  c->place = place;
  c->timeouts = *timeouts;
  c->topics = topics;
  c->events = *events;
  c->body.max = BODY_MAX_BYTES;
  c->answer.max = ANSWER_MAX_BYTES;
  c->work = (struct gc_timer){.fire = work, .ctx = c};
  gc_channel_prepare_calls(c);
  gc_channel_prepare_socket(c);
  c->creation = (struct gc_backoff){.base_ms = timeouts->reconnect_min_ms,
                                    .cap_ms = CREATION_MAX_MS};
  return c;
}

void gc_channel_free(struct gc_channel *c) {
  if (c == NULL)
    return;
  gc_api_cancel(c->needs.api, &c->call);
  if (c->socket != NULL)
    c->needs.driver->free(c->socket);
  gc_timers_unset(c->needs.env->timers, &c->work);
  gc_timers_unset(c->needs.env->timers, &c->watch);
  gc_timers_unset(c->needs.env->timers, &c->ending);
  explicit_bzero(c->path_tail, sizeof(c->path_tail));
  gc_buf_clear(&c->body);
  gc_buf_wipe(&c->answer);
  free(c);
}

void gc_channel_set_timeouts(struct gc_channel *c,
                             const struct gc_channel_timeouts *timeouts) {
  c->timeouts = *timeouts;
}

void gc_channel_wake(struct gc_channel *c) {
  c->owes_ready = true; /* what was wanted may be there already */
  gc_channel_work_soon(c);
}

void gc_channel_prolong(struct gc_channel *c) {
  gc_topics_renew(c->topics);
  gc_channel_work_soon(c);
}

void gc_channel_leave(struct gc_channel *c) {
  gc_channel_close(c, GC_PLAN_CONNECT);
}

void gc_channel_retire(struct gc_channel *c) {
  gc_channel_end_blindness(c);
  gc_channel_cancel_call(c);
  c->is_retiring = true;
  c->not_before_ms = 0;
  gc_channel_close(c, GC_PLAN_CONNECT);
  gc_channel_work_soon(c);
}

bool gc_channel_is_open(const struct gc_channel *c) { return c->is_open; }

uint64_t gc_channel_blind_ms(const struct gc_channel *c) {
  return c->blind_ms > 0 ? gc_channel_now(c) - c->blind_ms : 0;
}

uint32_t gc_channel_token_number(const struct gc_channel *c) {
  return c->token_number;
}

void gc_channel_stats(const struct gc_channel *c,
                      struct gc_channel_stats *ret_stats) {
  *ret_stats = c->counts;
  ret_stats->connected = c->is_open && gc_topics_settled(c->topics);
  ret_stats->silence_ms = c->is_open ? gc_channel_now(c) - c->heard_ms : 0;
  ret_stats->blind_ms = gc_channel_blind_ms(c);
  ret_stats->gap_ms += ret_stats->blind_ms;
  ret_stats->wanted = c->topics->wanted;
  for (size_t i = 0; i < c->topics->count; i++) {
    const struct gc_topic *topic = c->topics->list[i];
    ret_stats->topics +=
        topic->wants != NULL && topic->state == GC_TOPIC_PERMITTED;
    ret_stats->rejected +=
        topic->wants != NULL && topic->state == GC_TOPIC_REJECTED;
  }
}

void gc_channel_stats_add(struct gc_channel_stats *sum,
                          const struct gc_channel_stats *s) {
  sum->wanted += s->wanted;
  sum->topics += s->topics;
  sum->rejected += s->rejected;
  sum->reconnects += s->reconnects;
  sum->renewals += s->renewals;
  sum->created += s->created;
  sum->gap_ms += s->gap_ms;
  sum->events += s->events;
  sum->malformed += s->malformed;
  sum->others += s->others;
}
