/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_prometheus": a write plugin whose values Prometheus reads
 * over HTTP. Wiring only: series/ keeps the values, exposition/ writes them,
 * http/ answers. */
#include "plugin.h"
#include "collectd.h"

#include "common/base/url.h"
#include "common/daemon/emit.h"
#include "common/daemon/log.h"
#include "common/daemon/plugin_base.h"
#include "common/daemon/writers.h"
#include "common/net/clock.h"
#include "plugins/genesys_prometheus/options.h"

enum { EXPIRE_EVERY_MS = 10 * 1000 };

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

static bool make_names(void *ctx, size_t i, struct gc_export_series *ret) {
  struct gc_export_identity id;
  gc_value_identity(ctx, i, &id);
  return gc_export_series_make(&id, ret);
}

static struct store_number number_of(const struct gc_value_source *source) {
  static const enum store_number_kind kinds[] = {
      [GC_VALUE_REAL] = STORE_REAL,
      [GC_VALUE_INT] = STORE_INT,
      [GC_VALUE_UINT] = STORE_UINT,
      [GC_VALUE_ABSOLUTE] = STORE_OTHER,
  };
  return (struct store_number){kinds[source->kind], source->bits};
}

/* True for a series whose values have the time at which an interval or window
 * ended, which may be long ago. */
static bool is_interval(const struct gc_value *v) {
  static const char end[] = "_window";
  size_t len = strlen(v->type);
  return strcmp(v->plugin, "genesys") == 0 &&
         (strstr(v->type, "_interval_") != NULL ||
          (len >= strlen(end) &&
           strcmp(v->type + len - strlen(end), end) == 0));
}

static uint64_t age_ms(const struct gc_value *v) {
  int64_t age = gc_clock_wall_ms() - (int64_t)(v->time_ns / 1000000);
  return age > 0 ? (uint64_t)age : 0;
}

/* Stores a value. Runs on the threads that emit it and on collectd's write
 * threads. */
static void take_value(void *ctx, const struct gc_value *v) {
  struct store_number numbers[GC_VALUE_SOURCES_MAX];
  for (unsigned i = 0; i < v->count; i++)
    numbers[i] = number_of(&v->sources[i]);
  const struct store_list list = {.key = v->key,
                                  .key_len = v->key_len,
                                  .numbers = numbers,
                                  .count = v->count,
                                  .time = v->time_ns,
                                  .interval_ms = v->interval_ms,
                                  .now_ms = gc_clock_now_ms(),
                                  .is_interval = is_interval(v),
                                  .age_ms = age_ms(v),
                                  .lease = v->lease};
  (void)ctx;
  if (!store_write(store, &list))
    (void)!store_add(store, &list, make_names, (void *)v);
}

static struct gc_writer writer = {.name = "genesys_prometheus",
                                  .take = take_value,
                                  .plugins = &options.plugins};

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
  struct store_collision c;
  if (stats.overflow != upkeep.overflow)
    gc_fail(&err, GC_ERR_LIMIT,
            "MaxSeries %u is reached: new series are not shown; raise it, or "
            "narrow Plugin",
            (unsigned)options.series_max);
  upkeep.overflow = stats.overflow;
  gc_log_failure(plugin.log, "MaxSeries", &err);
  if (store_last_collision(store, &c))
    gc_log_line(plugin.log, GC_LOG_WARNING,
                "two values collide in %s: %s is shown, %s is not, since "
                "Prometheus refuses a scrape with both; %llu so far",
                c.place, c.shown, c.hidden,
                (unsigned long long)stats.collisions);
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

static const char *const statuses[] = {
#define XX(status) [ENDPOINT_##status] = #status,
    ENDPOINT_STATUS_MAP(XX)
#undef XX
};

/* Emits the values about the plugin: the instance "prometheus". */
static int on_read(__attribute__((unused)) user_data_t *ud) {
  struct store_stats values = store_stats(store);
  struct endpoint_stats answers = endpoint_stats(endpoint);
  const struct gc_samples out = gc_emit_samples(NULL);
  const struct gc_sample_writer w = {
      .out = &out,
      .instance = "prometheus",
      .interval_ms = (uint32_t)CDTIME_T_TO_MS(plugin_get_interval())};
  gc_put_gauge(&w, GC_METRIC_SERIES, "", (double)values.series);
  gc_put_gauge(&w, GC_METRIC_SERIES_MAX, "", options.series_max);
  gc_put_count(&w, GC_METRIC_SERIES_OVERFLOW, "", values.overflow);
  gc_put_count(&w, GC_METRIC_SERIES_OLD, "", values.old);
  gc_put_count(&w, GC_METRIC_SERIES_COLLIDED, "", values.collisions);
  for (int i = 0; i < ENDPOINT_STATUS_COUNT; i++)
    gc_put_count(&w, GC_METRIC_SCRAPES, statuses[i], answers.answers[i]);
  gc_put_count(&w, GC_METRIC_SCRAPES, "cut", answers.cut);
  endpoint_put_certificate(endpoint, &w);
  if (answers.scrape_s >= 0.0)
    gc_put_gauge(&w, GC_METRIC_SCRAPE_TIME, "", answers.scrape_s);
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
static void use_defaults(void) {
  if (!plugin.seen.begun)
    gc_options_preset(prometheus_rows, &options);
  plugin.seen.begun = true;
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

static void make_all(void) {
  struct endpoint_settings settings = {
      .options = &options.endpoint, .notice = on_notice, .warn = on_warning};
  store = store_new(options.series_max, options.staleness_s * 1000);
  settings.store = store;
  endpoint = endpoint_new(&settings);
}

static int on_init(void) {
  if (endpoint != NULL)
    return 0;
  use_defaults();
  make_all();
  warn_of_public_address();
  endpoint_start(endpoint);
  gc_writer_add(&writer);
  plugin_register_complex_read(plugin.name, "genesys_prometheus/maintain",
                               on_maintain, TIME_T_TO_CDTIME_T(1), NULL);
  plugin_register_complex_read(plugin.name, "genesys_prometheus/state", on_read,
                               0, NULL);
  return 0;
}

/* Frees everything. collectd ends the write threads before this call
 * (plugin_shutdown_all of 5.12). */
static int on_shutdown(void) {
  gc_writer_remove(&writer);
  free_all();
  gc_options_clear(prometheus_rows, &options);
  gc_config_seen_clear(&plugin.seen);
  memset(&upkeep, 0, sizeof(upkeep));
  return 0;
}

GC_API void module_register(void);
void module_register(void) { gc_plugin_register(&plugin); }
