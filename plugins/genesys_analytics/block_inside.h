/* SPDX-License-Identifier: MIT */
/* A block, as its two sides see it: block.c on the network thread, block_read.c
 * on read threads. Private to them. */
#ifndef GC_ANALYTICS_BLOCK_INSIDE_H
#define GC_ANALYTICS_BLOCK_INSIDE_H

#include <pthread.h>

#include "plugins/genesys_analytics/block.h"
#include "plugins/genesys_analytics/choice.h"
#include "plugins/genesys_analytics/poll.h"

enum stage_of {
  BLOCK_REST,
  BLOCK_ASKING,
  BLOCK_NAMING,
  BLOCK_READY,
  BLOCK_LEAVING,
  BLOCK_LEFT,
};

/* Counts for telemetry, under the lock. */
struct tally {
  uint64_t answered, failed, read, foreign, broken, overflow, skipped;
  uint64_t windows, unnamed, revisions;
  int64_t carried;
  size_t values;
  int64_t done_ms; /* 0: none yet */
};

struct block {
  struct block_settings settings;
  struct block_site site;
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  /* The network thread's. */
  struct gc_names_listener queue_listener, user_listener;
  bool is_listening;
  struct naming naming; /* also the read thread's while it is LEAVING */
  struct choice choice;
  bool choice_is_old; /* of an earlier list; not remade while it is in use */
  struct gc_timer timer;
  struct server_clock clock;
  struct poll poll;
  uint32_t new_most, piece_most, piece_best;
  bool piece_is_right; /* smaller requests were refused as well */
  uint64_t ask_ms;     /* not before */
  uint64_t naming_until_ms;
  uint32_t named; /* series whose names were looked for */

  /* Whose it is tells the stage. */
  struct series_set series;
  struct reading reading;
  struct checkpoint checkpoint;
  struct departure departure;

  /* Under the lock. */
  pthread_mutex_t lock;
  enum stage_of stage;
  bool is_well;
  bool is_idle;     /* since the start no window was due */
  uint64_t well_ms; /* 0: never */
  struct server_clock heard;
  struct tally tally;
};

static inline uint64_t block_now(const struct block *b) {
  return b->site.edge->now_ms(b->site.edge->ctx);
}

static inline enum stage_of block_stage(struct block *b) {
  pthread_mutex_lock(&b->lock);
  enum stage_of stage = b->stage;
  pthread_mutex_unlock(&b->lock);
  return stage;
}

static inline void block_enter(struct block *b, enum stage_of stage) {
  pthread_mutex_lock(&b->lock);
  b->stage = stage;
  pthread_mutex_unlock(&b->lock);
}

#endif
