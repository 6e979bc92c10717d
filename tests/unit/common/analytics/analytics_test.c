/* SPDX-License-Identifier: MIT */
/* The requests of a block: their windows, queues and times, and the reaction to
 * a failure. */
#include "tests/support/iv_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

static void the_newest_settled_window_is_requested_and_sent(void) {
  iv_begin();
  iv_once(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
  iv_start();
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z");
  CHECK_HAS(replay_last(&iv.r, QUERY)->body,
            "\"granularity\":\"PT1M\",\"groupBy\":[\"queueId\",\"mediaType\"],"
            "\"metrics\":[\"nOffered\"]}");
  iv_pass(2000);
  CHECK_STR(iv_left(), "Sales/queue_metric-nOffered-voice 22:10 0\n"
                       "Sales/queue_interval_count-nOffered-voice 22:11 3\n"
                       "Sales/queue_metric-nOffered-voice 22:11 3\n");
  iv_end();
}

static void each_window_is_requested_when_it_has_settled(void) {
  iv_begin();
  iv_will(QUERY, ANSWER(""));
  iv_start();
  iv_pass(10000); /* 22:13:30 */
  CHECK_INT(replay_count(&iv.r, QUERY), 2);
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:12:00.000Z");
  iv_pass(59000);
  CHECK_INT(replay_count(&iv.r, QUERY), 2);
  iv_pass(2000);
  CHECK_INT(replay_count(&iv.r, QUERY), 3);
  iv_pass(60000);
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:11:00.000Z/2023-11-14T22:14:00.000Z");
  CHECK_INT(replay_count(&iv.r, QUERY), 4);
  CHECK_INT(iv.count, 0);
  CHECK_REAL(iv_state("window_lag-"), 92 - 1 + 0);
  CHECK_REAL(iv_state("window_length-"), 60);
  iv_end();
}

/* The agents of a fleet have different phases. */
static void the_request_of_a_window_is_delayed_by_the_phase(void) {
  iv_begin();
  iv_phase = 3000 * 7 + 2500;
  iv_will(QUERY, ANSWER(""));
  iv_start();
  iv_pass(12000); /* 22:13:32, settled at 22:13:30 */
  CHECK_INT(replay_count(&iv.r, QUERY), 1);
  iv_pass(1000);
  CHECK_INT(replay_count(&iv.r, QUERY), 2);
  iv_end();
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
    iv_begin();
    iv_settings.query.rule.backfill_ms = 10 * MINUTE;
    iv_answer(QUERY, rows[i].status == 500 ? 3 : 1, rows[i].status, "{}");
    iv_will(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
    iv_start();
    iv_pass(1000);
    CHECK_INT(iv.count, 0);
    CHECK_REAL(iv_state("source_up-aggregates"), 0);
    iv_pass(rows[i].wait_ms);
    CHECK_INT(
        iv_times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"), 1);
    CHECK_REAL(iv_state("source_up-aggregates"), 1);
    iv_end();
  }
}

static void too_wide_an_interval_is_halved_until_it_fits(void) {
  iv_begin();
  iv_settings.query.rule.backfill_ms = 10 * MINUTE;
  iv_answer(QUERY, 7, 400, "{\"message\":\"interval too wide\"}");
  iv_will(QUERY, ANSWER(""));
  iv_start();
  iv_pass(5000);
  CHECK_INT(replay_noticed(&iv.r, "aggregates", GC_ERR_REQUEST), 0);
  CHECK_INT(replay_count(&iv.r, QUERY), 7 + 2); /* 1000 / 2^7 = 7 windows */
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:08:00.000Z/2023-11-14T22:11:00.000Z");
  iv_pass(5000);
  CHECK_REAL(iv_state("windows-done"), 11);
  iv_end();
}

static void a_refused_query_is_sent_once_a_minute(void) {
  iv_begin();
  iv_answer(QUERY, REPLAY_ALWAYS, 400, "{\"message\":\"no such metric\"}");
  iv_start();
  iv_pass(5000);
  CHECK_INT(replay_noticed(&iv.r, "aggregates", GC_ERR_REQUEST), 1);
  size_t asked = replay_count(&iv.r, QUERY);
  iv_pass(600000);
  CHECK(replay_count(&iv.r, QUERY) - asked <= 20);
  CHECK(replay_noticed(&iv.r, "aggregates", GC_ERR_REQUEST) >= 9);
  iv_end();
}

#define WITH_P90                                                               \
  "{\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},\"data\":[{"        \
  "\"interval\":"                                                              \
  "\"2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z\",\"metrics\":[{"       \
  "\"metric\":\"nOffered\",\"stats\":{\"p90\":1,\"count\":3,\"Jane "           \
  "Doe\":{}}}]}]}"

static void an_unknown_member_is_counted_and_reported_once(void) {
  iv_begin();
  iv_will(QUERY, ANSWER(WITH_P90));
  iv_start();
  iv_pass(2000);
  CHECK_INT(iv_times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"),
            1);
  CHECK_REAL(iv_state("query_rows-unknown"), 2);
  iv_pass(100000);
  CHECK(iv_state("query_rows-unknown") >= 4);
  CHECK_INT(replay_noticed(&iv.r, "member \"p90\"", GC_ERR_PARSE), 1);
  CHECK_INT(replay_noticed(&iv.r, "member \"(unreadable)\"", GC_ERR_PARSE), 1);
  iv_end();
}

/* The output has a value of this series that is not ours. */
static enum gc_code refuse_offered(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  return s->metric == GC_METRIC_QUEUE_INTERVAL_COUNT ? GC_ERR_LIMIT : GC_OK;
}

static bool nothing_is_left(void *ctx, uint32_t max_ms) {
  (void)ctx, (void)max_ms;
  return true;
}

static void values_of_a_series_that_another_block_writes_are_counted(void) {
  static const struct gc_sender_output shared = {.emit = refuse_offered,
                                                 .wait = nothing_is_left};
  iv_begin();
  iv_will(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11",
                                "1") "," OFFERED("q2", "22:10", "22:11", "3")));
  iv_start();
  CHECK_REAL(iv_state("query_rows-collided"), 0);
  for (int i = 0; i < 3; i++) {
    replay_run(&iv.r, 1000);
    gc_analytics_read(iv.block, &shared, 700);
  }
  CHECK_REAL(iv_state("query_rows-collided"), 2);
  CHECK_REAL(iv_state("windows-done"), 1);
  iv_end();
}

