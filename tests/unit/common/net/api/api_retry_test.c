/* SPDX-License-Identifier: MIT */
#include "common/net/api/api.h"

#include "tests/support/api_bench.h"
#include "tests/support/check.h"

/* ---- permanent failures ---- */

static void a_403_names_the_permission_and_the_correlation_id(void) {
  api_begin();
  replay_answer(
      &api_world,
      &(struct replay_answer){
          .match = "POST /api",
          .status = 403,
          .body = "{\"message\":\"Unable to perform the requested action. You "
                  "are missing the following permission(s): [analytics:"
                  "queueObservation:view] and whatever else the platform has "
                  "to say about divisions and so on and so on and so "
                  "on\",\"code\":\"missing.any.permissions\",\"status\":403}",
          .correlation = CORRELATION});
  struct job j;
  api_call(&j, GC_ENDPOINT_CONVERSATION_ACTIVITY);
  replay_settle(&api_world);
  CHECK_INT(j.err.code, GC_ERR_PERMISSION);
  CHECK_HAS(j.err.text, "conversation_activity");
  CHECK_HAS(j.err.text, "missing.any.permissions");
  CHECK_HAS(j.err.text, "permission analytics:queueObservation:view");
  CHECK_HAS(j.err.text, "role");
  CHECK_HAS(j.err.text, CORRELATION);
  CHECK_INT(api_world.request_count, 2);
  CHECK_INT(replay_noticed(&api_world, "api", GC_ERR_PERMISSION), 0);
  api_end();
}

static void a_403_in_html_is_not_about_permissions(void) {
  api_begin();
  replay_answer(&api_world,
                &(struct replay_answer){.match = "POST /api",
                                        .status = 403,
                                        .body = "\r\n <!DOCTYPE html><html>"});
  struct job j;
  api_call(&j, GC_ENDPOINT_CONVERSATION_ACTIVITY);
  replay_settle(&api_world);
  CHECK_HAS(j.err.text, "answered 403");
  CHECK_HAS(j.err.text, "a proxy, firewall or CDN");
  CHECK_THAT(strstr(j.err.text, "permission") == NULL, "%s", j.err.text);
  CHECK_THAT(strstr(j.err.text, "role") == NULL, "%s", j.err.text);
  api_end();
}

static void the_body_names_request_and_cause(void) {
  api_begin();
  replay_answer(&api_world,
                &(struct replay_answer){
                    .match = QUEUES,
                    .status = 400,
                    .body =
                        "{\"message\":\"Bad Request\",\"code\":\"bad.request\","
                        "\"contextId\":\"5dfc-77\",\"errors\":[{\"message\":"
                        "\"metric nOfered is unknown\"}]}"});
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_HAS(j.err.text, "metric nOfered is unknown");
  CHECK_HAS(j.err.text, "correlation id 5dfc-77");
  api_end();
}

static void permanent_failures_are_not_repeated(void) {
  static const struct {
    const char *row;
    struct replay_answer answer;
    enum gc_code code;
  } rows[] = {
      {"301", {.status = 301}, GC_ERR_REQUEST},
      {"400", {.status = 400}, GC_ERR_REQUEST},
      {"404", {.status = 404}, GC_ERR_NOT_FOUND},
      {"413", {.status = 413}, GC_ERR_REQUEST},
      {"501", {.status = 501}, GC_ERR_REMOTE},
      {"tls", {.failure = GC_FAILURE_TLS}, GC_ERR_TLS},
      {"proxy", {.failure = GC_FAILURE_PROXY}, GC_ERR_NETWORK},
      {"local", {.failure = GC_FAILURE_LOCAL}, GC_ERR_CONFIG},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    api_begin();
    struct replay_answer a = rows[i].answer;
    a.match = QUEUES;
    a.correlation = CORRELATION;
    replay_answer(&api_world, &a);
    struct job j;
    api_call(&j, GC_ENDPOINT_QUEUES);
    replay_run(&api_world, 60000);
    CHECK_INT(j.done, 1);
    CHECK_INT(j.err.code, rows[i].code);
    CHECK_HAS(j.err.text, "queues: ");
    CHECK_HAS(j.err.text, CORRELATION);
    CHECK_INT(replay_count(&api_world, QUEUES), 1);
    api_end();
  }
}

static void an_answer_the_sink_refuses_is_given_up(void) {
  static const enum gc_code codes[] = {GC_ERR_PARSE, GC_ERR_LIMIT,
                                       GC_ERR_MEMORY};
  for (size_t i = 0; i < GC_COUNT(codes); i++) {
    api_begin();
    api_answer(QUEUES, 0, 200);
    struct job j;
    api_prepare(&j, GC_ENDPOINT_QUEUES);
    j.sink_fails = codes[i];
    gc_api_call(api, &j.call);
    replay_run(&api_world, 60000);
    CHECK_INT(j.done, 1);
    CHECK_INT(j.err.code, codes[i]);
    CHECK_HAS(j.err.text, "queues: byte 0: not JSON");
    CHECK_HAS(j.err.text, CORRELATION);
    CHECK_INT(replay_count(&api_world, QUEUES), 1);
    api_end();
  }
}

static void an_answer_that_is_too_large_is_given_up(void) {
  api_begin();
  api_answer(QUEUES, 0, 200);
  struct job j;
  api_prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.body_max = 1;
  gc_api_call(api, &j.call);
  replay_run(&api_world, 60000);
  CHECK_INT(j.err.code, GC_ERR_LIMIT);
  CHECK_INT(replay_count(&api_world, QUEUES), 1);
  api_end();
}

/* ---- repeated ---- */

