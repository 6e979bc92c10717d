/* SPDX-License-Identifier: MIT */
/* Counters of a block since the start. The sources and the ledger's writer
 * change them and read threads read them, without a lock. */
#ifndef GENESYS_FLOWMETRICS_STATS_H
#define GENESYS_FLOWMETRICS_STATS_H

#include "plugins/genesys_flowmetrics/events/decode.h"

#include <stdatomic.h>

/* The outcome of an attribute, and its word in `events-WORD`. */
#define OUTCOME_MAP(XX)                                                        \
  XX(COUNTED, "counted")                                                       \
  XX(DUPLICATE, "duplicate") /* counted before */                              \
  XX(LATE, "late")           /* older than Retention */                        \
  XX(OVERFLOW, "overflow")   /* a new series past MaxSeries */                 \
  XX(FILTERED, "filtered")   /* Flow or Metric do not select it */             \
  XX(REFUSED, "refused")     /* a name with the digits of a customer's data */ \
  XX(NO_NUMBER, "no_number") /* counted; its value is not summed */

enum outcome {
#define XX(id, word) OUTCOME_##id,
  OUTCOME_MAP(XX)
#undef XX
      OUTCOME_COUNT
};

/* Counters of the sources; samples.c has their words. */
enum tally {
  TALLY_BATCHES,
  TALLY_BATCHES_FAILED,
  TALLY_SQS_RECEIVED,
  TALLY_SQS_DELETED,
  TALLY_SQS_NOT_DELETED, /* SQS delivers them again */
  TALLY_SQS_POISON,      /* no event; left to the dead-letter policy */
  TALLY_SQS_REQUESTS,
  TALLY_SQS_THROTTLED,
  TALLY_WEB_200,
  TALLY_WEB_400,
  TALLY_WEB_401,
  TALLY_WEB_404,
  TALLY_WEB_405,
  TALLY_WEB_413,
  TALLY_WEB_415,
  TALLY_WEB_503,
  TALLY_WEB_CUT, /* the client was too slow, or closed the connection */
  TALLY_LOST,    /* of notifications: attributes beyond the memory limit */
  TALLY_COUNT
};

typedef _Atomic uint64_t stats_count;

struct stats {
  stats_count events, skipped, unplaced;
  stats_count malformed[MALFORMED_COUNT];
  stats_count outcomes[OUTCOME_COUNT];
  stats_count tallies[TALLY_COUNT];
  _Atomic int64_t lag_ms;    /* age of the newest message; -1: unknown */
  _Atomic int64_t answer_ms; /* monotonic, of the source's last good answer */
  _Atomic unsigned up;       /* consumers that work; 0 or 1 for others */
  _Atomic bool is_tried;     /* `up` has the outcome of an attempt */
};

static inline void stats_add(struct stats *s, enum tally which, uint64_t n) {
  atomic_fetch_add_explicit(&s->tallies[which], n, memory_order_relaxed);
}

static inline void stats_events(struct stats *s, const struct event_counts *c) {
  s->events += c->events;
  s->skipped += c->skipped;
  s->unplaced += c->unplaced;
  for (size_t i = 0; i < MALFORMED_COUNT; i++)
    if (c->malformed[i] > 0)
      s->malformed[i] += c->malformed[i];
}

#endif
