/* SPDX-License-Identifier: MIT */
/* What a Redis does with what it was told: is a count that it has acknowledged
 * still there after a crash? Pure, any thread. */
#ifndef GC_NET_REDIS_DURABILITY_H
#define GC_NET_REDIS_DURABILITY_H

#include "common/base/err.h"

/* The server's answers to CONFIG GET; NULL: it does not tell (a hosted one, an
 * ACL without it). Borrowed. */
struct redis_durability {
  const char *appendonly, *appendfsync, *maxmemory_policy;
};

/* True, with words for a warning: what can be lost, and what to set. */
bool redis_advice(const struct redis_durability *d, struct gc_err *ret_words);

#endif
