/* SPDX-License-Identifier: MIT */
#include "common/net/channels/state.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

#define DO(action) GC_CHANNEL_DO_##action

enum {
  LOST = DO(BEGIN_GAP) | DO(STEP),
  FAILED = LOST | DO(DELAY_RECONNECT),
};

struct row {
  const char *name;
  enum gc_channel_state from;
  enum gc_channel_event event;
  enum gc_channel_state to;
  unsigned actions;
};

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct gc_channel_transition next =
        gc_channel_transition(rows[i].from, rows[i].event);
    CHECK_ROW(rows[i].name);
    CHECK_STR(gc_channel_state_name(next.state),
              gc_channel_state_name(rows[i].to));
    CHECK_INT(next.actions, rows[i].actions);
  }
}

static void a_channel_takes_its_steps_in_order(void) {
  static const struct row rows[] = {
      {"no topic yet", GC_CHANNEL_UNKNOWN, GC_CHANNEL_STEP_UNWANTED,
       GC_CHANNEL_UNKNOWN, DO(END_GAP)},
      {"no id: create", GC_CHANNEL_UNKNOWN, GC_CHANNEL_STEP_WITHOUT_ID,
       GC_CHANNEL_CREATING, DO(CANCEL_CALL) | DO(CREATE)},
      {"an id: check", GC_CHANNEL_UNKNOWN, GC_CHANNEL_STEP_WITH_ID,
       GC_CHANNEL_CHECKING, DO(CANCEL_CALL) | DO(CHECK)},
      {"created", GC_CHANNEL_CREATING, GC_CHANNEL_ON_CREATED,
       GC_CHANNEL_DISCONNECTED, DO(RESTART_TOPICS) | DO(STEP)},
      {"checked", GC_CHANNEL_CHECKING, GC_CHANNEL_ON_CHECKED,
       GC_CHANNEL_DISCONNECTED, DO(RESTART_TOPICS) | DO(STEP)},
      {"the socket", GC_CHANNEL_DISCONNECTED, GC_CHANNEL_STEP_WITH_ID,
       GC_CHANNEL_CONNECTING, DO(CONNECT)},
      {"connecting takes its time", GC_CHANNEL_CONNECTING,
       GC_CHANNEL_STEP_WITH_ID, GC_CHANNEL_CONNECTING, 0},
      {"opened", GC_CHANNEL_CONNECTING, GC_CHANNEL_ON_OPENED, GC_CHANNEL_OPEN,
       DO(ACCEPT_SOCKET) | DO(STEP)},
      {"ready", GC_CHANNEL_OPEN, GC_CHANNEL_STEP_WITH_ID, GC_CHANNEL_OPEN,
       DO(REPORT_READY)},
      {"no topics any longer", GC_CHANNEL_PROVEN, GC_CHANNEL_STEP_UNWANTED,
       GC_CHANNEL_CLOSING_IDLE, DO(END_GAP) | DO(CLOSE)},
      {"closed without a failure", GC_CHANNEL_CLOSING_IDLE, GC_CHANNEL_ON_ENDED,
       GC_CHANNEL_DISCONNECTED, DO(STEP)},
  };
  check_rows(rows, GC_COUNT(rows));
}

