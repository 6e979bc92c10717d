/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_analytics/block.h"

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
  struct block *block;
  char *list;

  /* What has left, in order, as "INSTANCE/TYPE-QUALIFIER HH:MM VALUE". */
  char seen[SEEN_MOST][128];
  size_t count;
  size_t in_flight; /* the tap has not seen the last so many */
  bool holds;       /* the tap sees nothing */
  double gauge;
  char wanted[64];
} w;

static struct block_settings settings;
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
  settings = (struct block_settings){
      .name = "queues",
      .account = "prod",
      .query = {.source = QUERY_CONVERSATIONS,
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
  struct block_site site = {.loop = w.loop,
                            .edge = &w.r.edge,
                            .api = w.api,
                            .names = w.names,
                            .store = w.store,
                            .requests_per_minute = 60000};
  w.block = block_new(&settings, &site, on_notice, NULL);
  block_start(w.block);
  replay_settle(&w.r);
}

static void stop(void) {
  block_free(w.block);
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

static const struct departure_way way = {emit, wait_for, NULL};

/* Lets the time pass, with a read callback each second. */
static void pass(uint64_t ms) {
  for (uint64_t left = ms; left > 0;) {
    uint64_t step = left < 1000 ? left : 1000;
    replay_run(&w.r, step);
    block_read(w.block, &way, 700);
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
  block_read_state(w.block, "query-queues", 10000, &out);
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

int main(void) {
  store_bench_begin();
  RUN(the_newest_settled_window_is_asked_for_and_leaves);
  RUN(each_window_is_asked_for_when_it_has_settled);
  store_bench_end();
  return check_done();
}
