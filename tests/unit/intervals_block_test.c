/* SPDX-License-Identifier: MIT */
#include "common/intervals/intervals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/instant.h"
#include "tests/support/check.h"
#include "tests/support/replay.h"
#include "tests/support/store_bench.h"

#define TOKEN "{\"access_token\":\"t\",\"expires_in\":86400}"
#define QUERY "POST /api/v2/analytics/conversations/aggregates/query"
#define LIST "GET /api/v2/routing/queues"
#define OFFERED(queue, from, to, count)                                        \
  "{\"group\":{\"queueId\":\"" queue "\",\"mediaType\":\"voice\"},"            \
  "\"data\":[{\"interval\":\"2023-11-14T" from ":00.000Z/2023-11-14T" to       \
  ":00.000Z\",\"metrics\":[{\"metric\":\"nOffered\",\"stats\":{"               \
  "\"count\":" count "}}]}]}"
#define ANSWER(results) "{\"results\":[" results "]}"

enum { MINUTE = 60000, SEEN_MOST = 4096 };

/* An account without a thread: its loop never starts, so that what is handed
 * to it runs at once, and the clock is a number. The replay's wall clock begins
 * at 2023-11-14T22:13:20Z. */
static struct world {
  struct replay r;
  struct gc_loop *loop;
  struct gc_auth *auth;
  struct gc_shared_budget *budget;
  struct gc_api *api;
  struct gc_names *names;
  struct gc_store *store;
  struct gc_intervals *block;
  char *list;

  /* What has left, in order, as "INSTANCE/TYPE-QUALIFIER HH:MM VALUE". */
  char seen[SEEN_MOST][128];
  size_t count;
  size_t in_flight; /* the tap has not seen the last so many */
  bool holds;       /* the tap sees nothing */
  double gauge;
  char wanted[64];
} w;

static struct gc_intervals_settings settings;
static char *metrics[] = {(char[]){"nOffered"}};
static char *groups[] = {(char[]){"queueId"}, (char[]){"mediaType"}};

static void on_token(void *ctx) {
  (void)ctx;
  if (w.api != NULL)
    gc_api_wake(w.api);
}

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  w.r.edge.notice(w.r.edge.ctx, cause, err);
}

static void answer(const char *match, int times, int status, const char *body) {
  replay_answer(&w.r, &(struct replay_answer){.match = match,
                                              .times = times,
                                              .status = status,
                                              .body = body});
}

static void will(const char *match, const char *body) {
  answer(match, REPLAY_ALWAYS, 200, body);
}

static void once(const char *match, const char *body) {
  answer(match, 1, 200, body);
}

static void begin(void) {
  struct gc_store *kept = w.store;
  w = (struct world){.store = kept};
  replay_init(&w.r);
  will("POST /oauth/token", TOKEN);
  will(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
             "{\"id\":\"q2\",\"name\":\"Support\"}]}");
  settings = (struct gc_intervals_settings){
      .name = "queues",
      .instance = "query-queues",
      .account = "prod",
      .query = {.source = GC_QUERY_CONVERSATIONS,
                .metrics = metrics,
                .metric_count = 1,
                .group_by = groups,
                .group_count = 2,
                .granularity = "PT1M",
                .period_ms = MINUTE},
      .rule = {.period_ms = MINUTE,
               .settle_ms = 90000,
               .backfill_ms = MINUTE,
               .revisit = 2},
      .counters = true,
      .max_series = 1000,
  };
}

