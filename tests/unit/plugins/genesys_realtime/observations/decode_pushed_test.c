/* SPDX-License-Identifier: MIT */
/* Pushed observations: topics, times, snapshots. The .case files have the
 * values. */
#include <stdio.h>
#include <stdlib.h>

#include "plugins/genesys_realtime/observations/observations.h"
#include "tests/support/check.h"

/* 2026-08-01T10:00:00Z */
#define TEN_MS INT64_C(1785578400000)
#define TOPIC "v2.analytics.queues.q.observations"
#define AT(second) "2026-08-01T10:00:" second ".000Z"
#define MOMENT(second) "\"interval\":\"" AT(second) "/" AT(second) "\""
#define VOICE "\"group\":{\"queueId\":\"q\",\"mediaType\":\"voice\"}"
#define BODY(second, metrics)                                                  \
  "{" VOICE ",\"data\":[{" MOMENT(second) ",\"metrics\":[" metrics "]}]}"
#define WAITING(count)                                                         \
  "{\"metric\":\"oWaiting\",\"stats\":{\"count\":" count "}}"

static size_t read_pushed(struct observations *o, const char *topic,
                          const char *body) {
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(NULL, false);
  struct gc_err err = {.code = GC_OK};
  size_t facts = 99;
  CHECK_THAT(obs_pushed_read(d, o, topic, body, strlen(body), &facts, &err) ==
                 GC_OK,
             "%s", err.text);
  return facts;
}

static struct observations *decode_snapshot(const char *json) {
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  struct gc_sink sink = obs_decoder_sink(d);
  sink.begin(sink.ctx);
  CHECK_INT(sink.write(sink.ctx, json, strlen(json), NULL), GC_OK);
  CHECK_INT(obs_decoder_finish(d, NULL, NULL), GC_OK);
  return o;
}

/* Returns the contacts that wait in the first queue and medium; -1: unknown. */
static int64_t waiting_of(const struct observations *o) {
  if (o->queue_cap == 0 || o->queues[0].media_count == 0 ||
      !(o->queues[0].media[0].known & 1u << OBS_WAITING))
    return -1;
  return o->queues[0].media[0].waiting;
}

/* Returns the count of a status of the first queue's agents; -1: unknown. */
static int64_t on_queue(const struct observations *o, const char *status) {
  const struct obs_queue *q = &o->queues[0];
  for (size_t i = 0; i < q->qualified_count; i++)
    if (q->qualified[i].metric == OBS_ON_QUEUE_USERS &&
        strcmp(gc_intern_text(&o->statuses, q->qualified[i].qualifier),
               status) == 0)
      return q->qualified[i].count;
  return -1;
}

/* Returns the count of the first queue's unknown metric oFuture; -1: none. */
static double future_of(const struct observations *o) {
  const struct obs_queue *q = &o->queues[0];
  for (size_t i = 0; i < q->other_count; i++)
    if (strcmp(gc_intern_text(&o->others, q->others[i].name),
               "oFuture-count") == 0)
      return q->others[i].number;
  return -1;
}

/* ---- topics ---- */

static void each_queue_has_its_topics(void) {
  char name[GC_TOPIC_SIZE], id[GC_TOPIC_SIZE];
  CHECK(obs_topic_name(OBS_TOPIC_OBSERVATIONS, "q1", name));
  CHECK_STR(name, "v2.analytics.queues.q1.observations");
  CHECK(obs_topic_name(OBS_TOPIC_ACTIVITY, "q1", name));
  CHECK_STR(name, "v2.analytics.queues.q1.activity");
  memset(id, 'x', sizeof(id));
  id[GC_TOPIC_MAX - strlen("v2.analytics.queues..activity")] = '\0';
  CHECK(obs_topic_name(OBS_TOPIC_ACTIVITY, id, name));
  CHECK_INT(strlen(name), GC_TOPIC_MAX);
  CHECK(!obs_topic_name(OBS_TOPIC_OBSERVATIONS, id, name));
}

