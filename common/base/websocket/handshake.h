/* SPDX-License-Identifier: MIT */
/* The handshake of a WebSocket (RFC 6455, section 4.1; HTTP by RFC 9112):
 * writes the client's request, and reads the server's answer from bytes as they
 * come. The request asks for no extension and no sub-protocol. Pure: random
 * bits are an argument. One thread.
 *
 *   at = gc_ws_handshake_next(&h, bytes, len);  until h.state is not WAITS;
 *   when it is OPENED, bytes + at begins the first frame. */
#ifndef GC_BASE_WEBSOCKET_HANDSHAKE_H
#define GC_BASE_WEBSOCKET_HANDSHAKE_H

#include "common/base/buf.h"

#include <stdint.h>

/* The server hashes the request's key followed by this. */
#define GC_WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum {
  GC_WS_KEY_SIZE = 25,    /* base64 of 16 bytes, with the NUL */
  GC_WS_ACCEPT_SIZE = 29, /* base64 of 20 bytes, with the NUL */
  GC_WS_HEAD_MAX_BYTES = 16 * 1024,
  GC_WS_BODY_MAX_BYTES = 4 * 1024,
  GC_WS_EXCERPT_MAX = 1000,
  GC_WS_SECRET_SIZE = 256,
};

/* ---- the request ---- */

struct gc_ws_request {
  /* ws:, wss:, http: or https:; without TLS only to loopback. The text after
   * the host may be secret and is never shown. */
  const char *url;
  const char *user_agent;     /* NULL: none */
  const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
  uint8_t random[16];         /* fresh for each connection */
};

/* Appends the request to `out` and writes its Sec-WebSocket-Key. GC_ERR_CONFIG
 * when url or headers cannot be used (a control character, user info, a header
 * that the request sets itself); others as gc_buf_add. */
GC_API GC_MUST_CHECK enum gc_code
gc_ws_request_write(const struct gc_ws_request *r, char ret_key[GC_WS_KEY_SIZE],
                    struct gc_buf *out, struct gc_err *err);

/* ---- the answer ---- */

enum gc_ws_answer {
  GC_WS_WAITS,   /* waits for more bytes */
  GC_WS_OPENED,  /* 101, and all of it is correct */
  GC_WS_REFUSED, /* another status */
  GC_WS_WRONG,   /* not HTTP, or a 101 that breaks a rule: `why` */
  GC_WS_LARGE,   /* a header of more than GC_WS_HEAD_MAX_BYTES: `why` */
};

struct gc_ws_handshake {
  /* The outcome. */
  enum gc_ws_answer state;
  int status; /* status of the answer; 0: none yet; interim answers (1xx) do not
                 count */
  const char *why; /* for the log, constant */
  /* Headers of a refusal, cut, in printable ASCII; "" when absent. */
  char retry_after[64], date[64];
  char correlation[64]; /* id of the request at the server */
  /* The front of a refusal's body: each run of bytes that are not printable
   * ASCII is one blank. */
  char excerpt[GC_WS_EXCERPT_MAX + 1];
  /* A text that the server may repeat in its answer and that is not shown. The
   * owner sets and uses it. */
  char secret[GC_WS_SECRET_SIZE];

  /* Private. */
  const char *correlation_name; /* NULL: none */
  char accept[GC_WS_ACCEPT_SIZE];
  char line[1024]; /* a longer line is skipped */
  size_t line_len, head_bytes, body_bytes, excerpt_len;
  bool in_body, is_http11, is_chunked, has_length;
  bool has_upgrade, has_connection, has_extension, has_protocol;
  unsigned accepts, right_accepts;
  enum { GC_CHUNK_SIZE, GC_CHUNK_REST, GC_CHUNK_DATA, GC_CHUNK_END } chunk;
  uint64_t left; /* bytes left of the chunk, or of the body when has_length */
};

/* Begins to read an answer. `sha1` is the hash of the request's key followed by
 * GC_WS_GUID. `correlation_name`: the header with the id of the request,
 * borrowed until the answer is decided; NULL: none. */
GC_API void gc_ws_handshake_begin(struct gc_ws_handshake *h,
                                  const uint8_t sha1[20],
                                  const char *correlation_name);

/* Takes bytes until the answer is decided and returns how many. A refusal is
 * decided when its body is over, has filled the excerpt, or has reached
 * GC_WS_BODY_MAX_BYTES. */
GC_API size_t gc_ws_handshake_next(struct gc_ws_handshake *h, const char *in,
                                   size_t len);

/* Ends the answer: the connection is closed, or the time is over. Decides
 * REFUSED when there is a status of 200 or more. */
GC_API void gc_ws_handshake_end(struct gc_ws_handshake *h);

#endif
