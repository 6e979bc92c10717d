/* SPDX-License-Identifier: MIT */
#include "common/net/api/api.h"

#include <stdlib.h>

#include "tests/support/api_bench.h"
#include "tests/support/check.h"

static void calls_go_out_in_the_order_they_were_made(void) {
  api_begin_with(300, 1);
  api_token();
  replay_answer(&api_world, &(struct replay_answer){.match = "GET",
                                                    .times = REPLAY_ALWAYS,
                                                    .status = 200,
                                                    .body = "{}",
                                                    .delay_ms = 10});
  static const enum gc_endpoint_id ids[] = {
      GC_ENDPOINT_USERS, GC_ENDPOINT_QUEUES, GC_ENDPOINT_PRESENCES};
  struct job jobs[9];
  for (int i = 0; i < 9; i++)
    api_call(&jobs[i], ids[i % 3]);
  CHECK_INT(api_stats().queued, 9);
  replay_run(&api_world, 1000);
  for (unsigned i = 0; i < 9; i++)
    CHECK_INT(jobs[i].order, i + 1);
  for (size_t i = 1; i < api_world.request_count; i++) /* 0 is the token's */
    CHECK(strstr(api_world.requests[i].line,
                 gc_endpoint(ids[(i - 1) % 3])->path) != NULL);
  api_end();
}

static void no_more_calls_than_the_limit_run_at_once(void) {
  for (uint32_t max = 1; max <= 5; max++) {
    api_begin_with(300, max);
    api_token();
    replay_answer(&api_world, &(struct replay_answer){.match = "GET",
                                                      .times = REPLAY_ALWAYS,
                                                      .status = 200,
                                                      .body = "{}",
                                                      .delay_ms = 100});
    struct job jobs[20];
    for (int i = 0; i < 20; i++)
      api_call(&jobs[i], GC_ENDPOINT_QUEUES);
    replay_run(&api_world, 100);
    CHECK_INT(api_world.in_flight, max);
    CHECK_INT(api_stats().queued, 20 - 2 * max);
    replay_run(&api_world, 5000);
    CHECK_INT(api_done_count, 20);
    CHECK_INT(api_world.max_in_flight, max);
    api_end();
  }
}

/* ---- background calls ---- */

static void background_calls_share_a_rate_and_leave_a_connection(void) {
  struct job jobs[8], live;
  api_begin_with(300, 4);
  api_token();
  replay_answer(&api_world, &(struct replay_answer){.match = "GET",
                                                    .times = REPLAY_ALWAYS,
                                                    .status = 200,
                                                    .body = "{}",
                                                    .delay_ms = 60000});
  for (int i = 0; i < 8; i++) {
    api_prepare(&jobs[i], GC_ENDPOINT_QUEUES);
    jobs[i].call.is_background = true;
    gc_api_call(api, &jobs[i].call);
  }
  replay_run(&api_world, 500);
  CHECK_INT(api_world.in_flight, 1);
  replay_run(&api_world, 5000);
  CHECK_INT(api_world.in_flight, 3); /* of four */
  api_call(&live, GC_ENDPOINT_USERS);
  replay_run(&api_world, 10);
  CHECK_INT(api_world.in_flight, 4);
  replay_run(&api_world, 300000);
  CHECK_INT(api_done_count, 9);
  api_end();
}

/* Two accounts of one client have back-fill after an outage. A quarter of 300
 * requests a minute is 75, and each account repeats its call after each answer.
 */
static void background_calls_of_all_accounts_of_a_client_share_a_rate(void) {
  const struct gc_api_settings settings = {
      .base_url = "https://other.example.test", .max_concurrent = 4};
  struct job jobs[2], live;
  unsigned counts[2] = {0};
  api_begin_with(300, 4);
  api_token();
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct gc_shared_budget *budget =
      gc_shared_budget_get("client", 300, api_world.now_ms);
  struct gc_api *const apis[] = {
      api, gc_api_new(&settings, &api_world.env, api_auth, budget)};
  api_call(&live, GC_ENDPOINT_USERS); /* requests the token */
  replay_run(&api_world, 1000);
  for (int i = 0; i < 2; i++) {
    api_prepare(&jobs[i], GC_ENDPOINT_QUEUES);
    jobs[i].call.is_background = true;
    gc_api_call(apis[i], &jobs[i].call);
  }
  for (uint32_t ms = 0; ms < 60000; ms += 10) {
    replay_run(&api_world, 10);
    for (int i = 0; i < 2; i++) {
      if (jobs[i].done == 0)
        continue;
      counts[i]++;
      jobs[i].done = 0;
      gc_api_call(apis[i], &jobs[i].call);
    }
  }
  CHECK(counts[0] + counts[1] >= 70 && counts[0] + counts[1] <= 76);
  CHECK(counts[0] >= 20 && counts[1] >= 20);
  api_call(&live, GC_ENDPOINT_USERS);
  replay_run(&api_world, 10);
  CHECK_INT(live.done, 1);
  gc_api_free(apis[1]);
  gc_shared_budget_put(budget);
  api_end();
}