static void a_topic_names_its_queue_in_any_case(void) {
  static const struct {
    const char *name;
    int topic; /* -1: none */
    const char *id;
  } rows[] = {
      {"v2.analytics.queues.q1.observations", OBS_TOPIC_OBSERVATIONS, "q1"},
      {"V2.Analytics.Queues.Q1.Activity", OBS_TOPIC_ACTIVITY, "Q1"},
      {"v2.analytics.queues..activity", -1, NULL},
      {"v2.analytics.queues.q1", -1, NULL},
      {"v2.analytics.queues.q1.", -1, NULL},
      {"v2.analytics.queues.", -1, NULL},
      {"v2.analytics.queues.q1.aggregates", -1, NULL},
      {"v2.analytics.queues.q1.activity.more", -1, NULL},
      {"v2.analytics.queues.a.b.activity", -1, NULL},
      {"v2.analytics.users.u1.activity", -1, NULL},
      {"v2.users.u1.activity", -1, NULL},
      {"", -1, NULL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    enum obs_topic topic;
    const char *id;
    size_t len;
    bool found = obs_topic_read(rows[i].name, &topic, &id, &len);
    CHECK_INT(found, rows[i].topic >= 0);
    if (!found || rows[i].topic < 0)
      continue;
    CHECK_INT(topic, rows[i].topic);
    CHECK_INT(len, strlen(rows[i].id));
    CHECK_INT(strncmp(id, rows[i].id, len), 0);
  }
}

/* ---- messages ---- */

static void a_message_counts_its_facts_and_applies_the_newest(void) {
  static const struct {
    const char *what, *body;
    size_t facts;
    int64_t waiting; /* 5 before */
  } rows[] = {
      {"one number", BODY("01", WAITING("6")), 1, 6},
      {"a double", BODY("01", WAITING("6.0")), 1, 6},
      {"none waits", BODY("01", WAITING("0")), 1, 0},
      {"a negative count", BODY("01", WAITING("-3")), 1, 0},
      {"half of one", BODY("01", WAITING("0.5")), 0, 5},
      {"two moments",
       "{" VOICE ",\"data\":[{" MOMENT("03") ",\"metrics\":[" WAITING(
           "8") "]},{" MOMENT("02") ",\"metrics\":[" WAITING("9") "]}]}",
       2, 8},
      {"no interval", "{" VOICE ",\"data\":[{\"metrics\":[" WAITING("7") "]}]}",
       1, 7},
      {"no interval that one can read",
       "{" VOICE
       ",\"data\":[{\"interval\":\"now\",\"metrics\":[" WAITING("7") "]}]}",
       1, 7},
      {"a half hour",
       "{" VOICE ",\"data\":[{\"interval\":\"2026-08-01T10:00:00Z/"
       "2026-08-01T10:30:00Z\",\"metrics\":[" WAITING("7") "]}]}",
       0, 5},
      {"an old time", BODY("00", WAITING("6")), 1, 5},
      {"no stats", BODY("01", "{\"metric\":\"oWaiting\"}"), 0, 5},
      {"an unknown metric",
       BODY("01", "{\"metric\":\"oNew\",\"stats\":{\"count\":1}}"), 1, 5},
      {"the queue of the topic",
       "{\"group\":{\"mediaType\":\"voice\"},\"data\":[{" MOMENT(
           "01") ",\"metrics\":[" WAITING("6") "]}]}",
       1, 6},
      {"an escape",
       BODY("01", "{\"metric\":\"o\\u0057aiting\",\"stats\":{\"count\":6}}"), 1,
       6},
      {"nothing", "{}", 0, 5},
      {"null", "null", 0, 5},
      {"no object", "[1,2]", 0, 5},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].what);
    GC_AUTO(observations_put_auto)
    struct observations *live = observations_new();
    CHECK_INT(read_pushed(live, TOPIC, BODY("00", WAITING("4"))), 1);
    CHECK_INT(
        read_pushed(live, TOPIC,
                    "{" VOICE ",\"data\":[{\"interval\":\"2026-08-01T10:00:"
                    "00.500Z/2026-08-01T10:00:00.500Z\",\"metrics\":[" WAITING(
                        "5") "]}]}"),
        1);
    CHECK_INT(read_pushed(live, TOPIC, rows[i].body), rows[i].facts);
    CHECK_INT(waiting_of(live), rows[i].waiting);
    CHECK_INT(read_pushed(live, TOPIC, rows[i].body), rows[i].facts);
    CHECK_INT(waiting_of(live), rows[i].waiting);
  }
}

