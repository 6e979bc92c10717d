/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream.h"

#include <math.h>
#include <stdio.h>

#include "tests/support/channels_bench.h"
#include "tests/support/check.h"

#define QUEUE_TOPIC(q) "v2.routing.queues." q ".conversations"
#define MESSAGE(q, parties)                                                    \
  "{\"topicName\":\"" QUEUE_TOPIC(q) "\",\"eventBody\":{\"id\":\"c1\","        \
                                     "\"participants\":[" parties "]}}"
/* The world's wall clock starts at 2023-11-14T22:13:20Z. */
#define AT_S(s) "\"2023-11-14T22:13:" s ".000Z\""
#define CUSTOMER                                                               \
  "{\"id\":\"p1\",\"purpose\":\"customer\",\"connectedTime\":" AT_S("21") "}"
#define ACD(q)                                                                 \
  "{\"id\":\"p2\",\"purpose\":\"acd\",\"queueId\":\"" q "\","                  \
  "\"connectedTime\":" AT_S("22") ",\"calls\":[{\"state\":\"connected\"}]}"
#define AGENT(q)                                                               \
  "{\"id\":\"p3\",\"purpose\":\"agent\",\"queueId\":\"" q "\","                \
  "\"connectedTime\":" AT_S("27") ",\"calls\":[{\"state\":\"connected\"}]}"

static struct world {
  struct stream *stream;
  struct gc_names *names;
  unsigned snapshots;
  size_t values;
  double found;
  char wanted[128];
} w;

static void on_snapshot(void *ctx) {
  (void)ctx;
  w.snapshots++;
}

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  ch_world.edge.notice(ch_world.edge.ctx, cause, err);
}

static void select_queues(const char **ids, size_t count) {
  struct selection selection = {(char **)ids, count};
  stream_select(w.stream, &selection);
  replay_run(&ch_world, 100);
}

static bool tells_gauges; /* for the next begin_with, which puts it back */

static void begin_with(double target_s) {
  static const double bounds[] = {1, 10};
  struct gc_err err = {.code = GC_OK};
  w = (struct world){0};
  ch_begin();
  w.names = gc_names_new("prod", ch_api(), &ch_world.edge, NULL);
  struct stream_settings settings = {.bounds_s = bounds,
                                     .bound_count = 2,
                                     .target_ms = (int64_t)(target_s * 1000),
                                     .most = 100,
                                     .age_ms = 86400000,
                                     .expiry_ms = 900000,
                                     .interval_ms = 10000,
                                     .gauges = tells_gauges};
  tells_gauges = false;
  struct stream_site site = {.edge = &ch_world.edge,
                             .api = ch_api(),
                             .channels = ch_channels,
                             .names = w.names,
                             .notice = on_notice,
                             .snapshot = on_snapshot};
  w.stream = stream_new(&settings, &site, &err);
  CHECK(w.stream != NULL);
}

/* Two queues on an open socket. */
static void begin_connected(double target_s) {
  const char *ids[] = {"q1", "q2"};
  begin_with(target_s);
  ch_usual_answers();
  select_queues(ids, 2);
  ch_open();
}

static void end(void) {
  stream_stop(w.stream);
  stream_free(w.stream);
  gc_names_free(w.names);
  ch_end();
}

static void put(void *ctx, const struct gc_sample *s) {
  char name[256];
  const struct gc_metric *m = gc_metric(s->metric);
  (void)ctx;
  snprintf(name, sizeof(name), "%s/%s-%s", s->instance, m->name, s->qualifier);
  w.values++;
  if (strcmp(name, w.wanted) == 0)
    w.found = m->ds[0].kind == GC_GAUGE ? s->values[0].gauge
                                        : (double)s->values[0].derive;
}

static bool accepts(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

static double reads(const char *name) {
  struct obs_view view = {.accepts = accepts, .label = OBS_LABEL_ID};
  struct gc_samples out = {put, NULL};
  w.values = 0;
  w.found = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "%s", name);
  stream_read(w.stream, &view, &out);
  return w.found;
}

static double state(const char *name) {
  struct gc_samples out = {put, NULL};
  w.found = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "queues-all/%s", name);
  stream_read_state(w.stream, "queues-all", 10000, &out);
  return w.found;
}

