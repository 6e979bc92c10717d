/* SPDX-License-Identifier: MIT */
#include "common/base/decimal.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "tests/support/check.h"

static void whole_numbers_are_exact_up_to_the_last_one(void) {
  static const struct {
    const char *text;
    bool good;
    int64_t want;
  } rows[] = {
      {"0", true, 0},
      {"-0", true, 0},
      {"7", true, 7},
      {"-7", true, -7},
      {"9223372036854775807", true, INT64_MAX},
      {"-9223372036854775808", true, INT64_MIN},
      {"9223372036854775808", false, 0},
      {"-9223372036854775809", false, 0},
      {"99999999999999999999999999", false, 0},
      {"1000000000000000000", true, 1000000000000000000},
      {"1e18", true, 1000000000000000000},
      {"10e18", false, 0},
      {"1e19", false, 0},
      {"1e999999999999999999999", false, 0},
      {"0e999999999999999999999", true, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    int64_t got = 77;
    CHECK(gc_decimal_int(rows[i].text, strlen(rows[i].text), &got) ==
          rows[i].good);
    CHECK_INT(got, rows[i].good ? rows[i].want : 77);
  }
}

static void a_count_written_as_a_double_is_a_count(void) {
  static const struct {
    const char *text;
    bool good;
    int64_t want;
  } rows[] = {
      {"3.0", true, 3},        {"3.000000", true, 3}, {"-3.0", true, -3},
      {"1.5e1", true, 15},     {"30e-1", true, 3},    {"1E3", true, 1000},
      {"1e+3", true, 1000},    {"0.0", true, 0},      {"-0.0e5", true, 0},
      {"0.00001e6", true, 10}, {"3.5", false, 0},     {"31e-1", false, 0},
      {"1e-1", false, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    int64_t got = 77;
    CHECK(gc_decimal_int(rows[i].text, strlen(rows[i].text), &got) ==
          rows[i].good);
    CHECK_INT(got, rows[i].good ? rows[i].want : 77);
  }
}

static void reals_are_those_of_strtod(void) {
  static const char *const rows[] = {
      "0",
      "-0.0",
      "0.1",
      "12.5",
      "1e22",
      "1e23",
      "123456789012345678",
      "9007199254740993",
      "0.000123456789012345678901234567890",
      "1.7976931348623157e308",
      "2.2250738585072011e-308",
      "5e-324",
      "1e-400",
      "86168.000",
      "179769313486231580793728971405301e276",
      "3.141592653589793238462643383279502884197169399375105820974944592307816",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    double got = 77, want = strtod(rows[i], NULL);
    CHECK(gc_decimal_real(rows[i], strlen(rows[i]), &got));
    CHECK_THAT(memcmp(&got, &want, sizeof(got)) == 0, "%.17g, not %.17g", got,
               want);
  }
}

/* These numbers have more digits than a double: a number rounded twice would
 * differ. */
static void long_reals_are_rounded_once(void) {
  uint64_t random32 = 1;
  for (int i = 0; i < 20000; i++) {
    random32 = random32 * 6364136223846793005u + 1442695040888963407u;
    char text[64];
    snprintf(text, sizeof(text), "%llu.%02lue%d",
             (unsigned long long)(random32 >> 8),
             (unsigned long)(random32 % 100), i % 60 - 30);
    double got = 77, want = strtod(text, NULL);
    bool same = gc_decimal_real(text, strlen(text), &got) && got == want;
    if (!same)
      CHECK_THAT(same, "%s is %.17g, not %.17g", text, got, want);
  }
  CHECK(random32 != 1);
}

static void a_text_that_is_not_a_json_number_is_refused(void) {
  static const char *const rows[] = {
      "",    "-",   "+3",  " 3",    "3 ",    "03",     "-03",   ".5",
      "5.",  "1e",  "1e+", "1e-",   "0x10",  "1,5",    "NaN",   "Infinity",
      "1.e", "--1", "1-",  "1e5.5", "1e400", "-1e400", "1 000", "\xd9\xa3",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    int64_t whole = 77;
    double real = 77;
    CHECK(!gc_decimal_int(rows[i], strlen(rows[i]), &whole));
    CHECK(!gc_decimal_real(rows[i], strlen(rows[i]), &real));
    CHECK_INT(whole, 77);
    CHECK_REAL(real, 77);
  }
}

static void the_length_counts_and_not_a_nul(void) {
  int64_t got;
  CHECK(gc_decimal_int("1234", 2, &got));
  CHECK_INT(got, 12);
  CHECK(!gc_decimal_int("12\0003", 4, &got));
}

static void absurdly_long_numbers_are_refused(void) {
  char text[GC_DECIMAL_MAX + 1];
  memset(text, '1', sizeof(text));
  double real;
  int64_t whole;
  CHECK(!gc_decimal_real(text, sizeof(text), &real));
  CHECK(!gc_decimal_int(text, sizeof(text), &whole));
  memset(text, '0', sizeof(text));
  text[1] = '.';
  CHECK(gc_decimal_real(text, sizeof(text) - 1, &real));
  CHECK_REAL(real, 0);
  CHECK(!gc_decimal_real(text, sizeof(text), &real));
}

/* A perl or python plugin in the same daemon may set a locale with a decimal
 * comma. */
static void the_locale_changes_nothing(void) {
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL &&
      setlocale(LC_ALL, "fr_FR.UTF-8") == NULL)
    printf("note: no locale with a decimal comma is installed\n");
  double got = 0;
  CHECK(gc_decimal_real("0.12345678901234567890", 22, &got));
  CHECK_REAL(got, 0.12345678901234567890);
  CHECK(!gc_decimal_real("0,5", 3, &got));
  setlocale(LC_ALL, "C");
}

/* ---- numbers to text ---- */

static void numbers_have_as_few_digits_as_they_need(void) {
  static const struct {
    double value;
    const char *text;
  } rows[] = {{0, "0"},
              {3, "3"},
              {-3, "-3"},
              {12.5, "12.5"},
              {0.1, "0.1"},
              {0.25, "0.25"},
              {-0.001, "-0.001"},
              {1e15, "1000000000000000"},
              {1e300, "1e+300"},
              {1.0 / 3, "0.3333333333333333"},
              {0.1 + 0.2, "0.30000000000000004"},
              {5e-324, "4.94065645841247e-324"},
              {1.7976931348623157e308, "1.7976931348623157e+308"}};
  char out[GC_DECIMAL_SIZE];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(gc_decimal_print(rows[i].value, out), strlen(rows[i].text));
    CHECK_STR(out, rows[i].text);
  }
}

