/* SPDX-License-Identifier: MIT */
/* The times at which a block polls, and the effect of errors. */
#include "plugins/genesys_realtime/block.h"

#include <inttypes.h>

#include <math.h>

#include "tests/support/rt_block.h"

static void a_block_polls_at_once_and_then_each_interval(void) {
  begin_block(OBS_QUERY);
  will_list(2);
  answer_always(QUERY, ANSWER(WAITING("q0000", "1")));
  start_block();
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  replay_run(&w.r, 9999);
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  replay_run(&w.r, 1);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  replay_run(&w.r, 50000);
  CHECK_INT(replay_count(&w.r, QUERY), 7);
  CHECK_INT(replay_count(&w.r, "POST /oauth/token"), 1);
  CHECK_INT(replay_count(&w.r, LIST), 1);
  CHECK_INT(replay_count(&w.r, "GET /api/v2/presence"), 0);
  end_block();
}

static void each_value_leaves_once(void) {
  begin_block(OBS_QUERY);
  will_list(1);
  answer_always(QUERY, ANSWER(WAITING("q0000", "3")));
  start_block();
  CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 3);
  CHECK_INT(w.values, VALUES_OF_WAITING);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  replay_run(&w.r, 10000);
  CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 3);
  end_block();
}

static void a_poll_that_outlasts_its_interval_skips_the_missed_ones(void) {
  begin_block(OBS_QUERY);
  will_list(1);
  replay_answer(&w.r, &(struct replay_answer){.match = QUERY,
                                              .times = REPLAY_ALWAYS,
                                              .status = 200,
                                              .body = ANSWER(""),
                                              .delay_ms = 25000});
  start_block();
  replay_run(&w.r, 29999);
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  replay_run(&w.r, 1);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  replay_run(&w.r, 60000);
  CHECK_INT(replay_count(&w.r, QUERY), 4);
  CHECK_INT(w.r.max_in_flight, 1);
  end_block();
}

/* source_up has no value before the first answer, for three intervals at most.
 */
static void before_the_first_answer_no_source_is_up_or_down(void) {
  begin_block(OBS_QUERY);
  will_list(3);
  replay_answer(&w.r, &(struct replay_answer){
                          .match = QUERY, .times = 1, .is_silent = true});
  start_block();
  CHECK(isnan(read_state("source_up-observations")));
  CHECK_REAL(read_state("queues-matched"), 3);
  CHECK(isnan(read_state("queues-unnamed")));
  replay_run(&w.r, 30000);
  CHECK_REAL(read_state("source_up-observations"), 0);
  end_block();
}

static void numbers_of_no_status_are_counted(void) {
  begin_block(OBS_QUERY);
  will_list(1);
  answer_always(
      QUERY, ANSWER("{\"group\":{\"queueId\":\"q0000\"},\"data\":[{\"metric\":"
                    "\"oOnQueueUsers\",\"stats\":{\"count\":1}}]}"));
  start_block();
  (void)read_state("observations_ignored-");
  CHECK_INT(w.count, 1);
  replay_run(&w.r, 10000);
  (void)read_state("observations_ignored-");
  CHECK_INT(w.count, 2);
  end_block();
}

static void a_failed_batch_does_not_affect_the_others(void) {
  begin_block(OBS_QUERY);
  will_list(150);
  for (int i = 0; i < 3; i++) {
    answer_once(QUERY, 200, "{\"results\":[" WAITING("q0120", "9"));
    answer_once(QUERY, 200, ANSWER(WAITING("q0000", "4")));
  }
  answer_always(QUERY, ANSWER(WAITING("q0000", "4")));
  start_block();
  CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 4);
  CHECK_INT(w.values, VALUES_OF_WAITING);
  CHECK_REAL(read_state("source_up-observations"), 0);
  replay_run(&w.r, 20000);
  /* One outcome per poll: the success of one batch is no recovery of another.
   */
  CHECK_INT(replay_noticed(&w.r, "observations", GC_ERR_PARSE), 3);
  CHECK_INT(replay_noticed(&w.r, "observations", GC_OK), 0);
  CHECK_HAS(replay_last_notice(&w.r, "observations")->text,
            "queue_observations: ");
  replay_run(&w.r, 10000);
  CHECK_INT(replay_noticed(&w.r, "observations", GC_OK), 1);
  CHECK_REAL(read_state("source_up-observations"), 1);
  end_block();
}

static void a_refused_query_is_sent_again_once_a_minute(void) {
  begin_block(OBS_QUERY);
  will_list(1);
  for (int i = 0; i < 6; i++)
    answer_once(QUERY, 403,
                "{\"message\":\"no\",\"code\":\"missing.permissions\"}");
  answer_always(QUERY, ANSWER(WAITING("q0000", "4")));
  start_block();
  replay_run(&w.r, 300000);
  CHECK_INT(replay_count(&w.r, QUERY), 6);
  CHECK_HAS(replay_last_notice(&w.r, "observations")->text,
            "analytics:queueObservation:view");
  CHECK_REAL(read_state("source_up-observations"), 0);
  CHECK(isnan(read_state("source_age-observations")));
  replay_run(&w.r, 60000);
  CHECK_INT(replay_count(&w.r, QUERY), 7);
  CHECK_REAL(read_state("source_up-observations"), 1);
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, QUERY), 8);
  end_block();
}

static void a_block_may_end_during_a_poll(void) {
  static const enum obs_source sources[] = {OBS_QUERY, OBS_ACTIVITY};
  for (size_t i = 0; i < GC_COUNT(sources); i++) {
    begin_block(sources[i]);
    will_list(1000);
    answer_always("GET /api/v2/presence", "{\"entities\":[]}");
    replay_answer(&w.r, &(struct replay_answer){.match = "POST /api/v2",
                                                .times = REPLAY_ALWAYS,
                                                .is_silent = true});
    start_block();
    CHECK(w.r.in_flight > 0);
    block_free(w.block);
    w.block = NULL;
    CHECK_INT(w.r.in_flight, 0);
    replay_run(&w.r, 60000);
    CHECK_INT(w.r.in_flight, 0);
    end_block();
  }
}

