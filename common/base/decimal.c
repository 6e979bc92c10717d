/* SPDX-License-Identifier: MIT */
#include "common/base/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"

/* A number: digits * 10^exponent. "-12.50e3" has the digits 1250, the exponent
 * 1, and is negative. */
struct decimal {
  char digits[GC_DECIMAL_MAX + 1];
  size_t count; /* without leading zeros; 0 for zero */
  long exponent;
  bool negative;
};

static void add_digit(struct decimal *d, char c) {
  if (d->count > 0 || c != '0')
    d->digits[d->count++] = c;
}

/* A larger exponent means only infinity or zero. The exponent stops growing
 * here, so that no text can overflow it. */
enum { EXPONENT_MAX = 100000 };

static bool read_exponent(const char *p, const char *end, long *ret) {
  bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+'))
    p++;
  if (p == end)
    return false;
  long value = 0;
  for (; p < end; p++) {
    if (!gc_is_digit(*p))
      return false;
    if (value < EXPONENT_MAX)
      value = value * 10 + (*p - '0');
  }
  *ret = negative ? -value : value;
  return true;
}

static bool parse_decimal(const char *text, size_t len, struct decimal *d) {
  if (len == 0 || len > GC_DECIMAL_MAX)
    return false;
  const char *p = text, *end = text + len;
  d->count = 0;
  d->exponent = 0;
  d->negative = *p == '-';
  if (d->negative)
    p++;

  const char *whole = p;
  while (p < end && gc_is_digit(*p))
    add_digit(d, *p++);
  if (p == whole || (*whole == '0' && p - whole > 1))
    return false;

  long fraction = 0;
  if (p < end && *p == '.') {
    const char *from = ++p;
    while (p < end && gc_is_digit(*p))
      add_digit(d, *p++);
    fraction = p - from;
    if (fraction == 0)
      return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    if (!read_exponent(p + 1, end, &d->exponent))
      return false;
    p = end;
  }
  d->exponent -= fraction;
  return p == end;
}

bool gc_decimal_int(const char *text, size_t len, int64_t *ret) {
  struct decimal d;
  if (!parse_decimal(text, len, &d))
    return false;
  while (d.count > 0 && d.exponent < 0 && d.digits[d.count - 1] == '0') {
    d.count--;
    d.exponent++;
  }
  if (d.count == 0) {
    *ret = 0;
    return true;
  }
  if (d.exponent < 0 || d.exponent > 18)
    return false;

  /* Counts down, since only a negative number can be INT64_MIN. */
  int64_t value = 0;
  for (size_t i = 0; i < d.count + (size_t)d.exponent; i++) {
    int digit = i < d.count ? d.digits[i] - '0' : 0;
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_sub_overflow(value, digit, &value))
      return false;
  }
  if (!d.negative && value == INT64_MIN)
    return false;
  *ret = d.negative ? value : -value;
  return true;
}

/* Computes the number from two factors. Both are exact doubles, so their
 * product or quotient is the nearest double (Clinger, "How to read floating
 * point numbers accurately"). */
static bool exact_double(const struct decimal *d, double *ret) {
  static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (d->count > 15 || d->exponent < -22 || d->exponent > 22)
    return false;
  uint64_t mantissa = 0;
  for (size_t i = 0; i < d->count; i++)
    mantissa = mantissa * 10 + (uint64_t)(d->digits[i] - '0');
  *ret = d->exponent < 0 ? (double)mantissa / tens[-d->exponent]
                         : (double)mantissa * tens[d->exponent];
  return true;
}

bool gc_decimal_real(const char *text, size_t len, double *ret) {
  struct decimal d;
  if (!parse_decimal(text, len, &d))
    return false;

  double value = 0;
  if (d.count > 0 && !exact_double(&d, &value)) {
    /* Without a decimal point the locale changes nothing. */
    char plain[GC_DECIMAL_MAX + 32];
    snprintf(plain, sizeof(plain), "%.*se%ld", (int)d.count, d.digits,
             d.exponent);
    value = strtod(plain, NULL);
  }
  if (!isfinite(value))
    return false;
  *ret = d.negative ? -value : value;
  return true;
}

/* Writes from the end of a buffer: digits come lowest first. */
static size_t print_digits(uint64_t n, bool negative, int places,
                           char out[GC_DECIMAL_SIZE]) {
  char text[GC_DECIMAL_SIZE];
  char *at = text + sizeof(text);
  for (int digit = 0; n > 0 || digit <= places; digit++) {
    if (digit == places && places > 0)
      *--at = '.';
    *--at = (char)('0' + n % 10);
    n /= 10;
  }
  if (negative)
    *--at = '-';
  size_t len = (size_t)(text + sizeof(text) - at);
  memcpy(out, at, len);
  out[len] = '\0';
  return len;
}

size_t gc_decimal_print_int(int64_t value, char out[GC_DECIMAL_SIZE]) {
  bool negative = value < 0;
  uint64_t n = negative ? 0 - (uint64_t)value : (uint64_t)value;
  return print_digits(n, negative, 0, out);
}

size_t gc_decimal_print_uint(uint64_t value, char out[GC_DECIMAL_SIZE]) {
  return print_digits(value, false, 0, out);
}

/* Most values are whole or have few decimals. If n and 10^k are exact, n / 10^k
 * is rounded once, as gc_decimal_real rounds the text. If the quotient equals
 * the value, the text therefore reads back as the value. */
static size_t print_short(double value, char out[GC_DECIMAL_SIZE]) {
  static const double powers[] = {1, 10, 100, 1000};
  double size = fabs(value);
  for (int places = 0; places < 4; places++) {
    double n = rint(size * powers[places]);
    if (n < 9007199254740992.0 && n / powers[places] == size)
      return print_digits((uint64_t)n, value < 0, places, out);
  }
  return 0;
}

size_t gc_decimal_print(double value, char out[GC_DECIMAL_SIZE]) {
  size_t len = print_short(value, out);
  double again;
  for (int digits = 15; len == 0 && digits <= 17; digits++) {
    int size = snprintf(out, GC_DECIMAL_SIZE, "%.*g", digits, value);
    /* The locale's decimal point, which may be a comma. */
    for (char *c = out; *c != '\0'; c++)
      if (!gc_is_digit(*c) && *c != '-' && *c != '+' && *c != 'e')
        *c = '.';
    if (digits == 17 || (gc_decimal_real(out, (size_t)size, &again) &&
                         again >= value && again <= value))
      len = (size_t)size;
  }
  return len;
}
