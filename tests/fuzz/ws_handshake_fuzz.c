/* SPDX-License-Identifier: MIT */
/* Any cut gives the same outcome, within the limits, and no kept text can break
 * a log line. The first byte chooses where the input is cut, and the rest is
 * the server's answer. The text before the first NUL of the rest is also the
 * address and a header of the request. */
#include <string.h>

#include "common/net/socket/handshake.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t nonce[16] = "the sample nonce";

static void check_text(const char *text, size_t room) {
  LAW(memchr(text, '\0', room) != NULL);
  for (; *text != '\0'; text++)
    LAW(*text >= ' ' && *text <= '~');
}

static size_t run_handshake(struct gc_ws_handshake *h, const uint8_t *data,
                            size_t size, size_t cut) {
  GC_AUTO(gc_buf_clear) struct gc_buf request = {.max = 4096};
  struct gc_err err;
  size_t at = 0;
  LAW(gc_ws_handshake_begin(h, "wss://h/", NULL, nonce, &request, &err) ==
      GC_OK);
  while (at < size && h->state == GC_WS_WAITS) {
    size_t part = cut == 0 || cut > size - at ? size - at : cut;
    char *copy = malloc(part);
    LAW(copy != NULL);
    memcpy(copy, data + at, part);
    size_t took = gc_ws_handshake_next(h, copy, part);
    LAW(took <= part && (took == part || h->state != GC_WS_WAITS));
    free(copy);
    at += took;
  }
  LAW(at <= GC_WS_HEAD_MAX_BYTES + GC_WS_BODY_MAX_BYTES + 1);
  gc_ws_handshake_end(h);
  return at;
}

static void check_outcome(const struct gc_ws_handshake *h) {
  int status = h->head.reply.status;
  LAW(h->state != GC_WS_OPENED || status == 101);
  LAW(h->state != GC_WS_REFUSED || (status >= 200 && status <= 999));
  LAW((h->state == GC_WS_WRONG || h->state == GC_WS_LARGE) ==
      (h->why[0] != '\0'));
  check_text(h->head.headers.retry_after, sizeof(h->head.headers.retry_after));
  check_text(h->head.reply.correlation, sizeof(h->head.reply.correlation));
  check_text(h->excerpt, sizeof(h->excerpt));
}

/* A request holds only the lines that it must have. */
static void check_request(const char *text) {
  const char *headers[] = {text, NULL};
  for (int i = 0; i < 2; i++) {
    struct gc_ws_handshake h;
    struct gc_buf out = {.max = 1 << 21};
    struct gc_err err = {0};
    if (gc_ws_handshake_begin(&h, i == 0 ? text : "wss://h/",
                              i == 0 ? NULL : headers, nonce, &out,
                              &err) == GC_OK) {
      size_t lines = 0;
      for (const char *c = out.data; (c = strchr(c, '\n')) != NULL; c++)
        lines++;
      LAW(lines == 8 + (size_t)i);
      LAW(strlen(out.data) == out.len && out.len > 4);
      LAW(strcmp(out.data + out.len - 4, "\r\n\r\n") == 0);
    } else {
      LAW(err.text[0] != '\0');
    }
    gc_ws_handshake_clear(&h);
    gc_buf_clear(&out);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  struct gc_ws_handshake whole, h;
  size_t took = run_handshake(&whole, data + 1, size - 1, 0);
  check_outcome(&whole);
  const size_t cuts[] = {1, data[0] % 16 + 2, data[0] + (size_t)1};
  for (size_t i = 0; i < GC_COUNT(cuts); i++) {
    size_t got = run_handshake(&h, data + 1, size - 1, cuts[i]);
    LAW(h.state != GC_WS_OPENED || got == took);
    LAW(h.state == whole.state);
    LAW(h.head.reply.status == whole.head.reply.status);
    LAW(strcmp(h.why, whole.why) == 0);
    LAW(strcmp(h.excerpt, whole.excerpt) == 0);
    LAW(strcmp(h.head.headers.retry_after, whole.head.headers.retry_after) ==
        0);
    gc_ws_handshake_clear(&h);
  }
  gc_ws_handshake_clear(&whole);
  char *text = strndup((const char *)data + 1, size - 1);
  LAW(text != NULL);
  check_request(text);
  free(text);
  return 0;
}
