/* SPDX-License-Identifier: MIT */
/* The struct of a channel, and the functions that channel.c (the actions of the
 * state machine, the public functions) shares with waits.c (reports, and when
 * the next step comes). */
#ifndef GC_NET_CHANNELS_CHANNEL_INTERNAL_H
#define GC_NET_CHANNELS_CHANNEL_INTERNAL_H

#include "common/base/policy/backoff.h"
#include "common/net/channels/calls.h"
#include "common/net/channels/channel.h"
#include "common/net/channels/socket.h"
#include "common/net/channels/state.h"

/* A connection to report to the owner. */
enum due_report {
  REPORT_NONE,
  REPORT_TOPICS, /* topics were added or renewed */
  REPORT_SOCKET, /* another connection */
};

struct gc_channel {
  struct gc_channel_deps deps;
  struct gc_channel_timeouts timeouts;
  struct gc_topics *topics;
  struct gc_channel_events events;
  struct gc_id_store *ids;

  enum gc_channel_state state;
  struct gc_channel_calls calls;
  struct gc_channel_socket socket;
  enum due_report due;
  uint64_t blind_ms; /* since when messages may be missed; 0: they are not */

  struct gc_timer step; /* next step of the socket */
  struct gc_timer topics_step;
  struct gc_timer late;    /* ends a check without an answer */
  struct gc_timer notice;  /* reports that the server closes the socket */
  struct gc_timer overlap; /* closes the socket of a channel that is replaced */
  struct gc_timer ending;  /* fires before the channel's lifetime ends */
  uint64_t not_before_ms;  /* earliest time of the next step */
  /* The earliest time of the next request of topics: of failed ones, of any. */
  uint64_t retry_ms, pace_ms;
  struct gc_backoff reconnect, creation, calling, subscribing;
  uint64_t reconnects, gap_ms;
};

static inline uint64_t gc_channel_now_ms(const struct gc_channel *c) {
  return c->deps.env->now_ms(c->deps.env->ctx);
}

static inline uint32_t gc_channel_random32(const struct gc_channel *c) {
  return c->deps.env->random32(c->deps.env->ctx);
}

/* Reports an outcome to the owner, without the channel's id. */
void gc_channel_report(const struct gc_channel *c, enum gc_channel_part part,
                       const struct gc_err *err);
void gc_channel_report_success(const struct gc_channel *c,
                               enum gc_channel_part part);

/* Sets the timers of the socket and of the topics, since no step is taken
 * within a callback. */
void gc_channel_schedule(struct gc_channel *c);
/* Delays the socket's next step by at least `ms`. */
void gc_channel_delay(struct gc_channel *c, uint64_t ms);

/* Delay the next try after a failure; the last two functions report it too. */
void gc_channel_delay_reconnect(struct gc_channel *c, uint32_t retry_after_ms);
void gc_channel_delay_creation(struct gc_channel *c, const struct gc_err *err);
void gc_channel_delay_topics(struct gc_channel *c, const struct gc_err *err);
/* Delays the next request after a topic that was refused alone. */
void gc_channel_pace_topics(struct gc_channel *c);

/* Loads the stored id. False: another process uses the channels, which is
 * reported; the next step comes in some seconds. */
bool gc_channel_may_use(struct gc_channel *c);
/* Checks the account's budget of such creations. False: it is spent, which is
 * reported, and the next step comes when the budget allows a creation. */
bool gc_channel_may_create(struct gc_channel *c);

#endif
