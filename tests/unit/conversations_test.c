/* SPDX-License-Identifier: MIT */
/* What is counted, law by law. That the order of arrival changes nothing is
 * conversations_order_test's. */
#include "plugins/genesys_realtime/conversations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/cv_life.h"

static struct conversations *m;
static struct life life;

static void begin_with(const struct conversations_settings *s) {
  conversations_free(m);
  m = conversations_new(s, NULL);
}

static void begin(void) {
  struct conversations_settings s = life_settings();
  begin_with(&s);
  life_begin(&life, "c1");
}

static void say(void) { CHECK_INT(conversations_apply(m, &life.now), GC_OK); }

static struct conversations_totals of(const char *queue) {
  struct conversations_totals t;
  memset(&t, 0, sizeof(t));
  (void)conversations_totals(m, queue, CV_VOICE, &t);
  return t;
}

static struct conversations_stats stats(void) {
  struct conversations_stats s;
  conversations_stats(m, &s);
  return s;
}

static uint64_t changes(const char *queue, enum cv_state from,
                        enum cv_state to) {
  return of(queue).changes[from][to];
}

static uint64_t all_changes(const char *queue) {
  struct conversations_totals t = of(queue);
  uint64_t sum = 0;
  for (int i = 0; i < CV_STATE_COUNT; i++)
    for (int k = 0; k < CV_STATE_COUNT; k++)
      sum += t.changes[i][k];
  return sum;
}

static void check_counts(const char *queue, uint64_t offers, uint64_t answers,
                         uint64_t abandons, uint64_t transfers) {
  struct conversations_totals t = of(queue);
  CHECK_INT(t.offers, offers);
  CHECK_INT(t.answers, answers);
  CHECK_INT(t.abandons, abandons);
  CHECK_INT(t.transfers, transfers);
}

/* Customer and acd participant of q1, at 1 s and 2 s. */
static void offer(struct cv_party **ret_customer, struct cv_party **ret_acd) {
  *ret_customer = life_connected(&life, CV_CUSTOMER, NULL, 1);
  *ret_acd = life_connected(&life, CV_ACD, "q1", 2);
}

static struct cv_party *answer(struct cv_party *acd, double at) {
  struct cv_party *agent = life_connected(&life, CV_AGENT, acd->queue_text, at);
  acd->end_ms = AT(at);
  acd->transferred = true;
  return agent;
}

/* ---- offers, answers, waits ---- */

static void an_acd_participant_is_an_offer(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  check_counts("q1", 1, 0, 0, 0);
  CHECK_INT(of("q1").states[CV_STATE_WAITING], 1);
  CHECK_INT(of("q1").active, 1);
}

static void an_agent_that_is_connected_answers_and_ends_the_wait(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  answer(acd, 9.5);
  say();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(of("q1").wait_ms, 7500);
  CHECK_INT(of("q1").waits[3], 1);
  CHECK_INT(of("q1").states[CV_STATE_ACTIVE], 1);
}

static void an_acd_participant_that_ends_before_the_agents_time_is_known(void) {
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  acd->end_ms = AT(9);
  acd->transferred = true;
  say();
  check_counts("q1", 1, 0, 0, 0);
  agent = life_add(&life, CV_AGENT, "q1");
  say();
  check_counts("q1", 1, 0, 0, 0);
  agent->connected_ms = AT(9);
  say();
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
    begin();
    offer(&customer, &acd);
    answer(acd, 2 + rows[i].wait_s);
    say();
    CHECK_INT(of("q1").waits[rows[i].bucket], 1);
  }
}

static void an_agent_before_the_offer_waited_no_time(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  answer(acd, 1.9);
  say();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(of("q1").wait_ms, 0);
}

static void an_agent_without_an_offer_answers_nothing(void) {
  begin();
  life_connected(&life, CV_CUSTOMER, NULL, 1);
  life_connected(&life, CV_AGENT, "q1", 2)->transferred = true;
  say();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(of("q1").states[CV_STATE_ACTIVE], 1);
}

static void one_offer_has_one_answer(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  answer(acd, 5);
  life_connected(&life, CV_AGENT, "q1", 8);
  say();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(of("q1").wait_ms, 3000);
}

static void each_stay_in_a_queue_has_its_own_offer_and_answer(void) {
  struct cv_party *customer, *acd, *agent, *again;
  begin();
  offer(&customer, &acd);
  agent = answer(acd, 5);
  say();
  agent->end_ms = AT(10);
  agent->transferred = true;
  again = life_connected(&life, CV_ACD, "q1", 10);
  say();
  check_counts("q1", 2, 1, 0, 1);
  CHECK_INT(of("q1").states[CV_STATE_WAITING], 1);
  answer(again, 14);
  say();
  check_counts("q1", 2, 2, 0, 1);
  CHECK_INT(of("q1").wait_ms, 3000 + 4000);
}

