/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/lines/line.h"

#include <math.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/base/utf8.h"

#define IN_NAME ", "
#define IN_TAG ", ="

/* Returns the number of leading bytes that need no check: printable ASCII
 * except `special` and "\". */
static size_t plain_length(const char *text, const char *special) {
  size_t len = 0;
  while (text[len] > ' ' && text[len] < 0x7f && text[len] != '\\' &&
         strchr(special, text[len]) == NULL)
    len++;
  return len;
}

/* Appends one character that is not plain; returns its length in `text`. */
static size_t add_special(struct gc_buf *out, const char *text,
                          const char *special, enum gc_code *code) {
  uint32_t point = 0;
  size_t len = gc_utf8_char(text, strlen(text), &point);
  bool is_control = point < 0x20 || (point >= 0x7f && point < 0xa0);
  if (len == 0 || is_control)
    *code = gc_buf_add(out, "_", 1);
  else if (*text == '\\')
    /* A "\" is harmless only before an ordinary character. */
    *code = gc_buf_add(out, plain_length(text + 1, IN_TAG) > 0 ? "\\" : "_", 1);
  else if (strchr(special, *text) != NULL) {
    char escaped[2] = {'\\', *text};
    *code = gc_buf_add(out, escaped, 2);
  } else
    *code = gc_buf_add(out, text, len);
  return len > 0 ? len : 1;
}

static enum gc_code add_escaped(struct gc_buf *out, const char *text,
                                const char *special) {
  enum gc_code code = GC_OK;
  while (*text != '\0' && code == GC_OK) {
    size_t len = plain_length(text, special);
    if (len > 0)
      code = gc_buf_add(out, text, len);
    else
      len = add_special(out, text, special, &code);
    text += len;
  }
  return code;
}

enum gc_code influx_line_name(struct gc_buf *out, const char *measurement) {
  if (*measurement != '#')
    return add_escaped(out, measurement, IN_NAME);
  GC_TRY(gc_buf_add(out, "_", 1));
  return add_escaped(out, measurement + 1, IN_NAME);
}

enum gc_code influx_line_tag(struct gc_buf *out, const char *key,
                             const char *value) {
  if (*key == '\0' || *value == '\0')
    return GC_OK;
  GC_TRY(gc_buf_add(out, ",", 1));
  GC_TRY(add_escaped(out, key, IN_TAG));
  GC_TRY(gc_buf_add(out, "=", 1));
  return add_escaped(out, value, IN_TAG);
}

enum gc_code influx_line_key(struct gc_buf *out, const char *key) {
  return add_escaped(out, key, IN_TAG);
}

/* Whole numbers that a double and an int64_t both hold. */
#define WHOLE_MAX 9.2e18

enum influx_fit influx_line_fit(enum influx_number kind,
                                union influx_value value) {
  switch (kind) {
  case INFLUX_INT:
    return INFLUX_FITS;
  case INFLUX_UINT:
    return value.counter <= INT64_MAX ? INFLUX_FITS : INFLUX_TOO_LARGE;
  case INFLUX_REAL:
    return isfinite(value.real) ? INFLUX_FITS : INFLUX_NO_NUMBER;
  case INFLUX_ROUNDED:
  case INFLUX_DECIMALS:
    break;
  }
  return !isfinite(value.real)          ? INFLUX_NO_NUMBER
         : fabs(value.real) < WHOLE_MAX ? INFLUX_FITS
                                        : INFLUX_TOO_LARGE;
}

/* Writes "12.50". */
static size_t print_decimals(double value, char out[GC_DECIMAL_SIZE + 4]) {
  double size = fabs(value);
  double cents = floor(size * 100 + 0.5);
  if (cents >= WHOLE_MAX) /* such a double has no decimals */
    return gc_decimal_print(value, out);
  uint64_t n = (uint64_t)cents;
  size_t at = 0;
  if (value < 0 && n > 0)
    out[at++] = '-';
  at += gc_decimal_print_int((int64_t)(n / 100), out + at);
  out[at++] = '.';
  out[at++] = (char)('0' + n / 10 % 10);
  out[at++] = (char)('0' + n % 10);
  return at;
}

static size_t print_number(enum influx_number kind, union influx_value value,
                           char out[GC_DECIMAL_SIZE + 4]) {
  size_t len;
  switch (kind) {
  case INFLUX_UINT:
    len = gc_decimal_print_int((int64_t)value.counter, out);
    break;
  case INFLUX_INT:
    len = gc_decimal_print_int(value.integer, out);
    break;
  case INFLUX_ROUNDED:
    len = gc_decimal_print_int((int64_t)llround(value.real), out);
    break;
  case INFLUX_DECIMALS:
    return print_decimals(value.real, out);
  case INFLUX_REAL:
  default:
    return gc_decimal_print(value.real, out);
  }
  out[len] = 'i';
  return len + 1;
}

enum gc_code influx_line_field(struct gc_buf *fields, const char *key,
                               enum influx_number kind,
                               union influx_value value) {
  char number[GC_DECIMAL_SIZE + 4];
  size_t before = fields->len;
  size_t len = print_number(kind, value, number);
  enum gc_code code = GC_OK;
  if (before > 0)
    code = gc_buf_add(fields, ",", 1);
  if (code == GC_OK)
    code = gc_buf_text(fields, key);
  if (code == GC_OK)
    code = gc_buf_add(fields, "=", 1);
  if (code == GC_OK)
    code = gc_buf_add(fields, number, len);
  if (code != GC_OK && fields->data != NULL)
    fields->data[fields->len = before] = '\0';
  return code;
}

bool influx_line_has_field(const struct gc_buf *fields, const char *key) {
  size_t len = strlen(key);
  for (const char *at = gc_buf_string(fields); *at != '\0';) {
    if (strncmp(at, key, len) == 0 && at[len] == '=')
      return true;
    /* Values are numbers; a comma within a key is escaped. */
    do {
      at = strchr(at, ',');
      if (at == NULL)
        return false;
      at++;
    } while (at[-2] == '\\');
  }
  return false;
}

enum gc_code influx_line_time(struct gc_buf *out, int64_t time_ns) {
  char text[GC_DECIMAL_SIZE + 2] = {' '};
  size_t len = 1 + gc_decimal_print_int(time_ns, text + 1);
  text[len++] = '\n';
  return gc_buf_add(out, text, len);
}
