/* SPDX-License-Identifier: MIT */
#include "common/net/account.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/genesys/clean_name.h"
#include "common/net/account_counters.h"
#include "common/net/clock.h"
#include "common/net/detached.h"
#include "common/net/http/http.h"
#include "common/net/http/proxy.h"
#include "common/net/http/tls_files.h"
#include "common/net/socket/websocket.h"
#include "common/net/timing.h"

/* ---- the options ---- */

static void free_secret(char *secret) {
  if (secret != NULL)
    explicit_bzero(secret, strlen(secret));
  free(secret);
}

void gc_account_options_clear(struct gc_account_options *s) {
  free(s->name);
  free(s->region);
  free(s->base_url);
  free(s->token_url);
  free(s->client_id);
  free_secret(s->secret_literal);
  free(s->secret_file);
  free(s->secret_env);
  free(s->secret_credential);
  free(s->scope);
  free(s->host);
  free(s->lease_url);
  free(s->lease_user);
  free(s->lease_password_file);
  free(s->connect.ca_cert);
  free(s->connect.client_cert);
  free(s->connect.client_key);
  free_secret(s->connect.client_key_pass);
  free_secret(s->connect.proxy);
  free(s->connect.no_proxy);
  *s = (struct gc_account_options){0};
}

bool gc_account_same_host(const char *a, const char *b) {
  char x[GC_NAME_SIZE], y[GC_NAME_SIZE];
  gc_name_fold(x, a);
  gc_name_fold(y, b);
  return strcmp(x, y) == 0;
}

static struct gc_secret secret_of(const struct gc_account_options *s) {
  return (struct gc_secret){.literal = s->secret_literal,
                            .file = s->secret_file,
                            .env = s->secret_env,
                            .credential = s->secret_credential};
}

static struct gc_auth_settings
auth_settings_of(const struct gc_account_options *s) {
  return (struct gc_auth_settings){.url = s->token_url,
                                   .client_id = s->client_id,
                                   .secret = secret_of(s),
                                   .in_body = s->token_in_body,
                                   .scope = s->scope,
                                   .margin_s = s->token_margin_s,
                                   .host_hint = s->region};
}

/* ---- the account ---- */

struct gc_account {
  struct gc_account_options settings;
  unsigned references;
  struct gc_account *next;

  struct gc_account_parts parts;
  struct gc_env env;
  struct gc_shared_budget *budget;
  struct gc_detached *reads; /* of the files of secrets */
  struct gc_socket_driver driver;
  struct gc_account_counters counters;
  struct gc_lease_gate *lease; /* NULL: no LeaseURL */
  struct gc_lease_watch lease_watch;
};

static struct gc_account *accounts;
static struct gc_accounts_hooks hooks;
static struct gc_store *store; /* opened with the first account; NULL: none */
static bool store_tried;
static bool closed; /* since gc_accounts_close, until gc_accounts_define */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct gc_account *find_account(const char *name) {
  struct gc_account *a = accounts;
  while (a != NULL && strcmp(a->settings.name, name) != 0)
    a = a->next;
  return a;
}

/* Returns `host`, or without one the daemon's host name, which is known in
 * init. */
static const char *host_of(const char *host) {
  const char *preset = hooks.default_host != NULL ? hooks.default_host() : NULL;
  return host != NULL ? host : preset != NULL ? preset : "";
}

static bool same_host(const char *a, const char *b) {
  return gc_account_same_host(host_of(a), host_of(b));
}

static enum gc_code check_hosts(const struct gc_account_options *s,
                                struct gc_err *err) {
  for (const struct gc_account *a = accounts; a != NULL; a = a->next)
    if (&a->settings != s && same_host(a->settings.host, s->host))
      return gc_fail(err, GC_ERR_CONFIG,
                     "has the same Host as <Account \"%s\">: queues of the "
                     "same name would share their values; give each account a "
                     "Host of its own",
                     a->settings.name);
  if (s->lease_url != NULL && same_host(s->host, NULL))
    return gc_fail(err, GC_ERR_CONFIG,
                   "LeaseURL: Host is collectd's own Hostname, under which "
                   "each agent sends its telemetry; give the account a Host "
                   "that is the same on all agents and the Hostname of none");
  return GC_OK;
}

static enum gc_code check_settings(const struct gc_account_options *s,
                                   struct gc_err *err) {
  size_t count = 0;
  for (const struct gc_account *a = accounts; a != NULL; a = a->next)
    count++;
  if (find_account(s->name) != NULL)
    return gc_fail(err, GC_ERR_CONFIG, "there are two accounts of this name");
  if (count >= GC_ACCOUNTS_MAX)
    return gc_fail(
        err, GC_ERR_CONFIG,
        "more than %d accounts; configure the others in another collectd",
        (int)GC_ACCOUNTS_MAX);
  GC_TRY(check_hosts(s, err));
  return gc_proxy_check(&s->connect, err);
}

