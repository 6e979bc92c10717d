/* SPDX-License-Identifier: MIT */
/* The first line is a pattern, and the rest is a name. fnmatch(3) in the C
 * locale is the independent reference: if name and pattern are ASCII and our
 * matcher accepts the pattern, both must agree. */
#include <fnmatch.h>
#include <string.h>

#include "common/base/glob.h"
#include "tests/fuzz/fuzz.h"

/* True for a pattern of our forms, without fnmatch's additional ones: classes
 * like [:alpha:], [.x.] and [=x=]. */
static bool is_comparable(const char *pattern, const char *name) {
  for (const char *c = pattern; *c != '\0'; c++)
    if ((*c & 0x80) || (*c == '[' && c[1] != '\0' && strchr(":.=", c[1])))
      return false;
  for (const char *c = name; *c != '\0'; c++)
    if (*c & 0x80)
      return false;
  return pattern[0] != '!' && gc_glob_check(pattern, NULL) == GC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *pattern = malloc(size + 2);
  LAW(pattern != NULL);
  memcpy(pattern, data, size);
  pattern[size] = pattern[size + 1] = '\0';
  char *name = pattern + strcspn(pattern, "\n");
  if (*name == '\n')
    *name++ = '\0';

  struct gc_err err;
  bool good = gc_glob_check(pattern, &err) == GC_OK;
  LAW(good || err.text[0] != '\0');
  bool matches = gc_glob_matches(pattern, name);
  if (size < 200 && is_comparable(pattern, name))
    LAW(matches == (fnmatch(pattern, name, 0) == 0));

  bool negative = pattern[0] == '!';
  bool accepted = gc_glob_accepts(&pattern, 1, name, NULL);
  LAW(accepted == (gc_glob_matches(pattern + negative, name) != negative));
  LAW(gc_glob_accepts(&pattern, 1, NULL, NULL) == negative);
  free(pattern);
  return 0;
}
