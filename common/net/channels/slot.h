/* SPDX-License-Identifier: MIT */
/* A slot: up to 1,000 topics of an account that share a channel. When the end
 * of the channel is near, another one is made, subscribed and connected before
 * the old one is closed:
 *
 *   ending      the channel tells, or the token has changed; the slot waits for
 *               its turn (one renewal at a time in an account)
 *   renewing    `next` is brought up beside `current`; both are heard, a
 *               message may come twice
 *   switched    `next` is ready: it is `current` now, the old one is closed and
 *               gives its place back. Nothing was missed, unless the old one
 *               broke meanwhile
 *   too late    after half of the time that was left: `next` is given up. A
 *               channel at the end of its life or token is prolonged, one whose
 *               server closes leaves and connects again (a break, told as one)
 *
 * Part of net/channels. One thread, the account's. */
#ifndef GC_NET_CHANNELS_SLOT_H
#define GC_NET_CHANNELS_SLOT_H

#include "common/net/channels/channel.h"

struct gc_slot;

/* A channel and what is subscribed on it. */
struct gc_line {
  struct gc_slot *slot;
  struct gc_id_store *ids;
  struct gc_channel *channel; /* NULL: this line is not in use */
  struct gc_topics topics;
};

struct gc_slot_owner {
  const struct gc_channel_deps *needs;
  const struct gc_channel_timeouts *timeouts;
  /* A place that is now taken, NULL: there is none. Given back by is_taken. */
  struct gc_id_store *(*take)(void *ctx);
  /* It has become this slot's turn to renew, or no longer: look again. */
  void (*turn)(void *ctx);
  /* As struct gc_channel_events. */
  void (*ready)(void *ctx, struct gc_slot *slot, bool is_new,
                uint64_t blind_ms);
  void (*event)(void *ctx, const struct gc_topic_want *wants,
                const struct gc_notification *n, const char *bytes, size_t len);
  void (*rejected)(void *ctx, const struct gc_topic *topic, const char *reason);
  void *ctx;
};

enum gc_renewal {
  GC_RENEWAL_NONE,
  GC_RENEWAL_WAITS, /* for its turn */
  GC_RENEWAL_RUNS,
  GC_RENEWAL_ENDS, /* the old channel is being closed */
};

struct gc_slot {
  const struct gc_slot_owner *owner;
  unsigned number; /* from 0 */
  struct gc_line lines[2];
  struct gc_line *current; /* NULL: never used */
  struct gc_line *next;    /* while the renewal runs */
  enum gc_renewal renewal;
  enum gc_channel_end why;
  uint32_t heeded;     /* the newest token that was looked at */
  uint64_t closing_ms; /* of the last renewal before a server closes; 0: none */
  struct gc_timer deadline;
  struct gc_channel_stats past; /* of channels that are gone */
  uint64_t unwanted;            /* messages that nobody wants */
};

void gc_slot_init(struct gc_slot *s, const struct gc_slot_owner *owner,
                  unsigned number);
void gc_slot_clear(struct gc_slot *s);

/* The topics that are wanted of it; NULL when it was never used. */
const struct gc_topics *gc_slot_topics(const struct gc_slot *s);

/* As gc_topics_want; the first one makes the channel. GC_ERR_LIMIT: no place
 * for a channel. */
GC_MUST_CHECK enum gc_code gc_slot_want(struct gc_slot *s, const char *topic,
                                        void *who, void *tag,
                                        struct gc_err *err);
/* `topic` NULL: all that `who` wants. */
void gc_slot_unwant(struct gc_slot *s, const char *topic, const void *who);

/* The agreed patience has changed. */
void gc_slot_be_patient(struct gc_slot *s);
/* The account's token has this number now (0: there is none). Asked again when
 * a renewal has ended. */
void gc_slot_heed_token(struct gc_slot *s, uint32_t number);
/* Its turn: begins the renewal that waits. */
void gc_slot_renew(struct gc_slot *s);

void gc_slot_stats(const struct gc_slot *s, struct gc_channel_stats *ret_stats);

#endif
