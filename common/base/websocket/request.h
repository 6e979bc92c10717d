/* SPDX-License-Identifier: MIT */
/* The HTTP request that asks for a WebSocket (RFC 6455, section 4.1). No
 * extension and no sub-protocol is asked for. Pure: chance is an argument. Any
 * thread. The answer is base/ws_handshake's. */
#ifndef GC_BASE_WEBSOCKET_REQUEST_H
#define GC_BASE_WEBSOCKET_REQUEST_H

#include "common/base/buf.h"

#include <stdint.h>

/* Behind the key in what the server hashes. */
#define GC_WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum { GC_WS_KEY_SIZE = 25 }; /* base64 of 16 bytes, with the NUL */

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
gc_ws_request_write(const struct gc_ws_request *r, char ret_key[GC_WS_KEY_SIZE],
                    struct gc_buf *out, struct gc_err *err);

#endif
