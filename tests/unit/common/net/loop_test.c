/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_getname_np */
#endif
#include "common/net/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/loop_rounds.h"
#include "tests/support/test_loop.h"

static struct gate gate = GATE_INIT;

static void end_loop(struct gc_loop *loop) {
  gc_loop_stop(loop);
  gc_loop_free(loop);
}

static void do_nothing(void *ctx) { (void)ctx; }

/* ---- posting ---- */

struct list {
  int seen[4];
  int count;
};
struct entry {
  struct list *list;
  int value;
};
static void note_entry(void *ctx) {
  struct entry *e = ctx;
  if (e->list->count < 4)
    e->list->seen[e->list->count] = e->value;
  e->list->count++;
}

static void work_runs_in_the_order_it_was_posted(void) {
  struct gc_loop *loop = test_loop_start();
  struct list list = {.count = 0};
  struct entry entries[] = {{&list, 1}, {&list, 2}, {&list, 3}, {&list, 4}};
  for (int i = 0; i < 3; i++)
    CHECK_INT(gc_loop_post(loop, note_entry, NULL, &entries[i]), GC_OK);
  gc_loop_call(loop, note_entry, &entries[3]);
  CHECK_INT(list.count, 4);
  for (int i = 0; i < 4; i++)
    CHECK_INT(list.seen[i], i + 1);
  end_loop(loop);
}

static void increment_int(void *ctx) { ++*(int *)ctx; }

static void work_posted_before_the_start_runs_after_it(void) {
  struct gc_loop *loop = gc_loop_new(NULL);
  int ran = 0;
  CHECK_INT(gc_loop_post(loop, increment_int, NULL, &ran), GC_OK);
  CHECK_INT(ran, 0);
  CHECK_INT(gc_loop_start(loop, "gc-test", NULL), GC_OK);
  gc_loop_call(loop, do_nothing, NULL);
  CHECK_INT(ran, 1);
  end_loop(loop);
}

static void work_posted_before_the_stop_runs_and_after_it_is_dropped(void) {
  struct gc_loop *loop = test_loop_start();
  int ran = 0, late = 0;
  CHECK_INT(gc_loop_post(loop, increment_int, NULL, &ran), GC_OK);
  gc_loop_stop(loop);
  CHECK_INT(ran, 1);
  CHECK_INT(gc_loop_post(loop, increment_int, increment_int, &late), GC_OK);
  CHECK_INT(gc_loop_post(loop, increment_int, NULL, &late), GC_OK);
  CHECK_INT(late, 0);
  gc_loop_free(loop);
  CHECK_INT(late, 1);
}

static void a_loop_that_never_started_drops_its_work(void) {
  struct gc_loop *loop = gc_loop_new(NULL);
  int ran = 0, dropped = 0;
  CHECK_INT(gc_loop_post(loop, do_nothing, increment_int, &dropped), GC_OK);
  gc_loop_stop(loop);
  CHECK_INT(gc_loop_start(loop, "gc-test", NULL), GC_ERR_STOPPED);
  gc_loop_free(loop);
  CHECK_INT(ran, 0);
  CHECK_INT(dropped, 1);
}

struct reposter {
  struct gc_loop *loop;
  int ran, dropped, failed;
};
static void count_drop(void *ctx) { ((struct reposter *)ctx)->dropped++; }
static void post_again(void *ctx) {
  struct reposter *r = ctx;
  r->ran++;
  r->failed += gc_loop_post(r->loop, post_again, count_drop, r) != GC_OK;
}

static void work_that_always_posts_itself_does_not_delay_the_stop(void) {
  struct reposter r = {.loop = test_loop_start()};
  CHECK_INT(gc_loop_post(r.loop, post_again, count_drop, &r), GC_OK);
  gc_loop_call(r.loop, do_nothing, NULL);
  gc_loop_stop(r.loop);
  gc_loop_free(r.loop);
  CHECK(r.ran >= 1);
  CHECK_INT(r.dropped, 1);
  CHECK_INT(r.failed, 0);
}

static void a_second_stop_and_a_free_of_null_do_nothing(void) {
  struct gc_loop *loop = test_loop_start();
  int dropped = 0;
  gc_loop_stop(loop);
  CHECK_INT(gc_loop_post(loop, do_nothing, increment_int, &dropped), GC_OK);
  gc_loop_stop(loop);
  CHECK_INT(dropped, 0);
  gc_loop_free(loop);
  gc_loop_free(NULL);
  CHECK_INT(dropped, 1);
}

