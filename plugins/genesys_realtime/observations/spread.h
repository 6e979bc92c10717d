/* SPDX-License-Identifier: MIT */
/* Spreads the values of a reading over the interval of the readings, so that no
 * burst fills collectd's write queue: what has changed since the last reading
 * leaves at once, all else in the turn of its queue. A value leaves once, with
 * the time of its reading.
 *
 *   if (spread_begin(s, now_ms, is_new, is_last, &display, out))
 *     obs_samples(reading, &s->display, &s->sink, &tally);
 *
 * Turns go round for ever, and all of them come within four fifths of an
 * interval, so that each queue has its turn with each reading, also when the
 * next one comes early. A series is known by its place among those of its
 * queue; when the places move, all of the queue's series count as changed. Four
 * bytes for each series. Pure; one thread at a time. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_SPREAD_H
#define GENESYS_REALTIME_OBSERVATIONS_SPREAD_H

#include "common/base/strmap.h"
#include "common/genesys/sample.h"
#include "plugins/genesys_realtime/queues/queue_label.h"

struct spread_queue;

struct spread {
  uint32_t turns, turn; /* turns of a round; the next one */
  uint32_t owed;        /* turns that this reading has not had */
  uint32_t each_ms;     /* time between two turns */
  uint64_t due_ms;      /* when the next one is, monotonic */
  struct gc_strmap by_id;
  uint32_t number, pass; /* of the next new queue; of the reading */
  /* The pass under way. */
  uint32_t first, due; /* the turns that it has */
  bool is_new;
  struct spread_queue *queue; /* whose values are being put */
  const struct queue_display *shown;
  const struct gc_samples *out;
  struct queue_display display; /* for the caller: accepts queues in turn */
  struct gc_samples sink;
};

/* `interval_ms`: of the readings; 0: all values leave at once. */
void spread_init(struct spread *s, uint32_t interval_ms);
void spread_clear(struct spread *s);
/* All values of the next reading count as changed. */
void spread_forget(struct spread *s);

/* Begins a pass over a new reading, or over the same one again. `is_last`: all
 * that has not left leaves. Sets `display` and `sink`, which forward to the
 * arguments and are valid until they are not. Returns false if no queue has its
 * turn. */
bool spread_begin(struct spread *s, uint64_t now_ms, bool is_new, bool is_last,
                  const struct queue_display *display,
                  const struct gc_samples *out);

#endif
