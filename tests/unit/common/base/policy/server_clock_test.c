/* SPDX-License-Identifier: MIT */
#include "common/base/policy/server_clock.h"

#include "tests/support/check.h"

enum { MINUTE = 60000, HOUR = 3600000, DAY = 86400000 };

static void the_time_is_the_servers_plus_the_monotonic_time_since(void) {
  struct gc_server_clock c = {.is_agreed = false};
  CHECK_INT(gc_server_clock_now(&c, 5000, 777), 777);
  CHECK(gc_server_clock_observe(&c, 5000, 1000777, 1000000));
  CHECK_INT(gc_server_clock_now(&c, 5000, 777), 1000000);
  CHECK_INT(gc_server_clock_now(&c, 8000, -777), 1003000);
  CHECK_INT(gc_server_clock_now(&c, 4000, 777), 1000000);
}

/* Hours, of the wall clock and of a Date; the monotonic clock stands still. */
static void of_three_clocks_two_decide(void) {
  static const struct {
    const char *name;
    int wall, date, then_wall, then_date; /* two answers */
    bool is_agreed;
    int now; /* after the second */
  } rows[] = {
      {"all agree", 0, 0, 0, 0, true, 0},
      {"the Date steps", 0, 0, 0, 72, false, 0},
      {"the Date steps back", 0, 0, 0, -72, false, 0},
      {"our clock steps", 0, 0, -24, 0, true, 0},
      {"the machine was suspended", 0, 0, 5, 5, true, 5},
      {"all three differ", 0, 0, 5, 9, false, 5},
      {"the Date is ahead from the start", 0, 72, 0, 72, false, 0},
      {"our clock is ahead from the start", 72, 0, 72, 0, false, 0},
      {"our clock is corrected", 72, 0, 0, 0, true, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_server_clock c = {.is_agreed = false};
    CHECK_ROW(rows[i].name);
    CHECK_INT(gc_server_clock_observe(&c, 0, rows[i].wall * HOUR,
                                      rows[i].date * HOUR),
              rows[i].wall == rows[i].date);
    CHECK_INT(gc_server_clock_observe(&c, 0, rows[i].then_wall * HOUR,
                                      rows[i].then_date * HOUR),
              rows[i].is_agreed);
    CHECK_INT(gc_server_clock_now(&c, 0, rows[i].then_wall * HOUR) / HOUR,
              rows[i].now);
  }
}

/* Our clock is right; each row has Dates that are wrong by a day or more. */
static void steady_dates_count_for_waits_and_ages(void) {
  static const struct {
    const char *name;
    int64_t date_ms[3]; /* of answers at 0, 50 and 70 s; 0: none */
    int64_t likely_ms;  /* at 70 s */
  } rows[] = {
      {"one", {DAY}, 70000},
      {"two, less than a minute apart", {DAY, DAY + 50000}, 70000},
      {"for over a minute", {DAY, DAY + 50000, DAY + 70000}, DAY + 70000},
      {"one that is behind", {-DAY}, -DAY + 70000},
      {"one of many is ahead", {1, DAY, 70000}, 70000},
      {"they differ", {DAY, 2 * (int64_t)DAY, 3 * (int64_t)DAY}, 70000},
  };
  static const uint64_t at_ms[] = {0, 50000, 70000};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_server_clock c = {.is_agreed = false};
    CHECK_ROW(rows[i].name);
    for (size_t k = 0; k < GC_COUNT(at_ms); k++)
      if (rows[i].date_ms[k] != 0)
        (void)gc_server_clock_observe(&c, at_ms[k], (int64_t)at_ms[k],
                                      rows[i].date_ms[k]);
    CHECK_INT(gc_server_clock_likely(&c, 70000, 70000), rows[i].likely_ms);
  }
}

/* One answer every 20 s. Our clock is right until the step; all times are
 * distances from the true time, in ms. */
