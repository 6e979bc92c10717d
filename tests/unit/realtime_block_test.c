/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/block.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/replay.h"

#define TOKEN "{\"access_token\":\"t\",\"expires_in\":86400}"
#define QUERY "POST /api/v2/analytics/queues/observations/query"
#define CONVERSATIONS "POST /api/v2/analytics/conversations/activity/query"
#define ROUTING "POST /api/v2/analytics/routing/activity/query"
#define METRICS "GET /api/v2/queues/metrics"
#define STATS "GET /api/v2/queues/stats"
#define LIST "GET /api/v2/routing/queues"
#define WAITING(queue, count)                                                  \
  "{\"group\":{\"queueId\":\"" queue "\",\"mediaType\":\"voice\"},"            \
  "\"data\":[{\"metric\":\"oWaiting\",\"stats\":{\"count\":" count "}}]}"
#define ANSWER(results) "{\"results\":[" results "]}"
#define UUID "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01"

/* An account without a thread: its loop never starts, so that what is handed
 * to it runs at once, and the clock is a number. */
static struct world {
  struct replay r;
  struct gc_loop *loop;
  struct gc_auth *auth;
  struct gc_shared_budget *budget;
  struct gc_api *api;
  struct gc_names *names;
  struct block *block;
  char *list;
  /* What came out of the last reading. */
  size_t values;
  double gauge;
  int64_t count;
  char wanted[64];
} w;

static struct block_settings settings;
static uint32_t per_minute;

static void on_token(void *ctx) {
  (void)ctx;
  if (w.api != NULL)
    gc_api_wake(w.api);
}

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  w.r.edge.notice(w.r.edge.ctx, cause, err);
}

static void will(const char *match, const char *body) {
  replay_answer(&w.r, &(struct replay_answer){.match = match,
                                              .times = REPLAY_ALWAYS,
                                              .status = 200,
                                              .body = body});
}

static void once(const char *match, int status, const char *body) {
  replay_answer(&w.r, &(struct replay_answer){
                          .match = match, .status = status, .body = body});
}

/* Queues q0000, q0001 … of the names "Queue 0" … */
static void will_list(unsigned count) {
  size_t size = count * 64 + 64, used = 0;
  w.list = malloc(size);
  used += (size_t)snprintf(w.list, size, "{\"entities\":[");
  for (unsigned i = 0; i < count; i++)
    used += (size_t)snprintf(w.list + used, size - used,
                             "%s{\"id\":\"q%04u\",\"name\":\"Queue %u\"}",
                             i > 0 ? "," : "", i, i);
  snprintf(w.list + used, size - used, "]}");
  will(LIST, w.list);
}

static void begin(enum obs_source source) {
  w = (struct world){0};
  replay_init(&w.r);
  will("POST /oauth/token", TOKEN);
  settings = (struct block_settings){.name = "all",
                                     .source = source,
                                     .interval_ms = 10000,
                                     .series_most = 200000,
                                     .expiry_ms = 86400000};
  per_minute = 60000;
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
  w.budget = gc_budgets_get("client", per_minute, w.r.now_ms);
  w.auth = gc_auth_new(&auth, &w.r.edge, on_token, NULL);
  w.api = gc_api_new(&api, &w.r.edge, w.auth, w.budget);
  w.names = gc_names_new("prod", w.api, &w.r.edge, NULL);
  struct block_site site = {.loop = w.loop,
                            .edge = &w.r.edge,
                            .api = w.api,
                            .names = w.names,
                            .requests_per_minute = per_minute};
  w.block = block_new(&settings, &site, on_notice, NULL, &err);
  block_start(w.block);
  replay_settle(&w.r);
}

static void end(void) {
  block_free(w.block);
  gc_names_free(w.names);
  gc_api_free(w.api);
  gc_auth_free(w.auth);
  CHECK_INT(w.r.in_flight, 0);
  CHECK_INT(w.r.unscripted, 0);
  gc_budgets_put(w.budget);
  gc_loop_free(w.loop);
  replay_clear(&w.r);
  free(w.list);
}

static void put(void *ctx, const struct gc_sample *s) {
  char name[256];
  (void)ctx;
  snprintf(name, sizeof(name), "%s/%s-%s", s->instance,
           gc_metric(s->metric)->name, s->qualifier);
  w.values++;
  if (strcmp(name, w.wanted) == 0)
    w.gauge = s->values[0].gauge;
  if (strcmp(name, w.wanted) == 0)
    w.count = s->values[0].derive;
}

