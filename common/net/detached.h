/* SPDX-License-Identifier: MIT */
/* Calls that may hang for as long as a disk does: each runs on a thread of its
 * own, on copies of its arguments, and its caller waits up to a bound. Files
 * that an option names may lie on a network folder that does not answer;
 * neither the network thread, nor init, nor a read, nor the stop may wait for
 * it longer. A call that its caller does not wait for any more is left behind:
 * its thread owns `ctx` and drops it at its end. The threads are not kept,
 * since such calls are rare. */
#ifndef GC_NET_DETACHED_H
#define GC_NET_DETACHED_H

#include <stdint.h>

#include "common/base/err.h"

struct gc_detached;

/* Makes an object whose threads have the name `thread`, up to 15 bytes.
 * `wait_ms`: the bound of gc_detached_run, for the turn and the call
 * together. */
GC_API struct gc_detached *gc_detached_new(const char *thread, uint32_t wait_ms)
    __attribute__((returns_nonnull));
/* Frees the object; no caller may be inside gc_detached_run. A call that hangs
 * continues. NULL is allowed. */
GC_API void gc_detached_free(struct gc_detached *d);

/* Runs run(ctx) on its own thread, one call after the other. Any thread.
 * GC_OK: the call has ended, and `ctx` is the caller's again. Otherwise
 * drop(ctx) has run or will run, on any thread. The stop of the process
 * shortens the bound (gc_clock_bound). GC_ERR_TIMEOUT: this call or
 * an earlier one hangs; while one is left behind, the next calls fail as soon
 * as it has run for the bound. GC_ERR_MEMORY: no thread. */
GC_API GC_MUST_CHECK enum gc_code gc_detached_run(struct gc_detached *d,
                                                  void (*run)(void *ctx),
                                                  void (*drop)(void *ctx),
                                                  void *ctx);
/* Returns for how long the call that was left behind has run; 0: none was. Any
 * thread. */
GC_API uint64_t gc_detached_hangs_ms(struct gc_detached *d);

#endif
