/* SPDX-License-Identifier: MIT */
/* A stream of two queues on channels in memory, for the tests of stream*.c: the
 * platform's messages in, the values of a reading out.
 *
 *   begin_connected(20);
 *   ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
 *   CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
 *   end_stream(); */
#ifndef GC_TESTS_SUPPORT_RT_STREAM_H
#define GC_TESTS_SUPPORT_RT_STREAM_H

#include "plugins/genesys_realtime/stream/stream.h"

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
  unsigned snapshots, informed;
  char line[400]; /* the newest one that is no error */
  size_t values;
  double found;
  char wanted[128];
  struct {
    char name[128];
    double value;
  } kept[200]; /* of the last reading */
} w;

static inline void on_snapshot(void *ctx) {
  (void)ctx;
  w.snapshots++;
}

static inline void on_notice(void *ctx, const char *cause,
                             const struct gc_err *err) {
  (void)ctx;
  ch_world.env.notice(ch_world.env.ctx, cause, err);
}

static inline void on_inform(void *ctx, const char *text) {
  (void)ctx;
  w.informed++;
  snprintf(w.line, sizeof(w.line), "%s", text);
}

static inline void select_queues(const char **ids, size_t count) {
  struct selection selection = {.ids = (char **)ids, .count = count};
  stream_select(w.stream, &selection);
  replay_run(&ch_world, 100);
}

/* For the next begin_with, which resets them. */
static bool tells_gauges;
static struct gc_strs only_media;
static uint32_t places; /* MaxSeries; 0: many */
/* Of the account's lease; NULL: none. */
static struct gc_lease_page *lease_page;

static inline void begin_with(double target_s) {
  static double bounds[] = {1, 10};
  static struct queues_options options;
  w = (struct world){0};
  ch_begin();
  w.names = gc_names_new("prod", ch_api(), &ch_world.env, NULL);
  options = (struct queues_options){.observations =
                                        tells_gauges ? OBS_OFF : OBS_QUERY,
                                    .interval_s = 10,
                                    .wait_buckets = {bounds, GC_COUNT(bounds)},
                                    .target_s = target_s,
                                    .conversations_max = 100,
                                    .conversation_age_s = 86400,
                                    .media = only_media,
                                    .series_max = places > 0 ? places : 200000,
                                    .queue_expiry_s = 900};
  tells_gauges = false;
  only_media = (struct gc_strs){NULL, 0};
  places = 0;
  struct queues_deps deps = {.env = &ch_world.env,
                             .api = ch_api(),
                             .channels = ch_channels,
                             .names = w.names,
                             .page = lease_page,
                             .notice = on_notice,
                             .inform = on_inform};
  w.stream = stream_new(&options, &deps, on_snapshot, NULL);
  CHECK(w.stream != NULL);
}

/* Starts a stream with two queues on an open socket. */
static inline void begin_connected(double target_s) {
  const char *ids[] = {"q1", "q2"};
  begin_with(target_s);
  ch_usual_answers();
  select_queues(ids, 2);
  ch_open();
}

static inline void on_played_list(struct gc_call *call,
                                  const struct gc_reply *reply,
                                  const struct gc_err *err) {
  (void)call, (void)reply, (void)err;
}

/* Plays one answer of the platform. Its Date is *ahead_ms ms ahead of the true
 * time; NULL: it has no Date. */
static inline void receive_answer(const int64_t *ahead_ms) {
  static struct gc_call call;
  int64_t wall_ms =
      REPLAY_START_WALL_MS + (int64_t)(ch_world.now_ms - REPLAY_START_MS);
  call =
      (struct gc_call){.endpoint = GC_ENDPOINT_USERS, .done = on_played_list};
  replay_answer(&ch_world,
                &(struct replay_answer){
                    .match = "GET /api/v2/users",
                    .status = 200,
                    .body = "{}",
                    .date_ms = ahead_ms != NULL ? wall_ms + *ahead_ms : 0});
  gc_api_call(ch_api(), &call);
}

static inline void end_stream(void) {
  stream_stop(w.stream);
  stream_free(w.stream);
  gc_names_free(w.names);
  ch_end();
}

static inline void record_sample(void *ctx, const struct gc_sample *s) {
  char name[256];
  const struct gc_metric *m = gc_metric(s->metric);
  (void)ctx;
  snprintf(name, sizeof(name), "%s/%s-%s", s->instance, m->name, s->qualifier);
  double value = m->ds[0].kind == GC_GAUGE ? s->values[0].gauge
                                           : (double)s->values[0].derive;
  if (w.values < GC_COUNT(w.kept)) {
    snprintf(w.kept[w.values].name, sizeof(w.kept[0].name), "%.127s", name);
    w.kept[w.values].value = value;
  }
  w.values++;
  if (strcmp(name, w.wanted) == 0)
    w.found = value;
}

/* Returns the value of `name` in the last reading; NAN: it had none. */
static inline double found_of(const char *name) {
  for (size_t i = 0; i < w.values && i < GC_COUNT(w.kept); i++)
    if (strcmp(w.kept[i].name, name) == 0)
      return w.kept[i].value;
  return NAN;
}

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

static inline double read_value(const char *name) {
  struct queue_display view = {.accepts = accepts_all, .label = QUEUE_LABEL_ID};
  struct gc_samples out = {record_sample, NULL};
  w.values = 0;
  w.found = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "%s", name);
  stream_read(w.stream, &view, &out);
  return w.found;
}

static inline double read_state(const char *name) {
  struct gc_samples out = {record_sample, NULL};
  w.found = NAN;
  snprintf(w.wanted, sizeof(w.wanted), "queues-all/%s", name);
  stream_read_state(w.stream, "queues-all", 10000, &out);
  return w.found;
}

#endif
