/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "plugins/genesys_realtime/conversations/event.h"

#include "tests/support/cv_decode.h"

static void a_whole_message_is_read(void) {
  const struct cv_event *e = read_text(
      "{" TOPIC ",\"version\":\"2\",\"eventBody\":{"
      "\"id\":\"0B0A7C6E-1111-4222-8333-444455556666\",\"maxParticipants\":15,"
      "\"participants\":["
      "{\"id\":\"p1\",\"connectedTime\":\"2026-08-01T10:00:01.000Z\","
      "\"name\":\"Jos\\u00e9 \\\"x\\\"\",\"purpose\":\"customer\",\"calls\":[{"
      "\"id\":\"s1\",\"state\":\"connected\"}]},"
      "{\"id\":\"p2\",\"connectedTime\":\"2026-08-01T10:00:02.500Z\","
      "\"endTime\":\"2026-08-01T10:00:09Z\",\"purpose\":\"acd\",\"queueId\":"
      "\"q1\",\"calls\":[{\"state\":\"disconnected\",\"disconnectType\":"
      "\"transfer\"}]},"
      "{\"id\":\"p3\",\"connectedTime\":\"2026-08-01T12:00:09+02:00\","
      "\"purpose\":\"agent\",\"queueId\":\"q1\",\"userId\":\"u1\","
      "\"startAcwTime\":\"2026-08-01T10:01:00.000Z\",\"endAcwTime\":"
      "\"2026-08-01T10:02:00.000Z\",\"wrapup\":{\"code\":\"w\"},"
      "\"calls\":[{\"state\":\"connected\",\"held\":true,\"startHoldTime\":"
      "\"2026-08-01T10:00:30.000Z\"}]}],"
      "\"recentTransfers\":[{\"id\":\"x\",\"state\":\"complete\"}]},"
      "\"metadata\":{\"CorrelationId\":\"k\"}}");
  CHECK(e != NULL);
  if (e == NULL)
    return;
  CHECK(uuid_key_equal(
      e->id, uuid_key_read("0b0a7c6e-1111-4222-8333-444455556666", 36)));
  CHECK_INT(e->count, 3);
  CHECK_INT(e->dropped, 0);
  const struct cv_party *customer = &e->parties[0], *acd = &e->parties[1],
                        *agent = &e->parties[2];
  CHECK_INT(customer->purpose, CV_CUSTOMER);
  CHECK_INT(customer->connected_ms, T10 + 1000);
  CHECK_INT(customer->end_ms, 0);
  CHECK_STR(customer->queue_text, "");
  CHECK_INT(acd->purpose, CV_ACD);
  CHECK_INT(acd->media, CV_VOICE);
  CHECK_STR(acd->queue_text, "q1");
  CHECK(uuid_key_equal(acd->queue, uuid_key_read("q1", 2)));
  CHECK_INT(acd->connected_ms, T10 + 2500);
  CHECK_INT(acd->end_ms, T10 + 9000);
  CHECK(acd->transferred);
  CHECK_INT(agent->purpose, CV_AGENT);
  CHECK_INT(agent->connected_ms, T10 + 9000);
  CHECK_INT(agent->acw_start_ms, T10 + 60000);
  CHECK_INT(agent->acw_end_ms, T10 + 120000);
  CHECK(agent->held);
  CHECK_INT(agent->hold_ms, T10 + 30000);
  CHECK(!agent->transferred);
  CHECK(agent->id != acd->id && acd->id != customer->id);
}

