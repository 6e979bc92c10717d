/* SPDX-License-Identifier: MIT */
#include "common/base/json/writer.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/json/tree.h"
#include "tests/support/check.h"

static struct gc_buf body = {.max = 4096};

static struct gc_json_out writer(void) {
  gc_buf_reset(&body);
  return (struct gc_json_out){.out = &body};
}

static void a_request_body_is_written_with_its_commas(void) {
  struct gc_json_out j = writer();
  gc_json_out_object(&j);
  gc_json_out_key(&j, "metrics");
  gc_json_out_array(&j);
  gc_json_out_string(&j, "oWaiting");
  gc_json_out_string(&j, "oInteracting");
  gc_json_out_close(&j);
  gc_json_out_key(&j, "filter");
  gc_json_out_object(&j);
  gc_json_out_key(&j, "n");
  gc_json_out_int(&j, INT64_MIN);
  gc_json_out_key(&j, "r");
  gc_json_out_real(&j, 0.1);
  gc_json_out_key(&j, "b");
  gc_json_out_bool(&j, true);
  gc_json_out_key(&j, "z");
  gc_json_out_string(&j, NULL);
  gc_json_out_close(&j);
  gc_json_out_key(&j, "empty");
  gc_json_out_array(&j);
  gc_json_out_object(&j);
  gc_json_out_close(&j);
  gc_json_out_array(&j);
  gc_json_out_close(&j);
  gc_json_out_bool(&j, false);
  gc_json_out_close(&j);
  gc_json_out_close(&j);
  CHECK_INT(gc_json_out_end(&j, NULL), GC_OK);
  CHECK_STR(gc_buf_string(&body),
            "{\"metrics\":[\"oWaiting\",\"oInteracting\"],"
            "\"filter\":{\"n\":-9223372036854775808,\"r\":0.1,\"b\":true,"
            "\"z\":null},\"empty\":[{},[],false]}");
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
      {"a\x01z\x7f", "\"a\\u0001z\\u007f\""},
      {"a/b", "\"a/b\""},
      {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
      {"a\xffz", "\"a\xef\xbf\xbdz\""},
      {"\xc3", "\"\xef\xbf\xbd\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want);
    struct gc_json_out j = writer();
    gc_json_out_string(&j, rows[i].text);
    CHECK_INT(gc_json_out_end(&j, NULL), GC_OK);
    CHECK_STR(gc_buf_string(&body), rows[i].want);
  }
  struct gc_json_out j = writer();
  gc_json_out_text(&j, "a\0b", 3);
  CHECK_INT(gc_json_out_end(&j, NULL), GC_OK);
  CHECK_STR(gc_buf_string(&body), "\"a\\u0000b\"");
}

static void reals_are_short_and_read_back_the_same(void) {
  static const struct {
    double value;
    const char *want; /* NULL: only that it is read back */
  } rows[] = {
      {0, "0"},        {-0.5, "-0.5"},    {0.1, "0.1"},
      {20, "20"},      {1e21, "1e+21"},   {0.8, "0.8"},
      {1.0 / 3, NULL}, {DBL_MAX, NULL},   {DBL_MIN, NULL},
      {5e-324, NULL},  {0.1 + 0.2, NULL}, {123456789.125, "123456789.125"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_json_out j = writer();
    gc_json_out_real(&j, rows[i].value);
    CHECK_INT(gc_json_out_end(&j, NULL), GC_OK);
    CHECK_ROW(gc_buf_string(&body));
    CHECK(strtod(gc_buf_string(&body), NULL) == rows[i].value);
    if (rows[i].want != NULL)
      CHECK_STR(gc_buf_string(&body), rows[i].want);
  }
}

/* A perl or python plugin in the same daemon may set one with a decimal
 * comma. */
static void the_locale_changes_nothing(void) {
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL &&
      setlocale(LC_ALL, "fr_FR.UTF-8") == NULL)
    printf("note: no locale with a decimal comma is installed\n");
  struct gc_json_out j = writer();
  gc_json_out_real(&j, 1234.5);
  CHECK_INT(gc_json_out_end(&j, NULL), GC_OK);
  CHECK_STR(gc_buf_string(&body), "1234.5");
  setlocale(LC_ALL, "C");
}

/* Each letter is a call. */
static void run(struct gc_json_out *j, const char *calls) {
  for (const char *c = calls; *c != '\0'; c++)
    switch (*c) {
    case '{':
      gc_json_out_object(j);
      break;
    case '[':
      gc_json_out_array(j);
      break;
    case ')':
      gc_json_out_close(j);
      break;
    case 'k':
      gc_json_out_key(j, "k");
      break;
    case 'n':
      gc_json_out_real(j, NAN);
      break;
    case 'i':
      gc_json_out_real(j, -INFINITY);
      break;
    default:
      gc_json_out_int(j, 1);
    }
}

static void what_would_be_no_json_is_told_at_the_end(void) {
  static const struct {
    const char *calls;
    enum gc_code code;
    const char *words;
  } rows[] = {
      {"1", GC_OK, ""},
      {"{k1)", GC_OK, ""},
      {"", GC_ERR_PARSE, "not complete"},
      {"{", GC_ERR_PARSE, "not complete"},
      {"[1", GC_ERR_PARSE, "not complete"},
      {"11", GC_ERR_PARSE, "second value"},
      {"[)[", GC_ERR_PARSE, "second value"},
      {"{1)", GC_ERR_PARSE, "without a key"},
      {"{k11)", GC_ERR_PARSE, "without a key"},
      {"{k)", GC_ERR_PARSE, "after a key"},
      {"{kk1)", GC_ERR_PARSE, "a key where"},
      {"[k1)", GC_ERR_PARSE, "a key where"},
      {"k1", GC_ERR_PARSE, "a key where"},
      {"[))", GC_ERR_PARSE, "not open"},
      {"[n)", GC_ERR_PARSE, "not finite"},
      {"[i)", GC_ERR_PARSE, "not finite"},
      {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[))))))))))))))))))))))))))))))))",
       GC_OK, ""},
      {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[)))))))))))))))))))))))))))))))))",
       GC_ERR_LIMIT, "too deep"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].calls);
    struct gc_json_out j = writer();
    struct gc_err err = {0};
    run(&j, rows[i].calls);
    CHECK_INT(gc_json_out_end(&j, &err), rows[i].code);
    CHECK_HAS(err.text, rows[i].words);
  }
}

