/* SPDX-License-Identifier: MIT */
#include "common/daemon/analytics_block.h"

#include <string.h>

#include "common/daemon/emit.h"
#include "common/daemon/write_tracker.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/labels.h"
#include "common/net/account.h"
#include "common/net/lease_gate.h"

enum {
  READ_MAX_MS = 700,    /* time of one call by a read thread */
  FINISH_MAX_MS = 1000, /* time at the end, for the pending values */
  SLOW_SAVE_MS = 300,   /* time in which the disk of a spool takes them */
};

static enum gc_code emit_tracked(void *ctx, const struct gc_sample *sample) {
  struct gc_analytics_block *q = ctx;
  return gc_write_tracker_emit(q->ticket, q->block->host, sample);
}

static bool wait_for_pending(void *ctx, uint32_t max_ms) {
  struct gc_analytics_block *q = ctx;
  return gc_write_tracker_wait(q->ticket, max_ms);
}

/* A slow disk of a writer must hold no read thread of collectd. */
static bool is_save_slow(void *ctx) {
  struct gc_analytics_block *q = ctx;
  return gc_write_tracker_saves_ms(q->ticket) >= SLOW_SAVE_MS;
}

/* ---- claims: each series has one writer ---- */

static struct gc_analytics_block *claims; /* of all plugins */

static const char *kind_of(const struct gc_series_claim *c) {
  return c->query.source == GC_QUERY_FLOWS ? "Flows" : "Query";
}

enum gc_code gc_analytics_block_claim(struct gc_analytics_block *q,
                                      struct gc_block *block,
                                      const char *account,
                                      const struct gc_query *query,
                                      bool observes, struct gc_err *err) {
  char what[GC_CLAIM_WHAT_SIZE], name[GC_NAME_SIZE];
  q->claim = (struct gc_series_claim){.name = block->name,
                                      .account = account,
                                      .query = *query,
                                      .observes = observes};
  for (const struct gc_analytics_block *c = claims; c != NULL;
       c = c->next_claim)
    if (gc_series_claims_collide(&c->claim, &q->claim, what))
      return gc_fail(err, GC_ERR_CONFIG,
                     "would write the same series as <%s \"%.60s\"> (%s): "
                     "give one of the two an InstancePrefix such as \"30m-\", "
                     "or other metrics, groups or selectors",
                     kind_of(&c->claim), c->claim.name, what);
  q->next_claim = claims;
  claims = q;
  (void)gc_name_clean(name, block->name, strlen(block->name));
  if (gc_series_claim_has_name(&q->claim))
    gc_labels_reserve(name);
  return GC_OK;
}

/* Removes the block's claim, if it has one. */
static void drop_claim(struct gc_analytics_block *q) {
  struct gc_analytics_block **at = &claims;
  while (*at != NULL && *at != q)
    at = &(*at)->next_claim;
  if (*at != NULL)
    *at = q->next_claim;
}

/* ---- the block ---- */

enum gc_code gc_analytics_block_start(struct gc_analytics_block *q,
                                      struct gc_block *block,
                                      const char *account,
                                      const struct gc_query *query,
                                      struct gc_err *err) {
  const struct gc_account_parts *parts = gc_account_parts(block->account);
  struct gc_analytics_deps deps = {.name = block->name,
                                   .instance = block->instance,
                                   .account = account,
                                   .loop = parts->loop,
                                   .env = parts->env,
                                   .api = parts->api,
                                   .requests = &block->requests,
                                   .names = parts->names,
                                   .store = gc_accounts_store(),
                                   .phase = gc_block_phase(block),
                                   .plan = gc_block_plan};
  struct gc_lease_gate *lease = gc_lease_gate_of_host(block->host);
  if (lease != NULL) {
    deps.page = gc_lease_book_page(gc_lease_gate_book(lease), block->instance);
    if (deps.page == NULL)
      return gc_fail(err, GC_ERR_LIMIT,
                     "out of memory, or more than %d blocks of an account with "
                     "LeaseURL",
                     GC_LEASE_PAGES_MAX);
  }
  q->block = block;
  q->ticket = gc_write_ticket_new();
  q->work = gc_analytics_new(query, &deps, gc_block_notice, block);
  gc_analytics_start(q->work);
  return GC_OK;
}

static struct gc_sender_output output_of(struct gc_analytics_block *q) {
  return (struct gc_sender_output){.emit = emit_tracked,
                                   .wait = wait_for_pending,
                                   .is_slow = is_save_slow,
                                   .ctx = q};
}

/* While this agent does not hold the lease of the account, the block sends
 * nothing, and its checkpoint does not move. */
void gc_analytics_block_read(struct gc_analytics_block *q) {
  if (!gc_emit_allows(q->block->host))
    return;
  struct gc_sender_output output = output_of(q);
  gc_analytics_read(q->work, &output, READ_MAX_MS);
}

/* Sends the last values and waits for the pending ones, so that the next start
 * repeats none. */
void gc_analytics_block_finish(struct gc_analytics_block *q) {
  if (!gc_emit_allows(q->block->host))
    return;
  struct gc_sender_output output = output_of(q);
  gc_analytics_finish(q->work, &output, FINISH_MAX_MS);
}

/* Leaves out the values that would look like a failure: a standby sends no
 * intervals, so its newest success and its checkpoint are old. */
static void put_on_standby(void *ctx, const struct gc_sample *sample) {
  const struct gc_samples *out = ctx;
  if (sample->metric != GC_METRIC_SOURCE_UP &&
      sample->metric != GC_METRIC_SOURCE_AGE &&
      sample->metric != GC_METRIC_WINDOW_LAG)
    out->put(out->ctx, sample);
}

void gc_analytics_block_read_state(struct gc_analytics_block *q,
                                   uint32_t interval_ms,
                                   const struct gc_samples *out) {
  const struct gc_lease_gate *lease = gc_lease_gate_of_host(q->block->host);
  const struct gc_samples some = {.put = put_on_standby, .ctx = (void *)out};
  gc_analytics_read_state(q->work, q->block->instance, interval_ms,
                          gc_lease_gate_term(lease) == 0 ? &some : out);
}

void gc_analytics_block_clear(struct gc_analytics_block *q) {
  drop_claim(q);
  gc_analytics_free(q->work);
  gc_write_ticket_free(q->ticket);
}

/* ---- a trial ---- */

void gc_analytics_block_prepare(struct gc_query *query) {
  query->rule.backfill_ms = 0;
}

void gc_analytics_block_report(const struct gc_query *query,
                               void (*note)(void *ctx, const char *text),
                               void *ctx) {
  if (query->counters)
    note(ctx, "cumulative series (Counters) show the newest interval alone: "
              "their totals are in the agent's state file");
}
