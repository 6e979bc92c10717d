/* SPDX-License-Identifier: MIT */
#include "common/net/api/api.h"

#include <string.h>

#include "tests/support/api_bench.h"
#include "tests/support/check.h"

/* ---- the breaker ---- */

static void five_failures_open_the_breaker(void) {
  api_begin();
  api_world.random32 = 0;
  api_answer("GET", REPLAY_ALWAYS, 503);
  struct job jobs[4];
  for (int i = 0; i < 4; i++)
    api_call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 100);
  CHECK(api_stats().broken);
  CHECK_INT(api_done_count, 4);
  size_t before = api_world.request_count;
  struct job j;
  api_call(&j, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_ERR_UNAVAILABLE);
  CHECK(!j.had_reply);
  CHECK_INT(api_world.request_count, before);
  api_end();
}

static void open_breaker(void) {
  api_begin();
  api_world.random32 = 0;
  api_answer(QUEUES, 6, 503);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 100);
  CHECK(api_stats().broken);
  CHECK_INT(api_done_count, 2);
}

static void after_the_wait_one_probe_is_sent(void) {
  open_breaker();
  replay_answer(
      &api_world,
      &(struct replay_answer){.match = USERS, .status = 503, .delay_ms = 1000});
  api_answer("GET", REPLAY_ALWAYS, 200);
  replay_run(&api_world, 5000);
  size_t before = api_world.request_count;
  struct job jobs[3];
  for (int i = 0; i < 3; i++)
    api_call(&jobs[i], i == 0 ? GC_ENDPOINT_USERS : GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 999);
  CHECK_INT(api_world.request_count, before + 1);
  CHECK_INT(jobs[1].done, 0); /* waits for the probe's outcome */
  replay_run(&api_world, 1);
  replay_settle(&api_world);
  CHECK_INT(jobs[0].err.code, GC_ERR_REMOTE); /* a probe is not repeated */
  CHECK_INT(jobs[1].err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(jobs[2].err.code, GC_ERR_UNAVAILABLE);
  replay_run(&api_world, 9999);
  struct job c, d;
  api_call(&c, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(c.err.code, GC_ERR_UNAVAILABLE);
  replay_run(&api_world, 1);
  api_call(&d, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  CHECK_INT(d.err.code, GC_OK);
  CHECK(!api_stats().broken);
  api_end();
}

static void a_cancelled_probe_lets_the_next_one_go(void) {
  open_breaker();
  replay_answer(&api_world,
                &(struct replay_answer){.match = USERS, .is_silent = true});
  api_answer("GET", REPLAY_ALWAYS, 200);
  replay_run(&api_world, 5000);
  struct job a, b;
  api_call(&a, GC_ENDPOINT_USERS);
  api_call(&b, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 1000);
  CHECK_INT(b.done, 0);
  gc_api_cancel(api, &a.call);
  replay_settle(&api_world);
  CHECK_INT(b.err.code, GC_OK);
  CHECK_INT(a.done, 0);
  api_end();
}

/* The cancelled call was sent before the breaker opened: it is not the
 * probe. */
static void a_cancelled_older_call_frees_no_second_probe(void) {
  api_begin();
  api_world.random32 = 0;
  replay_answer(&api_world,
                &(struct replay_answer){.match = PRESENCES, .is_silent = true});
  replay_answer(&api_world,
                &(struct replay_answer){.match = USERS, .is_silent = true});
  api_answer(QUEUES, 6, 503);
  struct job straggler, a, b, probe, c;
  api_call(&straggler, GC_ENDPOINT_PRESENCES);
  api_call(&a, GC_ENDPOINT_QUEUES);
  api_call(&b, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 100);
  CHECK(api_stats().broken);
  replay_run(&api_world, 5000);
  api_call(&probe, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  size_t before = api_world.request_count;
  gc_api_cancel(api, &straggler.call);
  api_call(&c, GC_ENDPOINT_QUEUES);
  replay_run(&api_world, 1000);
  CHECK_INT(api_world.request_count, before);
  api_end();
}

/* ---- notices ---- */

static void an_outage_is_one_cause_until_all_that_failed_work(void) {
  api_begin();
  api_answer(QUEUES, 1, 501); /* given up at once; does not open the breaker */
  api_answer(USERS, 1, 501);
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job j;
  api_call(&j, GC_ENDPOINT_PRESENCES);
  replay_settle(&api_world);
  CHECK_INT(replay_last_notice(&api_world, "api")->code, GC_OK);
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  api_call(&j, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(replay_noticed(&api_world, "api", GC_ERR_REMOTE), 2);
  size_t fine = replay_noticed(&api_world, "api", GC_OK);
  api_call(&j, GC_ENDPOINT_PRESENCES); /* never failed: no notice */
  replay_settle(&api_world);
  api_call(&j, GC_ENDPOINT_QUEUES); /* QUEUES works again; USERS still fails */
  replay_settle(&api_world);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(replay_noticed(&api_world, "api", GC_OK), fine);
  api_call(&j, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(replay_noticed(&api_world, "api", GC_OK), fine + 1);
  api_end();
}

/* The platform answers neither of two checks; both channels are used again. */
static void channels_that_are_used_again_end_the_outage(void) {
  api_begin();
  api_answer("HEAD", 2, 501);
  api_answer("PUT", REPLAY_ALWAYS, 200);
  struct job j;
  for (int i = 0; i < 2; i++) {
    api_call(&j, GC_ENDPOINT_CHANNEL_CHECK);
    replay_settle(&api_world);
  }
  CHECK_INT(replay_last_notice(&api_world, "api")->code, GC_ERR_REMOTE);
  api_call(&j, GC_ENDPOINT_SUBSCRIPTIONS_REPLACE);
  replay_settle(&api_world);
  CHECK_INT(replay_last_notice(&api_world, "api")->code, GC_OK);
  api_end();
}

/* A block that reads the activity in place of its observations never calls the
 * old function again. */
static void a_function_that_is_not_called_ends_with_another(void) {
  enum { UNCALLED_MS = 15 * 60 * 1000 };
  api_begin();
  api_answer(QUEUES, 1, 501);
  api_answer("GET", REPLAY_ALWAYS, 200);
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  replay_run(&api_world, UNCALLED_MS - 1000);
  api_call(&j, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(replay_last_notice(&api_world, "api")->code, GC_ERR_REMOTE);
  replay_run(&api_world, 1000);
  api_call(&j, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(replay_last_notice(&api_world, "api")->code, GC_OK);
  api_end();
}

static void a_failure_of_one_function_is_no_outage(void) {
  static const int statuses[] = {400, 403, 404};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    api_begin();
    api_answer(QUEUES, 1, 501);
    api_answer(QUEUES, 1, statuses[i]);
    struct job j;
    api_call(&j, GC_ENDPOINT_QUEUES);
    replay_settle(&api_world);
    CHECK_INT(replay_last_notice(&api_world, "api")->code, GC_ERR_REMOTE);
    api_call(&j, GC_ENDPOINT_QUEUES); /* an answer ends the outage */
    replay_settle(&api_world);
    CHECK_INT(replay_last_notice(&api_world, "api")->code, GC_OK);
    api_end();
  }
}

static void an_outage_names_the_next_try(void) {
  open_breaker();
  const char *text = replay_last_notice(&api_world, "api")->text;
  CHECK_HAS(text, "; next try in 5 s; correlation id ");
  api_end();
  api_begin();
  api_answer(QUEUES, 1, 501); /* does not open the breaker */
  struct job j;
  api_call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&api_world);
  text = replay_last_notice(&api_world, "api")->text;
  CHECK_HAS(text, "; next try in the next interval; correlation id ");
  CHECK(strstr(j.err.text, "next try") == NULL);
  api_end();
}

static void calls_failed_by_breaker_or_quota_change_no_notice(void) {
  open_breaker();
  size_t notices = api_world.notice_count;
  struct job j;
  api_call(&j, GC_ENDPOINT_USERS);
  replay_settle(&api_world);
  CHECK_INT(j.err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(api_world.notice_count, notices);
  api_end();
}

/* A gateway repeats the path in its answer; the path holds a channel's id. */
static void a_path_tail_is_in_no_text(void) {
  api_begin();
  replay_answer(&api_world,
                &(struct replay_answer){
                    .match = "HEAD",
                    .status = 501,
                    .body = "{\"message\":\"no route /x/streaming-4f2a/y\"}"});
  struct job j;
  api_prepare(&j, GC_ENDPOINT_CHANNEL_CHECK);
  j.call.path_tail = "/streaming-4f2a/subscriptions";
  gc_api_call(api, &j.call);
  replay_settle(&api_world);
  CHECK(strstr(j.err.text, "no route /x/***/y") != NULL);
  const struct gc_err *reported = replay_last_notice(&api_world, "api");
  CHECK(strstr(reported->text, "no route /x/***/y") != NULL);
  CHECK(strstr(reported->text, "streaming-4f2a") == NULL);
  api_end();
}

int main(void) {
  RUN(five_failures_open_the_breaker);
  RUN(after_the_wait_one_probe_is_sent);
  RUN(a_cancelled_probe_lets_the_next_one_go);
  RUN(a_cancelled_older_call_frees_no_second_probe);
  RUN(an_outage_is_one_cause_until_all_that_failed_work);
  RUN(channels_that_are_used_again_end_the_outage);
  RUN(a_function_that_is_not_called_ends_with_another);
  RUN(a_failure_of_one_function_is_no_outage);
  RUN(an_outage_names_the_next_try);
  RUN(calls_failed_by_breaker_or_quota_change_no_notice);
  RUN(a_path_tail_is_in_no_text);
  return check_done();
}
