/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "common/net/background.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/clock.h"
#include "common/net/loop.h"
#include "common/net/thread.h"
#include "common/net/timing.h"

enum { STACK_BYTES = 256 * 1024 };

/* One job. Its thread and its owner hold it until both have released it, so
 * that a thread that hangs accesses no other memory. */
struct job {
  pthread_mutex_t lock;
  pthread_cond_t ended;
  unsigned holders;
  struct gc_loop *loop; /* NULL: cancelled */
  bool has_run;
  struct gc_work work;
  struct gc_background *owner; /* on the loop's thread; NULL: cancelled */
};

struct gc_background {
  struct gc_loop *loop;
  struct job *job;  /* NULL: no job runs */
  struct job *left; /* job that was cancelled last; NULL: none */
};

static void release_job(struct job *job) {
  pthread_mutex_lock(&job->lock);
  bool is_last = --job->holders == 0;
  pthread_mutex_unlock(&job->lock);
  if (!is_last)
    return;
  job->work.drop(job->work.ctx);
  pthread_cond_destroy(&job->ended);
  pthread_mutex_destroy(&job->lock);
  free(job);
}

static void drop_task(void *ctx) { release_job(ctx); }

/* Ends a job on the loop's thread, which holds it in place of the thread that
 * has ended. */
static void end_job(void *ctx) {
  struct job *job = ctx;
  if (job->owner != NULL) {
    job->owner->job = NULL;
    job->owner = NULL;
    job->work.done(job->work.ctx);
    release_job(job);
  }
  release_job(job);
}

static void *run_job(void *arg) {
  struct job *job = arg;
  pthread_setname_np(pthread_self(), job->work.name);
  job->work.run(job->work.ctx);

  pthread_mutex_lock(&job->lock);
  job->has_run = true;
  bool posted = job->loop != NULL &&
                gc_loop_post(job->loop, end_job, drop_task, job) == GC_OK;
  pthread_cond_broadcast(&job->ended);
  pthread_mutex_unlock(&job->lock);
  if (!posted)
    release_job(job);
  return NULL;
}

static struct job *new_job(struct gc_background *b,
                           const struct gc_work *work) {
  struct job *job = calloc(1, sizeof(*job));
  if (job == NULL)
    return NULL;
  pthread_mutex_init(&job->lock, NULL);
  gc_clock_cond_init(&job->ended);
  job->holders = 2;
  job->loop = b->loop;
  job->work = *work;
  job->owner = b;
  return job;
}

enum gc_code gc_background_start(struct gc_background *b,
                                 const struct gc_work *work,
                                 struct gc_err *err) {
  if (b->job != NULL) {
    work->drop(work->ctx);
    return gc_fail(err, GC_ERR_REQUEST, "%s runs already", work->name);
  }
  struct job *job = new_job(b, work);
  if (job == NULL) {
    work->drop(work->ctx);
    return gc_fail(err, GC_ERR_MEMORY, "%s: out of memory", work->name);
  }
  int failed = gc_thread_start_detached(STACK_BYTES, run_job, job);
  if (failed == 0) {
    b->job = job;
    return GC_OK;
  }
  enum gc_code code = gc_fail(err, GC_ERR_MEMORY, "no thread %s: %s",
                              work->name, strerror(failed));
  job->holders = 1;
  release_job(job);
  return code;
}

void gc_background_cancel(struct gc_background *b) {
  struct job *job = b->job;
  if (job == NULL)
    return;
  b->job = NULL;
  job->owner = NULL;
  pthread_mutex_lock(&job->lock);
  job->loop = NULL;
  pthread_mutex_unlock(&job->lock);
  if (b->left != NULL)
    release_job(b->left);
  b->left = job;
}

struct gc_background *gc_background_new(struct gc_loop *loop) {
  struct gc_background *b = calloc(1, sizeof(*b));
  if (b != NULL)
    b->loop = loop;
  return b;
}

/* Waits for a while, so that usually no thread is left. */
static void wait_for_thread(struct job *job) {
  const struct timespec until =
      gc_clock_timespec(gc_clock_now_ms() + GC_BACKGROUND_STOP_MS);
  int failed = 0;
  pthread_mutex_lock(&job->lock);
  while (!job->has_run && failed == 0)
    failed = pthread_cond_timedwait(&job->ended, &job->lock, &until);
  pthread_mutex_unlock(&job->lock);
}

void gc_background_free(struct gc_background *b) {
  if (b == NULL)
    return;
  gc_background_cancel(b);
  if (b->left != NULL) {
    wait_for_thread(b->left);
    release_job(b->left);
  }
  free(b);
}
