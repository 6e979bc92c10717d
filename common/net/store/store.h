/* SPDX-License-Identifier: MIT */
/* The state that survives a restart, in one SQLite file: StateDir/state.db,
 * readable for collectd's user only (see state_file.h for versions and broken
 * files). Saved data survives a crash. A file that fails is opened again by the
 * next call; one that turns out to be broken is renamed and replaced at run
 * time too. One process at a time uses the file. Any thread; one call at a time
 * runs. A call on a disk that hangs fails with GC_ERR_UNAVAILABLE after
 * `wait_ms` of gc_store_open, the next ones at once. The data of the call
 * that hangs may be saved later, when the disk answers, but before all data of
 * later calls. A caller that repeats the same load of names, of a query or of
 * its totals, or the same save of a query, then gets the outcome of the call
 * that hung: a disk that needs longer than `wait_ms` for a large state delays
 * it, and nothing is read or written again and again.
 *
 * Each load and save also fails with GC_ERR_UNAVAILABLE while the file is not
 * open, and with GC_ERR_MEMORY. */
#ifndef GC_NET_STORE_STORE_H
#define GC_NET_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/genesys/entities.h"

struct gc_store;

/* Opens the file in `folder`; makes both if they are missing (the folder with
 * mode 0700). `ret_warning` reports a file that was renamed and a folder that
 * others may change; else its code stays GC_OK. Each call of the store takes
 * `wait_ms` at most.
 *
 * GC_ERR_STATE (read-only folder, newer version, disk full, …) and
 * GC_ERR_UNAVAILABLE (another process uses the file) return a store
 * nevertheless: each later call tries to open the file, and fails with
 * GC_ERR_UNAVAILABLE until it is open. GC_ERR_MEMORY returns none. The caller
 * frees the store with gc_store_close. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_open(const char *folder, uint32_t wait_ms, struct gc_store **ret_store,
              struct gc_err *ret_warning, struct gc_err *err);
/* The cause of warnings, such as a broken file that was renamed. */
#define GC_STORE_WARNING "state file"

/* Calls `notice` with each failure to open the file (GC_ERR_STATE), with a file
 * system that does not answer (GC_ERR_STATE), and when either is over (GC_OK),
 * under the cause "state"; with each later warning, which has no end, under
 * GC_STORE_WARNING. On any thread, one notice at a time. It must not call the
 * store. NULL: none; then no notice runs any more. */
GC_API void gc_store_set_notice(struct gc_store *s,
                                void (*notice)(void *ctx, const char *cause,
                                               const struct gc_err *err),
                                void *ctx);
/* True if the file was open at the last call, the last save worked, and no call
 * hangs. */
GC_API bool gc_store_works(struct gc_store *s);
/* True if another process used the file at the last attempt to open it. */
GC_API bool gc_store_is_held(struct gc_store *s);
/* Returns a number that changes with each file that is opened: after a file was
 * broken, deleted or unreadable, the saved data may be lost. */
GC_API uint64_t gc_store_generation(struct gc_store *s);
/* Closes the file and frees the store. NULL is allowed. While a call hangs, the
 * file is closed at the end of that call. */
GC_API void gc_store_close(struct gc_store *s);

/* Calls `row` for each name of an account ("prod") and kind ("queue") that the
 * store has, in the order of the ids. `name` is borrowed for the call; `row`
 * must not call the store. A result of `row` other than GC_OK ends the loop and
 * is returned. GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_load_names(struct gc_store *s, const char *account, const char *kind,
                    enum gc_code (*row)(void *ctx, const struct gc_entry *name),
                    void *ctx, struct gc_err *err);

/* Inserts or replaces names in one transaction, and deletes those of the same
 * account and kind that were not saved for `keep_s` seconds. `now_s`: epoch.
 * GC_ERR_STATE: nothing was changed. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_save_names(struct gc_store *s, const char *account, const char *kind,
                    const struct gc_entry *names, size_t count, int64_t now_s,
                    int64_t keep_s, struct gc_err *err);

/* Reads the text that was saved for notification channel `slot` of an account
 * into `out`, replacing its content; `out` is empty if there is none. The text
 * is a secret. GC_ERR_LIMIT if it is longer than out->max, GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_load_channel(struct gc_store *s, const char *account, unsigned slot,
                      struct gc_buf *out, struct gc_err *err);
/* Saves that text; NULL or "" deletes it. GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_save_channel(struct gc_store *s, const char *account, unsigned slot,
                      const char *text, struct gc_err *err);

#endif
