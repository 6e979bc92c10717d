/* SPDX-License-Identifier: MIT */
/* The state of a conversation; a merge only adds facts. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include "tests/support/cv_model.h"

/* ---- states ---- */

static void the_state_is_the_highest_open_participant(void) {
  struct cv_party *customer, *acd, *agent, *other;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  other = life_add(&life, CV_AGENT, "q1");
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_ALERTING], 1);
  agent = answer_contact(acd, 5);
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
  agent->held = true;
  agent->hold_ms = AT(6);
  other->end_ms = AT(5);
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_HELD], 1);
  agent->held = false;
  agent->end_ms = agent->acw_start_ms = AT(9);
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_WRAPUP], 1);
  CHECK_INT(totals_of("q1").active, 0);
  agent->acw_end_ms = AT(12);
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_WRAPUP], 0);
  CHECK_INT(changes_of("q1", CV_STATE_WAITING, CV_STATE_ALERTING), 1);
  CHECK_INT(changes_of("q1", CV_STATE_ALERTING, CV_STATE_ACTIVE), 1);
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_HELD), 1);
  CHECK_INT(changes_of("q1", CV_STATE_HELD, CV_STATE_ACTIVE), 1);
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_WRAPUP), 1);
  CHECK_INT(changes_of("q1", CV_STATE_WRAPUP, CV_STATE_ENDED), 1);
  CHECK_INT(all_changes("q1"), 6);
}

/* Returns the changes without those that were taken back. */
static uint64_t net_changes(enum cv_state from, enum cv_state to) {
  return totals_of("q1").facts.changes[from][to];
}

/* The state is the same if after-call work was announced before. */
static void skipped_after_call_work_is_no_wrapup(void) {
  for (int begun = 0; begun < 2; begun++) {
    struct cv_party *customer, *acd, *agent;
    begin_model();
    offer_contact(&customer, &acd);
    agent = answer_contact(acd, 5);
    apply_life();
    agent->end_ms = agent->acw_start_ms = AT(9);
    if (begun) {
      apply_life();
      CHECK_INT(totals_of("q1").states[CV_STATE_WRAPUP], 1);
    }
    agent->acw_end_ms = AT(9);
    agent->acw_skipped = true;
    apply_life();
    CHECK_INT(totals_of("q1").states[CV_STATE_WRAPUP], 0);
    CHECK_INT(net_changes(CV_STATE_ACTIVE, CV_STATE_ENDED), 1);
    CHECK_INT(net_changes(CV_STATE_ACTIVE, CV_STATE_WRAPUP), 0);
    CHECK_INT(net_changes(CV_STATE_WRAPUP, CV_STATE_ENDED), 0);
    CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_WRAPUP), begun);
  }
}

static void a_wrapup_does_not_hide_a_contact_that_waits_again(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  agent->end_ms = agent->acw_start_ms = AT(10);
  life_connected(&life, CV_ACD, "q1", 10);
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_WAITING], 1);
}

static void a_participant_that_ended_stays_ended(void) {
  struct cv_event older;
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  apply_life();
  older = life.now;
  agent->end_ms = customer->end_ms = AT(30);
  apply_life();
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  older.count = 2;
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  CHECK_INT(totals_of("q1").active, 0);
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_ENDED), 1);
}

static void a_hold_that_is_repeated_is_one_hold(void) {
  struct cv_event held;
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  apply_life();
  agent->held = true;
  agent->hold_ms = AT(6);
  apply_life();
  held = life.now;
  agent->held = false;
  agent->hold_ms = 0;
  apply_life();
  CHECK_INT(conversations_apply(m, &held), GC_OK);
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_HELD), 1);
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
}

static void a_hold_without_a_time_is_counted_once(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  for (int i = 0; i < 3; i++) {
    agent->held = !agent->held;
    apply_life();
  }
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_HELD), 1);
}

/* ---- facts are only added ---- */

