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

/* Builds the tree of a text from the events of its reader. */
struct builder {
  struct gc_document *document;
  struct json_object *open[GC_JSON_DEPTH_MAX]; /* borrowed */
};

static bool attach_member(struct gc_document *d, struct json_object *in,
                          const char *key, struct json_object *value);

/* Adds a value to the container around it. json-c keeps keys as C strings, so a
 * key with a NUL inside would become another key. */
static enum gc_code add_value(struct builder *b, const struct gc_json_at *at,
                              struct json_object *value) {
  struct json_object *in = at->depth > 0 ? b->open[at->depth - 1] : NULL;
  bool is_member = json_object_is_type(in, json_type_object);
  if (is_member && strlen(at->key) != at->key_len) {
    json_object_put(value);
    return gc_fail(at->err, GC_ERR_PARSE, "a JSON key with a NUL inside");
  }
  (void)attach_member(b->document, in, is_member ? at->key : NULL, value);
  return b->document->failed;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct builder *b = ctx;
  struct json_object *container = at->kind == GC_JSON_OBJECT
                                      ? json_object_new_object()
                                      : json_object_new_array();
  b->open[at->depth] = container;
  return container != NULL ? add_value(b, at, container) : GC_ERR_MEMORY;
}

/* Keeps the text of a number, which gc_document_number reads. */
static struct json_object *new_number(const struct gc_json_value *v) {
  double real = 0;
  char *text = strndup(v->text, v->len);
  if (text == NULL)
    return NULL;
  (void)!gc_decimal_real(v->text, v->len, &real);
  struct json_object *number = json_object_new_double_s(real, text);
  free(text);
  return number;
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct json_object *value = NULL;
  if (v->kind == GC_JSON_STRING)
    value = json_object_new_string_len(v->text, (int)v->len);
  else if (v->kind == GC_JSON_NUMBER)
    value = new_number(v);
  else if (v->kind == GC_JSON_BOOL)
    value = json_object_new_boolean(v->truth);
  if (value == NULL && v->kind != GC_JSON_NULL)
    return GC_ERR_MEMORY;
  return add_value(ctx, at, value);
}

enum gc_code gc_document_read(struct gc_document *d, const char *text,
                              size_t len, size_t max, struct gc_err *err) {
  const size_t bytes_max = max < INT_MAX / 2 ? max : INT_MAX / 2;
  const struct gc_json_reader reader = {.bytes_max = bytes_max,
                                        .string_max = bytes_max,
                                        .open = on_open,
                                        .value = on_value};
  GC_AUTO(gc_document_clear) struct gc_document built = {.root = NULL};
  struct builder builder = {.document = &built};
  struct gc_json_stream *s = gc_json_stream_new(&reader, &builder);
  enum gc_code code = gc_json_stream_next(s, text, len, err);
  gc_json_stream_free(s);
  if (code == GC_OK) {
    *d = built;
    built.root = NULL;
  }
  return code;
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

bool gc_document_number(struct json_object *in, const char *key, double *ret) {
  struct json_object *value = value_at(in, key);
  if (!json_object_is_type(value, json_type_double) &&
      !json_object_is_type(value, json_type_string))
    return false;
  const char *text = json_object_get_string(value);
  return text != NULL && gc_decimal_real(text, strlen(text), ret);
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

/* ---- a text that is cut off ---- */

enum { KEY_ID = 1 };

/* A cut within an escape or a character leaves up to five bytes of it, as in
 * "\u00e". */
enum { PART_MAX = 5 };

struct wanted {
  char *out;
  size_t size;
  bool is_found;
};

static enum gc_code take_text(void *ctx, const struct gc_json_at *at,
                              const struct gc_json_value *v) {
  struct wanted *w = ctx;
  if (at->path != GC_JSON_PATH1(KEY_ID) || v->kind != GC_JSON_STRING ||
      memchr(v->text, '\0', v->len) != NULL)
    return GC_OK;
  size_t len = gc_utf8_cut(v->text, v->len, w->size - 1);
  memcpy(w->out, v->text, len);
  w->out[len] = '\0';
  w->is_found = true;
  return GC_OK;
}

/* Reads the bytes and then a quote, which ends a text that is cut off. */
static void read_and_end(struct gc_json_stream *s, const char *bytes,
                         size_t len) {
  gc_json_stream_reset(s);
  if (gc_json_stream_feed(s, bytes, len, NULL) == GC_OK)
    (void)!gc_json_stream_feed(s, "\"", 1, NULL);
}

bool gc_json_cut_text(const char *bytes, size_t len, const char *key, char *out,
                      size_t size) {
  const struct gc_json_key keys[] = {{key, KEY_ID}};
  const struct gc_json_reader reader = {.keys = keys,
                                        .key_count = GC_COUNT(keys),
                                        .skip_unknown = true,
                                        .bytes_max = len + 1,
                                        .string_max = len,
                                        .value = take_text};
  struct wanted w = {.out = out, .size = size};
  struct gc_json_stream *s = gc_json_stream_new(&reader, &w);
  for (size_t part = 0; !w.is_found && part <= PART_MAX && part <= len; part++)
    read_and_end(s, bytes, len - part);
  gc_json_stream_free(s);
  return w.is_found;
}
