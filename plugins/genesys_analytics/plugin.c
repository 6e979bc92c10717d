/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_analytics": what happened, interval by interval. Wiring
 * only: options.c reads the configuration, block.c asks, departure.c brings
 * out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/complain.h"
#include "common/daemon/emit.h"
#include "common/daemon/tap.h"
#include "common/intervals/intervals.h"
#include "common/net/account.h"
#include "plugins/genesys_analytics/options.h"

static const char name[] = "genesys_analytics";

enum {
  LOOK_EVERY_S = 1,    /* for windows that wait to leave */
  LEAVE_MOST_MS = 700, /* of one look */
  LAST_MOST_MS = 1000, /* at the end, for what is in flight */
};

/* One <Query> block. */
struct query_block {
  char instance[DATA_MAX_NAME_LEN]; /* "query-queues", of its self-telemetry */
  char *block;                      /* "queues" */
  struct query_options options;
  struct gc_account *account;
  struct gc_tap_ticket *ticket;
  struct gc_intervals *work;
  struct query_block *next;
};

static struct query_block *all;
static struct gc_complaints *complaints;
static struct gc_config_seen seen;

static void query_free(struct query_block *q) {
  gc_intervals_free(q->work);
  gc_tap_ticket_free(q->ticket);
  gc_account_put(q->account);
  gc_options_clear(query_rows, &q->options);
  free(q->block);
  free(q);
}

static enum gc_code read_block(const char *block, void *settings,
                               struct gc_err *err) {
  struct query_options *o = settings;
  struct query_block *q = calloc(1, sizeof(*q));
  if (q == NULL) {
    gc_options_clear(query_rows, o);
    free(o);
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  q->options = *o;
  free(o);
  q->block = strdup(block);
  snprintf(q->instance, sizeof(q->instance), "query-%s", block);
  enum gc_code code = q->block != NULL
                          ? query_check(&q->options, err)
                          : gc_fail(err, GC_ERR_MEMORY, "out of memory");
  if (code != GC_OK) {
    query_free(q);
    return code;
  }
  q->next = all;
  all = q;
  return GC_OK;
}

static const struct gc_block_kind blocks[] = {
    {.key = "Query",
     .rows = query_rows,
     .size = sizeof(struct query_options),
     .help = "Metrics of one account, interval by interval.",
     .named = true,
     .read = read_block},
    {.key = NULL},
};

static int on_config(oconfig_item_t *ci) {
  const struct gc_config config = {
      .plugin = name, .blocks = blocks, .seen = &seen};
  struct gc_err err;
  if (gc_config_read(&config, ci, &err) == GC_OK)
    return 0;
  ERROR("%s", err.text);
  return -1;
}

/* On any thread. What concerns the whole account the account says. */
static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  const struct query_block *q = ctx;
  char where[DATA_MAX_NAME_LEN + 64];
  if (gc_code_is_shared(err->code))
    return;
  snprintf(where, sizeof(where), "%s, %s", q->instance, cause);
  gc_complain(complaints, where, err);
}

static enum gc_code emit(void *ctx, const struct gc_sample *sample) {
  struct query_block *q = ctx;
  return gc_tap_emit(q->ticket, gc_account_host(q->account), sample);
}

static bool wait_for(void *ctx, uint32_t most_ms) {
  struct query_block *q = ctx;
  return gc_tap_wait(q->ticket, most_ms);
}

static int on_read(user_data_t *ud) {
  struct query_block *q = ud->data;
  struct gc_departure_way way = {.emit = emit, .wait = wait_for, .ctx = q};
  gc_intervals_read(q->work, &way, LEAVE_MOST_MS);
  return 0;
}

/* The daemon ends: read callbacks run no more, write threads still do. What is
 * in flight arrives, so that the next start repeats nothing. */
static void on_end(void *ctx) {
  struct query_block *q = ctx;
  struct gc_departure_way way = {.emit = emit, .wait = wait_for, .ctx = q};
  gc_intervals_finish(q->work, &way, LAST_MOST_MS);
}

static int on_read_state(user_data_t *ud) {
  struct query_block *q = ud->data;
  struct gc_samples out = gc_emit_samples(gc_account_host(q->account));
  gc_intervals_read_state(q->work, q->instance,
                          (uint32_t)CDTIME_T_TO_MS(plugin_get_interval()),
                          &out);
  return 0;
}

static void register_reads(struct query_block *q) {
  char callback[DATA_MAX_NAME_LEN * 2];
  user_data_t ud = {.data = q, .free_func = on_end};
  snprintf(callback, sizeof(callback), "%s/%s", name, q->instance);
  plugin_register_complex_read(name, callback, on_read,
                               TIME_T_TO_CDTIME_T(LOOK_EVERY_S), &ud);
  ud.free_func = NULL;
  snprintf(callback, sizeof(callback), "%s/%s/state", name, q->instance);
  plugin_register_complex_read(name, callback, on_read_state, 0, &ud);
}

static struct gc_intervals_settings settings_of(const struct query_block *q) {
  const struct query_options *o = &q->options;
  return (struct gc_intervals_settings){
      .name = q->block,
      .account = o->account,
      .query = {.source = (enum gc_query_source)o->source,
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
      .label = (enum gc_query_label)o->label,
      .counters = o->counters,
      .max_series = o->max_series,
  };
}

static enum gc_code start(struct query_block *q, struct gc_err *err) {
  struct gc_intervals_settings settings = settings_of(q);
  q->account = gc_account_get(q->options.account, err);
  if (q->account == NULL)
    return err->code;
  struct gc_intervals_site site = {
      .loop = gc_account_loop(q->account),
      .edge = gc_account_edge(q->account),
      .api = gc_account_api(q->account),
      .names = gc_account_names(q->account),
      .store = gc_account_store(q->account),
      .requests_per_minute = gc_account_requests_per_minute(q->account)};
  q->ticket = gc_tap_ticket_new();
  if (q->ticket != NULL)
    q->work = gc_intervals_new(&settings, &site, on_notice, q);
  if (q->work == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  gc_intervals_start(q->work);
  return GC_OK;
}

/* A block that cannot start costs only itself: the others go on, and so does
 * collectd. */
static int on_init(void) {
  struct gc_err err = {.code = GC_OK};
  if (gc_tap_register(&err) != GC_OK)
    gc_say(complaints, GC_SAY_WARNING, "%s", err.text);
  for (struct query_block *q = all; q != NULL; q = q->next) {
    if (q->work != NULL)
      continue;
    if (start(q, &err) == GC_OK)
      register_reads(q);
    else
      gc_say(complaints, GC_SAY_ERROR, "<Query \"%s\">: %s", q->block,
             err.text);
  }
  return 0;
}

static int on_shutdown(void) {
  while (all != NULL) {
    struct query_block *q = all;
    all = q->next;
    query_free(q);
  }
  return 0;
}

GC_API void module_register(void);
void module_register(void) {
  struct gc_err err;
  complaints = gc_complaints_new(name);
  if (complaints == NULL || gc_emit_register(&err) != GC_OK) {
    ERROR("%s: %s", name, complaints == NULL ? "out of memory" : err.text);
    return;
  }
  plugin_register_complex_config(name, on_config);
  plugin_register_init(name, on_init);
  plugin_register_shutdown(name, on_shutdown);
}
