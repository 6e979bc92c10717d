/* SPDX-License-Identifier: MIT */
/* Conversations with more participants than the model keeps: the model
 * counts the newest ones and drops those that were counted and have ended. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include <stdio.h>

#include "tests/support/cv_model.h"

/* Adds agents that rang and did not answer, one a second. */
static void add_alerts(unsigned count, double from) {
  for (unsigned i = 0; i < count; i++) {
    struct cv_party *agent = life_add(&life, CV_AGENT, "q1");
    agent->end_ms = AT(from + i);
    agent->transferred = true;
  }
}

static void an_answer_after_many_alerts_is_counted(void) {
  static const unsigned rows[] = {198, 199, 220, 250};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (int step_by_step = 0; step_by_step < 2; step_by_step++) {
      struct cv_party *customer, *acd, *agent;
      begin_model();
      offer_contact(&customer, &acd);
      for (unsigned k = 0; k < rows[i]; k++) {
        add_alerts(1, 3 + k);
        if (step_by_step)
          apply_life();
      }
      agent = answer_contact(acd, 301);
      apply_life();
      check_counts("q1", 1, 1, 0, 0);
      CHECK_INT(totals_of("q1").facts.wait_ms, 299000);
      CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
      agent->end_ms = customer->end_ms = AT(400);
      apply_life();
      apply_life();
      check_counts("q1", 1, 1, 0, 0);
      CHECK_INT(totals_of("q1").active, 0);
      CHECK_INT(read_stats().incomplete, rows[i] > 198);
    }
}

/* A snapshot without the dropped participants still counts as the newest. */
static void a_hold_among_many_participants_ends(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  add_alerts(220, 3);
  agent = answer_contact(acd, 230);
  apply_life();
  agent->held = true;
  agent->hold_ms = AT(240);
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_HELD], 1);
  agent->held = false;
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
  CHECK_INT(changes_of("q1", CV_STATE_HELD, CV_STATE_ACTIVE), 1);
}

/* The contact passes the same queue 120 times. Each time it is offered,
 * answered and transferred. Each snapshot lists all participants so far. */
static void stays_that_were_counted_make_room_and_are_not_counted_again(void) {
  begin_model();
  struct cv_party *customer = life_connected(&life, CV_CUSTOMER, NULL, 1);
  for (int i = 0; i < 120; i++) {
    double at = 2 + i * 10;
    struct cv_party *acd = life_connected(&life, CV_ACD, "q1", at);
    apply_life();
    struct cv_party *agent = answer_contact(acd, at + 3);
    apply_life();
    agent->end_ms = AT(at + 10);
    agent->transferred = true;
    apply_life();
    apply_life();
    check_counts("q1", (uint64_t)i + 1, (uint64_t)i + 1, 0, (uint64_t)i + 1);
  }
  customer->end_ms = AT(1202);
  apply_life();
  apply_life();
  check_counts("q1", 120, 120, 0, 120);
  CHECK_INT(totals_of("q1").facts.wait_ms, 360000);
  CHECK_INT(totals_of("q1").active, 0);
  CHECK_INT(read_stats().incomplete, 1);
}

/* The stream was down during the conversation: one snapshot has all of it. */
static void a_large_conference_that_is_reported_late_is_counted(void) {
  begin_model();
  struct cv_party *customer = life_connected(&life, CV_CUSTOMER, NULL, 1);
  for (int i = 0; i < 120; i++) {
    double at = 2 + i * 10;
    struct cv_party *agent =
        answer_contact(life_connected(&life, CV_ACD, "q1", at), at + 3);
    agent->end_ms = AT(at + 10);
    agent->transferred = true;
  }
  customer->end_ms = AT(1202);
  for (int i = 0; i < 3; i++) {
    apply_life();
    check_counts("q1", 120, 120, 0, 120);
    CHECK_INT(totals_of("q1").facts.wait_ms, 360000);
  }
  CHECK_INT(totals_of("q1").active, 0);
  CHECK_INT(read_stats().live, 0);
}

/* The source changes the time of a stay that has ended. */
static void a_dropped_stay_with_another_time_is_not_counted_again(void) {
  begin_model();
  struct cv_party *customer, *acd;
  offer_contact(&customer, &acd);
  answer_contact(acd, 3)->end_ms = AT(4);
  apply_life();
  for (int i = 0; i < 200; i++) {
    life_connected(&life, CV_ACD, "q2", 10 + i);
    apply_life();
  }
  check_counts("q1", 1, 1, 0, 0);
  acd->connected_ms = AT(100000);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
}

/* In the guide dialect a contact passes 100 queues. */
static void the_newest_of_a_hundred_stays_is_kept(void) {
  struct conversations_settings s = life_settings();
  struct guide_event e = {.id = uuid_key_read("c1", 2),
                          .state = CV_STATE_WAITING,
                          .media = CV_VOICE};
  s.is_guide = true;
  begin_with(&s);
  for (int i = 0; i < 100; i++) {
    int len = snprintf(e.queue_text, sizeof(e.queue_text), "q%d", i);
    e.queue = uuid_key_read(e.queue_text, (size_t)len);
    CHECK_INT(conversations_apply_state(m, &e, AT(1 + i)), GC_OK);
    CHECK_INT(totals_of(e.queue_text).counted.offers, 1);
  }
  e.state = CV_STATE_ACTIVE;
  CHECK_INT(conversations_apply_state(m, &e, AT(105)), GC_OK);
  check_counts("q99", 1, 1, 0, 0);
  check_counts("q0", 1, 0, 0, 1);
  CHECK_INT(read_stats().incomplete, 1);
}

/* No participant has ended, so the model cannot drop any. */
static void participants_without_room_are_reported(void) {
  begin_model();
  for (int i = 0; i < 210; i++)
    life_connected(&life, CV_ACD, "q1", 2 + i);
  apply_life();
  apply_life();
  CHECK_INT(read_stats().incomplete, 1);
  CHECK_INT(totals_of("q1").counted.offers, 200);
}

static void too_many_participants_are_counted(void) {
  begin_model();
  for (int i = 0; i < 200; i++)
    life_connected(&life, CV_ACD, "q1", 2 + i);
  apply_life();
  life.now.count = 0;
  for (int i = 0; i < 10; i++)
    life_connected(&life, CV_ACD, "q1", 300 + i)->id = 77000u + (unsigned)i;
  apply_life();
  CHECK_INT(read_stats().incomplete, 1);
  CHECK_INT(totals_of("q1").counted.offers, 200);
}

int main(void) {
  RUN(an_answer_after_many_alerts_is_counted);
  RUN(a_hold_among_many_participants_ends);
  RUN(stays_that_were_counted_make_room_and_are_not_counted_again);
  RUN(a_large_conference_that_is_reported_late_is_counted);
  RUN(a_dropped_stay_with_another_time_is_not_counted_again);
  RUN(the_newest_of_a_hundred_stays_is_kept);
  RUN(participants_without_room_are_reported);
  RUN(too_many_participants_are_counted);
  conversations_free(m);
  return check_done();
}