/* The list names q1 "q9" and is refused before it has q9 itself, which its id
 * then stands for. */
static void two_groups_with_one_series_are_counted_and_one_is_sent(void) {
  iv_begin();
  replay_forget_answers(&iv.r);
  iv_will("POST /oauth/token", TOKEN);
  iv_once(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"q9\"}]}");
  iv_answer(LIST, REPLAY_ALWAYS, 403, "{}");
  iv_once(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11",
                                "1") "," OFFERED("q9", "22:10", "22:11", "3")));
  iv_will(QUERY, ANSWER(""));
  iv_start();
  iv_pass(5000);
  CHECK_STR(iv_left(), "q9/queue_metric-nOffered-voice 22:10 0\n"
                       "q9/queue_interval_count-nOffered-voice 22:11 1\n"
                       "q9/queue_metric-nOffered-voice 22:11 1\n");
  CHECK_REAL(iv_state("query_rows-collided"), 1);
  CHECK_INT(replay_noticed(&iv.r, "shared series", GC_ERR_PARSE), 1);
  CHECK_HAS(replay_last_notice(&iv.r, "shared series")->text,
            "one series, q9/nOffered-voice: ");
  iv_end();
}

/* ---- queues ---- */

/* q1 is deleted, and the new q9 has its name: both are in one window. */
static void a_deleted_queue_whose_name_another_has_is_shown_with_its_id(void) {
  iv_begin();
  replay_forget_answers(&iv.r);
  iv_will("POST /oauth/token", TOKEN);
  iv_once(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  iv_will(LIST, "{\"entities\":[{\"id\":\"q9\",\"name\":\"Sales\"}]}");
  iv_once(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11",
                                "1") "," OFFERED("q9", "22:10", "22:11", "3")));
  iv_will(QUERY, ANSWER(""));
  iv_start();
  iv_pass(5000);
  CHECK_INT(replay_count(&iv.r, LIST), 2);
  CHECK_INT(iv_times_left("Sales@q1/queue_metric-nOffered-voice 22:11 1"), 1);
  CHECK_INT(iv_times_left("Sales/queue_metric-nOffered-voice 22:11 3"), 1);
  CHECK_REAL(iv_state("query_rows-collided"), 0);
  iv_end();
}

