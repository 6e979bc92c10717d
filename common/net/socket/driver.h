/* SPDX-License-Identifier: MIT */
/* The interface between a notification channel and its WebSocket:
 * socket/websocket in the daemon; in tests a replayed socket whose clock is a
 * number. The functions are those of socket/websocket.h. */
#ifndef GC_NET_SOCKET_DRIVER_H
#define GC_NET_SOCKET_DRIVER_H

#include "common/net/socket/websocket.h"

struct gc_socket_driver {
  enum gc_code (*open)(void *ctx, const struct gc_ws_options *options,
                       const struct gc_ws_events *events, void **ret_socket,
                       struct gc_err *err);
  enum gc_code (*send)(void *socket, const char *bytes, size_t len,
                       struct gc_err *err);
  void (*close)(void *socket, uint16_t code);
  void (*free)(void *socket); /* NULL is allowed */
  void *ctx;
};

/* Returns the driver of socket/websocket on `loop`. */
GC_API struct gc_socket_driver gc_socket_driver_ws(struct gc_loop *loop);

#endif
