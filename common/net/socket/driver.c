/* SPDX-License-Identifier: MIT */
#include "common/net/socket/driver.h"

static enum gc_code open_ws(void *ctx, const struct gc_ws_options *options,
                            const struct gc_ws_events *events,
                            void **ret_socket, struct gc_err *err) {
  struct gc_ws *ws = NULL;
  GC_TRY(gc_ws_open(ctx, options, events, &ws, err));
  *ret_socket = ws;
  return GC_OK;
}

static enum gc_code send_ws(void *socket, const char *bytes, size_t len,
                            struct gc_err *err) {
  return gc_ws_send(socket, bytes, len, err);
}

static void close_ws(void *socket, uint16_t code) { gc_ws_close(socket, code); }

static void free_ws(void *socket) { gc_ws_free(socket); }

struct gc_socket_driver gc_socket_driver_ws(struct gc_loop *loop) {
  return (struct gc_socket_driver){.open = open_ws,
                                   .send = send_ws,
                                   .close = close_ws,
                                   .free = free_ws,
                                   .ctx = loop};
}
