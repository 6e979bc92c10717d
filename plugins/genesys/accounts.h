/* SPDX-License-Identifier: MIT */
/* The options of the plugin as rows; turns the options of <Account "NAME"> into
 * the core's settings. Configuration phase, one thread. */
#ifndef GENESYS_ACCOUNTS_H
#define GENESYS_ACCOUNTS_H

#include "common/daemon/options.h"
#include "common/net/account.h"
#include "plugins/genesys/lease.h"

/* Options outside of any block. */
struct genesys_options {
  char *state_dir;
  bool dispatch, debug;
};

extern const struct gc_opt genesys_rows[];

/* Options that need a conversion; the rows fill all others into `account`. */
struct account_options {
  struct gc_account_options account;
  char *base_url, *login_url;
  struct gc_strs scopes;
  struct lease_options lease;
  int token_auth;
  uint32_t timeout_s, connect_timeout_s;
};

extern const struct gc_opt account_rows[];

/* Checks `o`, defines the account `name` and clears `o`. Calls `warn` for each
 * doubtful setting. Reads no file, because the file's disk may hang. */
GC_MUST_CHECK enum gc_code
account_define(const char *name, struct account_options *o,
               void (*warn)(const char *account, const struct gc_err *warning),
               struct gc_err *err);

#endif
