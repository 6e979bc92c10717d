/* SPDX-License-Identifier: MIT */
/* The set of conversations: those that it keeps, removes and closes by polls;
 * its limits. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/cv_model.h"

/* ---- the set ---- */

static void a_repeat_changes_nothing(void) {
  struct conversations_totals before, after;
  begin_model();
  life_of_a_call(&life);
  for (unsigned i = 0; i < life.count; i++)
    CHECK_INT(conversations_apply(m, &life.kept[i]), GC_OK);
  before = totals_of("q1");
  for (unsigned i = 0; i < life.count; i++)
    CHECK_INT(conversations_apply(m, &life.kept[i]), GC_OK);
  after = totals_of("q1");
  CHECK(memcmp(&before, &after, sizeof(before)) == 0);
  CHECK_INT(read_stats().count, 1);
  CHECK_INT(read_stats().events, 2 * life.count);
}

static void an_ended_conversation_is_kept_for_ten_minutes(void) {
  begin_model();
  life_of_a_call(&life);
  life_tick(m, AT(141), AT(141));
  CHECK_INT(conversations_apply(m, &life.now), GC_OK);
  life_tick(m, AT(141 + 599), AT(141 + 599));
  CHECK_INT(read_stats().count, 1);
  CHECK_INT(read_stats().live, 0);
  life_tick(m, AT(141 + 600), AT(141 + 600));
  CHECK_INT(read_stats().count, 0);
  CHECK_INT(conversations_apply(m, &life.now), GC_OK);
  check_counts("q1", 1, 1, 0, 1);
  check_counts("q2", 1, 1, 0, 0);
}

static void a_conversation_without_events_is_removed(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  life_tick(m, AT(86399), AT(86399));
  CHECK_INT(read_stats().count, 1);
  life_tick(m, AT(86400), AT(86400));
  CHECK_INT(read_stats().count, 0);
  CHECK_INT(read_stats().aged, 1);
}

static void past_the_limit_the_one_with_the_oldest_event_is_evicted(void) {
  struct conversations_settings s = life_settings();
  char id[8];
  s.max = 3;
  begin_with(&s);
  life_tick(m, AT(10), AT(10));
  for (int i = 0; i < 5; i++) {
    struct cv_party *customer, *acd;
    snprintf(id, sizeof(id), "c%d", i == 3 ? 0 : i);
    life_begin(&life, id);
    offer_contact(&customer, &acd);
    acd->connected_ms = AT(2 + i);
    if (i == 3)
      acd->connected_ms = AT(2);
    apply_life();
  }
  CHECK_INT(read_stats().count, 3);
  CHECK_INT(read_stats().evicted, 1);
  CHECK_INT(totals_of("q1").counted.offers, 4);
  CHECK(!close_conversation(uuid_key_read("c1", 2)));
  CHECK(close_conversation(uuid_key_read("c0", 2)));
}

static void begin_call(const char *id, double at, double end) {
  life_begin(&life, id);
  struct cv_party *customer = life_connected(&life, CV_CUSTOMER, NULL, at);
  struct cv_party *acd = life_connected(&life, CV_ACD, "q1", at);
  if (end > 0)
    customer->end_ms = acd->end_ms = AT(end);
  apply_life();
}

static bool has_conversation(const char *id) {
  return conversations_poll_list(m, uuid_key_read(id, strlen(id)));
}

/* c0, c2 and c4 wait; c1 and c3 have ended, c3 by an event after its offer. */
static void ended_conversations_are_evicted_before_those_that_wait(void) {
  struct conversations_settings s = life_settings();
  s.max = 5;
  begin_with(&s);
  life_tick(m, AT(10), AT(10));
  begin_call("c0", 1, 0);
  begin_call("c3", 1, 0);
  begin_call("c1", 1, 2);
  begin_call("c2", 3, 0);
  begin_call("c3", 1, 2);
  begin_call("c4", 5, 0);
  begin_call("c5", 6, 0);
  begin_call("c6", 7, 0);
  CHECK_INT(totals_of("q1").active, 5);
  CHECK_INT(read_stats().evicted, 0);
  begin_call("c0", 1, 0);
  begin_call("c7", 8, 0);
  CHECK_INT(read_stats().evicted, 1);
  CHECK(!has_conversation("c1") && !has_conversation("c3") &&
        !has_conversation("c2"));
  CHECK(has_conversation("c0") && has_conversation("c4") &&
        has_conversation("c5") && has_conversation("c6") &&
        has_conversation("c7"));
  CHECK_INT(totals_of("q1").counted.offers, 8);
}

