/* SPDX-License-Identifier: MIT */
#include "common/net/lease_watch.h"

#include "common/base/env.h"
#include "common/net/channels/channels.h"
#include "common/net/timing.h"

static void report_term(struct gc_lease_watch *w, uint32_t term) {
  struct gc_lease_listener *next;
  w->term = term;
  gc_channels_pause(w->channels, term == 0);
  for (struct gc_lease_listener *l = w->listeners; l != NULL; l = next) {
    next = l->next;
    l->changed(l->ctx, term);
  }
}

static void on_timer(void *ctx, uint64_t now_ms) {
  struct gc_lease_watch *w = ctx;
  uint32_t term = gc_lease_gate_term(w->gate);
  if (term != w->term && w->term != 0)
    report_term(w, 0);
  if (term != w->term)
    report_term(w, term);
  (void)gc_timers_set(w->env->timers, &w->timer, now_ms + GC_LEASE_WATCH_MS);
}

void gc_lease_watch_start(struct gc_lease_watch *w,
                          const struct gc_lease_gate *gate,
                          const struct gc_env *env,
                          struct gc_channels *channels) {
  *w = (struct gc_lease_watch){.gate = gate,
                               .env = env,
                               .channels = channels,
                               .term = gc_lease_gate_term(gate)};
  w->timer = (struct gc_timer){.fire = on_timer, .ctx = w};
  gc_channels_pause(channels, w->term == 0);
  if (gate != NULL)
    (void)gc_timers_set(env->timers, &w->timer, env->now_ms(env->ctx));
}

void gc_lease_watch_stop(struct gc_lease_watch *w) {
  if (w->env != NULL)
    gc_timers_unset(w->env->timers, &w->timer);
  *w = (struct gc_lease_watch){0};
}

void gc_lease_watch_listen(struct gc_lease_watch *w,
                           struct gc_lease_listener *l) {
  l->next = w->listeners;
  w->listeners = l;
  l->changed(l->ctx, w->term);
}

void gc_lease_watch_unlisten(struct gc_lease_watch *w,
                             struct gc_lease_listener *l) {
  struct gc_lease_listener **at = &w->listeners;
  while (*at != NULL && *at != l)
    at = &(*at)->next;
  if (*at != NULL)
    *at = l->next;
}
