/* SPDX-License-Identifier: MIT */
/* The Genesys Cloud accounts of this process. All plugins that name the same
 * account share one network thread, one token, one request budget, one breaker,
 * one name cache and the notification channels; that is why the core is one
 * shared library. */
#ifndef GC_NET_ACCOUNT_H
#define GC_NET_ACCOUNT_H

#include "common/base/connect.h"
#include "common/net/api/api.h"
#include "common/net/channels/channels.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"

struct gc_account;

/* As configured; strings are owned by the account once defined. */
struct gc_account_settings {
  char *name;      /* <Account "prod"> */
  char *region;    /* as written, for messages */
  char *base_url;  /* "https://api.mypurecloud.ie", no slash at the end */
  char *token_url; /* "https://login.mypurecloud.ie/oauth/token" */
  char *client_id;
  /* Where the secret is; exactly one is set. */
  char *secret_literal, *secret_file, *secret_env, *secret_credential;
  bool token_in_body;
  char *scope; /* blank-separated; NULL: none */
  char *host;  /* host part of every value; NULL: collectd's */
  uint32_t requests_per_minute, max_concurrent, token_margin_s;
  struct gc_connect connect;
};

/* Overwrites the secrets and frees all of it. */
GC_API void gc_account_settings_clear(struct gc_account_settings *s);

/* ---- configuration phase, one thread ---- */

enum { GC_ACCOUNTS_MAX = 64 };

/* Takes the settings over, whatever it returns. GC_ERR_CONFIG: a name given
 * twice, too many accounts, or two whose values would have the same host. */
GC_API GC_MUST_CHECK enum gc_code
gc_accounts_define(struct gc_account_settings *settings, struct gc_err *err);

struct gc_accounts_hooks {
  /* An outcome of account `account` (see struct gc_env); called on network
   * threads. */
  void (*notice)(const char *account, const char *cause,
                 const struct gc_err *err);
  /* Asked in the init phase, when collectd's own options are all read. */
  const char *(*state_dir)(void);    /* NULL: nothing survives a restart */
  const char *(*default_host)(void); /* the host of accounts without Host */
};
GC_API void gc_accounts_set_hooks(const struct gc_accounts_hooks *hooks);
/* In the init phase: StateDir, for state that belongs to no account. Borrowed;
 * NULL without the plugin genesys. */
GC_API const char *gc_accounts_state_dir(void);

/* ---- init phase and later, any thread ---- */

/* A counted reference; the first one starts the network thread. NULL and
 * GC_ERR_CONFIG when no block defines it (the text names those that are), or
 * what kept the thread from starting. */
GC_API struct gc_account *gc_account_get(const char *name, struct gc_err *err);
/* NULL is fine. With the last one the network thread ends, with the last one of
 * all accounts the state store is closed; the account stays defined. */
GC_API void gc_account_put(struct gc_account *a);

/* Calls `each` for every account that is defined, started or not. */
GC_API void gc_accounts_each(void (*each)(void *ctx, const char *name,
                                          const char *host),
                             void *ctx);

/* Ends all network threads and waits for them: under a second, whatever the
 * network does. Afterwards gc_loop_call runs its function directly, so that
 * blocks can let go of what they hold. */
GC_API void gc_accounts_stop(void);
/* After gc_accounts_stop, once nobody holds an account: forgets all of them
 * and closes the state store. */
GC_API void gc_accounts_free(void);

GC_API const char *gc_account_name(const struct gc_account *a);
GC_API const char *gc_account_host(const struct gc_account *a); /* or NULL */
GC_API uint32_t gc_account_requests_per_minute(const struct gc_account *a);
GC_API struct gc_loop *gc_account_loop(struct gc_account *a);
/* The state store, shared by all accounts; NULL when there is none. Valid as
 * long as any account is held. */
GC_API struct gc_store *gc_account_store(struct gc_account *a);

/* For the account's own thread only. */
GC_API struct gc_api *gc_account_api(struct gc_account *a);
GC_API struct gc_names *gc_account_names(struct gc_account *a);
GC_API struct gc_channels *gc_account_channels(struct gc_account *a);
GC_API const struct gc_env *gc_account_env(struct gc_account *a);
/* For a socket of one's own. Borrowed. */
GC_API const struct gc_connect *gc_account_connect(const struct gc_account *a);
GC_API const char *gc_account_base_url(const struct gc_account *a);

struct gc_account_stats {
  struct gc_api_stats api;
  struct gc_auth_stats auth;
  size_t names[GC_NAME_KIND_COUNT];
};
/* A reading of the counters; waits for one turn of the network thread, which
 * itself never waits for the network. Any thread but that one. False while the
 * account is not started. */
GC_API bool gc_account_stats(const char *name,
                             struct gc_account_stats *ret_stats);

#endif
