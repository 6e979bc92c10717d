/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_flowmetrics": metrics that flows set themselves, and
 * metrics of flows that the platform counts. Wiring only: options.c reads the
 * configuration, sources/ receive events, ledger/ counts them, samples.c makes
 * values; common/analytics and flows/ run <Flows>. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/analytics_block.h"
#include "common/daemon/emit.h"
#include "common/daemon/health.h"
#include "common/daemon/log.h"
#include "common/daemon/plugin_base.h"
#include "common/daemon/write_tracker.h"
#include "common/health/entity.h"
#include "common/net/account.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/flows/observations.h"
#include "plugins/genesys_flowmetrics/options.h"
#include "plugins/genesys_flowmetrics/samples.h"

enum { LAST_MS = 1000 };

static struct gc_plugin plugin;
static struct ledger *ledger; /* shared by all <Attributes> blocks */
static bool ledger_runs;
static struct gc_write_ticket *ticket;
static uint32_t interval_ms;

/* An <Attributes> block. Its source and the ledger use it until ledger_stop. */
struct attributes {
  struct attributes_block block; /* first; its options are attributes_options */
  char host[DATA_MAX_NAME_LEN];  /* of its values; "": collectd's */
  struct ledger_source source;
  struct stats stats;
  struct sqs *sqs; /* one of the three runs */
  struct webhook *webhook;
  struct notifications *notifications;
};

static struct attributes *attributes_of(struct gc_block *b) {
  return (struct attributes *)b;
}

/* ---- the sources ---- */

static enum gc_code start_sqs(struct attributes *a, struct gc_err *err) {
  const struct attributes_options *o = a->block.base.options;
  a->sqs = sqs_start(&o->sqs, &a->source, err);
  return a->sqs != NULL ? GC_OK : err->code;
}

static enum gc_code start_webhook(struct attributes *a, struct gc_err *err) {
  const struct attributes_options *o = a->block.base.options;
  (void)err;
  a->webhook = webhook_start(&o->webhook, &a->source);
  return GC_OK;
}

static enum gc_code start_notifications(struct attributes *a,
                                        struct gc_err *err) {
  struct gc_block *b = &a->block.base;
  const struct attributes_options *o = b->options;
  GC_TRY(gc_block_use_account(b, o->account, err));
  const struct gc_account_parts *parts = gc_account_parts(b->account);
  const struct notifications_deps deps = {.loop = parts->loop,
                                          .env = parts->env,
                                          .channels = parts->channels,
                                          .names = parts->names,
                                          .api = parts->api};
  a->notifications = notifications_start(&deps, &a->source);
  return GC_OK;
}

static const struct {
  const char *word;
  enum samples_of samples;
  enum gc_code (*start)(struct attributes *a, struct gc_err *err);
} sources[] = {
    [FROM_SQS] = {"sqs", SAMPLES_SQS, start_sqs},
    [FROM_WEBHOOK] = {"webhook", SAMPLES_WEB, start_webhook},
    [FROM_NOTIFICATIONS] = {"notifications", SAMPLES_STREAM,
                            start_notifications},
};

/* Ends the source's threads at once. The ledger may still hold batches. */
static void stop_source(struct attributes *a) {
  sqs_stop(a->sqs);
  webhook_stop(a->webhook);
  notifications_stop(a->notifications);
}

/* ---- an <Attributes> block ---- */

static enum gc_code check_block(struct gc_block *b, struct gc_err *warning,
                                struct gc_err *err) {
  struct attributes_config *config = &attributes_of(b)->block.config;
  (void)warning; /* there may be several */
  GC_TRY(attributes_check_name(b->options, b->name, err));
  for (const struct gc_block *o = plugin.blocks; o != NULL; o = o->next)
    if (o->is == b->is)
      GC_TRY(attributes_check_state(b->options, o->options, o->name, err));
  GC_TRY(attributes_check(b->options, config, err));
  for (size_t i = 0; i < config->warning_count; i++)
    gc_log_line(plugin.log, GC_LOG_WARNING, "<Attributes \"%s\">: %s", b->name,
                config->warnings[i].text);
  return GC_OK;
}

