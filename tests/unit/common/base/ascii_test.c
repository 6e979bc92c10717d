/* SPDX-License-Identifier: MIT */
#include "common/base/ascii.h"

#include <string.h>

#include "tests/support/check.h"

static bool is_in(const char *list, char c) {
  return c != '\0' && strchr(list, c) != NULL;
}

static void every_byte_has_its_classes(void) {
  static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
  for (int i = 0; i < 256; i++) {
    char c = (char)i;
    CHECK_INT(gc_is_upper(c), is_in(upper, c));
    CHECK_INT(gc_is_lower(c), is_in(lower, c));
    CHECK_INT(gc_is_letter(c), is_in(upper, c) || is_in(lower, c));
    CHECK_INT(gc_is_digit(c), is_in("0123456789", c));
    CHECK_INT(gc_is_space(c), is_in(" \t\n\r", c));
    CHECK_INT(gc_is_printable(c), i >= 0x20 && i < 0x7f);
  }
}

static void only_letters_of_ascii_become_lower_case(void) {
  char text[] = "AZ@[az\xc3\x84-09_";
  gc_lower_text(text);
  CHECK_STR(text, "az@[az\xc3\x84-09_");
}

static void other_bytes_than_printable_ones_are_replaced(void) {
  char text[] = " a~\n\x1b[0m\x7f\xc3\x84";
  gc_replace_unprintable(text, '_');
  CHECK_STR(text, " a~__[0m___");
}

int main(void) {
  RUN(every_byte_has_its_classes);
  RUN(only_letters_of_ascii_become_lower_case);
  RUN(other_bytes_than_printable_ones_are_replaced);
  return check_done();
}
