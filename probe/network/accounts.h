/* SPDX-License-Identifier: MIT */
/* The checks of an account: DNS, TCP, TLS, token, organisation, clock, and the
 * Redis of its lease. Main thread. */
#ifndef PROBE_NETWORK_ACCOUNTS_H
#define PROBE_NETWORK_ACCOUNTS_H

#include "common/net/account.h"
#include "probe/network/reporter.h"

/* Prepares the accounts for a probe: they open no state file, and failures of
 * their tokens and requests are not logged, since the results show them. All
 * their other notices, such as that of equal names, are logged as usual. */
void probe_accounts_prepare(void);
/* From now on each notice of an account is logged. */
void probe_accounts_finish(void);

/* Starts the account, checks it and reports the results. Returns a reference if
 * its servers can be reached and its token works, so that its blocks can be
 * checked; else NULL. */
struct gc_account *probe_account_check(const struct probe_reporter *r,
                                       const char *name);

#endif
