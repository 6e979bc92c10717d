/* SPDX-License-Identifier: MIT */
/* Sends the windows of the results to collectd, the oldest first, one at a
 * time. Each window is saved before it is sent, and the next one begins only
 * after collectd's write queue has passed on the last value of this one, and a
 * spool of genesys_influxdb has it on disk. If the agent is killed at any
 * moment, no window is lost, and at most the pending one is sent again, with
 * the same times and values. One thread at a time. */
#ifndef GC_ANALYTICS_SEND_SENDER_H
#define GC_ANALYTICS_SEND_SENDER_H

#include "common/analytics/decode/results.h"
#include "common/analytics/send/checkpoint.h"
#include "common/analytics/send/outbox.h"
#include "common/analytics/series/name.h"

/* The output of a sender; the plugins use daemon/write_tracker. */
struct gc_sender_output {
  /* GC_ERR_LIMIT: a value of the same series is in flight; GC_ERR_UNAVAILABLE:
   * this agent does not hold the lease; GC_ERR_STOPPED: no value is sent any
   * more; GC_ERR_MEMORY: not queued. */
  enum gc_code (*emit)(void *ctx, const struct gc_sample *sample);
  /* Waits `max_ms` at most; true when nothing is in flight, and the sent values
   * are on the disk of each writer with a spool. */
  bool (*wait)(void *ctx, uint32_t max_ms);
  /* True if a further wait is of no use in this call, because a disk is slow.
   * NULL: never. */
  bool (*is_slow)(void *ctx);
  void *ctx;
};

struct gc_sender {
  /* Set by the owner, borrowed. */
  struct gc_samples_view view;
  struct gc_series_set *series;
  struct gc_checkpoint *checkpoint;
  struct gc_results
      *results; /* NULL: only the window that was pending before a restart */

  uint32_t window; /* index of the next window of the results */
  struct gc_outbox outbox;
  size_t sent;    /* number of values of the outbox that are sent */
  bool is_saving; /* the newest save has not ended */
  bool is_ending; /* that save is the one after the last window */

  /* For telemetry. */
  uint64_t windows, unnamed, revisions, collisions;
  struct gc_err state; /* outcome of the last save that has ended */
  struct gc_err lost;  /* GC_OK: no value of these results was lost */
};

/* Begins to send the windows of `r`, which is sorted and borrowed. */
void gc_sender_begin(struct gc_sender *s, struct gc_results *r);

enum gc_sender_end {
  GC_SENDER_DONE,    /* all windows are sent, and the state is saved or too
                        large to save */
  GC_SENDER_WAITS,   /* values or windows are left: call again later */
  GC_SENDER_UNSAVED, /* all windows are sent, and the save failed: a later call
                        saves again */
};

/* Sends until all windows are sent or `now_ms(ctx)` reaches `until_ms`. */
enum gc_sender_end gc_sender_run(struct gc_sender *s,
                                 const struct gc_sender_output *output,
                                 uint64_t (*now_ms)(void *ctx), void *ctx,
                                 uint64_t until_ms);
/* Sends the rest of the window that has begun and saves that it is sent. Called
 * at shutdown. */
void gc_sender_finish(struct gc_sender *s,
                      const struct gc_sender_output *output,
                      uint64_t (*now_ms)(void *ctx), void *ctx,
                      uint64_t until_ms);
/* Drops the window that has begun and the results. */
void gc_sender_forget(struct gc_sender *s);
void gc_sender_clear(struct gc_sender *s);

/* ---- the values of one window; pure ---- */

/* Puts the values of window number `window` of sorted results into the outbox:
 * the zeros that begin a counter first, with the time of the window before,
 * then the facts of the window, then the totals after it. Adds the window to
 * the totals, and facts without a name for one of their ids to `*unnamed`.
 * GC_ERR_LIMIT, GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code
gc_samples_of_window(const struct gc_samples_view *view,
                     const struct gc_results *r, uint32_t window,
                     struct gc_outbox *out, uint64_t *unnamed);

#endif
