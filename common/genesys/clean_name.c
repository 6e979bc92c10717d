/* SPDX-License-Identifier: MIT */
#include "common/genesys/clean_name.h"

#include <string.h>

#include "common/base/ascii.h"
#include "common/base/utf8.h"

/* The characters that one of the receivers cannot have in a name. carbon 1.1
 * splits its lines at each white space of Unicode, and takes what follows a
 * semicolon for tags; it drops such a line without an answer. */
static const struct {
  uint32_t first, last;
} forbidden[] = {
    {0x00, 0x1f}, /* control characters: they end a line of any protocol */
    {'/', '/'},   /* divides collectd's identities; folders of csv and RRD */
    {';', ';'},   /* tags of carbon */
    {0x7f, 0xa0}, /* DEL, C1; a space that does not break: carbon */
    {0x1680, 0x1680}, /* further spaces: carbon */
    {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
    {0x205f, 0x205f}, {0x3000, 0x3000},
};

static bool is_forbidden(uint32_t point) {
  size_t i = 0;
  while (i < GC_COUNT(forbidden) && point > forbidden[i].last)
    i++;
  return i < GC_COUNT(forbidden) && point >= forbidden[i].first;
}

/* Writes up to `max` bytes; returns how many, without the NUL. */
static size_t write_clean(char *out, size_t max, const char *name, size_t len) {
  size_t used = 0;
  for (size_t at = 0; at < len;) {
    uint32_t point = 0;
    size_t size = gc_utf8_char(name + at, len - at, &point);
    bool keep = size > 0 && !is_forbidden(point);
    size_t add = keep ? size : 1;
    if (add > max - used)
      break;
    memcpy(out + used, keep ? name + at : "_", add);
    used += add;
    at += size > 0 ? size : 1;
  }
  if (used > 0 && out[used - 1] == '\\')
    out[used - 1] = '_';
  out[used] = '\0';
  return used;
}

bool gc_name_clean(char out[GC_NAME_SIZE], const char *name, size_t len) {
  size_t used = write_clean(out, GC_NAME_SIZE - 1, name, len);
  return strspn(out, " _") < used;
}

void gc_name_or_id(char out[GC_NAME_SIZE], const char *name, const char *id) {
  if (name == NULL || !gc_name_clean(out, name, strlen(name)))
    gc_name_clean(out, id, strlen(id));
}

void gc_label_both(char out[GC_NAME_SIZE], const char *name, const char *id) {
  char tail[GC_NAME_SIZE];
  size_t tail_len = write_clean(tail, sizeof(tail) - 1, id, strlen(id));
  size_t used = 0;
  if (tail_len < GC_NAME_SIZE - 2) {
    used = write_clean(out, GC_NAME_SIZE - 2 - tail_len, name, strlen(name));
    out[used++] = '@';
  }
  memcpy(out + used, tail, tail_len + 1);
}

/* True if a word begins at `c`: at an upper-case letter after a lower-case
 * letter or a digit (onQueue), and at the last of several upper-case letters
 * before a lower-case letter (HTTPError). */
static bool begins_word(const char *c, bool first) {
  if (first || !gc_is_upper(*c))
    return false;
  return gc_is_lower(c[-1]) || gc_is_digit(c[-1]) ||
         (gc_is_upper(c[-1]) && gc_is_lower(c[1]));
}

bool gc_name_snake(char out[GC_NAME_SIZE], const char *text) {
  char from[GC_NAME_SIZE];
  gc_name_clean(from, text, strlen(text));

  char wide[2 * GC_NAME_SIZE];
  size_t used = 0;
  bool gap = false;
  for (const char *c = from; *c != '\0'; c++) {
    bool word = gc_is_letter(*c) || gc_is_digit(*c) || (*c & 0x80);
    gap = gap || !word || begins_word(c, c == from);
    if (!word)
      continue;
    if (gap && used > 0)
      wide[used++] = '_';
    gap = false;
    wide[used++] = gc_lower(*c);
  }
  used = write_clean(out, GC_NAME_SIZE - 1, wide, used);
  if (used > 0 && out[used - 1] == '_') /* the cut is after a word */
    out[used - 1] = '\0';
  return used > 0;
}

void gc_name_fold(char out[GC_NAME_SIZE], const char *name) {
  (void)gc_name_clean(out, name, strlen(name));
  for (char *c = out; *c != '\0'; c++)
    if (strchr(". \t\"\\:!,/()\n\r\v\f", *c) != NULL)
      *c = '_';
}

bool gc_name_has_number(const char *name, size_t len) {
  unsigned digits = 0;
  for (size_t i = 0; i < len; i++)
    digits += gc_is_digit(name[i]);
  return digits >= GC_NAME_DIGITS_MAX;
}
