/* SPDX-License-Identifier: MIT */
#include "tests/support/analytics_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "tests/support/check.h"

struct analytics_world world;
struct gc_query world_query;

static char granularity[] = "PT1M";
static char *metrics[] = {(char[]){"nOffered"}};
static char *groups[] = {(char[]){"queueId"}, (char[]){"mediaType"}};

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  if (ctx != &world)
    abort(); /* another owner's context */
  world.r.env.notice(world.r.env.ctx, cause, err);
}

void world_answers_times(const char *match, int times, int status,
                         const char *body) {
  replay_answer(&world.r, &(struct replay_answer){.match = match,
                                                  .times = times,
                                                  .status = status,
                                                  .body = body});
}

void world_answers(const char *match, const char *body) {
  world_answers_times(match, REPLAY_ALWAYS, 200, body);
}

void world_answers_once(const char *match, const char *body) {
  world_answers_times(match, 1, 200, body);
}

uint32_t world_phase;

void world_begin(void) {
  struct gc_store *kept = world.store;
  struct gc_lease_page *page = world.page;
  world_phase = 0;
  world = (struct analytics_world){.store = kept, .page = page};
  replay_init(&world.r);
  world_answers("POST /oauth/token", TOKEN);
  world_answers(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},"
                      "{\"id\":\"q2\",\"name\":\"Support\"}]}");
  world_query = (struct gc_query){.source = GC_QUERY_CONVERSATIONS,
                                  .metrics = {metrics, GC_COUNT(metrics)},
                                  .group_by = {groups, GC_COUNT(groups)},
                                  .granularity = granularity,
                                  .rule = {.period_ms = MINUTE,
                                           .settle_ms = 90000,
                                           .backfill_ms = MINUTE,
                                           .revisit = 2},
                                  .counters = true,
                                  .max_series = 1000};
}

static void on_plan(void *ctx, enum gc_endpoint_id endpoint,
                    double per_minute) {
  (void)ctx;
  CHECK_INT(endpoint, gc_source(world_query.source)->endpoint);
  world.planned = per_minute;
}

void world_start(void) {
  replay_account_start(&world.account, &world.r, 60000);
  struct gc_analytics_deps deps = {.name = "queues",
                                   .instance = "query-queues",
                                   .account = "prod",
                                   .loop = world.account.loop,
                                   .env = &world.r.env,
                                   .api = world.account.api,
                                   .requests = &world.requests,
                                   .plan = on_plan,
                                   .names = world.account.names,
                                   .store = world.store,
                                   .page = world.page,
                                   .phase = world_phase};
  world.block = gc_analytics_new(&world_query, &deps, on_notice, &world);
  gc_analytics_start(world.block);
  replay_settle(&world.r);
}

void world_stop(void) {
  gc_analytics_free(world.block);
  replay_account_end(&world.account);
  replay_clear(&world.r);
}

void world_end(void) {
  CHECK_INT(world.r.unscripted, 0);
  world_stop();
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
  for (size_t i = world.count - world.in_flight; i < world.count; i++)
    if (strncmp(world.seen[i], name, strlen(name)) == 0)
      return GC_ERR_LIMIT;
  if (world.count == SEEN_MAX)
    abort();
  gc_timestamp_print(at, s->time_ms);
  snprintf(world.seen[world.count++], sizeof(world.seen[0]), "%s%.5s %.15g",
           name, at + 11, first_value(s));
  world.in_flight++;
  return GC_OK;
}

static bool wait_for(void *ctx, uint32_t max_ms) {
  (void)ctx;
  if (world.holds && world.in_flight > 0) {
    world.r.now_ms += max_ms + 1; /* as long as it takes */
    return false;
  }
  world.in_flight = 0;
  return true;
}

const struct gc_sender_output world_output = {.emit = emit_sample,
                                              .wait = wait_for};

void world_pass(uint64_t ms) {
  for (uint64_t left = ms; left > 0;) {
    uint64_t step = left < 1000 ? left : 1000;
    replay_run(&world.r, step);
    gc_analytics_read(world.block, &world_output, 700);
    left -= step;
  }
}

const char *world_dispatched(void) {
  static char text[8192];
  size_t len = 0;
  text[0] = '\0';
  for (size_t i = 0; i < world.count && len < sizeof(text) - 200; i++)
    len +=
        (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", world.seen[i]);
  return text;
}

static void record_gauge(void *ctx, const struct gc_sample *s) {
  char name[128];
  (void)ctx;
  snprintf(name, sizeof(name), "%s-%s", gc_metric(s->metric)->name,
           s->qualifier);
  if (strcmp(name, world.wanted) == 0)
    world.gauge = first_value(s);
}

double world_block_value(const char *name) {
  struct gc_samples out = {record_gauge, NULL};
  world.gauge = NAN;
  snprintf(world.wanted, sizeof(world.wanted), "%s", name);
  gc_analytics_read_state(world.block, "query-queues", 10000, &out);
  return world.gauge;
}

const char *world_last_interval(void) {
  static char text[64];
  const struct replay_request *r = replay_last(&world.r, QUERY);
  const char *at = r != NULL ? strstr(r->body, "\"interval\":\"") : NULL;
  snprintf(text, sizeof(text), "%.49s", at != NULL ? at + 12 : "none");
  return text;
}

size_t world_times_dispatched(const char *line) {
  size_t count = 0;
  for (size_t i = 0; i < world.count; i++)
    count += strcmp(world.seen[i], line) == 0;
  return count;
}
