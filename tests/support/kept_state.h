/* SPDX-License-Identifier: MIT */
/* State files of each version that ever existed, kept as readable SQL
 * (states/NAME-VERSION.sql). A test makes a file from the SQL and examines it
 * afterwards. A new version of a file needs a new SQL file: `sqlite3 FILE
 * .dump`, with both PRAGMAs at its end. Any error in the SQL files ends the
 * program. */
#ifndef GC_TESTS_SUPPORT_KEPT_STATE_H
#define GC_TESTS_SUPPORT_KEPT_STATE_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the highest version that is kept of "state" or "flowmetrics". */
int kept_newest(const char *name);
/* Creates the file at `path` as a killed process leaves it: its newest rows are
 * only in the -wal file. */
void kept_make(const char *name, int version, const char *path);
/* Sets the version of the file at `path` and adds a table; both are in the -wal
 * file only, as after a kill. */
void kept_become(int version, const char *path);

int kept_version(const char *path);
/* Returns all statements that create a table, ordered by name. Valid until the
 * second call after this one. */
const char *kept_schema(const char *path);

/* The bytes of a file and of its -wal. */
struct kept_bytes {
  char *at[2];
  size_t len[2];
};
struct kept_bytes kept_read(const char *path);
/* True if `path` still holds the same bytes. Frees them. */
bool kept_is_same(struct kept_bytes *before, const char *path);

#endif
