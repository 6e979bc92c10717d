/* SPDX-License-Identifier: MIT */
/* The frames of a client. Numbers in the names of rows are sections of RFC
 * 6455. */
#include "common/base/websocket/frames.h"

#include "tests/support/check.h"

#define BYTES(literal) literal, sizeof(literal) - 1
#define A10 "aaaaaaaaaa"
#define A120 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10
#define A123 A120 "aaa"
#define A125 A120 "aaaaa"

/* Parses a client's frame by hand: returns its length in bytes, 0 when it is
 * not one whole frame. */
static size_t unmask_frame(struct gc_buf *b, unsigned char *ret_first,
                           char *payload) {
  const unsigned char *in = (const unsigned char *)b->data;
  size_t len = in[1] & 0x7f, at = 2;
  if ((in[1] & 0x80) == 0)
    return 0;
  if (len == 126) {
    len = (size_t)in[2] << 8 | in[3];
    at = 4;
  } else if (len == 127) {
    len = 0;
    for (int i = 0; i < 8; i++)
      len = len << 8 | in[2 + i];
    at = 10;
  }
  const unsigned char *mask = in + at;
  at += 4;
  *ret_first = in[0];
  for (size_t i = 0; i < len; i++)
    payload[i] = (char)(in[at + i] ^ mask[i % 4]);
  payload[len] = '\0';
  return at + len;
}

static void a_written_frame_is_masked_with_the_given_bits(void) {
  static char payload[100001], back[100001];
  for (size_t i = 0; i + 1 < sizeof(payload); i++)
    payload[i] = (char)('A' + i % 57);
  static const struct {
    enum gc_ws_kind kind;
    size_t len, frame_len;
    unsigned char first;
  } rows[] = {
      {GC_WS_TEXT, 0, 6, 0x81},          {GC_WS_TEXT, 1, 7, 0x81},
      {GC_WS_TEXT, 125, 131, 0x81},      {GC_WS_TEXT, 126, 134, 0x81},
      {GC_WS_TEXT, 65535, 65543, 0x81},  {GC_WS_TEXT, 65536, 65550, 0x81},
      {GC_WS_TEXT, 99999, 100013, 0x81}, {GC_WS_PING, 0, 6, 0x89},
      {GC_WS_PING, 125, 131, 0x89},      {GC_WS_PONG, 3, 9, 0x8a}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char name[32];
    snprintf(name, sizeof(name), "%02x of %zu", rows[i].first, rows[i].len);
    CHECK_ROW(name);
    struct gc_buf out = {.max = 1 << 20};
    CHECK_INT(gc_ws_write(rows[i].kind, payload, rows[i].len, 0x11223344, &out),
              GC_OK);
    CHECK_INT(out.len, rows[i].frame_len);
    unsigned char first = 0;
    CHECK_INT(unmask_frame(&out, &first, back), rows[i].frame_len);
    CHECK_INT(first, rows[i].first);
    CHECK(memcmp(back, payload, rows[i].len) == 0);
    uint32_t mask = 0;
    memcpy(&mask, out.data + rows[i].frame_len - rows[i].len - 4, 4);
    CHECK_INT(mask, 0x11223344);
    /* no byte stays as it is: no byte of the mask is 0 */
    for (size_t n = 0; n < rows[i].len; n++)
      if (out.data[rows[i].frame_len - rows[i].len + n] == payload[n]) {
        CHECK_THAT(false, "byte %zu is not masked", n);
        break;
      }
    gc_buf_clear(&out);
  }
}

static void a_close_frame_is_written_by_the_rules(void) {
  static const struct {
    const char *name;
    unsigned code;
    const char *reason, *want; /* the payload; NULL: refused */
    size_t want_len;
  } rows[] = {
      {"done", 1000, "", BYTES("\x03\xe8")},
      {"with a reason", 1009, "too large", BYTES("\x03\xf1too large")},
      {"no code, so no reason", 1005, "unheard", BYTES("")},
      {"our own code", 4000, "x", BYTES("\x0f\xa0x")},
      {"1006 is never sent", 1006, "", NULL, 0},
      {"0 is none", 0, "", NULL, 0},
      {"a long reason is cut", 1000, A125, BYTES("\x03\xe8" A123)},
      {"not within a character", 1000, A120 "aa\xc3\xa9",
       BYTES("\x03\xe8" A120 "aa")},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct gc_buf out = {.max = 1000};
    char back[200];
    unsigned char first = 0;
    enum gc_code code = gc_ws_write_close((uint16_t)rows[i].code,
                                          rows[i].reason, 0x55667788, &out);
    CHECK_INT(code, rows[i].want != NULL ? GC_OK : GC_ERR_REQUEST);
    CHECK_INT(out.len, rows[i].want != NULL ? rows[i].want_len + 6 : 0);
    if (rows[i].want != NULL && out.len > 0) {
      CHECK_INT(unmask_frame(&out, &first, back), out.len);
      CHECK_INT(first, 0x88);
      CHECK(memcmp(back, rows[i].want, rows[i].want_len) == 0);
    }
    gc_buf_clear(&out);
  }
}

static void a_frame_is_written_whole_or_not_at_all(void) {
  struct gc_buf out = {.max = 40};
  CHECK_INT(gc_ws_write(GC_WS_TEXT, "0123456789", 10, 1, &out), GC_OK);
  CHECK_INT(gc_ws_write(GC_WS_TEXT, A10 A10, 20, 1, &out), GC_ERR_LIMIT);
  CHECK_INT(out.len, 16);
  CHECK_INT(out.data[16], '\0');
  CHECK_INT(gc_ws_write(GC_WS_PING, A125 "b", 126, 1, &out), GC_ERR_REQUEST);
  CHECK_INT(gc_ws_write(GC_WS_CLOSE, "", 0, 1, &out), GC_ERR_REQUEST);
  CHECK_INT(gc_ws_write(GC_WS_MORE, "", 0, 1, &out), GC_ERR_REQUEST);
  CHECK_INT(gc_ws_write(GC_WS_BROKEN, "", 0, 1, &out), GC_ERR_REQUEST);
  CHECK_INT(out.len, 16);
  CHECK_INT(gc_ws_write(GC_WS_PONG, "hi", 2, 1, &out), GC_OK);
  CHECK_INT(out.len, 24);
  gc_buf_clear(&out);
}

int main(void) {
  RUN(a_written_frame_is_masked_with_the_given_bits);
  RUN(a_close_frame_is_written_by_the_rules);
  RUN(a_frame_is_written_whole_or_not_at_all);
  return check_done();
}
