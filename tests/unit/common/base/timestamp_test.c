/* SPDX-License-Identifier: MIT */
#include "common/base/timestamp.h"

#include <stdlib.h>
#include <time.h>

#include "tests/support/check.h"

static void iso_times_become_milliseconds(void) {
  static const struct {
    const char *text;
    int64_t ms;
  } rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00.001Z", 1},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2026-08-01T10:00:00.000Z", 1785578400000},
      {"2026-08-01t10:00:00z", 1785578400000},
      {"2026-08-01T10:00:00.5Z", 1785578400500},
      {"2026-08-01T10:00:00.05Z", 1785578400050},
      {"2026-08-01T10:00:00.123999999Z", 1785578400123},
      {"1969-12-31T23:59:59.0009Z", -1000},
      {"2026-08-01T12:00:00+02:00", 1785578400000},
      {"2026-08-01T04:30:00-0530", 1785578400000},
      {"2026-08-01T12:00:00.000+02", 1785578400000},
      {"2026-08-01T10:00:00-00:00", 1785578400000},
      {"2024-02-29T00:00:00Z", 1709164800000},
      {"2000-02-29T23:59:59.999Z", 951868799999},
      {"2023-03-05T08:18:04.568Z", 1678004284568},
      {"0000-01-01T00:00:00Z", GC_TIMESTAMP_MIN_MS},
      {"9999-12-31T23:59:59.999Z", GC_TIMESTAMP_MAX_MS},
      {"1600-02-29T00:00:00Z", -11670998400000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    int64_t ms = 77;
    struct gc_err err = {0};
    CHECK_INT(gc_timestamp_parse(rows[i].text, strlen(rows[i].text), &ms, &err),
              GC_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(ms, rows[i].ms);
  }
}

