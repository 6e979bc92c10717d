/* SPDX-License-Identifier: MIT */
/* The events of a document: paths, keys, values. */
#include "common/base/json/stream.h"

#include "tests/support/check.h"
#include "tests/support/json_bench.h"

struct row {
  const char *json, *want; /* events */
};

static void check_rows(const struct gc_json_reader *reader,
                       const struct row *rows, size_t count) {
  struct gc_json_stream *s = json_stream_of(reader);
  for (size_t i = 0; i < count; i++) {
    CHECK_ROW(rows[i].json);
    gc_buf_reset(&json_record.text);
    struct gc_err err = {0};
    CHECK_INT(gc_json_stream_next(s, rows[i].json, strlen(rows[i].json), &err),
              GC_OK);
    CHECK_STR(err.text, "");
    CHECK_STR(gc_buf_string(&json_record.text), rows[i].want);
  }
  gc_json_stream_free(s);
}

static void each_value_comes_with_its_path(void) {
  static const struct row rows[] = {
      {"{}", "{ }"},
      {"[]", "[ ]"},
      {"{\"a\":1}", "{ 1=1 }"},
      {"{\"a\":{\"b\":true,\"last\":null}}", "{ 1{ 1.2=true 1.250=null 1} }"},
      {"[1,[2,3],{\"a\":[4]},5]",
       "[ 255=1 255[ 255.255=2 255.255=3 255] 255{ 255.1[ 255.1.255=4 255.1] "
       "255} 255=5 ]"},
      {"{\"results\":[{\"group\":{\"a\":\"x\"}},{\"group\":\"\"}],\"b\":false}",
       "{ 3[ 3.255{ 3.255.4{ 3.255.4.1='x' 3.255.4} 3.255} 3.255{ 3.255.4='' "
       "3.255} 3] 2=false }"},
      {"{\"a\":1,\"a\":2}", "{ 1=1 1=2 }"},
      {" \n{ \"a\" :\t1 }\r\n ", "{ 1=1 }"},
  };
  check_rows(&json_reader, rows, GC_COUNT(rows));
}

static void the_root_may_be_any_value(void) {
  static const struct row rows[] = {
      {"1", "=1"},       {"-12.5e3 ", "=-12.5e3"}, {"\"x\"", "='x'"},
      {"true", "=true"}, {" null ", "=null"},      {"false\n", "=false"},
      {"0", "=0"},
  };
  check_rows(&json_reader, rows, GC_COUNT(rows));
}

static void escapes_are_resolved(void) {
  static const struct row rows[] = {
      {"\"\\u00e9\\n\\\"\\\\\\/\"", "='\xc3\xa9\n\"\\/'"},
      {"\"\\ud83d\\ude00\"", "='\xf0\x9f\x98\x80'"},
      {"{\"\\u0061\":1}", "{ 1=1 }"},
      {"{\"\\u00fc\":1}", "{ 254/\xc3\xbc=1 }"},
      /* Half a pair is no character. */
      {"\"\\ud83d\"", "='\xef\xbf\xbd'"},
      {"\"\\ude00x\"", "='\xef\xbf\xbdx'"},
      {"\"\\ud83dx\"", "='\xef\xbf\xbdx'"},
      {"\"\\ud83d\\n\"", "='\xef\xbf\xbd\n'"},
      {"\"\\ud83d\xc3\xa9\"", "='\xef\xbf\xbd\xc3\xa9'"},
      {"\"\\ud83d\\u0041\"", "='\xef\xbf\xbd"
                             "A'"},
      {"\"\\ud83d\\ud83d\\ude00\"", "='\xef\xbf\xbd\xf0\x9f\x98\x80'"},
  };
  check_rows(&json_reader, rows, GC_COUNT(rows));
}

