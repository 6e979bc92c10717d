/* SPDX-License-Identifier: MIT */
/* What net/ws needs of HTTP: the request with chance and hash, and what a
 * refusal means. */
#ifndef GC_NET_SOCKET_WEBSOCKET_UPGRADE_H
#define GC_NET_SOCKET_WEBSOCKET_UPGRADE_H

#include "common/base/websocket/handshake.h"
#include "common/net/socket/websocket.h"

/* Appends the request (it may hold secrets) to `out` and makes the handshake
 * ready for its answer; it holds the secret part of the address then. */
GC_MUST_CHECK enum gc_code
gc_ws_upgrade_begin(const struct gc_ws_options *o,
                    struct gc_ws_handshake *ret_handshake, struct gc_buf *out,
                    struct gc_err *err);

/* Of a handshake that is GC_WS_REFUSED; `origin` as gc_curl_fail wants it.
 * Servers like to repeat the address in their words: its secret part is hidden
 * there. */
void gc_ws_upgrade_refused(const struct gc_ws_handshake *h, const char *origin,
                           struct gc_ws_end *ret_end, struct gc_err *err);

#endif
