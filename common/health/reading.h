/* SPDX-License-Identifier: MIT */
/* The health of an account or block according to its self-telemetry. A sink
 * takes the same samples that collectd gets, so that /health, the notifications
 * and the values of collectd never contradict each other. Pure.
 *
 *   struct gc_health_reading r;
 *   struct gc_samples sink = gc_health_reading_begin(&r);
 *   block_read_state(block, "queues-all", 1000, &sink); */
#ifndef GC_HEALTH_READING_H
#define GC_HEALTH_READING_H

#include <stdbool.h>

#include "common/genesys/sample.h"

/* Numbers of the document, with the name of the member. NaN: unknown. */
#define GC_HEALTH_FIGURE_MAP(XX)                                               \
  XX(LEASE_STATE, "lease_state") /* of an account, as in docs/metrics.md */    \
  XX(LEASE_AGE, "lease_age")     /* s since Redis answered */                  \
  XX(LAG, "lag")           /* s: age of the newest interval or message */      \
  XX(GAP, "gap")           /* s without events since the start */              \
  XX(PENDING, "pending")   /* account: requests; node: bytes of the spool */   \
  XX(SELECTED, "selected") /* queues or flows */                               \
  XX(SERIES, "series")                                                         \
  XX(SILENCE, "silence")     /* s since the last message of the stream */      \
  XX(SPOOL_AGE, "spool_age") /* s: age of the oldest line that waits */        \
  XX(LATENCY, "latency")     /* s: the newest request */                       \
  XX(BUDGET, "budget")       /* requests that could be sent at once */         \
  XX(PAUSE, "pause")         /* s: rest of a Retry-After */                    \
  XX(TOKEN_LIFE, "token_lifetime") /* s */

enum gc_health_figure {
#define XX(id, name) GC_HEALTH_FIGURE_##id,
  GC_HEALTH_FIGURE_MAP(XX)
#undef XX
      GC_HEALTH_FIGURE_COUNT
};

enum { GC_HEALTH_SOURCES_MAX = 4, GC_HEALTH_SOURCE_SIZE = 24 };

/* A source of values, by its name in source_up: "observations", "stream". A
 * node has "writer"; an account has "token", and "api" while its circuit
 * breaker is open. */
struct gc_health_source {
  char name[GC_HEALTH_SOURCE_SIZE];
  bool is_up;
};

/* True for a source of events. */
bool gc_health_is_stream(const struct gc_health_source *s);

struct gc_health_reading {
  struct gc_health_source sources[GC_HEALTH_SOURCES_MAX];
  size_t source_count;
  double figures[GC_HEALTH_FIGURE_COUNT];
  double age_s;     /* since the newest success; NaN: unknown */
  uint64_t answers; /* of an account: complete answers since the start */
};

/* Empties `r` and returns a sink that fills it; both are borrowed. */
GC_API struct gc_samples gc_health_reading_begin(struct gc_health_reading *r);

#endif
