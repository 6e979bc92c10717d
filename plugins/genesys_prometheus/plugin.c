/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_prometheus": a write plugin whose values Prometheus reads
 * over HTTP. Wiring only: series/ keeps the values, exposition/ writes them,
 * http/ answers. */
#include "plugin.h"
#include "collectd.h"

#include "common/base/url.h"
#include "common/daemon/emit.h"
#include "common/daemon/plugin_base.h"
#include "common/daemon/value_parts.h"
#include "common/net/clock.h"
#include "common/net/lease_gate.h"
#include "plugins/genesys_prometheus/options.h"
#include "plugins/genesys_prometheus/telemetry.h"

enum {
  SOURCES_MAX = 64, /* data sources of a type; collectd's have up to 5 */
  EXPIRE_EVERY_MS = 10 * 1000,
};

static struct prometheus_options options;
static int on_config(oconfig_item_t *ci);
static int on_init(void);
static int on_shutdown(void);

static struct gc_plugin plugin = {.name = "genesys_prometheus",
                                  .rows = prometheus_rows,
                                  .settings = &options,
                                  .config = on_config,
                                  .init = on_init,
                                  .shutdown = on_shutdown};
static struct store *store;
static struct endpoint *endpoint;

/* State of on_maintain, which runs on one read thread at a time. */
static struct {
  uint64_t expire_ms; /* next time */
  uint64_t overflow;  /* reported so far */
  bool is_reported;
} upkeep;

/* ---- values ---- */

/* The value list whose names store_add requests. */
struct names {
  const data_set_t *ds;
  const value_list_t *vl;
  char parts[GC_PARTS_SIZE];
};

static bool make_names(void *ctx, size_t i, struct gc_export_series *ret) {
  struct names *names = ctx;
  struct gc_export_identity id;
  gc_value_identity(names->ds, names->vl, i, names->parts, &id);
  return gc_export_series_make(&id, ret);
}

static struct store_number number_of(int type, const value_t *value) {
  static const enum store_number_kind kinds[] = {
      [DS_TYPE_COUNTER] = STORE_UINT,
      [DS_TYPE_GAUGE] = STORE_REAL,
      [DS_TYPE_DERIVE] = STORE_INT,
      [DS_TYPE_ABSOLUTE] = STORE_OTHER,
  };
  struct store_number n = {.kind = STORE_OTHER};
  if (type >= 0 && type < (int)GC_COUNT(kinds))
    n.kind = kinds[type];
  memcpy(&n.bits, value, sizeof(n.bits));
  return n;
}

/* Stores a value list, unless it is new and another agent has the lease of its
 * account. Runs on collectd's write threads. */
static int on_write(const data_set_t *ds, const value_list_t *vl,
                    __attribute__((unused)) user_data_t *ud) {
  char key[GC_VALUE_KEY_SIZE];
  struct store_number numbers[SOURCES_MAX];
  if (store == NULL || ds->ds_num > SOURCES_MAX ||
      ds->ds_num != vl->values_len || !prometheus_shows(&options, vl->plugin))
    return 0;
  for (size_t i = 0; i < ds->ds_num; i++)
    numbers[i] = number_of(ds->ds[i].type, &vl->values[i]);
  struct store_list list = {.key = key,
                            .key_len = gc_value_key(vl, key),
                            .numbers = numbers,
                            .count = ds->ds_num,
                            .time = vl->time,
                            .interval_ms =
                                (uint32_t)CDTIME_T_TO_MS(vl->interval),
                            .now_ms = gc_clock_now_ms()};
  if (store_write(store, &list))
    return 0;
  list.lease = gc_emit_lease_of(vl);
  if (!gc_lease_gate_allows(list.lease)) /* dispatched before it was lost */
    return 0;
  struct names names = {.ds = ds, .vl = vl};
  gc_value_parts(vl, names.parts);
  (void)!store_add(store, &list, make_names, &names);
  return 0;
}

/* ---- upkeep ---- */

static void on_notice(__attribute__((unused)) void *ctx, const char *cause,
                      const struct gc_err *err) {
  gc_log_failure(plugin.log, cause, err);
}

static void on_warning(__attribute__((unused)) void *ctx, const char *text) {
  gc_log_line(plugin.log, GC_LOG_WARNING, "%s", text);
}

/* Logs one line for each cause for which series are not shown. */
static void report_left_out(void) {
  struct store_stats stats = store_stats(store);
  struct gc_err err = {.code = GC_OK};
  char line[512];
  if (stats.overflow != upkeep.overflow)
    gc_fail(&err, GC_ERR_LIMIT,
            "MaxSeries %u is reached: new series are not shown; raise it, or "
            "narrow Plugin",
            (unsigned)options.series_max);
  upkeep.overflow = stats.overflow;
  gc_log_failure(plugin.log, "MaxSeries", &err);
  if (!store_last_collision(store, line, sizeof(line)))
    return;
  gc_log_line(plugin.log, GC_LOG_WARNING,
              "two values have the line %s: one is not shown, since "
              "Prometheus refuses a scrape with both; %llu so far",
              line, (unsigned long long)stats.collisions);
}

