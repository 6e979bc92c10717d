/* SPDX-License-Identifier: MIT */
/* The plugin "genesys": the accounts that the other plugins name, and their
 * self-telemetry. Wiring only; the work is done in common/net. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/base/debug.h"
#include "common/daemon/emit.h"
#include "common/daemon/plugin_base.h"
#include "common/daemon/series_total.h"
#include "common/daemon/write_tracker.h"
#include "plugins/genesys/accounts.h"
#include "plugins/genesys/announce.h"
#include "plugins/genesys/telemetry.h"

static struct gc_plugin plugin;
static struct genesys_options settings;

/* Logs a warning. Runs on network threads too. */
static void warn_account(const char *account, const struct gc_err *warning);

static enum gc_code read_account(const char *account, void *options,
                                 struct gc_err *err) {
  enum gc_code code = account_define(account, options, warn_account, err);
  free(options);
  return code;
}

static const struct gc_block_kind kinds[] = {
    {.key = "Account",
     .rows = account_rows,
     .size = sizeof(struct account_options),
     .help = "One Genesys Cloud organisation and the OAuth client that reads "
             "it. Other plugins name it with Account.",
     .named = true,
     .read = read_account},
    {.key = NULL},
};

static struct gc_plugin plugin = {.name = "genesys",
                                  .kinds = kinds,
                                  .rows = genesys_rows,
                                  .settings = &settings};

static void warn_account(const char *account, const struct gc_err *warning) {
  gc_log_line(plugin.log, GC_LOG_WARNING, "<Account \"%s\">: %s", account,
              warning->text);
}

/* Logs the outcome of an account's work. Runs on network threads. */
static void on_notice(const char *account, const char *cause,
                      const struct gc_err *err) {
  char where[160];
  snprintf(where, sizeof(where), "account %s, %s", account, cause);
  gc_log_failure(plugin.log, where, err);
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

/* One reading of all accounts. The order of the accounts is fixed after the
 * configuration, so `at` finds the previous reading of an account. */
struct round {
  struct telemetry *last;
  struct announced *announced;
  size_t at;
};

static void say_of_account(void *ctx, const char *line) {
  gc_log_line(plugin.log, GC_LOG_INFO, "account %s: %s", (const char *)ctx,
              line);
}

static void read_one(void *ctx, const char *account, const char *host) {
  struct round *round = ctx;
  struct gc_account_stats stats;
  struct gc_samples out = gc_emit_samples(host);
  size_t at = round->at++;
  bool is_started = gc_account_stats(account, &stats);
  if (is_started)
    telemetry_samples(&round->last[at], account, &stats,
                      (uint32_t)CDTIME_T_TO_MS(plugin_get_interval()), &out);
  char address[512];
  gc_account_address(account, address, sizeof(address));
  announce(&round->announced[at], is_started ? &stats : NULL, address,
           say_of_account, (void *)account);
}

/* collectd's own writer for Prometheus is slow from here on (docs/scaling.md).
 */
enum { WRITE_PROMETHEUS_MAX = 10000 };

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

static int on_read(void) {
  static struct telemetry last[GC_ACCOUNTS_MAX];
  static struct announced announced[GC_ACCOUNTS_MAX];
  struct round round = {.last = last, .announced = announced};
  gc_accounts_each(read_one, &round);
  advise_on_writers();
  return 0;
}

/* Registers the write tracker. Init callbacks run in the order of LoadPlugin,
 * so another plugin may start an account before this runs; therefore on_config
 * sets the hooks. */
static int on_init(void) {
  struct gc_err err;
  gc_log_line(plugin.log, GC_LOG_INFO, "version %s", announce_version());
  if (gc_write_tracker_register(&err) != GC_OK)
    gc_log_line(plugin.log, GC_LOG_WARNING, "%s", err.text);
  return 0;
}

static int on_shutdown(void) {
  gc_write_tracker_close();
  gc_accounts_stop();
  return 0;
}

/* Writes at level info, because collectd is usually built without its debug
 * level. */
static void write_debug_line(const char *line) {
  gc_log_line(plugin.log, GC_LOG_INFO, "debug: %s", line);
}

static int on_config(oconfig_item_t *ci) {
  int status = gc_plugin_config(&plugin, ci);
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
  if (!gc_plugin_open(&plugin))
    return;
  plugin_register_complex_config(plugin.name, on_config);
  plugin_register_init(plugin.name, on_init);
  plugin_register_read(plugin.name, on_read);
  plugin_register_shutdown(plugin.name, on_shutdown);
}
