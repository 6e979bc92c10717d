/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_analytics": aggregates by interval. Wiring only:
 * options.c reads the configuration, common/analytics sends queries and values.
 */
#include "plugin.h"
#include "collectd.h"

#include "common/daemon/analytics_block.h"
#include "plugins/genesys_analytics/options.h"

static struct gc_plugin plugin;

/* One <Query> block. */
struct query_block {
  struct gc_block base;
  struct gc_analytics_block query;
};

static struct gc_analytics_block *query_of(struct gc_block *b) {
  return &((struct query_block *)b)->query;
}

static enum gc_code check_block(struct gc_block *b, struct gc_err *warning,
                                struct gc_err *err) {
  struct query_options *o = b->options;
  GC_TRY(query_check(o, err));
  gc_analytics_options_warn(&o->query, warning);
  return gc_analytics_block_claim(query_of(b), b, o->account, &o->query, false,
                                  err);
}

static enum gc_code start_block(struct gc_block *b, struct gc_err *err) {
  const struct query_options *o = b->options;
  GC_TRY(gc_block_use_account(b, o->account, err));
  return gc_analytics_block_start(query_of(b), b, o->account, &o->query, err);
}

static void read_new(struct gc_block *b) {
  gc_analytics_block_read(query_of(b));
}

static void read_last(struct gc_block *b) {
  gc_analytics_block_finish(query_of(b));
}

static void read_state(struct gc_block *b, uint32_t interval_ms,
                       const struct gc_samples *out) {
  gc_analytics_block_read_state(query_of(b), interval_ms, out);
}

static void clear_block(struct gc_block *b) {
  gc_analytics_block_clear(query_of(b));
}

/* ---- a trial ---- */

static const char *prepare_trial(struct gc_block *b) {
  struct query_options *o = b->options;
  gc_analytics_block_prepare(&o->query);
  return NULL;
}

static unsigned trial_sources(struct gc_block *b) {
  (void)b;
  return 1;
}

static void report_trial(struct gc_block *b,
                         void (*note)(void *ctx, const char *text), void *ctx) {
  const struct query_options *o = b->options;
  gc_analytics_block_report(&o->query, note, ctx);
}

static const struct gc_block_trial query_trial = {
    .prepare = prepare_trial, .sources = trial_sources, .report = report_trial};

static const struct gc_block_class query_class = {
    .prefix = "query",
    .rows = query_rows,
    .size = sizeof(struct query_block),
    .check = check_block,
    .start = start_block,
    .read_new = read_new,
    .read_state = read_state,
    .read_last = read_last,
    .clear = clear_block,
    .trial = &query_trial};

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

GC_API void module_register(void);
void module_register(void) { gc_plugin_register(&plugin); }
