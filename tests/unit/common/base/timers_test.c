/* SPDX-License-Identifier: MIT */
#include "common/base/timers.h"

#include <stdlib.h>

#include "tests/support/check.h"

static uint32_t lot = 1;

/* xorshift32: the same numbers in every run. */
static uint32_t draw_number(void) {
  lot ^= lot << 13;
  lot ^= lot >> 17;
  lot ^= lot << 5;
  return lot;
}

enum { MANY = 2000 };

struct log {
  int fired[MANY + 16];
  size_t count;
};

struct entry {
  struct gc_timer timer;
  struct log *log;
  int name;
};

static void record_firing(void *ctx, uint64_t now_ms) {
  struct entry *e = ctx;
  CHECK(e->timer.due_ms <= now_ms);
  CHECK_INT(e->timer.place, 0);
  e->log->fired[e->log->count++] = e->name;
}

static struct entry make_entry(struct log *log, int name) {
  return (struct entry){
      .timer = {.fire = record_firing}, .log = log, .name = name};
}

static void set_timer(struct gc_timers *t, struct entry *e, uint64_t due_ms) {
  e->timer.ctx = e;
  gc_timers_set(t, &e->timer, due_ms);
}

static void timers_fire_in_the_order_of_their_times(void) {
  GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
  struct log log = {.count = 0};
  static const uint64_t due_ms[] = {50, 10, 40, 30, 20};
  struct entry e[5];
  for (int i = 0; i < 5; i++) {
    e[i] = make_entry(&log, (int)due_ms[i]);
    set_timer(&t, &e[i], due_ms[i]);
  }
  CHECK_INT(gc_timers_wait_ms(&t, 3, 1000), 7);
  CHECK_INT(gc_timers_wait_ms(&t, 3, 5), 5);
  CHECK_INT(gc_timers_wait_ms(&t, 10, 1000), 0);
  CHECK_INT(gc_timers_wait_ms(&t, 999, 1000), 0);
  gc_timers_run(&t, 9);
  CHECK_INT(log.count, 0);
  gc_timers_run(&t, 30);
  CHECK_INT(log.count, 3);
  gc_timers_run(&t, 100);
  for (int i = 0; i < 5; i++)
    CHECK_INT(log.fired[i], 10 * (i + 1));
  CHECK_INT(gc_timers_wait_ms(&t, 100, 1234), 1234);
}

static void timers_of_one_time_fire_in_the_order_of_setting(void) {
  GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
  struct log log = {.count = 0};
  struct entry e[10];
  for (int i = 0; i < 10; i++) {
    e[i] = make_entry(&log, i);
    set_timer(&t, &e[i], 5);
  }
  set_timer(&t, &e[3], 5); /* set again: now the last */
  gc_timers_run(&t, 5);
  static const int want[] = {0, 1, 2, 4, 5, 6, 7, 8, 9, 3};
  for (int i = 0; i < 10; i++)
    CHECK_INT(log.fired[i], want[i]);
}

/* Compares with a list that is searched from end to end. */
static void many_sets_moves_and_unsets_keep_the_order(void) {
  GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
  struct log log = {.count = 0};
  struct entry *e = calloc(MANY, sizeof(*e));
  bool *is_set = calloc(MANY, sizeof(*is_set));
  for (int i = 0; i < MANY; i++)
    e[i] = make_entry(&log, i);
  for (int step = 0; step < 5 * MANY; step++) {
    int i = (int)(draw_number() % MANY);
    if (draw_number() % 4 == 0) {
      gc_timers_unset(&t, &e[i].timer);
      is_set[i] = false;
    } else {
      set_timer(&t, &e[i], 1 + draw_number() % 10000);
      is_set[i] = true;
    }
  }
  size_t left = 0;
  for (int i = 0; i < MANY; i++) {
    left += is_set[i];
    CHECK_INT(e[i].timer.place != 0, is_set[i]);
  }
  for (uint64_t now_ms = 0; now_ms <= 10000; now_ms += 100) {
    uint64_t next_ms = UINT64_MAX;
    for (int i = 0; i < MANY; i++)
      if (e[i].timer.place != 0 && e[i].timer.due_ms < next_ms)
        next_ms = e[i].timer.due_ms;
    if (next_ms != UINT64_MAX)
      CHECK_INT(gc_timers_wait_ms(&t, now_ms, 1000000),
                next_ms > now_ms ? next_ms - now_ms : 0);
    gc_timers_run(&t, now_ms);
  }
  CHECK_INT(log.count, left);
  for (size_t i = 1; i < log.count; i++)
    CHECK(e[log.fired[i - 1]].timer.due_ms <= e[log.fired[i]].timer.due_ms);
  free(is_set);
  free(e);
}

static void a_timer_is_moved_not_doubled(void) {
  GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
  struct log log = {.count = 0};
  struct entry e = make_entry(&log, 1);
  set_timer(&t, &e, 10);
  set_timer(&t, &e, 500);
  CHECK_INT(t.count, 1);
  gc_timers_run(&t, 499);
  CHECK_INT(log.count, 0);
  set_timer(&t, &e, 20);
  gc_timers_run(&t, 499);
  CHECK_INT(log.count, 1);
  gc_timers_run(&t, 1000);
  CHECK_INT(log.count, 1);
}

