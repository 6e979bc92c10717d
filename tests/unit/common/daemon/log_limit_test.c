/* SPDX-License-Identifier: MIT */
#include "common/daemon/log.c"

#include "tests/support/check.h"

#define S(seconds) ((uint64_t)(seconds)*1000)

struct step {
  uint64_t at_s;
  enum gc_code code;
  enum say say;
  uint32_t held_back;
  uint64_t lasted_s;
};

static void follow_steps(const struct step *steps, size_t count) {
  struct limit d = {0};
  for (size_t i = 0; i < count; i++) {
    char row[64];
    snprintf(row, sizeof(row), "second %u", (unsigned)steps[i].at_s);
    CHECK_ROW(row);
    struct decision l = decide_line(&d, steps[i].code, S(steps[i].at_s));
    CHECK_INT(l.say, steps[i].say);
    CHECK_INT(l.held_back, steps[i].held_back);
    CHECK_INT(l.lasted_ms, S(steps[i].lasted_s));
  }
  CHECK_ROW("");
}
#define FOLLOW(steps) follow_steps(steps, GC_COUNT(steps))

#define NET GC_ERR_NETWORK
#define AUTH GC_ERR_AUTH

static void a_lasting_failure_has_a_first_line_reminders_and_an_end(void) {
  struct limit d = {0};
  for (unsigned s = 0; s <= 1200; s += 10) {
    struct decision l = decide_line(&d, GC_ERR_NETWORK, S(s));
    enum say want = s == 0 ? SAY_FIRST : s % 600 == 0 ? SAY_REMIND : SAY_QUIET;
    CHECK_INT(l.say, want);
    CHECK_INT(l.held_back, want == SAY_REMIND ? 59 : 0);
  }
  struct decision l = decide_line(&d, GC_OK, S(1205));
  CHECK_INT(l.say, SAY_OVER);
  CHECK_INT(l.lasted_ms, S(1205));
  CHECK_INT(l.held_back, 0);
  CHECK_INT(decide_line(&d, GC_OK, S(1206)).say, SAY_QUIET);
}

static void success_alone_has_no_line(void) {
  static const struct step steps[] = {
      {0, GC_OK, SAY_QUIET, 0, 0},
      {700, GC_OK, SAY_QUIET, 0, 0},
  };
  FOLLOW(steps);
}

static void a_failure_that_comes_and_goes_has_no_more_lines(void) {
  static const struct step steps[] = {
      {0, NET, SAY_FIRST, 0, 0},     {5, GC_OK, SAY_OVER, 0, 5},
      {10, NET, SAY_QUIET, 0, 0},    {15, GC_OK, SAY_QUIET, 0, 0},
      {20, NET, SAY_QUIET, 0, 0},    {21, NET, SAY_QUIET, 0, 0},
      {25, GC_OK, SAY_QUIET, 0, 0},  {599, NET, SAY_QUIET, 0, 0},
      {599, GC_OK, SAY_QUIET, 0, 0}, {600, NET, SAY_FIRST, 4, 0},
      {601, GC_OK, SAY_OVER, 0, 1},  {700, NET, SAY_QUIET, 0, 0},
  };
  FOLLOW(steps);
}

static void a_failure_that_returns_without_a_line_gets_one_in_time(void) {
  static const struct step steps[] = {
      {0, NET, SAY_FIRST, 0, 0},      {5, GC_OK, SAY_OVER, 0, 5},
      {10, NET, SAY_QUIET, 0, 0},     {599, NET, SAY_QUIET, 0, 0},
      {600, NET, SAY_REMIND, 2, 590}, {610, NET, SAY_QUIET, 0, 0},
      {620, GC_OK, SAY_OVER, 1, 610},
  };
  FOLLOW(steps);
}

static void a_change_has_a_line_at_once(void) {
  static const struct step steps[] = {
      {0, NET, SAY_FIRST, 0, 0},      {10, NET, SAY_QUIET, 0, 0},
      {20, AUTH, SAY_CHANGE, 1, 20},  {30, AUTH, SAY_QUIET, 0, 0},
      {619, AUTH, SAY_QUIET, 0, 0},   {620, AUTH, SAY_REMIND, 2, 620},
      {630, GC_OK, SAY_OVER, 0, 630},
  };
  FOLLOW(steps);
}

static void another_failure_has_a_line_right_after_the_last_one(void) {
  static const struct step steps[] = {
      {0, NET, SAY_FIRST, 0, 0},
      {5, GC_OK, SAY_OVER, 0, 5},
      {6, AUTH, SAY_FIRST, 0, 0},
      {7, GC_OK, SAY_OVER, 0, 1},
  };
  FOLLOW(steps);
}

static void codes_that_alternate_have_few_lines(void) {
  struct limit d = {0};
  unsigned lines = 0;
  for (unsigned s = 0; s < 3600; s += 10) {
    enum gc_code code = s % 20 == 0 ? GC_ERR_NETWORK : GC_ERR_TIMEOUT;
    lines += decide_line(&d, code, S(s)).say != SAY_QUIET;
  }
  CHECK_THAT(lines <= 12, "%u lines in an hour", lines);
  CHECK_THAT(lines >= 6, "%u lines in an hour", lines);
}

static void random_outcomes_have_few_lines(void) {
  /* The generator has a fixed seed, so that each run is the same. */
  uint32_t random32 = 1;
  struct limit d = {0};
  unsigned troubles = 0, ends = 0, held = 0, failures = 0;
  for (unsigned s = 0; s < 36000; s++) {
    random32 = random32 * 1664525 + 1013904223;
    static const enum gc_code codes[] = {GC_OK, GC_ERR_NETWORK, GC_OK,
                                         GC_ERR_TIMEOUT};
    enum gc_code code = codes[random32 >> 30];
    failures += code != GC_OK;
    struct decision l = decide_line(&d, code, S(s));
    held += l.held_back;
    troubles += l.say != SAY_QUIET && l.say != SAY_OVER;
    ends += l.say == SAY_OVER;
  }
  CHECK_THAT(troubles <= 2 * 61, "%u lines in ten hours", troubles);
  CHECK_THAT(ends <= troubles, "%u ends of %u troubles", ends, troubles);
  CHECK_INT(held + d.held_back + troubles, failures);
}

static void a_clock_that_steps_back_does_no_harm(void) {
  struct limit d = {0};
  decide_line(&d, GC_ERR_NETWORK, S(1000));
  CHECK_INT(decide_line(&d, GC_ERR_NETWORK, S(10)).say, SAY_QUIET);
  struct decision l = decide_line(&d, GC_OK, S(20));
  CHECK_INT(l.say, SAY_OVER);
  CHECK_INT(l.lasted_ms, 0);
}

int main(void) {
  RUN(a_lasting_failure_has_a_first_line_reminders_and_an_end);
  RUN(success_alone_has_no_line);
  RUN(a_failure_that_comes_and_goes_has_no_more_lines);
  RUN(a_failure_that_returns_without_a_line_gets_one_in_time);
  RUN(a_change_has_a_line_at_once);
  RUN(another_failure_has_a_line_right_after_the_last_one);
  RUN(codes_that_alternate_have_few_lines);
  RUN(random_outcomes_have_few_lines);
  RUN(a_clock_that_steps_back_does_no_harm);
  return check_done();
}
