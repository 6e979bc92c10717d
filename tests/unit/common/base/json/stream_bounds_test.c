/* SPDX-License-Identifier: MIT */
/* Documents that are refused for their text, depth or size; documents that come
 * in pieces. */
#include "common/base/json/stream.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/json_bench.h"

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
      {"{a:1}", GC_ERR_PARSE, "byte 1: not the key of a member"},
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
      {"\"\\x\"", GC_ERR_PARSE, "JSON, byte 3: an invalid escape in a string"},
      {"\"\\u12g4\"", GC_ERR_PARSE, "byte 7: an invalid \\u escape"},
      {"[\v1]", GC_ERR_PARSE, "byte 1: not a JSON value"},
      {"[1}", GC_ERR_PARSE, "byte 2: neither a comma nor the end"},
      {"{\"a\",1}", GC_ERR_PARSE, "byte 4: no colon after a key"},
  };
  struct gc_json_stream *s = json_stream_of(&json_reader);
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
  struct gc_json_stream *s = json_stream_of(&json_reader);
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
  gc_buf_reset(&json_record.text);
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
  json_record.stop_with = GC_ERR_STATE;
  for (int skip = 0; skip < 2; skip++) {
    struct gc_json_reader reader = json_reader;
    reader.skip_unknown = skip != 0;
    struct gc_json_stream *s = json_stream_of(&reader);
    for (size_t i = 0; i < GC_COUNT(rows); i++) {
      CHECK_ROW(rows[i].json);
      size_t len = strlen(rows[i].json);
      CHECK_INT(feed_split(s, rows[i].json, len, len, len), rows[i].code);
      char *whole = strdup(gc_buf_string(&json_record.text));
      for (size_t first = 0; first < len; first++) {
        CHECK_INT(feed_split(s, rows[i].json, len, first, len), rows[i].code);
        CHECK_STR(gc_buf_string(&json_record.text), whole);
        CHECK_INT(feed_split(s, rows[i].json, len, first, 1), rows[i].code);
        CHECK_STR(gc_buf_string(&json_record.text), whole);
      }
      free(whole);
    }
    gc_json_stream_free(s);
  }
}

static void a_callback_ends_the_document_with_its_code_and_text(void) {
  struct gc_json_stream *s = json_stream_of(&json_reader);
  struct gc_err err = {0};
  json_record.stop_with = GC_ERR_LIMIT;
  CHECK_INT(gc_json_stream_feed(s, "{\"a\":\"stop\",\"b\":2}", 18, &err),
            GC_ERR_LIMIT);
  CHECK_STR(err.text, "JSON, byte 11: asked to stop");
  CHECK_STR(gc_buf_string(&json_record.text), "{");

  /* Every later feed returns the same failure. */
  err = (struct gc_err){0};
  CHECK_INT(gc_json_stream_feed(s, "{}", 2, &err), GC_ERR_LIMIT);
  CHECK_STR(err.text, "JSON, byte 11: asked to stop");
  CHECK_INT(gc_json_stream_end(s, &err), GC_ERR_LIMIT);

  json_record.stop_with = GC_ERR_MEMORY;
  CHECK_INT(gc_json_stream_next(s, "[\"silent stop\"]", 15, &err),
            GC_ERR_MEMORY);
  CHECK_HAS(err.text, gc_code_words(GC_ERR_MEMORY));
  CHECK_INT(gc_json_stream_next(s, "{}", 2, &err), GC_OK);
  gc_json_stream_free(s);
}

/* [[[…]]] with `depth` brackets, or {"x":{"x":… */
static char *nest_brackets(const char *open, const char *close,
                           unsigned depth) {
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
    struct gc_json_reader reader = json_reader;
    reader.skip_unknown = skip != 0;
    struct gc_json_stream *s = json_stream_of(&reader);
    static const struct {
      const char *open, *close;
    } rows[] = {{"[", "]"}, {"{\"x\":", "}"}, {"{\"a\":", "}"}};
    for (size_t i = 0; i < GC_COUNT(rows); i++) {
      CHECK_ROW(rows[i].open);
      struct gc_err err = {0};
      char *fits =
          nest_brackets(rows[i].open, rows[i].close, GC_JSON_DEPTH_MAX);
      char *over =
          nest_brackets(rows[i].open, rows[i].close, GC_JSON_DEPTH_MAX + 1);
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
  struct gc_json_reader reader = json_reader;
  reader.bytes_max = 40;
  reader.string_max = 8;
  struct gc_json_stream *s = json_stream_of(&reader);
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

static void a_string_that_never_ends_is_given_up(void) {
  struct gc_json_reader reader = json_reader;
  reader.bytes_max = 1 << 30;
  struct gc_json_stream *s = json_stream_of(&reader);
  struct gc_err err = {0};
  CHECK_INT(gc_json_stream_feed(s, "[\"", 2, &err), GC_OK);
  unsigned chunks = 0;
  while (gc_json_stream_feed(s, "0123456789", 10, &err) == GC_OK &&
         chunks < 1000)
    chunks++;
  CHECK_INT(chunks, 6);
  CHECK_INT(err.code, GC_ERR_LIMIT);
  gc_json_stream_free(s);
}

static void many_chunks_with_events_are_not_an_endless_string(void) {
  struct gc_json_stream *s = json_stream_of(&json_reader);
  CHECK_INT(gc_json_stream_feed(s, "[0", 2, NULL), GC_OK);
  for (int i = 0; i < 1000; i++)
    CHECK_INT(gc_json_stream_feed(s, ",1 ", 3, NULL), GC_OK);
  CHECK_INT(gc_json_stream_feed(s, "]", 1, NULL), GC_OK);
  CHECK_INT(gc_json_stream_end(s, NULL), GC_OK);
  gc_json_stream_free(s);
}

int main(void) {
  RUN(text_that_is_not_json_is_refused_with_its_byte);
  RUN(an_error_shows_nothing_of_the_input);
  RUN(any_split_gives_the_same_events);
  RUN(a_callback_ends_the_document_with_its_code_and_text);
  RUN(depth_is_bounded_in_skipped_members_too);
  RUN(size_and_strings_are_bounded);
  RUN(a_string_that_never_ends_is_given_up);
  RUN(many_chunks_with_events_are_not_an_endless_string);
  json_bench_end();
  return check_done();
}