/* The newest reading; the value of `name`, NAN when it is not in it. */
static double reads(const char *name) {
  struct gc_samples out = {put, NULL};
  w.values = 0;
  w.gauge = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "%s", name);
  block_read(w.block, &out);
  return w.gauge;
}

static double state(const char *name) {
  struct gc_samples out = {put, NULL};
  w.values = 0;
  w.gauge = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "queues-all/%s", name);
  block_read_state(w.block, "queues-all", 10000, &out);
  return w.gauge;
}

static size_t times_in(const char *text, const char *part) {
  size_t count = 0;
  for (; (text = strstr(text, part)) != NULL; text++)
    count++;
  return count;
}

static void asks_at_once_and_then_each_interval(void) {
  begin(OBS_QUERY);
  will_list(2);
  will(QUERY, ANSWER(WAITING("q0000", "1")));
  start();
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  replay_run(&w.r, 9999);
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  replay_run(&w.r, 1);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  replay_run(&w.r, 50000);
  CHECK_INT(replay_count(&w.r, QUERY), 7);
  CHECK_INT(replay_count(&w.r, "POST /oauth/token"), 1);
  CHECK_INT(replay_count(&w.r, LIST), 1);
  CHECK_INT(replay_count(&w.r, "GET /api/v2/presence"), 0);
  end();
}

static void each_value_leaves_once(void) {
  begin(OBS_QUERY);
  will_list(1);
  will(QUERY, ANSWER(WAITING("q0000", "3")));
  start();
  CHECK_REAL(reads("Queue 0/queue_depth-voice"), 3);
  CHECK_INT(w.values, 1);
  (void)reads("");
  CHECK_INT(w.values, 0);
  replay_run(&w.r, 10000);
  CHECK_REAL(reads("Queue 0/queue_depth-voice"), 3);
  end();
}

static void a_poll_that_outlasts_its_interval_skips_the_missed_ones(void) {
  begin(OBS_QUERY);
  will_list(1);
  replay_answer(&w.r, &(struct replay_answer){.match = QUERY,
                                              .times = REPLAY_ALWAYS,
                                              .status = 200,
                                              .body = ANSWER(""),
                                              .delay_ms = 25000});
  start();
  replay_run(&w.r, 29999);
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  replay_run(&w.r, 1);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  replay_run(&w.r, 60000);
  CHECK_INT(replay_count(&w.r, QUERY), 4);
  CHECK_INT(w.r.most_in_flight, 1);
  end();
}

static void queues_are_asked_for_by_the_hundred(void) {
  begin(OBS_QUERY);
  will_list(250);
  will(QUERY, ANSWER(""));
  start();
  CHECK_INT(replay_count(&w.r, QUERY), 3);
  size_t ids = 0, most = 0;
  for (size_t i = 0; i < w.r.request_count; i++) {
    size_t here = times_in(w.r.requests[i].body, "\"dimension\":\"queueId\"");
    ids += here;
    most = here > most ? here : most;
  }
  CHECK_INT(ids, 250);
  CHECK_INT(most, 100);
  end();
}

static void only_selected_queues_are_asked_for(void) {
  char *selectors[] = {(char[]){"!Queue 1"}, (char[]){"Queue *"},
                       (char[]){"q0007"}};
  begin(OBS_QUERY);
  settings.selectors = selectors;
  settings.selector_count = GC_COUNT(selectors);
  will_list(3);
  will(QUERY, ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "1")));
  start();
  const char *body = replay_last(&w.r, QUERY)->body;
  CHECK_HAS(body, "q0000");
  CHECK_HAS(body, "q0002");
  CHECK(strstr(body, "q0001") == NULL);
  CHECK(isnan(reads("Queue 1/queue_depth-voice")));
  CHECK_INT(w.values, 1);
  end();
}

