/* SPDX-License-Identifier: MIT */
/* state.db of every version: older files are migrated without a loss, and
 * newer files are refused and not changed. */
#include "common/net/store/store.h"

#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/kept_state.h"
#include "tests/support/store_bench.h"

static const char *make_file(int version) {
  store_fresh();
  gc_store_close(store_opened(NULL)); /* the folder */
  unlink(store_in_folder("state.db"));
  kept_make("state", version, store_in_folder("state.db"));
  return store_in_folder("state.db");
}

static int version_now(void) {
  store_fresh();
  gc_store_close(store_opened(NULL));
  return kept_version(store_in_folder("state.db"));
}

static void each_version_is_kept_as_an_example(void) {
  CHECK_THAT(kept_newest("state") == version_now(),
             "version %d of state.db is not kept in tests/support/states",
             version_now());
}

#define NAMES                                                                  \
  "a1=Support DE|Support DE| b2=Support DE|Support DE~2| "                     \
  "c3=B\xc3\xbcro/\"S\xc3\xbc\x64\"|B\xc3\xbcro_\"S\xc3\xbc\x64\"| "

static void what_every_version_had_is_there(struct gc_store *s) {
  CHECK_STR(store_names(s, "prod", "queue"), NAMES);
  CHECK_STR(store_names(s, "prod", "presence"), "7f=Mittag|Mittag|MEAL ");
  CHECK_STR(store_names(s, "test", "queue"), "a1=It's a test|It's a test| ");
}

static void an_older_version_loses_nothing(void) {
  static const struct {
    const char *version, *channel, *queries, *agents;
  } rows[] = {
      {"1", "", "", ""},
      {"2", "{\"id\":\"streaming-4-def\"}", "", ""},
      {"3", "{\"id\":\"streaming-4-def\"}",
       "5d41402abc4b2a76 1767000000000 1767000060000 [a window in flight] "
       "nOffered|a1|voice=4711,0,4711 tAnswered|a1|voice=4242,98765.5,4240 ",
       "7d793037a0760186 1767000000000 1767000900000 [] "},
      {"4", "{\"id\":\"streaming-4-def\"}",
       "5d41402abc4b2a76 1767000000000 1767000060000 [a window in flight] "
       "nOffered|a1|voice=4711,0,4711 tAnswered|a1|voice=4242,98765.5,4240 ",
       "7d793037a0760186 1767000000000 1767000900000 [] "},
      {"5", "{\"id\":\"streaming-4-def\"}",
       "5d41402abc4b2a76 1767000000000 1767000060000 [a window in flight] "
       "nOffered|a1|voice=4711,0,4711 tAnswered|a1|voice=4242,98765.5,4240 ",
       "7d793037a0760186 1767000000000 1767000900000 [] "},
  };
  CHECK_INT(GC_COUNT(rows), kept_newest("state"));
  for (int i = 0; i < (int)GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].version);
    make_file(i + 1);
    /* Opens the file twice: to migrate it, and as a later start does. */
    for (int turn = 0; turn < 2; turn++) {
      struct gc_store *s = store_opened(NULL);
      what_every_version_had_is_there(s);
      CHECK_STR(store_channel(s, "prod", 1), rows[i].channel);
      CHECK_STR(store_query(s, "prod", "query-queues"), rows[i].queries);
      CHECK_STR(store_query(s, "prod", "query-agents"), rows[i].agents);
      gc_store_close(s);
    }
  }
}

static void a_migrated_file_is_made_like_a_new_one(void) {
  int now = version_now();
  for (int version = 1; version <= now; version++) {
    char fresh[8192];
    version_now();
    snprintf(fresh, sizeof(fresh), "%s",
             kept_schema(store_in_folder("state.db")));
    const char *path = make_file(version);
    gc_store_close(store_opened(NULL));
    CHECK_STR(kept_schema(path), fresh);
    CHECK_INT(kept_version(path), now);
  }
}

static void a_migrated_file_is_written_to_like_a_new_one(void) {
  for (int version = 1; version <= kept_newest("state"); version++) {
    struct gc_err err = {.code = GC_OK};
    make_file(version);
    struct gc_store *s = store_opened(NULL);
    CHECK_INT(gc_store_save_channel(s, "prod", 7, "new", &err), GC_OK);
    store_save(s, "new", "queue", store_ab, 2, 1000);
    gc_store_close(s);
    s = store_opened(NULL);
    CHECK_STR(store_channel(s, "prod", 7), "new");
    CHECK_STR(store_names(s, "new", "queue"), STORE_AB);
    what_every_version_had_is_there(s);
    gc_store_close(s);
  }
}

static enum gc_code open_refused(struct gc_err *err) {
  struct gc_store *s = NULL;
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = gc_store_open(store_folder, 60000, &s, &warning, err);
  CHECK(s != NULL);
  CHECK_INT(warning.code, GC_OK);
  gc_store_close(s);
  return code;
}

static void a_newer_version_is_refused_and_stays_untouched(void) {
  int now = version_now();
  const int newer[] = {now + 1, 99};
  for (size_t i = 0; i < GC_COUNT(newer); i++) {
    char found[40], known[40];
    struct gc_err err = {.code = GC_OK};
    const char *path = make_file(now);
    kept_become(newer[i], path);
    struct kept_bytes before = kept_read(path);
    CHECK(before.len[0] > 0 && before.len[1] > 0);
    CHECK_INT(open_refused(&err), GC_ERR_STATE);
    snprintf(found, sizeof(found), "has version %d", newer[i]);
    snprintf(known, sizeof(known), "knows %d", now);
    CHECK_HAS(err.text, path);
    CHECK_HAS(err.text, found);
    CHECK_HAS(err.text, known);
    CHECK_HAS(err.text, "upgrade the package, or name another StateDir");
    CHECK(kept_is_same(&before, path));
    CHECK(access(store_in_folder("state.db.bad-1"), F_OK) != 0);
  }
}

/* No version could read a file that is migrated by half. */
static void a_migration_that_fails_leaves_the_old_version(void) {
  struct gc_err err = {.code = GC_OK};
  make_file(1);
  sqlite3 *db = store_raw();
  store_sql(db, "CREATE TABLE totals (in_the_way)");
  sqlite3_close(db);
  CHECK_INT(open_refused(&err), GC_ERR_STATE);
  CHECK_HAS(err.text, "totals");
  CHECK_INT(kept_version(store_in_folder("state.db")), 1);
  CHECK(strstr(kept_schema(store_in_folder("state.db")), "channels") == NULL);
}

int main(void) {
  store_bench_begin();
  RUN(each_version_is_kept_as_an_example);
  RUN(an_older_version_loses_nothing);
  RUN(a_migrated_file_is_made_like_a_new_one);
  RUN(a_migrated_file_is_written_to_like_a_new_one);
  RUN(a_newer_version_is_refused_and_stays_untouched);
  RUN(a_migration_that_fails_leaves_the_old_version);
  store_bench_end();
  return check_done();
}