enum { POSTERS = 4, POSTS = 1000 };
static struct gc_loop *crowded;
static int crowd_ran;
static void *post_many(void *arg) {
  (void)arg;
  for (int i = 0; i < POSTS; i++) {
    if (gc_loop_post(crowded, increment_int, NULL, &crowd_ran) != GC_OK)
      return NULL;
    if (i % 100 == 0)
      gc_loop_call(crowded, do_nothing, NULL);
  }
  return NULL;
}

static void many_threads_post_and_nothing_is_lost(void) {
  crowded = test_loop_start();
  crowd_ran = 0;
  pthread_t threads[POSTERS];
  for (int i = 0; i < POSTERS; i++)
    pthread_create(&threads[i], NULL, post_many, NULL);
  for (int i = 0; i < POSTERS; i++)
    pthread_join(threads[i], NULL);
  gc_loop_call(crowded, do_nothing, NULL);
  CHECK_INT(crowd_ran, POSTERS * POSTS);
  end_loop(crowded);
}

static void *call_until_stopped(void *arg) {
  int *ran = arg;
  for (int i = 0; i < POSTS; i++)
    gc_loop_call(crowded, increment_int, ran);
  return NULL;
}

/* Every call runs exactly once: on the loop while it runs, then directly. */
static void calls_that_race_with_the_stop_all_run(void) {
  crowded = test_loop_start();
  int ran = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, call_until_stopped, &ran);
  gc_loop_call(crowded, do_nothing, NULL);
  gc_loop_stop(crowded);
  pthread_join(thread, NULL);
  CHECK_INT(ran, POSTS);
  gc_loop_free(crowded);
}

static void a_call_runs_directly_when_no_thread_runs(void) {
  struct gc_loop *loop = gc_loop_new(NULL);
  int ran = 0;
  gc_loop_call(loop, increment_int, &ran);
  CHECK_INT(ran, 1);
  CHECK_INT(gc_loop_start(loop, "gc-test", NULL), GC_OK);
  gc_loop_stop(loop);
  gc_loop_call(loop, increment_int, &ran);
  CHECK_INT(ran, 2);
  gc_loop_free(loop);
}

struct inner {
  struct gc_loop *loop;
  int ran;
};
static void call_inside(void *ctx) {
  struct inner *in = ctx;
  gc_loop_call(in->loop, increment_int, &in->ran);
}

static void a_call_from_the_loop_itself_does_not_hang(void) {
  struct inner in = {.loop = test_loop_start()};
  gc_loop_call(in.loop, call_inside, &in);
  CHECK_INT(in.ran, 1);
  end_loop(in.loop);
}

/* ---- the thread ---- */

struct thread_state {
  char name[16];
  bool blocks_term, blocks_pipe;
};
static void read_thread_state(void *ctx) {
  struct thread_state *l = ctx;
  sigset_t set;
  pthread_sigmask(SIG_SETMASK, NULL, &set);
  l->blocks_term = sigismember(&set, SIGTERM);
  l->blocks_pipe = sigismember(&set, SIGPIPE);
  pthread_getname_np(pthread_self(), l->name, sizeof(l->name));
}

static void the_thread_has_its_name_and_leaves_signals_to_the_daemon(void) {
  struct gc_loop *loop = gc_loop_new(NULL);
  struct thread_state there = {{0}, 0, 0}, here = {{0}, 0, 0};
  CHECK_INT(gc_loop_start(loop, "gc-a-name-of-more-than-15", NULL), GC_OK);
  gc_loop_call(loop, read_thread_state, &there);
  CHECK_STR(there.name, "gc-a-name-of-mo");
  CHECK(there.blocks_term);
  CHECK(there.blocks_pipe);
  read_thread_state(&here);
  CHECK(!here.blocks_term);
  end_loop(loop);
}

/* ---- timers ---- */

struct shot {
  struct gc_loop *loop;
  struct gc_timer timer;
  uint64_t due_ms, fired_ms;
  int count, want, again;
};
static bool shot_is_done(void *ctx) {
  struct shot *s = ctx;
  return s->count >= s->want;
}
static void on_fire(void *ctx, uint64_t now_ms) {
  struct shot *s = ctx;
  GATE_CHANGE(&gate, {
    s->fired_ms = now_ms;
    s->count++;
    if (s->again > 0) {
      s->again--;
      gc_timers_set(gc_loop_timers(s->loop), &s->timer, now_ms + 1);
    }
  });
}
static void set_shot(void *ctx) {
  struct shot *s = ctx;
  s->timer.fire = on_fire;
  s->timer.ctx = s;
  gc_timers_set(gc_loop_timers(s->loop), &s->timer, s->due_ms);
}

