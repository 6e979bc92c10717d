/* SPDX-License-Identifier: MIT */
/* WebSocket frames that a client sends (RFC 6455, section 5): whole ones, every
 * byte masked. Pure: the mask is an argument, 32 fresh random bits for each
 * frame (section 5.3: whoever chose the payload must not foresee them). Any
 * thread.
 *
 * All of them append to `out` the whole frame or nothing. GC_ERR_LIMIT and
 * GC_ERR_MEMORY as gc_buf_add; GC_ERR_MEMORY also for wslay. */
#ifndef GC_BASE_WEBSOCKET_WRITE_H
#define GC_BASE_WEBSOCKET_WRITE_H

#include "common/base/websocket/frames.h"

/* GC_WS_TEXT, GC_WS_PING or GC_WS_PONG. GC_ERR_REQUEST for another kind and
 * for a ping or pong of more than GC_WS_CONTROL_MAX bytes. */
GC_API GC_MUST_CHECK enum gc_code gc_ws_write(enum gc_ws_kind kind,
                                              const char *bytes, size_t len,
                                              uint32_t mask,
                                              struct gc_buf *out);

/* A close frame. GC_WS_NO_CODE: without a code, so without a reason too. The
 * reason is cut to GC_WS_REASON_MAX bytes, not within a character.
 * GC_ERR_REQUEST for a code that must not be sent. */
GC_API GC_MUST_CHECK enum gc_code gc_ws_write_close(uint16_t code,
                                                    const char *reason,
                                                    uint32_t mask,
                                                    struct gc_buf *out);

#endif
