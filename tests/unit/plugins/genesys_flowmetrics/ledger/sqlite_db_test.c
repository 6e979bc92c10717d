/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/sqlite_db.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/net/store/state_file.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"

static char folder[64];

static void fresh_folder(void) {
  snprintf(folder, sizeof(folder), "/tmp/gc-seen-XXXXXX");
  CHECK(mkdtemp(folder) != NULL);
}

static struct sqlite_db *open_or_say(struct gc_err *ret_warning) {
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  struct sqlite_db *s = NULL;
  if (sqlite_db_open(folder, &s, &warning, &err) != GC_OK)
    printf("%s\n", err.text);
  if (ret_warning != NULL)
    *ret_warning = warning;
  return s;
}

static struct seen_key make_key(unsigned minute, unsigned number) {
  char name[32];
  snprintf(name, sizeof(name), "n%u", number);
  return seen_key_of("h", "c", name, strlen(name), minute * INT64_C(60000));
}

/* Adds keys in one transaction; returns how many were new. */
static unsigned add_keys(struct sqlite_db *s, unsigned minute, unsigned from,
                         unsigned count) {
  unsigned fresh = 0;
  CHECK_INT(sqlite_db_begin(s, NULL), GC_OK);
  for (unsigned i = from; i < from + count; i++) {
    struct seen_key k = make_key(minute, i);
    bool is_new = false;
    CHECK_INT(sqlite_db_add_key(s, &k, &is_new, NULL), GC_OK);
    fresh += is_new;
  }
  CHECK_INT(sqlite_db_commit(s, NULL), GC_OK);
  return fresh;
}

static void a_key_is_its_minute_and_a_hash_of_all_parts(void) {
  struct seen_key a = seen_key_of("h", "c", "ab", 2, INT64_C(60000) * 0x12345);
  static const struct {
    const char *scope, *conversation, *name;
  } others[] = {{"h", "c", "ac"}, {"h", "ca", "b"}, {"hc", "", "ab"}};
  CHECK_INT(a.bytes[0], 0);
  CHECK_INT(a.bytes[1], 1);
  CHECK_INT(a.bytes[2], 0x23);
  CHECK_INT(a.bytes[3], 0x45);
  CHECK_INT(seen_key_minute(&a), 0x12345);
  for (size_t i = 0; i < GC_COUNT(others); i++) {
    struct seen_key b =
        seen_key_of(others[i].scope, others[i].conversation, others[i].name,
                    strlen(others[i].name), INT64_C(60000) * 0x12345);
    CHECK(memcmp(a.bytes, b.bytes, SEEN_KEY_BYTES) != 0);
  }
}

static void a_committed_key_is_found_after_a_restart(void) {
  fresh_folder();
  struct sqlite_db *s = open_or_say(NULL);
  CHECK_INT(add_keys(s, 100, 0, 10), 10);
  CHECK_INT(add_keys(s, 100, 5, 10), 5);
  sqlite_db_close(s);
  s = open_or_say(NULL);
  CHECK_INT(add_keys(s, 100, 0, 16), 1);
  sqlite_db_close(s);
  CHECK(folder_remove(folder));
}

static void a_rolled_back_key_is_new_again(void) {
  fresh_folder();
  struct sqlite_db *s = open_or_say(NULL);
  struct seen_key k = make_key(100, 1);
  bool is_new = false;
  CHECK_INT(sqlite_db_begin(s, NULL), GC_OK);
  CHECK_INT(sqlite_db_add_key(s, &k, &is_new, NULL), GC_OK);
  sqlite_db_rollback(s);
  sqlite_db_rollback(s); /* a second call does nothing */
  CHECK_INT(add_keys(s, 100, 1, 1), 1);
  sqlite_db_close(s);
  CHECK(folder_remove(folder));
}

static struct stored_counter loaded;
static unsigned loads;
static enum gc_code load_counter(void *ctx, const struct stored_counter *c) {
  (void)ctx;
  loaded = *c;
  loads++;
  CHECK_STR(c->flow, "F/1");
  CHECK_STR(c->flow_label, "F_1");
  CHECK_STR(c->metric, "M");
  CHECK_STR(c->scope, "h");
  return GC_OK;
}

