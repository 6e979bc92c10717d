/* SPDX-License-Identifier: MIT */
/* A block whose account has no thread: calls to its loop run at once,
 * and the clock is a number.
 *
 *   begin_block(OBS_QUERY);
 *   will_list(2);
 *   answer_always(QUERY, ANSWER(WAITING("q0000", "1")));
 *   start_block();
 *   CHECK_REAL(read_value("Queue 0/queue_depth-voice"), 1);
 *   end_block(); */
#ifndef GC_TESTS_SUPPORT_RT_BLOCK_H
#define GC_TESTS_SUPPORT_RT_BLOCK_H

#include "plugins/genesys_realtime/block.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/replay.h"
#include "tests/support/replay_account.h"

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
/* depth, interacting, alerting, active_conversations */
#define VALUES_OF_WAITING 4
#define ANSWER(results) "{\"results\":[" results "]}"
#define UUID "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01"

static struct world {
  struct replay r;
  struct replay_account account;
  struct block *block;
  gc_request_count requests; /* of the block */
  double planned[GC_ENDPOINT_COUNT];
  char *list, *first_list;
  unsigned informed; /* lines about the block's work; the last of them */
  char text[256];
  /* The result of the last reading. */
  size_t values;
  double gauge;
  int64_t count;
  char wanted[64];
} w;

static struct queues_options options;
static uint32_t per_minute;
static const struct queues_options *const *blocks; /* of the account */
static size_t block_count;
static struct gc_lease_watch *lease; /* NULL: the agent always dispatches */
static size_t left_out; /* the last reported number of queues that other blocks
                           have */
static unsigned left_out_reports;

static inline void on_plan(void *ctx, enum gc_endpoint_id endpoint,
                           double requests) {
  (void)ctx;
  w.planned[endpoint] = requests;
}

static inline double planned(void) {
  double sum = 0;
  for (int e = 0; e < GC_ENDPOINT_COUNT; e++)
    sum += w.planned[e];
  return sum;
}

static inline void on_notice(void *ctx, const char *cause,
                             const struct gc_err *err) {
  (void)ctx;
  w.r.env.notice(w.r.env.ctx, cause, err);
}

static inline void on_leave_out(void *ctx, size_t count) {
  (void)ctx;
  left_out = count;
  left_out_reports++;
}

static inline void answer_always(const char *match, const char *body) {
  replay_answer(&w.r, &(struct replay_answer){.match = match,
                                              .times = REPLAY_ALWAYS,
                                              .status = 200,
                                              .body = body});
}

static inline void answer_once(const char *match, int status,
                               const char *body) {
  replay_answer(&w.r, &(struct replay_answer){
                          .match = match, .status = status, .body = body});
}

static inline void on_inform(void *ctx, const char *text) {
  (void)ctx;
  w.informed++;
  snprintf(w.text, sizeof(w.text), "%s", text);
}

/* Returns a list of the queues q0000, q0001 … with the names "Queue 0" … */
static inline char *make_list(unsigned count) {
  size_t size = count * 64 + 64, used = 0;
  char *list = malloc(size);
  used += (size_t)snprintf(list, size, "{\"entities\":[");
  for (unsigned i = 0; i < count; i++)
    used += (size_t)snprintf(list + used, size - used,
                             "%s{\"id\":\"q%04u\",\"name\":\"Queue %u\"}",
                             i > 0 ? "," : "", i, i);
  snprintf(list + used, size - used, "]}");
  return list;
}

static inline void will_list(unsigned count) {
  w.list = make_list(count);
  answer_always(LIST, w.list);
}

static inline void list_once(unsigned count) {
  w.first_list = make_list(count);
  answer_once(LIST, 200, w.first_list);
}

static inline void begin_block(enum obs_source source) {
  w = (struct world){0};
  replay_init(&w.r);
  answer_always("POST /oauth/token", TOKEN);
  options = (struct queues_options){.stream = STREAM_NONE,
                                    .observations = source,
                                    .interval_s = 10,
                                    .series_max = 200000,
                                    .queue_expiry_s = 86400};
  per_minute = 60000;
  blocks = NULL;
  lease = NULL;
  block_count = 0;
  left_out = 0;
  left_out_reports = 0;
}

static inline void start_block(void) {
  replay_account_start(&w.account, &w.r, per_minute);
  struct queues_deps deps = {.notice = on_notice,
                             .loop = w.account.loop,
                             .env = &w.r.env,
                             .api = w.account.api,
                             .requests = &w.requests,
                             .names = w.account.names,
                             .requests_per_minute = per_minute,
                             .blocks = blocks,
                             .block_count = block_count,
                             .leave_out = on_leave_out,
                             .inform = on_inform,
                             .plan = on_plan,
                             .lease = lease};
  w.block = block_new(&options, &deps);
  block_start(w.block);
  replay_settle(&w.r);
}

static inline void end_block(void) {
  block_free(w.block);
  replay_account_end(&w.account);
  CHECK_INT(w.r.unscripted, 0);
  replay_clear(&w.r);
  free(w.list);
  free(w.first_list);
}

static inline void record_sample(void *ctx, const struct gc_sample *s) {
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

/* Returns the value of `name` in the newest reading, NAN when it is absent. */
static inline double read_value(const char *name) {
  struct gc_samples out = {record_sample, NULL};
  w.values = 0;
  w.gauge = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "%s", name);
  block_read(w.block, &out);
  return w.gauge;
}

static inline double read_state(const char *name) {
  struct gc_samples out = {record_sample, NULL};
  w.values = 0;
  w.gauge = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "queues-all/%s", name);
  block_read_state(w.block, "queues-all", 10000, &out);
  return w.gauge;
}

/* A block of the source "activity" with nine queues. */
static inline void begin_activity(void) {
  begin_block(OBS_ACTIVITY);
  will_list(9);
  answer_always(
      "GET /api/v2/presence/definitions",
      "{\"entities\":[{\"id\":\"p1\",\"name\":\"Lunch\",\"systemPresence\":"
      "\"Meal\"}]}");
}

#endif
