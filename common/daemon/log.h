/* SPDX-License-Identifier: MIT */
/* The only way to collectd's log. Each cause has a name ("account prod",
 * "queues-all, observations"). Any thread; never waits for the network.
 *
 * A lasting failure gets a line at once when it begins or changes, then a
 * reminder every ten minutes with the count of failures held back, and one line
 * when it is over. Example, one failure every 10 s from second 0 on, good again
 * at 1205:
 *   0 line; 600 line (held back 59); 1200 line (59); 1205 "good again"
 * A failure that comes and goes, or that alternates between the same codes,
 * gets no more lines: a code that has had a line gets no other until ten
 * minutes have passed since the last line of a failure. The end of a failure
 * that had no line has no line. */
#ifndef GC_DAEMON_LOG_H
#define GC_DAEMON_LOG_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_log;

/* Makes a log. `plugin` ("genesys_realtime") begins each line; it is borrowed
 * and must outlive the log. */
GC_API struct gc_log *gc_log_new(const char *plugin);
/* Makes a log with another clock (milliseconds, monotonic) for tests. */
GC_API struct gc_log *gc_log_new_at(const char *plugin,
                                    uint64_t (*now_ms)(void));
GC_API void gc_log_free(struct gc_log *l);

/* Notes the outcome of `cause`. `err->code` GC_OK, or err NULL, is a success:
 * an error that was logged before gets its "good again" line (INFO). Otherwise:
 *   WARNING genesys: account prod: <err->text> [held back 59 such failures]
 * The level is ERROR instead of WARNING for GC_ERR_AUTH, GC_ERR_PERMISSION,
 * GC_ERR_CONFIG and GC_ERR_STATE, where only an operator can help.
 * GC_ERR_STOPPED is never logged. A line is cut at 1,023 bytes, as collectd
 * does, and contains no line break. At most 1,000 causes are kept; a new one
 * replaces the cause that was not named for the longest time. */
GC_API void gc_log_failure(struct gc_log *l, const char *cause,
                           const struct gc_err *err);

/* Logs one line that belongs to no cause. */
enum gc_log_level { GC_LOG_ERROR, GC_LOG_WARNING, GC_LOG_NOTICE, GC_LOG_INFO };
GC_API void gc_log_line(struct gc_log *l, enum gc_log_level level,
                        const char *format, ...) GC_PRINTF(3, 4);

#endif