static void unknown_keys_show_their_text(void) {
  static const struct row rows[] = {
      {"{\"x\":1}", "{ 254/x=1 }"},
      {"{\"\":1}", "{ 254/=1 }"},
      {"{\"a\":{\"q1\":[1,2],\"q2\":[3]}}",
       "{ 1{ 1.254/q1[ 1.254.255=1 1.254.255=2 1.254/q1] 1.254/q2[ "
       "1.254.255=3 1.254/q2] 1} }"},
      /* After a container its own key is shown again, at any depth. */
      {"{\"outer\":{\"inner\":{\"deep\":{\"a\":1},\"b\":2}}}",
       "{ 254/outer{ 254.254/inner{ 254.254.254/deep{ 254.254.254.1=1 "
       "254.254.254/deep} 254.254.2=2 254.254/inner} 254/outer} }"},
      {"{\"x\":[[{\"y\":1},{\"zz\":2}],3]}",
       "{ 254/x[ 254.255[ 254.255.255{ 254.255.255.254/y=1 254.255.255} "
       "254.255.255{ 254.255.255.254/zz=2 254.255.255} 254.255] 254.255=3 "
       "254/x] }"},
  };
  check_rows(&json_reader, rows, GC_COUNT(rows));
}

static enum gc_code key_of_element(void *ctx, const struct gc_json_at *at,
                                   const struct gc_json_value *v) {
  struct json_record *r = ctx;
  return gc_buf_print(&r->text, "%s:%zu:%u=%.*s ", at->key, at->key_len,
                      at->depth, (int)v->len, v->text);
}

static void elements_show_the_key_of_their_array(void) {
  struct gc_json_reader reader = json_reader;
  reader.open = reader.close = NULL;
  reader.value = key_of_element;
  static const struct row rows[] = {
      {"{\"map\":{\"q1\":[{\"x\":1},2,[3]]}}", "x:1:4=1 q1:2:3=2 q1:2:4=3 "},
      {"[1]", ":0:1=1 "},
      {"7", ":0:0=7 "},
      {"{\"a\":[0],\"longer\":[{\"a\":{}},1]}", "a:1:2=0 longer:6:2=1 "},
  };
  check_rows(&reader, rows, GC_COUNT(rows));
}

static void unknown_subtrees_can_be_left_out(void) {
  struct gc_json_reader reader = json_reader;
  reader.skip_unknown = true;
  static const struct row rows[] = {
      {"{\"x\":1,\"a\":2}", "{ 1=2 }"},
      {"{\"x\":{\"a\":{\"b\":[1,{\"a\":1}]}},\"a\":2}", "{ 1=2 }"},
      {"{\"x\":[],\"y\":{},\"a\":[{\"z\":null,\"b\":3}]}",
       "{ 1[ 1.255{ 1.255.2=3 1.255} 1] }"},
      {"[{\"x\":[[1]]},{\"x\":{}}]", "[ 255{ 255} 255{ 255} ]"},
  };
  check_rows(&reader, rows, GC_COUNT(rows));
}

static void the_macros_build_the_reported_paths(void) {
  CHECK(GC_JSON_PATH3(K_RESULTS, GC_JSON_ITEM, K_GROUP) == 0x03ff04);
  CHECK(GC_JSON_PATH2(K_A, 0) == GC_JSON_PATH2(K_A, GC_JSON_OTHER));
  CHECK(GC_JSON_PATH1(0) == GC_JSON_OTHER);
  CHECK(GC_JSON_PATH8(1, 2, 3, 4, 5, 6, 7, K_LAST) == 0x01020304050607fa);
}

/* The paths of members below an unknown key must not equal paths of the root.
 */
static void levels_never_vanish_from_a_path(void) {
  static const struct row rows[] = {
      {"{\"x\":{\"a\":1}}", "{ 254/x{ 254.1=1 254/x} }"}};
  check_rows(&json_reader, rows, GC_COUNT(rows));
  CHECK(GC_JSON_PATH2(GC_JSON_OTHER, K_A) != GC_JSON_PATH1(K_A));
}