static void a_block_that_takes_a_quarter_of_the_budget_says_so(void) {
  static const struct {
    const char *row;
    enum obs_source source;
    unsigned queues;
    uint32_t interval_ms, per_minute;
    bool warns;
  } rows[] = {
      {"1000 queues each 10 s", OBS_QUERY, 1000, 10000, 250, false},
      {"1100 queues each 10 s", OBS_QUERY, 1100, 10000, 250, true},
      {"1100 queues each 20 s", OBS_QUERY, 1100, 20000, 250, false},
      {"100 queues each second", OBS_QUERY, 100, 1000, 239, true},
      {"activity", OBS_ACTIVITY, 1100, 10000, 250, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin(rows[i].source);
    settings.interval_ms = rows[i].interval_ms;
    per_minute = rows[i].per_minute;
    will_list(rows[i].queues);
    will("POST /api/v2/analytics/", ANSWER(""));
    will("GET /api/v2/presence", "{\"entities\":[]}");
    start();
    CHECK_INT(replay_noticed(&w.r, "cost", GC_ERR_LIMIT), rows[i].warns);
    if (rows[i].warns)
      CHECK_HAS(replay_last_notice(&w.r, "cost")->text, "activity");
    end();
  }
}

/* docs/cost.md has these numbers. */
static void a_minute_takes_the_requests_that_the_manual_says(void) {
  static const struct {
    const char *row;
    enum obs_source source;
    unsigned queues, interval_ms;
    size_t per_minute;
  } rows[] = {
      {"50 queues each 10 s", OBS_QUERY, 50, 10000, 6},
      {"500 queues each 10 s", OBS_QUERY, 500, 10000, 30},
      {"5,000 queues each 10 s", OBS_QUERY, 5000, 10000, 300},
      {"5,000 queues each minute", OBS_QUERY, 5000, 60000, 50},
      {"activity, 50 queues", OBS_ACTIVITY, 50, 10000, 12},
      {"activity, 5,000 queues", OBS_ACTIVITY, 5000, 10000, 12},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin(rows[i].source);
    settings.interval_ms = rows[i].interval_ms;
    will_list(rows[i].queues);
    will("POST /api/v2/analytics/", ANSWER(""));
    will("GET /api/v2/presence", "{\"entities\":[]}");
    start();
    size_t before = replay_count(&w.r, "POST /api/v2/analytics/");
    replay_run(&w.r, 60000);
    CHECK_INT(replay_count(&w.r, "POST /api/v2/analytics/") - before,
              rows[i].per_minute);
    end();
  }
}

static void a_broken_batch_leaves_the_others(void) {
  begin(OBS_QUERY);
  will_list(150);
  for (int i = 0; i < 3; i++) {
    once(QUERY, 200, "{\"results\":[" WAITING("q0120", "9"));
    once(QUERY, 200, ANSWER(WAITING("q0000", "4")));
  }
  will(QUERY, ANSWER(WAITING("q0000", "4")));
  start();
  CHECK_REAL(reads("Queue 0/queue_depth-voice"), 4);
  CHECK_INT(w.values, 1);
  CHECK_REAL(state("source_up-observations"), 0);
  replay_run(&w.r, 20000);
  /* One outcome a poll: what works is no recovery of what does not. */
  CHECK_INT(replay_noticed(&w.r, "observations", GC_ERR_PARSE), 3);
  CHECK_INT(replay_noticed(&w.r, "observations", GC_OK), 0);
  CHECK_HAS(replay_last_notice(&w.r, "observations")->text,
            "queue_observations: ");
  replay_run(&w.r, 10000);
  CHECK_INT(replay_noticed(&w.r, "observations", GC_OK), 1);
  CHECK_REAL(state("source_up-observations"), 1);
  end();
}

static void a_refusal_is_asked_again_once_a_minute(void) {
  begin(OBS_QUERY);
  will_list(1);
  for (int i = 0; i < 6; i++)
    once(QUERY, 403, "{\"message\":\"no\",\"code\":\"missing.permissions\"}");
  will(QUERY, ANSWER(WAITING("q0000", "4")));
  start();
  replay_run(&w.r, 300000);
  CHECK_INT(replay_count(&w.r, QUERY), 6);
  CHECK_HAS(replay_last_notice(&w.r, "observations")->text,
            "analytics:queueObservation:view");
  CHECK_REAL(state("source_up-observations"), 0);
  CHECK(isnan(state("source_age-observations")));
  replay_run(&w.r, 60000);
  CHECK_INT(replay_count(&w.r, QUERY), 7);
  CHECK_REAL(state("source_up-observations"), 1);
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, QUERY), 8);
  end();
}

static void begin_activity(void) {
  begin(OBS_ACTIVITY);
  will_list(9);
  will("GET /api/v2/presence/definitions",
       "{\"entities\":[{\"id\":\"p1\",\"name\":\"Lunch\",\"systemPresence\":"
       "\"Meal\"}]}");
}