static void counters_are_kept_with_their_names(void) {
  fresh_folder();
  struct sqlite_db *s = open_or_say(NULL);
  struct stored_counter c = {.scope = "h",
                             .flow = "F/1",
                             .metric = "M",
                             .flow_label = "F_1",
                             .metric_label = "M",
                             .count = 3};
  CHECK_INT(sqlite_db_begin(s, NULL), GC_OK);
  CHECK_INT(sqlite_db_insert_counter(s, &c, NULL), GC_OK);
  CHECK(c.id > 0);
  c.count = 7;
  c.sum = 1.5;
  c.has_sum = c.shown = true;
  CHECK_INT(sqlite_db_update_counter(s, &c, NULL), GC_OK);
  CHECK_INT(sqlite_db_commit(s, NULL), GC_OK);
  sqlite_db_close(s);
  s = open_or_say(NULL);
  loads = 0;
  CHECK_INT(sqlite_db_load(s, load_counter, NULL, NULL), GC_OK);
  CHECK_INT(loads, 1);
  CHECK_INT(loaded.count, 7);
  CHECK_REAL(loaded.sum, 1.5);
  CHECK(loaded.has_sum && loaded.shown);
  CHECK_INT(loaded.id, c.id);
  sqlite_db_close(s);
  CHECK(folder_remove(folder));
}

enum { RESTORED_KEYS = 12000 };

/* The contents of the new file before each step, as another process sees them.
 */
struct restoring {
  unsigned steps, keys_max; /* keys_max: keys of the largest step */
  int64_t keys, first_count;
};

static int64_t number_of(const char *sql) {
  char path[128];
  sqlite3 *db = NULL;
  sqlite3_stmt *q = NULL;
  snprintf(path, sizeof(path), "%s/flowmetrics.db", folder);
  CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
  CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
  CHECK_INT(sqlite3_step(q), SQLITE_ROW);
  int64_t number = sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  sqlite3_close(db);
  return number;
}

static void on_step(void *ctx) {
  struct restoring *r = ctx;
  int64_t keys = number_of("SELECT count(*) FROM seen");
  if (r->steps++ == 0)
    r->first_count = number_of("SELECT sum(count) FROM counters");
  if (keys - r->keys > r->keys_max)
    r->keys_max = (unsigned)(keys - r->keys);
  r->keys = keys;
}

static void a_deleted_file_is_restored_in_bounded_steps(void) {
  struct restoring r = {0};
  struct gc_err warning = {.code = GC_OK};
  char command[128];
  fresh_folder();
  struct sqlite_db *s = open_or_say(NULL);
  struct stored_counter c = {.scope = "h",
                             .flow = "F",
                             .metric = "M",
                             .flow_label = "F",
                             .metric_label = "M",
                             .count = 7};
  CHECK_INT(sqlite_db_begin(s, NULL), GC_OK);
  CHECK_INT(sqlite_db_insert_counter(s, &c, NULL), GC_OK);
  CHECK_INT(sqlite_db_commit(s, NULL), GC_OK);
  add_keys(s, 100, 0, RESTORED_KEYS);
  snprintf(command, sizeof(command), "rm -f %s/*", folder);
  CHECK_INT(system(command), 0);
  CHECK_INT(sqlite_db_restore(s, folder, on_step, &r, &warning, NULL), GC_OK);
  CHECK_INT(r.first_count, 7);
  CHECK_INT(r.steps, 3);
  CHECK_INT(r.keys_max, 5000);
  CHECK_INT(add_keys(s, 100, 0, RESTORED_KEYS + 1), 1);
  CHECK(sqlite_db_is_there(s));
  sqlite_db_close(s);
  CHECK(folder_remove(folder));
}

