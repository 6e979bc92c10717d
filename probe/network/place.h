/* SPDX-License-Identifier: MIT */
/* The accounts and blocks whose servers are checked, and the checks of each
 * kind. Main thread. */
#ifndef PROBE_NETWORK_PLACE_H
#define PROBE_NETWORK_PLACE_H

#include "common/daemon/plugin_base.h"
#include "common/net/account.h"
#include "probe/network/reporter.h"

struct probe_account {
  const char *name;
  struct gc_account *account; /* NULL: it failed a check */
  bool channel_tried;
  /* The outcomes of permission requests, which the blocks share. */
  struct probe_permission {
    bool is_known;
    struct gc_err err;
  } permissions[GC_ENDPOINT_COUNT];
};

struct probe_place {
  const struct probe_reporter *reporter;
  const struct gc_block *block;
  /* NULL: the block has no account, or the account failed a check and has rows
   * of its own. */
  struct gc_account *account;
  struct probe_account *state;      /* of that account */
  char subject[PROBE_SUBJECT_SIZE]; /* "genesys_realtime <Queues "all">" */
};

/* ---- the checks of an account (accounts.c) ---- */

/* Prepares the accounts for a probe: they open no state file, and failures of
 * their tokens and requests are not logged, since the results show them. All
 * their other notices, such as that of equal names, are logged as usual. */
void probe_accounts_prepare(void);
/* From now on each notice of an account is logged. */
void probe_accounts_finish(void);
/* Starts the account and checks DNS, TCP, TLS, token, organisation, clock, and
 * the Redis of its lease. Returns a reference if its servers can be reached and
 * its token works, so that its blocks can be checked; else NULL. */
struct gc_account *probe_account_check(const struct probe_reporter *r,
                                       const char *name);

/* ---- the checks of a block, which report under p->subject ---- */

/* A <Queues> block: its selection, the permissions of its sources, one poll,
 * and one channel or the socket of the guide dialect. */
void probe_queues_check(const struct probe_place *p);
/* An <Attributes> block: its source, and the Redis of its state. Opens no port
 * of a webhook, because the live agent may have it. Of a queue of SQS it
 * receives up to one message with a visibility time-out of 0, so that the
 * message stays visible to the agent, and deletes nothing: this needs
 * sqs:ReceiveMessage alone. SQS counts the receive (ApproximateReceiveCount).
 */
void probe_attributes_check(const struct probe_place *p);

#endif
