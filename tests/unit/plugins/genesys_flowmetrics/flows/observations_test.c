/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/observations.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/replay_account.h"

#define TOKEN "{\"access_token\":\"t\",\"expires_in\":86400}"
#define LIST "GET /api/v2/flows?"
#define QUERY "POST /api/v2/analytics/flows/observations/query"
#define ACTIVITY "POST /api/v2/analytics/flows/activity/query"
#define OBSERVED(flow, count)                                                  \
  "{\"group\":{\"flowId\":\"" flow "\",\"mediaType\":\"voice\"},\"data\":["    \
  "{\"metric\":\"oFlow\",\"stats\":{\"count\":" count "}}]}"
#define ACTIVE(flow, count)                                                    \
  "{\"group\":{\"flowId\":\"" flow "\",\"mediaType\":\"voice\"},\"data\":["    \
  "{\"metric\":\"oFlow\",\"count\":" count "}]}"
#define ANSWER(results) "{\"results\":[" results "]}"

static struct world {
  struct replay r;
  struct replay_account account;
  struct flow_observations *observations;
  gc_request_count requests; /* of the block */
  double planned[GC_ENDPOINT_COUNT];
  char *list;
  char text[1024], informed[160];
} w;

static struct flows_options options;
static struct gc_lease_watch *lease; /* of the observations to come */

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  w.r.env.notice(w.r.env.ctx, cause, err);
}

static void on_inform(void *ctx, const char *text) {
  (void)ctx;
  snprintf(w.informed, sizeof(w.informed), "%s", text);
}

static void on_plan(void *ctx, enum gc_endpoint_id endpoint,
                    double per_minute) {
  (void)ctx;
  w.planned[endpoint] = per_minute;
}

static void answer_request(const char *match, int times, int status,
                           const char *body) {
  replay_answer(&w.r, &(struct replay_answer){.match = match,
                                              .times = times,
                                              .status = status,
                                              .body = body,
                                              .chunk = 5});
}

static void answer_always(const char *match, const char *body) {
  answer_request(match, REPLAY_ALWAYS, 200, body);
}

static void answer_once(const char *match, const char *body) {
  answer_request(match, 0, 200, body);
}

/* Scripts a list of flows f0000, f0001 … with the names "Flow 0" … */
static void will_list(unsigned count) {
  size_t size = count * 64 + 64, used = 0;
  free(w.list);
  w.list = malloc(size);
  if (w.list == NULL)
    exit(1);
  used += (size_t)snprintf(w.list, size, "{\"entities\":[");
  for (unsigned i = 0; i < count; i++)
    used += (size_t)snprintf(w.list + used, size - used,
                             "%s{\"id\":\"f%04u\",\"name\":\"Flow %u\"}",
                             i > 0 ? "," : "", i, i);
  snprintf(w.list + used, size - used, "]}");
  answer_always(LIST, w.list);
}

static void begin_world(void) {
  w = (struct world){.list = NULL};
  lease = NULL;
  replay_init(&w.r);
  answer_always("POST /oauth/token", TOKEN);
  options = (struct flows_options){.observation_interval_s = 10,
                                   .query = {.max_series = 100}};
}

static void start_observations(void) {
  replay_account_start(&w.account, &w.r, 60000);
  struct flow_observations_deps deps = {.loop = w.account.loop,
                                        .env = &w.r.env,
                                        .api = w.account.api,
                                        .requests = &w.requests,
                                        .names = w.account.names,
                                        .lease = lease,
                                        .inform = on_inform,
                                        .plan = on_plan};
  w.observations = flow_observations_new(&options, &deps, on_notice, NULL);
  flow_observations_start(w.observations);
  replay_settle(&w.r);
}

static void end_world(void) {
  flow_observations_free(w.observations);
  replay_account_end(&w.account);
  CHECK_INT(w.r.timers.count, 0);
  CHECK_INT(w.r.unscripted, 0);
  replay_clear(&w.r);
  free(w.list);
}

static void record_sample(void *ctx, const struct gc_sample *s) {
  size_t len = strlen(w.text);
  (void)ctx;
  double value = gc_metric(s->metric)->ds[0].kind == GC_DERIVE
                     ? (double)s->values[0].derive
                     : s->values[0].gauge;
  snprintf(w.text + len, sizeof(w.text) - len, "%s/%s-%s=%g ", s->instance,
           gc_metric(s->metric)->name, s->qualifier, value);
}

static const char *read_values(void) {
  w.text[0] = '\0';
  flow_observations_read(w.observations,
                         &(struct gc_samples){record_sample, NULL});
  return w.text;
}