static void media_are_counted_apart(void) {
  struct conversations_totals t;
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  acd->media = CV_CHAT;
  say();
  CHECK(!conversations_totals(m, "q1", CV_VOICE, &t));
  CHECK(conversations_totals(m, "q1", CV_CHAT, &t));
  CHECK_INT(t.offers, 1);
}

static void an_offer_waits_for_its_medium_to_be_known(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  acd->media = CV_UNKNOWN;
  say();
  check_counts("q1", 0, 0, 0, 0);
  acd->media = CV_VOICE;
  say();
  check_counts("q1", 1, 0, 0, 0);
}

/* ---- abandons and transfers ---- */

static void a_customer_who_leaves_unanswered_has_abandoned(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  acd->end_ms = AT(12);
  say();
  check_counts("q1", 1, 0, 0, 0);
  customer->end_ms = AT(12);
  say();
  check_counts("q1", 1, 0, 1, 0);
  CHECK_INT(of("q1").active, 0);
}

static void without_a_customer_all_have_to_be_gone(void) {
  begin();
  struct cv_party *caller = life_connected(&life, CV_OTHER, NULL, 1);
  struct cv_party *acd = life_connected(&life, CV_ACD, "q1", 2);
  acd->end_ms = AT(12);
  say();
  check_counts("q1", 1, 0, 0, 0);
  caller->end_ms = AT(12);
  say();
  check_counts("q1", 1, 0, 1, 0);
}

static void of_two_customers_both_have_to_be_gone(void) {
  struct cv_party *customer, *acd, *other;
  begin();
  offer(&customer, &acd);
  other = life_connected(&life, CV_CUSTOMER, NULL, 1);
  acd->end_ms = customer->end_ms = AT(12);
  say();
  check_counts("q1", 1, 0, 0, 0);
  other->end_ms = AT(13);
  say();
  check_counts("q1", 1, 0, 1, 0);
}

static void an_abandon_waits_for_the_alert_to_end(void) {
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = life_add(&life, CV_AGENT, "q1");
  acd->end_ms = customer->end_ms = AT(12);
  say();
  check_counts("q1", 1, 0, 0, 0);
  agent->end_ms = AT(12);
  say();
  check_counts("q1", 1, 0, 1, 0);
}

static void an_unanswered_alert_is_no_transfer(void) {
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = life_add(&life, CV_AGENT, "q1");
  agent->end_ms = AT(10);
  agent->transferred = true;
  say();
  check_counts("q1", 1, 0, 0, 0);
  CHECK_INT(of("q1").states[CV_STATE_WAITING], 1);
}

static void an_agent_that_ends_with_transfer_has_transferred_once(void) {
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = answer(acd, 5);
  say();
  agent->end_ms = AT(30);
  agent->transferred = true;
  say();
  say();
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
    begin();
    offer(&customer, &acd);
    say();
    acd->end_ms = AT(12);
    life_connected(&life, rows[i].purpose, rows[i].queue, rows[i].at);
    say();
    CHECK_INT(of("q1").transfers, rows[i].transfer);
    customer->end_ms = AT(40);
    say();
    CHECK_INT(of("q1").transfers, rows[i].transfer);
    CHECK_INT(of("q1").abandons, !rows[i].transfer);
  }
}

static void a_queue_that_it_came_from_is_not_elsewhere(void) {
  begin();
  struct cv_party *customer = life_connected(&life, CV_CUSTOMER, NULL, 1);
  struct cv_party *first = life_connected(&life, CV_ACD, "q2", 2);
  struct cv_party *acd = life_connected(&life, CV_ACD, "q1", 2.3);
  first->end_ms = AT(2.3);
  customer->end_ms = acd->end_ms = AT(2.8);
  say();
  check_counts("q2", 1, 0, 0, 1);
  check_counts("q1", 1, 0, 1, 0);
}

static void a_leg_that_says_transfer_went_on_where_we_do_not_see_it(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  acd->end_ms = AT(12);
  acd->transferred = true;
  say();
  check_counts("q1", 1, 0, 0, 0);
  customer->end_ms = AT(50);
  say();
  check_counts("q1", 1, 0, 0, 1);
}

/* ---- what was before us ---- */

