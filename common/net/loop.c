/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "common/net/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/base/alloc.h"
#include "common/net/clock.h"
#include "common/net/http/curl_options.h"
#include "common/net/thread.h"
#include "common/net/timing.h"

/* Connections kept for reuse, including those of sockets. libcurl's default
 * shrinks with the number of handles: after a burst it would close connections
 * that the next burst needs. */
enum { CONNECTIONS_MAX = 64 };

/* ---- the watches, and the array of descriptors that poll takes ---- */

struct gc_poll_set {
  struct gc_watch *first;
  int wake_fd;
  struct curl_waitfd *fds; /* [0] is wake_fd, [i + 1] belongs to polled[i] */
  unsigned fds_count;
  struct gc_watch **polled; /* NULL: removed since the poll */
  size_t polled_count, cap; /* capacity of polled; fds has one place more */
};

static void reserve_watches(struct gc_poll_set *set, size_t count) {
  if (count <= set->cap)
    return;
  set->cap = count * 2;
  set->fds = gc_resize(set->fds, set->cap + 1, sizeof(*set->fds));
  set->polled = gc_resize(set->polled, set->cap, sizeof(*set->polled));
}

static void gc_poll_set_clear(struct gc_poll_set *set) {
  free(set->fds);
  free(set->polled);
  *set = (struct gc_poll_set){0};
}

static void gc_poll_set_add(struct gc_poll_set *set, struct gc_watch *watch) {
  for (struct gc_watch *w = set->first; w != NULL; w = w->next)
    if (w == watch)
      return;
  watch->next = set->first;
  set->first = watch;
}

static void gc_poll_set_remove(struct gc_poll_set *set,
                               struct gc_watch *watch) {
  struct gc_watch **at = &set->first;
  while (*at != NULL && *at != watch)
    at = &(*at)->next;
  if (*at != NULL)
    *at = watch->next;
  for (size_t i = 0; i < set->polled_count; i++)
    if (set->polled[i] == watch)
      set->polled[i] = NULL;
}

static uint32_t gc_poll_set_prepare(struct gc_poll_set *set, uint32_t max_ms) {
  size_t count = 0;
  set->fds[0] =
      (struct curl_waitfd){.fd = set->wake_fd, .events = CURL_WAIT_POLLIN};
  for (struct gc_watch *w = set->first; w != NULL; w = w->next) {
    reserve_watches(set, count + 1);
    short events = (short)((w->want_read ? CURL_WAIT_POLLIN : 0) |
                           (w->want_write ? CURL_WAIT_POLLOUT : 0));
    set->polled[count++] = w;
    set->fds[count] = (struct curl_waitfd){.fd = w->fd, .events = events};
    if (w->again)
      max_ms = 0;
  }
  set->polled_count = count;
  set->fds_count = (unsigned)count + 1;
  return max_ms;
}

static void gc_poll_set_run(struct gc_poll_set *set, uint64_t now_ms) {
  for (size_t i = 0; i < set->polled_count; i++) {
    struct gc_watch *watch = set->polled[i];
    if (watch != NULL && (watch->again || set->fds[i + 1].revents != 0))
      watch->ready(watch->ctx, now_ms);
  }
  set->polled_count = 0;
}

/* ---- the loop ---- */

/* A function that a thread has posted. */
struct task {
  void (*fn)(void *ctx);
  void (*drop)(void *ctx);
  void *ctx;
  bool is_borrowed; /* task in the caller's memory, on the stack of gc_loop_call
                     */
  struct task *next;
};

struct tasks {
  struct task *first, *last;
};

/* One gc_loop_call in flight. */
struct call {
  struct gc_loop *loop;
  void (*fn)(void *ctx);
  void *ctx;
  bool is_done; /* under the loop's lock */
};

struct gc_loop {
  /* Only the loop's thread uses these. */
  CURLM *multi;
  struct gc_timers timers;
  struct gc_poll_set watches;            /* includes wake_fd */
  struct gc_curl_job *adding, *removing; /* deferred while in_curl */
  bool in_curl; /* inside libcurl, which may run callbacks */

  /* All threads use these. */
  int wake_fd;
  pthread_mutex_t lock;
  pthread_cond_t changed; /* signals `state`, or is_done of a call */
  struct tasks tasks;
  enum { NEW, RUNNING, ENDED } state;
  bool is_stopping, is_joined;
  pthread_t thread;
  char name[16];
};

static void append_task(struct tasks *list, struct task *task) {
  task->next = NULL;
  if (list->last != NULL)
    list->last->next = task;
  else
    list->first = task;
  list->last = task;
}

static void wake_loop(struct gc_loop *l) {
  uint64_t one = 1;
  /* EAGAIN: the counter is full, so the loop wakes anyway. */
  (void)!write(l->wake_fd, &one, sizeof(one));
}

static void drain_wake(struct gc_loop *l) {
  uint64_t count = 0;
  (void)!read(l->wake_fd, &count, sizeof(count));
}

