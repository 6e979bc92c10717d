/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/store/store: a folder for each test, and
 * the content of a store as one text. */
#ifndef GC_TESTS_SUPPORT_STORE_BENCH_H
#define GC_TESTS_SUPPORT_STORE_BENCH_H

#include <sqlite3.h>

#include "common/net/store/store.h"

extern char store_top[];       /* the parent of the folders */
extern char store_folder[128]; /* a new name for each test; not created yet */

/* Two names to save, and the text of store_names for them. */
extern const struct gc_entry store_ab[2];
#define STORE_AB "a=Sales/\xc3\xbc|Sales|AWAY b=Sales|Sales~2| "

/* Call them first and last in main. On failure store_bench_begin ends the
 * program. */
void store_bench_begin(void);
void store_bench_end(void);
void store_fresh(void); /* removes the folder and chooses another name */
const char *store_in_folder(const char *name); /* valid until the next call */

/* Opens the store in the folder; the caller closes it. Ends the program on
 * failure. `warning` NULL: checks that there is no warning. */
struct gc_store *store_opened(struct gc_err *warning);
/* Returns the names as one text: "id=name|label|detail " for each. Valid until
 * the next call. */
const char *store_names(struct gc_store *s, const char *account,
                        const char *kind);
void store_save(struct gc_store *s, const char *account, const char *kind,
                const struct gc_entry *entries, size_t count, int64_t now_s);

/* Returns the channel's text, "" when there is none; up to 31 bytes. Valid
 * until the next call. */
const char *store_channel(struct gc_store *s, const char *account,
                          unsigned slot);
/* Returns the page of a query, "IDENTITY SETTLED DONE [PENDING]
 * series=count,sum,sent …", "" when there is none. Valid until the next call.
 */
const char *store_query(struct gc_store *s, const char *account,
                        const char *query);

/* Saves a query without totals: its mark, "IDENTITY SETTLED DONE", and its
 * pending window; "": none. */
void store_put_query(struct gc_store *s, const char *account, const char *query,
                     const char *mark, const char *pending);

/* These functions open and change the file without the store. On failure they
 * end the program. */
sqlite3 *store_raw(void);
void store_sql(sqlite3 *db, const char *text);
/* Runs `f` in a child process that exits without closing anything. */
void store_in_a_process_that_dies(void (*f)(void));

#endif
