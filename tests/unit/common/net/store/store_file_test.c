/* SPDX-License-Identifier: MIT */
#include "common/net/store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/net/store/state_file.h"
#include "tests/support/check.h"
#include "tests/support/store_bench.h"

static enum gc_code open_refused(struct gc_err *err) {
  struct gc_store *s = NULL;
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = gc_store_open(store_folder, 60000, &s, &warning, err);
  CHECK(s != NULL);
  gc_store_close(s);
  return code;
}

/* ---- files of other programs ---- */

/* Returns all bytes of a file, NULL when there is none; the caller frees
 * them. */
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

static void write_file(const char *name, const char *bytes, size_t len) {
  mkdir(store_folder, 0700);
  FILE *f = fopen(store_in_folder(name), "w");
  if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
    exit(1);
}

static void a_file_that_is_no_database_is_moved_aside(void) {
  static char noise[8192];
  for (size_t i = 0; i < sizeof(noise); i++)
    noise[i] = (char)(i * 37 + 11);
  store_fresh();
  write_file("state.db", noise, sizeof(noise));
  write_file("state.db-wal", "its wal", 7);
  struct gc_err warning = {.code = GC_OK};
  struct gc_store *s = store_opened(&warning);
  CHECK_INT(warning.code, GC_ERR_STATE);
  CHECK_HAS(warning.text, "state.db.bad-1");
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  gc_store_close(s);
  size_t len;
  char *kept = bytes_of(store_in_folder("state.db.bad-1"), &len);
  CHECK(len == sizeof(noise) && memcmp(kept, noise, len) == 0);
  free(kept);
  kept = bytes_of(store_in_folder("state.db.bad-1-wal"), &len);
  CHECK(len == 7 && memcmp(kept, "its wal", 7) == 0);
  free(kept);
  /* The next file is moved to another name. */
  write_file("state.db", noise, sizeof(noise));
  warning.code = GC_OK;
  gc_store_close(store_opened(&warning));
  CHECK_HAS(warning.text, "state.db.bad-2");
  gc_store_close(store_opened(NULL));
}

static void fill_foreign(void) {
  sqlite3 *db = store_raw();
  store_sql(db, "PRAGMA journal_mode = WAL; CREATE TABLE theirs (x);"
                "INSERT INTO theirs VALUES ('precious')");
}

/* The other program may have it open. */
static void a_database_of_another_program_stays_with_its_wal(void) {
  store_fresh();
  store_in_a_process_that_dies(fill_foreign);
  struct gc_err err = {.text = ""}, warning = {.code = GC_OK};
  struct gc_state_file file = {.db = NULL};
  static const char *const none[] = {""};
  const struct gc_state_kind kind = {.name = "state.db",
                                     .application_id = 1,
                                     .migrations = none,
                                     .version = 1};
  CHECK_INT(gc_state_file_open(store_folder, &kind, &file, &warning, &err),
            GC_ERR_STATE);
  CHECK_HAS(err.text, "a database of another program; name another StateDir");
  CHECK_INT(warning.code, GC_OK);
  CHECK(access(store_in_folder("state.db-wal"), F_OK) == 0);
  CHECK(access(store_in_folder("state.db.bad-1"), F_OK) != 0);
}

static void a_file_damaged_in_its_first_page_is_moved_aside(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  gc_store_close(s);
  size_t len;
  char *bytes = bytes_of(store_in_folder("state.db"), &len);
  CHECK(len > 200);
  memset(bytes + 100, 0xff, 100); /* the header of the schema's page */
  write_file("state.db", bytes, len);
  free(bytes);
  struct gc_err warning = {.code = GC_OK};
  s = store_opened(&warning);
  CHECK_HAS(warning.text, "state.db.bad-1");
  CHECK_STR(store_names(s, "prod", "queue"), "");
  gc_store_close(s);
}

static void an_empty_file_is_a_new_one(void) {
  store_fresh();
  write_file("state.db", "", 0);
  struct gc_store *s = store_opened(NULL);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  gc_store_close(s);
}

/* ---- places without a file ---- */

static void a_file_in_place_of_the_folder_is_named(void) {
  store_fresh();
  int fd = open(store_folder, O_CREAT | O_WRONLY, 0600);
  close(fd);
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(open_refused(&err), GC_ERR_STATE);
  CHECK_HAS(err.text, store_folder);
  CHECK_HAS(err.text, "collectd's user");
  unlink(store_folder);
}

static void a_folder_without_a_parent_is_named(void) {
  store_fresh();
  strcat(store_folder, "/and/more");
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(open_refused(&err), GC_ERR_STATE);
  CHECK_HAS(err.text, store_folder);
}

