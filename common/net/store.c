/* SPDX-License-Identifier: MIT */
#include "common/net/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/store_inside.h"

enum {
  APPLICATION_ID = 0x47436c64, /* "GCld", as file(1) shows it */
  BUSY_MS = 100,
};

/* migrations[v] takes a file of version v to v + 1; 0 is an empty file. */
static const char *const migrations[] = {
    "CREATE TABLE names ("
    " account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,"
    " name TEXT NOT NULL, label TEXT NOT NULL, detail TEXT NOT NULL,"
    " seen_s INTEGER NOT NULL, PRIMARY KEY (account, kind, id)"
    ") WITHOUT ROWID;",
    "CREATE TABLE channels ("
    " account TEXT NOT NULL, slot INTEGER NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY (account, slot)"
    ") WITHOUT ROWID;",
    "CREATE TABLE queries ("
    " account TEXT NOT NULL, query TEXT NOT NULL, identity TEXT NOT NULL,"
    " settled_ms INTEGER NOT NULL, done_ms INTEGER NOT NULL, pending BLOB,"
    " PRIMARY KEY (account, query)"
    ") WITHOUT ROWID;"
    "CREATE TABLE totals ("
    " account TEXT NOT NULL, query TEXT NOT NULL, series TEXT NOT NULL,"
    " count INTEGER NOT NULL, sum REAL NOT NULL, sent INTEGER NOT NULL,"
    " changed_ms INTEGER NOT NULL,"
    " PRIMARY KEY (account, query, series)"
    ") WITHOUT ROWID;",
};
enum { VERSION = GC_COUNT(migrations) };

GC_DEFINE_AUTO(struct gc_store, gc_store_close)

enum gc_code gc_store_trouble(const struct gc_store *s, const char *what,
                              struct gc_err *err) {
  return gc_fail(err, GC_ERR_STATE, "state file %s: %s: %s", s->path, what,
                 s->db != NULL ? sqlite3_errmsg(s->db) : "out of memory");
}

enum gc_code gc_store_run(struct gc_store *s, const char *sql,
                          struct gc_err *err) {
  if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
    return GC_OK;
  return gc_store_trouble(s, "cannot write", err);
}

static enum gc_code read_int(struct gc_store *s, const char *sql, int *ret_int,
                             struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK ||
      sqlite3_step(q) != SQLITE_ROW)
    return gc_store_trouble(s, "cannot read", err);
  *ret_int = sqlite3_column_int(q, 0);
  return GC_OK;
}

static bool is_unusable(struct gc_store *s) {
  int code = sqlite3_errcode(s->db);
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* The version is read again under the lock: another process may have begun the
 * same file. */
static enum gc_code migrate(struct gc_store *s, struct gc_err *err) {
  char sql[64];
  int from = 0;
  GC_TRY(gc_store_run(s, "BEGIN IMMEDIATE", err));
  GC_TRY(read_int(s, "PRAGMA user_version", &from, err));
  for (int v = from; v < VERSION; v++)
    GC_TRY(gc_store_run(s, migrations[v], err));
  snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", VERSION);
  GC_TRY(gc_store_run(s, sql, err));
  snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
  GC_TRY(gc_store_run(s, sql, err));
  return gc_store_run(s, "COMMIT", err);
}

/* `ret_foreign`: not ours, or no database at all; the caller moves it away. */
static enum gc_code check_version(struct gc_store *s, bool *ret_foreign,
                                  struct gc_err *err) {
  int version = 0, application = 0, tables = 0;
  *ret_foreign = false;
  if (read_int(s, "PRAGMA application_id", &application, err) != GC_OK ||
      read_int(s, "PRAGMA user_version", &version, err) != GC_OK ||
      read_int(s, "SELECT count(*) FROM sqlite_master", &tables, err) !=
          GC_OK) {
    *ret_foreign = is_unusable(s);
    return GC_ERR_STATE;
  }
  bool empty = application == 0 && version == 0 && tables == 0;
  if (!empty && application != APPLICATION_ID) {
    *ret_foreign = true;
    return gc_fail(err, GC_ERR_STATE,
                   "state file %s: a database of another program", s->path);
  }
  if (version > VERSION)
    return gc_fail(err, GC_ERR_STATE,
                   "state file %s has version %d, this collectd-genesys knows "
                   "%d: upgrade the package, or name another StateDir; the "
                   "file is untouched",
                   s->path, version, (int)VERSION);
  if (version < VERSION)
    GC_TRY(migrate(s, err));
  return GC_OK;
}

static enum gc_code open_file(struct gc_store *s, bool *ret_foreign,
                              struct gc_err *err) {
  /* SQLite would make it as the umask says; its other files follow this one.
   * Only a new one: to close a file drops this process's locks on it. */
  int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0)
    close(fd);
  int code = sqlite3_open_v2(
      s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL);
  *ret_foreign = false;
  if (code != SQLITE_OK)
    return gc_store_trouble(s, "cannot open", err);
  sqlite3_busy_timeout(s->db, BUSY_MS);
  /* SQLite opens a file it may not write without a word. */
  if (sqlite3_db_readonly(s->db, "main") == 1)
    return gc_fail(err, GC_ERR_STATE,
                   "state file %s is read-only; give it to collectd's user",
                   s->path);
  /* A file that proves not to be ours stays as it is, its -wal too. */
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  GC_TRY(check_version(s, ret_foreign, err));
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  GC_TRY(gc_store_run(s, "PRAGMA journal_mode = WAL", err));
  return gc_store_run(s, "PRAGMA synchronous = FULL", err);
}

