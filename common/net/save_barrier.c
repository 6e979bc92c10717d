/* SPDX-License-Identifier: MIT */
#include "common/net/save_barrier.h"

#include <pthread.h>
#include <stddef.h>

#include "common/net/clock.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the rest */
static pthread_cond_t save_ended;
static struct gc_saver *savers;
static uint64_t newest_mark;

static void make_condition(void) { gc_clock_cond_init(&save_ended); }

static void lock_barrier(void) {
  pthread_once(&once, make_condition);
  pthread_mutex_lock(&lock);
}

static void unlock_barrier(void) { pthread_mutex_unlock(&lock); }

static struct gc_saver **place_of(const struct gc_saver *s) {
  struct gc_saver **at = &savers;
  while (*at != NULL && *at != s)
    at = &(*at)->next;
  return at;
}

void gc_saver_add(struct gc_saver *s) {
  lock_barrier();
  s->done = s->asked_ms = 0;
  s->next = savers;
  savers = s;
  unlock_barrier();
}

void gc_saver_remove(struct gc_saver *s) {
  lock_barrier();
  struct gc_saver **at = place_of(s);
  if (*at != NULL)
    *at = s->next;
  pthread_cond_broadcast(&save_ended);
  unlock_barrier();
}

uint64_t gc_saver_begin(void) {
  lock_barrier();
  uint64_t mark = newest_mark;
  unlock_barrier();
  return mark;
}

void gc_saver_end(struct gc_saver *s, uint64_t mark) {
  lock_barrier();
  s->done = mark;
  s->asked_ms = 0;
  pthread_cond_broadcast(&save_ended);
  unlock_barrier();
}

uint64_t gc_save_mark(void) {
  lock_barrier();
  uint64_t mark = ++newest_mark;
  unlock_barrier();
  return mark;
}

/* True if the writer is waited for. Asks for a save if none runs: the one that
 * runs may have begun before the mark. */
static bool is_waited_for(struct gc_saver *s, uint64_t mark, uint64_t now_ms) {
  if (s->done >= mark)
    return false;
  if (s->asked_ms != 0)
    return now_ms - s->asked_ms < GC_SAVE_GIVE_UP_MS;
  if (!s->save(s->ctx))
    return false;
  s->asked_ms = now_ms;
  return true;
}

static bool is_any_waited_for(uint64_t mark, uint64_t now_ms) {
  bool is_any = false;
  for (struct gc_saver *s = savers; s != NULL; s = s->next)
    is_any |= is_waited_for(s, mark, now_ms);
  return is_any;
}

bool gc_save_wait(uint64_t mark, uint64_t end_ms) {
  const struct timespec end = gc_clock_timespec(end_ms);
  bool is_waiting;
  lock_barrier();
  for (;;) {
    uint64_t now_ms = gc_clock_now_ms();
    is_waiting = is_any_waited_for(mark, now_ms);
    if (!is_waiting || now_ms >= end_ms)
      break;
    (void)pthread_cond_timedwait(&save_ended, &lock, &end);
  }
  unlock_barrier();
  return !is_waiting;
}
