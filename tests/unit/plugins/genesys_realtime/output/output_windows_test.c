/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/output/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "tests/support/check.h"

/* 2026-08-01T10:00:00Z; times in the rows are seconds from there. */
#define BEGIN_S INT64_C(1785578400)

static struct output *w;
static char
    reported[4096]; /* "metric/instance-qualifier@time=average/min/max " */
static size_t put_count;
static uint32_t last_interval_ms;
static uint64_t monotonic_ms = 1000;

static void record_sample(void *ctx, const struct gc_sample *s) {
  size_t used = strlen(reported);
  (void)ctx;
  put_count++;
  last_interval_ms = s->interval_ms;
  used += (size_t)snprintf(
      reported + used, sizeof(reported) - used, "%s%s/%s-%s@%" PRId64 "=%g",
      used > 0 ? " " : "", gc_metric(s->metric)->name, s->instance,
      s->qualifier, s->time_ms / 1000 - BEGIN_S, s->values[0].gauge);
  if (gc_metric(s->metric)->ds_count == 3)
    snprintf(reported + used, sizeof(reported) - used, "/%g/%g",
             s->values[1].gauge, s->values[2].gauge);
}

static const struct gc_samples out = {record_sample, NULL};

static void begin_windows(uint32_t span_s, bool raw, size_t series_max) {
  output_free(w);
  w = output_new(&(struct queues_options){.window_s = span_s,
                                          .raw = raw,
                                          .series_max = series_max,
                                          .queue_expiry_s = 86400});
  reported[0] = '\0';
}

/* Returns the samples since the last call. */
static const char *take_reported(void) {
  static char text[sizeof(reported)];
  memcpy(text, reported, sizeof(text));
  reported[0] = '\0';
  return text;
}

static struct gc_samples begin_reading(int64_t at_ms) {
  return output_begin(w, monotonic_ms, at_ms, &out);
}

static void pass_until(double at_s) {
  (void)begin_reading(BEGIN_S * 1000 + (int64_t)(at_s * 1000));
}

static void finish_windows(void) {
  struct gc_err err;
  (void)output_end(w, true, &err);
}

static void reads_of(const char *queue, enum gc_metric_id metric, double at_s,
                     double gauge) {
  int64_t at_ms = BEGIN_S * 1000 + (int64_t)(at_s * 1000);
  struct gc_samples sink = begin_reading(at_ms);
  struct gc_sample sample = {.metric = metric,
                             .instance = queue,
                             .qualifier = "voice",
                             .values = {{.gauge = gauge}},
                             .time_ms = at_ms,
                             .interval_ms = 10000};
  sink.put(sink.ctx, &sample);
}

static void read_depth(double at_s, double gauge) {
  reads_of("Q", GC_METRIC_QUEUE_DEPTH, at_s, gauge);
}

#define D "queue_depth_window/Q-voice"

static void a_window_has_average_minimum_and_maximum(void) {
  begin_windows(60, false, 100);
  read_depth(10, 2);
  read_depth(30, 6);
  read_depth(50, 1);
  CHECK_STR(take_reported(), "");
  pass_until(61);
  CHECK_STR(take_reported(), D "@60=3/1/6");
  CHECK_INT(last_interval_ms, 60000);
  pass_until(200);
  CHECK_STR(take_reported(), "");
}

/* Steps in seconds after the full minute; `reported`: the samples up to the
 * last step. */
