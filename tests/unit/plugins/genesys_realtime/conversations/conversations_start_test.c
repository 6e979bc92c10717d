/* SPDX-License-Identifier: MIT */
/* Which contacts count: those since the start of the block, or since the reset
 * of their queue. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include "tests/support/cv_model.h"

/* ---- before the start ---- */

static void an_offer_before_the_start_is_tracked_and_not_counted(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  customer = life_connected(&life, CV_CUSTOMER, NULL, -60);
  acd = life_connected(&life, CV_ACD, "q1", -50);
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(totals_of("q1").states[CV_STATE_WAITING], 1);
  life_tick(m, AT(100), AT(100));
  CHECK_INT(totals_of("q1").counted.breaches, 0);
  agent = answer_contact(acd, 101);
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(changes_of("q1", CV_STATE_WAITING, CV_STATE_ALERTING), 0);
  CHECK_INT(changes_of("q1", CV_STATE_ALERTING, CV_STATE_ACTIVE), 1);
  agent->end_ms = customer->end_ms = AT(120);
  agent->transferred = true;
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(changes_of("q1", CV_STATE_ACTIVE, CV_STATE_ENDED), 1);
}

/* The start of the alert is not counted: its time is not known. */
static void changes_of_an_earlier_offer_are_counted_from_the_start_on(void) {
  struct cv_party *acd;
  begin_model();
  acd = life_connected(&life, CV_ACD, "q1", -50);
  answer_contact(acd, 3);
  apply_life();
  CHECK_INT(changes_of("q1", CV_STATE_ALERTING, CV_STATE_ACTIVE), 1);
  CHECK_INT(all_changes("q1"), 1);
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
}

static void changes_before_the_start_are_not_counted(void) {
  struct cv_party *acd;
  begin_model();
  acd = life_connected(&life, CV_ACD, "q1", -50);
  apply_life();
  answer_contact(acd, -5);
  apply_life();
  CHECK_INT(all_changes("q1"), 0);
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
}

static void an_old_conversation_may_bring_a_new_offer(void) {
  struct cv_party *acd, *agent;
  begin_model();
  acd = life_connected(&life, CV_ACD, "q1", -50);
  agent = answer_contact(acd, -40);
  apply_life();
  agent->end_ms = AT(5);
  life_connected(&life, CV_ACD, "q2", 5);
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  check_counts("q2", 1, 0, 0, 0);
}

/* The clock that dated the start was 30 s ahead. */
static void contacts_after_a_corrected_start_are_counted(void) {
  struct cv_party *customer, *acd;
  begin_late_model();
  offer_contact(&customer, &acd);
  answer_contact(acd, 7);
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(all_changes("q1"), 0);
  conversations_move_start(m, -30000);
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(totals_of("q1").facts.wait_ms, 5000);
  CHECK_INT(all_changes("q1"), 2);
  conversations_move_start(m, -30000);
  check_counts("q1", 1, 1, 0, 0);
}

static void no_counter_falls_when_the_start_moves_on(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  answer_contact(acd, 7);
  apply_life();
  conversations_move_start(m, 30000);
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(all_changes("q1"), 2);
  life_begin(&life, "c2");
  offer_contact(&customer, &acd);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
}

/* ---- a queue that is covered from now on ---- */

/* The clock that dated the reset was ahead. */
static void a_reset_moves_with_the_start(void) {
  struct cv_party *customer, *acd;
  begin_model();
  CHECK_INT(conversations_expect(m, "q1", CV_VOICE), GC_OK);
  conversations_reset(m, "q1", AT(3600));
  conversations_move_start(m, -3600000);
  offer_contact(&customer, &acd);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
}

static void contacts_before_a_reset_have_no_outcomes(void) {
  struct cv_party *customer, *acd, *agent, *again;
  begin_model();
  life_tick(m, AT(10), AT(10));
  offer_contact(&customer, &acd);
  apply_life();
  conversations_reset(m, "q1", m->now_ms);
  agent = answer_contact(acd, 40);
  apply_life();
  life_tick(m, AT(60), AT(60));
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
  agent->end_ms = AT(70);
  agent->transferred = true;
  again = life_connected(&life, CV_ACD, "q1", 70);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  CHECK_INT(totals_of("q1").counted.breaches, 0);
  answer_contact(again, 75)->end_ms = AT(80);
  customer->end_ms = AT(80);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(totals_of("q1").facts.wait_ms, 5000);
}

static void a_contact_that_left_after_a_reset_has_not_abandoned(void) {
  struct cv_party *customer, *acd;
  begin_model();
  life_tick(m, AT(10), AT(10));
  offer_contact(&customer, &acd);
  apply_life();
  conversations_reset(m, "q1", m->now_ms);
  customer->end_ms = acd->end_ms = AT(20);
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(read_stats().live, 0);
}

int main(void) {
  RUN(an_offer_before_the_start_is_tracked_and_not_counted);
  RUN(changes_of_an_earlier_offer_are_counted_from_the_start_on);
  RUN(changes_before_the_start_are_not_counted);
  RUN(an_old_conversation_may_bring_a_new_offer);
  RUN(contacts_after_a_corrected_start_are_counted);
  RUN(no_counter_falls_when_the_start_moves_on);
  RUN(a_reset_moves_with_the_start);
  RUN(contacts_before_a_reset_have_no_outcomes);
  RUN(a_contact_that_left_after_a_reset_has_not_abandoned);
  conversations_free(m);
  return check_done();
}
