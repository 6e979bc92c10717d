/* SPDX-License-Identifier: MIT */
/* The Genesys Cloud accounts of this process. All plugins that use the same
 * account share its network thread, token, request budget, breaker, name cache
 * and notification channels; therefore the core is one shared library. */
#ifndef GC_NET_ACCOUNT_H
#define GC_NET_ACCOUNT_H

#include "common/base/connect.h"
#include "common/net/api/api.h"
#include "common/net/channels/channels.h"
#include "common/net/lease_gate.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"

struct gc_account;
struct gc_http;

/* The options of an <Account> block. Strings are allocated; gc_accounts_define
 * takes them over. */
struct gc_account_options {
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
  uint32_t monthly_requests; /* that the licences allow; 0: not known */
  /* LeaseURL, which needs `host`, and its login; NULL: none. */
  char *lease_url, *lease_user, *lease_password_file;
  bool lease_has_replicas; /* LeaseReplicas is not 0 */
  struct gc_connect connect;
};

/* Frees the strings and overwrites those that are secret. */
void gc_account_options_clear(struct gc_account_options *s);
/* True if two hosts are the same in an identity, which cuts them and replaces
 * slashes, or in Graphite, which also replaces dots. */
bool gc_account_same_host(const char *a, const char *b);

/* ---- configuration phase, one thread ---- */

enum { GC_ACCOUNTS_MAX = 64 };

/* Defines an account and takes the settings over, also on failure.
 * GC_ERR_CONFIG: a name given twice, too many accounts, two accounts whose
 * values would have the same host, a lease whose Host is collectd's own
 * Hostname, or a Proxy of the wrong form. */
GC_API GC_MUST_CHECK enum gc_code
gc_accounts_define(struct gc_account_options *settings, struct gc_err *err);

/* Reports an outcome that concerns account `account` (see struct gc_env). */
typedef void gc_accounts_notice(const char *account, const char *cause,
                                const struct gc_err *err);

struct gc_accounts_hooks {
  gc_accounts_notice *notice; /* called on any thread */
  /* Reports a secret of the account that every user of the host can read, once
   * per start of the account. Called inside gc_account_get. */
  void (*exposed)(const char *account, const struct gc_err *warning);
  /* Called from the init phase on, when all options of collectd are known.
   * `default_host` is also called in the configuration phase, in which it may
   * return "". */
  const char *(*state_dir)(void);    /* NULL: no state is kept */
  const char *(*default_host)(void); /* the host of accounts without Host */
};
/* Copies the hooks; each of them may be NULL. */
GC_API void gc_accounts_set_hooks(const struct gc_accounts_hooks *hooks);
/* Replaces the hook `notice` alone, for genesys-probe; returns the former one.
 * Called before an account is started. */
GC_API gc_accounts_notice *
gc_accounts_divert_notices(gc_accounts_notice *notice);
/* Returns the state store that the accounts share; NULL while no account is
 * started, and without a StateDir. Valid while any account has a reference. */
GC_API struct gc_store *gc_accounts_store(void);
/* Returns StateDir, for state that belongs to no account; from the init phase
 * on. Borrowed. NULL without the plugin genesys. */
GC_API const char *gc_accounts_state_dir(void);

/* Keeps no state and gives no account a lease from now on: for a trial of the
 * configuration, beside an agent that uses the StateDir and the lease. Called
 * before an account is started. */
GC_API void gc_accounts_keep_nothing(void);

/* ---- init phase and later, any thread ---- */

/* Returns a counted reference; the first one starts the network thread. NULL:
 * no block defines the account (GC_ERR_CONFIG; the text names the defined
 * accounts), its host is refused (GC_ERR_CONFIG, as in gc_accounts_define), the
 * account could not be started, or GC_ERR_STOPPED after gc_accounts_close. */
GC_API struct gc_account *gc_account_get(const char *name, struct gc_err *err);
/* Releases a reference; NULL is allowed. The last reference to an account ends
 * its network thread; the last reference to any account closes the state store.
 * The account stays defined. */
GC_API void gc_account_put(struct gc_account *a);

/* Calls `each` for every defined account, started or not; `host` NULL: the
 * account has no Host. */
GC_API void gc_accounts_each(void (*each)(void *ctx, const char *name,
                                          const char *host),
                             void *ctx);

/* Ends all network threads and waits for them: less than a second, in any state
 * of the network. Afterwards gc_loop_call calls its function directly, so that
 * blocks can free their objects. */
GC_API void gc_accounts_stop(void);
/* Ends the accounts' definitions and overwrites their secrets: an account
 * without a reference is freed now, another one with its last reference. Called
 * once, at the shutdown, after gc_accounts_stop. gc_account_get gives no
 * account afterwards (GC_ERR_STOPPED) and gc_accounts_each passes no freed
 * account, until an account is defined again. */
GC_API void gc_accounts_close(void);

/* Returns the options, borrowed from the account; they do not change. */
GC_API const struct gc_account_options *
gc_account_options(const struct gc_account *a);

/* The parts of an account, for its network thread only, except `loop` and
 * `env`. */
struct gc_account_parts {
  struct gc_loop *loop; /* NULL: the account is not started */
  const struct gc_env *env;
  struct gc_http *http;
  struct gc_auth *auth;
  struct gc_api *api;
  struct gc_names *names;
  struct gc_channels *channels;
  /* Reports the terms of the account's lease. Without a lease one term lasts
   * until the process ends. */
  struct gc_lease_watch *lease;
};
/* Returns the parts, borrowed from the account. Any thread. */
GC_API const struct gc_account_parts *
gc_account_parts(const struct gc_account *a);

struct gc_account_stats {
  struct gc_api_stats api;
  struct gc_auth_stats auth;
  size_t names[GC_NAME_KIND_COUNT];
  struct gc_channel_stats stream; /* sum over all channels */
  unsigned channels;
  /* The list was read or refused, or an earlier run has stored it. */
  bool names_read[GC_NAME_KIND_COUNT];
  /* When certificates end, seconds since the epoch; 0: unknown, or none. */
  int64_t platform_end_s, ca_end_s, client_end_s;
  int64_t wall_s;                /* this host's clock then */
  uint64_t age_ms;               /* since the network thread counted */
  bool is_state_up;              /* state.db can be saved */
  struct gc_clock_verdict clock; /* which clock is right */
  uint32_t monthly_requests;     /* the option; 0: not known */
};
/* The network thread hangs if its counters are older than this. */
enum { GC_ACCOUNT_STATS_MAX_AGE_MS = 10 * 1000 };

/* Writes "https://api… as client ID (proxy HOST:PORT of Proxy)", without a
 * secret; "" for an account that is not defined. Any thread. */
GC_API void gc_account_address(const char *name, char *out, size_t size);

/* Writes which clock is wrong, by how much, and what to do; GC_OK: none is. */
GC_API enum gc_code gc_account_explain_clock(const struct gc_clock_verdict *v,
                                             struct gc_err *ret_err);

/* Copies the counters that the network thread left, usually within the last
 * second. Waits for no other work. Any thread. False: the account is not
 * started. */
GC_API bool gc_account_stats(const char *name,
                             struct gc_account_stats *ret_stats);

#endif
