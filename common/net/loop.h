/* SPDX-License-Identifier: MIT */
/* One network thread: timers, HTTP exchanges, sockets, and work that other
 * threads hand in. An account has one; everything of the account happens on
 * it, so nothing there needs a lock. */
#ifndef GC_NET_LOOP_H
#define GC_NET_LOOP_H

#include "common/base/timers.h"
#include "common/base/transport.h"

struct gc_loop;

/* NULL and err when descriptors or memory are short. No thread yet. */
GC_API struct gc_loop *gc_loop_new(struct gc_err *err);

/* Starts the thread, named `name` (15 bytes are shown by ps -L). */
GC_API GC_MUST_CHECK enum gc_code
gc_loop_start(struct gc_loop *loop, const char *name, struct gc_err *err);

/* Any thread but the loop's: ends the thread (bounded: nothing on it blocks)
 * and waits for it. Exchanges and streams that run are left to their owners,
 * who free them afterwards, before gc_loop_free. Twice is fine. */
GC_API void gc_loop_stop(struct gc_loop *loop);
/* After gc_loop_stop; NULL is fine. */
GC_API void gc_loop_free(struct gc_loop *loop);

/* Runs fn(ctx) on the loop's thread soon. Any thread. What is posted when
 * gc_loop_stop has returned never runs: gc_loop_free calls `drop` (may be NULL)
 * instead.
 * GC_ERR_MEMORY: neither will be called. */
GC_API enum gc_code gc_loop_post(struct gc_loop *loop, void (*fn)(void *ctx),
                                 void (*drop)(void *ctx), void *ctx);

/* Runs fn(ctx) on the loop's thread and waits until it is done. Directly when
 * the thread does not run (not yet, or no longer), and on the loop's own. */
GC_API void gc_loop_call(struct gc_loop *loop, void (*fn)(void *ctx),
                         void *ctx);

/* The rest is for the loop's thread only. */

GC_API struct gc_timers *gc_loop_timers(struct gc_loop *loop);

/* A descriptor that the loop watches. `ready` runs when it is readable or
 * writable as asked, or has an error, and once each round while `again` is
 * true (bytes that TLS holds). Lives in its owner's memory. */
struct gc_watch {
  int fd;
  bool want_read, want_write;
  bool again;
  void (*ready)(void *ctx, uint64_t now_ms);
  void *ctx;
  struct gc_watch *next; /* the loop's */
};
GC_API void gc_loop_watch(struct gc_loop *loop, struct gc_watch *watch);
GC_API void gc_loop_unwatch(struct gc_loop *loop, struct gc_watch *watch);

/* The loop's libcurl multi handle, for net/http and net/stream. An easy handle
 * that is added calls `done` when it ends; it stays in the multi handle until
 * gc_loop_remove, since CURLOPT_CONNECT_ONLY lives only there (libcurl closes
 * the connection on removal; curl/curl#9342). CURLOPT_PRIVATE must point to
 * the job. Defined in terms of void to keep libcurl out of here.
 *
 * libcurl forbids to add and to remove inside its own callbacks
 * (CURLM_RECURSIVE_API_CALL), which is where a sink runs; both may be called
 * there all the same: the loop does it a moment later. That is why the owner
 * may touch or free the easy handle only in `gone`. */
struct gc_curl_job {
  /* The transfer ended with this CURLcode. */
  void (*done)(struct gc_curl_job *job, int curl_code);
  /* The easy handle is out: the owner may reuse or free it and the job. Runs
   * inside gc_loop_remove wherever that is possible. */
  void (*gone)(struct gc_curl_job *job);

  /* The loop's own; zero before gc_loop_add. */
  void *easy;
  struct gc_curl_job *next;
  enum { GC_JOB_OUT, GC_JOB_COMING, GC_JOB_IN, GC_JOB_LEAVING } place;
};
GC_API GC_MUST_CHECK enum gc_code gc_loop_add(struct gc_loop *loop, void *easy);
/* Ends it without `done`, runs `gone`. */
GC_API void gc_loop_remove(struct gc_loop *loop, void *easy);

/* How often the loop has gone round; any thread. A loop with nothing to do
 * sleeps: the tests hold it to that. */
GC_API uint64_t gc_loop_rounds(struct gc_loop *loop);

#endif
