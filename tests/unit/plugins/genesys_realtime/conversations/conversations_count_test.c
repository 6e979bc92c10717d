/* SPDX-License-Identifier: MIT */
/* The counters of offers, answers, waits, abandons and transfers, law by law.
 * conversations_order_test shows that the order of arrival changes nothing. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include "tests/support/cv_model.h"

/* ---- offers, answers, waits ---- */

static void an_acd_participant_is_an_offer(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  CHECK_INT(totals_of("q1").states[CV_STATE_WAITING], 1);
  CHECK_INT(totals_of("q1").active, 1);
}

static void an_agent_that_is_connected_answers_and_ends_the_wait(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  answer_contact(acd, 9.5);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(totals_of("q1").facts.wait_ms, 7500);
  CHECK_INT(totals_of("q1").facts.waits[3], 1);
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
}

static void an_acd_participant_that_ends_before_the_agents_time_is_known(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = AT(9);
  acd->transferred = true;
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  agent = life_add(&life, CV_AGENT, "q1");
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  agent->connected_ms = AT(9);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
}

static void a_wait_on_the_bound_is_within_it(void) {
  static const struct {
    double wait_s;
    int bucket;
  } rows[] = {{0, 0},     {0.5, 0}, {0.501, 1}, {1, 1},
              {4.999, 2}, {20, 4},  {20.001, 5}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct cv_party *customer, *acd;
    begin_model();
    offer_contact(&customer, &acd);
    answer_contact(acd, 2 + rows[i].wait_s);
    apply_life();
    for (int bound = 0; bound < 5; bound++)
      CHECK_INT(totals_of("q1").facts.waits[bound], bound >= rows[i].bucket);
  }
}

/* Counts the answer of the contact in `life`, as if it had waited `wait_s`. */
static void add_answer(double wait_s, int sign) {
  const struct conversation *c = cv_at(m, cv_table_find(m, life.now.id));
  struct cv_wait wait = {c->participants[0].queue, CV_VOICE, CV_OUTCOME_ANSWER,
                         AT(2), AT(2 + wait_s)};
  (void)cv_add_wait(m, c, &wait, sign);
}

/* The facts before a removal may have an answer that was never counted. */
static void an_answer_that_was_not_counted_takes_no_wait_along(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  add_answer(7.5, -1);
  add_answer(30, 1);
  cv_count_changed(m);
  struct conversations_totals t = totals_of("q1");
  CHECK_INT(t.counted.answers, 0);
  CHECK_INT(t.counted.waits[4], 0);
}

static void an_answer_that_is_taken_back_takes_a_wait_along(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  answer_contact(acd, 9.5);
  apply_life();
  add_answer(1, -1);
  cv_count_changed(m);
  struct conversations_totals t = totals_of("q1");
  CHECK_INT(t.facts.answers, 0);
  CHECK_INT(t.facts.waits[4], 0);
  CHECK_INT(t.counted.waits[2], 0);
  CHECK_INT(t.counted.waits[3], 1);
}

static void an_agent_before_the_offer_waited_no_time(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  answer_contact(acd, 1.9);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(totals_of("q1").facts.wait_ms, 0);
}

static void an_agent_without_an_offer_answers_nothing(void) {
  begin_model();
  life_connected(&life, CV_CUSTOMER, NULL, 1);
  life_connected(&life, CV_AGENT, "q1", 2)->transferred = true;
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
}

static void one_offer_has_one_answer(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  answer_contact(acd, 5);
  life_connected(&life, CV_AGENT, "q1", 8);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(totals_of("q1").facts.wait_ms, 3000);
}

static void each_stay_in_a_queue_has_its_own_offer_and_answer(void) {
  struct cv_party *customer, *acd, *agent, *again;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  apply_life();
  agent->end_ms = AT(10);
  agent->transferred = true;
  again = life_connected(&life, CV_ACD, "q1", 10);
  apply_life();
  check_counts("q1", 2, 1, 0, 1);
  CHECK_INT(totals_of("q1").states[CV_STATE_WAITING], 1);
  answer_contact(again, 14);
  apply_life();
  check_counts("q1", 2, 2, 0, 1);
  CHECK_INT(totals_of("q1").facts.wait_ms, 3000 + 4000);
}

static void media_are_counted_apart(void) {
  struct conversations_totals t;
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  acd->media = CV_CHAT;
  apply_life();
  CHECK(!conversations_totals(m, "q1", CV_VOICE, &t));
  CHECK(conversations_totals(m, "q1", CV_CHAT, &t));
  CHECK_INT(t.counted.offers, 1);
}

static void an_offer_waits_for_its_medium_to_be_known(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  acd->media = CV_UNKNOWN;
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
  acd->media = CV_VOICE;
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
}

/* ---- abandons and transfers ---- */

static void a_customer_who_leaves_unanswered_has_abandoned(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  acd->end_ms = AT(12);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  customer->end_ms = AT(12);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
  CHECK_INT(totals_of("q1").active, 0);
}

