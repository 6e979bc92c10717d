/* SPDX-License-Identifier: MIT */
/* The plugin "genesys": the accounts that the other plugins name, their
 * self-telemetry, /health and notifications. Wiring only: common/net,
 * common/health and health_endpoint do the work. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/base/debug.h"
#include "common/daemon/emit.h"
#include "common/daemon/health.h"
#include "common/daemon/log.h"
#include "common/daemon/plugin_base.h"
#include "common/daemon/write_tracker.h"
#include "common/daemon/writers.h"
#include "common/net/clock.h"
#include "plugins/genesys/accounts.h"
#include "plugins/genesys/health_endpoint.h"
#include "plugins/genesys/month.h"
#include "plugins/genesys/restarts.h"
#include "plugins/genesys/telemetry.h"

enum { HEALTH_EVERY_S = 1 };

static struct gc_plugin plugin;
static struct genesys_options settings;
static struct health_options *health_options; /* NULL: no <Health> */
static struct health_endpoint *endpoint;
static struct restarts *restarts;                  /* NULL: out of memory */
static struct month months[GC_ACCOUNTS_MAX];       /* by gc_accounts_each */
static struct gc_health *healths[GC_ACCOUNTS_MAX]; /* by gc_accounts_each */
/* Held at the shutdown and by notices: a call of the state store that hung may
 * end on its own thread after gc_accounts_stop. */
static pthread_mutex_t healths_lock = PTHREAD_MUTEX_INITIALIZER;

/* Logs a warning. Runs on network threads too. */
static void warn_account(const char *account, const struct gc_err *warning);

static enum gc_code read_account(const char *account, void *options,
                                 struct gc_err *err) {
  enum gc_code code = account_define(account, options, warn_account, err);
  free(options);
  return code;
}

static enum gc_code read_health(__attribute__((unused)) const char *name,
                                void *options, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  enum gc_code code = GC_OK;
  if (health_options != NULL)
    code = gc_fail(err, GC_ERR_CONFIG,
                   "given twice: one address answers for all accounts");
  else
    code = health_check(options, &warning, err);
  if (code != GC_OK) {
    gc_options_clear(health_rows, options);
    free(options);
    return code;
  }
  health_options = options;
  if (warning.code != GC_OK)
    gc_log_line(plugin.log, GC_LOG_WARNING, "<Health>: %s", warning.text);
  return GC_OK;
}

static const struct gc_block_kind kinds[] = {
    {.key = "Account",
     .rows = account_rows,
     .size = sizeof(struct account_options),
     .help = "One Genesys Cloud organisation and the OAuth client that reads "
             "it. Other plugins name it with Account.",
     .named = true,
     .read = read_account},
    {.key = "Health",
     .rows = health_rows,
     .size = sizeof(struct health_options),
     .help = "An HTTP address that answers /health for all accounts and "
             "blocks of this collectd.",
     .read = read_health},
    {.key = NULL},
};

static int on_config(oconfig_item_t *ci);
static int on_init(void);
static int on_shutdown(void);

static struct gc_plugin plugin = {.name = "genesys",
                                  .kinds = kinds,
                                  .rows = genesys_rows,
                                  .settings = &settings,
                                  .config = on_config,
                                  .init = on_init,
                                  .shutdown = on_shutdown};

static void warn_account(const char *account, const struct gc_err *warning) {
  gc_log_line(plugin.log, GC_LOG_WARNING, "<Account \"%s\">: %s", account,
              warning->text);
}

/* ---- the health of the accounts ---- */

struct find_health {
  const char *name;
  size_t at;
  bool is_found;
};

static void find_health(void *ctx, const char *account,
                        __attribute__((unused)) const char *host) {
  struct find_health *find = ctx;
  find->is_found = find->is_found || strcmp(account, find->name) == 0;
  find->at += !find->is_found;
}

static void add_health(void *ctx, const char *account, const char *host) {
  size_t *at = ctx;
  char name[GC_NAME_SIZE];
  snprintf(name, sizeof(name), "account-%s", account);
  if (healths[*at] == NULL)
    healths[*at] = gc_health_add(GC_HEALTH_ACCOUNT, plugin.name, name, account);
  gc_health_set_account(healths[*at], NULL, gc_emit_state_host(host));
  (*at)++;
}