struct step {
  const char *name;
  int64_t date_ms, wall_ms; /* after the step */
  int answers;              /* after the step */
  int64_t now_ms, likely_ms;
};

static void observe_answer(struct gc_server_clock *c, uint64_t *at_ms,
                           int64_t wall_ms, int64_t date_ms) {
  *at_ms += 20000;
  (void)gc_server_clock_observe(c, *at_ms, (int64_t)*at_ms + wall_ms,
                                (int64_t)*at_ms + date_ms);
}

static void a_step_of_minutes_needs_two_clocks(void) {
  static const struct step rows[] = {
      {"the Date steps", 4 * MINUTE, 0, 1, 0, 0},
      {"the Date steps back", -4 * MINUTE, 0, 1, 0, 0},
      {"the Date steps for ten minutes", 4 * MINUTE, 0, 30, 0, 0},
      {"our clock steps", 0, 4 * MINUTE, 30, 0, 0},
      {"our clock steps back", 0, -4 * MINUTE, 30, 0, 0},
      {"the machine was suspended", 4 * MINUTE, 4 * MINUTE, 1, 4 * MINUTE,
       4 * MINUTE},
      {"the Date steps for twenty minutes", 4 * MINUTE, 0, 60, 4 * MINUTE,
       4 * MINUTE},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    const struct step *r = &rows[i];
    struct gc_server_clock c = {.is_agreed = false};
    uint64_t at_ms = 1000000;
    CHECK_ROW(r->name);
    for (int k = 0; k < 10; k++)
      observe_answer(&c, &at_ms, 0, 0);
    for (int k = 0; k < r->answers; k++)
      observe_answer(&c, &at_ms, r->wall_ms, r->date_ms);
    int64_t wall_ms = (int64_t)at_ms + r->wall_ms;
    CHECK_INT(gc_server_clock_now(&c, at_ms, wall_ms) - (int64_t)at_ms,
              r->now_ms);
    CHECK_INT(gc_server_clock_likely(&c, at_ms, wall_ms) - (int64_t)at_ms,
              r->likely_ms);
  }
}

/* Our clock is an hour ahead from the start, and steady Dates count. */
static void a_single_date_moves_no_wait_of_an_agent_whose_clock_is_wrong(void) {
  static const int64_t steps_ms[] = {4 * MINUTE, HOUR / 2, 20 * DAY, -DAY};
  for (size_t i = 0; i < GC_COUNT(steps_ms); i++) {
    struct gc_server_clock c = {.is_agreed = false};
    uint64_t at_ms = 1000000;
    for (int k = 0; k < 10; k++)
      observe_answer(&c, &at_ms, HOUR, 0);
    observe_answer(&c, &at_ms, HOUR, steps_ms[i]);
    CHECK_INT(gc_server_clock_likely(&c, at_ms, (int64_t)at_ms + HOUR),
              (int64_t)at_ms);
    observe_answer(&c, &at_ms, HOUR, 0);
    CHECK_INT(gc_server_clock_likely(&c, at_ms, (int64_t)at_ms + HOUR),
              (int64_t)at_ms);
  }
}

/* One answer every 20 s, none with a Date. */
static void without_dates_our_clock_counts_when_it_lasts(void) {
  static const struct {
    int64_t step_ms;
    int answers;
    int64_t likely_ms;
  } rows[] = {{4 * MINUTE, 1, 0},
              {4 * MINUTE, 30, 0},
              {-DAY, 30, 0},
              {4 * MINUTE, 60, 4 * MINUTE},
              {-DAY, 60, -DAY}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_server_clock c = {.is_agreed = false};
    int64_t at_ms = 1000000;
    for (int k = 0; k < 10; k++, at_ms += 20000)
      gc_server_clock_observe_no_date(&c, (uint64_t)at_ms, at_ms);
    for (int k = 0; k < rows[i].answers; k++, at_ms += 20000)
      gc_server_clock_observe_no_date(&c, (uint64_t)at_ms,
                                      at_ms + rows[i].step_ms);
    CHECK_INT(
        gc_server_clock_likely(&c, (uint64_t)at_ms, at_ms + rows[i].step_ms) -
            at_ms,
        rows[i].likely_ms);
    /* The first Date counts at once. */
    CHECK(gc_server_clock_observe(&c, (uint64_t)at_ms, at_ms + 7000, at_ms));
    CHECK_INT(gc_server_clock_likely(&c, (uint64_t)at_ms, 0), at_ms);
  }
}

