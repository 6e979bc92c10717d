/* SPDX-License-Identifier: MIT */
#include "common/net/channel_inside.h"

#include <stdlib.h>
#include <string.h>

enum {
  BODY_MOST_BYTES = 16 << 20,
  ANSWER_MOST_BYTES = 65536,
  CREATION_MOST_MS = 300 * 1000,
};

static void work(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  if (c->is_calling || c->is_leaving)
    return;
  gc_buf_reset(&c->body);
  if (c->topics->wanted == 0) {
    gc_channel_close(c, GC_PLAN_CONNECT);
    return;
  }
  if (c->is_open && c->owes_ready && gc_topics_settled(c->topics))
    gc_channel_tell_ready(c);
  if (!c->is_loaded)
    gc_channel_load(c);
  if (c->id.id == NULL)
    gc_channel_ask_to_create(c);
  else if (!c->is_checked)
    gc_channel_ask_to_check(c);
  else if (!gc_topics_settled(c->topics))
    gc_channel_ask_for_topics(c);
  else if (c->socket == NULL)
    gc_channel_connect(c);
}

struct gc_channel *gc_channel_new(const struct gc_channel_needs *needs,
                                  const struct gc_channel_patience *patience,
                                  struct gc_topics *topics,
                                  const struct gc_channel_events *events) {
  struct gc_channel *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return NULL;
  c->needs = *needs;
  c->patience = *patience;
  c->topics = topics;
  c->events = *events;
  c->life_ms = GC_CHANNEL_LIFE_MOST_MS;
  c->body.most = BODY_MOST_BYTES;
  c->answer.most = ANSWER_MOST_BYTES;
  c->work = (struct gc_timer){.fire = work, .ctx = c};
  gc_channel_prepare_socket(c);
  c->renewal = (struct gc_timer){.fire = gc_channel_renew, .ctx = c};
  c->creation = (struct gc_backoff){.base_ms = patience->reconnect_min_ms,
                                    .cap_ms = CREATION_MOST_MS};
  return c;
}

void gc_channel_free(struct gc_channel *c) {
  if (c == NULL)
    return;
  gc_api_cancel(c->needs.api, &c->call);
  if (c->socket != NULL)
    c->needs.driver->free(c->socket);
  gc_timers_unset(c->needs.edge->timers, &c->work);
  gc_timers_unset(c->needs.edge->timers, &c->watch);
  gc_timers_unset(c->needs.edge->timers, &c->renewal);
  gc_channel_id_clear(&c->id);
  explicit_bzero(c->path_tail, sizeof(c->path_tail));
  gc_buf_clear(&c->body);
  gc_buf_wipe(&c->answer);
  free(c);
}

void gc_channel_set_patience(struct gc_channel *c,
                             const struct gc_channel_patience *patience) {
  c->patience = *patience;
}

void gc_channel_wake(struct gc_channel *c) {
  c->owes_ready = true; /* what was wanted may be there already */
  gc_channel_work_soon(c);
}

void gc_channel_stats(const struct gc_channel *c,
                      struct gc_channel_stats *ret_stats) {
  *ret_stats = c->counts;
  ret_stats->connected = c->is_open && gc_topics_settled(c->topics);
  ret_stats->silence_ms = c->is_open ? gc_channel_now(c) - c->heard_ms : 0;
  ret_stats->blind_ms = c->blind_ms > 0 ? gc_channel_now(c) - c->blind_ms : 0;
  for (size_t i = 0; i < c->topics->count; i++)
    ret_stats->topics += c->topics->list[i]->state == GC_TOPIC_PERMITTED;
}
