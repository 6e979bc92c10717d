/* SPDX-License-Identifier: MIT */
/* The notifications of one account. Its blocks subscribe to topics and receive
 * their messages. channels/channel keeps the channels behind them alive, and
 * channels/slot replaces them in time. One thread, the account's.
 *
 * The platform keeps 20 channels of 1,000 topics for an OAuth client. At most
 * 16 of them are used here (GC_CHANNELS_USUAL): 15 carry topics, and one is
 * for a renewal. The rest is a reserve for other programs of the client, a
 * second agent for example.
 *
 * A topic goes to the first of these: a channel that has the topic already, a
 * channel with room, a channel that can make room (a topic without a subscriber
 * stays on a channel until then), a new channel. It stays there as long as it
 * has a subscriber. So new topics use free room, no topic moves, and the same
 * topics in the same order go to the same channels again. A topic that finds no
 * room waits, first come first served, until other topics have left. */

/* The states of a channel, and its renewal:
 *
 * 1. Blocks subscribe to topics at net/channels/channels; it puts each topic
 *    into the first slot that has fewer than 1,000 topics, where the topic
 *    stays. A slot has a channel (channels/slot, channels/channel). When all
 *    slots are full, a topic waits.
 * 2. A channel takes a stored id (channels/id_store). The state store has 16
 *    of them; the platform keeps 20 channels for a client. Accounts of one
 *    client share the 16. A stored id is used again after a HEAD that finds
 *    the channel, or that has no answer. If the HEAD does not find the
 *    channel, another one is created and its id stored. In each process the
 *    first creation for each of the 16 is always permitted, since all channels
 *    expire during a long stop; further creations in place of lost channels
 *    are limited to 6 an hour and 12 a day, and those for renewals to 6 an
 *    hour and 30 a day (channels/creations). So an agent never holds more than
 *    16 channels, even in a crash loop, and 4 remain for other programs. While
 *    another process has the StateDir, that process alone uses the channels.
 * 3. channels/state has all states and transitions of a channel.
 *    channels/calls subscribes (the first batch replaces the topics that the
 *    channel had), then channels/socket connects; the block gets connected and
 *    takes a snapshot over REST.
 * 4. An hour before a channel's 24 hours end, when the server announces that
 *    it closes, and when the token has changed, the slot opens a second
 *    channel under a free stored id, one slot at a time. When the second
 *    channel is connected too, the slot closes the first. No message is
 *    missed; for a moment each message comes twice, and the model drops the
 *    duplicates. The slot needs a second channel because the platform closes
 *    the first socket of a channel when a second one connects.
 * 5. If the second channel is not connected after half of the time that is
 *    left, the slot gives it up. If the first channel's 24 hours or its token
 *    end, the slot prolongs the first channel by subscribing once more. If the
 *    server closes the socket, the first channel reconnects and reports the
 *    break as a gap, like any lost connection. */
#ifndef GC_NET_CHANNELS_CHANNELS_H
#define GC_NET_CHANNELS_CHANNELS_H

#include "common/net/channels/channel.h"

struct gc_channels;

enum {
  GC_CHANNELS_MAX = 20, /* channels of an OAuth client (API reference, 4.2) */
  GC_CHANNELS_USUAL = 16,
  GC_CHANNELS_WAITING_MAX = 100000, /* topics without room */
  /* A first connection that takes longer was blind from the start. */
  GC_CHANNELS_START_MS = 10 * 1000,
};

/* A message of a topic. Borrowed for the call. */
struct gc_message {
  const char *topic; /* in lower case */
  void *tag;         /* argument of gc_channels_subscribe */
  const char *body;  /* the value of eventBody; NULL, 0: none. Not yet known to
                        be valid JSON inside */
  size_t body_len;
  const char *bytes; /* the whole message */
  size_t len;
  bool may_be_old; /* it came on the other channel of a renewal: newer ones may
                      have come before it */
};

/* One block. Lives in its owner's memory. The callbacks must not block. Inside
 * them topics may be subscribed and unsubscribed, and this listener may be
 * removed, but no other one. */
