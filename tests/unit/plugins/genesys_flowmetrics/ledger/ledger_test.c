/* SPDX-License-Identifier: MIT */
/* The writer with many sources at once. */
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/ledger_bench.h"

static void each_attribute_counts_once(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  for (unsigned i = 0; i < 3; i++) {
    struct batch *b = lb_batch_new();
    lb_put(b, "c1", "A", 1, NOW, "1.5");
    lb_put(b, "c1", "A", 1, NOW, "1.5");
    lb_put(b, "c2", "A", 1, NOW, NULL);
    lb_put(b, "c1", "A", 2, NOW, "2");
    ledger_submit(l, b);
  }
  lb_wait_finished(3);
  CHECK_INT(lb_failed, 0);
  CHECK_INT(lb_count_of(l, "A"), 3);
  CHECK_INT(lb_stats.outcomes[OUTCOME_COUNTED], 3);
  CHECK_INT(lb_stats.outcomes[OUTCOME_DUPLICATE], 9);
  CHECK_INT(lb_stats.outcomes[OUTCOME_NO_NUMBER], 1);
  struct ledger_view v;
  CHECK(ledger_read(l, 0, &v));
  CHECK_REAL(v.sum, 3.5);
  ledger_free(l);
  lb_remove_folder();
}

static void counters_continue_after_a_restart(void) {
  lb_fresh_folder();
  for (unsigned turn = 0; turn < 3; turn++) {
    struct ledger *l = lb_start();
    struct batch *b = lb_batch_new();
    lb_put(b, "c", "A", turn, NOW, NULL);
    lb_put(b, "c", "A", 0, NOW, NULL);
    ledger_submit(l, b);
    lb_wait_finished(turn + 1);
    CHECK_INT(lb_count_of(l, "A"), turn + 1);
    ledger_free(l);
  }
  lb_remove_folder();
}

static void late_and_early_attributes_are_not_counted(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  struct batch *b = lb_batch_new();
  lb_put(b, "c", "A", 1, NOW - 24 * HOUR * MINUTE, NULL);
  lb_put(b, "c", "A", 2, NOW - 25 * HOUR * MINUTE, NULL);
  lb_put(b, "c", "A", 3, NOW + 24 * HOUR * MINUTE, NULL);
  lb_put(b, "c", "A", 4, NOW + 25 * HOUR * MINUTE, NULL);
  ledger_submit(l, b);
  lb_wait_finished(1);
  CHECK_INT(lb_count_of(l, "A"), 2);
  CHECK_INT(lb_stats.outcomes[OUTCOME_LATE], 1);
  CHECK_INT(lb_stats.malformed[MALFORMED_FUTURE], 1);
  ledger_free(l);
  lb_remove_folder();
}

static void series_past_the_limit_are_not_made(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  struct batch *b = lb_batch_new();
  char metric[16];
  for (unsigned i = 0; i < 15; i++) {
    snprintf(metric, sizeof(metric), "M%u", i);
    lb_put(b, "c", metric, i, NOW, NULL);
  }
  ledger_submit(l, b);
  lb_wait_finished(1);
  CHECK_INT(ledger_count(l, "h", NULL), 10);
  CHECK_INT(ledger_count(l, "other", NULL), 0);
  CHECK_INT(lb_stats.outcomes[OUTCOME_OVERFLOW], 5);
  CHECK_INT(lb_stats.outcomes[OUTCOME_COUNTED], 10);
  b = lb_batch_new();
  lb_put(b, "c", "M0", 100, NOW, NULL);
  ledger_submit(l, b);
  lb_wait_finished(2);
  ledger_free(l);
  CHECK_INT(lb_series.code, GC_ERR_LIMIT); /* there is no new place */
  CHECK_HAS(lb_series.text, "MaxSeries is reached");
  lb_remove_folder();
}

static void a_batch_after_the_stop_is_returned(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  ledger_stop(l);
  struct batch *b = lb_batch_new();
  lb_put(b, "c", "A", 1, NOW, NULL);
  ledger_submit(l, b);
  CHECK_INT(lb_finished, 1);
  CHECK_INT(lb_failed, 1);
  ledger_free(l);
  lb_remove_folder();
}