/* ---- topics ---- */

static void each_queue_has_a_topic_and_a_connection_asks_for_a_snapshot(void) {
  begin_connected(20);
  CHECK_STR(replay_last(&ch_world, PUT)->body,
            "[{\"id\":\"" QUEUE_TOPIC("q1") "\"},{\"id\":\"" QUEUE_TOPIC(
                "q2") "\"}]");
  CHECK_INT(w.snapshots, 1);
  replay_run(&ch_world, 1000);
  CHECK_REAL(state("stream_connected-"), 1);
  CHECK_REAL(state("stream_topics-wanted"), 2);
  CHECK_REAL(state("stream_topics-covered"), 2);
  end();
}

static void queues_that_leave_are_heard_no_longer(void) {
  const char *left[] = {"q2"};
  begin_connected(20);
  select_queues(left, 1);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(state("events-received"), 0);
  CHECK_REAL(state("stream_topics-wanted"), 1);
  end();
}

static void a_queue_whose_topic_is_refused_is_silent(void) {
  const char *ids[] = {"q1", "q2"};
  begin_with(20);
  ch_answer(PUT, 1, 200,
            "{\"entities\":[{\"id\":\"" QUEUE_TOPIC(
                "q1") "\",\"state\":\"Rejected\",\"rejectionReason\":\"no "
                      "permission\"}]}");
  ch_usual_answers();
  select_queues(ids, 2);
  ch_open();
  CHECK_HAS(replay_last_notice(&ch_world, "topic " QUEUE_TOPIC("q1"))->text,
            "no permission");
  CHECK_HAS(replay_last_notice(&ch_world, "topics")->text,
            "1 of 2 queues are not heard");
  CHECK_REAL(state("stream_topics-covered"), 1);
  ch_say(MESSAGE("q2", CUSTOMER "," ACD("q1") "," AGENT("q2")));
  CHECK_REAL(state("events-new"), 1);
  CHECK(isnan(reads("q1/queue_offer-voice")));
  CHECK(w.values > 0); /* those of q2 */
  end();
}

/* What other queues' conversations told of it was by chance. */
static void a_queue_that_was_refused_begins_with_nothing(void) {
  const char *ids[] = {"q1", "q2"};
  begin_with(20);
  ch_answer(PUT, 1, 200,
            "{\"entities\":[{\"id\":\"" QUEUE_TOPIC(
                "q1") "\",\"state\":\"Rejected\",\"rejectionReason\":\"no "
                      "permission\"}]}");
  ch_usual_answers();
  select_queues(ids, 2);
  ch_open();
  ch_say(MESSAGE("q2", CUSTOMER "," ACD("q1")));
  replay_run(&ch_world, 15000);
  ch_end_socket(&(struct gc_ws_end){.http_status = 404}, GC_ERR_NOT_FOUND);
  replay_run(&ch_world, 10000);
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(state("stream_topics-covered"), 2);
  CHECK_REAL(reads("q1/queue_offer-voice"), 0);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  replay_run(&ch_world, 10000);
  CHECK_REAL(reads("q1/queue_offer-voice"), 0);
  replay_run(&ch_world, 10000);
  CHECK_REAL(reads("q1/queue_answer-voice"), 1);
  end();
}

static void a_queue_that_comes_back_begins_with_nothing(void) {
  const char *ids[] = {"q1", "q2"}, *left[] = {"q2"};
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  select_queues(left, 1);
  replay_run(&ch_world, 30000);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 1000);
  select_queues(ids, 2);
  CHECK_REAL(state("stream_topics-covered"), 2);
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 0);
  replay_run(&ch_world, 10000);
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 0);
  end();
}

/* ---- values ---- */

static void before_the_first_connection_there_is_nothing(void) {
  const char *ids[] = {"q1"};
  begin_with(20);
  ch_usual_answers();
  select_queues(ids, 1);
  (void)reads("");
  CHECK_INT(w.values, 0);
  CHECK_REAL(state("stream_connected-"), 0);
  CHECK(isnan(state("stream_silence-")));
  end();
}