static bool stats_are_old(const struct gc_account_stats *stats) {
  return stats->age_ms > GC_ACCOUNT_STATS_MAX_AGE_MS;
}

static void put_lease(const char *account, uint32_t interval_ms,
                      const struct gc_samples *out) {
  const struct gc_lease_gate *gate = gc_lease_gate_of_account(account);
  struct gc_lease_status status;
  if (gate == NULL)
    return;
  gc_lease_gate_status(gate, &status);
  telemetry_lease(account, &status, gc_clock_boot_ms(), interval_ms, out);
}

static void note_read(const char *account) {
  struct gc_lease_gate *gate = gc_lease_gate_of_account(account);
  if (gate != NULL)
    gc_lease_gate_note_read(gate);
}

/* Reads one account. An account that no block uses has nothing to read and
 * stays "starting"; one whose thread hangs is not read. */
static void read_health_of(void *ctx, const char *account,
                           __attribute__((unused)) const char *host) {
  static struct telemetry last[GC_ACCOUNTS_MAX];
  size_t at = (*(size_t *)ctx)++;
  struct gc_account_stats stats;
  struct gc_health_reading reading;
  struct gc_samples sink = gc_health_reading_begin(&reading);
  bool is_started = gc_account_stats(account, &stats);
  if (is_started && stats_are_old(&stats))
    return;
  if (is_started)
    telemetry_samples(&last[at], account, &stats, HEALTH_EVERY_S * 1000, &sink);
  put_lease(account, HEALTH_EVERY_S * 1000, &sink);
  note_read(account);
  gc_health_read(healths[at], &reading);
}

static void say_of_block(__attribute__((unused)) void *ctx, const char *block,
                         const char *line) {
  gc_log_line(plugin.log, GC_LOG_INFO, "%s: %s", block, line);
}

static void note_restart(bool saves_now) {
  struct gc_health_snapshot s;
  struct gc_health_time t = gc_daemon_health_time();
  if (restarts == NULL)
    return;
  gc_health_snapshot_take(&s, &t);
  restarts_note(restarts, &s, gc_accounts_store(), &t, saves_now, say_of_block,
                NULL);
  gc_health_snapshot_clear(&s);
}

static int on_read_health(__attribute__((unused)) user_data_t *ud) {
  size_t at = 0;
  gc_accounts_each(read_health_of, &at);
  note_restart(false);
  return 0;
}

static void save_month(void *ctx, const char *account,
                       __attribute__((unused)) const char *host) {
  size_t at = (*(size_t *)ctx)++;
  struct gc_account_stats stats;
  if (gc_account_stats(account, &stats))
    month_note(&months[at], account, &stats, gc_accounts_store(),
               gc_clock_now_ms(), true);
}

/* Runs when the read threads have ended, before any block stops. */
static void on_health_end(__attribute__((unused)) void *data) {
  size_t at = 0;
  gc_clock_begin_stop();
  note_restart(true);
  gc_accounts_each(save_month, &at);
}

/* Runs as a read callback of its own, so that an account whose thread hangs
 * delays no notification. */
static int on_notify(__attribute__((unused)) user_data_t *ud) {
  gc_daemon_health_notify();
  return 0;
}

static void on_health_notice(__attribute__((unused)) void *ctx,
                             const char *cause, const struct gc_err *err) {
  char where[80];
  snprintf(where, sizeof(where), "health, %s", cause);
  gc_log_failure(plugin.log, where, err);
}

static void start_health(void) {
  const struct health_endpoint_settings s = {.options = health_options,
                                             .version = announce_version(),
                                             .notice = on_health_notice};
  if (health_options != NULL && endpoint == NULL) {
    endpoint = health_endpoint_new(&s);
    health_endpoint_start(endpoint);
  }
  user_data_t ud = {.data = &plugin, .free_func = on_health_end};
  if (restarts == NULL)
    restarts = restarts_new();
  plugin_register_complex_read(plugin.name, "genesys/health", on_read_health,
                               TIME_T_TO_CDTIME_T(HEALTH_EVERY_S), &ud);
  plugin_register_complex_read(plugin.name, "genesys/notify", on_notify,
                               TIME_T_TO_CDTIME_T(HEALTH_EVERY_S), NULL);
}

