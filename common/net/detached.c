/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "common/net/detached.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/net/clock.h"
#include "common/net/thread.h"

enum { STACK_BYTES = 1024 * 1024 };

/* The owner and the thread of a call hold it. */
struct gc_detached {
  uint32_t wait_ms;
  char thread[16];

  pthread_mutex_t lock; /* of the members below */
  pthread_cond_t ended;
  unsigned holders;

  /* The call that runs, one at a time. */
  bool is_running;
  bool is_left; /* its caller does not wait any more: the thread drops `ctx` */
  uint64_t number, since_ms;
  void (*run)(void *ctx);
  void (*drop)(void *ctx);
  void *ctx;
};

static void release_detached(struct gc_detached *d) {
  pthread_mutex_lock(&d->lock);
  GC_ASSERT(d->holders > 0);
  bool is_last = --d->holders == 0;
  pthread_mutex_unlock(&d->lock);
  if (!is_last)
    return;
  GC_ASSERT(!d->is_running);
  pthread_cond_destroy(&d->ended);
  pthread_mutex_destroy(&d->lock);
  free(d);
}

void gc_detached_free(struct gc_detached *d) {
  if (d != NULL)
    release_detached(d);
}

struct gc_detached *gc_detached_new(const char *thread, uint32_t wait_ms) {
  struct gc_detached *d = gc_zalloc(1, sizeof(*d));
  pthread_mutex_init(&d->lock, NULL);
  gc_clock_cond_init(&d->ended);
  d->holders = 1;
  d->wait_ms = wait_ms;
  snprintf(d->thread, sizeof(d->thread), "%s", thread);
  return d;
}

/* Waits for a change of a call; the lock is held. */
static void wait_until_ms(struct gc_detached *d, uint64_t at_ms) {
  const struct timespec until = gc_clock_timespec(at_ms);
  pthread_cond_timedwait(&d->ended, &d->lock, &until);
}

/* ---- the thread of a call ---- */

static void *run_call(void *arg) {
  struct gc_detached *d = arg;
  pthread_setname_np(pthread_self(), d->thread);
  d->run(d->ctx);

  pthread_mutex_lock(&d->lock);
  if (d->is_left) {
    /* `drop` may touch data that the calls share, so it runs before the next
     * call may begin. */
    pthread_mutex_unlock(&d->lock);
    d->drop(d->ctx);
    pthread_mutex_lock(&d->lock);
  }
  d->is_running = d->is_left = false;
  d->number++;
  pthread_cond_broadcast(&d->ended);
  pthread_mutex_unlock(&d->lock);
  release_detached(d);
  return NULL;
}

/* ---- its caller ---- */

/* True when no other call runs; the lock is held. */
static bool wait_for_turn(struct gc_detached *d, uint64_t end_ms) {
  while (d->is_running) {
    uint64_t late_ms = d->since_ms + d->wait_ms;
    if (late_ms > end_ms)
      late_ms = end_ms;
    if (gc_clock_now_ms() >= late_ms)
      return false;
    wait_until_ms(d, late_ms);
  }
  return true;
}

/* Starts the thread of a call; the lock is held. */
static bool begin_call(struct gc_detached *d, void (*run)(void *ctx),
                       void (*drop)(void *ctx), void *ctx) {
  GC_ASSERT(!d->is_running && !d->is_left);
  d->run = run;
  d->drop = drop;
  d->ctx = ctx;
  d->since_ms = gc_clock_now_ms();
  d->is_running = gc_thread_start_detached(STACK_BYTES, run_call, d) == 0;
  d->holders += d->is_running;
  return d->is_running;
}

/* Waits for the end of the call that has begun; false: it is left behind. The
 * lock is held; when the call has ended, another one may run already. */
static bool wait_for_end(struct gc_detached *d, uint64_t end_ms) {
  uint64_t number = d->number;
  while (d->number == number && gc_clock_now_ms() < end_ms)
    wait_until_ms(d, end_ms);
  if (d->number != number)
    return true;
  d->is_left = true;
  return false;
}

enum gc_code gc_detached_run(struct gc_detached *d, void (*run)(void *ctx),
                             void (*drop)(void *ctx), void *ctx) {
  uint64_t end_ms = gc_clock_bound(d->wait_ms);
  enum gc_code code = GC_OK;
  pthread_mutex_lock(&d->lock);
  if (!wait_for_turn(d, end_ms))
    code = GC_ERR_TIMEOUT;
  else if (!begin_call(d, run, drop, ctx))
    code = GC_ERR_MEMORY;
  bool has_begun = code == GC_OK;
  if (has_begun && !wait_for_end(d, end_ms))
    code = GC_ERR_TIMEOUT;
  pthread_mutex_unlock(&d->lock);
  if (!has_begun)
    drop(ctx);
  return code;
}

uint64_t gc_detached_hangs_ms(struct gc_detached *d) {
  pthread_mutex_lock(&d->lock);
  uint64_t ms = d->is_left ? gc_clock_now_ms() - d->since_ms : 0;
  pthread_mutex_unlock(&d->lock);
  return ms;
}