static void a_series_begins_with_0_and_leaves_once_an_interval(void) {
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  CHECK_REAL(reads("q1/queue_answer-voice"), 0);
  (void)reads("");
  CHECK_INT(w.values, 0);
  replay_run(&ch_world, 9999);
  (void)reads("");
  CHECK_INT(w.values, 0);
  replay_run(&ch_world, 1);
  CHECK_REAL(reads("q1/queue_answer-voice"), 1);
  replay_run(&ch_world, 10000);
  CHECK_REAL(reads("q1/queue_wait_time_seconds_sum-voice"), 5);
  replay_run(&ch_world, 10000);
  CHECK_REAL(reads("q1/queue_wait_time_seconds_bucket-voice-le-1"), 0);
  replay_run(&ch_world, 10000);
  CHECK_REAL(reads("q1/queue_wait_time_seconds_bucket-voice-le-10"), 1);
  CHECK_INT(stream_series(w.stream), w.values);
  end();
}

/* Who waits may have been answered while nothing could be heard. */
static void waiting_is_a_breach_only_as_far_as_was_heard(void) {
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 0);
  replay_run(&ch_world, 30000); /* due since 24 s, nothing heard since 0 s */
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 0);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 10000);
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 1);
  end();
}

/* The second's look at the stream may come between the opening of a connection
 * and the news of it. */
static void waiting_is_no_breach_before_the_gap_is_told(void) {
  begin_connected(20);
  replay_run(&ch_world, 500);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 0);
  ch_drop_socket();
  replay_run(&ch_world, 30000);
  ch_world.now_ms += 1000; /* a look is overdue */
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(state("stream_connected-"), 1);
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 0);
  end();
}

/* No answer came since: the server's clock has not moved. */
static void a_step_of_our_wall_clock_is_no_breach(void) {
  const char *ids[] = {"q1"};
  begin_with(20);
  replay_answer(&ch_world,
                &(struct replay_answer){.match = PUT,
                                        .status = 200,
                                        .date_ms = REPLAY_START_WALL_MS,
                                        .body = "{\"entities\":[]}"});
  ch_usual_answers();
  select_queues(ids, 1);
  ch_open();
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 0);
  ch_world.wall_ms += 3600000;
  replay_run(&ch_world, 10000);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 1000);
  CHECK_REAL(reads("q1/queue_sla_breach-voice-20"), 0);
  end();
}

static void without_a_target_there_is_no_breach(void) {
  begin_connected(0);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  replay_run(&ch_world, 35000);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 1000);
  CHECK(isnan(reads("q1/queue_sla_breach-voice-20")));
  CHECK(w.values > 0);
  end();
}

static void what_is_no_event_is_counted(void) {
  begin_connected(20);
  ch_say("{\"topicName\":\"" QUEUE_TOPIC("q1") "\",\"eventBody\":{\"id\":]}");
  ch_say("{\"topicName\":\"" QUEUE_TOPIC("q1") "\",\"eventBody\":{}}");
  CHECK_REAL(state("events-malformed"), 1);
  CHECK_REAL(state("events-other"), 1);
  CHECK_REAL(state("events-received"), 0);
  end();
}

static void counters_that_find_no_room_are_told(void) {
  static char message[1024];
  begin_connected(20);
  for (unsigned i = 0; i <= 65536; i++) {
    snprintf(
        message, sizeof(message),
        "{\"topicName\":\"" QUEUE_TOPIC(
            "q1") "\",\"eventBody\":{\"id\":\"c%u\",\"participants\":["
                  "{\"id\":\"p\",\"purpose\":\"acd\",\"queueId\":"
                  "\"x%u\",\"connectedTime\":" AT_S("22") ",\"calls\":[{}]}]}}",
        i, i);
    ch_say(message);
    if (i == 65535) {
      replay_run(&ch_world, 30000);
      CHECK(replay_last_notice(&ch_world, "counters") == NULL ||
            replay_last_notice(&ch_world, "counters")->code == GC_OK);
    }
  }
  CHECK_REAL(state("events-new"), 65537);
  replay_run(&ch_world, 30000);
  CHECK_INT(replay_last_notice(&ch_world, "counters")->code, GC_ERR_LIMIT);
  CHECK_HAS(replay_last_notice(&ch_world, "counters")->text, "65536 pairs");
  end();
}