/* A snapshot copies the numbers. A running total has none. The number of names
 * is bounded. */
static void every_number_of_an_unknown_metric_is_kept(void) {
  char body[256];
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *copy = observations_new();
  CHECK_INT(
      read_pushed(live, TOPIC,
                  "{" VOICE ",\"data\":[{\"metrics\":[{\"metric\":\"nNew\","
                  "\"stats\":{\"count\":1}}],\"interval\":\"2026-08-01T10:00"
                  ":00Z/2026-08-01T10:30:00Z\"}]}"),
      0);
  CHECK_INT(live->others.count, 0);
  CHECK_INT(live->unknown.count, 0);
  CHECK_INT(
      read_pushed(live, TOPIC,
                  BODY("01", "{\"stats\":{\"count\":2,\"ratio\":0.5,\"p9\":7},"
                             "\"metric\":\"oNew\"}")),
      3);
  CHECK_INT(observations_merge(copy, live, 0), GC_OK);
  CHECK_INT(copy->queues[0].other_count, 3);
  for (int i = 0; i < 2 * GC_OTHER_NAMES_MAX; i++) {
    snprintf(body, sizeof(body),
             BODY("02", "{\"metric\":\"o%d\",\"stats\":{\"count\":1}}"), i);
    CHECK_INT(read_pushed(live, TOPIC, body), i < GC_OTHER_NAMES_MAX - 3);
  }
  CHECK_INT(live->others.count, GC_OTHER_NAMES_MAX);
  CHECK_INT(live->ignored, GC_OTHER_NAMES_MAX + 3);
}

static void a_broken_message_changes_nothing(void) {
  static const char body[] = BODY("01", WAITING("6"));
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(NULL, false);
  CHECK_INT(read_pushed(live, TOPIC, BODY("00", WAITING("5"))), 1);
  for (size_t len = 0; len < strlen(body); len++) {
    struct gc_err err = {.code = GC_OK};
    CHECK_INT(obs_pushed_read(d, live, TOPIC, body, len, NULL, &err),
              GC_ERR_PARSE);
    CHECK(err.text[0] != '\0');
    CHECK_INT(waiting_of(live), 5);
  }
  CHECK_INT(obs_pushed_read(d, live, TOPIC, NULL, 0, NULL, NULL), GC_OK);
  CHECK_INT(obs_pushed_read(d, live, TOPIC, body, strlen(body), NULL, NULL),
            GC_OK);
  CHECK_INT(waiting_of(live), 6);
}

static void a_longest_wait_of_0_is_none(void) {
  static const char topic[] = "v2.analytics.queues.q.activity";
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  CHECK_INT(
      read_pushed(live, topic,
                  "{\"results\":[{\"mediaType\":\"voice\",\"data\":[{"
                  "\"metric\":\"oLongestWaiting\",\"calculatedMetricValue\":"
                  "1785578300000}]}]}"),
      1);
  CHECK(live->queues[0].media[0].known & 1u << OBS_LONGEST_WAITING);
  CHECK_INT(
      read_pushed(live, topic,
                  "{\"results\":[{\"mediaType\":\"voice\",\"data\":[{"
                  "\"metric\":\"oLongestWaiting\",\"calculatedMetricValue\":"
                  "0}]}]}"),
      1);
  CHECK(!(live->queues[0].media[0].known & 1u << OBS_LONGEST_WAITING));
}

/* ---- snapshots ---- */

#define QUEUE_ANSWER(count)                                                    \
  "{\"results\":[{" VOICE ",\"data\":[" WAITING(count) "]}]}"

