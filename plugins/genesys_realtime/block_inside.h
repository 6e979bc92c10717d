/* SPDX-License-Identifier: MIT */
/* What the network thread's half (block.c) and the read thread's half
 * (block_read.c) of a block share. */
#ifndef GC_REALTIME_BLOCK_INSIDE_H
#define GC_REALTIME_BLOCK_INSIDE_H

#include <pthread.h>

#include "plugins/genesys_realtime/block.h"

struct block {
  struct block_settings settings;
  struct block_site site;
  struct stream *stream; /* NULL: Stream "none" */
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
  bool must_poll_again;      /* a snapshot became due while a poll ran */
  struct observations *last; /* for what is gone since */

  /* Under the lock. */
  pthread_mutex_t lock;
  struct observations *fresh; /* not dispatched yet */
  bool is_well;               /* the last poll was complete */
  uint64_t well_ms;           /* when it was; 0: never */
  struct obs_tally tally;     /* of the last reading */
};

#endif
