/* SPDX-License-Identifier: MIT */
#include "common/base/json/document.h"

#include <string.h>

#include <math.h>

#include "tests/support/check.h"

static struct gc_document doc; /* the result of the last read_text */

static struct json_object *read_text(const char *text) {
  struct gc_err err = {.code = GC_OK};
  gc_document_clear(&doc);
  CHECK_INT(gc_document_read(&doc, text, strlen(text), 4096, &err), GC_OK);
  CHECK_STR(err.text, "");
  return doc.root;
}

static void a_token_answer_is_read_by_key(void) {
  struct json_object *root =
      read_text("{\"access_token\":\"t0k\\u00e9n\",\"token_type\":\"bearer\","
                "\"expires_in\":86399,\"nothing\":null}");
  double life = 0;
  CHECK_STR(gc_document_text(root, "access_token"), "t0k\xc3\xa9n");
  CHECK(gc_document_number(root, "expires_in", &life));
  CHECK_REAL(life, 86399);
  CHECK(gc_document_member(root, "nothing") == NULL);
  CHECK(gc_document_member(root, "absent") == NULL);
  CHECK_INT(gc_document_count(root), 4);
}

static void a_value_of_another_type_counts_as_absent(void) {
  struct json_object *root =
      read_text("{\"s\":\"60\",\"n\":1,\"b\":true,\"z\":null,\"f\":1.5,"
                "\"o\":{},\"a\":[]}");
  double number = 77;
  static const char *const no_number[] = {"b", "z", "o", "a", "none"};
  for (size_t i = 0; i < GC_COUNT(no_number); i++) {
    CHECK_ROW(no_number[i]);
    CHECK(!gc_document_number(root, no_number[i], &number));
  }
  CHECK_REAL(number, 77);
  static const char *const no_text[] = {"n", "b", "z", "f", "o", "a", "none"};
  for (size_t i = 0; i < GC_COUNT(no_text); i++) {
    CHECK_ROW(no_text[i]);
    CHECK(gc_document_text(root, no_text[i]) == NULL);
  }
}

static void a_caller_can_go_down_levels_that_are_absent(void) {
  struct json_object *root =
      read_text("{\"a\":{\"b\":{\"c\":\"x\"}},\"s\":\"y\",\"l\":[1,2]}");
  struct json_object *b =
      gc_document_member(gc_document_member(root, "a"), "b");
  CHECK_STR(gc_document_text(b, "c"), "x");
  CHECK(gc_document_member(gc_document_member(root, "q"), "b") == NULL);
  CHECK(gc_document_text(gc_document_member(root, "s"), "c") == NULL);
  CHECK_STR(gc_document_text(gc_document_member(root, "s"), NULL), "y");
  CHECK(gc_document_text(NULL, "c") == NULL);
  CHECK(gc_document_text(NULL, NULL) == NULL);
  CHECK_INT(gc_document_count(gc_document_member(root, "l")), 2);
  CHECK_INT(gc_document_count(gc_document_member(root, "s")), 0);
  CHECK_INT(gc_document_count(NULL), 0);
}

static void the_root_may_be_any_value(void) {
  double number = 0;
  CHECK_STR(gc_document_text(read_text(" \"text\" "), NULL), "text");
  CHECK(gc_document_number(read_text("42"), NULL, &number));
  CHECK_REAL(number, 42);
  CHECK(gc_document_number(read_text("-7 "), NULL, &number));
  CHECK_REAL(number, -7);
  CHECK(read_text("null") == NULL);
  CHECK_INT(gc_document_count(read_text("[[],{},null]")), 3);
}

#define DEEP_63                                                                \
  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define END_63 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