/* ---- gaps ---- */

static void a_gap_grows_while_it_lasts_and_stays(void) {
  begin_connected(20);
  replay_run(&ch_world, 10000);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 1000);
  CHECK_REAL(state("stream_silence-"), 1);
  CHECK_REAL(state("stream_gap-"), 0);
  ch_drop_socket();
  replay_run(&ch_world, 2000);
  CHECK_REAL(state("stream_connected-"), 0);
  CHECK_REAL(state("stream_gap-"), 3);
  replay_run(&ch_world, 3000);
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(state("stream_connected-"), 1);
  CHECK_REAL(state("stream_gap-"), 6);
  CHECK_REAL(state("stream_reconnects-"), 1);
  CHECK_INT(w.snapshots, 2);
  replay_run(&ch_world, 5000);
  CHECK_REAL(state("stream_gap-"), 6);
  end();
}

/* The last message came between two looks at the channel. */
static void a_gap_begins_with_the_last_message_and_never_shrinks(void) {
  double before = 0;
  begin_connected(20);
  replay_run(&ch_world, 10400);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 100);
  ch_drop_socket();
  for (int i = 0; i < 50; i++) {
    if (i == 35)
      ch_open();
    replay_run(&ch_world, 100);
    CHECK(state("stream_gap-") >= before);
    before = state("stream_gap-");
  }
  CHECK_REAL(before, 3.6);
  end();
}

/* The read thread looks at the clock, then the network thread hears a message,
 * then the read thread goes on. */
static uint64_t (*real_now_ms)(void *ctx);
static bool is_overtaken;

static uint64_t overtaken_now_ms(void *ctx) {
  uint64_t now_ms = real_now_ms(ctx);
  if (is_overtaken) {
    is_overtaken = false;
    replay_run(&ch_world, 500);
    ch_say(HEARTBEAT);
    replay_run(&ch_world, 1000);
  }
  return now_ms;
}

static void a_message_while_the_state_is_read_makes_no_silence(void) {
  begin_connected(20);
  replay_run(&ch_world, 10000);
  real_now_ms = ch_world.edge.now_ms;
  ch_world.edge.now_ms = overtaken_now_ms;
  is_overtaken = true;
  CHECK_REAL(state("stream_silence-"), 0);
  CHECK(!is_overtaken);
  ch_world.edge.now_ms = real_now_ms;
  end();
}

/* ---- several channels ---- */

/* `count` queues t0000, t0001 …, a topic each. */
static void select_many(unsigned count) {
  static char names[1200][8];
  static const char *ids[1200];
  for (unsigned i = 0; i < count; i++) {
    snprintf(names[i], sizeof(names[i]), "t%04u", i);
    ids[i] = names[i];
  }
  select_queues(ids, count);
}

/* 1,000 of its queues are on the first channel, the others on the second. */
static void begin_on_two_channels(void) {
  begin_with(20);
  ch_many_answers();
  select_many(1100);
  CHECK_INT(ch_wire_count(), 2);
}

static void what_is_not_subscribed_yet_is_no_trouble(void) {
  begin_with(20);
  ch_answer(CREATE, 1, 200, CHANNEL("c01"));
  replay_answer(&ch_world, &(struct replay_answer){.match = CREATE,
                                                   .status = 200,
                                                   .delay_ms = 5000,
                                                   .body = CHANNEL("c02")});
  ch_usual_answers();
  select_many(1100);
  ch_wire_open(ch_wire_of("c01"));
  replay_run(&ch_world, 1000);
  CHECK_REAL(state("stream_topics-covered"), 1000);
  const struct gc_err *told = replay_last_notice(&ch_world, "topics");
  CHECK(told == NULL || told->code == GC_OK);
  replay_run(&ch_world, 5000);
  ch_wire_open(ch_wire_of("c02"));
  replay_run(&ch_world, 1000);
  CHECK_REAL(state("stream_topics-covered"), 1100);
  end();
}