static void start(void) {
  static const struct gc_auth_settings auth = {
      .url = "https://login.example/oauth/token",
      .client_id = "client",
      .secret = {.literal = "secret"},
      .margin_s = 300};
  static const struct gc_api_settings api = {.base_url = "https://api.example",
                                             .max_concurrent = 4};
  struct gc_err err;
  w.loop = gc_loop_new(&err);
  w.budget = gc_budgets_get("client", 60000, w.r.now_ms);
  w.auth = gc_auth_new(&auth, &w.r.edge, on_token, NULL);
  w.api = gc_api_new(&api, &w.r.edge, w.auth, w.budget);
  w.names = gc_names_new("prod", w.api, &w.r.edge, NULL);
  struct gc_intervals_site site = {.loop = w.loop,
                                   .edge = &w.r.edge,
                                   .api = w.api,
                                   .names = w.names,
                                   .store = w.store,
                                   .requests_per_minute = 60000};
  w.block = gc_intervals_new(&settings, &site, on_notice, NULL);
  gc_intervals_start(w.block);
  replay_settle(&w.r);
}

static void stop(void) {
  gc_intervals_free(w.block);
  gc_names_free(w.names);
  gc_api_free(w.api);
  gc_auth_free(w.auth);
  CHECK_INT(w.r.in_flight, 0);
  gc_budgets_put(w.budget);
  gc_loop_free(w.loop);
  replay_clear(&w.r);
}

static void end(void) {
  CHECK_INT(w.r.unscripted, 0);
  stop();
}

static double first_value(const struct gc_sample *s) {
  return gc_metric(s->metric)->ds[0].kind == GC_DERIVE
             ? (double)s->values[0].derive
             : s->values[0].gauge;
}

/* The tap: a series that has a value in flight is refused. */
static enum gc_code emit(void *ctx, const struct gc_sample *s) {
  char name[128], at[GC_INSTANT_ROOM];
  (void)ctx;
  snprintf(name, sizeof(name), "%s/%s-%s ", s->instance,
           gc_metric(s->metric)->name, s->qualifier);
  for (size_t i = w.count - w.in_flight; i < w.count; i++)
    if (strncmp(w.seen[i], name, strlen(name)) == 0)
      return GC_ERR_LIMIT;
  if (w.count == SEEN_MOST)
    abort();
  gc_instant_print(at, s->time_ms);
  snprintf(w.seen[w.count++], sizeof(w.seen[0]), "%s%.5s %.15g", name, at + 11,
           first_value(s));
  w.in_flight++;
  return GC_OK;
}

static bool wait_for(void *ctx, uint32_t most_ms) {
  (void)ctx;
  if (w.holds && w.in_flight > 0) {
    w.r.now_ms += most_ms + 1; /* as long as it takes */
    return false;
  }
  w.in_flight = 0;
  return true;
}

static const struct gc_departure_way way = {emit, wait_for, NULL};

/* Lets the time pass, with a read callback each second. */
static void pass(uint64_t ms) {
  for (uint64_t left = ms; left > 0;) {
    uint64_t step = left < 1000 ? left : 1000;
    replay_run(&w.r, step);
    gc_intervals_read(w.block, &way, 700);
    left -= step;
  }
}

/* What has left, each on a line. */
static const char *left(void) {
  static char text[8192];
  size_t len = 0;
  text[0] = '\0';
  for (size_t i = 0; i < w.count && len < sizeof(text) - 200; i++)
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", w.seen[i]);
  return text;
}

static void put(void *ctx, const struct gc_sample *s) {
  char name[128];
  (void)ctx;
  snprintf(name, sizeof(name), "%s-%s", gc_metric(s->metric)->name,
           s->qualifier);
  if (strcmp(name, w.wanted) == 0)
    w.gauge = first_value(s);
}

static double state(const char *name) {
  struct gc_samples out = {put, NULL};
  w.gauge = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "%s", name);
  gc_intervals_read_state(w.block, "query-queues", 10000, &out);
  return w.gauge;
}

static const char *last_interval(void) {
  static char text[64];
  const struct replay_request *r = replay_last(&w.r, QUERY);
  const char *at = r != NULL ? strstr(r->body, "\"interval\":\"") : NULL;
  snprintf(text, sizeof(text), "%.49s", at != NULL ? at + 12 : "none");
  return text;
}

