/* SPDX-License-Identifier: MIT */
/* What must survive a restart: one SQLite file, StateDir/state.db, readable
 * for collectd's user only. WAL and synchronous=FULL: what a call has saved is
 * there after a crash. Any thread; calls take turns.
 *
 * The file carries a version (PRAGMA user_version). An older one is migrated
 * when it is opened, a newer one is refused and stays untouched. A corrupt file
 * or one of another program is moved aside (state.db.bad-1 …), never deleted.
 */
#ifndef GC_NET_STORE_STORE_H
#define GC_NET_STORE_STORE_H

#include "common/base/buf.h"
#include "common/genesys/entities.h"

struct gc_store;

/* Opens or makes StateDir (mode 0700) and the file. `ret_warning` (its code
 * stays GC_OK when there is none) tells of a file that was moved aside.
 * GC_ERR_STATE with words when there can be none: read-only folder, newer
 * version, disk full. */
GC_API GC_MUST_CHECK enum gc_code gc_store_open(const char *folder,
                                                struct gc_store **ret_store,
                                                struct gc_err *ret_warning,
                                                struct gc_err *err);
GC_API void gc_store_close(struct gc_store *s);

/* Calls `row` for each kept name of an account ("prod") and kind ("queue"), in
 * the order of their ids; it must not call the store. Not GC_OK from `row` ends
 * the reading and is returned. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_load_names(struct gc_store *s, const char *account, const char *kind,
                    enum gc_code (*row)(void *ctx, const struct gc_entry *name),
                    void *ctx, struct gc_err *err);

/* Adds or replaces names in one transaction and drops those of the same account
 * and kind that were not saved for `keep_s` seconds. `now_s`: epoch. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_save_names(struct gc_store *s, const char *account, const char *kind,
                    const struct gc_entry *names, size_t count, int64_t now_s,
                    int64_t keep_s, struct gc_err *err);

/* The notification channel number `slot` of an account as a small text of its
 * owner's making (a secret: the file is readable for our user only). Loading
 * puts it in place of what `out` holds; nothing when none is kept. GC_ERR_LIMIT
 * past out->most. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_load_channel(struct gc_store *s, const char *account, unsigned slot,
                      struct gc_buf *out, struct gc_err *err);
/* NULL or "": forgets it. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_save_channel(struct gc_store *s, const char *account, unsigned slot,
                      const char *text, struct gc_err *err);

#endif
