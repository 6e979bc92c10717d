/* SPDX-License-Identifier: MIT */
#include "common/daemon/analytics_block.h"

#include "common/daemon/write_tracker.h"
#include "common/net/account.h"

enum {
  LEAVE_MAX_MS = 700, /* of one look */
  LAST_MAX_MS = 1000, /* at the end, for what is in flight */
};

static enum gc_code emit(void *ctx, const struct gc_sample *sample) {
  struct gc_query_block *q = ctx;
  return gc_write_tracker_emit(q->ticket, q->block->host, sample);
}

static bool wait_for(void *ctx, uint32_t max_ms) {
  struct gc_query_block *q = ctx;
  return gc_write_tracker_wait(q->ticket, max_ms);
}

static struct gc_analytics_settings
settings_of(const struct gc_block *b, const char *account,
            enum gc_query_source source, const struct gc_query_options *o) {
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

enum gc_code gc_query_block_start(struct gc_query_block *q,
                                  struct gc_block *block, const char *account,
                                  enum gc_query_source source,
                                  const struct gc_query_options *o,
                                  struct gc_err *err) {
  struct gc_analytics_settings settings =
      settings_of(block, account, source, o);
  struct gc_account *a = block->account;
  struct gc_analytics_deps deps = {.loop = gc_account_loop(a),
                                   .env = gc_account_env(a),
                                   .api = gc_account_api(a),
                                   .names = gc_account_names(a),
                                   .store = gc_account_store(a),
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

void gc_query_block_look(struct gc_query_block *q) {
  struct gc_sender_output way = {.emit = emit, .wait = wait_for, .ctx = q};
  gc_analytics_read(q->work, &way, LEAVE_MAX_MS);
}

/* What is in flight arrives, so that the next start repeats nothing. */
void gc_query_block_last_look(struct gc_query_block *q) {
  struct gc_sender_output way = {.emit = emit, .wait = wait_for, .ctx = q};
  gc_analytics_finish(q->work, &way, LAST_MAX_MS);
}

void gc_query_block_state(struct gc_query_block *q, uint32_t interval_ms,
                          const struct gc_samples *out) {
  gc_analytics_read_state(q->work, q->block->instance, interval_ms, out);
}

void gc_query_block_clear(struct gc_query_block *q) {
  gc_analytics_free(q->work);
  gc_write_ticket_free(q->ticket);
}