/* json-c alone accepts most of these. */
static void text_that_is_not_json_is_refused(void) {
  static const struct {
    const char *text;
    size_t max;
    enum gc_code code;
  } rows[] = {
      {"{\"a\":1}", 7, GC_OK},
      {"{\"a\":1}", 6, GC_ERR_LIMIT},
      {DEEP_63 "[1]" END_63, 200, GC_OK},
      {DEEP_63 "{\"a\":null}" END_63, 200, GC_OK},
      {DEEP_63 "[[]]" END_63, 200, GC_ERR_LIMIT},
      {"{\"n\":\"M\xc3\xbcller \xf0\x9f\x98\x80\"}", 100, GC_OK},
      {"", 100, GC_ERR_PARSE},
      {" ", 100, GC_ERR_PARSE},
      {"<html>", 100, GC_ERR_PARSE},
      {"{\"a\":[1,{\"b\":2},", 100, GC_ERR_PARSE},
      {"{} {}", 100, GC_ERR_PARSE},
      {"{\"a\":1}x", 100, GC_ERR_PARSE},
      {"{\"a\":1,}", 100, GC_ERR_PARSE},
      {"[1,]", 100, GC_ERR_PARSE},
      {"NaN", 100, GC_ERR_PARSE},
      {"[-Infinity]", 100, GC_ERR_PARSE},
      {"{'a':1}", 100, GC_ERR_PARSE},
      {"[True]", 100, GC_ERR_PARSE},
      {"[01]", 100, GC_ERR_PARSE},
      {"[-01]", 100, GC_ERR_PARSE},
      {"[1.]", 100, GC_ERR_PARSE},
      {"[1e]", 100, GC_ERR_PARSE},
      {"/* */ [1]", 100, GC_ERR_PARSE},
      {"[\"a\nb\"]", 100, GC_ERR_PARSE},
      {"[\v1]", 100, GC_ERR_PARSE},
      {"[1]\f", 100, GC_ERR_PARSE},
      {"[\"\xff\"]", 100, GC_ERR_PARSE},
      {"[\"\xc3\"]", 100, GC_ERR_PARSE},
      {"{\"a\\u0000b\":1}", 100, GC_ERR_PARSE},
      {"{\"a\\u0000b\":[]}", 100, GC_ERR_PARSE},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    struct gc_document d = {.root = NULL};
    struct gc_err err = {.code = GC_OK};
    CHECK_INT(gc_document_read(&d, rows[i].text, strlen(rows[i].text),
                               rows[i].max, &err),
              rows[i].code);
    CHECK_INT(err.code, rows[i].code);
    CHECK((d.root != NULL) == (rows[i].code == GC_OK));
    gc_document_clear(&d);
  }
  gc_document_clear(NULL);
}

static void a_nul_byte_is_refused(void) {
  struct gc_document d = {.root = NULL};
  CHECK_INT(gc_document_read(&d, "[1\0]", 4, 100, NULL), GC_ERR_PARSE);
  CHECK_INT(gc_document_read(&d, "[1]\0", 4, 100, NULL), GC_ERR_PARSE);
  CHECK_INT(gc_document_read(&d, "[\"a\0\"]", 6, 100, NULL), GC_ERR_PARSE);
  CHECK(d.root == NULL);
}

static void a_string_with_a_nul_is_no_text(void) {
  struct json_object *root = read_text("{\"a\":\"x\\u0000y\",\"b\":\"2\"}");
  CHECK(gc_document_text(root, "a") == NULL);
  CHECK(gc_document_member(root, "a") != NULL);
  CHECK_STR(gc_document_text(root, "b"), "2");
}

static void the_last_of_equal_keys_counts(void) {
  struct json_object *root =
      read_text("{\"a\":\"first\",\"aa\":1,\"a\":\"last\"}");
  CHECK_STR(gc_document_text(root, "a"), "last");
  CHECK_INT(gc_document_count(root), 2);
}

/* ---- writing ---- */

static struct gc_buf body = {.max = 4096};

