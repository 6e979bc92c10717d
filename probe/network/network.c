/* SPDX-License-Identifier: MIT */
#include "probe/network/network.h"

#include <stdio.h>
#include <string.h>

#include "common/net/clock.h"
#include "plugins/genesys_analytics/options.h"
#include "plugins/genesys_flowmetrics/flows/flows_options.h"
#include "plugins/genesys_flowmetrics/options.h"
#include "plugins/genesys_realtime/options.h"
#include "probe/network/accounts.h"
#include "probe/network/attributes.h"
#include "probe/network/influxdb.h"
#include "probe/network/queries.h"
#include "probe/network/queues.h"

struct probe_run {
  struct probe_reporter reporter;
  struct probe_account accounts[GC_ACCOUNTS_MAX];
  size_t count;
};

static void check_account(void *ctx, const char *name, const char *host) {
  struct probe_run *run = ctx;
  (void)host;
  run->accounts[run->count++] = (struct probe_account){
      .name = name, .account = probe_account_check(&run->reporter, name)};
}

/* ---- blocks ---- */

#define ACCOUNT_OF(owner)                                                      \
  static const char *account_of_##owner(const void *options) {                 \
    return ((const struct owner *)options)->account;                           \
  }
ACCOUNT_OF(queues_options)
ACCOUNT_OF(query_options)
ACCOUNT_OF(flows_options)
ACCOUNT_OF(attributes_options)

/* The kinds of blocks, by plugin and prefix. */
static const struct {
  const char *plugin, *prefix, *word;
  const char *(*account)(const void *options); /* NULL: it needs none */
  void (*check)(const struct probe_place *p);
} kinds[] = {
    {"genesys_realtime", "queues", "Queues", account_of_queues_options,
     probe_queues_check},
    {"genesys_analytics", "query", "Query", account_of_query_options,
     probe_query_check},
    {"genesys_flowmetrics", "attributes", "Attributes",
     account_of_attributes_options, probe_attributes_check},
    {"genesys_influxdb", "node", "Node", NULL, probe_influxdb_check},
    {"genesys_flowmetrics", "flows", "Flows", account_of_flows_options,
     probe_flows_check},
};

static struct probe_account *find_account(struct probe_run *run,
                                          const char *name) {
  for (size_t i = 0; name != NULL && i < run->count; i++)
    if (strcmp(run->accounts[i].name, name) == 0)
      return &run->accounts[i];
  return NULL;
}

static void check_block(struct probe_run *run, const struct gc_block *b) {
  struct probe_place p = {.reporter = &run->reporter, .block = b};
  for (size_t i = 0; i < GC_COUNT(kinds); i++) {
    if (strcmp(kinds[i].plugin, b->plugin->name) != 0 ||
        strcmp(kinds[i].prefix, b->is->prefix) != 0)
      continue;
    snprintf(p.subject, sizeof(p.subject), "%s <%s \"%.200s\">",
             b->plugin->name, kinds[i].word, b->name);
    if (kinds[i].account != NULL)
      p.state = find_account(run, kinds[i].account(b->options));
    p.account = p.state != NULL ? p.state->account : NULL;
    kinds[i].check(&p);
  }
}

/* Checks the blocks in the order of the file; the list has the newest first. */
static void check_from_oldest(struct probe_run *run, const struct gc_block *b) {
  if (b == NULL)
    return;
  check_from_oldest(run, b->next);
  check_block(run, b);
}

GC_API void probe_network_run(probe_say *say) {
  static struct probe_run run; /* too large for a stack */
  run.reporter = (struct probe_reporter){
      .say = say, .end_ms = gc_clock_now_ms() + PROBE_NETWORK_LIMIT_MS};
  probe_hold_prepare();
  probe_accounts_prepare();
  gc_accounts_each(check_account, &run);
  for (const struct gc_plugin *p = gc_plugins_first(); p != NULL; p = p->next)
    check_from_oldest(&run, p->blocks);
  probe_accounts_finish();
}
