/* SPDX-License-Identifier: MIT */
/* A block with Observations "topic": messages and polls. */
#include <math.h>
#include <stdio.h>

#include "plugins/genesys_realtime/block.h"
#include "tests/support/channels_bench.h"
#include "tests/support/check.h"

#define QUERY "POST /api/v2/analytics/queues/observations/query"
#define ACTIVITY(count)                                                        \
  "{\"topicName\":\"v2.analytics.queues.q1.activity\",\"eventBody\":{"         \
  "\"results\":[{\"mediaType\":\"voice\",\"data\":[{\"metric\":\"oWaiting\","  \
  "\"count\":" count "}]}]}}"
#define LIST "GET /api/v2/routing/queues"
#define DATA(count)                                                            \
  "\"data\":[{\"metric\":\"oWaiting\",\"stats\":{\"count\":" count "}}]}"
#define ANSWER(count)                                                          \
  "{\"results\":[{\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},"     \
  "" DATA(count) "]}"
#define PUSHED(interval, count)                                                \
  "{\"topicName\":\"v2.analytics.queues.q1.observations\",\"eventBody\":{"     \
  "\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},\"data\":[{"         \
  "\"interval\":\"" interval "/" interval "\",\"metrics\":[{\"metric\":"       \
  "\"oWaiting\",\"stats\":{\"count\":" count "}}]}]}}"
/* The world's wall clock starts at 2023-11-14T22:13:20Z. */
#define AT(time) "2023-11-14T" time ".000Z"

static struct world {
  struct gc_loop *loop;
  struct gc_names *names;
  struct block *block;
  double found;
  const char *wanted;
} w;

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  ch_world.env.notice(ch_world.env.ctx, cause, err);
}

static void answer_query(int times, const char *body, uint32_t delay_ms) {
  replay_answer(&ch_world, &(struct replay_answer){.match = QUERY,
                                                   .times = times,
                                                   .status = 200,
                                                   .body = body,
                                                   .delay_ms = delay_ms});
}

/* Begins with one queue, q1; its connection is not open yet. */
static void begin_with(void (*answers)(void)) {
  static const struct queues_options options = {.stream = STREAM_NONE,
                                                .observations = OBS_TOPIC,
                                                .interval_s = 10,
                                                .series_max = 200000};
  struct gc_err err = {.code = GC_OK};
  w = (struct world){0};
  ch_begin();
  answers();
  ch_answer(LIST, REPLAY_ALWAYS, 200,
            "{\"entities\":[{\"id\":\"q1\",\"name\":\"Support\"}]}");
  w.loop = gc_loop_new(&err);
  w.names = gc_names_new("prod", ch_api(), &ch_world.env, NULL);
  struct queues_deps deps = {.notice = on_notice,
                             .loop = w.loop,
                             .env = &ch_world.env,
                             .api = ch_api(),
                             .names = w.names,
                             .channels = ch_channels,
                             .requests_per_minute = 300};
  w.block = block_new(&options, &deps);
  CHECK(w.block != NULL);
}

static void begin_block(void) { begin_with(ch_usual_answers); }

static void start_block(void) {
  block_start(w.block);
  replay_run(&ch_world, 100);
}

static void end_block(void) {
  block_free(w.block);
  gc_names_free(w.names);
  gc_loop_free(w.loop);
  ch_end();
}

static void record_sample(void *ctx, const struct gc_sample *s) {
  char name[256];
  (void)ctx;
  snprintf(name, sizeof(name), "%s/%s-%s", s->instance,
           gc_metric(s->metric)->name, s->qualifier);
  if (strcmp(name, w.wanted) == 0)
    w.found = s->values[0].gauge;
}

static double read_gauge(const char *wanted) {
  struct gc_samples out = {record_sample, NULL};
  w.wanted = wanted;
  w.found = NAN;
  block_read(w.block, &out);
  return w.found;
}

static double read_waiting(void) {
  return read_gauge("Support/queue_depth-voice");
}

static void pushed_observations_need_no_polls(void) {
  begin_block();
  answer_query(REPLAY_ALWAYS, ANSWER("3"), 0);
  start_block();
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_waiting(), 3);
  size_t asked = replay_count(&ch_world, QUERY);
  ch_say(PUSHED(AT("22:13:25"), "5"));
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_waiting(), 5);
  CHECK_INT(replay_count(&ch_world, QUERY), asked);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_waiting(), 5);
  end_block();
}

