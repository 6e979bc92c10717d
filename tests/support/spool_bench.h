/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/spool: a folder for each test, and the
 * content of a spool as one text. */
#ifndef GC_TESTS_SUPPORT_SPOOL_BENCH_H
#define GC_TESTS_SUPPORT_SPOOL_BENCH_H

#include "common/net/spool/spool.h"

extern char spool_folder[128]; /* a new name for each test; not created yet */

/* Call them first and last in main. On failure spool_bench_begin ends the
 * program. */
void spool_bench_begin(void);
void spool_bench_end(void);
/* Removes the folder and chooses another name. The settings of the spools that
 * follow: segments of `segment_bytes` (0: the default), `max_bytes` in all. */
void spool_fresh(uint32_t segment_bytes, uint64_t max_bytes);
const char *spool_in_folder(const char *name); /* valid until the next call */

/* Returns an open spool of the folder; ends the program on failure. */
struct gc_spool *spool_opened(void);
struct gc_spool *spool_unopened(void);

/* Appends a record of one line, "TEXT\n"; ends the program on failure. */
void spool_put(struct gc_spool *s, const char *text);
enum gc_code spool_try(struct gc_spool *s, const char *text,
                       struct gc_err *err);
/* Reads and commits all that waits, record by record: "a b c ". Valid until the
 * next call. */
const char *spool_drain(struct gc_spool *s);
/* The same without the commits. */
const char *spool_peek(struct gc_spool *s);

/* Return and replace all bytes of a file in the folder. */
struct gc_buf spool_file(const char *name);
void spool_file_set(const char *name, const char *bytes, size_t len);

#endif
