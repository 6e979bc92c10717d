/* SPDX-License-Identifier: MIT */
/* The definition of an account: the values that the options of its block set.
 */
#ifndef GC_NET_ACCOUNT_SETTINGS_H
#define GC_NET_ACCOUNT_SETTINGS_H

#include "common/base/connect.h"
#include "common/net/api/auth.h"

/* The options of an <Account> block. Strings are allocated; gc_accounts_define
 * takes them over. */
struct gc_account_settings {
  char *name;      /* <Account "prod"> */
  char *region;    /* as configured, for messages */
  char *base_url;  /* "https://api.mypurecloud.ie", no slash at the end */
  char *token_url; /* "https://login.mypurecloud.ie/oauth/token" */
  char *client_id;
  /* The place of the secret; exactly one member is set. */
  char *secret_literal, *secret_file, *secret_env, *secret_credential;
  bool token_in_body;
  char *scope; /* blank-separated; NULL: none */
  char *host;  /* host part of every value; NULL: collectd's host */
  uint32_t requests_per_minute, max_concurrent, token_margin_s;
  /* LeaseURL, which needs `host`, and its login; NULL: none. */
  char *lease_url, *lease_user, *lease_password_file;
  bool lease_has_replicas; /* LeaseReplicas is not 0 */
  struct gc_connect connect;
};

/* Frees the strings and overwrites those that are secret. */
void gc_account_settings_clear(struct gc_account_settings *s);
/* True if two hosts are the same in an identity, which cuts them and replaces
 * slashes, or in Graphite, which also replaces dots. */
bool gc_account_same_host(const char *a, const char *b);
/* Returns the settings of the token, without a source of the secret; borrowed
 * from `s`. */
struct gc_auth_settings
gc_account_settings_auth(const struct gc_account_settings *s);
/* Writes the account's secrets that may be in files, borrowed from `s`; returns
 * their number. */
size_t gc_account_settings_secrets(const struct gc_account_settings *s,
                                   struct gc_secret out[GC_SECRETS_MAX]);

#endif