/* Refuses a state of its own for a block whose account has a lease: each agent
 * would have counts of its own. */
static enum gc_code check_lease(const struct gc_block *b, struct gc_err *err) {
  const struct attributes_options *o = b->options;
  if (o->account == NULL || o->state_url != NULL ||
      gc_lease_gate_of_account(o->account) == NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG,
                 "the LeaseURL of <Account \"%.60s\"> needs a StateURL, the "
                 "same on all agents: without it each agent has counts of its "
                 "own, and the counters jump when the holder changes",
                 o->account);
}

static void clear_block(struct gc_block *b) {
  struct attributes *a = attributes_of(b);
  sqs_free(a->sqs);
  webhook_free(a->webhook);
  notifications_free(a->notifications);
  attributes_config_clear(&a->block.config);
}

static void read_state(struct gc_block *base, uint32_t interval,
                       const struct gc_samples *out) {
  struct attributes *a = attributes_of(base);
  const struct attributes_options *o = base->options;
  struct samples_block b = {
      .instance = base->instance,
      .source = sources[o->source].word,
      .of = sources[o->source].samples,
      .now_ms = gc_clock_now_ms(),
      .commit_s = ledger_commit_s(ledger),
      .state = ledger_is_shared(ledger) ? "redis" : "sqlite",
      .is_state_up = ledger_is_healthy(ledger),
      .is_standby = gc_lease_gate_term(a->source.lease) == 0,
      .interval_ms = interval,
  };
  b.series = ledger_count(ledger, a->host, &b.renamed);
  if (a->notifications != NULL)
    notifications_state(a->notifications, &b.stream);
  samples_state(&b, &a->stats, out);
  if (a->webhook != NULL)
    webhook_put_certificate(
        a->webhook, &(struct gc_sample_writer){.out = out,
                                               .instance = b.instance,
                                               .interval_ms = interval});
}

/* ---- the start of a block ---- */

struct lookup {
  const char *account;
  char *host;
  bool found;
};

static void find_host(void *ctx, const char *account, const char *host) {
  struct lookup *l = ctx;
  if (strcmp(account, l->account) != 0)
    return;
  l->found = true;
  if (host != NULL)
    snprintf(l->host, DATA_MAX_NAME_LEN, "%s", host);
}

/* Returns true if the host of the block's values is known, and writes it to the
 * block. For sqs and webhook an account only provides its host; the account's
 * thread does not start. */
static bool has_host(struct gc_block *base) {
  const struct attributes_options *o = base->options;
  struct lookup lookup = {o->account, attributes_of(base)->host,
                          o->account == NULL};
  if (o->account != NULL)
    gc_accounts_each(find_host, &lookup);
  return lookup.found;
}

static const char *shown_host(const struct gc_block *b) {
  const char *host = attributes_of((struct gc_block *)b)->host;
  return host[0] != '\0' ? host : hostname_g;
}

/* Gives a block the scope of the first block in the file that has the same
 * host. The blocks of one host count together, so that each series has one
 * writer. This includes a block with collectd's own host and a block whose
 * account has the same host. */
static void share_scope(struct gc_block *base) {
  const struct gc_block *first = base;
  for (struct gc_block *o = base->next; o != NULL; o = o->next)
    if (o->is == base->is && check_lease(o, NULL) == GC_OK && has_host(o) &&
        strcmp(shown_host(o), shown_host(base)) == 0)
      first = o;
  if (first != base)
    memcpy(attributes_of(base)->host,
           attributes_of((struct gc_block *)first)->host, DATA_MAX_NAME_LEN);
}

