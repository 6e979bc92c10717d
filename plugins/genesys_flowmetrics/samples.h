/* SPDX-License-Identifier: MIT */
/* Turns counters into samples. A series that has changed is dispatched with the
 * next read, an unchanged one once per interval. A series that was never shown
 * begins with a 0, one read before its first count, because a rate would miss
 * the first count otherwise. A series from the store continues at its last
 * count. Pure except for reading the ledger. */
#ifndef GENESYS_FLOWMETRICS_SAMPLES_H
#define GENESYS_FLOWMETRICS_SAMPLES_H

#include "common/genesys/sample.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "plugins/genesys_flowmetrics/sources/notifications.h"

/* Dispatches one sample. Returns false when a value of that series is still in
 * the write queue. */
typedef bool (*samples_put)(void *ctx, const char *scope,
                            const struct gc_sample *sample);

/* Dispatches the series that are due at `now_ms` (monotonic). One reader. */
void samples_flow(struct ledger *l, uint64_t now_ms, uint32_t interval_ms,
                  samples_put put, void *ctx);

/* The source whose metrics a block has besides those of all sources. */
enum samples_of { SAMPLES_ALL, SAMPLES_SQS, SAMPLES_WEB, SAMPLES_STREAM };

/* The self-telemetry of a block, besides its stats. */
struct samples_block {
  const char *instance; /* "attributes-ivr" */
  const char *source;   /* "sqs" */
  enum samples_of of;
  struct notifications_state stream; /* if `of` is SAMPLES_STREAM */
  uint64_t now_ms;                   /* monotonic */
  size_t series, renamed;            /* of the block's host (ledger_count) */
  double commit_s;   /* newest transaction's duration; -1: none */
  const char *state; /* "sqlite", "redis" */
  bool is_state_up;
  bool is_standby; /* another agent receives: the source has no outcome */
  uint32_t interval_ms;
};
/* Puts the self-telemetry of a block. Any thread. */
void samples_state(const struct samples_block *b, const struct stats *stats,
                   const struct gc_samples *out);

#endif
