/* SPDX-License-Identifier: MIT */
/* The types that both halves of a stream share: stream.c, model.c and the
 * sources run on the network thread, samples.c on read threads. */
#ifndef GENESYS_REALTIME_STREAM_INTERNAL_H
#define GENESYS_REALTIME_STREAM_INTERNAL_H

#include <pthread.h>

#include "common/analytics/send/outbox.h"
#include "common/base/assert.h"
#include "common/net/channels/listening.h"
#include "plugins/genesys_realtime/stream/drift.h"
#include "plugins/genesys_realtime/stream/guide_decode.h"
#include "plugins/genesys_realtime/stream/guide_socket.h"
#include "plugins/genesys_realtime/stream/stream.h"

enum { STREAM_PAIRS_MAX = 65536 }; /* pairs of queue and medium */

/* The source of the events. All functions run on the network thread. */
struct stream_source {
  bool has_topics;       /* one for each queue: see `coverage` */
  bool has_server_times; /* events have times of the server's clock */
  enum gc_code (*start)(struct stream *s);
  void (*select)(struct stream *s, const struct selection *selection);
  /* Returns the meaning of unknown words of a kind, as a text for a report. */
  const char *(*word_default)(const char *kind);
  /* Brings `listening` up to date, each second. */
  void (*tick)(struct stream *s, uint64_t now_ms);
  void (*stop)(struct stream *s);
};
extern const struct stream_source stream_notifications; /* "notifications" */
extern const struct stream_source stream_guide;         /* "conversations" */

/* A pass of values that waits until Redis has its counts. */
struct stream_pass {
  struct gc_outbox held;
  struct gc_buf fields;
  const struct gc_samples *out; /* during a pass */
  uint64_t fence, version;      /* of the lease; of the page */
  uint64_t dispatched_ms;       /* monotonic, of the last pass */
  bool is_held, is_incomplete;
};

/* What the network thread alone uses: the source of the events and their dates.
 * stream_guide uses the socket, stream_notifications the listener. */
struct stream_feed {
  struct guide_socket *socket;
  struct guide_decoder *guide_decoder;
  struct gc_buf query;
  struct gc_channels_listener listener;
  struct cv_decoder *decoder;
  struct gc_timer timer;
  bool is_listening;
  bool is_announced;                 /* the first connection is in the log */
  unsigned ticks, rejections;        /* rejections: since the last selection */
  struct gc_start_clock start_clock; /* dates the start of a model */
  uint64_t retire_ms;                /* when to remove expired queues next */
  uint64_t overflow;                 /* of the model, while there was a place */
  size_t expected_left;  /* as it was reported last: struct expected */
  uint64_t taking_fence; /* of the page that the next model has */
  /* Of the lease that this agent had last, and since when (monotonic). */
  uint64_t held_fence, held_since_ms;
};

/* What one read thread at a time uses. */
struct stream_reader {
  uint64_t due_ms; /* when the next turn is */
  uint32_t turn;   /* of the queues whose counters are put whole next */
  struct stream_pass pass;
};

/* What the threads share: the model and its counters. The lock guards it. */
struct stream_shared {
  pthread_mutex_t lock;
  struct gc_topic_coverage coverage;
  struct conversations *model; /* NULL until the stream has been open */
  bool is_paused;              /* stream_pause; then there is no model */
  uint64_t model_fence;        /* of the lease under which the model counts */
  bool is_left_out;            /* the lease does not carry all counters */
  struct drift *drift;
  uint64_t poll_began_ms;           /* start of the running or last poll */
  uint64_t malformed, others, lost; /* lost: out of memory */
  uint64_t unknown;                 /* words */
  struct gc_listening listening;
};

struct stream {
  /* Const after stream_new. */
  const struct queues_options *options;
  struct queues_deps deps;
  const struct stream_source *source;
  void (*snapshot)(void *ctx);
  void *snapshot_ctx;
  int64_t epoch_ms; /* wall clock at 0 of the monotonic clock, as first read */
  struct obs_listener observations; /* network thread */

  struct stream_feed feed;
  struct stream_reader reader;
  struct stream_shared shared;
};

static inline void stream_lock(struct stream *s) {
  pthread_mutex_lock(&s->shared.lock);
  GC_ASSERT(s->shared.model == NULL || !s->shared.is_paused);
  GC_ASSERT(s->shared.coverage.covered <= s->shared.coverage.count);
}

static inline void stream_unlock(struct stream *s) {
  pthread_mutex_unlock(&s->shared.lock);
}

/* ---- model.c ---- */

/* Returns epoch ms for waits, of the server's clock if the source's events have
 * its times, else of a clock that never steps. */
int64_t stream_server_now(const struct stream *s);
/* Returns epoch ms, of the clock that dates starts. */
int64_t stream_start_now(const struct stream *s);
/* Brings that clock up to date, and corrects the start of the model. The lock
 * is held if there is a model. */
void stream_date_start(struct stream *s);
/* Takes the times of an event, and does the same. The lock is held. */
void stream_note_times(struct stream *s, const struct cv_event *event);
/* Creates the model unless there is one. If the account has a lease, creates
 * the model only when this agent holds the lease; the model then continues
 * with the counters of the former holder. */
void stream_make_model(struct stream *s);
/* Makes the model of a lease that was taken, each second. */
void stream_follow_lease(struct stream *s);
/* Takes two settings of each queue from the list of queues: its targets, and
 * the media whose counters begin before the first contact. */
void stream_take_settings(struct stream *s);
/* Reports a message of `len` bytes that is no event. The caller counts it and
 * does not hold the lock. */
void stream_report_odd(const struct stream *s, size_t len);

/* Logs the first connection of the stream, with what it brings. */
void stream_announce(struct stream *s, const char *what);

/* Reports each unknown word that has not been reported yet. The caller does not
 * hold the lock. */
void stream_report_words(const struct stream *s,
                         struct gc_unknown_words *words);

static inline uint32_t stream_interval_ms(const struct stream *s) {
  return s->options->interval_s * 1000;
}

static inline uint64_t stream_now(const struct stream *s) {
  return queues_now_ms(&s->deps);
}

/* Returns the time from `then_ms` to `now_ms`; 0 if `then_ms` is later: the two
 * threads may call this in another order than they read the clock. */
static inline uint64_t stream_ms_since(uint64_t then_ms, uint64_t now_ms) {
  return now_ms > then_ms ? now_ms - then_ms : 0;
}

#endif
