/* SPDX-License-Identifier: MIT */
/* What the tests of common/net/store/store share: a folder for each law, and
 * the names of a store as one text. */
#ifndef GC_TESTS_SUPPORT_STORE_BENCH_H
#define GC_TESTS_SUPPORT_STORE_BENCH_H

#include <sqlite3.h>

#include "common/net/store/queries.h"

extern char store_top[];       /* where the folders are */
extern char store_folder[128]; /* a fresh one for each law, not yet there */

/* Two names to save, and what store_names says of them. */
extern const struct gc_entry store_ab[2];
#define STORE_AB "a=Sales/\xc3\xbc|Sales|AWAY b=Sales|Sales~2| "

/* First and last in main; begin ends the program when it cannot. */
void store_bench_begin(void);
void store_bench_end(void);
void store_fresh(void); /* forgets the folder, names another */
const char *store_in_folder(const char *name); /* valid until the next call */

/* The store in the folder, which the caller closes; ends the program when there
 * is none. `warning` NULL: checks that there is none. */
struct gc_store *store_opened(struct gc_err *warning);
/* The names as one text: "id=name|label|detail " for each. Valid until the next
 * call. */
const char *store_names(struct gc_store *s, const char *account,
                        const char *kind);
void store_save(struct gc_store *s, const char *account, const char *kind,
                const struct gc_entry *entries, size_t count, int64_t now_s);

/* The channel's text, "" when there is none; up to 31 bytes. Likewise. */
const char *store_channel(struct gc_store *s, const char *account,
                          unsigned slot);
/* "IDENTITY SETTLED DONE [PENDING] series=count,sum,sent …", "" when there is
 * none. Likewise. */
const char *store_query(struct gc_store *s, const char *account,
                        const char *query);

/* The file without the store: for who damages it. End the program when they
 * cannot. */
sqlite3 *store_raw(void);
void store_sql(sqlite3 *db, const char *text);
/* Does `f` in a process that is killed afterwards: nothing is closed. */
void store_in_a_process_that_dies(void (*f)(void));

#endif
