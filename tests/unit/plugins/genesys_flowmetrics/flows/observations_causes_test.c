/* SPDX-License-Identifier: MIT */
/* The causes that the two halves of a <Flows> block report: intervals and
 * observations share the block's health. */
#include "common/health/entity.h"
#include "plugins/genesys_flowmetrics/flows/observations.h"

#include "tests/support/analytics_world.h"
#include "tests/support/check.h"

#define FLOW_LIST "GET /api/v2/flows?"
#define FLOW_QUERY "POST /api/v2/analytics/flows/observations/query"
#define OBSERVED(flow)                                                         \
  "{\"group\":{\"flowId\":\"" flow "\",\"mediaType\":\"voice\"},\"data\":["    \
  "{\"metric\":\"oFlow\",\"stats\":{\"count\":1}}]}"

static struct flows_options options;

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  world.r.env.notice(world.r.env.ctx, cause, err);
}

static void on_inform(void *ctx, const char *text) {
  (void)ctx;
  (void)text;
}

/* Runs both halves until each has polled several times. */
static void run_block(uint32_t max_intervals, uint32_t max_observations) {
  world_begin();
  world_query.max_series = max_intervals;
  options = (struct flows_options){.observation_interval_s = 10,
                                   .query = {.max_series = max_observations}};
  world_answers(FLOW_LIST, "{\"entities\":[{\"id\":\"f1\",\"name\":\"One\"},"
                           "{\"id\":\"f2\",\"name\":\"Two\"}]}");
  world_answers(FLOW_QUERY, ANSWER(OBSERVED("f1") "," OBSERVED("f2")));
  world_answers(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3") "," OFFERED(
                           "q2", "22:10", "22:11", "2")));
  world_start();
  struct flow_observations_deps deps = {.loop = world.account.loop,
                                        .env = &world.r.env,
                                        .api = world.account.api,
                                        .names = world.account.names,
                                        .inform = on_inform};
  struct flow_observations *observations =
      flow_observations_new(&options, &deps, on_notice, NULL);
  flow_observations_start(observations);
  world_pass(30000);
  flow_observations_free(observations);
}

/* Returns the number of causes that fail at the end. *ret_ends is how often a
 * cause ended before that. */
static size_t count_failing(unsigned *ret_ends) {
  static const struct gc_health_id id = {.kind = GC_HEALTH_BLOCK};
  struct gc_health_time t = {1000, REPLAY_START_WALL_MS};
  struct gc_health_entity e;
  size_t before = 0;
  *ret_ends = 0;
  gc_health_entity_init(&e, &id, &t);
  for (size_t i = 0; i < world.r.notice_count; i++) {
    gc_health_entity_note(&e, world.r.notices[i].cause, &world.r.notices[i].err,
                          &t);
    *ret_ends += e.cause_count < before;
    before = e.cause_count;
  }
  return e.cause_count;
}

static void the_success_of_one_half_ends_no_failure_of_the_other(void) {
  static const struct {
    const char *what;
    uint32_t max_intervals, max_observations;
    const char *cause, *good;
  } rows[] = {
      {"intervals", 1, 100, "series", "series of observations"},
      {"observations", 100, 1, "series of observations", "series"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    unsigned ends;
    CHECK_ROW(rows[i].what);
    run_block(rows[i].max_intervals, rows[i].max_observations);
    CHECK_INT(count_failing(&ends), 1);
    CHECK_INT(ends, 0);
    CHECK(replay_noticed(&world.r, rows[i].cause, GC_ERR_LIMIT) > 0);
    CHECK(replay_noticed(&world.r, rows[i].good, GC_OK) > 0);
    world_end();
  }
}

int main(void) {
  RUN(the_success_of_one_half_ends_no_failure_of_the_other);
  return check_done();
}
