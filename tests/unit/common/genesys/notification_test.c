/* SPDX-License-Identifier: MIT */
#include "common/genesys/notification.h"

#include <stdlib.h>

#include "tests/support/check.h"

static enum gc_code read_it(const char *text, struct gc_notification *ret) {
  struct gc_err err = {.code = GC_OK, .text = ""};
  enum gc_code code = gc_notification_read(text, strlen(text), ret, &err);
  CHECK(code == GC_OK || err.text[0] != '\0');
  return code;
}

static void each_message_of_the_platform_is_known(void) {
  static const struct {
    const char *name, *text;
    enum gc_notification_kind kind;
  } rows[] = {
      {"heartbeat",
       "{\"topicName\":\"channel.metadata\",\"eventBody\":{\"message\":"
       "\"WebSocket Heartbeat\"}}",
       GC_NOTIFICATION_HEARTBEAT},
      {"pong",
       "{\"topicName\":\"channel.metadata\",\"eventBody\":{\"message\":"
       "\"pong\"}}",
       GC_NOTIFICATION_PONG},
      {"metadata without a body", "{\"topicName\":\"channel.metadata\"}",
       GC_NOTIFICATION_HEARTBEAT},
      {"closing",
       "{\"topicName\":\"v2.system.socket_closing\",\"eventBody\":"
       "{\"message\":\"Websocket closing soon\"}}",
       GC_NOTIFICATION_CLOSING},
      {"displaced",
       "{\"topicName\":\"v2.system.no_longer_subscribed.streaming-1\"}",
       GC_NOTIFICATION_DISPLACED},
      {"revoked", "{\"topicName\":\"v2.system.token_revoked.abc\"}",
       GC_NOTIFICATION_REVOKED},
      {"subscription", "{\"topicName\":\"v2.subscription.updated\"}",
       GC_NOTIFICATION_SUBSCRIPTION},
      {"system, unknown", "{\"topicName\":\"v2.system.weather\"}",
       GC_NOTIFICATION_OTHER},
      {"system, longer name", "{\"topicName\":\"v2.system.socket_closings\"}",
       GC_NOTIFICATION_OTHER},
      {"reply", "{\"result\":\"200\",\"status\":\"subscribed\"}",
       GC_NOTIFICATION_REPLY},
      {"nothing", "{}", GC_NOTIFICATION_REPLY},
      {"event", "{\"topicName\":\"v2.users.U.presence\",\"version\":\"2\"}",
       GC_NOTIFICATION_EVENT},
      {"topicName no text", "{\"topicName\":7}", GC_NOTIFICATION_EVENT},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_notification n;
    CHECK_ROW(rows[i].name);
    CHECK_INT(read_it(rows[i].text, &n), GC_OK);
    CHECK_INT(n.kind, rows[i].kind);
  }
}

