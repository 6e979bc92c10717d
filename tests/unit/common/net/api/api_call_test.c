/* SPDX-License-Identifier: MIT */
#include "common/net/api/api.h"

#include "tests/support/api_bench.h"
#include "tests/support/check.h"

static void a_call_brings_its_answer_to_the_sink(void) {
  api_begin();
  replay_answer(&api_world, &(struct replay_answer){.match = OBSERVE,
                                                    .status = 200,
                                                    .body = "{\"results\":[]}",
                                                    .chunk = 3,
                                                    .delay_ms = 40});
  struct job j;
  api_prepare(&j, GC_ENDPOINT_QUEUE_OBSERVATIONS);
  j.call.body = "{\"filter\":1}";
  j.call.body_len = strlen(j.call.body);
  j.call.query = "a=b&c=d";
  gc_api_call(api, &j.call);
  CHECK_INT(api_world.request_count, 0);
  replay_run(&api_world, 40);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK(j.had_reply);
  CHECK_STR(j.body, "{\"results\":[]}");
  CHECK_INT(j.begun, 1);
  const struct replay_request *q = replay_last(&api_world, OBSERVE);
  CHECK_STR(q->url, "https://api.example.test/api/v2/analytics/queues/"
                    "observations/query?a=b&c=d");
  CHECK_STR(q->body, "{\"filter\":1}");
  CHECK_HAS(q->headers, "Authorization: Bearer t\n");
  CHECK_HAS(q->headers, "Content-Type: application/json\n");
  CHECK_HAS(q->headers, "Accept: application/json\n");
  CHECK_INT(api_stats().requests[GC_ENDPOINT_QUEUE_OBSERVATIONS][GC_2XX], 1);
  CHECK_INT(api_stats().bytes, 14);
  CHECK_INT(api_stats().answers, 1);
  CHECK_INT(api_stats().elapsed_ms, 40);
  CHECK_INT(api_stats().queued, 0);
  api_end();
}

static void each_answer_counts_for_the_caller(void) {
  gc_request_count count = 0;
  struct job j;
  api_begin();
  api_answer(QUEUES, 1, 503);
  api_answer(QUEUES, 0, 200);
  api_prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.count = &count;
  gc_api_call(api, &j.call);
  replay_run(&api_world, 30000);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(count, 2);
  CHECK_INT(api_stats().minute_left, 298);
  api_end();
}

static void a_path_of_its_own_takes_the_place_of_the_endpoint_s(void) {
  struct job j;
  api_begin();
  api_answer("GET /api/v2/queues/stats", 1, 200);
  api_prepare(&j, GC_ENDPOINT_QUEUE_METRICS);
  j.call.path = "/api/v2/queues/stats";
  j.call.query = "queueIds=a";
  gc_api_call(api, &j.call);
  replay_settle(&api_world);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_STR(replay_last(&api_world, "GET")->line,
            "GET /api/v2/queues/stats?queueIds=a");
  CHECK_INT(api_stats().requests[GC_ENDPOINT_QUEUE_METRICS][GC_2XX], 1);
  api_end();
}

static void a_tail_stands_between_path_and_query(void) {
  struct job j;
  api_begin();
  replay_answer(&api_world,
                &(struct replay_answer){.match = "PUT ", .status = 404});
  api_prepare(&j, GC_ENDPOINT_SUBSCRIPTIONS_REPLACE);
  j.call.path_tail = "/streaming-1/subscriptions";
  j.call.query = "ignoreErrors=true";
  gc_api_call(api, &j.call);
  replay_run(&api_world, 1000);
  CHECK_STR(replay_last(&api_world, "PUT")->line,
            "PUT /api/v2/notifications/channels/streaming-1/subscriptions?"
            "ignoreErrors=true");
  CHECK_INT(j.err.code, GC_ERR_NOT_FOUND);
  CHECK_HAS(j.err.text, "subscriptions_replace");
  CHECK(strstr(j.err.text, "streaming-1") == NULL);
  api_end();
}

static void a_call_may_have_no_sink(void) {
  api_begin();
  api_answer(QUEUES, 0, 200);
  struct job j;
  api_prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.sink.write = NULL;
  gc_api_call(api, &j.call);
  replay_settle(&api_world);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK(strstr(replay_last(&api_world, QUEUES)->headers, "Content-Type") ==
        NULL);
  CHECK_STR(replay_last(&api_world, QUEUES)->line, QUEUES);
  api_end();
}

