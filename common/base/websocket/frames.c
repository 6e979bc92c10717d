/* SPDX-License-Identifier: MIT */
#include "common/base/websocket/frames.h"

#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "common/base/utf8.h"

enum {
  /* The memory for fragments that is kept from one message to the next. */
  KEEP_BYTES = 64 * 1024,
};

struct gc_ws_frames {
  wslay_frame_context_ptr wslay;

  /* The input of wslay: `in` while it reads a header; of a payload only the
   * number of its bytes (count_payload). */
  const char *in;
  size_t in_len, in_at;
  unsigned header_len; /* bytes of the header that wslay has read */
  size_t skip;         /* bytes of the payload that wslay is to count now */
  uint64_t wslay_left; /* bytes of the payload that wslay has not counted yet */

  /* The current frame. */
  bool in_frame;
  bool is_final;
  uint8_t opcode;
  uint64_t left; /* bytes of its payload that are not taken yet */

  bool in_message;  /* between the first fragment and the last */
  bool is_reported; /* the last event had `message`: discard it */
  struct gc_buf message;
  char control[GC_WS_CONTROL_MAX];
  size_t control_len;
  bool is_over; /* CLOSE or BROKEN was reported */
};

/* Gives wslay a header byte by byte after the first two, so that wslay never
 * holds a byte that follows the header. At most one byte of the payload
 * follows: wslay reports a frame with its first byte. */
static ssize_t on_recv(uint8_t *buf, size_t len, int flags, void *ctx) {
  (void)flags;
  struct gc_ws_frames *f = ctx;
  if (f->skip > 0) {
    size_t count = f->skip < len ? f->skip : len;
    f->skip -= count;
    return (ssize_t)count;
  }
  size_t count = f->header_len == 0 ? 2 : 1;
  if (count > f->in_len - f->in_at)
    count = f->in_len - f->in_at;
  if (count == 0)
    return -1;
  memcpy(buf, f->in + f->in_at, count);
  f->in_at += count;
  f->header_len += (unsigned)count;
  return (ssize_t)count;
}

/* ---- events ---- */

/* Makes the event BROKEN. `words` is a constant and is not copied. */
static void set_broken(struct gc_ws_frames *f, uint16_t code, const char *words,
                       struct gc_ws_event *event) {
  f->is_over = true;
  *event = (struct gc_ws_event){
      .kind = GC_WS_BROKEN, .code = code, .bytes = words, .len = strlen(words)};
}