static void every_number_is_read_back_as_it_was(void) {
  char out[GC_DECIMAL_SIZE];
  uint64_t bits = 0x9e3779b97f4a7c15;
  for (int i = 0; i < 200000; i++) {
    double value, again = 0;
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    uint64_t mixed = bits ^ bits >> 29;
    memcpy(&value, &mixed, sizeof(value));
    if (!isfinite(value))
      continue;
    size_t len = gc_decimal_print(value, out);
    CHECK(len < sizeof(out) && gc_decimal_real(out, len, &again));
    CHECK(memcmp(&again, &value, sizeof(value)) == 0);
  }
}

static void whole_numbers_keep_all_digits(void) {
  char out[GC_DECIMAL_SIZE];
  (void)gc_decimal_print_int(INT64_MIN, out);
  CHECK_STR(out, "-9223372036854775808");
  (void)gc_decimal_print_int(INT64_MAX, out);
  CHECK_STR(out, "9223372036854775807");
  (void)gc_decimal_print_int(0, out);
  CHECK_STR(out, "0");
  (void)gc_decimal_print_uint(UINT64_MAX, out);
  CHECK_STR(out, "18446744073709551615");
}

int main(void) {
  RUN(whole_numbers_are_exact_up_to_the_last_one);
  RUN(a_count_written_as_a_double_is_a_count);
  RUN(reals_are_those_of_strtod);
  RUN(long_reals_are_rounded_once);
  RUN(a_text_that_is_not_a_json_number_is_refused);
  RUN(the_length_counts_and_not_a_nul);
  RUN(absurdly_long_numbers_are_refused);
  RUN(the_locale_changes_nothing);
  RUN(numbers_have_as_few_digits_as_they_need);
  RUN(every_number_is_read_back_as_it_was);
  RUN(whole_numbers_keep_all_digits);
  return check_done();
}
