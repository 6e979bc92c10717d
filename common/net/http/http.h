/* SPDX-License-Identifier: MIT */
/* HTTP on a gc_loop with libcurl: the struct gc_transport of the daemon.
 *
 * HTTP/1.1 with reused connections, gzip, and TLS verified as the settings
 * require. Redirects are not followed, since they would send the bearer token
 * to another host: a 3xx is an answer like any other. The body of a 2xx goes to
 * the sink. Of any other body up to 64 KB are kept and the rest is dropped;
 * beyond 1 MB the connection is closed.
 *
 * Only the loop's thread may use this; before the loop starts and after it
 * stops, any single thread. Every function may be called inside any callback,
 * including a sink's. */
#ifndef GC_NET_HTTP_HTTP_H
#define GC_NET_HTTP_HTTP_H

#include "common/base/connect.h"
#include "common/base/transport.h"

struct gc_loop;
struct gc_http;

/* Makes the object. `loop` and `connect` are borrowed until gc_http_free. NULL:
 * `err` is GC_ERR_MEMORY, or GC_ERR_CONFIG for a Proxy that is not a URL. Files
 * that the settings name are read again, at most once a second
 * (net/http/tls_files), since they may be renewed; a missing one ends the
 * exchange with GC_FAILURE_LOCAL. */
GC_API struct gc_http *gc_http_new(struct gc_loop *loop,
                                   const struct gc_connect *connect,
                                   struct gc_err *err);

/* Ends running exchanges without `done`. NULL is allowed. */
GC_API void gc_http_free(struct gc_http *http);
/* Returns when the certificate of the newest TLS connection's server ends,
 * seconds since the epoch; 0: unknown. The loop's thread. */
GC_API int64_t gc_http_cert_end_s(const struct gc_http *http);

/* Returns the transport; valid until gc_http_free. Its `start` fails with
 * GC_ERR_MEMORY, with the codes of gc_curl_set_options, or with GC_ERR_REQUEST
 * if the exchange runs already or one of its headers contains a line break.
 *
 * The text of a failure is "HOST:PORT: WORDS; HINT"; it contains no query, no
 * credentials and no token. Its codes: RESOLVE, CONNECT, PROXY and BROKEN are
 * GC_ERR_NETWORK, TLS is GC_ERR_TLS, TIMEOUT GC_ERR_TIMEOUT, LIMIT
 * GC_ERR_LIMIT, LOCAL GC_ERR_CONFIG or GC_ERR_MEMORY, and SINK is the code that
 * the sink returned. A 407 is GC_FAILURE_PROXY, in answer to CONNECT and to
 * other requests. */
GC_API struct gc_transport gc_http_transport(struct gc_http *http);

#endif
