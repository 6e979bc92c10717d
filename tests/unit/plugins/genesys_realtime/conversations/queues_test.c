/* SPDX-License-Identifier: MIT */
/* The queues of a model: the limit of their counters, queues that are gone and
 * queues that return. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/cv_model.h"

static void pairs_without_room_are_counted(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.pairs_max = 1;
  begin_with(&s);
  life_begin(&life, "c1");
  offer_contact(&customer, &acd);
  life_connected(&life, CV_ACD, "q2", 2);
  apply_life();
  CHECK_INT(read_stats().pairs, 1);
  CHECK(read_stats().overflow > 0);
  check_counts("q1", 1, 0, 0, 0);
}

static bool is_q2(void *ctx, const char *queue) {
  (void)ctx;
  return strcmp(queue, "q2") == 0;
}

static size_t retire_queue(double at, int64_t expiry_s) {
  life_tick(m, AT(at), AT(at));
  return conversations_retire(m, expiry_s * 1000, is_q2, NULL);
}

/* The call goes through q1 and q2, and ends at 140 s. */
static void a_queue_that_is_gone_and_silent_loses_its_counters(void) {
  begin_model();
  life_of_a_call(&life);
  life_tick(m, AT(141), AT(141));
  CHECK_INT(conversations_apply(m, &life.now), GC_OK);
  CHECK_INT(read_stats().queues, 2);
  CHECK_INT(read_stats().pairs, 2);
  /* The ended conversation is kept for ten minutes; q1 had its last event at
   * 141 s. */
  CHECK_INT(retire_queue(141 + 599, 100), 0);
  CHECK_INT(retire_queue(141 + 601, 700), 0);
  check_counts("q1", 1, 1, 0, 1);
  CHECK_INT(retire_queue(141 + 700, 700), 1);
  CHECK_INT(read_stats().queues, 1);
  CHECK_INT(read_stats().pairs, 1);
  check_counts("q1", 0, 0, 0, 0);
  check_counts("q2", 1, 1, 0, 0);
  CHECK_INT(retire_queue(141 + 7000, 700), 0);
}

static void a_queue_that_returns_begins_with_zero(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  customer->end_ms = acd->end_ms = AT(10);
  apply_life();
  check_counts("q1", 1, 0, 1, 0);
  life_tick(m, AT(700), AT(700));
  CHECK_INT(retire_queue(2000, 1000), 1);
  life_begin(&life, "c2");
  (void)life_connected(&life, CV_CUSTOMER, NULL, 2001);
  (void)life_connected(&life, CV_ACD, "q1", 2002);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  CHECK_INT(read_stats().queues, 1);
}

/* The counters in which the contact was an offer are gone. */
static void an_offer_of_a_retired_queue_has_no_outcome(void) {
  struct conversations_settings s = life_settings();
  struct cv_party *customer, *acd;
  s.age_ms = 1000000;
  begin_with(&s);
  life_begin(&life, "c1");
  offer_contact(&customer, &acd);
  apply_life();
  check_counts("q1", 1, 0, 0, 0);
  life_tick(m, AT(1500), AT(1500));
  CHECK_INT(retire_queue(3000, 1000), 1);
  customer->end_ms = acd->end_ms = AT(3100);
  apply_life();
  check_counts("q1", 0, 0, 0, 0);
}

/* Each day has other queues, each with a contact, and takes the same memory. */
static void transient_queues_leave_nothing_behind(void) {
  char name[32];
  size_t bytes = 0;
  struct conversations_settings s = life_settings();
  s.max = 60;
  s.pairs_max = 60;
  begin_with(&s);
  for (int day = 0; day < 40; day++) {
    for (int i = 0; i < 50; i++) {
      double at = day * 86400.0 + 1;
      snprintf(name, sizeof(name), "day%d-%d", day, i);
      life_begin(&life, name);
      life_connected(&life, CV_CUSTOMER, NULL, at)->end_ms = AT(at + 5);
      life_connected(&life, CV_ACD, name, at + 1)->end_ms = AT(at + 5);
      apply_life();
      CHECK_INT(totals_of(name).counted.abandons, 1);
    }
    life_tick(m, AT(day * 86400.0 + 1000), AT(day * 86400.0 + 1000));
    CHECK_INT(retire_queue(day * 86400.0 + 80000, 40000), 50);
    CHECK_INT(read_stats().queues, 0);
    bytes = day == 0 ? read_stats().bytes : bytes;
    CHECK_INT(read_stats().bytes, bytes);
  }
  CHECK_INT(read_stats().overflow, 0);
}

int main(void) {
  RUN(pairs_without_room_are_counted);
  RUN(a_queue_that_is_gone_and_silent_loses_its_counters);
  RUN(a_queue_that_returns_begins_with_zero);
  RUN(an_offer_of_a_retired_queue_has_no_outcome);
  RUN(transient_queues_leave_nothing_behind);
  conversations_free(m);
  return check_done();
}
