/* SPDX-License-Identifier: MIT */
#include "common/net/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/support/check.h"

static char top[] = "/tmp/store_test_XXXXXX";
static char folder[128]; /* a fresh one for each law, not yet there */

static const char *in_folder(const char *name) {
  static char path[400];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  return path;
}

static void empty_folder(const char *path) {
  DIR *d = opendir(path);
  struct dirent *e;
  while (d != NULL && (e = readdir(d)) != NULL) {
    char name[700];
    snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
    unlink(name);
  }
  if (d != NULL)
    closedir(d);
  rmdir(path);
}

static void fresh(void) {
  static int count;
  if (folder[0] != '\0')
    empty_folder(folder);
  snprintf(folder, sizeof(folder), "%s/%d", top, count++);
}

static struct gc_store *opened(struct gc_err *warning) {
  struct gc_store *s = NULL;
  struct gc_err err = {.code = GC_OK}, none = {.code = GC_OK};
  enum gc_code code =
      gc_store_open(folder, &s, warning != NULL ? warning : &none, &err);
  CHECK_THAT(code == GC_OK, "not opened: %s", err.text);
  if (warning == NULL)
    CHECK_THAT(none.code == GC_OK, "warned: %s", none.text);
  if (s == NULL)
    exit(1);
  return s;
}

static enum gc_code refused(struct gc_err *err) {
  struct gc_store *s = NULL;
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = gc_store_open(folder, &s, &warning, err);
  CHECK(s == NULL);
  CHECK_INT(warning.code, GC_OK);
  gc_store_close(s);
  return code;
}

/* The names as one text: "id=name|label|detail " for each. */
struct text {
  char bytes[4096];
  size_t len, rows;
};

static enum gc_code add_row(void *ctx, const struct gc_entry *e) {
  struct text *t = ctx;
  t->rows++;
  if (t->len < sizeof(t->bytes))
    t->len +=
        (size_t)snprintf(t->bytes + t->len, sizeof(t->bytes) - t->len,
                         "%s=%s|%s|%s ", e->id, e->name, e->label, e->detail);
  return GC_OK;
}

static const char *names(struct gc_store *s, const char *account,
                         const char *kind) {
  static struct text t;
  struct gc_err err = {.code = GC_OK};
  t = (struct text){.len = 0};
  CHECK_INT(gc_store_load_names(s, account, kind, add_row, &t, &err), GC_OK);
  return t.bytes;
}

static void save(struct gc_store *s, const char *account, const char *kind,
                 const struct gc_entry *entries, size_t count, int64_t now_s) {
  struct gc_err err = {.code = GC_OK};
  CHECK_THAT(gc_store_save_names(s, account, kind, entries, count, now_s, 100,
                                 &err) == GC_OK,
             "not saved: %s", err.text);
}

static const struct gc_entry ab[] = {{"b", "Sales", "Sales~2", ""},
                                     {"a", "Sales/\xc3\xbc", "Sales", "AWAY"}};
#define AB "a=Sales/\xc3\xbc|Sales|AWAY b=Sales|Sales~2| "

/* ---- what is kept ---- */

static void what_was_saved_is_there_after_a_restart(void) {
  fresh();
  struct gc_store *s = opened(NULL);
  CHECK_STR(names(s, "prod", "queue"), "");
  save(s, "prod", "queue", ab, 2, 1000);
  CHECK_STR(names(s, "prod", "queue"), AB);
  gc_store_close(s);
  s = opened(NULL);
  CHECK_STR(names(s, "prod", "queue"), AB);
  gc_store_close(s);
  gc_store_close(NULL);
}

static void accounts_and_kinds_are_kept_apart(void) {
  static const struct gc_entry x = {"x", "X", "X", ""};
  fresh();
  struct gc_store *s = opened(NULL);
  save(s, "prod", "queue", ab, 2, 1000);
  save(s, "prod", "user", &x, 1, 5000);
  save(s, "test", "queue", &x, 1, 9000);
  CHECK_STR(names(s, "prod", "queue"), AB);
  CHECK_STR(names(s, "prod", "user"), "x=X|X| ");
  CHECK_STR(names(s, "test", "queue"), "x=X|X| ");
  CHECK_STR(names(s, "test", "user"), "");
  gc_store_close(s);
}

