/* SPDX-License-Identifier: MIT */
#include "common/base/json/tree.h"

#include <stdlib.h>

#include "tests/support/check.h"

static struct gc_json *parsed(const char *text) {
  struct gc_json *root = NULL;
  struct gc_err err = {0};
  CHECK_INT(gc_json_parse(text, strlen(text), 4096, &root, &err), GC_OK);
  CHECK_STR(err.text, "");
  return root;
}

static void a_token_answer_is_read_by_key(void) {
  struct gc_json *root =
      parsed("{\"access_token\":\"t0k\\u00e9n\",\"token_type\":\"bearer\","
             "\"expires_in\":86399,\"part\":0.5,\"yes\":true,\"no\":false,"
             "\"nothing\":null}");
  int64_t whole = 0;
  double number = 0;
  bool truth = false;
  CHECK_STR(gc_json_text(root, "access_token"), "t0k\xc3\xa9n");
  CHECK(gc_json_whole(root, "expires_in", &whole));
  CHECK_INT(whole, 86399);
  CHECK(gc_json_number(root, "part", &number));
  CHECK_REAL(number, 0.5);
  CHECK(gc_json_bool(root, "yes", &truth) && truth);
  CHECK(gc_json_bool(root, "no", &truth) && !truth);
  CHECK(gc_json_member(root, "nothing") == NULL);
  CHECK(gc_json_member(root, "absent") == NULL);
  CHECK_INT(gc_json_count(root), 7);
  gc_json_free(root);
}

static void another_type_is_as_good_as_absent(void) {
  struct gc_json *root = parsed("{\"s\":\"60\",\"n\":1,\"b\":true,\"z\":null,"
                                "\"f\":1.5,\"big\":9223372036854775808,"
                                "\"huge\":1e999,\"o\":{},\"a\":[]}");
  int64_t whole = 77;
  double number = 77;
  bool truth = true;
  static const char *const no_whole[] = {"s",    "b", "z", "f",   "big",
                                         "huge", "o", "a", "none"};
  for (size_t i = 0; i < GC_COUNT(no_whole); i++) {
    CHECK_ROW(no_whole[i]);
    CHECK(!gc_json_whole(root, no_whole[i], &whole));
  }
  static const char *const no_number[] = {"s", "b", "z", "huge", "o", "a"};
  for (size_t i = 0; i < GC_COUNT(no_number); i++) {
    CHECK_ROW(no_number[i]);
    CHECK(!gc_json_number(root, no_number[i], &number));
  }
  static const char *const no_text[] = {"n", "b", "z", "f", "o", "a", "none"};
  for (size_t i = 0; i < GC_COUNT(no_text); i++) {
    CHECK_ROW(no_text[i]);
    CHECK(gc_json_text(root, no_text[i]) == NULL);
  }
  CHECK(!gc_json_bool(root, "n", &truth) && !gc_json_bool(root, "s", &truth));
  CHECK_INT(whole, 77);
  CHECK_REAL(number, 77);
  CHECK(truth);
  gc_json_free(root);
}

static void one_may_reach_through_levels_that_are_not_there(void) {
  struct gc_json *root = parsed("{\"a\":{\"b\":{\"c\":\"x\"}},\"s\":\"y\"}");
  const struct gc_json *b = gc_json_member(gc_json_member(root, "a"), "b");
  CHECK_STR(gc_json_text(b, "c"), "x");
  CHECK(gc_json_member(gc_json_member(root, "q"), "b") == NULL);
  CHECK(gc_json_text(gc_json_member(root, "s"), "c") == NULL);
  CHECK_STR(gc_json_text(gc_json_member(root, "s"), NULL), "y");
  CHECK(gc_json_text(NULL, "c") == NULL && gc_json_text(NULL, NULL) == NULL);
  CHECK_INT(gc_json_count(NULL), 0);
  gc_json_free(root);
}

