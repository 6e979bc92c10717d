/* SPDX-License-Identifier: MIT */
/* The checks of a Redis that agents share: connects, logs in, reads whether the
 * server can keep counts or a lease, and tries the rights of the user. Reads
 * and writes no key. Main thread. */
#ifndef PROBE_NETWORK_REDIS_H
#define PROBE_NETWORK_REDIS_H

#include "common/net/redis/link.h"
#include "probe/network/place.h"

/* Reads how durable the Redis of a shared state is, and reports it under
 * p->subject. */
void probe_redis_check(const struct probe_place *p,
                       const struct redis_settings *settings);
/* Reads whether the Redis of LeaseURL of p->account can keep the lease, and
 * reports it under p->subject. Does nothing without LeaseURL. Takes no lease.
 */
void probe_redis_check_lease(const struct probe_place *p);

#endif
