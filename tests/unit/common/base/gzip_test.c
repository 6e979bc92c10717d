/* SPDX-License-Identifier: MIT */
#include "common/base/gzip.h"

#include <zlib.h>

#include "tests/support/check.h"

static size_t unzip_buf(const struct gc_buf *in, char *out, size_t size) {
  z_stream z = {.next_in = (Bytef *)in->data,
                .avail_in = (uInt)in->len,
                .next_out = (Bytef *)out,
                .avail_out = (uInt)size};
  CHECK_INT(inflateInit2(&z, 15 + 16), Z_OK);
  CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
  inflateEnd(&z);
  return size - z.avail_out;
}

static void bytes_are_the_same_after_a_round(void) {
  static char text[200000], again[200001];
  static const size_t sizes[] = {0, 1, 1000, sizeof(text)};
  for (size_t i = 0; i < sizeof(text); i++)
    text[i] = (char)(i * i % 251);
  for (size_t i = 0; i < GC_COUNT(sizes); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
    CHECK_INT(gc_gzip(text, sizes[i], &out), GC_OK);
    CHECK_INT(unzip_buf(&out, again, sizeof(again)), sizes[i]);
    CHECK(memcmp(text, again, sizes[i]) == 0);
  }
}

static void a_limit_leaves_the_buffer_as_it_was(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 10};
  CHECK_INT(gc_buf_text(&out, "abc"), GC_OK);
  CHECK_INT(gc_gzip("defghijklmnop", 13, &out), GC_ERR_LIMIT);
  CHECK_STR(gc_buf_string(&out), "abc");
  CHECK_INT(out.len, 3);
}

static enum gc_code append_piece(void *ctx, const char *bytes, size_t len) {
  return gc_buf_add(ctx, bytes, len);
}

static enum gc_code gunzip_in_steps(const struct gc_buf *in, size_t step,
                                    struct gc_buf *out, bool *ret_complete) {
  struct gc_gunzip *g = gc_gunzip_new();
  enum gc_code code = GC_OK;
  gc_buf_reset(out);
  for (size_t at = 0; at < in->len && code == GC_OK; at += step)
    code = gc_gunzip_feed(g, in->data + at,
                          in->len - at < step ? in->len - at : step,
                          append_piece, out);
  *ret_complete = gc_gunzip_is_complete(g);
  gc_gunzip_free(g);
  return code;
}

static void a_body_of_several_members_is_read_whole(void) {
  static char large[100000];
  GC_AUTO(gc_buf_clear) struct gc_buf in = {.max = 1 << 20};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
  memset(large, 'x', sizeof(large));
  CHECK_INT(gc_gzip("hello, ", 7, &in), GC_OK);
  CHECK_INT(gc_gzip("", 0, &in), GC_OK);
  CHECK_INT(gc_gzip("gzip", 4, &in), GC_OK);
  CHECK_INT(gc_gzip(large, sizeof(large), &in), GC_OK);
  CHECK_INT(gc_buf_add(&in, "\0\0\0", 3), GC_OK); /* padding */
  for (size_t step = 1; step < 2 * in.len; step *= 3) {
    bool is_complete = false;
    CHECK_INT(gunzip_in_steps(&in, step, &out, &is_complete), GC_OK);
    CHECK(is_complete);
    CHECK_INT(out.len, 11 + sizeof(large));
    CHECK(memcmp(out.data, "hello, gzipxxx", 14) == 0);
  }
}

static void a_body_that_is_cut_or_no_gzip_is_noticed(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf in = {.max = 1000};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1000};
  bool is_complete = true;
  CHECK_INT(gc_gzip("hello", 5, &in), GC_OK);
  in.len -= 4;
  CHECK_INT(gunzip_in_steps(&in, 100, &out, &is_complete), GC_OK);
  CHECK(!is_complete);
  gc_buf_reset(&in);
  CHECK_INT(gc_buf_text(&in, "hello, this is no gzip"), GC_OK);
  CHECK_INT(gunzip_in_steps(&in, 3, &out, &is_complete), GC_ERR_PARSE);
  out.max = 3;
  gc_buf_reset(&in);
  CHECK_INT(gc_gzip("hello", 5, &in), GC_OK);
  CHECK_INT(gunzip_in_steps(&in, 100, &out, &is_complete), GC_ERR_LIMIT);
  gc_gunzip_free(NULL);
}

int main(void) {
  RUN(bytes_are_the_same_after_a_round);
  RUN(a_limit_leaves_the_buffer_as_it_was);
  RUN(a_body_of_several_members_is_read_whole);
  RUN(a_body_that_is_cut_or_no_gzip_is_noticed);
  return check_done();
}
