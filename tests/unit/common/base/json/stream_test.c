/* SPDX-License-Identifier: MIT */
#include "common/base/json/stream.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "tests/support/check.h"

enum { K_A = 1, K_B, K_RESULTS, K_GROUP, K_LAST = GC_JSON_ID_MAX };

static const struct gc_json_key keys[] = {{"a", K_A},
                                          {"b", K_B},
                                          {"results", K_RESULTS},
                                          {"group", K_GROUP},
                                          {"last", K_LAST}};

/* Records events, one a word: "1.255=4" is 4 at PATH2(1, ITEM). A key
 * follows a slash: "254/foo=…". */
struct record {
  struct gc_buf text;
  enum gc_code stop_with; /* returned at the value "stop" */
};

static void put_path(struct gc_buf *b, const struct gc_json_at *at) {
  (void)!gc_buf_text(b, b->len > 0 ? " " : "");
  bool begun = false;
  for (int shift = 56; shift >= 0; shift -= 8) {
    unsigned id = at->path >> shift & 0xff;
    if (id == 0 && !begun)
      continue;
    (void)!gc_buf_print(b, "%s%u", begun ? "." : "", id);
    begun = true;
  }
  if ((at->path & 0xff) == GC_JSON_OTHER)
    (void)!gc_buf_print(b, "/%s", at->key);
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct record *r = ctx;
  put_path(&r->text, at);
  return gc_buf_text(&r->text, at->kind == GC_JSON_OBJECT ? "{" : "[");
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct record *r = ctx;
  put_path(&r->text, at);
  return gc_buf_text(&r->text, at->kind == GC_JSON_OBJECT ? "}" : "]");
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct record *r = ctx;
  if (gc_json_is(v, "stop"))
    return gc_fail(at->err, r->stop_with, "asked to stop");
  if (gc_json_is(v, "silent stop"))
    return r->stop_with;
  put_path(&r->text, at);
  return gc_buf_print(&r->text, v->kind == GC_JSON_STRING ? "='%.*s'" : "=%.*s",
                      (int)v->len, v->text);
}

static const struct gc_json_reader all = {.keys = keys,
                                          .key_count = GC_COUNT(keys),
                                          .bytes_max = 4096,
                                          .string_max = 64,
                                          .open = on_open,
                                          .close = on_close,
                                          .value = on_value};

static struct record record = {.text = {.max = 1 << 20}};

static struct gc_json_stream *stream_of(const struct gc_json_reader *reader) {
  struct gc_err err = {0};
  struct gc_json_stream *s = gc_json_stream_new(reader, &record, &err);
  CHECK_STR(err.text, "");
  gc_buf_reset(&record.text);
  return s;
}

struct row {
  const char *json, *want; /* events */
};