static void a_timer_fires_when_it_is_due_not_before(void) {
  struct gc_loop *loop = test_loop_start();
  struct shot s = {.loop = loop, .due_ms = gc_clock_now_ms() + 30, .want = 1};
  gc_loop_call(loop, set_shot, &s);
  CHECK(gate_wait(&gate, shot_is_done, &s));
  CHECK(s.fired_ms >= s.due_ms);
  CHECK_INT(s.count, 1);
  end_loop(loop);
}

static void a_timer_may_set_itself_again_inside(void) {
  struct gc_loop *loop = test_loop_start();
  struct shot s = {
      .loop = loop, .due_ms = gc_clock_now_ms(), .again = 5, .want = 6};
  gc_loop_call(loop, set_shot, &s);
  CHECK(gate_wait(&gate, shot_is_done, &s));
  CHECK_INT(s.count, 6);
  end_loop(loop);
}

struct quiet {
  struct gc_loop *loop;
  struct gc_watch watch;
};
static void watch_quiet(void *ctx) {
  struct quiet *q = ctx;
  gc_loop_watch(q->loop, &q->watch);
}

/* One timer of 100 ms runs between two readings of the counter: the loop may
 * wake for the calls that set it and for the timer, not more. A loop that spins
 * makes thousands of rounds. */