static void only_the_topic_of_queue_conversations_is_ours(void) {
  static const struct {
    const char *topic;
    bool ours;
  } rows[] = {
      {"\"v2.routing.queues.q1.conversations\"", true},
      {"\"V2.Routing.QUEUES.q1.Conversations\"", true},
      {"\"v2.routing.queues.q1.conversations.calls\"", false},
      {"\"v2.routing.queues..conversations\"", false},
      {"\"v2.routing.queues.conversations\"", false},
      {"\"v2.routing.queues.a.b.conversations\"", false},
      {"\"v2.routing.queues.q1.users\"", false},
      {"\"v2.users.u1.conversations\"", false},
      {"\"channel.metadata\"", false},
      {"\"\"", false},
      {"null", false},
      {"7", false},
      {"[\"v2.routing.queues.q1.conversations\"]", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char json[300];
    CHECK_ROW(rows[i].topic);
    for (int behind = 0; behind < 2; behind++) {
      const char *body =
          "\"eventBody\":{\"participants\":[{\"id\":\"p\"}],\"id\":\"c\"}";
      if (behind)
        snprintf(json, sizeof(json), "{%s,\"topicName\":%s}", body,
                 rows[i].topic);
      else
        snprintf(json, sizeof(json), "{\"topicName\":%s,%s}", rows[i].topic,
                 body);
      CHECK((read_text(json) != NULL) == rows[i].ours);
    }
  }
}

static void a_message_without_a_conversation_is_no_event(void) {
  static const char *const rows[] = {
      "{}",
      "[]",
      "7",
      "null",
      "{\"message\":\"pong\"}",
      "{\"eventBody\":{\"id\":\"c1\",\"participants\":[{\"id\":\"p\"}]}}",
      "{" TOPIC "}",
      "{" TOPIC ",\"eventBody\":null}",
      "{" TOPIC ",\"eventBody\":[]}",
      "{" TOPIC ",\"eventBody\":{\"id\":\"c1\"}}",
      "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":[]}}",
      "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":[null,7,[]]}}",
      "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":[{}]}}",
      "{" TOPIC ",\"eventBody\":{\"id\":\"\",\"participants\":[{\"id\":\"p\"}]}"
      "}",
      "{" TOPIC ",\"eventBody\":{\"participants\":[{\"id\":\"p\"}]}}",
      "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":{\"id\":\"p\"}"
      "}}",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    CHECK(read_party("\"purpose\":\"acd\"")->purpose == CV_ACD);
    CHECK(read_text(rows[i]) == NULL);
  }
}

