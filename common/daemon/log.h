/* SPDX-License-Identifier: MIT */
/* The only way to collectd's log. Each cause has a name ("account prod",
 * "queues-all observations"); base/policy/log_limit decides which outcomes
 * become lines. Any thread; never waits for the network. */
#ifndef GC_DAEMON_LOG_H
#define GC_DAEMON_LOG_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_log;

/* `plugin` ("genesys_realtime") stands in front of each line; it is borrowed
 * and must outlive the object. NULL when out of memory. */
GC_API struct gc_log *gc_log_new(const char *plugin);
/* The same with another clock (milliseconds, monotonic) for tests. */
GC_API struct gc_log *gc_log_new_at(const char *plugin,
                                    uint64_t (*now_ms)(void));
GC_API void gc_log_free(struct gc_log *c);

/* Notes the outcome of `cause`. `err->code` GC_OK (or err NULL): all is well;
 * a trouble that was logged gets its "good again" line (INFO). Otherwise:
 *   WARNING genesys: account prod: <err->text> [held back 59 such failures]
 * ERROR instead of WARNING for GC_ERR_AUTH, GC_ERR_PERMISSION, GC_ERR_CONFIG,
 * GC_ERR_STATE: nothing but an operator helps. GC_ERR_STOPPED is never logged.
 * A line has 1,023 bytes at most (collectd cuts there) and is one line. At
 * most 1,000 causes are kept; the one longest untouched goes first. */
GC_API void gc_log_failure(struct gc_log *c, const char *cause,
                           const struct gc_err *err);

/* One line, once, not tied to a cause. */
enum gc_say { GC_SAY_ERROR, GC_SAY_WARNING, GC_SAY_NOTICE, GC_SAY_INFO };
GC_API void gc_say(struct gc_log *c, enum gc_say level, const char *format, ...)
    GC_PRINTF(3, 4);

#endif
