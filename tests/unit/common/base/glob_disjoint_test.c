/* SPDX-License-Identifier: MIT */
#include "common/base/glob.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/glob.h"
#include "tests/support/check.h"

#define UUID_A "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01"
#define UUID_B "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e02"

enum { LIST_MAX = 4 };

struct list {
  char *at[LIST_MAX];
  size_t count;
};

static bool are_disjoint(const struct list *a, const struct list *b) {
  bool disjoint = gc_globs_are_disjoint(a->at, a->count, b->at, b->count);
  CHECK(gc_globs_are_disjoint(b->at, b->count, a->at, a->count) == disjoint);
  return disjoint;
}

/* Splits "Sales*,!Support" at the comma into a list. */
static void split_list(struct list *l, char *text) {
  l->count = 0;
  for (char *one = strtok(text, ","); one != NULL; one = strtok(NULL, ","))
    l->at[l->count++] = one;
}

static void lists_without_a_common_name_are_found(void) {
  static const struct {
    const char *row;
    const char *a, *b;
    bool disjoint;
  } rows[] = {
      {"no selectors", "", "", false},
      {"none, one", "", "Sales", false},
      {"literals", "Sales", "Support", true},
      {"the same", "Sales", "Support,Sales", false},
      {"beginnings", "Sales*", "Support*", true},
      {"one begins the other", "S*", "Support*", false},
      {"ends", "*DE", "*FR", true},
      {"end and beginning", "Sales*", "*DE", false},
      {"literal, wildcard", "Sales DE", "Sales*", false},
      {"literal outside", "Claims", "Sales*", true},
      {"one character", "Sales?", "Sales1", false},
      {"a set", "[ab]*", "c*", false},
      {"a star itself", "Sales\\*", "Sales1", true},
      {"refused by the other", "Sales*", "!Sales*,*", true},
      {"refused too late", "Sales*", "*,!Sales*", false},
      {"refused, wider", "Sales DE*", "!Sales*,*", true},
      {"refused, only negatives", "Sales*", "!Sales*", true},
      {"refused in part", "Sales*", "!Sales DE,*", false},
      {"two ids", UUID_A, UUID_B, true},
      {"an id and a name", UUID_A, "Sales*", false},
      {"36 digits without dashes, a name",
       "b1f7a2c46b0e4f7e9c550a1b2c3d4e010000", "Sales*", true},
      {"dashes at other places, a name", "b1f7a2c4-6b0e-4f7e-9c550a1b2-c3d4e01",
       "Sales*", true},
      {"an id that a name pattern refuses", UUID_A, "!b1*,*", false},
      {"an id that is refused", UUID_A,
       "!" UUID_A ","
       "*",
       true},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    char texts[2][128];
    struct list a, b;
    snprintf(texts[0], sizeof(texts[0]), "%s", rows[i].a);
    snprintf(texts[1], sizeof(texts[1]), "%s", rows[i].b);
    split_list(&a, texts[0]);
    split_list(&b, texts[1]);
    CHECK_INT(are_disjoint(&a, &b), rows[i].disjoint);
  }
}

/* ---- random lists ---- */

static uint32_t seed;

static uint32_t random_below(uint32_t n) {
  seed = seed * 1664525 + 1013904223;
  return (seed >> 8) % n;
}

static void make_text(char *out, size_t max, const char *alphabet) {
  size_t len = random_below((uint32_t)max + 1);
  for (size_t i = 0; i < len; i++)
    out[i] = alphabet[random_below((uint32_t)strlen(alphabet))];
  out[len] = '\0';
}

static void make_list(struct list *l, char texts[LIST_MAX][8]) {
  l->count = random_below(LIST_MAX);
  for (size_t i = 0; i < l->count; i++) {
    char *text = texts[i];
    if (random_below(3) == 0)
      *text++ = '!';
    make_text(text, 4, "aab*?");
    if (*text == '\0')
      strcpy(text, "*");
    l->at[i] = texts[i];
  }
}

/* Tries random names of up to 4 letters on lists that are called disjoint. */
static void no_name_is_accepted_by_disjoint_lists(void) {
  unsigned disjoint = 0;
  for (seed = 1; disjoint < 3000;) {
    char texts[2][LIST_MAX][8], name[8];
    struct list a = {{0}, 0}, b = {{0}, 0};
    make_list(&a, texts[0]);
    make_list(&b, texts[1]);
    if (!are_disjoint(&a, &b))
      continue;
    disjoint++;
    for (int i = 0; i < 40; i++) {
      make_text(name, 4, "ab");
      CHECK_THAT(!gc_glob_accepts(a.at, a.count, name, "id") ||
                     !gc_glob_accepts(b.at, b.count, name, "id"),
                 "\"%s\" is accepted by both, seed %u", name, seed);
    }
  }
}

int main(void) {
  RUN(lists_without_a_common_name_are_found);
  RUN(no_name_is_accepted_by_disjoint_lists);
  return check_done();
}