static const char *read_state(void) {
  w.text[0] = '\0';
  flow_observations_read_state(w.observations, "flows-f", 10000,
                               &(struct gc_samples){record_sample, NULL});
  return w.text;
}

static void up_to_a_hundred_flows_are_named_in_one_query(void) {
  begin_world();
  will_list(100);
  answer_always(QUERY,
                ANSWER(OBSERVED("f0000", "3") "," OBSERVED("f0099", "0")));
  start_observations();
  CHECK_STR(read_values(), "Flow 0/flow_active-voice=3 "
                           "Flow 99/flow_active-voice=0 ");
  CHECK_STR(read_values(), ""); /* nothing new */
  const struct replay_request *asked = replay_last(&w.r, QUERY);
  CHECK_HAS(asked->body, "\"dimension\":\"flowId\",\"operator\":\"matches\","
                         "\"value\":\"f0099\"");
  CHECK_HAS(asked->body, "\"metrics\":[\"oFlow\"]");
  replay_run(&w.r, 30000);
  CHECK_INT(replay_count(&w.r, QUERY), 4);
  CHECK_INT(w.requests, 4);
  CHECK_REAL(w.planned[GC_ENDPOINT_FLOW_OBSERVATIONS], 6);
  CHECK_INT(replay_count(&w.r, ACTIVITY), 0);
  CHECK_STR(w.informed, "observations by \"query\" (Observations \"auto\"): "
                        "100 selected, at most 200 flows");
  end_world();
}

static void up_to_200_flows_are_named_in_two_queries(void) {
  begin_world();
  will_list(200);
  answer_once(QUERY, ANSWER(OBSERVED("f0000", "3") "," OBSERVED("f0099", "0")));
  answer_once(QUERY, ANSWER(OBSERVED("f0199", "4")));
  answer_always(QUERY, ANSWER(""));
  start_observations();
  CHECK_STR(read_values(), "Flow 0/flow_active-voice=3 "
                           "Flow 99/flow_active-voice=0 "
                           "Flow 199/flow_active-voice=4 ");
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  CHECK_HAS(replay_last(&w.r, QUERY)->body, "f0199");
  CHECK(strstr(replay_last(&w.r, QUERY)->body, "f0099") == NULL);
  CHECK_HAS(read_state(), "flows-f/flows-matched=200 ");
  end_world();
}

static void the_option_may_choose_the_source(void) {
  begin_world();
  options.observations = FLOW_QUERY;
  will_list(201);
  answer_always(QUERY, ANSWER(""));
  start_observations();
  CHECK_INT(replay_count(&w.r, QUERY), 3);
  CHECK_STR(w.informed, "");
  end_world();
  begin_world();
  options.observations = FLOW_ACTIVITY;
  will_list(1);
  answer_always(ACTIVITY, ANSWER(""));
  start_observations();
  CHECK_INT(replay_count(&w.r, ACTIVITY), 1);
  CHECK_REAL(w.planned[GC_ENDPOINT_FLOW_OBSERVATIONS], 0);
  CHECK_REAL(w.planned[GC_ENDPOINT_FLOW_ACTIVITY], 7);
  end_world();
}

static void more_flows_are_requested_page_by_page(void) {
  begin_world();
  will_list(201);
  answer_once(ACTIVITY "?pageSize=1000&pageNumber=1",
              ANSWER(ACTIVE("f0000", "3") "," ACTIVE("f0001", "1")));
  answer_once(ACTIVITY "?pageSize=1000&pageNumber=2",
              ANSWER(ACTIVE("f0002", "4") "," ACTIVE("f0100", "5")));
  answer_once(ACTIVITY "?pageSize=1000&pageNumber=3",
              ANSWER(ACTIVE("f0003", "6")));
  answer_once(ACTIVITY "?pageSize=1000&pageNumber=4", ANSWER(""));
  answer_always(ACTIVITY "?pageSize=1000&pageNumber=2", ANSWER(""));
  answer_always(ACTIVITY "?pageSize=1000&pageNumber=1",
                ANSWER(ACTIVE("f0001", "2")));
  start_observations();
  CHECK_STR(read_values(),
            "Flow 0/flow_active-voice=3 Flow 1/flow_active-voice=1 "
            "Flow 2/flow_active-voice=4 Flow 100/flow_active-voice=5 "
            "Flow 3/flow_active-voice=6 ");
  CHECK_HAS(replay_last(&w.r, ACTIVITY)->body,
            "{\"metrics\":[{\"metric\":\"oFlow\"}],\"groupBy\":[\"flowId\","
            "\"mediaType\"]}");
  replay_run(&w.r, 10000);
  CHECK_STR(read_values(),
            "Flow 0/flow_active-voice=0 Flow 1/flow_active-voice=2 "
            "Flow 2/flow_active-voice=0 Flow 100/flow_active-voice=0 "
            "Flow 3/flow_active-voice=0 ");
  CHECK_INT(replay_count(&w.r, ACTIVITY), 6); /* fewer rows: another page */
  CHECK_INT(replay_count(&w.r, QUERY), 0);
  CHECK_STR(w.informed, "observations by \"activity\" (Observations \"auto\"): "
                        "201 flows selected, more than 200");
  end_world();
}

