/* SPDX-License-Identifier: MIT */
/* TLS on a connection to a Redis (rediss://), if hiredis supports it. */
#ifndef GC_NET_REDIS_TLS_H
#define GC_NET_REDIS_TLS_H

#include "common/net/redis/link.h"

struct redisContext;

/* Starts TLS on a connection. The handshake ends during the first command,
 * which fails if the certificate is bad. GC_ERR_TLS, GC_ERR_MEMORY;
 * GC_ERR_CONFIG: this build has no TLS. */
GC_MUST_CHECK enum gc_code redis_tls_start(struct redisContext *c,
                                           const struct redis_settings *s,
                                           struct gc_err *err);

#endif
