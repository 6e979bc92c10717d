/* SPDX-License-Identifier: MIT */
/* The state of a block after a restart, after a kill, and with another
 * query. */
#include "tests/support/analytics_world.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/timestamp.h"
#include "tests/support/check.h"
#include "tests/support/store_bench.h"

/* The true values: nOffered of Sales, for each minute from 22:00 on. */
static int truth[240];
static char truth_body[65536];

static void tell_truth(void) {
  size_t len = (size_t)snprintf(truth_body, sizeof(truth_body),
                                "{\"results\":[{\"group\":{\"queueId\":\"q1\","
                                "\"mediaType\":\"voice\"},\"data\":[");
  const char *comma = "";
  for (int m = 0; m < 240; m++) {
    char at[GC_INTERVAL_SIZE];
    int64_t begin_ms = 1699999200000 + (int64_t)m * MINUTE; /* 22:00 */
    if (truth[m] == 0)
      continue;
    gc_interval_print(at, begin_ms, begin_ms + MINUTE);
    len += (size_t)snprintf(
        truth_body + len, sizeof(truth_body) - len,
        "%s{\"interval\":\"%s\",\"metrics\":[{\"metric\":\"nOffered\","
        "\"stats\":{\"count\":%d}}]}",
        comma, at, truth[m]);
    comma = ",";
  }
  snprintf(truth_body + len, sizeof(truth_body) - len, "]}]}");
  replay_forget_answers(&world.r);
  world_answers("POST /oauth/token", TOKEN);
  world_answers(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
                      "{\"id\":\"q2\",\"name\":\"Support\"}]}");
  world_answers(QUERY, truth_body);
}

static void begin_with_store(void) {
  store_fresh();
  world.store = store_opened(NULL);
  memset(truth, 0, sizeof(truth));
  world_begin();
  tell_truth();
}

/* Ends the block as a kill does: it finishes no window. The test keeps the
 * values that were sent, and the time. */
static void stop_for(uint64_t away_ms) {
  static char seen[SEEN_MAX][128];
  size_t count = world.count;
  int64_t wall_ms =
      world.r.wall_ms + (int64_t)(world.r.now_ms - REPLAY_START_MS);
  struct gc_query kept = world_query;
  memcpy(seen, world.seen, sizeof(seen));
  world_stop();
  gc_store_close(world.store);
  world.store = NULL;
  world_begin();
  world_query = kept;
  world.r.wall_ms = wall_ms + (int64_t)away_ms;
  memcpy(world.seen, seen, sizeof(seen));
  world.count = count;
  tell_truth();
}

static void restart_block(uint64_t away_ms) {
  stop_for(away_ms);
  world.store = store_opened(NULL);
  world_start();
}

static void end_with_store(void) {
  world_end();
  gc_store_close(world.store);
  world.store = NULL;
}

static void a_restart_continues_at_the_mark(void) {
  begin_with_store();
  truth[10] = 3;
  truth[11] = 4;
  truth[12] = 5;
  tell_truth();
  world_start();
  world_pass(15000); /* 22:13:35: two windows */
  restart_block(60000);
  world_pass(5000);
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-nOffered-voice 22:10 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:11 3\n"
            "Sales/queue_metric-nOffered-voice 22:11 3\n"
            "Sales/queue_interval_number-nOffered-voice 22:12 4\n"
            "Sales/queue_metric-nOffered-voice 22:12 7\n"
            "Sales/queue_interval_number-nOffered-voice 22:13 5\n"
            "Sales/queue_metric-nOffered-voice 22:13 12\n");
  end_with_store();
}

static void a_source_without_a_due_window_is_neither_up_nor_down(void) {
  begin_with_store();
  world_start();
  CHECK_REAL(world_block_value("source_up-aggregates"), 1);
  world_pass(15000); /* 22:13:35; the next one is due at 22:14:30 */
  restart_block(1000);
  world_pass(2000);
  CHECK(isnan(world_block_value("source_up-aggregates")));
  world_pass(60000);
  CHECK_REAL(world_block_value("source_up-aggregates"), 1);
  end_with_store();
}

