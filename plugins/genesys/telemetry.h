/* SPDX-License-Identifier: MIT */
/* Makes samples of an account's counters, and the lines about its start: the
 * address that it is connected to, the number of its queues and topics, or that
 * no block uses it. Each line is written once per start of collectd. Pure. */
#ifndef GENESYS_TELEMETRY_H
#define GENESYS_TELEMETRY_H

#include "common/genesys/sample.h"
#include "common/net/account.h"

/* Totals of the previous reading, for averages between two readings. */
struct telemetry {
  uint64_t answers, elapsed_ms;
  struct gc_api_times functions[GC_ENDPOINT_COUNT];
};

/* Puts all samples of an account, under the instance "account-NAME". */
void telemetry_samples(struct telemetry *t, const char *account,
                       const struct gc_account_stats *stats,
                       uint32_t interval_ms, const struct gc_samples *out);

/* Puts the state of the account's lease. `boot_ms`: gc_clock_boot_ms. */
void telemetry_lease(const char *account, const struct gc_lease_status *status,
                     uint64_t boot_ms, uint32_t interval_ms,
                     const struct gc_samples *out);

/* ---- the lines about the start of an account ---- */

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
