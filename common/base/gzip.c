/* SPDX-License-Identifier: MIT */
#include "common/base/gzip.h"

#include <stdint.h>
#include <stdlib.h>

#include <zlib.h>

#include "common/base/alloc.h"

enum { LEVEL = 1, WINDOW_GZIP = 15 + 16, MEMORY = 8 };

static void end_stream(z_stream *z) { deflateEnd(z); }

enum gc_code gc_gzip(const void *bytes, size_t len, struct gc_buf *out) {
  GC_AUTO(end_stream) z_stream z = {.next_in = (z_const Bytef *)bytes};
  char piece[16 * 1024];
  size_t before = out->len;
  if (len > UINT32_MAX)
    return GC_ERR_LIMIT;
  z.avail_in = (uInt)len;
  if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return GC_ERR_MEMORY;

  int state = Z_OK;
  enum gc_code code = GC_OK;
  while (state == Z_OK && code == GC_OK) {
    z.next_out = (Bytef *)piece;
    z.avail_out = sizeof(piece);
    state = deflate(&z, Z_FINISH);
    code = gc_buf_add(out, piece, sizeof(piece) - z.avail_out);
  }
  if (code == GC_OK && state == Z_STREAM_END)
    return GC_OK;
  if (out->data != NULL)
    out->data[out->len = before] = '\0';
  return code != GC_OK ? code : GC_ERR_MEMORY;
}

/* ---- decompression ---- */

enum member { MEMBER_NONE, MEMBER_OPEN, MEMBER_ENDED, MEMBER_PADDED };

struct gc_gunzip {
  z_stream z;
  enum member member;
};

struct gc_gunzip *gc_gunzip_new(void) {
  return gc_zalloc(1, sizeof(struct gc_gunzip));
}

void gc_gunzip_free(struct gc_gunzip *g) {
  if (g == NULL)
    return;
  if (g->member != MEMBER_NONE)
    inflateEnd(&g->z);
  free(g);
}

/* Begins a member at its first byte. A byte that begins none is padding. */
static enum gc_code begin_member(struct gc_gunzip *g) {
  enum { FIRST_BYTE = 0x1f };
  if (g->member == MEMBER_NONE) {
    if (inflateInit2(&g->z, WINDOW_GZIP) != Z_OK)
      return GC_ERR_MEMORY;
  } else if (*g->z.next_in != FIRST_BYTE) {
    g->member = MEMBER_PADDED;
    return GC_OK;
  } else if (inflateReset(&g->z) != Z_OK) {
    return GC_ERR_MEMORY;
  }
  g->member = MEMBER_OPEN;
  return GC_OK;
}

static enum gc_code
inflate_piece(struct gc_gunzip *g,
              enum gc_code (*each)(void *ctx, const char *bytes, size_t len),
              void *ctx) {
  char piece[16 * 1024];
  g->z.next_out = (Bytef *)piece;
  g->z.avail_out = sizeof(piece);
  int state = inflate(&g->z, Z_NO_FLUSH);
  if (state == Z_MEM_ERROR)
    return GC_ERR_MEMORY;
  if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
    return GC_ERR_PARSE;
  if (state == Z_STREAM_END)
    g->member = MEMBER_ENDED;
  size_t len = sizeof(piece) - g->z.avail_out;
  return len > 0 ? each(ctx, piece, len) : GC_OK;
}

enum gc_code gc_gunzip_feed(struct gc_gunzip *g, const char *bytes, size_t len,
                            enum gc_code (*each)(void *ctx, const char *bytes,
                                                 size_t len),
                            void *ctx) {
  if (len > UINT32_MAX)
    return GC_ERR_LIMIT;
  g->z.next_in = (z_const Bytef *)bytes;
  g->z.avail_in = (uInt)len;
  bool is_full = false; /* zlib may have more without further input */
  while (g->member != MEMBER_PADDED && (g->z.avail_in > 0 || is_full)) {
    if (g->member != MEMBER_OPEN)
      GC_TRY(begin_member(g));
    if (g->member != MEMBER_OPEN)
      break;
    GC_TRY(inflate_piece(g, each, ctx));
    is_full = g->member == MEMBER_OPEN && g->z.avail_out == 0;
  }
  return GC_OK;
}

bool gc_gunzip_is_complete(const struct gc_gunzip *g) {
  return g->member == MEMBER_ENDED || g->member == MEMBER_PADDED;
}
