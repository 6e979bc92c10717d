/* SPDX-License-Identifier: MIT */
/* A trial of the configuration: the blocks that it made poll as they always do,
 * and their values become lines in place of value lists in collectd's queue.
 * Nothing is stored: the accounts have no state store. No channel, queue of
 * messages or port is opened: blocks that only count events are left out, and
 * so are all plugins without a gc_block_trial. It runs in the configuration
 * phase, after all sections, on the main thread; the process ends without
 * collectd's other phases. */
#include "probe/findings.h"

#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectd.h"
#include "configfile.h"
#include "plugin.h"
#include "utils/common/common.h"

#include "common/base/alloc.h"
#include "common/daemon/emit.h"
#include "common/daemon/plugin_base.h"
#include "common/daemon/writers.h"
#include "common/genesys/parts.h"
#include "common/net/account.h"
#include "common/net/clock.h"
#include "common/net/detached.h"

enum {
  LINE_SIZE = 8192,
  EVERY_MS = 250,
  STATE_INTERVAL_MS = 1000,
  HOST_SIZE = 256,
  NAME_WAIT_MS = 5000, /* for the resolver */
};

static void (*report_line)(const char *line);
static bool is_state;                  /* the values are self-telemetry */
static const struct gc_block *reading; /* the block that emits values now */

/* ---- lines ---- */

GC_PRINTF(1, 2) static void report(const char *format, ...) {
  char line[LINE_SIZE];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  report_line(line);
}

/* Copies parts with US in place of line ends, which would end the line. */
static void copy_parts(char out[GC_PARTS_SIZE], const char *parts) {
  snprintf(out, GC_PARTS_SIZE, "%s", parts);
  for (char *c = strchr(out, '\n'); c != NULL; c = strchr(c, '\n'))
    *c = '\x1f';
}

static void report_value(const value_list_t *vl, const char *parts) {
  const data_set_t *set = plugin_get_ds(vl->type);
  char numbers[512] = "", copy[GC_PARTS_SIZE];
  int len = 0;
  for (size_t i = 0; set != NULL && i < vl->values_len && i < set->ds_num; i++)
    len += set->ds[i].type == DS_TYPE_DERIVE
               ? snprintf(numbers + len, sizeof(numbers) - (size_t)len,
                          "%s%" PRIi64, i > 0 ? " " : "", vl->values[i].derive)
               : snprintf(numbers + len, sizeof(numbers) - (size_t)len,
                          "%s%.17g", i > 0 ? " " : "", vl->values[i].gauge);
  copy_parts(copy, parts);
  report("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s",
         is_state ? "state" : "value", reading->plugin->name, reading->instance,
         vl->host, vl->plugin_instance, vl->type, vl->type_instance,
         gc_value_time_ns(vl), (uint64_t)CDTIME_T_TO_MS(vl->interval), numbers,
         copy);
}

/* ---- readings ---- */

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

/* True while a block waits for its first answers, or has not sent its first
 * interval. Reports once that all its sources were up at the same time. */