/* Logs once the address of the values. */
static void report_address(void) {
  const struct endpoint_options *o = &options.endpoint;
  if (upkeep.is_reported || !endpoint_is_up(endpoint))
    return;
  upkeep.is_reported = true;
  gc_log_line(plugin.log, GC_LOG_INFO, "listening: %s://%s:%u%s",
              o->at.tls_cert != NULL ? "https" : "http", o->at.listen,
              (unsigned)o->at.port, o->path);
}

/* Runs each second, on a read thread. */
static int on_maintain(__attribute__((unused)) user_data_t *ud) {
  uint64_t now_ms = gc_clock_now_ms();
  report_address();
  if (now_ms < upkeep.expire_ms)
    return 0;
  upkeep.expire_ms = now_ms + EXPIRE_EVERY_MS;
  store_expire(store, now_ms);
  report_left_out();
  return 0;
}

static int on_read(__attribute__((unused)) user_data_t *ud) {
  struct store_stats of_store = store_stats(store);
  struct endpoint_stats of_endpoint = endpoint_stats(endpoint);
  struct gc_samples out = gc_emit_samples(NULL);
  prometheus_samples(&of_store, &of_endpoint,
                     (uint32_t)CDTIME_T_TO_MS(plugin_get_interval()), &out);
  return 0;
}

/* ---- collectd's callbacks ---- */

static int on_config(oconfig_item_t *ci) {
  struct gc_err err = {.code = GC_OK};
  int status = gc_plugin_config(&plugin, ci);
  if (status != 0 || prometheus_check(&options, &err) == GC_OK)
    return status;
  gc_log_line(plugin.log, GC_LOG_ERROR, "%s", err.text);
  return -1;
}

/* Sets the defaults when there is no <Plugin> section. */
static enum gc_code use_defaults(void) {
  if (!plugin.seen.begun)
    GC_TRY(gc_options_preset(prometheus_rows, &options));
  plugin.seen.begun = true;
  return GC_OK;
}

/* Warns of values that other hosts can read without authentication, and of a
 * secret that is sent unencrypted. */
static void warn_of_public_address(void) {
  const struct endpoint_options *o = &options.endpoint;
  bool has_secret = o->user != NULL || o->bearer_file != NULL;
  if (gc_host_is_loopback(o->at.listen, strlen(o->at.listen)))
    return;
  if (!has_secret && o->at.tls_client_ca == NULL)
    gc_log_line(plugin.log, GC_LOG_WARNING,
                "Listen \"%s\" without User, BearerTokenFile and TLSClientCA: "
                "any host that reaches it can read the values; set one of "
                "them, or listen on 127.0.0.1",
                o->at.listen);
  else if (o->at.tls_cert == NULL)
    gc_log_line(plugin.log, GC_LOG_WARNING,
                "Listen \"%s\": without TLSCert the scraper's password or "
                "token can be read on the network; set TLSCert and TLSKey",
                o->at.listen);
}

static void free_all(void) {
  endpoint_free(gc_steal(endpoint));
  store_free(gc_steal(store));
}

static enum gc_code make_all(void) {
  struct endpoint_settings settings = {
      .options = &options.endpoint, .notice = on_notice, .warn = on_warning};
  GC_TRY(use_defaults());
  store = store_new(options.series_max, options.staleness_s * 1000);
  settings.store = store;
  endpoint = store != NULL ? endpoint_new(&settings) : NULL;
  return endpoint != NULL ? GC_OK : GC_ERR_MEMORY;
}

static int on_init(void) {
  if (endpoint != NULL)
    return 0;
  if (make_all() != GC_OK) {
    free_all();
    gc_log_line(plugin.log, GC_LOG_ERROR,
                "out of memory: genesys_prometheus does not run");
    return 0;
  }
  warn_of_public_address();
  endpoint_start(endpoint);
  plugin_register_write(plugin.name, on_write, NULL);
  plugin_register_complex_read(plugin.name, "genesys_prometheus/maintain",
                               on_maintain, TIME_T_TO_CDTIME_T(1), NULL);
  plugin_register_complex_read(plugin.name, "genesys_prometheus/state", on_read,
                               0, NULL);
  return 0;
}

/* Frees everything. collectd ends the write threads before this call
 * (plugin_shutdown_all of 5.12). */
static int on_shutdown(void) {
  free_all();
  gc_options_clear(prometheus_rows, &options);
  gc_config_seen_clear(&plugin.seen);
  memset(&upkeep, 0, sizeof(upkeep));
  return 0;
}

GC_API void module_register(void);
void module_register(void) {
  gc_value_parts_enable();
  gc_plugin_register(&plugin);
}
