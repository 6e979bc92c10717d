/* SPDX-License-Identifier: MIT */
/* Lost ends: a conversation that two successive polls do not list is closed; no
 * step of a clock closes or removes one. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include "tests/support/cv_model.h"

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

static void poll_contact(double at, bool listed, bool covered) {
  life_tick(m, AT(at), AT(at));
  conversations_poll_begin(m);
  if (listed)
    CHECK(conversations_poll_list(m, uuid_key_read("c1", 2)));
  conversations_poll_end(m, covered ? covers_all : covers_none, NULL);
}

static void two_successive_polls_without_a_conversation_close_it(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  poll_contact(10, false, true);
  CHECK_INT(totals_of("q1").active, 1);
  poll_contact(20, true, true);
  poll_contact(30, false, true);
  CHECK_INT(totals_of("q1").active, 1);
  poll_contact(40, false, false);
  poll_contact(50, false, true);
  CHECK_INT(totals_of("q1").active, 1);
  poll_contact(60, false, true);
  CHECK_INT(totals_of("q1").active, 0);
  CHECK_INT(read_stats().closed, 1);
  CHECK_INT(all_changes("q1"), 0);
  check_counts("q1", 1, 0, 0, 0);
}

/* The lists have contacts that wait, ring or are with an agent now. */
static void no_poll_closes_a_parked_contact(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  agent = answer_contact(acd, 5);
  agent->parked = true;
  apply_life();
  for (int i = 1; i < 5; i++)
    poll_contact(10 * i, false, true);
  CHECK_INT(read_stats().closed, 0);
  CHECK_INT(totals_of("q1").active, 1);
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE],
            0); /* no drift either way */
  CHECK_INT(totals_of("q1").states[CV_STATE_ALERTING], 1);
  agent->parked = false;
  agent->acw_start_ms = AT(60); /* a new fact */
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_ACTIVE], 1);
  poll_contact(60, false, true);
  poll_contact(70, false, true);
  CHECK_INT(read_stats().closed, 1);
}

static void an_event_during_the_poll_prevents_the_closing(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  for (int i = 0; i < 4; i++) {
    life_tick(m, AT(10 * i), AT(10 * i));
    conversations_poll_begin(m);
    apply_life();
    conversations_poll_end(m, covers_all, NULL);
  }
  CHECK_INT(totals_of("q1").active, 1);
}

static void a_poll_with_an_event_in_it_does_not_count(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  life_tick(m, AT(10), AT(10));
  conversations_poll_begin(m);
  apply_life();
  conversations_poll_end(m, covers_all, NULL);
  poll_contact(20, false, true);
  CHECK_INT(totals_of("q1").active, 1);
  poll_contact(30, false, true);
  CHECK_INT(totals_of("q1").active, 0);
}

static void new_facts_open_a_closed_conversation_and_are_counted(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  CHECK(close_conversation(life.now.id));
  life_tick(m, AT(60), AT(60));
  apply_life();
  CHECK_INT(totals_of("q1").active, 0);
  CHECK_INT(totals_of("q1").counted.breaches, 0);
  answer_contact(acd, 7);
  apply_life();
  CHECK_INT(totals_of("q1").active, 1);
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(changes_of("q1", CV_STATE_ALERTING, CV_STATE_ACTIVE), 1);
}

static void a_closed_conversation_is_removed_after_ten_minutes(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  life_tick(m, AT(1000), AT(1000));
  CHECK(close_conversation(life.now.id));
  life_tick(m, AT(1599), AT(1599));
  CHECK_INT(read_stats().count, 1);
  life_tick(m, AT(1600), AT(1600));
  CHECK_INT(read_stats().count, 0);
  CHECK(!close_conversation(life.now.id));
}

static void a_list_opens_a_closed_conversation(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  CHECK(close_conversation(life.now.id));
  poll_contact(30, true, true);
  CHECK_INT(totals_of("q1").active, 1);
  CHECK(!conversations_poll_list(m, uuid_key_read("absent", 6)));
}

/* The server's Date, or our clock, is wrong by weeks for a minute. */
static void a_step_of_the_clock_removes_no_conversation(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  conversations_tick(m, &(struct conversations_now){AT(4000000), AT(4), 4000});
  CHECK_INT(read_stats().aged, 0);
  CHECK_INT(totals_of("q1").active, 1);
}

int main(void) {
  RUN(two_successive_polls_without_a_conversation_close_it);
  RUN(no_poll_closes_a_parked_contact);
  RUN(an_event_during_the_poll_prevents_the_closing);
  RUN(a_poll_with_an_event_in_it_does_not_count);
  RUN(new_facts_open_a_closed_conversation_and_are_counted);
  RUN(a_closed_conversation_is_removed_after_ten_minutes);
  RUN(a_list_opens_a_closed_conversation);
  RUN(a_step_of_the_clock_removes_no_conversation);
  conversations_free(m);
  return check_done();
}
