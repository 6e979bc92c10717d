/* SPDX-License-Identifier: MIT */
/* The parts that a .case file cannot express: request bodies, limits,
 * references to a model, and samples without any list of names. */
#include "plugins/genesys_realtime/observations/poll.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/genesys/parts.h"
#include "tests/support/check.h"

static enum gc_code decode_answer(struct observations *o, const char *json,
                                  size_t *ret_results, struct gc_err *err) {
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  struct gc_sink sink = obs_decoder_sink(d);
  sink.begin(sink.ctx);
  GC_TRY(sink.write(sink.ctx, json, strlen(json), err));
  return obs_decoder_finish(d, ret_results, err);
}

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

static void count_sample(void *ctx, const struct gc_sample *s) {
  size_t *count = ctx;
  CHECK(!gc_parts_have(s->parts, GC_PART_GUIDE));
  *count += s->metric == GC_METRIC_QUEUE_AGENTS_ROUTING;
}

static struct queue_tally read_samples(const struct observations *o,
                                       enum queue_label label,
                                       size_t *ret_statuses) {
  struct queue_display view = {.accepts = accepts_all, .label = label};
  struct gc_samples out = {count_sample, ret_statuses};
  struct queue_tally tally;
  *ret_statuses = 0;
  obs_samples(o, &view, &out, &tally);
  return tally;
}

static void an_observation_query_names_its_queues_and_all_metrics(void) {
  static const char *const ids[] = {"q1", "q\"2"};
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 4096};
  CHECK_INT(obs_query_body(ids, 2, false, &body), GC_OK);
  CHECK_STR(gc_buf_string(&body),
            "{\"filter\":{\"type\":\"or\",\"predicates\":["
            "{\"type\":\"dimension\",\"dimension\":\"queueId\","
            "\"operator\":\"matches\",\"value\":\"q1\"},"
            "{\"type\":\"dimension\",\"dimension\":\"queueId\","
            "\"operator\":\"matches\",\"value\":\"q\\\"2\"}]},"
            "\"metrics\":[\"oWaiting\",\"oInteracting\",\"oAlerting\","
            "\"oLongestWaiting\",\"oActiveUsers\",\"oMemberUsers\","
            "\"oOnQueueUsers\",\"oOffQueueUsers\",\"oUserPresences\","
            "\"oUserRoutingStatuses\"]}");
}

static void details_are_requested_for_metrics_that_count_conversations(void) {
  static const char *const ids[] = {"q1"};
  GC_AUTO(gc_buf_clear) struct gc_buf plain = {.max = 4096};
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 4096};
  CHECK_INT(obs_query_body(ids, 1, false, &plain), GC_OK);
  CHECK(strstr(gc_buf_string(&plain), "detailMetrics") == NULL);
  CHECK_INT(obs_query_body(ids, 1, true, &body), GC_OK);
  CHECK_HAS(gc_buf_string(&body),
            "\"oUserRoutingStatuses\"],\"detailMetrics\":[\"oWaiting\","
            "\"oInteracting\",\"oAlerting\"]}");
  CHECK_INT(strncmp(plain.data, body.data, plain.len - 1), 0);
}

static void the_activity_queries_share_the_metrics(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf contacts = {.max = 4096};
  GC_AUTO(gc_buf_clear) struct gc_buf agents = {.max = 4096};
  CHECK_INT(obs_activity_body(true, &contacts), GC_OK);
  CHECK_STR(gc_buf_string(&contacts),
            "{\"metrics\":[{\"metric\":\"oWaiting\"},"
            "{\"metric\":\"oInteracting\"},{\"metric\":\"oAlerting\"},"
            "{\"metric\":\"oLongestWaiting\"}],"
            "\"groupBy\":[\"queueId\",\"mediaType\"]}");
  CHECK_INT(obs_activity_body(false, &agents), GC_OK);
  CHECK_STR(gc_buf_string(&agents),
            "{\"metrics\":[{\"metric\":\"oActiveUsers\"},"
            "{\"metric\":\"oMemberUsers\"},{\"metric\":\"oOnQueueUsers\"},"
            "{\"metric\":\"oOffQueueUsers\"},{\"metric\":\"oUserPresences\"},"
            "{\"metric\":\"oUserRoutingStatuses\"}],"
            "\"groupBy\":[\"queueId\"]}");
}

static void a_body_that_does_not_fit_is_refused(void) {
  static const char *const ids[] = {"q1"};
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 40};
  CHECK_INT(obs_query_body(ids, 1, false, &body), GC_ERR_LIMIT);
}

static void an_answer_returns_its_number_of_results(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  size_t results = 99;
  CHECK_INT(decode_answer(o, "{\"results\":[{},{\"group\":{}},null,7]}",
                          &results, NULL),
            GC_OK);
  CHECK_INT(results, 2);
  CHECK_INT(decode_answer(o, "{}", &results, NULL), GC_OK);
  CHECK_INT(results, 0);
}