static void activity_is_read_page_by_page(void) {
  begin_activity();
  will(CONVERSATIONS "?pageSize=1000&pageNumber=1",
       ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "2")));
  will(CONVERSATIONS "?pageSize=1000&pageNumber=2",
       ANSWER(WAITING("q0002", "3") "," WAITING("q0003", "4")));
  will(CONVERSATIONS "?pageSize=1000&pageNumber=3",
       ANSWER(WAITING("q0004", "5")));
  will(ROUTING "?pageSize=1000&pageNumber=1",
       ANSWER("{\"group\":{\"queueId\":\"q0000\"},\"data\":[{"
              "\"metric\":\"oUserPresences\",\"qualifier\":\"p1\","
              "\"count\":6}]}"));
  will(ROUTING, ANSWER(""));
  start();
  /* The first answer is the largest one seen: was it all? The page behind it
   * tells. From then on a page that is as large has one behind it. */
  CHECK_INT(replay_count(&w.r, CONVERSATIONS), 3);
  CHECK_INT(replay_count(&w.r, ROUTING), 2);
  CHECK_REAL(reads("Queue 4/queue_depth-voice"), 5);
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, CONVERSATIONS), 6);
  CHECK_REAL(reads("Queue 0/queue_agents_presence-meal"), 6);
  CHECK_REAL(state("queues-matched"), 5);
  end();
}

/* Activity answers name every queue: what is another agent's is not shown, nor
 * missed when it has no name yet. */
static void agents_share_the_queues_of_an_activity_answer(void) {
  double shown = 0, unnamed = 0;
  for (uint32_t k = 1; k <= 3; k++) {
    begin_activity();
    settings.shard = (struct shard){k, 3};
    will(CONVERSATIONS "*Number=1",
         ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "1") "," WAITING(
             "q0002", "1") "," WAITING("q0003", "1") "," WAITING("new", "1")));
    will(CONVERSATIONS, ANSWER(""));
    will(ROUTING, ANSWER(""));
    start();
    (void)reads("");
    shown += state("queues-matched");
    unnamed += state("queues-unnamed");
    CHECK(state("queues-matched") < 4);
    end();
  }
  CHECK_REAL(shown, 4);
  CHECK_REAL(unnamed, 1);
}

static void an_agent_asks_for_its_share_alone(void) {
  size_t asked = 0;
  for (uint32_t k = 1; k <= 2; k++) {
    begin(OBS_QUERY);
    settings.shard = (struct shard){k, 2};
    will_list(40);
    will(QUERY, ANSWER(""));
    start();
    size_t ours = times_in(replay_last(&w.r, QUERY)->body, "queueId\"");
    CHECK(ours > 0 && ours < 40);
    asked += ours;
    end();
  }
  CHECK_INT(asked, 40);
}

static double count_of_state(const char *name) {
  struct gc_samples out = {put, NULL};
  w.count = -1;
  snprintf(w.wanted, sizeof(w.wanted), "queues-all/%s", name);
  block_read_state(w.block, "queues-all", 10000, &out);
  return (double)w.count;
}

/* Three series where two have room: told once, until there was room for ten
 * minutes. */
static void beyond_the_most_series_are_left_out_and_told_once(void) {
  begin(OBS_QUERY);
  settings.series_most = 2;
  settings.expiry_ms = 60000;
  will_list(4);
  for (int i = 0; i < 3; i++)
    once(QUERY, 200,
         ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "1") "," WAITING(
             "q0002", "1")));
  will(QUERY, ANSWER(WAITING("q0003", "4")));
  start();
  for (int i = 0; i < 3; i++) {
    CHECK(isnan(reads("Queue 2/queue_depth-voice")));
    CHECK_INT(w.values, 2);
    replay_run(&w.r, 10000);
  }
  CHECK_REAL(count_of_state("series_overflow-"), 3);
  CHECK_INT(replay_noticed(&w.r, "series", GC_ERR_LIMIT), 3);
  CHECK_HAS(replay_last_notice(&w.r, "series")->text, "MaxSeries");
  CHECK_HAS(replay_last_notice(&w.r, "series")->text, "all 2 places");
  /* The places of those that came no more are free in time. */
  CHECK(isnan(reads("Queue 3/queue_depth-voice")));
  replay_run(&w.r, 60000);
  CHECK_REAL(reads("Queue 3/queue_depth-voice"), 4);
  CHECK_INT(replay_noticed(&w.r, "series", GC_OK), 0);
  replay_run(&w.r, 10 * 60 * 1000);
  (void)reads("");
  replay_run(&w.r, 10000);
  (void)reads("");
  CHECK_INT(replay_noticed(&w.r, "series", GC_OK), 1);
  end();
}