static void a_block_may_end_while_the_list_is_read(void) {
  begin_block(OBS_QUERY);
  replay_answer(&w.r, &(struct replay_answer){.match = LIST,
                                              .status = 200,
                                              .body = "{\"entities\":[]}",
                                              .delay_ms = 5000});
  start_block();
  block_free(w.block);
  w.block = NULL;
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, QUERY), 0);
  end_block();
}

static void a_source_that_does_not_answer_is_down_and_ages(void) {
  begin_block(OBS_QUERY);
  will_list(1);
  answer_once(QUERY, 200, ANSWER(WAITING("q0000", "2")));
  replay_answer(&w.r, &(struct replay_answer){
                          .match = QUERY, .times = 1, .is_silent = true});
  start_block();
  CHECK_REAL(read_state("source_up-observations"), 1);
  CHECK_REAL(read_state("source_age-observations"), 0);
  replay_run(&w.r, 29999);
  CHECK_REAL(read_state("source_up-observations"), 1);
  replay_run(&w.r, 1);
  CHECK_REAL(read_state("source_up-observations"), 0);
  CHECK_REAL(read_state("source_age-observations"), 30);
  end_block();
}

/* The contact has waited for `waits_s` when the answer comes. */
static void a_wrong_date_alone_moves_no_wait(void) {
  static const struct {
    const char *row;
    int date_s, waits_s;
    double value;
  } rows[] = {{"right", 0, 10, 10},
              {"behind: the answer states a later time", -600, 10, 10},
              {"ahead: the host agrees with the answer", 600, 10, 10},
              {"ahead, and nothing says which is right", 600, 300, NAN}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char body[256];
    CHECK_ROW(rows[i].row);
    snprintf(body, sizeof(body),
             ANSWER("{\"group\":{\"queueId\":\"q0000\",\"mediaType\":"
                    "\"voice\"},\"data\":[{\"metric\":\"oLongestWaiting\","
                    "\"stats\":{\"calculatedMetricValue\":%" PRId64 "}}]}"),
             (int64_t)REPLAY_START_WALL_MS - rows[i].waits_s * INT64_C(1000));
    begin_block(OBS_QUERY);
    will_list(1);
    replay_answer(
        &w.r, &(struct replay_answer){.match = QUERY,
                                      .status = 200,
                                      .date_ms = REPLAY_START_WALL_MS +
                                                 rows[i].date_s * INT64_C(1000),
                                      .body = body});
    start_block();
    double value = read_value("Queue 0/queue_longest_wait-voice");
    CHECK_INT(isnan(value), isnan(rows[i].value));
    if (!isnan(value))
      CHECK_REAL(value, rows[i].value);
    end_block();
  }
}

static void the_oldest_wait_goes_by_the_servers_clock(void) {
  begin_block(OBS_QUERY);
  will_list(1);
  replay_answer(
      &w.r,
      &(struct replay_answer){
          .match = QUERY,
          .status = 200,
          .date_ms = REPLAY_START_WALL_MS + 60000,
          .body = ANSWER("{\"group\":{\"queueId\":\"q0000\",\"mediaType\":"
                         "\"voice\"},\"data\":[{\"metric\":\"oLongestWaiting\","
                         "\"stats\":{\"calculatedMetricValue\":1700000050000}"
                         "}]}")});
  start_block();
  CHECK_REAL(read_value("Queue 0/queue_longest_wait-voice"), 10);
  end_block();
}

static void a_block_without_observations_is_silent(void) {
  begin_block(OBS_OFF);
  start_block();
  replay_run(&w.r, 60000);
  CHECK_INT(w.r.request_count, 0);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  (void)read_state("source_up-observations");
  CHECK_INT(w.values, 0);
  end_block();
}

/* A standby polls and dispatches nothing. It polls at once when its term
 * begins: its earlier answers are older than the values of the last holder. */
static void a_standby_polls_and_a_term_begins_with_a_poll(void) {
  struct gc_lease_watch watch = {.term = 0};
  begin_block(OBS_QUERY);
  lease = &watch;
  will_list(1);
  answer_always(QUERY, ANSWER(WAITING("q0000", "3")));
  start_block();
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  watch.listeners->changed(watch.listeners->ctx, 1);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  replay_settle(&w.r);
  CHECK_INT(replay_count(&w.r, QUERY), 3);
  CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 3);
  watch.listeners->changed(watch.listeners->ctx, 0);
  replay_run(&w.r, 10000);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  end_block();
  CHECK(watch.listeners == NULL);
}

int main(void) {
  RUN(a_block_polls_at_once_and_then_each_interval);
  RUN(each_value_leaves_once);
  RUN(a_poll_that_outlasts_its_interval_skips_the_missed_ones);
  RUN(before_the_first_answer_no_source_is_up_or_down);
  RUN(numbers_of_no_status_are_counted);
  RUN(a_failed_batch_does_not_affect_the_others);
  RUN(a_refused_query_is_sent_again_once_a_minute);
  RUN(a_block_may_end_during_a_poll);
  RUN(a_block_may_end_while_the_list_is_read);
  RUN(a_source_that_does_not_answer_is_down_and_ages);
  RUN(a_wrong_date_alone_moves_no_wait);
  RUN(the_oldest_wait_goes_by_the_servers_clock);
  RUN(a_block_without_observations_is_silent);
  RUN(a_standby_polls_and_a_term_begins_with_a_poll);
  return check_done();
}