bool gc_ws_code_is_valid(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

static bool is_utf8(const char *text, size_t len) {
  for (size_t at = 0; at < len;) {
    size_t step = gc_utf8_char(text + at, len - at, NULL);
    if (step == 0)
      return false;
    at += step;
  }
  return true;
}

/* Reads a close frame (sections 5.5.1 and 7.4). */
static void set_close(struct gc_ws_frames *f, const char *bytes, size_t len,
                      struct gc_ws_event *event) {
  f->is_over = true;
  *event = (struct gc_ws_event){
      .kind = GC_WS_CLOSE, .code = GC_WS_NO_CODE, .bytes = ""};
  if (len == 0)
    return;
  if (len == 1) {
    set_broken(f, GC_WS_PROTOCOL, "a close frame with half a code", event);
    return;
  }
  event->code = (uint16_t)((uint8_t)bytes[0] << 8 | (uint8_t)bytes[1]);
  event->bytes = bytes + 2;
  event->len = len - 2;
  if (!gc_ws_code_is_valid(event->code))
    set_broken(f, GC_WS_PROTOCOL, "a close code that must not be sent", event);
  else if (!is_utf8(event->bytes, event->len))
    set_broken(f, GC_WS_NOT_UTF8, "a close reason that is not UTF-8", event);
}

/* ---- reading ---- */

/* Returns the rule that a new frame breaks, or NULL; sections 5.1, 5.2 and 5.4.
 * wslay finds control frames that are long or fragmented. */
static const char *frame_error(const struct gc_ws_frames *f,
                               const struct wslay_frame_iocb *io) {
  if (io->rsv != 0)
    return "reserved bits without an extension";
  if (io->mask)
    return "a masked frame from the server";
  switch (io->opcode) {
  case WSLAY_CONTINUATION_FRAME:
    return f->in_message ? NULL : "a continuation of nothing";
  case WSLAY_TEXT_FRAME:
  case WSLAY_BINARY_FRAME:
    return f->in_message ? "a new message within a fragmented one" : NULL;
  case WSLAY_CONNECTION_CLOSE:
  case WSLAY_PING:
  case WSLAY_PONG:
    return NULL;
  default:
    return "a reserved opcode";
  }
}

static bool begin_frame(struct gc_ws_frames *f,
                        const struct wslay_frame_iocb *io,
                        struct gc_ws_event *event) {
  f->header_len = 0;
  const char *wrong = frame_error(f, io);
  if (wrong != NULL) {
    set_broken(f, GC_WS_PROTOCOL, wrong, event);
    return false;
  }
  if (io->opcode == WSLAY_BINARY_FRAME) {
    set_broken(f, GC_WS_NOT_TEXT, "a binary message", event);
    return false;
  }
  bool is_control = wslay_is_ctrl_frame(io->opcode);
  if (!is_control && io->payload_length > f->message.max - f->message.len) {
    set_broken(f, GC_WS_TOO_LARGE, "a message larger than the limit", event);
    return false;
  }
  f->in_frame = true;
  f->is_final = io->fin;
  f->opcode = io->opcode;
  f->left = io->payload_length;
  f->control_len = 0;
  return true;
}

/* Reads one header. False: it is not complete, or it is broken. */
static bool read_header(struct gc_ws_frames *f, struct gc_ws_event *event) {
  struct wslay_frame_iocb io;
  ssize_t got = WSLAY_ERR_WANT_READ;
  while (got == WSLAY_ERR_WANT_READ && f->in_at < f->in_len)
    got = wslay_frame_recv(f->wslay, &io);
  if (got == WSLAY_ERR_WANT_READ)
    return false;
  if (got < 0) {
    set_broken(
        f, GC_WS_PROTOCOL,
        "a control frame that is fragmented or longer than 125 bytes, or a "
        "length that is not in the shortest form",
        event);
    return false;
  }
  if (!begin_frame(f, &io, event))
    return false;
  f->in_at -= (size_t)got;
  f->wslay_left = f->left - (uint64_t)got;
  return true;
}

/* Lets wslay count the payload, which wslay needs to find the next header. The
 * payload is not masked, so wslay needs only the number of its bytes (on_recv
 * with skip). The bytes stay in place: a frame that is complete in the input is
 * not copied. */
static void count_payload(struct gc_ws_frames *f) {
  struct wslay_frame_iocb io;
  f->skip = (size_t)(f->wslay_left - f->left);
  f->wslay_left = f->left;
  while (f->skip > 0)
    (void)!wslay_frame_recv(f->wslay, &io);
}

/* Collects a control frame. It may stand between the fragments of a message, so
 * it has memory of its own. */
static void take_control(struct gc_ws_frames *f, const char *bytes, size_t len,
                         struct gc_ws_event *event) {
  if (f->left > 0 || f->control_len > 0) {
    memcpy(f->control + f->control_len, bytes, len);
    f->control_len += len;
    bytes = f->control;
    len = f->control_len;
  }
  if (f->left > 0)
    return;
  if (f->opcode == WSLAY_CONNECTION_CLOSE) {
    set_close(f, bytes, len, event);
    return;
  }
  *event = (struct gc_ws_event){.kind = f->opcode == WSLAY_PING ? GC_WS_PING
                                                                : GC_WS_PONG,
                                .bytes = bytes,
                                .len = len};
}

static void take_text(struct gc_ws_frames *f, const char *bytes, size_t len,
                      struct gc_ws_event *event) {
  bool is_end = f->left == 0 && f->is_final;
  bool is_whole = is_end && f->message.len == 0;
  if (!is_whole && gc_buf_add(&f->message, bytes, len) != GC_OK) {
    set_broken(f, GC_WS_INTERNAL, "out of memory for a message", event);
    return;
  }
  if (f->left == 0)
    f->in_message = !f->is_final;
  if (!is_end)
    return;
  *event = (struct gc_ws_event){.kind = GC_WS_TEXT,
                                .bytes = is_whole ? bytes
                                                  : gc_buf_string(&f->message),
                                .len = is_whole ? len : f->message.len};
  f->is_reported = true;
}

static void take_payload(struct gc_ws_frames *f, struct gc_ws_event *event) {
  const char *bytes = f->in + f->in_at;
  size_t len = f->in_len - f->in_at;
  if (len > f->left)
    len = (size_t)f->left;
  f->in_at += len;
  f->left -= len;
  count_payload(f);
  f->in_frame = f->left > 0;
  if (wslay_is_ctrl_frame(f->opcode))
    take_control(f, bytes, len, event);
  else
    take_text(f, bytes, len, event);
}

static void forget_message(struct gc_ws_frames *f) {
  f->is_reported = false;
  if (f->message.cap > KEEP_BYTES)
    gc_buf_clear(&f->message);
  else
    gc_buf_reset(&f->message);
}

/* ---- public ---- */

struct gc_ws_frames *gc_ws_frames_new(size_t message_max) {
  static const struct wslay_frame_callbacks callbacks = {.recv_callback =
                                                             on_recv};
  struct gc_ws_frames *f = calloc(1, sizeof(*f));
  if (f == NULL)
    return NULL;
  f->message.max = message_max;
  if (wslay_frame_context_init(&f->wslay, &callbacks, f) == 0)
    return f;
  free(f);
  return NULL;
}

void gc_ws_frames_free(struct gc_ws_frames *f) {
  if (f == NULL)
    return;
  wslay_frame_context_free(f->wslay);
  gc_buf_clear(&f->message);
  free(f);
}

size_t gc_ws_frames_next(struct gc_ws_frames *f, const char *in, size_t len,
                         struct gc_ws_event *ret_event) {
  *ret_event = (struct gc_ws_event){.kind = GC_WS_MORE, .bytes = ""};
  if (f->is_over)
    return len;
  if (f->is_reported)
    forget_message(f);
  f->in = in;
  f->in_len = len;
  f->in_at = 0;
  while (ret_event->kind == GC_WS_MORE && f->in_at < len)
    if (f->in_frame || read_header(f, ret_event))
      take_payload(f, ret_event);
  return f->in_at;
}

const char *gc_ws_kind_name(enum gc_ws_kind kind) {
  static const char *const names[] = {
      [GC_WS_MORE] = "more",   [GC_WS_TEXT] = "text",
      [GC_WS_PING] = "ping",   [GC_WS_PONG] = "pong",
      [GC_WS_CLOSE] = "close", [GC_WS_BROKEN] = "broken"};
  return names[kind];
}

/* ---- frames that a client sends ---- */

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

/* Writes one frame. Each frame has a context of its own: frames are few, and a
 * context that failed within a frame could not begin another. */
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
