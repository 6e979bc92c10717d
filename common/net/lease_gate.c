/* SPDX-License-Identifier: MIT */
#include "common/net/lease_gate.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/cleanup.h"
#include "common/base/env.h"
#include "common/net/channels/channels.h"
#include "common/net/clock.h"
#include "common/net/timing.h"

struct gc_lease_gate {
  char *account, *host;
  struct gc_lease_gate *next;
  struct gc_lease_book *book;
  uint32_t terms; /* of the thread of the lease */
  _Atomic uint64_t valid_until_ms, fence, answered_ms;
  _Atomic int64_t offset_ms; /* wall clock less boot clock, at the last check */
  _Atomic uint32_t state, term, reads;
};

static struct gc_lease_gate
    *gates; /* changes in the configuration phase only */

static bool are_ignored;

/* Returns the wall clock less the boot clock. If a busy host delays the thread
 * between the two reads, it reads both again: the delay is no difference of the
 * clocks. */
static int64_t measure_offset(void) {
  uint64_t before_ms, after_ms = gc_clock_boot_ms();
  int64_t wall_ms;
  do {
    before_ms = after_ms;
    wall_ms = gc_clock_wall_ms();
    after_ms = gc_clock_boot_ms();
  } while (after_ms - before_ms > GC_LEASE_JUMP_MS / 4);
  return wall_ms - (int64_t)after_ms;
}

static struct gc_lease_gate *add_gate(const char *account, const char *host) {
  GC_ASSERT(account != NULL && host != NULL);
  struct gc_lease_gate *g = gc_zalloc(1, sizeof(*g));
  g->account = gc_strdup(account);
  g->host = gc_strdup(host);
  g->book = gc_lease_book_new();
  g->next = gates;
  gates = g;
  return g;
}

struct gc_lease_gate *gc_lease_gate_make(const char *account,
                                         const char *host) {
  struct gc_lease_gate *g = gates;
  while (g != NULL &&
         (strcmp(g->account, account) != 0 || strcmp(g->host, host) != 0))
    g = g->next;
  if (g == NULL)
    g = add_gate(account, host);
  gc_lease_gate_set(g, &(struct gc_lease_status){.state = GC_LEASE_STANDBY});
  atomic_store(&g->offset_ms, measure_offset());
  return g;
}

void gc_lease_gates_ignore(void) { are_ignored = true; }

struct gc_lease_gate *gc_lease_gate_of_host(const char *host) {
  struct gc_lease_gate *g = are_ignored ? NULL : gates;
  while (g != NULL && (host == NULL || strcmp(g->host, host) != 0))
    g = g->next;
  return g;
}

struct gc_lease_gate *gc_lease_gate_of_account(const char *account) {
  struct gc_lease_gate *g = are_ignored ? NULL : gates;
  while (g != NULL && strcmp(g->account, account) != 0)
    g = g->next;
  return g;
}

struct gc_lease_gate *gc_lease_gate_find(bool (*fits)(const void *ctx,
                                                      const char *host),
                                         const void *ctx) {
  struct gc_lease_gate *g = are_ignored ? NULL : gates;
  while (g != NULL && !fits(ctx, g->host))
    g = g->next;
  return g;
}

static bool has_jumped(const struct gc_lease_gate *g, int64_t offset_ms) {
  int64_t by_ms = offset_ms - atomic_load(&g->offset_ms);
  return by_ms > GC_LEASE_JUMP_MS || by_ms < -GC_LEASE_JUMP_MS;
}

bool gc_lease_gate_allows(const struct gc_lease_gate *g) {
  return g == NULL || are_ignored ||
         (gc_clock_boot_ms() < atomic_load(&g->valid_until_ms) &&
          !has_jumped(g, measure_offset()));
}

bool gc_lease_gate_check_clocks(struct gc_lease_gate *g) {
  int64_t offset_ms = measure_offset();
  bool is_jump = has_jumped(g, offset_ms);
  if (is_jump) /* the gate must not open between here and the next state */
    atomic_store(&g->valid_until_ms, 0);
  atomic_store(&g->offset_ms, offset_ms);
  return is_jump;
}

uint32_t gc_lease_gate_term(const struct gc_lease_gate *g) {
  return g == NULL || are_ignored ? 1 : atomic_load(&g->term);
}

struct gc_lease_book *gc_lease_gate_book(struct gc_lease_gate *g) {
  return g->book;
}

void gc_lease_gate_status(const struct gc_lease_gate *g,
                          struct gc_lease_status *ret) {
  *ret = (struct gc_lease_status){
      .state = (enum gc_lease_state)atomic_load(&g->state),
      .fence = atomic_load(&g->fence),
      .answered_ms = atomic_load(&g->answered_ms),
      .valid_until_ms = atomic_load(&g->valid_until_ms)};
  bool dispatches =
      ret->state == GC_LEASE_HOLDER || ret->state == GC_LEASE_GOING_ON;
  if (dispatches && gc_clock_boot_ms() >= ret->valid_until_ms)
    ret->state = GC_LEASE_BLIND;
}

void gc_lease_gate_note_read(struct gc_lease_gate *g) {
  atomic_fetch_add(&g->reads, 1);
}

uint32_t gc_lease_gate_reads(const struct gc_lease_gate *g) {
  return atomic_load(&g->reads);
}

/* The effect of a state on the term. */
static const enum {
  TERM_ENDS,
  TERM_LASTS,
  TERM_BEGINS
} terms[] = {
    [GC_LEASE_STANDBY] = TERM_ENDS,  [GC_LEASE_TAKING] = TERM_LASTS,
    [GC_LEASE_HOLDER] = TERM_BEGINS, [GC_LEASE_GOING_ON] = TERM_BEGINS,
    [GC_LEASE_BLIND] = TERM_LASTS,   [GC_LEASE_RELEASING] = TERM_ENDS,
    [GC_LEASE_ENDED] = TERM_ENDS,
};

static uint32_t term_after(struct gc_lease_gate *g, enum gc_lease_state state) {
  uint32_t term = atomic_load(&g->term);
  if (terms[state] == TERM_ENDS)
    return 0;
  if (terms[state] == TERM_BEGINS && term == 0)
    return ++g->terms;
  return term;
}

void gc_lease_gate_set(struct gc_lease_gate *g,
                       const struct gc_lease_status *s) {
  atomic_store(&g->valid_until_ms, s->valid_until_ms);
  atomic_store(&g->fence, s->fence);
  atomic_store(&g->answered_ms, s->answered_ms);
  atomic_store(&g->state, (uint32_t)s->state);
  atomic_store(&g->term, term_after(g, s->state));
}

/* ---- terms ---- */

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
  gc_timers_set(w->env->timers, &w->timer, now_ms + GC_LEASE_WATCH_MS);
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
    gc_timers_set(env->timers, &w->timer, env->now_ms(env->ctx));
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