static void a_real_number_has_three_decimals(void) {
  static const struct {
    double value;
    const char *text;
  } rows[] = {{0, "0.000"},        {1.5, "1.500"},
              {-2.0005, "-2.001"}, {1e12, "1000000000000.000"},
              {1e300, "null"},     {NAN, "null"},
              {INFINITY, "null"},  {0.0004, "0.000"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_document d = {.root = NULL};
    struct json_object *root = gc_document_add_array(&d, NULL, NULL);
    char want[64];
    snprintf(want, sizeof(want), "[%s]", rows[i].text);
    gc_document_add_real(&d, root, NULL, rows[i].value);
    gc_buf_reset(&body);
    CHECK_INT(gc_document_write(&d, &body, NULL), GC_OK);
    CHECK_STR(gc_buf_string(&body), want);
    gc_document_clear(&d);
  }
}

static void a_request_body_is_written_in_order(void) {
  struct gc_document d = {.root = NULL};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  struct json_object *metrics = gc_document_add_array(&d, root, "metrics");
  gc_document_add_text(&d, metrics, NULL, "oWaiting");
  gc_document_add_text(&d, metrics, NULL, "oInteracting");
  struct json_object *filter = gc_document_add_object(&d, root, "filter");
  gc_document_add_int(&d, filter, "n", INT64_MIN);
  gc_document_add_bool(&d, filter, "b", true);
  gc_document_add_text(&d, filter, "z", NULL);
  struct json_object *list = gc_document_add_array(&d, root, "empty");
  (void)gc_document_add_object(&d, list, NULL);
  (void)gc_document_add_array(&d, list, NULL);
  gc_document_add_bool(&d, list, NULL, false);
  gc_document_add_text(&d, list, NULL, NULL);
  gc_buf_reset(&body);
  CHECK_INT(gc_buf_text(&body, "body="), GC_OK);
  CHECK_INT(gc_document_write(&d, &body, NULL), GC_OK);
  CHECK_STR(gc_buf_string(&body),
            "body={\"metrics\":[\"oWaiting\",\"oInteracting\"],"
            "\"filter\":{\"n\":-9223372036854775808,\"b\":true,"
            "\"z\":null},\"empty\":[{},[],false,null]}");
  gc_document_clear(&d);
}

static void strings_are_escaped_and_valid(void) {
  static const struct {
    const char *text, *want;
  } rows[] = {
      {"", "\"\""},
      {"plain", "\"plain\""},
      {"a\"b\\c", "\"a\\\"b\\\\c\""},
      {"\"", "\"\\\"\""},
      {"\n\t\r", "\"\\n\\t\\r\""},
      {"a\x01z", "\"a\\u0001z\""},
      {"https://a/b", "\"https://a/b\""},
      {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
      {"a\xffz", "\"a\xef\xbf\xbdz\""},
      {"\xc3", "\"\xef\xbf\xbd\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want);
    struct gc_document d = {.root = NULL};
    gc_document_add_text(&d, NULL, NULL, rows[i].text);
    gc_buf_reset(&body);
    CHECK_INT(gc_document_write(&d, &body, NULL), GC_OK);
    CHECK_STR(gc_buf_string(&body), rows[i].want);
    gc_document_clear(&d);
  }
}

/* Each letter adds a value to the root. */
static void add_values(struct gc_document *d, const char *calls) {
  struct json_object *root = NULL;
  for (const char *c = calls; *c != '\0'; c++)
    switch (*c) {
    case '{':
      root = gc_document_add_object(d, NULL, NULL);
      break;
    case '[':
      root = gc_document_add_array(d, NULL, NULL);
      break;
    case 'k':
      gc_document_add_int(d, root, "k", 1);
      break;
    default:
      gc_document_add_int(d, root, NULL, 1);
    }
}

static void a_value_without_a_place_fails_the_document(void) {
  static const struct {
    const char *calls;
    enum gc_code code;
  } rows[] = {
      {"1", GC_OK},          {"{k", GC_OK},         {"[11", GC_OK},
      {"", GC_ERR_PARSE},    {"11", GC_ERR_PARSE},  {"[[", GC_ERR_PARSE},
      {"{1", GC_ERR_PARSE},  {"[k", GC_ERR_PARSE},  {"k", GC_ERR_PARSE},
      {"{1k", GC_ERR_PARSE}, {"{{k", GC_ERR_PARSE},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].calls);
    struct gc_document d = {.root = NULL};
    struct gc_err err = {.code = GC_OK};
    add_values(&d, rows[i].calls);
    gc_buf_reset(&body);
    CHECK_INT(gc_document_write(&d, &body, &err), rows[i].code);
    CHECK_HAS(err.text, rows[i].code != GC_OK ? "writing JSON: " : "");
    CHECK((body.len > 0) == (rows[i].code == GC_OK));
    gc_document_clear(&d);
  }
}

static void a_full_buffer_fails_the_document(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf small = {.max = 8};
  struct gc_document d = {.root = NULL};
  struct gc_err err = {.code = GC_OK};
  add_values(&d, "[1111111111");
  CHECK_INT(gc_document_write(&d, &small, &err), GC_ERR_LIMIT);
  CHECK_INT(err.code, GC_ERR_LIMIT);
  CHECK_INT(small.len, 0);
  gc_document_clear(&d);
}

static void a_written_document_is_read_again(void) {
  struct gc_document d = {.root = NULL};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  gc_document_add_text(&d, root, "k\"\n\xc3\xa9", "v\\\x1f\x7f\b\xff/");
  gc_buf_reset(&body);
  CHECK_INT(gc_document_write(&d, &body, NULL), GC_OK);
  gc_document_clear(&d);
  CHECK_STR(gc_document_text(read_text(body.data), "k\"\n\xc3\xa9"),
            "v\\\x1f\x7f\b\xef\xbf\xbd/");
}

int main(void) {
  RUN(a_token_answer_is_read_by_key);
  RUN(a_value_of_another_type_counts_as_absent);
  RUN(a_caller_can_go_down_levels_that_are_absent);
  RUN(the_root_may_be_any_value);
  RUN(text_that_is_not_json_is_refused);
  RUN(a_nul_byte_is_refused);
  RUN(a_string_with_a_nul_is_no_text);
  RUN(the_last_of_equal_keys_counts);
  RUN(a_real_number_has_three_decimals);
  RUN(a_request_body_is_written_in_order);
  RUN(strings_are_escaped_and_valid);
  RUN(a_value_without_a_place_fails_the_document);
  RUN(a_full_buffer_fails_the_document);
  RUN(a_written_document_is_read_again);
  gc_document_clear(&doc);
  gc_buf_clear(&body);
  return check_done();
}
