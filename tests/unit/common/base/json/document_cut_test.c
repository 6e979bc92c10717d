/* SPDX-License-Identifier: MIT */
#include "common/base/json/document.h"

#include <stdlib.h>

#include "tests/support/check.h"

#define ABSENT NULL

static void the_text_of_the_outermost_member_is_found(void) {
  static const struct {
    const char *name, *text, *want;
  } rows[] = {
      {"whole", "{\"message\":\"a\"}", "a"},
      {"second", "{\"code\":7,\"message\":\"a\"}", "a"},
      {"with spaces", " {\n \"message\" : \"a\" }", "a"},
      {"escapes", "{\"message\":\"\\\"a\\\\\\/\\u00e9\\n\"}",
       "\"a\\/\xc3\xa9\n"},
      {"ends in a backslash", "{\"message\":\"a\\\\\",\"code\":\"b\"}", "a\\"},
      {"key with an escape", "{\"mess\\u0061ge\":\"a\"}", "a"},
      {"nested before", "{\"errors\":[{\"message\":\"b\"}],\"message\":\"a\"}",
       "a"},
      {"nested after", "{\"message\":\"a\",\"x\":{\"message\":\"b\"}}", "a"},
      {"nested only", "{\"errors\":[{\"message\":\"b\"}]}", ABSENT},
      {"a value of that name", "{\"code\":\"message\",\"text\":\"b\"}", ABSENT},
      {"within a text", "{\"code\":\"{\\\"message\\\":\\\"b\\\"}\"}", ABSENT},
      {"longer name", "{\"messages\":\"b\"}", ABSENT},
      {"twice", "{\"message\":\"b\",\"message\":\"a\"}", "a"},
      {"number", "{\"message\":7}", ABSENT},
      {"null", "{\"message\":null}", ABSENT},
      {"object", "{\"message\":{\"message\":\"b\"}}", ABSENT},
      {"NUL inside", "{\"message\":\"a\\u0000b\"}", ABSENT},
      {"empty", "{\"message\":\"\"}", ""},
      {"in an array", "[{\"message\":\"b\"}]", ABSENT},
      {"nothing", "", ABSENT},
      {"no JSON", "message: b", ABSENT},
      {"an error before", "{code:7,\"message\":\"b\"}", ABSENT},
      {"an error after", "{\"message\":\"a\",code:7}", "a"},
      {"something after", "{\"message\":\"a\"} }", "a"},
      {"cut after the value", "{\"message\":\"a\"", "a"},
      {"cut within the text", "{\"message\":\"ab", "ab"},
      {"cut at the text", "{\"message\":\"", ""},
      {"cut at the colon", "{\"message\":", ABSENT},
      {"cut within the key", "{\"mess", ABSENT},
      {"cut within an escape", "{\"message\":\"ab\\", "ab"},
      {"cut after an escape", "{\"message\":\"ab\\\\", "ab\\"},
      {"cut within \\u", "{\"message\":\"ab\\u00e", "ab"},
      {"cut within a character", "{\"message\":\"ab\xe2\x82", "ab"},
      {"cut further on", "{\"message\":\"ab\",\"x\":[{\"message\":\"b", "ab"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char out[32] = "old";
    CHECK_ROW(rows[i].name);
    bool is_found = gc_json_cut_text(rows[i].text, strlen(rows[i].text),
                                     "message", out, sizeof(out));
    CHECK_INT(is_found, rows[i].want != ABSENT);
    CHECK_STR(out, rows[i].want != ABSENT ? rows[i].want : "old");
  }
}

static void each_beginning_gives_a_beginning_of_the_text(void) {
  static const char text[] = "{\"code\":\"c\",\"message\":\"x \\\"y\\\" \\\\ "
                             "\\u20ac \xe2\x82\xac\\n.\","
                             "\"errors\":[{\"message\":\"no\"}]}";
  static const char want[] = "x \"y\" \\ \xe2\x82\xac \xe2\x82\xac\n.";
  size_t last = 0;
  for (size_t len = 0; len < sizeof(text); len++) {
    char out[64] = "";
    /* A copy, so that the sanitizer sees a read beyond it. */
    char *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
      abort();
    memcpy(copy, text, len);
    if (gc_json_cut_text(copy, len, "message", out, sizeof(out))) {
      CHECK(strncmp(out, want, strlen(out)) == 0);
      CHECK(strlen(out) >= last);
      last = strlen(out);
    } else {
      CHECK_INT(last, 0);
    }
    free(copy);
  }
  CHECK_INT(last, strlen(want));
}

static void a_long_text_is_cut_to_whole_characters(void) {
  static const char text[] = "{\"message\":\"a\xc3\xa9z\"}";
  static const struct {
    size_t size;
    const char *want;
  } rows[] = {{1, ""}, {2, "a"}, {3, "a"}, {4, "a\xc3\xa9"}, {5, "a\xc3\xa9z"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char out[8] = "old";
    CHECK(gc_json_cut_text(text, strlen(text), "message", out, rows[i].size));
    CHECK_STR(out, rows[i].want);
  }
}

static void deep_nesting_ends_the_search(void) {
  char text[300] = "{\"x\":";
  size_t len = strlen(text);
  memset(text + len, '[', 200);
  memcpy(text + len + 200, "\"", 2);
  char out[8] = "old";
  CHECK(!gc_json_cut_text(text, strlen(text), "message", out, sizeof(out)));
  CHECK_STR(out, "old");
}

int main(void) {
  RUN(the_text_of_the_outermost_member_is_found);
  RUN(each_beginning_gives_a_beginning_of_the_text);
  RUN(a_long_text_is_cut_to_whole_characters);
  RUN(deep_nesting_ends_the_search);
  return check_done();
}
