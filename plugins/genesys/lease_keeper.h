/* SPDX-License-Identifier: MIT */
/* Keeps the lease of one account: a thread that sends the requests to Redis and
 * runs the state machine (base/policy/lease). */
#ifndef GENESYS_LEASE_KEEPER_H
#define GENESYS_LEASE_KEEPER_H

#include "common/net/lease_gate.h"
#include "common/net/redis/link.h"

struct redis_lease_settings {
  struct redis_settings redis; /* redis_lease_start sets use, answer_ms */
  const char *name; /* borrowed; equal for all agents of the account */
  uint32_t ttl_ms;
  unsigned replicas;          /* LeaseReplicas */
  bool goes_on;               /* LeaseLost "go on" */
  struct gc_lease_gate *gate; /* opened and closed by the thread, which also
                                 carries its book; borrowed */
  /* Reports each change of the state, with the last error of Redis (GC_OK: it
   * answers). With GC_LEASE_ENDED: why this agent has no lease until the
   * account is read again (GC_OK: redis_lease_stop). Called on the thread of
   * the lease; must not block. */
  void (*report)(void *ctx, enum gc_lease_state state, uint64_t fence,
                 const struct gc_err *err);
  /* Reports for the cause "pages" whether all counters reach the next
   * holder (GC_OK: they do), and for "options", once for each difference,
   * in what the options of the agent that has the lease differ. Likewise on the
   * thread of the lease. */
  void (*advise)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

struct redis_lease;

/* Starts the thread, which asks for the lease when the account has been read
 * for the first time (gc_lease_gate_note_read). GC_ERR_MEMORY: no descriptor
 * or thread. The caller ends it with redis_lease_stop. */
GC_MUST_CHECK enum gc_code
redis_lease_start(const struct redis_lease_settings *s,
                  struct redis_lease **ret, struct gc_err *err);

/* Ends the permission, gives the lease back and frees `l`. A thread that hangs,
 * on a disk or a Redis, is left behind after GC_LEASE_STOP_MS, and reports
 * nothing more. NULL is allowed. */
void redis_lease_stop(struct redis_lease *l);

#endif
