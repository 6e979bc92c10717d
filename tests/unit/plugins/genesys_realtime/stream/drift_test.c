/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream/drift.h"

#include <stdio.h>

#include "tests/support/check.h"

static void compare_sides(struct drift *d, const char *queue, const char *media,
                          struct drift_side model, struct drift_side observed) {
  CHECK_INT(drift_compare(d, queue, media, &model, &observed), GC_OK);
}

/* Plays one poll of one pair. */
static void poll_pair(struct drift *d, struct drift_side model,
                      struct drift_side observed) {
  drift_begin(d);
  compare_sides(d, "q", "voice", model, observed);
  drift_end(d);
}

static void a_difference_in_two_successive_polls_counts(void) {
  static const struct {
    const char *what;
    struct drift_side model, observed;
    unsigned total;
  } rows[] = {
      {"nothing differs", {3, 1, 2}, {3, 1, 2}, 0},
      {"one too many waits", {4, 0, 2}, {3, 0, 2}, 1},
      {"three too few wait", {0, 0, 2}, {3, 0, 2}, 3},
      {"one too many talks", {3, 0, 3}, {3, 0, 2}, 1},
      {"one too few talks", {3, 0, 1}, {3, 0, 2}, 1},
      {"both", {5, 0, 1}, {3, 0, 2}, 3},
      {"a contact rings here and waits there", {2, 1, 2}, {3, 0, 2}, 0},
      {"a contact rings here and talks there", {3, 1, 1}, {3, 0, 2}, 0},
      {"a contact rings there and waits here", {3, 0, 2}, {2, 1, 2}, 0},
      {"a contact rings there and talks here", {3, 0, 2}, {3, 1, 1}, 0},
      {"ringing does not explain two", {1, 1, 2}, {3, 0, 2}, 1},
      {"one contact rings on both sides", {0, 1, 0}, {2, 1, 0}, 1},
      {"a contact rings on one side only", {0, 1, 0}, {0, 0, 0}, 0},
      {"a number below 0 is 0", {-5, -1, 0}, {0, 0, 0}, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].what);
    GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
    poll_pair(d, rows[i].model, rows[i].observed);
    CHECK_INT(drift_total(d), 0);
    CHECK_INT(drift_now(d), 0);
    poll_pair(d, rows[i].model, rows[i].observed);
    CHECK_INT(drift_total(d), rows[i].total);
    CHECK_INT(drift_now(d), rows[i].total);
  }
}

/* Plays the first poll of a queue and medium. */
static void adopt_pair(struct drift *d, struct drift_side model,
                       struct drift_side observed) {
  drift_begin(d);
  CHECK_INT(drift_adopt(d, "q", "voice", &model, &observed), GC_OK);
  drift_end(d);
}

static void contacts_from_before_the_stream_are_no_drift(void) {
  static const struct {
    int64_t model, observed; /* waiting */
    unsigned total;
  } polls[] = {
      {2, 6, 0},                       /* one of the five has gone */
      {2, 7, 0}, {2, 7, 1},            /* one is missing */
      {2, 6, 1}, {2, 6, 1}, {6, 6, 1}, /* all have had an event */
      {5, 6, 1}, {5, 6, 2},
  };
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
  adopt_pair(d, (struct drift_side){0, 0, 0}, (struct drift_side){5, 0, 0});
  CHECK_INT(drift_total(d), 0);
  for (size_t i = 0; i < GC_COUNT(polls); i++) {
    poll_pair(d, (struct drift_side){polls[i].model, 0, 0},
              (struct drift_side){polls[i].observed, 0, 0});
    CHECK_INT(drift_total(d), polls[i].total);
  }
}

/* A ringing contact may count as interacting, so that two contacts without an
 * event seem to be one for a poll. */
static void a_ringing_contact_hides_no_contact_without_events(void) {
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
  adopt_pair(d, (struct drift_side){0, 0, 0}, (struct drift_side){0, 0, 2});
  poll_pair(d, (struct drift_side){0, 1, 0}, (struct drift_side){0, 1, 2});
  poll_pair(d, (struct drift_side){0, 0, 1}, (struct drift_side){0, 0, 3});
  poll_pair(d, (struct drift_side){0, 0, 1}, (struct drift_side){0, 0, 3});
  CHECK_INT(drift_total(d), 0);
  poll_pair(d, (struct drift_side){0, 0, 1}, (struct drift_side){0, 0, 4});
  poll_pair(d, (struct drift_side){0, 0, 1}, (struct drift_side){0, 0, 4});
  CHECK_INT(drift_total(d), 1);
}

static void a_surplus_is_not_adopted(void) {
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
  adopt_pair(d, (struct drift_side){2, 0, 0}, (struct drift_side){0, 0, 3});
  poll_pair(d, (struct drift_side){2, 0, 0}, (struct drift_side){0, 0, 3});
  CHECK_INT(drift_total(d), 2);
}