/* Root may write anywhere; the modes apply to an unprivileged user. */
static void as_nobody(enum gc_code *ret_code, struct gc_err *err) {
  uid_t was = geteuid();
  if (was == 0 && seteuid(65534) != 0)
    exit(1);
  *ret_code = open_refused(err);
  if (was == 0 && seteuid(was) != 0)
    exit(1);
}

static void an_unwritable_folder_is_named(void) {
  store_fresh();
  chmod(store_top, 0755);
  mkdir(store_folder, 0555);
  chmod(store_folder, 0555);
  struct gc_err err = {.code = GC_OK};
  enum gc_code code;
  as_nobody(&code, &err);
  CHECK_INT(code, GC_ERR_STATE);
  CHECK_HAS(err.text, store_folder);
  chmod(store_folder, 0755);
}

static void a_read_only_file_is_named_at_once(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  gc_store_close(s);
  chmod(store_top, 0755);
  chmod(store_folder, 0777);
  chmod(store_in_folder("state.db"), 0444);
  unlink(store_in_folder("state.lock"));
  struct gc_err err = {.code = GC_OK};
  enum gc_code code;
  as_nobody(&code, &err);
  CHECK_INT(code, GC_ERR_STATE);
  CHECK_HAS(err.text, "state.db");
  CHECK_HAS(err.text, "read-only");
}

/* ---- failures at run time ---- */

static struct gc_err noticed;
static char noticed_cause[32];

static void record_notice(void *ctx, const char *cause,
                          const struct gc_err *err) {
  (void)ctx;
  snprintf(noticed_cause, sizeof(noticed_cause), "%s", cause);
  noticed = *err;
}

static void a_store_that_cannot_save_does_not_work(void) {
  struct gc_err err = {.code = GC_OK};
  store_fresh();
  gc_store_close(store_opened(NULL));
  sqlite3 *db = store_raw();
  store_sql(db,
            "CREATE TRIGGER full BEFORE INSERT ON pages WHEN NEW.field = 'a' "
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
  sqlite3_close(db);
  struct gc_store *s = store_opened(NULL);
  CHECK(gc_store_works(s));
  CHECK_INT(gc_store_save_names(s, "prod", "queue", store_ab, 2, 1, 0, &err),
            GC_ERR_STATE);
  CHECK(!gc_store_works(s));
  CHECK_STR(store_names(s, "prod", "queue"), ""); /* it can be read */
  CHECK(!gc_store_works(s));
  CHECK_INT(gc_store_save_channel(s, "prod", 1, "x", &err), GC_OK);
  CHECK(gc_store_works(s));
  gc_store_close(s);
}

static void limit_files(rlim_t bytes) {
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_FSIZE, &limit);
}

/* A write past the limit of the process fails as one on a broken disk does. */
static void a_file_that_refuses_a_write_is_opened_again(void) {
  struct gc_err err = {.code = GC_OK};
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  signal(SIGXFSZ, SIG_IGN);
  limit_files(1);
  CHECK_INT(gc_store_save_names(s, "prod", "queue", store_ab, 2, 1, 0, &err),
            GC_ERR_STATE);
  limit_files(RLIM_INFINITY);
  CHECK_HAS(err.text, "disk I/O error");
  CHECK(!gc_store_works(s));
  uint64_t generation = gc_store_generation(s);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  CHECK(gc_store_generation(s) != generation);
  CHECK(gc_store_works(s));
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  gc_store_close(s);
}

static void a_store_opens_as_soon_as_it_can(void) {
  struct gc_store *s = NULL;
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  store_fresh();
  int fd = open(store_folder, O_CREAT | O_WRONLY, 0600);
  close(fd);
  CHECK_INT(gc_store_open(store_folder, 60000, &s, &warning, &err),
            GC_ERR_STATE);
  gc_store_set_notice(s, record_notice, NULL);
  CHECK_INT(gc_store_save_channel(s, "prod", 1, "x", &err), GC_ERR_UNAVAILABLE);
  CHECK_INT(noticed.code, GC_ERR_STATE);
  CHECK_HAS(noticed.text, store_folder);
  CHECK(!gc_store_works(s));
  unlink(store_folder);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  CHECK_INT(noticed.code, GC_OK);
  CHECK_STR(noticed_cause, "state");
  CHECK(gc_store_works(s));
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  gc_store_close(s);
}

/* Overwrites the pages behind the first one, while the store has the file
 * open. */
static void break_pages(void) {
  size_t len;
  sqlite3 *db = store_raw();
  store_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
  sqlite3_close(db);
  char *bytes = bytes_of(store_in_folder("state.db"), &len);
  CHECK(len > 8192);
  memset(bytes + 4096, 0xaa, len - 4096);
  int fd = open(store_in_folder("state.db"), O_WRONLY);
  CHECK(pwrite(fd, bytes, len, 0) == (ssize_t)len);
  close(fd);
  free(bytes);
}

