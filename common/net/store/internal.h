/* SPDX-License-Identifier: MIT */
/* The struct and the helpers that the files of the state store share: store.c
 * and queries.c make calls (calls.c), which open the file (opening.c). Private
 * to common/net/store. Each call runs on a thread of its own, one at a time. */
#ifndef GC_NET_STORE_INTERNAL_H
#define GC_NET_STORE_INTERNAL_H

#include <pthread.h>

#include <sqlite3.h>

#include "common/net/detached.h"
#include "common/net/store/queries.h"
#include "common/net/store/state_file.h"
#include "common/net/store/store.h"

struct gc_store {
  uint32_t report_ms; /* a call that hangs for this long is reported */
  struct gc_detached *calls;
  char folder[GC_STATE_PATH_SIZE];

  /* Of the call that runs. */
  struct gc_state_file file;
  sqlite3 *db;     /* of `file`; NULL: not open */
  int failure;     /* SQLite's code of the call's failure; 0: none */
  bool has_failed; /* to open; reported */

  pthread_mutex_t lock; /* of the members below */
  unsigned holders;     /* the owner and each call */
  bool is_open;         /* copy of db != NULL */
  bool is_held;         /* by another process, at the last attempt to open */
  bool is_unsaved;      /* the last call that saves failed */
  uint64_t generation; /* of the file's content: each opened file has its own */
  bool is_closed;      /* keeps no more calls */
  struct gc_store_call *late; /* a list of calls; see is_kept */

  pthread_mutex_t notice_lock; /* of the members below; held during a notice */
  bool is_hanging;             /* reported */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* A call of the store: copies of its arguments, and its results. They are
 * copies because the call may outlive its caller (net/detached). */
struct gc_store_call {
  struct gc_store *store;
  enum gc_code (*act)(struct gc_store *s, struct gc_store_call *c,
                      struct gc_err *err);
  bool acts_closed; /* runs although the file is not open */
  bool is_opening;  /* the first call; a hang is reported by its caller */
  bool is_repeated; /* once, with the new file that replaces a broken one */
  bool saves;
  /* If the call is left behind and succeeds, the store keeps it: the next call
   * with the same arguments gets its results. Otherwise a call that always
   * takes longer than the bound would never succeed. */
  bool is_kept;
  bool has_run;
  struct gc_store_call *next_late;
  char *account, *name;
  unsigned slot;
  int64_t now_s, keep_s;
  struct gc_buf text; /* strings, each with its NUL; may be secret */
  void *rows;         /* borrow from `text`; freed with the call */
  size_t count;
  struct gc_query_mark mark;
  struct gc_query_save save;
  uint64_t generation; /* of the file in which the call acted */
  bool is_found;
  struct gc_err warning, err;
  enum gc_code code;
};

/* Makes a call; NULL when out of memory. `name`: of the kind or the query; may
 * be NULL. */
struct gc_store_call *gc_store_call_new(struct gc_store *s, const char *account,
                                        const char *name);
/* Frees the call; NULL is allowed. */
void gc_store_call_free(struct gc_store_call *c);
/* Opens the file if it is not open, runs `act`, and ends what a failure left
 * open. Returns the call, or an equal one that was left behind and has
 * succeeded, which the caller reads and frees. NULL: the call is lost.
 * GC_ERR_UNAVAILABLE: the file system does not answer, which is reported when
 * it lasts; GC_ERR_MEMORY. */
struct gc_store_call *gc_store_call_run(struct gc_store_call *c,
                                        struct gc_err *err);
/* Frees the calls that are kept. */
void gc_store_forget_late(struct gc_store *s);
/* Ends a call; returns its code and fills `err`. */
enum gc_code gc_store_call_end(struct gc_store_call *c, struct gc_err *err);
/* Adds a string to the call's text. */
GC_MUST_CHECK enum gc_code gc_store_call_add(struct gc_store_call *c,
                                             const char *text);

/* Opens the file when it is not open or is not the one at its path any longer.
 * GC_ERR_UNAVAILABLE: it cannot be opened, which is reported. */
GC_MUST_CHECK enum gc_code gc_store_enter(struct gc_store *s,
                                          struct gc_err *err);
/* Ends the transaction that a failure left open. After a failure that lasts,
 * renames the broken file or closes it, so that the next call finds a new one;
 * true when there is a new one now. */
bool gc_store_leave(struct gc_store *s);
/* Gives up a hold on the store; the last one closes the file. */
void gc_store_release(struct gc_store *s);
/* Frees a store whose file is closed. */
void gc_store_free(struct gc_store *s);
/* They call gc_state_file_open and gc_state_file_close for the store's file. */
enum gc_code gc_store_open_file(struct gc_store *s, struct gc_err *ret_warning,
                                struct gc_err *err);
void gc_store_close_file(struct gc_store *s);

/* Fills `err` with the file, `what` and SQLite's text; returns GC_ERR_STATE. */
enum gc_code gc_store_error(struct gc_store *s, const char *what,
                            struct gc_err *err);
/* Runs SQL statements that return no rows. */
enum gc_code gc_store_run(struct gc_store *s, const char *sql,
                          struct gc_err *err);

#endif
