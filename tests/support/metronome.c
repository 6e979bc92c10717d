/* SPDX-License-Identifier: MIT */
#include "tests/support/metronome.h"

#include "common/net/clock.h"
#include "tests/support/deadline.h"

static struct gate gate = GATE_INIT;

static void tick_metronome(void *ctx, uint64_t now_ms) {
  struct metronome *m = ctx;
  GATE_CHANGE(&gate, m->left--);
  if (m->left > 0)
    gc_timers_set(gc_loop_timers(m->loop), &m->timer, now_ms + 2);
}

static void start_ticking(void *ctx) {
  struct metronome *m = ctx;
  m->timer = (struct gc_timer){.fire = tick_metronome, .ctx = m};
  gc_timers_set(gc_loop_timers(m->loop), &m->timer, gc_clock_now_ms());
}

static bool has_ticked(void *ctx) {
  return ((struct metronome *)ctx)->left <= 0;
}

void metronome_start(struct metronome *m) {
  gc_loop_call(m->loop, start_ticking, m);
}

bool metronome_ends(struct metronome *m) {
  return gate_wait(&gate, has_ticked, m);
}
