/* SPDX-License-Identifier: MIT */
#include "common/net/background.h"

#include <stdlib.h>

#include "common/net/clock.h"
#include "common/net/loop.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

/* A job that hangs until the test opens the gate. */
static struct gate gate = GATE_INIT;
static bool is_open;
static unsigned runs, dones, drops;

static void run_work(void *ctx) {
  (void)ctx;
  GATE_CHANGE(&gate, runs++);
  pthread_mutex_lock(&gate.lock);
  while (!is_open)
    pthread_cond_wait(&gate.changed, &gate.lock);
  pthread_mutex_unlock(&gate.lock);
}

static void end_work(void *ctx) {
  (void)ctx;
  GATE_CHANGE(&gate, dones++);
}

static void drop_work(void *ctx) {
  free(ctx);
  GATE_CHANGE(&gate, drops++);
}

static struct gc_loop *loop;
static struct gc_background *background;

static void start_work(void *ctx) {
  struct gc_err err = {.code = GC_OK};
  *(enum gc_code *)ctx =
      gc_background_start(background,
                          &(struct gc_work){"gc-test-work", run_work, end_work,
                                            drop_work, malloc(1)},
                          &err);
}

static enum gc_code start_it(void) {
  enum gc_code code = GC_OK;
  gc_loop_call(loop, start_work, &code);
  return code;
}

static void cancel_work(void *ctx) {
  (void)ctx;
  gc_background_cancel(background);
}

static void begin_background(bool open_gate) {
  struct gc_err err;
  GATE_CHANGE(&gate, runs = dones = drops = 0; is_open = open_gate);
  loop = gc_loop_new(&err);
  background = gc_background_new(loop);
  CHECK_INT(gc_loop_start(loop, "gc-test", &err), GC_OK);
}

static void end_background(void) {
  gc_loop_stop(loop);
  gc_background_free(background);
  gc_loop_free(loop);
}

static bool has_dropped(void *ctx) {
  (void)ctx;
  return drops == 1;
}

static bool both_have_dropped(void *ctx) {
  (void)ctx;
  return drops == 2;
}

static void a_job_ends_on_the_loop_s_thread_and_is_dropped(void) {
  begin_background(true);
  CHECK_INT(start_it(), GC_OK);
  CHECK(gate_wait(&gate, has_dropped, NULL));
  CHECK_INT(gate_read(&gate, &dones), 1);
  end_background();
  CHECK_INT(gate_read(&gate, &drops), 1);
}

static void one_job_runs_at_a_time(void) {
  begin_background(false);
  CHECK_INT(start_it(), GC_OK);
  CHECK_INT(start_it(), GC_ERR_REQUEST);
  CHECK_INT(gate_read(&gate, &drops), 1);
  GATE_CHANGE(&gate, is_open = true);
  end_background();
  CHECK(gate_wait(&gate, both_have_dropped, NULL));
}

static bool has_run(void *ctx) {
  (void)ctx;
  return runs == 1;
}

/* The disk may hang: the stop does not wait for the job. */
static void a_job_that_hangs_is_left_behind(void) {
  begin_background(false);
  CHECK_INT(start_it(), GC_OK);
  CHECK(gate_wait(&gate, has_run, NULL));
  uint64_t began_ms = gc_clock_now_ms();
  end_background();
  CHECK(gc_clock_now_ms() - began_ms < 30000);
  CHECK_INT(gate_read(&gate, &dones), 0);
  CHECK_INT(gate_read(&gate, &drops), 0);
  GATE_CHANGE(&gate, is_open = true);
  CHECK(gate_wait(&gate, has_dropped, NULL));
  CHECK_INT(gate_read(&gate, &dones), 0);
}

static void a_cancelled_job_ends_without_done(void) {
  begin_background(false);
  CHECK_INT(start_it(), GC_OK);
  gc_loop_call(loop, cancel_work, NULL);
  CHECK_INT(start_it(), GC_OK); /* the next job need not wait */
  GATE_CHANGE(&gate, is_open = true);
  end_background();
  CHECK(gate_wait(&gate, both_have_dropped, NULL));
  CHECK(gate_read(&gate, &dones) <= 1);
}

int main(void) {
  RUN(a_job_ends_on_the_loop_s_thread_and_is_dropped);
  RUN(one_job_runs_at_a_time);
  RUN(a_job_that_hangs_is_left_behind);
  RUN(a_cancelled_job_ends_without_done);
  return check_done();
}