/* Runs the tasks. Each task is copied first: the thread that waits for a
 * borrowed task may free that task once `fn` has run. */
static void run_tasks(struct task *task) {
  while (task != NULL) {
    struct task *next = task->next;
    struct task copy = *task;
    if (!task->is_borrowed)
      free(task);
    copy.fn(copy.ctx);
    task = next;
  }
}

static void drop_tasks(struct tasks *list) {
  while (list->first != NULL) {
    struct task *task = list->first;
    list->first = task->next;
    if (task->drop != NULL)
      task->drop(task->ctx);
    free(task);
  }
  list->last = NULL;
}

/* Runs the posted tasks. False: the loop is stopping, and these tasks were the
 * last. */
static bool run_posted_tasks(struct gc_loop *l) {
  pthread_mutex_lock(&l->lock);
  bool goes_on = !l->is_stopping;
  struct task *first = l->tasks.first;
  l->tasks = (struct tasks){0};
  pthread_mutex_unlock(&l->lock);

  run_tasks(first);
  return goes_on;
}

static void unlink_job(struct gc_curl_job **list, struct gc_curl_job *job) {
  while (*list != NULL && *list != job)
    list = &(*list)->next;
  if (*list != NULL)
    *list = job->next;
  job->next = NULL;
}

static enum gc_code add_to_multi(struct gc_loop *l, struct gc_curl_job *job) {
  if (curl_multi_add_handle(l->multi, job->easy) != CURLM_OK)
    return GC_ERR_MEMORY;
  job->state = GC_JOB_IN;
  return GC_OK;
}

static void remove_from_multi(struct gc_loop *l, struct gc_curl_job *job) {
  curl_multi_remove_handle(l->multi, job->easy);
  job->state = GC_JOB_OUT;
  job->gone(job);
}

/* Adds and removes the jobs that were deferred inside libcurl's callbacks. */
static void run_deferred_jobs(struct gc_loop *l) {
  while (l->removing != NULL) {
    struct gc_curl_job *job = l->removing;
    unlink_job(&l->removing, job);
    remove_from_multi(l, job);
  }
  while (l->adding != NULL) {
    struct gc_curl_job *job = l->adding;
    unlink_job(&l->adding, job);
    job->state = GC_JOB_OUT;
    if (add_to_multi(l, job) != GC_OK)
      job->done(job, CURLE_OUT_OF_MEMORY);
  }
}

