/* SPDX-License-Identifier: MIT */
/* What the network thread's half (stream.c) and the read thread's half
 * (stream_samples.c) of a stream share. */
#ifndef GENESYS_REALTIME_STREAM_INTERNAL_H
#define GENESYS_REALTIME_STREAM_INTERNAL_H

#include <pthread.h>

#include "plugins/genesys_realtime/conversations/drift.h"
#include "plugins/genesys_realtime/stream/guide_decode.h"
#include "plugins/genesys_realtime/stream/guide_socket.h"
#include "plugins/genesys_realtime/stream/stream.h"

/* Where the events come from. All on the network thread. */
struct stream_source {
  enum gc_code (*start)(struct stream *s);
  void (*select)(struct stream *s, const struct selection *selection);
  /* Each second: is_connected, reconnects, heard_ms, blind_since_ms. */
  void (*tick)(struct stream *s, uint64_t now_ms);
  void (*stop)(struct stream *s);
};
extern const struct stream_source stream_topics; /* "notifications" */
extern const struct stream_source stream_guide;  /* "conversations" */

struct stream {
  const struct queues_options *options;
  struct stream_deps deps;

  const struct stream_source *source;

  /* The network thread's; stream_guide has the link in place of a listener. */
  struct guide_socket *link;
  struct guide_decoder *guide_decoder;
  struct gc_buf query;
  struct gc_channels_listener listener;
  struct gc_timer timer;
  struct cv_decoder *decoder;
  bool is_listening;
  unsigned ticks, named;
  uint64_t retire_ms; /* when queues are looked at that may be gone */
  uint64_t overflow, wrapups_left; /* of the model, at the last look */

  /* The read thread's. */
  uint64_t due_ms;

  /* Under the lock. */
  pthread_mutex_t lock;
  struct topic_coverage coverage;
  struct conversations *model; /* NULL until the stream was open once */
  struct drift *drift;
  uint64_t malformed, others, lost, reconnects; /* lost: no memory */
  uint64_t gap_ms;                              /* of gaps that are over */
  uint64_t blind_since_ms; /* the gap that lasts; 0: none */
  uint64_t heard_ms;       /* the last message; 0: none yet */
  bool is_connected;
  size_t series;
};

/* Server's clock, epoch ms. */
int64_t stream_server_now(const struct stream *s);
/* Once the stream was open; a second time changes nothing. */
void stream_make_model(struct stream *s);
/* From the list of queues. */
void stream_take_targets(struct stream *s);

static inline uint32_t stream_interval_ms(const struct stream *s) {
  return s->options->interval_s * 1000;
}

static inline uint64_t stream_now(const struct stream *s) {
  return s->deps.env->now_ms(s->deps.env->ctx);
}

/* The two threads look at the clock one after the other, but may come here the
 * other way round. */
static inline uint64_t stream_ms_since(uint64_t then_ms, uint64_t now_ms) {
  return now_ms > then_ms ? now_ms - then_ms : 0;
}

#endif
