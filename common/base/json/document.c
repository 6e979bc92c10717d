/* SPDX-License-Identifier: MIT */
#include "common/base/json/document.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json/stream.h"
#include "common/base/utf8.h"

/* ---- reading ---- */

/* Refuses a key with a NUL inside: json-c keeps keys as C strings, so it would
 * become another key. */
static enum gc_code check_key(void *ctx, const struct gc_json_at *at) {
  (void)ctx;
  if (strlen(at->key) == at->key_len)
    return GC_OK;
  return gc_fail(at->err, GC_ERR_PARSE, "a JSON key with a NUL inside");
}

static enum gc_code check_value(void *ctx, const struct gc_json_at *at,
                                const struct gc_json_value *value) {
  (void)value;
  return check_key(ctx, at);
}

static enum gc_code check_syntax(const char *text, size_t len, size_t max,
                                 struct gc_err *err) {
  const struct gc_json_reader reader = {.bytes_max = max,
                                        .string_max = max,
                                        .open = check_key,
                                        .value = check_value};
  /* yajl, and json-c up to 0.14, take these for white space. */
  if (memchr(text, '\v', len) != NULL || memchr(text, '\f', len) != NULL)
    return gc_fail(err, GC_ERR_PARSE, "not JSON");
  struct gc_json_stream *s = gc_json_stream_new(&reader, NULL, err);
  if (s == NULL)
    return GC_ERR_MEMORY;
  enum gc_code code = gc_json_stream_next(s, text, len, err);
  gc_json_stream_free(s);
  return code;
}

/* Fills the tokener's buffer with spaces: json-c copies each string into a
 * buffer of the tokener, which grows by reallocation and is freed as it is. A
 * string of spaces as long as the whole text, parsed before, makes the buffer
 * as large as it ever gets; the same string, parsed afterwards, overwrites the
 * buffer, which may hold a secret. */
static void fill_tokener(struct json_tokener *tokener, const char *spaces,
                         size_t len) {
  json_tokener_reset(tokener);
  json_object_put(json_tokener_parse_ex(tokener, spaces, (int)len));
  json_tokener_reset(tokener);
}

/* Parses the whole text. A number at the root ends only with the next
 * character: the NUL. */
static enum json_tokener_error parse_all(struct json_tokener *tokener,
                                         const char *text, size_t len,
                                         struct json_object **ret_root) {
  *ret_root = json_tokener_parse_ex(tokener, text, (int)len);
  if (json_tokener_get_error(tokener) == json_tokener_continue)
    *ret_root = json_tokener_parse_ex(tokener, "", 1);
  return json_tokener_get_error(tokener);
}

static enum gc_code build_tree(const char *text, size_t len,
                               struct json_object **ret_root,
                               struct gc_err *err) {
  struct json_tokener *tokener = json_tokener_new_ex(GC_JSON_DEPTH_MAX + 2);
  char *spaces = malloc(len + 2);
  enum gc_code code = GC_OK;
  if (tokener == NULL || spaces == NULL) {
    code = gc_fail(err, GC_ERR_MEMORY, "no memory for a JSON document");
  } else {
    memset(spaces, ' ', len + 2);
    spaces[0] = spaces[len + 1] = '"';
    json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
    fill_tokener(tokener, spaces, len + 2);
    enum json_tokener_error error = parse_all(tokener, text, len, ret_root);
    if (error != json_tokener_success)
      code = gc_fail(err, GC_ERR_PARSE, "JSON: %s",
                     json_tokener_error_desc(error));
    fill_tokener(tokener, spaces, len + 2);
  }
  free(spaces);
  if (tokener != NULL)
    json_tokener_free(tokener);
  return code;
}

enum gc_code gc_document_read(struct gc_document *d, const char *text,
                              size_t len, size_t max, struct gc_err *err) {
  struct json_object *root = NULL;
  GC_TRY(check_syntax(text, len, max < INT_MAX / 2 ? max : INT_MAX / 2, err));
  GC_TRY(build_tree(text, len, &root, err));
  *d = (struct gc_document){.root = root};
  return GC_OK;
}

