/* SPDX-License-Identifier: MIT */
/* How the windows of a results leave: oldest first, one at a time, each written
 * down before it leaves and the next one not before the last value of this one
 * was seen behind collectd's write queue. Whatever moment the agent is killed
 * at, no window is missing and at most the one in flight leaves again, with the
 * same time and values. One thread at a time. */
#ifndef GC_ANALYTICS_SENDER_H
#define GC_ANALYTICS_SENDER_H

#include "common/analytics/checkpoint.h"
#include "common/analytics/samples.h"

/* The output of a sender; the plugins' is the write tracker. */
struct gc_sender_output {
  /* GC_ERR_LIMIT: a value of the same series is in flight; GC_ERR_STOPPED: no
   * value leaves any more; GC_ERR_MEMORY: not queued. */
  enum gc_code (*emit)(void *ctx, const struct gc_sample *sample);
  /* Waits `max_ms` at most; true when nothing is in flight. */
  bool (*wait)(void *ctx, uint32_t max_ms);
  void *ctx;
};

struct gc_sender {
  /* Set by the owner, borrowed. */
  struct gc_samples_view view;
  struct gc_series_set *series;
  struct gc_checkpoint *checkpoint;
  struct gc_results
      *results; /* NULL: only what was in flight before a restart */

  uint32_t window; /* the next one of the results */
  bool is_revised;
  struct gc_outbox outbox;
  size_t sent; /* of the outbox */

  /* What came of it, for telemetry. */
  uint64_t windows, unnamed, revisions, collisions;
  size_t values;       /* of the last window */
  struct gc_err state; /* the last saving */
};

/* The results is sorted; its windows begin to leave. */
void gc_sender_begin(struct gc_sender *d, struct gc_results *r);

enum gc_sender_end {
  GC_SENDER_DONE,  /* all windows have left, and that is saved */
  GC_SENDER_WAITS, /* something is in flight: go on later */
};

/* Goes on until all have left or `until_ms` (of `now_ms(ctx)`) has come. */
enum gc_sender_end gc_sender_run(struct gc_sender *d,
                                 const struct gc_sender_output *way,
                                 uint64_t (*now_ms)(void *ctx), void *ctx,
                                 uint64_t until_ms);
/* Only what has begun to leave, and that it has left is saved: the end. */
void gc_sender_finish(struct gc_sender *d, const struct gc_sender_output *way,
                      uint64_t (*now_ms)(void *ctx), void *ctx,
                      uint64_t until_ms);
void gc_sender_clear(struct gc_sender *d);

#endif
