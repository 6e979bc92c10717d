/* SPDX-License-Identifier: MIT */
#include "probe/network/place.h"

#include <stdio.h>
#include <string.h>

#include "common/net/clock.h"
#include "tests/support/check.h"

static char said[2048];

static void record_result(const char *check, const char *state,
                          const char *subject, const char *what) {
  snprintf(said, sizeof(said), "%s|%s|%s|%s", check, state, subject, what);
}

static struct probe_place place_with(int64_t left_ms) {
  static struct probe_reporter r = {.say = record_result};
  r.end_ms = (uint64_t)((int64_t)gc_clock_now_ms() + left_ms);
  return (struct probe_place){.reporter = &r, .subject = "<Account \"a\tb\">"};
}

static void a_result_is_one_line_without_tabs(void) {
  struct probe_place p = place_with(1000);
  probe_report(&p, PROBE_TLS, PROBE_WARNING, "%s\n%d", "x", 4);
  CHECK_STR(said, "tls|warning|<Account \"a b\">|x 4");
}

static void a_step_gets_its_limit_or_the_time_left(void) {
  struct probe_place p = place_with(60000);
  CHECK_INT(probe_left_ms(&p, 12000), 12000);
  p = place_with(5000);
  CHECK(probe_left_ms(&p, 12000) <= 5000);
  p = place_with(-1);
  CHECK_INT(probe_left_ms(&p, 12000), 0);
}

static void a_check_without_time_left_is_reported_and_not_made(void) {
  struct probe_place p = place_with(60000);
  said[0] = '\0';
  CHECK(probe_has_time(&p, PROBE_TOKEN));
  CHECK_STR(said, "");
  p = place_with(-1);
  CHECK(!probe_has_time(&p, PROBE_TOKEN));
  CHECK_STR(said,
            "end|warning|<Account \"a b\">|token and the checks after it are "
            "not made: earlier checks took all of the 40 s");
}

static void a_wait_ends_with_the_outcome_or_the_limit(void) {
  struct probe_wait w;
  probe_wait_init(&w);
  CHECK(!probe_wait_for(&w, 1));
  probe_wait_end(&w);
  CHECK(probe_wait_for(&w, 60000));
  CHECK(probe_wait_for(&w, 0));
  probe_wait_clear(&w);
}

struct work {
  struct probe_wait wait;
  bool answers, is_ended;
};

static void begin_work(void *ctx) {
  struct work *w = ctx;
  if (w->answers)
    probe_wait_end(&w->wait);
}

static void end_work(void *ctx) {
  struct work *w = ctx;
  w->is_ended = true;
}

static void work_on_a_loop_is_ended_in_any_case(void) {
  struct gc_err err;
  struct gc_loop *loop = gc_loop_new(&err);
  CHECK_INT(gc_loop_start(loop, "probe-test", &err), GC_OK);
  struct work quick = {.answers = true}, silent = {.answers = false};
  CHECK(probe_wait_run(&quick.wait, loop, begin_work, end_work, &quick, 60000));
  CHECK(quick.is_ended);
  CHECK(!probe_wait_run(&silent.wait, loop, begin_work, end_work, &silent, 1));
  CHECK(silent.is_ended);
  gc_loop_stop(loop);
  gc_loop_free(loop);
}

int main(void) {
  RUN(a_result_is_one_line_without_tabs);
  RUN(a_step_gets_its_limit_or_the_time_left);
  RUN(a_check_without_time_left_is_reported_and_not_made);
  RUN(a_wait_ends_with_the_outcome_or_the_limit);
  RUN(work_on_a_loop_is_ended_in_any_case);
  return check_done();
}