/* Overwrites all texts. The depth of the recursion is bounded by
 * gc_document_read, or by the code that builds the document. */
static void wipe_texts(struct json_object *value) {
  switch (json_object_get_type(value)) {
  case json_type_string:
    explicit_bzero((char *)(uintptr_t)json_object_get_string(value),
                   (size_t)json_object_get_string_len(value));
    break;
  case json_type_object: {
    json_object_object_foreach(value, key, member) {
      (void)key;
      wipe_texts(member);
    }
    break;
  }
  case json_type_array:
    for (size_t i = 0; i < json_object_array_length(value); i++)
      wipe_texts(json_object_array_get_idx(value, i));
    break;
  default:
    break;
  }
}

void gc_document_clear(struct gc_document *d) {
  if (d == NULL)
    return;
  wipe_texts(d->root);
  json_object_put(d->root);
  *d = (struct gc_document){.root = NULL};
}

struct json_object *gc_document_member(struct json_object *in,
                                       const char *key) {
  struct json_object *member = NULL;
  if (json_object_is_type(in, json_type_object))
    (void)json_object_object_get_ex(in, key, &member);
  return member;
}

static struct json_object *value_at(struct json_object *in, const char *key) {
  return key != NULL ? gc_document_member(in, key) : in;
}

size_t gc_document_count(struct json_object *in) {
  if (json_object_is_type(in, json_type_array))
    return json_object_array_length(in);
  return json_object_is_type(in, json_type_object)
             ? (size_t)json_object_object_length(in)
             : 0;
}

struct json_object *gc_document_element(struct json_object *in, size_t at) {
  return json_object_is_type(in, json_type_array) &&
                 at < json_object_array_length(in)
             ? json_object_array_get_idx(in, at)
             : NULL;
}

const char *gc_document_text(struct json_object *in, const char *key) {
  struct json_object *value = value_at(in, key);
  if (!json_object_is_type(value, json_type_string))
    return NULL;
  const char *text = json_object_get_string(value);
  bool is_whole = strlen(text) == (size_t)json_object_get_string_len(value);
  return is_whole ? text : NULL;
}

/* Refuses the integers into which json-c turns one that does not fit:
 * INT64_MIN, or UINT64_MAX. json-c keeps the text of a number with a point or
 * an exponent. */
bool gc_document_int(struct json_object *in, const char *key, int64_t *ret) {
  struct json_object *value = value_at(in, key);
  if (json_object_is_type(value, json_type_double)) {
    const char *text = json_object_get_string(value);
    return text != NULL && gc_decimal_int(text, strlen(text), ret);
  }
  if (!json_object_is_type(value, json_type_int) ||
      json_object_get_int64(value) == INT64_MIN ||
      json_object_get_uint64(value) > INT64_MAX)
    return false;
  *ret = json_object_get_int64(value);
  return true;
}

/* ---- writing ---- */

static void note_failure(struct gc_document *d, enum gc_code code) {
  if (d->failed == GC_OK)
    d->failed = code;
}

/* Adds `value`, or frees it when it cannot be added. */
static bool attach_member(struct gc_document *d, struct json_object *in,
                          const char *key, struct json_object *value) {
  bool is_added = false;
  if (d->failed != GC_OK) {
    json_object_put(value);
    return false;
  }
  if (in == NULL && d->root == NULL && key == NULL) {
    d->root = value;
    return true;
  }
  if (key != NULL && json_object_is_type(in, json_type_object))
    is_added = json_object_object_add(in, key, value) == 0;
  else if (key == NULL && json_object_is_type(in, json_type_array))
    is_added = json_object_array_add(in, value) == 0;
  else
    note_failure(d, GC_ERR_PARSE);
  if (!is_added) {
    note_failure(d, GC_ERR_MEMORY);
    json_object_put(value);
  }
  return is_added;
}

