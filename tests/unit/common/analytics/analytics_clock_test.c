/* SPDX-License-Identifier: MIT */
/* The clocks of a block: the server's clock, our wall clock, and a monotonic
 * clock that stood still. */
#include "tests/support/iv_block.h"

#include "tests/support/check.h"

static void with_date(int64_t date_ms, const char *body) {
  replay_forget_answers(&iv.r);
  iv_will("POST /oauth/token", TOKEN);
  iv_will(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  replay_answer(&iv.r, &(struct replay_answer){.match = QUERY,
                                               .times = REPLAY_ALWAYS,
                                               .status = 200,
                                               .body = body,
                                               .date_ms = date_ms});
}

static void a_window_that_is_not_over_for_the_server_is_not_answered(void) {
  iv_begin(); /* 22:13:20 here, 22:12:00 there */
  with_date(REPLAY_START_WALL_MS - 80000,
            ANSWER(OFFERED("q1", "22:09", "22:10",
                           "2") "," OFFERED("q1", "22:10", "22:11", "3")));
  iv_start();
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z");
  iv_pass(1000);
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:09:00.000Z/2023-11-14T22:10:00.000Z");
  iv_pass(1000);
  CHECK_INT(iv_times_left("Sales/queue_interval_count-nOffered-voice 22:10 2"),
            1);
  CHECK_INT(iv_times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"),
            0);
  CHECK_INT(replay_count(&iv.r, QUERY), 2);
  iv_end();
}

static void a_step_of_our_clock_moves_no_window(void) {
  static const int64_t steps_ms[] = {3600000, -3600000, -86400000};
  for (size_t i = 0; i < GC_COUNT(steps_ms); i++) {
    CHECK_ROW(steps_ms[i] > 0 ? "forth" : "back");
    iv_begin();
    with_date(REPLAY_START_WALL_MS, ANSWER(""));
    iv_start();
    iv_pass(2000);
    iv.r.wall_ms += steps_ms[i];
    with_date(REPLAY_START_WALL_MS + 10000, ANSWER(""));
    iv_pass(9000); /* 22:13:31 */
    CHECK_INT(replay_count(&iv.r, QUERY), 2);
    CHECK_STR(iv_last_interval(),
              "2023-11-14T22:10:00.000Z/2023-11-14T22:12:00.000Z");
    with_date(REPLAY_START_WALL_MS + 70000, ANSWER(""));
    iv_pass(60000);
    CHECK_INT(replay_count(&iv.r, QUERY), 3);
    CHECK_STR(iv_last_interval(),
              "2023-11-14T22:10:00.000Z/2023-11-14T22:13:00.000Z");
    iv_end();
  }
}

static void a_machine_that_slept_catches_up(void) {
  iv_begin();
  iv_settings.rule.backfill_ms = 60 * MINUTE;
  with_date(REPLAY_START_WALL_MS, ANSWER(""));
  iv_start();
  iv_pass(2000);
  iv.r.wall_ms += 600000; /* the monotonic clock stood still */
  with_date(REPLAY_START_WALL_MS + 612000, ANSWER(""));
  iv_pass(10000);
  CHECK_STR(iv_last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:22:00.000Z");
  iv_end();
}

int main(void) {
  RUN(a_window_that_is_not_over_for_the_server_is_not_answered);
  RUN(a_step_of_our_clock_moves_no_window);
  RUN(a_machine_that_slept_catches_up);
  return check_done();
}
