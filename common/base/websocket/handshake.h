/* SPDX-License-Identifier: MIT */
/* The server's answer to base/ws_request, fed as bytes (RFC 6455, section 4.1;
 * HTTP by RFC 9112). Pure. One thread.
 *
 *   gc_ws_handshake_begin(&h, sha1);
 *   at = gc_ws_handshake_next(&h, bytes, len);  until h.state is not WAITS;
 *   when it is OPENED, bytes + at begins the first frame. */
#ifndef GC_BASE_WEBSOCKET_HANDSHAKE_H
#define GC_BASE_WEBSOCKET_HANDSHAKE_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  GC_WS_ACCEPT_SIZE = 29, /* base64 of 20 bytes, with the NUL */
  GC_WS_HEAD_MAX_BYTES = 16 * 1024,
  GC_WS_BODY_MAX_BYTES = 4 * 1024,
  GC_WS_EXCERPT_MAX = 120,
  GC_WS_SECRET_SIZE = 256,
};

enum gc_ws_answer {
  GC_WS_WAITS,   /* for more bytes */
  GC_WS_OPENED,  /* 101, and all is as it must be */
  GC_WS_REFUSED, /* another status */
  GC_WS_WRONG,   /* not HTTP, or a 101 that is none: `why` */
  GC_WS_LARGE,   /* a header of more than GC_WS_HEAD_MAX_BYTES: `why` */
};

struct gc_ws_handshake {
  /* The outcome. */
  enum gc_ws_answer state;
  int status;      /* 0 until there is one; interim ones (1xx) do not count */
  const char *why; /* words for the log, constant */
  /* Of a refusal; as they came, cut, printable ASCII; "" when absent. */
  char retry_after[64], date[64], correlation[64];
  /* The front of a refusal's body in one line: what is not printable ASCII
   * becomes a blank, blanks in a row one. Chunks are undone. */
  char excerpt[GC_WS_EXCERPT_MAX + 1];
  /* The owner's: what the server may repeat, but nobody else. */
  char secret[GC_WS_SECRET_SIZE];

  /* The machine's own. */
  char accept[GC_WS_ACCEPT_SIZE];
  char line[1024]; /* longer ones are none of those we look at */
  size_t line_len, head_bytes, body_bytes, excerpt_len;
  bool in_body, is_http11, is_chunked, has_length;
  bool has_upgrade, has_connection, has_extension, has_protocol;
  unsigned accepts, right_accepts;
  enum { GC_CHUNK_SIZE, GC_CHUNK_REST, GC_CHUNK_DATA, GC_CHUNK_END } chunk;
  uint64_t left; /* of the chunk, or of the body when has_length */
};

/* `sha1` is that of the request's key with GC_WS_GUID behind it: the server's
 * proof that it has read the request, and that it speaks WebSocket. */
GC_API void gc_ws_handshake_begin(struct gc_ws_handshake *h,
                                  const uint8_t sha1[20]);

/* Takes bytes until the answer is decided and returns how many. A refusal is
 * decided when its body is over, or has filled the excerpt, or is longer than
 * GC_WS_BODY_MAX_BYTES. */
GC_API size_t gc_ws_handshake_next(struct gc_ws_handshake *h, const char *in,
                                   size_t len);

/* No more will come: the other side hung up, or the time is over. Decides
 * REFUSED when there is a status, else leaves WAITS. */
GC_API void gc_ws_handshake_end(struct gc_ws_handshake *h);

#endif
