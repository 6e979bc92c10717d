/* SPDX-License-Identifier: MIT */
/* One notification channel and its WebSocket, kept alive: struct gc_channel
 * finds or creates the channel, subscribes, connects, watches the connection
 * and reconnects. Blocks use channels/channels. One thread, the account's.
 *
 *   state.c    all states, events and actions of a channel in one table
 *   calls.c    the REST calls
 *   socket.c   the WebSocket: messages, pings, silence
 *   channel.c  carries out the actions that state.c chooses, and when
 *
 * The platform keeps 20 channels for an OAuth client and drops the oldest for
 * the 21st, so the channel's id survives restarts (channels/id_store) and is
 * used again after a HEAD that finds it. While another process uses the same
 * StateDir, this process leaves the channels to it, tries again every 2 s and
 * reports the other's name: two sockets on one channel would close each other.
 * A new channel is created only when a HEAD does not find the old one, or is
 * refused after a refused handshake; a refused handshake, a connection that is
 * closed at once and a message that the channel was displaced only cause that
 * HEAD. Each creation after the first waits longer, up to 5 minutes, and the
 * account has a budget for all (channels/creations).
 *
 * The socket and the topics are independent of each other. A topic that is not
 * subscribed is requested again after reconnect_min plus up to reconnect_max (5
 * minutes if the platform refuses it), and reported as a cause of its own; the
 * socket connects, reconnects and counts as connected meanwhile.
 *
 * After a failure the channel connects again: after reconnect_min plus a random
 * part, whose limit doubles with each failure; both together are reconnect_max
 * at most. The wait is reset once the connection has proven itself: by an event
 * or a heartbeat 10 s or more after it opened. An earlier message proves
 * nothing: two agents that displace each other on one channel receive events
 * too. Example, 1 s and 30 s: 1 … 2 s, 1 … 3, 1 … 5, … 1 … 30.
 *
 * A channel cannot replace itself without a break, since a second socket on it
 * closes the first. When its end is near, the channel reports that, and its
 * owner (channels/slot) opens another channel, prolongs this one, or makes it
 * reconnect. */
#ifndef GC_NET_CHANNELS_CHANNEL_H
#define GC_NET_CHANNELS_CHANNEL_H

#include "common/genesys/notification.h"
#include "common/net/api/api.h"
#include "common/net/channels/creations.h"
#include "common/net/channels/id_store.h"
#include "common/net/socket/websocket.h"

struct gc_channel;

/* Borrowed as long as the channel lives. */
struct gc_channel_deps {
  const char *account; /* name under which the channels' ids are stored */
  /* For gc_channels_new: how many of the client's 20 channels are used,
   * including the one for renewals. 0: GC_CHANNELS_USUAL; 20 at most. */
  unsigned channels_max;
  struct gc_api *api;
  const struct gc_env *env;
  struct gc_store *store; /* NULL: nothing survives a restart */
  const struct gc_socket_driver *driver;
  const struct gc_connect *connect;
  struct gc_creations *creations; /* gc_channels_new sets it */
};

struct gc_channel_timeouts {
  uint32_t idle_timeout_ms, reconnect_min_ms, reconnect_max_ms;
};

/* The reasons why a channel ends. */
enum gc_channel_end {
  GC_CHANNEL_END_LIFE,   /* 24 h after it was created (API reference, 4.2) */
  GC_CHANNEL_END_SERVER, /* the server is about to close the socket (4.4) */
  /* The end of the token that created the channel or subscribed last: the
   * server may close the socket then (4.2). The owner notices this end with
   * gc_channel_token_number. */
  GC_CHANNEL_END_TOKEN,
};

enum gc_channel_part {
  GC_CHANNEL_SOCKET,
  GC_CHANNEL_TOPICS,
  GC_CHANNEL_FRAMES, /* messages that cannot be read; never GC_OK */
};