static void who_came_before_us_is_tracked_and_not_counted(void) {
  struct cv_party *customer, *acd, *agent;
  begin();
  customer = life_connected(&life, CV_CUSTOMER, NULL, -60);
  acd = life_connected(&life, CV_ACD, "q1", -50);
  say();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(of("q1").states[CV_STATE_WAITING], 1);
  conversations_tick(m, AT(100), AT(100));
  CHECK_INT(of("q1").breaches, 0);
  agent = answer(acd, 101);
  say();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(changes("q1", CV_STATE_WAITING, CV_STATE_ALERTING), 1);
  CHECK_INT(changes("q1", CV_STATE_ALERTING, CV_STATE_ACTIVE), 1);
  agent->end_ms = customer->end_ms = AT(120);
  agent->transferred = true;
  say();
  check_counts("q1", 0, 0, 0, 0);
  CHECK_INT(changes("q1", CV_STATE_ACTIVE, CV_STATE_ENDED), 1);
}

static void the_first_state_of_who_came_before_us_is_no_change(void) {
  struct cv_party *acd;
  begin();
  acd = life_connected(&life, CV_ACD, "q1", -50);
  answer(acd, 3);
  say();
  CHECK_INT(all_changes("q1"), 0);
  CHECK_INT(of("q1").states[CV_STATE_ACTIVE], 1);
}

static void changes_before_us_are_not_ours(void) {
  struct cv_party *acd;
  begin();
  acd = life_connected(&life, CV_ACD, "q1", -50);
  say();
  answer(acd, -5);
  say();
  CHECK_INT(all_changes("q1"), 0);
  CHECK_INT(of("q1").states[CV_STATE_ACTIVE], 1);
}

static void an_old_conversation_may_bring_a_new_offer(void) {
  struct cv_party *acd, *agent;
  begin();
  acd = life_connected(&life, CV_ACD, "q1", -50);
  agent = answer(acd, -40);
  say();
  agent->end_ms = AT(5);
  life_connected(&life, CV_ACD, "q2", 5);
  say();
  check_counts("q1", 0, 0, 0, 0);
  check_counts("q2", 1, 0, 0, 0);
}

/* ---- breaches ---- */

static void a_breach_is_counted_once_when_the_wait_is_known(void) {
  static const struct {
    double wait_s;
    bool breach;
  } rows[] = {{19.999, false}, {20, false}, {20.001, true}, {500, true}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (int abandoned = 0; abandoned < 2; abandoned++) {
      struct cv_party *customer, *acd;
      begin();
      offer(&customer, &acd);
      if (abandoned)
        acd->end_ms = customer->end_ms = AT(2 + rows[i].wait_s);
      else
        answer(acd, 2 + rows[i].wait_s);
      say();
      say();
      conversations_tick(m, AT(600), AT(600));
      CHECK_INT(of("q1").breaches, rows[i].breach);
    }
}

static void who_still_waits_is_a_breach_two_seconds_after_the_target(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  life_add(&life, CV_AGENT, "q1");
  say();
  conversations_tick(m, AT(23.999), AT(23.999));
  CHECK_INT(of("q1").breaches, 0);
  conversations_tick(m, AT(24), AT(24));
  CHECK_INT(of("q1").breaches, 1);
  conversations_tick(m, AT(25), AT(25));
  answer(acd, 26);
  say();
  CHECK_INT(of("q1").breaches, 1);
}

static void who_has_been_answered_waits_no_longer(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  answer(acd, 20);
  say();
  conversations_tick(m, AT(60), AT(60));
  CHECK_INT(of("q1").breaches, 0);
}

static void after_a_gap_waiting_alone_is_no_breach(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  conversations_gap(m);
  conversations_tick(m, AT(60), AT(60));
  CHECK_INT(of("q1").breaches, 0);
  say();
  conversations_tick(m, AT(61), AT(61));
  CHECK_INT(of("q1").breaches, 1);
}

static void each_queue_has_its_own_target_unless_one_is_given(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.target_ms = 0;
  begin_with(&s);
  life_begin(&life, "c1");
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 30000), GC_OK);
  CHECK_INT(conversations_target(m, "q1", CV_CHAT, 1000), GC_OK);
  offer(&customer, &acd);
  life_connected(&life, CV_ACD, "q2", 2);
  say();
  conversations_tick(m, AT(33), AT(33));
  CHECK_INT(of("q1").breaches, 0);
  conversations_tick(m, AT(34), AT(34));
  CHECK_INT(of("q1").breaches, 1);
  CHECK_INT(of("q1").target_ms, 30000);
  CHECK_INT(of("q2").breaches, 0);
}

static void a_target_that_comes_later_holds_for_those_who_wait(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.target_ms = 0;
  begin_with(&s);
  life_begin(&life, "c1");
  offer(&customer, &acd);
  say();
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 5000), GC_OK);
  conversations_tick(m, AT(9), AT(9));
  CHECK_INT(of("q1").breaches, 1);
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 8000), GC_OK);
  CHECK_INT(of("q1").breaches, 0);
}

/* ---- states ---- */

