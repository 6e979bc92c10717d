/* SPDX-License-Identifier: MIT */
#include "common/net/account_stats.h"

#include "common/net/clock.h"

enum { COPY_EVERY_MS = 1000 };

static void read_stats(const struct gc_account_parts *parts,
                       struct gc_account_stats *ret) {
  *ret = (struct gc_account_stats){.channels = 0};
  gc_api_stats(parts->api, &ret->api);
  gc_auth_stats(parts->auth, &ret->auth);
  gc_channels_stats(parts->channels, &ret->stream);
  ret->channels = gc_channels_count(parts->channels);
  for (int k = 0; k < GC_NAME_KIND_COUNT; k++) {
    struct gc_entities *entities =
        gc_names_entities(parts->names, (enum gc_name_kind)k);
    ret->names[k] = entities != NULL ? gc_entities_count(entities) : 0;
    ret->names_read[k] = entities != NULL;
    gc_entities_put(entities);
  }
}

static void on_second(void *ctx, uint64_t now_ms) {
  struct gc_account_counters *c = ctx;
  struct gc_account_stats now;
  read_stats(&c->parts, &now);
  pthread_mutex_lock(&c->lock);
  c->newest = now;
  c->at_ms = now_ms;
  c->is_there = true;
  pthread_mutex_unlock(&c->lock);
  (void)gc_timers_set(c->parts.timers, &c->timer, now_ms + COPY_EVERY_MS);
}

void gc_account_counters_begin(struct gc_account_counters *c,
                               const struct gc_account_parts *parts) {
  c->parts = *parts;
  c->timer = (struct gc_timer){.fire = on_second, .ctx = c};
  on_second(c, gc_clock_now_ms());
}

void gc_account_counters_end(struct gc_account_counters *c) {
  if (c->parts.timers != NULL)
    gc_timers_unset(c->parts.timers, &c->timer);
  pthread_mutex_lock(&c->lock);
  c->is_there = false;
  pthread_mutex_unlock(&c->lock);
  c->parts = (struct gc_account_parts){.timers = NULL};
}

bool gc_account_counters_copy(struct gc_account_counters *c,
                              struct gc_account_stats *ret) {
  pthread_mutex_lock(&c->lock);
  bool is_there = c->is_there;
  uint64_t at_ms = c->at_ms;
  if (is_there)
    *ret = c->newest;
  pthread_mutex_unlock(&c->lock);
  uint64_t now_ms = gc_clock_now_ms();
  if (is_there)
    ret->age_ms = now_ms > at_ms ? now_ms - at_ms : 0;
  return is_there;
}