static void an_idle_loop_sleeps(void) {
  struct gc_loop *loop = test_loop_start();
  int pipe_fds[2];
  CHECK_INT(pipe(pipe_fds), 0);
  struct quiet quiet = {loop, {.fd = pipe_fds[0], .want_read = true}};
  gc_loop_call(loop, watch_quiet, &quiet);
  uint64_t before = loop_rounds();
  struct shot s = {.loop = loop, .due_ms = gc_clock_now_ms() + 100, .want = 1};
  gc_loop_call(loop, set_shot, &s);
  CHECK(gate_wait(&gate, shot_is_done, &s));
  uint64_t rounds = loop_rounds() - before;
  CHECK_THAT(rounds >= 1 && rounds <= 6, "%llu rounds in 100 idle ms",
             (unsigned long long)rounds);
  end_loop(loop);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

/* ---- watches ---- */

struct pipe_watch {
  struct gc_loop *loop;
  struct gc_watch watch;
  struct pipe_watch *victim; /* the first that runs unwatches and frees it */
  int fds[2];
  int ready, bytes;
  int again; /* further runs without bytes */
};
static bool pipe_was_ready(void *ctx) {
  struct pipe_watch *p = ctx;
  return p->ready > 0 && p->again == 0;
}
static void on_pipe(void *ctx, uint64_t now_ms) {
  struct pipe_watch *p = ctx;
  (void)now_ms;
  char bytes[16];
  GATE_CHANGE(&gate, {
    /* The read comes first: it orders this thread after the writer. */
    if (!p->watch.again)
      p->bytes += (int)read(p->fds[0], bytes, sizeof(bytes));
    p->ready++;
    if (p->again > 0)
      p->again--;
    p->watch.again = p->again > 0;
  });
}
static struct pipe_watch *new_pipe(struct gc_loop *loop) {
  struct pipe_watch *p = calloc(1, sizeof(*p));
  if (p == NULL || pipe(p->fds) != 0)
    exit(1);
  p->loop = loop;
  p->watch = (struct gc_watch){
      .fd = p->fds[0], .want_read = true, .ready = on_pipe, .ctx = p};
  return p;
}
static void free_pipe(struct pipe_watch *p) {
  close(p->fds[0]);
  close(p->fds[1]);
  free(p);
}
static void watch_pipe(void *ctx) {
  struct pipe_watch *p = ctx;
  gc_loop_watch(p->loop, &p->watch);
}
static void unwatch_pipe(void *ctx) {
  struct pipe_watch *p = ctx;
  gc_loop_unwatch(p->loop, &p->watch);
}

static void a_watch_runs_when_its_descriptor_is_readable(void) {
  struct gc_loop *loop = test_loop_start();
  struct pipe_watch *p = new_pipe(loop);
  gc_loop_call(loop, watch_pipe, p);
  gc_loop_call(loop, watch_pipe, p); /* changes nothing */
  gc_loop_call(loop, do_nothing, NULL);
  CHECK_INT(p->ready, 0);
  CHECK_INT(write(p->fds[1], "abc", 3), 3);
  CHECK(gate_wait(&gate, pipe_was_ready, p));
  CHECK_INT(p->bytes, 3);
  gc_loop_call(loop, unwatch_pipe, p);
  CHECK_INT(write(p->fds[1], "abc", 3), 3);
  gc_loop_call(loop, do_nothing, NULL);
  gc_loop_call(loop, do_nothing, NULL);
  CHECK_INT(p->ready, 1);
  end_loop(loop);
  free_pipe(p);
}

static void a_watch_that_requests_another_run_needs_no_new_bytes(void) {
  struct gc_loop *loop = test_loop_start();
  struct pipe_watch *p = new_pipe(loop);
  p->again = 5;
  p->watch.again = true;
  gc_loop_call(loop, watch_pipe, p);
  CHECK(gate_wait(&gate, pipe_was_ready, p));
  CHECK_INT(p->ready, 5);
  end_loop(loop);
  free_pipe(p);
}

static unsigned kills;
static void on_pipe_kill(void *ctx, uint64_t now_ms) {
  struct pipe_watch *p = ctx;
  (void)now_ms;
  kills++;
  struct gc_loop *loop = p->loop;
  struct pipe_watch *victim = p->victim;
  gc_loop_unwatch(loop, &victim->watch);
  gc_loop_unwatch(loop, &p->watch);
  free_pipe(victim);
  free_pipe(p);
}

static void watch_pair(void *ctx) {
  struct pipe_watch *p = ctx;
  gc_loop_watch(p->loop, &p->watch);
  gc_loop_watch(p->loop, &p->victim->watch);
}

/* The first of the two that runs frees both. */
static void a_watch_may_free_itself_and_another_inside(void) {
  struct gc_loop *loop = test_loop_start();
  struct pipe_watch *a = new_pipe(loop), *b = new_pipe(loop);
  a->victim = b;
  b->victim = a;
  a->watch.ready = b->watch.ready = on_pipe_kill;
  CHECK_INT(write(a->fds[1], "x", 1), 1);
  CHECK_INT(write(b->fds[1], "x", 1), 1);
  gc_loop_call(loop, watch_pair, a);
  gc_loop_call(loop, do_nothing, NULL);
  gc_loop_call(loop, do_nothing, NULL);
  gc_loop_call(loop, do_nothing, NULL);
  CHECK_INT(kills, 1);
  end_loop(loop);
}

static void a_hundred_watches_are_all_seen(void) {
  struct gc_loop *loop = test_loop_start();
  struct pipe_watch *pipes[100];
  for (size_t i = 0; i < GC_COUNT(pipes); i++) {
    pipes[i] = new_pipe(loop);
    gc_loop_call(loop, watch_pipe, pipes[i]);
  }
  for (size_t i = 0; i < GC_COUNT(pipes); i++)
    CHECK_INT(write(pipes[i]->fds[1], "x", 1), 1);
  for (size_t i = 0; i < GC_COUNT(pipes); i++)
    CHECK(gate_wait(&gate, pipe_was_ready, pipes[i]));
  end_loop(loop);
  for (size_t i = 0; i < GC_COUNT(pipes); i++)
    free_pipe(pipes[i]);
}

/* ---- clocks and random numbers ---- */

static void the_random_numbers_differ_and_the_clocks_run(void) {
  uint32_t differ = 0;
  for (int i = 0; i < 16; i++)
    differ |= gc_random32() ^ gc_random32();
  CHECK(differ != 0);
  uint64_t before = gc_clock_now_ms();
  CHECK(gc_clock_now_ms() >= before);
  CHECK(gc_clock_wall_ms() > 1700000000000);
}

int main(void) {
  RUN(work_runs_in_the_order_it_was_posted);
  RUN(work_posted_before_the_start_runs_after_it);
  RUN(work_posted_before_the_stop_runs_and_after_it_is_dropped);
  RUN(a_loop_that_never_started_drops_its_work);
  RUN(work_that_always_posts_itself_does_not_delay_the_stop);
  RUN(a_second_stop_and_a_free_of_null_do_nothing);
  RUN(many_threads_post_and_nothing_is_lost);
  RUN(calls_that_race_with_the_stop_all_run);
  RUN(a_call_runs_directly_when_no_thread_runs);
  RUN(a_call_from_the_loop_itself_does_not_hang);
  RUN(the_thread_has_its_name_and_leaves_signals_to_the_daemon);
  RUN(a_timer_fires_when_it_is_due_not_before);
  RUN(a_timer_may_set_itself_again_inside);
  RUN_TIMED(an_idle_loop_sleeps);
  RUN(a_watch_runs_when_its_descriptor_is_readable);
  RUN(a_watch_that_requests_another_run_needs_no_new_bytes);
  RUN(a_watch_may_free_itself_and_another_inside);
  RUN(a_hundred_watches_are_all_seen);
  RUN(the_random_numbers_differ_and_the_clocks_run);
  return check_done();
}
