/* SPDX-License-Identifier: MIT */
#include "common/daemon/plugin_base.h"
#include "common/daemon/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/base/alloc.h"
#include "common/base/policy/poll_pace.h"
#include "common/daemon/emit.h"
#include "common/daemon/health.h"
#include "common/daemon/write_tracker.h"
#include "common/genesys/clean_name.h"
#include "common/health/reading.h"
#include "common/net/account.h"
#include "common/net/clock.h"

static struct gc_plugin *plugins; /* opened, the oldest first */

static void list_plugin(struct gc_plugin *p) {
  struct gc_plugin **end = &plugins;
  while (*end != NULL && *end != p)
    end = &(*end)->next;
  *end = p;
}

int gc_plugin_config(struct gc_plugin *p, const oconfig_item_t *ci) {
  const struct gc_config config = {.plugin = p->name,
                                   .rows = p->rows,
                                   .settings = p->settings,
                                   .blocks = p->kinds,
                                   .seen = &p->seen};
  struct gc_err err;
  if (gc_config_read(&config, ci, &err) == GC_OK)
    return 0;
  ERROR("%s", err.text);
  return -1;
}

/* ---- start and end of a block ---- */

static void block_free(struct gc_block *b) {
  b->is->clear(b);
  gc_health_remove(b->health);
  gc_account_put(b->account);
  gc_options_clear(b->is->rows, b->options);
  free(b->options);
  free(b->instance);
  free(b->name);
  free(b);
}

static char *join_name(const char *prefix, const char *name) {
  size_t size = strlen(prefix) + strlen(name) + 2;
  char *text = gc_zalloc(size, 1);
  snprintf(text, size, "%s-%s", prefix, name);
  return text;
}

const char *gc_block_kind_name(const struct gc_block *b) {
  const struct gc_block_kind *kind = b->plugin->kinds;
  while (kind->key != NULL && kind->rows != b->is->rows)
    kind++;
  return kind->key != NULL ? kind->key : b->is->prefix;
}

/* Refuses a name that would make the block's telemetry that of another
 * block. */
static enum gc_code check_name(const struct gc_block *b, struct gc_err *err) {
  char ours[GC_NAME_SIZE], other[GC_NAME_SIZE];
  gc_name_fold(ours, b->instance);
  for (const struct gc_block *o = b->plugin->blocks; o != NULL; o = o->next) {
    gc_name_fold(other, o->instance);
    if (strcmp(ours, other) == 0)
      return gc_fail(
          err, GC_ERR_CONFIG,
          "its name is too similar to that of <%s \"%.60s\">: both "
          "become \"%.80s\" in identities or in Graphite, where \".\", "
          "\" \" and \"/\" are \"_\" and 127 bytes are kept",
          gc_block_kind_name(o), o->name, ours);
  }
  return GC_OK;
}

static enum gc_code check_account(const struct gc_block *b,
                                  struct gc_err *err) {
  return b->is->check_account != NULL ? b->is->check_account(b, err) : GC_OK;
}

static enum gc_code check_block(struct gc_block *b, struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  GC_TRY(check_name(b, err));
  if (b->is->check != NULL)
    GC_TRY(b->is->check(b, &warning, err));
  if (warning.code != GC_OK)
    gc_log_line(b->plugin->log, GC_LOG_WARNING, "<%s \"%s\">: %s",
                gc_block_kind_name(b), b->name, warning.text);
  return check_account(b, err);
}

enum gc_code gc_plugin_add(struct gc_plugin *p, const struct gc_block_class *is,
                           const char *name, void *options,
                           struct gc_err *err) {
  struct gc_block *b = gc_zalloc(1, is->size);
  b->is = is;
  b->plugin = p;
  b->name = gc_strdup(name);
  b->instance = join_name(is->prefix, name);
  b->options = options;
  enum gc_code code = check_block(b, err);
  if (code != GC_OK) {
    block_free(b);
    return code;
  }
  /* Added before any thread runs, since the threads of a plugin may report for
   * its blocks. */
  b->health = gc_health_add(GC_HEALTH_BLOCK, p->name, b->instance, b->name);
  b->next = p->blocks;
  p->blocks = b;
  return GC_OK;
}

enum gc_code gc_block_use_account(struct gc_block *b, const char *account,
                                  struct gc_err *err) {
  b->account = gc_account_get(account, err);
  if (b->account == NULL)
    return err->code;
  b->host = gc_account_options(b->account)->host;
  gc_health_set_account(b->health, account, gc_emit_state_host(b->host));
  return GC_OK;
}

