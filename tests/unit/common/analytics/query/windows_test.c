/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/windows.h"

#include "common/base/timestamp.h"
#include "tests/support/check.h"

enum { MINUTE = 60000, HOUR = 3600000, DAY = 86400000 };

static int64_t ms_of(const char *text) {
  int64_t ms = 0;
  struct gc_err err;
  CHECK_INT(gc_timestamp_parse(text, strlen(text), &ms, &err), GC_OK);
  return ms;
}

static const char *text_of(int64_t ms) {
  static char texts[4][GC_TIMESTAMP_SIZE];
  static int next;
  return gc_timestamp_print(texts[next++ % 4], ms) + 11;
}

static struct gc_windows_rule rule_of(int64_t period_ms, uint32_t revisit) {
  return (struct gc_windows_rule){.period_ms = period_ms,
                                  .settle_ms = 90000,
                                  .backfill_ms = 6 * HOUR,
                                  .revisit = revisit};
}

static void the_newest_window_is_aligned_and_settled(void) {
  static const struct {
    const char *now;
    int64_t period_ms;
    const char *newest;
  } rows[] = {
      {"2026-08-01T10:05:30Z", MINUTE, "2026-08-01T10:04:00Z"},
      {"2026-08-01T10:05:29.999Z", MINUTE, "2026-08-01T10:03:00Z"},
      {"2026-08-01T10:31:29Z", 30 * MINUTE, "2026-08-01T10:00:00Z"},
      {"2026-08-01T10:31:30Z", 30 * MINUTE, "2026-08-01T10:30:00Z"},
      {"2026-08-02T00:01:29Z", DAY, "2026-08-01T00:00:00Z"},
      {"2026-08-02T00:01:30Z", DAY, "2026-08-02T00:00:00Z"},
      /* Summer time ends and begins in Europe; windows are in UTC and do not
       * move. */
      {"2026-10-25T01:01:30Z", HOUR, "2026-10-25T01:00:00Z"},
      {"2026-03-29T01:01:30Z", HOUR, "2026-03-29T01:00:00Z"},
      {"1970-01-01T00:00:30Z", MINUTE, "1969-12-31T23:59:00Z"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].now);
    struct gc_windows_rule rule = rule_of(rows[i].period_ms, 0);
    CHECK_INT(gc_windows_newest(&rule, ms_of(rows[i].now)),
              ms_of(rows[i].newest));
  }
}

static void a_plan_has_the_new_windows_and_those_not_settled(void) {
  struct gc_windows_rule rule = rule_of(MINUTE, 2);
  struct gc_windows_mark mark = {true, ms_of("2026-08-01T10:01:00Z"),
                                 ms_of("2026-08-01T10:03:00Z"), 0};
  struct gc_windows_plan p;
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:05:30Z"), 60, &p));
  CHECK_STR(text_of(p.again_from_ms), "10:01:00.000Z");
  CHECK_STR(text_of(p.again_to_ms), "10:03:00.000Z");
  CHECK_STR(text_of(p.from_ms), "10:03:00.000Z");
  CHECK_STR(text_of(p.to_ms), "10:04:00.000Z");
  mark = gc_windows_advance(&p, &mark, p.to_ms);
  CHECK_STR(text_of(mark.done_ms), "10:04:00.000Z");
  CHECK_STR(text_of(mark.settled_ms), "10:02:00.000Z");
  CHECK(!gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:06:29.999Z"), 60,
                         &p));
  CHECK_INT(gc_windows_due(&rule, &mark), ms_of("2026-08-01T10:06:30Z"));
  CHECK(gc_windows_plan(&rule, &mark, gc_windows_due(&rule, &mark), 60, &p));
}

static void a_query_without_a_checkpoint_begins_backfill_ago(void) {
  struct gc_windows_rule rule = rule_of(MINUTE, 2);
  struct gc_windows_mark mark = {.is_set = false};
  struct gc_windows_plan p;
  rule.backfill_ms = 5 * MINUTE + 30000;
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:05:30Z"), 60, &p));
  CHECK_STR(text_of(p.from_ms), "09:59:00.000Z");
  CHECK_INT(p.again_from_ms, p.again_to_ms);
  CHECK_INT(p.skipped, 0);
  rule.backfill_ms = 0; /* the newest one at least */
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:05:30Z"), 60, &p));
  CHECK_STR(text_of(p.from_ms), "10:03:00.000Z");
  CHECK_STR(text_of(p.to_ms), "10:04:00.000Z");
}

static void a_chunk_is_the_oldest_part(void) {
  struct gc_windows_rule rule = rule_of(MINUTE, 3);
  struct gc_windows_mark mark = {true, ms_of("2026-08-01T09:00:00Z"),
                                 ms_of("2026-08-01T09:03:00Z"), 0};
  struct gc_windows_plan p;
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:05:30Z"), 10, &p));
  CHECK_STR(text_of(p.from_ms), "09:03:00.000Z");
  CHECK_STR(text_of(p.to_ms), "09:13:00.000Z");
  mark = gc_windows_advance(&p, &mark, ms_of("2026-08-01T09:04:00Z"));
  CHECK_STR(text_of(mark.settled_ms), "09:04:00.000Z");
  mark = gc_windows_advance(&p, &mark, p.to_ms);
  CHECK_STR(text_of(mark.settled_ms), "09:13:00.000Z"); /* read late enough */
}

