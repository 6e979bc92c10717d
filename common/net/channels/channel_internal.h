/* SPDX-License-Identifier: MIT */
/* What the parts of a channel share: its state, and the steps that one part
 * asks of another.
 *
 *   channel.c         the order of the steps, and the public functions
 *   channel_calls.c   the REST calls, and what their answers change
 *   channel_socket.c  the WebSocket: messages, silence, the end
 *   channel_pace.c    when the next step is due, whom to tell
 */
#ifndef GC_NET_CHANNELS_CHANNEL_INTERNAL_H
#define GC_NET_CHANNELS_CHANNEL_INTERNAL_H

#include "common/base/policy/backoff.h"
#include "common/net/channels/channel.h"

/* What to do once the socket is gone. */
enum gc_plan {
  GC_PLAN_CONNECT, /* to the same address */
  GC_PLAN_CHECK,   /* first ask whether the channel is still there */
  GC_PLAN_REPLACE, /* it is not */
};

struct gc_channel {
  struct gc_channel_deps needs;
  struct gc_channel_timeouts timeouts;
  struct gc_topics *topics;
  struct gc_channel_events events;
  struct gc_ws_events socket_events;

  struct gc_channel_place *place;
  bool is_checked; /* the platform knows the channel */
  uint32_t token_number;

  struct gc_call call; /* one at a time */
  bool is_calling, replaces;
  char path_tail[GC_CHANNEL_ID_MAX + 32];
  struct gc_buf body, answer;

  void *socket; /* NULL: none */
  bool is_idle; /* it is being closed because nobody wants a topic */
  bool is_open, is_proven, is_leaving, is_retiring, was_noticed, was_refused;
  enum gc_plan plan; /* of a socket that we close ourselves */
  uint64_t tell_ms;  /* when to tell of the closing notice; 0: never */
  uint64_t opened_ms, heard_ms, pinged_ms;
  uint64_t blind_ms; /* since when messages may be missed; 0: they are not */
  bool owes_ready, is_new;

  struct gc_timer work;   /* the next step */
  struct gc_timer watch;  /* silence, and the closing notice */
  struct gc_timer ending; /* before the channel's life ends */
  uint64_t not_before_ms;
  struct gc_backoff reconnect, creation, asking;
  struct gc_channel_stats counts;
};

/* ---- pace ---- */

uint64_t gc_channel_now(const struct gc_channel *c);
uint32_t gc_channel_random32(const struct gc_channel *c);
void gc_channel_note(const struct gc_channel *c, const struct gc_err *err);
/* The next step is never taken within a callback of somebody else. */
void gc_channel_work_soon(struct gc_channel *c);
/* Not sooner than in `ms`. */
void gc_channel_wait(struct gc_channel *c, uint64_t ms);
/* After a connection was lost; ask_ms: the server's Retry-After. */
uint64_t gc_channel_reconnect_wait_ms(struct gc_channel *c, uint32_t ask_ms);

/* ---- calls ---- */

/* It is gone: the next step creates another one. */
void gc_channel_drop(struct gc_channel *c);
/* Its timer; once. */
void gc_channel_prepare_calls(struct gc_channel *c);
void gc_channel_cancel_call(struct gc_channel *c);
void gc_channel_ask_to_create(struct gc_channel *c);
void gc_channel_ask_to_check(struct gc_channel *c);
void gc_channel_ask_for_topics(struct gc_channel *c);

/* ---- socket ---- */

/* Its callbacks; once. */
void gc_channel_prepare_socket(struct gc_channel *c);
void gc_channel_connect(struct gc_channel *c);
/* Nobody waits for what is missed any longer: it is added to the sum. */
void gc_channel_end_blindness(struct gc_channel *c);
/* Connected and subscribed: tells so. */
void gc_channel_tell_ready(struct gc_channel *c);
/* `plan`: what follows the end. */
void gc_channel_close(struct gc_channel *c, enum gc_plan plan);

#endif