static void windows_are_beside_the_gauges_or_alone(void) {
  for (int raw = 0; raw < 2; raw++) {
    begin(OBS_QUERY);
    settings.window_ms = 60000;
    settings.raw = raw;
    will_list(1);
    will(QUERY, ANSWER(WAITING("q0000", "3")));
    start();
    (void)reads("");
    CHECK_INT(w.values, raw);
    replay_run(&w.r, 62000);
    CHECK_REAL(reads("Queue 0/queue_depth_window-voice"), 3);
    CHECK_INT(w.values, 1 + raw);
    /* What is new and what is open leave at the end. */
    replay_run(&w.r, 10000);
    CHECK(block_has_windows(w.block));
    w.values = 0;
    block_finish(w.block, &(struct gc_samples){put, NULL});
    CHECK_INT(w.values, 1 + raw);
    end();
  }
}

static void a_server_that_repeats_its_page_is_not_asked_for_ever(void) {
  begin_activity();
  will(CONVERSATIONS, ANSWER(WAITING("q0000", "1") "," WAITING("q0001", "2")));
  will(ROUTING, ANSWER(""));
  start();
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, CONVERSATIONS), 4);
  CHECK_REAL(reads("Queue 1/queue_depth-voice"), 2);
  CHECK_REAL(state("source_up-observations"), 1);
  end();
}

static void what_an_activity_answer_lists_no_more_is_zero(void) {
  begin_activity();
  once(CONVERSATIONS "*Number=1", 200, ANSWER(WAITING("q0000", "7")));
  will(CONVERSATIONS, ANSWER(""));
  will(ROUTING, ANSWER(""));
  start();
  CHECK_REAL(reads("Queue 0/queue_depth-voice"), 7);
  replay_run(&w.r, 10000);
  CHECK_REAL(reads("Queue 0/queue_depth-voice"), 0);
  replay_run(&w.r, 10000);
  CHECK_REAL(reads("Queue 0/queue_depth-voice"), 0);
  CHECK_INT(replay_count(&w.r, LIST), 1);
  end();
}

static void half_an_activity_reading_is_none(void) {
  begin_activity();
  will(CONVERSATIONS "*Number=1", ANSWER(WAITING("q0000", "7")));
  will(CONVERSATIONS, ANSWER(""));
  once(ROUTING, 400, "{}");
  will(ROUTING, ANSWER(""));
  start();
  (void)reads("");
  CHECK_INT(w.values, 0);
  CHECK_INT(replay_noticed(&w.r, "observations", GC_ERR_REQUEST), 1);
  replay_run(&w.r, 60000);
  CHECK_REAL(reads("Queue 0/queue_depth-voice"), 7);
  end();
}

static void a_block_may_end_while_it_asks(void) {
  static const enum obs_source sources[] = {OBS_QUERY, OBS_ACTIVITY};
  for (size_t i = 0; i < GC_COUNT(sources); i++) {
    begin(sources[i]);
    will_list(1000);
    will("GET /api/v2/presence", "{\"entities\":[]}");
    replay_answer(&w.r, &(struct replay_answer){.match = "POST /api/v2",
                                                .times = REPLAY_ALWAYS,
                                                .is_silent = true});
    start();
    CHECK(w.r.in_flight > 0);
    block_free(w.block);
    w.block = NULL;
    CHECK_INT(w.r.in_flight, 0);
    replay_run(&w.r, 60000);
    CHECK_INT(w.r.in_flight, 0);
    end();
  }
}

static void a_block_may_end_while_the_list_is_read(void) {
  begin(OBS_QUERY);
  replay_answer(&w.r, &(struct replay_answer){.match = LIST,
                                              .status = 200,
                                              .body = "{\"entities\":[]}",
                                              .delay_ms = 5000});
  start();
  block_free(w.block);
  w.block = NULL;
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, QUERY), 0);
  end();
}

