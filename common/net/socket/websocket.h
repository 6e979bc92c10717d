/* SPDX-License-Identifier: MIT */
/* A WebSocket to a server (RFC 6455) over socket/tcp_stream: upgrade, text
 * messages in both directions, pings, the end. Pings are answered; of several
 * that come together only the latest (section 5.5.3 allows it). Error texts
 * contain host and port, never the rest of the address. The socket does not
 * reconnect by itself. One thread, the account's network thread. */
#ifndef GC_NET_SOCKET_WEBSOCKET_H
#define GC_NET_SOCKET_WEBSOCKET_H

#include "common/base/connect.h"
#include "common/base/transport.h"

struct gc_loop;
struct gc_ws;

struct gc_ws_options {
  const char *url;            /* ws: (loopback only) or wss: */
  const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
  /* timeout_ms bounds the wait for the answer to the upgrade. */
  const struct gc_connect *connect;
  size_t message_max_bytes;  /* a longer message ends the socket (close code
                                1009) */
  uint32_t idle_timeout_ms;  /* without a byte the socket ends; 0: never */
  uint32_t ping_interval_ms; /* without a byte a ping is sent; 0: none */
};

/* The end of a socket. */
struct gc_ws_end {
  /* NONE: http_status, the peer's close frame or gc_ws_close is the reason.
   * BROKEN includes a peer that hangs up without a close frame or breaks a
   * rule. LIMIT: a message is too large, or the peer does not read. TIMEOUT: no
   * answer, or silence. */
  enum gc_failure failure;
  int http_status; /* status of the refused upgrade; 0: it was not refused */
  bool has_retry_after;
  uint32_t retry_after_s;
  /* The code of the peer's close frame (1005: it had none); when `failure` is
   * not NONE, the code that this side sent; 0: no close frame. */
  uint16_t close_code;
  char reason[124]; /* reason of the peer's close frame, printable ASCII */
};

struct gc_ws_events {
  /* The upgrade is done. */
  void (*open)(void *ctx);
  /* A message has come; borrowed for the call, without a NUL at the end, not
   * yet checked to be UTF-8. Messages may come until `closed`, even after
   * gc_ws_close. */
  void (*text)(void *ctx, const char *bytes, size_t len);
  /* The socket has ended. Called exactly once, as the last callback; the socket
   * may be freed inside. err->code: for a refusal the code of base/policy/retry
   * (GC_ERR_PARSE for 2xx); GC_ERR_PARSE for a broken rule; GC_ERR_LIMIT,
   * GC_ERR_TIMEOUT; GC_ERR_NETWORK for a close by the peer; GC_ERR_STOPPED for
   * gc_ws_close; otherwise the code of the stream. */
  void (*closed)(void *ctx, const struct gc_ws_end *end,
                 const struct gc_err *err);
  void *ctx;
  /* A ping or the answer to a ping has come: the peer is there, though it has
   * nothing to say. May be NULL. */
  void (*alive)(void *ctx);
};

/* Begins to connect; no callback runs inside. `options` is borrowed for the
 * call, options->connect and `events` as long as the socket lives. */
GC_API GC_MUST_CHECK enum gc_code
gc_ws_open(struct gc_loop *loop, const struct gc_ws_options *options,
           const struct gc_ws_events *events, struct gc_ws **ret_ws,
           struct gc_err *err);

/* Sends a message. GC_ERR_NETWORK when the socket is not open; GC_ERR_LIMIT
 * when the peer does not read (1 MB waits for it): the caller then frees the
 * socket. */
GC_API GC_MUST_CHECK enum gc_code
gc_ws_send(struct gc_ws *ws, const char *bytes, size_t len, struct gc_err *err);

/* Ends the socket in order: sends a close frame with `code` (1000: done, 1001:
 * going away), then calls `closed` as soon as the peer has closed the
 * connection, after 500 ms at most. No callback runs inside. A second call does
 * nothing. */
GC_API void gc_ws_close(struct gc_ws *ws, uint16_t code);

/* Ends the socket at once, without a callback. Allowed inside its callbacks.
 * NULL is allowed. */
GC_API void gc_ws_free(struct gc_ws *ws);

/* The interface between a notification channel and its WebSocket: this file's
 * functions in the daemon; in tests a replayed socket whose clock is a number.
 */
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

/* Returns the driver of this file's functions on `loop`. */
GC_API struct gc_socket_driver gc_socket_driver_ws(struct gc_loop *loop);

#endif