static void channels_that_are_blind_together_make_one_gap(void) {
  begin_on_two_channels();
  ch_open_all();
  replay_run(&ch_world, 5000);
  ch_wire_say(ch_wire_of("c01"), HEARTBEAT);
  ch_wire_end(ch_wire_of("c01"), &(struct gc_ws_end){0}, GC_ERR_NETWORK);
  replay_run(&ch_world, 1000);
  ch_wire_say(ch_wire_of("c02"), HEARTBEAT);
  ch_wire_end(ch_wire_of("c02"), &(struct gc_ws_end){0}, GC_ERR_NETWORK);
  replay_run(&ch_world, 4000);
  CHECK_REAL(state("stream_gap-"), 5);
  ch_wire_open(ch_wire_of("c02"));
  replay_run(&ch_world, 100);
  CHECK_REAL(state("stream_gap-"), 5.1);
  replay_run(&ch_world, 900);
  ch_wire_open(ch_wire_of("c01"));
  replay_run(&ch_world, 2000);
  CHECK_REAL(state("stream_gap-"), 6);
  CHECK_REAL(state("stream_connected-"), 1);
  end();
}

static void the_channel_of_another_block_is_none_of_ours(void) {
  const char *ids[] = {"q1"};
  begin_with(20);
  ch_many_answers();
  CHECK_INT(ch_want_many(&ch_block, 0, 1000), 1000);
  select_queues(ids, 1);
  ch_open_all();
  replay_run(&ch_world, 5000);
  ch_wire_end(ch_wire_of("c01"), &(struct gc_ws_end){0}, GC_ERR_NETWORK);
  ch_wire_say(ch_wire_of("c02"), HEARTBEAT);
  replay_run(&ch_world, 3000);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_REAL(state("stream_connected-"), 1);
  CHECK_REAL(state("stream_silence-"), 3);
  CHECK_REAL(state("stream_gap-"), 0);
  ch_open_all();
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_block.gaps, 1);
  CHECK_REAL(state("stream_gap-"), 0);
  end();
}

/* ---- gauges of its own ---- */

static void a_blind_stream_tells_no_gauge(void) {
  tells_gauges = true;
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(reads("q1/active_conversations-voice"), 1);
  ch_drop_socket();
  replay_run(&ch_world, 10000);
  CHECK(isnan(reads("q1/active_conversations-voice")));
  CHECK(w.values > 0); /* what was counted goes on */
  ch_open();
  replay_run(&ch_world, 10000);
  CHECK_REAL(reads("q1/active_conversations-voice"), 1);
  end();
}

/* ---- observations ---- */

/* A complete answer about q1: so many wait, with their ids. */
static void observe(int64_t waiting, const char *const *listed, size_t count) {
  struct observations *o = observations_new();
  struct obs_fact facts[3] = {
      {.metric = OBS_WAITING, .value = waiting, .is_listed = true},
      {.metric = OBS_INTERACTING, .is_listed = true},
      {.metric = OBS_ALERTING, .is_listed = true}};
  for (int i = 0; i < 3; i++) {
    CHECK_INT(gc_intern_put(&o->ids, "q1", 2, &facts[i].queue), GC_OK);
    CHECK_INT(gc_intern_put(&o->media, "voice", 5, &facts[i].media), GC_OK);
    facts[i].qualifier = OBS_NONE;
  }
  CHECK_INT(observations_add(o, facts, 3), GC_OK);
  for (size_t i = 0; i < count; i++) {
    struct cv_id id = cv_id_read(listed[i], strlen(listed[i]));
    CHECK_INT(obs_ids_add(&o->listed, &id, 1), GC_OK);
  }
  replay_run(&ch_world, 9000);
  stream_poll_begin(w.stream);
  replay_run(&ch_world, 1000);
  stream_observed(w.stream, o);
  observations_put(o);
}

static void what_two_polls_do_not_list_is_closed_and_is_drift(void) {
  const char *c1[] = {"c1"};
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  replay_run(&ch_world, 2000);
  observe(1, c1, 1);
  observe(0, NULL, 0);
  CHECK_REAL(state("stream_drift-"), 0);
  CHECK_REAL(state("conversations-live"), 1);
  observe(0, NULL, 0);
  CHECK_REAL(state("stream_drift-"), 1);
  CHECK_REAL(state("conversations-live"), 0);
  CHECK_REAL(state("conversations_lost-poll"), 1);
  observe(0, NULL, 0);
  CHECK_REAL(state("stream_drift-"), 1);
  end();
}