static void the_newest_settled_window_is_asked_for_and_leaves(void) {
  begin();
  once(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
  start();
  CHECK_STR(last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z");
  CHECK_HAS(replay_last(&w.r, QUERY)->body,
            "\"granularity\":\"PT1M\",\"groupBy\":[\"queueId\",\"mediaType\"],"
            "\"metrics\":[\"nOffered\"]}");
  pass(2000);
  CHECK_STR(left(), "Sales/queue_metric-nOffered-voice 22:10 0\n"
                    "Sales/queue_interval_count-nOffered-voice 22:11 3\n"
                    "Sales/queue_metric-nOffered-voice 22:11 3\n");
  end();
}

static void each_window_is_asked_for_when_it_has_settled(void) {
  begin();
  will(QUERY, ANSWER(""));
  start();
  pass(10000); /* 22:13:30 */
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  CHECK_STR(last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:12:00.000Z");
  pass(59000);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  pass(2000);
  CHECK_INT(replay_count(&w.r, QUERY), 3);
  pass(60000);
  CHECK_STR(last_interval(),
            "2023-11-14T22:11:00.000Z/2023-11-14T22:14:00.000Z");
  CHECK_INT(replay_count(&w.r, QUERY), 4);
  CHECK_INT(w.count, 0);
  CHECK_REAL(state("window_lag-"), 92 - 1 + 0);
  end();
}

/* ---- what survives ---- */

/* The truth: nOffered of Sales, minute by minute from 22:00 on. */
static int truth[240];
static char truth_body[65536];

static void tell_truth(void) {
  size_t len = (size_t)snprintf(truth_body, sizeof(truth_body),
                                "{\"results\":[{\"group\":{\"queueId\":\"q1\","
                                "\"mediaType\":\"voice\"},\"data\":[");
  const char *comma = "";
  for (int m = 0; m < 240; m++) {
    char at[GC_INTERVAL_ROOM];
    int64_t begin_ms = 1699999200000 + (int64_t)m * MINUTE; /* 22:00 */
    if (truth[m] == 0)
      continue;
    gc_interval_print(at, begin_ms, begin_ms + MINUTE);
    len += (size_t)snprintf(
        truth_body + len, sizeof(truth_body) - len,
        "%s{\"interval\":\"%s\",\"metrics\":[{\"metric\":\"nOffered\","
        "\"stats\":{\"count\":%d}}]}",
        comma, at, truth[m]);
    comma = ",";
  }
  snprintf(truth_body + len, sizeof(truth_body) - len, "]}]}");
  replay_forget_answers(&w.r);
  will("POST /oauth/token", TOKEN);
  will(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
             "{\"id\":\"q2\",\"name\":\"Support\"}]}");
  will(QUERY, truth_body);
}

static void begin_with_store(void) {
  store_fresh();
  w.store = store_opened(NULL);
  memset(truth, 0, sizeof(truth));
  begin();
  tell_truth();
}

/* As a kill: nothing is finished. What has left is kept, and the time. */
static void restart(uint64_t away_ms) {
  static char seen[SEEN_MOST][128];
  size_t count = w.count;
  int64_t wall_ms = w.r.wall_ms + (int64_t)(w.r.now_ms - REPLAY_START_MS);
  struct gc_intervals_settings kept = settings;
  memcpy(seen, w.seen, sizeof(seen));
  stop();
  gc_store_close(w.store);
  w.store = store_opened(NULL);
  begin();
  settings = kept;
  w.r.wall_ms = wall_ms + (int64_t)away_ms;
  memcpy(w.seen, seen, sizeof(seen));
  w.count = count;
  tell_truth();
  start();
}

static void end_with_store(void) {
  end();
  gc_store_close(w.store);
  w.store = NULL;
}

static size_t times_left(const char *line) {
  size_t count = 0;
  for (size_t i = 0; i < w.count; i++)
    count += strcmp(w.seen[i], line) == 0;
  return count;
}

static void a_restart_goes_on_where_it_was(void) {
  begin_with_store();
  truth[10] = 3;
  truth[11] = 4;
  truth[12] = 5;
  tell_truth();
  start();
  pass(15000); /* 22:13:35: two windows */
  restart(60000);
  pass(5000);
  CHECK_STR(left(), "Sales/queue_metric-nOffered-voice 22:10 0\n"
                    "Sales/queue_interval_count-nOffered-voice 22:11 3\n"
                    "Sales/queue_metric-nOffered-voice 22:11 3\n"
                    "Sales/queue_interval_count-nOffered-voice 22:12 4\n"
                    "Sales/queue_metric-nOffered-voice 22:12 7\n"
                    "Sales/queue_interval_count-nOffered-voice 22:13 5\n"
                    "Sales/queue_metric-nOffered-voice 22:13 12\n");
  end_with_store();
}

static void a_source_that_need_not_be_asked_is_neither_up_nor_down(void) {
  begin_with_store();
  start();
  CHECK_REAL(state("source_up-aggregates"), 1);
  pass(15000); /* 22:13:35; the next one is due at 22:14:30 */
  restart(1000);
  pass(2000);
  CHECK(isnan(state("source_up-aggregates")));
  pass(60000);
  CHECK_REAL(state("source_up-aggregates"), 1);
  end_with_store();
}

static void what_was_in_flight_leaves_again_as_it_was(void) {
  begin_with_store();
  truth[10] = 3;
  tell_truth();
  w.holds = true;
  start();
  pass(3000);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"), 1);
  truth[10] = 8; /* the API knows better by now */
  restart(1000);
  pass(2000);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"), 2);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:11 8"), 0);
  pass(60000);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"), 2);
  CHECK_INT(times_left("Sales/queue_metric-nOffered-voice 22:12 8"), 1);
  end_with_store();
}

static void an_end_in_order_repeats_nothing(void) {
  begin_with_store();
  truth[10] = 3;
  tell_truth();
  w.holds = true;
  start();
  pass(3000);
  w.holds = false;
  gc_intervals_finish(w.block, &way, 1000);
  restart(1000);
  pass(5000);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"), 1);
  end_with_store();
}

static void a_window_waits_for_the_one_before(void) {
  begin_with_store();
  settings.rule.backfill_ms = 3 * MINUTE;
  truth[8] = truth[9] = truth[10] = 1;
  tell_truth();
  w.holds = true;
  start();
  pass(5000);
  CHECK_STR(left(), "Sales/queue_metric-nOffered-voice 22:08 0\n"
                    "Sales/queue_interval_count-nOffered-voice 22:09 1\n");
  w.holds = false;
  pass(1000);
  CHECK_STR(left(), "Sales/queue_metric-nOffered-voice 22:08 0\n"
                    "Sales/queue_interval_count-nOffered-voice 22:09 1\n"
                    "Sales/queue_metric-nOffered-voice 22:09 1\n"
                    "Sales/queue_interval_count-nOffered-voice 22:10 1\n"
                    "Sales/queue_metric-nOffered-voice 22:10 2\n"
                    "Sales/queue_interval_count-nOffered-voice 22:11 1\n"
                    "Sales/queue_metric-nOffered-voice 22:11 3\n");
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  end_with_store();
}

static void another_query_keeps_the_time_and_not_the_totals(void) {
  char *others[] = {(char[]){"nOffered"}, (char[]){"tAcw"}};
  begin_with_store();
  truth[10] = 3;
  truth[12] = 2;
  tell_truth();
  start();
  pass(5000);
  settings.query.metrics = others;
  settings.query.metric_count = 2;
  restart(60000);
  pass(5000);
  CHECK_STR(left(), "Sales/queue_metric-nOffered-voice 22:10 0\n"
                    "Sales/queue_interval_count-nOffered-voice 22:11 3\n"
                    "Sales/queue_metric-nOffered-voice 22:11 3\n"
                    "Sales/queue_metric-nOffered-voice 22:12 0\n"
                    "Sales/queue_interval_count-nOffered-voice 22:13 2\n"
                    "Sales/queue_metric-nOffered-voice 22:13 2\n");
  settings.query.metrics = metrics;
  settings.query.metric_count = 1;
  end_with_store();
}

static void a_counter_begins_with_its_first_contact(void) {
  begin_with_store();
  settings.rule.backfill_ms = 5 * MINUTE;
  truth[9] = 3;
  tell_truth();
  start();
  pass(2000);
  CHECK_STR(left(), "Sales/queue_metric-nOffered-voice 22:09 0\n"
                    "Sales/queue_interval_count-nOffered-voice 22:10 3\n"
                    "Sales/queue_metric-nOffered-voice 22:10 3\n"
                    "Sales/queue_metric-nOffered-voice 22:11 3\n");
  end_with_store();
}

static void what_is_older_than_backfill_is_left_out_but_read_again(void) {
  begin_with_store();
  settings.rule.backfill_ms = 5 * MINUTE;
  truth[10] = 3;
  tell_truth();
  start();
  pass(15000); /* done is 22:12 */
  truth[10] = 4;
  truth[20] = 50; /* lost */
  truth[57] = 6;
  restart(50 * MINUTE); /* 23:03:35 */
  pass(5000);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:58 6"), 1);
  CHECK_INT(times_left("Sales/queue_metric-nOffered-voice 22:58 10"), 1);
  CHECK_INT(times_left("Sales/queue_metric-nOffered-voice 23:02 10"), 1);
  CHECK_REAL(state("windows-skipped"), 45);
  CHECK_INT(replay_noticed(&w.r, "backfill", GC_ERR_LIMIT), 1);
  CHECK_INT(replay_count(&w.r, QUERY), 2); /* the hole divides it */
  end_with_store();
}

/* Whatever moment it is killed at: each window is there, at most the one in
 * flight twice and then the same, and the counter ends at the truth. */
static uint32_t dice_state;
static uint32_t dice(uint32_t sides) {
  dice_state = dice_state * 1664525u + 1013904223u;
  return (dice_state >> 8) % sides;
}

static void check_all_windows(int64_t first_minute, int64_t last_minute,
                              size_t kills) {
  for (int64_t m = first_minute; m <= last_minute; m++) {
    char prefix[96], first[128] = "";
    size_t count = 0;
    snprintf(prefix, sizeof(prefix),
             "Sales/queue_metric-nOffered-voice %02d:%02d ",
             (int)(22 + m / 60) % 24, (int)(m % 60));
    for (size_t i = 0; i < w.count; i++) {
      if (strncmp(w.seen[i], prefix, strlen(prefix)) != 0)
        continue;
      if (count++ == 0)
        snprintf(first, sizeof(first), "%s", w.seen[i]);
      CHECK_STR(w.seen[i], first);
    }
    CHECK_THAT(count >= 1 && count <= 1 + kills, "%s %zu times", prefix, count);
  }
}

/* Values that have left before, with the same time. */
static size_t repeated(void) {
  size_t count = 0;
  for (size_t i = 0; i < w.count; i++)
    for (size_t k = 0; k < i; k++)
      if (strcmp(w.seen[i], w.seen[k]) == 0) {
        count++;
        break;
      }
  return count;
}

static void killed_at_any_moment_nothing_is_missing(void) {
  for (uint32_t seed = 1; seed <= 8; seed++) {
    char row[16], last[96];
    int total = 0;
    size_t kills = 0;
    snprintf(row, sizeof(row), "seed %u", seed);
    CHECK_ROW(row);
    dice_state = seed;
    begin_with_store();
    settings.rule.revisit = 10;
    settings.rule.backfill_ms = 60 * MINUTE;
    truth[10] = 1;
    tell_truth();
    start();
    for (int step = 0; step < 60; step++) {
      int now_minute =
          (int)((w.r.wall_ms + (int64_t)(w.r.now_ms - REPLAY_START_MS) -
                 1699999200000) /
                MINUTE);
      truth[now_minute - 1 - (int)dice(6)] += 1 + (int)dice(3);
      truth[10] += truth[10] == 0;
      for (int m = 0; m < 10; m++)
        truth[m] = 0; /* before the query began */
      tell_truth();
      w.holds = dice(4) == 0;
      pass(1000 + dice(45000));
      kills += w.holds;
      if (w.holds || dice(3) == 0)
        restart(dice(4) == 0 ? dice(5) * MINUTE : dice(3000));
    }
    w.holds = false;
    tell_truth();
    pass(4 * MINUTE);
    int64_t done =
        (int64_t)((w.r.wall_ms + (int64_t)(w.r.now_ms - REPLAY_START_MS) -
                   90000 - 1699999200000) /
                  MINUTE);
    for (int m = 10; m < done; m++)
      total += truth[m];
    check_all_windows(11, done, kills);
    CHECK(repeated() <= 3 * kills);
    snprintf(last, sizeof(last),
             "Sales/queue_metric-nOffered-voice %02d:%02d %d",
             (int)(22 + done / 60) % 24, (int)(done % 60), total);
    CHECK_THAT(times_left(last) >= 1, "%s has not left but %s", last,
               w.seen[w.count - 1]);
    end_with_store();
  }
}

/* ---- the clock ---- */

static void with_date(int64_t date_ms, const char *body) {
  replay_forget_answers(&w.r);
  will("POST /oauth/token", TOKEN);
  will(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  replay_answer(&w.r, &(struct replay_answer){.match = QUERY,
                                              .times = REPLAY_ALWAYS,
                                              .status = 200,
                                              .body = body,
                                              .date_ms = date_ms});
}

static void a_window_that_is_not_over_for_the_server_is_not_answered(void) {
  begin(); /* 22:13:20 here, 22:12:00 there */
  with_date(REPLAY_START_WALL_MS - 80000,
            ANSWER(OFFERED("q1", "22:09", "22:10",
                           "2") "," OFFERED("q1", "22:10", "22:11", "3")));
  start();
  CHECK_STR(last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:11:00.000Z");
  pass(1000);
  CHECK_STR(last_interval(),
            "2023-11-14T22:09:00.000Z/2023-11-14T22:10:00.000Z");
  pass(1000);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:10 2"), 1);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"), 0);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  end();
}

static void a_step_of_our_clock_moves_no_window(void) {
  static const int64_t steps_ms[] = {3600000, -3600000, -86400000};
  for (size_t i = 0; i < GC_COUNT(steps_ms); i++) {
    CHECK_ROW(steps_ms[i] > 0 ? "forth" : "back");
    begin();
    with_date(REPLAY_START_WALL_MS, ANSWER(""));
    start();
    pass(2000);
    w.r.wall_ms += steps_ms[i];
    with_date(REPLAY_START_WALL_MS + 10000, ANSWER(""));
    pass(9000); /* 22:13:31 */
    CHECK_INT(replay_count(&w.r, QUERY), 2);
    CHECK_STR(last_interval(),
              "2023-11-14T22:10:00.000Z/2023-11-14T22:12:00.000Z");
    with_date(REPLAY_START_WALL_MS + 70000, ANSWER(""));
    pass(60000);
    CHECK_INT(replay_count(&w.r, QUERY), 3);
    CHECK_STR(last_interval(),
              "2023-11-14T22:10:00.000Z/2023-11-14T22:13:00.000Z");
    end();
  }
}

static void a_machine_that_slept_catches_up(void) {
  begin();
  settings.rule.backfill_ms = 60 * MINUTE;
  with_date(REPLAY_START_WALL_MS, ANSWER(""));
  start();
  pass(2000);
  w.r.wall_ms += 600000; /* the monotonic clock stood still */
  with_date(REPLAY_START_WALL_MS + 612000, ANSWER(""));
  pass(10000);
  CHECK_STR(last_interval(),
            "2023-11-14T22:10:00.000Z/2023-11-14T22:22:00.000Z");
  end();
}

/* ---- what goes wrong ---- */

static void a_failure_keeps_the_window(void) {
  static const struct {
    int status;
    uint64_t wait_ms;
  } rows[] = {{500, 120000}, {403, 60000}, {404, 60000}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char row[16];
    snprintf(row, sizeof(row), "%d", rows[i].status);
    CHECK_ROW(row);
    begin();
    settings.rule.backfill_ms = 10 * MINUTE;
    answer(QUERY, rows[i].status == 500 ? 3 : 1, rows[i].status, "{}");
    will(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
    start();
    pass(1000);
    CHECK_INT(w.count, 0);
    CHECK_REAL(state("source_up-aggregates"), 0);
    pass(rows[i].wait_ms);
    CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:11 3"),
              1);
    CHECK_REAL(state("source_up-aggregates"), 1);
    end();
  }
}

static void too_wide_an_interval_is_halved_until_it_fits(void) {
  begin();
  settings.rule.backfill_ms = 10 * MINUTE;
  answer(QUERY, 7, 400, "{\"message\":\"interval too wide\"}");
  will(QUERY, ANSWER(""));
  start();
  pass(5000);
  CHECK_INT(replay_noticed(&w.r, "aggregates", GC_ERR_REQUEST), 0);
  CHECK_INT(replay_count(&w.r, QUERY), 7 + 2); /* 1000 / 2^7 = 7 windows */
  CHECK_STR(last_interval(),
            "2023-11-14T22:08:00.000Z/2023-11-14T22:11:00.000Z");
  pass(5000);
  CHECK_REAL(state("windows-done"), 11);
  end();
}

static void a_query_that_is_refused_is_asked_once_a_minute(void) {
  begin();
  answer(QUERY, REPLAY_ALWAYS, 400, "{\"message\":\"no such metric\"}");
  start();
  pass(5000);
  CHECK_INT(replay_noticed(&w.r, "aggregates", GC_ERR_REQUEST), 1);
  size_t asked = replay_count(&w.r, QUERY);
  pass(600000);
  CHECK(replay_count(&w.r, QUERY) - asked <= 20);
  CHECK(replay_noticed(&w.r, "aggregates", GC_ERR_REQUEST) >= 9);
  end();
}

/* ---- queues ---- */

static void a_queue_that_the_list_lacks_waits_for_a_newer_one(void) {
  begin();
  replay_forget_answers(&w.r);
  will("POST /oauth/token", TOKEN);
  once(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  will(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
             "{\"id\":\"q9\",\"name\":\"New\"}]}");
  once(QUERY, ANSWER(OFFERED("q9", "22:10", "22:11", "3")));
  will(QUERY, ANSWER(OFFERED("q9", "22:10", "22:11", "3")));
  start();
  pass(100000);
  CHECK_INT(replay_count(&w.r, LIST), 2);
  CHECK_INT(times_left("New/queue_interval_count-nOffered-voice 22:11 3"), 1);
  CHECK_REAL(state("query_rows-unnamed"), 0);
  end();
}

static void a_queue_that_no_list_knows_holds_nobody_up_for_long(void) {
  begin();
  once(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11",
                             "1") "," OFFERED("q9", "22:10", "22:11", "3")));
  will(QUERY, ANSWER(OFFERED("q1", "22:11", "22:12",
                             "2") "," OFFERED("q9", "22:11", "22:12", "3")));
  start();
  pass(100000);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:11 1"), 1);
  CHECK_INT(times_left("Sales/queue_interval_count-nOffered-voice 22:12 2"), 1);
  CHECK(state("query_rows-unnamed") >= 2);
  end();
}

