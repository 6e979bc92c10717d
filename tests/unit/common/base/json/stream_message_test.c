/* SPDX-License-Identifier: MIT */
/* Whole messages, of which unknown members are skipped: what is read, and what
 * is refused in a skipped member as elsewhere. */
#include "common/base/json/stream.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"

enum { K_A = 1, K_LIST };

static const struct gc_json_key keys[] = {{"a", K_A}, {"list", K_LIST}};

static char log_text[4096];
static size_t log_len;
static enum gc_code answer;

static enum gc_code record_event(const char *what, const struct gc_json_at *at,
                                 const char *text, size_t len) {
  log_len += (size_t)snprintf(
      log_text + log_len, sizeof(log_text) - log_len, "%s%llx:%s%.*s ", what,
      (unsigned long long)at->path, at->key, (int)len, text);
  return answer;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  (void)ctx;
  return record_event("(", at, "", 0);
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  (void)ctx;
  return record_event(")", at, "", 0);
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  (void)ctx;
  return record_event("=", at, v->text, v->len);
}

static struct gc_json_reader reader = {.keys = keys,
                                       .key_count = GC_COUNT(keys),
                                       .skip_unknown = true,
                                       .bytes_max = 1000,
                                       .string_max = 100,
                                       .open = on_open,
                                       .close = on_close,
                                       .value = on_value};

/* Reads memory that ends with the text, so that the sanitizer sees a read
 * beyond it. */
static bool read_text(const char *json, size_t len) {
  char *exact = malloc(len + (len == 0));
  struct gc_json_stream *s = gc_json_stream_new(&reader, NULL);
  memcpy(exact, json, len);
  log_text[log_len = 0] = '\0';
  enum gc_code code = gc_json_stream_next(s, exact, len, NULL);
  gc_json_stream_free(s);
  free(exact);
  return code == GC_OK;
}

static void events_come_with_their_paths(void) {
  static const char json[] =
      " {\"x\":{\"a\":[1,{}]}, \"a\" : true,\"list\":[ \"s\" ,[-1.5e+3],{\"a\":"
      "null,\"y\":\"\\u00e9\\n\"}, {} ],\"a\":\"\xc3\xa9\"} \n";
  CHECK(read_text(json, sizeof(json) - 1));
  CHECK_STR(log_text,
            "(0: =1:atrue (2:list =2ff:lists (2ff:list "
            "=2ffff:list-1.5e+3 )2ff:list (2ff:list =2ff01:anull "
            ")2ff:list (2ff:list )2ff:list )2:list =1:a\xc3\xa9 )0: ");
}

static void skipped_members_are_checked_as_all_others(void) {
  static const struct {
    const char *json;
    bool is_read;
  } rows[] = {
      {"{}", true},
      {"[]", true},
      {"7", true},
      {"-0", true},
      {"0.5E-7", true},
      {"\"12345678\"", true},
      {"true", true},
      {" null ", true},
      {"{\"b\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\uABcd\"}", true},
      {"\"\xf0\x9f\x98\x80 \xe2\x82\xac \xed\x9f\xbf \xf4\x8f\xbf\xbf\"", true},
      {"", false},
      {" ", false},
      {"{", false},
      {"}", false},
      {"{} {}", false},
      {"{\"a\"}", false},
      {"{\"a\":}", false},
      {"{\"a\":1,}", false},
      {"{,}", false},
      {"{a:1}", false},
      {"[1,]", false},
      {"[1 2]", false},
      {"[1}", false},
      {"{\"b\":[1}}", false},
      {"{\"b\":{]}", false},
      {"01", false},
      {"-", false},
      {"1.", false},
      {".5", false},
      {"1e", false},
      {"+1", false},
      {"tru", false},
      {"nul", false},
      {"True", false},
      {"\"", false},
      {"\"abcdefgh", false},
      {"\"a\x01\"", false},
      {"\"abcdefg\x1f\"", false},
      {"{\"b\":\"\\x\"}", false},
      {"{\"b\":\"\\u12g4\"}", false},
      {"{\"b\":\"\\u123g\"}", false},
      {"{\"b\":\"\\u12", false},
      {"{\"b\":\"\\", false},
      {"\"\\n\"", true},
      {"{\"\\u0061\":1}", true},
      {"\"\xc0\x80\"", false},         /* overlong */
      {"\"\xe0\x80\x80\"", false},     /* overlong */
      {"\"\xed\xa0\x80\"", false},     /* half a pair */
      {"\"\xf4\x90\x80\x80\"", false}, /* past the last */
      {"\"\xc3\"", false},
      {"\"\x80\"", false},
      {"\"\xff\"", false},
      {"/**/ 1", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].json);
    CHECK(read_text(rows[i].json, strlen(rows[i].json)) == rows[i].is_read);
  }
  CHECK_ROW("NUL");
  CHECK(!read_text("1\0", 2));
  CHECK(!read_text("\0", 1));
}

static void limits_hold_in_skipped_members(void) {
  char json[2000];
  memset(json, ' ', sizeof(json));
  json[0] = '7';
  CHECK(read_text(json, 1000));
  CHECK(!read_text(json, 1001));
  for (size_t len = 100; len <= 101; len++) {
    memset(json, 'x', sizeof(json));
    json[0] = json[len + 1] = '"';
    CHECK(read_text(json, len + 2) == (len == 100));
    memset(json, '1', sizeof(json));
    CHECK(read_text(json, len) == (len == 100));
  }
  for (size_t depth = 64; depth <= 65; depth++) {
    memset(json, '[', depth);
    memset(json + depth, ']', depth);
    CHECK(read_text(json, 2 * depth) == (depth == 64));
    size_t used = (size_t)sprintf(json, "{\"b\":");
    memset(json + used, '[', depth - 1);
    memset(json + used + depth - 1, ']', depth - 1);
    json[used + 2 * depth - 2] = '}';
    CHECK(read_text(json, used + 2 * depth - 1) == (depth == 64));
  }
}

static void a_callback_that_fails_ends_the_message(void) {
  answer = GC_ERR_LIMIT;
  CHECK(!read_text("7", 1));
  CHECK(!read_text("{}", 2));
  answer = GC_OK;
}

int main(void) {
  RUN(events_come_with_their_paths);
  RUN(skipped_members_are_checked_as_all_others);
  RUN(limits_hold_in_skipped_members);
  RUN(a_callback_that_fails_ends_the_message);
  return check_done();
}