static void a_background_call_has_the_only_connection(void) {
  struct job job;
  api_begin_with(300, 1);
  api_token();
  api_answer(QUEUES, 0, 200);
  api_prepare(&job, GC_ENDPOINT_QUEUES);
  job.call.is_background = true;
  gc_api_call(api, &job.call);
  replay_run(&api_world, 100);
  CHECK_INT(job.done, 1);
  api_end();
}

/* ---- the budget ---- */

static void the_budget_paces_for_hours(void) {
  enum { PER_MINUTE = 60, HOURS = 3 };
  api_begin_with(PER_MINUTE, 4);
  api_token();
  replay_answer(&api_world, &(struct replay_answer){.match = "GET",
                                                    .times = REPLAY_ALWAYS,
                                                    .status = 200,
                                                    .body = "{}",
                                                    .delay_ms = 150});
  struct job jobs[8];
  for (int i = 0; i < 8; i++)
    api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  for (int s = 0; s < HOURS * 3600 * 2; s++) { /* the queue is never empty */
    replay_run(&api_world, 500);
    for (int i = 0; i < 8; i++)
      if (jobs[i].done > 0)
        api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  }
  size_t calls = replay_count(&api_world, "GET");
  /* The budget allows exactly six at the start and 54 in each minute. */
  CHECK_INT(calls, 6 + 54 * 60 * HOURS);
  for (size_t from = 0, to = 0; from < api_world.request_count; from++) {
    while (to < api_world.request_count &&
           api_world.requests[to].at_ms <=
               api_world.requests[from].at_ms + 60000)
      to++;
    CHECK(to - from <= PER_MINUTE + 1); /* one more: the token's request */
  }
  CHECK_INT(replay_count(&api_world, "POST /oauth/token"), 1);
  /* The queue waits for the budget and does not check it each millisecond. */
  CHECK(api_world.timers.turns < 10 * api_world.request_count);
  api_end();
}

static void the_rest_of_the_budget_is_reported(void) {
  api_begin_with(100, 4);
  api_token();
  api_answer("GET", REPLAY_ALWAYS, 200);
  CHECK_INT(api_stats().budget_left, 10);
  struct job jobs[3];
  for (int i = 0; i < 3; i++)
    api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(api_stats().budget_left, 7);
  api_end();
}

/* ---- cancel, free, again ---- */

static void a_queued_call_can_be_cancelled(void) {
  api_begin_with(300, 1);
  api_token();
  replay_answer(&api_world, &(struct replay_answer){.match = "GET",
                                                    .times = REPLAY_ALWAYS,
                                                    .status = 200,
                                                    .body = "{}",
                                                    .delay_ms = 10});
  struct job jobs[4];
  for (int i = 0; i < 4; i++)
    api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  gc_api_cancel(api, &jobs[2].call);
  gc_api_cancel(api, &jobs[2].call);
  CHECK_INT(api_stats().queued, 2);
  replay_run(&api_world, 1000);
  CHECK_INT(jobs[2].done, 0);
  CHECK_INT(jobs[3].done, 1);
  CHECK_INT(api_done_count, 3);
  gc_api_cancel(api, &jobs[3].call);
  CHECK_INT(replay_count(&api_world, "GET"), 3);
  api_end();
}

