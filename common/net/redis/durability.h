/* SPDX-License-Identifier: MIT */
/* Decides from the persistence settings of a Redis whether an acknowledged
 * count survives a crash. Pure; any thread. */
#ifndef GC_NET_REDIS_DURABILITY_H
#define GC_NET_REDIS_DURABILITY_H

#include "common/base/err.h"

/* The server's answers to CONFIG GET. Borrowed. NULL: the server refuses the
 * command (a hosted server, an ACL without it). */
struct redis_durability {
  const char *appendonly, *appendfsync, *maxmemory_policy;
  const char *no_fsync_on_rewrite; /* no-appendfsync-on-rewrite */
};

/* True if counts can be lost; `ret_words` is the warning, with the setting to
 * change. */
bool redis_advice(const struct redis_durability *d, struct gc_err *ret_words);

#endif
