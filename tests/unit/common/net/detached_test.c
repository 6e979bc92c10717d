/* SPDX-License-Identifier: MIT */
#include "common/net/detached.h"

#include <stdlib.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

enum { WAIT_MS = 3000, LONG_MS = 60 * 1000, AT_ONCE_MS = 2900, CALLERS = 8 };

/* A call that hangs until the test opens the gate. */
static struct gate gate = GATE_INIT;
static bool is_open;
static unsigned runs, drops;

static void run_it(void *ctx) {
  (void)ctx;
  pthread_mutex_lock(&gate.lock);
  while (!is_open)
    pthread_cond_wait(&gate.changed, &gate.lock);
  runs++;
  pthread_cond_broadcast(&gate.changed);
  pthread_mutex_unlock(&gate.lock);
}

static void drop_it(void *ctx) {
  free(ctx);
  GATE_CHANGE(&gate, drops++);
}

static void begin_calls(bool opens) {
  GATE_CHANGE(&gate, runs = drops = 0; is_open = opens);
}

static bool has_run(void *ctx) {
  (void)ctx;
  return runs == 1;
}

static bool has_dropped(void *ctx) { return drops == *(unsigned *)ctx; }

static void a_call_that_ends_returns_its_context_to_the_caller(void) {
  begin_calls(true);
  struct gc_detached *b = gc_detached_new("gc-test", LONG_MS);
  void *ctx = malloc(1);
  CHECK_INT(gc_detached_run(b, run_it, drop_it, ctx), GC_OK);
  CHECK_INT(gate_read(&gate, &runs), 1);
  CHECK_INT(gate_read(&gate, &drops), 0);
  CHECK_INT(gc_detached_hangs_ms(b), 0);
  free(ctx);
  gc_detached_free(b);
}

static void a_call_that_hangs_is_left_and_the_next_fails_at_once(void) {
  unsigned two = 2;
  begin_calls(false);
  struct gc_detached *b = gc_detached_new("gc-test", WAIT_MS);
  uint64_t began_ms = gc_clock_now_ms();
  CHECK_INT(gc_detached_run(b, run_it, drop_it, malloc(1)), GC_ERR_TIMEOUT);
  CHECK(gc_clock_now_ms() - began_ms >= WAIT_MS);
  CHECK_INT(gate_read(&gate, &drops), 0);
  CHECK(gc_detached_hangs_ms(b) >= WAIT_MS);

  began_ms = gc_clock_now_ms();
  CHECK_INT(gc_detached_run(b, run_it, drop_it, malloc(1)), GC_ERR_TIMEOUT);
  CHECK(gc_clock_now_ms() - began_ms < AT_ONCE_MS);
  CHECK_INT(gate_read(&gate, &drops), 1);

  GATE_CHANGE(&gate, is_open = true);
  CHECK(gate_wait(&gate, has_dropped, &two));
  CHECK_INT(gate_read(&gate, &runs), 1);
  gc_detached_free(b);
}

/* The open gate stands for a disk that answers again. */
static void a_call_after_the_hang_runs(void) {
  unsigned one = 1;
  begin_calls(false);
  struct gc_detached *b = gc_detached_new("gc-test", WAIT_MS);
  CHECK_INT(gc_detached_run(b, run_it, drop_it, malloc(1)), GC_ERR_TIMEOUT);
  GATE_CHANGE(&gate, is_open = true);
  CHECK(gate_wait(&gate, has_dropped, &one));
  enum gc_code code = GC_ERR_TIMEOUT;
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (code != GC_OK && gc_clock_now_ms() < until_ms) { /* its thread ends */
    void *ctx = malloc(1);
    code = gc_detached_run(b, run_it, drop_it, ctx);
    if (code == GC_OK)
      free(ctx);
  }
  CHECK_INT(code, GC_OK);
  CHECK_INT(gc_detached_hangs_ms(b), 0);
  gc_detached_free(b);
}

