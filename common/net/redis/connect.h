/* SPDX-License-Identifier: MIT */
/* A connected socket, whatever the resolver and the network do meanwhile. One
 * thread. */
#ifndef GC_NET_REDIS_CONNECT_H
#define GC_NET_REDIS_CONNECT_H

#include "common/net/redis/url.h"

/* A non-blocking socket, the caller's. A look-up that hangs is left behind
 * with its thread; it ends when the resolver gives up. GC_ERR_NETWORK,
 * GC_ERR_TIMEOUT, GC_ERR_STOPPED. */
GC_MUST_CHECK enum gc_code redis_connect(const struct state_url *url,
                                         int stop_fd, uint32_t timeout_ms,
                                         int *ret_fd, struct gc_err *err);

/* Waits until one of `events` (POLLIN, POLLOUT) is there; *until_ms, of the
 * monotonic clock, comes nearer when the process stops: by then `grace_ms` are
 * left. GC_ERR_TIMEOUT, or GC_ERR_STOPPED. */
GC_MUST_CHECK enum gc_code redis_wait(int fd, short events, int stop_fd,
                                      uint32_t grace_ms, uint64_t *until_ms);

#endif
