/* SPDX-License-Identifier: MIT */
/* WebSocket frames of a client (RFC 6455, sections 5 to 7). Pure.
 *
 * Received: bytes in, events out; any split of the input gives the same events.
 * A frame that is complete in the input is not copied. The parser of a text
 * checks that it is UTF-8. One thread.
 *
 * Sent: whole frames, each byte masked. The mask is an argument: 32 fresh
 * random bits for each frame (section 5.3: the author of the payload must not
 * be able to predict them). Any thread.
 *
 *   while (len > 0) {
 *     size_t took = gc_ws_frames_next(f, bytes, len, &event);
 *     …event…; bytes += took; len -= took;
 *   } */
#ifndef GC_BASE_WEBSOCKET_FRAMES_H
#define GC_BASE_WEBSOCKET_FRAMES_H

#include "common/base/buf.h"

#include <stdint.h>

/* Close codes (section 7.4.1). */
enum {
  GC_WS_NORMAL = 1000,
  GC_WS_PROTOCOL = 1002,
  GC_WS_NOT_TEXT = 1003,
  GC_WS_NO_CODE = 1005, /* never on the wire: a close frame without a code */
  GC_WS_NOT_UTF8 = 1007,
  GC_WS_TOO_LARGE = 1009,
  GC_WS_INTERNAL = 1011,
};

/* The longest payload of a control frame, and the longest reason of a close
 * frame, in bytes. */
enum { GC_WS_CONTROL_MAX = 125, GC_WS_REASON_MAX = 123 };

enum gc_ws_kind {
  GC_WS_MORE, /* all bytes are taken, no event yet */
  GC_WS_TEXT, /* a whole message */
  GC_WS_PING,
  GC_WS_PONG,
  GC_WS_CLOSE,  /* the peer closes; later bytes are ignored */
  GC_WS_BROKEN, /* the peer breaks a rule or a limit; later bytes are ignored */
};

struct gc_ws_event {
  enum gc_ws_kind kind;
  /* TEXT: the message. PING, PONG: the payload. CLOSE: the reason, valid UTF-8.
   * BROKEN: the broken rule, for the log, with a NUL at the end. Points into
   * the input if the whole frame is there; borrowed until the next call. */
  const char *bytes;
  size_t len;
  uint16_t code; /* CLOSE: the peer's; BROKEN: that to close with; else 0 */
};

struct gc_ws_frames;

/* Makes a reader of frames. A frame that makes its message longer than
 * `message_max` bytes is BROKEN with GC_WS_TOO_LARGE, and no byte of its
 * payload is kept. */
GC_API struct gc_ws_frames *gc_ws_frames_new(size_t message_max);
GC_API void gc_ws_frames_free(struct gc_ws_frames *f);

/* Takes bytes up to the end of the next event and returns how many. After CLOSE
 * and BROKEN it takes all bytes and returns MORE. */
GC_API size_t gc_ws_frames_next(struct gc_ws_frames *f, const char *in,
                                size_t len, struct gc_ws_event *ret_event);

/* Returns "text", "ping" and so on, for debug lines; never NULL. */
GC_API const char *gc_ws_kind_name(enum gc_ws_kind kind);

/* True if a close frame may carry the code: 1000 … 1003, 1007 … 1014 (IANA's
 * registry for RFC 6455, section 7.4), 3000 … 4999. */
GC_API bool gc_ws_code_is_valid(uint16_t code);

/* ---- frames that a client sends ---- */

/* Both functions append the whole frame to `out`, or nothing. GC_ERR_LIMIT and
 * GC_ERR_MEMORY as gc_buf_add. */

/* Writes a frame of the kind GC_WS_TEXT, GC_WS_PING or GC_WS_PONG.
 * GC_ERR_REQUEST for another kind and for a ping or pong of more than
 * GC_WS_CONTROL_MAX bytes. */
GC_API GC_MUST_CHECK enum gc_code gc_ws_write(enum gc_ws_kind kind,
                                              const char *bytes, size_t len,
                                              uint32_t mask,
                                              struct gc_buf *out);

/* Writes a close frame. With GC_WS_NO_CODE it has no code, and so no reason.
 * The reason is cut to GC_WS_REASON_MAX bytes, not within a character.
 * GC_ERR_REQUEST for a code that must not be sent. */
GC_API GC_MUST_CHECK enum gc_code gc_ws_write_close(uint16_t code,
                                                    const char *reason,
                                                    uint32_t mask,
                                                    struct gc_buf *out);

#endif
