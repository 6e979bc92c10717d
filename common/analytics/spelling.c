/* SPDX-License-Identifier: MIT */
#include "common/analytics/spelling.h"

#include <string.h>

#include "common/base/uuid.h"
#include "common/genesys/clean_name.h"

enum { UUID_FIRST_DASH = 8, UUID_LAST_DASH = 23, HASH_DIGITS = 16 };

/* Returns the character between the words of an ordinary value. It depends on
 * the letters only, which all values of one text have in common. */
static char word_gap(enum gc_dimension_kind kind, const char *text) {
  bool has_capital = false, has_small = false;
  for (const char *c = text; *c != '\0'; c++) {
    has_capital |= (*c >= 'A' && *c <= 'Z') || (*c & 0x80) != 0;
    has_small |= (*c >= 'a' && *c <= 'z') || (*c & 0x80) != 0;
  }
  if (kind != GC_DIMENSION_WORD)
    return '_';
  if (!has_capital)
    return '.';
  return has_small ? ' ' : '_';
}

bool gc_value_is_ordinary(enum gc_dimension_kind kind, const char *value) {
  char text[GC_NAME_SIZE];
  gc_name_fold(text, value);
  char gap = word_gap(kind, text);
  for (char *c = text; *c != '\0'; c++)
    if (*c == '_')
      *c = gap;
  return strcmp(text, value) == 0 && strcmp(text, "none") != 0;
}

bool gc_status_is_ordinary(const char *status) {
  char text[GC_NAME_SIZE];
  (void)gc_name_snake(text, status);
  for (char *c = text; *c != '\0'; c++)
    if (*c >= 'a' && *c <= 'z')
      *c = (char)(*c - 'a' + 'A');
  return strcmp(text, status) == 0;
}

static bool has_uuid(const char *text, size_t from, size_t end) {
  return from + GC_UUID_LEN <= end && gc_is_uuid(text + from, GC_UUID_LEN);
}

/* Returns the end of the part that begins at `at`: the next "-" outside of a
 * UUID, or `end`. */
static size_t find_end(const char *text, size_t at, size_t end) {
  size_t from = at;
  for (;;) {
    at += strcspn(text + at, "-");
    if (at >= end || at < from + UUID_FIRST_DASH ||
        !has_uuid(text, at - UUID_FIRST_DASH, end))
      return at;
    at += GC_UUID_LEN - UUID_FIRST_DASH;
  }
}

/* Returns the beginning of the part that ends at `end`: behind the last "-"
 * outside of a UUID, or 0. */
static size_t find_begin(const char *text, size_t end) {
  size_t at = end;
  for (;;) {
    while (at > 0 && text[at - 1] != '-')
      at--;
    if (at <= UUID_LAST_DASH || !has_uuid(text, at - 1 - UUID_LAST_DASH, end))
      return at;
    at -= 1 + UUID_LAST_DASH;
  }
}

/* True if the text, up to `end`, is a piece of an id: hexadecimal digits, with
 * letters and numerals among them. */
static bool is_piece_of_id(const char *text, size_t from, size_t end) {
  bool has_numeral = false, has_letter = false;
  for (size_t i = from; i < end; i++) {
    if (gc_hex_value(text[i]) < 0)
      return false;
    has_numeral |= gc_is_digit(text[i]);
    has_letter |= !gc_is_digit(text[i]);
  }
  return has_numeral && has_letter;
}

/* Returns the beginning of the last part of the text. Unlike others, it is also
 * several pieces of an id (7fb334b0-0e9e), or a code of the platform
 * (ININ-WRAP-UP-TIMEOUT). */
static size_t find_last(const char *text, size_t end) {
  static const char platform[] = "ININ-";
  for (size_t at = end;
       at > 0 && strchr("-ABCDEFGHIJKLMNOPQRSTUVWXYZ", text[at - 1]) != NULL;
       at--)
    if (strncmp(text + at - 1, platform, strlen(platform)) == 0)
      return at - 1;
  size_t at = find_begin(text, end), stop = end;
  while (at > 0 && is_piece_of_id(text, at, stop)) {
    size_t before = find_begin(text, at - 1);
    if (!is_piece_of_id(text, before, at - 1))
      break;
    stop = at - 1;
    at = before;
  }
  return at;
}

bool gc_parts_are_clear(const char *text, const size_t *begins, size_t count,
                        size_t rest) {
  size_t end = strlen(text);
  for (size_t i = 0; i < rest && i + 1 < count; i++)
    if (find_end(text, begins[i], end) + 1 != begins[i + 1])
      return false;
  for (size_t i = count; i > rest + 1; i--) {
    size_t begin = i == count ? find_last(text, end) : find_begin(text, end);
    if (begin != begins[i - 1])
      return false;
    end = begins[i - 1] - 1;
  }
  return true;
}

bool gc_has_hash(const char *text) {
  size_t len = strlen(text);
  return len > HASH_DIGITS && text[len - HASH_DIGITS - 1] == '~' &&
         strspn(text + len - HASH_DIGITS, "0123456789abcdef") == HASH_DIGITS;
}
