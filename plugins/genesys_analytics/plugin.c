/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_analytics": what happened, interval by interval. Wiring
 * only: options.c reads the configuration, block.c asks, departure.c brings
 * out. */
#include <stdlib.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/blocks.h"
#include "common/daemon/tap.h"
#include "common/net/account.h"
#include "plugins/genesys_analytics/block.h"
#include "plugins/genesys_analytics/options.h"

enum {
  LEAVE_MOST_MS = 700, /* of one look */
  LAST_MOST_MS = 1000, /* at the end, for what is in flight */
};

static struct gc_plugin plugin;

/* One <Query> block. */
struct query_block {
  struct gc_block base;
  struct gc_tap_ticket *ticket;
  struct block *work;
};

static struct query_block *query_of(struct gc_block *b) {
  return (struct query_block *)b;
}

static enum gc_code check(struct gc_block *b, struct gc_err *warning,
                          struct gc_err *err) {
  (void)warning;
  return query_check(b->options, err);
}

static void clear(struct gc_block *b) {
  block_free(query_of(b)->work);
  gc_tap_ticket_free(query_of(b)->ticket);
}

static enum gc_code emit(void *ctx, const struct gc_sample *sample) {
  struct query_block *q = ctx;
  return gc_tap_emit(q->ticket, q->base.host, sample);
}

static bool wait_for(void *ctx, uint32_t most_ms) {
  struct query_block *q = ctx;
  return gc_tap_wait(q->ticket, most_ms);
}

static void look(struct gc_block *b) {
  struct departure_way way = {.emit = emit, .wait = wait_for, .ctx = b};
  block_read(query_of(b)->work, &way, LEAVE_MOST_MS);
}

/* What is in flight arrives, so that the next start repeats nothing. */
static void last_look(struct gc_block *b) {
  struct departure_way way = {.emit = emit, .wait = wait_for, .ctx = b};
  block_finish(query_of(b)->work, &way, LAST_MOST_MS);
}

static void put_state(struct gc_block *b, uint32_t interval_ms,
                      const struct gc_samples *out) {
  block_read_state(query_of(b)->work, b->instance, interval_ms, out);
}

static struct block_settings settings_of(const struct gc_block *b) {
  const struct query_options *o = b->options;
  return (struct block_settings){
      .name = b->name,
      .account = o->account,
      .query = {.source = (enum query_source)o->source,
                .metrics = o->metrics.at,
                .metric_count = o->metrics.count,
                .group_by = o->group_by.at,
                .group_count = o->group_by.count,
                .granularity = o->granularity,
                .period_ms = o->period_ms},
      .rule = {.period_ms = o->period_ms,
               .settle_ms = (int64_t)o->settle_s * 1000,
               .backfill_ms = o->backfill_ms,
               .revisit = o->revisit},
      .selectors = o->queues.at,
      .selector_count = o->queues.count,
      .label = (enum query_label)o->label,
      .counters = o->counters,
      .max_series = o->max_series,
  };
}

static enum gc_code start(struct gc_block *b, struct gc_err *err) {
  const struct query_options *o = b->options;
  struct query_block *q = query_of(b);
  struct block_settings settings = settings_of(b);
  GC_TRY(gc_block_use_account(b, o->account, err));
  struct gc_account *a = b->account;
  struct block_site site = {.loop = gc_account_loop(a),
                            .edge = gc_account_edge(a),
                            .api = gc_account_api(a),
                            .names = gc_account_names(a),
                            .store = gc_account_store(a),
                            .requests_per_minute =
                                gc_account_requests_per_minute(a)};
  q->ticket = gc_tap_ticket_new();
  if (q->ticket != NULL)
    q->work = block_new(&settings, &site, gc_block_notice, b);
  if (q->work == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  block_start(q->work);
  return GC_OK;
}

static const struct gc_block_class query_class = {
    .prefix = "query",
    .rows = query_rows,
    .size = sizeof(struct query_block),
    .check = check,
    .start = start,
    .look = look,
    .state = put_state,
    .last_look = last_look,
    .clear = clear};

static enum gc_code read_query(const char *name, void *options,
                               struct gc_err *err) {
  return gc_plugin_add(&plugin, &query_class, name, options, err);
}

static const struct gc_block_kind kinds[] = {
    {.key = "Query",
     .rows = query_rows,
     .size = sizeof(struct query_options),
     .help = "Metrics of one account, interval by interval.",
     .named = true,
     .read = read_query},
    {.key = NULL},
};

static struct gc_plugin plugin = {.name = "genesys_analytics", .kinds = kinds};

static int on_config(oconfig_item_t *ci) {
  return gc_plugin_config(&plugin, ci);
}

static int on_init(void) {
  gc_plugin_start(&plugin);
  return 0;
}

static int on_shutdown(void) {
  gc_plugin_stop(&plugin);
  return 0;
}

GC_API void module_register(void);
void module_register(void) {
  if (!gc_plugin_open(&plugin))
    return;
  plugin_register_complex_config(plugin.name, on_config);
  plugin_register_init(plugin.name, on_init);
  plugin_register_shutdown(plugin.name, on_shutdown);
}