enum gc_code gc_accounts_define(struct gc_account_options *settings,
                                struct gc_err *err) {
  enum gc_code code = check_settings(settings, err);
  if (code != GC_OK) {
    gc_account_options_clear(settings);
    return code;
  }
  struct gc_account *a = gc_zalloc(1, sizeof(*a));
  a->settings = *settings;
  gc_account_counters_init(&a->counters);
  *settings = (struct gc_account_options){0};
  if (a->settings.lease_url != NULL)
    a->lease = gc_lease_gate_make(a->settings.name, a->settings.host);
  struct gc_account **end = &accounts;
  while (*end != NULL)
    end = &(*end)->next;
  *end = a;
  closed = false;
  return GC_OK;
}

void gc_accounts_set_hooks(const struct gc_accounts_hooks *h) { hooks = *h; }

gc_accounts_notice *gc_accounts_divert_notices(gc_accounts_notice *notice) {
  gc_accounts_notice *former = hooks.notice;
  hooks.notice = notice;
  return former;
}

void gc_accounts_keep_nothing(void) {
  hooks.state_dir = NULL;
  gc_lease_gates_ignore();
}

const char *gc_accounts_state_dir(void) {
  return hooks.state_dir != NULL ? hooks.state_dir() : NULL;
}

static void env_notice(void *ctx, const char *cause, const struct gc_err *err) {
  const struct gc_account *a = ctx;
  if (hooks.notice != NULL)
    hooks.notice(a->settings.name, cause, err);
}

static uint64_t env_now_ms(void *ctx) {
  (void)ctx;
  return gc_clock_now_ms();
}

static int64_t env_wall_ms(void *ctx) {
  (void)ctx;
  return gc_clock_wall_ms();
}

static uint32_t env_random32(void *ctx) {
  (void)ctx;
  return gc_random32();
}

static void on_token_change(void *ctx) {
  struct gc_account *a = ctx;
  if (a->parts.api != NULL)
    gc_api_wake(a->parts.api);
}

/* Opens the state store with the first account, not earlier: collectd reads its
 * configuration before it forks, and SQLite does not survive a fork. */
static void open_store(const struct gc_account *a) {
  const char *folder = hooks.state_dir != NULL ? hooks.state_dir() : NULL;
  if (store_tried || folder == NULL)
    return;
  store_tried = true;
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  if (gc_store_open(folder, GC_STORE_WAIT_MS, &store, &warning, &err) !=
      GC_OK) {
    struct gc_err words = err;
    (void)gc_fail(&words, GC_ERR_STATE,
                  "%.300s; interval queries wait for the file; all else "
                  "runs without stored state; the file is opened again later",
                  err.text);
    env_notice((void *)a, "state", &words);
  } else if (warning.code != GC_OK)
    env_notice((void *)a, GC_STORE_WARNING, &warning);
  if (store == NULL)
    return;
  gc_store_set_notice(store, env_notice, (void *)a);
  /* The disk may have answered before the store had a notice to call. */
  const struct gc_err good = {.code = GC_OK};
  if (err.code != GC_OK && gc_store_works(store))
    env_notice((void *)a, "state", &good);
}

/* Reports secrets that every user of the host can read. */
static void check_modes(struct gc_account *a) {
  const struct gc_connect *c = &a->settings.connect;
  const struct gc_secret secrets[] = {
      secret_of(&a->settings),
      {.file = a->settings.lease_password_file, .what = "LeasePasswordFile"},
      {.file = c->client_key != NULL ? c->client_key : c->client_cert,
       .what = "the key of the client certificate"}};
  struct gc_secret_stat stat;
  for (size_t i = 0; i < GC_COUNT(secrets); i++)
    if (gc_secret_stat(a->reads, &secrets[i], &stat) == GC_OK &&
        stat.exposed.code != GC_OK && hooks.exposed != NULL)
      hooks.exposed(a->settings.name, &stat.exposed);
}

/* Returns the account's share of the channels that the platform keeps for an
 * OAuth client. */
static unsigned share_of_channels(const struct gc_account *a) {
  unsigned count = 1;
  for (const struct gc_account *b = accounts; b != NULL; b = b->next)
    count += b != a &&
             strcmp(a->settings.client_id, b->settings.client_id) == 0 &&
             strcmp(a->settings.base_url, b->settings.base_url) == 0;
  return count < GC_CHANNELS_USUAL ? GC_CHANNELS_USUAL / count : 1;
}

