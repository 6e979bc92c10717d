/* SPDX-License-Identifier: MIT */
/* A document against json/stream: a text that a document accepts is one that
 * the stream accepts, and the members of the root have the same values. A
 * document that is written and read again is written as the same bytes. */
#include <string.h>

#include "common/base/json/document.h"
#include "common/base/json/stream.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_MAX = 8192 };

struct check {
  struct json_object *root;
  size_t count;     /* members of the root */
  bool is_compared; /* by value; the root has no key twice */
  bool has_escapes; /* yajl and json-c read half a surrogate pair as different
                       texts */
};

/* Returns true for a member whose key has half a surrogate pair: json-c has it
 * under another key. */
static bool has_other_key(const struct check *c, const struct gc_json_at *at) {
  return c->has_escapes && gc_document_member(c->root, at->key) == NULL;
}

static bool is_member(const struct gc_json_at *at) {
  return at->depth == 1 && at->path != GC_JSON_PATH1(GC_JSON_ITEM);
}

static void compare_int(const struct check *c, const struct gc_json_at *at,
                        const struct gc_json_value *v) {
  int64_t want = 0, number = 0;
  bool is_int = gc_json_int(v, &want) && want != INT64_MIN;
  LAW(gc_document_int(c->root, at->key, &number) == is_int);
  LAW(!is_int || number == want);
}

static void compare_text(const struct check *c, const struct gc_json_at *at,
                         const struct gc_json_value *v) {
  const char *text = gc_document_text(c->root, at->key);
  if (v->kind != GC_JSON_STRING || memchr(v->text, '\0', v->len) != NULL)
    LAW(text == NULL);
  else
    LAW(text != NULL &&
        (c->has_escapes ||
         (strlen(text) == v->len && memcmp(text, v->text, v->len) == 0)));
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct check *c = ctx;
  if (!is_member(at))
    return GC_OK;
  c->count++;
  if (c->is_compared && !has_other_key(c, at)) {
    compare_int(c, at, v);
    compare_text(c, at, v);
    LAW((gc_document_member(c->root, at->key) == NULL) ==
        (v->kind == GC_JSON_NULL));
  }
  return GC_OK;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct check *c = ctx;
  if (is_member(at)) {
    c->count++;
    LAW(!c->is_compared || has_other_key(c, at) ||
        gc_document_member(c->root, at->key) != NULL);
  }
  return GC_OK;
}

static const struct gc_json_reader reader = {.bytes_max = TEXT_MAX,
                                             .string_max = TEXT_MAX,
                                             .open = on_open,
                                             .value = on_value};

static void compare_members(const char *text, size_t len,
                            struct json_object *root) {
  struct check c = {.root = root,
                    .has_escapes = memchr(text, '\\', len) != NULL};
  struct gc_json_stream *s = gc_json_stream_new(&reader, &c, NULL);
  LAW(s != NULL && gc_json_stream_next(s, text, len, NULL) == GC_OK);
  bool is_object = len > 0 && c.count > 0;
  c.is_compared = is_object && c.count == gc_document_count(root);
  LAW(!is_object || c.count >= gc_document_count(root));
  c.count = 0;
  LAW(gc_json_stream_next(s, text, len, NULL) == GC_OK);
  gc_json_stream_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  GC_AUTO(gc_document_clear) struct gc_document again = {.root = NULL};
  GC_AUTO(gc_buf_clear) struct gc_buf once = {.max = 1 << 22};
  GC_AUTO(gc_buf_clear) struct gc_buf twice = {.max = 1 << 22};
  struct gc_err err = {.code = GC_OK};
  const char *text = size > 0 ? (const char *)data : "";
  if (gc_document_read(&d, text, size, TEXT_MAX, &err) != GC_OK) {
    LAW(d.root == NULL && err.code != GC_OK && err.text[0] != '\0');
    return 0;
  }
  compare_members(text, size, d.root);
  if (d.root == NULL)
    return 0;
  LAW(gc_document_write(&d, &once, &err) == GC_OK);
  LAW(gc_document_read(&again, once.data, once.len, once.len, &err) == GC_OK);
  LAW(gc_document_write(&again, &twice, &err) == GC_OK);
  LAW(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
  return 0;
}
