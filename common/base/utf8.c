/* SPDX-License-Identifier: MIT */
#include "common/base/utf8.h"

#include <stdbool.h>
#include <string.h>

/* The leading bytes, their bits of the code point, and the least code point
 * that needs them: a lower one is overlong. */
static const struct {
  uint8_t mask, lead, len;
  uint32_t min;
} forms[] = {
    {0x80, 0x00, 1, 0},
    {0xe0, 0xc0, 2, 0x80},
    {0xf0, 0xe0, 3, 0x800},
    {0xf8, 0xf0, 4, 0x10000},
};

size_t gc_utf8_char(const char *text, size_t len, uint32_t *ret_point) {
  const unsigned char *t = (const unsigned char *)text;
  for (size_t f = 0; len > 0 && f < GC_COUNT(forms); f++) {
    if ((t[0] & forms[f].mask) != forms[f].lead)
      continue;
    if (len < forms[f].len)
      return 0;
    uint32_t point = t[0] & (uint8_t)~forms[f].mask;
    for (size_t i = 1; i < forms[f].len; i++) {
      if ((t[i] & 0xc0) != 0x80)
        return 0;
      point = point << 6 | (t[i] & 0x3f);
    }
    if (point < forms[f].min || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff))
      return 0;
    if (ret_point != NULL)
      *ret_point = point;
    return forms[f].len;
  }
  return 0;
}

size_t gc_utf8_put(char out[GC_UTF8_MAX], uint32_t point) {
  size_t f = GC_COUNT(forms) - 1;
  while (point < forms[f].min)
    f--;
  size_t len = forms[f].len;
  for (size_t i = len; i-- > 1; point >>= 6)
    out[i] = (char)(0x80 | (point & 0x3f));
  out[0] = (char)(forms[f].lead | point);
  return len;
}

size_t gc_utf8_cut(const char *text, size_t len, size_t max) {
  if (len <= max)
    return len;
  /* A character that crosses the cut began at most three bytes before it. */
  for (size_t back = 1; back <= 3 && back <= max; back++) {
    size_t from = max - back;
    size_t size = gc_utf8_char(text + from, len - from, NULL);
    if (size > back)
      return from;
  }
  return max;
}

/* Returns the length of the printable character at `text`; 0 when there is
 * none. */
static size_t printable_len(const char *text) {
  uint32_t point = 0;
  size_t len = gc_utf8_char(text, strnlen(text, 4), &point);
  bool is_control = point < 0x20 || (point >= 0x7f && point < 0xa0);
  return is_control ? 0 : len;
}

size_t gc_utf8_copy_printable(char *out, size_t size, const char *in,
                              char instead) {
  size_t used = 0;
  while (*in != '\0') {
    size_t len = printable_len(in);
    size_t needed = len > 0 ? len : 1;
    if (used + needed >= size)
      break;
    if (len > 0)
      memcpy(out + used, in, len);
    else
      out[used] = instead;
    used += needed;
    in += needed;
  }
  out[used] = '\0';
  return used;
}
