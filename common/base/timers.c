/* SPDX-License-Identifier: MIT */
#include "common/base/timers.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

static bool is_before(const struct gc_timer *a, const struct gc_timer *b) {
  return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->turn < b->turn;
}

/* Puts a timer at a place of the binary heap; place p (from 1) has its parent
 * at p / 2. */
static void set_place(struct gc_timers *t, size_t place,
                      struct gc_timer *timer) {
  t->heap[place - 1] = timer;
  timer->place = place;
}

static void move_up(struct gc_timers *t, struct gc_timer *timer) {
  size_t p = timer->place;
  while (p > 1 && is_before(timer, t->heap[p / 2 - 1])) {
    set_place(t, p, t->heap[p / 2 - 1]);
    p /= 2;
  }
  set_place(t, p, timer);
}

static void move_down(struct gc_timers *t, struct gc_timer *timer) {
  size_t p = timer->place;
  for (;;) {
    size_t child = p * 2;
    if (child > t->count)
      break;
    if (child < t->count && is_before(t->heap[child], t->heap[child - 1]))
      child++;
    if (!is_before(t->heap[child - 1], timer))
      break;
    set_place(t, p, t->heap[child - 1]);
    p = child;
  }
  set_place(t, p, timer);
}

static void append_timer(struct gc_timers *t, struct gc_timer *timer) {
  if (t->count == t->cap) {
    t->cap = t->cap == 0 ? 16 : t->cap * 2;
    t->heap = gc_resize(t->heap, t->cap, sizeof(struct gc_timer *));
  }
  t->count++;
  set_place(t, t->count, timer);
}

void gc_timers_set(struct gc_timers *t, struct gc_timer *timer,
                   uint64_t due_ms) {
  timer->due_ms = due_ms > t->ran_ms ? due_ms : t->ran_ms;
  timer->turn = t->turns++;
  if (timer->place == 0)
    append_timer(t, timer);
  move_up(t, timer);
  move_down(t, timer);
}

void gc_timers_unset(struct gc_timers *t, struct gc_timer *timer) {
  if (timer->place == 0)
    return;
  GC_ASSERT(timer->place <= t->count && t->heap[timer->place - 1] == timer);
  struct gc_timer *last = t->heap[t->count - 1];
  t->count--;
  if (last != timer) {
    set_place(t, timer->place, last);
    move_up(t, last);
    move_down(t, last);
  }
  timer->place = 0;
}

/* Fires the timers that are due. A timer that is set inside a run waits for the
 * next run. Counting ensures that: no more timers fire than were due at the
 * beginning, and a timer that is set inside comes after those, since it is due
 * now at the earliest and its turn is later. */
void gc_timers_run(struct gc_timers *t, uint64_t now_ms) {
  size_t due = 0;
  if (now_ms > t->ran_ms)
    t->ran_ms = now_ms;
  for (size_t i = 0; i < t->count; i++)
    due += t->heap[i]->due_ms <= now_ms;

  for (; due > 0 && t->count > 0 && t->heap[0]->due_ms <= now_ms; due--) {
    struct gc_timer *timer = t->heap[0];
    gc_timers_unset(t, timer);
    timer->fire(timer->ctx, now_ms);
  }
}

uint32_t gc_timers_wait_ms(const struct gc_timers *t, uint64_t now_ms,
                           uint32_t max_ms) {
  if (t->count == 0)
    return max_ms;
  uint64_t due_ms = t->heap[0]->due_ms;
  if (due_ms <= now_ms)
    return 0;
  return due_ms - now_ms < max_ms ? (uint32_t)(due_ms - now_ms) : max_ms;
}

void gc_timers_clear(struct gc_timers *t) {
  for (size_t i = 0; i < t->count; i++)
    t->heap[i]->place = 0;
  free(t->heap);
  *t = (struct gc_timers){0};
}
