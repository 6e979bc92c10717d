/* SPDX-License-Identifier: MIT */
/* HTTP on a gc_loop: the production side of struct gc_transport, libcurl.
 *
 * HTTP/1.1 with connections kept for reuse, gzip, TLS verified as the settings
 * say. No redirect is followed (it would take the bearer token elsewhere): a
 * 3xx is an answer like any other. The body of a 2xx goes to the sink; of any
 * other answer 64 KB are kept and the rest is read and thrown away.
 *
 * One thread, the loop's (before its start and after its stop: any one). All
 * calls may be made inside any callback, a sink's too. */
#ifndef GC_NET_HTTP_HTTP_H
#define GC_NET_HTTP_HTTP_H

#include "common/base/connect.h"
#include "common/base/transport.h"

struct gc_loop;
struct gc_http;

/* `loop` and `connect` are borrowed as long as it lives. NULL: GC_ERR_MEMORY,
 * or GC_ERR_CONFIG for a Proxy that is no URL. Files named in the settings are
 * looked at with each exchange (they are renewed while we run): one that is
 * missing is GC_FAILURE_LOCAL. */
GC_API struct gc_http *gc_http_new(struct gc_loop *loop,
                                   const struct gc_connect *connect,
                                   struct gc_err *err);

/* Ends what runs without `done`. NULL is fine. */
GC_API void gc_http_free(struct gc_http *http);

/* Start fails with GC_ERR_MEMORY, or GC_ERR_REQUEST: the exchange runs
 * already, or one of its headers holds a line break.
 *
 * The words of a failure are "HOST:PORT: what happened; what to check"; they
 * hold no query, no credentials and no token. Codes: RESOLVE, CONNECT, PROXY
 * and BROKEN are GC_ERR_NETWORK, TLS is GC_ERR_TLS, TIMEOUT GC_ERR_TIMEOUT,
 * LIMIT GC_ERR_LIMIT, LOCAL GC_ERR_CONFIG or GC_ERR_MEMORY, SINK whatever the
 * sink said. A 407, through CONNECT or not, is GC_FAILURE_PROXY. */
GC_API struct gc_transport gc_http_transport(struct gc_http *http);

#endif
