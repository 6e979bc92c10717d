/* SPDX-License-Identifier: MIT */
#include "common/health/reading.h"

#include <math.h>

#include "tests/support/check.h"

static struct gc_health_reading r;

static void put_value(enum gc_metric_id metric, const char *qualifier,
                      double value) {
  struct gc_sample s = {
      .metric = metric, .qualifier = qualifier, .values = {{.gauge = value}}};
  if (gc_metric(metric)->ds[0].kind == GC_DERIVE)
    s.values[0].derive = (int64_t)value;
  struct gc_samples sink = {.put = NULL};
  struct gc_health_reading kept = r;
  sink = gc_health_reading_begin(&r);
  r = kept;
  sink.put(sink.ctx, &s);
}

static void begin_reading(void) { (void)gc_health_reading_begin(&r); }

static void each_figure_has_its_metric(void) {
  static const struct {
    enum gc_metric_id metric;
    const char *qualifier;
    enum gc_health_figure figure;
  } rows[] = {
      {GC_METRIC_WINDOW_LAG, "", GC_HEALTH_FIGURE_LAG},
      {GC_METRIC_QUEUE_LAG, "sqs", GC_HEALTH_FIGURE_LAG},
      {GC_METRIC_STREAM_GAP, "", GC_HEALTH_FIGURE_GAP},
      {GC_METRIC_API_QUEUED, "", GC_HEALTH_FIGURE_PENDING},
      {GC_METRIC_SPOOL_BYTES, "waiting", GC_HEALTH_FIGURE_PENDING},
      {GC_METRIC_QUEUES, "matched", GC_HEALTH_FIGURE_SELECTED},
      {GC_METRIC_FLOWS, "matched", GC_HEALTH_FIGURE_SELECTED},
      {GC_METRIC_SERIES, "", GC_HEALTH_FIGURE_SERIES},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(gc_metric(rows[i].metric)->name);
    begin_reading();
    put_value(rows[i].metric, rows[i].qualifier, 7);
    CHECK_REAL(r.figures[rows[i].figure], 7);
  }
  begin_reading();
  put_value(GC_METRIC_QUEUES, "unnamed", 7);
  CHECK(isnan(r.figures[GC_HEALTH_FIGURE_SELECTED]));
}

static void series_of_two_kinds_add_up(void) {
  begin_reading();
  put_value(GC_METRIC_SERIES, "", 5);
  put_value(GC_METRIC_SERIES, "observations", 6);
  CHECK_REAL(r.figures[GC_HEALTH_FIGURE_SERIES], 11);
}

static void sources_are_those_of_source_up(void) {
  begin_reading();
  put_value(GC_METRIC_SOURCE_UP, "observations", 1);
  put_value(GC_METRIC_SOURCE_UP, "stream", 0);
  put_value(GC_METRIC_WRITER_UP, "", 1);
  CHECK_INT(r.source_count, 3);
  CHECK_STR(r.sources[1].name, "stream");
  CHECK(r.sources[0].is_up && !r.sources[1].is_up && r.sources[2].is_up);
  CHECK(gc_health_is_stream(&r.sources[1]) &&
        !gc_health_is_stream(&r.sources[0]));
}

static void the_token_is_a_source_once_its_request_ended(void) {
  static const struct {
    double state;
    int count, up;
  } rows[] = {{0, 0, 0}, {1, 0, 0}, {2, 1, 1}, {3, 1, 0}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    begin_reading();
    put_value(GC_METRIC_TOKEN_STATE, "", rows[i].state);
    CHECK_INT(r.source_count, rows[i].count);
    CHECK_INT(r.sources[0].is_up, rows[i].up);
  }
}

static void the_newest_success_counts(void) {
  begin_reading();
  put_value(GC_METRIC_SOURCE_AGE, "aggregates", 30);
  put_value(GC_METRIC_SOURCE_AGE, "observations", 2);
  put_value(GC_METRIC_SOURCE_AGE, "other", 9);
  CHECK_REAL(r.age_s, 2);
  put_value(GC_METRIC_STREAM_SILENCE, "", 1);
  CHECK_REAL(r.age_s, 2); /* not connected */
  put_value(GC_METRIC_SOURCE_UP, "stream", 1);
  put_value(GC_METRIC_STREAM_SILENCE, "", 1);
  CHECK_REAL(r.age_s, 1);
}

static void answers_are_those_of_class_2xx(void) {
  begin_reading();
  put_value(GC_METRIC_API_REQUESTS, "queues-2xx", 3);
  put_value(GC_METRIC_API_REQUESTS, "queues-5xx", 4);
  put_value(GC_METRIC_API_REQUESTS, "queue_observations-2xx", 5);
  CHECK_INT(r.answers, 8);
}

int main(void) {
  RUN(each_figure_has_its_metric);
  RUN(series_of_two_kinds_add_up);
  RUN(sources_are_those_of_source_up);
  RUN(the_token_is_a_source_once_its_request_ended);
  RUN(the_newest_success_counts);
  RUN(answers_are_those_of_class_2xx);
  return check_done();
}