static void the_time_by_dates_alone_needs_a_date(void) {
  struct gc_server_clock c = {.is_agreed = false};
  int64_t date_ms = 7;
  CHECK(!gc_server_clock_read_date(&c, 0, &date_ms));
  gc_server_clock_observe_no_date(&c, 0, 1000000);
  CHECK(!gc_server_clock_read_date(&c, 0, &date_ms));
  CHECK_INT(date_ms, 7);
  (void)gc_server_clock_observe(&c, 5000, 1000000, 1000000 + 48 * HOUR);
  CHECK(gc_server_clock_read_date(&c, 8000, &date_ms));
  CHECK_INT(date_ms, 1003000 + 48 * HOUR);
}

/* ---- which clock is right ---- */

/* Seconds beside the true time: of the wall clock, of the Dates, and of the
 * newest time that an answer states, which has just arrived. */
static void a_clock_alone_is_never_believed(void) {
  enum { ABSENT = 99999 };
  static const struct {
    const char *name;
    int wall_s, date_s, stated_s;
    enum gc_clock_source source;
    int server_s, latest_s; /* of the verdict */
  } rows[] = {
      {"all agree", 0, 1, 0, GC_CLOCK_AGREED, 1, 1},
      {"nothing is stated", 0, 3, ABSENT, GC_CLOCK_AGREED, 3, 3},
      {"a Date behind a time of its answer", 0, -600, 0, GC_CLOCK_HOST, 0, 0},
      {"the same, a wait of ten seconds", 0, -600, -10, GC_CLOCK_HOST, 0, 0},
      {"the same, a wait of five minutes", 0, -600, -300, GC_CLOCK_HOST, 0, 0},
      {"a Date ahead", 0, 600, -5, GC_CLOCK_HOST, 0, 0},
      {"a Date days ahead", 0, 200000, -5, GC_CLOCK_HOST, 0, 0},
      {"a Date ahead, an old wait", 0, 600, -900, GC_CLOCK_UNSURE, 0, 600},
      {"a Date behind, an older wait", 0, -600, -900, GC_CLOCK_UNSURE, -600, 0},
      {"a Date ahead, nothing is stated", 0, 600, ABSENT, GC_CLOCK_UNSURE, 0,
       600},
      {"our clock is behind", -600, 0, -5, GC_CLOCK_DATE, 0, 0},
      {"our clock is behind, a wait of five minutes", -600, 0, -300,
       GC_CLOCK_DATE, 0, 0},
      {"our clock is ahead", 600, 0, -5, GC_CLOCK_DATE, 0, 0},
      {"both are behind", -600, -900, 0, GC_CLOCK_UNSURE, 0, 0},
      {"both are ahead", 600, 900, 0, GC_CLOCK_UNSURE, 600, 900},
      {"an answer states a time to come", 0, 0, 7200, GC_CLOCK_AGREED, 0, 0},
      {"no Dates", 0, ABSENT, -5, GC_CLOCK_HOST, 0, 0},
      {"no Dates, nothing is stated", 0, ABSENT, ABSENT, GC_CLOCK_HOST, 0, 0},
      {"no Dates, our clock is behind", -600, ABSENT, 0, GC_CLOCK_UNSURE, 0, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    const uint64_t now_ms = 50000;
    const int64_t true_ms = INT64_C(1000) * HOUR;
    const int64_t wall_ms = true_ms + rows[i].wall_s * 1000;
    struct gc_server_clock c = {.is_agreed = false};
    struct gc_clock_judge j = {.is_stated = false};
    struct gc_clock_verdict verdict;
    if (rows[i].date_s != ABSENT)
      (void)gc_server_clock_observe(&c, now_ms, wall_ms,
                                    true_ms + rows[i].date_s * 1000);
    if (rows[i].stated_s != ABSENT)
      gc_clock_judge_state(&j, now_ms, true_ms + rows[i].stated_s * 1000);
    gc_clock_judge(&j, &c, now_ms, wall_ms, &verdict);
    CHECK_INT(verdict.source, rows[i].source);
    CHECK_INT(verdict.has_date, rows[i].date_s != ABSENT);
    CHECK_INT(verdict.server_ms - true_ms, rows[i].server_s * 1000);
    CHECK_INT(verdict.latest_ms - true_ms, rows[i].latest_s * 1000);
    CHECK_INT(verdict.offset_ms, rows[i].source == GC_CLOCK_UNSURE
                                     ? 0
                                     : verdict.server_ms - wall_ms);
  }
}

/* As server_clock judges a wall clock that steps. */
static void without_dates_a_short_step_of_our_clock_moves_nothing(void) {
  struct gc_server_clock c = {.is_agreed = false};
  struct gc_clock_judge j = {.is_stated = false};
  struct gc_clock_verdict v;
  for (int at_s = 0; at_s < 120; at_s += 10)
    gc_server_clock_observe_no_date(&c, (uint64_t)at_s * 1000,
                                    DAY + at_s * 1000);
  gc_clock_judge(&j, &c, 120000, DAY + 120000 + HOUR, &v);
  CHECK_INT(v.source, GC_CLOCK_HOST);
  CHECK_INT(v.server_ms, DAY + 120000);
  CHECK_INT(v.offset_ms, -HOUR);
}

static enum gc_clock_source judge_at(struct gc_clock_judge *j, int64_t at_ms,
                                     int64_t wall_ahead_ms,
                                     int64_t date_ahead_ms) {
  struct gc_server_clock c = {.is_agreed = false};
  struct gc_clock_verdict verdict;
  int64_t true_ms = DAY + at_ms;
  (void)gc_server_clock_observe(&c, (uint64_t)at_ms, true_ms + wall_ahead_ms,
                                true_ms + date_ahead_ms);
  gc_clock_judge(j, &c, (uint64_t)at_ms, true_ms + wall_ahead_ms, &verdict);
  return verdict.source;
}

static void a_judgement_lasts_while_the_difference_does(void) {
  struct gc_clock_judge j = {.is_stated = false};
  CHECK_INT(judge_at(&j, 0, 0, HOUR), GC_CLOCK_UNSURE);
  gc_clock_judge_state(&j, 1000, DAY);
  CHECK_INT(judge_at(&j, 1000, 0, HOUR), GC_CLOCK_HOST);
  CHECK_INT(judge_at(&j, 2 * HOUR, 0, HOUR + 5000), GC_CLOCK_HOST);
  /* Our clock is set: the difference is another one. */
  CHECK_INT(judge_at(&j, 3 * HOUR, HOUR, 2 * HOUR), GC_CLOCK_HOST);
  CHECK_INT(judge_at(&j, 3 * HOUR, -HOUR, HOUR), GC_CLOCK_DATE);
  CHECK_INT(judge_at(&j, 4 * HOUR, 0, 0), GC_CLOCK_AGREED);
  /* A further time changes a judgement that was wrong. */
  CHECK_INT(judge_at(&j, 5 * HOUR, 0, MINUTE), GC_CLOCK_HOST);
  gc_clock_judge_state(&j, 5 * HOUR, DAY + 5 * HOUR + MINUTE - 2000);
  CHECK_INT(judge_at(&j, 5 * HOUR, 0, MINUTE), GC_CLOCK_DATE);
}

static void a_difference_lasts_over_several_answers(void) {
  static const struct {
    const char *name;
    int at_ms[4], ahead_s[4]; /* of each answer, and its Date; 0: agrees */
    bool is_lasting[4];
  } rows[] = {
      {"one late answer", {0, 1000, 2000, 3000}, {-15, 0, 0, 0}, {false}},
      {"a late one again and again",
       {0, 1000, 2000, 3000},
       {-15, 0, -15, -15},
       {false}},
      {"late answers that say different times",
       {0, 1000, 2000, 3000},
       {-15, 17, -15, 17},
       {false}},
      {"late answers of one moment",
       {0, 10, 20, 30},
       {-15, -15, -15, -15},
       {false}},
      {"all answers",
       {0, 1000, 2000, 3000},
       {-15, -16, -14, -15},
       {false, false, true, true}},
      {"the difference grows once it lasts",
       {0, 1000, 2000, 3000},
       {15, 15, 15, 40},
       {false, false, true, true}},
      {"no answer is so late",
       {0, 1000, 2000, 3000},
       {600, 600, 0, 15},
       {true, true, false, false}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_clock_judge j = {.is_stated = false};
    CHECK_ROW(rows[i].name);
    for (size_t k = 0; k < GC_COUNT(rows[i].at_ms); k++) {
      struct gc_server_clock c = {.is_agreed = false};
      struct gc_clock_verdict v;
      uint64_t at_ms = (uint64_t)rows[i].at_ms[k];
      int64_t wall_ms = DAY + rows[i].at_ms[k];
      (void)gc_server_clock_observe(&c, at_ms, wall_ms,
                                    wall_ms + rows[i].ahead_s[k] * 1000);
      gc_clock_judge(&j, &c, at_ms, wall_ms, &v);
      CHECK_INT(v.is_lasting, rows[i].is_lasting[k]);
      /* No further answer: the difference is still that of one answer. */
      gc_clock_judge(&j, &c, at_ms + 900, wall_ms + 900, &v);
      CHECK_INT(v.is_lasting, rows[i].is_lasting[k]);
    }
  }
}

/* ---- the date of a start ---- */

enum stated { NONE, FRESH, OLD }; /* OLD: an hour ago */

/* One answer and, unless NONE, one event. */
static void update_start(struct gc_start_clock *s, struct gc_server_clock *c,
                         struct gc_clock_judge *j, int64_t at_ms,
                         const int ahead_s[2], enum stated stated) {
  int64_t wall_ms = at_ms + ahead_s[0] * 1000;
  struct gc_clock_verdict v;
  (void)gc_server_clock_observe(c, (uint64_t)at_ms, wall_ms,
                                at_ms + ahead_s[1] * 1000);
  if (stated != NONE)
    gc_clock_judge_state(j, (uint64_t)at_ms,
                         stated == FRESH ? at_ms : at_ms - HOUR);
  gc_clock_judge(j, c, (uint64_t)at_ms, wall_ms, &v);
  gc_start_clock_update(s, &v, (uint64_t)at_ms);
}

/* One answer every 10 s, events from 60 s on; after 100 s both clocks are
 * right. */
static void a_start_is_dated_by_the_judged_clock(void) {
  enum { H = 3600 };
  static const struct {
    const char *name;
    int ahead_s[2]; /* of wall clock and Date, until 100 s */
    enum stated stated;
    int at_30_s, at_90_s; /* how far the start is ahead */
  } rows[] = {
      {"all are right", {0, 0}, NONE, 0, 0},
      {"our clock is behind", {-2 * H, 0}, NONE, 0, 0},
      {"our clock is behind, events", {-2 * H, 0}, FRESH, 0, 0},
      {"our clock is ahead", {2 * H, 0}, NONE, 2 * H, 2 * H},
      {"our clock is ahead, events", {2 * H, 0}, FRESH, 2 * H, 0},
      {"our clock is ahead, old events", {2 * H, 0}, OLD, 2 * H, 2 * H},
      {"the Date is behind", {0, -2 * H}, NONE, 0, 0},
      {"the Date is behind, events", {0, -2 * H}, FRESH, 0, 0},
      {"the Date is behind, old events", {0, -2 * H}, OLD, 0, 0},
      {"the Date is ahead", {0, 2 * H}, NONE, 2 * H, 2 * H},
      {"the Date is ahead, events", {0, 2 * H}, FRESH, 2 * H, 0},
      {"the Date is four minutes ahead", {0, 240}, FRESH, 240, 0},
      {"the Date is four minutes behind", {0, -240}, FRESH, 0, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    static const int right[2] = {0, 0};
    struct gc_server_clock c = {.is_agreed = false};
    struct gc_clock_judge j = {.is_stated = false};
    struct gc_start_clock s = {.epoch_ms = 0};
    CHECK_ROW(rows[i].name);
    for (int at_s = 0; at_s <= 200; at_s += 10) {
      update_start(&s, &c, &j, DAY + at_s * 1000,
                   at_s > 100 ? right : rows[i].ahead_s,
                   at_s < 60 ? NONE : rows[i].stated);
      if (at_s == 30)
        CHECK_INT(s.epoch_ms, rows[i].at_30_s * 1000);
      if (at_s == 90)
        CHECK_INT(s.epoch_ms, rows[i].at_90_s * 1000);
    }
    CHECK_INT(s.epoch_ms, 0);
    CHECK(s.is_final);
  }
}

/* The monotonic clock stands still while a machine is suspended. The start must
 * not become later by that time. */
static void a_suspended_machine_moves_no_start(void) {
  static const int right[2] = {0, 0}, slept[2] = {3 * 3600, 3 * 3600};
  struct gc_server_clock c = {.is_agreed = false};
  struct gc_clock_judge j = {.is_stated = false};
  struct gc_start_clock s = {.epoch_ms = 0};
  for (int at_s = 0; at_s <= 300; at_s += 10)
    update_start(&s, &c, &j, DAY + at_s * 1000, at_s <= 70 ? right : slept,
                 NONE);
  CHECK_INT(s.epoch_ms, 0);
}

/* The first Date may show that the wall clock is wrong. */
static void answers_without_a_date_settle_no_start(void) {
  static const int behind[2] = {-3600, 0};
  struct gc_server_clock c = {.is_agreed = false};
  struct gc_clock_judge j = {.is_stated = false};
  struct gc_start_clock s = {.epoch_ms = 0};
  struct gc_clock_verdict v;
  gc_server_clock_observe_no_date(&c, 1000, 1000 - HOUR);
  gc_clock_judge(&j, &c, 1000, 1000 - HOUR, &v);
  gc_start_clock_update(&s, &v, 1000);
  CHECK_INT(s.epoch_ms, -HOUR);
  CHECK(!s.is_settled);
  update_start(&s, &c, &j, 2000, behind, NONE);
  CHECK_INT(s.epoch_ms, 0);
}

int main(void) {
  RUN(the_time_by_dates_alone_needs_a_date);
  RUN(the_time_is_the_servers_plus_the_monotonic_time_since);
  RUN(of_three_clocks_two_decide);
  RUN(steady_dates_count_for_waits_and_ages);
  RUN(a_step_of_minutes_needs_two_clocks);
  RUN(a_single_date_moves_no_wait_of_an_agent_whose_clock_is_wrong);
  RUN(without_dates_our_clock_counts_when_it_lasts);
  RUN(a_clock_alone_is_never_believed);
  RUN(a_judgement_lasts_while_the_difference_does);
  RUN(without_dates_a_short_step_of_our_clock_moves_nothing);
  RUN(a_difference_lasts_over_several_answers);
  RUN(a_start_is_dated_by_the_judged_clock);
  RUN(a_suspended_machine_moves_no_start);
  RUN(answers_without_a_date_settle_no_start);
  return check_done();
}
