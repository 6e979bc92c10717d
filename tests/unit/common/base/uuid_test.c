/* SPDX-License-Identifier: MIT */
#include "common/base/uuid.h"

#include <string.h>

#include "tests/support/check.h"

static void hexadecimal_digits_have_their_value_in_any_case(void) {
  static const char small[] = "0123456789abcdef", large[] = "0123456789ABCDEF";
  int digits = 0;
  for (int i = 0; i < 16; i++) {
    CHECK_INT(gc_hex_value(small[i]), i);
    CHECK_INT(gc_hex_value(large[i]), i);
  }
  for (int c = 0; c < 256; c++)
    digits += gc_hex_value((char)c) >= 0;
  CHECK_INT(digits, 22); /* no other character is a digit */
}

static void a_uuid_has_digits_and_dashes_at_their_places(void) {
  static const struct {
    const char *name, *text;
    bool is_uuid;
  } rows[] = {
      {"small letters", "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01", true},
      {"large letters", "B1F7A2C4-6B0E-4F7E-9C55-0A1B2C3D4E01", true},
      {"empty", "", false},
      {"one too short", "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e0", false},
      {"one too long", "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e012", false},
      {"no dashes", "b1f7a2c46b0e4f7e9c550a1b2c3d4e010000", false},
      {"dashes elsewhere", "b1f7a2c4-6b0e-4f7e-9c550a1b2-c3d4e01", false},
      {"only dashes", "------------------------------------", false},
      {"no digit at the end", "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e0g", false},
      {"a byte above 127",
       "\xb1\x31"
       "f7a2c-6b0e-4f7e-9c55-0a1b2c3d4e01",
       false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK(gc_is_uuid(rows[i].text, strlen(rows[i].text)) == rows[i].is_uuid);
  }
}

static void the_digits_of_a_uuid_are_read_as_two_numbers(void) {
  uint64_t high, low;
  CHECK(gc_uuid_read("01234567-89ab-CDEF-fedc-BA9876543210", GC_UUID_LEN, &high,
                     &low));
  CHECK(high == UINT64_C(0x0123456789abcdef));
  CHECK(low == UINT64_C(0xfedcba9876543210));
}

int main(void) {
  RUN(hexadecimal_digits_have_their_value_in_any_case);
  RUN(a_uuid_has_digits_and_dashes_at_their_places);
  RUN(the_digits_of_a_uuid_are_read_as_two_numbers);
  return check_done();
}
