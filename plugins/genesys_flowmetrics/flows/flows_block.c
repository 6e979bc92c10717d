/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/flows_block.h"

#include "common/daemon/analytics_block.h"
#include "common/daemon/emit.h"
#include "common/net/account.h"
#include "plugins/genesys_flowmetrics/flows/flows_options.h"
#include "plugins/genesys_flowmetrics/flows/observations.h"

struct flows_block {
  struct gc_block base;
  struct gc_analytics_block query;
  struct flow_observations *observations; /* NULL: no Observations */
};

static struct flows_block *flows_of(struct gc_block *b) {
  return (struct flows_block *)b;
}

static enum gc_code check_block(struct gc_block *b, struct gc_err *warning,
                                struct gc_err *err) {
  struct flows_options *o = b->options;
  (void)warning;
  GC_TRY(flows_check(o, err));
  return gc_analytics_block_claim(&flows_of(b)->query, b, o->account, &o->query,
                                  o->observations != FLOW_OFF, err);
}

static void start_observations(struct gc_block *b) {
  struct flow_observations_deps deps = {.loop = gc_account_loop(b->account),
                                        .phase = gc_block_phase(b),
                                        .env = gc_account_env(b->account),
                                        .api = gc_account_api(b->account),
                                        .names = gc_account_names(b->account),
                                        .lease = gc_account_lease(b->account),
                                        .inform = gc_block_inform};
  flows_of(b)->observations =
      flow_observations_new(b->options, &deps, gc_block_notice, b);
  flow_observations_start(flows_of(b)->observations);
}

static enum gc_code start_block(struct gc_block *b, struct gc_err *err) {
  const struct flows_options *o = b->options;
  GC_TRY(gc_block_use_account(b, o->account, err));
  GC_TRY(gc_analytics_block_start(&flows_of(b)->query, b, o->account, &o->query,
                                  err));
  if (o->observations != FLOW_OFF)
    start_observations(b);
  return GC_OK;
}

static void read_new(struct gc_block *b) {
  struct gc_samples out = gc_emit_samples(b->host);
  if (flows_of(b)->observations != NULL)
    flow_observations_read(flows_of(b)->observations, &out);
  gc_analytics_block_read(&flows_of(b)->query);
}

static void read_last(struct gc_block *b) {
  gc_analytics_block_finish(&flows_of(b)->query);
}

static void read_state(struct gc_block *b, uint32_t interval_ms,
                       const struct gc_samples *out) {
  gc_analytics_block_read_state(&flows_of(b)->query, interval_ms, out);
  if (flows_of(b)->observations != NULL)
    flow_observations_read_state(flows_of(b)->observations, b->instance,
                                 interval_ms, out);
}

static void clear_block(struct gc_block *b) {
  flow_observations_free(flows_of(b)->observations);
  gc_analytics_block_clear(&flows_of(b)->query);
}

/* ---- a trial ---- */

static const char *prepare_trial(struct gc_block *b) {
  struct flows_options *o = b->options;
  gc_analytics_block_prepare(&o->query);
  return NULL;
}

static unsigned trial_sources(struct gc_block *b) {
  return flows_of(b)->observations != NULL ? 2 : 1;
}

static void report_trial(struct gc_block *b,
                         const struct gc_block_trial_report *out) {
  const struct flows_options *o = b->options;
  struct flow_observations_cost cost;
  gc_analytics_block_report(&flows_of(b)->query, &o->query, out);
  if (flows_of(b)->observations != NULL &&
      flow_observations_cost(flows_of(b)->observations, &cost))
    out->requests(out->ctx, cost.endpoint, cost.per_minute);
}

static const struct gc_block_trial flows_trial = {
    .prepare = prepare_trial, .sources = trial_sources, .report = report_trial};

const struct gc_block_class flows_class = {.prefix = "flows",
                                           .rows = flows_rows,
                                           .size = sizeof(struct flows_block),
                                           .check = check_block,
                                           .start = start_block,
                                           .read_new = read_new,
                                           .read_state = read_state,
                                           .read_last = read_last,
                                           .clear = clear_block,
                                           .trial = &flows_trial};
