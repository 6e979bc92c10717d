/* SPDX-License-Identifier: MIT */
/* Breaches of the service level: the contact, the time and the target of
 * each. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include "tests/support/cv_model.h"

/* ---- breaches ---- */

static void a_breach_is_counted_once_when_the_wait_is_known(void) {
  static const struct {
    double wait_s;
    bool breach;
  } rows[] = {{19.999, false}, {20, false}, {20.001, true}, {500, true}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (int abandoned = 0; abandoned < 2; abandoned++) {
      struct cv_party *customer, *acd;
      begin_model();
      offer_contact(&customer, &acd);
      if (abandoned)
        acd->end_ms = customer->end_ms = AT(2 + rows[i].wait_s);
      else
        answer_contact(acd, 2 + rows[i].wait_s);
      apply_life();
      apply_life();
      life_tick(m, AT(600), AT(600));
      CHECK_INT(totals_of("q1").counted.breaches, rows[i].breach);
    }
}

static void
a_contact_that_waits_is_a_breach_two_seconds_after_the_target(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  life_add(&life, CV_AGENT, "q1");
  apply_life();
  life_tick(m, AT(23.999), AT(23.999));
  CHECK_INT(totals_of("q1").counted.breaches, 0);
  life_tick(m, AT(24), AT(24));
  CHECK_INT(totals_of("q1").counted.breaches, 1);
  life_tick(m, AT(25), AT(25));
  answer_contact(acd, 26);
  apply_life();
  CHECK_INT(totals_of("q1").counted.breaches, 1);
}

static void an_answered_contact_waits_no_longer(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  answer_contact(acd, 20);
  apply_life();
  life_tick(m, AT(60), AT(60));
  CHECK_INT(totals_of("q1").counted.breaches, 0);
}

static void after_a_gap_waiting_alone_is_no_breach(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  conversations_gap(m);
  life_tick(m, AT(60), AT(60));
  CHECK_INT(totals_of("q1").counted.breaches, 0);
  apply_life();
  life_tick(m, AT(61), AT(61));
  CHECK_INT(totals_of("q1").counted.breaches, 1);
}

static void each_queue_has_its_own_target_unless_one_is_given(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.target_ms = 0;
  begin_with(&s);
  life_begin(&life, "c1");
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 30000), GC_OK);
  CHECK_INT(conversations_target(m, "q1", CV_CHAT, 1000), GC_OK);
  offer_contact(&customer, &acd);
  life_connected(&life, CV_ACD, "q2", 2);
  apply_life();
  life_tick(m, AT(33), AT(33));
  CHECK_INT(totals_of("q1").counted.breaches, 0);
  life_tick(m, AT(34), AT(34));
  CHECK_INT(totals_of("q1").counted.breaches, 1);
  CHECK_INT(cv_queue_target_ms(m, 0, CV_VOICE), 30000);
  CHECK_INT(totals_of("q2").counted.breaches, 0);
}

static void a_later_target_holds_for_contacts_that_wait(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.target_ms = 0;
  begin_with(&s);
  life_begin(&life, "c1");
  offer_contact(&customer, &acd);
  apply_life();
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 5000), GC_OK);
  life_tick(m, AT(9), AT(9));
  CHECK_INT(totals_of("q1").counted.breaches, 1);
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 8000), GC_OK);
  CHECK_INT(totals_of("q1").counted.breaches, 0);
}

/* The target is part of the series' name: 20 s, 30 s, 20 s again. */
static void a_target_that_returns_continues_its_count(void) {
  struct conversations_settings s = life_settings();
  static const int64_t targets_ms[] = {20000, 30000, 20000, 30000, 20000};
  static const uint64_t breaches[] = {1, 1, 2, 2, 3};
  s.target_ms = 0;
  begin_with(&s);
  for (size_t i = 0; i < GC_COUNT(targets_ms); i++) {
    struct cv_party *customer, *acd;
    char id[8] = {'c', (char)('0' + i), '\0'};
    CHECK_INT(conversations_target(m, "q1", CV_VOICE, targets_ms[i]), GC_OK);
    life_begin(&life, id);
    offer_contact(&customer, &acd);
    answer_contact(acd, 40);
    apply_life();
    CHECK_INT(totals_of("q1").counted.breaches, breaches[i]);
  }
}

/* The names of queues' targets are bounded as well. */
static void endless_targets_begin_again(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.target_ms = 0;
  begin_with(&s);
  life_begin(&life, "c1");
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 20000), GC_OK);
  offer_contact(&customer, &acd);
  answer_contact(acd, 40);
  apply_life();
  for (int i = 1; i <= 100; i++)
    CHECK_INT(conversations_target(m, "q1", CV_VOICE, 30000 + i), GC_OK);
  CHECK_INT(totals_of("q1").counted.breaches, 0);
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 20000), GC_OK);
  CHECK_INT(totals_of("q1").counted.breaches, 0);
}

int main(void) {
  RUN(a_breach_is_counted_once_when_the_wait_is_known);
  RUN(a_contact_that_waits_is_a_breach_two_seconds_after_the_target);
  RUN(an_answered_contact_waits_no_longer);
  RUN(after_a_gap_waiting_alone_is_no_breach);
  RUN(each_queue_has_its_own_target_unless_one_is_given);
  RUN(a_later_target_holds_for_contacts_that_wait);
  RUN(a_target_that_returns_continues_its_count);
  RUN(endless_targets_begin_again);
  conversations_free(m);
  return check_done();
}
