/* SPDX-License-Identifier: MIT */
/* rediss://, where hiredis can do it. */
#ifndef GC_NET_REDIS_TLS_H
#define GC_NET_REDIS_TLS_H

#include "common/net/redis/link.h"

struct redisContext;

/* Begins TLS on a connection; the handshake goes on with the first command,
 * whose failure tells of a bad certificate. GC_ERR_TLS. */
GC_MUST_CHECK enum gc_code redis_tls_start(struct redisContext *c,
                                           const struct redis_settings *s,
                                           struct gc_err *err);

#endif