static void a_batch_before_the_stop_is_counted(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  struct batch *b = lb_batch_new();
  lb_put(b, "c", "A", 1, NOW, NULL);
  ledger_submit(l, b);
  ledger_stop(l);
  CHECK_INT(lb_finished, 1);
  if (lb_failed == 0) /* otherwise the file was not open yet: submit it again */
    CHECK_INT(lb_count_of(l, "A"), 1);
  ledger_free(l);
  lb_remove_folder();
}

static void without_a_file_nothing_is_acknowledged(void) {
  lb_fresh_folder();
  char path[128];
  snprintf(path, sizeof(path), "%s/file", lb_folder);
  FILE *f = fopen(path, "w");
  CHECK(f != NULL);
  fclose(f);
  const struct ledger_options settings = {.folder = path,
                                          .retention_ms = MINUTE,
                                          .wall_ms = lb_wall_ms,
                                          .notice = lb_on_notice};
  struct ledger *l = ledger_new(&settings, NULL);
  CHECK_INT(ledger_start(l, NULL), GC_OK);
  struct batch *b = lb_batch_new();
  lb_put(b, "c", "A", 1, NOW, NULL);
  ledger_submit(l, b);
  lb_wait_finished(1);
  CHECK_INT(lb_failed, 1);
  CHECK_INT(lb_state.code, GC_ERR_STATE);
  CHECK(!ledger_is_healthy(l));
  ledger_free(l);
  lb_remove_folder();
}

enum { THREADS = 4, EACH = 50, KEYS = 20 };

/* All threads send the same attributes, each in another order. */
static void *send_all(void *arg) {
  struct ledger *l = arg;
  unsigned step = (unsigned)(pthread_self() % 7) + 1;
  for (unsigned i = 0; i < EACH; i++) {
    struct batch *b = lb_batch_new();
    for (unsigned k = 0; k < KEYS; k++)
      lb_put(b, "c", k % 2 ? "A" : "B", (i * step + k) % EACH * KEYS + k, NOW,
             NULL);
    ledger_submit(l, b);
  }
  return NULL;
}

static void empty_folder(bool remove_it) {
  char command[128];
  snprintf(command, sizeof(command), remove_it ? "rm -rf %s" : "rm -f %s/*",
           lb_folder);
  CHECK_INT(system(command), 0);
}

/* An operator may empty StateDir while the store is open. */
/* Returns the count in the file as another process sees it, who would read it
 * after a crash; -1: none. */
static int64_t stored_count(void) {
  char path[128];
  sqlite3 *db = NULL;
  sqlite3_stmt *q = NULL;
  snprintf(path, sizeof(path), "%s/flowmetrics.db", lb_folder);
  CHECK_INT(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
  bool has = sqlite3_prepare_v2(db, "SELECT sum(count) FROM counters", -1, &q,
                                NULL) == SQLITE_OK &&
             sqlite3_step(q) == SQLITE_ROW;
  int64_t count = has ? sqlite3_column_int64(q, 0) : -1;
  sqlite3_finalize(q);
  sqlite3_close(db);
  return count;
}

/* What is acknowledged is in a file that a later process opens. */
static void a_log_that_is_deleted_loses_no_count(void) {
  static const char *const ends[] = {"-wal", "-shm"};
  lb_fresh_folder();
  struct ledger *l = lb_start();
  for (unsigned i = 0; i < 3; i++) {
    lb_count_one(l, i);
    for (size_t k = 0; k < 1 + (i > 0); k++) {
      char path[128];
      snprintf(path, sizeof(path), "%s/flowmetrics.db%s", lb_folder, ends[k]);
      CHECK_INT(unlink(path), 0);
    }
    lb_count_one(l, 10 + i);
    CHECK_INT(stored_count(), 2 * (i + 1));
    CHECK_HAS(lb_moved.text, "flowmetrics.db-wal was deleted");
  }
  CHECK_INT(lb_failed, 0);
  CHECK_INT(lb_count_of(l, "A"), 6);
  ledger_free(l);
  l = lb_start();
  lb_count_one(l, 0); /* a duplicate */
  CHECK_INT(lb_count_of(l, "A"), 6);
  ledger_free(l);
  lb_remove_folder();
}

static void a_store_that_is_deleted_is_whole_again(void) {
  for (unsigned how = 0; how < 2; how++) {
    lb_fresh_folder();
    struct ledger *l = lb_start();
    lb_count_one(l, 1);
    empty_folder(how == 1);
    lb_count_one(l, 1); /* a duplicate */
    lb_count_one(l, 2);
    CHECK_INT(lb_count_of(l, "A"), 2);
    ledger_free(l);
    l = lb_start();
    lb_count_one(l, 1);
    CHECK_INT(lb_count_of(l, "A"), 2);
    lb_count_one(l, 2);
    CHECK_INT(lb_count_of(l, "A"), 2);
    ledger_free(l);
    lb_remove_folder();
  }
}

static void many_sources_share_one_count(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, send_all, l), 0);
  for (int i = 0; i < 1000; i++)
    (void)lb_count_of(l, "A");
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  lb_wait_finished(THREADS * EACH);
  CHECK_INT(lb_failed, 0);
  CHECK_INT(lb_stats.outcomes[OUTCOME_COUNTED] +
                lb_stats.outcomes[OUTCOME_DUPLICATE],
            THREADS * EACH * KEYS);
  CHECK_INT(lb_count_of(l, "A") + lb_count_of(l, "B"),
            lb_stats.outcomes[OUTCOME_COUNTED]);
  ledger_free(l);
  lb_remove_folder();
}

