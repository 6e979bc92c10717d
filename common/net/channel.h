/* SPDX-License-Identifier: MIT */
/* One notification channel and its WebSocket, kept alive: found again or
 * created, subscribed, connected, watched, connected again. net/channels is
 * what blocks talk to. One thread, the account's.
 *
 * The platform keeps 20 channels for an OAuth client and drops the oldest for
 * the 21st, so the channel's id survives restarts (state store) and is used
 * again after a HEAD that finds it. A new one is created only when it is gone:
 * 404 to a call or at the handshake, or the platform says that it was
 * displaced; each creation after the first waits longer, up to 5 minutes.
 *
 * One loop connects again, after reconnect_min plus a random part that doubles
 * with each failure up to reconnect_max. It begins anew once the connection
 * has proven itself: an event or a heartbeat 10 s or more after it was opened.
 * (Sooner proves nothing: two agents that kick each other off one channel see
 * events too.) Example, 1 s and 30 s: 1 … 2 s, 1 … 3, 1 … 5, … 1 … 30.
 *
 * A socket is dead after idle_timeout without a message. After half of it an
 * application ping asks for one, after a quarter of it the RFC 6455 ping keeps
 * middle boxes awake. */
#ifndef GC_NET_CHANNEL_H
#define GC_NET_CHANNEL_H

#include "common/base/notification.h"
#include "common/net/api.h"
#include "common/net/socket_driver.h"
#include "common/net/store.h"

struct gc_channel;

/* Borrowed as long as the channel lives. */
struct gc_channel_needs {
  const char *account; /* under this name and */
  unsigned slot;       /* this number it is kept */
  struct gc_api *api;
  const struct gc_edge *edge;
  struct gc_store *store; /* NULL: nothing survives a restart */
  const struct gc_socket_driver *driver;
  const struct gc_connect *connect;
};

struct gc_channel_patience {
  uint32_t idle_timeout_ms, reconnect_min_ms, reconnect_max_ms;
};

struct gc_channel_events {
  /* Connected and subscribed: what is missed ends here. `is_new`: on another
   * connection than before; else more topics came, or they were renewed.
   * blind_ms: since the last message of the connection before; 0: there was
   * none, or nothing was missed. */
  void (*ready)(void *ctx, bool is_new, uint64_t blind_ms);
  /* A message of kind EVENT. Borrowed for the call, in which the channel must
   * not be freed. */
  void (*event)(void *ctx, const struct gc_notification *n, const char *bytes,
                size_t len);
  void *ctx;
};

struct gc_channel_stats {
  bool connected;      /* open and subscribed */
  uint64_t silence_ms; /* since the last message; 0 when not connected */
  uint64_t blind_ms;   /* since when messages may be missed; 0: they are not */
  size_t topics;       /* permitted ones */
  uint64_t reconnects, created, events, malformed, others;
};

/* `topics` is the owner's. NULL when out of memory. */
struct gc_channel *gc_channel_new(const struct gc_channel_needs *needs,
                                  const struct gc_channel_patience *patience,
                                  struct gc_topics *topics,
                                  const struct gc_channel_events *events);
void gc_channel_free(struct gc_channel *c);

/* From the next wait on. */
void gc_channel_set_patience(struct gc_channel *c,
                             const struct gc_channel_patience *patience);
/* The topics have changed. Without any the socket is closed. */
void gc_channel_wake(struct gc_channel *c);

void gc_channel_stats(const struct gc_channel *c,
                      struct gc_channel_stats *ret_stats);

#endif
