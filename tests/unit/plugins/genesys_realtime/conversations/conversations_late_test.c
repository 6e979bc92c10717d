/* SPDX-License-Identifier: MIT */
/* Legs that began before the end of a contact and are first reported after it:
 * the wrong outcome is taken back, and no counter falls. */
#include "tests/support/cv_model.h"

static struct cv_party *customer, *acd;

/* Plays a contact of q1 that seems to be abandoned at `at`. */
static void abandon_contact(const char *id, double at) {
  life_begin(&life, id);
  offer_contact(&customer, &acd);
  apply_life();
  acd->end_ms = customer->end_ms = AT(at);
  apply_life();
}

static void begin_abandoned(void) {
  begin_model();
  abandon_contact("c1", 10);
  check_counts("q1", 1, 0, 1, 0);
}

static void an_agent_that_is_reported_late_answered(void) {
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = AT(8);
  customer->end_ms = AT(30);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
  life_connected(&life, CV_AGENT, "q1", 8)->end_ms = AT(30);
  apply_life();
  apply_life();
  check_counts("q1", 1, 1, 1, 0);
  struct conversations_totals t = totals_of("q1");
  CHECK_INT(t.counted.abandons - t.facts.abandons, 1);
  CHECK_INT(t.facts.wait_ms, 6000);
  CHECK_INT(t.facts.waits[3], 1); /* up to 10 s */
  CHECK_INT(t.facts.changes[CV_STATE_WAITING][CV_STATE_ENDED], 0);
  CHECK_INT(t.counted.changes[CV_STATE_ACTIVE][CV_STATE_ENDED], 1);
}

static void an_earlier_answer_takes_wait_and_breach_back(void) {
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = AT(25);
  life_connected(&life, CV_AGENT, "q1", 26);
  apply_life();
  CHECK_INT(totals_of("q1").counted.breaches, 1);
  CHECK_INT(totals_of("q1").facts.wait_ms, 24000);
  life_connected(&life, CV_AGENT, "q1", 20);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  struct conversations_totals t = totals_of("q1");
  CHECK_INT(t.facts.wait_ms, 18000);
  CHECK_INT(t.facts.waits[4], 1); /* up to 20 s */
  CHECK_INT(t.facts.waits[3], 0);
  CHECK_INT(t.counted.breaches, 1);
  CHECK_INT(t.counted.breaches - t.facts.breaches, 1);
  CHECK_INT(t.counted.answers - t.facts.answers, 0);
}

static void a_wait_that_ended_is_a_breach_before_its_outcome_is_known(void) {
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = AT(30);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  CHECK_INT(totals_of("q1").counted.breaches, 1);
  life_connected(&life, CV_AGENT, "q1", 30);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(totals_of("q1").counted.breaches, 1);
  CHECK_INT(taken_back("q1", CV_BREACHES), 0);
}

static void a_queue_that_is_reported_late_makes_a_transfer(void) {
  begin_abandoned();
  life_connected(&life, CV_ACD, "q2", 9.5)->end_ms = AT(10);
  apply_life();
  check_counts("q1", 1, 0, 1, 1);
  check_counts("q2", 1, 0, 1, 0);
  CHECK_INT(taken_back("q1", CV_ABANDONS), 1);
  CHECK_INT(taken_back("q2", CV_ABANDONS), 0);
}

static void the_next_abandon_settles_one_that_was_taken_back(void) {
  a_queue_that_is_reported_late_makes_a_transfer();
  abandon_contact("c2", 20);
  check_counts("q1", 2, 0, 1, 1);
  CHECK_INT(taken_back("q1", CV_ABANDONS), 0);
  abandon_contact("c3", 30);
  check_counts("q1", 3, 0, 2, 1);
}

/* The contact seemed to have gone on in another queue. */
static void an_agent_that_is_reported_late_answered_before_a_transfer(void) {
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = AT(8);
  life_connected(&life, CV_ACD, "q2", 20);
  apply_life();
  check_counts("q1", 1, 0, 0, 1);
  struct cv_party *agent = life_connected(&life, CV_AGENT, "q1", 8);
  agent->end_ms = AT(20);
  apply_life();
  check_counts("q1", 1, 1, 0, 1);
  CHECK_INT(taken_back("q1", CV_TRANSFERS), 1);
  agent->transferred = true;
  apply_life();
  check_counts("q1", 1, 1, 0, 1);
  CHECK_INT(taken_back("q1", CV_TRANSFERS), 0);
}

/* Counters that began after the contact do not include it. */
static void nothing_is_taken_back_from_later_counters(void) {
  begin_abandoned();
  life_tick(m, AT(60), AT(60));
  conversations_reset(m, "q1", m->now_ms);
  life_connected(&life, CV_ACD, "q2", 9.5)->end_ms = AT(10);
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(taken_back("q1", CV_ABANDONS), 0);
}

/* The clock of the counters is a moment behind: the contact is not older than
 * they are. */