static void old_keys_are_dropped_in_steps(void) {
  fresh_folder();
  struct sqlite_db *s = open_or_say(NULL);
  unsigned dropped = 0;
  add_keys(s, 100, 0, 30);
  add_keys(s, 200, 0, 5);
  CHECK_INT(sqlite_db_floor(s), 0);
  CHECK_INT(sqlite_db_prune(s, 150, 20, &dropped, NULL), GC_OK);
  CHECK_INT(dropped, 20);
  CHECK_INT(sqlite_db_floor(s), 101);
  CHECK_INT(sqlite_db_prune(s, 150, 20, &dropped, NULL), GC_OK);
  CHECK_INT(dropped, 10);
  CHECK_INT(sqlite_db_prune(s, 150, 20, &dropped, NULL), GC_OK);
  CHECK_INT(dropped, 0);
  CHECK_INT(add_keys(s, 200, 0, 5), 0);
  sqlite_db_close(s);
  s = open_or_say(NULL);
  CHECK_INT(sqlite_db_floor(s), 101);
  sqlite_db_close(s);
  CHECK(folder_remove(folder));
}

static void put_file(const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  CHECK(f != NULL);
  for (int i = 0; i < 100; i++)
    fputs(text, f);
  fclose(f);
}

static void a_foreign_file_is_moved_aside(void) {
  struct gc_err warning;
  char path[128];
  struct stat st;
  fresh_folder();
  put_file("flowmetrics.db", "a letter, not a database\n");
  struct sqlite_db *s = open_or_say(&warning);
  CHECK(s != NULL);
  CHECK_INT(warning.code, GC_ERR_STATE);
  CHECK_HAS(warning.text, "flowmetrics.db.bad-1");
  CHECK_INT(add_keys(s, 100, 0, 3), 3);
  snprintf(path, sizeof(path), "%s/flowmetrics.db.bad-1", folder);
  CHECK_INT(stat(path, &st), 0);
  CHECK_INT(st.st_size, 2500);
  sqlite_db_close(s);
  CHECK(folder_remove(folder));
}

static void a_lock_that_is_a_link_is_not_followed(void) {
  char command[200], path[128];
  struct stat st;
  struct sqlite_db *s = NULL;
  struct gc_err err = {.text = ""}, warning;
  fresh_folder();
  snprintf(command, sizeof(command), "ln -s %s/elsewhere %s/flowmetrics.lock",
           folder, folder);
  CHECK_INT(system(command), 0);
  CHECK_INT(sqlite_db_open(folder, &s, &warning, &err), GC_ERR_STATE);
  CHECK_HAS(err.text, "flowmetrics.lock");
  snprintf(path, sizeof(path), "%s/elsewhere", folder);
  CHECK_INT(stat(path, &st), -1);
  CHECK(folder_remove(folder));
}

static void a_readable_file_is_closed_to_others(void) {
  char path[128];
  struct stat st;
  fresh_folder();
  sqlite_db_close(open_or_say(NULL));
  snprintf(path, sizeof(path), "%s/flowmetrics.db", folder);
  CHECK_INT(chmod(path, 0644), 0);
  sqlite_db_close(open_or_say(NULL));
  CHECK_INT(stat(path, &st), 0);
  CHECK_INT(st.st_mode & 0777, 0600);
  CHECK(folder_remove(folder));
}

/* The other program may have it open. */
static void a_database_of_another_program_stays_where_it_is(void) {
  char path[128];
  struct stat st;
  sqlite3 *foreign;
  struct sqlite_db *s = NULL;
  struct gc_err err = {.text = ""}, warning = {.code = GC_OK};
  fresh_folder();
  snprintf(path, sizeof(path), "%s/flowmetrics.db", folder);
  CHECK_INT(sqlite3_open(path, &foreign), SQLITE_OK);
  CHECK_INT(sqlite3_exec(foreign, "CREATE TABLE t (a)", NULL, NULL, NULL),
            SQLITE_OK);
  CHECK_INT(sqlite_db_open(folder, &s, &warning, &err), GC_ERR_STATE);
  CHECK_HAS(err.text, "a database of another program; name another StateDir");
  CHECK_INT(warning.code, GC_OK);
  CHECK_INT(stat(path, &st), 0);
  sqlite3_close(foreign);
  CHECK(folder_remove(folder));
}

