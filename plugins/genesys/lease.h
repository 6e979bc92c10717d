/* SPDX-License-Identifier: MIT */
/* The leases of the accounts with LeaseURL: several agents have one account,
 * and one of them dispatches (docs/high-availability.md). Configuration, init
 * and shutdown run on collectd's main thread. */
#ifndef GENESYS_LEASE_H
#define GENESYS_LEASE_H

#include "common/net/account.h"

#include "common/net/lease_gate.h"

/* Options of an <Account>; see their rows. */
struct lease_options {
  char *url, *user, *password_file; /* url NULL: no lease */
  uint32_t ttl_s, replicas;
  int lost; /* enum lease_lost */
};

enum { LEASE_REPLICAS_MAX = 8 };

enum lease_lost { LEASE_LOST_STOP, LEASE_LOST_GO_ON };

/* Checks the options. GC_ERR_CONFIG. `warning` (GC_OK before the call): a
 * doubtful setting. */
GC_MUST_CHECK enum gc_code lease_check(const struct lease_options *o,
                                       const struct gc_account_options *s,
                                       struct gc_err *warning,
                                       struct gc_err *err);

/* Keeps a copy of what leases_start needs, for an account whose options
 * lease_check has accepted; does nothing without LeaseURL. */
GC_MUST_CHECK enum gc_code lease_add(const struct lease_options *o,
                                     const struct gc_account_options *s,
                                     struct gc_err *err);

struct lease_hooks {
  /* Reports a change of the state, with the last error of Redis (GC_OK: it
   * answers); GC_LEASE_ENDED: with the reason for giving the lease back. On the
   * thread of the lease. */
  void (*changed)(const char *account, enum gc_lease_state state,
                  uint64_t fence, const struct gc_err *err);
  /* Reports about the pages and the options; see lease_keeper.h. */
  void (*advised)(const char *account, const char *cause,
                  const struct gc_err *err);
};

/* Starts the thread of each lease that does not run; after the fork. A lease
 * that cannot start is passed to `failed`, and its account dispatches
 * nothing. */
void leases_start(const struct lease_hooks *hooks,
                  void (*failed)(const char *account,
                                 const struct gc_err *err));
/* Gives all leases back, so that the next agent takes over at once, and ends
 * the threads. Waits GC_LEASE_STOP_MS at most for each of them. */
void leases_stop(void);

#endif
