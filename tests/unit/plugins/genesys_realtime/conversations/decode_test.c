/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "plugins/genesys_realtime/conversations/event.h"
#include "tests/support/check.h"

#define TOPIC "\"topicName\":\"v2.routing.queues.q1.conversations\""
#define T10 INT64_C(1785578400000) /* 2026-08-01T10:00:00Z */

static struct cv_decoder *d;
static struct gc_err err;

static const struct cv_event *read_bytes(const char *json, size_t len) {
  const struct cv_event *e = NULL;
  CHECK_INT(cv_decoder_read(d, json, len, &e, &err), GC_OK);
  return e;
}

static const struct cv_event *read_text(const char *json) {
  return read_bytes(json, strlen(json));
}

/* The one participant with these members. */
static const struct cv_party *party(const char *members) {
  static const struct cv_party none;
  static char json[8192];
  snprintf(json, sizeof(json),
           "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":[{\"id\":"
           "\"p1\",%s}]}}",
           members);
  const struct cv_event *e = read_text(json);
  CHECK(e != NULL && e->count == 1);
  return e != NULL && e->count == 1 ? &e->parties[0] : &none;
}

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
    CHECK(party("\"purpose\":\"acd\"")->purpose == CV_ACD);
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

static void the_array_of_the_communication_is_the_medium(void) {
  static const struct {
    const char *members;
    enum cv_media media;
    const char *label;
  } rows[] = {
      {"\"calls\":[{}]", CV_VOICE, "voice"},
      {"\"callbacks\":[{}]", CV_CALLBACK, "callback"},
      {"\"chats\":[{}]", CV_CHAT, "chat"},
      {"\"emails\":[{}]", CV_EMAIL, "email"},
      {"\"messages\":[{}]", CV_MESSAGE, "message"},
      {"\"cobrowsesessions\":[{}]", CV_COBROWSE, "cobrowse"},
      {"\"screenshares\":[{}]", CV_SCREENSHARE, "screenshare"},
      {"\"socialExpressions\":[{}]", CV_SOCIAL, "socialexpression"},
      {"\"videos\":[{}]", CV_VIDEO, "video"},
      {"\"internalMessages\":[{}]", CV_INTERNAL, "internalmessage"},
      {"\"screenMonitorings\":[{}]", CV_MONITORING, "screenmonitoring"},
      {"\"calls\":[{}],\"callbacks\":[{}]", CV_CALLBACK, "callback"},
      {"\"videos\":[{}],\"calls\":[{}]", CV_VOICE, "voice"},
      {"\"calls\":[],\"chats\":[{}]", CV_CHAT, "chat"},
      {"\"calls\":null", CV_UNKNOWN, "unknown"},
      {"\"faxes\":[{}]", CV_UNKNOWN, "unknown"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].members);
    const struct cv_party *p = party(rows[i].members);
    CHECK_INT(p->media, rows[i].media);
    CHECK_STR(cv_media_label((enum cv_media)p->media), rows[i].label);
  }
}

static void an_alert_is_no_answer(void) {
  static const struct {
    const char *row, *members;
    int64_t connected_ms;
  } rows[] = {
      {"rings", "\"calls\":[{\"state\":\"alerting\"}]", 0},
      {"rings with a participant's time",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"calls\":[{\"state\":"
       "\"alerting\"}]",
       0},
      {"is contacted",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"calls\":[{\"state\":"
       "\"contacting\"}]",
       0},
      {"gave up",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"endTime\":"
       "\"2026-08-01T10:00:30Z\",\"calls\":[{\"state\":\"disconnected\","
       "\"disconnectType\":\"transfer.noanswer\"}]",
       0},
      {"declined",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"callbacks\":[{\"state\":"
       "\"disconnected\",\"initialState\":\"alerting\",\"disconnectType\":"
       "\"client\",\"disconnectedTime\":\"2026-08-01T10:00:30Z\"}]",
       0},
      {"gave up by the platform",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"callbacks\":[{\"state\":"
       "\"disconnected\",\"initialState\":\"alerting\",\"disconnectType\":"
       "\"system\",\"disconnectedTime\":\"2026-08-01T10:00:30Z\"}]",
       0},
      {"the customer left while it rang",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"calls\":[{\"state\":"
       "\"disconnected\",\"disconnectType\":\"peer\",\"disconnectedTime\":"
       "\"2026-08-01T10:00:30Z\"}]",
       0},
      {"answered",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"calls\":[{\"state\":"
       "\"connected\"}]",
       T10},
      {"answered, by the communication's time",
       "\"calls\":[{\"state\":\"connected\",\"connectedTime\":"
       "\"2026-08-01T10:00:00Z\"}]",
       T10},
      {"answered, by the first of two",
       "\"calls\":[{\"connectedTime\":\"2026-08-01T10:00:07Z\"}],"
       "\"callbacks\":[{\"connectedTime\":\"2026-08-01T10:00:00Z\"}]",
       T10},
      {"accepted a callback and dials",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"callbacks\":[{\"state\":"
       "\"connected\"}],\"calls\":[{\"state\":\"dialing\"}]",
       T10},
      {"answered and left",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"calls\":[{\"state\":"
       "\"disconnected\",\"disconnectType\":\"transfer\"}]",
       T10},
      {"a state nobody knows",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"calls\":[{\"state\":"
       "\"teleporting\"}]",
       T10},
      {"no communication", "\"connectedTime\":\"2026-08-01T10:00:00Z\"", T10},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char members[512];
    CHECK_ROW(rows[i].row);
    snprintf(members, sizeof(members), "\"purpose\":\"agent\",%s",
             rows[i].members);
    CHECK_INT(party(members)->connected_ms, rows[i].connected_ms);
  }
}

static void a_transfer_needs_a_leg_that_was_connected(void) {
  static const struct {
    const char *row, *members;
    bool transferred;
  } rows[] = {
      {"connected and transferred",
       "\"calls\":[{\"state\":\"disconnected\",\"connectedTime\":"
       "\"2026-08-01T10:00:00Z\",\"disconnectedTime\":"
       "\"2026-08-01T10:01:00Z\",\"disconnectType\":\"transfer\"}]",
       true},
      {"after a consultation",
       "\"calls\":[{\"state\":\"disconnected\",\"connectedTime\":"
       "\"2026-08-01T10:00:00Z\",\"disconnectType\":"
       "\"transfer.consult\"}]",
       true},
      {"without times",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"calls\":[{\"state\":"
       "\"disconnected\",\"disconnectType\":\"transfer\"}]",
       true},
      {"a first leg without an answer",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"calls\":[{\"state\":"
       "\"disconnected\",\"disconnectType\":\"transfer.noanswer\"},"
       "{\"state\":\"connected\",\"connectedTime\":"
       "\"2026-08-01T10:00:20Z\"}]",
       false},
      {"a leg that ended before it was connected",
       "\"callbacks\":[{\"state\":\"connected\",\"connectedTime\":"
       "\"2026-08-01T10:00:20Z\"}],\"calls\":[{\"state\":"
       "\"disconnected\",\"disconnectedTime\":\"2026-08-01T10:01:00Z\","
       "\"disconnectType\":\"transfer\"}]",
       false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char members[512];
    CHECK_ROW(rows[i].row);
    snprintf(members, sizeof(members), "\"purpose\":\"agent\",%s",
             rows[i].members);
    CHECK(party(members)->transferred == rows[i].transferred);
  }
}

static void a_supervisor_is_no_agent(void) {
  static const struct {
    const char *members;
    enum cv_purpose purpose;
  } rows[] = {
      {"\"purpose\":\"agent\"", CV_AGENT},
      {"\"purpose\":\"agent\",\"monitoredParticipantId\":\"p2\"", CV_WATCHER},
      {"\"coachedParticipantId\":\"p2\",\"purpose\":\"agent\"", CV_WATCHER},
      {"\"purpose\":\"agent\",\"bargedParticipantId\":\"p2\"", CV_WATCHER},
      {"\"purpose\":\"agent\",\"screenMonitoredParticipantId\":\"p2\"",
       CV_WATCHER},
      {"\"purpose\":\"agent\",\"monitoredParticipantId\":\"\"", CV_AGENT},
      {"\"purpose\":\"agent\",\"monitoredParticipantId\":null", CV_AGENT},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].members);
    CHECK_INT(party(rows[i].members)->purpose, rows[i].purpose);
  }
}

