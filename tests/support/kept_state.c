/* SPDX-License-Identifier: MIT */
#include "tests/support/kept_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

enum { FILE_MAX = 1 << 20 };

static void give_up(const char *what, const char *path) {
  printf("%s: %s\n", path, what);
  exit(1);
}

static char *read_whole(const char *path, size_t *ret_len) {
  FILE *f = fopen(path, "r");
  *ret_len = 0;
  if (f == NULL)
    return NULL;
  char *bytes = calloc(1, FILE_MAX + 1);
  if (bytes == NULL)
    give_up("out of memory", path);
  *ret_len = fread(bytes, 1, FILE_MAX, f);
  fclose(f);
  return bytes;
}

static void path_of(const char *name, int version, char *out, size_t size) {
  const char *top = getenv("top_srcdir");
  snprintf(out, size, "%s/tests/support/states/%s-%d.sql",
           top != NULL ? top : ".", name, version);
}

int kept_newest(const char *name) {
  char path[600];
  int version = 0;
  do
    path_of(name, ++version, path, sizeof(path));
  while (access(path, R_OK) == 0);
  return version - 1;
}

static void run_and_die(const char *path, const char *sql) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    sqlite3 *db = NULL;
    char *why = NULL;
    if (sqlite3_open(path, &db) == SQLITE_OK &&
        sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK)
      _exit(0);
    printf("%s: %s\n", path, why != NULL ? why : "not opened");
    fflush(stdout);
    _exit(1);
  }
  int status = -1;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
    give_up("cannot be made", path);
}

void kept_make(const char *name, int version, const char *path) {
  char from[600];
  size_t len;
  path_of(name, version, from, sizeof(from));
  char *sql = read_whole(from, &len);
  if (sql == NULL)
    give_up("is not kept", from);
  run_and_die(path, sql);
  free(sql);
}

void kept_become(int version, const char *path) {
  char sql[200];
  snprintf(sql, sizeof(sql),
           "PRAGMA user_version = %d; CREATE TABLE more (x);"
           "INSERT INTO more VALUES ('still in the wal')",
           version);
  run_and_die(path, sql);
}

/* Writes the first column of all rows to `out`, a line each. */
static void select_text(const char *path, const char *sql, char *out,
                        size_t size) {
  sqlite3 *db = NULL;
  sqlite3_stmt *q = NULL;
  size_t len = 0;
  out[0] = '\0';
  if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
    give_up("cannot be read", path);
  while (sqlite3_step(q) == SQLITE_ROW && len < size)
    len += (size_t)snprintf(out + len, size - len, "%s\n",
                            (const char *)sqlite3_column_text(q, 0));
  sqlite3_finalize(q);
  sqlite3_close(db);
}

int kept_version(const char *path) {
  char text[32];
  select_text(path, "PRAGMA user_version", text, sizeof(text));
  return atoi(text);
}

const char *kept_schema(const char *path) {
  static char texts[2][8192];
  static int turn;
  char *out = texts[turn ^= 1];
  select_text(
      path, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name",
      out, sizeof(texts[0]));
  return out;
}

struct kept_bytes kept_read(const char *path) {
  static const char *const ends[] = {"", "-wal"};
  struct kept_bytes bytes;
  for (int i = 0; i < 2; i++) {
    char part[600];
    snprintf(part, sizeof(part), "%s%s", path, ends[i]);
    bytes.at[i] = read_whole(part, &bytes.len[i]);
  }
  return bytes;
}

bool kept_is_same(struct kept_bytes *before, const char *path) {
  struct kept_bytes after = kept_read(path);
  bool same = true;
  for (int i = 0; i < 2; i++) {
    same = same && before->len[i] == after.len[i] &&
           (before->len[i] == 0 ||
            memcmp(before->at[i], after.at[i], before->len[i]) == 0);
    free(before->at[i]);
    free(after.at[i]);
  }
  return same;
}
