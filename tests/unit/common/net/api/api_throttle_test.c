/* SPDX-License-Identifier: MIT */
#include "common/net/api/api.h"

#include "tests/support/api_bench.h"
#include "tests/support/check.h"

static void a_429_pauses_the_account_for_its_retry_after(void) {
  static const uint32_t retry_after_s[] = {1, 42, 180};
  for (size_t i = 0; i < GC_COUNT(retry_after_s); i++) {
    api_begin();
    api_throttled(QUEUES, retry_after_s[i]);
    api_answer("GET", REPLAY_ALWAYS, 200);
    struct job a, b;
    api_call(&a, GC_ENDPOINT_QUEUES);
    replay_settle(&api_world);
    api_call(&b, GC_ENDPOINT_USERS);
    size_t before = api_world.request_count;
    CHECK(gc_auth_reject(api_auth, 1)); /* a new token is due at once */
    replay_run(&api_world, retry_after_s[i] * 1000);
    CHECK_INT(api_world.request_count, before);
    CHECK_INT(a.done + b.done, 0);
    replay_run(&api_world, 1);
    replay_settle(&api_world);
    CHECK_INT(a.err.code, GC_OK);
    CHECK_INT(b.err.code, GC_OK);
    CHECK_INT(a.order, 1); /* still the first */
    CHECK_INT(replay_count(&api_world, QUEUES), 2);
    CHECK_INT(api_stats().throttled, 1);
    CHECK_INT(replay_noticed(&api_world, "throttle", GC_ERR_THROTTLED), 1);
    CHECK_HAS(api_world.notices[1].err.text, CORRELATION);
    CHECK_INT(replay_noticed(&api_world, "throttle", GC_OK), 1);
    api_end();
  }
}

static void a_throttled_call_keeps_its_place(void) {
  api_begin_with(300, 1);
  api_token();
  api_throttled(QUEUES, 5);
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_USERS);
  replay_run(&api_world, 10000);
  CHECK_INT(a.order, 1);
  CHECK_INT(b.order, 2);
  api_end();
}

/* The function waits, as published guides do; the others go on meanwhile. */
static void a_429_without_a_time_pauses_its_function(void) {
  api_begin();
  for (int i = 0; i < 6; i++)
    api_throttled(QUEUES, 0);
  api_answer(QUEUES, REPLAY_ALWAYS, 200);
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job j, k, other;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 20000);
  CHECK_INT(j.done, 0);
  api_call(&other, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(other.err.code, GC_OK);
  CHECK_INT(other.done, 1);
  CHECK_INT(api_stats().paused_ms, 0);
  CHECK(api_stats().suspended_ms > 0);
  replay_run(&api_world, 300000);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  static const uint64_t waits_ms[] = {1000, 2000, 4000, 8000, 16000, 16000};
  uint64_t before_ms = 0;
  size_t found = 0;
  for (size_t i = 0; i < api_world.request_count; i++) {
    if (strstr(api_world.requests[i].url, "/routing/queues") == NULL)
      continue;
    if (found > 0)
      CHECK_INT(api_world.requests[i].at_ms - before_ms, waits_ms[found - 1]);
    before_ms = api_world.requests[i].at_ms;
    found++;
  }
  CHECK_INT(found, 7);
  /* After a success the next wait is short again. */
  replay_forget_answers(&api_world);
  api_throttled(QUEUES, 0);
  api_answer(QUEUES, REPLAY_ALWAYS, 200);
  api_call(&k, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 1000);
  replay_settle(&api_world);
  CHECK_INT(k.done, 1);
  api_end();
}

static void two_functions_without_a_time_pause_the_account(void) {
  api_begin();
  api_throttled(QUEUES, 0);
  api_throttled("GET", 0);
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK(api_stats().paused_ms > 0);
  CHECK_HAS(replay_last_notice(&api_world, "throttle")->text,
            "no request of this account");
  replay_run(&api_world, 10000);
  CHECK_INT(a.done + b.done, 2);
  api_end();
}

/* Four calls were sent together: the later answers do not shorten the wait of
 * the first one, and do not count as consecutive failures. */
