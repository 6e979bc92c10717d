/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_realtime": the present state of queues. Wiring only:
 * options.c reads the configuration, block.c polls and listens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/base/alloc.h"
#include "common/daemon/emit.h"
#include "common/daemon/log.h"
#include "common/daemon/plugin_base.h"
#include "common/daemon/write_tracker.h"
#include "common/net/account.h"
#include "common/net/clock.h"
#include "common/net/lease_gate.h"
#include "plugins/genesys_realtime/block.h"
#include "plugins/genesys_realtime/options.h"

static struct gc_plugin plugin;

/* One <Queues> block. */
struct queues {
  struct gc_block base;
  struct block *work;
  const struct queues_options **blocks; /* the account's blocks */
  int trial_stream, trial_source; /* Stream, Observations before a trial */
  _Atomic size_t left_out;        /* queues that earlier blocks have */
};

static struct queues *queues_of(struct gc_block *b) {
  return (struct queues *)b;
}

static enum gc_code check_block(struct gc_block *b, struct gc_err *warning,
                                struct gc_err *err) {
  const char *doubt;
  (void)warning; /* there may be several */
  GC_TRY(queues_check(b->options, err));
  for (size_t i = 0; (doubt = queues_doubt(b->options, i)) != NULL; i++)
    gc_log_line(plugin.log, GC_LOG_WARNING, "<Queues \"%s\">: %s", b->name,
                doubt);
  return GC_OK;
}

static void clear_block(struct gc_block *b) {
  block_free(queues_of(b)->work);
  free(queues_of(b)->blocks);
}

static void read_new(struct gc_block *b) {
  struct gc_samples out = gc_emit_samples(b->host);
  block_read(queues_of(b)->work, &out);
}

static void read_state(struct gc_block *b, uint32_t interval_ms,
                       const struct gc_samples *out) {
  block_read_state(queues_of(b)->work, b->instance, interval_ms, out);
}

/* ---- the last values ---- */

/* One limit for all blocks together, so that collectd stops in time. */
enum { LAST_VALUES_MS = 1000 };
static uint64_t last_values_end_ms; /* monotonic; 0: not begun */

struct last_values {
  struct gc_write_ticket *ticket;
  const char *host;
  size_t lost;
};

static void put_last(void *ctx, const struct gc_sample *sample) {
  struct last_values *last = ctx;
  last->lost +=
      gc_write_tracker_emit(last->ticket, last->host, sample) != GC_OK;
}

/* Waits for the rest of the time that all blocks share. */
static void wait_for_pending(struct last_values *last) {
  uint64_t now_ms = gc_clock_now_ms();
  if (last_values_end_ms == 0)
    last_values_end_ms = now_ms + LAST_VALUES_MS;
  uint32_t left_ms =
      now_ms < last_values_end_ms ? (uint32_t)(last_values_end_ms - now_ms) : 0;
  if (!gc_write_tracker_wait(last->ticket, left_ms))
    last->lost += gc_write_tracker_pending(last->ticket);
}

static void read_last(struct gc_block *b) {
  struct block *work = queues_of(b)->work;
  struct last_values last = {.host = b->host};
  /* The next holder of the lease has the whole window and sends it. */
  if (!block_has_windows(work) || gc_lease_gate_of_host(b->host) != NULL)
    return;
  last.ticket = gc_write_ticket_new();
  block_finish(work, &(struct gc_samples){put_last, &last});
  wait_for_pending(&last);
  if (last.lost > 0)
    gc_log_line(plugin.log, GC_LOG_WARNING,
                "%s: %zu values of the last window were not written in time; "
                "find the slow writer, or raise WriteThreads",
                b->instance, last.lost);
  gc_write_ticket_free(last.ticket);
}

static bool is_of_account(const struct gc_block *b, const char *account) {
  const struct queues_options *o = b->options;
  return strcmp(o->account, account) == 0;
}

/* Lists the blocks of the account in the order of the file. The plugin's list
 * has the newest first. Returns their number. */
static size_t list_blocks(struct gc_block *b) {
  const struct queues_options *o = b->options;
  size_t count = 1; /* this block */
  for (const struct gc_block *at = plugin.blocks; at != NULL; at = at->next)
    count += at != b && is_of_account(at, o->account);
  const struct queues_options **blocks = gc_zalloc(count, sizeof(*blocks));
  size_t left = count;
  for (const struct gc_block *at = plugin.blocks; at != NULL; at = at->next)
    if (is_of_account(at, o->account))
      blocks[--left] = at->options;
  queues_of(b)->blocks = blocks;
  return count;
}

static void leave_out(void *ctx, size_t count) {
  struct gc_block *b = ctx;
  queues_of(b)->left_out = count;
  gc_log_line(plugin.log, GC_LOG_INFO,
              "%s: %zu of the queues that it selects are left to earlier "
              "blocks of the account, which select them too: one series has "
              "one writer",
              b->instance, count);
}

/* A trial polls in place of Observations "topic", each interval instead of once
 * a minute. */
static void plan_requests(void *ctx, enum gc_endpoint_id endpoint,
                          double per_minute) {
  const struct queues_options *o = ((struct gc_block *)ctx)->options;
  bool is_pushed = queues_of(ctx)->trial_source == OBS_TOPIC;
  gc_block_plan(ctx, endpoint,
                is_pushed ? per_minute * o->interval_s / 60.0 : per_minute);
}

