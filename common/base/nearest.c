/* SPDX-License-Identifier: MIT */
#include "common/base/nearest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 48 };

static unsigned min_of(unsigned a, unsigned b) { return a < b ? a : b; }

static bool is_same_letter(char a, char b) {
  return strncasecmp(&a, &b, 1) == 0;
}

/* Counts inserted, removed, replaced and swapped characters (optimal string
 * alignment); three rows of the table are enough. */
static unsigned edit_distance(const char *a, const char *b) {
  unsigned rows[3][WORD_MAX + 1];
  unsigned *before = rows[0], *above = rows[1], *here = rows[2];
  size_t width = strlen(b);
  for (unsigned j = 0; j <= width; j++)
    above[j] = before[j] = j;

  for (size_t i = 1; a[i - 1] != '\0'; i++) {
    here[0] = (unsigned)i;
    for (size_t j = 1; j <= width; j++) {
      unsigned replace = above[j - 1] + !is_same_letter(a[i - 1], b[j - 1]);
      here[j] = min_of(replace, min_of(above[j], here[j - 1]) + 1);
      if (i > 1 && j > 1 && is_same_letter(a[i - 1], b[j - 2]) &&
          is_same_letter(a[i - 2], b[j - 1]))
        here[j] = min_of(here[j], before[j - 2] + 1);
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
    unsigned d = edit_distance(typed, words[i]);
    if (d < best) {
      best = d;
      nearest = words[i];
    }
  }
  return nearest;
}

size_t gc_text_distance(const char *a, const char *b) {
  return strlen(a) > WORD_MAX || strlen(b) > WORD_MAX ? SIZE_MAX
                                                      : edit_distance(a, b);
}