static struct gc_channels *new_channels(struct gc_account *a) {
  a->driver = gc_socket_driver_ws(a->parts.loop);
  struct gc_channel_deps deps = {.account = a->settings.name,
                                 .channels_max = share_of_channels(a),
                                 .api = a->parts.api,
                                 .env = &a->env,
                                 .store = store,
                                 .driver = &a->driver,
                                 .connect = &a->settings.connect};
  return gc_channels_new(&deps);
}

/* Makes the labels of all kinds depend on their lists alone: the next holder of
 * a lease continues the series of this one, so both must give each id the same
 * label. */
static void label_by_lists(struct gc_names *names) {
  for (int kind = 0; kind < GC_NAME_KIND_COUNT; kind++)
    gc_names_label_by_list(names, (enum gc_name_kind)kind);
}

static enum gc_code build_account(struct gc_account *a, struct gc_err *err) {
  const struct gc_account_options *s = &a->settings;
  a->settings.connect.files = gc_tls_files_new(&s->connect);
  a->parts.http = gc_http_new(a->parts.loop, &s->connect, err);
  if (a->parts.http == NULL)
    return GC_ERR_MEMORY;
  a->env = (struct gc_env){.timers = gc_loop_timers(a->parts.loop),
                           .transport = gc_http_transport(a->parts.http),
                           .now_ms = env_now_ms,
                           .wall_ms = env_wall_ms,
                           .random32 = env_random32,
                           .notice = env_notice,
                           .ctx = a};
  a->parts.env = &a->env;
  a->parts.lease = &a->lease_watch;
  struct gc_auth_settings auth = auth_settings_of(s);
  struct gc_api_settings api = {.base_url = s->base_url,
                                .max_concurrent = s->max_concurrent};

  a->reads = auth.reads = gc_detached_new("gc-secret", GC_FILES_WAIT_MS);
  open_store(a);
  a->budget = gc_shared_budget_get(s->client_id, s->requests_per_minute,
                                   gc_clock_now_ms());
  a->parts.auth = gc_auth_new(&auth, &a->env, on_token_change, a);
  a->parts.api = gc_api_new(&api, &a->env, a->parts.auth, a->budget);
  a->parts.names = gc_names_new(s->name, a->parts.api, &a->env, store);
  if (a->lease != NULL)
    label_by_lists(a->parts.names);
  a->parts.channels = new_channels(a);
  gc_lease_watch_start(&a->lease_watch, a->lease, &a->env, a->parts.channels);

  check_modes(a);
  gc_account_counters_begin(&a->counters, &a->parts, s->connect.files);

  char thread[32];
  snprintf(thread, sizeof(thread), "gc-%s", s->name);
  return gc_loop_start(a->parts.loop, thread, err);
}

static void tear_down_account(struct gc_account *a) {
  gc_loop_stop(a->parts.loop);
  gc_account_counters_end(&a->counters);
  gc_lease_watch_stop(&a->lease_watch);
  gc_channels_free(a->parts.channels);
  gc_names_free(a->parts.names);
  gc_api_free(a->parts.api);
  gc_auth_free(a->parts.auth);
  gc_detached_free(a->reads);
  gc_http_free(a->parts.http);
  gc_loop_free(a->parts.loop);
  gc_tls_files_free(a->settings.connect.files);
  gc_shared_budget_put(a->budget);
  a->settings.connect.files = NULL;
  a->parts = (struct gc_account_parts){.loop = NULL};
  a->reads = NULL;
  a->budget = NULL;
}

static enum gc_code start_account(struct gc_account *a, struct gc_err *err) {
  a->parts.loop = gc_loop_new(err);
  if (a->parts.loop == NULL)
    return GC_ERR_MEMORY;
  enum gc_code code = build_account(a, err);
  if (code != GC_OK)
    tear_down_account(a);
  return code;
}

enum { NUMBER_BYTES = 24 }; /* enough for " and 63 more" */

static void fail_unknown(const char *name, struct gc_err *err) {
  char known[200] = "none";
  size_t used = 0, left_out = 0;
  for (const struct gc_account *a = accounts; a != NULL; a = a->next) {
    char one[140];
    snprintf(one, sizeof(one), "%s\"%.100s\"", used > 0 ? ", " : "",
             a->settings.name);
    if (left_out > 0 || used + strlen(one) + NUMBER_BYTES > sizeof(known))
      left_out++;
    else
      used += (size_t)snprintf(known + used, sizeof(known) - used, "%s", one);
  }
  if (left_out > 0)
    snprintf(known + used, sizeof(known) - used, " and %zu more", left_out);
  (void)gc_fail(err, GC_ERR_CONFIG,
                "no <Account \"%s\"> in <Plugin genesys> (defined: %s)%s", name,
                known,
                accounts == NULL ? "; is there a LoadPlugin genesys?" : "");
}