static void check_rows(const struct gc_json_reader *reader,
                       const struct row *rows, size_t count) {
  struct gc_json_stream *s = stream_of(reader);
  for (size_t i = 0; i < count; i++) {
    CHECK_ROW(rows[i].json);
    gc_buf_reset(&record.text);
    struct gc_err err = {0};
    CHECK_INT(gc_json_stream_next(s, rows[i].json, strlen(rows[i].json), &err),
              GC_OK);
    CHECK_STR(err.text, "");
    CHECK_STR(gc_buf_string(&record.text), rows[i].want);
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
  check_rows(&all, rows, GC_COUNT(rows));
}

static void the_root_may_be_any_value(void) {
  static const struct row rows[] = {
      {"1", "=1"},       {"-12.5e3 ", "=-12.5e3"}, {"\"x\"", "='x'"},
      {"true", "=true"}, {" null ", "=null"},      {"false\n", "=false"},
      {"0", "=0"},
  };
  check_rows(&all, rows, GC_COUNT(rows));
}

static void escapes_are_resolved(void) {
  static const struct row rows[] = {
      {"\"\\u00e9\\n\\\"\\\\\\/\"", "='\xc3\xa9\n\"\\/'"},
      {"\"\\ud83d\\ude00\"", "='\xf0\x9f\x98\x80'"},
      {"{\"\\u0061\":1}", "{ 1=1 }"},
      {"{\"\\u00fc\":1}", "{ 254/\xc3\xbc=1 }"},
  };
  check_rows(&all, rows, GC_COUNT(rows));
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
  check_rows(&all, rows, GC_COUNT(rows));
}

static enum gc_code key_of_element(void *ctx, const struct gc_json_at *at,
                                   const struct gc_json_value *v) {
  struct record *r = ctx;
  return gc_buf_print(&r->text, "%s:%zu:%u=%.*s ", at->key, at->key_len,
                      at->depth, (int)v->len, v->text);
}

static void elements_show_the_key_of_their_array(void) {
  struct gc_json_reader reader = all;
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
  struct gc_json_reader reader = all;
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
  check_rows(&all, rows, GC_COUNT(rows));
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
  check_rows(&all, rows, GC_COUNT(rows));
}

static void text_that_is_not_json_is_refused_with_its_byte(void) {
  static const struct {
    const char *json;
    enum gc_code code;
    const char *text;
  } rows[] = {
      {"", GC_ERR_PARSE, "JSON, byte 0: the JSON is cut off, or there is none"},
      {"  ", GC_ERR_PARSE, "byte 2: the JSON is cut off, or there is none"},
      {"{\"a\":", GC_ERR_PARSE, "byte 5: the JSON is cut off"},
      {"\"abc", GC_ERR_PARSE, "the JSON is cut off"},
      {"[1,2", GC_ERR_PARSE, "the JSON is cut off"},
      {"{\"a\" 1}", GC_ERR_PARSE, "JSON, byte "},
      {"{\"a\":1,}", GC_ERR_PARSE, "JSON, byte "},
      {"[1 2]", GC_ERR_PARSE, "JSON, byte "},
      {"{a:1}", GC_ERR_PARSE, "lexical error"},
      {"tru", GC_ERR_PARSE, "JSON, byte "},
      {"nul ", GC_ERR_PARSE, "JSON, byte "},
      {"01", GC_ERR_PARSE, "JSON, byte "},
      {"+1", GC_ERR_PARSE, "JSON, byte "},
      {"NaN", GC_ERR_PARSE, "JSON, byte "},
      {"1 2", GC_ERR_PARSE, "byte 2: something follows the JSON value"},
      {"{}{}", GC_ERR_PARSE, "JSON, byte "},
      {"{} \"abc", GC_ERR_PARSE, "byte 3: something follows the JSON value"},
      {"{} tr", GC_ERR_PARSE, "byte 3: something follows the JSON value"},
      {"{}]", GC_ERR_PARSE, "JSON, byte "},
      {"{} /* x */", GC_ERR_PARSE, "JSON, byte "},
      {"\xef\xbb\xbf{}", GC_ERR_PARSE, "JSON, byte "},
      {"\"a\nb\"", GC_ERR_PARSE, "invalid"},
      {"\"\xff\"", GC_ERR_PARSE, "invalid"},
      {"\"\\x\"", GC_ERR_PARSE, "JSON, byte "},
  };
  struct gc_json_stream *s = stream_of(&all);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].json);
    struct gc_err err = {0};
    size_t len = strlen(rows[i].json);
    CHECK_INT(gc_json_stream_next(s, rows[i].json, len, &err), rows[i].code);
    CHECK_INT(err.code, rows[i].code);
    CHECK_HAS(err.text, rows[i].text);
    CHECK_INT(gc_json_stream_next(s, rows[i].json, len, NULL), rows[i].code);
    CHECK_INT(gc_json_stream_next(s, "{\"a\":[]}", 8, &err), GC_OK);
  }
  gc_json_stream_free(s);
}