static void a_snapshot_replaces_numbers_older_than_its_request(void) {
  static const struct {
    const char *what;
    int64_t asked_ms, waiting;
  } rows[] = {
      {"requested before the message", TEN_MS + 4000, 6},
      {"requested at its time", TEN_MS + 5000, 3},
      {"requested after it", TEN_MS + 6000, 3},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].what);
    GC_AUTO(observations_put_auto)
    struct observations *live = observations_new();
    GC_AUTO(observations_put_auto)
    struct observations *o = decode_snapshot(QUEUE_ANSWER("3"));
    CHECK_INT(read_pushed(live, TOPIC, BODY("05", WAITING("6"))), 1);
    CHECK_INT(observations_merge(live, o, rows[i].asked_ms), GC_OK);
    CHECK_INT(waiting_of(live), rows[i].waiting);
  }
  CHECK_ROW("");
}

#define AGENTS(rows)                                                           \
  "{\"results\":[{\"group\":{\"queueId\":\"q\"},\"data\":[" rows "]}]}"
#define ON_QUEUE(status, count)                                                \
  "{\"metric\":\"oOnQueueUsers\",\"qualifier\":\"" status                      \
  "\",\"stats\":{\"count\":" count "}}"

static void statuses_that_a_snapshot_omits_are_zero(void) {
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *first = decode_snapshot(
      AGENTS(ON_QUEUE("IDLE", "3") "," ON_QUEUE("INTERACTING", "2")));
  GC_AUTO(observations_put_auto)
  struct observations *second = decode_snapshot(AGENTS(ON_QUEUE("IDLE", "4")));
  CHECK_INT(observations_merge(live, first, TEN_MS), GC_OK);
  CHECK(live->queues[0].has_agents);
  CHECK_INT(read_pushed(live, TOPIC,
                        "{\"group\":{\"queueId\":\"q\"},\"data\":[{" MOMENT(
                            "08") ",\"metrics\":[" ON_QUEUE("COMMUNICATING",
                                                            "1") "]}]}"),
            1);
  CHECK_INT(observations_merge(live, second, TEN_MS + 5000), GC_OK);
  CHECK_INT(on_queue(live, "IDLE"), 4);
  CHECK_INT(on_queue(live, "INTERACTING"), 0);
  CHECK_INT(on_queue(live, "COMMUNICATING"), 1); /* newer */
  CHECK_INT(observations_merge(live, second, TEN_MS + 9000), GC_OK);
  CHECK_INT(on_queue(live, "COMMUNICATING"), 0);
  CHECK_INT(read_pushed(
                live, TOPIC,
                "{\"group\":{\"queueId\":\"q\"},\"data\":[{" MOMENT(
                    "08") ",\"metrics\":[" ON_QUEUE("INTERACTING", "7") "]}]}"),
            1);
  CHECK_INT(on_queue(live, "INTERACTING"), 0); /* older */
}

static void numbers_that_a_snapshot_omits_stay(void) {
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *o = decode_snapshot(
      "{\"results\":[{\"group\":{\"queueId\":\"q\",\"mediaType\":\"voice\"},"
      "\"data\":[{\"metric\":\"oAlerting\",\"stats\":{\"count\":1}}]},"
      "{\"group\":{\"queueId\":\"p\",\"mediaType\":\"voice\"},\"data\":"
      "[" WAITING("1") "]}]}");
  CHECK_INT(read_pushed(live, TOPIC, BODY("05", WAITING("6"))), 1);
  CHECK_INT(observations_merge(live, o, TEN_MS + 9000), GC_OK);
  CHECK_INT(waiting_of(live), 6);
  CHECK_INT(live->queues[0].media[0].alerting, 1);
  CHECK_INT(live->ids.count, 2);
}