static void below_eight_levels_no_path_matches_and_the_way_up_is_right(void) {
  static const struct row rows[] = {
      {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[{\"b\":"
       "1}],\"b\":2},\"b\":3},\"b\":4}}}}}},\"b\":5}",
       "{ 1{ 1.1{ 1.1.1{ 1.1.1.1{ 1.1.1.1.1{ 1.1.1.1.1.1{ 1.1.1.1.1.1.1{ "
       "1.1.1.1.1.1.1.1{ 253[ 253{ 253=1 253} 253] 253=2 1.1.1.1.1.1.1.1} "
       "1.1.1.1.1.1.1.2=3 1.1.1.1.1.1.1} 1.1.1.1.1.1.2=4 1.1.1.1.1.1} "
       "1.1.1.1.1} 1.1.1.1} 1.1.1} 1.1} 1} 2=5 }"}};
  check_rows(&json_reader, rows, GC_COUNT(rows));
}

static void documents_follow_each_other(void) {
  struct gc_json_stream *s = json_stream_of(&json_reader);
  struct gc_err err = {0};
  for (int i = 0; i < 3; i++) {
    CHECK_INT(gc_json_stream_feed(s, "[1", 2, &err), GC_OK);
    CHECK_INT(gc_json_stream_feed(s, ",2] ", 4, &err), GC_OK);
    CHECK_INT(gc_json_stream_end(s, &err), GC_OK);
    CHECK_INT(gc_json_stream_end(s, &err), GC_ERR_PARSE); /* nothing was fed */
    CHECK_INT(gc_json_stream_feed(s, "{\"half", 6, &err), GC_OK);
    gc_json_stream_reset(s);
  }
  CHECK_STR(gc_buf_string(&json_record.text),
            "[ 255=1 255=2 ] { [ 255=1 255=2 ] { [ 255=1 255=2 ] {");
  gc_json_stream_free(s);
}

static void a_stream_needs_no_callbacks(void) {
  struct gc_json_reader reader = {.bytes_max = 100, .string_max = 100};
  struct gc_json_stream *s = gc_json_stream_new(&reader, NULL);
  CHECK_INT(gc_json_stream_next(s, "{\"a\":[1,null]}", 14, NULL), GC_OK);
  gc_json_stream_free(s);
  gc_json_stream_free(NULL);
}

static enum gc_code collect_ids(void *ctx, const struct gc_json_at *at,
                                const struct gc_json_value *v) {
  (void)v;
  unsigned *sum = ctx;
  *sum += (unsigned)at->path;
  return GC_OK;
}

static void a_full_table_finds_each_key(void) {
  static char names[GC_JSON_ID_MAX][16];
  static struct gc_json_key full[GC_JSON_ID_MAX];
  GC_AUTO(gc_buf_clear) struct gc_buf json = {.max = 1 << 16};
  unsigned want = 0, got = 0;
  for (unsigned i = 0; i < GC_JSON_ID_MAX; i++) {
    snprintf(names[i], sizeof(names[i]), "k%uey", i * 7919);
    full[i] = (struct gc_json_key){names[i], (uint8_t)(i + 1)};
    (void)!gc_buf_print(&json, "%s\"%s\":0", i == 0 ? "{" : ",", names[i]);
    want += i + 1;
  }
  (void)!gc_buf_text(&json, "}");
  struct gc_json_reader reader = {.keys = full,
                                  .key_count = GC_JSON_ID_MAX,
                                  .bytes_max = 1 << 16,
                                  .string_max = 100,
                                  .value = collect_ids};
  struct gc_json_stream *s = gc_json_stream_new(&reader, &got);
  CHECK_INT(gc_json_stream_next(s, json.data, json.len, NULL), GC_OK);
  CHECK_INT(got, want);
  gc_json_stream_free(s);
}

static void numbers_are_taken_from_numbers_only(void) {
  struct gc_json_value number = {GC_JSON_NUMBER, false, "3.0", 3};
  struct gc_json_value string = {GC_JSON_STRING, false, "3.0", 3};
  int64_t whole = 0;
  double real = 0;
  CHECK(gc_json_int(&number, &whole));
  CHECK_INT(whole, 3);
  CHECK(gc_json_real(&number, &real));
  CHECK_REAL(real, 3);
  CHECK(!gc_json_int(&string, &whole));
  CHECK(!gc_json_real(&string, &real));
  CHECK(gc_json_is(&string, "3.0"));
  CHECK(!gc_json_is(&string, "3."));
  CHECK(!gc_json_is(&number, "3.0"));
}

int main(void) {
  RUN(each_value_comes_with_its_path);
  RUN(the_root_may_be_any_value);
  RUN(escapes_are_resolved);
  RUN(unknown_keys_show_their_text);
  RUN(elements_show_the_key_of_their_array);
  RUN(unknown_subtrees_can_be_left_out);
  RUN(the_macros_build_the_reported_paths);
  RUN(levels_never_vanish_from_a_path);
  RUN(below_eight_levels_no_path_matches_and_the_way_up_is_right);
  RUN(documents_follow_each_other);
  RUN(a_stream_needs_no_callbacks);
  RUN(a_full_table_finds_each_key);
  RUN(numbers_are_taken_from_numbers_only);
  json_bench_end();
  return check_done();
}
