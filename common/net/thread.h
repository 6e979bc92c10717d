/* SPDX-License-Identifier: MIT */
/* Starts the threads of the plugins. The daemon handles signals, and a thread
 * inherits its creator's mask: each thread begins with all signals blocked. Any
 * thread. */
#ifndef GC_NET_THREAD_H
#define GC_NET_THREAD_H

#include <pthread.h>
#include <stddef.h>

#include "common/base/cleanup.h"

/* Starts a thread that the caller joins. Returns 0 or an errno value. */
GC_API GC_MUST_CHECK int gc_thread_start(pthread_t *ret_thread,
                                         void *(*run)(void *ctx), void *ctx);

/* Starts a thread that frees itself at its end, with a stack of `stack_bytes`;
 * 0: the default of the system. Returns 0 or an errno value. */
GC_API GC_MUST_CHECK int gc_thread_start_detached(size_t stack_bytes,
                                                  void *(*run)(void *ctx),
                                                  void *ctx);

#endif
