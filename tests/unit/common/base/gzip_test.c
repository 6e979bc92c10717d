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

int main(void) {
  RUN(bytes_are_the_same_after_a_round);
  RUN(a_limit_leaves_the_buffer_as_it_was);
  return check_done();
}
