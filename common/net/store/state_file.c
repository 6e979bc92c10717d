/* SPDX-License-Identifier: MIT */
#include "common/net/store/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

enum gc_code gc_state_file_fail(const struct gc_state_file *s, const char *what,
                                struct gc_err *err) {
  return gc_fail(err, GC_ERR_STATE, "state file %s: %s: %s", s->path, what,
                 s->db != NULL ? sqlite3_errmsg(s->db) : "out of memory");
}

enum gc_code gc_state_file_run(const struct gc_state_file *s, const char *sql,
                               struct gc_err *err) {
  if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
    return GC_OK;
  return gc_state_file_fail(s, "cannot write", err);
}

bool gc_state_file_is_broken(const struct gc_state_file *s) {
  int code = sqlite3_errcode(s->db);
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static enum gc_code read_int(struct gc_state_file *s, const char *sql,
                             int *ret_int, struct gc_err *err) {
  GC_AUTO(gc_state_stmt_auto) sqlite3_stmt *q = NULL;
  if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK ||
      sqlite3_step(q) != SQLITE_ROW)
    return gc_state_file_fail(s, "cannot read", err);
  *ret_int = sqlite3_column_int(q, 0);
  return GC_OK;
}

/* Migrates the file. The version is read again under the lock, since another
 * process may have migrated the file meanwhile. */
static enum gc_code migrate_file(struct gc_state_file *s,
                                 const struct gc_state_kind *kind,
                                 struct gc_err *err) {
  char sql[64];
  int from = 0;
  GC_TRY(gc_state_file_run(s, "BEGIN IMMEDIATE", err));
  GC_TRY(read_int(s, "PRAGMA user_version", &from, err));
  for (int v = from; v < kind->version; v++)
    GC_TRY(gc_state_file_run(s, kind->migrations[v], err));
  snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", kind->version);
  GC_TRY(gc_state_file_run(s, sql, err));
  snprintf(sql, sizeof(sql), "PRAGMA application_id = %d",
           kind->application_id);
  GC_TRY(gc_state_file_run(s, sql, err));
  return gc_state_file_run(s, "COMMIT", err);
}

/* Migrates an older file. `ret_foreign`: the file is not a database; the caller
 * renames it. A database of another program, which may have it open, stays. */
static enum gc_code check_version(struct gc_state_file *s,
                                  const struct gc_state_kind *kind,
                                  bool *ret_foreign, struct gc_err *err) {
  int version = 0, application = 0, tables = 0;
  *ret_foreign = false;
  if (read_int(s, "PRAGMA application_id", &application, err) != GC_OK ||
      read_int(s, "PRAGMA user_version", &version, err) != GC_OK ||
      read_int(s, "SELECT count(*) FROM sqlite_master", &tables, err) !=
          GC_OK) {
    *ret_foreign = gc_state_file_is_broken(s);
    return GC_ERR_STATE;
  }
  bool is_empty = application == 0 && version == 0 && tables == 0;
  if (!is_empty && application != kind->application_id)
    return gc_fail(err, GC_ERR_STATE,
                   "state file %s: a database of another program; name another "
                   "StateDir",
                   s->path);
  if (version > kind->version)
    return gc_fail(err, GC_ERR_STATE,
                   "state file %s has version %d; this collectd-genesys knows "
                   "%d: upgrade the package, or name another StateDir; the "
                   "file is untouched",
                   s->path, version, kind->version);
  if (version < kind->version)
    GC_TRY(migrate_file(s, kind, err));
  return GC_OK;
}

/* Removes the rights of other users: a file of an earlier version, or a
 * restored one, may be readable for all. */
static void close_to_others(const char *path) {
  static const char *const parts[] = {"", "-wal", "-shm"};
  char part[GC_STATE_PATH_SIZE + 8];
  struct stat st;
  for (size_t i = 0; i < GC_COUNT(parts); i++) {
    snprintf(part, sizeof(part), "%s%s", path, parts[i]);
    if (lstat(part, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_uid == geteuid() && (st.st_mode & 07177) != 0)
      (void)chmod(part, 0600);
  }
}

static bool stat_part(const char *path, const char *end, struct stat *ret) {
  char part[GC_STATE_PATH_SIZE + 8];
  snprintf(part, sizeof(part), "%s%s", path, end);
  return stat(part, ret) == 0;
}

static void note_place(const char *path, const char *end,
                       struct gc_state_place *ret) {
  struct stat st;
  bool has = stat_part(path, end, &st);
  *ret = has ? (struct gc_state_place){st.st_dev, st.st_ino}
             : (struct gc_state_place){0};
}

static bool is_at(const char *path, const char *end,
                  const struct gc_state_place *place) {
  struct stat st;
  return stat_part(path, end, &st) && st.st_dev == place->device &&
         st.st_ino == place->inode;
}

static enum gc_code open_file(struct gc_state_file *s,
                              const struct gc_state_kind *kind,
                              bool *ret_foreign, struct gc_err *err) {
  /* SQLite would create the file with the umask's mode; the modes of its other
   * files follow this one. Only a new file is opened here: closing a descriptor
   * releases the locks that this process has on the file. */
  int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0)
    close(fd);
  else
    close_to_others(s->path);
  int code = sqlite3_open_v2(
      s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL);
  *ret_foreign = false;
  if (code != SQLITE_OK)
    return gc_state_file_fail(s, "cannot open", err);
  sqlite3_busy_timeout(s->db, kind->busy_ms);
  /* SQLite does not report a file that it may not write. */
  if (sqlite3_db_readonly(s->db, "main") == 1)
    return gc_fail(err, GC_ERR_STATE,
                   "state file %s is read-only; give it to collectd's user",
                   s->path);
  /* A foreign file and its -wal must not change, so there is no checkpoint. */
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  GC_TRY(check_version(s, kind, ret_foreign, err));
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  GC_TRY(gc_state_file_run(s, "PRAGMA journal_mode = WAL", err));
  GC_TRY(gc_state_file_run(s, "PRAGMA synchronous = FULL", err));
  int version; /* the first access makes the log */
  GC_TRY(read_int(s, "PRAGMA user_version", &version, err));
  note_place(s->path, "", &s->at);
  note_place(s->path, "-wal", &s->log);
  return GC_OK;
}

