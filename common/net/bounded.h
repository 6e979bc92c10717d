/* SPDX-License-Identifier: MIT */
/* Calls that may block for as long as a disk does, and a caller that may not:
 * each call runs on its own thread, and the caller waits for its end up to a
 * bound. A call that has not ended by then is left behind: it owns its `ctx`
 * and drops it at its end. While one is left behind, the next calls fail as
 * soon as it has run for the bound.
 *
 * This is for files whose owner needs the outcome before it continues: the
 * state store, certificates, secrets of webhook and queue. net/background is
 * for work that has a loop and reports later. */
#ifndef GC_NET_BOUNDED_H
#define GC_NET_BOUNDED_H

#include <stdint.h>

#include "common/base/err.h"

struct gc_bounded;

/* Makes an object whose threads have the name `thread`, up to 15 bytes. A
 * caller waits for its turn and its call for up to `wait_ms` together. NULL:
 * out of memory. */
GC_API struct gc_bounded *gc_bounded_new(const char *thread, uint32_t wait_ms);
/* Frees the object. No caller may be inside gc_bounded_run. A call that hangs
 * continues. NULL is allowed. */
GC_API void gc_bounded_free(struct gc_bounded *b);

/* Runs run(ctx) on its own thread, one call after the other. Any thread.
 * GC_OK: the call has ended, and `ctx` is the caller's again. Otherwise
 * drop(ctx) has run or will run. GC_ERR_TIMEOUT: this call or an earlier one
 * hangs; GC_ERR_MEMORY: no thread. */
GC_API GC_MUST_CHECK enum gc_code gc_bounded_run(struct gc_bounded *b,
                                                 void (*run)(void *ctx),
                                                 void (*drop)(void *ctx),
                                                 void *ctx);
/* Returns for how long the call that was left behind has run; 0: none was. Any
 * thread. */
GC_API uint64_t gc_bounded_hangs_ms(struct gc_bounded *b);

#endif