static void values_in_flight_are_sent_again_unchanged(void) {
  begin_with_store();
  truth[10] = 3;
  tell_truth();
  world.holds = true;
  world_start();
  world_pass(3000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 3"),
            1);
  truth[10] = 8; /* the API has corrected it */
  restart_block(1000);
  world_pass(2000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 3"),
            2);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 8"),
            0);
  world_pass(60000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 3"),
            2);
  CHECK_INT(world_times_dispatched("Sales/queue_metric-nOffered-voice 22:12 8"),
            1);
  end_with_store();
}

static void an_end_in_order_repeats_nothing(void) {
  begin_with_store();
  truth[10] = 3;
  tell_truth();
  world.holds = true;
  world_start();
  world_pass(3000);
  world.holds = false;
  gc_analytics_finish(world.block, &world_output, 1000);
  restart_block(1000);
  world_pass(5000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 3"),
            1);
  end_with_store();
}

/* Sends the window of 22:10 while another program locks the state file, so that
 * the save after it fails. */
static sqlite3 *send_while_locked(void) {
  begin_with_store();
  truth[10] = 3;
  tell_truth();
  world.holds = true;
  world_start();
  world_pass(3000);
  sqlite3 *db = store_raw();
  store_sql(db, "BEGIN IMMEDIATE");
  world.holds = false;
  world_pass(2000);
  CHECK(replay_noticed(&world.r, "state", GC_ERR_STATE) > 0);
  return db;
}

static void unlock_store(sqlite3 *db) {
  store_sql(db, "ROLLBACK");
  sqlite3_close(db);
}

static void check_restart_repeats_nothing(void) {
  restart_block(1000);
  world_pass(5000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 3"),
            1);
  end_with_store();
}

static void a_save_that_failed_is_repeated_soon(void) {
  unlock_store(send_while_locked());
  world_pass(5000);
  CHECK_STR(replay_last_notice(&world.r, "state")->text, "");
  check_restart_repeats_nothing();
}

static void a_save_that_failed_is_repeated_at_the_end(void) {
  unlock_store(send_while_locked());
  gc_analytics_finish(world.block, &world_output, 1000);
  check_restart_repeats_nothing();
}

static void a_save_that_fails_delays_no_window(void) {
  sqlite3 *db = send_while_locked();
  truth[11] = 4;
  tell_truth();
  world_pass(60000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:12 4"),
            1);
  unlock_store(db);
  world_pass(5000);
  check_restart_repeats_nothing();
}

static void a_window_waits_for_the_one_before(void) {
  begin_with_store();
  world_query.rule.backfill_ms = 3 * MINUTE;
  truth[8] = truth[9] = truth[10] = 1;
  tell_truth();
  world.holds = true;
  world_start();
  world_pass(5000);
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-nOffered-voice 22:08 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:09 1\n");
  world.holds = false;
  world_pass(1000);
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-nOffered-voice 22:08 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:09 1\n"
            "Sales/queue_metric-nOffered-voice 22:09 1\n"
            "Sales/queue_interval_number-nOffered-voice 22:10 1\n"
            "Sales/queue_metric-nOffered-voice 22:10 2\n"
            "Sales/queue_interval_number-nOffered-voice 22:11 1\n"
            "Sales/queue_metric-nOffered-voice 22:11 3\n");
  CHECK_INT(replay_count(&world.r, QUERY), 1);
  end_with_store();
}

static void another_query_keeps_the_mark_and_not_the_totals(void) {
  char *others[] = {(char[]){"nOffered"}, (char[]){"tAcw"}};
  begin_with_store();
  truth[10] = 3;
  truth[12] = 2;
  tell_truth();
  world_start();
  world_pass(5000);
  world_query.metrics = (struct gc_strs){others, 2};
  restart_block(60000);
  world_pass(5000);
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-nOffered-voice 22:10 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:11 3\n"
            "Sales/queue_metric-nOffered-voice 22:11 3\n"
            "Sales/queue_metric-nOffered-voice 22:12 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:13 2\n"
            "Sales/queue_metric-nOffered-voice 22:13 2\n");
  end_with_store();
}