static void windows_are_aligned_and_put_once(void) {
  static const struct {
    const char *row;
    struct {
      double at_s, gauge; /* gauge NAN: only the time */
    } steps[6];
    const char *reported;
  } rows[] = {
      {"a reading at the very end is of the next window",
       {{59.999, 1}, {60, 5}, {121, NAN}},
       D "@60=1/1/1 " D "@120=5/5/5"},
      {"a later reading ends the window at once",
       {{10, 4}, {60.5, 8}},
       D "@60=4/4/4"},
      {"without a later reading the window ends a second late",
       {{10, 4}, {60.9, NAN}},
       ""},
      {"a window without a reading is silent",
       {{10, 4}, {130, 8}, {200, NAN}},
       D "@60=4/4/4 " D "@180=8/8/8"},
      {"a window that begins late has its readings only",
       {{55, 7}, {61, NAN}},
       D "@60=7/7/7"},
      {"the clock is put forward",
       {{10, 4}, {3610, 8}, {3670, NAN}},
       D "@60=4/4/4 " D "@3660=8/8/8"},
      {"the clock is put forward while nothing is read",
       {{10, 4}, {3610, NAN}, {3620, 8}, {3670, NAN}},
       D "@60=4/4/4 " D "@3660=8/8/8"},
      {"the clock is set back within the window",
       {{50, 4}, {20, 8}, {61, NAN}},
       D "@60=6/4/8"},
      {"the clock is set back: no window is put twice",
       {{10, 4}, {70, 8}, {15, 1}, {61, NAN}, {130, 2}, {190, NAN}},
       D "@60=4/4/4 " D "@120=8/8/8 " D "@180=2/2/2"},
      {"the clock is set back by an hour: no window until it catches up",
       {{3610, 4}, {15, 1}, {61, NAN}, {3615, 6}, {3661, NAN}},
       D "@3660=5/4/6"},
      {"a reading after the end of its window",
       {{10, 4}, {61, NAN}, {59, 9}, {121, NAN}},
       D "@60=4/4/4"},
      {"the clock was days ahead: the open window is dropped",
       {{400000, 4}, {15, 1}, {61, NAN}},
       D "@60=1/1/1"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin_windows(60, false, 100);
    for (size_t s = 0; s < GC_COUNT(rows[i].steps); s++) {
      double at_s = rows[i].steps[s].at_s, gauge = rows[i].steps[s].gauge;
      if (at_s > 0 && isnan(gauge))
        pass_until(at_s);
      else if (at_s > 0)
        read_depth(at_s, gauge);
    }
    CHECK_STR(take_reported(), rows[i].reported);
  }
}

static void unknown_values_are_not_readings(void) {
  begin_windows(60, false, 100);
  read_depth(10, NAN);
  read_depth(20, INFINITY);
  pass_until(61);
  CHECK_STR(take_reported(), "");
  read_depth(70, 3);
  read_depth(80, NAN);
  pass_until(121);
  CHECK_STR(take_reported(), D "@120=3/3/3");
}

static void negative_and_equal_values_are_values(void) {
  begin_windows(60, false, 100);
  read_depth(10, -2);
  read_depth(20, -4);
  pass_until(61);
  CHECK_STR(take_reported(), D "@60=-3/-4/-2");
  read_depth(70, 0);
  pass_until(121);
  CHECK_STR(take_reported(), D "@120=0/0/0");
}

/* Gauges of genesys_analytics already describe windows. */
static bool is_of_intervals(const char *type) {
  return strncmp(type, "queue_interval", strlen("queue_interval")) == 0 ||
         strncmp(type, "queue_metric", strlen("queue_metric")) == 0;
}

static void every_gauge_of_queues_has_a_window_and_nothing_else(void) {
  size_t windows = 0;
  for (int i = 0; i < GC_METRIC_COUNT; i++) {
    enum gc_metric_id id = (enum gc_metric_id)i;
    const struct gc_metric *m = gc_metric(id);
    bool is_window = strstr(m->name, "_window") != NULL;
    /* A sum since the start is a gauge only by its kind. */
    bool wanted = strcmp(m->owner, "queue") == 0 && m->ds_count == 1 &&
                  m->ds[0].kind == GC_GAUGE && !is_window &&
                  !is_of_intervals(m->name);
    char window[128];
    CHECK_ROW(m->name);
    snprintf(window, sizeof(window), "%s_window/Q-voice@60=3/3/3", m->name);
    begin_windows(60, false, 100);
    reads_of("Q", id, 10, 3);
    if (wanted)
      CHECK_STR(take_reported(), "");
    else
      CHECK(reported[0] != '\0');
    (void)take_reported();
    pass_until(61);
    CHECK_STR(take_reported(), wanted ? window : "");
    windows += is_window;
  }
  CHECK_INT(windows, 10);
}

static void raw_values_pass_unchanged(void) {
  begin_windows(60, true, 100);
  read_depth(10, 2);
  CHECK_STR(take_reported(), "queue_depth/Q-voice@10=2");
  CHECK_INT(last_interval_ms, 10000);
  pass_until(61);
  CHECK_STR(take_reported(), D "@60=2/2/2");
}

static void series_are_kept_apart(void) {
  begin_windows(60, false, 100);
  reads_of("A", GC_METRIC_QUEUE_DEPTH, 10, 1);
  reads_of("B", GC_METRIC_QUEUE_DEPTH, 10, 2);
  reads_of("A", GC_METRIC_QUEUE_ALERTING, 10, 3);
  reads_of("A", GC_METRIC_QUEUE_DEPTH, 20, 3);
  pass_until(61);
  CHECK_STR(take_reported(), "queue_depth_window/A-voice@60=2/1/3 "
                             "queue_depth_window/B-voice@60=2/2/2 "
                             "queue_alerting_window/A-voice@60=3/3/3");
}

static void the_last_window_leaves_with_its_end(void) {
  begin_windows(60, false, 100);
  read_depth(70, 2);
  read_depth(80, 4);
  finish_windows();
  CHECK_STR(take_reported(), D "@120=3/2/4");
  read_depth(90, 8);
  finish_windows();
  CHECK_STR(take_reported(), "");
  begin_windows(60, false, 100);
  pass_until(10);
  finish_windows();
  CHECK_STR(take_reported(), "");
}

static void a_reading_without_a_time_is_of_now(void) {
  begin_windows(60, false, 100);
  struct gc_samples sink = begin_reading((BEGIN_S + 30) * 1000);
  sink.put(sink.ctx,
           &(struct gc_sample){.metric = GC_METRIC_ACTIVE_CONVERSATIONS,
                               .instance = "Q",
                               .qualifier = "voice",
                               .values = {{.gauge = 2}}});
  pass_until(61);
  CHECK_STR(take_reported(), "active_conversations_window/Q-voice@60=2/2/2");
}

/* Each window has other queues: the gauges of two windows are kept. */
static void memory_is_bounded_by_the_series(void) {
  char name[32];
  begin_windows(60, false, 100);
  for (int i = 0; i < 150; i++) {
    snprintf(name, sizeof(name), "%d", i);
    reads_of(name, GC_METRIC_QUEUE_DEPTH, 10, 1);
  }
  CHECK_INT(output_overflow(w), 50);
  put_count = 0;
  pass_until(61);
  CHECK_INT(put_count, 100);
  /* The gauges of the last window are kept, then removed. */
  reads_of("new", GC_METRIC_QUEUE_DEPTH, 70, 1);
  CHECK_INT(output_overflow(w), 51);
  reads_of("5", GC_METRIC_QUEUE_DEPTH, 70, 1);
  CHECK_INT(output_overflow(w), 51);
  pass_until(121);
  reads_of("new", GC_METRIC_QUEUE_DEPTH, 130, 1);
  CHECK_INT(output_overflow(w), 51);
  (void)take_reported();
  monotonic_ms += 86400 * 1000; /* the places of MaxSeries are free again */
  pass_until(181);
  CHECK_STR(take_reported(), "queue_depth_window/new-voice@180=1/1/1");
}

int main(void) {
  RUN(a_window_has_average_minimum_and_maximum);
  RUN(windows_are_aligned_and_put_once);
  RUN(unknown_values_are_not_readings);
  RUN(negative_and_equal_values_are_values);
  RUN(every_gauge_of_queues_has_a_window_and_nothing_else);
  RUN(raw_values_pass_unchanged);
  RUN(series_are_kept_apart);
  RUN(the_last_window_leaves_with_its_end);
  RUN(a_reading_without_a_time_is_of_now);
  RUN(memory_is_bounded_by_the_series);
  output_free(w);
  return check_done();
}
