/* SPDX-License-Identifier: MIT */
/* flowmetrics.db of every version: older files are migrated without a loss,
 * and newer files are refused and not changed. */
#include "plugins/genesys_flowmetrics/ledger/sqlite_db.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/kept_state.h"

/* 2026-01-05T08:00Z. */
enum { FIRST_MINUTE = 29460000 };

static char folder[64], path[128];

static void fresh_folder(void) {
  snprintf(folder, sizeof(folder), "/tmp/gc-versions-XXXXXX");
  CHECK(mkdtemp(folder) != NULL);
  snprintf(path, sizeof(path), "%s/flowmetrics.db", folder);
}

static struct sqlite_db *open_or_say(void) {
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  struct sqlite_db *s = NULL;
  enum gc_code code = sqlite_db_open(folder, &s, &warning, &err);
  CHECK_THAT(code == GC_OK && warning.code == GC_OK, "%s%s", err.text,
             warning.text);
  if (s == NULL)
    exit(1);
  return s;
}

static void each_version_is_kept_as_an_example(void) {
  fresh_folder();
  sqlite_db_close(open_or_say());
  CHECK_THAT(kept_newest("flowmetrics") == kept_version(path),
             "version %d of flowmetrics.db is not kept in tests/support/states",
             kept_version(path));
  CHECK(folder_remove(folder));
}

static enum gc_code add_counter(void *ctx, const struct stored_counter *c) {
  return gc_buf_print(ctx, "%s %s(%s) %s(%s) %lld %.15g%s%s; ", c->scope,
                      c->flow, c->flow_label, c->metric, c->metric_label,
                      (long long)c->count, c->sum, c->has_sum ? " sum" : "",
                      c->shown ? " shown" : "");
}

static void check_counters(struct sqlite_db *s) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1000};
  CHECK_INT(sqlite_db_load(s, add_counter, &out, NULL), GC_OK);
  CHECK_STR(gc_buf_string(&out),
            "agent1 Routing(Routing) Hit(Hit) 3 0 shown; "
            "agent1 Caf\xc3\xa9/S\xc3\xbc\x64(Caf\xc3\xa9_S\xc3\xbc\x64) "
            "Time(Time) 7 12.5 sum shown; ");
}

static bool is_new(struct sqlite_db *s, int number) {
  char name[64];
  bool fresh = false;
  int len = snprintf(name, sizeof(name),
                     "RoutingMetric_Hit(2026-01-05T08:0%d:00Z)", number);
  struct seen_key key = seen_key_of("agent1", "c-1", name, (size_t)len,
                                    (FIRST_MINUTE + number) * INT64_C(60000));
  CHECK_INT(sqlite_db_begin(s, NULL), GC_OK);
  CHECK_INT(sqlite_db_add_key(s, &key, &fresh, NULL), GC_OK);
  sqlite_db_rollback(s);
  return fresh;
}

static void an_older_version_forgets_nothing(void) {
  for (int version = 1; version <= kept_newest("flowmetrics"); version++) {
    fresh_folder();
    kept_make("flowmetrics", version, path);
    for (int turn = 0; turn < 2; turn++) {
      struct sqlite_db *s = open_or_say();
      check_counters(s);
      for (int i = 0; i < 3; i++)
        CHECK(!is_new(s, i));
      CHECK(is_new(s, 3));
      CHECK_INT(sqlite_db_floor(s), 29370000);
      sqlite_db_close(s);
    }
    CHECK_INT(kept_version(path), kept_newest("flowmetrics"));
    CHECK(folder_remove(folder));
  }
}

static void a_migrated_file_is_made_like_a_new_one(void) {
  char fresh[8192];
  fresh_folder();
  sqlite_db_close(open_or_say());
  snprintf(fresh, sizeof(fresh), "%s", kept_schema(path));
  CHECK(folder_remove(folder));
  for (int version = 1; version <= kept_newest("flowmetrics"); version++) {
    fresh_folder();
    kept_make("flowmetrics", version, path);
    sqlite_db_close(open_or_say());
    CHECK_STR(kept_schema(path), fresh);
    CHECK(folder_remove(folder));
  }
}

static void a_newer_version_is_refused_and_stays_untouched(void) {
  int now = kept_newest("flowmetrics");
  char found[40], known[40];
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  struct sqlite_db *s = NULL;
  fresh_folder();
  kept_make("flowmetrics", now, path);
  kept_become(now + 1, path);
  struct kept_bytes before = kept_read(path);
  CHECK(before.len[0] > 0 && before.len[1] > 0);
  CHECK_INT(sqlite_db_open(folder, &s, &warning, &err), GC_ERR_STATE);
  CHECK(s == NULL);
  snprintf(found, sizeof(found), "has version %d", now + 1);
  snprintf(known, sizeof(known), "knows %d", now);
  CHECK_HAS(err.text, path);
  CHECK_HAS(err.text, found);
  CHECK_HAS(err.text, known);
  CHECK_HAS(err.text, "upgrade the package, or name another StateDir");
  CHECK(kept_is_same(&before, path));
  CHECK_INT(warning.code, GC_OK);
  CHECK(folder_remove(folder));
}

int main(void) {
  RUN(each_version_is_kept_as_an_example);
  RUN(an_older_version_forgets_nothing);
  RUN(a_migrated_file_is_made_like_a_new_one);
  RUN(a_newer_version_is_refused_and_stays_untouched);
  return check_done();
}