static void stop_health(void) {
  health_endpoint_free(gc_steal(endpoint));
  restarts_free(gc_steal(restarts));
  pthread_mutex_lock(&healths_lock);
  for (size_t i = 0; i < GC_ACCOUNTS_MAX; i++)
    gc_health_remove(gc_steal(healths[i]));
  pthread_mutex_unlock(&healths_lock);
}

/* Logs a text that leaves every value there and right: each time it differs
 * from the newest one of this process. */
static void say_once(const char *account, const char *text) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static char newest[sizeof(((struct gc_err *)NULL)->text) + GC_NAME_SIZE];
  char line[sizeof(newest)];
  snprintf(line, sizeof(line), "account %s: %s", account, text);
  pthread_mutex_lock(&lock);
  bool is_new = strcmp(line, newest) != 0;
  memcpy(newest, line, sizeof(newest));
  pthread_mutex_unlock(&lock);
  if (is_new)
    gc_log_line(plugin.log, GC_LOG_INFO, "%s", line);
}

/* Logs the outcome of an account's work and notes it for /health. Any thread.
 */
static void on_notice(const char *account, const char *cause,
                      const struct gc_err *err) {
  char where[160];
  struct find_health found = {.name = account};
  if (gc_health_is_information(cause, err->code)) {
    say_once(account, err->text);
    return;
  }
  gc_accounts_each(find_health, &found);
  pthread_mutex_lock(&healths_lock);
  if (found.is_found)
    gc_health_note(healths[found.at], cause, err);
  pthread_mutex_unlock(&healths_lock);
  snprintf(where, sizeof(where), "account %s, %s", account, cause);
  gc_log_failure(plugin.log, where, err);
}

/* ---- leases ---- */

/* Describes a state without Redis, and sets GC_OK for any other state;
 * GC_LEASE_ENDED keeps its reason. */
static void describe_lease(enum gc_lease_state state, struct gc_err *err) {
  if (state == GC_LEASE_BLIND)
    (void)gc_fail_in(err, GC_ERR_NETWORK,
                     "the lease cannot be confirmed at the Redis of LeaseURL, "
                     "and without it this agent dispatches nothing: ");
  else if (state == GC_LEASE_GOING_ON)
    (void)gc_fail_in(err, GC_ERR_NETWORK,
                     "the lease cannot be confirmed at the Redis of LeaseURL; "
                     "this agent goes on, and another one may dispatch the "
                     "same values: ");
  else if (state != GC_LEASE_ENDED)
    *err = (struct gc_err){.code = GC_OK};
}

/* Runs on the thread of the lease. */
static void on_lease(const char *account, enum gc_lease_state state,
                     uint64_t fence, const struct gc_err *last) {
  struct gc_err err = *last;
  describe_lease(state, &err);
  /* A stop mends nothing: it ends no cause. */
  bool is_stop = state == GC_LEASE_ENDED && err.code == GC_OK;
  if (state != GC_LEASE_TAKING && state != GC_LEASE_RELEASING && !is_stop)
    on_notice(account, "lease", &err);
  if (state == GC_LEASE_HOLDER)
    gc_log_line(plugin.log, GC_LOG_INFO,
                "account %s: this agent has the lease (fence %" PRIu64
                ") and dispatches",
                account, fence);
  else if (state == GC_LEASE_STANDBY)
    gc_log_line(plugin.log, GC_LOG_INFO,
                "account %s: standby; another agent has the lease, or none "
                "has it yet",
                account);
}

static void on_lease_advice(const char *account, const char *cause,
                            const struct gc_err *err) {
  struct gc_err words = *err;
  if (words.code == GC_ERR_CONFIG) {
    gc_log_line(plugin.log, GC_LOG_WARNING, "account %s: %s", account,
                words.text);
    return;
  }
  if (words.code != GC_OK)
    (void)gc_fail_in(&words, words.code,
                     "counters do not reach the next holder of the lease; look "
                     "at the type and the rights of the key of this page: ");
  char name[32];
  snprintf(name, sizeof(name), "lease, %s", cause);
  on_notice(account, name, &words);
}

static void on_lease_failed(const char *account, const struct gc_err *err) {
  on_notice(account, "lease", err);
}

