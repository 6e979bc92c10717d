/* SPDX-License-Identifier: MIT */
/* The state of a block, shared by analytics.c and analytics_state.c (network
 * thread) and analytics_read.c (read threads). Private to them. */
#ifndef GC_ANALYTICS_ANALYTICS_INTERNAL_H
#define GC_ANALYTICS_ANALYTICS_INTERNAL_H

#include <pthread.h>

#include "common/analytics/analytics.h"
#include "common/analytics/poll.h"
#include "common/analytics/query/filter.h"
#include "common/genesys/idle_selectors.h"

enum gc_analytics_stage {
  GC_ANALYTICS_LOADING,
  GC_ANALYTICS_IDLE,
  GC_ANALYTICS_REQUESTING,
  GC_ANALYTICS_NAMING,
  GC_ANALYTICS_READY,
  GC_ANALYTICS_SENDING,
  GC_ANALYTICS_UNSAVED,
  GC_ANALYTICS_SENT,
};

/* Counts for telemetry, under the lock. */
struct gc_analytics_tally {
  uint64_t answered, failed, read, foreign, broken, overflow, skipped;
  uint64_t windows, unnamed, revisions, collisions, unknown;
  int64_t carried;
  size_t series;
  int64_t done_ms; /* 0: none yet */
};

/* The subscription to one list of names. */
struct gc_analytics_list {
  struct gc_analytics *owner;
  bool is_needed;
  struct gc_names_listener listener;
};

struct gc_analytics {
  struct gc_analytics_settings settings;
  struct gc_analytics_deps deps;
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  /* Network thread only. */
  struct gc_analytics_list lists[GC_NAME_KIND_COUNT];
  bool is_listening;
  struct gc_dimension_names
      dimension_names; /* changed under the lock: read threads copy it */
  struct gc_filter filter;
  struct gc_idle_selectors idle_options;
  bool filter_is_old; /* made from an earlier list; not replaced while it is in
                         use */
  struct gc_timer timer;
  struct gc_server_clock clock;
  struct gc_analytics_poll poll;
  uint32_t new_max, piece_max, piece_best;
  bool piece_is_accepted;   /* the size is not the cause: smaller requests were
                               refused too */
  uint64_t next_request_ms; /* the next request is not sent earlier */
  uint64_t names_until_ms;
  uint64_t future_since_ms; /* since when the checkpoint is ahead of all clocks,
                               monotonic; 0: it is not */
  uint32_t named; /* series with a number below this have checked names */

  /* Owned by the thread that the stage names (analytics.h). */
  struct gc_series_set series;
  struct gc_results results;
  struct gc_checkpoint checkpoint;
  struct gc_sender sender;

  /* Under the lock. */
  pthread_mutex_t lock;
  enum gc_analytics_stage stage;
  bool is_reading;       /* gc_analytics_read runs */
  uint64_t next_save_ms; /* in UNSAVED */
  bool is_healthy;
  bool is_idle;             /* no window was due at the last check */
  uint64_t last_success_ms; /* 0: never */
  struct gc_server_clock clock_copy;
  struct gc_analytics_tally tally;
};

static inline uint64_t gc_analytics_now(const struct gc_analytics *b) {
  return b->deps.env->now_ms(b->deps.env->ctx);
}

static inline const struct gc_env *
gc_analytics_env(const struct gc_analytics *b) {
  return b->deps.env;
}

static inline int64_t gc_analytics_server_now(const struct gc_analytics *b) {
  return gc_server_clock_now(&b->clock, gc_analytics_now(b),
                             b->deps.env->wall_ms(b->deps.env->ctx));
}

static inline enum gc_analytics_stage
gc_analytics_stage(struct gc_analytics *b) {
  pthread_mutex_lock(&b->lock);
  enum gc_analytics_stage stage = b->stage;
  pthread_mutex_unlock(&b->lock);
  return stage;
}

static inline void gc_analytics_set_stage(struct gc_analytics *b,
                                          enum gc_analytics_stage stage) {
  pthread_mutex_lock(&b->lock);
  b->stage = stage;
  pthread_mutex_unlock(&b->lock);
}

/* ---- analytics_state.c; network thread ---- */

/* Loads the checkpoint; codes as gc_checkpoint_load. Nothing is requested until
 * it is loaded, since without it windows would be sent twice and counters would
 * fall. */
enum gc_code gc_analytics_load_state(struct gc_analytics *b);
/* If another agent has taken the lease under which the state was loaded, drops
 * everything: the state is to be loaded again. */
void gc_analytics_lose_lease(struct gc_analytics *b);
/* Reports a Date that does not count; called after a poll. */
void gc_analytics_report_clocks(struct gc_analytics *b);
/* Steps a checkpoint back if all clocks have placed it in the future for a
 * while: a clock was wrong when the checkpoint was saved. Nothing is requested
 * until it has stepped back. Called while no window is due. */
void gc_analytics_check_future(struct gc_analytics *b);

#endif