static void the_state_is_the_highest_open_participant(void) {
  struct cv_party *customer, *acd, *agent, *other;
  begin();
  offer(&customer, &acd);
  say();
  other = life_add(&life, CV_AGENT, "q1");
  say();
  CHECK_INT(of("q1").states[CV_STATE_ALERTING], 1);
  agent = answer(acd, 5);
  say();
  CHECK_INT(of("q1").states[CV_STATE_ACTIVE], 1);
  agent->held = true;
  agent->hold_ms = AT(6);
  other->end_ms = AT(5);
  say();
  CHECK_INT(of("q1").states[CV_STATE_HELD], 1);
  agent->held = false;
  agent->end_ms = agent->acw_start_ms = AT(9);
  say();
  CHECK_INT(of("q1").states[CV_STATE_WRAPUP], 1);
  CHECK_INT(of("q1").active, 0);
  agent->acw_end_ms = AT(12);
  say();
  CHECK_INT(of("q1").states[CV_STATE_WRAPUP], 0);
  CHECK_INT(changes("q1", CV_STATE_WAITING, CV_STATE_ALERTING), 1);
  CHECK_INT(changes("q1", CV_STATE_ALERTING, CV_STATE_ACTIVE), 1);
  CHECK_INT(changes("q1", CV_STATE_ACTIVE, CV_STATE_HELD), 1);
  CHECK_INT(changes("q1", CV_STATE_HELD, CV_STATE_ACTIVE), 1);
  CHECK_INT(changes("q1", CV_STATE_ACTIVE, CV_STATE_WRAPUP), 1);
  CHECK_INT(changes("q1", CV_STATE_WRAPUP, CV_STATE_ENDED), 1);
  CHECK_INT(all_changes("q1"), 6);
}

static void who_waits_again_is_not_hidden_by_a_wrapup(void) {
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = answer(acd, 5);
  agent->end_ms = agent->acw_start_ms = AT(10);
  life_connected(&life, CV_ACD, "q1", 10);
  say();
  CHECK_INT(of("q1").states[CV_STATE_WAITING], 1);
}

static void what_has_ended_stays_ended(void) {
  struct cv_event older;
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = answer(acd, 5);
  say();
  older = life.now;
  agent->end_ms = customer->end_ms = AT(30);
  say();
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  older.count = 2;
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  CHECK_INT(of("q1").active, 0);
  CHECK_INT(changes("q1", CV_STATE_ACTIVE, CV_STATE_ENDED), 1);
}

static void a_hold_that_is_repeated_is_one_hold(void) {
  struct cv_event held;
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = answer(acd, 5);
  say();
  agent->held = true;
  agent->hold_ms = AT(6);
  say();
  held = life.now;
  agent->held = false;
  agent->hold_ms = 0;
  say();
  CHECK_INT(conversations_apply(m, &held), GC_OK);
  CHECK_INT(changes("q1", CV_STATE_ACTIVE, CV_STATE_HELD), 1);
  CHECK_INT(of("q1").states[CV_STATE_ACTIVE], 1);
}

static void a_hold_without_a_time_is_counted_once(void) {
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = answer(acd, 5);
  for (int i = 0; i < 3; i++) {
    agent->held = !agent->held;
    say();
  }
  CHECK_INT(changes("q1", CV_STATE_ACTIVE, CV_STATE_HELD), 1);
}

/* ---- only gained ---- */

static void a_time_once_told_stays(void) {
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  say();
  acd->connected_ms = AT(4);
  say();
  agent = answer(acd, 9);
  say();
  agent->connected_ms = AT(12);
  say();
  CHECK_INT(of("q1").wait_ms, 7000);
}

static void a_missing_participant_removes_nothing(void) {
  struct cv_event older;
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = life_add(&life, CV_AGENT, "q1");
  older = life.now;
  customer->end_ms = acd->end_ms = AT(9);
  say();
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  agent->end_ms = AT(9);
  life.now.parties[0] = *agent;
  life.now.count = 1;
  life_connected(&life, CV_OTHER, NULL, 1);
  say();
  check_counts("q1", 1, 0, 1, 0);
}

static void an_offer_stays_with_its_medium(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  acd->media = CV_CALLBACK;
  answer(acd, 9)->media = CV_CALLBACK;
  say();
  check_counts("q1", 1, 1, 0, 0);
}

static void an_older_snapshot_ends_no_hold(void) {
  struct cv_event older;
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = answer(acd, 5);
  say();
  older = life.now;
  life_add(&life, CV_AGENT, "q1");
  agent->held = true;
  agent->hold_ms = AT(6);
  say();
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  CHECK_INT(of("q1").states[CV_STATE_HELD], 1);
}

