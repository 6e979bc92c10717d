/* SPDX-License-Identifier: MIT */
/* What the network thread's half (block.c) and the read thread's half
 * (block_read.c) of a block share. */
#ifndef GENESYS_REALTIME_BLOCK_INTERNAL_H
#define GENESYS_REALTIME_BLOCK_INTERNAL_H

#include <pthread.h>

#include "plugins/genesys_realtime/block.h"
#include "plugins/genesys_realtime/observations/subscription.h"
#include "plugins/genesys_realtime/output/downsample.h"
#include "plugins/genesys_realtime/output/series_limit.h"

struct block {
  struct block_settings settings;
  struct block_deps deps;
  struct stream *stream;             /* NULL: Stream "none" */
  struct subscription *subscription; /* NULL: nothing is pushed */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  /* The network thread's. */
  struct gc_names_listener queue_listener, presence_listener;
  bool is_listening;
  struct selection selection;
  struct gc_timer timer;
  uint64_t due_ms;
  struct poll poll;
  struct poll_pages pages;
  int64_t asked_ms;     /* when the poll began, by the server's clock */
  uint64_t snapshot_ms; /* when what is pushed needs to be looked at again */
  bool must_poll_again; /* a snapshot became due while a poll ran */
  struct observations *last; /* for what is gone since */
  struct gc_labels *labels;  /* OBS_QUEUE_METRICS: of names in the answers */

  /* The read thread's. */
  struct downsample *downsample; /* NULL: none are wanted */
  struct series_limit *limit;
  uint64_t full_ms; /* when values were left out last; 0: never */

  /* Under the lock. */
  pthread_mutex_t lock;
  struct observations *fresh; /* not dispatched yet */
  bool is_healthy;            /* the last poll was complete */
  uint64_t healthy_ms;        /* when it was; 0: never */
  struct queue_tally tally;   /* of the last reading */
  uint64_t overflow;          /* values that MaxSeries left out */
};

#endif
