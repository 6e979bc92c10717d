/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/events/decode.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "tests/support/check.h"

#define T "2023-03-05T08:18:04.568Z"
#define M(name) "\"AMetric_" name "(" T ")\":\"1\""
#define BODY(attributes)                                                       \
  "{\"eventBody\":{\"conversationId\":\"c1\",\"attributes\":{" attributes "}}" \
  "}"

static struct attribute_form form;
static struct event_reader *reader;
static struct gc_buf seen = {.max = 1 << 20};

static enum gc_code record_metric(void *ctx, const struct event_metric *m) {
  (void)ctx;
  return gc_buf_print(&seen, "%s:%.*s/%.*s", m->conversation,
                      (int)m->parts.flow_len, m->parts.flow,
                      (int)m->parts.metric_len, m->parts.metric) != GC_OK ||
                 (m->has_value &&
                  gc_buf_print(&seen, "=%g", m->value) != GC_OK) ||
                 gc_buf_text(&seen, " ") != GC_OK
             ? GC_ERR_MEMORY
             : GC_OK;
}
static const struct event_sink sink = {record_metric, NULL};

static enum gc_code read_text(const char *text, struct event_counts *counts) {
  *counts = (struct event_counts){0};
  gc_buf_reset(&seen);
  return event_read(reader, text, strlen(text), counts, &sink, NULL);
}

static void every_envelope_is_opened(void) {
  static const struct {
    const char *text, *seen;
    unsigned events;
  } rows[] = {
      {BODY(M("B")), "c1:A/B=1 ", 1},
      {"{\"version\":\"0\",\"id\":\"x\",\"detail-type\":\"v2.detail.events."
       "conversation.{id}.attributes\",\"detail\":{\"topicName\":\"t\","
       "\"eventBody\":{\"eventTime\":1,\"conversationId\":\"c2\","
       "\"participantId\":\"p\",\"attributes\":{" M(
           "B") "}},\"metadata\":"
                "{\"CorrelationId\":\"y\"}}}",
       "c2:A/B=1 ", 1},
      {"{\"topicName\":\"v2.routing.queues.q.conversations\",\"eventBody\":"
       "{\"id\":\"c3\",\"participants\":[{\"id\":\"p1\",\"attributes\":{" M(
           "B") "}},{\"attributes\":{" M("C") "}}]}}",
       "c3:A/B=1 c3:A/C=1 ", 1},
      {"{\"conversationId\":\"c4\",\"attributes\":{" M("B") "}}", "c4:A/B=1 ",
       1},
      {"{\"attributes\":{" M("B") "},\"conversationId\":\"c5\"}", "c5:A/B=1 ",
       1},
      {"[" BODY(M("B")) "," BODY(M("C")) "," BODY("\"x\":\"y\"") "]",
       "c1:A/B=1 c1:A/C=1 ", 3},
      {"[]", "", 1}, /* rejected by the prefilter */
      {"{\"Type\":\"Notification\",\"MessageId\":\"m\",\"Message\":"
       "\"{\\\"eventBody\\\":{\\\"conversationId\\\":\\\"c6\\\","
       "\\\"attributes\\\":{\\\"AMetric_B(" T ")\\\":\\\"2\\\"}}}\"}",
       "c6:A/B=2 ", 1},
      {"{\"Message\":\"[{\\\"conversationId\\\":\\\"c7\\\",\\\"attributes\\\""
       ":{\\\"AMetric_B(" T ")\\\":3}}]\",\"Type\":\"Notification\"}",
       "c7:A/B=3 ", 1},
      /* Events of another kind. */
      {"{\"Message\":\"Metric_ of something\"}", "", 1},
      {"{\"detail\":{\"eventBody\":{\"conversationId\":\"c\"}}}", "", 1},
      {"{\"other\":{\"attributes\":{" M("B") "}}}", "", 1},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct event_counts counts;
    CHECK_ROW(rows[i].text);
    CHECK_INT(read_text(rows[i].text, &counts), GC_OK);
    CHECK_STR(gc_buf_string(&seen), rows[i].seen);
    CHECK_INT(counts.events, rows[i].events);
  }
}