static void an_activity_snapshot_omits_zeros(void) {
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *o = decode_snapshot(
      "{\"results\":[{" VOICE ",\"data\":[{\"metric\":\"oInteracting\","
      "\"count\":1}]}]}");
  CHECK_INT(read_pushed(live, TOPIC, BODY("05", WAITING("6"))), 1);
  o->absence = OBS_ABSENT_ALL;
  CHECK_INT(observations_merge(live, o, TEN_MS + 9000), GC_OK);
  CHECK_INT(waiting_of(live), 0);
  CHECK_INT(live->queues[0].media[0].interacting, 1);
  CHECK_INT(live->absence, OBS_ABSENT_UNKNOWN);
}

#define FUTURE(count) "{\"metric\":\"oFuture\",\"stats\":{\"count\":" count "}}"

static void a_snapshot_without_an_unknown_metric_removes_it(void) {
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *without = decode_snapshot(QUEUE_ANSWER("3"));
  GC_AUTO(observations_put_auto)
  struct observations *with =
      decode_snapshot("{\"results\":[{" VOICE ",\"data\":[" FUTURE("0") "]}]}");
  GC_AUTO(observations_put_auto)
  struct observations *elsewhere = decode_snapshot(
      "{\"results\":[{\"group\":{\"queueId\":\"p\",\"mediaType\":\"voice\"},"
      "\"data\":[" WAITING("1") "]}]}");
  CHECK_INT(read_pushed(live, TOPIC, BODY("05", FUTURE("5"))), 1);
  CHECK_INT(observations_merge(live, without, TEN_MS + 4000), GC_OK);
  CHECK_REAL(future_of(live), 5); /* newer */
  CHECK_INT(observations_merge(live, elsewhere, TEN_MS + 6000), GC_OK);
  CHECK_REAL(future_of(live), 5); /* the snapshot lacks the queue */
  CHECK_INT(observations_merge(live, with, TEN_MS + 7000), GC_OK);
  CHECK_REAL(future_of(live), 0);
  CHECK_INT(observations_merge(live, without, TEN_MS + 9000), GC_OK);
  CHECK_REAL(future_of(live), -1);
  CHECK_INT(read_pushed(live, TOPIC, BODY("10", FUTURE("6"))), 1);
  CHECK_REAL(future_of(live), 6);
}

static void a_copy_is_the_same_and_stays(void) {
  GC_AUTO(observations_put_auto)
  struct observations *live = decode_snapshot(QUEUE_ANSWER("3"));
  GC_AUTO(observations_put_auto)
  struct observations *copy = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *agents = decode_snapshot(AGENTS(ON_QUEUE("IDLE", "3")));
  CHECK_INT(read_pushed(live, TOPIC, BODY("05", WAITING("6"))), 1);
  CHECK_INT(observations_merge(live, agents, TEN_MS), GC_OK);
  CHECK_INT(observations_merge(copy, live, 0), GC_OK);
  CHECK_INT(read_pushed(live, TOPIC, BODY("06", WAITING("7"))), 1);
  CHECK_INT(waiting_of(copy), 6);
  CHECK_INT(waiting_of(live), 7);
  CHECK(copy->queues[0].has_agents);
  CHECK_INT(copy->groups, live->groups);
  /* The copy's numbers have the times of the original. */
  CHECK_INT(read_pushed(copy, TOPIC, BODY("04", WAITING("9"))), 1);
  CHECK_INT(waiting_of(copy), 6);
}

static void lists_of_conversations_stay_behind(void) {
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *o = decode_snapshot(
      "{\"results\":[{" VOICE ",\"data\":[{\"metric\":\"oWaiting\",\"stats\":{"
      "\"count\":1},\"observations\":[{\"conversationId\":\"c\"}]},{\"metric\":"
      "\"oAlerting\",\"stats\":{\"count\":0}},{\"metric\":\"oInteracting\","
      "\"stats\":{\"count\":0}}]}]}");
  CHECK(observations_covers(o, "q", CV_VOICE));
  CHECK_INT(observations_merge(live, o, TEN_MS), GC_OK);
  CHECK_INT(live->listed.count, 0);
  CHECK(!observations_covers(live, "q", CV_VOICE));
  CHECK_INT(read_pushed(live, TOPIC, BODY("05", WAITING("0"))), 1);
  CHECK(observations_covers(live, "q", CV_VOICE)); /* the queue is empty */
}