/* A conversation that polls closed is evicted first, unless an event opens it
 * again. */
static void a_closed_conversation_is_evicted_until_it_is_open_again(void) {
  struct conversations_settings s = life_settings();
  s.max = 3;
  begin_with(&s);
  life_tick(m, AT(10), AT(10));
  begin_call("c0", 1, 0);
  begin_call("c1", 2, 0);
  begin_call("c2", 3, 0);
  CHECK(close_conversation(uuid_key_read("c1", 2)));
  CHECK(close_conversation(uuid_key_read("c2", 2)));
  CHECK(has_conversation("c2"));
  begin_call("c3", 4, 0);
  CHECK(!has_conversation("c1"));
  begin_call("c4", 5, 0);
  CHECK(!has_conversation("c0"));
  CHECK(has_conversation("c2"));
}

static void a_removed_conversation_is_not_counted_again(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  struct cv_event first;
  s.max = 1;
  begin_with(&s);
  life_tick(m, AT(10), AT(10));
  life_begin(&life, "c1");
  offer_contact(&customer, &acd);
  apply_life();
  first = life.now;
  life_begin(&life, "c2");
  offer_contact(&customer, &acd);
  acd->connected_ms = AT(3);
  apply_life();
  CHECK_INT(conversations_apply(m, &first), GC_OK);
  CHECK_INT(totals_of("q1").counted.offers, 2);
  CHECK_INT(totals_of("q1").states[CV_STATE_WAITING], 1);
}

/* The stream was down from its start on. */
static void a_contact_is_counted_however_late_its_first_event_is(void) {
  static const double late_s[] = {60, 660, 86400, 30 * 86400.0};
  for (size_t i = 0; i < GC_COUNT(late_s); i++) {
    struct cv_party *customer, *acd;
    begin_model();
    life_tick(m, AT(late_s[i]), AT(late_s[i]));
    offer_contact(&customer, &acd);
    answer_contact(acd, 9);
    apply_life();
    check_counts("q1", 1, 1, 0, 0);
    CHECK_INT(totals_of("q1").facts.wait_ms, 7000);
    CHECK_INT(all_changes("q1"), 2);
  }
}

/* The contact returns in the moment in which its last participant ended. */
static void a_removed_conversation_continues_with_new_facts(void) {
  struct cv_party *customer, *acd, *again;
  begin_model();
  offer_contact(&customer, &acd);
  struct cv_party *agent = answer_contact(acd, 5);
  agent->end_ms = AT(10);
  apply_life();
  life_tick(m, AT(2000), AT(2000));
  CHECK_INT(read_stats().count, 0);
  again = life_connected(&life, CV_ACD, "q1", 10);
  apply_life();
  check_counts("q1", 2, 1, 0, 0);
  CHECK_INT(changes_of("q1", CV_STATE_ENDED, CV_STATE_WAITING), 1);
  answer_contact(again, 2001);
  apply_life();
  check_counts("q1", 2, 2, 0, 0);
  CHECK_INT(changes_of("q1", CV_STATE_ALERTING, CV_STATE_ACTIVE), 2);
}

/* The wait was over, and the model removed it before the answer came. */
static void an_outcome_that_was_open_at_the_removal_is_counted(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  acd->end_ms = AT(5);
  apply_life();
  life_tick(m, AT(90000), AT(90000));
  CHECK_INT(read_stats().aged, 1);
  check_counts("q1", 1, 0, 0, 0);
  life_connected(&life, CV_AGENT, "q1", 5.05);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(totals_of("q1").facts.wait_ms, 3050);
}