static const char *state_dir(void) {
  static char path[4096];
  const char *base = global_option_get("BaseDir");
  if (settings.state_dir != NULL)
    return settings.state_dir;
  snprintf(path, sizeof(path), "%s/genesys", base != NULL ? base : ".");
  return path;
}

static const char *default_host(void) { return hostname_g; }

/* The state of one read of all accounts. The order of the accounts is fixed
 * after the configuration, so `at` finds the previous reading of an account. */
struct round {
  struct telemetry *last;
  struct announced *announced;
  size_t at;
};

static void say_of_account(void *ctx, const char *line) {
  gc_log_line(plugin.log, GC_LOG_INFO, "account %s: %s", (const char *)ctx,
              line);
}

static void put_left_out(const char *account, uint32_t interval_ms,
                         const struct gc_samples *out) {
  char instance[128];
  snprintf(instance, sizeof(instance), "account-%s", account);
  gc_put_count(&(struct gc_sample_writer){.out = out,
                                          .instance = instance,
                                          .interval_ms = interval_ms},
               GC_METRIC_WRITE_QUEUE_LEFT_OUT, "", gc_write_tracker_left_out());
}

static void add_plan(void *ctx, const struct gc_block *b,
                     __attribute__((unused)) enum gc_endpoint_id of,
                     double per_minute) {
  month_add_plan(ctx, b != NULL ? b->instance : NULL, per_minute);
}

static void read_month(struct month *m, const char *account,
                       const struct gc_account_stats *stats,
                       uint32_t interval_ms, const struct gc_samples *out) {
  struct month_plan plan = {.per_minute = 0};
  struct gc_err warning;
  month_note(m, account, stats, gc_accounts_store(), gc_clock_now_ms(), false);
  month_samples(m, account, stats, interval_ms, out);
  gc_account_plan(account, add_plan, &plan);
  if (month_judge_plan(m, &plan, stats->monthly_requests, &warning))
    gc_log_line(plugin.log, GC_LOG_WARNING, "account %s: %s", account,
                warning.text);
}

static void read_one(void *ctx, const char *account, const char *host) {
  struct round *round = ctx;
  struct gc_account_stats stats;
  struct gc_samples out = gc_emit_samples(gc_emit_state_host(host));
  uint32_t interval_ms = (uint32_t)CDTIME_T_TO_MS(plugin_get_interval());
  size_t at = round->at++;
  bool is_started = gc_account_stats(account, &stats);
  if (is_started && stats_are_old(&stats))
    return;
  if (is_started) {
    telemetry_samples(&round->last[at], account, &stats, interval_ms, &out);
    read_month(&months[at], account, &stats, interval_ms, &out);
    put_left_out(account, interval_ms, &out);
  }
  put_lease(account, interval_ms, &out);
  char address[512];
  gc_account_address(account, address, sizeof(address));
  announce_account(&round->announced[at], is_started ? &stats : NULL, address,
                   say_of_account, (void *)account);
}

/* From this number of series on, collectd's own writer for Prometheus is slow
 * (docs/scaling.md). */
enum { WRITE_PROMETHEUS_MAX = 10000 };

/* Says once what `Dispatch false` would save; above DISPATCH_ADVICE_MIN series
 * most of the agent's memory is collectd's queue and cache. Figures: `make
 * bench`. */
enum { DISPATCH_ADVICE_MIN = 10000, DISPATCH_BYTES = 1200 };

static void advise_on_dispatch(void) {
  static bool is_said;
  size_t series = gc_series_total();
  if (is_said || series <= DISPATCH_ADVICE_MIN || !gc_emit_dispatches() ||
      !gc_writers_take_ours())
    return;
  is_said = true;
  gc_log_line(plugin.log, GC_LOG_INFO,
              "this agent sends %zu series, also into collectd's queue: if "
              "genesys_prometheus and genesys_influxdb are the only writers "
              "that need them, Dispatch false in <Plugin genesys> saves about "
              "%zu MB and two thirds of the CPU time",
              series, series * DISPATCH_BYTES / 1000000);
}