static void each_difference_counts_once_while_it_lasts(void) {
  static const struct {
    int64_t model, observed; /* waiting */
    unsigned total, now;
  } polls[] = {
      {3, 3, 0, 0}, {5, 3, 0, 0}, {4, 3, 1, 1},
      {4, 3, 1, 1}, {6, 3, 1, 1}, /* the new two are in one poll only */
      {6, 3, 3, 3},               /* they last */
      {3, 3, 3, 0},               /* all agree again */
      {4, 3, 3, 0}, {3, 3, 3, 0}, /* for one poll: no drift */
      {4, 3, 3, 0}, {2, 3, 3, 0}, /* the other way is another difference */
      {2, 3, 4, 1},
  };
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
  for (size_t i = 0; i < GC_COUNT(polls); i++) {
    char row[16];
    snprintf(row, sizeof(row), "poll %zu", i);
    CHECK_ROW(row);
    poll_pair(d, (struct drift_side){polls[i].model, 0, 0},
              (struct drift_side){polls[i].observed, 0, 0});
    CHECK_INT(drift_total(d), polls[i].total);
    CHECK_INT(drift_now(d), polls[i].now);
  }
  CHECK_ROW("");
}

static void queues_and_media_are_kept_apart(void) {
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
  const struct drift_side one = {1, 0, 0}, none = {0, 0, 0};
  drift_begin(d);
  compare_sides(d, "q1", "voice", one, none);
  compare_sides(d, "q1", "chat", none, none);
  compare_sides(d, "q2", "voice", none, none);
  drift_end(d);
  drift_begin(d);
  compare_sides(d, "q1", "voice", none, none);
  compare_sides(d, "q1", "chat", one, none);
  compare_sides(d, "q2", "voice", one, none);
  drift_end(d);
  CHECK_INT(drift_total(d), 0);
  drift_begin(d);
  compare_sides(d, "q2", "voice", one, none); /* in another order */
  compare_sides(d, "q1", "chat", one, none);
  compare_sides(d, "q1", "voice", one, none);
  drift_end(d);
  CHECK_INT(drift_total(d), 2);
}

static void a_pair_that_a_poll_omits_starts_from_zero(void) {
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
  const struct drift_side one = {1, 0, 0}, none = {0, 0, 0};
  poll_pair(d, one, none);
  drift_begin(d);
  drift_end(d);
  poll_pair(d, one, none);
  CHECK_INT(drift_total(d), 0);
  poll_pair(d, one, none);
  CHECK_INT(drift_total(d), 1);
}

static void a_poll_without_an_end_does_not_count(void) {
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
  const struct drift_side one = {1, 0, 0}, none = {0, 0, 0};
  drift_begin(d);
  compare_sides(d, "q", "voice", one, none);
  poll_pair(d, one, none);
  CHECK_INT(drift_total(d), 0);
  poll_pair(d, one, none);
  CHECK_INT(drift_total(d), 1);
}

static void pairs_past_the_limit_are_left_out(void) {
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(50);
  const struct drift_side one = {1, 0, 0}, none = {0, 0, 0};
  for (int round = 0; round < 3; round++) {
    drift_begin(d);
    for (int i = 0; i < 80; i++) {
      char queue[16];
      snprintf(queue, sizeof(queue), "q%d", i);
      compare_sides(d, queue, "voice", one, none);
    }
    drift_end(d);
  }
  CHECK_INT(drift_total(d), 50);
  CHECK_INT(drift_now(d), 50);
}

static void absurd_numbers_do_no_harm(void) {
  GC_AUTO(drift_free_auto) struct drift *d = drift_new(10);
  const struct drift_side all = {INT64_MAX, INT64_MAX, INT64_MAX};
  const struct drift_side min = {INT64_MIN, INT64_MIN, INT64_MIN};
  for (int i = 0; i < 3; i++) {
    poll_pair(d, min, all);
    poll_pair(d, all, min);
  }
  poll_pair(d, all, (struct drift_side){0, 0, 0});
  CHECK_INT(drift_now(d), INT64_C(2) << 40);
}

int main(void) {
  RUN(a_difference_in_two_successive_polls_counts);
  RUN(contacts_from_before_the_stream_are_no_drift);
  RUN(a_ringing_contact_hides_no_contact_without_events);
  RUN(a_surplus_is_not_adopted);
  RUN(each_difference_counts_once_while_it_lasts);
  RUN(queues_and_media_are_kept_apart);
  RUN(a_pair_that_a_poll_omits_starts_from_zero);
  RUN(a_poll_without_an_end_does_not_count);
  RUN(pairs_past_the_limit_are_left_out);
  RUN(absurd_numbers_do_no_harm);
  return check_done();
}