/* The repeat shows the answered contact as waiting. */
static void a_repeat_after_the_removal_opens_no_answered_offer(void) {
  struct cv_event older;
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  older = life.now;
  struct cv_party *agent = answer_contact(acd, 5);
  agent->transferred = true;
  agent->end_ms = agent->acw_start_ms = AT(10);
  apply_life();
  check_counts("q1", 1, 1, 0, 1);
  life_tick(m, AT(90000), AT(90000));
  CHECK_INT(read_stats().aged, 1);
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  life_tick(m, AT(90010), AT(90010));
  CHECK_INT(totals_of("q1").counted.breaches, 0);
  apply_life();
  check_counts("q1", 1, 1, 0, 1);
}

/* Two contacts wait at the removal, and one of them has its breach. */
static void each_offer_without_an_outcome_has_one_breach(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  life_tick(m, AT(30), AT(30));
  struct cv_party *second = life_connected(&life, CV_ACD, "q2", 29);
  apply_life();
  life_tick(m, AT(90000), AT(40));
  CHECK_INT(read_stats().aged, 1);
  acd->end_ms = second->end_ms = customer->end_ms = AT(60);
  apply_life();
  CHECK_INT(totals_of("q1").counted.breaches, 1);
  CHECK_INT(totals_of("q2").counted.breaches, 1);
}

static void an_old_snapshot_does_not_open_a_removed_conversation(void) {
  struct cv_event older;
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  older = life.now;
  customer->end_ms = acd->end_ms = AT(5);
  apply_life();
  life_tick(m, AT(2000), AT(2000));
  CHECK_INT(conversations_apply(m, &older), GC_OK);
  CHECK_INT(read_stats().count, 0);
  check_counts("q1", 1, 0, 1, 0);
}

static void the_answer_of_an_evicted_contact_is_counted(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  struct life first;
  s.max = 1;
  begin_with(&s);
  life_begin(&life, "c1");
  offer_contact(&customer, &acd);
  apply_life();
  life_tick(m, AT(40), AT(40));
  CHECK_INT(totals_of("q1").counted.breaches, 1);
  first = life;
  life_begin(&life, "c2");
  offer_contact(&customer, &acd);
  acd->connected_ms = AT(39);
  apply_life();
  CHECK_INT(read_stats().evicted, 1);
  life = first;
  answer_contact(&life.now.parties[1], 41);
  apply_life();
  check_counts("q1", 2, 1, 0, 0);
  CHECK_INT(totals_of("q1").counted.breaches, 1);
}

/* The wait has ended, and its outcome is not known until the customer's end is
 * reported, eleven minutes later. */
static void an_earlier_contact_is_kept_until_its_outcome_is_known(void) {
  struct cv_party *customer, *acd;
  begin_late_model();
  offer_contact(&customer, &acd);
  apply_life();
  acd->end_ms = AT(40);
  apply_life();
  life_tick(m, AT(700), AT(700));
  CHECK_INT(read_stats().count, 1);
  customer->end_ms = AT(40.010);
  apply_life();
  CHECK_INT(changes_of("q1", CV_STATE_WAITING, CV_STATE_ENDED), 1);
  check_counts("q1", 0, 0, 0, 0);
  life_tick(m, AT(1300), AT(1300));
  CHECK_INT(read_stats().count, 0);
}

/* The model remembers a bounded number of removed conversations. A contact that
 * began before the newest forgotten one may have been counted. */