static void unsetting_a_timer_that_is_not_set_does_nothing(void) {
  GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
  struct log log = {.count = 0};
  struct entry e = make_entry(&log, 1);
  gc_timers_unset(&t, &e.timer);
  set_timer(&t, &e, 1);
  gc_timers_unset(&t, &e.timer);
  gc_timers_unset(&t, &e.timer);
  gc_timers_run(&t, 9);
  CHECK_INT(log.count, 0);
}

struct meddler {
  struct gc_timer timer;
  struct gc_timers *t;
  struct gc_timer *other;
  uint64_t again_ms;
  unsigned fired;
};

static void unset_other(void *ctx, uint64_t now_ms) {
  struct meddler *m = ctx;
  (void)now_ms;
  gc_timers_unset(m->t, m->other);
}

static void a_timer_that_is_due_can_be_unset_by_one_that_fires(void) {
  GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
  struct log log = {.count = 0};
  struct entry victim = make_entry(&log, 1), bystander = make_entry(&log, 2);
  struct meddler m = {
      .timer = {.fire = unset_other}, .t = &t, .other = &victim.timer};
  m.timer.ctx = &m;
  gc_timers_set(&t, &m.timer, 1);
  set_timer(&t, &victim, 2);
  set_timer(&t, &bystander, 3);
  gc_timers_run(&t, 10);
  CHECK_INT(log.count, 1);
  CHECK_INT(log.fired[0], 2);
}

static void set_again(void *ctx, uint64_t now_ms) {
  struct meddler *m = ctx;
  (void)now_ms;
  m->fired++;
  gc_timers_set(m->t, &m->timer, m->again_ms);
}

static void a_timer_that_sets_itself_again_delays_no_other(void) {
  static const uint64_t again_ms[] = {0, 5, 10, 11};
  for (size_t i = 0; i < GC_COUNT(again_ms); i++) {
    GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
    struct log log = {.count = 0};
    struct entry others[3];
    struct meddler m = {
        .timer = {.fire = set_again}, .t = &t, .again_ms = again_ms[i]};
    m.timer.ctx = &m;
    gc_timers_set(&t, &m.timer, 1);
    for (int k = 0; k < 3; k++) {
      others[k] = make_entry(&log, k);
      set_timer(&t, &others[k], (uint64_t)(2 + 4 * k));
    }
    gc_timers_run(&t, 10);
    CHECK_INT(m.fired, 1);
    CHECK_INT(log.count, 3);
    gc_timers_run(&t, 11);
    CHECK_INT(m.fired, 2);
  }
}

static void a_time_in_the_past_fires_with_the_next_run(void) {
  GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
  struct log log = {.count = 0};
  struct entry e = make_entry(&log, 1);
  gc_timers_run(&t, 1000);
  set_timer(&t, &e, 3);
  CHECK_INT(gc_timers_wait_ms(&t, 1000, 99), 0);
  gc_timers_run(&t, 1000);
  CHECK_INT(log.count, 1);
}

static void free_other(void *ctx, uint64_t now_ms) {
  struct meddler *m = ctx;
  (void)now_ms;
  gc_timers_unset(m->t, m->other);
  free(m->other);
  free(m);
}

static void an_owner_may_free_itself_and_others_inside(void) {
  GC_AUTO(gc_timers_clear) struct gc_timers t = {0};
  for (int i = 0; i < 100; i++) {
    struct meddler *m = calloc(1, sizeof(*m));
    m->other = calloc(1, sizeof(*m->other));
    m->t = &t;
    m->timer = (struct gc_timer){.fire = free_other, .ctx = m};
    gc_timers_set(&t, &m->timer, draw_number() % 50);
    gc_timers_set(&t, m->other, 50 + draw_number() % 50);
  }
  gc_timers_run(&t, 200);
  CHECK_INT(t.count, 0);
}

static void clear_unsets_all(void) {
  struct gc_timers t = {0};
  struct log log = {.count = 0};
  struct entry e[40];
  for (int i = 0; i < 40; i++) {
    e[i] = make_entry(&log, i);
    set_timer(&t, &e[i], 5);
  }
  gc_timers_clear(&t);
  for (int i = 0; i < 40; i++)
    CHECK_INT(e[i].timer.place, 0);
  CHECK_INT(gc_timers_wait_ms(&t, 0, 7), 7);
  set_timer(&t, &e[0], 5);
  gc_timers_run(&t, 5);
  CHECK_INT(log.count, 1);
  gc_timers_clear(&t);
  gc_timers_clear(&t);
}

int main(void) {
  RUN(timers_fire_in_the_order_of_their_times);
  RUN(timers_of_one_time_fire_in_the_order_of_setting);
  RUN(many_sets_moves_and_unsets_keep_the_order);
  RUN(a_timer_is_moved_not_doubled);
  RUN(unsetting_a_timer_that_is_not_set_does_nothing);
  RUN(a_timer_that_is_due_can_be_unset_by_one_that_fires);
  RUN(a_timer_that_sets_itself_again_delays_no_other);
  RUN(a_time_in_the_past_fires_with_the_next_run);
  RUN(an_owner_may_free_itself_and_others_inside);
  RUN(clear_unsets_all);
  return check_done();
}
