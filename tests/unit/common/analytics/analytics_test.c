/* SPDX-License-Identifier: MIT */
/* The requests of a block: their windows, queues and times, and the reaction to
 * a failure. */
#include "tests/support/analytics_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

static void the_newest_settled_window_is_requested_and_sent(void) {
  world_begin();
  world_answers_once(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
  world_start();
  CHECK_STR(world_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z");
  CHECK_HAS(replay_last(&world.r, QUERY)->body,
            "\"granularity\":\"PT1M\",\"groupBy\":[\"queueId\",\"mediaType\"],"
            "\"metrics\":[\"nOffered\"]}");
  world_pass(2000);
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-nOffered-voice 22:10 0\n"
            "Sales/queue_interval_number-nOffered-voice 22:11 3\n"
            "Sales/queue_metric-nOffered-voice 22:11 3\n");
  world_end();
}

static void each_window_is_requested_when_it_has_settled(void) {
  world_begin();
  world_answers(QUERY, ANSWER(""));
  world_start();
  world_pass(10000); /* 22:13:30 */
  CHECK_INT(replay_count(&world.r, QUERY), 2);
  CHECK_STR(world_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:12:00.000Z");
  world_pass(59000);
  CHECK_INT(replay_count(&world.r, QUERY), 2);
  world_pass(2000);
  CHECK_INT(replay_count(&world.r, QUERY), 3);
  world_pass(60000);
  CHECK_STR(world_last_interval(),
            "2023-11-14T22:11:00.000Z/2023-11-14T22:14:00.000Z");
  CHECK_INT(replay_count(&world.r, QUERY), 4);
  CHECK_INT(world.count, 0);
  CHECK_REAL(world_block_value("window_lag-"), 92 - 1 + 0);
  CHECK_REAL(world_block_value("window_length-"), 60);
  world_end();
}

/* The agents of a fleet have different phases. */
static void the_request_of_a_window_is_delayed_by_the_phase(void) {
  world_begin();
  world_phase = 3000 * 7 + 2500;
  world_answers(QUERY, ANSWER(""));
  world_start();
  world_pass(12000); /* 22:13:32, settled at 22:13:30 */
  CHECK_INT(replay_count(&world.r, QUERY), 1);
  world_pass(1000);
  CHECK_INT(replay_count(&world.r, QUERY), 2);
  world_end();
}

/* ---- failures ---- */

static void a_failure_keeps_the_window(void) {
  static const struct {
    int status;
    uint64_t wait_ms;
  } rows[] = {{500, 120000}, {403, 60000}, {404, 60000}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char row[16];
    snprintf(row, sizeof(row), "%d", rows[i].status);
    CHECK_ROW(row);
    world_begin();
    world_query.rule.backfill_ms = 10 * MINUTE;
    world_answers_times(QUERY, rows[i].status == 500 ? 3 : 1, rows[i].status,
                        "{}");
    world_answers(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
    world_start();
    world_pass(1000);
    CHECK_INT(world.count, 0);
    CHECK_REAL(world_block_value("source_up-aggregates"), 0);
    world_pass(rows[i].wait_ms);
    CHECK_INT(world_times_dispatched(
                  "Sales/queue_interval_number-nOffered-voice 22:11 3"),
              1);
    CHECK_REAL(world_block_value("source_up-aggregates"), 1);
    world_end();
  }
}

static void too_wide_an_interval_is_halved_until_it_fits(void) {
  world_begin();
  world_query.rule.backfill_ms = 10 * MINUTE;
  world_answers_times(QUERY, 7, 400, "{\"message\":\"interval too wide\"}");
  world_answers(QUERY, ANSWER(""));
  world_start();
  world_pass(5000);
  CHECK_INT(replay_noticed(&world.r, "aggregates", GC_ERR_REQUEST), 0);
  CHECK_INT(replay_count(&world.r, QUERY), 7 + 2); /* 1000 / 2^7 = 7 windows */
  CHECK_STR(world_last_interval(),
            "2023-11-14T22:08:00.000Z/2023-11-14T22:11:00.000Z");
  world_pass(5000);
  CHECK_REAL(world_block_value("windows-done"), 11);
  world_end();
}

static void a_refused_query_is_sent_once_a_minute(void) {
  world_begin();
  world_answers_times(QUERY, REPLAY_ALWAYS, 400,
                      "{\"message\":\"no such metric\"}");
  world_start();
  world_pass(5000);
  CHECK_INT(replay_noticed(&world.r, "aggregates", GC_ERR_REQUEST), 1);
  size_t asked = replay_count(&world.r, QUERY);
  world_pass(600000);
  CHECK(replay_count(&world.r, QUERY) - asked <= 20);
  CHECK(replay_noticed(&world.r, "aggregates", GC_ERR_REQUEST) >= 9);
  world_end();
}

#define WITH_P90                                                               \
  "{\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},\"data\":[{"        \
  "\"interval\":"                                                              \
  "\"2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z\",\"metrics\":[{"       \
  "\"metric\":\"nOffered\",\"stats\":{\"p90\":1,\"count\":3,\"Jane "           \
  "Doe\":{}}}]}]}"

static void an_unknown_member_is_counted_and_reported_once(void) {
  world_begin();
  world_answers(QUERY, ANSWER(WITH_P90));
  world_start();
  world_pass(2000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 3"),
            1);
  CHECK_REAL(world_block_value("query_rows-unknown"), 2);
  world_pass(100000);
  CHECK(world_block_value("query_rows-unknown") >= 4);
  CHECK_INT(replay_noticed(&world.r, "member \"p90\"", GC_ERR_PARSE), 1);
  CHECK_INT(replay_noticed(&world.r, "member \"(unreadable)\"", GC_ERR_PARSE),
            1);
  world_end();
}

/* The output has a value of this series that is not ours. */
static enum gc_code refuse_offered(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  return s->metric == GC_METRIC_QUEUE_INTERVAL_NUMBER ? GC_ERR_LIMIT : GC_OK;
}

static bool nothing_is_left(void *ctx, uint32_t max_ms) {
  (void)ctx, (void)max_ms;
  return true;
}

static void values_of_a_series_that_another_block_writes_are_counted(void) {
  static const struct gc_sender_output shared = {.emit = refuse_offered,
                                                 .wait = nothing_is_left};
  world_begin();
  world_answers(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "1") "," OFFERED(
                           "q2", "22:10", "22:11", "3")));
  world_start();
  CHECK_REAL(world_block_value("query_rows-collided"), 0);
  for (int i = 0; i < 3; i++) {
    replay_run(&world.r, 1000);
    gc_analytics_read(world.block, &shared, 700);
  }
  CHECK_REAL(world_block_value("query_rows-collided"), 2);
  CHECK_REAL(world_block_value("windows-done"), 1);
  world_end();
}

/* One window has a contact of q1 and three of q9; the later ones are empty. */
static void pass_window_of_q1_and_q9(void) {
  world_answers_once(QUERY,
                     ANSWER(OFFERED("q1", "22:10", "22:11", "1") "," OFFERED(
                         "q9", "22:10", "22:11", "3")));
  world_answers(QUERY, ANSWER(""));
  world_start();
  world_pass(5000);
}

/* ---- queues ---- */

/* q1 is deleted, and the new q9 has its name: both are in one window. */
static void a_deleted_queue_whose_name_another_has_is_shown_with_its_id(void) {
  world_begin();
  replay_forget_answers(&world.r);
  world_answers("POST /oauth/token", TOKEN);
  world_answers_once(LIST,
                     "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  world_answers(LIST, "{\"entities\":[{\"id\":\"q9\",\"name\":\"Sales\"}]}");
  pass_window_of_q1_and_q9();
  CHECK_INT(replay_count(&world.r, LIST), 2);
  CHECK_INT(
      world_times_dispatched("Sales@q1/queue_metric-nOffered-voice 22:11 1"),
      1);
  CHECK_INT(world_times_dispatched("Sales/queue_metric-nOffered-voice 22:11 3"),
            1);
  CHECK_REAL(world_block_value("query_rows-collided"), 0);
  world_end();
}

static void a_queue_that_the_list_lacks_waits_for_a_newer_one(void) {
  world_begin();
  replay_forget_answers(&world.r);
  world_answers("POST /oauth/token", TOKEN);
  world_answers_once(LIST,
                     "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  world_answers(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
                      "{\"id\":\"q9\",\"name\":\"New\"}]}");
  world_answers_once(QUERY, ANSWER(OFFERED("q9", "22:10", "22:11", "3")));
  world_answers(QUERY, ANSWER(OFFERED("q9", "22:10", "22:11", "3")));
  world_start();
  world_pass(100000);
  CHECK_INT(replay_count(&world.r, LIST), 2);
  CHECK_INT(world_times_dispatched(
                "New/queue_interval_number-nOffered-voice 22:11 3"),
            1);
  CHECK_REAL(world_block_value("query_rows-unnamed"), 0);
  world_end();
}

static void a_queue_in_no_list_delays_the_others_briefly(void) {
  world_begin();
  world_answers_once(QUERY,
                     ANSWER(OFFERED("q1", "22:10", "22:11", "1") "," OFFERED(
                         "q9", "22:10", "22:11", "3")));
  world_answers(QUERY, ANSWER(OFFERED("q1", "22:11", "22:12", "2") "," OFFERED(
                           "q9", "22:11", "22:12", "3")));
  world_start();
  world_pass(100000);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:11 1"),
            1);
  CHECK_INT(world_times_dispatched(
                "Sales/queue_interval_number-nOffered-voice 22:12 2"),
            1);
  CHECK(world_block_value("query_rows-unnamed") >= 2);
  world_end();
}

static void queues_are_requested_by_the_hundred_and_above_200_all(void) {
  static const struct {
    unsigned count;
    size_t requests, ids;
  } rows[] = {{1, 1, 1}, {150, 2, 150}, {200, 2, 200}, {201, 1, 0}};
  char *selectors[] = {(char[]){"Queue *"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char row[16];
    size_t ids = 0, used = 0, size = 32768;
    snprintf(row, sizeof(row), "%u", rows[i].count);
    CHECK_ROW(row);
    world_begin();
    replay_forget_answers(&world.r);
    world_answers("POST /oauth/token", TOKEN);
    char *list = malloc(size);
    used += (size_t)snprintf(list, size,
                             "{\"entities\":[{\"id\":\"x\",\"name\":\"X\"}");
    for (unsigned q = 0; q < rows[i].count; q++)
      used += (size_t)snprintf(list + used, size - used,
                               ",{\"id\":\"q%u\",\"name\":\"Queue %u\"}", q, q);
    snprintf(list + used, size - used, "]}");
    world_answers(LIST, list);
    world_answers(QUERY,
                  ANSWER(OFFERED("q0", "22:10", "22:11",
                                 "1") "," OFFERED("x", "22:10", "22:11", "1")));
    world_query.chosen = (struct gc_strs){selectors, 1};
    world_start();
    for (size_t k = 0; k < world.r.request_count; k++)
      ids += times_in(world.r.requests[k].body, "\"dimension\":\"queueId\"");
    CHECK_INT(replay_count(&world.r, QUERY), rows[i].requests);
    CHECK_INT(world.requests, rows[i].requests);
    CHECK_REAL(world.planned, (double)rows[i].requests);
    CHECK_INT(ids, rows[i].ids);
    world_pass(2000);
    CHECK_INT(world_times_dispatched(
                  "X/queue_interval_number-nOffered-voice 22:11 1"),
              0);
    CHECK(world.count > 0);
    world_end();
    free(list);
  }
}

static void back_fill_leaves_three_quarters_of_the_budget(void) {
  world_begin();
  world_query.rule.backfill_ms = 600 * MINUTE;
  world_answers(QUERY, ANSWER(""));
  world_start();
  world_pass(60000);
  CHECK_INT(replay_count(&world.r, QUERY), 10 + 1);
  CHECK_REAL(world_block_value("windows-done"), 601);
  world_end();
}

static void a_series_without_events_leaves_its_place_to_another(void) {
  enum { HOUR = 60 * MINUTE };
  world_begin();
  world_query.max_series = 1;
  world_query.rule.period_ms = HOUR;
  world_query.rule.backfill_ms = 30 * HOUR;
  world_answers_once(
      QUERY, "{\"results\":[{\"group\":{\"queueId\":\"q1\",\"mediaType\":"
             "\"voice\"},\"data\":[{\"interval\":"
             "\"2023-11-13T17:00:00.000Z/2023-11-13T18:00:00.000Z\","
             "\"metrics\":[{\"metric\":\"nOffered\",\"stats\":{"
             "\"count\":3}}]}]}]}");
  world_start();
  world_pass(5000);
  CHECK_REAL(world_block_value("series-"), 1);
  CHECK_INT(world_times_dispatched("Sales/queue_metric-nOffered-voice 22:00 3"),
            2);
  size_t before = world.count;
  world_answers(QUERY, ANSWER(OFFERED("q2", "22:00", "23:00", "2")));
  world_pass(HOUR); /* the window that ends at 23:00 */
  CHECK_REAL(world_block_value("series-"), 1);
  CHECK_REAL(world_block_value("series_overflow-"), 0);
  CHECK(world.count > before);
  for (size_t i = before; i < world.count; i++)
    CHECK(strncmp(world.seen[i], "Support/", 8) == 0);
  world_end();
}

static void series_past_the_limit_are_reported_until_all_have_a_place(void) {
  world_begin();
  world_query.max_series = 1;
  world_answers_once(QUERY,
                     ANSWER(OFFERED("q1", "22:10", "22:11", "3") "," OFFERED(
                         "q2", "22:10", "22:11", "2")));
  world_answers(QUERY, ANSWER(OFFERED("q1", "22:11", "22:12", "3")));
  world_start();
  world_pass(5000);
  CHECK_REAL(world_block_value("series_overflow-"), 1);
  CHECK_INT(replay_last_notice(&world.r, "series")->code, GC_ERR_LIMIT);
  CHECK_HAS(replay_last_notice(&world.r, "series")->text, "MaxSeries (1)");
  world_pass(2 * MINUTE);
  CHECK_INT(replay_last_notice(&world.r, "series")->code, GC_OK);
  world_end();
}

static void an_option_without_effect_is_reported_once(void) {
  static char misspelt[] = "Suport*", all[] = "*", late[] = "!Sales";
  static char *options[] = {misspelt, all, late};
  world_begin();
  world_query.chosen = (struct gc_strs){options, GC_COUNT(options)};
  world_answers(QUERY, ANSWER(""));
  world_start();
  world_pass(10 * MINUTE);
  CHECK_INT(replay_noticed(&world.r, "Queue \"Suport*\"", GC_ERR_NOT_FOUND), 1);
  CHECK_INT(replay_noticed(&world.r, "Queue", GC_ERR_NOT_FOUND), 2);
  CHECK_INT(replay_noticed(&world.r, "Queue \"!Sales\"", GC_ERR_NOT_FOUND), 1);
  CHECK(replay_count(&world.r, QUERY) > 5);
  world_end();
}

static void a_block_works_without_a_state_file(void) {
  world_begin();
  world.store = NULL;
  world_answers(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
  world_start();
  world_pass(2000);
  CHECK_INT(world.count, 3);
  CHECK_REAL(world_block_value("window_lag-"), 142);
  world_end();
}

int main(void) {
  RUN(the_newest_settled_window_is_requested_and_sent);
  RUN(each_window_is_requested_when_it_has_settled);
  RUN(the_request_of_a_window_is_delayed_by_the_phase);
  RUN(a_failure_keeps_the_window);
  RUN(too_wide_an_interval_is_halved_until_it_fits);
  RUN(a_refused_query_is_sent_once_a_minute);
  RUN(an_unknown_member_is_counted_and_reported_once);
  RUN(values_of_a_series_that_another_block_writes_are_counted);
  RUN(a_deleted_queue_whose_name_another_has_is_shown_with_its_id);
  RUN(a_queue_that_the_list_lacks_waits_for_a_newer_one);
  RUN(a_queue_in_no_list_delays_the_others_briefly);
  RUN(queues_are_requested_by_the_hundred_and_above_200_all);
  RUN(back_fill_leaves_three_quarters_of_the_budget);
  RUN(a_series_without_events_leaves_its_place_to_another);
  RUN(series_past_the_limit_are_reported_until_all_have_a_place);
  RUN(an_option_without_effect_is_reported_once);
  RUN(a_block_works_without_a_state_file);
  return check_done();
}
