/* SPDX-License-Identifier: MIT */
/* How a WebSocket begins (RFC 6455, section 4.1): the request for an upgrade,
 * and the server's answer, fed as bytes. Pure: chance and the hash are
 * arguments. No extension and no sub-protocol is asked for. One thread.
 *
 *   char key[GC_WS_KEY_ROOM];
 *   GC_TRY(gc_ws_request_write(&request, key, &out, err));   send `out`
 *   …SHA-1 of key + GC_WS_GUID to sha1…
 *   gc_ws_handshake_begin(&h, sha1);
 *   at = gc_ws_handshake_next(&h, bytes, len);  until h.state is not WAITS;
 *   when it is OPEN, bytes + at begins the first frame. */
#ifndef GC_BASE_WS_HANDSHAKE_H
#define GC_BASE_WS_HANDSHAKE_H

#include "common/base/buf.h"

#include <stdint.h>

#define GC_WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum {
  GC_WS_KEY_ROOM = 25,    /* base64 of 16 bytes, with the NUL */
  GC_WS_ACCEPT_ROOM = 29, /* base64 of 20 bytes, with the NUL */
  GC_WS_HEAD_MOST_BYTES = 16 * 1024,
  GC_WS_BODY_MOST_BYTES = 4 * 1024,
  GC_WS_EXCERPT_MOST = 120,
};

struct gc_ws_request {
  /* ws:, wss:, http: or https:; the plain ones to loopback only. What is
   * behind the host may be secret and is never shown. */
  const char *url;
  const char *user_agent;     /* NULL: none */
  const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
  uint8_t random[16];         /* fresh for each connection */
};

/* Appends the request to `out` and writes its Sec-WebSocket-Key. GC_ERR_CONFIG
 * when url or headers cannot be used (a control character, user info, a header
 * that is ours to set); GC_ERR_LIMIT, GC_ERR_MEMORY as gc_buf_add. */
GC_API GC_MUST_CHECK enum gc_code
gc_ws_request_write(const struct gc_ws_request *r, char ret_key[GC_WS_KEY_ROOM],
                    struct gc_buf *out, struct gc_err *err);

enum gc_ws_answer {
  GC_WS_WAITS,   /* for more bytes */
  GC_WS_OPENED,  /* 101, and all is as it must be */
  GC_WS_REFUSED, /* another status */
  GC_WS_WRONG,   /* not HTTP, or a 101 that is none: `why` */
  GC_WS_LARGE,   /* a header of more than GC_WS_HEAD_MOST_BYTES: `why` */
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
  char excerpt[GC_WS_EXCERPT_MOST + 1];

  /* The machine's own. */
  char accept[GC_WS_ACCEPT_ROOM];
  char line[1024]; /* longer ones are none of those we look at */
  size_t line_len, head_bytes, body_bytes, excerpt_len;
  bool in_body, is_http11, is_chunked, has_length;
  bool has_upgrade, has_connection, has_extension, has_protocol;
  unsigned accepts, right_accepts;
  enum { GC_CHUNK_SIZE, GC_CHUNK_REST, GC_CHUNK_DATA, GC_CHUNK_END } chunk;
  uint64_t left; /* of the chunk, or of the body when has_length */
};

/* `sha1` is that of the key with GC_WS_GUID behind it, the server's proof that
 * it has read the request. */
GC_API void gc_ws_handshake_begin(struct gc_ws_handshake *h,
                                  const uint8_t sha1[20]);

/* Takes bytes until the answer is decided and returns how many. A refusal is
 * decided when its body is over, or has filled the excerpt, or is longer than
 * GC_WS_BODY_MOST_BYTES. */
GC_API size_t gc_ws_handshake_next(struct gc_ws_handshake *h, const char *in,
                                   size_t len);

/* No more will come: the other side hung up, or the time is over. Decides
 * REFUSED when there is a status, else leaves WAITS. */
GC_API void gc_ws_handshake_end(struct gc_ws_handshake *h);

#endif