static void the_last_saving_of_a_name_counts(void) {
  static const struct gc_entry again = {"b", "EMEA", "EMEA", "x"};
  fresh();
  struct gc_store *s = opened(NULL);
  save(s, "prod", "queue", ab, 2, 1000);
  save(s, "prod", "queue", &again, 1, 1001);
  CHECK_STR(names(s, "prod", "queue"),
            "a=Sales/\xc3\xbc|Sales|AWAY b=EMEA|EMEA|x ");
  gc_store_close(s);
}

static void what_was_not_saved_for_long_goes(void) {
  fresh();
  struct gc_store *s = opened(NULL);
  save(s, "prod", "queue", ab, 2, 1000);
  save(s, "prod", "queue", ab, 1, 1100); /* only b; 100 s are kept */
  CHECK_STR(names(s, "prod", "queue"), AB);
  save(s, "prod", "queue", ab, 1, 1101);
  CHECK_STR(names(s, "prod", "queue"), "b=Sales|Sales~2| ");
  save(s, "prod", "queue", NULL, 0, 5000);
  CHECK_STR(names(s, "prod", "queue"), "");
  gc_store_close(s);
}

static void any_text_can_be_a_name(void) {
  static const struct gc_entry odd = {"'; DROP TABLE names; --", "\"\\%s\n",
                                      "\xff\xfe", " "};
  fresh();
  struct gc_store *s = opened(NULL);
  save(s, "o'brien", "queue", &odd, 1, 1000);
  CHECK_STR(names(s, "o'brien", "queue"),
            "'; DROP TABLE names; --=\"\\%s\n|\xff\xfe|  ");
  gc_store_close(s);
}

static enum gc_code stop_at_once(void *ctx, const struct gc_entry *e) {
  (void)e;
  ++*(int *)ctx;
  return GC_ERR_LIMIT;
}

static void a_reader_may_stop(void) {
  fresh();
  struct gc_store *s = opened(NULL);
  save(s, "prod", "queue", ab, 2, 1000);
  int rows = 0;
  CHECK_INT(gc_store_load_names(s, "prod", "queue", stop_at_once, &rows, NULL),
            GC_ERR_LIMIT);
  CHECK_INT(rows, 1);
  CHECK_STR(names(s, "prod", "queue"), AB);
  gc_store_close(s);
}

/* ---- modes ---- */

static void only_our_user_may_read_it(void) {
  fresh();
  mode_t old = umask(0);
  struct gc_store *s = opened(NULL);
  save(s, "prod", "queue", ab, 2, 1000);
  static const char *const files[] = {"state.db", "state.db-wal",
                                      "state.db-shm"};
  struct stat st;
  CHECK_INT(stat(folder, &st), 0);
  CHECK_INT(st.st_mode & 07777, 0700);
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    CHECK_ROW(files[i]);
    CHECK_INT(stat(in_folder(files[i]), &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
  }
  gc_store_close(s);
  umask(old);
}

/* ---- files that are not ours to use ---- */

/* All bytes of a file; the caller's. NULL when there is none. */
static char *bytes_of(const char *path, size_t *ret_len) {
  FILE *f = fopen(path, "r");
  *ret_len = 0;
  if (f == NULL)
    return NULL;
  char *bytes = calloc(1, 1 << 20);
  if (bytes == NULL)
    exit(1);
  *ret_len = fread(bytes, 1, 1 << 20, f);
  fclose(f);
  return bytes;
}

static sqlite3 *raw(void) {
  sqlite3 *db = NULL;
  mkdir(folder, 0700);
  if (sqlite3_open(in_folder("state.db"), &db) != SQLITE_OK)
    exit(1);
  return db;
}

static void sql(sqlite3 *db, const char *text) {
  char *why = NULL;
  if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK) {
    printf("%s: %s\n", text, why);
    exit(1);
  }
}

/* Does `f` in a process that is killed afterwards: nothing is closed. */
static void in_a_process_that_dies(void (*f)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    f();
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK_INT(status, 0);
}

static void become_newer(void) {
  sqlite3 *db = raw();
  sql(db, "PRAGMA user_version = 99; CREATE TABLE more (x);"
          "INSERT INTO more VALUES ('still in the wal')");
}