struct gc_channels_listener {
  /* The smallest values of all listeners apply; 0: 40, 1 and 30 s. */
  struct gc_channel_timeouts timeouts;
  /* A gap ends here: take a snapshot over REST now. Called after each
   * connection of a channel that carries a topic of this listener, and when
   * topics that were added later are subscribed. Messages may come before. */
  void (*connected)(void *ctx);
  /* Called before `connected`, except for the first one of a channel:
   * `blind_ms` is the time without a message of its topics, counted from the
   * last message of the earlier connection. It is not called when one channel
   * took over from another in time. May be NULL, as the two below. */
  void (*gap)(void *ctx, uint64_t blind_ms);
  /* A message has come. While one channel takes over from another, each message
   * comes twice. */
  void (*message)(void *ctx, const struct gc_message *m);
  /* The platform rejects this topic; `reason` is one printable line. The next
   * channel or renewal, within a day, tries the topic again. */
  void (*rejected)(void *ctx, const char *topic, void *tag, const char *reason);
  void *ctx;

  /* Private; a bit, or a time, for each slot. */
  uint32_t has_news, was_connected;
  uint64_t since_ms[GC_CHANNELS_MAX]; /* time of its first topic there; 0: none
                                         yet */
  bool is_concerned, is_pending;
  struct gc_channels_listener *next;
};

/* Makes the channels of an account. `deps` is copied; the objects that it
 * points to are borrowed. Takes gc_api_on_wake. */
struct gc_channels *gc_channels_new(const struct gc_channel_deps *deps);
void gc_channels_free(struct gc_channels *c);

GC_API void gc_channels_listen(struct gc_channels *c,
                               struct gc_channels_listener *l);
/* Removes the listener and unsubscribes its topics. */
GC_API void gc_channels_unlisten(struct gc_channels *c,
                                 struct gc_channels_listener *l);

/* Pauses or resumes the channels. Paused channels are closed, and their topics
 * wait: an agent that does not hold the account's lease needs no channel
 * (net/lease_gate). The end of the pause subscribes all topics again. */
void gc_channels_pause(struct gc_channels *c, bool is_paused);

/* Subscribes `l` to `topic`, which is copied. GC_ERR_LIMIT: all channels are
 * full. The caller reports that to the operator; the topic waits for room until
 * it is unsubscribed, unless too many topics wait already. GC_ERR_REQUEST: not
 * a topic. */
GC_API GC_MUST_CHECK enum gc_code
gc_channels_subscribe(struct gc_channels *c, struct gc_channels_listener *l,
                      const char *topic, void *tag, struct gc_err *err);
GC_API void gc_channels_unsubscribe(struct gc_channels *c,
                                    struct gc_channels_listener *l,
                                    const char *topic);

/* True if the topic is subscribed on a channel, as far as is known. A topic
 * stays subscribed while a connection is down. */
GC_API bool gc_channels_covers(const struct gc_channels *c, const char *topic);

/* Sums up the channels that carry topics of this listener (NULL: all channels).
 * `connected`: all channels with topics are connected; `silence_ms`: the
 * longest silence; `wanted` includes the topics without room; `others` includes
 * messages of topics without a subscriber. `blind_ms`: the longest; on channels
 * on which the listener was never connected it counts from its first topic,
 * once that is GC_CHANNELS_START_MS ago. */
GC_API void gc_channels_stats_for(const struct gc_channels *c,
                                  const struct gc_channels_listener *l,
                                  struct gc_channel_stats *ret_stats);
/* Sums up all channels. */
GC_API void gc_channels_stats(const struct gc_channels *c,
                              struct gc_channel_stats *ret_stats);
/* Copies the counters of one channel; they are numbered from 0, in the order in
 * which they came to carry topics. */
GC_API void gc_channels_stats_of(const struct gc_channels *c, unsigned number,
                                 struct gc_channel_stats *ret_stats);
/* Returns the number of channels that carry or have carried topics. */
GC_API unsigned gc_channels_count(const struct gc_channels *c);

#endif
