/* SPDX-License-Identifier: MIT */
/* The HTTP part of socket/websocket: the request with its random key and the
 * expected hash, and the meaning of a refusal. */
#ifndef GC_NET_SOCKET_WEBSOCKET_UPGRADE_H
#define GC_NET_SOCKET_WEBSOCKET_UPGRADE_H

#include "common/base/websocket/handshake.h"
#include "common/net/socket/websocket.h"

/* Appends the request (it may hold secrets) to `out` and prepares the handshake
 * for its answer. The handshake then holds the secret part of the address. */
GC_MUST_CHECK enum gc_code
gc_ws_upgrade_begin(const struct gc_ws_options *o,
                    struct gc_ws_handshake *ret_handshake, struct gc_buf *out,
                    struct gc_err *err);

/* Describes the refusal of a handshake that is GC_WS_REFUSED; `origin` is
 * passed to gc_curl_fail as its `url`. Servers often repeat the address in
 * their text; the secret part of the address is hidden. */
void gc_ws_upgrade_refused(const struct gc_ws_handshake *h, const char *origin,
                           struct gc_ws_end *ret_end, struct gc_err *err);

#endif