/* The topics' calls change no state, whatever their outcome. */
static void the_socket_does_not_depend_on_the_topics(void) {
  static const struct row rows[] = {
      {"no socket yet", GC_CHANNEL_DISCONNECTED, GC_CHANNEL_STEP_TOPICS,
       GC_CHANNEL_DISCONNECTED, DO(SUBSCRIBE)},
      {"while it connects", GC_CHANNEL_CONNECTING, GC_CHANNEL_STEP_TOPICS,
       GC_CHANNEL_CONNECTING, DO(SUBSCRIBE)},
      {"more topics", GC_CHANNEL_PROVEN, GC_CHANNEL_STEP_TOPICS,
       GC_CHANNEL_PROVEN, DO(SUBSCRIBE)},
      {"not while the id is in doubt", GC_CHANNEL_UNKNOWN,
       GC_CHANNEL_STEP_TOPICS, GC_CHANNEL_UNKNOWN, 0},
      {"a batch", GC_CHANNEL_CONNECTING, GC_CHANNEL_ON_SUBSCRIBED,
       GC_CHANNEL_CONNECTING, DO(PROLONG) | DO(STEP)},
      {"a batch is halved", GC_CHANNEL_OPEN, GC_CHANNEL_ON_BATCH_REFUSED,
       GC_CHANNEL_OPEN, DO(STEP)},
      {"a batch fails", GC_CHANNEL_DISCONNECTED, GC_CHANNEL_ON_CALL_FAILED,
       GC_CHANNEL_DISCONNECTED, DO(DELAY_TOPICS) | DO(STEP)},
      {"a batch fails on a socket", GC_CHANNEL_PROVEN,
       GC_CHANNEL_ON_CALL_FAILED, GC_CHANNEL_PROVEN,
       DO(DELAY_TOPICS) | DO(STEP)},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void a_creation_that_fails_is_repeated_later(void) {
  static const struct row rows[] = {
      {"creating", GC_CHANNEL_CREATING, GC_CHANNEL_ON_CALL_FAILED,
       GC_CHANNEL_UNKNOWN, DO(DELAY_CREATION) | DO(STEP)},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void only_a_check_that_does_not_find_a_channel_replaces_it(void) {
  static const struct row rows[] = {
      {"not found", GC_CHANNEL_CHECKING, GC_CHANNEL_ON_GONE, GC_CHANNEL_UNKNOWN,
       DO(FORGET_ID) | DO(STEP)},
      {"no outcome: the socket is tried", GC_CHANNEL_CHECKING,
       GC_CHANNEL_ON_CALL_FAILED, GC_CHANNEL_DISCONNECTED,
       DO(RESTART_TOPICS) | DO(STEP)},
      {"no answer: the socket is tried", GC_CHANNEL_CHECKING,
       GC_CHANNEL_ON_CHECK_LATE, GC_CHANNEL_DISCONNECTED,
       DO(CANCEL_CALL) | DO(RESTART_TOPICS) | DO(STEP)},
      {"the handshake", GC_CHANNEL_CONNECTING, GC_CHANNEL_ON_UPGRADE_REFUSED,
       GC_CHANNEL_UNKNOWN, FAILED},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void a_channel_in_doubt_is_checked(void) {
  static const struct row rows[] = {
      {"a message", GC_CHANNEL_PROVEN, GC_CHANNEL_ON_DOUBT,
       GC_CHANNEL_CLOSING_CHECK, DO(CLOSE)},
      {"the socket has ended", GC_CHANNEL_CLOSING_CHECK, GC_CHANNEL_ON_ENDED,
       GC_CHANNEL_UNKNOWN, FAILED},
      {"a call, without a socket", GC_CHANNEL_DISCONNECTED, GC_CHANNEL_ON_DOUBT,
       GC_CHANNEL_UNKNOWN, DO(DELAY_TOPICS) | DO(STEP)},
      {"accepted and closed", GC_CHANNEL_OPEN, GC_CHANNEL_ON_ENDED,
       GC_CHANNEL_UNKNOWN, FAILED},
      {"it did not open: no doubt", GC_CHANNEL_CONNECTING, GC_CHANNEL_ON_ENDED,
       GC_CHANNEL_DISCONNECTED, FAILED},
      {"the next step checks anyway", GC_CHANNEL_UNKNOWN, GC_CHANNEL_ON_DOUBT,
       GC_CHANNEL_UNKNOWN, 0},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void while_it_closes_the_latest_reason_counts(void) {
  static const struct row rows[] = {
      {"leaving, then doubt", GC_CHANNEL_CLOSING_RECONNECT, GC_CHANNEL_ON_DOUBT,
       GC_CHANNEL_CLOSING_CHECK, 0},
      {"doubt", GC_CHANNEL_CLOSING_ANNOUNCED, GC_CHANNEL_ON_DOUBT,
       GC_CHANNEL_CLOSING_CHECK, 0},
      {"doubt, then leaving", GC_CHANNEL_CLOSING_CHECK, GC_CHANNEL_ON_LEAVE,
       GC_CHANNEL_CLOSING_CHECK, 0},
      {"no topic is wanted", GC_CHANNEL_CLOSING_IDLE, GC_CHANNEL_ON_DOUBT,
       GC_CHANNEL_CLOSING_IDLE, 0},
      {"an announced end is late", GC_CHANNEL_CLOSING_CHECK,
       GC_CHANNEL_ON_ANNOUNCED, GC_CHANNEL_CLOSING_CHECK, 0},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void the_announced_end_of_a_proven_connection_is_no_failure(void) {
  static const struct row rows[] = {
      {"announced", GC_CHANNEL_PROVEN, GC_CHANNEL_ON_ANNOUNCED,
       GC_CHANNEL_PROVEN_ANNOUNCED, DO(SCHEDULE_NOTICE)},
      {"twice", GC_CHANNEL_PROVEN_ANNOUNCED, GC_CHANNEL_ON_ANNOUNCED,
       GC_CHANNEL_PROVEN_ANNOUNCED, 0},
      {"ended", GC_CHANNEL_PROVEN_ANNOUNCED, GC_CHANNEL_ON_ENDED,
       GC_CHANNEL_DISCONNECTED, LOST},
      {"left", GC_CHANNEL_PROVEN_ANNOUNCED, GC_CHANNEL_ON_LEAVE,
       GC_CHANNEL_CLOSING_ANNOUNCED, DO(CLOSE)},
      {"left, ended", GC_CHANNEL_CLOSING_ANNOUNCED, GC_CHANNEL_ON_ENDED,
       GC_CHANNEL_DISCONNECTED, LOST},
      {"announced before the proof", GC_CHANNEL_OPEN, GC_CHANNEL_ON_ANNOUNCED,
       GC_CHANNEL_OPEN_ANNOUNCED, DO(SCHEDULE_NOTICE)},
      {"proven after it", GC_CHANNEL_OPEN_ANNOUNCED, GC_CHANNEL_ON_PROOF,
       GC_CHANNEL_PROVEN_ANNOUNCED, DO(RESET_BACKOFF)},
      {"never proven: a failure", GC_CHANNEL_OPEN_ANNOUNCED,
       GC_CHANNEL_ON_ENDED, GC_CHANNEL_UNKNOWN, FAILED},
      {"never proven, left: a failure", GC_CHANNEL_OPEN_ANNOUNCED,
       GC_CHANNEL_ON_LEAVE, GC_CHANNEL_CLOSING_RECONNECT, DO(CLOSE)},
      {"left, ended: a failure", GC_CHANNEL_CLOSING_RECONNECT,
       GC_CHANNEL_ON_ENDED, GC_CHANNEL_DISCONNECTED, FAILED},
      {"not announced: a failure", GC_CHANNEL_PROVEN, GC_CHANNEL_ON_ENDED,
       GC_CHANNEL_DISCONNECTED, FAILED},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void a_retired_channel_reports_once_its_socket_has_ended(void) {
  static const struct row rows[] = {
      {"with a socket", GC_CHANNEL_PROVEN, GC_CHANNEL_ON_RETIRE,
       GC_CHANNEL_REPLACED, DO(END_GAP) | DO(CANCEL_CALL) | DO(OVERLAP)},
      {"after the overlap", GC_CHANNEL_REPLACED, GC_CHANNEL_ON_OVERLAP_END,
       GC_CHANNEL_RETIRING, DO(CLOSE)},
      {"at once", GC_CHANNEL_REPLACED, GC_CHANNEL_ON_RETIRE,
       GC_CHANNEL_RETIRING, DO(CLOSE)},
      {"no topic is wanted", GC_CHANNEL_REPLACED, GC_CHANNEL_STEP_UNWANTED,
       GC_CHANNEL_RETIRING, DO(CLOSE)},
      {"ended in the overlap", GC_CHANNEL_REPLACED, GC_CHANNEL_ON_ENDED,
       GC_CHANNEL_RETIRED, DO(STEP)},
      {"in doubt in the overlap", GC_CHANNEL_REPLACED, GC_CHANNEL_ON_DOUBT,
       GC_CHANNEL_REPLACED, 0},
      {"with a socket that is not open", GC_CHANNEL_CONNECTING,
       GC_CHANNEL_ON_RETIRE, GC_CHANNEL_RETIRING,
       DO(END_GAP) | DO(CANCEL_CALL) | DO(CLOSE)},
      {"while it closes", GC_CHANNEL_CLOSING_CHECK, GC_CHANNEL_ON_RETIRE,
       GC_CHANNEL_RETIRING, DO(END_GAP) | DO(CANCEL_CALL)},
      {"the next user of the id checks it", GC_CHANNEL_RETIRING,
       GC_CHANNEL_ON_DOUBT, GC_CHANNEL_RETIRING, 0},
      {"ended", GC_CHANNEL_RETIRING, GC_CHANNEL_ON_ENDED, GC_CHANNEL_RETIRED,
       DO(STEP)},
      {"without a socket", GC_CHANNEL_CREATING, GC_CHANNEL_ON_RETIRE,
       GC_CHANNEL_RETIRED, DO(END_GAP) | DO(CANCEL_CALL) | DO(STEP)},
      {"reports", GC_CHANNEL_RETIRED, GC_CHANNEL_STEP_WITH_ID,
       GC_CHANNEL_RETIRED, DO(REPORT_RETIRED)},
      {"reports, without topics", GC_CHANNEL_RETIRED, GC_CHANNEL_STEP_UNWANTED,
       GC_CHANNEL_RETIRED, DO(REPORT_RETIRED)},
  };
  check_rows(rows, GC_COUNT(rows));
}

static bool has_socket(enum gc_channel_state state) {
  return state >= GC_CHANNEL_CONNECTING;
}

static bool is_closing(enum gc_channel_state state) {
  return state >= GC_CHANNEL_CLOSING_IDLE;
}

static bool is_end(enum gc_channel_event event) {
  return event == GC_CHANNEL_ON_ENDED || event == GC_CHANNEL_ON_UPGRADE_REFUSED;
}

static void check_laws(enum gc_channel_state from,
                       enum gc_channel_event event) {
  char name[128];
  struct gc_channel_transition next = gc_channel_transition(from, event);
  bool connects = (next.actions & DO(CONNECT)) != 0;
  bool closes = (next.actions & DO(CLOSE)) != 0;
  snprintf(name, sizeof(name), "%s, event %d", gc_channel_state_name(from),
           event);
  CHECK_ROW(name);
  CHECK(next.state < GC_CHANNEL_STATE_COUNT);
  CHECK(connects ==
        (next.state == GC_CHANNEL_CONNECTING && from != GC_CHANNEL_CONNECTING));
  CHECK(closes == (is_closing(next.state) && !is_closing(from)));
  if (is_end(event))
    CHECK(!has_socket(next.state));
  else
    CHECK(has_socket(next.state) == has_socket(from) || connects);
  if ((next.actions & DO(FORGET_ID)) != 0)
    CHECK(from == GC_CHANNEL_CHECKING && event == GC_CHANNEL_ON_GONE);
  if ((next.actions & DO(CREATE)) != 0)
    CHECK(event == GC_CHANNEL_STEP_WITHOUT_ID);
  if (event == GC_CHANNEL_STEP_TOPICS)
    CHECK_STR(gc_channel_state_name(next.state), gc_channel_state_name(from));
  if (from == GC_CHANNEL_RETIRED)
    CHECK_STR(gc_channel_state_name(next.state), "retired");
  if (from == GC_CHANNEL_REPLACED)
    CHECK(next.state == from || next.state == GC_CHANNEL_RETIRING ||
          next.state == GC_CHANNEL_RETIRED);
  if (from == GC_CHANNEL_RETIRING)
    CHECK(next.state == GC_CHANNEL_RETIRING ||
          next.state == GC_CHANNEL_RETIRED);
}

/* The test sends each event in each state. */
static void a_socket_begins_and_ends_once(void) {
  for (int state = 0; state < GC_CHANNEL_STATE_COUNT; state++)
    for (int event = 0; event < GC_CHANNEL_EVENT_COUNT; event++)
      check_laws(state, event);
}

static void each_state_has_a_name_of_its_own(void) {
  for (int a = 0; a < GC_CHANNEL_STATE_COUNT; a++)
    for (int b = 0; b < a; b++)
      CHECK(strcmp(gc_channel_state_name(a), gc_channel_state_name(b)) != 0);
}

int main(void) {
  RUN(a_channel_takes_its_steps_in_order);
  RUN(the_socket_does_not_depend_on_the_topics);
  RUN(a_creation_that_fails_is_repeated_later);
  RUN(only_a_check_that_does_not_find_a_channel_replaces_it);
  RUN(a_channel_in_doubt_is_checked);
  RUN(while_it_closes_the_latest_reason_counts);
  RUN(the_announced_end_of_a_proven_connection_is_no_failure);
  RUN(a_retired_channel_reports_once_its_socket_has_ended);
  RUN(a_socket_begins_and_ends_once);
  RUN(each_state_has_a_name_of_its_own);
  return check_done();
}