static void a_newer_version_is_refused_and_stays_untouched(void) {
  fresh();
  gc_store_close(opened(NULL)); /* ours: application id, WAL */
  in_a_process_that_dies(become_newer);
  size_t len[2], wal_len[2];
  char *before = bytes_of(in_folder("state.db"), &len[0]);
  char *wal = bytes_of(in_folder("state.db-wal"), &wal_len[0]);
  CHECK(before != NULL && wal != NULL && wal_len[0] > 0);
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(refused(&err), GC_ERR_STATE);
  CHECK_HAS(err.text, "version 99");
  CHECK_HAS(err.text, "upgrade");
  CHECK_HAS(err.text, folder);
  char *after = bytes_of(in_folder("state.db"), &len[1]);
  char *wal_after = bytes_of(in_folder("state.db-wal"), &wal_len[1]);
  CHECK(len[0] == len[1] && memcmp(before, after, len[0]) == 0);
  CHECK(wal_len[0] == wal_len[1] && memcmp(wal, wal_after, wal_len[0]) == 0);
  free(before);
  free(after);
  free(wal);
  free(wal_after);
  CHECK(access(in_folder("state.db.bad-1"), F_OK) != 0);
}

static void write_file(const char *name, const char *bytes, size_t len) {
  mkdir(folder, 0700);
  FILE *f = fopen(in_folder(name), "w");
  if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
    exit(1);
}

static void what_is_no_database_is_moved_aside(void) {
  static char noise[8192];
  for (size_t i = 0; i < sizeof(noise); i++)
    noise[i] = (char)(i * 37 + 11);
  fresh();
  write_file("state.db", noise, sizeof(noise));
  write_file("state.db-wal", "its wal", 7);
  struct gc_err warning = {.code = GC_OK};
  struct gc_store *s = opened(&warning);
  CHECK_INT(warning.code, GC_ERR_STATE);
  CHECK_HAS(warning.text, "state.db.bad-1");
  save(s, "prod", "queue", ab, 2, 1000);
  CHECK_STR(names(s, "prod", "queue"), AB);
  gc_store_close(s);
  size_t len;
  char *kept = bytes_of(in_folder("state.db.bad-1"), &len);
  CHECK(len == sizeof(noise) && memcmp(kept, noise, len) == 0);
  free(kept);
  kept = bytes_of(in_folder("state.db.bad-1-wal"), &len);
  CHECK(len == 7 && memcmp(kept, "its wal", 7) == 0);
  free(kept);
  /* The next one goes to another name. */
  write_file("state.db", noise, sizeof(noise));
  warning.code = GC_OK;
  gc_store_close(opened(&warning));
  CHECK_HAS(warning.text, "state.db.bad-2");
  gc_store_close(opened(NULL));
}

static void fill_foreign(void) {
  sqlite3 *db = raw();
  sql(db, "PRAGMA journal_mode = WAL; CREATE TABLE theirs (x);"
          "INSERT INTO theirs VALUES ('precious')");
}

static void a_database_of_another_program_is_moved_with_its_wal(void) {
  fresh();
  in_a_process_that_dies(fill_foreign);
  CHECK(access(in_folder("state.db-wal"), F_OK) == 0);
  struct gc_err warning = {.code = GC_OK};
  struct gc_store *s = opened(&warning);
  CHECK_HAS(warning.text, "another program");
  CHECK_STR(names(s, "prod", "queue"), "");
  gc_store_close(s);
  CHECK(access(in_folder("state.db.bad-1-wal"), F_OK) == 0);
  sqlite3 *db = NULL;
  sqlite3_stmt *q = NULL;
  CHECK_INT(sqlite3_open(in_folder("state.db.bad-1"), &db), SQLITE_OK);
  CHECK_INT(sqlite3_prepare_v2(db, "SELECT x FROM theirs", -1, &q, NULL),
            SQLITE_OK);
  CHECK_INT(sqlite3_step(q), SQLITE_ROW);
  CHECK_STR((const char *)sqlite3_column_text(q, 0), "precious");
  sqlite3_finalize(q);
  sqlite3_close(db);
}

static void a_file_damaged_in_its_first_page_is_moved_aside(void) {
  fresh();
  struct gc_store *s = opened(NULL);
  save(s, "prod", "queue", ab, 2, 1000);
  gc_store_close(s);
  size_t len;
  char *bytes = bytes_of(in_folder("state.db"), &len);
  CHECK(len > 200);
  memset(bytes + 100, 0xff, 100); /* the header of the schema's page */
  write_file("state.db", bytes, len);
  free(bytes);
  struct gc_err warning = {.code = GC_OK};
  s = opened(&warning);
  CHECK_HAS(warning.text, "state.db.bad-1");
  CHECK_STR(names(s, "prod", "queue"), "");
  gc_store_close(s);
}

