/* SPDX-License-Identifier: MIT */
/* json/stream against json-c, whose parser is not ours: what the stream
 * accepts, json-c accepts too, and both have the same tree, kept by a document
 * of ours. What json-c's strict mode accepts in ASCII, the stream accepts but
 * for the few rules in is_lenient. A document that is written and read again is
 * written as the same bytes. */
#include <json-c/json.h>
#include <string.h>

#include "common/base/json/document.h"
#include "common/base/json/stream.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_MAX = 8192 };

/* Parses a text with json-c alone; false if it is refused or not all of it is
 * read. */
static bool parse_with_json_c(const char *text, size_t len, int flags,
                              struct json_object **ret) {
  struct json_tokener *t = json_tokener_new_ex(GC_JSON_DEPTH_MAX + 2);
  LAW(t != NULL);
  json_tokener_set_flags(t, flags);
  *ret = json_tokener_parse_ex(t, text, (int)len);
  size_t end = json_tokener_get_parse_end(t);
  if (json_tokener_get_error(t) == json_tokener_continue)
    *ret = json_tokener_parse_ex(t, "", 1); /* ends a number at the root */
  bool ok = json_tokener_get_error(t) == json_tokener_success;
  while (ok && end < len && strchr(" \t\r\n", text[end]) != NULL &&
         text[end] != '\0')
    end++;
  json_tokener_free(t);
  return ok && end >= len;
}

static void compare(struct json_object *ours, struct json_object *theirs);

static void compare_members(struct json_object *ours,
                            struct json_object *theirs) {
  LAW(json_object_object_length(ours) == json_object_object_length(theirs));
  json_object_object_foreach(theirs, key, value) {
    struct json_object *mine;
    LAW(json_object_object_get_ex(ours, key, &mine));
    compare(mine, value);
  }
}

static void compare_numbers(struct json_object *ours,
                            struct json_object *theirs) {
  int64_t number;
  if (json_object_is_type(theirs, json_type_double))
    LAW(json_object_get_double(ours) == json_object_get_double(theirs) ||
        json_object_get_double(theirs) > 1e300 ||
        json_object_get_double(theirs) < -1e300);
  else if (gc_decimal_int(json_object_get_string(ours),
                          strlen(json_object_get_string(ours)), &number))
    LAW(number == json_object_get_int64(theirs));
  else /* saturated by json-c */
    LAW(json_object_get_int64(theirs) == INT64_MIN ||
        json_object_get_int64(theirs) == INT64_MAX);
}

static void compare(struct json_object *ours, struct json_object *theirs) {
  enum json_type type = json_object_get_type(theirs);
  if (type == json_type_int || type == json_type_double) {
    LAW(json_object_is_type(ours, json_type_double));
    compare_numbers(ours, theirs);
    return;
  }
  LAW(json_object_is_type(ours, type));
  if (type == json_type_object)
    compare_members(ours, theirs);
  else if (type == json_type_array)
    for (size_t i = 0; i < json_object_array_length(theirs); i++)
      compare(json_object_array_get_idx(ours, i),
              json_object_array_get_idx(theirs, i));
  else if (type == json_type_boolean)
    LAW(json_object_get_boolean(ours) == json_object_get_boolean(theirs));
  else if (type == json_type_string)
    LAW(json_object_get_string_len(ours) ==
            json_object_get_string_len(theirs) &&
        memcmp(json_object_get_string(ours), json_object_get_string(theirs),
               (size_t)json_object_get_string_len(theirs)) == 0);
}

/* True if a text may be one that json-c's strict mode accepts although it is
 * no JSON, or that only our rules refuse: other words, control characters,
 * escapes, numbers of more than a digit, and depth. */
static bool is_lenient(const char *text, size_t len) {
  size_t depth = 0;
  for (size_t i = 0; i < len; i++) {
    if (strchr("NIaysLEFUTR/'", text[i]) != NULL || text[i] < ' ')
      return true;
    bool follows_digit = i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9';
    if (strchr("\\.-+", text[i]) != NULL ||
        (follows_digit && strchr("0123456789eE", text[i]) != NULL))
      return true;
    if ((text[i] == '[' || text[i] == '{') && ++depth > GC_JSON_DEPTH_MAX)
      return true;
  }
  return false;
}

static void compare_refusal(const char *text, size_t len) {
  struct json_object *theirs = NULL;
  if (len > 0 && !is_lenient(text, len))
    LAW(!parse_with_json_c(text, len, JSON_TOKENER_STRICT, &theirs));
  json_object_put(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  GC_AUTO(gc_document_clear) struct gc_document again = {.root = NULL};
  GC_AUTO(gc_buf_clear) struct gc_buf once = {.max = 1 << 22};
  GC_AUTO(gc_buf_clear) struct gc_buf twice = {.max = 1 << 22};
  struct gc_err err = {.code = GC_OK};
  struct json_object *theirs = NULL;
  const char *text = size > 0 ? (const char *)data : "";
  enum gc_code code = gc_document_read(&d, text, size, TEXT_MAX, &err);
  if (code != GC_OK) {
    LAW(d.root == NULL && err.code == code && err.text[0] != '\0');
    if (code == GC_ERR_PARSE)
      compare_refusal(text, size);
    return 0;
  }
  LAW(parse_with_json_c(text, size, JSON_TOKENER_VALIDATE_UTF8, &theirs));
  compare(d.root, theirs);
  json_object_put(theirs);
  if (d.root == NULL)
    return 0;
  LAW(gc_document_write(&d, &once, &err) == GC_OK);
  LAW(gc_document_read(&again, once.data, once.len, once.len, &err) == GC_OK);
  LAW(gc_document_write(&again, &twice, &err) == GC_OK);
  LAW(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
  return 0;
}
