/* SPDX-License-Identifier: MIT */
/* Makes samples of an account's counters. Pure. */
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

#endif
