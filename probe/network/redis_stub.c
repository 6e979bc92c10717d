/* SPDX-License-Identifier: MIT */
/* For a build without hiredis, which refuses StateURL and LeaseURL. */
#include "probe/network/redis.h"

void probe_redis_check(const struct probe_place *p,
                       const struct redis_settings *settings) {
  (void)p;
  (void)settings;
}

void probe_redis_check_lease(const struct probe_place *p) { (void)p; }