/* Messages of .activity have no time. */
static void a_late_message_of_a_replaced_channel_undoes_no_newer_one(void) {
  begin_block();
  answer_query(REPLAY_ALWAYS, ANSWER("3"), 0);
  start_block();
  ch_open();
  ch_heartbeats(1);
  ch_say(CLOSING);
  replay_run(&ch_world, 1100);
  ch_wire_open(ch_wire_of("two"));
  replay_run(&ch_world, 2000);
  ch_wire_say(ch_wire_of("two"), ACTIVITY("7"));
  ch_wire_say(ch_wire_of("one"), ACTIVITY("4"));
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_waiting(), 7);
  end_block();
}

/* Its answer is older than the connection. */
static void a_poll_under_way_is_no_snapshot_of_a_new_connection(void) {
  begin_block();
  answer_query(1, ANSWER("3"), 2000);
  answer_query(REPLAY_ALWAYS, ANSWER("4"), 0);
  start_block();
  CHECK_INT(replay_count(&ch_world, QUERY), 1);
  ch_open();
  replay_run(&ch_world, 3000);
  CHECK_INT(replay_count(&ch_world, QUERY), 2);
  CHECK_REAL(read_waiting(), 4);
  replay_run(&ch_world, 10000);
  CHECK_INT(replay_count(&ch_world, QUERY), 2);
  CHECK_REAL(read_waiting(), 4);
  end_block();
}

static void while_the_channel_is_closed_the_block_polls_each_interval(void) {
  begin_block();
  answer_query(REPLAY_ALWAYS, ANSWER("3"), 0);
  start_block();
  ch_open();
  replay_run(&ch_world, 1000);
  ch_drop_socket();
  size_t asked = replay_count(&ch_world, QUERY);
  replay_run(&ch_world, 30000);
  CHECK_INT(replay_count(&ch_world, QUERY), asked + 3);
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_INT(replay_count(&ch_world, QUERY), asked + 4);
  replay_run(&ch_world, 30000);
  CHECK_INT(replay_count(&ch_world, QUERY), asked + 4);
  end_block();
}

static void a_channel_of_another_block_is_ignored(void) {
  begin_with(ch_many_answers);
  answer_query(REPLAY_ALWAYS, ANSWER("3"), 0);
  CHECK_INT(ch_subscribe_many(&ch_block, 0, 1000), 1000);
  start_block();
  ch_open_all();
  replay_run(&ch_world, 1000);
  size_t asked = replay_count(&ch_world, QUERY);
  ch_wire_end(ch_wire_of("c01"), &(struct gc_ws_end){0}, GC_ERR_NETWORK);
  replay_run(&ch_world, 30000);
  CHECK_INT(replay_count(&ch_world, QUERY), asked);
  end_block();
}

/* A snapshot has the time of the server's clock; with a later time the model
 * would ignore the next messages. */
static void a_step_of_our_wall_clock_silences_no_message(void) {
  begin_block();
  replay_answer(&ch_world,
                &(struct replay_answer){.match = QUERY,
                                        .times = 2,
                                        .status = 200,
                                        .date_ms = REPLAY_START_WALL_MS,
                                        .body = ANSWER("3")});
  answer_query(REPLAY_ALWAYS, ANSWER("3"), 0);
  start_block();
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_waiting(), 3);
  ch_world.wall_ms += 3600000;
  ch_heartbeats(3);
  ch_say(PUSHED(AT("22:15:00"), "5"));
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_waiting(), 5);
  end_block();
}

static void a_wrong_date_silences_no_message(void) {
  begin_block();
  replay_answer(&ch_world, &(struct replay_answer){
                               .match = QUERY,
                               .times = REPLAY_ALWAYS,
                               .status = 200,
                               .date_ms = REPLAY_START_WALL_MS + 4 * 60000,
                               .body = ANSWER("3")});
  start_block();
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_INT(replay_count(&ch_world, QUERY), 2);
  CHECK_REAL(read_waiting(), 3);
  ch_say(PUSHED(AT("22:13:25"), "5"));
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_waiting(), 5);
  end_block();
}

static void record_count(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  if (s->metric == GC_METRIC_OBSERVATIONS_IGNORED)
    w.found = (double)s->values[0].derive;
}

static double read_ignored(void) {
  struct gc_samples out = {record_count, NULL};
  w.found = NAN;
  block_read_state(w.block, "queues-a", 10000, &out);
  return w.found;
}

static void pushed_numbers_that_cannot_be_read_are_counted(void) {
  begin_block();
  answer_query(REPLAY_ALWAYS, ANSWER("3"), 0);
  start_block();
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_ignored(), 0);
  ch_say("{\"topicName\":\"v2.analytics.queues.q1.observations\","
         "\"eventBody\":{\"group\":]}");
  CHECK_REAL(read_ignored(), 1);
  CHECK_INT(replay_noticed(&ch_world, "pushed observations", GC_ERR_PARSE), 1);
  end_block();
}

