/* SPDX-License-Identifier: MIT */
#include "common/net/store.h"

#include "tests/support/check.h"
#include "tests/support/store_bench.h"

static const char *channel(struct gc_store *s, const char *account,
                           unsigned slot) {
  static char text[64];
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.most = 32};
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_buf_text(&out, "what was there"), GC_OK);
  CHECK_INT(gc_store_load_channel(s, account, slot, &out, &err), GC_OK);
  snprintf(text, sizeof(text), "%s", gc_buf_string(&out));
  return text;
}

static void keep_channel(struct gc_store *s, const char *account, unsigned slot,
                         const char *text) {
  struct gc_err err = {.code = GC_OK};
  CHECK_THAT(gc_store_save_channel(s, account, slot, text, &err) == GC_OK,
             "not saved: %s", err.text);
}

static void the_channel_of_each_account_and_slot_is_kept(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(channel(s, "prod", 0), "");
  keep_channel(s, "prod", 0, "one");
  keep_channel(s, "prod", 1, "two");
  keep_channel(s, "test", 0, "'; --");
  gc_store_close(s);
  s = store_opened(NULL);
  CHECK_STR(channel(s, "prod", 0), "one");
  CHECK_STR(channel(s, "prod", 1), "two");
  CHECK_STR(channel(s, "test", 0), "'; --");
  keep_channel(s, "prod", 0, "another");
  keep_channel(s, "prod", 1, NULL);
  keep_channel(s, "test", 0, "");
  CHECK_STR(channel(s, "prod", 0), "another");
  CHECK_STR(channel(s, "prod", 1), "");
  CHECK_STR(channel(s, "test", 0), "");
  gc_store_close(s);
}

static void a_channel_that_is_too_long_is_no_channel(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.most = 8};
  struct gc_err err = {.code = GC_OK};
  keep_channel(s, "prod", 0, "123456789");
  CHECK_INT(gc_store_load_channel(s, "prod", 0, &out, &err), GC_ERR_LIMIT);
  CHECK(err.text[0] != '\0');
  CHECK_INT(out.len, 0);
  gc_store_close(s);
}

/* As version 1 made it. */
static void become_version_1(void) {
  sqlite3 *db = store_raw();
  store_sql(db,
            "PRAGMA journal_mode = WAL;"
            "CREATE TABLE names ("
            " account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,"
            " name TEXT NOT NULL, label TEXT NOT NULL, detail TEXT NOT NULL,"
            " seen_s INTEGER NOT NULL, PRIMARY KEY (account, kind, id)"
            ") WITHOUT ROWID;"
            "INSERT INTO names VALUES ('prod','queue','a','A','A~2','',1000);"
            "PRAGMA user_version = 1; PRAGMA application_id = 1195600996");
}

static void a_file_of_version_1_is_migrated_and_keeps_its_names(void) {
  store_fresh();
  store_in_a_process_that_dies(become_version_1);
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(store_names(s, "prod", "queue"), "a=A|A~2| ");
  CHECK_STR(channel(s, "prod", 0), "");
  keep_channel(s, "prod", 0, "one");
  gc_store_close(s);
  s = store_opened(NULL);
  CHECK_STR(store_names(s, "prod", "queue"), "a=A|A~2| ");
  CHECK_STR(channel(s, "prod", 0), "one");
  gc_store_close(s);
}

int main(void) {
  store_bench_begin();
  RUN(the_channel_of_each_account_and_slot_is_kept);
  RUN(a_channel_that_is_too_long_is_no_channel);
  RUN(a_file_of_version_1_is_migrated_and_keeps_its_names);
  store_bench_end();
  return check_done();
}
