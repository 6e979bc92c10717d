/* SPDX-License-Identifier: MIT */
/* The check of a Redis that agents share: connects, logs in, and reads how
 * durable it is. Reads and writes no key. Main thread. */
#ifndef PROBE_NETWORK_REDIS_H
#define PROBE_NETWORK_REDIS_H

#include "common/net/redis/link.h"
#include "probe/network/place.h"

void probe_redis_check(const struct probe_place *p,
                       const struct redis_settings *settings);

#endif
