/* SPDX-License-Identifier: MIT */
#include "common/base/json/tree.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/json/stream.h"

struct gc_json {
  struct gc_json *parent, *next, *first, *last;
  size_t size; /* of this allocation */
  size_t count;
  enum gc_json_kind kind;
  bool truth;
  size_t key_len, text_len;
  char bytes[]; /* key, NUL, text, NUL */
};

static const char *text_of(const struct gc_json *j) {
  return j->bytes + j->key_len + 1;
}

/* What is being built. */
struct tree {
  struct gc_json *root;
  struct gc_json *open; /* the innermost container; NULL at the root */
};

static struct gc_json *add(struct tree *t, const struct gc_json_at *at,
                           const char *text, size_t text_len) {
  bool member = t->open != NULL && t->open->kind == GC_JSON_OBJECT;
  size_t key_len = member ? at->key_len : 0;
  size_t size = sizeof(struct gc_json) + key_len + text_len + 2;
  struct gc_json *j = calloc(1, size);
  if (j == NULL)
    return NULL;
  j->size = size;
  j->kind = at->kind;
  j->key_len = key_len;
  j->text_len = text_len;
  memcpy(j->bytes, at->key, key_len);
  memcpy(j->bytes + key_len + 1, text, text_len);

  j->parent = t->open;
  if (t->open == NULL) {
    t->root = j;
  } else {
    if (t->open->last != NULL)
      t->open->last->next = j;
    else
      t->open->first = j;
    t->open->last = j;
    t->open->count++;
  }
  return j;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct tree *t = ctx;
  struct gc_json *j = add(t, at, "", 0);
  if (j == NULL)
    return GC_ERR_MEMORY;
  t->open = j;
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  (void)at;
  struct tree *t = ctx;
  t->open = t->open->parent;
  return GC_OK;
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct gc_json *j = add(ctx, at, v->text, v->len);
  if (j == NULL)
    return GC_ERR_MEMORY;
  j->truth = v->truth;
  return GC_OK;
}

enum gc_code gc_json_parse(const char *text, size_t len, size_t max,
                           struct gc_json **ret_root, struct gc_err *err) {
  struct tree tree = {0};
  const struct gc_json_reader reader = {.bytes_max = max,
                                        .string_max = max,
                                        .open = on_open,
                                        .close = on_close,
                                        .value = on_value};
  struct gc_json_stream *s = gc_json_stream_new(&reader, &tree, err);
  if (s == NULL)
    return GC_ERR_MEMORY;
  enum gc_code code = gc_json_stream_next(s, text, len, err);
  gc_json_stream_free(s);
  if (code == GC_OK)
    *ret_root = tree.root;
  else
    gc_json_free(tree.root);
  return code;
}

void gc_json_free(struct gc_json *root) {
  /* Down to a leaf, free it, on to its sibling or back up: no recursion. */
  struct gc_json *j = root;
  while (j != NULL) {
    if (j->first != NULL) {
      struct gc_json *child = j->first;
      j->first = NULL;
      j = child;
      continue;
    }
    struct gc_json *then = j->next != NULL ? j->next : j->parent;
    explicit_bzero(j, j->size);
    free(j);
    j = then;
  }
}

/* The member of that name, nulls too. */
static const struct gc_json *find(const struct gc_json *in, const char *key) {
  if (in == NULL || in->kind != GC_JSON_OBJECT)
    return NULL;
  const struct gc_json *found = NULL;
  size_t len = strlen(key);
  for (const struct gc_json *j = in->first; j != NULL; j = j->next)
    if (j->key_len == len && memcmp(j->bytes, key, len) == 0)
      found = j;
  return found;
}

static const struct gc_json *typed(const struct gc_json *in, const char *key,
                                   enum gc_json_kind kind) {
  const struct gc_json *j = key != NULL ? find(in, key) : in;
  return j != NULL && j->kind == kind ? j : NULL;
}

const struct gc_json *gc_json_member(const struct gc_json *in,
                                     const char *key) {
  const struct gc_json *j = find(in, key);
  return j != NULL && j->kind != GC_JSON_NULL ? j : NULL;
}

size_t gc_json_count(const struct gc_json *in) {
  return in != NULL ? in->count : 0;
}

const struct gc_json *gc_json_first(const struct gc_json *in) {
  return in != NULL ? in->first : NULL;
}

const struct gc_json *gc_json_next(const struct gc_json *item) {
  return item != NULL ? item->next : NULL;
}

const char *gc_json_name(const struct gc_json *item) {
  return item != NULL ? item->bytes : "";
}

const char *gc_json_text(const struct gc_json *in, const char *key) {
  const struct gc_json *j = typed(in, key, GC_JSON_STRING);
  if (j == NULL || strlen(text_of(j)) != j->text_len)
    return NULL;
  return text_of(j);
}

bool gc_json_whole(const struct gc_json *in, const char *key, int64_t *ret) {
  const struct gc_json *j = typed(in, key, GC_JSON_NUMBER);
  return j != NULL && gc_decimal_int(text_of(j), j->text_len, ret);
}

bool gc_json_number(const struct gc_json *in, const char *key, double *ret) {
  const struct gc_json *j = typed(in, key, GC_JSON_NUMBER);
  return j != NULL && gc_decimal_real(text_of(j), j->text_len, ret);
}

bool gc_json_bool(const struct gc_json *in, const char *key, bool *ret) {
  const struct gc_json *j = typed(in, key, GC_JSON_BOOL);
  if (j == NULL)
    return false;
  *ret = j->truth;
  return true;
}
