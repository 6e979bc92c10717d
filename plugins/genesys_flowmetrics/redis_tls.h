/* SPDX-License-Identifier: MIT */
/* rediss://, where hiredis can do it. */
#ifndef GC_FLOWMETRICS_REDIS_TLS_H
#define GC_FLOWMETRICS_REDIS_TLS_H

#include "plugins/genesys_flowmetrics/redis_link.h"

struct redisContext;

/* Begins TLS on a connection; the handshake goes on with the first command,
 * whose failure tells of a bad certificate. GC_ERR_TLS. */
GC_MUST_CHECK enum gc_code redis_tls_start(struct redisContext *c,
                                           const struct redis_settings *s,
                                           struct gc_err *err);

#endif
