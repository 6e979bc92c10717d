/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/strs.h"
#include "common/net/api/secret.h"
#include "plugins/genesys/region.h"

const struct gc_opt genesys_rows[] = {
    GC_OPT_STR(
        struct genesys_options, state_dir, "StateDir", NULL, 0,
        "Folder for the state that survives a restart (names, checkpoints, "
        "counters); created with mode 0700 if missing. Default: "
        "BaseDir/genesys.",
        "/var/lib/collectd/genesys"),
    GC_OPT_BOOL(struct genesys_options, dispatch, "Dispatch", "true",
                "`false`: the values of this suite go to `genesys_prometheus` "
                "and `genesys_influxdb` only, and not into collectd's queue: "
                "a fraction of the memory, but no other writer gets them.",
                "false"),
    GC_OPT_BOOL(struct genesys_options, debug, "Debug", "false",
                "Write to collectd's log, at level info, what the plugins do: "
                "requests and their outcomes, states of channels, windows, "
                "batches. docs/troubleshooting.md explains the lines.",
                "true"),
    GC_OPT_END,
};

enum { TOKEN_BASIC, TOKEN_BODY };
static const char *const token_auths[] = {"basic", "body", NULL};

static const char *const lease_losts[] = {"stop", "go on", NULL};

#define ACC(member) account.member