/* The id of EventBridge's envelope is not the conversation's. */
static void metrics_without_a_conversation_are_malformed(void) {
  struct event_counts counts;
  CHECK_INT(read_text("{\"id\":\"x\",\"detail\":{\"eventBody\":{\"attributes\":"
                      "{" M("B") "}}}}",
                      &counts),
            GC_OK);
  CHECK_STR(gc_buf_string(&seen), "");
  CHECK_INT(counts.malformed[MALFORMED_CONVERSATION], 1);
}

static void escapes_do_not_hide_a_metric(void) {
  static const char *const rows[] = {
      "{\"conversationId\":\"c\",\"attributes\":{\"A\\u004detric_B(" T
      ")\":\"1\"}}",
      "{\"conversationId\":\"c\",\"\\u0061ttributes\":{\"AMetric_B(" T
      ")\":\"1\"}}",
      "{\"Type\":\"Notification\",\"Message\":\"{\\\"conversationId\\\":"
      "\\\"c\\\",\\\"attributes\\\":{\\\"A\\\\u004detric_B(" T
      ")\\\":\\\"1\\\"}}\"}",
      "{\"Type\":\"Notification\",\"Message\":\"{\\\"conversationId\\\":"
      "\\\"c\\\",\\\"attributes\\\":{\\\"A\\u005cu004detric_B(" T
      ")\\\":\\\"1\\\"}}\"}",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct event_counts counts;
    CHECK_ROW(rows[i]);
    CHECK(!prefilter_rejects(&form, rows[i], strlen(rows[i])));
    CHECK_INT(read_text(rows[i], &counts), GC_OK);
    CHECK_STR(gc_buf_string(&seen), "c:A/B=1 ");
  }
}

static void values_are_numbers_or_not(void) {
  static const struct {
    const char *value, *seen;
  } rows[] = {
      {"\"12.5\"", "c1:A/B=12.5 "}, {"-3", "c1:A/B=-3 "},
      {"\"\"", "c1:A/B "},          {"\"+4912345\"", "c1:A/B "},
      {"\"1e400\"", "c1:A/B "},     {"\"NaN\"", "c1:A/B "},
      {"true", "c1:A/B "},          {"null", "c1:A/B "},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char text[300];
    struct event_counts counts;
    CHECK_ROW(rows[i].value);
    snprintf(text, sizeof(text), BODY("\"AMetric_B(" T ")\":%s"),
             rows[i].value);
    CHECK_INT(read_text(text, &counts), GC_OK);
    CHECK_STR(gc_buf_string(&seen), rows[i].seen);
  }
}

static void malformed_names_are_counted_by_reason(void) {
  struct event_counts counts;
  CHECK_INT(read_text(BODY("\"AMetric_B(soon)\":\"1\",\"AMetric_C\":\"1\",\"x\""
                           ":\"y\"," M("D")),
                      &counts),
            GC_OK);
  CHECK_STR(gc_buf_string(&seen), "c1:A/D=1 ");
  CHECK_INT(counts.malformed[MALFORMED_TIME], 1);
  CHECK_INT(counts.malformed[MALFORMED_SHAPE], 1);
  CHECK_INT(counts.skipped, 0);
}

static void a_body_that_is_no_event_is_an_error(void) {
  static const char *const rows[] = {
      "",
      "not JSON",
      "5",
      "\"Metric_\"",
      "[5,\"Metric_\"]",
      "{\"Metric_\":",
      "[" BODY(M("B")) ",{\"Metric_",
      "{\"Metric_\":1} x",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct event_counts counts;
    CHECK_ROW(rows[i]);
    CHECK(read_text(rows[i], &counts) != GC_OK);
    CHECK_INT(counts.events, 1);
    CHECK_INT(counts.malformed[MALFORMED_JSON], 1);
  }
}

/* The platform puts the type before a typed value, and a path before the name
 * of an attribute of the participant's data. */