static void the_owner_may_go_while_a_call_hangs(void) {
  unsigned one = 1;
  begin_calls(false);
  struct gc_detached *b = gc_detached_new("gc-test", WAIT_MS);
  CHECK_INT(gc_detached_run(b, run_it, drop_it, malloc(1)), GC_ERR_TIMEOUT);
  gc_detached_free(b);
  GATE_CHANGE(&gate, is_open = true);
  CHECK(gate_wait(&gate, has_run, NULL));
  CHECK(gate_wait(&gate, has_dropped, &one));
}

static unsigned in_turn; /* guarded by the turns alone */

/* The waits of a stop share one limit, which a new run ends. */
static void a_stop_shortens_all_waits_together(void) {
  unsigned one = 1;
  struct gc_detached *b = gc_detached_new("gc-test", LONG_MS);
  begin_calls(false);
  gc_clock_begin_stop();
  uint64_t began_ms = gc_clock_now_ms();
  CHECK_INT(gc_detached_run(b, run_it, drop_it, NULL), GC_ERR_TIMEOUT);
  CHECK(gc_clock_now_ms() - began_ms < LONG_MS);
  uint64_t end_ms = gc_clock_bound(LONG_MS);
  CHECK(end_ms <= gc_clock_now_ms() + GC_STOP_LEAST_MS);
  CHECK(gc_clock_bound(1) <= gc_clock_now_ms() + 1);
  gc_clock_begin_run();
  CHECK(gc_clock_bound(LONG_MS) >= end_ms + LONG_MS - GC_STOP_LEAST_MS);
  GATE_CHANGE(&gate, is_open = true);
  CHECK(gate_wait(&gate, has_dropped, &one));
  gc_detached_free(b);
}

static void add_one(void *ctx) {
  (void)ctx;
  in_turn++;
}

static void keep_ctx(void *ctx) { (void)ctx; }

/* Counts the calls that end with another code than `want`. */
struct caller {
  pthread_t thread;
  struct gc_detached *b;
  enum gc_code want;
  unsigned others;
};

static struct caller callers[CALLERS];

static void *call_often(void *arg) {
  struct caller *c = arg;
  for (int i = 0; i < 50; i++)
    c->others += gc_detached_run(c->b, add_one, keep_ctx, NULL) != c->want;
  return NULL;
}

static void *call_once(void *arg) {
  struct caller *c = arg;
  c->others += gc_detached_run(c->b, run_it, drop_it, malloc(1)) != c->want;
  return NULL;
}

static void call_from_threads(struct gc_detached *b, void *(*call)(void *arg),
                              enum gc_code want) {
  for (int i = 0; i < CALLERS; i++) {
    callers[i] = (struct caller){.b = b, .want = want};
    CHECK_INT(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
  }
  for (int i = 0; i < CALLERS; i++) {
    pthread_join(callers[i].thread, NULL);
    CHECK_INT(callers[i].others, 0);
  }
}

static void calls_run_one_after_the_other(void) {
  in_turn = 0;
  struct gc_detached *b = gc_detached_new("gc-test", LONG_MS);
  call_from_threads(b, call_often, GC_OK);
  CHECK_INT(in_turn, CALLERS * 50);
  gc_detached_free(b);
}

/* Threads that wait for the same hang do not add up their waits. */
static void callers_do_not_wait_one_after_the_other(void) {
  unsigned all = CALLERS;
  begin_calls(false);
  struct gc_detached *b = gc_detached_new("gc-test", WAIT_MS);
  uint64_t began_ms = gc_clock_now_ms();
  call_from_threads(b, call_once, GC_ERR_TIMEOUT);
  CHECK(gc_clock_now_ms() - began_ms < CALLERS * WAIT_MS / 2);
  GATE_CHANGE(&gate, is_open = true);
  CHECK(gate_wait(&gate, has_dropped, &all));
  gc_detached_free(b);
}

int main(void) {
  RUN(a_call_that_ends_returns_its_context_to_the_caller);
  RUN(a_call_that_hangs_is_left_and_the_next_fails_at_once);
  RUN(a_call_after_the_hang_runs);
  RUN(the_owner_may_go_while_a_call_hangs);
  RUN(a_stop_shortens_all_waits_together);
  RUN(calls_run_one_after_the_other);
  RUN(callers_do_not_wait_one_after_the_other);
  return check_done();
}
