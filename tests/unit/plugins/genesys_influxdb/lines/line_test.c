/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/lines/line.h"

#include <math.h>

#include "tests/support/check.h"

static void names_are_escaped_by_the_specification(void) {
  static const struct {
    const char *in, *name, *tag;
  } rows[] = {
      {"plain", "plain", "plain"},
      {"a b", "a\\ b", "a\\ b"},
      {"a,b", "a\\,b", "a\\,b"},
      {"a=b", "a=b", "a\\=b"},
      {"a\"b'c", "a\"b'c", "a\"b'c"},
      {"Caf\xc3\xa9", "Caf\xc3\xa9", "Caf\xc3\xa9"},
      {"a\nb\tc\x7f", "a_b_c_", "a_b_c_"},
      {"\xff\xfe", "__", "__"},
      {"C:\\x", "C:\\x", "C:\\x"},
      {"end\\", "end_", "end_"},
      {"a\\,b", "a_\\,b", "a_\\,b"},
      {"a\\\\b", "a_\\b", "a_\\b"},
      {"a\\ b", "a_\\ b", "a_\\ b"},
      {"#x", "_x", "#x"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf name = {.max = 100};
    GC_AUTO(gc_buf_clear) struct gc_buf tag = {.max = 100};
    char want[64];
    CHECK_ROW(rows[i].in);
    CHECK_INT(influx_line_name(&name, rows[i].in), GC_OK);
    CHECK_STR(gc_buf_string(&name), rows[i].name);
    CHECK_INT(influx_line_tag(&tag, rows[i].in, rows[i].in), GC_OK);
    snprintf(want, sizeof(want), ",%s=%s", rows[i].tag, rows[i].tag);
    CHECK_STR(gc_buf_string(&tag), want);
  }
}

static void an_empty_tag_is_left_out(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 100};
  CHECK_INT(influx_line_tag(&out, "key", ""), GC_OK);
  CHECK_INT(out.len, 0);
}

static void numbers_have_the_type_of_their_field(void) {
  static const struct {
    enum influx_number kind;
    union influx_value value;
    const char *text;
  } rows[] = {
      {INFLUX_REAL, {.real = 3}, "f=3"},
      {INFLUX_REAL, {.real = -0.1}, "f=-0.1"},
      {INFLUX_INT, {.integer = -7}, "f=-7i"},
      {INFLUX_INT, {.integer = INT64_MIN}, "f=-9223372036854775808i"},
      {INFLUX_UINT, {.counter = INT64_MAX}, "f=9223372036854775807i"},
      {INFLUX_ROUNDED, {.real = 2.5}, "f=3i"},
      {INFLUX_ROUNDED, {.real = -2.4}, "f=-2i"},
      {INFLUX_DECIMALS, {.real = 12.5}, "f=12.50"},
      {INFLUX_DECIMALS, {.real = 0.005}, "f=0.01"},
      {INFLUX_DECIMALS, {.real = -0.001}, "f=0.00"},
      {INFLUX_DECIMALS, {.real = -3.14159}, "f=-3.14"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 100};
    CHECK_ROW(rows[i].text);
    CHECK_INT(influx_line_fit(rows[i].kind, rows[i].value), INFLUX_FITS);
    CHECK_INT(influx_line_field(&out, "f", rows[i].kind, rows[i].value), GC_OK);
    CHECK_STR(gc_buf_string(&out), rows[i].text);
  }
}

static void a_number_not_finite_or_too_large_has_no_field(void) {
  static const double bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < GC_COUNT(bad); i++)
    for (int kind = INFLUX_REAL; kind <= INFLUX_DECIMALS; kind++)
      if (kind != INFLUX_INT && kind != INFLUX_UINT)
        CHECK_INT(influx_line_fit((enum influx_number)kind,
                                  (union influx_value){.real = bad[i]}),
                  INFLUX_NO_NUMBER);
  CHECK_INT(
      influx_line_fit(INFLUX_ROUNDED, (union influx_value){.real = 1e300}),
      INFLUX_TOO_LARGE);
  /* As a float it would change the type of the field. */
  CHECK_INT(
      influx_line_fit(INFLUX_UINT,
                      (union influx_value){.counter = (uint64_t)INT64_MAX + 1}),
      INFLUX_TOO_LARGE);
}

static void a_field_is_found_by_its_whole_key(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 100};
  union influx_value one = {.integer = 1};
  CHECK(!influx_line_has_field(&out, "a"));
  CHECK_INT(influx_line_field(&out, "aa", INFLUX_INT, one), GC_OK);
  CHECK_INT(influx_line_field(&out, "x\\,b", INFLUX_INT, one), GC_OK);
  CHECK_INT(influx_line_field(&out, "c", INFLUX_INT, one), GC_OK);
  CHECK_STR(gc_buf_string(&out), "aa=1i,x\\,b=1i,c=1i");
  CHECK(influx_line_has_field(&out, "aa") && influx_line_has_field(&out, "c"));
  CHECK(!influx_line_has_field(&out, "a") && !influx_line_has_field(&out, "b"));
}

int main(void) {
  RUN(names_are_escaped_by_the_specification);
  RUN(an_empty_tag_is_left_out);
  RUN(numbers_have_the_type_of_their_field);
  RUN(a_number_not_finite_or_too_large_has_no_field);
  RUN(a_field_is_found_by_its_whole_key);
  return check_done();
}