static void types_and_paths_of_the_platform_are_no_part(void) {
#define PATH "conversationDetails.participantData."
  static const struct {
    const char *text, *seen;
  } rows[] = {
      {BODY("\"AMetric_B(" T ")\":\"number:100.9\""), "c1:A/B=100.9 "},
      {BODY("\"AMetric_B(" T ")\":\"integer:4\""), "c1:A/B=4 "},
      {BODY("\"AMetric_B(" T ")\":\"integer:-4\""), "c1:A/B=-4 "},
      {BODY("\"AMetric_B(" T ")\":\"number:\""), "c1:A/B "},
      {BODY("\"AMetric_B(" T ")\":\"boolean:1\""), "c1:A/B "},
      {BODY("\"AMetric_B(" T ")\":\"number:integer:1\""), "c1:A/B "},
      {BODY("\"" PATH "AMetric_B(" T ")\":\"1\""), "c1:A/B=1 "},
      {BODY("\"" PATH "B.CMetric_D(" T ")\":\"1\""), "c1:B.C/D=1 "},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct event_counts counts;
    CHECK_ROW(rows[i].text);
    CHECK_INT(read_text(rows[i].text, &counts), GC_OK);
    CHECK_STR(gc_buf_string(&seen), rows[i].seen);
  }
}

static void a_byte_order_mark_is_no_part_of_an_event(void) {
  struct event_counts counts;
  CHECK_INT(read_text("\xef\xbb\xbf" BODY(M("B")), &counts), GC_OK);
  CHECK_STR(gc_buf_string(&seen), "c1:A/B=1 ");
  CHECK_INT(read_text("\xef\xbb\xbf {\"a\":1}", &counts), GC_OK);
  CHECK_INT(counts.skipped, 1);
  CHECK_INT(read_text("\xef\xbb\xbf", &counts), GC_ERR_PARSE);
}

/* Other names of the event count. */
static void a_time_that_is_meant_and_not_read_is_not_acknowledged(void) {
  struct event_counts counts;
  CHECK_INT(read_text(BODY(M("B") ",\"AMetric_C(2023-03-05T08:18:04)\":\"1\","
                                  "\"AMetric_D(old)\":\"1\""),
                      &counts),
            GC_OK);
  CHECK_STR(gc_buf_string(&seen), "c1:A/B=1 ");
  CHECK_INT(counts.malformed[MALFORMED_TIME], 2);
  CHECK_INT(event_counts_unread(&counts), 1);
  CHECK_STR(event_reader_time_form(reader), "9999-99-99T99:99:99");
}

static void an_event_without_a_metric_is_rejected_unread(void) {
  static const struct {
    const char *text;
    bool dismissed;
  } rows[] = {
      {BODY("\"a\":\"b\""), true},
      {" [{}] ", true},
      {BODY("\"a\":\"\\\"\\\\x\\n\""), true},
      {BODY("\"a\":\"\\\\u\""), false}, /* safe to read */
      {BODY("\"a\":\"\\u00e4\""), false},
      {BODY(M("B")), false},
      {"{\"a\":1", false},
      {"null", false},
      {"", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(prefilter_rejects(&form, rows[i].text, strlen(rows[i].text)),
              rows[i].dismissed);
  }
}

/* JSON may write a slash as \/. */
static void an_escaped_slash_hides_no_marker_from_the_prefilter(void) {
  struct attribute_form slash;
  static const char text[] = "{\"a\\/b/c\":1}";
  CHECK_INT(attribute_form_set(&slash, "%{flow}/m/%{metric}|%{time}", NULL),
            GC_OK);
  CHECK(!prefilter_rejects(&slash, text, strlen(text)));
  CHECK(prefilter_rejects(&form, text, strlen(text)));
}

int main(void) {
  struct gc_err err;
  CHECK_INT(attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})", &err),
            GC_OK);
  reader = event_reader_new(&form);
  if (reader == NULL)
    return 99;
  RUN(every_envelope_is_opened);
  RUN(metrics_without_a_conversation_are_malformed);
  RUN(escapes_do_not_hide_a_metric);
  RUN(values_are_numbers_or_not);
  RUN(malformed_names_are_counted_by_reason);
  RUN(a_body_that_is_no_event_is_an_error);
  RUN(types_and_paths_of_the_platform_are_no_part);
  RUN(a_byte_order_mark_is_no_part_of_an_event);
  RUN(a_time_that_is_meant_and_not_read_is_not_acknowledged);
  RUN(an_event_without_a_metric_is_rejected_unread);
  RUN(an_escaped_slash_hides_no_marker_from_the_prefilter);
  event_reader_free(reader);
  gc_buf_clear(&seen);
  return check_done();
}
