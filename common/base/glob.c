/* SPDX-License-Identifier: MIT */
#include "common/base/glob.h"

#include <stdint.h>
#include <string.h>

#include "common/base/utf8.h"

/* Takes one character off the front. An invalid byte is a character of its own,
 * beyond Unicode, so that it equals only itself. */
static uint32_t next_char(const char **p) {
  uint32_t point = 0;
  size_t size = gc_utf8_char(*p, strnlen(*p, 4), &point);
  if (size == 0) {
    point = 0x110000 + (unsigned char)**p;
    size = 1;
  }
  *p += size;
  return point;
}

/* Reads one end of a range, which may follow a `\`. */
static bool next_in_set(const char **p, uint32_t *ret) {
  if (**p == '\\')
    (*p)++;
  if (**p == '\0')
    return false;
  *ret = next_char(p);
  return true;
}

enum set { SET_WITHOUT, SET_WITH, SET_OPEN, SET_BACKWARDS };

/* Reads a set: `*p` points after the `[` and is moved after the `]`. Returns
 * whether `c` is in the set, or the error of the set. */
static enum set read_set(const char **p, uint32_t c) {
  bool negative = **p == '!' || **p == '^';
  if (negative)
    (*p)++;
  bool found = false;
  for (bool first = true; first || **p != ']'; first = false) {
    uint32_t low, high;
    if (!next_in_set(p, &low))
      return SET_OPEN;
    high = low;
    if ((*p)[0] == '-' && (*p)[1] != ']' && (*p)[1] != '\0') {
      (*p)++;
      if (!next_in_set(p, &high))
        return SET_OPEN;
    }
    if (high < low)
      return SET_BACKWARDS;
    found = found || (c >= low && c <= high);
  }
  (*p)++;
  return found != negative ? SET_WITH : SET_WITHOUT;
}

/* Matches one character of the pattern, other than `*`, against one of the
 * text. */
static bool matches_one(const char **p, const char **t) {
  if (**p == '\0' || **t == '\0')
    return false;
  uint32_t c = next_char(t);
  switch (**p) {
  case '?':
    (*p)++;
    return true;
  case '[':
    (*p)++;
    return read_set(p, c) == SET_WITH;
  case '\\':
    (*p)++;
    return **p != '\0' && next_char(p) == c;
  default:
    return next_char(p) == c;
  }
}

/* Matches in one pass. After a character that does not fit, only the last `*`
 * takes one more character, since an earlier `*` could not reach further. */
bool gc_glob_matches(const char *pattern, const char *text) {
  const char *p = pattern, *t = text;
  const char *star = NULL, *taken = NULL;
  while (*t != '\0' || *p != '\0') {
    if (*p == '*') {
      star = ++p;
      taken = t;
      continue;
    }
    if (matches_one(&p, &t))
      continue;
    if (star == NULL || *taken == '\0')
      return false;
    next_char(&taken);
    p = star;
    t = taken;
  }
  return true;
}

static enum gc_code refuse_pattern(struct gc_err *err, const char *pattern,
                                   const char *what) {
  return gc_fail(err, GC_ERR_CONFIG, "pattern \"%s\": %s", pattern, what);
}

enum gc_code gc_glob_check(const char *pattern, struct gc_err *err) {
  if (pattern[0] == '\0')
    return gc_fail(err, GC_ERR_CONFIG,
                   "an empty pattern matches nothing; \"*\" matches all");
  const char *p = pattern[0] == '!' ? pattern + 1 : pattern;
  if (*p == '\0')
    return refuse_pattern(err, pattern, "nothing follows the \"!\"");
  while (*p != '\0') {
    char c = *p++;
    if (c == '\\' && *p == '\0')
      return refuse_pattern(err, pattern,
                            "nothing follows the \"\\\" at the end");
    if (c == '\\')
      p++;
    if (c != '[')
      continue;
    enum set set = read_set(&p, 0);
    if (set == SET_OPEN)
      return refuse_pattern(
          err, pattern, "\"[\" without \"]\"; \"\\[\" is the bracket itself");
    if (set == SET_BACKWARDS)
      return refuse_pattern(err, pattern,
                            "a range within \"[ ]\" runs backwards");
  }
  return GC_OK;
}

/* Matches wildcards only with the name, if it is known: half of all ids contain
 * an "e", and `!*e*` does not mean those. */
static bool matches_name_or_id(const char *pattern, const char *name,
                               const char *id) {
  if (name == NULL)
    return id != NULL && gc_glob_matches(pattern, id);
  return gc_glob_matches(pattern, name) ||
         (id != NULL && strcmp(pattern, id) == 0);
}

size_t gc_glob_first(char *const *patterns, size_t count, const char *name,
                     const char *id) {
  size_t i = 0;
  while (i < count &&
         !matches_name_or_id(patterns[i] + (patterns[i][0] == '!'), name, id))
    i++;
  return i;
}

bool gc_glob_accepts(char *const *patterns, size_t count, const char *name,
                     const char *id) {
  size_t first = gc_glob_first(patterns, count, name, id);
  if (first < count)
    return patterns[first][0] != '!';
  for (size_t i = 0; i < count; i++)
    if (patterns[i][0] != '!')
      return false;
  return true;
}