/* Returns the place of an option of the block; NULL: it has no such option. */
static const void *find_option(const struct gc_block *b, const char *key,
                               enum gc_opt_kind kind) {
  for (const struct gc_opt *row = b->is->rows; row->key != NULL; row++)
    if (strcmp(row->key, key) == 0 && row->kind == kind)
      return (const char *)b->options + row->offset;
  return NULL;
}

const char *gc_block_account(const struct gc_block *b) {
  char *const *account = find_option(b, "Account", GC_OPT_KIND_STR);
  return account != NULL ? *account : NULL;
}

static void each_from_oldest(struct gc_block *b,
                             void (*each)(void *ctx, struct gc_block *b),
                             void *ctx) {
  if (b == NULL)
    return;
  each_from_oldest(b->next, each, ctx);
  each(ctx, b);
}

void gc_plugins_each(void (*each)(void *ctx, struct gc_block *b), void *ctx) {
  for (const struct gc_plugin *p = plugins; p != NULL; p = p->next)
    each_from_oldest(p->blocks, each, ctx);
}

/* ---- planned requests ---- */

void gc_block_plan(void *ctx, enum gc_endpoint_id endpoint, double per_minute) {
  struct gc_block *b = ctx;
  b->planned[endpoint] = per_minute;
}

struct plan {
  const char *account;
  gc_plan_put *put;
  void *ctx;
};

static void put_plan(void *ctx, struct gc_block *b) {
  const struct plan *plan = ctx;
  const char *account = gc_block_account(b);
  if (!b->runs || account == NULL || strcmp(account, plan->account) != 0)
    return;
  for (int e = 0; e < GC_ENDPOINT_COUNT; e++)
    if (b->planned[e] > 0)
      plan->put(plan->ctx, b, (enum gc_endpoint_id)e, b->planned[e]);
}

void gc_account_plan(const char *account, gc_plan_put *put, void *ctx) {
  struct gc_account_stats stats;
  gc_plugins_each(put_plan, &(struct plan){account, put, ctx});
  if (!gc_account_stats(account, &stats))
    return;
  for (int k = 0; k < GC_NAME_KIND_COUNT; k++) {
    enum gc_endpoint_id endpoint;
    double per_minute =
        gc_name_kind_plan((enum gc_name_kind)k, stats.names[k], &endpoint);
    if (stats.names_read[k])
      put(ctx, NULL, endpoint, per_minute);
  }
}

uint32_t gc_block_phase(const struct gc_block *b) {
  bool has_host = b->host != NULL && b->host[0] != '\0';
  return gc_pace_phase(has_host ? b->host : hostname_g, b->instance);
}

static void log_outcome(const struct gc_block *b, const char *cause,
                        const struct gc_err *err) {
  char where[DATA_MAX_NAME_LEN + 64];
  snprintf(where, sizeof(where), "%s, %s", b->instance, cause);
  gc_log_failure(b->plugin->log, where, err);
}

void gc_block_notice_own(void *ctx, const char *cause,
                         const struct gc_err *err) {
  const struct gc_block *b = ctx;
  gc_health_note(b->health, cause, err);
  log_outcome(b, cause, err);
}

void gc_block_notice(void *ctx, const char *cause, const struct gc_err *err) {
  const struct gc_block *b = ctx;
  gc_health_note(b->health, cause, err);
  if (b->account == NULL || !gc_code_is_shared(err->code))
    log_outcome(b, cause, err);
}

void gc_block_inform(void *ctx, const char *text) {
  const struct gc_block *b = ctx;
  gc_log_line(b->plugin->log, GC_LOG_INFO, "%s: %s", b->instance, text);
}

/* ---- reads ---- */

static int on_read_new(user_data_t *ud) {
  struct gc_block *b = ud->data;
  b->is->read_new(b);
  return 0;
}

/* The first callback of collectd's stop. */
static void on_read_end(void *data) {
  struct gc_block *b = data;
  gc_clock_begin_stop();
  if (b->is->read_last != NULL)
    b->is->read_last(b);
}

void gc_block_read_state(struct gc_block *b, uint32_t interval_ms,
                         const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = b->instance, .interval_ms = interval_ms};
  const uint32_t *series_max = find_option(b, "MaxSeries", GC_OPT_KIND_INT);
  b->is->read_state(b, interval_ms, out);
  if (series_max != NULL)
    gc_put_gauge(&w, GC_METRIC_SERIES_MAX, "", *series_max);
  if (b->account != NULL)
    gc_put_count(&w, GC_METRIC_BLOCK_REQUESTS, "", b->requests);
}

static int on_read_state(user_data_t *ud) {
  struct gc_block *b = ud->data;
  struct gc_samples out = gc_emit_samples(gc_emit_state_host(b->host));
  gc_block_read_state(b, (uint32_t)CDTIME_T_TO_MS(plugin_get_interval()), &out);
  return 0;
}

enum { HEALTH_READ_S = 1 };