static enum gc_code start_block(struct gc_block *base, struct gc_err *err) {
  struct attributes *a = attributes_of(base);
  const struct attributes_options *o = base->options;
  if (!ledger_runs)
    return gc_fail(err, GC_ERR_STATE,
                   "the counters cannot be stored; see the ERROR before");
  if (!has_host(base))
    return gc_fail(err, GC_ERR_CONFIG, "no <Account \"%.60s\"> is defined",
                   o->account);
  share_scope(base);
  a->stats.lag_ms = -1;
  a->source = (struct ledger_source){
      .ledger = ledger,
      .form = &a->block.config.form,
      .scope = a->host,
      .retention_ms = a->block.config.retention_ms,
      .max_series = o->max_series,
      .values = o->values,
      .flows = {o->flows.at, o->flows.count},
      .metrics = {o->metrics.at, o->metrics.count},
      .lease = gc_lease_gate_of_host(a->host),
      .notice = gc_block_notice,
      .ctx = base,
      .stats = &a->stats,
      .is_shared = ledger_is_shared(ledger),
      .identity = ledger_identity(ledger, a->host, base->name)};
  base->host = a->host;
  gc_health_set_account(base->health,
                        o->source == FROM_NOTIFICATIONS ? o->account : NULL,
                        gc_emit_state_host(a->host));
  return sources[o->source].start(a, err);
}

static const char *refuse_trial(struct gc_block *b) {
  (void)b;
  return "its counters come from events, which the agent alone may receive; "
         "genesys-probe --events shows what recorded events would count";
}

static const struct gc_block_trial attributes_trial = {.prepare = refuse_trial};

static const struct gc_block_class attributes_class = {
    .prefix = "attributes",
    .rows = attributes_rows,
    .size = sizeof(struct attributes),
    .check = check_block,
    .check_account = check_lease,
    .start = start_block,
    .read_state = read_state,
    .clear = clear_block,
    .trial = &attributes_trial};

/* Returns the first <Attributes> block from `b` on, without those that
 * check_lease refuses, which take part in nothing; NULL: there is none. Call it
 * after the configuration. */
static struct gc_block *next_attributes(struct gc_block *b) {
  while (b != NULL &&
         (b->is != &attributes_class || check_lease(b, NULL) != GC_OK))
    b = b->next;
  return b;
}

/* ---- a <Flows> block ---- */

struct flows_block {
  struct gc_block base;
  struct gc_analytics_block query;
  struct flow_observations *observations; /* NULL: no Observations */
};

static struct flows_block *flows_of(struct gc_block *b) {
  return (struct flows_block *)b;
}

static enum gc_code check_flows(struct gc_block *b, struct gc_err *warning,
                                struct gc_err *err) {
  struct flows_options *o = b->options;
  (void)warning;
  GC_TRY(gc_analytics_options_check(&o->query, GC_QUERY_FLOWS, err));
  return gc_analytics_block_claim(&flows_of(b)->query, b, o->account, &o->query,
                                  o->observations != FLOW_OFF, err);
}

static void start_observations(struct gc_block *b) {
  const struct gc_account_parts *parts = gc_account_parts(b->account);
  struct flow_observations_deps deps = {.loop = parts->loop,
                                        .phase = gc_block_phase(b),
                                        .env = parts->env,
                                        .api = parts->api,
                                        .requests = &b->requests,
                                        .names = parts->names,
                                        .lease = parts->lease,
                                        .inform = gc_block_inform,
                                        .plan = gc_block_plan};
  flows_of(b)->observations =
      flow_observations_new(b->options, &deps, gc_block_notice, b);
  flow_observations_start(flows_of(b)->observations);
}

static enum gc_code start_flows(struct gc_block *b, struct gc_err *err) {
  const struct flows_options *o = b->options;
  GC_TRY(gc_block_use_account(b, o->account, err));
  GC_TRY(gc_analytics_block_start(&flows_of(b)->query, b, o->account, &o->query,
                                  err));
  if (o->observations != FLOW_OFF)
    start_observations(b);
  return GC_OK;
}

static void read_new_flows(struct gc_block *b) {
  struct gc_samples out = gc_emit_samples(b->host);
  if (flows_of(b)->observations != NULL)
    flow_observations_read(flows_of(b)->observations, &out);
  gc_analytics_block_read(&flows_of(b)->query);
}

static void read_last_flows(struct gc_block *b) {
  gc_analytics_block_finish(&flows_of(b)->query);
}