static void arrays_and_objects_are_walked_in_order(void) {
  struct gc_json *root = parsed("{\"entities\":[{\"id\":\"1\"},2,[],\"x\"],"
                                "\"k\\u00fc\":3}");
  const struct gc_json *list = gc_json_member(root, "entities");
  CHECK_INT(gc_json_count(list), 4);
  const struct gc_json *item = gc_json_first(list);
  CHECK_STR(gc_json_text(item, "id"), "1");
  CHECK_STR(gc_json_name(item), "");
  item = gc_json_next(item);
  int64_t whole = 0;
  CHECK(gc_json_whole(item, NULL, &whole) && whole == 2);
  item = gc_json_next(gc_json_next(item));
  CHECK_STR(gc_json_text(item, NULL), "x");
  CHECK(gc_json_next(item) == NULL);
  CHECK(gc_json_first(item) == NULL);
  CHECK_STR(gc_json_name(list), "entities");
  CHECK_STR(gc_json_name(gc_json_next(list)), "k\xc3\xbc");
  gc_json_free(root);
}

static void of_a_key_given_twice_the_last_one_counts(void) {
  struct gc_json *root = parsed("{\"a\":\"first\",\"a\":\"last\",\"aa\":1}");
  CHECK_STR(gc_json_text(root, "a"), "last");
  gc_json_free(root);
}

static void a_nul_neither_cuts_a_string_nor_a_key(void) {
  struct gc_json *root =
      parsed("{\"a\":\"x\\u0000y\",\"b\":\"2\",\"b\\u0000c\":\"1\"}");
  CHECK(gc_json_text(root, "a") == NULL);
  CHECK(gc_json_member(root, "a") != NULL);
  CHECK_STR(gc_json_text(root, "b"), "2");
  gc_json_free(root);
}

static void the_root_may_be_any_value(void) {
  struct gc_json *root = parsed(" \"text\" ");
  CHECK_STR(gc_json_text(root, NULL), "text");
  CHECK(gc_json_member(root, "x") == NULL);
  gc_json_free(root);
  root = parsed("null");
  CHECK(root != NULL && gc_json_text(root, NULL) == NULL);
  gc_json_free(root);
}

static void what_is_no_json_leaves_nothing_behind(void) {
  static const struct {
    const char *text;
    size_t max;
    enum gc_code code;
  } rows[] = {
      {"", 100, GC_ERR_PARSE},
      {"<html>", 100, GC_ERR_PARSE},
      {"{\"a\":[1,{\"b\":2},", 100, GC_ERR_PARSE},
      {"{} {}", 100, GC_ERR_PARSE},
      {"{\"a\":1}x", 100, GC_ERR_PARSE},
      {"NaN", 100, GC_ERR_PARSE},
      {"{'a':1}", 100, GC_ERR_PARSE},
      {"[01]", 100, GC_ERR_PARSE},
      {"[1,]", 100, GC_ERR_PARSE},
      {"[1,2,3,4]", 8, GC_ERR_LIMIT},
      {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
       "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
       200, GC_ERR_LIMIT},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    struct gc_json *root = NULL;
    struct gc_err err = {0};
    CHECK_INT(gc_json_parse(rows[i].text, strlen(rows[i].text), rows[i].max,
                            &root, &err),
              rows[i].code);
    CHECK_INT(err.code, rows[i].code);
    CHECK(root == NULL);
  }
  gc_json_free(NULL);
}

int main(void) {
  RUN(a_token_answer_is_read_by_key);
  RUN(another_type_is_as_good_as_absent);
  RUN(one_may_reach_through_levels_that_are_not_there);
  RUN(arrays_and_objects_are_walked_in_order);
  RUN(of_a_key_given_twice_the_last_one_counts);
  RUN(a_nul_neither_cuts_a_string_nor_a_key);
  RUN(the_root_may_be_any_value);
  RUN(what_is_no_json_leaves_nothing_behind);
  return check_done();
}