#define ACTIVITY(count)                                                        \
  "{\"results\":[{\"mediaType\":\"VOICE\",\"data\":[{\"metric\":\"oWaiting\"," \
  "\"count\":" count "}]}]}"

/* Messages of .activity have no time. */
static void a_repeat_without_a_time_replaces_no_newer_number(void) {
  static const char topic[] = "v2.analytics.queues.q.activity";
  struct observations *o = observations_new();
  (void)read_pushed(o, topic, ACTIVITY("4"));
  CHECK_INT(waiting_of(o), 4);
  (void)read_pushed(o, TOPIC, BODY("05", WAITING("5")));
  CHECK_INT(waiting_of(o), 5);
  (void)read_pushed(o, topic, ACTIVITY("4"));
  CHECK_INT(waiting_of(o), 5);
  (void)read_pushed(o, topic, ACTIVITY("6"));
  CHECK_INT(waiting_of(o), 6);
  (void)read_pushed(o, topic, ACTIVITY("4"));
  CHECK_INT(waiting_of(o), 4);
  observations_put(o);
}

static void a_number_without_a_time_keeps_the_known_time(void) {
  static const char topic[] = "v2.analytics.queues.q.activity";
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  (void)read_pushed(o, TOPIC, BODY("10", FUTURE("5")));
  (void)read_pushed(
      o, topic,
      "{\"results\":[{\"mediaType\":\"VOICE\",\"data\":[{\"metric\":"
      "\"oFuture\",\"count\":7}]}]}");
  CHECK_REAL(future_of(o), 7);
  (void)read_pushed(o, TOPIC, BODY("06", FUTURE("3")));
  CHECK_REAL(future_of(o), 7);
  (void)read_pushed(o, TOPIC, BODY("11", FUTURE("4")));
  CHECK_REAL(future_of(o), 4);
}

static void unreadable_numbers_are_counted(void) {
  static const struct {
    const char *metric;
    unsigned ignored;
  } rows[] = {
      {WAITING("\"7\""), 1},
      {WAITING("7.5"), 1},
      {WAITING("true"), 1},
      {WAITING("null"), 0},
      {"{\"metric\":\"oWaiting\"}", 0},
      {"{\"metric\":\"oLongestWaiting\",\"stats\":{\"count\":\"x\","
       "\"calculatedMetricValue\":\"y\"}}",
       1},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char body[400];
    GC_AUTO(observations_put_auto)
    struct observations *live = observations_new();
    CHECK_ROW(rows[i].metric);
    snprintf(body, sizeof(body),
             "{" VOICE ",\"data\":[{" MOMENT("05") ",\"metrics\":[%s]}]}",
             rows[i].metric);
    CHECK_INT(read_pushed(live, TOPIC, BODY("01", WAITING("3"))), 1);
    CHECK_INT(read_pushed(live, TOPIC, body), 0);
    CHECK_INT(waiting_of(live), 3);
    CHECK_INT(live->ignored, rows[i].ignored);
  }
}

