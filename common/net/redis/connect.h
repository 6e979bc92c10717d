/* SPDX-License-Identifier: MIT */
/* Connects a socket within a time limit, even if the resolver hangs, and stops
 * at once with the process. One thread, which may block; net/socket is the
 * counterpart on the loop. */
#ifndef GC_NET_REDIS_CONNECT_H
#define GC_NET_REDIS_CONNECT_H

#include "common/net/redis/url.h"

/* Returns a connected, non-blocking socket that the caller closes. `stop_fd`
 * becomes readable when the process stops. The name is looked up in a thread of
 * its own: a thread that hangs is left behind and ends when the resolver gives
 * up. GC_ERR_NETWORK, GC_ERR_TIMEOUT (after `timeout_ms` in all),
 * GC_ERR_STOPPED, GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code redis_connect(const struct redis_url *url,
                                         int stop_fd, uint32_t timeout_ms,
                                         int *ret_fd, struct gc_err *err);

/* Waits until `fd` has one of `events` (POLLIN, POLLOUT), at most until
 * *until_ms (monotonic). When the process stops, *until_ms is lowered to
 * `grace_ms` from now. GC_ERR_TIMEOUT; GC_ERR_STOPPED after the grace. */
GC_MUST_CHECK enum gc_code redis_wait(int fd, short events, int stop_fd,
                                      uint32_t grace_ms, uint64_t *until_ms);

#endif