const struct gc_opt account_rows[] = {
    GC_OPT_STR(struct account_options, ACC(region), "Region", NULL, 0,
               "AWS name of the organisation's region (`eu-west-1`) or its "
               "domain (`mypurecloud.ie`). Needed unless BaseURL is given.",
               "eu-west-1"),
    GC_OPT_STR(struct account_options, base_url, "BaseURL", NULL, 0,
               "Address of the API instead of the region's, for a private "
               "endpoint, a gateway or a test server. `http://` only on the "
               "loopback address.",
               "https://api.mypurecloud.ie"),
    GC_OPT_STR(struct account_options, login_url, "LoginURL", NULL, 0,
               "Address of the token endpoint instead of the region's. With a "
               "path it is used as it is; otherwise `/oauth/token` is added.",
               "https://login.mypurecloud.ie"),
    GC_OPT_STR(struct account_options, ACC(client_id), "ClientId", NULL,
               GC_OPT_NEEDED,
               "Id of an OAuth client with the grant Client Credentials.",
               "11111111-2222-3333-4444-555555555555"),
    GC_OPT_STR(
        struct account_options, ACC(secret_file), "ClientSecretFile", NULL, 0,
        "File that holds the client secret; read for each token, without "
        "the white space around it. One of the four "
        "ClientSecret options is needed.",
        "/etc/collectd/genesys.secret"),
    GC_OPT_STR(struct account_options, ACC(secret_credential),
               "ClientSecretCredential", NULL, 0,
               "Name of a systemd credential (LoadCredential= in collectd's "
               "unit) that holds the client secret.",
               "genesys-secret"),
    GC_OPT_STR(struct account_options, ACC(secret_env), "ClientSecretEnv", NULL,
               0,
               "Name of an environment variable that holds the client secret; "
               "it is removed from the environment when it is read.",
               "GENESYS_CLIENT_SECRET"),
    GC_OPT_STR(
        struct account_options, ACC(secret_literal), "ClientSecret", NULL,
        GC_OPT_SECRET,
        "The client secret itself. Every user who can read collectd.conf "
        "can read it: prefer one of the other three.",
        "as the platform shows it once"),
    GC_OPT_STRS(struct account_options, scopes, "Scope",
                "Scope to request and to check in the answer; may be repeated. "
                "Only for gateways: the platform itself works with roles.",
                "analytics:realtime:read"),
    GC_OPT_ENUM(struct account_options, token_auth, "TokenAuth", "basic",
                token_auths,
                "Place of id and secret in a token request: the Authorization "
                "header, or form fields of the body.",
                "body"),
    GC_OPT_STR(struct account_options, ACC(host), "Host", NULL, 0,
               "Host part of every value of this account; default: collectd's "
               "Hostname. Two accounts need different ones.",
               "genesys-prod"),
    GC_OPT_INT(struct account_options, ACC(requests_per_minute),
               "RequestsPerMinute", "250", 2, 100000, "requests per minute",
               "Budget of the OAuth client, shared by all plugins and by "
               "accounts with the same ClientId. The platform allows 300.",
               "150"),
    GC_OPT_INT(struct account_options, ACC(monthly_requests), "MonthlyRequests",
               "0", 0, 4000000000, "requests per month",
               "Requests that this account may send in a calendar month, as "
               "far as the licences pay for them (docs/cost.md); 0: not known. "
               "With it there is api_month_share, and a warning when the "
               "blocks need more.",
               "2000000"),
    GC_OPT_INT(struct account_options, ACC(max_concurrent),
               "MaxConcurrentRequests", "4", 1, 64, "requests",
               "Requests that may run at the same time.", "8"),
    GC_OPT_INT(struct account_options, timeout_s, "Timeout", "10", 1, 600, "s",
               "Longest time for a whole request.", "30"),
    GC_OPT_INT(struct account_options, connect_timeout_s, "ConnectTimeout", "5",
               1, 600, "s",
               "Longest time for name look-up, connection, proxy and TLS "
               "handshake together.",
               "3"),
    GC_OPT_INT(struct account_options, ACC(token_margin_s),
               "TokenRefreshMargin", "300", 1, 86400, "s",
               "Time from the renewal of the token to its end; at most a fifth "
               "of its lifetime.",
               "600"),
    GC_OPT_BOOL(struct account_options, ACC(connect.verify_peer), "VerifyPeer",
                "true", "Verify the server's certificate.", "true"),
    GC_OPT_BOOL(struct account_options, ACC(connect.verify_host), "VerifyHost",
                "true", "Verify that the certificate is for this host.",
                "true"),
    GC_OPT_STR(struct account_options, ACC(connect.ca_cert), "CACert", NULL, 0,
               "File or folder of trusted certificates; default: the system's.",
               "/etc/ssl/certs/company-ca.pem"),
    GC_OPT_STR(struct account_options, ACC(connect.client_cert), "ClientCert",
               NULL, 0, "PEM file of a client certificate.",
               "/etc/collectd/client.pem"),
    GC_OPT_STR(struct account_options, ACC(connect.client_key), "ClientKey",
               NULL, 0,
               "PEM file of the certificate's key; default: ClientCert.",
               "/etc/collectd/client.key"),
    GC_OPT_STR(struct account_options, ACC(connect.client_key_pass),
               "ClientKeyPass", NULL, GC_OPT_SECRET, "Passphrase of the key.",
               "the words of the key"),
    GC_OPT_STR(struct account_options, ACC(connect.proxy), "Proxy", NULL,
               GC_OPT_SECRET,
               "Proxy for all requests of the account, "
               "`http://user:password@host:port` or `https://…`; `none`: no "
               "proxy; default: https_proxy or all_proxy of the environment. "
               "Plain http to the loopback address takes no proxy of another "
               "host.",
               "http://proxy.example.com:3128"),
    GC_OPT_STR(struct account_options, ACC(connect.no_proxy), "NoProxy", NULL,
               0,
               "Hosts and domains that are reached without the proxy, "
               "separated by commas; `*`: all. Default: no_proxy of the "
               "environment.",
               "localhost,.example.com"),
    GC_OPT_STR(struct account_options, lease.url, "LeaseURL", NULL, 0,
               "Redis through which several agents with this account agree "
               "which of them dispatches; the others stand by and one of them "
               "takes over. `redis://HOST:PORT/DB`, `rediss://…` (TLS), "
               "`unix:///PATH?db=DB`; needs a Host. Default: this agent always "
               "dispatches.",
               "redis://redis.example.com:6379/0"),
    GC_OPT_STR(struct account_options, lease.user, "LeaseUser", NULL, 0,
               "User of the Redis's ACL; default: the default user.",
               "collectd"),
    GC_OPT_STR(struct account_options, lease.password_file, "LeasePasswordFile",
               NULL, 0,
               "File that holds the password of the Redis, read for each "
               "connection; white space around it is dropped.",
               "/etc/collectd/redis.secret"),
    GC_OPT_INT(
        struct account_options, lease.ttl_s, "LeaseTTL", "15",
        GC_LEASE_TTL_MIN_S, GC_LEASE_TTL_MAX_S, "s",
        "Longest time without values after the agent that dispatches "
        "has failed (below 12 s: up to 1 s more); for three fifths of it "
        "that agent goes on without Redis. The same on all agents.",
        "30"),
    GC_OPT_INT(struct account_options, lease.replicas, "LeaseReplicas", "0", 0,
               LEASE_REPLICAS_MAX, "",
               "Replicas of the Redis that must have a renewal of the lease "
               "before it counts, so that a failover to one of them loses "
               "nothing. The same on all agents.",
               "1"),
    GC_OPT_ENUM(
        struct account_options, lease.lost, "LeaseLost", "stop", lease_losts,
        "Action of the agent that dispatches when Redis has not answered "
        "for three fifths of LeaseTTL: `stop`: no value twice; `go on`: no "
        "hole, and perhaps two agents that dispatch.",
        "go on"),
    GC_OPT_END,
};