static void run_curl(struct gc_loop *l) {
  int running = 0;
  l->in_curl = true;
  curl_multi_perform(l->multi, &running);
  l->in_curl = false;
  run_deferred_jobs(l);

  /* libcurl drops a message with its easy handle, so `done` never runs for a
   * job that was removed meanwhile. */
  int left = 0;
  CURLMsg *message;
  while ((message = curl_multi_info_read(l->multi, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE)
      continue;
    CURLcode code = message->data.result;
    struct gc_curl_job *job = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
    job->done(job, (int)code);
  }
}

static void wait_for_work(struct gc_loop *l) {
  struct gc_poll_set *set = &l->watches;
  uint32_t max_ms = gc_poll_set_prepare(set, GC_LOOP_IDLE_MS);
  /* The clock is read again, since this round's work may have taken a while. */
  uint32_t wait_ms = gc_timers_wait_ms(&l->timers, gc_clock_now_ms(), max_ms);
  int count = 0;
  if (curl_multi_poll(l->multi, set->fds, set->fds_count, (int)wait_ms,
                      &count) != CURLM_OK) {
    /* Memory is short. The loop sleeps without libcurl, which avoids a busy
     * loop. */
    struct pollfd fd = {.fd = l->wake_fd, .events = POLLIN};
    poll(&fd, 1, GC_LOOP_NO_MEMORY_MS);
  }
  drain_wake(l);
}

static void *run_loop(void *arg) {
  struct gc_loop *l = arg;
  pthread_setname_np(pthread_self(), l->name);

  while (run_posted_tasks(l)) {
    uint64_t now_ms = gc_clock_now_ms();
    gc_poll_set_run(&l->watches, now_ms);
    gc_timers_run(&l->timers, now_ms);
    run_curl(l);
    wait_for_work(l);
  }

  pthread_mutex_lock(&l->lock);
  l->state = ENDED;
  pthread_cond_broadcast(&l->changed);
  pthread_mutex_unlock(&l->lock);
  return NULL;
}

static void run_call(void *ctx) {
  struct call *call = ctx;
  struct gc_loop *l = call->loop;
  call->fn(call->ctx);
  pthread_mutex_lock(&l->lock);
  call->is_done = true;
  pthread_cond_broadcast(&l->changed);
  pthread_mutex_unlock(&l->lock);
}

struct gc_loop *gc_loop_new(struct gc_err *err) {
  if (!gc_curl_start()) {
    gc_fail(err, GC_ERR_MEMORY, "libcurl could not be initialised");
    return NULL;
  }
  struct gc_loop *l = gc_zalloc(1, sizeof(*l));
  pthread_mutex_init(&l->lock, NULL);
  pthread_cond_init(&l->changed, NULL);
  l->multi = curl_multi_init();
  l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  l->watches.wake_fd = l->wake_fd;
  reserve_watches(&l->watches, 8);
  if (l->multi == NULL || l->wake_fd < 0) {
    int why = errno;
    gc_fail(err, GC_ERR_MEMORY, "no network thread: %s",
            l->wake_fd < 0 ? strerror(why) : "out of memory");
    gc_loop_free(l);
    return NULL;
  }
  curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
  return l;
}

enum gc_code gc_loop_start(struct gc_loop *l, const char *name,
                           struct gc_err *err) {
  snprintf(l->name, sizeof(l->name), "%s", name);
  int failed = ECANCELED;
  pthread_mutex_lock(&l->lock);
  if (l->state == NEW && !l->is_stopping) {
    failed = gc_thread_start(&l->thread, run_loop, l);
    l->state = failed == 0 ? RUNNING : NEW;
  }
  pthread_mutex_unlock(&l->lock);
  if (failed == 0)
    return GC_OK;
  return gc_fail(err, failed == ECANCELED ? GC_ERR_STOPPED : GC_ERR_MEMORY,
                 "no network thread: %s", strerror(failed));
}

void gc_loop_stop(struct gc_loop *l) {
  pthread_mutex_lock(&l->lock);
  l->is_stopping = true;
  bool must_join = l->state != NEW && !l->is_joined;
  l->is_joined = true;
  pthread_mutex_unlock(&l->lock);
  if (!must_join)
    return;
  wake_loop(l);
  pthread_join(l->thread, NULL);
}

void gc_loop_free(struct gc_loop *l) {
  if (l == NULL)
    return;
  drop_tasks(&l->tasks);
  gc_timers_clear(&l->timers);
  if (l->multi != NULL)
    curl_multi_cleanup(l->multi);
  if (l->wake_fd >= 0)
    close(l->wake_fd);
  pthread_cond_destroy(&l->changed);
  pthread_mutex_destroy(&l->lock);
  gc_poll_set_clear(&l->watches);
  free(l);
}

enum gc_code gc_loop_post(struct gc_loop *l, void (*fn)(void *ctx),
                          void (*drop)(void *ctx), void *ctx) {
  struct task *task = malloc(sizeof(*task));
  if (task == NULL)
    return GC_ERR_MEMORY;
  *task = (struct task){.fn = fn, .drop = drop, .ctx = ctx};

  pthread_mutex_lock(&l->lock);
  append_task(&l->tasks, task);
  pthread_mutex_unlock(&l->lock);
  wake_loop(l);
  return GC_OK;
}

void gc_loop_call(struct gc_loop *l, void (*fn)(void *ctx), void *ctx) {
  struct call call = {.loop = l, .fn = fn, .ctx = ctx};
  struct task task = {.fn = run_call, .ctx = &call, .is_borrowed = true};

  pthread_mutex_lock(&l->lock);
  bool is_ours =
      l->state == RUNNING && pthread_equal(l->thread, pthread_self());
  if (!is_ours && l->state == RUNNING && !l->is_stopping) {
    append_task(&l->tasks, &task);
    wake_loop(l);
    while (!call.is_done)
      pthread_cond_wait(&l->changed, &l->lock);
  }
  while (!is_ours && l->state == RUNNING && !call.is_done)
    pthread_cond_wait(&l->changed, &l->lock);
  pthread_mutex_unlock(&l->lock);

  if (!call.is_done)
    fn(ctx);
}

struct gc_timers *gc_loop_timers(struct gc_loop *l) {
  return &l->timers;
}

void gc_loop_watch(struct gc_loop *l, struct gc_watch *watch) {
  gc_poll_set_add(&l->watches, watch);
}

void gc_loop_unwatch(struct gc_loop *l, struct gc_watch *watch) {
  gc_poll_set_remove(&l->watches, watch);
}

enum gc_code gc_loop_add(struct gc_loop *l, void *easy) {
  struct gc_curl_job *job = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job);
  job->easy = easy;
  if (!l->in_curl)
    return add_to_multi(l, job);
  job->state = GC_JOB_ADDING;
  job->next = l->adding;
  l->adding = job;
  return GC_OK;
}

void gc_loop_remove(struct gc_loop *l, void *easy) {
  struct gc_curl_job *job = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job);
  if (job->state == GC_JOB_REMOVING)
    return;
  if (job->state == GC_JOB_ADDING) {
    unlink_job(&l->adding, job);
    job->state = GC_JOB_OUT;
  }
  if (job->state == GC_JOB_OUT) {
    job->gone(job);
    return;
  }
  if (!l->in_curl) {
    remove_from_multi(l, job);
    return;
  }
  job->state = GC_JOB_REMOVING;
  job->next = l->removing;
  l->removing = job;
}
