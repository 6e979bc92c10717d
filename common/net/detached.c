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
#include "common/net/loop.h"
#include "common/net/thread.h"
#include "common/net/timing.h"

enum { STACK_BYTES = 1024 * 1024 };

/* One call. `has_ended` and `is_left` have the lock of `of`. */
struct detached_call {
  struct gc_detached *of;
  void (*run)(void *ctx);
  void (*done)(void *ctx); /* NULL: its caller waits for it */
  void (*drop)(void *ctx);
  void *ctx;
  uint64_t since_ms;
  bool has_ended; /* of a call with a caller that waits */
  bool is_left;
};

/* The owner and each call hold it. */
struct gc_detached {
  pthread_mutex_t lock;
  pthread_cond_t ended;
  unsigned holders;
  unsigned posting; /* threads that have not posted their end */
  uint32_t wait_ms;
  char thread[16];
  struct gc_loop *loop;
  struct detached_call *running; /* NULL: none */
};

static void release_detached(struct gc_detached *d) {
  pthread_mutex_lock(&d->lock);
  GC_ASSERT(d->holders > 0);
  bool is_last = --d->holders == 0;
  pthread_mutex_unlock(&d->lock);
  if (!is_last)
    return;
  GC_ASSERT(d->running == NULL);
  pthread_cond_destroy(&d->ended);
  pthread_mutex_destroy(&d->lock);
  free(d);
}

struct gc_detached *gc_detached_new(const char *thread, uint32_t wait_ms,
                                    struct gc_loop *loop) {
  struct gc_detached *d = gc_zalloc(1, sizeof(*d));
  pthread_mutex_init(&d->lock, NULL);
  gc_clock_cond_init(&d->ended);
  d->holders = 1;
  d->wait_ms = wait_ms;
  d->loop = loop;
  snprintf(d->thread, sizeof(d->thread), "%s", thread);
  return d;
}

/* Waits for a change of a call; the lock is held. */
static void wait_until_ms(struct gc_detached *d, uint64_t at_ms) {
  const struct timespec until = gc_clock_timespec(at_ms);
  pthread_cond_timedwait(&d->ended, &d->lock, &until);
}

/* ---- the thread of a call ---- */

/* Lets the next call begin; frees the call. */
static void end_call(struct detached_call *c) {
  struct gc_detached *d = c->of;
  pthread_mutex_lock(&d->lock);
  if (d->running == c)
    d->running = NULL;
  pthread_cond_broadcast(&d->ended);
  pthread_mutex_unlock(&d->lock);
  free(c);
  release_detached(d);
}

/* Runs on the loop's thread, or when the loop is freed (`done` is skipped). */
static void drop_posted(void *ctx) {
  struct detached_call *c = ctx;
  void (*drop)(void *ctx) = c->drop;
  void *dropped = c->ctx;
  end_call(c);
  drop(dropped);
}

static void report_posted(void *ctx) {
  struct detached_call *c = ctx, own = *c;
  bool is_left = c->is_left; /* set by this thread alone */
  end_call(c);               /* `done` may start the next call */
  if (!is_left)
    own.done(own.ctx);
  own.drop(own.ctx);
}

/* Posts the end of a call that its owner did not cancel; the lock is held. */
static bool post_end(struct detached_call *c) {
  struct gc_detached *d = c->of;
  d->posting--;
  return !c->is_left &&
         gc_loop_post(d->loop, report_posted, drop_posted, c) == GC_OK;
}

static void *run_call(void *arg) {
  struct detached_call *c = arg;
  struct gc_detached *d = c->of;
  pthread_setname_np(pthread_self(), d->thread);
  c->run(c->ctx);

  pthread_mutex_lock(&d->lock);
  bool is_waited = c->done == NULL && !c->is_left;
  bool is_posted = c->done != NULL && post_end(c);
  if (is_waited) { /* its caller frees it */
    c->has_ended = true;
    d->running = NULL;
  }
  pthread_cond_broadcast(&d->ended);
  pthread_mutex_unlock(&d->lock);
  if (is_waited)
    release_detached(d);
  else if (!is_posted) {
    /* `drop` may touch data that the calls share, so it runs before the next
     * call may begin. */
    c->drop(c->ctx);
    end_call(c);
  }
  return NULL;
}

/* Makes a call the running one; the lock is held. */
static void begin_call(struct gc_detached *d, struct detached_call *c) {
  GC_ASSERT(d->running == NULL);
  c->since_ms = gc_clock_now_ms();
  d->running = c;
  d->holders++;
  d->posting += c->done != NULL;
}

