/* SPDX-License-Identifier: MIT */
#include "common/base/strs.h"

#include "tests/support/check.h"

static void a_copy_has_memory_of_its_own(void) {
  static const char text[] = "text";
  char *copy;
  CHECK(gc_copy_text(&copy, text));
  CHECK(copy != text);
  CHECK_STR(copy, "text");
  free(copy);
}

static void a_copy_of_no_text_is_no_text(void) {
  char *copy = (char *)"old";
  CHECK(gc_copy_text(&copy, NULL));
  CHECK(copy == NULL);
}

static void a_text_takes_the_place_of_the_old_one(void) {
  char *place = NULL;
  CHECK(gc_replace_text(&place, "first"));
  CHECK_STR(place, "first");
  CHECK(gc_replace_text(&place, "second"));
  CHECK_STR(place, "second");
  CHECK(gc_replace_text(&place, place + 3)); /* a part of itself */
  CHECK_STR(place, "ond");
  free(place);
}

static void no_text_leaves_the_old_one(void) {
  char *place = NULL;
  CHECK(gc_replace_text(&place, NULL));
  CHECK(place == NULL);
  CHECK(gc_replace_text(&place, "first"));
  CHECK(gc_replace_text(&place, NULL));
  CHECK_STR(place, "first");
  free(place);
}

int main(void) {
  RUN(a_copy_has_memory_of_its_own);
  RUN(a_copy_of_no_text_is_no_text);
  RUN(a_text_takes_the_place_of_the_old_one);
  RUN(no_text_leaves_the_old_one);
  return check_done();
}
