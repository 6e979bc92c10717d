/* SPDX-License-Identifier: MIT */
#include "common/base/json/stream.h"

#include "tests/support/check.h"

/* The value of each row is followed by "X". */
static void a_value_ends_with_its_own_last_byte(void) {
  static const char *const rows[] = {
      "{}",
      "[]",
      "{\"a\":1}",
      "{\"a\":{\"b\":[{}]}}",
      "{\"}\":\"]\"}",
      "[\"\\\"]\"]",
      "[\"\\\\\"]",
      "[\"\\\\\\\"]\"]",
      "{\"\":\"\"}",
      "[\"a\",\"\\\\\\\\\",{\"b\":\"\\\\\"}]",
      "[not JSON}",
      "\"\"",
      "\"a}\"",
      "\"\\\"\"",
      "\"\\\\\"",
      "\"\\\\\\\"a\"",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char text[64];
    CHECK_ROW(rows[i]);
    int len = snprintf(text, sizeof(text), "%sX", rows[i]);
    const char *end = text + len;
    const char *got = text[0] == '"' ? gc_json_string_end(text, end)
                                     : gc_json_container_end(text, end);
    CHECK(got == end - 1);
  }
}

static void a_value_that_is_cut_off_has_no_end(void) {
  static const char *const rows[] = {
      "{",  "{\"a\"", "[[]",    "[\"a]", "[\"\\\"]",   "[\"\\",
      "\"", "\"a",    "\"\\\"", "\"\\",  "\"a\\\\\\\""};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    const char *end = rows[i] + strlen(rows[i]);
    CHECK_ROW(rows[i]);
    CHECK((rows[i][0] == '"' ? gc_json_string_end(rows[i], end)
                             : gc_json_container_end(rows[i], end)) == NULL);
  }
}

int main(void) {
  RUN(a_value_ends_with_its_own_last_byte);
  RUN(a_value_that_is_cut_off_has_no_end);
  return check_done();
}
