/* SPDX-License-Identifier: MIT */
#include "common/base/websocket/frames.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/utf8.h"

enum {
  /* The memory for fragments that is kept from one message to the next. */
  KEEP_BYTES = 64 * 1024,
  /* Two bytes, then up to eight of a length; a sender's mask follows. */
  HEADER_MAX = 10,
  MASK_BYTES = 4,
};

/* The bits of a header (section 5.2). */
enum {
  FIN = 0x80,
  RESERVED = 0x70,
  OPCODE = 0x0f,
  MASKED = 0x80,
  LENGTH = 0x7f,
  LENGTH_16 = 126,
  LENGTH_64 = 127,
};

enum opcode {
  CONTINUATION = 0x0,
  TEXT = 0x1,
  BINARY = 0x2,
  CLOSE = 0x8, /* this bit alone means a control frame */
  PING = 0x9,
  PONG = 0xa,
};

struct gc_ws_frames {
  const char *in;
  size_t in_len, in_at;

  uint8_t header[HEADER_MAX]; /* as far as it has come */
  size_t header_len;

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

static bool is_control(uint8_t opcode) { return (opcode & CLOSE) != 0; }

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

/* Returns the bytes of the length after the first two bytes of a header. A
 * control frame has none: its second byte is too long a length then. */
static size_t length_bytes(const uint8_t *header) {
  uint8_t length = header[1] & LENGTH;
  if (is_control(header[0] & OPCODE))
    return 0;
  return length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
}

static uint64_t payload_len(const uint8_t *header) {
  size_t bytes = length_bytes(header);
  uint64_t len = bytes == 0 ? header[1] & LENGTH : 0;
  for (size_t i = 0; i < bytes; i++)
    len = len << 8 | header[2 + i];
  return len;
}

/* Returns the rule that the length of a frame breaks, or NULL; sections 5.2
 * and 5.5. */
static const char *length_error(const uint8_t *header, uint64_t len) {
  size_t bytes = length_bytes(header);
  bool is_short = bytes == 0 || (bytes == 2 && len >= LENGTH_16) ||
                  (bytes == 8 && len > UINT16_MAX && len <= INT64_MAX);
  bool fits = !is_control(header[0] & OPCODE) ||
              ((header[0] & FIN) != 0 && len <= GC_WS_CONTROL_MAX);
  return is_short && fits
             ? NULL
             : "a control frame that is fragmented or longer than 125 bytes, "
               "or a length that is not in the shortest form";
}

/* Returns the rule that a new frame breaks, or NULL; sections 5.1, 5.2 and
 * 5.4. */
static const char *frame_error(const struct gc_ws_frames *f) {
  if ((f->header[0] & RESERVED) != 0)
    return "reserved bits without an extension";
  if ((f->header[1] & MASKED) != 0)
    return "a masked frame from the server";
  switch ((enum opcode)(f->header[0] & OPCODE)) {
  case CONTINUATION:
    return f->in_message ? NULL : "a continuation of nothing";
  case TEXT:
  case BINARY:
    return f->in_message ? "a new message within a fragmented one" : NULL;
  case CLOSE:
  case PING:
  case PONG:
    return NULL;
  }
  return "a reserved opcode";
}

/* Begins a frame with the header that has come; false: it is broken. */
static bool begin_frame(struct gc_ws_frames *f, struct gc_ws_event *event) {
  uint64_t len = payload_len(f->header);
  uint8_t opcode = f->header[0] & OPCODE;
  const char *wrong = length_error(f->header, len);
  if (wrong == NULL)
    wrong = frame_error(f);
  f->header_len = 0;
  if (wrong != NULL)
    set_broken(f, GC_WS_PROTOCOL, wrong, event);
  else if (opcode == BINARY)
    set_broken(f, GC_WS_NOT_TEXT, "a binary message", event);
  else if (!is_control(opcode) && len > f->message.max - f->message.len)
    set_broken(f, GC_WS_TOO_LARGE, "a message larger than the limit", event);
  if (f->is_over)
    return false;
  f->in_frame = true;
  f->is_final = (f->header[0] & FIN) != 0;
  f->opcode = opcode;
  f->left = len;
  f->control_len = 0;
  return true;
}

/* Reads one header, which the input may cut anywhere. False: it is not
 * complete, or it is broken. */
static bool read_header(struct gc_ws_frames *f, struct gc_ws_event *event) {
  while (f->in_at < f->in_len) {
    f->header[f->header_len++] = (uint8_t)f->in[f->in_at++];
    if (f->header_len >= 2 && f->header_len == 2 + length_bytes(f->header))
      return begin_frame(f, event);
  }
  return false;
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
  if (f->opcode == CLOSE) {
    set_close(f, bytes, len, event);
    return;
  }
  *event =
      (struct gc_ws_event){.kind = f->opcode == PING ? GC_WS_PING : GC_WS_PONG,
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
  f->in_frame = f->left > 0;
  if (is_control(f->opcode))
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
  struct gc_ws_frames *f = gc_zalloc(1, sizeof(*f));
  f->message.max = message_max;
  return f;
}

void gc_ws_frames_free(struct gc_ws_frames *f) {
  if (f == NULL)
    return;
  gc_buf_clear(&f->message);
  free(f);
}

size_t gc_ws_frames_next(struct gc_ws_frames *f, const char *in, size_t len,
                         struct gc_ws_event *ret_event) {
  *ret_event = (struct gc_ws_event){.kind = GC_WS_MORE, .bytes = ""};
  if (f->is_over)
    return len;
  GC_ASSERT(f->in_frame || f->left == 0);
  GC_ASSERT(f->in_message || f->is_reported || f->in_frame ||
            f->message.len == 0);
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

/* Appends the payload, each byte masked (section 5.3). */
static enum gc_code add_masked(struct gc_buf *out, const char *bytes,
                               size_t len, const uint8_t *mask) {
  char part[1024]; /* a multiple of the mask's bytes */
  for (size_t at = 0, step; at < len; at += step) {
    step = len - at < sizeof(part) ? len - at : sizeof(part);
    for (size_t i = 0; i < step; i++)
      part[i] = (char)((uint8_t)bytes[at + i] ^ mask[i % MASK_BYTES]);
    GC_TRY(gc_buf_add(out, part, step));
  }
  return GC_OK;
}

static size_t write_header(uint8_t *out, enum opcode opcode, uint64_t len) {
  size_t bytes = len > UINT16_MAX ? 8 : len >= LENGTH_16 ? 2 : 0;
  out[0] = (uint8_t)(FIN | opcode);
  out[1] = (uint8_t)(MASKED | (bytes == 8   ? LENGTH_64
                               : bytes == 2 ? LENGTH_16
                                            : len));
  for (size_t i = 0; i < bytes; i++)
    out[2 + i] = (uint8_t)(len >> 8 * (bytes - 1 - i));
  return 2 + bytes;
}

static enum gc_code write_frame(enum opcode opcode, const char *bytes,
                                size_t len, uint32_t mask, struct gc_buf *out) {
  uint8_t header[HEADER_MAX + MASK_BYTES];
  if (is_control(opcode) && len > GC_WS_CONTROL_MAX)
    return GC_ERR_REQUEST;
  size_t before = out->len, header_len = write_header(header, opcode, len);
  memcpy(header + header_len, &mask, MASK_BYTES);
  enum gc_code code = gc_buf_add(out, header, header_len + MASK_BYTES);
  if (code == GC_OK)
    code = add_masked(out, bytes, len, header + header_len);
  if (code != GC_OK && out->data != NULL) {
    out->len = before;
    out->data[before] = '\0';
  }
  return code;
}

enum gc_code gc_ws_write(enum gc_ws_kind kind, const char *bytes, size_t len,
                         uint32_t mask, struct gc_buf *out) {
  switch (kind) {
  case GC_WS_TEXT:
    return write_frame(TEXT, bytes, len, mask, out);
  case GC_WS_PING:
    return write_frame(PING, bytes, len, mask, out);
  case GC_WS_PONG:
    return write_frame(PONG, bytes, len, mask, out);
  default:
    return GC_ERR_REQUEST;
  }
}

enum gc_code gc_ws_write_close(uint16_t code, const char *reason, uint32_t mask,
                               struct gc_buf *out) {
  if (code == GC_WS_NO_CODE)
    return write_frame(CLOSE, NULL, 0, mask, out);
  if (!gc_ws_code_is_valid(code))
    return GC_ERR_REQUEST;
  char payload[GC_WS_CONTROL_MAX] = {(char)(code >> 8), (char)(code & 0xff)};
  size_t len = gc_utf8_cut(reason, strlen(reason), GC_WS_REASON_MAX);
  memcpy(payload + 2, reason, len);
  return write_frame(CLOSE, payload, 2 + len, mask, out);
}
