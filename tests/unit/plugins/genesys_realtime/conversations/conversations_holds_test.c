/* SPDX-License-Identifier: MIT */
/* Holds are counted exactly, each once, in any order. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include <stdio.h>

#include "tests/support/cv_model.h"

enum { CALLS = 500, HOLDS = 6 };

static uint64_t random_state = 1;

static unsigned random_below(unsigned sides) {
  random_state = random_state * UINT64_C(6364136223846793005) +
                 UINT64_C(1442695040888963407);
  return (unsigned)(random_state >> 33) % sides;
}

static void hold_at(struct cv_party *agent, double at) {
  agent->held = true;
  agent->hold_ms = AT(at);
  apply_life();
  agent->held = false;
  agent->hold_ms = 0;
  apply_life();
}

static void check_holds(uint64_t count) {
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_HELD), count);
  CHECK_INT(changes_of("q1", CV_STATE_HELD, CV_STATE_ACTIVE), count);
}

static struct cv_party *begin_call(const char *id, double answered) {
  struct cv_party *customer, *acd;
  life_begin(&life, id);
  offer_contact(&customer, &acd);
  apply_life();
  struct cv_party *agent = answer_contact(acd, answered);
  apply_life();
  return agent;
}

static void no_hold_of_many_calls_is_lost(void) {
  char id[16];
  begin_model();
  for (int i = 0; i < CALLS; i++) {
    double at = 10;
    snprintf(id, sizeof(id), "c%d", i);
    struct cv_party *agent = begin_call(id, 5);
    for (int k = 0; k < HOLDS; k++)
      hold_at(agent, at += 1 + random_below(100000) / 1000.0);
  }
  check_holds(CALLS * HOLDS);
}

/* The model gets the snapshots again, in any order. */
static void a_repeat_of_any_hold_is_not_counted(void) {
  static struct cv_event kept[2 * HOLDS];
  unsigned count = 0;
  begin_model();
  struct cv_party *agent = begin_call("c1", 5);
  for (int k = 0; k < HOLDS; k++) {
    agent->held = true;
    agent->hold_ms = AT(10 + 7 * k);
    kept[count++] = life.now;
    apply_life();
    agent->held = false;
    kept[count++] = life.now;
    apply_life();
  }
  for (int i = 0; i < 1000; i++)
    CHECK_INT(conversations_apply(m, &kept[random_below(count)]), GC_OK);
  check_holds(HOLDS);
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
}

static void two_agents_have_holds_of_their_own(void) {
  begin_model();
  struct cv_party *agent = begin_call("c1", 5);
  struct cv_party *other = life_connected(&life, CV_AGENT, "q2", 5);
  apply_life();
  for (int k = 0; k < 3; k++) {
    hold_at(agent, 10 + 10 * k);
    hold_at(other, 10 + 10 * k);
  }
  check_holds(3);
  CHECK_INT(changes_of("q2", CV_STATE_ACTIVE, CV_STATE_HELD), 3);
}

/* The holds of a participant that made room are forgotten with it. */
static void a_new_participant_has_no_holds_of_a_dropped_one(void) {
  begin_model();
  life_connected(&life, CV_CUSTOMER, NULL, 1);
  for (int i = 0; i < 80; i++) {
    double at = 2 + 100.0 * i;
    struct cv_party *acd = life_connected(&life, CV_ACD, "q1", at);
    struct cv_party *agent = answer_contact(acd, at + 5);
    apply_life();
    hold_at(agent, at + 10);
    hold_at(agent, at + 20);
    agent->end_ms = AT(at + 90);
    apply_life();
  }
  check_holds(2 * 80);
}

static void endless_holds_are_counted_in_bounded_memory(void) {
  struct cv_event first;
  begin_model();
  struct cv_party *agent = begin_call("c1", 5);
  size_t before = read_stats().bytes;
  for (int k = 0; k < 20000; k++) {
    agent->held = true;
    agent->hold_ms = AT(10 + k);
    if (k == 10)
      first = life.now;
    apply_life();
    agent->held = false;
    apply_life();
  }
  check_holds(20000);
  CHECK(read_stats().bytes - before < 20000);
  CHECK_INT(conversations_apply(m, &first), GC_OK);
  check_holds(20000);
}

static void removed_conversations_leave_no_holds_behind(void) {
  begin_model();
  life_tick(m, AT(0), AT(0));
  struct cv_party *agent = begin_call("c1", 5);
  for (int k = 0; k < 50; k++)
    hold_at(agent, 10 + k);
  CHECK(cv_parts_bytes(m) > 0);
  CHECK(close_conversation(life.now.id));
  life_tick(m, AT(700), AT(700));
  CHECK_INT(read_stats().count, 0);
  CHECK_INT(cv_parts_bytes(m), 0);
}

/* A supervisor who listens, coaches or barges in is no agent of the contact. */
static void a_supervisor_hides_no_hold(void) {
  begin_model();
  struct cv_party *agent = begin_call("c1", 5);
  struct cv_party *supervisor = life_connected(&life, CV_AGENT, "q1", 7);
  supervisor->purpose = CV_WATCHER;
  apply_life();
  agent->held = true;
  agent->hold_ms = AT(10);
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_HELD], 1);
  agent->held = false;
  apply_life();
  check_holds(1);
  agent->end_ms = AT(20);
  apply_life();
  CHECK_INT(totals_of("q1").active, 0);
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_ENDED), 1);
}

int main(void) {
  RUN(no_hold_of_many_calls_is_lost);
  RUN(a_repeat_of_any_hold_is_not_counted);
  RUN(two_agents_have_holds_of_their_own);
  RUN(a_new_participant_has_no_holds_of_a_dropped_one);
  RUN(endless_holds_are_counted_in_bounded_memory);
  RUN(removed_conversations_leave_no_holds_behind);
  RUN(a_supervisor_hides_no_hold);
  conversations_free(m);
  return check_done();
}
