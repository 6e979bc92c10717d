/* SPDX-License-Identifier: MIT */
/* The envelopes in which the platform, AWS and Azure deliver events, and
 * unknown envelopes. */
#include "plugins/genesys_flowmetrics/events/decode.h"

#include "common/base/base64.h"
#include "common/base/buf.h"
#include "tests/support/check.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define NAME "AMetric_B(2023-03-05T08:18:04.568Z)"
#define ATTRIBUTES "\"attributes\":{\"" NAME "\":\"1\"}"
#define BODY "{\"conversationId\":\"c1\"," ATTRIBUTES "}"
#define ESCAPED                                                                \
  "{\\\"conversationId\\\":\\\"c1\\\",\\\"attributes\\\":{\\\"" NAME           \
  "\\\":\\\"1\\\"}}"
#define TWICE                                                                  \
  "{\\\\\\\"conversationId\\\\\\\":\\\\\\\"c1\\\\\\\","                        \
  "\\\\\\\"attributes\\\\\\\":{\\\\\\\"" NAME "\\\\\\\":\\\\\\\"1\\\\\\\"}}"

static struct attribute_form form;
static struct event_reader *reader;
static struct gc_buf seen = {.max = 1 << 20};

static enum gc_code record_metric(void *ctx, const struct event_metric *m) {
  (void)ctx;
  return gc_buf_print(&seen, "%s:%.*s ", m->conversation,
                      (int)m->parts.metric_len, m->parts.metric);
}
static const struct event_sink sink = {record_metric, NULL};

static enum gc_code read_text(const char *text, struct event_counts *counts) {
  *counts = (struct event_counts){0};
  gc_buf_reset(&seen);
  return event_read(reader, text, strlen(text), counts, &sink, NULL);
}

static void each_envelope_is_counted_once(void) {
  static const struct {
    const char *what, *text, *seen;
    unsigned events;
  } rows[] = {
      {"a conversation",
       "{\"id\":\"c1\",\"participants\":[{\"id\":\"p\"," ATTRIBUTES "}]}",
       "c1:B ", 1},
      {"a page of the details job",
       "{\"cursor\":\"x\",\"conversations\":[{\"conversationId\":\"c1\","
       "\"participants\":[{\"participantId\":\"p\"," ATTRIBUTES "}]},"
       "{\"conversationId\":\"c2\",\"participants\":[{" ATTRIBUTES "}]}]}",
       "c1:B c2:B ", 2},
      {"the id in the topic only",
       "{\"topicName\":\"v2.detail.events.conversation." UUID ".attributes\","
       "\"eventBody\":{\"participantId\":\"p\"," ATTRIBUTES "}}",
       UUID ":B ", 1},
      {"the topic behind the body",
       "{\"detail\":{\"eventBody\":{" ATTRIBUTES "},\"topicName\":"
       "\"v2.detail.events.conversation." UUID ".attributes\"}}",
       UUID ":B ", 1},
      {"Azure Event Grid",
       "[{\"id\":\"e\",\"eventType\":\"x\",\"data\":{\"message\":" BODY
       "},\"dataVersion\":\"1\"}]",
       "c1:B ", 1},
      {"CloudEvents",
       "{\"specversion\":\"1.0\",\"id\":\"e\",\"type\":\"t\",\"data\":" BODY
       "}",
       "c1:B ", 1},
      {"EventBridge Pipes", "[{\"messageId\":\"m\",\"body\":\"" ESCAPED "\"}]",
       "c1:B ", 1},
      {"Lambda",
       "{\"Records\":[{\"messageId\":\"m\",\"body\":\"" ESCAPED
       "\"},{\"body\":\"{}\"}]}",
       "c1:B ", 1},
      {"detail as a string",
       "{\"detail-type\":\"t\",\"detail\":\"{\\\"eventBody\\\":" ESCAPED "}\"}",
       "c1:B ", 1},
      {"SNS in SNS",
       "{\"Type\":\"Notification\",\"Message\":\"{\\\"Type\\\":"
       "\\\"Notification\\\",\\\"Message\\\":\\\"" TWICE "\\\"}\"}",
       "c1:B ", 1},
      {"objects of Firehose, one behind the other",
       BODY "{\"conversationId\":\"c2\"," ATTRIBUTES "}\n{\"x\":1}",
       "c1:B c2:B ", 3},
      {"attributes behind eight levels",
       "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":" BODY
       "}}}}}}}}",
       "c1:B ", 1},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct event_counts counts;
    CHECK_ROW(rows[i].what);
    CHECK_INT(read_text(rows[i].text, &counts), GC_OK);
    CHECK_STR(gc_buf_string(&seen), rows[i].seen);
    CHECK_INT(counts.events, rows[i].events);
    CHECK_INT(counts.unplaced, 0);
  }
}

