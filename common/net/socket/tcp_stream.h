/* SPDX-License-Identifier: MIT */
/* A byte stream to a host over TCP or TLS, directly or through a proxy; the
 * transport of a WebSocket. libcurl makes the connection
 * (CURLOPT_CONNECT_ONLY), so TLS, CA, client certificate and proxy are those of
 * the REST calls.
 *
 * Rules, each learned from a failure: poll(2) does not see bytes that TLS has
 * decoded already, so the stream reads until libcurl has no more before each
 * poll. The bytes of one round are limited, so that timers run in time. Nothing
 * blocks. One thread, the account's network thread. */
#ifndef GC_NET_SOCKET_TCP_STREAM_H
#define GC_NET_SOCKET_TCP_STREAM_H

#include "common/base/connect.h"
#include "common/base/transport.h"

#include <sys/types.h>

struct gc_loop;
struct gc_stream;

struct gc_stream_events {
  /* The stream is connected (TLS done, certificate verified): the first byte
   * may be sent. */
  void (*open)(void *ctx);
  /* Bytes have come; borrowed for the call. */
  void (*read)(void *ctx, const char *bytes, size_t len);
  /* The stream has ended, for any reason: the peer closed it (err->code
   * GC_ERR_NETWORK, "closed by the other side"), a failure, a connect time-out.
   * Called exactly once, as the last callback; the stream may be freed inside.
   * `failure` as in base/transport (GC_FAILURE_NONE for an orderly close by the
   * peer). */
  void (*closed)(void *ctx, enum gc_failure failure, const struct gc_err *err);
  void *ctx;
};

/* Begins to connect to `url`, "https://host:port/" or http:. `connect` and
 * `events` are borrowed as long as the stream lives; no callback runs inside
 * this call. */
GC_API GC_MUST_CHECK enum gc_code
gc_stream_open(struct gc_loop *loop, const char *url,
               const struct gc_connect *connect,
               const struct gc_stream_events *events,
               struct gc_stream **ret_stream, struct gc_err *err);

/* Sends bytes, and keeps those that the socket does not take yet, 1 MB at most.
 * GC_ERR_LIMIT: the peer does not read; the caller closes the stream. */
GC_API GC_MUST_CHECK enum gc_code gc_stream_send(struct gc_stream *s,
                                                 const void *bytes, size_t len,
                                                 struct gc_err *err);

/* Closes the stream without a callback. Allowed inside a callback of the same
 * stream. NULL is allowed. */
GC_API void gc_stream_free(struct gc_stream *s);

#endif