/* Frees the call on failure. */
static bool start_thread(struct detached_call *c) {
  struct gc_detached *d = c->of;
  if (gc_thread_start_detached(STACK_BYTES, run_call, c) == 0)
    return true;
  pthread_mutex_lock(&d->lock);
  d->posting -= c->done != NULL;
  pthread_mutex_unlock(&d->lock);
  end_call(c);
  return false;
}

/* ---- callers that wait ---- */

/* True when no other call runs; the lock is held. */
static bool wait_for_turn(struct gc_detached *d, uint64_t end_ms) {
  while (d->running != NULL) {
    uint64_t late_ms = d->running->since_ms + d->wait_ms;
    if (late_ms > end_ms)
      late_ms = end_ms;
    if (gc_clock_now_ms() >= late_ms)
      return false;
    wait_until_ms(d, late_ms);
  }
  return true;
}

/* Waits for the end of a call; false: leaves it behind. */
static bool wait_for_end(struct gc_detached *d, struct detached_call *c,
                         uint64_t end_ms) {
  pthread_mutex_lock(&d->lock);
  while (!c->has_ended && gc_clock_now_ms() < end_ms)
    wait_until_ms(d, end_ms);
  bool has_ended = c->has_ended;
  c->is_left = !has_ended;
  pthread_mutex_unlock(&d->lock);
  if (has_ended)
    free(c);
  return has_ended;
}

enum gc_code gc_detached_run(struct gc_detached *d, void (*run)(void *ctx),
                             void (*drop)(void *ctx), void *ctx) {
  uint64_t end_ms = gc_clock_bound(d->wait_ms);
  struct detached_call *c = gc_zalloc(1, sizeof(*c));
  *c = (struct detached_call){.of = d, .run = run, .drop = drop, .ctx = ctx};
  enum gc_code code = GC_OK;
  pthread_mutex_lock(&d->lock);
  if (wait_for_turn(d, end_ms))
    begin_call(d, c);
  else
    code = GC_ERR_TIMEOUT;
  pthread_mutex_unlock(&d->lock);
  if (code != GC_OK)
    free(c);
  else if (!start_thread(c))
    code = GC_ERR_MEMORY;
  if (code != GC_OK) {
    drop(ctx);
    return code;
  }
  return wait_for_end(d, c, end_ms) ? GC_OK : GC_ERR_TIMEOUT;
}

uint64_t gc_detached_hangs_ms(struct gc_detached *d) {
  pthread_mutex_lock(&d->lock);
  uint64_t ms = d->running != NULL && d->running->is_left
                    ? gc_clock_now_ms() - d->running->since_ms
                    : 0;
  pthread_mutex_unlock(&d->lock);
  return ms;
}

/* ---- callers with a loop ---- */

enum gc_code gc_detached_start(struct gc_detached *d, void (*run)(void *ctx),
                               void (*done)(void *ctx), void (*drop)(void *ctx),
                               void *ctx) {
  struct detached_call *c = gc_zalloc(1, sizeof(*c));
  *c = (struct detached_call){
      .of = d, .run = run, .done = done, .drop = drop, .ctx = ctx};
  GC_ASSERT(d->loop != NULL);
  pthread_mutex_lock(&d->lock);
  enum gc_code code = d->running != NULL ? GC_ERR_REQUEST : GC_OK;
  if (code == GC_OK)
    begin_call(d, c);
  pthread_mutex_unlock(&d->lock);
  if (code != GC_OK)
    free(c);
  else if (!start_thread(c))
    code = GC_ERR_MEMORY;
  if (code != GC_OK)
    drop(ctx);
  return code;
}

void gc_detached_cancel(struct gc_detached *d) {
  pthread_mutex_lock(&d->lock);
  if (d->running != NULL && d->running->done != NULL) {
    d->running->is_left = true;
    d->running = NULL;
  }
  pthread_mutex_unlock(&d->lock);
}

void gc_detached_free(struct gc_detached *d) {
  if (d == NULL)
    return;
  gc_detached_cancel(d);
  uint64_t end_ms = gc_clock_bound(GC_DETACHED_STOP_MS);
  pthread_mutex_lock(&d->lock);
  while (d->posting > 0 && gc_clock_now_ms() < end_ms)
    wait_until_ms(d, end_ms);
  pthread_mutex_unlock(&d->lock);
  release_detached(d);
}
