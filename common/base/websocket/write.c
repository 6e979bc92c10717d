/* SPDX-License-Identifier: MIT */
#include "common/base/websocket/write.h"

#include <string.h>

#include <wslay/wslay.h>

#include "common/base/utf8.h"

struct writer {
  struct gc_buf *out;
  enum gc_code code;
  uint32_t mask;
};

static ssize_t on_send(const uint8_t *data, size_t len, int flags, void *ctx) {
  (void)flags;
  struct writer *w = ctx;
  w->code = gc_buf_add(w->out, data, len);
  return w->code == GC_OK ? (ssize_t)len : -1;
}

static int on_mask(uint8_t *buf, size_t len, void *ctx) {
  const struct writer *w = ctx;
  memcpy(buf, &w->mask, len);
  return 0;
}

static void cut_back(struct gc_buf *out, size_t len) {
  out->len = len;
  if (out->data != NULL)
    out->data[len] = '\0';
}

/* A context for each frame: they are few, and one that has failed within a
 * frame could not begin another. */
static enum gc_code write_frame(uint8_t opcode, const char *bytes, size_t len,
                                uint32_t mask, struct gc_buf *out) {
  static const struct wslay_frame_callbacks callbacks = {
      .send_callback = on_send, .genmask_callback = on_mask};
  struct writer w = {.out = out, .code = GC_OK, .mask = mask};
  struct wslay_frame_iocb io = {.fin = 1,
                                .opcode = opcode,
                                .mask = 1,
                                .payload_length = len,
                                .data = (const uint8_t *)bytes,
                                .data_length = len};
  wslay_frame_context_ptr wslay = NULL;
  if (wslay_frame_context_init(&wslay, &callbacks, &w) != 0)
    return GC_ERR_MEMORY;
  size_t before = out->len;
  ssize_t sent = wslay_frame_send(wslay, &io);
  wslay_frame_context_free(wslay);
  if (w.code == GC_OK && sent < 0)
    w.code = GC_ERR_REQUEST;
  if (w.code != GC_OK)
    cut_back(out, before);
  return w.code;
}

enum gc_code gc_ws_write(enum gc_ws_kind kind, const char *bytes, size_t len,
                         uint32_t mask, struct gc_buf *out) {
  switch (kind) {
  case GC_WS_TEXT:
    return write_frame(WSLAY_TEXT_FRAME, bytes, len, mask, out);
  case GC_WS_PING:
    return write_frame(WSLAY_PING, bytes, len, mask, out);
  case GC_WS_PONG:
    return write_frame(WSLAY_PONG, bytes, len, mask, out);
  default:
    return GC_ERR_REQUEST;
  }
}

enum gc_code gc_ws_write_close(uint16_t code, const char *reason, uint32_t mask,
                               struct gc_buf *out) {
  if (code == GC_WS_NO_CODE)
    return write_frame(WSLAY_CONNECTION_CLOSE, NULL, 0, mask, out);
  if (!gc_ws_code_is_valid(code))
    return GC_ERR_REQUEST;
  char payload[GC_WS_CONTROL_MAX] = {(char)(code >> 8), (char)(code & 0xff)};
  size_t len = gc_utf8_cut(reason, strlen(reason), GC_WS_REASON_MAX);
  memcpy(payload + 2, reason, len);
  return write_frame(WSLAY_CONNECTION_CLOSE, payload, 2 + len, mask, out);
}