/* A request that hangs takes the place of the polls that follow it. */
static void check_timeout(const struct gc_block *b, uint32_t timeout_ms) {
  const struct queues_options *o = b->options;
  if (o->observations != OBS_OFF && timeout_ms > o->interval_s * 1000)
    gc_log_line(plugin.log, GC_LOG_INFO,
                "%s: Timeout of the account, %u s, is longer than "
                "ObservationInterval, %u s: a request that hangs delays the "
                "polls that follow it",
                b->instance, timeout_ms / 1000, o->interval_s);
}

static enum gc_code start_block(struct gc_block *b, struct gc_err *err) {
  const struct queues_options *o = b->options;
  GC_TRY(gc_block_use_account(b, o->account, err));
  size_t block_count = list_blocks(b);
  struct gc_account *a = b->account;
  struct gc_lease_gate *lease = gc_lease_gate_of_host(b->host);
  struct gc_lease_page *page = NULL;
  if (lease != NULL) {
    page = gc_lease_book_page(gc_lease_gate_book(lease), b->instance);
    if (page == NULL)
      return gc_fail(err, GC_ERR_LIMIT,
                     "out of memory, or more than %d blocks of an account with "
                     "LeaseURL",
                     GC_LEASE_PAGES_MAX);
  }
  const struct gc_account_options *options = gc_account_options(a);
  const struct gc_account_parts *parts = gc_account_parts(a);
  struct queues_deps deps = {.loop = parts->loop,
                             .phase = gc_block_phase(b),
                             .env = parts->env,
                             .api = parts->api,
                             .requests = &b->requests,
                             .names = parts->names,
                             .channels = parts->channels,
                             .lease = parts->lease,
                             .page = page,
                             .driver = gc_socket_driver_ws(parts->loop),
                             .connect = &options->connect,
                             .base_url = options->base_url,
                             .notice = gc_block_notice,
                             .socket_notice = gc_block_notice_own,
                             .requests_per_minute =
                                 options->requests_per_minute,
                             .blocks = queues_of(b)->blocks,
                             .block_count = block_count,
                             .leave_out = leave_out,
                             .inform = gc_block_inform,
                             .plan = plan_requests,
                             .ctx = b};
  struct block *work = block_new(o, &deps);
  queues_of(b)->work = work;
  check_timeout(b, options->connect.timeout_ms);
  block_start(work);
  return GC_OK;
}

/* ---- a trial ---- */

/* Series of a queue and medium: offers, answers, abandons, transfers, breaches;
 * of waits the bucket +Inf, their sum and count. */
enum { STREAM_SERIES = 8 };

static const char *prepare_trial(struct gc_block *b) {
  struct queues_options *o = b->options;
  queues_of(b)->trial_stream = o->stream;
  queues_of(b)->trial_source = o->observations;
  if (o->observations == OBS_OFF && o->stream == STREAM_NONE)
    return queues_doubt(o, 0);
  if (o->observations == OBS_OFF)
    return "it polls nothing: its counters come from the stream, which the "
           "agent alone may receive";
  o->stream = STREAM_NONE;
  if (o->observations == OBS_TOPIC)
    o->observations = OBS_QUERY; /* its snapshots are such queries */
  return NULL;
}

static unsigned trial_sources(struct gc_block *b) {
  (void)b;
  return 1;
}

static void report_trial(struct gc_block *b,
                         void (*note)(void *ctx, const char *text), void *ctx) {
  char text[200];
  size_t left_out = queues_of(b)->left_out;
  if (left_out > 0) {
    snprintf(text, sizeof(text),
             "%zu of the queues that it selects are left to earlier blocks, "
             "which select them too",
             left_out);
    note(ctx, text);
  }
  if (queues_of(b)->trial_stream != STREAM_NONE) {
    size_t buckets =
        ((const struct queues_options *)b->options)->wait_buckets.count;
    snprintf(text, sizeof(text),
             "the stream is not opened: the agent adds its counters, up to %zu "
             "series with the first contact of a queue and medium, and one for "
             "each change of state",
             STREAM_SERIES + buckets);
    note(ctx, text);
  }
}

static const struct gc_block_trial queues_trial = {
    .prepare = prepare_trial, .sources = trial_sources, .report = report_trial};

static const struct gc_block_class queues_class = {.prefix = "queues",
                                                   .rows = queues_rows,
                                                   .size =
                                                       sizeof(struct queues),
                                                   .check = check_block,
                                                   .start = start_block,
                                                   .read_new = read_new,
                                                   .read_state = read_state,
                                                   .read_last = read_last,
                                                   .clear = clear_block,
                                                   .trial = &queues_trial};

static enum gc_code read_queues(const char *name, void *options,
                                struct gc_err *err) {
  return gc_plugin_add(&plugin, &queues_class, name, options, err);
}

static const struct gc_block_kind kinds[] = {
    {.key = "Queues",
     .rows = queues_rows,
     .size = sizeof(struct queues_options),
     .help = "A selection of queues of one account.",
     .named = true,
     .read = read_queues},
    {.key = NULL},
};

static struct gc_plugin plugin = {.name = "genesys_realtime", .kinds = kinds};

GC_API void module_register(void);
void module_register(void) { gc_plugin_register(&plugin); }