static void a_file_that_breaks_at_run_time_is_moved_aside(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  noticed.code = GC_OK;
  gc_store_set_notice(s, record_notice, NULL);
  store_save(s, "prod", "user", store_ab, 2, 1000);
  uint64_t generation = gc_store_generation(s);
  break_pages();
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  CHECK_INT(noticed.code, GC_ERR_STATE);
  CHECK_HAS(noticed.text, "state.db.bad-1");
  CHECK_STR(noticed_cause, "state file");
  CHECK(gc_store_generation(s) != generation);
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  gc_store_close(s);
  s = store_opened(NULL);
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  gc_store_close(s);
}

static void a_file_that_was_deleted_is_made_again(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  store_save(s, "prod", "queue", store_ab, 2, 1000);
  uint64_t generation = gc_store_generation(s);
  unlink(store_in_folder("state.db"));
  unlink(store_in_folder("state.db-wal"));
  unlink(store_in_folder("state.db-shm"));
  unlink(store_in_folder("state.lock"));
  store_save(s, "prod", "queue", store_ab, 1, 2000);
  CHECK(gc_store_generation(s) != generation);
  gc_store_close(s);
  s = store_opened(NULL);
  CHECK_STR(store_names(s, "prod", "queue"), "b=Sales|Sales~2| ");
  gc_store_close(s);
}

/* The child ends as a kill ends it, without closing the file. */
static void a_log_that_was_deleted_loses_nothing(void) {
  store_fresh();
  pid_t child = fork();
  if (child == 0) {
    struct gc_store *s = store_opened(NULL);
    store_save(s, "prod", "queue", store_ab, 2, 1000);
    unlink(store_in_folder("state.db-wal"));
    unlink(store_in_folder("state.db-shm"));
    store_save(s, "prod", "user", store_ab, 1, 2000);
    _exit(0);
  }
  CHECK_INT(waitpid(child, NULL, 0), child);
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(store_names(s, "prod", "queue"), STORE_AB);
  CHECK_HAS(store_names(s, "prod", "user"), "Sales");
  gc_store_close(s);
}

static void a_folder_that_others_may_write_is_reported(void) {
  struct gc_err warning = {.code = GC_OK};
  store_fresh();
  mkdir(store_folder, 0700);
  chmod(store_folder, 0777);
  gc_store_close(store_opened(&warning));
  CHECK_INT(warning.code, GC_ERR_STATE);
  CHECK_HAS(warning.text, "mode 0777");
}

/* Another user who may open the folder could lock it and block collectd's
 * init. */
static void a_lock_on_the_folder_holds_nothing_up(void) {
  store_fresh();
  mkdir(store_folder, 0700);
  int fd = open(store_folder, O_RDONLY | O_DIRECTORY);
  CHECK_INT(flock(fd, LOCK_EX), 0);
  alarm(20);
  gc_store_close(store_opened(NULL));
  alarm(0);
  close(fd);
}

static void a_lock_that_is_a_link_is_not_followed(void) {
  struct gc_err err = {.code = GC_OK};
  store_fresh();
  mkdir(store_folder, 0700);
  CHECK_INT(symlink("elsewhere", store_in_folder("state.lock")), 0);
  CHECK_INT(open_refused(&err), GC_ERR_STATE);
  CHECK(access(store_in_folder("elsewhere"), F_OK) != 0);
  unlink(store_in_folder("state.lock"));
}

int main(void) {
  store_bench_begin();
  RUN(a_file_that_is_no_database_is_moved_aside);
  RUN(a_database_of_another_program_stays_with_its_wal);
  RUN(a_file_damaged_in_its_first_page_is_moved_aside);
  RUN(an_empty_file_is_a_new_one);
  RUN(a_file_in_place_of_the_folder_is_named);
  RUN(a_folder_without_a_parent_is_named);
  RUN(an_unwritable_folder_is_named);
  RUN(a_read_only_file_is_named_at_once);
  RUN(a_store_that_cannot_save_does_not_work);
  RUN(a_file_that_refuses_a_write_is_opened_again);
  RUN(a_store_opens_as_soon_as_it_can);
  RUN(a_file_that_breaks_at_run_time_is_moved_aside);
  RUN(a_file_that_was_deleted_is_made_again);
  RUN(a_log_that_was_deleted_loses_nothing);
  RUN(a_folder_that_others_may_write_is_reported);
  RUN(a_lock_on_the_folder_holds_nothing_up);
  RUN(a_lock_that_is_a_link_is_not_followed);
  store_bench_end();
  return check_done();
}