static void read_flows_state(struct gc_block *b, uint32_t interval,
                             const struct gc_samples *out) {
  gc_analytics_block_read_state(&flows_of(b)->query, interval, out);
  if (flows_of(b)->observations != NULL)
    flow_observations_read_state(flows_of(b)->observations, b->instance,
                                 interval, out);
}

static void clear_flows(struct gc_block *b) {
  flow_observations_free(flows_of(b)->observations);
  gc_analytics_block_clear(&flows_of(b)->query);
}

static const char *prepare_trial(struct gc_block *b) {
  struct flows_options *o = b->options;
  gc_analytics_block_prepare(&o->query);
  return NULL;
}

static unsigned trial_sources(struct gc_block *b) {
  return flows_of(b)->observations != NULL ? 2 : 1;
}

static void report_trial(struct gc_block *b,
                         void (*note)(void *ctx, const char *text), void *ctx) {
  const struct flows_options *o = b->options;
  gc_analytics_block_report(&o->query, note, ctx);
}

static const struct gc_block_trial flows_trial = {
    .prepare = prepare_trial, .sources = trial_sources, .report = report_trial};

static const struct gc_block_class flows_class = {
    .prefix = "flows",
    .rows = flows_rows,
    .size = sizeof(struct flows_block),
    .check = check_flows,
    .start = start_flows,
    .read_new = read_new_flows,
    .read_state = read_flows_state,
    .read_last = read_last_flows,
    .clear = clear_flows,
    .trial = &flows_trial};

/* ---- the configuration ---- */

static enum gc_code read_attributes(const char *name, void *options,
                                    struct gc_err *err) {
  return gc_plugin_add(&plugin, &attributes_class, name, options, err);
}

static enum gc_code read_flows(const char *name, void *options,
                               struct gc_err *err) {
  return gc_plugin_add(&plugin, &flows_class, name, options, err);
}

static const struct gc_block_kind kinds[] = {
    {.key = "Attributes",
     .rows = attributes_rows,
     .size = sizeof(struct attributes_options),
     .help = "One source of events with participant attributes.",
     .named = true,
     .read = read_attributes},
    {.key = "Flows",
     .rows = flows_rows,
     .size = sizeof(struct flows_options),
     .help = "Observations and aggregates of the flows of one account.",
     .named = true,
     .read = read_flows},
    {.key = NULL},
};

static int on_init(void);
static int on_shutdown(void);

static struct gc_plugin plugin = {.name = "genesys_flowmetrics",
                                  .kinds = kinds,
                                  .init = on_init,
                                  .shutdown = on_shutdown};

/* ---- the ledger, one for all blocks ---- */

/* Logs the outcome of the ledger's work and notes it for /health. Runs on the
 * ledger's thread and on a read thread. */
static void on_ledger_notice(void *ctx, const char *cause,
                             const struct gc_err *err) {
  (void)ctx;
  if (gc_health_is_information(cause, err->code)) {
    gc_log_line(plugin.log, GC_LOG_INFO, "%s: %s", cause, err->text);
    return;
  }
  for (struct gc_block *b = next_attributes(plugin.blocks); b != NULL;
       b = next_attributes(b->next))
    gc_health_note(b->health, cause, err);
  gc_log_failure(plugin.log, cause, err);
}

/* Dispatches a value. Leaves out the counts that a file has of a host from the
 * time before its account got a lease (check_lease): they are this agent's own.
 */
static bool put_tracked(void *ctx, const char *scope,
                        const struct gc_sample *sample) {
  (void)ctx;
  if (!ledger_is_shared(ledger) && gc_lease_gate_of_host(scope) != NULL)
    return false;
  return gc_write_tracker_emit(ticket, scope, sample) == GC_OK;
}

static int on_read(user_data_t *ud) {
  struct gc_err err = {.code = GC_OK};
  (void)ud;
  if (ledger_hangs(ledger, &err))
    on_ledger_notice(NULL, "state", &err);
  samples_flow(ledger, gc_clock_now_ms(), interval_ms, put_tracked, NULL);
  return 0;
}

