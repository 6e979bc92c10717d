/* SPDX-License-Identifier: MIT */
/* Random lives: the counts are a function of the reported facts, not of their
 * order. GC_LIVES: the number of lives; GC_LIVES_SEED: the seed of the first
 * one; GC_LIVES_SHAPE: the only shape. */
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/lives.h"

enum { LIVES = 2000, PRINTED_MAX = 3 };

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text != NULL && text[0] != '\0' ? strtoull(text, NULL, 10) : otherwise;
}

/* The failures of one shape, by delivery. */
struct tally {
  unsigned failed[LIVES_KINDS], printed;
};

static void check_delivery(struct tally *t, const struct lives_shape *shape,
                           enum lives_kind kind, uint64_t seed) {
  static struct lives_life life;
  static struct lives_delivery delivery;
  lives_make(&life, shape, seed);
  lives_deliver(&delivery, &life, kind, seed);
  if (lives_check(&life, &delivery) == NULL)
    return;
  t->failed[kind]++;
  if (t->printed++ >= PRINTED_MAX)
    return;
  lives_shrink(&life, &delivery);
  lives_print(stdout, &life, &delivery, lives_check(&life, &delivery));
}

static void check_shape(const struct lives_shape *shape, unsigned lives,
                        uint64_t seed) {
  struct tally t = {0};
  for (unsigned i = 0; i < lives; i++)
    for (unsigned kind = 0; kind < LIVES_KINDS; kind++)
      check_delivery(&t, shape, (enum lives_kind)kind, seed + i);
  CHECK_ROW(shape->name);
  printf("%-20s %6u lives, fail:", shape->name, lives);
  for (unsigned kind = 0; kind < LIVES_KINDS; kind++)
    printf(" %s %u%s", lives_kind_name((enum lives_kind)kind), t.failed[kind],
           kind + 1 < LIVES_KINDS ? "," : "\n");
  for (unsigned kind = 0; kind < LIVES_KINDS; kind++)
    CHECK_INT(t.failed[kind], 0);
}

/* Returns the number of lives of this shape when each of the most frequent
 * shapes has `whole` lives. */
static unsigned lives_of(const struct lives_shape *shape, unsigned whole) {
  return (whole + shape->share - 1) / shape->share;
}

/* The least number of lives of a frequent shape that makes `lives` in all. */
static unsigned whole_share(unsigned lives) {
  unsigned whole = 0;
  for (unsigned sum = 0; sum < lives;) {
    whole++;
    sum = 0;
    for (unsigned i = 0; i < lives_shape_count; i++)
      sum += lives_of(&lives_shapes[i], whole);
  }
  return whole;
}

static void the_counters_are_a_function_of_the_facts(void) {
  unsigned lives = (unsigned)number_of("GC_LIVES", LIVES), checked = 0;
  unsigned whole = whole_share(lives);
  uint64_t seed = number_of("GC_LIVES_SEED", 1);
  const char *only = getenv("GC_LIVES_SHAPE");
  for (unsigned i = 0; i < lives_shape_count; i++)
    if (only == NULL || strcmp(only, lives_shapes[i].name) == 0) {
      unsigned of_shape = lives_of(&lives_shapes[i], whole);
      check_shape(&lives_shapes[i], of_shape, seed);
      checked += of_shape;
    }
  CHECK(only != NULL || checked >= lives);
}

int main(void) {
  RUN(the_counters_are_a_function_of_the_facts);
  return check_done();
}
