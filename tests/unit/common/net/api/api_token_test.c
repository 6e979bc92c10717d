/* SPDX-License-Identifier: MIT */
#include "common/net/api/api.h"

#include "tests/support/api_bench.h"
#include "tests/support/check.h"

static void calls_before_there_is_a_token_wait(void) {
  api_begin_with(300, 4);
  replay_answer(&api_world,
                &(struct replay_answer){.match = "POST /oauth/token",
                                        .status = 200,
                                        .body = API_TOKEN,
                                        .delay_ms = 3000});
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_USERS);
  replay_run(&api_world, 2999);
  CHECK_INT(a.done + b.done, 0);
  CHECK_INT(api_world.request_count, 1);
  replay_run(&api_world, 1);
  replay_settle(&api_world);
  CHECK_INT(a.err.code, GC_OK);
  CHECK_INT(b.err.code, GC_OK);
  CHECK_INT(a.done + b.done, 2);
  api_end();
}

static void calls_without_a_token_end_unavailable(void) {
  api_begin_with(300, 4);
  replay_answer(&api_world,
                &(struct replay_answer){.match = "POST /oauth/token",
                                        .times = REPLAY_ALWAYS,
                                        .status = 401,
                                        .body = "{}"});
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(a.done, 1);
  CHECK_INT(a.err.code, GC_ERR_UNAVAILABLE);
  CHECK(!a.had_reply);
  api_call(&b, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(b.err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(replay_count(&api_world, "GET"), 0);
  CHECK_INT(replay_noticed(&api_world, "api", GC_ERR_UNAVAILABLE), 0);
  api_end();
}

static void a_401_renews_the_token_and_repeats_the_call(void) {
  api_begin();
  api_answer(QUEUES, 0, 401);
  api_answer(QUEUES, 0, 200);
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(replay_count(&api_world, QUEUES), 2);
  CHECK_INT(replay_count(&api_world, "POST /oauth/token"), 2);
  api_end();
}

static void a_401_that_stays_is_an_error(void) {
  api_begin();
  api_answer("GET", REPLAY_ALWAYS, 401);
  struct job j, k;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_ERR_AUTH);
  CHECK_HAS(j.err.text, CORRELATION);
  CHECK_INT(replay_count(&api_world, QUEUES), 2);
  CHECK_INT(replay_count(&api_world, "POST /oauth/token"), 2);
  api_call(&k, GC_ENDPOINT_USERS); /* no second renewal within a minute */
  replay_settle(&api_world);
  CHECK_INT(k.err.code, GC_ERR_AUTH);
  CHECK_INT(replay_count(&api_world, USERS), 1);
  CHECK_INT(replay_count(&api_world, "POST /oauth/token"), 2);
  api_end();
}

/* The call is not repeated again even if the renewal took so long that another
 * one would be due. */
static void a_call_is_repeated_once_after_a_401(void) {
  api_begin_with(300, 4);
  replay_answer(&api_world,
                &(struct replay_answer){.match = "POST /oauth/token",
                                        .times = REPLAY_ALWAYS,
                                        .status = 200,
                                        .body = API_TOKEN,
                                        .delay_ms = 61000});
  api_answer(QUEUES, REPLAY_ALWAYS, 401);
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 600000);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_ERR_AUTH);
  CHECK_INT(replay_count(&api_world, QUEUES), 2);
  api_end();
}

static void four_calls_that_get_401_at_once_cause_one_renewal(void) {
  api_begin();
  replay_answer(&api_world,
                &(struct replay_answer){
                    .match = "GET", .times = 4, .status = 401, .delay_ms = 50});
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job jobs[4];
  for (int i = 0; i < 4; i++)
    api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 1000);
  for (int i = 0; i < 4; i++)
    CHECK_INT(jobs[i].err.code, GC_OK);
  CHECK_INT(api_done_count, 4);
  CHECK_INT(replay_count(&api_world, "POST /oauth/token"), 2);
  CHECK_INT(replay_count(&api_world, "GET"), 8);
  api_end();
}

static void a_401_while_the_token_cannot_be_had_ends_unavailable(void) {
  api_begin_with(300, 4);
  replay_answer(&api_world,
                &(struct replay_answer){.match = "POST /oauth/token",
                                        .status = 200,
                                        .body = API_TOKEN});
  replay_answer(&api_world,
                &(struct replay_answer){.match = "POST /oauth/token",
                                        .times = REPLAY_ALWAYS,
                                        .failure = GC_FAILURE_CONNECT});
  replay_answer(
      &api_world,
      &(struct replay_answer){.match = QUEUES, .status = 401, .delay_ms = 10});
  replay_answer(&api_world, &(struct replay_answer){
                                .match = USERS, .status = 401, .delay_ms = 50});
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_USERS);
  replay_run(&api_world, 100);
  CHECK_INT(a.err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(b.err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(replay_noticed(&api_world, "api", GC_ERR_AUTH), 0);
  api_end();
}

/* A real clock moves between two readings of it. */
static void a_token_that_ends_this_very_moment_is_not_sent(void) {
  for (uint64_t wait_ms = 990; wait_ms < 1000; wait_ms++) {
    api_begin_with(300, 4);
    replay_answer(&api_world,
                  &(struct replay_answer){.match = "POST /oauth/token",
                                          .status = 200,
                                          .body = "{\"access_token\":\"t\","
                                                  "\"expires_in\":1}"});
    replay_answer(&api_world,
                  &(struct replay_answer){.match = "POST /oauth/token",
                                          .times = REPLAY_ALWAYS,
                                          .is_silent = true});
    api_answer(QUEUES, REPLAY_ALWAYS, 200);
    struct job a, b;
    api_call(&a, GC_ENDPOINT_QUEUES);
    replay_settle(&api_world);
    CHECK_INT(a.done, 1);
    uint64_t got_ms = api_world.requests[0].at_ms;
    replay_run(&api_world, got_ms + wait_ms - api_world.now_ms);
    api_world.creep_ms = 1;
    api_call(&b, GC_ENDPOINT_QUEUES);
    replay_run(&api_world, 50);
    api_world.creep_ms = 0;
    replay_run(&api_world, 1000);
    for (size_t i = 0; i < api_world.request_count; i++)
      CHECK(strstr(api_world.requests[i].headers, "null") == NULL);
    api_end();
  }
}

int main(void) {
  RUN(calls_before_there_is_a_token_wait);
  RUN(calls_without_a_token_end_unavailable);
  RUN(a_401_renews_the_token_and_repeats_the_call);
  RUN(a_401_that_stays_is_an_error);
  RUN(a_call_is_repeated_once_after_a_401);
  RUN(four_calls_that_get_401_at_once_cause_one_renewal);
  RUN(a_401_while_the_token_cannot_be_had_ends_unavailable);
  RUN(a_token_that_ends_this_very_moment_is_not_sent);
  return check_done();
}
