/* SPDX-License-Identifier: MIT */
/* Any cut gives the same outcome, within the limits, and no kept text can break
 * a log line. The first byte chooses where the input is cut, and the rest is
 * the server's answer. The text before the first NUL of the rest is also the
 * address and a header of the request. */
#include <string.h>

#include "common/base/websocket/handshake.h"
#include "tests/fuzz/fuzz.h"

/* The accept value for the key in section 1.3 of RFC 6455. */
static const uint8_t sha1[20] = {0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f,
                                 0x16, 0x90, 0xf6, 0x46, 0x06, 0xcf, 0x38,
                                 0x59, 0x45, 0xb2, 0xbe, 0xc4, 0xea};

static void check_text(const char *text, size_t room) {
  LAW(memchr(text, '\0', room) != NULL);
  for (; *text != '\0'; text++)
    LAW(*text >= ' ' && *text <= '~');
}

static size_t run_handshake(struct gc_ws_handshake *h, const uint8_t *data,
                            size_t size, size_t cut) {
  size_t at = 0;
  gc_ws_handshake_begin(h, sha1, "Correlation-Id");
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
  LAW(h->state != GC_WS_OPENED || h->status == 101);
  LAW(h->state != GC_WS_REFUSED || (h->status >= 200 && h->status <= 999));
  LAW((h->state == GC_WS_WRONG || h->state == GC_WS_LARGE) ==
      (h->why[0] != '\0'));
  check_text(h->retry_after, sizeof(h->retry_after));
  check_text(h->date, sizeof(h->date));
  check_text(h->correlation, sizeof(h->correlation));
  check_text(h->excerpt, sizeof(h->excerpt));
}

/* A request holds only the lines that it must have. */
static void check_request(const char *text) {
  const char *headers[] = {text, NULL};
  struct gc_ws_request r = {.url = text};
  for (int i = 0; i < 2; i++) {
    struct gc_buf out = {.max = 1 << 21};
    struct gc_err err = {0};
    char key[GC_WS_KEY_SIZE];
    if (gc_ws_request_write(&r, key, &out, &err) == GC_OK) {
      size_t lines = 0;
      for (const char *c = out.data; (c = strchr(c, '\n')) != NULL; c++)
        lines++;
      LAW(lines == 7 + (size_t)i);
      LAW(strlen(out.data) == out.len && out.len > 4);
      LAW(strcmp(out.data + out.len - 4, "\r\n\r\n") == 0);
    } else {
      LAW(err.text[0] != '\0');
    }
    gc_buf_clear(&out);
    r.url = "wss://h/";
    r.headers = headers;
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
    LAW(run_handshake(&h, data + 1, size - 1, cuts[i]) == took);
    LAW(h.state == whole.state && h.status == whole.status);
    LAW(strcmp(h.why, whole.why) == 0);
    LAW(strcmp(h.excerpt, whole.excerpt) == 0);
    LAW(strcmp(h.retry_after, whole.retry_after) == 0);
  }
  char *text = strndup((const char *)data + 1, size - 1);
  LAW(text != NULL);
  check_request(text);
  free(text);
  return 0;
}