static bool is_waiting(struct gc_block *b) {
  struct progress p = {0};
  const struct gc_samples sink = {.put = note_progress, .ctx = &p};
  b->is->read_state(b, STATE_INTERVAL_MS, &sink);
  unsigned sources = b->is->trial->sources(b);
  if (!b->has_answered && sources > 0 && p.up >= sources) {
    b->has_answered = true;
    report("answered\t%s\t%s", b->plugin->name, b->instance);
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

/* Reads the new values of all blocks. Returns how many blocks still wait. */
static size_t read_values(void) {
  size_t waiting = 0;
  gc_plugins_each(read_block, &waiting);
  return waiting;
}

static void read_block_state(void *ctx, struct gc_block *b) {
  struct gc_samples out = gc_emit_samples(b->host);
  (void)ctx;
  reading = b;
  if (b->runs)
    gc_block_read_state(b, (uint32_t)CDTIME_T_TO_MS(plugin_get_interval()),
                        &out);
}

static void read_state(void) {
  is_state = true;
  gc_plugins_each(read_block_state, NULL);
  is_state = false;
}

/* ---- the start ---- */

/* A block that cannot start is logged, as at a real start. */
static void start_block(void *ctx, struct gc_block *b) {
  const struct gc_block_trial *t = b->is->trial;
  const char *plugin = b->plugin->name, *kind = gc_block_kind_name(b);
  (void)ctx;
  if (t == NULL)
    return;
  const char *why = t->prepare(b);
  if (why != NULL)
    report("left-out\t%s\t%s\t%s <%s \"%s\">\t%s", plugin, b->instance, plugin,
           kind, b->name, why);
  else
    gc_plugin_try(b);
  if (b->runs)
    report("tried\t%s\t%s\t%s <%s \"%s\">", plugin, b->instance, plugin, kind,
           b->name);
}

static void start_blocks(void) {
  gc_emit_divert(report_value);
  gc_accounts_keep_nothing();
  gc_plugins_each(start_block, NULL);
}

/* ---- requests, budgets and notes ---- */

static void put_note(void *ctx, const char *text) {
  const struct gc_block *b = ctx;
  report("note\t%s\t%s\t%s", b->plugin->name, b->instance, text);
}

static void report_block(void *ctx, struct gc_block *b) {
  (void)ctx;
  if (b->runs && b->is->trial->report != NULL)
    b->is->trial->report(b, put_note, b);
}

/* Both names of an account's list of names are "". */
static void put_requests(void *ctx, const struct gc_block *b,
                         enum gc_endpoint_id endpoint, double per_minute) {
  report("requests\t%s\t%s\t%s\t%s\t%.6f", b != NULL ? b->plugin->name : "",
         b != NULL ? b->instance : "", (const char *)ctx,
         gc_endpoint(endpoint)->function, per_minute);
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
  report("budget\t%s\t%u\t%u", account,
         (unsigned)gc_account_options(a)->requests_per_minute,
         (unsigned)gc_account_options(a)->monthly_requests);
  gc_account_put(a);
  gc_account_plan(account, put_requests, (void *)account);
}

/* Requests that a block does not know yet are left out. */
static void report_all(void) {
  gc_plugins_each(report_block, NULL);
  gc_accounts_each(report_account, NULL);
}

/* ---- the name of the host ---- */

struct full_name {
  char host[HOST_SIZE];
  char full[HOST_SIZE]; /* "": not found */
};

static void find_full_name(void *ctx) {
  struct full_name *n = ctx;
  struct addrinfo hints = {.ai_flags = AI_CANONNAME}, *found = NULL;
  if (getaddrinfo(n->host, NULL, &hints, &found) != 0)
    return;
  for (const struct addrinfo *a = found; a != NULL; a = a->ai_next)
    if (a->ai_canonname != NULL) {
      snprintf(n->full, sizeof(n->full), "%s", a->ai_canonname);
      break;
    }
  freeaddrinfo(found);
}

/* Sets the full name of the host, which the resolver finds. The resolver may
 * hang. */
static void look_up_host(const char *host) {
  struct gc_detached *bounded = gc_detached_new("gc-probe", NAME_WAIT_MS);
  struct full_name *n = gc_zalloc(1, sizeof(*n));
  snprintf(n->host, sizeof(n->host), "%s", host);
  if (gc_detached_run(bounded, find_full_name, free, n) == GC_OK) {
    if (n->full[0] != '\0')
      hostname_set(n->full);
    free(n);
  } else {
    WARNING("the full name of %s was not found within %d s, so that the values "
            "have the short one; set Hostname, or FQDNLookup false",
            host, NAME_WAIT_MS / 1000);
  }
  gc_detached_free(bounded);
}

/* Finds the host name as collectd does after the configuration phase, which
 * this process does not leave (init_hostname of its collectd.c). */
static void name_host(void) {
  const char *set = global_option_get("Hostname");
  const char *full = global_option_get("FQDNLookup");
  char name[HOST_SIZE] = "";
  if (set != NULL && set[0] != '\0') {
    hostname_set(set);
    return;
  }
  if (gethostname(name, sizeof(name) - 1) != 0)
    return;
  hostname_set(name);
  if (full == NULL || !IS_FALSE(full))
    look_up_host(name);
}

/* ---- rounds ---- */

/* Waits between two readings, as collectd does between two read callbacks. */
static void pause_reading(void) { (void)poll(NULL, 0, EVERY_MS); }

/* Reads until no block waits for its first answers, and then once more: the
 * newest answer may have come after the last reading. */
static void read_first_round(uint64_t end_ms) {
  while (read_values() > 0 && gc_clock_now_ms() < end_ms)
    pause_reading();
  pause_reading();
  (void)read_values();
}

static void watch_values(void) {
  uint64_t every_ms = CDTIME_T_TO_MS(plugin_get_interval());
  for (uint64_t due_ms = gc_clock_now_ms() + every_ms;; due_ms += every_ms) {
    while (gc_clock_now_ms() < due_ms) {
      pause_reading();
      (void)read_values();
    }
    read_state();
    report_line("round");
  }
}

GC_API probe_values_run probe_values_watch;
void probe_values_watch(bool repeats, uint64_t start_ms,
                        void (*to)(const char *line)) {
  report_line = to;
  plugin_ctx_t context = plugin_get_ctx();
  context.interval = cf_get_default_interval();
  (void)plugin_set_ctx(context);
  name_host();
  start_blocks();
  read_first_round(start_ms + PROBE_ROUND_LIMIT_MS);
  read_state();
  report_all();
  report_line("round");
  if (repeats)
    watch_values();
}