static void a_counter_begins_with_its_first_contact(void) {
  begin_with_store();
  world_query.rule.backfill_ms = 5 * MINUTE;
  truth[9] = 3;
  tell_truth();
  world_start();
  world_pass(2000);
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-nOffered-voice 22:09 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:10 3\n"
            "Sales/queue_metric-nOffered-voice 22:10 3\n"
            "Sales/queue_metric-nOffered-voice 22:11 3\n");
  end_with_store();
}

static void a_window_older_than_backfill_is_not_sent_but_read_again(void) {
  begin_with_store();
  world_query.rule.backfill_ms = 5 * MINUTE;
  truth[10] = 3;
  tell_truth();
  world_start();
  world_pass(15000); /* done is 22:12 */
  truth[10] = 4;
  truth[20] = 50; /* lost */
  truth[57] = 6;
  restart_block(50 * MINUTE); /* 23:03:35 */
  world_pass(5000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:58 6"),
            1);
  CHECK_INT(
      world_times_dispatched("Sales/queue_metric-nOffered-voice 22:58 10"), 1);
  CHECK_INT(
      world_times_dispatched("Sales/queue_metric-nOffered-voice 23:02 10"), 1);
  CHECK_REAL(world_block_value("windows-skipped"), 45);
  CHECK_INT(replay_noticed(&world.r, "backfill", GC_ERR_LIMIT), 1);
  CHECK_INT(replay_count(&world.r, QUERY), 2); /* the gap divides the request */
  end_with_store();
}

/* The clock was wrong, or the agent was off for months. */
static void a_clock_months_ahead_deletes_no_totals(void) {
  begin_with_store();
  truth[10] = 3;
  tell_truth();
  world_start();
  world_pass(5 * MINUTE); /* settled and saved */
  restart_block(UINT64_C(100) * 86400000);
  world_pass(5000);
  CHECK_HAS(store_query(world.store, "prod", "query-queues"), "=3,0,3");
  end_with_store();
}

/* ---- a state file that fails ---- */

static void write_bytes(const char *name, long at, const char *bytes,
                        size_t len) {
  FILE *f = fopen(store_in_folder(name), "r+");
  if (f == NULL || fseek(f, at, SEEK_SET) != 0 ||
      fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
    exit(1);
}

/* Overwrites all pages of the state file but the first `pages`. */
static void break_pages(long pages) {
  static char noise[4096];
  struct stat st;
  sqlite3 *db = store_raw();
  store_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
  sqlite3_close(db);
  memset(noise, 0xaa, sizeof(noise));
  CHECK_INT(stat(store_in_folder("state.db"), &st), 0);
  CHECK(st.st_size > pages * 4096);
  for (long at = pages * 4096; at < st.st_size; at += 4096)
    write_bytes("state.db", at, noise, sizeof(noise));
}

static void a_state_file_that_comes_back_continues(void) {
  char away[200];
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  begin_with_store();
  truth[10] = 3;
  truth[12] = 5;
  tell_truth();
  world_start();
  world_pass(15000); /* 22:13:35 */
  stop_for(60000);
  snprintf(away, sizeof(away), "%s.away", store_folder);
  CHECK_INT(rename(store_folder, away), 0);
  int fd = open(store_folder, O_CREAT | O_WRONLY, 0600); /* no folder */
  close(fd);
  CHECK_INT(gc_store_open(store_folder, 60000, &world.store, &warning, &err),
            GC_ERR_STATE);
  world_start();
  world_pass(20000);
  CHECK_INT(replay_count(&world.r, QUERY), 0);
  unlink(store_folder);
  CHECK_INT(rename(away, store_folder), 0);
  world_pass(10000); /* 22:15:05 */
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-nOffered-voice 22:10 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:11 3\n"
            "Sales/queue_metric-nOffered-voice 22:11 3\n"
            "Sales/queue_metric-nOffered-voice 22:12 3\n"
            "Sales/queue_interval_number-nOffered-voice 22:13 5\n"
            "Sales/queue_metric-nOffered-voice 22:13 8\n");
  end_with_store();
}