static void what_is_listed_again_is_not_closed(void) {
  const char *c1[] = {"c1"};
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  replay_run(&ch_world, 2000);
  for (int i = 0; i < 3; i++) {
    observe(0, NULL, 0);
    observe(1, c1, 1);
  }
  CHECK_REAL(state("conversations_lost-poll"), 0);
  CHECK_REAL(state("stream_drift-"), 0);
  end();
}

/* ---- queues that come and go ---- */

#define ENDED(id, purpose, more)                                               \
  "{\"id\":\"" id "\",\"purpose\":\"" purpose                                  \
  "\",\"connectedTime\":" AT_S("22") ",\"endTime\":" AT_S("26") more "}"

static void on_queues(void *ctx, struct gc_directory *directory) {
  (void)ctx;
  (void)directory;
}

/* A queue leaves the selection, and the list too or not; half an hour later it
 * is chosen again. */
static void a_queue_that_left_the_list_loses_its_counters_in_time(void) {
  static const struct {
    const char *row, *list;
    bool is_kept;
  } rows[] = {
      {"still in the list",
       "{\"entities\":[{\"id\":\"q1\",\"name\":\"A\"},"
       "{\"id\":\"q2\",\"name\":\"B\"}]}",
       true},
      {"gone", "{\"entities\":[{\"id\":\"q1\",\"name\":\"A\"}]}", false},
  };
  const char *ids[] = {"q1", "q2"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_names_listener listener = {.kind = GC_QUEUE,
                                         .changed = on_queues};
    CHECK_ROW(rows[i].row);
    begin_connected(20);
    ch_answer("GET /api/v2/routing/queues", REPLAY_ALWAYS, 200, rows[i].list);
    gc_names_listen(w.names, &listener);
    ch_say(MESSAGE(
        "q2",
        ENDED("p1", "customer", "") "," ENDED(
            "p2", "acd",
            ",\"queueId\":\"q2\",\"calls\":[{\"state\":\"disconnected\"}]")));
    CHECK_REAL(reads("q2/queue_abandon-voice"), 0);
    select_queues(ids, 1);
    ch_heartbeats(60);
    select_queues(ids, 2);
    ch_heartbeats(2);
    CHECK(isnan(reads("q2/queue_abandon-voice")) == !rows[i].is_kept);
    gc_names_unlisten(w.names, &listener);
    end();
  }
}

int main(void) {
  RUN(each_queue_has_a_topic_and_a_connection_asks_for_a_snapshot);
  RUN(queues_that_leave_are_heard_no_longer);
  RUN(a_queue_whose_topic_is_refused_is_silent);
  RUN(a_queue_that_was_refused_begins_with_nothing);
  RUN(a_queue_that_comes_back_begins_with_nothing);
  RUN(before_the_first_connection_there_is_nothing);
  RUN(a_series_begins_with_0_and_leaves_once_an_interval);
  RUN(waiting_is_a_breach_only_as_far_as_was_heard);
  RUN(waiting_is_no_breach_before_the_gap_is_told);
  RUN(a_step_of_our_wall_clock_is_no_breach);
  RUN(without_a_target_there_is_no_breach);
  RUN(what_is_no_event_is_counted);
  RUN(counters_that_find_no_room_are_told);
  RUN(a_gap_grows_while_it_lasts_and_stays);
  RUN(a_gap_begins_with_the_last_message_and_never_shrinks);
  RUN(a_message_while_the_state_is_read_makes_no_silence);
  RUN(what_is_not_subscribed_yet_is_no_trouble);
  RUN(channels_that_are_blind_together_make_one_gap);
  RUN(the_channel_of_another_block_is_none_of_ours);
  RUN(a_blind_stream_tells_no_gauge);
  RUN(what_two_polls_do_not_list_is_closed_and_is_drift);
  RUN(what_is_listed_again_is_not_closed);
  RUN(a_queue_that_left_the_list_loses_its_counters_in_time);
  return check_done();
}