struct gc_channel_events {
  /* The channel is connected and subscribed: a gap ends here. `is_new`: the
   * connection is another than before; otherwise topics were added or renewed.
   * `blind_ms`: time since the last message of the earlier connection; 0: there
   * was none, or nothing was missed. */
  void (*ready)(void *ctx, bool is_new, uint64_t blind_ms);
  /* A message of the kind EVENT has come. It is borrowed for the call, in which
   * the channel must not be freed. */
  void (*event)(void *ctx, const struct gc_notification *n, const char *bytes,
                size_t len);
  /* The end is near, left_ms from now as far as is known. If the owner does
   * nothing, the connection ends and the channel connects again. */
  void (*ending)(void *ctx, enum gc_channel_end why, uint64_t left_ms);
  /* The socket is closed after gc_channel_retire. The channel may be freed
   * inside. */
  void (*retired)(void *ctx);
  /* The connection or its topics have an outcome to report; GC_OK: success. */
  void (*outcome)(void *ctx, enum gc_channel_part part,
                  const struct gc_err *err);
  void *ctx;
};

struct gc_channel_stats {
  bool connected; /* open, and each topic has had an answer: see `topics` */
  uint64_t silence_ms; /* since the last message; 0 when not connected */
  uint64_t blind_ms;   /* gc_channel_blind_ms */
  /* Topics that are wanted, and of these: subscribed, as far as is known (they
   * stay so while a connection is down); rejected by the platform. */
  size_t wanted, topics, rejected;
  size_t pending;      /* wanted topics without an answer yet */
  uint64_t reconnects; /* after a break */
  uint64_t renewals;   /* changes to a new channel without a break */
  uint64_t created;    /* channels that were created */
  uint64_t gap_ms; /* time in which messages may have been missed; grows while
                      it lasts */
  uint64_t events, malformed, others; /* messages; not pongs, heartbeats */
};

/* Makes a channel. `ids` (taken by the caller) and `topics` belong to the
 * caller and outlive the channel. */
struct gc_channel *gc_channel_new(const struct gc_channel_deps *deps,
                                  struct gc_id_store *ids,
                                  const struct gc_channel_timeouts *timeouts,
                                  struct gc_topics *topics,
                                  const struct gc_channel_events *events);
/* Closes the socket and frees the channel; its id stays in `ids`. */
void gc_channel_free(struct gc_channel *c);

/* Sets the timeouts, which apply from the next wait on. */
void gc_channel_set_timeouts(struct gc_channel *c,
                             const struct gc_channel_timeouts *timeouts);
/* Sets the budget of the channel's creations; at first GC_CREATION_LOST. */
void gc_channel_set_creation(struct gc_channel *c, enum gc_creation kind);
/* Takes up a change of the topics. Without any topic the socket is closed. */
void gc_channel_wake(struct gc_channel *c);

/* Subscribes to all topics once more, which prolongs the channel's lifetime,
 * with the current token (API reference, 4.2). Nothing is missed meanwhile. */
void gc_channel_prolong(struct gc_channel *c);
/* Closes the socket and connects again to the same channel. */
void gc_channel_leave(struct gc_channel *c);
/* Reads on for 5 s beside the channel that replaces this one, since messages
 * may be late, then closes the socket; the channel does not connect again. A
 * second call closes it at once. `retired` follows within
 * GC_CHANNEL_RETIRE_MAX_MS, or half a second after a second call; messages may
 * come until then. */
enum { GC_CHANNEL_RETIRE_MAX_MS = 5500 };
void gc_channel_retire(struct gc_channel *c);

bool gc_channel_is_open(const struct gc_channel *c);
/* True if the channel's last handshakes were refused, although the platform
 * knows the channel. */
bool gc_channel_is_refused(const struct gc_channel *c);
/* Returns for how long messages may have been missed up to now; 0: none are. */
uint64_t gc_channel_blind_ms(const struct gc_channel *c);
/* Returns the number (gc_api_token_number) of the token that subscribed last;
 * 0: none did. */
uint32_t gc_channel_token_number(const struct gc_channel *c);

void gc_channel_stats(const struct gc_channel *c,
                      struct gc_channel_stats *ret_stats);
/* Adds the counts of `s` to `sum`; leaves `connected`, `silence_ms` and
 * `blind_ms`. */
void gc_channel_stats_add(struct gc_channel_stats *sum,
                          const struct gc_channel_stats *s);

#endif
