/* SPDX-License-Identifier: MIT */
/* One block whose servers are checked. Main thread. */
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

#endif