/* Adds a value that json-c creates: NULL means out of memory, not null. */
static struct json_object *attach_new(struct gc_document *d,
                                      struct json_object *in, const char *key,
                                      struct json_object *value) {
  if (value == NULL)
    note_failure(d, GC_ERR_MEMORY);
  return attach_member(d, in, key, value) ? value : NULL;
}

struct json_object *gc_document_add_object(struct gc_document *d,
                                           struct json_object *in,
                                           const char *key) {
  return attach_new(d, in, key, json_object_new_object());
}

struct json_object *gc_document_add_array(struct gc_document *d,
                                          struct json_object *in,
                                          const char *key) {
  return attach_new(d, in, key, json_object_new_array());
}

/* Returns the length of the valid UTF-8 at the beginning of a text. */
static size_t valid_length(const char *text, size_t len) {
  size_t at = 0, size;
  while ((size = gc_utf8_char(text + at, len - at, NULL)) > 0)
    at += size;
  return at;
}

/* Makes a string of valid UTF-8, since json-c writes its bytes as they are. */
static struct json_object *new_string(const char *text) {
  static const char replacement[] = "\xef\xbf\xbd";
  GC_AUTO(gc_buf_clear) struct gc_buf mended = {.max = INT_MAX / 2};
  size_t len = strlen(text), valid;
  while ((valid = valid_length(text, len)) < len) {
    if (gc_buf_add(&mended, text, valid) != GC_OK ||
        gc_buf_text(&mended, replacement) != GC_OK)
      return NULL;
    text += valid + 1;
    len -= valid + 1;
  }
  if (mended.len == 0)
    return json_object_new_string_len(text, (int)len);
  if (gc_buf_add(&mended, text, len) != GC_OK)
    return NULL;
  return json_object_new_string_len(mended.data, (int)mended.len);
}

void gc_document_add_text(struct gc_document *d, struct json_object *in,
                          const char *key, const char *text) {
  if (text == NULL)
    (void)attach_member(d, in, key, NULL);
  else
    (void)attach_new(d, in, key, new_string(text));
}

void gc_document_add_int(struct gc_document *d, struct json_object *in,
                         const char *key, int64_t value) {
  (void)attach_new(d, in, key, json_object_new_int64(value));
}

/* Prints whole numbers, since the decimal point of printf is the locale's. */
void gc_document_add_real(struct gc_document *d, struct json_object *in,
                          const char *key, double value) {
  char text[48];
  if (!(value > -1e15 && value < 1e15)) {
    gc_document_add_text(d, in, key, NULL);
    return;
  }
  long long thousandths = (long long)(value * 1000 + (value < 0 ? -0.5 : 0.5));
  unsigned long long size = thousandths < 0
                                ? 0ULL - (unsigned long long)thousandths
                                : (unsigned long long)thousandths;
  snprintf(text, sizeof(text), "%s%llu.%03llu", thousandths < 0 ? "-" : "",
           size / 1000, size % 1000);
  (void)attach_new(d, in, key, json_object_new_double_s(value, text));
}

void gc_document_add_bool(struct gc_document *d, struct json_object *in,
                          const char *key, bool value) {
  (void)attach_new(d, in, key, json_object_new_boolean(value));
}

enum gc_code gc_document_write(struct gc_document *d, struct gc_buf *out,
                               struct gc_err *err) {
  size_t len = 0;
  if (d->root == NULL)
    note_failure(d, GC_ERR_PARSE);
  enum gc_code code = d->failed;
  if (code == GC_OK) {
    const char *text = json_object_to_json_string_length(
        d->root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    code = text != NULL ? gc_buf_add(out, text, len) : GC_ERR_MEMORY;
  }
  if (code != GC_OK)
    return gc_fail(err, code, "writing JSON: %s", gc_code_words(code));
  return GC_OK;
}