static void temporary_failures_are_tried_three_times(void) {
  static const struct {
    const char *row;
    struct replay_answer answer;
    enum gc_code code;
  } rows[] = {
      {"500", {.status = 500}, GC_ERR_REMOTE},
      {"502", {.status = 502}, GC_ERR_REMOTE},
      {"503", {.status = 503}, GC_ERR_REMOTE},
      {"408", {.status = 408}, GC_ERR_TIMEOUT},
      {"resolve", {.failure = GC_FAILURE_RESOLVE}, GC_ERR_NETWORK},
      {"connect", {.failure = GC_FAILURE_CONNECT}, GC_ERR_NETWORK},
      {"timeout", {.failure = GC_FAILURE_TIMEOUT}, GC_ERR_TIMEOUT},
      {"broken", {.failure = GC_FAILURE_BROKEN}, GC_ERR_NETWORK},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    api_begin();
    struct replay_answer a = rows[i].answer;
    a.match = QUEUES;
    a.times = REPLAY_ALWAYS;
    a.correlation = CORRELATION;
    replay_answer(&api_world, &a);
    struct job j;
    api_call(&j, GC_ENDPOINT_QUEUES);
    replay_run(&api_world, 60000);
    CHECK_INT(j.done, 1);
    CHECK_INT(j.err.code, rows[i].code);
    CHECK_HAS(j.err.text, CORRELATION);
    CHECK_INT(replay_count(&api_world, QUEUES), 3);
    /* The longest waits are 0.5 and 1 s. */
    CHECK_INT(api_world.requests[2].at_ms - api_world.requests[1].at_ms, 500);
    CHECK_INT(api_world.requests[3].at_ms - api_world.requests[2].at_ms, 1000);
    api_end();
  }
}

static void the_third_attempt_may_succeed(void) {
  api_begin();
  api_answer(QUEUES, 2, 503);
  api_answer(QUEUES, 0, 200);
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 60000);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(replay_noticed(&api_world, "api", GC_ERR_REMOTE), 0);
  api_end();
}

static void a_truncated_answer_restarts_the_sink(void) {
  api_begin();
  replay_answer(&api_world,
                &(struct replay_answer){.match = QUEUES,
                                        .status = 200,
                                        .body = "{\"entities\":[{\"id\"",
                                        .chunk = 4,
                                        .failure = GC_FAILURE_BROKEN});
  replay_answer(&api_world, &(struct replay_answer){.match = QUEUES,
                                                    .status = 200,
                                                    .body = "{\"whole\"}",
                                                    .chunk = 2});
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 60000);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(j.begun, 2);
  CHECK_STR(j.body, "{\"whole\"}");
  api_end();
}

static void other_calls_go_on_while_one_backs_off(void) {
  api_begin_with(300, 1);
  api_token();
  api_answer(QUEUES, 1, 503);
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(b.done, 1);
  CHECK_INT(a.done, 0);
  replay_run(&api_world, 500);
  CHECK_INT(a.done, 1);
  api_end();
}

/* The wait is the Retry-After of the server and a millisecond. If the
 * Retry-After is above GC_THROTTLE_ACCOUNT_MAX_S, the call fails and the next
 * poll repeats the call. */
static void a_5xx_with_retry_after_is_not_repeated_sooner(void) {
  static const uint32_t retry_after_s[] = {1, 8, 9, 120, 180};
  for (size_t i = 0; i < GC_COUNT(retry_after_s); i++) {
    api_begin();
    replay_answer(&api_world,
                  &(struct replay_answer){.match = QUEUES,
                                          .status = 503,
                                          .has_retry_after = true,
                                          .retry_after_s = retry_after_s[i]});
    api_answer(QUEUES, 0, 200);
    struct job j;
    api_call(&j, GC_ENDPOINT_QUEUES);
    replay_run(&api_world, retry_after_s[i] * 1000);
    CHECK_INT(replay_count(&api_world, QUEUES), 1);
    replay_run(&api_world, 1);
    replay_settle(&api_world);
    CHECK_INT(j.err.code, GC_OK);
    CHECK_INT(replay_count(&api_world, QUEUES), 2);
    api_end();
  }
  api_begin();
  replay_answer(&api_world, &(struct replay_answer){.match = QUEUES,
                                                    .status = 503,
                                                    .has_retry_after = true,
                                                    .retry_after_s = 3600});
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_ERR_REMOTE);
  api_end();
}

/* The guide dialect checks scopes; no role has them. */
static void a_403_of_the_guide_dialect_names_the_scope(void) {
  api_begin();
  replay_answer(&api_world, &(struct replay_answer){.match = "GET /api/v2/qu",
                                                    .status = 403,
                                                    .body = "{}"});
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUE_METRICS);
  replay_settle(&api_world);
  CHECK_INT(j.err.code, GC_ERR_PERMISSION);
  CHECK_HAS(j.err.text, "needs the scope analytics:realtime:read; give it to "
                        "the OAuth client");
  CHECK(strstr(j.err.text, "role") == NULL);
  api_end();
}

int main(void) {
  RUN(a_403_of_the_guide_dialect_names_the_scope);
  RUN(a_403_names_the_permission_and_the_correlation_id);
  RUN(a_403_in_html_is_not_about_permissions);
  RUN(the_body_names_request_and_cause);
  RUN(permanent_failures_are_not_repeated);
  RUN(an_answer_the_sink_refuses_is_given_up);
  RUN(an_answer_that_is_too_large_is_given_up);
  RUN(temporary_failures_are_tried_three_times);
  RUN(the_third_attempt_may_succeed);
  RUN(a_truncated_answer_restarts_the_sink);
  RUN(other_calls_go_on_while_one_backs_off);
  RUN(a_5xx_with_retry_after_is_not_repeated_sooner);
  return check_done();
}