static void a_file_that_breaks_loses_no_total_of_a_running_query(void) {
  begin_with_store();
  truth[10] = 3;
  truth[17] = 4;
  tell_truth();
  world_start();
  world_pass(5 * MINUTE); /* the first total is settled and saved */
  break_pages(1);
  world_pass(3 * MINUTE); /* 22:21:20 */
  restart_block(1000);
  world_pass(5000);
  CHECK_INT(world_times_dispatched("Sales/queue_metric-nOffered-voice 22:19 7"),
            1);
  CHECK_INT(world_times_dispatched("Sales/queue_metric-nOffered-voice 22:11 3"),
            1);
  CHECK_HAS(store_query(world.store, "prod", "query-queues"), "=");
  world_pass(5 * MINUTE);
  CHECK_INT(world_times_dispatched("Sales/queue_metric-nOffered-voice 22:24 7"),
            1);
  CHECK(access(store_in_folder("state.db.bad-1"), F_OK) == 0);
  end_with_store();
}

/* Marks are readable, but totals are not: nothing is loaded. */
static void totals_that_cannot_be_read_are_not_half_loaded(void) {
  struct gc_err warning = {.code = GC_OK};
  char sql[200];
  begin_with_store();
  truth[10] = 3;
  tell_truth();
  world_start();
  world_pass(5 * MINUTE);
  stop_for(1000);
  sqlite3 *db = store_raw();
  for (int i = 0; i < 400; i++) { /* pages of totals */
    snprintf(sql, sizeof(sql),
             "INSERT INTO pages VALUES ('prod', 'query-queues', "
             "'total nOffered\x1f\x1fvoice\x1fq%03d%0100d', '1 0.0 1', 0)",
             i + 100, 0);
    store_sql(db, sql);
  }
  sqlite3_close(db);
  struct stat st;
  CHECK_INT(stat(store_in_folder("state.db"), &st), 0);
  break_pages((long)st.st_size / 4096 - 3);
  world.store = store_opened(&warning);
  world_start();
  world_pass(10000);
  CHECK(replay_noticed(&world.r, "state", GC_ERR_STATE) >= 1);
  CHECK(strstr(store_query(world.store, "prod", "query-queues"), "q100") ==
        NULL);
  CHECK(access(store_in_folder("state.db.bad-1"), F_OK) == 0);
  end_with_store();
}

static void a_pending_window_that_cannot_be_read_is_lost_alone(void) {
  begin_with_store();
  truth[10] = 3;
  truth[13] = 5;
  tell_truth();
  world_start();
  world_pass(70000); /* 22:14:30 */
  stop_for(1000);
  sqlite3 *db = store_raw();
  store_sql(db, "INSERT OR REPLACE INTO pages VALUES ('prod', 'query-queues', "
                "'pending', 'window 2 of a newer version', 0)");
  sqlite3_close(db);
  world.store = store_opened(NULL);
  world_start();
  world_pass(70000); /* 22:15:41 */
  CHECK_INT(replay_noticed(&world.r, "state", GC_ERR_STATE), 1);
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-nOffered-voice 22:10 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:11 3\n"
            "Sales/queue_metric-nOffered-voice 22:11 3\n"
            "Sales/queue_metric-nOffered-voice 22:12 3\n"
            "Sales/queue_metric-nOffered-voice 22:13 3\n"
            "Sales/queue_interval_number-nOffered-voice 22:14 5\n"
            "Sales/queue_metric-nOffered-voice 22:14 8\n");
  end_with_store();
}

/* The agent is killed at random moments: each window is sent; after a kill only
 * the window in flight is sent again, with the same values; the counter ends at
 * the true value. */
static uint32_t random32_state;
static uint32_t random_below(uint32_t sides) {
  random32_state = random32_state * 1664525u + 1013904223u;
  return (random32_state >> 8) % sides;
}