static void an_error_shows_nothing_of_the_input(void) {
  static const char *const rows[] = {
      "{\"name\": \"Max Mustermann\" \"oops\"}",
      "[\"Max Mustermann\", Mustermann]",
      "\"Max Mustermann",
      "{\"Mustermann\" \"Max\"}",
      "{} Mustermann",
  };
  struct gc_json_stream *s = stream_of(&all);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    struct gc_err err = {0};
    CHECK(gc_json_stream_next(s, rows[i], strlen(rows[i]), &err) != GC_OK);
    CHECK(strstr(err.text, "Muster") == NULL);
    CHECK(strchr(err.text, '\n') == NULL);
  }
  gc_json_stream_free(s);
}

static enum gc_code feed_split(struct gc_json_stream *s, const char *json,
                               size_t len, size_t first, size_t step) {
  gc_buf_reset(&record.text);
  gc_json_stream_reset(s);
  for (size_t at = 0; at < len;) {
    size_t part = at == 0 ? first : step;
    if (part > len - at)
      part = len - at;
    char *copy = malloc(
        part + (part == 0)); /* so that the sanitizer sees a read beyond it */
    memcpy(copy, json + at, part);
    enum gc_code code = gc_json_stream_feed(s, copy, part, NULL);
    free(copy);
    if (code != GC_OK)
      return code;
    at += part;
    if (part == 0)
      first = step;
  }
  return gc_json_stream_end(s, NULL);
}

static void any_split_gives_the_same_events(void) {
  static const struct {
    const char *json;
    enum gc_code code;
  } rows[] = {
      {" {\"results\" : [ {\"group\":{\"\\u0061\":\"\\ud83d\\ude00 \\u00e9\"}, "
       "\"unknown key\":-12.5e+3}, true,null ,\"\xe2\x82\xac\"], "
       "\"longer unknown\": [[],{}, 0] }\n ",
       GC_OK},
      {"-12.5", GC_OK},
      {"false", GC_OK},
      {"{\"a\":[1,2,3],\"x\":{\"a\":tru}}", GC_ERR_PARSE},
      {"[\"one\"] 2", GC_ERR_PARSE},
      {"[\"one\", \"\xe2\x28\xa1\"]", GC_ERR_PARSE},
      {"{\"a\":\"stop\",\"b\":1}", GC_ERR_STATE},
  };
  record.stop_with = GC_ERR_STATE;
  for (int skip = 0; skip < 2; skip++) {
    struct gc_json_reader reader = all;
    reader.skip_unknown = skip != 0;
    struct gc_json_stream *s = stream_of(&reader);
    for (size_t i = 0; i < GC_COUNT(rows); i++) {
      CHECK_ROW(rows[i].json);
      size_t len = strlen(rows[i].json);
      CHECK_INT(feed_split(s, rows[i].json, len, len, len), rows[i].code);
      char *whole = strdup(gc_buf_string(&record.text));
      for (size_t first = 0; first < len; first++) {
        CHECK_INT(feed_split(s, rows[i].json, len, first, len), rows[i].code);
        CHECK_STR(gc_buf_string(&record.text), whole);
        CHECK_INT(feed_split(s, rows[i].json, len, first, 1), rows[i].code);
        CHECK_STR(gc_buf_string(&record.text), whole);
      }
      free(whole);
    }
    gc_json_stream_free(s);
  }
}

