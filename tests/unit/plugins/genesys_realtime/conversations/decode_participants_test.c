/* SPDX-License-Identifier: MIT */
/* The facts about a participant that its communications show. */
#include "plugins/genesys_realtime/conversations/event.h"

#include "tests/support/cv_decode.h"

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
    const struct cv_party *p = read_party(rows[i].members);
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
      {"given up by the platform",
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
      {"an unknown state",
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
    CHECK_INT(read_party(members)->connected_ms, rows[i].connected_ms);
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
    CHECK(read_party(members)->transferred == rows[i].transferred);
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
    CHECK_INT(read_party(rows[i].members)->purpose, rows[i].purpose);
  }
}

static void a_leg_may_be_parked(void) {
  CHECK(read_party("\"purpose\":\"agent\",\"emails\":[{\"state\":\"parked\"}]")
            ->parked);
  CHECK(!read_party(
             "\"purpose\":\"agent\",\"emails\":[{\"state\":\"connected\"}]")
             ->parked);
  CHECK(!read_party("\"purpose\":\"agent\",\"emails\":[{\"state\":\"parked\","
                    "\"disconnectedTime\":\"2026-08-01T10:00:00Z\"}]")
             ->parked);
  CHECK_INT(read_party("\"purpose\":\"agent\",\"connectedTime\":"
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
    CHECK(read_party(rows[i].members)->acw_skipped == rows[i].skipped);
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
      {"cancelled, with the time of its creation",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"endTime\":"
       "\"2026-08-01T10:30:00Z\",\"callbacks\":[{\"state\":\"disconnected\","
       "\"callbackScheduledTime\":\"2026-08-01T11:00:00Z\"}]",
       0, false},
      {"answered before its new time",
       "\"connectedTime\":\"2026-08-01T10:00:00Z\",\"endTime\":"
       "\"2026-08-01T10:30:00Z\",\"callbacks\":[{\"state\":\"disconnected\","
       "\"disconnectType\":\"transfer\","
       "\"callbackScheduledTime\":\"2026-08-01T11:00:00Z\"}]",
       T10, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char members[512];
    CHECK_ROW(rows[i].row);
    snprintf(members, sizeof(members), "\"purpose\":\"acd\",%s",
             rows[i].members);
    const struct cv_party *p = read_party(members);
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
    CHECK_INT(read_party(rows[i].members)->end_ms, rows[i].end_ms);
  }
}

static void wrapup_ends_with_its_own_time_when_no_other_is_given(void) {
  CHECK_INT(read_party("\"wrapup\":{\"endTime\":\"2026-08-01T10:00:00Z\"}")
                ->acw_end_ms,
            T10);
  CHECK_INT(read_party("\"wrapup\":{\"endTime\":\"2026-08-01T10:00:00Z\"},"
                       "\"endAcwTime\":\"2026-08-01T10:00:01Z\"")
                ->acw_end_ms,
            T10 + 1000);
}

static void a_leg_that_is_over_is_not_on_hold(void) {
  CHECK(
      read_party("\"calls\":[{\"held\":true,\"state\":\"connected\"}]")->held);
  CHECK(!read_party("\"calls\":[{\"held\":true,\"state\":\"disconnected\"}]")
             ->held);
  CHECK(!read_party("\"calls\":[{\"held\":null}]")->held);
}

int main(void) {
  d = cv_decoder_new();
  RUN(the_array_of_the_communication_is_the_medium);
  RUN(an_alert_is_no_answer);
  RUN(a_transfer_needs_a_leg_that_was_connected);
  RUN(a_supervisor_is_no_agent);
  RUN(a_leg_may_be_parked);
  RUN(after_call_work_may_be_skipped);
  RUN(a_scheduled_callback_waits_from_its_time);
  RUN(a_participant_ends_with_its_last_communication);
  RUN(wrapup_ends_with_its_own_time_when_no_other_is_given);
  RUN(a_leg_that_is_over_is_not_on_hold);
  cv_decoder_free(d);
  return check_done();
}