static void one_process_at_a_time_counts(void) {
  fresh_folder();
  struct sqlite_db *s = open_or_say(NULL), *other = NULL;
  struct gc_err err = {.text = ""}, warning;
  CHECK_INT(sqlite_db_open(folder, &other, &warning, &err), GC_ERR_UNAVAILABLE);
  CHECK_HAS(err.text, "flowmetrics.db is in use by pid ");
  CHECK_HAS(err.text, "StateDir");
  sqlite_db_close(s);
  s = open_or_say(NULL);
  CHECK(s != NULL);
  sqlite_db_close(s);
  CHECK(folder_remove(folder));
}

/* Writes keys and their counter in each transaction, until it is killed. */
static void count_until_killed(int reported) {
  struct gc_err warning = {.code = GC_OK}, err;
  struct sqlite_db *s = NULL;
  struct stored_counter c = {.scope = "h",
                             .flow = "F",
                             .metric = "M",
                             .flow_label = "F",
                             .metric_label = "M"};
  bool is_new;
  if (sqlite_db_open(folder, &s, &warning, &err) != GC_OK ||
      sqlite_db_begin(s, &err) != GC_OK ||
      sqlite_db_insert_counter(s, &c, &err) != GC_OK ||
      sqlite_db_commit(s, &err) != GC_OK)
    _exit(1);
  for (unsigned turn = 0;; turn++) {
    if (sqlite_db_begin(s, &err) != GC_OK)
      _exit(2);
    for (unsigned i = 0; i < 50; i++, c.count++) {
      struct seen_key k = make_key(100, turn * 50 + i);
      if (sqlite_db_add_key(s, &k, &is_new, &err) != GC_OK)
        _exit(3);
    }
    if (sqlite_db_update_counter(s, &c, &err) != GC_OK ||
        sqlite_db_commit(s, &err) != GC_OK)
      _exit(4);
    if (write(reported, "x", 1) != 1)
      _exit(5);
  }
}

static int64_t kept_count;
static enum gc_code load_count(void *ctx, const struct stored_counter *c) {
  (void)ctx;
  kept_count = c->count;
  return GC_OK;
}

