/* SPDX-License-Identifier: MIT */
/* An account's self-telemetry: counters → samples. Pure. */
#ifndef GENESYS_TELEMETRY_H
#define GENESYS_TELEMETRY_H

#include "common/genesys/sample.h"
#include "common/net/account.h"

/* What the last reading had, for averages over the time between two. */
struct telemetry {
  uint64_t answers, elapsed_ms;
};

/* Puts all account rows under the instance "account-NAME". */
void telemetry_samples(struct telemetry *t, const char *account,
                       const struct gc_account_stats *stats,
                       uint32_t interval_ms, const struct gc_samples *out);

#endif