static void an_older_hold_comes_and_goes(void) {
  struct cv_event first;
  struct cv_party *customer, *acd, *agent;
  begin();
  offer(&customer, &acd);
  agent = answer(acd, 5);
  agent->held = true;
  agent->hold_ms = AT(6);
  first = life.now;
  agent->hold_ms = AT(20);
  say();
  agent->held = false;
  say();
  CHECK_INT(conversations_apply(m, &first), GC_OK);
  CHECK_INT(of("q1").states[CV_STATE_ACTIVE], 1);
  CHECK_INT(changes("q1", CV_STATE_ACTIVE, CV_STATE_HELD), 2);
  CHECK_INT(changes("q1", CV_STATE_HELD, CV_STATE_ACTIVE), 2);
}

static void a_participant_that_is_told_twice_is_one(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  life.now.parties[life.now.count++] = *acd;
  say();
  check_counts("q1", 1, 0, 0, 0);
}

/* The second one contradicts the first: a repeat must not bring news for ever.
 */
static void a_participant_that_is_told_in_two_ways_is_the_first(void) {
  struct conversations_totals before, after;
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  struct cv_party *agent = answer(acd, 5);
  struct cv_party *again = &life.now.parties[life.now.count++];
  *again = *agent;
  again->held = true;
  again->hold_ms = AT(6);
  say();
  before = of("q1");
  say();
  after = of("q1");
  CHECK(memcmp(&before, &after, sizeof(before)) == 0);
  CHECK_INT(after.states[CV_STATE_ACTIVE], 1);
}

/* ---- the set ---- */

static void a_repeat_changes_nothing(void) {
  struct conversations_totals before, after;
  begin();
  life_of_a_call(&life);
  for (unsigned i = 0; i < life.count; i++)
    CHECK_INT(conversations_apply(m, &life.kept[i]), GC_OK);
  before = of("q1");
  for (unsigned i = 0; i < life.count; i++)
    CHECK_INT(conversations_apply(m, &life.kept[i]), GC_OK);
  after = of("q1");
  CHECK(memcmp(&before, &after, sizeof(before)) == 0);
  CHECK_INT(stats().count, 1);
  CHECK_INT(stats().events, 2 * life.count);
}

static void what_is_over_is_remembered_for_ten_minutes(void) {
  begin();
  life_of_a_call(&life);
  conversations_tick(m, AT(141), AT(141));
  CHECK_INT(conversations_apply(m, &life.now), GC_OK);
  conversations_tick(m, AT(141 + 599), AT(141 + 599));
  CHECK_INT(stats().count, 1);
  CHECK_INT(stats().live, 0);
  conversations_tick(m, AT(141 + 600), AT(141 + 600));
  CHECK_INT(stats().count, 0);
  CHECK_INT(conversations_apply(m, &life.now), GC_OK);
  check_counts("q1", 1, 1, 0, 1);
  check_counts("q2", 1, 1, 0, 0);
}

static void who_is_unheard_of_for_too_long_is_let_go(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  conversations_tick(m, AT(86399), AT(86399));
  CHECK_INT(stats().count, 1);
  conversations_tick(m, AT(86400), AT(86400));
  CHECK_INT(stats().count, 0);
  CHECK_INT(stats().aged, 1);
}

static void past_the_most_the_longest_unheard_of_goes(void) {
  struct conversations_settings s = life_settings();
  char id[8];
  s.most = 3;
  begin_with(&s);
  conversations_tick(m, AT(10), AT(10));
  for (int i = 0; i < 5; i++) {
    struct cv_party *customer, *acd;
    snprintf(id, sizeof(id), "c%d", i == 3 ? 0 : i);
    life_begin(&life, id);
    offer(&customer, &acd);
    acd->connected_ms = AT(2 + i);
    if (i == 3)
      acd->connected_ms = AT(2);
    say();
  }
  CHECK_INT(stats().count, 3);
  CHECK_INT(stats().evicted, 1);
  CHECK_INT(of("q1").offers, 4);
  CHECK(!conversations_close(m, cv_id_read("c1", 2)));
  CHECK(conversations_close(m, cv_id_read("c0", 2)));
}

static void who_was_let_go_is_not_counted_again(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  struct cv_event first;
  s.most = 1;
  begin_with(&s);
  conversations_tick(m, AT(10), AT(10));
  life_begin(&life, "c1");
  offer(&customer, &acd);
  say();
  first = life.now;
  life_begin(&life, "c2");
  offer(&customer, &acd);
  acd->connected_ms = AT(3);
  say();
  CHECK_INT(conversations_apply(m, &first), GC_OK);
  CHECK_INT(of("q1").offers, 2);
  CHECK_INT(of("q1").states[CV_STATE_WAITING], 1);
}

