/* SPDX-License-Identifier: MIT */
#include "common/daemon/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Leads and what may follow them, from the Unicode standard's table 3-7
 * (well-formed UTF-8 byte sequences). The range of C2 begins later than
 * there: U+0080 to U+009F are control characters. */
static const struct {
  unsigned char lead_from, lead_to, len, second_from, second_to;
} sequences[] = {
    {0x20, 0x7e, 1, 0, 0},       {0xc2, 0xc2, 2, 0xa0, 0xbf},
    {0xc3, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

/* Bytes of the printable character that begins at `s`; 0 when none does. */
static size_t character(const unsigned char *s) {
  for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
    if (s[0] < sequences[i].lead_from || s[0] > sequences[i].lead_to)
      continue;
    size_t len = sequences[i].len;
    if (len > 1 &&
        (s[1] < sequences[i].second_from || s[1] > sequences[i].second_to))
      return 0;
    for (size_t at = 2; at < len; at++)
      if ((s[at] & 0xc0) != 0x80)
        return 0;
    return len;
  }
  return 0;
}

size_t gc_text_copy(char *out, size_t size, const char *in, char instead) {
  size_t used = 0;
  while (*in != '\0') {
    size_t len = character((const unsigned char *)in);
    size_t room = len > 0 ? len : 1;
    if (used + room >= size)
      break;
    if (len > 0)
      memcpy(out + used, in, len);
    else
      out[used] = instead;
    used += room;
    in += room;
  }
  out[used] = '\0';
  return used;
}

const char *gc_text_quote(char *out, size_t size, const char *in) {
  char cut[61];
  size_t used = gc_text_copy(cut, sizeof(cut), in, '?');
  snprintf(out, size, "\"%s%s\"", cut, in[used] != '\0' ? "…" : "");
  return out;
}

enum { WORD_MAX = 48 };

static unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }

static bool same(char a, char b) { return strncasecmp(&a, &b, 1) == 0; }

/* Inserted, removed, replaced and swapped characters (optimal string
 * alignment); three rows of the table are enough. */
static unsigned distance(const char *a, const char *b) {
  unsigned rows[3][WORD_MAX + 1];
  unsigned *before = rows[0], *above = rows[1], *here = rows[2];
  size_t width = strlen(b);
  for (unsigned j = 0; j <= width; j++)
    above[j] = before[j] = j;

  for (size_t i = 1; a[i - 1] != '\0'; i++) {
    here[0] = (unsigned)i;
    for (size_t j = 1; j <= width; j++) {
      unsigned replace = above[j - 1] + !same(a[i - 1], b[j - 1]);
      here[j] = min(replace, min(above[j], here[j - 1]) + 1);
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
          same(a[i - 2], b[j - 1]))
        here[j] = min(here[j], before[j - 2] + 1);
    }
    unsigned *free_row = before;
    before = above;
    above = here;
    here = free_row;
  }
  return above[width];
}

const char *gc_text_nearest(const char *typed, const char *const *words,
                            size_t count) {
  const char *nearest = NULL;
  size_t len = strlen(typed);
  if (len == 0 || len > WORD_MAX)
    return NULL;

  unsigned best = (unsigned)(len / 3) + 1;
  if (best > 4)
    best = 4;
  for (size_t i = 0; i < count; i++) {
    if (words[i] == NULL || strlen(words[i]) > WORD_MAX)
      continue;
    unsigned d = distance(typed, words[i]);
    if (d < best) {
      best = d;
      nearest = words[i];
    }
  }
  return nearest;
}