static void a_transport_that_does_not_start_ends_the_call(void) {
  api_begin();
  api_answer(QUEUES, REPLAY_ALWAYS, 200);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(a.err.code, GC_OK);
  api_world.refuses_to_start = true;
  api_call(&b, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(b.done, 1);
  CHECK_INT(b.err.code, GC_ERR_MEMORY);
  CHECK(!b.had_reply);
  api_end();
}

/* ---- the server's clock ---- */

/* Returns the Dates minus our clock, as the judge sees them. */
static int64_t date_gap_ms(void) {
  struct gc_clock_verdict clock;
  gc_api_judge_clock(api, &clock);
  return clock.gap_ms;
}

static void the_judge_sees_the_dates_of_the_answers(void) {
  static const struct {
    int64_t date_ms;
    int64_t gap_ms;
  } rows[] = {
      {0, 0},
      {REPLAY_START_WALL_MS, 0},
      {REPLAY_START_WALL_MS + 1000, 0}, /* whole seconds: noise */
      {REPLAY_START_WALL_MS - 1000, 0},
      {REPLAY_START_WALL_MS + 5000, 5000},
      {REPLAY_START_WALL_MS - 90000, -90000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    api_begin();
    replay_answer(&api_world,
                  &(struct replay_answer){.match = QUEUES,
                                          .status = 200,
                                          .date_ms = rows[i].date_ms});
    api_answer(QUEUES, 0, 200); /* without a date: the known time stays */
    struct job j;
    CHECK_INT(date_gap_ms(), 0);
    api_call(&j, GC_ENDPOINT_QUEUES);
    replay_settle(&api_world);
    api_call(&j, GC_ENDPOINT_QUEUES);
    replay_settle(&api_world);
    CHECK_INT(date_gap_ms(), rows[i].gap_ms);
    api_end();
  }
}

/* The steps come between two answers. */
static void a_step_of_our_clock_does_not_move_the_server_clock(void) {
  struct job j;
  api_begin();
  replay_answer(&api_world,
                &(struct replay_answer){.match = QUEUES,
                                        .status = 200,
                                        .date_ms = REPLAY_START_WALL_MS});
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  api_world.wall_ms += 3600000;
  replay_run(&api_world, 10000);
  CHECK_INT(date_gap_ms(), -3600000);
  api_world.wall_ms -= 3600000 + 7000;
  CHECK_INT(date_gap_ms(), 7000);
  api_end();
}

/* One answer every 20 s; our clock is right. */
static void a_date_that_is_alone_moves_no_clock(void) {
  enum { DAY = 86400000, EVERY_MS = 20000 };
  static const struct {
    const char *name;
    int64_t ahead_ms[5]; /* of the answers' Dates */
    int64_t gap_ms;
  } rows[] = {
      {"one node of many is ahead", {0, DAY, 0, DAY, DAY}, 0},
      {"one node of many is behind", {0, -DAY, 0, -DAY, -DAY}, 0},
      {"all are ahead: our clock is wrong", {DAY, DAY, DAY, DAY, DAY}, DAY},
      {"and corrected", {DAY, DAY, DAY, DAY, 0}, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct job j;
    CHECK_ROW(rows[i].name);
    api_begin();
    for (size_t k = 0; k < GC_COUNT(rows[i].ahead_ms); k++) {
      int64_t at_ms = REPLAY_START_WALL_MS + (int64_t)k * EVERY_MS;
      replay_answer(&api_world, &(struct replay_answer){
                                    .match = QUEUES,
                                    .status = 200,
                                    .date_ms = at_ms + rows[i].ahead_ms[k]});
      api_call(&j, GC_ENDPOINT_QUEUES);
      replay_run(&api_world, EVERY_MS);
    }
    CHECK_INT(date_gap_ms(), rows[i].gap_ms);
    api_end();
  }
}

static void answers_are_counted_by_class(void) {
  static const struct {
    struct replay_answer answer;
    enum gc_answer_class class;
    unsigned answers;
  } rows[] = {
      {{.status = 200}, GC_2XX, 1},
      {{.status = 301}, GC_3XX, 1},
      {{.status = 404}, GC_4XX, 1},
      {{.status = 501}, GC_5XX, 1},
      {{.failure = GC_FAILURE_TLS}, GC_NO_ANSWER, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    api_begin();
    struct replay_answer a = rows[i].answer;
    a.match = QUEUES;
    replay_answer(&api_world, &a);
    struct job j;
    api_call(&j, GC_ENDPOINT_QUEUES);
    replay_settle(&api_world);
    CHECK_INT(api_stats().requests[GC_ENDPOINT_QUEUES][rows[i].class], 1);
    CHECK_INT(api_stats().answers, rows[i].answers);
    api_end();
  }
}

static void no_text_contains_the_token(void) {
  api_begin();
  api_answer(QUEUES, 0, 404);
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK(strstr(j.err.text, "Bearer") == NULL);
  CHECK(strstr(j.err.text, "s3cr3t") == NULL);
  CHECK(j.call.authorization == NULL && j.call.url == NULL);
  api_end();
}

int main(void) {
  RUN(a_call_brings_its_answer_to_the_sink);
  RUN(each_answer_counts_for_the_caller);
  RUN(a_path_of_its_own_takes_the_place_of_the_endpoint_s);
  RUN(a_tail_stands_between_path_and_query);
  RUN(a_call_may_have_no_sink);
  RUN(a_transport_that_does_not_start_ends_the_call);
  RUN(the_judge_sees_the_dates_of_the_answers);
  RUN(a_step_of_our_clock_does_not_move_the_server_clock);
  RUN(a_date_that_is_alone_moves_no_clock);
  RUN(answers_are_counted_by_class);
  RUN(no_text_contains_the_token);
  return check_done();
}
