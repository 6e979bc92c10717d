/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "common/net/bounded.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/net/clock.h"
#include "common/net/thread.h"

enum { STACK_BYTES = 1024 * 1024 };

/* The owner and each call hold it. */
struct gc_bounded {
  pthread_mutex_t lock;
  pthread_cond_t ended;
  unsigned holders;
  uint32_t wait_ms;
  char thread[16];
  struct bounded_call *running; /* NULL: none */
};

/* The lock of `of` guards the call. If the call was left behind, its thread
 * frees the call, otherwise its caller does. */
struct bounded_call {
  struct gc_bounded *of;
  void (*run)(void *ctx);
  void (*drop)(void *ctx);
  void *ctx;
  uint64_t since_ms;
  bool has_ended, is_left;
};

static void release_bounded(struct gc_bounded *b) {
  pthread_mutex_lock(&b->lock);
  bool is_last = --b->holders == 0;
  pthread_mutex_unlock(&b->lock);
  if (!is_last)
    return;
  pthread_cond_destroy(&b->ended);
  pthread_mutex_destroy(&b->lock);
  free(b);
}

struct gc_bounded *gc_bounded_new(const char *thread, uint32_t wait_ms) {
  struct gc_bounded *b = calloc(1, sizeof(*b));
  if (b == NULL)
    return NULL;
  pthread_mutex_init(&b->lock, NULL);
  gc_clock_cond_init(&b->ended);
  b->holders = 1;
  b->wait_ms = wait_ms;
  snprintf(b->thread, sizeof(b->thread), "%s", thread);
  return b;
}

void gc_bounded_free(struct gc_bounded *b) {
  if (b != NULL)
    release_bounded(b);
}

static void *run_call(void *arg) {
  struct bounded_call *c = arg;
  struct gc_bounded *b = c->of;
  pthread_setname_np(pthread_self(), b->thread);
  c->run(c->ctx);

  pthread_mutex_lock(&b->lock);
  bool is_left = c->is_left;
  c->has_ended = true;
  pthread_mutex_unlock(&b->lock);
  /* `drop` may touch data that the calls share, so it runs before the next call
   * may begin. */
  if (is_left)
    c->drop(c->ctx);
  pthread_mutex_lock(&b->lock);
  b->running = NULL;
  pthread_cond_broadcast(&b->ended);
  pthread_mutex_unlock(&b->lock);
  if (is_left)
    free(c);
  release_bounded(b);
  return NULL;
}

/* Waits for the end of a call; the lock is held. */
static void wait_until_ms(struct gc_bounded *b, uint64_t at_ms) {
  const struct timespec until = gc_clock_timespec(at_ms);
  pthread_cond_timedwait(&b->ended, &b->lock, &until);
}

/* True when the call `c` is the running one; the lock is held. */
static bool take_turn(struct gc_bounded *b, struct bounded_call *c,
                      uint64_t end_ms) {
  while (b->running != NULL) {
    uint64_t late_ms = b->running->since_ms + b->wait_ms;
    if (late_ms > end_ms)
      late_ms = end_ms;
    if (gc_clock_now_ms() >= late_ms)
      return false;
    wait_until_ms(b, late_ms);
  }
  c->since_ms = gc_clock_now_ms();
  b->running = c;
  b->holders++;
  return true;
}

/* Waits for the end of the call; false: leaves it behind. The lock is held. */
static bool wait_for_end(struct gc_bounded *b, struct bounded_call *c,
                         uint64_t end_ms) {
  while (b->running == c) {
    if (gc_clock_now_ms() >= end_ms && !c->has_ended) {
      c->is_left = true;
      return false;
    }
    wait_until_ms(b, c->has_ended ? end_ms + b->wait_ms : end_ms);
  }
  return true;
}

static enum gc_code run_in_turn(struct gc_bounded *b, struct bounded_call *c,
                                uint64_t end_ms) {
  pthread_mutex_lock(&b->lock);
  bool has_turn = take_turn(b, c, end_ms);
  pthread_mutex_unlock(&b->lock);
  if (!has_turn)
    return GC_ERR_TIMEOUT;
  bool has_thread = gc_thread_start_detached(STACK_BYTES, run_call, c) == 0;
  pthread_mutex_lock(&b->lock);
  if (!has_thread) {
    b->running = NULL;
    b->holders--;
    pthread_cond_broadcast(&b->ended);
  }
  bool is_left = has_thread && !wait_for_end(b, c, end_ms);
  pthread_mutex_unlock(&b->lock);
  if (is_left)
    return GC_ERR_STOPPED; /* the thread frees the call */
  return has_thread ? GC_OK : GC_ERR_MEMORY;
}

enum gc_code gc_bounded_run(struct gc_bounded *b, void (*run)(void *ctx),
                            void (*drop)(void *ctx), void *ctx) {
  struct bounded_call *c = malloc(sizeof(*c));
  if (c == NULL) {
    drop(ctx);
    return GC_ERR_MEMORY;
  }
  *c = (struct bounded_call){.of = b, .run = run, .drop = drop, .ctx = ctx};
  enum gc_code code = run_in_turn(b, c, gc_clock_now_ms() + b->wait_ms);
  if (code == GC_ERR_STOPPED)
    return GC_ERR_TIMEOUT;
  free(c);
  if (code != GC_OK)
    drop(ctx);
  return code;
}

uint64_t gc_bounded_hangs_ms(struct gc_bounded *b) {
  pthread_mutex_lock(&b->lock);
  uint64_t ms = b->running != NULL && b->running->is_left
                    ? gc_clock_now_ms() - b->running->since_ms
                    : 0;
  pthread_mutex_unlock(&b->lock);
  return ms;
}