/* Returns the account of this name and starts it if necessary; NULL and *err on
 * failure. */
static struct gc_account *find_started(const char *name, struct gc_err *err) {
  struct gc_account *a = find_account(name);
  if (a == NULL)
    fail_unknown(name, err);
  else if (a->parts.loop == NULL && (check_hosts(&a->settings, err) != GC_OK ||
                                     start_account(a, err) != GC_OK))
    a = NULL;
  return a;
}

struct gc_account *gc_account_get(const char *name, struct gc_err *err) {
  struct gc_account *a = NULL;
  pthread_mutex_lock(&lock);
  if (closed)
    (void)gc_fail(err, GC_ERR_STOPPED, "%s", gc_code_words(GC_ERR_STOPPED));
  else
    a = find_started(name, err);
  if (a != NULL)
    a->references++;
  pthread_mutex_unlock(&lock);
  return a;
}

static void free_account(struct gc_account *a) {
  struct gc_account **at = &accounts;
  while (*at != a)
    at = &(*at)->next;
  *at = a->next;
  gc_account_options_clear(&a->settings);
  gc_account_counters_destroy(&a->counters);
  free(a);
}

static bool any_started(void) {
  const struct gc_account *a = accounts;
  while (a != NULL && a->parts.loop == NULL)
    a = a->next;
  return a != NULL;
}

static void close_store(void) {
  gc_store_close(store);
  store = NULL;
  store_tried = false;
}

/* Frees the accounts that have no reference. */
static void free_unused_accounts(void) {
  for (struct gc_account *a = accounts, *next; a != NULL; a = next) {
    next = a->next;
    if (a->references == 0)
      free_account(a);
  }
}

void gc_account_put(struct gc_account *a) {
  if (a == NULL)
    return;
  pthread_mutex_lock(&lock);
  if (--a->references == 0)
    tear_down_account(a);
  if (closed)
    free_unused_accounts();
  if (!any_started())
    close_store();
  pthread_mutex_unlock(&lock);
}

void gc_accounts_each(void (*each)(void *ctx, const char *name,
                                   const char *host),
                      void *ctx) {
  /* This needs no lock: accounts are defined while the configuration is read,
   * and freed when the store gives no notice any more and no callback runs. */
  for (const struct gc_account *a = accounts; a != NULL; a = a->next)
    each(ctx, a->settings.name, a->settings.host);
}

void gc_accounts_stop(void) {
  pthread_mutex_lock(&lock);
  for (struct gc_account *a = accounts; a != NULL; a = a->next)
    if (a->parts.loop != NULL)
      gc_loop_stop(a->parts.loop);
  pthread_mutex_unlock(&lock);
}

void gc_accounts_close(void) {
  pthread_mutex_lock(&lock);
  closed = true;
  if (store != NULL)
    gc_store_set_notice(store, NULL, NULL); /* its ctx is an account */
  free_unused_accounts();
  pthread_mutex_unlock(&lock);
}

const struct gc_account_options *
gc_account_options(const struct gc_account *a) {
  return &a->settings;
}

const struct gc_account_parts *gc_account_parts(const struct gc_account *a) {
  return &a->parts;
}

struct gc_store *gc_accounts_store(void) {
  pthread_mutex_lock(&lock);
  struct gc_store *shared = store;
  pthread_mutex_unlock(&lock);
  return shared;
}

void gc_account_address(const char *name, char *out, size_t size) {
  char proxy[160];
  out[0] = '\0';
  pthread_mutex_lock(&lock);
  const struct gc_account *a = find_account(name);
  if (a != NULL) {
    const struct gc_account_options *s = &a->settings;
    gc_proxy_describe(&s->connect, s->base_url, proxy, sizeof(proxy));
    snprintf(out, size, "%s as client %s%s", s->base_url, s->client_id, proxy);
  }
  pthread_mutex_unlock(&lock);
}

bool gc_account_stats(const char *name, struct gc_account_stats *ret_stats) {
  struct gc_account *a = find_account(name);
  if (a == NULL || !gc_account_counters_copy(&a->counters, ret_stats))
    return false;
  struct gc_store *shared = gc_accounts_store();
  ret_stats->monthly_requests = a->settings.monthly_requests;
  ret_stats->is_state_up = shared != NULL && gc_store_works(shared);
  return true;
}
