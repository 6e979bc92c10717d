/* SPDX-License-Identifier: MIT */
#include "tests/support/iv_block.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "tests/support/check.h"

struct iv_world iv;
struct gc_analytics_settings iv_settings;

static char granularity[] = "PT1M";
static char *metrics[] = {(char[]){"nOffered"}};
static char *groups[] = {(char[]){"queueId"}, (char[]){"mediaType"}};

static void on_token(void *ctx) {
  (void)ctx;
  if (iv.api != NULL)
    gc_api_wake(iv.api);
}

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  iv.r.env.notice(iv.r.env.ctx, cause, err);
}

void iv_answer(const char *match, int times, int status, const char *body) {
  replay_answer(&iv.r, &(struct replay_answer){.match = match,
                                               .times = times,
                                               .status = status,
                                               .body = body});
}

void iv_will(const char *match, const char *body) {
  iv_answer(match, REPLAY_ALWAYS, 200, body);
}

void iv_once(const char *match, const char *body) {
  iv_answer(match, 1, 200, body);
}

uint32_t iv_phase;

void iv_begin(void) {
  struct gc_store *kept = iv.store;
  struct gc_lease_page *page = iv.page;
  iv_phase = 0;
  iv = (struct iv_world){.store = kept, .page = page};
  replay_init(&iv.r);
  iv_will("POST /oauth/token", TOKEN);
  iv_will(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
                "{\"id\":\"q2\",\"name\":\"Support\"}]}");
  iv_settings = (struct gc_analytics_settings){
      .name = "queues",
      .instance = "query-queues",
      .account = "prod",
      .query = {.source = GC_QUERY_CONVERSATIONS,
                .metrics = {metrics, GC_COUNT(metrics)},
                .group_by = {groups, GC_COUNT(groups)},
                .granularity = granularity,
                .rule = {.period_ms = MINUTE,
                         .settle_ms = 90000,
                         .backfill_ms = MINUTE,
                         .revisit = 2},
                .counters = true,
                .max_series = 1000},
  };
}

void iv_start(void) {
  static const struct gc_auth_settings auth = {
      .url = "https://login.example/oauth/token",
      .client_id = "client",
      .secret = {.literal = "secret"},
      .margin_s = 300};
  static const struct gc_api_settings api = {.base_url = "https://api.example",
                                             .max_concurrent = 4};
  struct gc_err err;
  iv.loop = gc_loop_new(&err);
  iv.budget = gc_shared_budget_get("client", 60000, iv.r.now_ms);
  iv.auth = gc_auth_new(&auth, &iv.r.env, on_token, NULL);
  iv.api = gc_api_new(&api, &iv.r.env, iv.auth, iv.budget);
  iv.names = gc_names_new("prod", iv.api, &iv.r.env, NULL);
  struct gc_analytics_deps deps = {.loop = iv.loop,
                                   .env = &iv.r.env,
                                   .api = iv.api,
                                   .names = iv.names,
                                   .store = iv.store,
                                   .page = iv.page,
                                   .phase = iv_phase};
  iv.block = gc_analytics_new(&iv_settings, &deps, on_notice, NULL);
  gc_analytics_start(iv.block);
  replay_settle(&iv.r);
}

void iv_stop(void) {
  gc_analytics_free(iv.block);
  gc_names_free(iv.names);
  gc_api_free(iv.api);
  gc_auth_free(iv.auth);
  CHECK_INT(iv.r.in_flight, 0);
  gc_shared_budget_put(iv.budget);
  gc_loop_free(iv.loop);
  replay_clear(&iv.r);
}

void iv_end(void) {
  CHECK_INT(iv.r.unscripted, 0);
  iv_stop();
}

static double first_value(const struct gc_sample *s) {
  return gc_metric(s->metric)->ds[0].kind == GC_DERIVE
             ? (double)s->values[0].derive
             : s->values[0].gauge;
}

/* The output: refuses a series that has a value in flight. */
static enum gc_code emit_sample(void *ctx, const struct gc_sample *s) {
  char name[128], at[GC_TIMESTAMP_SIZE];
  (void)ctx;
  snprintf(name, sizeof(name), "%s/%s-%s ", s->instance,
           gc_metric(s->metric)->name, s->qualifier);
  for (size_t i = iv.count - iv.in_flight; i < iv.count; i++)
    if (strncmp(iv.seen[i], name, strlen(name)) == 0)
      return GC_ERR_LIMIT;
  if (iv.count == SEEN_MAX)
    abort();
  gc_timestamp_print(at, s->time_ms);
  snprintf(iv.seen[iv.count++], sizeof(iv.seen[0]), "%s%.5s %.15g", name,
           at + 11, first_value(s));
  iv.in_flight++;
  return GC_OK;
}

static bool wait_for(void *ctx, uint32_t max_ms) {
  (void)ctx;
  if (iv.holds && iv.in_flight > 0) {
    iv.r.now_ms += max_ms + 1; /* as long as it takes */
    return false;
  }
  iv.in_flight = 0;
  return true;
}

const struct gc_sender_output iv_way = {.emit = emit_sample, .wait = wait_for};

void iv_pass(uint64_t ms) {
  for (uint64_t left = ms; left > 0;) {
    uint64_t step = left < 1000 ? left : 1000;
    replay_run(&iv.r, step);
    gc_analytics_read(iv.block, &iv_way, 700);
    left -= step;
  }
}

const char *iv_left(void) {
  static char text[8192];
  size_t len = 0;
  text[0] = '\0';
  for (size_t i = 0; i < iv.count && len < sizeof(text) - 200; i++)
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", iv.seen[i]);
  return text;
}

static void record_gauge(void *ctx, const struct gc_sample *s) {
  char name[128];
  (void)ctx;
  snprintf(name, sizeof(name), "%s-%s", gc_metric(s->metric)->name,
           s->qualifier);
  if (strcmp(name, iv.wanted) == 0)
    iv.gauge = first_value(s);
}

double iv_state(const char *name) {
  struct gc_samples out = {record_gauge, NULL};
  iv.gauge = NAN;
  snprintf(iv.wanted, sizeof(iv.wanted), "%s", name);
  gc_analytics_read_state(iv.block, "query-queues", 10000, &out);
  return iv.gauge;
}

const char *iv_last_interval(void) {
  static char text[64];
  const struct replay_request *r = replay_last(&iv.r, QUERY);
  const char *at = r != NULL ? strstr(r->body, "\"interval\":\"") : NULL;
  snprintf(text, sizeof(text), "%.49s", at != NULL ? at + 12 : "none");
  return text;
}

size_t iv_times_left(const char *line) {
  size_t count = 0;
  for (size_t i = 0; i < iv.count; i++)
    count += strcmp(iv.seen[i], line) == 0;
  return count;
}