static void a_window_older_than_backfill_is_skipped(void) {
  struct gc_windows_rule rule = rule_of(MINUTE, 3);
  struct gc_windows_mark mark = {true, ms_of("2026-08-01T01:00:00Z"),
                                 ms_of("2026-08-01T01:03:00Z"), 0};
  struct gc_windows_plan p;
  int64_t at_ms, from_ms, to_ms;
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:05:30Z"), 10, &p));
  CHECK_STR(text_of(p.again_from_ms), "01:00:00.000Z");
  CHECK_STR(text_of(p.again_to_ms), "01:03:00.000Z");
  CHECK_STR(text_of(p.from_ms), "04:04:00.000Z");
  CHECK_INT(p.skipped, 181);
  at_ms = p.again_from_ms;
  CHECK(gc_windows_piece(&p, MINUTE, 100, &at_ms, &from_ms, &to_ms));
  CHECK_STR(text_of(from_ms), "01:00:00.000Z");
  CHECK_STR(text_of(to_ms), "01:03:00.000Z");
  CHECK(gc_windows_piece(&p, MINUTE, 100, &at_ms, &from_ms, &to_ms));
  CHECK_STR(text_of(from_ms), "04:04:00.000Z");
  CHECK_STR(text_of(to_ms), "04:14:00.000Z");
  CHECK(!gc_windows_piece(&p, MINUTE, 100, &at_ms, &from_ms, &to_ms));
}

/* For every width the pieces are the plan: no window comes twice, and none is
 * missing. */
static void pieces_are_the_whole_plan(void) {
  struct gc_windows_plan p = {.again_from_ms = 0,
                              .again_to_ms = 7 * MINUTE,
                              .from_ms = 7 * MINUTE,
                              .to_ms = 20 * MINUTE};
  for (uint32_t max = 1; max < 25; max++) {
    int64_t at_ms = p.again_from_ms, from_ms, to_ms, next_ms = 0;
    while (gc_windows_piece(&p, MINUTE, max, &at_ms, &from_ms, &to_ms)) {
      CHECK_INT(from_ms, next_ms);
      CHECK(to_ms > from_ms && to_ms - from_ms <= (int64_t)max * MINUTE);
      next_ms = to_ms;
    }
    CHECK_INT(next_ms, p.to_ms);
  }
}