static size_t times_in(const char *text, const char *part) {
  size_t count = 0;
  for (; (text = strstr(text, part)) != NULL; text++)
    count++;
  return count;
}

static void queues_are_asked_for_by_the_hundred_and_above_200_all(void) {
  static const struct {
    unsigned count;
    size_t requests, ids;
  } rows[] = {{1, 1, 1}, {150, 2, 150}, {200, 2, 200}, {201, 1, 0}};
  char *selectors[] = {(char[]){"Queue *"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char row[16];
    size_t ids = 0, used = 0, size = 32768;
    snprintf(row, sizeof(row), "%u", rows[i].count);
    CHECK_ROW(row);
    begin();
    replay_forget_answers(&w.r);
    will("POST /oauth/token", TOKEN);
    w.list = malloc(size);
    used += (size_t)snprintf(w.list, size,
                             "{\"entities\":[{\"id\":\"x\",\"name\":\"X\"}");
    for (unsigned q = 0; q < rows[i].count; q++)
      used += (size_t)snprintf(w.list + used, size - used,
                               ",{\"id\":\"q%u\",\"name\":\"Queue %u\"}", q, q);
    snprintf(w.list + used, size - used, "]}");
    will(LIST, w.list);
    will(QUERY, ANSWER(OFFERED("q0", "22:10", "22:11",
                               "1") "," OFFERED("x", "22:10", "22:11", "1")));
    settings.selectors = selectors;
    settings.selector_count = 1;
    start();
    for (size_t k = 0; k < w.r.request_count; k++)
      ids += times_in(w.r.requests[k].body, "\"dimension\":\"queueId\"");
    CHECK_INT(replay_count(&w.r, QUERY), rows[i].requests);
    CHECK_INT(ids, rows[i].ids);
    pass(2000);
    CHECK_INT(times_left("X/queue_interval_count-nOffered-voice 22:11 1"), 0);
    CHECK(w.count > 0);
    end();
    free(w.list);
  }
}

static void back_fill_leaves_three_quarters_of_the_budget(void) {
  begin();
  settings.rule.backfill_ms = 600 * MINUTE;
  will(QUERY, ANSWER(""));
  start();
  pass(60000);
  CHECK_INT(replay_count(&w.r, QUERY), 10 + 1);
  CHECK_REAL(state("windows-done"), 601);
  end();
}

static void without_a_state_file_it_works_all_the_same(void) {
  begin();
  w.store = NULL;
  will(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
  start();
  pass(2000);
  CHECK_INT(w.count, 3);
  CHECK_REAL(state("window_lag-"), 142);
  end();
}

int main(void) {
  store_bench_begin();
  RUN(the_newest_settled_window_is_asked_for_and_leaves);
  RUN(each_window_is_asked_for_when_it_has_settled);
  RUN(a_restart_goes_on_where_it_was);
  RUN(a_source_that_need_not_be_asked_is_neither_up_nor_down);
  RUN(what_was_in_flight_leaves_again_as_it_was);
  RUN(an_end_in_order_repeats_nothing);
  RUN(a_window_waits_for_the_one_before);
  RUN(another_query_keeps_the_time_and_not_the_totals);
  RUN(a_counter_begins_with_its_first_contact);
  RUN(what_is_older_than_backfill_is_left_out_but_read_again);
  RUN(killed_at_any_moment_nothing_is_missing);
  RUN(a_window_that_is_not_over_for_the_server_is_not_answered);
  RUN(a_step_of_our_clock_moves_no_window);
  RUN(a_machine_that_slept_catches_up);
  RUN(a_failure_keeps_the_window);
  RUN(too_wide_an_interval_is_halved_until_it_fits);
  RUN(a_query_that_is_refused_is_asked_once_a_minute);
  RUN(a_queue_that_the_list_lacks_waits_for_a_newer_one);
  RUN(a_queue_that_no_list_knows_holds_nobody_up_for_long);
  RUN(queues_are_asked_for_by_the_hundred_and_above_200_all);
  RUN(back_fill_leaves_three_quarters_of_the_budget);
  RUN(without_a_state_file_it_works_all_the_same);
  store_bench_end();
  return check_done();
}