static void topics_come_in_lower_case_and_unescaped(void) {
  static const struct {
    const char *text, *topic;
  } rows[] = {
      {"{\"topicName\":\"v2.users.U-1.routingStatus\"}",
       "v2.users.u-1.routingstatus"},
      {"{\"topicName\":\"v2\\u002eA\\/b\"}", "v2.a/b"},
      {"{\"topic\\u004eame\":\"v2.x\"}", "v2.x"},
      {"{\"topicName\":\"v2.x\\u0000y\"}", ""},
      {"{\"topicName\":\"first\",\"topicName\":\"v2.second\"}", "v2.second"},
      {"{\"a\":{\"topicName\":\"inner\"},\"topicName\":\"v2.outer\"}",
       "v2.outer"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_notification n;
    CHECK_ROW(rows[i].text);
    CHECK_INT(read_it(rows[i].text, &n), GC_OK);
    CHECK_STR(n.topic, rows[i].topic);
  }
}

static void a_topic_may_have_200_bytes_and_no_more(void) {
  for (size_t len = GC_TOPIC_MAX; len <= GC_TOPIC_MAX + 1; len++) {
    char topic[GC_TOPIC_MAX + 2] = "", text[300];
    struct gc_notification n;
    memset(topic, 'a', len);
    snprintf(text, sizeof(text), "{\"topicName\":\"%s\"}", topic);
    CHECK_INT(read_it(text, &n), GC_OK);
    CHECK_INT(n.kind, GC_NOTIFICATION_EVENT);
    CHECK_INT(strlen(n.topic), len == GC_TOPIC_MAX ? GC_TOPIC_MAX : 0);
  }
}

static void the_body_is_borrowed_as_it_stands(void) {
  static const struct {
    const char *text, *body;
  } rows[] = {
      {"{\"topicName\":\"t\",\"eventBody\":{\"a\":[1,{\"b\":\"}\\\"]\"}]},"
       "\"metadata\":{}}",
       "{\"a\":[1,{\"b\":\"}\\\"]\"}]}"},
      {" { \"eventBody\" : [ 1 , 2 ] , \"topicName\" : \"t\" } ", "[ 1 , 2 ]"},
      {"{\"eventBody\":\"a\\\\\"}", "\"a\\\\\""},
      {"{\"eventBody\":-1.5e3}", "-1.5e3"},
      {"{\"eventBody\":null}", "null"},
      {"{\"topicName\":\"t\"}", NULL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_notification n;
    CHECK_ROW(rows[i].text);
    CHECK_INT(read_it(rows[i].text, &n), GC_OK);
    if (rows[i].body == NULL) {
      CHECK(n.body == NULL && n.body_len == 0);
      continue;
    }
    CHECK(n.body >= rows[i].text &&
          n.body + n.body_len <= rows[i].text + strlen(rows[i].text));
    CHECK_INT(n.body_len, strlen(rows[i].body));
    CHECK(n.body_len == strlen(rows[i].body) &&
          memcmp(n.body, rows[i].body, n.body_len) == 0);
  }
}

static void the_result_of_a_reply_is_a_text_or_a_number(void) {
  static const struct {
    const char *text;
    int result;
  } rows[] = {
      {"{\"result\":\"404\"}", 404}, {"{\"result\":400}", 400},
      {"{\"result\":\"none\"}", 0},  {"{\"result\":true}", 0},
      {"{\"result\":70000}", 0},     {"{\"message\":\"?\"}", 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_notification n;
    CHECK_ROW(rows[i].text);
    CHECK_INT(read_it(rows[i].text, &n), GC_OK);
    CHECK_INT(n.kind, GC_NOTIFICATION_REPLY);
    CHECK_INT(n.result, rows[i].result);
  }
}

static void a_text_that_is_not_an_object_is_refused(void) {
  static const char *const rows[] = {
      "",
      " ",
      "ping",
      "[]",
      "{",
      "{\"",
      "{\"a",
      "{\"a\\",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1",
      "{\"a\":1,}",
      "{a:1}",
      "{\"a\":{\"b\":1}",
      "{\"a\":[1}",
      "{\"a\":\"x}",
      "{\"a\":1} x",
      "{}{}",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_notification n = {.kind = GC_NOTIFICATION_PONG};
    CHECK_ROW(rows[i]);
    CHECK_INT(read_it(rows[i], &n), GC_ERR_PARSE);
    CHECK_INT(n.kind, GC_NOTIFICATION_PONG);
  }
}

static void any_beginning_of_a_message_is_refused(void) {
  static const char text[] =
      "{\"topicName\":\"v2.a\",\"eventBody\":{\"a\":[\"\\\"\"]}}";
  for (size_t len = 0; len < sizeof(text) - 1; len++) {
    char *copy =
        malloc(len + 1); /* so that the sanitizer sees a read beyond it */
    struct gc_notification n;
    if (copy == NULL)
      abort();
    memcpy(copy, text, len);
    char *exact = realloc(copy, len > 0 ? len : 1);
    CHECK_INT(gc_notification_read(exact, len, &n, NULL), GC_ERR_PARSE);
    free(exact);
  }
}

int main(void) {
  RUN(each_message_of_the_platform_is_known);
  RUN(topics_come_in_lower_case_and_unescaped);
  RUN(a_topic_may_have_200_bytes_and_no_more);
  RUN(the_body_is_borrowed_as_it_stands);
  RUN(the_result_of_a_reply_is_a_text_or_a_number);
  RUN(a_text_that_is_not_an_object_is_refused);
  RUN(any_beginning_of_a_message_is_refused);
  return check_done();
}
