/* SPDX-License-Identifier: MIT */
#include "common/net/name_cache.h"

#include "tests/support/check.h"
#include "tests/support/names_bench.h"

static void a_failure_keeps_the_known_names(void) {
  static const struct {
    const char *row;
    struct replay_answer answer;
  } rows[] = {
      {"no list", {.status = 200, .body = "<html>"}},
      {"cut off",
       {.status = 200, .body = "{\"ent", .failure = GC_FAILURE_BROKEN}},
      {"500", {.status = 500}},
      {"connect", {.failure = GC_FAILURE_CONNECT}},
      {"400", {.status = 400}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    names_begin();
    names_answer(NAMES_QUEUES, 0, 200, NAMES_TWO);
    struct replay_answer a = rows[i].answer;
    a.match = NAMES_QUEUES;
    a.times = REPLAY_ALWAYS;
    replay_answer(&names_world, &a);
    struct names_recorder e;
    names_listen(&e, GC_QUEUE);
    replay_run(&names_world, 60 * MINUTE_MS);
    CHECK(replay_count(&names_world, NAMES_QUEUES) > 2);
    CHECK_INT(e.calls, 1);
    CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
    CHECK(!e.refused);
    names_answer_now(200, NAMES_ONE);
    replay_run(&names_world, 11 * MINUTE_MS);
    CHECK_STR(e.labels, "q1=Sales/ ");
    names_end();
  }
}

static void a_failed_page_starts_the_list_again(void) {
  names_begin();
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=1", 0, 200,
               "{\"entities\":[{\"id\":\"old\",\"name\":\"Old\"}],\"nextUri\":"
               "\"/n\"}");
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=2", 0, 400, "{}");
  names_answer(NAMES_QUEUES "?pageSize=100&pageNumber=1", REPLAY_ALWAYS, 200,
               NAMES_TWO);
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_INT(e.calls, 0);
  replay_run(&names_world, MINUTE_MS);
  CHECK_INT(e.calls, 1);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
  names_end();
}

static void an_endless_list_ends(void) {
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200,
               "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}],\"nextUri\":"
               "\"/n\"}"); /* each page is the first one */
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_INT(replay_count(&names_world, NAMES_QUEUES), 2);
  CHECK_INT(e.calls, 0);
  CHECK_INT(replay_noticed(&names_world, "list of queues", GC_ERR_PARSE), 1);
  CHECK_HAS(replay_last_notice(&names_world, "list of queues")->text,
            "repeats");
  names_end();
}

static void a_list_that_keeps_failing_is_requested_less_often(void) {
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 400, "{}");
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  replay_run(&names_world, 35000);
  CHECK_INT(replay_count(&names_world, NAMES_QUEUES), 2);
  replay_run(&names_world, 10 * 60 * MINUTE_MS);
  size_t count = replay_count(&names_world, NAMES_QUEUES);
  CHECK_THAT(count > 58 && count < 70, "%zu requests in ten hours", count);
  names_end();
}

static void a_refused_list_lets_ids_take_the_place_of_names(void) {
  static const int statuses[] = {403, 404};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    names_begin();
    names_answer(NAMES_QUEUES, REPLAY_ALWAYS, statuses[i], "{}");
    struct names_recorder e;
    names_listen(&e, GC_QUEUE);
    replay_run(&names_world, 60 * MINUTE_MS);
    CHECK_INT(e.calls, 1); /* reported once, although it is requested again */
    CHECK(e.refused);
    CHECK_STR(e.labels, "");
    CHECK_INT(replay_last_notice(&names_world, "list of queues")->code,
              statuses[i] == 403 ? GC_ERR_PERMISSION : GC_ERR_NOT_FOUND);
    names_answer_now(200, NAMES_ONE);
    replay_run(&names_world, 11 * MINUTE_MS);
    CHECK_INT(e.calls, 2);
    CHECK(!e.refused);
    CHECK_STR(e.labels, "q1=Sales/ ");
    CHECK_INT(replay_last_notice(&names_world, "list of queues")->code, GC_OK);
    names_end();
  }
}

static void known_names_outlive_a_refusal(void) {
  names_begin();
  names_answer(NAMES_QUEUES, 0, 200, NAMES_TWO);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 403, "{}");
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 60 * MINUTE_MS);
  CHECK_INT(e.calls, 2);
  CHECK(e.refused);
  CHECK_STR(e.labels, "q1=Sales/ q2=Support_DE/ ");
  names_end();
}

static void an_outage_is_reported_by_the_account_alone(void) {
  names_begin();
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 503, "");
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 10 * MINUTE_MS);
  CHECK_INT(replay_noticed(&names_world, "list", GC_ERR_REMOTE), 0);
  CHECK_INT(replay_noticed(&names_world, "list", GC_ERR_UNAVAILABLE), 0);
  CHECK(replay_noticed(&names_world, "api", GC_ERR_REMOTE) > 0);
  names_answer_now(200, NAMES_ONE);
  replay_run(&names_world, 2 * MINUTE_MS); /* soon after the outage */
  CHECK_STR(e.labels, "q1=Sales/ ");
  names_end();
}

static void a_report_of_equal_names_has_both_ids(void) {
  names_begin();
  names_answer(NAMES_QUEUES, 0, 200,
               "{\"entities\":[{\"id\":\"b\",\"name\":\"X/Y\"},{\"id\":\"a\","
               "\"name\":\"X_Y\"}]}");
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_STR(e.labels, "a=X_Y/ b=X_Y~2/ ");
  CHECK_STR(replay_last_notice(&names_world, "names of queues")->text,
            "1 of the queues share their name with another: b is called "
            "\"X_Y~2\", since a has the name");
  names_end();
}

int main(void) {
  RUN(a_failure_keeps_the_known_names);
  RUN(a_failed_page_starts_the_list_again);
  RUN(an_endless_list_ends);
  RUN(a_list_that_keeps_failing_is_requested_less_often);
  RUN(a_refused_list_lets_ids_take_the_place_of_names);
  RUN(known_names_outlive_a_refusal);
  RUN(an_outage_is_reported_by_the_account_alone);
  RUN(a_report_of_equal_names_has_both_ids);
  return check_done();
}
