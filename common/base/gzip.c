/* SPDX-License-Identifier: MIT */
#include "common/base/gzip.h"

#include <stdint.h>

#include <zlib.h>

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
