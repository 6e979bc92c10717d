/* SPDX-License-Identifier: MIT */
/* The file of the lines that the database refused: "refused.lines" in the
 * spool's folder. The lines of a batch stand below the time, each line below
 * the database's words.
 *
 *   # 2026-08-01T10:00:00.000Z
 *   # partial write: field type conflict: input field "value" on …
 *   genesys_queue_depth,… value=3 1754042400000000000
 *
 * Past INFLUX_QUARANTINE_MAX bytes the file replaces "refused.lines.1".
 * One thread; may block for as long as the disk does. */
#ifndef GENESYS_INFLUXDB_SENDER_QUARANTINE_H
#define GENESYS_INFLUXDB_SENDER_QUARANTINE_H

#include "common/base/err.h"

#include <stdint.h>

enum { INFLUX_QUARANTINE_MAX = 16 * 1024 * 1024 };

/* Appends the text and syncs it. GC_ERR_STATE: a part of it, or all, may not be
 * on the disk; `err` has the system's reason alone. */
GC_MUST_CHECK enum gc_code influx_quarantine(const char *folder,
                                             const char *text, size_t len,
                                             int64_t now_ms,
                                             struct gc_err *err);

#endif