static void a_text_that_is_not_a_real_time_is_refused(void) {
  static const struct {
    const char *text, *words;
  } rows[] = {
      {"", "year"},
      {"now", "year"},
      {"26-08-01T10:00:00Z", "year"},
      {"+2026-08-01T10:00:00Z", "year"},
      {"2026-00-01T10:00:00Z", "month"},
      {"2026-13-01T10:00:00Z", "month"},
      {"2026-8-01T10:00:00Z", "month"},
      {"2026-08-00T10:00:00Z", "day"},
      {"2026-08-32T10:00:00Z", "day"},
      {"2026-04-31T10:00:00Z", "day"},
      {"2026-02-29T10:00:00Z", "day"},
      {"2100-02-29T10:00:00Z", "day"},
      {"1900-02-29T10:00:00Z", "day"},
      {"2026-08-01 10:00:00Z", "no T"},
      {"2026-08-01", "no T"},
      {"2026-08-01T24:00:00Z", "time"},
      {"2026-08-01T10:60:00Z", "time"},
      {"2026-08-01T23:59:60Z", "time"},
      {"2026-08-01T10:00Z", "time"},
      {"2026-08-01T10:00:0Z", "time"},
      {"2026-08-01T10:00:00.Z", "fraction"},
      {"2026-08-01T10:00:00.1234567890Z", "fraction"},
      {"2026-08-01T10:00:00,5Z", "offset"},
      {"2026-08-01T10:00:00", "offset"},
      {"2026-08-01T10:00:00 Z", "offset"},
      {"2026-08-01T10:00:00+24:00", "offset"},
      {"2026-08-01T10:00:00+02:60", "offset"},
      {"2026-08-01T10:00:00+2:00", "offset"},
      {"2026-08-01T10:00:00+02:0", "offset"},
      {"2026-08-01T10:00:00+02:", "offset"},
      {"2026-08-01T10:00:00ZZ", "follows"},
      {"2026-08-01T10:00:00Z ", "follows"},
      {"2026-08-01T10:00:00+02:00Z", "follows"},
      {"0000-01-01T00:00:00+01:00", "years"},
      {"9999-12-31T23:59:59-01:00", "years"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    int64_t ms = 77;
    struct gc_err err = {0};
    CHECK_INT(gc_timestamp_parse(rows[i].text, strlen(rows[i].text), &ms, &err),
              GC_ERR_PARSE);
    CHECK_HAS(err.text, rows[i].words);
    CHECK_INT(ms, 77);
  }
}

static void a_text_ends_where_its_length_says(void) {
  int64_t ms = 0;
  CHECK_INT(gc_timestamp_parse("1970-01-01T00:00:01Z/x", 20, &ms, NULL), GC_OK);
  CHECK_INT(ms, 1000);
  for (size_t len = 0; len < 20; len++) {
    char *copy = malloc(len + (len == 0));
    memcpy(copy, "1970-01-01T00:00:01Z", len);
    CHECK_INT(gc_timestamp_parse(copy, len, &ms, NULL), GC_ERR_PARSE);
    free(copy);
  }
}

static void a_printed_time_is_read_back(void) {
  char out[GC_TIMESTAMP_SIZE];
  CHECK_STR(gc_timestamp_print(out, 0), "1970-01-01T00:00:00.000Z");
  CHECK_STR(gc_timestamp_print(out, -1), "1969-12-31T23:59:59.999Z");
  CHECK_STR(gc_timestamp_print(out, 1785578400007), "2026-08-01T10:00:00.007Z");
  CHECK_STR(gc_timestamp_print(out, INT64_MIN), "0000-01-01T00:00:00.000Z");
  CHECK_STR(gc_timestamp_print(out, INT64_MAX), "9999-12-31T23:59:59.999Z");
  /* The loop covers all years; a step is 31 ms short of 31 days. */
  for (int64_t ms = GC_TIMESTAMP_MIN_MS; ms <= GC_TIMESTAMP_MAX_MS;
       ms += INT64_C(86399999) * 31) {
    int64_t back = 0;
    CHECK_INT(gc_timestamp_parse(gc_timestamp_print(out, ms), 24, &back, NULL),
              GC_OK);
    CHECK_INT(back, ms);
  }
}

/* Compares with the calendar of libc. */
static void each_day_of_four_centuries_is_that_of_libc(void) {
  for (int64_t day = -146097; day < 146097; day += 1) {
    time_t seconds = (time_t)(day * 86400);
    struct tm tm;
    char want[32], got[GC_TIMESTAMP_SIZE];
    gmtime_r(&seconds, &tm);
    strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
    CHECK_STR(gc_timestamp_print(got, day * 86400000), want);
  }
}

static void intervals_are_two_times(void) {
  static const struct {
    const char *text;
    enum gc_code code;
    int64_t start, end;
  } rows[] = {
      {"1970-01-01T00:00:00.000Z/1970-01-01T00:01:00.000Z", GC_OK, 0, 60000},
      {"1970-01-01T00:00:01Z/1970-01-01T00:00:01Z", GC_OK, 1000, 1000},
      {"1970-01-01T01:00:00+01:00/1970-01-01T00:01:00Z", GC_OK, 0, 60000},
      {"1970-01-01T00:00:01Z/1970-01-01T00:00:00Z", GC_ERR_PARSE, 0, 0},
      {"1970-01-01T00:00:01Z", GC_ERR_PARSE, 0, 0},
      {"1970-01-01T00:00:01Z/", GC_ERR_PARSE, 0, 0},
      {"/1970-01-01T00:00:01Z", GC_ERR_PARSE, 0, 0},
      {"1970-01-01T00:00:01Z/PT1M", GC_ERR_PARSE, 0, 0},
      {"1970-01-01T00:00:01Z/1970-01-01T00:00:01Z/", GC_ERR_PARSE, 0, 0},
      {"/", GC_ERR_PARSE, 0, 0},
      {"", GC_ERR_PARSE, 0, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    int64_t start = 7, end = 7;
    struct gc_err err = {0};
    CHECK_INT(gc_interval_parse(rows[i].text, strlen(rows[i].text), &start,
                                &end, &err),
              rows[i].code);
    CHECK_INT(start, rows[i].code == GC_OK ? rows[i].start : 7);
    CHECK_INT(end, rows[i].code == GC_OK ? rows[i].end : 7);
    CHECK_INT(err.code, rows[i].code);
  }
  char out[GC_INTERVAL_SIZE];
  CHECK_STR(gc_interval_print(out, 0, 60000),
            "1970-01-01T00:00:00.000Z/1970-01-01T00:01:00.000Z");
}

static void durations_have_a_fixed_length(void) {
  static const struct {
    const char *text;
    int64_t ms;
  } rows[] = {
      {"PT1M", 60000},
      {"PT30M", 1800000},
      {"PT1H", 3600000},
      {"P1D", 86400000},
      {"P14D", 1209600000},
      {"PT6H", 21600000},
      {"P1W", 604800000},
      {"PT1.5S", 1500},
      {"PT0.001S", 1},
      {"PT0.0019S", 1},
      {"PT0S", 0},
      {"PT90S", 90000},
      {"P1DT2H3M4S", 93784000},
      {"P1DT1S", 86401000},
      {"PT1H1S", 3601000},
      {"PT007M", 420000},
      {"PT9223372036854775S", 9223372036854775000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    int64_t ms = 77;
    struct gc_err err = {0};
    CHECK_INT(gc_duration_parse(rows[i].text, strlen(rows[i].text), &ms, &err),
              GC_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(ms, rows[i].ms);
  }
}

static void other_durations_are_refused_with_a_reason(void) {
  static const struct {
    const char *text, *words;
  } rows[] = {
      {"", "must begin with P"},
      {"1M", "must begin with P"},
      {"-PT1M", "must begin with P"},
      {"pt1m", "must begin with P"},
      {"P", "no number"},
      {"PT", "no number"},
      {"P1DT", "no number"},
      {"PTM", "no number"},
      {"PT-1M", "no number"},
      {"P1M", "months"},
      {"P1Y", "years"},
      {"P1Y2M", "years"},
      {"P1DT1H2D", "units"},
      {"PT1D", "units"},
      {"P1H", "units"},
      {"P1S", "units"},
      {"PT1M1H", "units"},
      {"PT1M1M", "units"},
      {"P1D1D", "units"},
      {"PT1m", "units"},
      {"PT1 M", "units"},
      {"PT1", "no unit"},
      {"P1", "no unit"},
      {"PT1M ", "no number"},
      {"PT1MT1S", "no number"},
      {"P1W1D", "units"},
      {"P1D1W", "alone"},
      {"PT1W", "no number"},
      {"P1.5W", "fraction"},
      {"P0.5D", "fraction"},
      {"PT1.5M", "fraction"},
      {"PT1,5S", "units"},
      {"PT1.S", "fraction"},
      {"PT.5S", "no number"},
      {"PT0.1234567890S", "fraction"},
      {"PT9223372036854776S", "too long"},
      {"PT99999999999999999999999S", "too long"},
      {"P106751991167DT8H", "too long"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    int64_t ms = 77;
    struct gc_err err = {0};
    CHECK_INT(gc_duration_parse(rows[i].text, strlen(rows[i].text), &ms, &err),
              GC_ERR_PARSE);
    CHECK_HAS(err.text, rows[i].words);
    CHECK_INT(ms, 77);
  }
}

static void the_floor_is_never_after_the_instant(void) {
  static const struct {
    int64_t ms, period, want;
  } rows[] = {
      {0, 60000, 0},
      {59999, 60000, 0},
      {60000, 60000, 60000},
      {-1, 60000, -60000},
      {-60000, 60000, -60000},
      {-60001, 60000, -120000},
      {1785578456789, 1800000, 1785578400000},
      {1785578456789, 86400000, 1785542400000},
      {123, 1, 123},
      {123, 0, 123},
      {123, -5, 123},
      {INT64_MAX, 10, INT64_MAX - 7},
      {INT64_MIN, 1000, INT64_MIN},
      {INT64_MIN + 1, INT64_MAX, INT64_MIN + 1},
      {-1, INT64_MAX, -INT64_MAX},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    CHECK_INT(gc_timestamp_floor(rows[i].ms, rows[i].period), rows[i].want);
}

int main(void) {
  RUN(iso_times_become_milliseconds);
  RUN(a_text_that_is_not_a_real_time_is_refused);
  RUN(a_text_ends_where_its_length_says);
  RUN(a_printed_time_is_read_back);
  RUN(each_day_of_four_centuries_is_that_of_libc);
  RUN(intervals_are_two_times);
  RUN(durations_have_a_fixed_length);
  RUN(other_durations_are_refused_with_a_reason);
  RUN(the_floor_is_never_after_the_instant);
  return check_done();
}
