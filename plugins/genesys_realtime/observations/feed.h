/* SPDX-License-Identifier: MIT */
/* Where a block's observations come from: polls, and with Observations "topic"
 * messages between them. A complete reading is an event; each listener has a
 * struct of its own (observations/newest.h, stream/stream.h). Network thread
 * only.
 *
 *   answers ── poll ────────┐
 *                           ├─ reading ──> listeners
 *   messages ── live model ─┘
 *
 * A message has only the numbers that changed, so the live model begins with a
 * snapshot, which is polled as for Observations "query". The model is complete
 * while every topic is subscribed and the channels are open. While it is not
 * complete, the feed polls each interval; else once a minute, because messages
 * may be lost. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_FEED_H
#define GENESYS_REALTIME_OBSERVATIONS_FEED_H

#include "plugins/genesys_realtime/deps.h"
#include "plugins/genesys_realtime/observations/poll.h"

struct obs_reading {
  struct observations *observations; /* const; observations_get keeps it */
  bool is_complete;                  /* no answer is missing */
  bool is_pushed; /* made of messages: it has no time of request, and may be
                     older than the events of the stream */
};

/* Functions may be NULL. */
struct obs_listener {
  void (*asked)(void *ctx); /* a poll is sent */
  void (*reading)(void *ctx, const struct obs_reading *reading);
  /* A poll has ended, well or not; called before its reading. */
  void (*ended)(void *ctx, bool is_complete);
  /* Numbers were not kept, or a message was not read. */
  void (*ignored)(void *ctx, uint32_t count);
  void *ctx;
  struct obs_listener *next; /* of the feed */
};

struct obs_feed;

/* Makes a feed of the block's Observations. `options` and what `deps` points to
 * are borrowed as long as it lives. */
struct obs_feed *obs_feed_new(const struct queues_options *options,
                              const struct queues_deps *deps);
/* Adds a listener, which is borrowed as long as the feed lives. */
void obs_feed_listen(struct obs_feed *f, struct obs_listener *listener);

/* Reads the list of presences early, if the source needs it. */
void obs_feed_start(struct obs_feed *f);
/* Takes the list of queues and the block's selection of it, which is borrowed:
 * chooses the source of Observations "auto", logs it when it changes, and warns
 * if the polls take more than a quarter of the budget. */
void obs_feed_choose(struct obs_feed *f, const struct gc_entities *queues,
                     const struct selection *selection);
/* Subscribes to the topics of the selection, if it is valid; polls, if it has
 * not polled yet. Comes after each obs_feed_choose. */
void obs_feed_begin(struct obs_feed *f, bool is_valid);
/* Returns true if the source reads queues by their id, so that it needs a
 * selection. */
bool obs_feed_needs_queues(const struct obs_feed *f);

/* Polls at once when the stream has opened, because messages may have been lost
 * before. A poll that is running was sent earlier, so another one follows it.
 * The guide dialect's source counts every 5 s only and is not polled sooner. */
void obs_feed_poll_soon(struct obs_feed *f);

void obs_feed_stop(struct obs_feed *f);
/* Frees `f`, which may be NULL. Call it after obs_feed_stop. */
void obs_feed_free(struct obs_feed *f);

#endif
