/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/exposition/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t number_uint(char *out, uint64_t x) {
  char digits[20];
  size_t len = 0, at = sizeof(digits);
  do {
    digits[--at] = (char)('0' + x % 10);
    x /= 10;
  } while (x > 0);
  len = sizeof(digits) - at;
  memcpy(out, digits + at, len);
  return len;
}

size_t number_int(char *out, int64_t x) {
  if (x >= 0)
    return number_uint(out, (uint64_t)x);
  out[0] = '-';
  return 1 + number_uint(out + 1, -(uint64_t)x);
}

size_t number_real(char *out, double x) {
  static const double whole_max = 9007199254740992.0; /* 2^53 */
  char text[NUMBER_MAX];
  if (fabs(x) < whole_max && x == trunc(x))
    return number_int(out, (int64_t)x);
  int len = snprintf(text, sizeof(text), "%.15g", x);
  if (strtod(text, NULL) != x)
    len = snprintf(text, sizeof(text), "%.17g", x);
  char *comma = memchr(text, ',', (size_t)len);
  if (comma != NULL)
    *comma = '.';
  memcpy(out, text, (size_t)len);
  return (size_t)len;
}