static void a_broken_attempt_leaves_no_number_behind(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  struct gc_sink sink = obs_decoder_sink(d);
  static const char cut[] =
      "{\"results\":[{\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},"
      "\"data\":[{\"metric\":\"oWaiting\",\"stats\":{\"count\":1}}]},";
  struct gc_err err;
  size_t statuses;

  sink.begin(sink.ctx);
  CHECK_INT(sink.write(sink.ctx, cut, strlen(cut), &err), GC_OK);
  sink.begin(sink.ctx);
  CHECK_INT(sink.write(sink.ctx, "{\"results\":[]}", 14, &err), GC_OK);
  CHECK_INT(obs_decoder_finish(d, NULL, &err), GC_OK);
  CHECK_INT(read_samples(o, QUEUE_LABEL_ID, &statuses).series, 0);

  CHECK_INT(sink.write(sink.ctx, cut, strlen(cut), &err), GC_OK);
  CHECK_INT(obs_decoder_finish(d, NULL, &err), GC_ERR_PARSE);
  CHECK_INT(read_samples(o, QUEUE_LABEL_ID, &statuses).series, 0);
}

static void more_media_than_there_can_be_are_refused(void) {
  static char json[16384];
  size_t used = (size_t)sprintf(json, "{\"results\":[");
  for (int i = 0; i < 65; i++)
    used += (size_t)sprintf(json + used,
                            "%s{\"group\":{\"queueId\":\"q\",\"mediaType\":"
                            "\"m%d\"},\"data\":[{\"metric\":\"oWaiting\","
                            "\"stats\":{\"count\":1}}]}",
                            i > 0 ? "," : "", i);
  strcpy(json + used, "]}");
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  struct gc_err err = {0};
  size_t statuses;
  CHECK_INT(decode_answer(o, json, NULL, &err), GC_ERR_LIMIT);
  CHECK(err.text[0] != '\0');
  CHECK_INT(read_samples(o, QUEUE_LABEL_ID, &statuses).series, 0);
}

static void as_many_statuses_as_there_can_be_are_shown(void) {
  static char json[16384];
  size_t used = (size_t)sprintf(
      json, "{\"results\":[{\"group\":{\"queueId\":\"q\"},\"data\":[");
  for (int i = 0; i < 64; i++)
    used += (size_t)sprintf(json + used,
                            "%s{\"metric\":\"oUserRoutingStatuses\","
                            "\"qualifier\":\"S%d\",\"count\":1}",
                            i > 0 ? "," : "", i);
  strcpy(json + used, "]}]}");
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  size_t statuses;
  CHECK_INT(decode_answer(o, json, NULL, NULL), GC_OK);
  (void)read_samples(o, QUEUE_LABEL_ID, &statuses);
  CHECK_INT(statuses, 64);
}

static void without_a_list_of_names_all_values_are_held_back(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  size_t statuses;
  CHECK_INT(
      decode_answer(o,
                    "{\"results\":[{\"group\":{\"queueId\":\"q\"},\"data\":[{"
                    "\"metric\":\"oUserPresences\",\"qualifier\":\"p\","
                    "\"count\":1}]}]}",
                    NULL, NULL),
      GC_OK);
  struct queue_tally held = read_samples(o, QUEUE_LABEL_NAME, &statuses);
  CHECK_INT(held.unnamed, 1);
  CHECK_INT(held.series, 0);
  struct queue_tally shown = read_samples(o, QUEUE_LABEL_ID, &statuses);
  CHECK_INT(shown.unnamed, 0);
  CHECK_INT(shown.matched, 1);
  CHECK(shown.series > 0);
}

static void the_last_holder_frees_a_model(void) {
  struct observations *o = observations_new();
  CHECK(observations_get(o) == o);
  observations_put(o);
  CHECK_INT(decode_answer(o, "{}", NULL, NULL), GC_OK);
  observations_put(o);
  observations_put(NULL);
  CHECK(observations_get(NULL) == NULL);
}

int main(void) {
  RUN(an_observation_query_names_its_queues_and_all_metrics);
  RUN(details_are_requested_for_metrics_that_count_conversations);
  RUN(the_activity_queries_share_the_metrics);
  RUN(a_body_that_does_not_fit_is_refused);
  RUN(an_answer_returns_its_number_of_results);
  RUN(a_broken_attempt_leaves_no_number_behind);
  RUN(more_media_than_there_can_be_are_refused);
  RUN(as_many_statuses_as_there_can_be_are_shown);
  RUN(without_a_list_of_names_all_values_are_held_back);
  RUN(the_last_holder_frees_a_model);
  return check_done();
}