/* Reads the telemetry for /health only, each second. */
static int on_read_health(user_data_t *ud) {
  struct gc_block *b = ud->data;
  struct gc_health_reading reading;
  struct gc_samples sink = gc_health_reading_begin(&reading);
  b->is->read_state(b, HEALTH_READ_S * 1000, &sink);
  gc_health_read(b->health, &reading);
  return 0;
}

static void register_reads(struct gc_block *b) {
  char callback[DATA_MAX_NAME_LEN * 2];
  const char *plugin = b->plugin->name;
  user_data_t ud = {.data = b, .free_func = on_read_end};
  snprintf(callback, sizeof(callback), "%s/%s", plugin, b->instance);
  if (b->is->read_new != NULL)
    plugin_register_complex_read(plugin, callback, on_read_new,
                                 MS_TO_CDTIME_T(GC_BLOCK_READ_MS), &ud);
  ud.free_func = NULL;
  snprintf(callback, sizeof(callback), "%s/%s/state", plugin, b->instance);
  plugin_register_complex_read(plugin, callback, on_read_state, 0, &ud);
  snprintf(callback, sizeof(callback), "%s/%s/health", plugin, b->instance);
  plugin_register_complex_read(plugin, callback, on_read_health,
                               TIME_T_TO_CDTIME_T(HEALTH_READ_S), &ud);
}

static void log_refusal(const struct gc_block *b, const struct gc_err *err) {
  gc_log_line(b->plugin->log, GC_LOG_ERROR, "<%s \"%s\">: %s",
              gc_block_kind_name(b), b->name, err->text);
}

void gc_plugin_try(struct gc_block *b) {
  struct gc_err err = {.code = GC_OK};
  b->runs = check_account(b, &err) == GC_OK && b->is->start(b, &err) == GC_OK;
  if (b->runs)
    return;
  gc_health_fail(b->health, &err);
  log_refusal(b, &err);
}

static void check_one(void *ctx, struct gc_block *b) {
  struct gc_err err = {.code = GC_OK};
  (void)ctx;
  if (check_account(b, &err) != GC_OK)
    log_refusal(b, &err);
}

void gc_plugins_check(void) { gc_plugins_each(check_one, NULL); }

static void start_block(struct gc_block *b) {
  gc_plugin_try(b);
  if (b->runs)
    register_reads(b);
}

void gc_plugin_start(struct gc_plugin *p) {
  struct gc_err err = {.code = GC_OK};
  if (gc_write_tracker_register(gc_clock_now_ms, &err) != GC_OK)
    gc_log_line(p->log, GC_LOG_WARNING, "%s", err.text);
  for (struct gc_block *b = p->blocks; b != NULL; b = b->next)
    if (!b->runs)
      start_block(b);
}

void gc_plugin_stop(struct gc_plugin *p) {
  while (p->blocks != NULL) {
    struct gc_block *b = p->blocks;
    p->blocks = b->next;
    block_free(b);
  }
}

/* ---- collectd's callbacks ---- */

/* Returns the plugin that collectd names; it writes the names of plugins in
 * any case. */
static struct gc_plugin *find_plugin(const char *name) {
  struct gc_plugin *p = plugins;
  while (p != NULL && (name == NULL || strcasecmp(p->name, name) != 0))
    p = p->next;
  return p;
}

static int on_config(oconfig_item_t *ci) {
  struct gc_plugin *p = find_plugin(ci->values[0].value.string);
  return p != NULL ? gc_plugin_config(p, ci) : -1;
}

/* collectd sets the context of the plugin that registered the callback. */
static int on_init(void) {
  struct gc_plugin *p = find_plugin(plugin_get_ctx().name);
  if (p != NULL)
    gc_plugin_start(p);
  return 0;
}

static int on_shutdown(void) {
  struct gc_plugin *p = find_plugin(plugin_get_ctx().name);
  gc_clock_begin_stop();
  if (p == NULL)
    return 0;
  if (p->shutdown != NULL)
    return p->shutdown();
  gc_plugin_stop(p);
  return 0;
}

void gc_plugin_register(struct gc_plugin *p) {
  struct gc_err err;
  gc_clock_begin_run();
  list_plugin(p);
  gc_health_set_clock(gc_daemon_health_time);
  gc_log_free(p->log); /* of a plugin that is registered again */
  p->log = gc_log_new(p->name);
  if (gc_emit_register(&err) != GC_OK) {
    ERROR("%s: %s", p->name, err.text);
    return;
  }
  plugin_register_complex_config(p->name,
                                 p->config != NULL ? p->config : on_config);
  plugin_register_init(p->name, p->init != NULL ? p->init : on_init);
  plugin_register_shutdown(p->name, on_shutdown);
}