static void without_a_queue_nothing_is_asked_and_the_source_is_down(void) {
  char *selectors[] = {(char[]){"Support*"}};
  begin(OBS_QUERY);
  settings.selectors = selectors;
  settings.selector_count = GC_COUNT(selectors);
  will_list(3);
  start();
  replay_run(&w.r, 60000);
  CHECK_INT(replay_count(&w.r, QUERY), 0);
  CHECK_INT(replay_noticed(&w.r, "selection", GC_ERR_NOT_FOUND), 1);
  CHECK_HAS(replay_last_notice(&w.r, "selection")->text, "no queue matches");
  CHECK_REAL(state("source_up-observations"), 0);
  end();
}

static void where_names_are_refused_ids_can_be_asked_for(void) {
  char *selectors[] = {(char[]){UUID}, (char[]){"Support*"}};
  begin(OBS_QUERY);
  settings.selectors = selectors;
  settings.selector_count = GC_COUNT(selectors);
  replay_answer(&w.r, &(struct replay_answer){.match = LIST,
                                              .times = REPLAY_ALWAYS,
                                              .status = 403,
                                              .body = "{}"});
  will(QUERY, ANSWER(WAITING(UUID, "2")));
  start();
  CHECK_HAS(replay_last(&w.r, QUERY)->body, UUID);
  CHECK(strstr(replay_last(&w.r, QUERY)->body, "Support") == NULL);
  CHECK_REAL(reads(UUID "/queue_depth-voice"), 2);
  end();
}

static void a_queue_without_a_name_has_the_list_read_again(void) {
  begin_activity();
  will(CONVERSATIONS "*Number=1", ANSWER(WAITING("new", "7")));
  will(CONVERSATIONS, ANSWER(""));
  will(ROUTING, ANSWER(""));
  start();
  replay_settle(&w.r);
  CHECK_INT(replay_count(&w.r, LIST), 2);
  (void)reads("");
  CHECK_INT(w.values, 0);
  CHECK_REAL(state("queues-unnamed"), 1);
  replay_run(&w.r, 59000);
  CHECK_INT(replay_count(&w.r, LIST), 2);
  replay_run(&w.r, 61000);
  CHECK_INT(replay_count(&w.r, LIST), 4);
  end();
}

static void a_source_that_does_not_answer_is_down_and_grows_old(void) {
  begin(OBS_QUERY);
  will_list(1);
  once(QUERY, 200, ANSWER(WAITING("q0000", "2")));
  replay_answer(&w.r, &(struct replay_answer){
                          .match = QUERY, .times = 1, .is_silent = true});
  start();
  CHECK_REAL(state("source_up-observations"), 1);
  CHECK_REAL(state("source_age-observations"), 0);
  replay_run(&w.r, 29999);
  CHECK_REAL(state("source_up-observations"), 1);
  replay_run(&w.r, 1);
  CHECK_REAL(state("source_up-observations"), 0);
  CHECK_REAL(state("source_age-observations"), 30);
  end();
}

static void queue_metrics_are_asked_for_by_the_hundred(void) {
  begin(OBS_QUEUE_METRICS);
  will_list(150);
  will(METRICS, "[{\"id\":\"q0000\",\"name\":\"other\",\"queued\":3}]");
  start();
  CHECK_INT(replay_count(&w.r, METRICS), 2);
  CHECK_STR(strstr(replay_last(&w.r, METRICS)->line, "q0148"),
            "q0148,q0149&metricNames=queued,waiting,agentAvailable,agentBusy");
  /* The account's list of names goes first; what a row lacks is 0. */
  CHECK_REAL(reads("Queue 0/queue_depth-all"), 3);
  CHECK(isnan(reads("Queue 0/queue_depth-all")));
  replay_run(&w.r, 10000);
  CHECK_REAL(reads("Queue 0/queue_waiting-all"), 0);
  CHECK_INT(w.values, 4);
  CHECK_REAL(state("source_up-observations"), 1);
  end();
}

static void where_names_are_refused_the_answers_tell_them(void) {
  char *selectors[] = {(char[]){"support-1"}, (char[]){"support-2"}};
  begin(OBS_QUEUE_METRICS);
  settings.selectors = selectors;
  settings.selector_count = GC_COUNT(selectors);
  settings.metrics_path = "/api/v2/queues/stats";
  replay_answer(&w.r, &(struct replay_answer){.match = LIST,
                                              .times = REPLAY_ALWAYS,
                                              .status = 404,
                                              .body = "{}"});
  once(STATS, 200,
       "[{\"id\":\"support-1\",\"name\":\"Support\",\"queued\":3},"
       "{\"id\":\"support-2\",\"name\":\"Support\",\"queued\":4}]");
  will(STATS, "[{\"id\":\"support-2\",\"name\":\"Support\",\"queued\":5}]");
  start();
  CHECK_HAS(replay_last(&w.r, STATS)->line, "queueIds=support-1,support-2&");
  CHECK_REAL(reads("Support~2/queue_depth-all"), 4);
  CHECK_INT(w.values, 8);
  replay_run(&w.r, 10000);
  CHECK_REAL(reads("Support~2/queue_depth-all"), 5); /* it keeps its label */
  CHECK_INT(w.values, 4);
  end();
}