static void a_time_once_reported_stays(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  acd->connected_ms = AT(4);
  apply_life();
  agent = answer_contact(acd, 9);
  apply_life();
  agent->connected_ms = AT(12);
  apply_life();
  CHECK_INT(totals_of("q1").facts.wait_ms, 7000);
}

static void a_missing_participant_removes_nothing(void) {
  struct cv_event older;
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = life_add(&life, CV_AGENT, "q1");
  older = life.now;
  customer->end_ms = acd->end_ms = AT(9);
  apply_life();
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  agent->end_ms = AT(9);
  life.now.parties[0] = *agent;
  life.now.count = 1;
  life_connected(&life, CV_OTHER, NULL, 1);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
}

/* The medium is the first one, in the order of CV_MEDIA_MAP, of all snapshots,
 * whichever comes first. */
static void an_offer_moves_with_the_medium_of_its_contact(void) {
  struct cv_party *customer, *acd;
  struct conversations_totals t;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  acd->media = CV_CALLBACK;
  answer_contact(acd, 9)->media = CV_CALLBACK;
  for (int i = 0; i < 2; i++) {
    apply_life();
    check_counts("q1", 1, 0, 0, 0);
    CHECK_INT(taken_back("q1", CV_OFFERS), 1);
    CHECK(conversations_totals(m, "q1", CV_CALLBACK, &t));
    CHECK_INT(t.counted.offers, 1);
    CHECK_INT(t.counted.answers, 1);
    acd->media = CV_VOICE; /* an older snapshot */
  }
}

static void an_older_snapshot_ends_no_hold(void) {
  struct cv_event older;
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  apply_life();
  older = life.now;
  life_add(&life, CV_AGENT, "q1");
  agent->held = true;
  agent->hold_ms = AT(6);
  apply_life();
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  CHECK_INT(totals_of("q1").states[CV_STATE_HELD], 1);
}

static void an_older_hold_comes_and_goes(void) {
  struct cv_event first;
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  agent->held = true;
  agent->hold_ms = AT(6);
  first = life.now;
  agent->hold_ms = AT(20);
  apply_life();
  agent->held = false;
  apply_life();
  CHECK_INT(conversations_apply(m, &first), GC_OK);
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_HELD), 2);
  CHECK_INT(changes_of("q1", CV_STATE_HELD, CV_STATE_ACTIVE), 2);
}

static void a_participant_that_is_listed_twice_is_one(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  life.now.parties[life.now.count++] = *acd;
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
}

/* The second one contradicts the first: a repeat must not have new facts each
 * time. */
static void of_two_participants_with_one_id_the_first_counts(void) {
  struct conversations_totals before, after;
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  struct cv_party *agent = answer_contact(acd, 5);
  struct cv_party *again = &life.now.parties[life.now.count++];
  *again = *agent;
  again->held = true;
  again->hold_ms = AT(6);
  apply_life();
  before = totals_of("q1");
  apply_life();
  after = totals_of("q1");
  CHECK(memcmp(&before, &after, sizeof(before)) == 0);
  CHECK_INT(after.states[CV_STATE_ACTIVE], 1);
}

int main(void) {
  RUN(the_state_is_the_highest_open_participant);
  RUN(skipped_after_call_work_is_no_wrapup);
  RUN(a_wrapup_does_not_hide_a_contact_that_waits_again);
  RUN(a_participant_that_ended_stays_ended);
  RUN(a_hold_that_is_repeated_is_one_hold);
  RUN(a_hold_without_a_time_is_counted_once);
  RUN(a_time_once_reported_stays);
  RUN(a_missing_participant_removes_nothing);
  RUN(an_offer_moves_with_the_medium_of_its_contact);
  RUN(an_older_snapshot_ends_no_hold);
  RUN(an_older_hold_comes_and_goes);
  RUN(a_participant_that_is_listed_twice_is_one);
  RUN(of_two_participants_with_one_id_the_first_counts);
  conversations_free(m);
  return check_done();
}