static void an_unreadable_interval_is_counted(void) {
  static const struct {
    const char *interval;
    unsigned ignored;
  } rows[] = {
      {"\"2026-08-01T10:00:00.000/2026-08-01T10:00:00.000\"", 1},
      {"7", 1},
      {"null", 0},
      {"\"" AT("05") "/" AT("05") "\"", 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char body[400];
    GC_AUTO(observations_put_auto)
    struct observations *live = observations_new();
    CHECK_ROW(rows[i].interval);
    snprintf(body, sizeof(body),
             "{" VOICE
             ",\"data\":[{\"interval\":%s,\"metrics\":[" WAITING("3") "]}]}",
             rows[i].interval);
    CHECK_INT(read_pushed(live, TOPIC, body), 1);
    CHECK_INT(waiting_of(live), 3);
    CHECK_INT(live->ignored, rows[i].ignored);
  }
}

#define IDLE_SNAPSHOT(elements)                                                \
  "{\"results\":[{\"group\":{\"queueId\":\"q\"},\"data\":[" elements "]}]}"
#define IDLE(more)                                                             \
  "{\"metric\":\"oOnQueueUsers\",\"qualifier\":\"IDLE\"," more "}"

static void merge_agents(struct observations *live, const char *json,
                         int64_t at_ms) {
  GC_AUTO(observations_put_auto)
  struct observations *snapshot = decode_snapshot(json);
  snapshot->absence = OBS_ABSENT_ALL;
  CHECK_INT(observations_merge(live, snapshot, at_ms), GC_OK);
}

/* The sum over the agents who are idle lacks the number. */
static void a_snapshot_with_unreadable_agents_keeps_the_last_numbers(void) {
  GC_AUTO(observations_put_auto) struct observations *live = observations_new();
  merge_agents(live, IDLE_SNAPSHOT(IDLE("\"count\":3")), TEN_MS);
  merge_agents(live, IDLE_SNAPSHOT(IDLE("\"count\":\"4\"")), TEN_MS + 1000);
  CHECK_INT(on_queue(live, "IDLE"), 3);
  merge_agents(live, IDLE_SNAPSHOT(IDLE("\"count\":5")), TEN_MS + 2000);
  CHECK_INT(on_queue(live, "IDLE"), 5);
}

static int64_t count_idle(const struct observations *o) {
  int64_t sum = 0;
  for (size_t i = 0; i < o->queues[0].qualified_count; i++)
    sum += o->queues[0].qualified[i].count;
  return sum;
}

static void a_total_replaces_its_parts_and_the_reverse(void) {
  static const char pushed[] =
      "{\"group\":{\"queueId\":\"q\"},\"data\":[{" MOMENT(
          "05") ",\"metrics\":[" IDLE("\"stats\":{\"count\":9}") "]}]}";
  static const char parts[] =
      IDLE_SNAPSHOT(IDLE("\"secondaryQualifier\":\"a\",\"count\":3") "," IDLE(
          "\"secondaryQualifier\":\"b\",\"count\":4"));
  GC_AUTO(observations_put_auto) struct observations *live = observations_new();
  GC_AUTO(observations_put_auto) struct observations *copy = observations_new();
  merge_agents(live, parts, TEN_MS);
  CHECK_INT(count_idle(live), 7);
  CHECK_INT(read_pushed(live, TOPIC, pushed), 1);
  CHECK_INT(count_idle(live), 9);
  merge_agents(live, parts, TEN_MS + 3000); /* older than the message */
  CHECK_INT(count_idle(live), 9);
  merge_agents(live, parts, TEN_MS + 6000);
  CHECK_INT(count_idle(live), 7);
  CHECK_INT(observations_merge(copy, live, 0), GC_OK);
  CHECK_INT(count_idle(copy), 7);
}

int main(void) {
  RUN(a_snapshot_without_an_unknown_metric_removes_it);
  RUN(a_number_without_a_time_keeps_the_known_time);
  RUN(a_repeat_without_a_time_replaces_no_newer_number);
  RUN(each_queue_has_its_topics);
  RUN(a_topic_names_its_queue_in_any_case);
  RUN(a_message_counts_its_facts_and_applies_the_newest);
  RUN(every_number_of_an_unknown_metric_is_kept);
  RUN(a_broken_message_changes_nothing);
  RUN(a_longest_wait_of_0_is_none);
  RUN(a_snapshot_replaces_numbers_older_than_its_request);
  RUN(statuses_that_a_snapshot_omits_are_zero);
  RUN(numbers_that_a_snapshot_omits_stay);
  RUN(an_activity_snapshot_omits_zeros);
  RUN(a_copy_is_the_same_and_stays);
  RUN(lists_of_conversations_stay_behind);
  RUN(unreadable_numbers_are_counted);
  RUN(an_unreadable_interval_is_counted);
  RUN(a_snapshot_with_unreadable_agents_keeps_the_last_numbers);
  RUN(a_total_replaces_its_parts_and_the_reverse);
  return check_done();
}