static void broken_messages_are_refused_and_leave_nothing_behind(void) {
  static const char *const rows[] = {
      "",
      "{",
      "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":[{\"id\":\"p\"",
      "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":[{\"id\":\"p\"}"
      "]}} x",
      "{\"a\":\"\xff\"}",
      "{\"a\":01}",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    const struct cv_event *e;
    CHECK_ROW(rows[i]);
    CHECK_INT(cv_decoder_read(d, rows[i], strlen(rows[i]), &e, &err),
              GC_ERR_PARSE);
    CHECK(err.text[0] != '\0');
    CHECK(read_text("{" TOPIC ",\"eventBody\":{\"id\":\"c1\"}}") == NULL);
  }
}

static void times_of_all_shapes_are_read(void) {
  static const struct {
    const char *text;
    int64_t ms;
  } rows[] = {
      {"2026-08-01T10:00:00.000Z", T10},
      {"2026-08-01T23:59:59.999Z", T10 + 50399999},
      {"2026-08-01T24:00:00.000Z", 0},
      {"2026-08-01T10:60:00.000Z", 0},
      {"2026-08-01T10:00:60.000Z", 0},
      {"2026-08-01T10:00:00.0a0Z", 0},
      {"2026-08-01T10:00:00.00aZ", 0},
      {"2026-08-01 10:00:00.000Z", 0},
      {"2026-08-02T00:00:00.001Z", T10 + 50400001},
      {"2026-02-30T10:00:00.000Z", 0},
      {"2026-08-01T10:00:00Z", T10},
      {"2026-08-01T10:00:00.123456Z", T10 + 123},
      {"2026-08-01T12:00:00.000+0200", T10},
      {"", 0},
  };
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < GC_COUNT(rows); i++) {
      char members[100];
      CHECK_ROW(rows[i].text);
      snprintf(members, sizeof(members), "\"endTime\":\"%s\"", rows[i].text);
      CHECK_INT(read_party(members)->end_ms, rows[i].ms);
    }
}

static void the_queue_is_its_own_or_that_of_the_routing(void) {
  static const struct {
    const char *members, *queue;
  } rows[] = {
      {"\"queueId\":\"q7\"", "q7"},
      {"\"conversationRoutingData\":{\"queue\":{\"id\":\"q8\"}}", "q8"},
      {"\"conversationRoutingData\":{\"queue\":{\"id\":\"q8\"}},\"queueId\":"
       "\"q7\"",
       "q7"},
      {"\"queueId\":\"q7\",\"conversationRoutingData\":{\"queue\":{\"id\":"
       "\"q8\"}}",
       "q7"},
      {"\"queueId\":null", ""},
      {"\"queueId\":\"\"", ""},
      {"\"queueId\":\"a\\u0000b\"", ""},
      {"\"queueId\":\"0123456789012345678901234567890123456789012345678901234"
       "567890123\"",
       ""},
      {"\"queueId\":\"012345678901234567890123456789012345678901234567890123"
       "456789012\"",
       "012345678901234567890123456789012345678901234567890123456789012"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].members);
    CHECK_STR(read_party(rows[i].members)->queue_text, rows[i].queue);
  }
}

/* Otherwise an offer or answer would be missing without a word. */
static void values_that_cannot_be_read_are_noted(void) {
  static const struct {
    const char *members, *kind, *text;
  } rows[] = {
      {"\"connectedTime\":\"2026-08-01T10:00:00.1234567890Z\"", "connectedTime",
       "(unreadable)"},
      {"\"endTime\":\"2026-08-01T10:00:00.000\"", "endTime", "(unreadable)"},
      {"\"startAcwTime\":1785578400000", "startAcwTime", "(unreadable)"},
      {"\"wrapup\":{\"endTime\":true}", "endTime", "(unreadable)"},
      {"\"calls\":[{\"startHoldTime\":\"now\"}]", "startHoldTime", "now"},
      {"\"calls\":[{\"disconnectedTime\":7}]", "disconnectedTime",
       "(unreadable)"},
      {"\"queueId\":7", "queueId", "(unreadable)"},
      {"\"queueId\":\"a\\u0000b\"", "queueId", "(unreadable)"},
      {"\"conversationRoutingData\":{\"queue\":{\"id\":7}}", "queueId",
       "(unreadable)"},
      {"\"connectedTime\":null,\"endTime\":\"\",\"queueId\":null", NULL, ""},
      {"\"connectedTime\":\"1970-01-01T00:00:00.000Z\"", NULL, ""},
      {"\"connectedTime\":\"0001-01-01T00:00:00Z\"", NULL, ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_unknown_words *words = cv_decoder_unknown(d);
    CHECK_ROW(rows[i].members);
    gc_unknown_words_clear(words);
    (void)read_party(rows[i].members);
    const struct gc_unknown_word *word = gc_unknown_words_next(words);
    CHECK_INT(words->total, rows[i].kind != NULL);
    CHECK_STR(word != NULL ? word->kind : "",
              rows[i].kind != NULL ? rows[i].kind : "");
    CHECK_STR(word != NULL ? word->text : "", rows[i].text);
  }
}

static void a_participant_without_an_id_is_noted(void) {
  static const char *const rows[] = {"", "\"id\":null,", "\"id\":\"\",",
                                     "\"id\":7,"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char json[300];
    struct gc_unknown_words *words = cv_decoder_unknown(d);
    CHECK_ROW(rows[i]);
    gc_unknown_words_clear(words);
    snprintf(json, sizeof(json),
             "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":["
             "{%s\"purpose\":\"acd\"},{\"id\":\"p2\"}]}}",
             rows[i]);
    const struct cv_event *e = read_text(json);
    CHECK_INT(e != NULL ? e->count : 0, 1);
    CHECK_INT(words->total, 1);
    const struct gc_unknown_word *word = gc_unknown_words_next(words);
    CHECK_STR(word != NULL ? word->kind : "", "id");
  }
}

static void participants_past_the_limit_are_counted(void) {
  static char json[16384];
  size_t used = (size_t)sprintf(
      json, "{" TOPIC ",\"eventBody\":{\"id\":\"c\",\"participants\":[");
  for (int i = 0; i < CV_PARTIES_MAX + 6; i++)
    used +=
        (size_t)sprintf(json + used, "%s{\"id\":\"p%d\"}", i > 0 ? "," : "", i);
  strcpy(json + used, "]}}");
  const struct cv_event *e = read_text(json);
  CHECK(e != NULL);
  CHECK_INT(e != NULL ? e->count : 0, CV_PARTIES_MAX);
  CHECK_INT(e != NULL ? e->dropped : 0, 6);
}

static void a_later_participant_replaces_an_unanswered_alert(void) {
  static char json[65536];
  size_t used = (size_t)sprintf(
      json, "{" TOPIC ",\"eventBody\":{\"id\":\"c\",\"participants\":["
            "{\"id\":\"a\",\"purpose\":\"acd\"}");
  for (int i = 0; i < CV_PARTIES_MAX; i++)
    used += (size_t)sprintf(json + used,
                            ",{\"id\":\"p%d\",\"purpose\":\"agent\","
                            "\"endTime\":\"2026-08-01T10:00:01.000Z\"}",
                            i);
  strcpy(json + used, ",{\"id\":\"z\",\"purpose\":\"agent\",\"connectedTime\":"
                      "\"2026-08-01T10:00:02.000Z\"}]}}");
  const struct cv_event *e = read_text(json);
  unsigned acds = 0, answers = 0;
  CHECK(e != NULL);
  for (unsigned i = 0; e != NULL && i < e->count; i++) {
    acds += e->parties[i].purpose == CV_ACD;
    answers += e->parties[i].connected_ms == T10 + 2000;
  }
  CHECK_INT(acds, 1);
  CHECK_INT(answers, 1);
  CHECK_INT(e != NULL ? e->dropped : 0, 2);
}

static void uuids_are_read_as_bytes_and_other_texts_are_hashed(void) {
  struct uuid_key id =
      uuid_key_read("01234567-89aB-cDeF-0123-456789abcdef", 36);
  CHECK(id.high == UINT64_C(0x0123456789abcdef));
  CHECK(id.low == UINT64_C(0x0123456789abcdef));
  static const char *const others[] = {
      "01234567-89ab-cdef-0123-456789abcdeg",
      "01234567x89ab-cdef-0123-456789abcdef",
      "01234567-89ab-cdef-0123-456789abcde",
      ("\xff\xff\xff\xff\xff\xff\xff\xff-\xff\xff\xff\xff-\xff\xff\xff\xff-"
       "\xff\xff\xff\xff-\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
      "c1",
      "c2",
  };
  for (size_t i = 0; i < GC_COUNT(others); i++) {
    struct uuid_key one = uuid_key_read(others[i], strlen(others[i]));
    CHECK(!uuid_key_is_none(one) && !uuid_key_equal(one, id));
    CHECK(uuid_key_equal(one, uuid_key_read(others[i], strlen(others[i]))));
    for (size_t k = 0; k < i; k++)
      CHECK(!uuid_key_equal(one, uuid_key_read(others[k], strlen(others[k]))));
  }
  CHECK(uuid_key_is_none(uuid_key_read("", 0)));
}

int main(void) {
  d = cv_decoder_new();
  RUN(a_whole_message_is_read);
  RUN(only_the_topic_of_queue_conversations_is_ours);
  RUN(a_message_without_a_conversation_is_no_event);
  RUN(broken_messages_are_refused_and_leave_nothing_behind);
  RUN(times_of_all_shapes_are_read);
  RUN(the_queue_is_its_own_or_that_of_the_routing);
  RUN(values_that_cannot_be_read_are_noted);
  RUN(a_participant_without_an_id_is_noted);
  RUN(participants_past_the_limit_are_counted);
  RUN(a_later_participant_replaces_an_unanswered_alert);
  RUN(uuids_are_read_as_bytes_and_other_texts_are_hashed);
  cv_decoder_free(d);
  return check_done();
}