static void a_repeated_page_ends_the_requests(void) {
  begin_world();
  will_list(201);
  answer_always(ACTIVITY, ANSWER(ACTIVE("f0000", "3")));
  start_observations();
  replay_run(&w.r, 20000);
  CHECK_INT(replay_count(&w.r, ACTIVITY), 4);
  CHECK_INT(w.r.in_flight, 0);
  end_world();
}

static void selectors_choose_the_requested_flows(void) {
  char *selectors[] = {(char[]){"Flow 7"}};
  begin_world();
  options.query.chosen = (struct gc_strs){selectors, 1};
  will_list(300);
  answer_always(QUERY,
                ANSWER(OBSERVED("f0007", "2") "," OBSERVED("f0008", "2")));
  start_observations();
  CHECK_STR(read_values(), "Flow 7/flow_active-voice=2 ");
  CHECK(strstr(replay_last(&w.r, QUERY)->body, "f0008") == NULL);
  end_world();
}

static void selectors_without_a_match_are_reported(void) {
  char *selectors[] = {(char[]){"Nobody"}};
  begin_world();
  options.query.chosen = (struct gc_strs){selectors, 1};
  will_list(3);
  start_observations();
  CHECK_INT(replay_noticed(&w.r, "selection", GC_ERR_NOT_FOUND), 1);
  replay_run(&w.r, 60000);
  CHECK_INT(replay_count(&w.r, "POST /api"), 0);
  CHECK_HAS(read_state(), "flows-f/flows-matched=0 ");
  CHECK(strstr(w.text, "source_up") == NULL);
  end_world();
}

static void a_refused_list_leaves_ids_and_the_activity_query(void) {
  begin_world();
  answer_request(LIST, REPLAY_ALWAYS, 403, "{}");
  answer_always(ACTIVITY, ANSWER(ACTIVE("f0001", "2")));
  start_observations();
  CHECK_STR(read_values(), "f0001/flow_active-voice=2 ");
  CHECK_HAS(replay_last_notice(&w.r, "list of flows")->text,
            "architect:flow:view");
  end_world();
}

static void a_refused_query_is_reported_and_sent_once_a_minute(void) {
  begin_world();
  will_list(2);
  answer_request(QUERY, REPLAY_ALWAYS, 403, "{}");
  start_observations();
  CHECK_STR(read_values(), "");
  CHECK_HAS(replay_last_notice(&w.r, "observations")->text,
            "analytics:flowObservation:view");
  CHECK_HAS(read_state(), "flows-f/source_up-observations=0 ");
  replay_run(&w.r, 10 * 60000);
  CHECK(replay_count(&w.r, QUERY) <= 12);
  end_world();
}

static void an_answer_that_breaks_off_leaves_nothing(void) {
  begin_world();
  will_list(2);
  answer_once(QUERY, ANSWER(OBSERVED("f0000", "3")));
  answer_once(QUERY, "{\"results\":[" OBSERVED("f0000", "9") ",");
  answer_always(QUERY, ANSWER(OBSERVED("f0000", "4")));
  start_observations();
  CHECK_STR(read_values(), "Flow 0/flow_active-voice=3 ");
  CHECK_HAS(read_state(), "source_up-observations=1 ");
  replay_run(&w.r, 10000);
  CHECK_STR(read_values(), "");
  CHECK_INT(replay_noticed(&w.r, "observations", GC_ERR_PARSE), 1);
  CHECK_HAS(read_state(), "source_up-observations=0 ");
  replay_run(&w.r, 10000);
  CHECK_STR(read_values(), "Flow 0/flow_active-voice=4 ");
  CHECK_HAS(read_state(), "source_up-observations=1 ");
  end_world();
}

