/* SPDX-License-Identifier: MIT */
/* The text of a notification: "queues-all: stream_silent (was up) [3 changes
 * since the last one]: CAUSE: TEXT"; if no cause fails, the reason of the state
 * is in its place. Pure. */
#ifndef GC_HEALTH_EVENT_H
#define GC_HEALTH_EVENT_H

#include "common/health/registry.h"

/* collectd cuts a message at 255 bytes. The text is cut there too, at the end
 * of a character. */
enum { GC_HEALTH_MESSAGE_SIZE = 256 };

GC_API void gc_health_event_message(const struct gc_health_event *event,
                                    char out[GC_HEALTH_MESSAGE_SIZE]);

#endif
