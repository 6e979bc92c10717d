/* SPDX-License-Identifier: MIT */
/* The WebSocket of a notification channel: reads its messages, pings, notices
 * silence, and reports these to the channel as events. It knows neither the
 * channel's id nor its topics. Part of channels/channel. One thread, the
 * account's.
 *
 * A socket ends after idle_timeout without a message. After half of that
 * time an application ping asks for a message; after a quarter of it the ping
 * of RFC 6455 keeps the connection open in middle boxes. */
#ifndef GC_NET_CHANNELS_SOCKET_H
#define GC_NET_CHANNELS_SOCKET_H

#include "common/base/env.h"
#include "common/genesys/notification.h"
#include "common/net/channels/state.h"
#include "common/net/socket/websocket.h"

/* The end of a socket, or the reason why none could be opened. Borrowed for the
 * call. */
struct gc_channel_socket_end {
  const struct gc_err *err;
  uint32_t retry_after_ms;  /* from the server; 0: none */
  uint64_t last_message_ms; /* time of the last message; 0: it never opened */
};

/* The owner's callbacks. None runs inside a function of this file except
 * gc_channel_socket_open. */
struct gc_channel_socket_user {
  /* Reports GC_CHANNEL_ON_OPENED, PROOF, ANNOUNCED or DOUBT. */
  void (*report)(void *ctx, enum gc_channel_event event);
  /* Reports GC_CHANNEL_ON_ENDED or UPGRADE_REFUSED; the socket is freed
   * before. */
  void (*ended)(void *ctx, enum gc_channel_event event,
                const struct gc_channel_socket_end *end);
  /* Passes on an event; the message is borrowed for the call. */
  void (*message)(void *ctx, const struct gc_notification *n, const char *bytes,
                  size_t len);
  /* Reports a message that cannot be read, which is counted. The text shows
   * only its size. */
  void (*odd)(void *ctx, const struct gc_err *err);
  void *ctx;
};

struct gc_channel_socket {
  const struct gc_socket_driver *driver;
  const struct gc_connect *connect;
  const struct gc_env *env;
  struct gc_channel_socket_user user;

  struct gc_ws_events events;
  struct gc_timer watch;
  void *handle; /* the driver's object; NULL: there is no socket */
  uint32_t idle_timeout_ms;
  uint64_t opened_ms; /* monotonic; 0: not open */
  uint64_t last_message_ms, pinged_ms;
  uint64_t proof_ms; /* the first message from this time on is the proof;
                        UINT64_MAX: it has come */
  unsigned refusals; /* refused upgrades since the last success */

  uint64_t event_count, malformed_count, other_count; /* messages */
};

/* Initialises the object, in which the caller has set `driver`, `connect`,
 * `env` and `user`. */
void gc_channel_socket_init(struct gc_channel_socket *s);
/* Ends the socket without a callback. */
void gc_channel_socket_clear(struct gc_channel_socket *s);

/* Begins to connect; there is no socket yet. */
void gc_channel_socket_open(struct gc_channel_socket *s, const char *url);
/* Sets the time-out, which applies from the next check of the clock on, at the
 * latest to the next socket. */
void gc_channel_socket_set_timeout(struct gc_channel_socket *s, uint32_t ms);
/* Closes the socket in order: `ended` follows within half a second; messages
 * may come until then. */
void gc_channel_socket_close(struct gc_channel_socket *s);

/* True if the socket is open, also while it closes. */
bool gc_channel_socket_is_open(const struct gc_channel_socket *s);

#endif