static void a_burst_of_429_is_one_pause(void) {
  api_begin();
  api_throttled(QUEUES, 60);
  api_throttled(QUEUES, 5);
  api_throttled(QUEUES, 0);
  api_throttled(QUEUES, 30);
  api_answer(QUEUES, REPLAY_ALWAYS, 200);
  struct job jobs[4];
  for (int i = 0; i < 4; i++)
    api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 60000);
  CHECK_INT(replay_count(&api_world, QUEUES), 4);
  replay_run(&api_world, 1);
  replay_settle(&api_world);
  CHECK_INT(replay_count(&api_world, QUEUES), 8);
  CHECK_INT(api_done_count, 4);
  api_end();

  api_begin();
  for (int i = 0; i < 4; i++)
    api_throttled(QUEUES, 0);
  api_answer(QUEUES, REPLAY_ALWAYS, 200);
  for (int i = 0; i < 4; i++)
    api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 3000);
  replay_settle(&api_world);
  CHECK_INT(api_done_count, 4);
  api_end();
}

static void a_call_may_limit_its_429_waits(void) {
  api_begin();
  for (int i = 0; i < 3; i++)
    api_throttled(QUEUES, 1);
  api_answer(QUEUES, REPLAY_ALWAYS, 200);
  struct job tired, patient;
  api_prepare(&tired, GC_ENDPOINT_QUEUES);
  tired.call.waits_max = 2;
  gc_api_call(api, &tired.call);
  replay_run(&api_world, 10000);
  CHECK_INT(tired.done, 1);
  CHECK_INT(tired.err.code, GC_ERR_THROTTLED);
  CHECK_INT(replay_count(&api_world, QUEUES), 3);
  /* The account waits nevertheless. */
  replay_forget_answers(&api_world);
  for (int i = 0; i < 2; i++)
    api_throttled(QUEUES, 1);
  api_answer(QUEUES, REPLAY_ALWAYS, 200);
  api_prepare(&patient, GC_ENDPOINT_QUEUES);
  patient.call.waits_max = 2;
  gc_api_call(api, &patient.call);
  replay_run(&api_world, 10000);
  CHECK_INT(patient.err.code, GC_OK);
  CHECK_INT(replay_count(&api_world, QUEUES), 6);
  api_end();
}

static void waiting_costs_none_of_the_three_tries(void) {
  api_begin();
  api_throttled(QUEUES, 1);
  api_throttled(QUEUES, 1);
  api_throttled(QUEUES, 1);
  api_answer(QUEUES, 0, 401);
  api_answer(QUEUES, 2, 503);
  api_answer(QUEUES, 0, 200);
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 60000);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(replay_count(&api_world, QUEUES), 7);
  api_end();
}

static void a_daily_quota_suspends_that_function_alone(void) {
  api_begin();
  api_throttled(QUEUES, 3600);
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b, c, d;
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(a.done, 1);
  CHECK_INT(a.err.code, GC_ERR_THROTTLED);
  CHECK_HAS(a.err.text, "3600 s");
  CHECK_INT(b.err.code, GC_OK);
  CHECK_INT(b.done, 1);
  /* The cause lasts while a function is suspended, even if other calls
   * succeed. */
  CHECK_INT(replay_last_notice(&api_world, "throttle")->code, GC_ERR_THROTTLED);
  replay_run(&api_world, 3599000);
  api_call(&c, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(c.err.code, GC_ERR_THROTTLED);
  CHECK(!c.had_reply);
  CHECK_INT(replay_count(&api_world, QUEUES), 1);
  replay_run(&api_world, 1001);
  api_call(&d, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(d.err.code, GC_OK);
  CHECK_INT(replay_last_notice(&api_world, "throttle")->code, GC_OK);
  api_end();
}

static void the_longest_suspension_is_a_day(void) {
  api_begin();
  api_throttled(QUEUES, UINT32_MAX);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  replay_run(&api_world, 1000ull * 86399);
  replay_settle(&api_world);
  api_call(&b, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(b.err.code, GC_ERR_THROTTLED);
  CHECK_INT(replay_count(&api_world, QUEUES), 1);
  /* The cause is reported again; the log limits it to a reminder every ten
   * minutes. */
  CHECK_HAS(replay_last_notice(&api_world, "throttle")->text, "suspended for");
  api_end();
}

int main(void) {
  RUN(a_429_pauses_the_account_for_its_retry_after);
  RUN(a_throttled_call_keeps_its_place);
  RUN(a_429_without_a_time_pauses_its_function);
  RUN(two_functions_without_a_time_pause_the_account);
  RUN(a_burst_of_429_is_one_pause);
  RUN(a_call_may_limit_its_429_waits);
  RUN(waiting_costs_none_of_the_three_tries);
  RUN(a_daily_quota_suspends_that_function_alone);
  RUN(the_longest_suspension_is_a_day);
  return check_done();
}