static void a_callback_ends_the_document_with_its_code_and_text(void) {
  struct gc_json_stream *s = stream_of(&all);
  struct gc_err err = {0};
  record.stop_with = GC_ERR_LIMIT;
  CHECK_INT(gc_json_stream_feed(s, "{\"a\":\"stop\",\"b\":2}", 18, &err),
            GC_ERR_LIMIT);
  CHECK_STR(err.text, "JSON, byte 11: asked to stop");
  CHECK_STR(gc_buf_string(&record.text), "{");

  /* Every later feed returns the same failure. */
  err = (struct gc_err){0};
  CHECK_INT(gc_json_stream_feed(s, "{}", 2, &err), GC_ERR_LIMIT);
  CHECK_STR(err.text, "JSON, byte 11: asked to stop");
  CHECK_INT(gc_json_stream_end(s, &err), GC_ERR_LIMIT);

  record.stop_with = GC_ERR_MEMORY;
  CHECK_INT(gc_json_stream_next(s, "[\"silent stop\"]", 15, &err),
            GC_ERR_MEMORY);
  CHECK_HAS(err.text, gc_code_words(GC_ERR_MEMORY));
  CHECK_INT(gc_json_stream_next(s, "{}", 2, &err), GC_OK);
  gc_json_stream_free(s);
}

/* [[[…]]] with `depth` brackets, or {"x":{"x":… */
static char *nested(const char *open, const char *close, unsigned depth) {
  struct gc_buf b = {.max = 1 << 16};
  for (unsigned i = 0; i < depth; i++)
    (void)!gc_buf_text(&b, open);
  (void)!gc_buf_text(&b, "1");
  for (unsigned i = 0; i < depth; i++)
    (void)!gc_buf_text(&b, close);
  return b.data;
}

static void depth_is_bounded_in_skipped_members_too(void) {
  for (int skip = 0; skip < 2; skip++) {
    struct gc_json_reader reader = all;
    reader.skip_unknown = skip != 0;
    struct gc_json_stream *s = stream_of(&reader);
    static const struct {
      const char *open, *close;
    } rows[] = {{"[", "]"}, {"{\"x\":", "}"}, {"{\"a\":", "}"}};
    for (size_t i = 0; i < GC_COUNT(rows); i++) {
      CHECK_ROW(rows[i].open);
      struct gc_err err = {0};
      char *fits = nested(rows[i].open, rows[i].close, GC_JSON_DEPTH_MAX);
      char *over = nested(rows[i].open, rows[i].close, GC_JSON_DEPTH_MAX + 1);
      CHECK_INT(gc_json_stream_next(s, fits, strlen(fits), &err), GC_OK);
      CHECK_INT(gc_json_stream_next(s, over, strlen(over), &err), GC_ERR_LIMIT);
      CHECK_HAS(err.text, "nested deeper");
      free(fits);
      free(over);
    }
    gc_json_stream_free(s);
  }
}

static void size_and_strings_are_bounded(void) {
  struct gc_json_reader reader = all;
  reader.bytes_max = 40;
  reader.string_max = 8;
  struct gc_json_stream *s = stream_of(&reader);
  static const struct {
    const char *json;
    enum gc_code code;
  } rows[] = {
      {"\"12345678\"", GC_OK},
      {"\"123456789\"", GC_ERR_LIMIT},
      {"{\"12345678\":0}", GC_OK},
      {"{\"123456789\":0}", GC_ERR_LIMIT},
      {"12345678", GC_OK},
      {"123456789", GC_ERR_LIMIT},
      {"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,00]", GC_ERR_PARSE},
      {"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 ]", GC_OK},
      {"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0  ]", GC_ERR_LIMIT},
      {"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 ] ", GC_ERR_LIMIT},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].json);
    size_t len = strlen(rows[i].json);
    CHECK_INT(feed_split(s, rows[i].json, len, len, len), rows[i].code);
    CHECK_INT(feed_split(s, rows[i].json, len, 1, 1), rows[i].code);
  }
  gc_json_stream_free(s);
}

/* The parser buffers a string that is not complete; the stream bounds it. */
static void a_string_that_never_ends_is_given_up(void) {
  struct gc_json_reader reader = all;
  reader.bytes_max = 1 << 30;
  struct gc_json_stream *s = stream_of(&reader);
  struct gc_err err = {0};
  CHECK_INT(gc_json_stream_feed(s, "[\"", 2, &err), GC_OK);
  unsigned chunks = 0;
  while (gc_json_stream_feed(s, "0123456789", 10, &err) == GC_OK &&
         chunks < 1000)
    chunks++;
  CHECK(chunks > 6 && chunks < 60);
  CHECK_INT(err.code, GC_ERR_LIMIT);
  gc_json_stream_free(s);
}