static void no_answer_is_taken_back_from_cleared_counters(void) {
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = AT(8);
  life_connected(&life, CV_AGENT, "q1", 8);
  life_tick(m, AT(1), AT(1));
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  conversations_reset(m, "q1", m->now_ms);
  life_connected(&life, CV_AGENT, "q1", 5);
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  struct conversations_totals t = totals_of("q1");
  CHECK_INT(t.facts.wait_ms, 0);
  CHECK_INT(t.counted.wait_ms, 0);
  for (size_t i = 0; i < 5; i++)
    CHECK_INT(t.counted.waits[i], 0);
}

/* A callback without a customer is no abandon if another queue has it next. */
static void a_callback_without_a_customer_goes_on(void) {
  begin_model();
  acd = life_connected(&life, CV_ACD, "q1", 2);
  apply_life();
  acd->end_ms = AT(10);
  life_connected(&life, CV_ACD, "q2", 10.9);
  apply_life();
  check_counts("q1", 1, 0, 0, 1);
  check_counts("q2", 1, 0, 0, 0);
  life.now.parties[1].end_ms = AT(20);
  apply_life();
  check_counts("q2", 1, 0, 1, 0);
}

/* An earlier end of all participants is no outcome of a later contact. */
static void a_customer_who_returned_has_not_abandoned(void) {
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = customer->end_ms = AT(10);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
  life_connected(&life, CV_CUSTOMER, NULL, 60);
  life_connected(&life, CV_ACD, "q2", 60)->end_ms = AT(70);
  apply_life();
  check_counts("q2", 1, 0, 0, 0); /* an agent may have answered */
}

static uint64_t count_late(void) {
  struct conversations_stats stats;
  conversations_stats(m, &stats);
  return stats.late;
}

/* Removes the conversation, and with it the record of its counted legs. */
static void keep_too_long(void) {
  life_tick(m, AT(10 + CV_KEEP_MS / 1000 + 60), AT(10));
  struct conversations_stats stats;
  conversations_stats(m, &stats);
  CHECK_INT(stats.count, 0);
}

/* What the removed conversation counted is known: its first participants up to
 * the time of its latest fact. A new participant corrects it. */
static void a_leg_reported_after_the_removal_is_counted(void) {
  begin_abandoned();
  apply_life();
  keep_too_long();
  apply_life(); /* a repeat */
  check_counts("q1", 1, 0, 1, 0);
  struct cv_party *agent = life_connected(&life, CV_AGENT, "q1", 8);
  agent->end_ms = AT(9);
  apply_life();
  apply_life();
  CHECK_INT(count_late(), 0);
  check_counts("q1", 1, 1, 1, 0);
  struct conversations_totals t = totals_of("q1");
  CHECK_INT(t.counted.abandons - t.facts.abandons, 1);
  CHECK_INT(t.facts.wait_ms, 6000);
  CHECK_INT(t.counted.changes[CV_STATE_WAITING][CV_STATE_ENDED], 1);
  CHECK_INT(t.counted.changes[CV_STATE_WAITING][CV_STATE_ALERTING], 1);
  CHECK_INT(t.counted.changes[CV_STATE_ACTIVE][CV_STATE_WAITING], 1);
}

static void an_answer_that_is_reported_after_the_removal_is_late(void) {
  begin_model();
  offer_contact(&customer, &acd);
  struct cv_party *agent = life_add(&life, CV_AGENT, "q1");
  apply_life();
  acd->end_ms = agent->end_ms = customer->end_ms = AT(10);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
  keep_too_long();
  agent->connected_ms = AT(8);
  apply_life();
  CHECK_INT(count_late(), 1);
  check_counts("q1", 1, 0, 1, 0);
}

static void a_contact_that_returns_after_the_removal_is_not_late(void) {
  begin_abandoned();
  keep_too_long();
  life_connected(&life, CV_CUSTOMER, NULL, 900);
  life_connected(&life, CV_ACD, "q1", 900);
  apply_life();
  check_counts("q1", 2, 0, 1, 0);
  CHECK_INT(count_late(), 0);
}

int main(void) {
  RUN(an_earlier_answer_takes_wait_and_breach_back);
  RUN(a_wait_that_ended_is_a_breach_before_its_outcome_is_known);
  RUN(a_callback_without_a_customer_goes_on);
  RUN(a_customer_who_returned_has_not_abandoned);
  RUN(an_agent_that_is_reported_late_answered);
  RUN(a_queue_that_is_reported_late_makes_a_transfer);
  RUN(the_next_abandon_settles_one_that_was_taken_back);
  RUN(an_agent_that_is_reported_late_answered_before_a_transfer);
  RUN(nothing_is_taken_back_from_later_counters);
  RUN(no_answer_is_taken_back_from_cleared_counters);
  RUN(a_leg_reported_after_the_removal_is_counted);
  RUN(an_answer_that_is_reported_after_the_removal_is_late);
  RUN(a_contact_that_returns_after_the_removal_is_not_late);
  conversations_free(m);
  return check_done();
}
