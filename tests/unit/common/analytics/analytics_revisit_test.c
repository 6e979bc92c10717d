/* SPDX-License-Identifier: MIT */
/* Revisit as a duration: windows that polls do not read again are read by one
 * request an hour. */
#include "tests/support/analytics_world.h"

#include <stdio.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "tests/support/check.h"
#include "tests/support/store_bench.h"

enum { HOURS = 12, HOUR = 3600000, ONE_HOUR = 60 * MINUTE };
static const int64_t begin_ms = 1699999200000; /* 22:00, 13 minutes ago */

/* The truth: nOffered of Sales for each minute from 22:00 on. */
static int truth[HOURS * 60];
static char body[1 << 18];

static size_t add_row(char *out, size_t size, int64_t from_ms, int64_t to_ms,
                      int count, const char *comma) {
  char at[GC_INTERVAL_SIZE];
  gc_interval_print(at, from_ms, to_ms);
  return (size_t)snprintf(out, size,
                          "%s{\"interval\":\"%s\",\"metrics\":[{\"metric\":"
                          "\"nOffered\",\"stats\":{\"count\":%d}}]}",
                          comma, at, count);
}

/* Adds the windows of `width` minutes. */
static size_t add_windows(char *out, size_t size, int width) {
  size_t len = 0;
  for (int m = 0; m < HOURS * 60; m += width) {
    int count = 0;
    for (int k = m; k < m + width; k++)
      count += truth[k];
    len += add_row(out + len, size - len, begin_ms + (int64_t)m * MINUTE,
                   begin_ms + (int64_t)(m + width) * MINUTE, count, ",");
  }
  return len;
}

/* One answer has the minutes of the polls and the hours of the slow pass: a
 * decoder takes the windows of the length that it has asked for. */
static void tell_truth(void) {
  size_t len = (size_t)snprintf(body, sizeof(body),
                                "{\"results\":[{\"group\":{\"queueId\":\"q1\","
                                "\"mediaType\":\"voice\"},\"data\":[{}");
  len += add_windows(body + len, sizeof(body) - len, 1);
  len += add_windows(body + len, sizeof(body) - len, 60);
  snprintf(body + len, sizeof(body) - len, "]}]}");
  replay_forget_answers(&world.r);
  world_answers("POST /oauth/token", TOKEN);
  world_answers(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  world_answers(QUERY, body);
}

static void begin_query(int64_t days) {
  world_begin();
  world_query.rule.revisit = 30;
  world_query.rule.slow_ms = days * 24 * HOUR;
  world_query.rule.slow_period_ms = HOUR;
  memset(truth, 0, sizeof(truth));
  truth[14] = 5;
  truth[20] = 7;
  tell_truth();
}

static void a_correction_of_hours_ago_reaches_the_counter(void) {
  begin_query(3);
  world_start();
  world_pass(3 * ONE_HOUR); /* 01:13: both minutes settled for the polls */
  truth[20] = 9;
  tell_truth();
  world_pass(ONE_HOUR + 2 * MINUTE);
  CHECK_INT(
      world_times_dispatched("Sales/queue_metric-nOffered-voice 02:00 12"), 0);
  CHECK(world_block_value("revisions-") >= 1);
  CHECK_INT(
      world_times_dispatched("Sales/queue_metric-nOffered-voice 02:13 14"), 1);
  world_end();
}

static void a_number_reads_nothing_older(void) {
  begin_query(0);
  world_start();
  world_pass(3 * ONE_HOUR);
  truth[20] = 9;
  tell_truth();
  world_pass(ONE_HOUR + 2 * MINUTE);
  CHECK_INT(
      world_times_dispatched("Sales/queue_metric-nOffered-voice 02:13 12"), 1);
  world_end();
}

/* Windows older than the duration are read for good: a later change of the
 * platform does not count, and what was counted stays. */
static void windows_beyond_the_duration_stay_as_they_are(void) {
  begin_query(3);
  world_query.rule.slow_ms = 2 * (int64_t)HOUR;
  world_start();
  world_pass(5 * ONE_HOUR);
  truth[20] = 100;
  tell_truth();
  world_pass(2 * ONE_HOUR);
  CHECK_INT(
      world_times_dispatched("Sales/queue_metric-nOffered-voice 05:00 12"), 1);
  world_end();
}

static void it_costs_one_request_an_hour(void) {
  begin_query(3);
  world_start();
  world_pass(ONE_HOUR);
  double before = world_block_value("query_requests-answered");
  world_pass(6 * ONE_HOUR);
  CHECK_REAL(world_block_value("query_requests-answered") - before, 6 * 60 + 6);
  world_end();
}

static void the_windows_of_the_slow_pass_survive_a_restart(void) {
  store_fresh();
  world.store = store_opened(NULL);
  begin_query(3);
  world_start();
  world_pass(3 * ONE_HOUR);
  int64_t wall_ms =
      world.r.wall_ms + (int64_t)(world.r.now_ms - REPLAY_START_MS);
  world_stop();
  gc_store_close(world.store);
  world.store = store_opened(NULL);
  begin_query(3);
  world.r.wall_ms = wall_ms;
  truth[20] = 9;
  tell_truth();
  world_start();
  world_pass(15 * MINUTE); /* the first pass is 10 minutes after the start */
  CHECK(world_times_dispatched("Sales/queue_metric-nOffered-voice 01:15 12") ==
        1);
  CHECK(world_times_dispatched("Sales/queue_metric-nOffered-voice 01:26 14") ==
        1);
  world_end();
  gc_store_close(world.store);
  world.store = NULL;
}

int main(void) {
  store_bench_begin();
  RUN(a_correction_of_hours_ago_reaches_the_counter);
  RUN(a_number_reads_nothing_older);
  RUN(windows_beyond_the_duration_stay_as_they_are);
  RUN(it_costs_one_request_an_hour);
  RUN(the_windows_of_the_slow_pass_survive_a_restart);
  store_bench_end();
  return check_done();
}