/* Reports a write queue that grows. */
static void report_write_queue(void) {
  static uint64_t reported;
  uint64_t left_out = gc_write_tracker_left_out();
  struct gc_err err = {.code = GC_OK};
  if (left_out > reported)
    (void)gc_fail(
        &err, GC_ERR_LIMIT,
        "collectd's writers are more than %d s behind: %" PRIu64
        " values did not enter the queue, and only genesys_prometheus "
        "and genesys_influxdb have them; find the slow writer (csv or "
        "rrdtool on a slow disk), or set Dispatch false",
        GC_WRITE_LAG_MS / 1000, left_out - reported);
  reported = left_out;
  gc_log_failure(plugin.log, "write queue", &err);
}

/* Warns of values that no writer gets. Runs after the init of all plugins. */
static void warn_of_no_writer(void) {
  static bool is_said;
  if (is_said || gc_emit_dispatches() || gc_writers_take_ours())
    return;
  is_said = true;
  gc_log_line(plugin.log, GC_LOG_WARNING,
              "Dispatch false, and neither genesys_prometheus nor "
              "genesys_influxdb takes the values of this suite: nothing gets "
              "them; load one of the two, or remove Dispatch");
}

static void advise_on_writers(void) {
  static bool is_said;
  size_t series = gc_series_total();
  if (is_said || series <= WRITE_PROMETHEUS_MAX ||
      !plugin_is_loaded("write_prometheus"))
    return;
  is_said = true;
  gc_log_line(
      plugin.log, GC_LOG_WARNING,
      "write_prometheus is loaded, and this agent sends %zu series: from "
      "about 50,000 series on write_prometheus takes a whole core and "
      "more and more memory; load genesys_prometheus in its place",
      series);
}

/* Puts the certificate of <Health>, under the instance "health". */
static void read_endpoint(uint32_t interval_ms) {
  const struct gc_samples out = gc_emit_samples(NULL);
  const struct gc_sample_writer w = {
      .out = &out, .instance = "health", .interval_ms = interval_ms};
  if (endpoint != NULL)
    health_endpoint_put_certificate(endpoint, &w);
}

static int on_read(void) {
  static struct telemetry last[GC_ACCOUNTS_MAX];
  static struct announced announced[GC_ACCOUNTS_MAX];
  struct round round = {.last = last, .announced = announced};
  gc_accounts_each(read_one, &round);
  uint32_t interval_ms = (uint32_t)CDTIME_T_TO_MS(plugin_get_interval());
  if (restarts != NULL)
    restarts_samples(restarts, interval_ms, gc_emit_samples);
  read_endpoint(interval_ms);
  report_write_queue();
  advise_on_writers();
  advise_on_dispatch();
  warn_of_no_writer();
  return 0;
}

/* Registers the write tracker, and starts <Health> and the leases. Init
 * callbacks run in the order of LoadPlugin, so another plugin may start an
 * account before this runs; therefore on_config sets the hooks. */
static int on_init(void) {
  struct gc_err err;
  gc_log_line(plugin.log, GC_LOG_INFO, "version %s", announce_version());
  if (gc_write_tracker_register(gc_clock_now_ms, &err) != GC_OK)
    gc_log_line(plugin.log, GC_LOG_WARNING, "%s", err.text);
  start_health();
  static const struct lease_hooks hooks = {.changed = on_lease,
                                           .advised = on_lease_advice};
  leases_start(&hooks, on_lease_failed);
  return 0;
}

static int on_shutdown(void) {
  gc_write_tracker_close();
  leases_stop();
  gc_accounts_stop();
  stop_health();
  gc_accounts_close();
  return 0;
}

/* Writes at level info, because collectd is usually built without its debug
 * level. */
static void write_debug_line(const char *line) {
  gc_log_line(plugin.log, GC_LOG_INFO, "debug: %s", line);
}

static int on_config(oconfig_item_t *ci) {
  int status = gc_plugin_config(&plugin, ci);
  size_t at = 0;
  gc_accounts_each(add_health, &at); /* before any thread */
  gc_emit_set_dispatch(settings.dispatch);
  gc_debug_to(settings.debug ? write_debug_line : NULL);
  struct gc_accounts_hooks hooks = {.notice = on_notice,
                                    .exposed = warn_account,
                                    .state_dir = state_dir,
                                    .default_host = default_host};
  gc_accounts_set_hooks(&hooks);
  return status;
}

GC_API void module_register(void);
void module_register(void) {
  gc_plugin_register(&plugin);
  plugin_register_read(plugin.name, on_read);
}
