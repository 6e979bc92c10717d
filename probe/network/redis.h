/* SPDX-License-Identifier: MIT */
/* The check of a Redis that agents share: connects, logs in, and reads how
 * durable it is. Reads and writes no key. Main thread. */
#ifndef PROBE_NETWORK_REDIS_H
#define PROBE_NETWORK_REDIS_H

#include "common/net/redis/link.h"
#include "probe/network/place.h"

void probe_redis_check(const struct probe_place *p,
                       const struct redis_settings *settings);
/* Connects to the Redis of the lease of p->account, and reads whether it is a
 * server that can keep it; does nothing without LeaseURL. Takes no lease. */
void probe_redis_check_lease(const struct probe_place *p);

#endif