static void queue_metrics_outlast_five_answers_429(void) {
  begin(OBS_QUEUE_METRICS);
  will_list(1);
  for (int i = 0; i < 6; i++)
    replay_answer(&w.r, &(struct replay_answer){.match = METRICS,
                                                .times = 1,
                                                .status = 429,
                                                .has_retry_after = true,
                                                .retry_after_s = 1,
                                                .body = "{}"});
  will(METRICS, "[{\"id\":\"q0000\",\"queued\":1}]");
  start();
  replay_run(&w.r, 9999);
  CHECK_INT(replay_count(&w.r, METRICS), 6);
  CHECK(isnan(reads("Queue 0/queue_depth-all")));
  CHECK_REAL(state("source_up-observations"), 0);
  replay_run(&w.r, 1);
  CHECK_REAL(reads("Queue 0/queue_depth-all"), 1);
  end();
}

static void the_oldest_wait_goes_by_the_servers_clock(void) {
  begin(OBS_QUERY);
  will_list(1);
  replay_answer(
      &w.r,
      &(struct replay_answer){
          .match = QUERY,
          .status = 200,
          .date_ms = REPLAY_START_WALL_MS + 60000,
          .body = ANSWER("{\"group\":{\"queueId\":\"q0000\",\"mediaType\":"
                         "\"voice\"},\"data\":[{\"metric\":\"oLongestWaiting\","
                         "\"stats\":{\"calculatedMetricValue\":1700000050000}"
                         "}]}")});
  start();
  CHECK_REAL(reads("Queue 0/queue_longest_wait-voice"), 10);
  end();
}

static void a_block_without_observations_is_silent(void) {
  begin(OBS_OFF);
  start();
  replay_run(&w.r, 60000);
  CHECK_INT(w.r.request_count, 0);
  (void)reads("");
  CHECK_INT(w.values, 0);
  (void)state("source_up-observations");
  CHECK_INT(w.values, 0);
  end();
}

int main(void) {
  RUN(asks_at_once_and_then_each_interval);
  RUN(each_value_leaves_once);
  RUN(a_poll_that_outlasts_its_interval_skips_the_missed_ones);
  RUN(queues_are_asked_for_by_the_hundred);
  RUN(only_selected_queues_are_asked_for);
  RUN(a_block_that_takes_a_quarter_of_the_budget_says_so);
  RUN(a_minute_takes_the_requests_that_the_manual_says);
  RUN(a_broken_batch_leaves_the_others);
  RUN(a_refusal_is_asked_again_once_a_minute);
  RUN(activity_is_read_page_by_page);
  RUN(agents_share_the_queues_of_an_activity_answer);
  RUN(an_agent_asks_for_its_share_alone);
  RUN(beyond_the_most_series_are_left_out_and_told_once);
  RUN(windows_are_beside_the_gauges_or_alone);
  RUN(a_server_that_repeats_its_page_is_not_asked_for_ever);
  RUN(what_an_activity_answer_lists_no_more_is_zero);
  RUN(half_an_activity_reading_is_none);
  RUN(a_block_may_end_while_it_asks);
  RUN(a_block_may_end_while_the_list_is_read);
  RUN(without_a_queue_nothing_is_asked_and_the_source_is_down);
  RUN(where_names_are_refused_ids_can_be_asked_for);
  RUN(a_queue_without_a_name_has_the_list_read_again);
  RUN(a_source_that_does_not_answer_is_down_and_grows_old);
  RUN(queue_metrics_are_asked_for_by_the_hundred);
  RUN(where_names_are_refused_the_answers_tell_them);
  RUN(queue_metrics_outlast_five_answers_429);
  RUN(the_oldest_wait_goes_by_the_servers_clock);
  RUN(a_block_without_observations_is_silent);
  return check_done();
}
