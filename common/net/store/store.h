/* SPDX-License-Identifier: MIT */
/* The state that survives a restart, in one SQLite file: StateDir/state.db,
 * readable for collectd's user only (see state_file.h for versions and broken
 * files). It consists of pages, which sqlite3(1) can read while collectd runs:
 *
 *   account  page          field             text
 *   prod     names queue   ID                LABEL TAB DETAIL TAB NAME
 *   prod     names requests  2026-11         TAB TAB COUNT (genesys/month)
 *   prod     channels      SLOT              a secret (channels/id_store)
 *   prod     query-queues  mark, total KEY … (analytics/send/checkpoint)
 *
 * Saved data survives a crash. A file that fails is opened again by the next
 * call; one that turns out to be broken is renamed and replaced at run time
 * too. One process at a time uses the file. Any thread; one call at a time
 * runs, on a thread of its own (net/detached), since a disk may hang. While a
 * call hangs, the next ones fail at once with GC_ERR_UNAVAILABLE. The data of
 * the call that hangs may be saved later, when the disk answers, but before all
 * data of later calls.
 *
 * Each load and save also fails with GC_ERR_UNAVAILABLE while the file is not
 * open, and with GC_ERR_MEMORY. */
#ifndef GC_NET_STORE_STORE_H
#define GC_NET_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/fields.h"
#include "common/genesys/entities.h"

struct gc_store;

/* Opens the file in `folder`; makes both if they are missing (the folder with
 * mode 0700). `ret_warning` reports a file that was renamed and a folder that
 * others may change; else its code stays GC_OK. The caller waits for each call
 * of the store for `wait_ms` at most.
 *
 * GC_ERR_STATE (read-only folder, newer version, disk full, …) and
 * GC_ERR_UNAVAILABLE (another process uses the file) return a store
 * nevertheless: each later call tries to open the file, and fails with
 * GC_ERR_UNAVAILABLE until it is open. The caller frees the store with
 * gc_store_close. */
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

/* ---- pages ---- */

/* A call that may take longer than its caller waits: a disk may need seconds
 * for a large page. The caller keeps it in a place that is NULL at first, and
 * makes the same call with the same place until it returns something else than
 * GC_ERR_TIMEOUT; the further calls do not wait. With GC_ERR_TIMEOUT, `err`
 * says that the file system does not answer (GC_ERR_UNAVAILABLE). */
struct gc_store_call;

/* Reads all fields of a page, those that were saved last first, in place of the
 * content of `fields`; fields->max is the limit (GC_ERR_LIMIT). No field: there
 * is no such page. `account` is "prod", `page` unique within the account.
 * *ret_generation is the file's. GC_ERR_TIMEOUT; GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_load_page(struct gc_store *s, const char *account, const char *page,
                   struct gc_store_call **call, struct gc_buf *fields,
                   uint64_t *ret_generation, struct gc_err *err);

/* What a save of a page does in its transaction, beside writing the fields. */
struct gc_page_save {
  int64_t at_ms; /* the time of the fields, by any clock of the caller */
  bool is_all;   /* removes all other fields */
  int64_t drop_before_ms; /* removes the fields whose last at_ms is before this;
                             0: none */
  /* gc_store_generation at the time when everything was saved or loaded: a
   * newer file lacks the fields that are not in this save, and refuses it. 0:
   * any file. */
  uint64_t generation;
};
/* Saves all of it or nothing, and takes the content of `fields`, which is empty
 * then; a field with an empty text is removed. GC_ERR_TIMEOUT; after 80
 * times the bound GC_ERR_UNAVAILABLE: what becomes of the save is not known.
 * GC_ERR_STATE: nothing was saved, for example because the file is a newer one
 * than that of `generation`. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_save_page(struct gc_store *s, const char *account, const char *page,
                   const struct gc_page_save *how, struct gc_buf *fields,
                   struct gc_store_call **call, struct gc_err *err);
/* Gives up a call that is under way; its end has no effect on the caller. The
 * place becomes NULL, and may be NULL. */
GC_API void gc_store_call_leave(struct gc_store_call **call);

/* ---- names ---- */

/* The names of a page, in the order of the ids. */
struct gc_store_names {
  struct gc_entry *at; /* texts in `fields` */
  size_t count;
  struct gc_buf fields;
};
/* Loads the names of an account ("prod") and kind ("queue") into an empty
 * struct. The caller clears it. GC_ERR_STATE. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_load_names(struct gc_store *s, const char *account, const char *kind,
                    struct gc_store_names *ret, struct gc_err *err);
GC_API void gc_store_names_clear(struct gc_store_names *names);

/* Inserts or replaces names in one transaction, and deletes those of the same
 * account and kind that were not saved for `keep_s` seconds. `now_s`: epoch.
 * GC_ERR_STATE: nothing was changed. */
GC_API GC_MUST_CHECK enum gc_code
gc_store_save_names(struct gc_store *s, const char *account, const char *kind,
                    const struct gc_entry *names, size_t count, int64_t now_s,
                    int64_t keep_s, struct gc_err *err);

/* ---- channels ---- */

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
