/* SPDX-License-Identifier: MIT */
#include "common/genesys/parts.h"

#include "tests/support/check.h"

static void parts_are_read_as_they_were_added(void) {
  char parts[GC_PARTS_SIZE] = "";
  struct gc_part part;
  CHECK(gc_parts_add(parts, sizeof(parts), "queue_id", "q1"));
  CHECK(gc_parts_add(parts, sizeof(parts), "direction", "a-b=c"));
  CHECK_STR(parts, "queue_id=q1\ndirection=a-b=c\n");
  const char *at = parts;
  CHECK(gc_parts_next(&at, &part));
  CHECK(part.name_len == 8 && memcmp(part.value, "q1", part.value_len) == 0);
  CHECK(gc_parts_next(&at, &part));
  CHECK(part.value_len == 5 && memcmp(part.value, "a-b=c", 5) == 0);
  CHECK(!gc_parts_next(&at, &part));
  CHECK(gc_parts_have(parts, "direction"));
  CHECK(!gc_parts_have(parts, "direct"));
}

static void a_value_cannot_break_the_text(void) {
  char parts[GC_PARTS_SIZE] = "";
  CHECK(gc_parts_add(parts, sizeof(parts), "queue_id", "q\n1=\xff"));
  CHECK_STR(parts, "queue_id=q_1=_\n");
}

static void a_part_that_does_not_fit_is_not_added(void) {
  char parts[16] = "";
  CHECK(gc_parts_add(parts, sizeof(parts), "a", "1234567890"));
  CHECK(!gc_parts_add(parts, sizeof(parts), "b", "1"));
  CHECK_STR(parts, "a=1234567890\n");
}

static void text_that_is_no_part_is_skipped(void) {
  struct gc_part part;
  const char *at = "\n=x\nnothing\na=1";
  CHECK(gc_parts_next(&at, &part));
  CHECK(part.name_len == 1 && part.name[0] == 'a');
  CHECK(!gc_parts_next(&at, &part));
  at = NULL;
  CHECK(!gc_parts_next(&at, &part));
}

int main(void) {
  RUN(parts_are_read_as_they_were_added);
  RUN(a_value_cannot_break_the_text);
  RUN(a_part_that_does_not_fit_is_not_added);
  RUN(text_that_is_no_part_is_skipped);
  return check_done();
}
