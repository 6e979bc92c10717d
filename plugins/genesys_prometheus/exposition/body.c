/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/exposition/body.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

enum {
  BLOCK_SIZE = 128 * 1024,
  GZIP_BITS = 15 + 16, /* zlib.h: a gzip header */
  GZIP_LEVEL = 1,      /* regular text: a higher level only costs time */
};

struct body {
  bool is_gzip, has_failed;
  z_stream z;
  char *out;
  size_t len, cap;
  size_t used; /* of `block` */
  char block[BLOCK_SIZE];
};

struct body *body_new(bool is_gzip) {
  struct body *b = malloc(sizeof(*b));
  if (b == NULL)
    return NULL;
  memset(b, 0, offsetof(struct body, block));
  b->is_gzip = is_gzip;
  if (!is_gzip || deflateInit2(&b->z, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, 8,
                               Z_DEFAULT_STRATEGY) == Z_OK)
    return b;
  free(b);
  return NULL;
}

void body_free(struct body *b) {
  if (b == NULL)
    return;
  if (b->is_gzip)
    deflateEnd(&b->z);
  free(b->out);
  free(b);
}

static bool grow_body(struct body *b, size_t more) {
  if (b->cap - b->len >= more)
    return true;
  size_t cap = b->cap == 0 ? 2 * (size_t)BLOCK_SIZE : b->cap * 2;
  char *out = realloc(b->out, cap);
  b->has_failed = b->has_failed || out == NULL;
  if (out == NULL)
    return false;
  b->out = out;
  b->cap = cap;
  return true;
}

static void deflate_block(struct body *b, int flush) {
  b->z.next_in = (unsigned char *)b->block;
  b->z.avail_in = (unsigned)b->used;
  do {
    if (!grow_body(b, BLOCK_SIZE))
      return;
    b->z.next_out = (unsigned char *)b->out + b->len;
    b->z.avail_out = BLOCK_SIZE;
    (void)deflate(&b->z, flush);
    b->len += BLOCK_SIZE - b->z.avail_out;
  } while (b->z.avail_out == 0);
}

static void flush_block(struct body *b, bool is_last) {
  if (b->is_gzip) {
    deflate_block(b, is_last ? Z_FINISH : Z_NO_FLUSH);
  } else if (grow_body(b, BLOCK_SIZE)) {
    memcpy(b->out + b->len, b->block, b->used);
    b->len += b->used;
  }
  b->used = 0;
}

char *body_room(struct body *b, size_t len) {
  if (len > BLOCK_SIZE - b->used)
    flush_block(b, false);
  return b->block + b->used;
}

void body_took(struct body *b, size_t len) { b->used += len; }

void body_add(struct body *b, const void *bytes, size_t len) {
  const char *at = bytes;
  while (len > 0) {
    size_t piece = len < BODY_PIECE_MAX ? len : BODY_PIECE_MAX;
    memcpy(body_room(b, piece), at, piece);
    body_took(b, piece);
    at += piece;
    len -= piece;
  }
}

char *body_finish(struct body *b, size_t *ret_len) {
  flush_block(b, true);
  if (b->has_failed)
    return NULL;
  *ret_len = b->len;
  return gc_steal(b->out);
}