static void a_queue_that_the_list_lacks_waits_for_a_newer_one(void) {
  iv_begin();
  replay_forget_answers(&iv.r);
  iv_will("POST /oauth/token", TOKEN);
  iv_once(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  iv_will(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
                "{\"id\":\"q9\",\"name\":\"New\"}]}");
  iv_once(QUERY, ANSWER(OFFERED("q9", "22:10", "22:11", "3")));
  iv_will(QUERY, ANSWER(OFFERED("q9", "22:10", "22:11", "3")));
  iv_start();
  iv_pass(100000);
  CHECK_INT(replay_count(&iv.r, LIST), 2);
  CHECK_INT(iv_times_left("New/queue_interval_count-nOffered-voice 22:11 3"),
            1);
  CHECK_REAL(iv_state("query_rows-unnamed"), 0);
  iv_end();
}

static void a_queue_in_no_list_delays_the_others_briefly(void) {
  iv_begin();
  iv_once(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11",
                                "1") "," OFFERED("q9", "22:10", "22:11", "3")));
  iv_will(QUERY, ANSWER(OFFERED("q1", "22:11", "22:12",
                                "2") "," OFFERED("q9", "22:11", "22:12", "3")));
  iv_start();
  iv_pass(100000);
  CHECK_INT(iv_times_left("Sales/queue_interval_count-nOffered-voice 22:11 1"),
            1);
  CHECK_INT(iv_times_left("Sales/queue_interval_count-nOffered-voice 22:12 2"),
            1);
  CHECK(iv_state("query_rows-unnamed") >= 2);
  iv_end();
}

static size_t times_in(const char *text, const char *part) {
  size_t count = 0;
  for (; (text = strstr(text, part)) != NULL; text++)
    count++;
  return count;
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
    iv_begin();
    replay_forget_answers(&iv.r);
    iv_will("POST /oauth/token", TOKEN);
    char *list = malloc(size);
    used += (size_t)snprintf(list, size,
                             "{\"entities\":[{\"id\":\"x\",\"name\":\"X\"}");
    for (unsigned q = 0; q < rows[i].count; q++)
      used += (size_t)snprintf(list + used, size - used,
                               ",{\"id\":\"q%u\",\"name\":\"Queue %u\"}", q, q);
    snprintf(list + used, size - used, "]}");
    iv_will(LIST, list);
    iv_will(QUERY, ANSWER(OFFERED("q0", "22:10", "22:11", "1") "," OFFERED(
                       "x", "22:10", "22:11", "1")));
    iv_settings.query.chosen = (struct gc_strs){selectors, 1};
    iv_start();
    for (size_t k = 0; k < iv.r.request_count; k++)
      ids += times_in(iv.r.requests[k].body, "\"dimension\":\"queueId\"");
    CHECK_INT(replay_count(&iv.r, QUERY), rows[i].requests);
    CHECK_INT(ids, rows[i].ids);
    iv_pass(2000);
    CHECK_INT(iv_times_left("X/queue_interval_count-nOffered-voice 22:11 1"),
              0);
    CHECK(iv.count > 0);
    iv_end();
    free(list);
  }
}

