/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/exposition/number.h"

#include <stdlib.h>

#include "common/base/cleanup.h"
#include "tests/support/check.h"

static void reals_come_back_as_they_were(void) {
  static const struct {
    double x;
    const char *want;
  } rows[] = {{0.0, "0"},
              {-3.0, "-3"},
              {12.5, "12.5"},
              {0.1, "0.1"},
              {1.0 / 3.0, "0.33333333333333331"},
              {9007199254740991.0, "9007199254740991"},
              {1e300, "1e+300"},
              {5e-324, "4.94065645841247e-324"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char out[NUMBER_MAX + 1] = "";
    out[number_real(out, rows[i].x)] = '\0';
    CHECK_STR(out, rows[i].want);
    CHECK(strtod(out, NULL) == rows[i].x);
  }
}

static void whole_numbers_keep_all_digits(void) {
  char out[NUMBER_MAX + 1];
  out[number_int(out, INT64_MIN)] = '\0';
  CHECK_STR(out, "-9223372036854775808");
  out[number_int(out, 0)] = '\0';
  CHECK_STR(out, "0");
  out[number_uint(out, UINT64_MAX)] = '\0';
  CHECK_STR(out, "18446744073709551615");
}

int main(void) {
  RUN(reals_come_back_as_they_were);
  RUN(whole_numbers_keep_all_digits);
  return check_done();
}