/* Dispatches all counts that are not dispatched yet. Runs as free_func of the
 * read callback, the last moment when values still reach the writers. */
static void on_last_read(void *unused) {
  (void)unused;
  gc_clock_begin_stop();
  for (struct gc_block *b = next_attributes(plugin.blocks); b != NULL;
       b = next_attributes(b->next))
    if (b->runs)
      stop_source(attributes_of(b));
  (void)ledger_stop(ledger);
  samples_flow(ledger, gc_clock_now_ms(), interval_ms, put_tracked, NULL);
  (void)gc_write_tracker_wait(ticket, LAST_MS);
}

static const char *state_dir(void) {
  static char path[4096];
  const char *dir = gc_accounts_state_dir();
  const char *base = global_option_get("BaseDir");
  if (dir != NULL)
    return dir;
  snprintf(path, sizeof(path), "%s/genesys", base != NULL ? base : ".");
  return path;
}

/* Passes the host, name and lease of each block to the ledger. In a shared
 * state an agent finds its counts under host and name. */
static void identify_blocks(void) {
  for (struct gc_block *b = next_attributes(plugin.blocks); b != NULL;
       b = next_attributes(b->next)) {
    if (!has_host(b))
      continue;
    share_scope(b);
    const char *scope = attributes_of(b)->host;
    const struct ledger_identity of = {.scope = scope,
                                       .host = shown_host(b),
                                       .block = b->name,
                                       .lease = gc_lease_gate_of_host(scope)};
    ledger_identify(ledger, &of);
  }
}

static enum gc_code start_ledger(struct gc_err *err) {
  struct ledger_options options = {.folder = state_dir(),
                                   .wall_ms = gc_clock_wall_ms,
                                   .stop_max_ms = LEDGER_STOP_MIN_MS,
                                   .notice = on_ledger_notice};
  for (struct gc_block *b = next_attributes(plugin.blocks); b != NULL;
       b = next_attributes(b->next)) {
    const struct attributes_config *config = &attributes_of(b)->block.config;
    if (config->retention_ms > options.retention_ms)
      options.retention_ms = config->retention_ms;
    if (config->is_shared)
      options.redis = &config->redis;
  }
  ticket = gc_write_ticket_new();
  ledger = ledger_new(&options, err);
  if (ledger == NULL)
    return err->code;
  identify_blocks();
  return ledger_start(ledger, err);
}

/* ---- collectd's callbacks ---- */

static int on_init(void) {
  user_data_t ud = {.data = &plugin, .free_func = on_last_read};
  struct gc_err err = {.code = GC_OK};
  bool is_first = ledger == NULL && next_attributes(plugin.blocks) != NULL;
  interval_ms = (uint32_t)CDTIME_T_TO_MS(plugin_get_interval());
  if (is_first) {
    ledger_runs = start_ledger(&err) == GC_OK;
    if (!ledger_runs)
      gc_log_line(plugin.log, GC_LOG_ERROR, "%s", err.text);
  }
  gc_plugin_start(&plugin);
  if (!is_first || !ledger_runs)
    return 0;
  plugin_register_complex_read(plugin.name, "genesys_flowmetrics/ledger",
                               on_read, MS_TO_CDTIME_T(GC_BLOCK_READ_MS), &ud);
  return 0;
}

/* Takes the <Attributes> blocks off the list, so that they are not freed: the
 * ledger's writer hangs and has batches of them. */
static void leave_blocks(void) {
  struct gc_block **at = &plugin.blocks;
  while (*at != NULL)
    if ((*at)->is == &attributes_class)
      *at = (*at)->next;
    else
      at = &(*at)->next;
}

static int on_shutdown(void) {
  bool has_ended = ledger_stop(ledger);
  if (!has_ended)
    leave_blocks();
  gc_plugin_stop(&plugin);
  ledger_free(gc_steal(ledger));
  ledger_runs = false;
  gc_write_ticket_free(gc_steal(ticket));
  return 0;
}

GC_API void module_register(void);
void module_register(void) { gc_plugin_register(&plugin); }
