/* SPDX-License-Identifier: MIT */
#include "common/base/policy/lease_counter.h"

#include "tests/support/check.h"

static void the_example_of_the_header_holds(void) {
  struct gc_lease_counter c;
  uint64_t number = 0;
  gc_lease_counter_begin(&c, 98, 40);
  CHECK_INT(gc_lease_counter_shown(&c), 98);
  CHECK(!gc_lease_counter_next(&c, 40, &number));
  CHECK(gc_lease_counter_next(&c, 41, &number));
  CHECK_INT(number, 99);
  CHECK_INT(gc_lease_counter_shown(&c), 98);
  gc_lease_counter_confirm(&c);
  CHECK_INT(gc_lease_counter_shown(&c), 99);
}

static void a_renewal_without_an_answer_is_stored_again(void) {
  struct gc_lease_counter c;
  uint64_t number = 0;
  gc_lease_counter_begin(&c, 0, 0);
  CHECK(gc_lease_counter_next(&c, 5, &number));
  CHECK(gc_lease_counter_next(&c, 5, &number));
  CHECK_INT(number, 5);
  CHECK_INT(gc_lease_counter_shown(&c), 0);
}

static void a_lost_number_is_stored_again_without_a_change(void) {
  struct gc_lease_counter c;
  uint64_t number = 0;
  gc_lease_counter_begin(&c, 7, 0);
  gc_lease_counter_restore(&c);
  CHECK(gc_lease_counter_next(&c, 0, &number));
  CHECK_INT(number, 7);
  gc_lease_counter_confirm(&c);
  CHECK(!gc_lease_counter_next(&c, 0, &number));
}

static void a_model_that_begins_again_makes_no_number_fall(void) {
  struct gc_lease_counter c;
  uint64_t number = 0;
  gc_lease_counter_begin(&c, 98, 40);
  CHECK(gc_lease_counter_next(&c, 50, &number));
  CHECK_INT(number, 108);
  CHECK(gc_lease_counter_next(&c, 2, &number));
  CHECK_INT(number, 110);
}

/* ---- random changes of the holder ---- */

static uint32_t random_state;

static uint32_t random_to(uint32_t max) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 16) % (max + 1);
}

/* Each agent missed another part of the past; `facts` is the truth, of which
 * Redis has counted those up to `until`. */
struct world {
  struct gc_lease_counter c[2];
  uint64_t missed[2];
  uint64_t facts, stored, until, shown;
  unsigned holder;
};

static void take_lease(struct world *w, unsigned agent) {
  w->holder = agent;
  gc_lease_counter_begin(&w->c[agent], w->stored, w->until - w->missed[agent]);
}

static void renew(struct world *w) {
  struct gc_lease_counter *c = &w->c[w->holder];
  uint64_t number;
  bool executes = random_to(3) > 0, answers = executes && random_to(3) > 0;
  bool lacks =
      gc_lease_counter_next(c, w->facts - w->missed[w->holder], &number);
  if (executes) {
    w->stored = lacks ? number : w->stored;
    w->until = w->facts;
  }
  if (answers)
    gc_lease_counter_confirm(c);
}

static void numbers_never_fall_and_end_at_the_truth(void) {
  for (unsigned seed = 1; seed <= 200; seed++) {
    struct world w = {.facts = 1000};
    random_state = seed * 2654435769u;
    w.missed[0] = random_to(1000);
    w.missed[1] = random_to(1000);
    w.until = w.facts;
    take_lease(&w, 0);
    for (unsigned i = 0; i < 2000; i++) {
      w.facts += random_to(3);
      if (random_to(20) == 0)
        take_lease(&w, 1 - w.holder);
      renew(&w);
      uint64_t shown = gc_lease_counter_shown(&w.c[w.holder]);
      CHECK_THAT(shown >= w.shown, "seed %u: %llu falls to %llu", seed,
                 (unsigned long long)w.shown, (unsigned long long)shown);
      w.shown = shown;
    }
    CHECK_INT(w.stored, w.until - 1000);
  }
}

int main(void) {
  RUN(the_example_of_the_header_holds);
  RUN(a_renewal_without_an_answer_is_stored_again);
  RUN(a_lost_number_is_stored_again_without_a_change);
  RUN(a_model_that_begins_again_makes_no_number_fall);
  RUN(numbers_never_fall_and_end_at_the_truth);
  return check_done();
}