static enum gc_code rename_broken(struct gc_state_file *s,
                                  struct gc_err *ret_warning,
                                  struct gc_err *err) {
  static const char *const parts[] = {"", "-wal", "-shm"};
  char to[GC_STATE_PATH_SIZE + 32], old[GC_STATE_PATH_SIZE + 8],
      new[GC_STATE_PATH_SIZE + 40];
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
      return gc_fail(err, GC_ERR_STATE, "cannot rename %s to %s: %s", old, new,
                     strerror(errno));
  }
  (void)gc_fail(ret_warning, GC_ERR_STATE,
                "%s; it was renamed to %s and a new one created", why.text, to);
  return GC_OK;
}

/* Locks the state file: two processes would each continue from the state in
 * their own memory. */
static enum gc_code take_lock(struct gc_state_file *s, const char *folder,
                              const char *name, struct gc_err *err) {
  char subject[GC_STATE_PATH_SIZE + 16];
  if (name == NULL)
    return GC_OK;
  snprintf(subject, sizeof(subject), "state file %s", s->path);
  return gc_lock_file_take(&s->lock, folder, name, subject, "StateDir", err);
}

bool gc_state_file_is_there(const struct gc_state_file *s) {
  return s->db != NULL && is_at(s->path, "", &s->at);
}

bool gc_state_file_has_log(const struct gc_state_file *s) {
  return s->db != NULL &&
         (s->log.inode == 0 || is_at(s->path, "-wal", &s->log));
}

enum gc_code gc_state_file_keep_log(const struct gc_state_file *s,
                                    struct gc_err *err) {
  int left = 0, done = 0;
  if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_FULL, &left,
                                &done) == SQLITE_OK &&
      left == done)
    return GC_OK;
  return gc_state_file_fail(s, "cannot take its deleted log", err);
}

void gc_state_file_close(struct gc_state_file *s) {
  if (s == NULL)
    return;
  sqlite3_close(s->db);
  s->db = NULL;
  gc_lock_file_release(&s->lock);
}

static enum gc_code set_path(struct gc_state_file *s, const char *folder,
                             const char *name, struct gc_err *err) {
  int len = snprintf(s->path, sizeof(s->path), "%s/%s", folder, name);
  return len > 0 && (size_t)len < sizeof(s->path)
             ? GC_OK
             : gc_fail(err, GC_ERR_STATE, "StateDir: the path is too long");
}

enum gc_code gc_state_file_open(const char *folder,
                                const struct gc_state_kind *kind,
                                struct gc_state_file *s,
                                struct gc_err *ret_warning,
                                struct gc_err *err) {
  GC_TRY(set_path(s, folder, kind->name, err));
  GC_TRY(gc_folder_make("StateDir", folder, err));
  gc_folder_check("StateDir", folder, ret_warning);
  GC_TRY(take_lock(s, folder, kind->lock_name, err));

  struct gc_err why = {.code = GC_OK};
  bool foreign;
  enum gc_code code = open_file(s, kind, &foreign, &why);
  if (code != GC_OK && foreign) {
    code = rename_broken(s, ret_warning, &why);
    if (code == GC_OK)
      code = open_file(s, kind, &foreign, &why);
  }
  if (code == GC_OK)
    return GC_OK;
  gc_state_file_close(s);
  return gc_fail(err, code, "%s", why.text);
}

enum gc_code gc_state_file_reset(struct gc_state_file *s,
                                 const struct gc_state_kind *kind,
                                 struct gc_err *ret_warning,
                                 struct gc_err *err) {
  struct gc_err why = {.code = GC_OK};
  bool foreign;
  (void)gc_state_file_fail(s, "cannot be used", &why);
  enum gc_code code = rename_broken(s, ret_warning, &why);
  if (code == GC_OK)
    code = open_file(s, kind, &foreign, &why);
  return code == GC_OK ? GC_OK : gc_fail(err, code, "%s", why.text);
}

void gc_state_stmt_auto(sqlite3_stmt **s) { sqlite3_finalize(*s); }

const char *gc_state_column_text(sqlite3_stmt *q, int i) {
  const char *text = (const char *)sqlite3_column_text(q, i);
  return text != NULL ? text : "";
}