static void back_fill_leaves_three_quarters_of_the_budget(void) {
  iv_begin();
  iv_settings.query.rule.backfill_ms = 600 * MINUTE;
  iv_will(QUERY, ANSWER(""));
  iv_start();
  iv_pass(60000);
  CHECK_INT(replay_count(&iv.r, QUERY), 10 + 1);
  CHECK_REAL(iv_state("windows-done"), 601);
  iv_end();
}

static void a_series_without_events_leaves_its_place_to_another(void) {
  enum { HOUR = 60 * MINUTE };
  iv_begin();
  iv_settings.query.max_series = 1;
  iv_settings.query.rule.period_ms = HOUR;
  iv_settings.query.rule.backfill_ms = 30 * HOUR;
  iv_once(QUERY, "{\"results\":[{\"group\":{\"queueId\":\"q1\",\"mediaType\":"
                 "\"voice\"},\"data\":[{\"interval\":"
                 "\"2023-11-13T17:00:00.000Z/2023-11-13T18:00:00.000Z\","
                 "\"metrics\":[{\"metric\":\"nOffered\",\"stats\":{"
                 "\"count\":3}}]}]}]}");
  iv_start();
  iv_pass(5000);
  CHECK_REAL(iv_state("series-"), 1);
  CHECK_INT(iv_times_left("Sales/queue_metric-nOffered-voice 22:00 3"), 2);
  size_t before = iv.count;
  iv_will(QUERY, ANSWER(OFFERED("q2", "22:00", "23:00", "2")));
  iv_pass(HOUR); /* the window that ends at 23:00 */
  CHECK_REAL(iv_state("series-"), 1);
  CHECK_REAL(iv_state("series_overflow-"), 0);
  CHECK(iv.count > before);
  for (size_t i = before; i < iv.count; i++)
    CHECK(strncmp(iv.seen[i], "Support/", 8) == 0);
  iv_end();
}

static void series_past_the_limit_are_reported_until_all_have_a_place(void) {
  iv_begin();
  iv_settings.query.max_series = 1;
  iv_once(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11",
                                "3") "," OFFERED("q2", "22:10", "22:11", "2")));
  iv_will(QUERY, ANSWER(OFFERED("q1", "22:11", "22:12", "3")));
  iv_start();
  iv_pass(5000);
  CHECK_REAL(iv_state("series_overflow-"), 1);
  CHECK_INT(replay_last_notice(&iv.r, "series")->code, GC_ERR_LIMIT);
  CHECK_HAS(replay_last_notice(&iv.r, "series")->text, "MaxSeries (1)");
  iv_pass(2 * MINUTE);
  CHECK_INT(replay_last_notice(&iv.r, "series")->code, GC_OK);
  iv_end();
}

static void an_option_without_effect_is_reported_once(void) {
  static char misspelt[] = "Suport*", all[] = "*", late[] = "!Sales";
  static char *options[] = {misspelt, all, late};
  iv_begin();
  iv_settings.query.chosen = (struct gc_strs){options, GC_COUNT(options)};
  iv_will(QUERY, ANSWER(""));
  iv_start();
  iv_pass(10 * MINUTE);
  CHECK_INT(replay_noticed(&iv.r, "Queue \"Suport*\"", GC_ERR_NOT_FOUND), 1);
  CHECK_INT(replay_noticed(&iv.r, "Queue", GC_ERR_NOT_FOUND), 2);
  CHECK_INT(replay_noticed(&iv.r, "Queue \"!Sales\"", GC_ERR_NOT_FOUND), 1);
  CHECK(replay_count(&iv.r, QUERY) > 5);
  iv_end();
}

static void a_block_works_without_a_state_file(void) {
  iv_begin();
  iv.store = NULL;
  iv_will(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
  iv_start();
  iv_pass(2000);
  CHECK_INT(iv.count, 3);
  CHECK_REAL(iv_state("window_lag-"), 142);
  iv_end();
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
  RUN(two_groups_with_one_series_are_counted_and_one_is_sent);
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