static enum gc_code out_of_memory(struct gc_err *err) {
  return gc_fail(err, GC_ERR_MEMORY, "out of memory");
}

static enum gc_code find_urls(struct account_options *o, struct gc_err *err) {
  struct genesys_region region;
  GC_TRY(genesys_region_resolve(o->account.region, o->base_url, o->login_url,
                                &region, err));
  o->account.base_url = strdup(region.base_url);
  o->account.token_url = strdup(region.token_url);
  return o->account.base_url != NULL && o->account.token_url != NULL
             ? GC_OK
             : out_of_memory(err);
}

static enum gc_code join_scopes(struct account_options *o, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf all = {.max = 4096};
  for (size_t i = 0; i < o->scopes.count; i++)
    if (gc_buf_print(&all, "%s%s", i > 0 ? " " : "", o->scopes.at[i]) != GC_OK)
      return gc_fail(err, GC_ERR_CONFIG, "Scope: too many of them");
  o->account.scope = gc_steal(all.data);
  return GC_OK;
}

static enum gc_code check_secret(const struct gc_account_options *s,
                                 struct gc_err *err) {
  struct gc_secret secret = {.literal = s->secret_literal,
                             .file = s->secret_file,
                             .env = s->secret_env,
                             .credential = s->secret_credential};
  GC_TRY(gc_secret_check(&secret, err));
  if (secret.env != NULL) {
    /* The variable is removed now, while there is one thread: later its removal
     * would race with other readers. A missing variable is reported when the
     * secret is needed. */
    GC_AUTO(gc_buf_wipe) struct gc_buf taken = {.max = GC_SECRET_MAX_BYTES};
    if (gc_secret_read(NULL, &secret, &taken, NULL) != GC_OK)
      gc_buf_reset(&taken);
  }
  return GC_OK;
}

static enum gc_code check_account(struct account_options *o,
                                  struct gc_err *warning, struct gc_err *err) {
  struct gc_account_options *s = &o->account;
  GC_TRY(find_urls(o, err));
  GC_TRY(join_scopes(o, err));
  GC_TRY(check_secret(s, err));
  if (s->connect.client_key != NULL && s->connect.client_cert == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "ClientKey needs a ClientCert");
  GC_TRY(lease_check(&o->lease, s, warning, err));
  s->lease_url = gc_strdup(o->lease.url);
  s->lease_user = gc_strdup(o->lease.user);
  s->lease_password_file = gc_strdup(o->lease.password_file);
  s->lease_has_replicas = o->lease.replicas > 0;
  s->token_in_body = o->token_auth == TOKEN_BODY;
  s->connect.timeout_ms = o->timeout_s * 1000;
  s->connect.connect_timeout_ms = o->connect_timeout_s * 1000;
  return GC_OK;
}

static void warn_about(const struct account_options *o,
                       void (*warn)(const char *account,
                                    const struct gc_err *warning)) {
  const struct gc_connect *c = &o->account.connect;
  struct gc_err warning;
  if (gc_options_warn_timeouts(o->timeout_s, o->connect_timeout_s, &warning))
    warn(o->account.name, &warning);
  if (!c->verify_peer) {
    (void)gc_fail(&warning, GC_ERR_TLS,
                  "VerifyPeer false: anyone between this host and the server "
                  "can read id, secret and data; name the authority in CACert "
                  "instead");
    warn(o->account.name, &warning);
  }
  if (c->verify_peer && !c->verify_host) {
    (void)gc_fail(
        &warning, GC_ERR_TLS,
        "VerifyHost false: the owner of any certificate of a trusted "
        "authority can read id, secret and data; set VerifyHost true, or "
        "name the authority of this server alone in CACert");
    warn(o->account.name, &warning);
  }
}

enum gc_code account_define(const char *name, struct account_options *o,
                            void (*warn)(const char *account,
                                         const struct gc_err *warning),
                            struct gc_err *err) {
  o->account.name = strdup(name);
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = o->account.name != NULL ? check_account(o, &warning, err)
                                              : out_of_memory(err);
  if (code == GC_OK)
    warn_about(o, warn);
  if (warning.code != GC_OK)
    warn(name, &warning);
  if (code == GC_OK)
    code = lease_add(&o->lease, &o->account, err);
  if (code == GC_OK)
    code = gc_accounts_define(&o->account, err);
  free(o->account.name);
  free(o->account.base_url);
  free(o->account.token_url);
  free(o->account.scope);
  free(o->account.lease_url);
  free(o->account.lease_user);
  free(o->account.lease_password_file);
  gc_options_clear(account_rows, o);
  return code;
}