static void a_new_flow_has_the_list_read_again(void) {
  begin_world();
  answer_always(LIST "pageSize=100&pageNumber=1",
                "{\"entities\":[{\"id\":\"f1\",\"name\":\"One\"}]}");
  answer_always(QUERY, ANSWER(OBSERVED("f1", "1") "," OBSERVED("f2", "2")));
  start_observations();
  CHECK_STR(read_values(), "One/flow_active-voice=1 ");
  CHECK_HAS(read_state(), "flows-f/flows-unnamed=1 ");
  CHECK_INT(replay_count(&w.r, LIST), 2);
  end_world();
}

static void pairs_past_max_series_are_counted_and_reported(void) {
  begin_world();
  options.query.max_series = 1;
  will_list(3);
  answer_always(QUERY,
                ANSWER(OBSERVED("f0000", "1") "," OBSERVED("f0001", "1")));
  start_observations();
  CHECK_STR(read_values(), "Flow 0/flow_active-voice=1 ");
  CHECK_HAS(read_state(), "flows-f/series_overflow-observations=1 ");
  CHECK_INT(replay_noticed(&w.r, "series of observations", GC_ERR_LIMIT), 1);
  end_world();
}

static void report_term(uint32_t term) {
  lease->listeners->changed(lease->listeners->ctx, term);
}

/* A standby polls and dispatches nothing. It polls at once when its term
 * begins: its earlier answers are older than the values of the last holder. */
static void a_standby_polls_and_a_term_begins_with_a_poll(void) {
  struct gc_lease_watch watch = {.term = 0};
  begin_world();
  lease = &watch;
  will_list(1);
  answer_once(QUERY, ANSWER(OBSERVED("f0000", "1")));
  answer_once(QUERY, ANSWER(OBSERVED("f0000", "2")));
  answer_always(QUERY, ANSWER(OBSERVED("f0000", "3")));
  start_observations();
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  CHECK_STR(read_values(), "");
  CHECK_HAS(read_state(), "flows-f/series-observations=1 ");
  replay_run(&w.r, 10000);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  report_term(1);
  CHECK_STR(read_values(), "");
  replay_settle(&w.r);
  CHECK_INT(replay_count(&w.r, QUERY), 3);
  CHECK_STR(read_values(), "Flow 0/flow_active-voice=3 ");
  report_term(0);
  replay_run(&w.r, 10000);
  CHECK_STR(read_values(), "");
  end_world();
  CHECK(watch.listeners == NULL);
}

/* The term begins before the list of flows is known, and during a poll. */
static void a_term_that_begins_early_or_during_a_poll_loses_no_poll(void) {
  struct gc_lease_watch watch = {.term = 0};
  begin_world();
  lease = &watch;
  answer_request(LIST, 0, 503, "{}");
  will_list(1);
  replay_answer(&w.r, &(struct replay_answer){.match = QUERY,
                                              .status = 200,
                                              .delay_ms = 2000,
                                              .body = ANSWER("")});
  answer_always(QUERY, ANSWER(OBSERVED("f0000", "2")));
  start_observations();
  report_term(1);
  replay_settle(&w.r);
  CHECK_INT(replay_count(&w.r, QUERY), 0);
  while (replay_count(&w.r, QUERY) == 0 && w.r.now_ms < REPLAY_START_MS + 60000)
    replay_run(&w.r, 100);
  report_term(0);
  report_term(2);
  replay_run(&w.r, 1000);
  CHECK_INT(replay_count(&w.r, QUERY), 1);
  replay_run(&w.r, 1000);
  CHECK_INT(replay_count(&w.r, QUERY), 2);
  CHECK_STR(read_values(), "Flow 0/flow_active-voice=2 ");
  end_world();
}

int main(void) {
  RUN(up_to_a_hundred_flows_are_named_in_one_query);
  RUN(up_to_200_flows_are_named_in_two_queries);
  RUN(the_option_may_choose_the_source);
  RUN(more_flows_are_requested_page_by_page);
  RUN(a_repeated_page_ends_the_requests);
  RUN(selectors_choose_the_requested_flows);
  RUN(selectors_without_a_match_are_reported);
  RUN(a_refused_list_leaves_ids_and_the_activity_query);
  RUN(a_refused_query_is_reported_and_sent_once_a_minute);
  RUN(an_answer_that_breaks_off_leaves_nothing);
  RUN(a_new_flow_has_the_list_read_again);
  RUN(pairs_past_max_series_are_counted_and_reported);
  RUN(a_standby_polls_and_a_term_begins_with_a_poll);
  RUN(a_term_that_begins_early_or_during_a_poll_loses_no_poll);
  return check_done();
}