static void a_leg_may_be_parked(void) {
  CHECK(party("\"purpose\":\"agent\",\"emails\":[{\"state\":\"parked\"}]")
            ->parked);
  CHECK(!party("\"purpose\":\"agent\",\"emails\":[{\"state\":\"connected\"}]")
             ->parked);
  CHECK(!party("\"purpose\":\"agent\",\"emails\":[{\"state\":\"parked\","
               "\"disconnectedTime\":\"2026-08-01T10:00:00Z\"}]")
             ->parked);
  CHECK_INT(party("\"purpose\":\"agent\",\"connectedTime\":"
                  "\"2026-08-01T10:00:00Z\",\"emails\":[{\"state\":"
                  "\"parked\"}]")
                ->connected_ms,
            T10);
}

static void after_call_work_may_be_skipped(void) {
#define ACW                                                                    \
  "\"startAcwTime\":\"2026-08-01T10:00:00Z\",\"endAcwTime\":"                  \
  "\"2026-08-01T10:00:09Z\","
  static const struct {
    const char *members;
    bool skipped;
  } rows[] = {
      {ACW "\"calls\":[{\"afterCallWork\":{\"state\":\"complete\"}}]", false},
      {ACW "\"calls\":[{\"afterCallWork\":{\"state\":\"skipped\"}}]", true},
      {ACW "\"calls\":[{\"afterCallWork\":{\"state\":\"notApplicable\"}}]",
       true},
      {ACW "\"calls\":[{\"afterCallWork\":{\"state\":\"skipped\"}}],"
           "\"callbacks\":[{\"afterCallWork\":{\"state\":\"pending\"}}]",
       false},
      {ACW "\"calls\":[{}]", false},
      {"\"startAcwTime\":\"2026-08-01T10:00:00Z\",\"endAcwTime\":"
       "\"2026-08-01T10:00:00Z\"",
       true},
      {"\"startAcwTime\":\"2026-08-01T10:00:00Z\"", false},
  };
#undef ACW
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].members);
    CHECK(party(rows[i].members)->acw_skipped == rows[i].skipped);
  }
}

