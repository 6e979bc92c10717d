/* SPDX-License-Identifier: MIT */
#include "common/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"

static enum gc_code reserve_bytes(struct gc_buf *b, size_t more) {
  if (more > b->max || b->len > b->max - more)
    return GC_ERR_LIMIT;
  GC_ASSERT(b->data == NULL ? b->len == 0 && b->cap == 0 : b->len < b->cap);
  size_t need = b->len + more + 1;
  if (need <= b->cap)
    return GC_OK;

  size_t cap = b->cap * 2 > need ? b->cap * 2 : need;
  if (cap < 64)
    cap = 64;
  if (cap - 1 > b->max)
    cap = b->max + 1;
  /* realloc may leave a copy in freed memory, which gc_buf_wipe could not
   * overwrite. */
  char *data = malloc(cap);
  if (data == NULL)
    return GC_ERR_MEMORY;
  if (b->data != NULL) {
    memcpy(data, b->data, b->len + 1);
    explicit_bzero(b->data, b->cap);
    free(b->data);
  }
  b->data = data;
  b->cap = cap;
  return GC_OK;
}

enum gc_code gc_buf_add(struct gc_buf *b, const void *bytes, size_t len) {
  GC_TRY(reserve_bytes(b, len));
  if (len > 0)
    memcpy(b->data + b->len, bytes, len);
  b->len += len;
  b->data[b->len] = '\0';
  return GC_OK;
}

enum gc_code gc_buf_text(struct gc_buf *b, const char *text) {
  return gc_buf_add(b, text, strlen(text));
}

enum gc_code gc_buf_print(struct gc_buf *b, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (len < 0)
    return GC_ERR_PARSE;
  GC_TRY(reserve_bytes(b, (size_t)len));

  va_start(args, format);
  vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
  va_end(args);
  b->len += (size_t)len;
  return GC_OK;
}

const char *gc_buf_string(const struct gc_buf *b) {
  return b->data != NULL ? b->data : "";
}

void gc_buf_reset(struct gc_buf *b) {
  b->len = 0;
  if (b->data != NULL)
    b->data[0] = '\0';
}

void gc_buf_clear(struct gc_buf *b) {
  if (b == NULL)
    return;
  free(b->data);
  b->data = NULL;
  b->len = b->cap = 0;
}

void gc_buf_wipe(struct gc_buf *b) {
  if (b != NULL && b->data != NULL)
    explicit_bzero(b->data, b->cap);
  gc_buf_clear(b);
}
