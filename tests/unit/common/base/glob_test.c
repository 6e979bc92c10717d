/* SPDX-License-Identifier: MIT */
#include "common/base/glob.h"

#include <stdlib.h>

#include "tests/support/check.h"

static void a_pattern_is_compared_with_the_whole_text(void) {
  static const struct {
    const char *pattern, *text;
    bool want;
  } rows[] = {
      {"Support", "Support", true},
      {"Support", "Support DE", false},
      {"upport", "Support", false},
      {"Support*", "Support", true},
      {"Support*", "Support DE", true},
      {"Support*", "support DE", false},
      {"*test*", "a test b", true},
      {"*test*", "tes", false},
      {"*", "", true},
      {"*", "anything", true},
      {"**", "", true},
      {"a*b*c", "aXbXbc", true},
      {"a*b*c", "aXbXb", false},
      {"*abc", "ababc", true},
      {"*ab*ab", "abab", true},
      {"*ab*ab", "ab", false},
      {"", "", true},
      {"", "a", false},
      {"a", "", false},
      {"?", "", false},
      {"?", "a", true},
      {"?", "\xc3\xa9", true},
      {"??", "\xc3\xa9", false},
      {"?", "\xf0\x9f\x98\x80", true},
      {"??", "\xff\xfe", true},
      {"\xff", "\xff", true},
      {"\xff", "\xfe", false},
      {"*\xa9", "\xc3\xa9", false},
      {"M?nchen*", "M\xc3\xbcnchen 1", true},
      {"[abc]", "b", true},
      {"[abc]", "d", false},
      {"[a-c]x", "bx", true},
      {"[a-cx-z]", "y", true},
      {"[!a-c]", "d", true},
      {"[^a-c]", "b", false},
      {"[!a-c]", "", false},
      {"[]]", "]", true},
      {"[!]]", "]", false},
      {"[]a]", "a", true},
      {"[a-]", "-", true},
      {"[-a]", "-", true},
      {"[\\]]", "]", true},
      {"[a\\-z]", "m", false},
      {"[a\\-z]", "-", true},
      {"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true},
      {"[\xc3\xa0-\xc3\xbf]", "\xc3", false},
      {"[?*]", "*", true},
      {"[?*]", "a", false},
      {"[0-9][0-9]*", "42 x", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"\\!x", "!x", true},
      {"a\\?b", "a?b", true},
      {"a\\bc", "abc", true},
      {"!x", "!x", true},
      {"*[", "[", false},
      {"a\\", "a\\", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].pattern);
    CHECK_THAT(gc_glob_matches(rows[i].pattern, rows[i].text) == rows[i].want,
               "\"%s\" is %s", rows[i].text,
               rows[i].want ? "refused" : "matched");
  }
}

/* A matcher that tries every position of each star would run for years. */
static void many_stars_take_no_time(void) {
  char text[10001], pattern[2002];
  memset(text, 'a', sizeof(text) - 1);
  text[sizeof(text) - 1] = '\0';
  for (size_t i = 0; i < 1000; i++)
    memcpy(pattern + 2 * i, "*a", 2);
  memcpy(pattern + 2000, "b", 2);
  CHECK(!gc_glob_matches(pattern, text));
  pattern[2000] = '\0';
  CHECK(gc_glob_matches(pattern, text));
}

static void the_first_pattern_that_matches_decides(void) {
  enum { MAX = 4 };
  static const struct {
    const char *patterns[MAX];
    const char *name, *id;
    bool want;
  } rows[] = {
      {{NULL}, "any", "1", true},
      {{NULL}, NULL, "1", true},
      {{"Support*"}, "Support DE", "1", true},
      {{"Support*"}, "Sales", "1", false},
      {{"!*test*"}, "Sales", "1", true},
      {{"!*test*"}, "a test", "1", false},
      {{"Support*", "!*test*"}, "Support test", "1", true},
      {{"!*test*", "Support*"}, "Support test", "1", false},
      {{"!*test*", "Support*"}, "Support", "1", true},
      {{"!*test*", "Support*"}, "Sales", "1", false},
      {{"!a*", "!b*"}, "c", "1", true},
      {{"3f2c"}, "Sales", "3f2c", true},
      {{"!3f2c", "Sales"}, "Sales", "3f2c", false},
      {{"3f*"}, NULL, "3f2c", true},
      {{"3f*"}, "Sales", "3f2c", false},
      {{"!*c*"}, "Sales", "3f2c", true},
      {{"Sales"}, NULL, "3f2c", false},
      {{"!Sales"}, NULL, "3f2c", true},
      {{"*"}, NULL, "3f2c", true},
      {{"Sales"}, "Sales", NULL, true},
      {{"\\!x"}, "!x", "1", true},
      {{"!!x"}, "!x", "1", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char *patterns[MAX];
    size_t count = 0;
    while (count < MAX && rows[i].patterns[count] != NULL) {
      patterns[count] = strdup(rows[i].patterns[count]);
      count++;
    }
    CHECK_ROW(count > 0 ? rows[i].patterns[0] : "(none)");
    CHECK_THAT(gc_glob_accepts(patterns, count, rows[i].name, rows[i].id) ==
                   rows[i].want,
               "row %zu", i);
    while (count > 0)
      free(patterns[--count]);
  }
}

static void a_malformed_pattern_is_named(void) {
  static const struct {
    const char *pattern, *words; /* NULL: fine */
  } rows[] = {
      {"Support*", NULL},     {"!*test*", NULL},    {"*", NULL},
      {"[a-z]", NULL},        {"[]]", NULL},        {"[]-a]", NULL},
      {"\\[", NULL},          {"a]", NULL},         {"[!^]", NULL},
      {"!!", NULL},           {"[a-]", NULL},       {"", "empty"},
      {"!", "\"!\""},         {"[", "without"},     {"[]", "without"},
      {"[!]", "without"},     {"[abc", "without"},  {"a[b-", "without"},
      {"[\\]", "without"},    {"x\\", "\"\\\""},    {"!a\\", "\"\\\""},
      {"[z-a]", "backwards"}, {"[a-\\", "without"}, {"[a]b[", "without"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].pattern);
    struct gc_err err = {0};
    CHECK_INT(gc_glob_check(rows[i].pattern, &err),
              rows[i].words == NULL ? GC_OK : GC_ERR_CONFIG);
    CHECK_HAS(err.text, rows[i].words == NULL ? "" : rows[i].words);
    CHECK_HAS(err.text, rows[i].words == NULL ? "" : rows[i].pattern);
  }
}

int main(void) {
  RUN(a_pattern_is_compared_with_the_whole_text);
  RUN(many_stars_take_no_time);
  RUN(the_first_pattern_that_matches_decides);
  RUN(a_malformed_pattern_is_named);
  return check_done();
}
