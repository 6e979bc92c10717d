/* SPDX-License-Identifier: MIT */
/* The newest reading of a block's observations: what the network thread has
 * published, and a read thread takes. A listener of the feed. Its lock guards
 * it; each function says which thread calls it. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_NEWEST_H
#define GENESYS_REALTIME_OBSERVATIONS_NEWEST_H

#include <pthread.h>

#include "plugins/genesys_realtime/observations/feed.h"
#include "plugins/genesys_realtime/observations/spread.h"

struct newest {
  const struct gc_env *env; /* const after newest_init, as the next three */
  uint32_t interval_ms;
  bool has_names; /* the answers have names */
  uint64_t started_ms;
  struct obs_listener listener; /* for obs_feed_listen */

  /* What one read thread at a time uses. */
  struct observations *current; /* the reading whose values leave */
  struct spread spread;

  pthread_mutex_t lock;       /* guards all that follows */
  struct observations *fresh; /* not begun to be dispatched */
  bool is_dropped;            /* newest_drop was called */
  struct gc_entities *names;  /* in the answers; NULL: there are none */
  bool is_healthy;            /* the last poll was complete */
  bool has_outcome;           /* a poll has ended, well or not */
  uint64_t healthy_ms;        /* when a poll was complete last; 0: never */
  uint64_t ignored;           /* numbers that were not kept, unread messages */
  bool has_selection;         /* `selected` is known */
  size_t selected;            /* queues that Queue and Shard select */
  bool has_tally;             /* a reading was dispatched */
  struct queue_tally tally;   /* numbers of the last one */
};

void newest_init(struct newest *n, const struct queues_options *options,
                 const struct gc_env *env);
void newest_clear(struct newest *n);

/* ---- network thread ---- */

/* Begins the time in which no outcome is expected yet. */
void newest_start(struct newest *n);
/* Sets the number of selected queues, whether or not a poll succeeds. */
void newest_select(struct newest *n, bool is_known, size_t selected);
/* Drops the reading: another agent dispatched newer ones. All values of the
 * next reading leave at once. */
void newest_drop(struct newest *n);

/* ---- one read thread at a time ---- */

/* Puts the values of the newest reading that have changed, and the others in
 * their turn (observations/spread.h), each once. `is_last`: all that were not
 * put. */
void newest_read(struct newest *n, bool is_last,
                 const struct queue_display *display,
                 const struct gc_samples *out);

/* Returns the list of queues that gives all series of the block their labels: a
 * reference of `listed`, the account's list, or, where that is refused, of the
 * names in the answers. NULL while they are not known. */
struct gc_entities *newest_labels(struct newest *n, struct gc_entities *listed);

/* ---- any thread ---- */

/* Puts the self-telemetry: source_up, source_age, queues and so on. */
void newest_read_state(struct newest *n, const struct gc_sample_writer *w);

#endif
