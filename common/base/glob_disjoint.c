/* SPDX-License-Identifier: MIT */
#include "common/base/glob_disjoint.h"

#include <string.h>

#include "common/base/glob.h"
#include "common/base/uuid.h"

enum { LITERAL_MAX = 256 };

/* The texts with which each match begins and ends. */
struct shape {
  char head[LITERAL_MAX], tail[LITERAL_MAX];
  size_t head_len, tail_len;
  bool is_open; /* the pattern has a wildcard; else `head` is the only match */
};

/* Skips a set; glob.h says where it ends. */
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