static void many_chunks_with_events_are_not_an_endless_string(void) {
  struct gc_json_stream *s = stream_of(&all);
  CHECK_INT(gc_json_stream_feed(s, "[0", 2, NULL), GC_OK);
  for (int i = 0; i < 1000; i++)
    CHECK_INT(gc_json_stream_feed(s, ",1 ", 3, NULL), GC_OK);
  CHECK_INT(gc_json_stream_feed(s, "]", 1, NULL), GC_OK);
  CHECK_INT(gc_json_stream_end(s, NULL), GC_OK);
  gc_json_stream_free(s);
}

static void documents_follow_each_other(void) {
  struct gc_json_stream *s = stream_of(&all);
  struct gc_err err = {0};
  for (int i = 0; i < 3; i++) {
    CHECK_INT(gc_json_stream_feed(s, "[1", 2, &err), GC_OK);
    CHECK_INT(gc_json_stream_feed(s, ",2] ", 4, &err), GC_OK);
    CHECK_INT(gc_json_stream_end(s, &err), GC_OK);
    CHECK_INT(gc_json_stream_end(s, &err), GC_ERR_PARSE); /* nothing was fed */
    CHECK_INT(gc_json_stream_feed(s, "{\"half", 6, &err), GC_OK);
    gc_json_stream_reset(s);
  }
  CHECK_STR(gc_buf_string(&record.text),
            "[ 255=1 255=2 ] { [ 255=1 255=2 ] { [ 255=1 255=2 ] {");
  gc_json_stream_free(s);
}

static void a_stream_needs_no_callbacks(void) {
  struct gc_json_reader reader = {.bytes_max = 100, .string_max = 100};
  struct gc_json_stream *s = gc_json_stream_new(&reader, NULL, NULL);
  CHECK_INT(gc_json_stream_next(s, "{\"a\":[1,null]}", 14, NULL), GC_OK);
  gc_json_stream_free(s);
  gc_json_stream_free(NULL);
}

static void a_wrong_table_is_refused(void) {
  static const struct {
    struct gc_json_key keys[2];
    const char *text;
  } rows[] = {{{{"a", 1}, {"a", 2}}, "\"a\" is given twice"},
              {{{"a", 0}, {"b", 1}}, "id 0"},
              {{{"a", 1}, {"b", 251}}, "id 251"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err = {0};
    struct gc_json_reader reader = all;
    reader.keys = rows[i].keys;
    reader.key_count = 2;
    CHECK(gc_json_stream_new(&reader, NULL, &err) == NULL);
    CHECK_INT(err.code, GC_ERR_CONFIG);
    CHECK_HAS(err.text, rows[i].text);
  }
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
  struct gc_json_stream *s = gc_json_stream_new(&reader, &got, NULL);
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
  RUN(text_that_is_not_json_is_refused_with_its_byte);
  RUN(an_error_shows_nothing_of_the_input);
  RUN(any_split_gives_the_same_events);
  RUN(a_callback_ends_the_document_with_its_code_and_text);
  RUN(depth_is_bounded_in_skipped_members_too);
  RUN(size_and_strings_are_bounded);
  RUN(a_string_that_never_ends_is_given_up);
  RUN(many_chunks_with_events_are_not_an_endless_string);
  RUN(documents_follow_each_other);
  RUN(a_stream_needs_no_callbacks);
  RUN(a_wrong_table_is_refused);
  RUN(a_full_table_finds_each_key);
  RUN(numbers_are_taken_from_numbers_only);
  gc_buf_clear(&record.text);
  return check_done();
}
