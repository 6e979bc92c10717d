/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/events/attribute_name.h"

#include "tests/support/check.h"

#define T "2023-03-05T08:18:04.568Z"

static const char usual[] = "%{flow}Metric_%{metric}(%{time})";

static void names_are_read_from_their_end(void) {
  static const struct {
    const char *form, *name, *flow, *metric;
  } rows[] = {
      {usual, "CustomerRoutingMetric_Unknown(" T ")", "CustomerRouting",
       "Unknown"},
      {usual, "Main Menu (DE)Metric_Calls(" T ")", "Main Menu (DE)", "Calls"},
      {usual, "AMetric_BMetric_C(" T ")", "AMetric_B", "C"},
      {usual, "AMetric_Lost (2)(" T ")", "A", "Lost (2)"},
      {usual, "A(x)Metric_(y)(" T ")", "A(x)", "(y)"},
      {usual, "XMetric_Metric_(" T ")", "X", "Metric_"},
      {usual, "Ünï/codeMetric_é(" T ")", "Ünï/code", "é"},
      {usual, "AMetric_B(2023-03-05T10:18:04.568+02:00)", "A", "B"},
      {"m:%{time}|%{flow}|%{metric};", "m:" T "|a|b;", "a", "b"},
      {"m:%{time}|%{flow}|%{metric};", "m:" T "|a|x|b;", "a|x", "b"},
      {"%{metric}@%{flow}@%{time}", "b@a@" T, "a", "b"},
      {"100% %{flow}.%{metric}.%{time}", "100% a.b." T, "a", "b"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct attribute_form form;
    struct attribute a = {0};
    struct gc_err err;
    const char *name = rows[i].name;
    CHECK_ROW(name);
    CHECK_INT(attribute_form_set(&form, rows[i].form, &err), GC_OK);
    CHECK(attribute_is_meant(&form, name, strlen(name)));
    CHECK_INT(attribute_parse(&form, name, strlen(name), &a), MALFORMED_NOT);
    CHECK_INT(a.flow_len, strlen(rows[i].flow));
    CHECK(memcmp(a.flow, rows[i].flow, a.flow_len) == 0);
    CHECK_INT(a.metric_len, strlen(rows[i].metric));
    CHECK(memcmp(a.metric, rows[i].metric, a.metric_len) == 0);
    CHECK_INT(a.time_ms, INT64_C(1678004284568));
  }
}

static void each_fault_of_a_name_has_a_word(void) {
  static const struct {
    const char *name, *word;
  } rows[] = {
      {"AMetric_B", "shape"},
      {"AMetric_B(" T, "shape"},
      {"AMetric_B " T ")", "shape"},
      {"AMetric_B(" T ") ", "shape"},
      {"(" T ")Metric_", "shape"},
      {"AMetric_B()", "time"},
      {"AMetric_B(yesterday)", "time"},
      {"AMetric_B(2023-02-30T08:18:04Z)", "time"},
      {"AMetric_B(2023-03-05T08:18:04)", "time"},
      {"AMetric_B(2023-03-05T24:00:01Z)", "time"},
      {"AMetric_B(2023-03-05T08:18:61Z)", "time"},
      {"AMetric_B(2023-03-05_08:18:04Z)", "time"},
      {"AMetric_B(20230305T08:18:04Z)", "time"},
      {"AMetric_B(1969-12-31T23:59:59Z)", "time"},
      {"Metric_B(" T ")", "flow"},
      {"  Metric_B(" T ")", "flow"},
      {"AMetric_(" T ")", "metric"},
      {"AMetric_/(" T ")", "metric"},
  };
  struct attribute_form form;
  struct attribute a;
  CHECK_INT(attribute_form_set(&form, usual, NULL), GC_OK);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK_STR(malformed_word(attribute_parse(&form, rows[i].name,
                                             strlen(rows[i].name), &a)),
              rows[i].word);
  }
  CHECK_STR(malformed_word(MALFORMED_NOT), "");
}

static void times_of_rfc_3339_and_of_iso_basic_are_read(void) {
  static const struct {
    const char *time;
    int64_t ms; /* since 2023-03-05T08:18:04Z */
  } rows[] = {
      {"2023-03-05T08:18:04Z", 0},
      {"2023-03-05t08:18:04z", 0},
      {"2023-03-05 08:18:04Z", 0},
      {"2023-03-05 08:18:04.5+00:00", 500},
      {"2023-03-05T08:18:04,568Z", 568},
      {"20230305T081804Z", 0},
      {"20230305T081804.568Z", 568},
      {"20230305t101804+0200", 0},
      {"20230305 081804z", 0},
      {"2023-03-05T08:18:60Z", 56000},
      {"2023-03-05T08:18:60.5Z", 56500},
      {"2023-03-05T24:00:00Z", 56516000},
      {"20230305T240000Z", 56516000},
      {"2023-03-05T08:18:04-00:00", 0},
      {"2023-03-05T08:17:60+00:00", -4000},
  };
  struct attribute_form form;
  CHECK_INT(attribute_form_set(&form, usual, NULL), GC_OK);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct attribute a;
    char name[80];
    CHECK_ROW(rows[i].time);
    snprintf(name, sizeof(name), "AMetric_B(%s)", rows[i].time);
    CHECK_INT(attribute_parse(&form, name, strlen(name), &a), MALFORMED_NOT);
    CHECK_INT(a.time_ms - INT64_C(1678004284000), rows[i].ms);
  }
}

