/* SPDX-License-Identifier: MIT */
#include "common/net/store/queries.h"

#include "tests/support/check.h"
#include "tests/support/refuse_memory.h"
#include "tests/support/store_bench.h"

static void save_query(struct gc_store *s, const char *account,
                       const char *query, int64_t done_ms, const char *pending,
                       const struct gc_query_total *totals, size_t count,
                       bool forget) {
  struct gc_err err = {.code = GC_OK};
  struct gc_query_save what = {.mark = {.identity = "abc",
                                        .settled_ms = done_ms - 2,
                                        .done_ms = done_ms},
                               .pending = pending,
                               .pending_len = strlen(pending),
                               .totals = totals,
                               .total_count = count,
                               .forget = forget};
  CHECK_THAT(gc_store_save_query(s, account, query, &what, &err) == GC_OK,
             "not saved: %s", err.text);
}

static const struct gc_query_total two[] = {{"a\x1fx", 3, 1.5, 4},
                                            {"b'; --", 9007199254740993, 0, 0}};

static void mark_and_totals_of_each_query_are_kept(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(store_query(s, "prod", "queues"), "");
  save_query(s, "prod", "queues", 100, "values", two, 2, true);
  save_query(s, "prod", "agents", 200, "", two, 1, true);
  save_query(s, "test", "queues", 300, "", NULL, 0, false);
  gc_store_close(s);
  s = store_opened(NULL);
  CHECK_STR(store_query(s, "prod", "queues"),
            "abc 98 100 [values] a\x1fx=3,1.5,4 b'; --=9007199254740993,0,0 ");
  CHECK_STR(store_query(s, "prod", "agents"), "abc 198 200 [] a\x1fx=3,1.5,4 ");
  CHECK_STR(store_query(s, "test", "queues"), "abc 298 300 [] ");
  gc_store_close(s);
}

static void a_save_replaces_what_it_names(void) {
  static const struct gc_query_total one = {"a\x1fx", 5, 2.5, 5};
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  save_query(s, "prod", "queues", 100, "values", two, 2, true);
  save_query(s, "prod", "queues", 160, "", &one, 1, false);
  CHECK_STR(store_query(s, "prod", "queues"),
            "abc 158 160 [] a\x1fx=5,2.5,5 b'; --=9007199254740993,0,0 ");
  save_query(s, "prod", "queues", 220, "", &one, 1, true);
  CHECK_STR(store_query(s, "prod", "queues"), "abc 218 220 [] a\x1fx=5,2.5,5 ");
  gc_store_close(s);
}

static void totals_that_have_not_changed_for_long_are_deleted(void) {
  struct gc_err err = {.code = GC_OK};
  struct gc_query_save what = {
      .mark = {.identity = "abc", .settled_ms = 190, .done_ms = 200},
      .totals = &two[1],
      .total_count = 1,
      .drop_before_ms = 150};
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  save_query(s, "prod", "queues", 100, "", two, 2, true);
  save_query(s, "prod", "others", 100, "", two, 1, true);
  CHECK_INT(gc_store_save_query(s, "prod", "queues", &what, &err), GC_OK);
  CHECK_STR(store_query(s, "prod", "queues"),
            "abc 190 200 [] b'; --=9007199254740993,0,0 ");
  CHECK_STR(store_query(s, "prod", "others"), "abc 98 100 [] a\x1fx=3,1.5,4 ");
  gc_store_close(s);
}

static void die_after_a_save(void) {
  struct gc_store *s = store_opened(NULL);
  save_query(s, "prod", "queues", 100, "values", two, 2, true);
}

static void a_save_survives_a_kill(void) {
  store_fresh();
  store_in_a_process_that_dies(die_after_a_save);
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(store_query(s, "prod", "queues"),
            "abc 98 100 [values] a\x1fx=3,1.5,4 b'; --=9007199254740993,0,0 ");
  gc_store_close(s);
}

static void a_pending_window_that_is_too_long_is_lost_alone(void) {
  static const char text[] = "0123456789012345678901234567890123456789012345678"
                             "9012345678901234567890123456789";
  GC_AUTO(gc_buf_clear) struct gc_buf pending = {.max = 64};
  uint64_t generation;
  struct gc_query_mark mark;
  struct gc_err err = {.code = GC_OK};
  bool found = false;
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  save_query(s, "prod", "queues", 100, text, NULL, 0, false);
  CHECK_INT(gc_store_load_query(s, "prod", "queues", &found, &mark, &generation,
                                &pending, &err),
            GC_OK);
  CHECK(found && mark.is_pending_cut);
  CHECK_INT(mark.done_ms, 100);
  gc_store_close(s);
}

/* A window for which memory was short is read again later. */
static void a_shortage_of_memory_loses_no_pending_window(void) {
  static char text[100001];
  GC_AUTO(gc_buf_clear) struct gc_buf pending = {.max = 1 << 20};
  uint64_t generation;
  struct gc_query_mark mark;
  struct gc_err err = {.code = GC_OK};
  bool found = false;
  memset(text, 'x', sizeof(text) - 1);
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  save_query(s, "prod", "queues", 100, text, NULL, 0, false);
  /* The buffer doubles, to more than SQLite needs for the text. */
  CHECK_INT(gc_buf_add(&pending, text, 60000), GC_OK);
  refuse_memory_from = 110000;
  CHECK(gc_store_load_query(s, "prod", "queues", &found, &mark, &generation,
                            &pending, &err) != GC_OK);
  refuse_memory_from = SIZE_MAX;
  CHECK_HAS(err.text, "memory");
  CHECK_INT(gc_store_load_query(s, "prod", "queues", &found, &mark, &generation,
                                &pending, &err),
            GC_OK);
  CHECK(found && !mark.is_pending_cut);
  CHECK_INT(pending.len, sizeof(text) - 1);
  gc_store_close(s);
}

/* Gives the file the plain names of <Query> blocks, as version 3 had them. */
static void become_version_3(void) {
  sqlite3 *db = store_raw();
  store_sql(db, "UPDATE queries SET query = 'queues';"
                "UPDATE totals SET query = 'queues';"
                "PRAGMA user_version = 3");
}

static void a_query_of_version_3_continues_as_its_block(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  save_query(s, "prod", "query-queues", 100, "values", two, 2, true);
  gc_store_close(s);
  store_in_a_process_that_dies(become_version_3);
  s = store_opened(NULL);
  CHECK_STR(store_query(s, "prod", "queues"), "");
  CHECK_STR(store_query(s, "prod", "query-queues"),
            "abc 98 100 [values] a\x1fx=3,1.5,4 "
            "b'; --=9007199254740993,0,0 ");
  gc_store_close(s);
}

int main(void) {
  store_bench_begin();
  RUN(mark_and_totals_of_each_query_are_kept);
  RUN(a_save_replaces_what_it_names);
  RUN(totals_that_have_not_changed_for_long_are_deleted);
  RUN(a_save_survives_a_kill);
  RUN(a_pending_window_that_is_too_long_is_lost_alone);
  if (REFUSES_MEMORY)
    RUN(a_shortage_of_memory_loses_no_pending_window);
  RUN(a_query_of_version_3_continues_as_its_block);
  store_bench_end();
  return check_done();
}
