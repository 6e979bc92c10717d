/* SPDX-License-Identifier: MIT */
/* State files of every version there ever was, kept as SQL that can be read
 * (states/NAME-VERSION.sql): made again as a file, and looked at afterwards. A
 * new version of a file needs a new one: `sqlite3 FILE .dump`, and both PRAGMAs
 * at its end. Whatever is wrong with the files themselves ends the program. */
#ifndef GC_TESTS_SUPPORT_KEPT_STATE_H
#define GC_TESTS_SUPPORT_KEPT_STATE_H

#include <stdbool.h>
#include <stddef.h>

/* The highest version that is kept of "state" or "flowmetrics". */
int kept_newest(const char *name);
/* Makes it at `path`, as a process leaves it that was killed: its newest rows
 * are in the -wal alone. */
void kept_make(const char *name, int version, const char *path);
/* Raises the version of the file at `path` and adds a table, likewise. */
void kept_become(int version, const char *path);

int kept_version(const char *path);
/* Every statement that makes a table, in the order of their names. Valid until
 * the second next call. */
const char *kept_schema(const char *path);

/* The bytes of the file and of its -wal. */
struct kept_bytes {
  char *at[2];
  size_t len[2];
};
struct kept_bytes kept_read(const char *path);
/* Does `path` hold the same bytes still? Frees them. */
bool kept_is_same(struct kept_bytes *before, const char *path);

#endif