/* The records of Firehose's HTTP endpoint, and of Lambda behind Kinesis. */
static void records_in_base64_are_read(void) {
  static const char two[] = BODY "\n" BODY;
  struct event_counts counts;
  char data[GC_BASE64_LEN(sizeof(two)) + 1], text[sizeof(data) + 100];
  gc_base64_write((const uint8_t *)two, sizeof(two) - 1, data);
  snprintf(text, sizeof(text),
           "{\"requestId\":\"r\",\"records\":[{\"data\":\"%s\"}]}", data);
  CHECK_INT(read_text(text, &counts), GC_OK);
  CHECK_STR(gc_buf_string(&seen), "c1:B c1:B ");
  CHECK_INT(counts.events, 2);
  gc_base64_write((const uint8_t *)"{\"a\":1}", 7, data);
  snprintf(text, sizeof(text), "{\"records\":[{\"data\":\"%s\"}]}", data);
  CHECK_INT(read_text(text, &counts), GC_OK);
  CHECK_INT(counts.skipped, 1);
  CHECK_INT(counts.unplaced, 0);
}

/* Only names of members are shown, and only their letters. */
static void a_metric_in_an_unknown_envelope_is_reported(void) {
  static const struct {
    const char *text, *shape;
  } rows[] = {
      {"{\"payload\":{\"+4912\":[{\"" NAME "\":\"1\"}]}}", ".payload.#####[]"},
      {"[{\"note\":\"<a>" NAME "</a>\"}]", "[].note"},
      {"{\"Type\":\"Notification\",\"Message\":\"Metric_ went up\"}",
       ".Message"},
      {"{\"Message\":\"{\\\"a\\\":{\\\"" NAME "\\\":1}}\"}", ".Message.a"},
      {"{\"Message\":\"{\\\"" NAME "\\\":\"}", ".Message"},
      {"{\"other\":{" ATTRIBUTES "}}", "no conversation id"},
      {"[[\"Metric_\"]]", "[][]"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct event_counts counts;
    CHECK_ROW(rows[i].text);
    CHECK_INT(read_text(rows[i].text, &counts), GC_OK);
    CHECK_STR(gc_buf_string(&seen), "");
    CHECK_INT(counts.events, 1);
    CHECK_INT(event_counts_unread(&counts), 1);
    CHECK_STR(event_reader_shape(reader), rows[i].shape);
  }
}

/* A name of the format in a value, a comment for instance, is no metric. */
static void a_marker_in_the_values_of_a_known_event_is_data(void) {
  static const char *const rows[] = {
      "{\"conversationId\":\"c1\",\"attributes\":{\"Last\":\"" NAME "\"}}",
      "{\"detail\":{\"eventBody\":{\"conversationId\":\"c1\",\"subject\":"
      "\"about " NAME "\"}}}",
      "{\"eventBody\":{\"id\":\"c1\",\"participants\":[{\"wrapupNote\":\"" NAME
      "\",\"attributes\":{}}]}}",
      "{\"conversationId\":\"c1\",\"attributes\":{\"Json\":\"{\\\"" NAME
      "\\\":1}\"}}",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct event_counts counts;
    CHECK_ROW(rows[i]);
    CHECK_INT(read_text(rows[i], &counts), GC_OK);
    CHECK_INT(event_counts_unread(&counts), 0);
    CHECK_INT(counts.skipped, 1);
  }
}

static void a_broken_string_leaves_nothing_behind(void) {
  struct event_counts counts;
  CHECK_INT(read_text("[{\"body\":\"" ESCAPED " x\"}," BODY "]", &counts),
            GC_OK);
  CHECK_STR(gc_buf_string(&seen), "c1:B ");
  CHECK_INT(counts.events, 2);
  CHECK_INT(counts.unplaced, 1);
}

int main(void) {
  struct gc_err err;
  CHECK_INT(attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})", &err),
            GC_OK);
  reader = event_reader_new(&form);
  if (reader == NULL)
    return 99;
  RUN(each_envelope_is_counted_once);
  RUN(records_in_base64_are_read);
  RUN(a_metric_in_an_unknown_envelope_is_reported);
  RUN(a_marker_in_the_values_of_a_known_event_is_data);
  RUN(a_broken_string_leaves_nothing_behind);
  event_reader_free(reader);
  gc_buf_clear(&seen);
  return check_done();
}
