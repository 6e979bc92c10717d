/* SPDX-License-Identifier: MIT */
/* A block of interval queries, shared by analytics.c (network thread) and
 * analytics_read.c (read threads). Private to them. */
#ifndef GC_ANALYTICS_INTERNAL_H
#define GC_ANALYTICS_INTERNAL_H

#include <pthread.h>

#include "common/analytics/analytics.h"
#include "common/analytics/poll.h"
#include "common/analytics/selection.h"
#include "common/analytics/stage.h"
#include "common/base/assert.h"

/* What the network thread owns: what to request, and when. */
struct gc_analytics_planner {
  struct gc_selection selection;
  struct gc_timer timer;
  struct gc_server_clock clock;
  struct gc_analytics_poll poll;
  uint32_t new_max;               /* new windows of one poll */
  uint32_t piece_max, piece_best; /* windows of one request; of the last one
                                     that was answered */
  bool piece_is_accepted;   /* the size is not the cause: smaller requests were
                               refused too */
  uint64_t next_request_ms; /* the next request is not sent earlier */
  uint64_t names_until_ms;
  struct gc_query slow_query; /* the query with the windows of a slow pass */
  struct gc_results slow_results; /* of the slow pass under way */
  uint64_t slow_at_ms;            /* the next one, monotonic */
  uint64_t future_since_ms; /* since when the checkpoint is ahead of all clocks,
                               monotonic; 0: it is not */
  uint32_t named; /* series with a number below this have checked names */
};

/* What belongs to the thread that the stage names (stage.h): the results of a
 * poll, the totals, and how they leave. */
struct gc_analytics_work {
  struct gc_series_set series;
  struct gc_results results;
  struct gc_checkpoint checkpoint;
  struct gc_sender sender;
};

/* Counts for telemetry. */
struct gc_analytics_tally {
  uint64_t answered, failed, read, foreign, broken, overflow, skipped;
  uint64_t windows, unnamed, revisions, collisions, unknown;
  int64_t carried;
  size_t series;
  int64_t done_ms; /* 0: none yet */
};

/* What self-telemetry tells of the source. */
enum gc_analytics_source {
  GC_ANALYTICS_SOURCE_IDLE,  /* no window was due yet: neither up nor down */
  GC_ANALYTICS_SOURCE_ASKED, /* the first answer is awaited */
  GC_ANALYTICS_SOURCE_UP,    /* the last poll was answered */
  GC_ANALYTICS_SOURCE_DOWN,  /* it failed */
};

/* What all threads share, under the lock. */
struct gc_analytics_shared {
  enum gc_stage stage;
  uint64_t next_save_ms; /* of UNSAVED: the next save … */
  int64_t due_ms;        /* … and the next window, by the server's clock */
  enum gc_analytics_source source;
  uint64_t last_success_ms; /* 0: never */
  struct gc_server_clock clock;
  struct gc_analytics_tally tally;
};

struct gc_analytics {
  const struct gc_query *query;
  struct gc_analytics_deps deps;
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  struct gc_analytics_planner plan;
  struct gc_analytics_work work;
  pthread_mutex_t lock;
  struct gc_analytics_shared shared;
};

static inline uint64_t gc_analytics_now(const struct gc_analytics *b) {
  return b->deps.env->now_ms(b->deps.env->ctx);
}

static inline enum gc_stage gc_analytics_stage(struct gc_analytics *b) {
  pthread_mutex_lock(&b->lock);
  enum gc_stage stage = b->shared.stage;
  pthread_mutex_unlock(&b->lock);
  return stage;
}

/* False: the stage has no arrow for the event. */
static inline bool gc_analytics_move(struct gc_analytics *b,
                                     enum gc_stage_event event) {
  pthread_mutex_lock(&b->lock);
  bool has_moved = gc_stage_move(&b->shared.stage, event);
  pthread_mutex_unlock(&b->lock);
  return has_moved;
}

/* Returns the work to the thread that owns it. */
static inline struct gc_analytics_work *
gc_analytics_work_of(struct gc_analytics *b, enum gc_stage_thread thread) {
  GC_ASSERT(gc_stage_owner(gc_analytics_stage(b)) == thread);
  (void)thread;
  return &b->work;
}

#endif