static void a_running_call_can_be_cancelled_and_makes_room(void) {
  api_begin_with(300, 1);
  api_token();
  replay_answer(&api_world,
                &(struct replay_answer){.match = QUEUES, .is_silent = true});
  api_answer(USERS, REPLAY_ALWAYS, 200);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_USERS);
  replay_run(&api_world, 1000);
  CHECK_INT(api_world.in_flight, 1);
  gc_api_cancel(api, &a.call);
  replay_settle(&api_world);
  CHECK(replay_last(&api_world, QUEUES)->is_cancelled);
  CHECK_INT(a.done, 0);
  CHECK_INT(b.done, 1);
  api_end();
}

static void a_call_that_waits_to_be_repeated_can_be_cancelled(void) {
  api_begin();
  api_answer(QUEUES, 1, 503);
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  gc_api_cancel(api, &j.call);
  replay_run(&api_world, 60000);
  CHECK_INT(j.done, 0);
  CHECK_INT(replay_count(&api_world, QUEUES), 1);
  api_end();
}

static void gc_api_may_be_freed_with_calls_running_and_waiting(void) {
  api_begin_with(300, 2);
  api_token();
  replay_answer(&api_world, &(struct replay_answer){.match = "GET",
                                                    .times = REPLAY_ALWAYS,
                                                    .is_silent = true});
  struct job jobs[5];
  for (int i = 0; i < 5; i++)
    api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 1000);
  CHECK_INT(api_world.in_flight, 2);
  api_end();
  CHECK_INT(api_done_count, 0);
  gc_api_free(NULL);
}

static unsigned rounds;

static void on_done_again(struct gc_call *c, const struct gc_reply *reply,
                          const struct gc_err *err) {
  (void)reply;
  (void)err;
  if (--rounds > 0)
    gc_api_call(api, c);
}

static void a_call_may_be_made_again_inside_done(void) {
  api_begin();
  api_answer(QUEUES, REPLAY_ALWAYS, 200);
  struct job j;
  api_prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.done = on_done_again;
  rounds = 10;
  gc_api_call(api, &j.call);
  replay_settle(&api_world);
  CHECK_INT(rounds, 0);
  CHECK_INT(replay_count(&api_world, QUEUES), 10);
  api_end();

  /* Without a token calls end at once: each ends in its own turn of the loop.
   */
  api_begin_with(300, 4);
  replay_answer(&api_world,
                &(struct replay_answer){.match = "POST /oauth/token",
                                        .times = REPLAY_ALWAYS,
                                        .status = 401});
  api_prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.done = on_done_again;
  rounds = 10;
  gc_api_call(api, &j.call);
  for (unsigned before = rounds; rounds > 0; before = rounds) {
    gc_timers_run(&api_world.timers, api_world.now_ms);
    CHECK(rounds + 1 >= before);
    if (api_world.timers.count == 0)
      break;
  }
  CHECK_INT(rounds, 0);
  api_end();
}

static void on_done_free(struct gc_call *c, const struct gc_reply *reply,
                         const struct gc_err *err) {
  (void)reply;
  (void)err;
  api_done_count++;
  free(c);
}

static void a_call_may_be_freed_inside_done(void) {
  static const int statuses[] = {200, 404, 501, 401};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    api_begin();
    api_answer(QUEUES, REPLAY_ALWAYS, statuses[i]);
    struct gc_call *c = calloc(1, sizeof(*c));
    *c = (struct gc_call){
        .endpoint = GC_ENDPOINT_QUEUES, .body_max = 100, .done = on_done_free};
    gc_api_call(api, c);
    replay_settle(&api_world);
    CHECK_INT(api_done_count, 1);
    api_end();
  }
}

int main(void) {
  RUN(calls_go_out_in_the_order_they_were_made);
  RUN(no_more_calls_than_the_limit_run_at_once);
  RUN(background_calls_share_a_rate_and_leave_a_connection);
  RUN(background_calls_of_all_accounts_of_a_client_share_a_rate);
  RUN(a_background_call_has_the_only_connection);
  RUN(the_budget_paces_for_hours);
  RUN(the_rest_of_the_budget_is_reported);
  RUN(a_queued_call_can_be_cancelled);
  RUN(a_running_call_can_be_cancelled_and_makes_room);
  RUN(a_call_that_waits_to_be_repeated_can_be_cancelled);
  RUN(gc_api_may_be_freed_with_calls_running_and_waiting);
  RUN(a_call_may_be_made_again_inside_done);
  RUN(a_call_may_be_freed_inside_done);
  return check_done();
}