static void check_all_windows(int64_t first_minute, int64_t last_minute,
                              size_t kills) {
  for (int64_t m = first_minute; m <= last_minute; m++) {
    char prefix[96], first[128] = "";
    size_t count = 0;
    snprintf(prefix, sizeof(prefix),
             "Sales/queue_metric-nOffered-voice %02d:%02d ",
             (int)(22 + m / 60) % 24, (int)(m % 60));
    for (size_t i = 0; i < world.count; i++) {
      if (strncmp(world.seen[i], prefix, strlen(prefix)) != 0)
        continue;
      if (count++ == 0)
        snprintf(first, sizeof(first), "%s", world.seen[i]);
      CHECK_STR(world.seen[i], first);
    }
    CHECK_THAT(count >= 1 && count <= 1 + kills, "%s %zu times", prefix, count);
  }
}

/* Counts values that were sent before, with the same time. */
static size_t count_repeated(void) {
  size_t count = 0;
  for (size_t i = 0; i < world.count; i++)
    for (size_t k = 0; k < i; k++)
      if (strcmp(world.seen[i], world.seen[k]) == 0) {
        count++;
        break;
      }
  return count;
}

static void a_kill_at_any_moment_loses_no_window(void) {
  for (uint32_t seed = 1; seed <= 8; seed++) {
    char row[16], last[96];
    int total = 0;
    size_t kills = 0;
    snprintf(row, sizeof(row), "seed %u", seed);
    CHECK_ROW(row);
    random32_state = seed;
    begin_with_store();
    world_query.rule.revisit = 10;
    world_query.rule.backfill_ms = 60 * MINUTE;
    truth[10] = 1;
    tell_truth();
    world_start();
    for (int step = 0; step < 60; step++) {
      int now_minute =
          (int)((world.r.wall_ms + (int64_t)(world.r.now_ms - REPLAY_START_MS) -
                 1699999200000) /
                MINUTE);
      truth[now_minute - 1 - (int)random_below(6)] += 1 + (int)random_below(3);
      truth[10] += truth[10] == 0;
      for (int m = 0; m < 10; m++)
        truth[m] = 0; /* before the query began */
      tell_truth();
      world.holds = random_below(4) == 0;
      world_pass(1000 + random_below(45000));
      kills += world.holds;
      if (world.holds || random_below(3) == 0)
        restart_block(random_below(4) == 0 ? random_below(5) * MINUTE
                                           : random_below(3000));
    }
    world.holds = false;
    tell_truth();
    world_pass(4 * MINUTE);
    int64_t done = (int64_t)((world.r.wall_ms +
                              (int64_t)(world.r.now_ms - REPLAY_START_MS) -
                              90000 - 1699999200000) /
                             MINUTE);
    for (int m = 10; m < done; m++)
      total += truth[m];
    check_all_windows(11, done, kills);
    CHECK(count_repeated() <= 3 * kills);
    snprintf(last, sizeof(last),
             "Sales/queue_metric-nOffered-voice %02d:%02d %d",
             (int)(22 + done / 60) % 24, (int)(done % 60), total);
    CHECK_THAT(world_times_dispatched(last) >= 1,
               "%s was not sent; the newest value is %s", last,
               world.seen[world.count - 1]);
    end_with_store();
  }
}

int main(void) {
  store_bench_begin();
  RUN(a_restart_continues_at_the_mark);
  RUN(a_source_without_a_due_window_is_neither_up_nor_down);
  RUN(values_in_flight_are_sent_again_unchanged);
  RUN(an_end_in_order_repeats_nothing);
  RUN(a_save_that_failed_is_repeated_soon);
  RUN(a_save_that_failed_is_repeated_at_the_end);
  RUN(a_save_that_fails_delays_no_window);
  RUN(a_window_waits_for_the_one_before);
  RUN(another_query_keeps_the_mark_and_not_the_totals);
  RUN(a_counter_begins_with_its_first_contact);
  RUN(a_window_older_than_backfill_is_not_sent_but_read_again);
  RUN(a_clock_months_ahead_deletes_no_totals);
  RUN(a_state_file_that_comes_back_continues);
  RUN(a_file_that_breaks_loses_no_total_of_a_running_query);
  RUN(totals_that_cannot_be_read_are_not_half_loaded);
  RUN(a_pending_window_that_cannot_be_read_is_lost_alone);
  RUN(a_kill_at_any_moment_loses_no_window);
  store_bench_end();
  return check_done();
}