static void a_full_buffer_is_told_at_the_end(void) {
  struct gc_buf small = {.max = 8};
  struct gc_json_out j = {.out = &small};
  struct gc_err err = {0};
  run(&j, "[1111111111)");
  CHECK_INT(gc_json_out_end(&j, &err), GC_ERR_LIMIT);
  CHECK(small.len <= 8);
  gc_buf_clear(&small);
}

static void what_is_written_is_read_by_our_own_reader(void) {
  struct gc_json_out j = writer();
  gc_json_out_object(&j);
  gc_json_out_key(&j, "k\"\n\xc3\xa9");
  gc_json_out_string(&j, "v\\\x1f\xff");
  gc_json_out_close(&j);
  CHECK_INT(gc_json_out_end(&j, NULL), GC_OK);
  struct gc_json *root = NULL;
  CHECK_INT(gc_json_parse(body.data, body.len, 4096, &root, NULL), GC_OK);
  CHECK_STR(gc_json_text(root, "k\"\n\xc3\xa9"), "v\\\x1f\xef\xbf\xbd");
  gc_json_free(root);
}

int main(void) {
  RUN(a_request_body_is_written_with_its_commas);
  RUN(strings_are_escaped_and_valid);
  RUN(reals_are_short_and_read_back_the_same);
  RUN(the_locale_changes_nothing);
  RUN(what_would_be_no_json_is_told_at_the_end);
  RUN(a_full_buffer_is_told_at_the_end);
  RUN(what_is_written_is_read_by_our_own_reader);
  gc_buf_clear(&body);
  return check_done();
}