static enum gc_code move_aside(struct gc_store *s, struct gc_err *ret_warning,
                               struct gc_err *err) {
  static const char *const parts[] = {"", "-wal", "-shm"};
  char to[GC_STORE_PATH_BYTES + 32], old[GC_STORE_PATH_BYTES + 8],
      new[GC_STORE_PATH_BYTES + 40];
  struct gc_err why = *err;
  struct stat st;
  int n = 1;

  sqlite3_close(s->db);
  s->db = NULL;
  do
    snprintf(to, sizeof(to), "%s.bad-%d", s->path, n++);
  while (lstat(to, &st) == 0 && n < 1000);
  for (size_t i = 0; i < GC_COUNT(parts); i++) {
    snprintf(old, sizeof(old), "%s%s", s->path, parts[i]);
    snprintf(new, sizeof(new), "%s%s", to, parts[i]);
    if (rename(old, new) != 0 && i == 0)
      return gc_fail(err, GC_ERR_STATE, "cannot move %s to %s: %s", old, new,
                     strerror(errno));
  }
  (void)gc_fail(ret_warning, GC_ERR_STATE,
                "%s; it was moved to %s and a new one begun", why.text, to);
  return GC_OK;
}

static enum gc_code make_folder(const char *folder, struct gc_err *err) {
  struct stat st;
  if (mkdir(folder, 0700) == 0 || errno == EEXIST) {
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
      return GC_OK;
    errno = ENOTDIR;
  }
  return gc_fail(err, GC_ERR_STATE,
                 "StateDir %s: %s; make it and give it to collectd's user",
                 folder, strerror(errno));
}

/* One process at a time opens a file, as in a restart that overlaps: when two
 * turn it to WAL, SQLite gives up at once with "locked" or "I/O error". Held
 * until the caller closes it; -1 where there are no locks. */
static int lock_folder(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0)
    flock(fd, LOCK_EX);
  return fd;
}

static void fd_auto(int *fd) {
  if (*fd >= 0)
    close(*fd);
}

enum gc_code gc_store_open(const char *folder, struct gc_store **ret_store,
                           struct gc_err *ret_warning, struct gc_err *err) {
  GC_TRY(make_folder(folder, err));
  GC_AUTO(fd_auto) int locked = lock_folder(folder);
  (void)locked;
  GC_AUTO(gc_store_close_auto) struct gc_store *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "state file: out of memory");
  pthread_mutex_init(&s->lock, NULL);
  int len = snprintf(s->path, sizeof(s->path), "%s/state.db", folder);
  if (len < 0 || (size_t)len >= sizeof(s->path))
    return gc_fail(err, GC_ERR_STATE, "StateDir: the path is too long");

  struct gc_err why = {.code = GC_OK};
  bool foreign;
  enum gc_code code = open_file(s, &foreign, &why);
  if (code != GC_OK && foreign) {
    GC_TRY(move_aside(s, ret_warning, &why));
    code = open_file(s, &foreign, &why);
  }
  if (code != GC_OK)
    return gc_fail(err, code, "%s", why.text);
  *ret_store = gc_steal(s);
  return GC_OK;
}

void gc_store_close(struct gc_store *s) {
  if (s == NULL)
    return;
  sqlite3_close(s->db);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

static const char *column(sqlite3_stmt *q, int i) {
  const char *text = (const char *)sqlite3_column_text(q, i);
  return text != NULL ? text : "";
}

static enum gc_code
load(struct gc_store *s, const char *account, const char *kind,
     enum gc_code (*row)(void *ctx, const struct gc_entry *name), void *ctx,
     struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db,
                         "SELECT id, name, label, detail FROM names WHERE "
                         "account = ? AND kind = ? ORDER BY id",
                         -1, &q, NULL) != SQLITE_OK)
    return gc_store_trouble(s, "cannot read the names", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_text(q, 2, kind, -1, SQLITE_STATIC);

  int step;
  while ((step = sqlite3_step(q)) == SQLITE_ROW) {
    struct gc_entry name = {column(q, 0), column(q, 1), column(q, 2),
                            column(q, 3)};
    GC_TRY(row(ctx, &name));
  }
  return step == SQLITE_DONE
             ? GC_OK
             : gc_store_trouble(s, "cannot read the names", err);
}

enum gc_code
gc_store_load_names(struct gc_store *s, const char *account, const char *kind,
                    enum gc_code (*row)(void *ctx, const struct gc_entry *name),
                    void *ctx, struct gc_err *err) {
  pthread_mutex_lock(&s->lock);
  enum gc_code code = load(s, account, kind, row, ctx, err);
  pthread_mutex_unlock(&s->lock);
  return code;
}

