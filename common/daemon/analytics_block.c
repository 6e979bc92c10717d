/* SPDX-License-Identifier: MIT */
#include "common/daemon/analytics_block.h"

#include "common/daemon/write_tracker.h"
#include "common/net/account.h"

enum {
  READ_MAX_MS = 700,    /* of one call by a read thread */
  FINISH_MAX_MS = 1000, /* at the end, for the values that are pending */
};

static enum gc_code emit_tracked(void *ctx, const struct gc_sample *sample) {
  struct gc_analytics_block *q = ctx;
  return gc_write_tracker_emit(q->ticket, q->block->host, sample);
}

static bool wait_for_pending(void *ctx, uint32_t max_ms) {
  struct gc_analytics_block *q = ctx;
  return gc_write_tracker_wait(q->ticket, max_ms);
}

static struct gc_analytics_settings
settings_of(const struct gc_block *b, const char *account,
            enum gc_query_source source, const struct gc_analytics_options *o) {
  return (struct gc_analytics_settings){
      .name = b->name,
      .instance = b->instance,
      .account = account,
      .query = {.source = source,
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
      .selectors = o->chosen.at,
      .selector_count = o->chosen.count,
      .label = (enum gc_query_label)o->label,
      .counters = o->counters,
      .max_series = o->max_series,
  };
}

enum gc_code gc_analytics_block_start(struct gc_analytics_block *q,
                                      struct gc_block *block,
                                      const char *account,
                                      enum gc_query_source source,
                                      const struct gc_analytics_options *o,
                                      struct gc_err *err) {
  struct gc_analytics_settings settings =
      settings_of(block, account, source, o);
  struct gc_account *a = block->account;
  struct gc_analytics_deps deps = {.loop = gc_account_loop(a),
                                   .env = gc_account_env(a),
                                   .api = gc_account_api(a),
                                   .names = gc_account_names(a),
                                   .store = gc_account_store(a),
                                   .phase = gc_block_phase(block),
                                   .requests_per_minute =
                                       gc_account_requests_per_minute(a)};
  q->block = block;
  q->ticket = gc_write_ticket_new();
  if (q->ticket != NULL)
    q->work = gc_analytics_new(&settings, &deps, gc_block_notice, block);
  if (q->work == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  gc_analytics_start(q->work);
  return GC_OK;
}

void gc_analytics_block_read(struct gc_analytics_block *q) {
  struct gc_sender_output output = {
      .emit = emit_tracked, .wait = wait_for_pending, .ctx = q};
  gc_analytics_read(q->work, &output, READ_MAX_MS);
}

/* Waits for the pending values, so that the next start repeats none. */
void gc_analytics_block_finish(struct gc_analytics_block *q) {
  struct gc_sender_output output = {
      .emit = emit_tracked, .wait = wait_for_pending, .ctx = q};
  gc_analytics_finish(q->work, &output, FINISH_MAX_MS);
}

void gc_analytics_block_read_state(struct gc_analytics_block *q,
                                   uint32_t interval_ms,
                                   const struct gc_samples *out) {
  gc_analytics_read_state(q->work, q->block->instance, interval_ms, out);
}

void gc_analytics_block_clear(struct gc_analytics_block *q) {
  gc_analytics_free(q->work);
  gc_write_ticket_free(q->ticket);
}