static void a_checkpoint_in_the_future_requests_nothing(void) {
  struct gc_windows_rule rule = rule_of(MINUTE, 3);
  struct gc_windows_mark mark = {true, ms_of("2026-08-01T11:00:00Z"),
                                 ms_of("2026-08-01T11:03:00Z"), 0};
  struct gc_windows_plan p;
  CHECK(!gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:05:30Z"), 10, &p));
}

/* An hour of minutes, with a poll at any moment: each window is new once, and
 * each is read again until it was read late enough. */
static void each_window_is_new_once_and_read_until_it_settles(void) {
  struct gc_windows_rule rule = rule_of(MINUTE, 4);
  struct gc_windows_mark mark = {true, ms_of("2026-08-01T10:00:00Z"),
                                 ms_of("2026-08-01T10:00:00Z"), 0};
  int64_t read_ms[64] = {0};
  int news[64] = {0};
  uint32_t random32 = 7;
  int64_t begin = ms_of("2026-08-01T10:00:00Z"), now = begin;
  while (now < begin + HOUR) {
    struct gc_windows_plan p;
    random32 = random32 * 1664525u + 1013904223u;
    now += random32 >> 8 & 0x3ffff; /* up to 262 s */
    if (!gc_windows_plan(&rule, &mark, now, 3, &p))
      continue;
    for (int64_t end = p.again_from_ms + MINUTE; end <= p.to_ms; end += MINUTE)
      read_ms[(end - begin) / MINUTE] = now;
    for (int64_t end = p.from_ms + MINUTE; end <= p.to_ms; end += MINUTE) {
      news[(end - begin) / MINUTE]++;
      mark = gc_windows_advance(&p, &mark, end);
    }
    for (int64_t end = begin + MINUTE; end <= mark.settled_ms; end += MINUTE)
      CHECK(read_ms[(end - begin) / MINUTE] >= end + 90000 + 4 * MINUTE);
  }
  for (int64_t end = begin + MINUTE; end <= mark.done_ms; end += MINUTE)
    CHECK_INT(news[(end - begin) / MINUTE], 1);
  CHECK(mark.done_ms > begin + 50 * MINUTE);
  CHECK(mark.settled_ms > begin + 40 * MINUTE);
}

/* ---- the slow pass ---- */

static struct gc_windows_rule slow_rule(void) {
  struct gc_windows_rule rule = rule_of(MINUTE, 30);
  rule.slow_ms = 3 * (int64_t)DAY;
  rule.slow_period_ms = HOUR;
  return rule;
}

static void windows_that_settle_wait_for_the_slow_pass(void) {
  struct gc_windows_rule rule = slow_rule();
  struct gc_windows_mark mark = {.is_set = true,
                                 .base_ms = ms_of("2026-08-01T08:00:00Z"),
                                 .settled_ms = ms_of("2026-08-01T09:00:00Z"),
                                 .done_ms = ms_of("2026-08-01T10:33:00Z")};
  struct gc_windows_plan p;
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:35:30Z"), 60, &p));
  CHECK(p.is_slow);
  CHECK_STR(text_of(p.again_from_ms), text_of(mark.settled_ms));
  /* Whole hours settle: 10:04 is 30 windows ago. */
  CHECK_STR(text_of(p.final_ms), "10:00:00.000Z");
  mark = gc_windows_advance(&p, &mark, p.to_ms);
  CHECK_STR(text_of(mark.settled_ms), "10:00:00.000Z");
  CHECK_STR(text_of(mark.base_ms), "08:00:00.000Z");
}

static void the_first_windows_of_a_query_begin_at_an_hour(void) {
  struct gc_windows_rule rule = slow_rule();
  struct gc_windows_mark mark = {.is_set = false};
  struct gc_windows_plan p;
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T10:35:30Z"), 60, &p));
  CHECK_STR(text_of(p.from_ms), "04:00:00.000Z");
  CHECK(p.is_slow);
  mark = gc_windows_advance(&p, &mark, p.to_ms);
  CHECK_STR(text_of(mark.base_ms), "04:00:00.000Z");
  CHECK_STR(text_of(mark.settled_ms), "05:00:00.000Z");
}

/* The mark of a query whose Revisit was a number is at any minute. */
static void a_slow_pass_begins_at_the_next_hour(void) {
  struct gc_windows_rule rule = slow_rule();
  struct gc_windows_mark mark = {.is_set = true,
                                 .base_ms = ms_of("2026-08-01T10:03:00Z"),
                                 .settled_ms = ms_of("2026-08-01T10:03:00Z"),
                                 .done_ms = ms_of("2026-08-01T10:33:00Z")};
  struct gc_windows_plan p;
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T11:35:30Z"), 100, &p));
  CHECK(!p.is_slow);
  mark = gc_windows_advance(&p, &mark, p.to_ms);
  CHECK_STR(text_of(mark.settled_ms), "11:00:00.000Z");
  CHECK_STR(text_of(mark.base_ms), "11:00:00.000Z");
  CHECK(gc_windows_plan(&rule, &mark, ms_of("2026-08-01T12:35:30Z"), 100, &p));
  CHECK(p.is_slow);
}

static void a_slow_pass_reads_whole_hours_up_to_its_age(void) {
  struct gc_windows_rule rule = slow_rule();
  struct gc_windows_mark mark = {.is_set = true,
                                 .base_ms = ms_of("2026-08-01T08:00:00Z"),
                                 .settled_ms = ms_of("2026-08-04T10:00:00Z"),
                                 .done_ms = ms_of("2026-08-04T10:33:00Z")};
  int64_t now_ms = ms_of("2026-08-04T10:35:30Z");
  struct gc_windows_plan p;
  CHECK(gc_windows_slow_plan(&rule, &mark, now_ms, &p));
  CHECK_INT(p.again_from_ms, mark.base_ms);
  CHECK_INT(p.again_to_ms, mark.settled_ms);
  CHECK_INT(p.to_ms, p.from_ms); /* no new windows */
  CHECK_INT(p.final_ms, ms_of("2026-08-01T10:00:00Z"));
  mark.settled_ms = mark.base_ms;
  CHECK(!gc_windows_slow_plan(&rule, &mark, now_ms, &p));
  mark.settled_ms = ms_of("2026-08-04T10:10:00Z"); /* during a back-fill */
  CHECK(!gc_windows_slow_plan(&rule, &mark, now_ms, &p));
  rule.slow_ms = 0;
  CHECK(!gc_windows_slow_plan(&rule, &mark, now_ms, &p));
}

int main(void) {
  RUN(windows_that_settle_wait_for_the_slow_pass);
  RUN(the_first_windows_of_a_query_begin_at_an_hour);
  RUN(a_slow_pass_begins_at_the_next_hour);
  RUN(a_slow_pass_reads_whole_hours_up_to_its_age);
  RUN(the_newest_window_is_aligned_and_settled);
  RUN(a_plan_has_the_new_windows_and_those_not_settled);
  RUN(a_query_without_a_checkpoint_begins_backfill_ago);
  RUN(a_chunk_is_the_oldest_part);
  RUN(a_window_older_than_backfill_is_skipped);
  RUN(pieces_are_the_whole_plan);
  RUN(a_checkpoint_in_the_future_requests_nothing);
  RUN(each_window_is_new_once_and_read_until_it_settles);
  return check_done();
}