static void absurd_times_of_one_do_not_hide_the_others(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.most = 1;
  begin_with(&s);
  life_begin(&life, "c1");
  offer(&customer, &acd);
  acd->connected_ms = INT64_C(253402300799999);
  say();
  life_begin(&life, "c2");
  offer(&customer, &acd);
  say();
  CHECK_INT(of("q1").offers, 2);
}

static void too_many_participants_are_counted(void) {
  begin();
  for (int i = 0; i < 64; i++)
    life_connected(&life, CV_ACD, "q1", 2 + i);
  say();
  life.now.count = 0;
  for (int i = 0; i < 10; i++)
    life_connected(&life, CV_ACD, "q1", 200 + i)->id = 77000u + (unsigned)i;
  say();
  CHECK_INT(stats().dropped, 10);
  CHECK_INT(of("q1").offers, 64);
}

static void memory_is_bounded_whatever_comes(void) {
  struct conversations_settings s = life_settings();
  char id[16];
  s.most = 20;
  begin_with(&s);
  for (int round = 0; round < 3; round++)
    for (int i = 0; i < 200; i++) {
      snprintf(id, sizeof(id), "c%d", i);
      life_begin(&life, id);
      for (int p = 0; p < 3 + 20 * round; p++)
        life_connected(&life, CV_ACD, "q1", 2);
      say();
    }
  CHECK(stats().count >= 1 && stats().count <= 3);
  CHECK(stats().bytes < 200000);
}

static void who_comes_and_goes_leaves_the_others_findable(void) {
  struct conversations_settings s = life_settings();
  enum { MOST = 200, ALL = 5000 };
  char id[16];
  s.most = MOST;
  begin_with(&s);
  for (int i = 0; i < ALL; i++) {
    struct cv_party *customer, *acd;
    snprintf(id, sizeof(id), "c%d", i);
    life_begin(&life, id);
    offer(&customer, &acd);
    say();
  }
  for (int i = 0; i < ALL; i++) {
    snprintf(id, sizeof(id), "c%d", i);
    CHECK(conversations_close(m, cv_id_read(id, strlen(id))) ==
          (i >= ALL - MOST));
  }
}

static void pairs_without_room_are_counted(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.pairs_most = 1;
  begin_with(&s);
  life_begin(&life, "c1");
  offer(&customer, &acd);
  life_connected(&life, CV_ACD, "q2", 2);
  say();
  CHECK_INT(stats().pairs, 1);
  CHECK(stats().overflow > 0);
  check_counts("q1", 1, 0, 0, 0);
}

static bool is_q2(void *ctx, const char *queue) {
  (void)ctx;
  return strcmp(queue, "q2") == 0;
}

static size_t retire(double at, int64_t expiry_s) {
  conversations_tick(m, AT(at), AT(at));
  return conversations_retire(m, expiry_s * 1000, is_q2, NULL);
}

/* The call goes through q1 and q2, and ends at 140 s. */
static void a_queue_that_is_gone_and_silent_loses_its_counters(void) {
  begin();
  life_of_a_call(&life);
  conversations_tick(m, AT(141), AT(141));
  CHECK_INT(conversations_apply(m, &life.now), GC_OK);
  CHECK_INT(stats().queues, 2);
  CHECK_INT(stats().pairs, 2);
  /* It is remembered for ten minutes, and heard of last then. */
  CHECK_INT(retire(141 + 599, 100), 0);
  CHECK_INT(retire(141 + 601, 700), 0);
  check_counts("q1", 1, 1, 0, 1);
  CHECK_INT(retire(141 + 700, 700), 1);
  CHECK_INT(stats().queues, 1);
  CHECK_INT(stats().pairs, 1);
  check_counts("q1", 0, 0, 0, 0);
  check_counts("q2", 1, 1, 0, 0);
  CHECK_INT(retire(141 + 7000, 700), 0);
}

static void a_queue_that_comes_again_begins_anew(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  customer->end_ms = acd->end_ms = AT(10);
  say();
  check_counts("q1", 1, 0, 1, 0);
  conversations_tick(m, AT(700), AT(700));
  CHECK_INT(retire(2000, 1000), 1);
  life_begin(&life, "c2");
  (void)life_connected(&life, CV_CUSTOMER, NULL, 2001);
  (void)life_connected(&life, CV_ACD, "q1", 2002);
  say();
  check_counts("q1", 1, 0, 0, 0);
  CHECK_INT(stats().queues, 1);
}

