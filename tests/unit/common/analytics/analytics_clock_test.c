/* SPDX-License-Identifier: MIT */
/* The clocks of a block: the server's clock, our wall clock, and a monotonic
 * clock that stood still. */
#include "tests/support/iv_block.h"

#include <string.h>

#include "common/net/store/queries.h"
#include "tests/support/check.h"
#include "tests/support/store_bench.h"

static void with_date(int64_t date_ms, const char *body) {
  replay_forget_answers(&iv.r);
  iv_will("POST /oauth/token", TOKEN);
  iv_will(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  replay_answer(&iv.r, &(struct replay_answer){.match = QUERY,
                                               .times = REPLAY_ALWAYS,
                                               .status = 200,
                                               .body = body,
                                               .date_ms = date_ms});
}

static void a_window_that_is_not_over_for_the_server_is_not_answered(void) {
  iv_begin(); /* 22:13:20 here, 22:12:00 there */
  with_date(REPLAY_START_WALL_MS - 80000,
            ANSWER(OFFERED("q1", "22:09", "22:10",
                           "2") "," OFFERED("q1", "22:10", "22:11", "3")));
  iv_start();
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z");
  iv_pass(1000);
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:09:00.000Z/2023-11-14T22:10:00.000Z");
  iv_pass(1000);
  CHECK_INT(iv_times_left("Sales/queue_interval_count-nOffered-voice 22:10 2"),
            1);
  CHECK_INT(iv_times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"),
            0);
  CHECK_INT(replay_count(&iv.r, QUERY), 2);
  iv_end();
}

static void a_step_of_our_clock_moves_no_window(void) {
  static const int64_t steps_ms[] = {3600000, -3600000, -86400000};
  for (size_t i = 0; i < GC_COUNT(steps_ms); i++) {
    CHECK_ROW(steps_ms[i] > 0 ? "forth" : "back");
    iv_begin();
    with_date(REPLAY_START_WALL_MS, ANSWER(""));
    iv_start();
    iv_pass(2000);
    iv.r.wall_ms += steps_ms[i];
    with_date(REPLAY_START_WALL_MS + 10000, ANSWER(""));
    iv_pass(9000); /* 22:13:31 */
    CHECK_INT(replay_count(&iv.r, QUERY), 2);
    CHECK_STR(iv_last_interval(),
              "2023-11-14T22:10:00.000Z/2023-11-14T22:12:00.000Z");
    with_date(REPLAY_START_WALL_MS + 70000, ANSWER(""));
    iv_pass(60000);
    CHECK_INT(replay_count(&iv.r, QUERY), 3);
    CHECK_STR(iv_last_interval(),
              "2023-11-14T22:10:00.000Z/2023-11-14T22:13:00.000Z");
    iv_end();
  }
}

static void a_machine_that_slept_catches_up(void) {
  iv_begin();
  iv_settings.query.rule.backfill_ms = 60 * MINUTE;
  with_date(REPLAY_START_WALL_MS, ANSWER(""));
  iv_start();
  iv_pass(2000);
  iv.r.wall_ms += 600000; /* the monotonic clock stood still */
  with_date(REPLAY_START_WALL_MS + 612000, ANSWER(""));
  iv_pass(10000);
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:22:00.000Z");
  iv_end();
}

/* ---- a Date that no other clock confirms ---- */

enum { DAY = 24 * 60 * MINUTE };

static int64_t wall_now(void) {
  return iv.r.wall_ms + (int64_t)(iv.r.now_ms - REPLAY_START_MS);
}

/* The Date of each answer is `ahead_ms` ahead. */
static void pass_minutes(int minutes, int64_t ahead_ms) {
  for (int i = 0; i < minutes * 60; i++) {
    with_date(wall_now() + ahead_ms, ANSWER(""));
    iv_pass(1000);
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
    iv_begin();
    with_date(wall_now() + rows[i].first_ms, ANSWER(""));
    iv_start();
    pass_minutes(3, rows[i].first_ms);
    pass_minutes(3, rows[i].then_ms);
    CHECK(iv_state("window_lag-") < 3 * 60);
    CHECK(iv_state("window_lag-") > 0);
    CHECK(replay_noticed(&iv.r, "clock", GC_ERR_STATE) > 0);
    CHECK_HAS(replay_last_notice(&iv.r, "clock")->text, rows[i].says);
    pass_minutes(3, 0); /* 22:22:20 */
    CHECK_STR(iv_last_interval(),
              "2023-11-14T22:17:00.000Z/2023-11-14T22:20:00.000Z");
    CHECK_REAL(iv_state("windows-skipped"), 0);
    CHECK_REAL(iv_state("windows-done"), 10);
    iv_end();
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
    iv_begin();
    with_date(wall_now() + rows[i].date_ahead_ms, ANSWER(""));
    iv_start();
    pass_minutes(3, rows[i].date_ahead_ms);
    CHECK_STR(iv_last_interval(), rows[i].last);
    CHECK(replay_noticed(&iv.r, "clock", GC_ERR_STATE) > 0);
    iv_end();
  }
}

/* ---- a mark in the future ---- */

static void store_mark(int64_t done_ms) {
  static const char identity[] = "another query";
  struct gc_err err;
  struct gc_query_save save = {
      .mark = {.settled_ms = done_ms, .done_ms = done_ms}};
  memcpy(save.mark.identity, identity, sizeof(identity));
  CHECK_INT(gc_store_save_query(iv.store, "prod", "query-queues", &save, &err),
            GC_OK);
}

static void a_mark_in_the_future_steps_back(void) {
  static const struct {
    const char *name;
    bool has_date;
  } rows[] = {{"with Date headers", true}, {"without", false}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    store_fresh();
    iv.store = store_opened(NULL);
    iv_begin();
    store_mark(wall_now() + 3 * (int64_t)DAY);
    iv_will(QUERY, ANSWER(""));
    iv_start();
    if (rows[i].has_date)
      pass_minutes(15, 0);
    else
      iv_pass(15 * MINUTE);
    CHECK(replay_noticed(&iv.r, "checkpoint", GC_ERR_STATE) >= 1);
    CHECK(iv_state("windows-done") >= 2);
    CHECK(iv_state("window_lag-") < 3 * 60);
    iv_end();
    gc_store_close(iv.store);
    iv.store = NULL;
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
  store_bench_end();
  return check_done();
}
