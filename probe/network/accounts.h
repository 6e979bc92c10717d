/* SPDX-License-Identifier: MIT */
/* The checks of an account: DNS, TCP, TLS, token, organisation, clock. Main
 * thread. */
#ifndef PROBE_NETWORK_ACCOUNTS_H
#define PROBE_NETWORK_ACCOUNTS_H

#include "common/net/account.h"
#include "probe/network/reporter.h"

/* Sets the hooks of the accounts: no state folder, so that no state file is
 * opened, and failures of an account are kept for the results. */
void probe_accounts_prepare(void);

/* Starts the account and checks it. Returns a reference if it has a token, so
 * that its blocks can be checked; else NULL. */
struct gc_account *probe_account_check(const struct probe_reporter *r,
                                       const char *name);

#endif
