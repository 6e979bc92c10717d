/* SPDX-License-Identifier: MIT */
/* The guide dialect's stream from the socket to the values: its events have no
 * times, so waits are measured here. */
#include "plugins/genesys_realtime/stream/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/api_bench.h"
#include "tests/support/check.h"

static struct world {
  struct stream *stream;
  struct gc_names *names;
  const struct gc_ws_events *events;
  double found;
  char wanted[128];
  unsigned odd; /* notices of messages that are no events */
} w;

static enum gc_code fake_open(void *ctx, const struct gc_ws_options *o,
                              const struct gc_ws_events *events,
                              void **ret_socket, struct gc_err *err) {
  (void)ctx;
  (void)o;
  (void)err;
  w.events = events;
  *ret_socket = &w;
  return GC_OK;
}

static enum gc_code fake_send(void *socket, const char *bytes, size_t len,
                              struct gc_err *err) {
  (void)socket;
  (void)bytes;
  (void)len;
  (void)err;
  return GC_OK;
}

static void fake_close(void *socket, uint16_t code) {
  (void)socket;
  (void)code;
}

static void fake_free(void *socket) { (void)socket; }

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  bool is_odd =
      strcmp(cause, "messages") == 0 || strcmp(cause, "state \"PARKED\"") == 0;
  w.odd += is_odd;
  CHECK_INT(err->code, is_odd ? GC_ERR_PARSE : GC_OK);
}

static struct queues_options options;

static void begin_guide(void) {
  static double bounds[] = {1, 10};
  w = (struct world){0};
  api_begin();
  w.names = gc_names_new("prod", api, &api_world.env, NULL);
  options = (struct queues_options){.stream = STREAM_CONVERSATIONS,
                                    .observations = OBS_OFF,
                                    .interval_s = 10,
                                    .wait_buckets = {bounds, GC_COUNT(bounds)},
                                    .target_s = 20,
                                    .conversations_max = 100,
                                    .conversation_age_s = 86400,
                                    .queue_expiry_s = 900,
                                    .idle_timeout_s = 40,
                                    .reconnect_min_s = 1,
                                    .reconnect_max_s = 30};
  struct queues_deps deps = {
      .env = &api_world.env,
      .api = api,
      .driver = {fake_open, fake_send, fake_close, fake_free, NULL},
      .base_url = "https://api.example.test",
      .names = w.names,
      .notice = on_notice,
      .socket_notice = on_notice};
  w.stream = stream_new(&options, &deps, NULL, NULL);
  stream_select(w.stream, &(struct selection){.count = 0});
  replay_run(&api_world, 1000);
  CHECK(w.events != NULL);
  w.events->open(w.events->ctx);
}

static void end_guide(void) {
  stream_stop(w.stream);
  stream_free(w.stream);
  gc_names_free(w.names);
  api_end();
}

static void send_state(const char *state) {
  char text[256];
  int len = snprintf(text, sizeof(text),
                     "{\"eventType\":\"ConversationEvent\",\"event\":{"
                     "\"conversationId\":\"c1\",\"type\":\"voice\",\"queueId\":"
                     "\"q1\",\"state\":\"%s\"}}",
                     state);
  w.events->text(w.events->ctx, text, (size_t)len);
}

static void record_sample(void *ctx, const struct gc_sample *s) {
  char name[256];
  const struct gc_metric *m = gc_metric(s->metric);
  (void)ctx;
  snprintf(name, sizeof(name), "%s-%s", m->name, s->qualifier);
  if (strcmp(name, w.wanted) == 0)
    w.found = m->ds[0].kind == GC_GAUGE ? s->values[0].gauge
                                        : (double)s->values[0].derive;
}

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

/* Two readings are needed, because a series begins with 0. */
static double read_value(const char *name) {
  struct queue_display view = {.accepts = accepts_all, .label = QUEUE_LABEL_ID};
  struct gc_samples out = {record_sample, NULL};
  snprintf(w.wanted, sizeof(w.wanted), "%s", name);
  for (int i = 0; i < 2; i++) {
    w.found = NAN;
    replay_run(&api_world, 10000);
    stream_read(w.stream, &view, &out);
  }
  return w.found;
}

/* NTP moves the wall clock while the contact waits. */
static void a_step_of_the_wall_clock_is_no_wait(void) {
  static const int64_t steps_ms[] = {0, 60000, -60000, 86400000};
  for (size_t i = 0; i < GC_COUNT(steps_ms); i++) {
    begin_guide();
    send_state("WAITING");
    replay_run(&api_world, 3000);
    api_world.wall_ms += steps_ms[i];
    replay_run(&api_world, 3500);
    send_state("ACTIVE");
    CHECK_REAL(read_value("queue_wait_time_seconds_sum-voice"), 6.5);
    CHECK_REAL(read_value("queue_sla_breach-voice-20"), 0);
    end_guide();
  }
}

/* Nothing else counts the contacts of a guide stream by state. */
static void the_stream_alone_counts_contacts_by_state(void) {
  static const struct {
    const char *state;
    double depth, interacting, active;
  } rows[] = {{"WAITING", 1, 0, 1},    {"ALERTING", 0, 0, 1},
              {"ACTIVE", 0, 1, 1},     {"HELD", 0, 1, 1},
              {"WRAPPED_UP", 0, 0, 0}, {"TERMINATED", 0, 0, 0}};
  begin_guide();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].state);
    send_state(rows[i].state);
    CHECK_REAL(read_value("queue_depth-voice"), rows[i].depth);
    CHECK_REAL(read_value("queue_interacting-voice"), rows[i].interacting);
    CHECK_REAL(read_value("active_conversations-voice"), rows[i].active);
  }
  options.observations = OBS_QUEUE_METRICS; /* it has queue_depth */
  send_state("WAITING");
  CHECK(isnan(read_value("queue_depth-voice")));
  end_guide();
}

static void a_message_that_is_no_event_is_reported(void) {
  begin_guide();
  w.events->text(w.events->ctx, "nonsense", 8);
  CHECK_INT(w.odd, 1);
  send_state("WAITING");
  CHECK_INT(w.odd, 1);
  end_guide();
}

static void an_unknown_state_is_reported_once(void) {
  begin_guide();
  send_state("PARKED");
  send_state("PARKED");
  CHECK_INT(w.odd, 1);
  end_guide();
}

int main(void) {
  RUN(an_unknown_state_is_reported_once);
  RUN(a_step_of_the_wall_clock_is_no_wait);
  RUN(the_stream_alone_counts_contacts_by_state);
  RUN(a_message_that_is_no_event_is_reported);
  return check_done();
}