static enum gc_code put_names(struct gc_store *s, const char *account,
                              const char *kind, const struct gc_entry *names,
                              size_t count, int64_t now_s, struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db,
                         "INSERT OR REPLACE INTO names (account, kind, id, "
                         "name, label, detail, seen_s) VALUES (?,?,?,?,?,?,?)",
                         -1, &q, NULL) != SQLITE_OK)
    return gc_store_trouble(s, "cannot write the names", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_text(q, 2, kind, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 7, now_s);
  for (size_t i = 0; i < count; i++) {
    sqlite3_bind_text(q, 3, names[i].id, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 4, names[i].name, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 5, names[i].label, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 6, names[i].detail, -1, SQLITE_STATIC);
    if (sqlite3_step(q) != SQLITE_DONE)
      return gc_store_trouble(s, "cannot write the names", err);
    sqlite3_reset(q);
  }
  return GC_OK;
}

static enum gc_code drop_names(struct gc_store *s, const char *account,
                               const char *kind, int64_t before_s,
                               struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(
          s->db,
          "DELETE FROM names WHERE account = ? AND kind = ? AND seen_s < ?", -1,
          &q, NULL) != SQLITE_OK)
    return gc_store_trouble(s, "cannot write the names", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_text(q, 2, kind, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 3, before_s);
  return sqlite3_step(q) == SQLITE_DONE
             ? GC_OK
             : gc_store_trouble(s, "cannot write the names", err);
}

static enum gc_code save(struct gc_store *s, const char *account,
                         const char *kind, const struct gc_entry *names,
                         size_t count, int64_t now_s, int64_t keep_s,
                         struct gc_err *err) {
  GC_TRY(gc_store_run(s, "BEGIN IMMEDIATE", err));
  GC_TRY(put_names(s, account, kind, names, count, now_s, err));
  GC_TRY(drop_names(s, account, kind, now_s - keep_s, err));
  return gc_store_run(s, "COMMIT", err);
}

enum gc_code gc_store_save_names(struct gc_store *s, const char *account,
                                 const char *kind, const struct gc_entry *names,
                                 size_t count, int64_t now_s, int64_t keep_s,
                                 struct gc_err *err) {
  pthread_mutex_lock(&s->lock);
  enum gc_code code = save(s, account, kind, names, count, now_s, keep_s, err);
  if (code != GC_OK)
    (void)gc_store_run(s, "ROLLBACK", NULL);
  pthread_mutex_unlock(&s->lock);
  return code;
}

static enum gc_code load_channel(struct gc_store *s, const char *account,
                                 unsigned slot, struct gc_buf *out,
                                 struct gc_err *err) {
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(
          s->db, "SELECT text FROM channels WHERE account = ? AND slot = ?", -1,
          &q, NULL) != SQLITE_OK)
    return gc_store_trouble(s, "cannot read the channel", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 2, slot);
  int step = sqlite3_step(q);
  if (step == SQLITE_DONE)
    return GC_OK;
  if (step != SQLITE_ROW)
    return gc_store_trouble(s, "cannot read the channel", err);
  enum gc_code code = gc_buf_text(out, column(q, 0));
  return code == GC_OK ? code : gc_fail(err, code, "%s", gc_code_words(code));
}

enum gc_code gc_store_load_channel(struct gc_store *s, const char *account,
                                   unsigned slot, struct gc_buf *out,
                                   struct gc_err *err) {
  gc_buf_reset(out);
  pthread_mutex_lock(&s->lock);
  enum gc_code code = load_channel(s, account, slot, out, err);
  pthread_mutex_unlock(&s->lock);
  return code;
}

static enum gc_code save_channel(struct gc_store *s, const char *account,
                                 unsigned slot, const char *text,
                                 struct gc_err *err) {
  static const char put[] =
      "INSERT OR REPLACE INTO channels (account, slot, text) VALUES (?,?,?)";
  static const char drop[] =
      "DELETE FROM channels WHERE account = ? AND slot = ?";
  bool keeps = text != NULL && text[0] != '\0';
  GC_AUTO(gc_store_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db, keeps ? put : drop, -1, &q, NULL) != SQLITE_OK)
    return gc_store_trouble(s, "cannot write the channel", err);
  sqlite3_bind_text(q, 1, account, -1, SQLITE_STATIC);
  sqlite3_bind_int64(q, 2, slot);
  if (keeps)
    sqlite3_bind_text(q, 3, text, -1, SQLITE_STATIC);
  return sqlite3_step(q) == SQLITE_DONE
             ? GC_OK
             : gc_store_trouble(s, "cannot write the channel", err);
}

enum gc_code gc_store_save_channel(struct gc_store *s, const char *account,
                                   unsigned slot, const char *text,
                                   struct gc_err *err) {
  pthread_mutex_lock(&s->lock);
  enum gc_code code = save_channel(s, account, slot, text, err);
  pthread_mutex_unlock(&s->lock);
  return code;
}