static void without_a_customer_all_participants_must_have_ended(void) {
  begin_model();
  struct cv_party *caller = life_connected(&life, CV_OTHER, NULL, 1);
  struct cv_party *acd = life_connected(&life, CV_ACD, "q1", 2);
  acd->end_ms = AT(12);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  caller->end_ms = AT(12);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
}

static void of_two_customers_both_must_have_ended(void) {
  struct cv_party *customer, *acd, *other;
  begin_model();
  offer_contact(&customer, &acd);
  other = life_connected(&life, CV_CUSTOMER, NULL, 1);
  acd->end_ms = customer->end_ms = AT(12);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  other->end_ms = AT(13);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
}

static void an_abandon_waits_for_the_alert_to_end(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = life_add(&life, CV_AGENT, "q1");
  acd->end_ms = customer->end_ms = AT(12);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  agent->end_ms = AT(12);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
}

static void an_unanswered_alert_is_no_transfer(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = life_add(&life, CV_AGENT, "q1");
  agent->end_ms = AT(10);
  agent->transferred = true;
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  CHECK_INT(totals_of("q1").states[CV_STATE_WAITING], 1);
}

static void a_leg_before_the_answer_is_no_transfer(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = life_add(&life, CV_AGENT, "q1");
  agent->transferred = true;
  apply_life();
  agent->connected_ms = acd->end_ms = AT(5);
  agent->transferred = false;
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  agent->transferred = true;
  agent->end_ms = AT(9);
  apply_life();
  check_counts("q1", 1, 1, 0, 1);
}

static void an_agent_that_ends_with_transfer_has_transferred_once(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  apply_life();
  agent->end_ms = AT(30);
  agent->transferred = true;
  apply_life();
  apply_life();
  check_counts("q1", 1, 1, 0, 1);
}

