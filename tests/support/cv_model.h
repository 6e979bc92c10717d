/* SPDX-License-Identifier: MIT */
/* One model and one conversation for the tests of conversations*.c:
 * begin_model(), change `life`, apply_life(), check the counters.
 *
 *   begin_model();
 *   offer_contact(&customer, &acd);
 *   apply_life();
 *   check_counts("q1", 1, 0, 0, 0); */
#ifndef GC_TESTS_SUPPORT_CV_MODEL_H
#define GC_TESTS_SUPPORT_CV_MODEL_H

#include "plugins/genesys_realtime/conversations/internal.h"
#include "tests/support/check.h"
#include "tests/support/cv_life.h"

static struct conversations *m;
static struct life life;

static inline void begin_with(const struct conversations_settings *s) {
  conversations_free(m);
  m = conversations_new(s, NULL);
}

static inline void begin_model(void) {
  struct conversations_settings s = life_settings();
  begin_with(&s);
  life_begin(&life, "c1");
}

/* A model that began at 30 s: the contact of offer_contact is earlier. */
static inline void begin_late_model(void) {
  struct conversations_settings s = life_settings();
  s.started_ms = AT(30);
  begin_with(&s);
  life_begin(&life, "c1");
}

static inline void apply_life(void) {
  CHECK_INT(conversations_apply(m, &life.now), GC_OK);
}

/* Closes a conversation as two polls that do not list it do; false if the model
 * does not have it. */
static inline bool close_conversation(struct uuid_key id) {
  uint32_t number = cv_table_find(m, id);
  if (number != CV_NONE)
    cv_close(m, number);
  return number != CV_NONE;
}

static inline struct conversations_totals totals_of(const char *queue) {
  struct conversations_totals t;
  memset(&t, 0, sizeof(t));
  (void)conversations_totals(m, queue, CV_VOICE, &t);
  return t;
}

/* The part of a counter that the facts no longer show. */
static inline uint64_t taken_back(const char *queue, unsigned counter) {
  struct conversations_totals t = totals_of(queue);
  return t.counted.at[counter] - t.facts.at[counter];
}

static inline struct conversations_stats read_stats(void) {
  struct conversations_stats s;
  conversations_stats(m, &s);
  return s;
}

static inline uint64_t changes_of(const char *queue, enum cv_state from,
                                  enum cv_state to) {
  return totals_of(queue).counted.changes[from][to];
}

static inline uint64_t all_changes(const char *queue) {
  struct conversations_totals t = totals_of(queue);
  uint64_t sum = 0;
  for (int i = 0; i < CV_STATE_COUNT; i++)
    for (int k = 0; k < CV_STATE_COUNT; k++)
      sum += t.counted.changes[i][k];
  return sum;
}

static inline void check_counts(const char *queue, uint64_t offers,
                                uint64_t answers, uint64_t abandons,
                                uint64_t transfers) {
  struct conversations_totals t = totals_of(queue);
  CHECK_INT(t.counted.offers, offers);
  CHECK_INT(t.counted.answers, answers);
  CHECK_INT(t.counted.abandons, abandons);
  CHECK_INT(t.counted.transfers, transfers);
}

/* Adds the customer at 1 s and the acd participant of q1 at 2 s. */
static inline void offer_contact(struct cv_party **ret_customer,
                                 struct cv_party **ret_acd) {
  *ret_customer = life_connected(&life, CV_CUSTOMER, NULL, 1);
  *ret_acd = life_connected(&life, CV_ACD, "q1", 2);
}

static inline struct cv_party *answer_contact(struct cv_party *acd, double at) {
  struct cv_party *agent = life_connected(&life, CV_AGENT, acd->queue_text, at);
  acd->end_ms = AT(at);
  acd->transferred = true;
  return agent;
}

#endif
