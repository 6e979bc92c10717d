/* SPDX-License-Identifier: MIT */
#include "common/daemon/trial.h"

#include <stdio.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/emit.h"
#include "common/net/account.h"

enum {
  SUBJECT_SIZE = 400,
  STATE_INTERVAL_MS = 1000,
  NAMES_PAGE = 100, /* rows: pageSize of net/name_cache */
};

static const struct gc_trial *trial;
static const struct gc_block *reading; /* the block that emits values now */

/* ---- values ---- */

static void take_value(const value_list_t *vl, const char *parts) {
  trial->value(trial->ctx, reading->plugin->name, reading->instance, vl, parts);
}

/* The progress towards the first answer, by the self-telemetry. */
struct progress {
  unsigned sources; /* reported at all */
  unsigned up;      /* of these */
  unsigned waiting; /* neither an answer nor a failure yet */
  bool has_failed;  /* a query's request failed */
  bool is_empty;    /* no queue or flow is selected */
  bool has_windows; /* the block sends windows; `windows` of them are sent */
  uint64_t windows;
};

static void note_progress(void *ctx, const struct gc_sample *s) {
  struct progress *p = ctx;
  bool is_query = strcmp(s->qualifier, "aggregates") == 0;
  if (s->metric == GC_METRIC_SOURCE_UP) {
    p->sources++;
    p->up += s->values[0].gauge > 0;
    /* A query is down until its first answer. Other sources are not reported at
     * that time. */
    p->waiting += is_query && s->values[0].gauge < 1.0;
  } else if (s->metric == GC_METRIC_QUERY_REQUESTS &&
             strcmp(s->qualifier, "failed") == 0) {
    p->has_failed = s->values[0].derive > 0;
  } else if (s->metric == GC_METRIC_WINDOWS &&
             strcmp(s->qualifier, "done") == 0) {
    p->has_windows = true;
    p->windows = (uint64_t)s->values[0].derive;
  } else if ((s->metric == GC_METRIC_QUEUES || s->metric == GC_METRIC_FLOWS) &&
             strcmp(s->qualifier, "matched") == 0) {
    p->is_empty = s->values[0].gauge < 1.0;
  }
}

/* True if the account could not get a token: no answer will come. */
static bool lacks_token(const struct gc_block *b) {
  const char *account = gc_block_account(b);
  struct gc_account_stats stats;
  return account != NULL && gc_account_stats(account, &stats) &&
         stats.auth.failed > 0 && stats.auth.life_ms == 0;
}

/* True while a block waits for its first answers. */
static bool is_waiting(struct gc_block *b) {
  struct progress p = {0};
  const struct gc_samples sink = {.put = note_progress, .ctx = &p};
  b->is->read_state(b, STATE_INTERVAL_MS, &sink);
  unsigned sources = b->is->trial->sources(b);
  if (!b->has_answered && sources > 0 && p.up >= sources) {
    b->has_answered = true;
    trial->answered(trial->ctx, b->plugin->name, b->instance);
  }
  if (p.is_empty || p.has_failed || lacks_token(b))
    return false;
  if (p.sources < sources)
    return true;
  return p.waiting > 0 || (p.has_windows && p.windows == 0);
}

static void read_block(void *ctx, struct gc_block *b) {
  size_t *waiting = ctx;
  if (!b->runs)
    return;
  /* The state is read before the values, so that the values of an answer that
   * the state counts are read too. */
  bool waits = is_waiting(b);
  reading = b;
  b->is->read_new(b);
  *waiting += waits;
}

size_t gc_trial_read(void) {
  size_t waiting = 0;
  gc_plugins_each(read_block, &waiting);
  return waiting;
}

static void read_block_state(void *ctx, struct gc_block *b) {
  struct gc_samples out = gc_emit_samples(b->host);
  (void)ctx;
  reading = b;
  if (b->runs)
    b->is->read_state(b, (uint32_t)CDTIME_T_TO_MS(plugin_get_interval()), &out);
}

void gc_trial_read_state(void) { gc_plugins_each(read_block_state, NULL); }

/* ---- the start ---- */

static void start_block(void *ctx, struct gc_block *b) {
  const struct gc_block_trial *t = b->is->trial;
  char subject[SUBJECT_SIZE];
  (void)ctx;
  if (t == NULL)
    return;
  snprintf(subject, sizeof(subject), "%s <%s \"%s\">", b->plugin->name,
           gc_block_kind_name(b), b->name);
  const char *why = t->prepare(b);
  if (why != NULL)
    trial->left_out(trial->ctx, b->plugin->name, b->instance, subject, why);
  else
    gc_plugin_try(b);
  if (b->runs)
    trial->tried(trial->ctx, b->plugin->name, b->instance, subject);
}

void gc_trial_begin(const struct gc_trial *t) {
  trial = t;
  gc_emit_divert(take_value);
  gc_accounts_keep_nothing();
  gc_plugins_each(start_block, NULL);
}

/* ---- the report ---- */

static void put_requests(void *ctx, enum gc_endpoint_id endpoint,
                         double per_minute) {
  const struct gc_block *b = ctx;
  const char *account = gc_block_account(b);
  trial->requests(trial->ctx, b->plugin->name, b->instance,
                  account != NULL ? account : "",
                  gc_endpoint(endpoint)->function, per_minute);
}

static void put_note(void *ctx, const char *text) {
  const struct gc_block *b = ctx;
  trial->note(trial->ctx, b->plugin->name, b->instance, text);
}

static void report_block(void *ctx, struct gc_block *b) {
  const struct gc_block_trial_report out = {
      .requests = put_requests, .note = put_note, .ctx = b};
  (void)ctx;
  if (b->runs && b->is->trial->report != NULL)
    b->is->trial->report(b, &out);
}

/* Reports one list of names, which is read page by page. */
static void report_names(const char *account, enum gc_name_kind kind,
                         const struct gc_account_stats *stats) {
  uint32_t period_ms;
  enum gc_endpoint_id endpoint = gc_name_kind_endpoint(kind, &period_ms);
  size_t rows = stats->names[kind];
  size_t pages = rows > 0 ? (rows + NAMES_PAGE - 1) / NAMES_PAGE : 1;
  if (stats->names_read[kind])
    trial->requests(trial->ctx, "", "", account,
                    gc_endpoint(endpoint)->function,
                    (double)pages * 60000.0 / period_ms);
}

static void report_account(void *ctx, const char *account, const char *host) {
  struct gc_account_stats stats;
  struct gc_err err;
  (void)ctx, (void)host;
  if (!gc_account_stats(account, &stats))
    return; /* no block uses it */
  struct gc_account *a = gc_account_get(account, &err);
  if (a == NULL)
    return;
  trial->budget(trial->ctx, account, gc_account_requests_per_minute(a));
  gc_account_put(a);
  for (int k = 0; k < GC_NAME_KIND_COUNT; k++)
    report_names(account, (enum gc_name_kind)k, &stats);
}

void gc_trial_report(void) {
  gc_plugins_each(report_block, NULL);
  gc_accounts_each(report_account, NULL);
}
