/* SPDX-License-Identifier: MIT */
#include "common/base/glob.h"

#include <stdint.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/base/uuid.h"

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

/* ---- two lists that accept nothing in common ---- */

enum { LITERAL_MAX = 256 };

/* The texts with which each match begins and ends. */
struct shape {
  char head[LITERAL_MAX], tail[LITERAL_MAX];
  size_t head_len, tail_len;
  bool is_open; /* the pattern has a wildcard; else `head` is the only match */
};

/* Skips a set; the header says where it ends. */
static const char *skip_set(const char *p) {
  p++;
  if (*p == '!' || *p == '^')
    p++;
  if (*p == ']')
    p++;
  while (*p != '\0' && *p != ']')
    p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
  return *p == ']' ? p + 1 : p;
}

/* Reads the shape of a pattern. A pattern that is too long begins and ends with
 * any text. */
static void read_shape(struct shape *s, const char *p) {
  *s = (struct shape){.is_open = strlen(p) >= LITERAL_MAX};
  if (s->is_open)
    return;
  while (*p != '\0') {
    if (*p == '*' || *p == '?' || *p == '[') {
      s->is_open = true;
      s->tail_len = 0;
      p = *p == '[' ? skip_set(p) : p + 1;
      continue;
    }
    if (p[0] == '\\' && p[1] != '\0')
      p++;
    if (s->is_open)
      s->tail[s->tail_len++] = *p++;
    else
      s->head[s->head_len++] = *p++;
  }
}

static bool is_id(const struct shape *s) {
  return !s->is_open && gc_is_uuid(s->head, s->head_len);
}

static bool ends_meet(const struct shape *a, const struct shape *b) {
  size_t head = a->head_len < b->head_len ? a->head_len : b->head_len;
  size_t tail = a->tail_len < b->tail_len ? a->tail_len : b->tail_len;
  return memcmp(a->head, b->head, head) == 0 &&
         memcmp(a->tail + a->tail_len - tail, b->tail + b->tail_len - tail,
                tail) == 0;
}

static bool patterns_are_disjoint(const char *a, const char *b) {
  struct shape x, y;
  read_shape(&x, a);
  read_shape(&y, b);
  if (is_id(&x) != is_id(&y))
    return false;
  if (x.is_open && y.is_open)
    return !ends_meet(&x, &y);
  if (x.is_open)
    return !gc_glob_matches(a, y.head);
  return y.is_open ? !gc_glob_matches(b, x.head) : strcmp(x.head, y.head) != 0;
}

/* True if `general` certainly matches the name of each object that `special`
 * matches. The wildcards of `special` stand for themselves, so that only a `*`
 * can match them. */
static bool pattern_covers(const char *general, const char *special) {
  struct shape s;
  if (strcmp(general, special) == 0)
    return true;
  read_shape(&s, special);
  return !is_id(&s) && strpbrk(general, "?[\\") == NULL &&
         strpbrk(special, "[\\") == NULL && gc_glob_matches(general, special);
}

/* True if the list refuses each match of `a`, or of `b`, before pattern
 * number `end`. */
static bool is_refused(char *const *list, size_t end, const char *a,
                       const char *b) {
  for (size_t i = 0; i < end; i++)
    if (list[i][0] == '!' &&
        (pattern_covers(list[i] + 1, a) || pattern_covers(list[i] + 1, b)))
      return true;
  return false;
}

/* Returns the next pattern that accepts, from `*at` on. A list without any
 * accepts the rest, after its last pattern. */
static const char *next_positive(char *const *list, size_t count, size_t *at,
                                 bool *has_any) {
  for (; *at < count; (*at)++)
    if (list[*at][0] != '!') {
      *has_any = true;
      return list[*at];
    }
  if (*has_any)
    return NULL;
  *has_any = true;
  return "*";
}

static bool pattern_is_disjoint(char *const *a, size_t i, const char *p,
                                char *const *b, size_t b_count) {
  bool has_any = false;
  const char *q;
  for (size_t j = 0; (q = next_positive(b, b_count, &j, &has_any)) != NULL; j++)
    if (!patterns_are_disjoint(p, q) && !is_refused(a, i, p, q) &&
        !is_refused(b, j < b_count ? j : b_count, p, q))
      return false;
  return true;
}

bool gc_globs_are_disjoint(char *const *a, size_t a_count, char *const *b,
                           size_t b_count) {
  bool has_any = false;
  const char *p;
  for (size_t i = 0; (p = next_positive(a, a_count, &i, &has_any)) != NULL; i++)
    if (!pattern_is_disjoint(a, i < a_count ? i : a_count, p, b, b_count))
      return false;
  return true;
}
