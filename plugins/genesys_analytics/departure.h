/* SPDX-License-Identifier: MIT */
/* How the windows of a reading leave: oldest first, one at a time, each written
 * down before it leaves and the next one not before the last value of this one
 * was seen behind collectd's write queue. Whatever moment the agent is killed
 * at, no window is missing and at most the one in flight leaves again, with the
 * same time and values. One thread at a time. */
#ifndef GC_ANALYTICS_DEPARTURE_H
#define GC_ANALYTICS_DEPARTURE_H

#include "plugins/genesys_analytics/checkpoint.h"
#include "plugins/genesys_analytics/samples.h"

/* The way out of collectd; the plugin's is the tap. */
struct departure_way {
  /* GC_ERR_LIMIT: a value of the same series is in flight; GC_ERR_STOPPED: no
   * value leaves any more; GC_ERR_MEMORY: not queued. */
  enum gc_code (*emit)(void *ctx, const struct gc_sample *sample);
  /* Waits `most_ms` at most; true when nothing is in flight. */
  bool (*wait)(void *ctx, uint32_t most_ms);
  void *ctx;
};

struct departure {
  /* Set by the owner, borrowed. */
  struct samples_view view;
  struct series_set *series;
  struct checkpoint *checkpoint;
  struct reading *reading; /* NULL: only what was in flight before a restart */

  uint32_t window; /* the next one of the reading */
  bool is_revised;
  struct outbox outbox;
  size_t sent; /* of the outbox */

  /* What came of it, for telemetry. */
  uint64_t windows, unnamed, revisions, collisions;
  size_t values;       /* of the last window */
  struct gc_err state; /* the last saving */
};

/* The reading is sorted; its windows begin to leave. */
void departure_begin(struct departure *d, struct reading *r);

enum departure_end {
  DEPARTURE_DONE,  /* all windows have left, and that is saved */
  DEPARTURE_WAITS, /* something is in flight: go on later */
};

/* Goes on until all have left or `until_ms` (of `now_ms(ctx)`) has come. */
enum departure_end departure_run(struct departure *d,
                                 const struct departure_way *way,
                                 uint64_t (*now_ms)(void *ctx), void *ctx,
                                 uint64_t until_ms);
/* Only what has begun to leave, and that it has left is saved: the end. */
void departure_finish(struct departure *d, const struct departure_way *way,
                      uint64_t (*now_ms)(void *ctx), void *ctx,
                      uint64_t until_ms);
void departure_clear(struct departure *d);

#endif