static void an_offer_that_goes_on_elsewhere_unanswered_is_a_transfer(void) {
  static const struct {
    const char *row;
    enum cv_purpose purpose;
    const char *queue;
    double at;
    bool transfer;
  } rows[] = {
      {"another queue", CV_ACD, "q2", 12, true},
      {"the same queue again", CV_ACD, "q1", 12, true},
      {"another queue, a moment before", CV_ACD, "q2", 11.7, true},
      {"an agent of no queue", CV_AGENT, NULL, 14, true},
      {"a flow", CV_OTHER, NULL, 12, true},
      {"a flow that ran before", CV_OTHER, NULL, 1, false},
      {"a flow that ran while it waited", CV_OTHER, NULL, 6, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct cv_party *customer, *acd;
    CHECK_ROW(rows[i].row);
    begin_model();
    offer_contact(&customer, &acd);
    apply_life();
    acd->end_ms = AT(12);
    life_connected(&life, rows[i].purpose, rows[i].queue, rows[i].at);
    apply_life();
    CHECK_INT(totals_of("q1").counted.transfers, rows[i].transfer);
    customer->end_ms = AT(40);
    apply_life();
    CHECK_INT(totals_of("q1").counted.transfers, rows[i].transfer);
    CHECK_INT(totals_of("q1").counted.abandons, !rows[i].transfer);
  }
}

/* The contact went to another queue; an agent there hands it over to an agent
 * of this queue. */
static void an_agent_after_the_contact_went_on_elsewhere_answers_nothing(void) {
  for (int is_late = 0; is_late < 2; is_late++) {
    struct cv_party *customer, *acd, *agent, *next;
    begin_model();
    offer_contact(&customer, &acd);
    acd->end_ms = AT(10);
    acd->transferred = true;
    agent = answer_contact(life_connected(&life, CV_ACD, "q2", 10), 20);
    if (!is_late)
      apply_life();
    agent->end_ms = AT(60);
    agent->transferred = true;
    next = life_add(&life, CV_AGENT, "q1");
    apply_life();
    check_counts("q1", 1, 0, 0, 1);
    next->connected_ms = AT(65);
    apply_life();
    check_counts("q1", 1, 0, 0, 1);
    check_counts("q2", 1, 1, 0, 1);
  }
}

/* The first of two flows shows that the contact has left the queue. */
static void an_agent_after_a_flow_answers_nothing(void) {
  for (int is_late = 0; is_late < 2; is_late++) {
    struct cv_party *customer, *acd;
    begin_model();
    offer_contact(&customer, &acd);
    acd->end_ms = AT(10);
    life_connected(&life, CV_OTHER, NULL, 10);
    if (!is_late)
      apply_life();
    life_connected(&life, CV_AGENT, "q1", 30);
    life_connected(&life, CV_OTHER, NULL, 40);
    apply_life();
    check_counts("q1", 1, 0, 0, 1);
    CHECK_INT(changes_of("q1", CV_STATE_WAITING, CV_STATE_ENDED), 1);
  }
}

/* No other leg began meanwhile. */
static void an_agent_who_connects_late_answers(void) {
  for (int is_late = 0; is_late < 2; is_late++) {
    struct cv_party *customer, *acd, *agent;
    begin_model();
    offer_contact(&customer, &acd);
    acd->end_ms = AT(10);
    agent = life_add(&life, CV_AGENT, "q1");
    if (!is_late)
      apply_life();
    agent->connected_ms = AT(15);
    life_connected(&life, CV_OTHER, NULL, 40);
    apply_life();
    check_counts("q1", 1, 1, 0, 0);
    CHECK_INT(totals_of("q1").facts.wait_ms, 13000);
  }
}

static void the_queue_of_the_offer_is_not_elsewhere(void) {
  begin_model();
  struct cv_party *customer = life_connected(&life, CV_CUSTOMER, NULL, 1);
  struct cv_party *first = life_connected(&life, CV_ACD, "q2", 2);
  struct cv_party *acd = life_connected(&life, CV_ACD, "q1", 2.3);
  first->end_ms = AT(2.3);
  customer->end_ms = acd->end_ms = AT(2.8);
  apply_life();
  check_counts("q2", 1, 0, 0, 1);
  check_counts("q1", 1, 0, 1, 0);
}

/* An agent asks another queue while the customer is on hold. */
static struct cv_party *begin_consultation(struct cv_party **ret_customer,
                                           struct cv_party **ret_agent) {
  struct cv_party *acd;
  begin_model();
  offer_contact(ret_customer, &acd);
  *ret_agent = answer_contact(acd, 5);
  struct cv_party *consult = life_connected(&life, CV_ACD, "q2", 30);
  apply_life();
  return consult;
}

static void a_cancelled_consultation_is_no_abandon(void) {
  struct cv_party *customer, *agent, *consult;
  consult = begin_consultation(&customer, &agent);
  consult->end_ms = AT(40);
  apply_life();
  check_counts("q2", 1, 0, 0, 0);
  CHECK_INT(totals_of("q2").active, 0);
  customer->end_ms = AT(90);
  apply_life();
  agent->end_ms = AT(90);
  apply_life();
  check_counts("q2", 1, 0, 0, 1);
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(read_stats().live, 0);
}

static void a_customer_who_leaves_during_a_consultation_has_abandoned(void) {
  struct cv_party *customer, *agent, *consult;
  consult = begin_consultation(&customer, &agent);
  consult->end_ms = AT(40);
  apply_life();
  customer->end_ms = AT(40);
  apply_life();
  agent->end_ms = AT(40.5);
  apply_life();
  check_counts("q2", 1, 0, 1, 0);
}

static void a_consultation_that_is_answered_is_an_answer(void) {
  struct cv_party *customer, *agent, *consult;
  consult = begin_consultation(&customer, &agent);
  answer_contact(consult, 40);
  agent->end_ms = AT(50);
  agent->transferred = true;
  apply_life();
  check_counts("q2", 1, 1, 0, 0);
  check_counts("q1", 1, 1, 0, 1);
}

static void a_leg_that_ends_with_transfer_continues_elsewhere(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = AT(12);
  acd->transferred = true;
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  customer->end_ms = AT(50);
  apply_life();
  check_counts("q1", 1, 0, 0, 1);
}

int main(void) {
  RUN(an_acd_participant_is_an_offer);
  RUN(an_agent_that_is_connected_answers_and_ends_the_wait);
  RUN(an_acd_participant_that_ends_before_the_agents_time_is_known);
  RUN(a_wait_on_the_bound_is_within_it);
  RUN(an_answer_that_was_not_counted_takes_no_wait_along);
  RUN(an_answer_that_is_taken_back_takes_a_wait_along);
  RUN(an_agent_before_the_offer_waited_no_time);
  RUN(an_agent_without_an_offer_answers_nothing);
  RUN(one_offer_has_one_answer);
  RUN(each_stay_in_a_queue_has_its_own_offer_and_answer);
  RUN(media_are_counted_apart);
  RUN(an_offer_waits_for_its_medium_to_be_known);
  RUN(a_customer_who_leaves_unanswered_has_abandoned);
  RUN(without_a_customer_all_participants_must_have_ended);
  RUN(of_two_customers_both_must_have_ended);
  RUN(an_abandon_waits_for_the_alert_to_end);
  RUN(an_unanswered_alert_is_no_transfer);
  RUN(a_leg_before_the_answer_is_no_transfer);
  RUN(an_agent_that_ends_with_transfer_has_transferred_once);
  RUN(an_offer_that_goes_on_elsewhere_unanswered_is_a_transfer);
  RUN(an_agent_after_the_contact_went_on_elsewhere_answers_nothing);
  RUN(an_agent_after_a_flow_answers_nothing);
  RUN(an_agent_who_connects_late_answers);
  RUN(the_queue_of_the_offer_is_not_elsewhere);
  RUN(a_cancelled_consultation_is_no_abandon);
  RUN(a_customer_who_leaves_during_a_consultation_has_abandoned);
  RUN(a_consultation_that_is_answered_is_an_answer);
  RUN(a_leg_that_ends_with_transfer_continues_elsewhere);
  conversations_free(m);
  return check_done();
}
