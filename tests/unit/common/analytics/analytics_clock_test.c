/* SPDX-License-Identifier: MIT */
/* The clocks of a block: the server's clock, our wall clock, and a monotonic
 * clock that stood still. */
#include "tests/support/analytics_world.h"

#include <string.h>

#include "tests/support/check.h"
#include "tests/support/store_bench.h"

static void with_date(int64_t date_ms, const char *body) {
  replay_forget_answers(&world.r);
  world_answers("POST /oauth/token", TOKEN);
  world_answers(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  replay_answer(&world.r, &(struct replay_answer){.match = QUERY,
                                                  .times = REPLAY_ALWAYS,
                                                  .status = 200,
                                                  .body = body,
                                                  .date_ms = date_ms});
}

static void a_window_that_is_not_over_for_the_server_is_not_answered(void) {
  world_begin(); /* 22:13:20 here, 22:12:00 there */
  with_date(REPLAY_START_WALL_MS - 80000,
            ANSWER(OFFERED("q1", "22:09", "22:10",
                           "2") "," OFFERED("q1", "22:10", "22:11", "3")));
  world_start();
  CHECK_STR(world_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z");
  world_pass(1000);
  CHECK_STR(world_last_interval(),
            "2023-11-14T22:09:00.000Z/2023-11-14T22:10:00.000Z");
  world_pass(1000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:10 2"),
            1);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 3"),
            0);
  CHECK_INT(replay_count(&world.r, QUERY), 2);
  world_end();
}

static void a_step_of_our_clock_moves_no_window(void) {
  static const int64_t steps_ms[] = {3600000, -3600000, -86400000};
  for (size_t i = 0; i < GC_COUNT(steps_ms); i++) {
    CHECK_ROW(steps_ms[i] > 0 ? "forth" : "back");
    world_begin();
    with_date(REPLAY_START_WALL_MS, ANSWER(""));
    world_start();
    world_pass(2000);
    world.r.wall_ms += steps_ms[i];
    with_date(REPLAY_START_WALL_MS + 10000, ANSWER(""));
    world_pass(9000); /* 22:13:31 */
    CHECK_INT(replay_count(&world.r, QUERY), 2);
    CHECK_STR(world_last_interval(),
              "2023-11-14T22:10:00.000Z/2023-11-14T22:12:00.000Z");
    with_date(REPLAY_START_WALL_MS + 70000, ANSWER(""));
    world_pass(60000);
    CHECK_INT(replay_count(&world.r, QUERY), 3);
    CHECK_STR(world_last_interval(),
              "2023-11-14T22:10:00.000Z/2023-11-14T22:13:00.000Z");
    world_end();
  }
}

static void a_machine_that_slept_catches_up(void) {
  world_begin();
  world_query.rule.backfill_ms = 60 * MINUTE;
  with_date(REPLAY_START_WALL_MS, ANSWER(""));
  world_start();
  world_pass(2000);
  world.r.wall_ms += 600000; /* the monotonic clock stood still */
  with_date(REPLAY_START_WALL_MS + 612000, ANSWER(""));
  world_pass(10000);
  CHECK_STR(world_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:22:00.000Z");
  world_end();
}

/* ---- a Date that no other clock confirms ---- */

enum { DAY = 24 * 60 * MINUTE };

static int64_t wall_now(void) {
  return world.r.wall_ms + (int64_t)(world.r.now_ms - REPLAY_START_MS);
}

/* The Date of each answer is `ahead_ms` ahead. */
static void pass_minutes(int minutes, int64_t ahead_ms) {
  for (int i = 0; i < minutes * 60; i++) {
    with_date(wall_now() + ahead_ms, ANSWER(""));
    world_pass(1000);
  }
}

static void a_wrong_date_skips_no_window(void) {
  static const struct {
    const char *name;
    int64_t first_ms, then_ms;
    const char *says;
  } rows[] = {
      {"ahead from the start", 3 * (int64_t)DAY, 3 * (int64_t)DAY, "+3.0 days"},
      {"ahead later", 0, 3 * (int64_t)DAY, "+3.0 days"},
      {"100 days ahead", 0, 100 * (int64_t)DAY, "+100.0 days"},
      {"behind later", 0, -3 * (int64_t)DAY, "-3.0 days"},
      {"minutes ahead later", 0, 4 * MINUTE, "+4.0 minutes"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    world_begin();
    with_date(wall_now() + rows[i].first_ms, ANSWER(""));
    world_start();
    pass_minutes(3, rows[i].first_ms);
    pass_minutes(3, rows[i].then_ms);
    CHECK(world_block_value("window_lag-") < 3 * 60);
    CHECK(world_block_value("window_lag-") > 0);
    CHECK(replay_noticed(&world.r, "clock", GC_ERR_STATE) > 0);
    CHECK_HAS(replay_last_notice(&world.r, "clock")->text, rows[i].says);
    pass_minutes(3, 0); /* 22:22:20 */
    CHECK_STR(world_last_interval(),
              "2023-11-14T22:17:00.000Z/2023-11-14T22:20:00.000Z");
    CHECK_REAL(world_block_value("windows-skipped"), 0);
    CHECK_REAL(world_block_value("windows-done"), 10);
    world_end();
  }
}

static void an_agent_whose_clock_is_wrong_sends_no_window_too_early(void) {
  static const struct {
    const char *name;
    int64_t date_ahead_ms;
    const char *last; /* at 22:16:20 of our clock */
  } rows[] = {
      {"our clock is a day ahead", -DAY,
       "2023-11-13T22:11:00.000Z/2023-11-13T22:14:00.000Z"},
      {"our clock is a day behind", DAY,
       "2023-11-14T22:11:00.000Z/2023-11-14T22:14:00.000Z"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    world_begin();
    with_date(wall_now() + rows[i].date_ahead_ms, ANSWER(""));
    world_start();
    pass_minutes(3, rows[i].date_ahead_ms);
    CHECK_STR(world_last_interval(), rows[i].last);
    CHECK(replay_noticed(&world.r, "clock", GC_ERR_STATE) > 0);
    world_end();
  }
}

/* ---- a mark in the future ---- */

static void store_mark(int64_t done_ms) {
  char mark[80];
  snprintf(mark, sizeof(mark), "another-query %lld %lld", (long long)done_ms,
           (long long)done_ms);
  store_put_query(world.store, "prod", "query-queues", mark, "");
}

static void a_mark_in_the_future_steps_back(void) {
  static const struct {
    const char *name;
    bool has_date;
  } rows[] = {{"with Date headers", true}, {"without", false}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    store_fresh();
    world.store = store_opened(NULL);
    world_begin();
    store_mark(wall_now() + 3 * (int64_t)DAY);
    world_answers(QUERY, ANSWER(""));
    world_start();
    if (rows[i].has_date)
      pass_minutes(15, 0);
    else
      world_pass(15 * MINUTE);
    CHECK(replay_noticed(&world.r, "checkpoint", GC_ERR_STATE) >= 1);
    CHECK(world_block_value("windows-done") >= 2);
    CHECK(world_block_value("window_lag-") < 3 * 60);
    world_end();
    gc_store_close(world.store);
    world.store = NULL;
  }
}

/* Answers without a window; those of the query have no Date of their own. */
static void answer_with_dates(int64_t date_ms) {
  replay_forget_answers(&world.r);
  world_answers("POST /oauth/token", TOKEN);
  world_answers(QUERY, ANSWER(""));
  replay_answer(&world.r, &(struct replay_answer){.match = LIST,
                                                  .times = REPLAY_ALWAYS,
                                                  .status = 200,
                                                  .body = "{\"entities\":[]}",
                                                  .date_ms = date_ms});
}

/* A clock is three days ahead, and the mark as much and an hour. */
static void a_clock_that_events_contradict_keeps_no_mark(void) {
  static const struct {
    const char *name;
    int64_t wall_ms, date_ms; /* how far they are ahead */
    bool is_stated, steps_back;
  } rows[] = {
      {"events contradict the Dates", 0, 3 * (int64_t)DAY, true, true},
      {"Dates ahead, nothing decides", 0, 3 * (int64_t)DAY, false, false},
      {"events contradict our clock", 3 * (int64_t)DAY, 0, true, true},
      {"our clock ahead, nothing decides", 3 * (int64_t)DAY, 0, false, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    store_fresh();
    world.store = store_opened(NULL);
    world_begin();
    store_mark(wall_now() + 3 * (int64_t)DAY + 60 * MINUTE);
    world.r.wall_ms += rows[i].wall_ms;
    for (int s = 0; s < 30 * 60; s++) {
      int64_t true_ms = wall_now() - rows[i].wall_ms;
      answer_with_dates(true_ms + rows[i].date_ms);
      if (s == 0)
        world_start();
      if (rows[i].is_stated)
        gc_api_state_time(world.account.api, true_ms);
      world_pass(1000);
    }
    CHECK_INT(replay_count(&world.r, QUERY) > 0, rows[i].steps_back);
    world_end();
    gc_store_close(world.store);
    world.store = NULL;
  }
}

int main(void) {
  store_bench_begin();
  RUN(a_window_that_is_not_over_for_the_server_is_not_answered);
  RUN(a_step_of_our_clock_moves_no_window);
  RUN(a_machine_that_slept_catches_up);
  RUN(a_wrong_date_skips_no_window);
  RUN(an_agent_whose_clock_is_wrong_sends_no_window_too_early);
  RUN(a_mark_in_the_future_steps_back);
  RUN(a_clock_that_events_contradict_keeps_no_mark);
  store_bench_end();
  return check_done();
}