static void keys_and_counter_agree_after_a_kill_at_any_moment(void) {
  for (unsigned kill_after = 1; kill_after < 12; kill_after += 2) {
    int reported[2];
    char byte;
    fresh_folder();
    CHECK_INT(pipe(reported), 0);
    pid_t child = fork();
    if (child == 0)
      count_until_killed(reported[1]);
    close(reported[1]);
    for (unsigned i = 0; i < kill_after; i++)
      CHECK_INT(read(reported[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(reported[0]);

    struct sqlite_db *s = open_or_say(NULL);
    CHECK(s != NULL);
    CHECK_INT(sqlite_db_load(s, load_count, NULL, NULL), GC_OK);
    CHECK(kept_count >= kill_after * 50);
    /* The file has exactly the keys that the counter has counted. */
    CHECK_INT(add_keys(s, 100, 0, (unsigned)kept_count), 0);
    CHECK_INT(add_keys(s, 100, (unsigned)kept_count, 1), 1);
    sqlite_db_close(s);
    CHECK(folder_remove(folder));
  }
}

/* A file of the version without the time of the last count. */
static const char first_version[] =
    "PRAGMA application_id = 0x47436c66; PRAGMA user_version = 1;"
    "CREATE TABLE seen (key BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE counters ("
    " id INTEGER PRIMARY KEY, scope TEXT NOT NULL, flow TEXT NOT NULL,"
    " metric TEXT NOT NULL, flow_label TEXT NOT NULL,"
    " metric_label TEXT NOT NULL, count INTEGER NOT NULL, sum REAL NOT NULL,"
    " has_sum INTEGER NOT NULL, shown INTEGER NOT NULL,"
    " UNIQUE (scope, flow, metric));"
    "CREATE TABLE floor (minute INTEGER NOT NULL);"
    "INSERT INTO floor VALUES (0);"
    "INSERT INTO counters VALUES (7, 'h', 'F', 'M', 'F', 'M', 42, 1.5, 1, 1);";

static enum gc_code check_taken_over(void *ctx,
                                     const struct stored_counter *c) {
  unsigned *met = ctx;
  CHECK_INT(c->id, 7);
  CHECK_INT(c->count, 42);
  CHECK_INT(c->last_minute, *met == 0 ? 0 : 1234);
  ++*met;
  return GC_OK;
}

static int64_t read_pragma(struct gc_state_file *f, const char *sql,
                           char mode[16]) {
  sqlite3_stmt *q = NULL;
  CHECK_INT(sqlite3_prepare_v2(f->db, sql, -1, &q, NULL), SQLITE_OK);
  CHECK_INT(sqlite3_step(q), SQLITE_ROW);
  int64_t number = sqlite3_column_int64(q, 0);
  snprintf(mode, 16, "%s", (const char *)sqlite3_column_text(q, 0));
  sqlite3_finalize(q);
  return number;
}

/* Committed data survives a loss of power. */
static void state_files_are_durable(void) {
  static const char *const migrations[] = {"CREATE TABLE t (x);"};
  static const struct gc_state_kind kind = {.name = "x.db",
                                            .application_id = 1,
                                            .migrations = migrations,
                                            .version = 1,
                                            .busy_ms = 100};
  struct gc_state_file f = {0};
  struct gc_err warning, err;
  char mode[16];
  fresh_folder();
  CHECK_INT(gc_state_file_open(folder, &kind, &f, &warning, &err), GC_OK);
  CHECK_INT(read_pragma(&f, "PRAGMA synchronous", mode), 2); /* FULL */
  (void)read_pragma(&f, "PRAGMA journal_mode", mode);
  CHECK_STR(mode, "wal");
  gc_state_file_close(&f);
  CHECK(folder_remove(folder));
}

static void a_file_of_the_first_version_is_migrated(void) {
  char path[128];
  sqlite3 *db = NULL;
  unsigned met = 0;
  struct gc_err warning;
  fresh_folder();
  snprintf(path, sizeof(path), "%s/flowmetrics.db", folder);
  CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
  CHECK_INT(sqlite3_exec(db, first_version, NULL, NULL, NULL), SQLITE_OK);
  CHECK_INT(sqlite3_close(db), SQLITE_OK);
  struct sqlite_db *s = open_or_say(&warning);
  CHECK_INT(warning.code, GC_OK);
  CHECK_INT(sqlite_db_load(s, check_taken_over, &met, NULL), GC_OK);
  CHECK_INT(met, 1);
  const struct stored_counter c = {.id = 7, .count = 42, .last_minute = 1234};
  CHECK_INT(sqlite_db_begin(s, NULL), GC_OK);
  CHECK_INT(sqlite_db_update_counter(s, &c, NULL), GC_OK);
  CHECK_INT(sqlite_db_commit(s, NULL), GC_OK);
  sqlite_db_close(s);
  s = open_or_say(NULL);
  CHECK_INT(sqlite_db_load(s, check_taken_over, &met, NULL), GC_OK);
  CHECK_INT(met, 2);
  sqlite_db_close(s);
  CHECK(folder_remove(folder));
}

int main(void) {
  RUN(a_key_is_its_minute_and_a_hash_of_all_parts);
  RUN(a_committed_key_is_found_after_a_restart);
  RUN(a_rolled_back_key_is_new_again);
  RUN(counters_are_kept_with_their_names);
  RUN(a_deleted_file_is_restored_in_bounded_steps);
  RUN(old_keys_are_dropped_in_steps);
  RUN(a_foreign_file_is_moved_aside);
  RUN(state_files_are_durable);
  RUN(a_file_of_the_first_version_is_migrated);
  RUN(a_lock_that_is_a_link_is_not_followed);
  RUN(a_readable_file_is_closed_to_others);
  RUN(a_database_of_another_program_stays_where_it_is);
  RUN(one_process_at_a_time_counts);
  RUN(keys_and_counter_agree_after_a_kill_at_any_moment);
  return check_done();
}