/* Each day other queues, each with a contact: the same memory. */
static void transient_queues_leave_nothing_behind(void) {
  char name[32];
  size_t bytes = 0;
  struct conversations_settings s = life_settings();
  s.pairs_most = 60;
  begin_with(&s);
  for (int day = 0; day < 40; day++) {
    for (int i = 0; i < 50; i++) {
      double at = day * 86400.0 + 1;
      snprintf(name, sizeof(name), "day%d-%d", day, i);
      life_begin(&life, name);
      life_connected(&life, CV_CUSTOMER, NULL, at)->end_ms = AT(at + 5);
      life_connected(&life, CV_ACD, name, at + 1)->end_ms = AT(at + 5);
      say();
      CHECK_INT(of(name).abandons, 1);
    }
    conversations_tick(m, AT(day * 86400.0 + 1000), AT(day * 86400.0 + 1000));
    CHECK_INT(retire(day * 86400.0 + 80000, 40000), 50);
    CHECK_INT(stats().queues, 0);
    bytes = day == 0 ? stats().bytes : bytes;
    CHECK_INT(stats().bytes, bytes);
  }
  CHECK_INT(stats().overflow, 0);
}

static void whom_no_queue_concerns_is_not_remembered(void) {
  begin();
  life_connected(&life, CV_CUSTOMER, NULL, 1);
  life_connected(&life, CV_AGENT, NULL, 1);
  say();
  CHECK_INT(stats().count, 0);
}

static void bounds_have_to_ascend(void) {
  static const struct {
    const char *row;
    double bounds[2];
    bool good;
  } rows[] = {{"ascending", {0.5, 1}, true},
              {"equal", {1, 1}, false},
              {"descending", {2, 1}, false},
              {"zero", {0, 1}, false},
              {"not a number", {1, NAN}, false},
              {"endless", {1, INFINITY}, false},
              {"too close", {1, 1.0001}, false},
              {"a millisecond", {0.001, 0.002}, true}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct conversations_settings s = life_settings();
    struct gc_err err = {0};
    CHECK_ROW(rows[i].row);
    s.bounds_s = rows[i].bounds;
    s.bound_count = 2;
    GC_AUTO(conversations_free_auto)
    struct conversations *made = conversations_new(&s, &err);
    CHECK((made != NULL) == rows[i].good);
    CHECK_INT(err.code, rows[i].good ? GC_OK : GC_ERR_CONFIG);
  }
}

/* ---- lost ends ---- */

static bool covers_all(void *ctx, const char *queue, enum cv_media media) {
  (void)ctx;
  return strcmp(queue, "q1") == 0 && media == CV_VOICE;
}

static bool covers_none(void *ctx, const char *queue, enum cv_media media) {
  (void)ctx;
  (void)queue;
  (void)media;
  return false;
}

static void poll(double at, bool listed, bool covered) {
  conversations_tick(m, AT(at), AT(at));
  conversations_poll_begin(m);
  if (listed)
    CHECK(conversations_poll_list(m, cv_id_read("c1", 2)));
  conversations_poll_end(m, covered ? covers_all : covers_none, NULL);
}

static void two_polls_running_without_it_close_it(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  poll(10, false, true);
  CHECK_INT(of("q1").active, 1);
  poll(20, true, true);
  poll(30, false, true);
  CHECK_INT(of("q1").active, 1);
  poll(40, false, false);
  poll(50, false, true);
  CHECK_INT(of("q1").active, 1);
  poll(60, false, true);
  CHECK_INT(of("q1").active, 0);
  CHECK_INT(stats().closed, 1);
  CHECK_INT(all_changes("q1"), 0);
  check_counts("q1", 1, 0, 0, 0);
}

static void who_was_heard_of_during_the_poll_is_not_blamed(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  for (int i = 0; i < 4; i++) {
    conversations_tick(m, AT(10 * i), AT(10 * i));
    conversations_poll_begin(m);
    say();
    conversations_poll_end(m, covers_all, NULL);
  }
  CHECK_INT(of("q1").active, 1);
}

static void a_poll_in_which_it_was_heard_of_does_not_count(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  conversations_tick(m, AT(10), AT(10));
  conversations_poll_begin(m);
  say();
  conversations_poll_end(m, covers_all, NULL);
  poll(20, false, true);
  CHECK_INT(of("q1").active, 1);
  poll(30, false, true);
  CHECK_INT(of("q1").active, 0);
}

static void news_open_what_was_closed_and_are_counted(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  CHECK(conversations_close(m, life.now.id));
  conversations_tick(m, AT(60), AT(60));
  say();
  CHECK_INT(of("q1").active, 0);
  CHECK_INT(of("q1").breaches, 0);
  answer(acd, 7);
  say();
  CHECK_INT(of("q1").active, 1);
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(changes("q1", CV_STATE_ALERTING, CV_STATE_ACTIVE), 1);
}

