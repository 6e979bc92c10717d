/* SPDX-License-Identifier: MIT */
/* One network thread: timers, HTTP exchanges, sockets, and tasks that other
 * threads post. Each account has a thread and does all its work on it, so the
 * account's data needs no lock. */
#ifndef GC_NET_LOOP_H
#define GC_NET_LOOP_H

#include "common/base/timers.h"
#include "common/base/transport.h"

struct gc_loop;

/* Makes a loop without a thread. NULL and `err`: no descriptor or no memory is
 * left. */
GC_API struct gc_loop *gc_loop_new(struct gc_err *err);

/* Starts the thread. `name` is copied; ps -L shows its first 15 bytes.
 * GC_ERR_MEMORY: no thread could be made; GC_ERR_STOPPED: the loop was started
 * or stopped before. */
GC_API GC_MUST_CHECK enum gc_code
gc_loop_start(struct gc_loop *loop, const char *name, struct gc_err *err);

/* Ends the thread and waits for it; nothing on it blocks, so this is short.
 * Running exchanges and streams are left alone; their owners free them before
 * gc_loop_free. Any thread except the loop's; a second call does
 * nothing. */
GC_API void gc_loop_stop(struct gc_loop *loop);
/* Frees the loop, after gc_loop_stop. NULL is allowed. */
GC_API void gc_loop_free(struct gc_loop *loop);

/* Makes the loop's thread run fn(ctx) soon, in the order of the calls. Any
 * thread. A task that the thread did not run before gc_loop_stop returned never
 * runs: gc_loop_free calls drop(ctx) instead (`drop` may be NULL).
 * GC_ERR_MEMORY: neither is called. */
GC_API enum gc_code gc_loop_post(struct gc_loop *loop, void (*fn)(void *ctx),
                                 void (*drop)(void *ctx), void *ctx);

/* Makes the loop's thread run fn(ctx) and waits for the end of fn(ctx). If the
 * thread does not run (not yet, or no longer), and on that thread itself,
 * fn(ctx) is called directly. Any thread. */
GC_API void gc_loop_call(struct gc_loop *loop, void (*fn)(void *ctx),
                         void *ctx);

/* ---- the functions below are for the loop's thread only ---- */

/* Returns the loop's timers, which live as long as the loop. */
GC_API struct gc_timers *gc_loop_timers(struct gc_loop *loop);

/* A descriptor that the loop watches. `ready` runs when it is readable or
 * writable as requested, or has an error, and in each round while `again` is
 * true (TLS holds bytes that poll does not see). Lives in its owner's memory.
 */
struct gc_watch {
  int fd;
  bool want_read, want_write;
  bool again;
  void (*ready)(void *ctx, uint64_t now_ms);
  void *ctx;
  struct gc_watch *next; /* private to the loop */
};
/* Begin and end the watching of a descriptor. Both may be called inside
 * `ready`; a second call has no effect. */
GC_API void gc_loop_watch(struct gc_loop *loop, struct gc_watch *watch);
GC_API void gc_loop_unwatch(struct gc_loop *loop, struct gc_watch *watch);

/* A transfer of the loop's libcurl multi handle, for net/http and net/socket.
 * `done` runs when the transfer of an added easy handle ends. The handle stays
 * in the multi handle until gc_loop_remove, because libcurl closes the
 * connection of a CURLOPT_CONNECT_ONLY handle on removal (curl/curl#9342).
 * CURLOPT_PRIVATE must point to the job. The handle is a void pointer here, so
 * that this header does not include libcurl's.
 *
 * libcurl forbids adding and removing inside its own callbacks
 * (CURLM_RECURSIVE_API_CALL), and a sink runs in such a callback. gc_loop_add
 * and gc_loop_remove are allowed there too: the loop defers them until libcurl
 * has returned. So the owner may use or free the easy handle only in
 * `gone`. */
struct gc_curl_job {
  /* The transfer ended with this CURLcode. */
  void (*done)(struct gc_curl_job *job, int curl_code);
  /* The easy handle is removed: the owner may reuse or free it and the job.
   * Runs inside gc_loop_remove, unless that was called in a callback of
   * libcurl. */
  void (*gone)(struct gc_curl_job *job);

  /* Private to the loop; zero before gc_loop_add. */
  void *easy;
  struct gc_curl_job *next;
  enum { GC_JOB_OUT, GC_JOB_ADDING, GC_JOB_IN, GC_JOB_REMOVING } state;
};
/* Adds an easy handle. GC_ERR_MEMORY; a deferred addition that fails calls
 * `done` instead. */
GC_API GC_MUST_CHECK enum gc_code gc_loop_add(struct gc_loop *loop, void *easy);
/* Ends the transfer without `done`, then runs `gone`. */
GC_API void gc_loop_remove(struct gc_loop *loop, void *easy);

#endif