static void a_forgotten_conversation_is_not_counted_again(void) {
  struct conversations_settings s = life_settings();
  struct cv_event first = {.count = 0};
  struct cv_party *customer, *acd;
  char id[16];
  s.max = 1;
  begin_with(&s);
  for (int i = 0; i < 200; i++) {
    snprintf(id, sizeof(id), "c%d", i);
    life_begin(&life, id);
    offer_contact(&customer, &acd);
    acd->connected_ms = AT(2 + i);
    life_tick(m, AT(3 + i), AT(3 + i));
    if (i == 0)
      first = life.now;
    apply_life();
  }
  CHECK_INT(totals_of("q1").counted.offers, 200);
  CHECK_INT(conversations_apply(m, &first), GC_OK);
  CHECK_INT(totals_of("q1").counted.offers, 200);
}

static void absurd_times_of_one_conversation_do_not_hide_the_others(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.max = 1;
  begin_with(&s);
  life_begin(&life, "c1");
  offer_contact(&customer, &acd);
  acd->connected_ms = INT64_C(253402300799999);
  apply_life();
  life_begin(&life, "c2");
  offer_contact(&customer, &acd);
  apply_life();
  CHECK_INT(totals_of("q1").counted.offers, 2);
}

static void memory_is_bounded_whatever_comes(void) {
  struct conversations_settings s = life_settings();
  char id[16];
  s.max = 20;
  begin_with(&s);
  for (int round = 0; round < 3; round++)
    for (int i = 0; i < 200; i++) {
      snprintf(id, sizeof(id), "c%d", i);
      life_begin(&life, id);
      for (int p = 0; p < 3 + 20 * round; p++)
        life_connected(&life, CV_ACD, "q1", 2);
      apply_life();
    }
  CHECK(read_stats().count >= 1 && read_stats().count <= 6);
  CHECK(read_stats().bytes < 240000);
}

static void a_removal_leaves_the_others_findable(void) {
  struct conversations_settings s = life_settings();
  enum { MAX = 200, ALL = 5000 };
  char id[16];
  s.max = MAX;
  begin_with(&s);
  for (int i = 0; i < ALL; i++) {
    struct cv_party *customer, *acd;
    snprintf(id, sizeof(id), "c%d", i);
    life_begin(&life, id);
    offer_contact(&customer, &acd);
    apply_life();
  }
  for (int i = 0; i < ALL; i++) {
    snprintf(id, sizeof(id), "c%d", i);
    CHECK(close_conversation(uuid_key_read(id, strlen(id))) ==
          (i >= ALL - MAX));
  }
}

static void a_conversation_without_a_queue_is_not_kept(void) {
  begin_model();
  life_connected(&life, CV_CUSTOMER, NULL, 1);
  life_connected(&life, CV_AGENT, NULL, 1);
  apply_life();
  CHECK_INT(read_stats().count, 0);
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

int main(void) {
  RUN(a_repeat_changes_nothing);
  RUN(an_ended_conversation_is_kept_for_ten_minutes);
  RUN(a_conversation_without_events_is_removed);
  RUN(past_the_limit_the_one_with_the_oldest_event_is_evicted);
  RUN(ended_conversations_are_evicted_before_those_that_wait);
  RUN(a_closed_conversation_is_evicted_until_it_is_open_again);
  RUN(a_removed_conversation_is_not_counted_again);
  RUN(a_contact_is_counted_however_late_its_first_event_is);
  RUN(a_removed_conversation_continues_with_new_facts);
  RUN(an_outcome_that_was_open_at_the_removal_is_counted);
  RUN(a_repeat_after_the_removal_opens_no_answered_offer);
  RUN(each_offer_without_an_outcome_has_one_breach);
  RUN(an_old_snapshot_does_not_open_a_removed_conversation);
  RUN(the_answer_of_an_evicted_contact_is_counted);
  RUN(an_earlier_contact_is_kept_until_its_outcome_is_known);
  RUN(a_forgotten_conversation_is_not_counted_again);
  RUN(absurd_times_of_one_conversation_do_not_hide_the_others);
  RUN(memory_is_bounded_whatever_comes);
  RUN(a_removal_leaves_the_others_findable);
  RUN(a_conversation_without_a_queue_is_not_kept);
  RUN(bounds_have_to_ascend);
  conversations_free(m);
  return check_done();
}
