/* SPDX-License-Identifier: MIT */
/* The type that the parts of a block share: block.c and block_poll.c
 * run on the network thread, block_read.c on read threads. */
#ifndef GENESYS_REALTIME_BLOCK_INTERNAL_H
#define GENESYS_REALTIME_BLOCK_INTERNAL_H

#include <pthread.h>

#include "common/genesys/idle_selectors.h"
#include "plugins/genesys_realtime/block.h"
#include "plugins/genesys_realtime/observations/poll.h"
#include "plugins/genesys_realtime/observations/subscription.h"
#include "plugins/genesys_realtime/output/output.h"

struct block {
  const struct queues_options *options;
  struct block_deps deps;
  struct stream *stream;             /* NULL: Stream "none" */
  struct subscription *subscription; /* NULL: nothing is pushed */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  /* Used by the network thread only. */
  struct gc_names_listener queue_listener, presence_listener;
  struct gc_lease_listener lease_listener;
  bool can_open_stream; /* the stream's selection is made */
  bool is_listening;
  struct ownership observed, streamed, active;
  struct selection selection; /* of the observations */
  struct selection topics;    /* of the stream */
  size_t taken;               /* queues that other blocks have, as reported */
  struct gc_idle_selectors idle_options;
  struct gc_timer timer;
  uint64_t due_ms;
  size_t visible;         /* queues of the list; 0: unknown */
  enum obs_source source; /* OBS_AUTO: not chosen yet, without a list */
  struct poll poll;
  struct poll_pages pages;
  struct gc_unknown_words unknown; /* metrics of observations */
  bool has_ignored;     /* numbers were ignored, which was reported */
  int64_t asked_ms;     /* when the poll began, by the server's clock */
  uint64_t snapshot_ms; /* when pushed observations need a snapshot again */
  bool must_poll_again; /* a snapshot became due during a poll */
  struct observations *last; /* finds pairs that the next reading lacks */

  struct output *output; /* the read thread's */
  uint64_t started_ms;   /* when block_start ran; const afterwards */

  /* Guarded by the lock. */
  pthread_mutex_t lock;
  bool is_standby; /* another agent holds the lease: no stream is open.
                      Changed by the network thread only */
  struct observations *fresh; /* not dispatched yet */
  bool is_healthy;            /* the last poll was complete */
  uint64_t healthy_ms;        /* when a poll was complete last; 0: never */
  bool has_outcome;           /* a poll has ended, well or not */
  bool has_tally;             /* a reading was dispatched */
  struct queue_tally tally;   /* numbers of the last reading */
  bool has_selection;         /* `selected` is known */
  size_t selected;            /* queues that Queue and Shard select */
  uint64_t ignored;           /* numbers that were not kept, unread messages */
  size_t series;              /* series that have a place of MaxSeries */
  uint64_t overflow;          /* values that MaxSeries left out */
};

static inline const struct gc_env *block_env(const struct block *b) {
  return b->deps.env;
}

static inline uint64_t block_now(const struct block *b) {
  return block_env(b)->now_ms(block_env(b)->ctx);
}

static inline enum obs_source block_option(const struct block *b) {
  return (enum obs_source)b->options->observations;
}

static inline uint32_t block_interval_ms(const struct block *b) {
  return b->options->interval_s * 1000;
}

/* ---- block_poll.c: polls, on the network thread ---- */

/* Polls, or publishes pushed observations. `timer` calls it; a poll or a
 * publication that has ended sets `timer` again. `ctx`: the block, here and
 * below. */
void block_poll_now(void *ctx, uint64_t now_ms);
/* Polls at once when the stream has opened, because messages may have been lost
 * before. A poll that is running was sent earlier, so another one follows it.
 * The guide dialect's source counts every 5 s only and is not polled sooner. */
void block_poll_soon(void *ctx);
/* Reports each metric once. Moves the words out of `words`. */
void block_report_unknown(void *ctx, struct gc_unknown_words *words);
/* Counts a pushed message that could not be read. */
void block_count_unread(void *ctx);
/* Counts and reports numbers of a pushed message that cannot be used. */
void block_note_ignored(void *ctx, uint32_t count);

#endif