/* The shape of a scheduled callback before and after its time. */
static void a_scheduled_callback_waits_from_its_time(void) {
  static const struct {
    const char *row, *members;
    int64_t connected_ms;
    bool scheduled;
  } rows[] = {
      {"before",
       "\"callbacks\":[{\"state\":\"scheduled\","
       "\"callbackScheduledTime\":\"2026-08-01T11:00:00Z\"}]",
       0, true},
      {"before, with a participant's time",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"callbacks\":[{\"state\":"
       "\"scheduled\",\"callbackScheduledTime\":\"2026-08-01T11:00:00Z\"}]",
       0, true},
      {"at its time",
       "\"connectedTime\":\"2026-08-01T11:00:01.092Z\",\"callbacks\":[{"
       "\"state\":\"connected\",\"initialState\":\"scheduled\","
       "\"connectedTime\":\"2026-08-01T11:00:01.092Z\","
       "\"callbackScheduledTime\":\"2026-08-01T11:00:00Z\"}]",
       T10 + 3601092, false},
      {"with the time of its creation",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"callbacks\":[{"
       "\"state\":\"connected\",\"connectedTime\":\"2026-08-01T10:00:00Z\","
       "\"callbackScheduledTime\":\"2026-08-01T11:00:00Z\"}]",
       T10 + 3600000, false},
      {"cancelled",
       "\"endTime\":\"2026-08-01T10:30:00Z\",\"callbacks\":[{\"state\":"
       "\"disconnected\",\"initialState\":\"scheduled\","
       "\"disconnectedTime\":\"2026-08-01T10:30:00Z\","
       "\"callbackScheduledTime\":\"2026-08-01T11:00:00Z\"}]",
       0, false},
      {"out of the queue before its new time",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"endTime\":"
       "\"2026-08-01T10:30:00Z\",\"callbacks\":[{\"state\":\"disconnected\","
       "\"callbackScheduledTime\":\"2026-08-01T11:00:00Z\"}]",
       T10, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char members[512];
    CHECK_ROW(rows[i].row);
    snprintf(members, sizeof(members), "\"purpose\":\"acd\",%s",
             rows[i].members);
    const struct cv_party *p = party(members);
    CHECK_INT(p->connected_ms, rows[i].connected_ms);
    CHECK(p->scheduled == rows[i].scheduled);
  }
}

static void a_participant_ends_with_its_last_communication(void) {
  static const struct {
    const char *members;
    int64_t end_ms;
  } rows[] = {
      {"\"endTime\":\"2026-08-01T10:00:03Z\",\"calls\":[{\"state\":"
       "\"disconnected\",\"disconnectedTime\":\"2026-08-01T10:00:01Z\"}]",
       T10 + 3000},
      {"\"calls\":[{\"state\":\"disconnected\",\"disconnectedTime\":"
       "\"2026-08-01T10:00:01Z\"}]",
       T10 + 1000},
      {"\"calls\":[{\"state\":\"disconnected\",\"disconnectedTime\":"
       "\"2026-08-01T10:00:01Z\"},{\"state\":\"connected\"}]",
       0},
      {"\"calls\":[{\"state\":\"disconnected\",\"disconnectedTime\":"
       "\"2026-08-01T10:00:01Z\"}],\"callbacks\":[{\"disconnectedTime\":"
       "\"2026-08-01T10:00:02Z\"}]",
       T10 + 2000},
      {"\"calls\":[]", 0},
      {"\"endTime\":null", 0},
      {"\"endTime\":\"soon\"", 0},
      {"\"endTime\":\"1969-12-31T23:59:59.000Z\"", 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].members);
    CHECK_INT(party(rows[i].members)->end_ms, rows[i].end_ms);
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
      CHECK_INT(party(members)->end_ms, rows[i].ms);
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
    CHECK_STR(party(rows[i].members)->queue_text, rows[i].queue);
  }
}

