/* SPDX-License-Identifier: MIT */
/* The handshake of a WebSocket (RFC 6455, section 4.1; HTTP by RFC 9112):
 * writes the client's request, and reads the server's answer from bytes as they
 * come. The request asks for no extension and no sub-protocol. No I/O. One
 * thread.
 *
 *   at = gc_ws_handshake_next(&h, bytes, len);  until h.state is not WAITS;
 *   when it is OPENED, bytes + at begins the first frame. */
#ifndef GC_NET_SOCKET_HANDSHAKE_H
#define GC_NET_SOCKET_HANDSHAKE_H

#include "common/net/http/headers.h"
#include "common/net/socket/websocket.h"

enum {
  GC_WS_ACCEPT_SIZE = 29, /* base64 of 20 bytes, with the NUL */
  GC_WS_HEAD_MAX_BYTES = 16 * 1024,
  GC_WS_BODY_MAX_BYTES = 4 * 1024,
  GC_WS_EXCERPT_MAX = 1000,
  GC_WS_SECRET_SIZE = 256,
};

enum gc_ws_answer {
  GC_WS_WAITS,   /* waits for more bytes */
  GC_WS_OPENED,  /* 101, and all of it is correct */
  GC_WS_REFUSED, /* another status */
  GC_WS_WRONG,   /* not HTTP, or a 101 that breaks a rule: `why` */
  GC_WS_LARGE,   /* a header of more than GC_WS_HEAD_MAX_BYTES: `why` */
};

/* What the lines of an answer's head say. */
struct gc_ws_head {
  struct gc_reply_headers headers;
  struct gc_reply reply; /* .status 0: no status line yet */
  bool is_ended, is_http11, is_chunked, has_length;
  bool has_upgrade, has_connection, has_extension, has_protocol;
  unsigned accepts, right_accepts;
  uint64_t length;
};

struct gc_ws_handshake {
  char *origin; /* "https://host:port/": the part of the address that may be
                   shown, in a form that libcurl reads */

  /* The outcome. Interim answers (1xx) do not count. */
  enum gc_ws_answer state;
  const char *why; /* for the log, constant */
  struct gc_ws_head head;
  /* The front of a refusal's body: each run of bytes that are not printable
   * ASCII is one blank. */
  char excerpt[GC_WS_EXCERPT_MAX + 1];

  /* Private. */
  size_t excerpt_len;
  char secret[GC_WS_SECRET_SIZE]; /* of the address; the answer may repeat it */
  char accept[GC_WS_ACCEPT_SIZE];
  char *in; /* the answer so far */
  size_t in_len;
};

/* Appends the request to `out`. `url`: ws:, wss:, http: or https:; without TLS
 * only to loopback. The text after the host may be secret and is never shown.
 * `headers`: "Name: value", NULL at the end; may be NULL. `random`: fresh for
 * each connection. GC_ERR_CONFIG when url or headers cannot be used (a control
 * character, user info), or when this host has no SHA-1; others as gc_buf_add.
 * gc_ws_handshake_clear follows in any case. */
GC_MUST_CHECK enum gc_code
gc_ws_handshake_begin(struct gc_ws_handshake *h, const char *url,
                      const char *const *headers, const uint8_t random[16],
                      struct gc_buf *out, struct gc_err *err);

/* Takes bytes until the answer is decided and returns how many. A refusal is
 * decided when its body is over, has filled the excerpt, or has reached
 * GC_WS_BODY_MAX_BYTES. */
size_t gc_ws_handshake_next(struct gc_ws_handshake *h, const char *in,
                            size_t len);
/* Ends the answer: the connection is closed, or the time is over. Decides
 * REFUSED when there is a status of 200 or more. */
void gc_ws_handshake_end(struct gc_ws_handshake *h);

/* Says what a refusal means: fills the end of a socket and its error. */
void gc_ws_handshake_explain(struct gc_ws_handshake *h,
                             struct gc_ws_end *ret_end, struct gc_err *err);

/* Wipes the answer, whose bytes no other call needs. */
void gc_ws_handshake_clear(struct gc_ws_handshake *h);

#endif
