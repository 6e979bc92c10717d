/* SPDX-License-Identifier: MIT */
/* A disk that hangs: a call of a net/detached that does not end before the test
 * says so. */
#ifndef GC_TESTS_SUPPORT_HANG_H
#define GC_TESTS_SUPPORT_HANG_H

#include <stdlib.h>

#include "common/net/clock.h"
#include "common/net/detached.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

static struct gate hang_gate = GATE_INIT;
static bool hang_is_over;

static void hang_run(void *ctx) {
  (void)ctx;
  pthread_mutex_lock(&hang_gate.lock);
  while (!hang_is_over)
    pthread_cond_wait(&hang_gate.changed, &hang_gate.lock);
  pthread_mutex_unlock(&hang_gate.lock);
}

/* Takes the bound of `d`. */
static void hang_begin(struct gc_detached *d) {
  GATE_CHANGE(&hang_gate, hang_is_over = false);
  CHECK_INT(gc_detached_run(d, hang_run, free, NULL), GC_ERR_TIMEOUT);
}

static void hang_end(struct gc_detached *d) {
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  GATE_CHANGE(&hang_gate, hang_is_over = true);
  while (gc_detached_hangs_ms(d) > 0 && gc_clock_now_ms() < until_ms)
    continue;
  CHECK_INT(gc_detached_hangs_ms(d), 0);
}

#endif