static void wrapup_ends_with_its_own_time_when_no_other_is_given(void) {
  CHECK_INT(
      party("\"wrapup\":{\"endTime\":\"2026-08-01T10:00:00Z\"}")->acw_end_ms,
      T10);
  CHECK_INT(party("\"wrapup\":{\"endTime\":\"2026-08-01T10:00:00Z\"},"
                  "\"endAcwTime\":\"2026-08-01T10:00:01Z\"")
                ->acw_end_ms,
            T10 + 1000);
}

static void a_leg_that_is_over_is_not_on_hold(void) {
  CHECK(party("\"calls\":[{\"held\":true,\"state\":\"connected\"}]")->held);
  CHECK(!party("\"calls\":[{\"held\":true,\"state\":\"disconnected\"}]")->held);
  CHECK(!party("\"calls\":[{\"held\":null}]")->held);
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
  RUN(the_array_of_the_communication_is_the_medium);
  RUN(an_alert_is_no_answer);
  RUN(a_transfer_needs_a_leg_that_was_connected);
  RUN(a_supervisor_is_no_agent);
  RUN(a_leg_may_be_parked);
  RUN(after_call_work_may_be_skipped);
  RUN(a_scheduled_callback_waits_from_its_time);
  RUN(a_participant_ends_with_its_last_communication);
  RUN(times_of_all_shapes_are_read);
  RUN(the_queue_is_its_own_or_that_of_the_routing);
  RUN(wrapup_ends_with_its_own_time_when_no_other_is_given);
  RUN(a_leg_that_is_over_is_not_on_hold);
  RUN(participants_past_the_limit_are_counted);
  RUN(a_later_participant_replaces_an_unanswered_alert);
  RUN(uuids_are_read_as_bytes_and_other_texts_are_hashed);
  cv_decoder_free(d);
  return check_done();
}
