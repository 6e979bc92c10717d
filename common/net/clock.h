/* SPDX-License-Identifier: MIT */
/* The one place where time and chance enter; base/ is handed both as values.
 * Any thread. */
#ifndef GC_NET_CLOCK_H
#define GC_NET_CLOCK_H

#include "common/base/cleanup.h"

#include <stdint.h>

/* Milliseconds since some start; never goes back. For everything that waits. */
GC_API uint64_t gc_clock_now_ms(void);

/* Milliseconds since 1970 (UTC), as this host believes; may jump. For values
 * and windows only. */
GC_API int64_t gc_clock_wall_ms(void);

/* 32 unpredictable bits: jitter, WebSocket masks and keys. */
GC_API uint32_t gc_random32(void);

#endif
