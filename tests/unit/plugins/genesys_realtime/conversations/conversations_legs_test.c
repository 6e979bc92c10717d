/* SPDX-License-Identifier: MIT */
/* Agents with several communications, from the text of the platform: state and
 * counts are the same whichever snapshots arrive, in any order. */
#include "tests/support/cv_decode.h"
#include "tests/support/cv_model.h"

#define CALL(state, times) "{\"id\":\"c\",\"state\":\"" state "\"" times "}"
#define AT_S(name, s) ",\"" name "\":\"2026-08-01T10:00:" s "Z\""

/* Applies a snapshot: a contact of q1 since 2 s, and the agent who answered it
 * at 4 s, with the members `agent`. */
static void apply_agent(const char *agent) {
  static char json[4096];
  snprintf(
      json, sizeof(json),
      "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":["
      "{\"id\":\"p1\",\"purpose\":\"customer\"" AT_S(
          "connectedTime",
          "01.000") "},"
                    "{\"id\":\"p2\",\"purpose\":\"acd\",\"queueId\":"
                    "\"q1\"" AT_S("connectedTime", "02.000")
                        AT_S("endTime", "04.000") ",\"calls\":[" CALL(
                            "disconnected",
                            ",\"disconnectType\":\"transfer\"") "]},"
                                                                "{\"id\":"
                                                                "\"p3\","
                                                                "\"purpose\":"
                                                                "\"agent\","
                                                                "\"queueId\":"
                                                                "\"q1\",%s}]}}",
      agent);
  const struct cv_event *e = read_text(json);
  CHECK(e != NULL);
  if (e != NULL)
    CHECK_INT(conversations_apply(m, e), GC_OK);
}

#define FIRST CALL("connected", AT_S("connectedTime", "04.000"))
#define FIRST_OVER                                                             \
  CALL("disconnected", AT_S("connectedTime", "04.000")                         \
                           AT_S("disconnectedTime",                            \
                                "05.000") ",\"disconnectType\":\"client\"")
#define REFUSED                                                                \
  CALL("disconnected",                                                         \
       AT_S("disconnectedTime",                                                \
            "05.000") ",\"disconnectType\":\"transfer.noanswer\"")
#define SECOND CALL("connected", AT_S("connectedTime", "05.200"))
#define SECOND_RINGS CALL("alerting", "")
#define SECOND_OVER                                                            \
  CALL("disconnected", AT_S("connectedTime", "05.200")                         \
                           AT_S("disconnectedTime",                            \
                                "09.000") ",\"disconnectType\":\"client\"")
#define CONNECTED "\"connectedTime\":\"2026-08-01T10:00:04.000Z\","

static const struct {
  const char *row, *snapshots[3];
  enum cv_state state;
} rows[] = {
    {"a second call",
     {CONNECTED "\"calls\":[" FIRST "]", CONNECTED "\"calls\":[" FIRST_OVER "]",
      CONNECTED "\"calls\":[" FIRST_OVER "," SECOND "]"},
     CV_STATE_ACTIVE},
    {"a second call that rings",
     {CONNECTED "\"calls\":[" FIRST "]", CONNECTED "\"calls\":[" FIRST_OVER "]",
      CONNECTED "\"calls\":[" FIRST_OVER "," SECOND_RINGS "]"},
     CV_STATE_ACTIVE},
    {"a second call that is over",
     {CONNECTED "\"calls\":[" FIRST_OVER "]",
      CONNECTED "\"calls\":[" FIRST_OVER "," SECOND "]",
      CONNECTED "\"calls\":[" FIRST_OVER "," SECOND_OVER "]"},
     CV_STATE_ENDED},
    {"an alert without an answer, then a call",
     {"\"calls\":[" SECOND_RINGS "]", "\"calls\":[" REFUSED "]",
      "\"calls\":[" REFUSED "," SECOND "]"},
     CV_STATE_ACTIVE},
    {"the participant ends later than its call",
     {CONNECTED "\"calls\":[" FIRST "]", CONNECTED "\"calls\":[" FIRST_OVER "]",
      CONNECTED
      "\"endTime\":\"2026-08-01T10:00:07.000Z\",\"calls\":[" FIRST_OVER "]"},
     CV_STATE_ENDED},
};

static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static int64_t net_changes(const char *queue) {
  struct conversations_totals t = totals_of(queue);
  int64_t sum = 0;
  for (int from = 0; from < CV_STATE_COUNT; from++)
    for (int to = 0; to < CV_STATE_COUNT; to++)
      sum +=
          (int64_t)(t.facts.changes[from][to]) * (from * CV_STATE_COUNT + to);
  return sum;
}

static void the_order_of_the_snapshots_does_not_matter(void) {
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    int64_t in_order = 0;
    CHECK_ROW(rows[i].row);
    for (size_t k = 0; k < GC_COUNT(orders); k++) {
      begin_model();
      for (unsigned n = 0; n < 3; n++)
        apply_agent(rows[i].snapshots[orders[k][n]]);
      check_counts("q1", 1, 1, 0, 0);
      CHECK_INT(totals_of("q1").states[rows[i].state],
                rows[i].state != CV_STATE_ENDED);
      CHECK_INT(totals_of("q1").active, rows[i].state != CV_STATE_ENDED);
      in_order = k == 0 ? net_changes("q1") : in_order;
      CHECK_INT(net_changes("q1"), in_order);
    }
  }
}

/* Without the snapshot in between, everything is the same. */
static void a_snapshot_that_is_lost_does_not_matter(void) {
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin_model();
    for (unsigned n = 0; n < 3; n++)
      apply_agent(rows[i].snapshots[n]);
    int64_t all = net_changes("q1");
    begin_model();
    apply_agent(rows[i].snapshots[2]);
    CHECK_INT(net_changes("q1"), all);
    CHECK_INT(totals_of("q1").active, rows[i].state != CV_STATE_ENDED);
  }
}

int main(void) {
  d = cv_decoder_new();
  RUN(the_order_of_the_snapshots_does_not_matter);
  RUN(a_snapshot_that_is_lost_does_not_matter);
  cv_decoder_free(d);
  conversations_free(m);
  return check_done();
}