/* Running totals, and metrics that have no value here, are known. */
static void pushed_numbers_of_an_unknown_metric_leave(void) {
  begin_block();
  answer_query(REPLAY_ALWAYS, ANSWER("3"), 0);
  start_block();
  ch_open();
  replay_run(&ch_world, 1000);
  ch_say(
      "{\"topicName\":\"v2.analytics.queues.q1.observations\",\"eventBody\":{"
      "\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},\"data\":[{"
      "\"interval\":\"" AT("22:00:00") "/" AT(
          "22:30:00") "\",\"metrics\":["
                      "{\"metric\":\"nOffered\",\"stats\":{\"count\":2}}]}]}}");
  ch_say(
      "{\"topicName\":\"v2.analytics.queues.q1.activity\",\"eventBody\":{"
      "\"results\":[{\"mediaType\":\"voice\",\"data\":[{\"metric\":\"oFlow\","
      "\"count\":2},{\"metric\":\"oLongestInteracting\","
      "\"calculatedMetricValue\":1700000000000}]}]}}");
  CHECK_REAL(read_ignored(), 0);
  CHECK_INT(replay_noticed(&ch_world, "ignored observations", GC_ERR_PARSE), 0);
  for (int i = 0; i < 3; i++)
    ch_say(
        "{\"topicName\":\"v2.analytics.queues.q1.observations\",\"eventBody\":"
        "{\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},\"data\":[{"
        "\"metrics\":[{\"metric\":\"oFuture\",\"stats\":{\"count\":2}},"
        "{\"metric\":\"oWaiting\",\"stats\":{\"count\":5}}],\"interval\":"
        "\"" AT("22:13:25") "/" AT("22:13:25") "\"}]}}");
  ch_say("{\"topicName\":\"v2.analytics.queues.q1.activity\",\"eventBody\":{"
         "\"results\":[{\"mediaType\":\"voice\",\"data\":[{\"metric\":"
         "\"oFuture\",\"count\":3}]}]}}");
  CHECK_REAL(read_ignored(), 0);
  CHECK_INT(replay_noticed(&ch_world, "metric \"oFuture\"", GC_ERR_PARSE), 1);
  CHECK_INT(replay_noticed(&ch_world, "metric \"nOffered\"", GC_ERR_PARSE), 0);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_waiting(), 5);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_gauge("Support/queue_observation-oFuture-count-voice"), 3);
  end_block();
}

/* oWaiting needs a medium. */
static void pushed_numbers_without_a_medium_are_counted(void) {
  begin_block();
  answer_query(REPLAY_ALWAYS, ANSWER("3"), 0);
  start_block();
  ch_open();
  replay_run(&ch_world, 1000);
  ch_say(
      "{\"topicName\":\"v2.analytics.queues.q1.observations\",\"eventBody\":{"
      "\"group\":{\"queueId\":\"q1\"},\"data\":[{\"metrics\":[{\"metric\":"
      "\"oWaiting\",\"stats\":{\"count\":2}}]}]}}");
  CHECK_REAL(read_ignored(), 1);
  CHECK_INT(replay_noticed(&ch_world, "ignored observations", GC_ERR_PARSE), 1);
  end_block();
}

static void numbers_of_no_queue_are_counted_and_reported_once(void) {
  begin_block();
  answer_query(REPLAY_ALWAYS,
               "{\"results\":[{\"group\":{\"mediaType\":\"voice\"},\"data\":[{"
               "\"metric\":\"oWaiting\",\"stats\":{\"count\":3}}]}]}",
               0);
  start_block();
  replay_run(&ch_world, 25000);
  CHECK(read_ignored() >= 2);
  CHECK_INT(replay_noticed(&ch_world, "ignored observations", GC_ERR_PARSE), 1);
  const struct gc_err *line =
      replay_last_notice(&ch_world, "ignored observations");
  CHECK_HAS(line != NULL ? line->text : "", "observations_ignored");
  end_block();
}

int main(void) {
  RUN(pushed_numbers_that_cannot_be_read_are_counted);
  RUN(pushed_numbers_of_an_unknown_metric_leave);
  RUN(pushed_numbers_without_a_medium_are_counted);
  RUN(numbers_of_no_queue_are_counted_and_reported_once);
  RUN(pushed_observations_need_no_polls);
  RUN(a_late_message_of_a_replaced_channel_undoes_no_newer_one);
  RUN(a_poll_under_way_is_no_snapshot_of_a_new_connection);
  RUN(while_the_channel_is_closed_the_block_polls_each_interval);
  RUN(a_channel_of_another_block_is_ignored);
  RUN(a_step_of_our_wall_clock_silences_no_message);
  RUN(a_wrong_date_silences_no_message);
  return check_done();
}