static void an_empty_file_is_a_new_one(void) {
  fresh();
  write_file("state.db", "", 0);
  struct gc_store *s = opened(NULL);
  save(s, "prod", "queue", ab, 2, 1000);
  gc_store_close(s);
}

/* ---- where there can be none ---- */

static void a_file_in_place_of_the_folder_is_named(void) {
  fresh();
  int fd = open(folder, O_CREAT | O_WRONLY, 0600);
  close(fd);
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(refused(&err), GC_ERR_STATE);
  CHECK_HAS(err.text, folder);
  CHECK_HAS(err.text, "collectd's user");
  unlink(folder);
}

static void a_folder_without_a_parent_is_named(void) {
  fresh();
  strcat(folder, "/and/more");
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(refused(&err), GC_ERR_STATE);
  CHECK_HAS(err.text, folder);
}

/* Root may write anywhere; as nobody the modes count. */
static void as_nobody(enum gc_code *ret_code, struct gc_err *err) {
  uid_t was = geteuid();
  if (was == 0 && seteuid(65534) != 0)
    exit(1);
  *ret_code = refused(err);
  if (was == 0 && seteuid(was) != 0)
    exit(1);
}

static void an_unwritable_folder_is_named(void) {
  fresh();
  chmod(top, 0755);
  mkdir(folder, 0555);
  chmod(folder, 0555);
  struct gc_err err = {.code = GC_OK};
  enum gc_code code;
  as_nobody(&code, &err);
  CHECK_INT(code, GC_ERR_STATE);
  CHECK_HAS(err.text, folder);
  chmod(folder, 0755);
}

static void a_read_only_file_is_named_at_once(void) {
  fresh();
  struct gc_store *s = opened(NULL);
  gc_store_close(s);
  chmod(top, 0755);
  chmod(folder, 0777);
  chmod(in_folder("state.db"), 0444);
  struct gc_err err = {.code = GC_OK};
  enum gc_code code;
  as_nobody(&code, &err);
  CHECK_INT(code, GC_ERR_STATE);
  CHECK_HAS(err.text, "state.db");
  CHECK_HAS(err.text, "read-only");
}

/* ---- several at once ---- */

static void two_handles_see_each_others_names(void) {
  static const struct gc_entry x = {"x", "X", "X", ""};
  fresh();
  struct gc_store *one = opened(NULL), *two = opened(NULL);
  for (int i = 0; i < 20; i++) {
    save(one, "prod", "queue", ab, 2, 1000 + i);
    save(two, "prod", "user", &x, 1, 1000 + i);
  }
  CHECK_STR(names(two, "prod", "queue"), AB);
  CHECK_STR(names(one, "prod", "user"), "x=X|X| ");
  gc_store_close(one);
  save(two, "prod", "queue", ab, 1, 2000);
  CHECK_STR(names(two, "prod", "queue"), "b=Sales|Sales~2| ");
  gc_store_close(two);
}

static void *save_often(void *ctx) {
  struct gc_err err = {.code = GC_OK};
  for (int i = 0; i < 30; i++)
    if (gc_store_save_names(ctx, "prod", "queue", ab, 2, 1000 + i, 100, &err) !=
        GC_OK)
      return ctx;
  return NULL;
}

static void threads_take_turns(void) {
  fresh();
  struct gc_store *s = opened(NULL);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, save_often, s), 0);
  for (int i = 0; i < 4; i++) {
    void *failed = NULL;
    CHECK_INT(pthread_join(threads[i], &failed), 0);
    CHECK(failed == NULL);
  }
  CHECK_STR(names(s, "prod", "queue"), AB);
  gc_store_close(s);
}

/* Several processes begin the same new file; all of them have it. */
static void processes_that_begin_together_all_begin(void) {
  for (int round = 0; round < 10; round++) {
    fresh();
    pid_t pids[4];
    int gate[2];
    if (pipe(gate) != 0)
      exit(1);
    fflush(stdout);
    for (int i = 0; i < 4; i++)
      if ((pids[i] = fork()) == 0) {
        char go;
        close(gate[1]);
        ssize_t n = read(gate[0], &go, 1); /* until all are there */
        struct gc_store *s = NULL;
        struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
        enum gc_code code = gc_store_open(folder, &s, &warning, &err);
        if (code != GC_OK)
          printf("child: %s\n", err.text);
        gc_store_close(s);
        fflush(stdout);
        _exit(n == 0 && code == GC_OK && warning.code == GC_OK ? 0 : 1);
      }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < 4; i++) {
      int status = -1;
      CHECK(waitpid(pids[i], &status, 0) == pids[i]);
      CHECK_INT(status, 0);
    }
  }
}

