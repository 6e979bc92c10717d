/* SPDX-License-Identifier: MIT */
/* Copies a flowmetrics.db that was deleted while open. It can still be read. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_SQLITE_COPY_H
#define GENESYS_FLOWMETRICS_LEDGER_SQLITE_COPY_H

#include "common/net/store/state_file.h"

/* Copies the counters of `s`, then its keys, to the file at `path`, which has
 * the same tables and may have keys too. The counters are one transaction, so
 * that they never decrease; each transaction with keys is bounded, and `step`
 * (may be NULL) runs before it. A copy that failed may be repeated, because a
 * key is copied only once. GC_ERR_STATE. The thread of `s`. */
GC_MUST_CHECK enum gc_code sqlite_copy(struct gc_state_file *s,
                                       const char *path,
                                       void (*step)(void *ctx), void *ctx,
                                       struct gc_err *err);

#endif
