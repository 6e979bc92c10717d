/* SPDX-License-Identifier: MIT */
/* The options of the plugin as rows, and from those of <Account "NAME"> to the
 * core's settings. Configuration phase, one thread. */
#ifndef GENESYS_ACCOUNTS_H
#define GENESYS_ACCOUNTS_H

#include "common/daemon/options.h"
#include "common/net/account.h"

/* Outside of any block. */
struct genesys_options {
  char *state_dir;
  bool debug;
};

extern const struct gc_opt genesys_rows[];

/* The options that are written as one thing and kept as another; the rest goes
 * straight into `account`. */
struct account_options {
  struct gc_account_settings account;
  char *base_url, *login_url;
  struct gc_strs scopes;
  int token_auth;
  uint32_t timeout_s, connect_timeout_s;
};

extern const struct gc_opt account_rows[];

/* Checks `o`, defines the account `name`, frees what is left in `o`.
 * `ret_warning` (its code stays GC_OK without one): something to tell that is
 * no error. */
GC_MUST_CHECK enum gc_code account_define(const char *name,
                                          struct account_options *o,
                                          struct gc_err *ret_warning,
                                          struct gc_err *err);

#endif