static void what_is_closed_is_forgotten_after_ten_minutes(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  conversations_tick(m, AT(1000), AT(1000));
  CHECK(conversations_close(m, life.now.id));
  conversations_tick(m, AT(1599), AT(1599));
  CHECK_INT(stats().count, 1);
  conversations_tick(m, AT(1600), AT(1600));
  CHECK_INT(stats().count, 0);
  CHECK(!conversations_close(m, life.now.id));
}

static void a_list_opens_what_was_closed(void) {
  struct cv_party *customer, *acd;
  begin();
  offer(&customer, &acd);
  say();
  CHECK(conversations_close(m, life.now.id));
  poll(30, true, true);
  CHECK_INT(of("q1").active, 1);
  CHECK(!conversations_poll_list(m, cv_id_read("nobody", 6)));
}

int main(void) {
  RUN(an_acd_participant_is_an_offer);
  RUN(an_agent_that_is_connected_answers_and_ends_the_wait);
  RUN(an_acd_participant_that_ends_before_the_agents_time_is_known);
  RUN(a_wait_on_the_bound_is_within_it);
  RUN(an_agent_before_the_offer_waited_no_time);
  RUN(an_agent_without_an_offer_answers_nothing);
  RUN(one_offer_has_one_answer);
  RUN(each_stay_in_a_queue_has_its_own_offer_and_answer);
  RUN(media_are_counted_apart);
  RUN(an_offer_waits_for_its_medium_to_be_known);
  RUN(a_customer_who_leaves_unanswered_has_abandoned);
  RUN(without_a_customer_all_have_to_be_gone);
  RUN(of_two_customers_both_have_to_be_gone);
  RUN(an_abandon_waits_for_the_alert_to_end);
  RUN(an_unanswered_alert_is_no_transfer);
  RUN(an_agent_that_ends_with_transfer_has_transferred_once);
  RUN(an_offer_that_goes_on_elsewhere_unanswered_is_a_transfer);
  RUN(a_queue_that_it_came_from_is_not_elsewhere);
  RUN(a_leg_that_says_transfer_went_on_where_we_do_not_see_it);
  RUN(who_came_before_us_is_tracked_and_not_counted);
  RUN(the_first_state_of_who_came_before_us_is_no_change);
  RUN(changes_before_us_are_not_ours);
  RUN(an_old_conversation_may_bring_a_new_offer);
  RUN(a_breach_is_counted_once_when_the_wait_is_known);
  RUN(who_still_waits_is_a_breach_two_seconds_after_the_target);
  RUN(who_has_been_answered_waits_no_longer);
  RUN(after_a_gap_waiting_alone_is_no_breach);
  RUN(each_queue_has_its_own_target_unless_one_is_given);
  RUN(a_target_that_comes_later_holds_for_those_who_wait);
  RUN(the_state_is_the_highest_open_participant);
  RUN(who_waits_again_is_not_hidden_by_a_wrapup);
  RUN(what_has_ended_stays_ended);
  RUN(a_hold_that_is_repeated_is_one_hold);
  RUN(a_hold_without_a_time_is_counted_once);
  RUN(a_time_once_told_stays);
  RUN(a_missing_participant_removes_nothing);
  RUN(an_offer_stays_with_its_medium);
  RUN(an_older_snapshot_ends_no_hold);
  RUN(an_older_hold_comes_and_goes);
  RUN(a_participant_that_is_told_twice_is_one);
  RUN(a_participant_that_is_told_in_two_ways_is_the_first);
  RUN(a_repeat_changes_nothing);
  RUN(what_is_over_is_remembered_for_ten_minutes);
  RUN(who_is_unheard_of_for_too_long_is_let_go);
  RUN(past_the_most_the_longest_unheard_of_goes);
  RUN(who_was_let_go_is_not_counted_again);
  RUN(absurd_times_of_one_do_not_hide_the_others);
  RUN(too_many_participants_are_counted);
  RUN(memory_is_bounded_whatever_comes);
  RUN(who_comes_and_goes_leaves_the_others_findable);
  RUN(pairs_without_room_are_counted);
  RUN(a_queue_that_is_gone_and_silent_loses_its_counters);
  RUN(a_queue_that_comes_again_begins_anew);
  RUN(transient_queues_leave_nothing_behind);
  RUN(whom_no_queue_concerns_is_not_remembered);
  RUN(bounds_have_to_ascend);
  RUN(two_polls_running_without_it_close_it);
  RUN(who_was_heard_of_during_the_poll_is_not_blamed);
  RUN(a_poll_in_which_it_was_heard_of_does_not_count);
  RUN(news_open_what_was_closed_and_are_counted);
  RUN(what_is_closed_is_forgotten_after_ten_minutes);
  RUN(a_list_opens_what_was_closed);
  conversations_free(m);
  return check_done();
}