static void a_time_that_is_not_read_has_a_form_without_its_value(void) {
  static const struct {
    const char *time, *form;
    bool is_meant;
  } rows[] = {
      {"2023-03-05T08:18:04", "9999-99-99T99:99:99", true},
      {"2023-02-30T08:18:04Z", "9999-99-99T99:99:99Z", true},
      {"05.03.2023 8:18 Uhr", "99.99.9999 9:99 aaa", true},
      {"Tue Mar 5 2023 081804", "aaa aaa 9 9999 999999", true},
      {"2023-03-05T08:18:04\xc3\xa4\"", "9999-99-99T99:99:99???", true},
      {"yesterday", "aaaaaaaaa", false},
      {"TZ", "aZ", false},
      {"", "", false},
  };
  struct attribute_form form;
  CHECK_INT(attribute_form_set(&form, usual, NULL), GC_OK);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct attribute a;
    char name[80], shown[ATTRIBUTE_FORM_SIZE];
    CHECK_ROW(rows[i].time);
    snprintf(name, sizeof(name), "A (1)Metric_B(%s)", rows[i].time);
    CHECK_INT(attribute_parse(&form, name, strlen(name), &a), MALFORMED_TIME);
    attribute_time_form(shown, a.unread, a.unread_len);
    CHECK_STR(shown, rows[i].form);
    CHECK(attribute_looks_like_time(a.unread, a.unread_len) ==
          rows[i].is_meant);
  }
}

static void a_name_ends_at_its_length(void) {
  struct attribute_form form;
  struct attribute a;
  char name[1000];
  CHECK_INT(attribute_form_set(&form, usual, NULL), GC_OK);
  memset(name, 'a', sizeof(name));
  int len = snprintf(name + 400, sizeof(name) - 400, "Metric_B(" T ")");
  CHECK_INT(attribute_parse(&form, name, 400 + (size_t)len, &a), MALFORMED_NOT);
  name[400 + len] = 'x';
  CHECK_INT(attribute_parse(&form, name, ATTRIBUTE_MAX_BYTES + 1, &a),
            MALFORMED_LONG);
  CHECK_INT(attribute_parse(&form, "A\0Metric_B(" T ")", 36, &a),
            MALFORMED_SHAPE);
}

/* A name of separators only has n² splits. */
static void a_name_of_separators_takes_no_time(void) {
  struct attribute_form form;
  struct attribute a;
  char name[ATTRIBUTE_MAX_BYTES];
  memset(name, '|', sizeof(name));
  CHECK_INT(attribute_form_set(&form, "%{time}|%{flow}|%{metric}", NULL),
            GC_OK);
  for (int i = 0; i < 1000; i++)
    if (attribute_parse(&form, name, sizeof(name), &a) != MALFORMED_TIME)
      CHECK(!"time");
}

static void a_name_without_the_longest_literal_is_no_metric(void) {
  struct attribute_form form;
  CHECK_INT(attribute_form_set(&form, usual, NULL), GC_OK);
  CHECK(!attribute_is_meant(&form, "AccountID", 9));
  CHECK(!attribute_is_meant(&form, "Metric", 6));
  CHECK(!attribute_is_meant(&form, "", 0));
  CHECK(attribute_is_meant(&form, "xMetric_", 8));
}

static void a_format_that_cannot_be_read_back_is_refused(void) {
  static const struct {
    const char *form, *says;
  } rows[] = {
      {"", "needs %{flow}"},
      {"%{flow}Metric_%{metric}", "needs %{flow}"},
      {"%{flow}-%{flow}-%{time}", "each once"},
      {"%{flow}%{metric}-%{time}", "between them"},
      {"%{flow}-%{name}-%{time}", "%{name}"},
      {"%{flow}-%{Metric}-%{time}", "unknown placeholder"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct attribute_form form;
    struct gc_err err = {.text = ""};
    CHECK_ROW(rows[i].form);
    CHECK_INT(attribute_form_set(&form, rows[i].form, &err), GC_ERR_CONFIG);
    CHECK_HAS(err.text, rows[i].says);
    CHECK_HAS(err.text, "AttributeFormat");
  }
}

int main(void) {
  RUN(names_are_read_from_their_end);
  RUN(each_fault_of_a_name_has_a_word);
  RUN(times_of_rfc_3339_and_of_iso_basic_are_read);
  RUN(a_time_that_is_not_read_has_a_form_without_its_value);
  RUN(a_name_ends_at_its_length);
  RUN(a_name_of_separators_takes_no_time);
  RUN(a_name_without_the_longest_literal_is_no_metric);
  RUN(a_format_that_cannot_be_read_back_is_refused);
  return check_done();
}
