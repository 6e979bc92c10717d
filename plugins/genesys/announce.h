/* SPDX-License-Identifier: MIT */
/* The lines about the start of an account: the address that it is connected to,
 * the number of its queues and topics, or that no block uses it. Each line
 * is written once per start of collectd. Pure. */
#ifndef GENESYS_ANNOUNCE_H
#define GENESYS_ANNOUNCE_H

#include "common/net/account.h"

/* The lines that were written about one account; zero at first. */
struct announced {
  bool is_unused, is_connected, has_queues, has_topics;
};

/* Returns the package's version, which collectd's config.h hides in plugin.c.
 */
const char *announce_version(void);

/* Passes each line that is due to `say`, without the account's name. `stats`
 * NULL: the account is not started. `address`: as gc_account_address writes it.
 */
void announce_account(struct announced *a, const struct gc_account_stats *stats,
                      const char *address,
                      void (*say)(void *ctx, const char *line), void *ctx);

#endif
