/* SPDX-License-Identifier: MIT */
#include "common/base/json/extent.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* True if an odd number of backslashes stands between `from` and `p`. */
static bool is_escaped(const char *from, const char *p) {
  const char *first = p;
  while (first - 1 > from && first[-1] == '\\')
    first--;
  return (p - first) % 2 != 0;
}

static const char *find_string_end(const char *p, const char *end) {
  const char *from = p;
  do
    p = memchr(p + 1, '"', (size_t)(end - p - 1));
  while (p != NULL && is_escaped(from, p));
  return p != NULL ? p + 1 : NULL;
}

const char *gc_json_string_end(const char *p, const char *end) {
  return find_string_end(p, end);
}

/* How each byte changes the depth; 2: a string begins. */
static const signed char steps[256] = {
    ['{'] = 1, ['['] = 1, ['}'] = -1, [']'] = -1, ['"'] = 2};

const char *gc_json_container_end(const char *p, const char *end) {
  size_t depth = 0;
  while (p != NULL && p < end) {
    signed char step = steps[(unsigned char)*p];
    if (step == 2) {
      p = find_string_end(p, end);
      continue;
    }
    p++;
    depth += (size_t)step;
    if (step < 0 && depth == 0)
      return p;
  }
  return NULL;
}
