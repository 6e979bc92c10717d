/* SPDX-License-Identifier: MIT */
/* Counters to samples, and when: a series is dispatched once per interval. One
 * that was never shown begins with a 0, an interval before its first count, or
 * a rate would miss what was counted first; one that is taken from the file
 * goes on where it was. Pure but for the ledger it reads. One reader. */
#ifndef GENESYS_FLOWMETRICS_SAMPLES_H
#define GENESYS_FLOWMETRICS_SAMPLES_H

#include "common/genesys/sample.h"
#include "common/net/channels/queue_topics.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

/* Puts one sample; false: not now, a value of that series is on its way. */
typedef bool (*samples_put)(void *ctx, const char *scope,
                            const struct gc_sample *sample);

/* Puts what is due at `now_ms` (monotonic). `is_last`: everything that was not
 * sent yet, whether due or not. */
void samples_flow(struct ledger *l, uint64_t now_ms, uint32_t interval_ms,
                  bool is_last, samples_put put, void *ctx);

/* Of which source a block tells, beside what all of them have. */
enum samples_of { SAMPLES_ALL, SAMPLES_SQS, SAMPLES_WEB, SAMPLES_STREAM };

/* What a block tells of itself. */
struct samples_block {
  const char *instance; /* "attributes-ivr" */
  const char *source;   /* "sqs" */
  bool is_up;
  enum samples_of of;
  struct gc_queue_topics_state stream; /* of SAMPLES_STREAM */
  uint64_t now_ms;                     /* monotonic */
  size_t series;                       /* of the block's host */
  double commit_s;
  const char *state; /* "sqlite", "redis" */
  bool is_state_up;
  uint32_t interval_ms;
};
void samples_state(const struct samples_block *b, const struct stats *stats,
                   const struct gc_samples *out);

#endif
