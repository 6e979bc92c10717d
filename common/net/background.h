/* SPDX-License-Identifier: MIT */
/* Runs work on a thread of its own, since the work may block for as long as a
 * disk does: files that an option names may lie on a network folder that hangs.
 * The network thread, init and a read do not wait for the work; the stop waits
 * GC_BACKGROUND_STOP_MS at most.
 *
 * Each job has its own thread, since such jobs are rare (one read of the secret
 * per token). A thread that hangs when its owner is freed is left behind: it
 * owns its memory and frees it at its end. */
#ifndef GC_NET_BACKGROUND_H
#define GC_NET_BACKGROUND_H

#include "common/base/err.h"

struct gc_loop;
struct gc_background;

struct gc_work {
  const char *name;        /* name of the thread, up to 15 bytes */
  void (*run)(void *ctx);  /* runs on its own thread; may block */
  void (*done)(void *ctx); /* then on the loop's thread, unless cancelled */
  void (*drop)(void *ctx); /* frees ctx; always, the last call; any thread */
  void *ctx;               /* holds copies only */
};

/* Makes an object that runs one job at a time. `loop` is borrowed. NULL: out
 * of memory. */
GC_API struct gc_background *gc_background_new(struct gc_loop *loop);
/* Cancels the job, and waits up to GC_BACKGROUND_STOP_MS for its thread.
 * Called before gc_loop_free. NULL is allowed. */
GC_API void gc_background_free(struct gc_background *b);

/* The functions below are for the loop's thread. */

/* Starts a job and takes over work->ctx, on failure too (`drop` has run).
 * GC_ERR_MEMORY: no memory or thread. GC_ERR_REQUEST: a job is running. */
GC_API GC_MUST_CHECK enum gc_code
gc_background_start(struct gc_background *b, const struct gc_work *work,
                    struct gc_err *err);
/* Ends the running job, if any, without `done`. */
GC_API void gc_background_cancel(struct gc_background *b);

#endif