/* ---- kill -9 ---- */

static void die_in_a_transaction(void) {
  sqlite3 *db = raw();
  sql(db, "BEGIN IMMEDIATE; DELETE FROM names; INSERT INTO names VALUES "
          "('prod','queue','z','half','half','',1)");
}

static void a_death_in_a_transaction_leaves_what_was_there(void) {
  fresh();
  struct gc_store *s = opened(NULL);
  save(s, "prod", "queue", ab, 2, 1000);
  gc_store_close(s);
  in_a_process_that_dies(die_in_a_transaction);
  s = opened(NULL);
  CHECK_STR(names(s, "prod", "queue"), AB);
  save(s, "prod", "queue", ab, 2, 1001);
  gc_store_close(s);
}

enum { GENERATION = 3000 };

static void save_generations(void) {
  static struct gc_entry entries[GENERATION];
  static char ids[GENERATION][16];
  struct gc_store *s = NULL;
  struct gc_err err;
  if (gc_store_open(folder, &s, &err, &err) != GC_OK)
    _exit(1);
  for (int g = 0;; g++) {
    char name[16];
    snprintf(name, sizeof(name), "g%d", g);
    for (int i = 0; i < GENERATION; i++) {
      snprintf(ids[i], sizeof(ids[i]), "q%d", i);
      entries[i] = (struct gc_entry){ids[i], name, name, ""};
    }
    if (gc_store_save_names(s, "prod", "queue", entries, GENERATION, g, 100000,
                            &err) != GC_OK)
      _exit(1);
  }
}

struct generation {
  char name[16];
  size_t rows;
  bool mixed;
};

static enum gc_code see(void *ctx, const struct gc_entry *e) {
  struct generation *g = ctx;
  if (g->rows++ == 0)
    snprintf(g->name, sizeof(g->name), "%s", e->name);
  g->mixed = g->mixed || strcmp(g->name, e->name) != 0;
  return GC_OK;
}

static off_t wal_size(void) {
  struct stat st;
  return stat(in_folder("state.db-wal"), &st) == 0 ? st.st_size : 0;
}

/* Whenever the saving process is killed, one whole generation is there. The
 * moment is found by watching the write-ahead log grow. */
static void a_kill_at_any_moment_leaves_one_whole_saving(void) {
  for (int round = 0; round < 6; round++) {
    fresh();
    gc_store_close(opened(NULL));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
      save_generations();
      _exit(0);
    }
    time_t deadline = time(NULL) + 20;
    off_t last = 0;
    for (int seen = 0; seen < 2 + 3 * round && time(NULL) < deadline;) {
      off_t size = wal_size();
      seen += size != last;
      last = size;
    }
    kill(pid, SIGKILL);
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status));
    struct gc_store *s = opened(NULL);
    struct generation g = {.rows = 0};
    CHECK_INT(gc_store_load_names(s, "prod", "queue", see, &g, NULL), GC_OK);
    CHECK(g.rows == 0 || g.rows == GENERATION);
    CHECK(!g.mixed);
    gc_store_close(s);
  }
}

int main(void) {
  if (mkdtemp(top) == NULL)
    return 1;
  RUN(what_was_saved_is_there_after_a_restart);
  RUN(accounts_and_kinds_are_kept_apart);
  RUN(the_last_saving_of_a_name_counts);
  RUN(what_was_not_saved_for_long_goes);
  RUN(any_text_can_be_a_name);
  RUN(a_reader_may_stop);
  RUN(only_our_user_may_read_it);
  RUN(a_newer_version_is_refused_and_stays_untouched);
  RUN(what_is_no_database_is_moved_aside);
  RUN(a_database_of_another_program_is_moved_with_its_wal);
  RUN(a_file_damaged_in_its_first_page_is_moved_aside);
  RUN(an_empty_file_is_a_new_one);
  RUN(a_file_in_place_of_the_folder_is_named);
  RUN(a_folder_without_a_parent_is_named);
  RUN(an_unwritable_folder_is_named);
  RUN(a_read_only_file_is_named_at_once);
  RUN(two_handles_see_each_others_names);
  RUN(threads_take_turns);
  RUN(processes_that_begin_together_all_begin);
  RUN(a_death_in_a_transaction_leaves_what_was_there);
  RUN(a_kill_at_any_moment_leaves_one_whole_saving);
  fresh();
  rmdir(top);
  return check_done();
}
