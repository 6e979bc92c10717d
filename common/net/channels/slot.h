/* SPDX-License-Identifier: MIT */
/* A slot: up to 1,000 topics of an account that share a channel. When the end
 * of the channel is near, a second channel is created, subscribed and connected
 * before the first is closed:
 *
 *   ending      the channel reports its end, or the token has changed; the slot
 *               waits for its turn (one renewal at a time in an account)
 *   renewing    `next` is opened beside `current`; messages of both count, so a
 *               message may come twice
 *   switched    `next` is ready and becomes `current`; the old socket is read
 *               for 5 s more, since a message from before the switch may be
 *               late (a message that comes even later is missed). Then the old
 *               socket closes, and the old channel gives its stored id back. If
 *               so many slots wait that their time would be over, the old
 *               socket closes at once
 *   too late    after half of the time that was left, `next` is given up. A
 *               channel at the end of its lifetime or token is prolonged; a
 *               channel whose server closes reconnects (a gap, reported as
 *               one)
 *
 * Part of channels/channels. One thread, the account's. */
#ifndef GC_NET_CHANNELS_SLOT_H
#define GC_NET_CHANNELS_SLOT_H

#include "common/net/channels/channel.h"

struct gc_slot;

/* A channel and its topics. */
struct gc_slot_channel {
  struct gc_slot *slot;
  struct gc_id_store *ids;
  struct gc_channel *channel; /* NULL: not in use */
  struct gc_topics topics;
};

struct gc_slot_owner {
  const struct gc_channel_deps *deps;
  const struct gc_channel_timeouts *timeouts;
  /* Takes a stored id; NULL: none is free. Clearing is_taken gives it back. */
  struct gc_id_store *(*take)(void *ctx);
  /* Reports that the slots that wait for a renewal have changed. */
  void (*turn)(void *ctx);
  /* Pass on `ready` and `event` of struct gc_channel_events, and `rejected` of
   * struct gc_topics. `may_be_old`: see struct gc_message. */
  void (*ready)(void *ctx, struct gc_slot *slot, bool is_new,
                uint64_t blind_ms);
  void (*event)(void *ctx, const struct gc_topic_subscriber *subscribers,
                const struct gc_notification *n, const char *bytes, size_t len,
                bool may_be_old);
  void (*rejected)(void *ctx, const struct gc_topic *topic, const char *reason);
  void *ctx;
};

enum gc_renewal {
  GC_RENEWAL_NONE,
  GC_RENEWAL_WAITS, /* waits for its turn */
  GC_RENEWAL_RUNS,
  GC_RENEWAL_ENDS, /* the old channel is read on, or is being closed */
};

struct gc_slot {
  const struct gc_slot_owner *owner;
  unsigned number; /* from 0 */
  struct gc_slot_channel channels[2];
  struct gc_slot_channel *current; /* NULL: never used */
  struct gc_slot_channel *next;    /* set while the renewal runs */
  enum gc_renewal renewal;
  enum gc_channel_end why;
  uint32_t checked_token; /* newest token number that was compared */
  uint64_t closing_ms;    /* when a server last announced its end; 0: never */
  struct gc_timer deadline;
  struct gc_channel_stats past; /* sums of the freed channels */
  uint64_t unwanted;            /* messages of topics without a subscriber */
};

void gc_slot_init(struct gc_slot *s, const struct gc_slot_owner *owner,
                  unsigned number);
void gc_slot_clear(struct gc_slot *s);

/* Returns the slot's topics; NULL when the slot was never used. */
const struct gc_topics *gc_slot_topics(const struct gc_slot *s);

/* Subscribes a topic, as gc_topics_subscribe does; the first topic makes the
 * channel. GC_ERR_LIMIT: no stored id is free for a channel. */
GC_MUST_CHECK enum gc_code gc_slot_subscribe(struct gc_slot *s,
                                             const char *topic, void *owner,
                                             void *tag, struct gc_err *err);
/* Unsubscribes a topic; `topic` NULL: all topics of `owner`. */
void gc_slot_unsubscribe(struct gc_slot *s, const char *topic,
                         const void *owner);

/* Takes up a change of the owner's timeouts. */
void gc_slot_set_timeouts(struct gc_slot *s);
/* Compares the number of the account's token (0: there is none) with that of
 * the channel; another number causes a renewal. Called again when a renewal has
 * ended. */
void gc_slot_check_token(struct gc_slot *s, uint32_t number);
/* Begins the renewal that waits for its turn. */
void gc_slot_renew(struct gc_slot *s);
/* Returns when a slot that waits for its turn gives its renewal up (monotonic).
 */
uint64_t gc_slot_gives_up_ms(const struct gc_slot *s);
/* In GC_RENEWAL_ENDS: closes the old channel at once. */
void gc_slot_end_overlap(struct gc_slot *s);

void gc_slot_stats(const struct gc_slot *s, struct gc_channel_stats *ret_stats);

#endif