/* The test can observe the wait only by its duration. */
static void a_batch_waits_for_others_to_share_its_transaction(void) {
  lb_fresh_folder();
  struct ledger *l = lb_start();
  lb_count_one(l, 1);
  for (unsigned i = 2; i < 7; i++) {
    uint64_t begun_ms = gc_clock_now_ms();
    lb_count_one(l, i);
    CHECK(gc_clock_now_ms() - begun_ms >= LEDGER_GATHER_MS - 1);
  }
  CHECK_INT(lb_count_of(l, "A"), 6);
  ledger_free(l);
  lb_remove_folder();
}

/* A flow's data is summed: an extreme value must not stop the others. */
static void a_sum_stays_a_number_whatever_is_added(void) {
  static const char *const values[] = {"1.7e308", "1.7e308", "1", "-1.7e308",
                                       "-1.7e308"};
  struct ledger_view v;
  lb_fresh_folder();
  struct ledger *l = lb_start();
  for (unsigned i = 0; i < 10; i++) {
    struct batch *b = lb_batch_new();
    for (unsigned k = 0; k < 2; k++)
      lb_put(b, "c", "A", 2 * i + k, NOW, values[i / 2]);
    ledger_submit(l, b);
    lb_wait_finished(i + 1);
    CHECK_INT(lb_failed, 0);
    CHECK(ledger_read(l, 0, &v));
    CHECK(isfinite(v.sum));
  }
  CHECK_INT(v.count, 20);
  ledger_free(l);
  lb_remove_folder();
}

/* An operator's sqlite3 that holds a transaction open must not delay the stop
 * of collectd. */
static void a_writer_elsewhere_does_not_delay_the_stop(void) {
  char path[100];
  sqlite3 *other = NULL;
  lb_fresh_folder();
  struct ledger *l = lb_start();
  lb_count_one(l, 1);
  snprintf(path, sizeof(path), "%s/flowmetrics.db", lb_folder);
  CHECK_INT(sqlite3_open(path, &other), SQLITE_OK);
  CHECK_INT(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
            SQLITE_OK);
  for (unsigned i = 2; i < 4; i++) {
    struct batch *b = lb_batch_new();
    lb_put(b, "c1", "A", i, NOW, NULL);
    ledger_submit(l, b);
  }
  uint64_t began_ms = gc_clock_now_ms();
  ledger_stop(l);
  CHECK(gc_clock_now_ms() - began_ms < 4500);
  CHECK_INT(lb_failed, 2); /* their sources submit them again */
  ledger_free(l);
  sqlite3_close(other);
  lb_remove_folder();
}

int main(void) {
  RUN(each_attribute_counts_once);
  RUN(counters_continue_after_a_restart);
  RUN(late_and_early_attributes_are_not_counted);
  RUN(series_past_the_limit_are_not_made);
  RUN(a_batch_after_the_stop_is_returned);
  RUN(a_batch_before_the_stop_is_counted);
  RUN(without_a_file_nothing_is_acknowledged);
  RUN(a_log_that_is_deleted_loses_no_count);
  RUN(a_store_that_is_deleted_is_whole_again);
  RUN(many_sources_share_one_count);
  RUN(a_batch_waits_for_others_to_share_its_transaction);
  RUN(a_sum_stays_a_number_whatever_is_added);
  RUN(a_writer_elsewhere_does_not_delay_the_stop);
  return check_done();
}
