/* SPDX-License-Identifier: MIT */
/* The WebSocket of the guide dialect's conversation stream, one for each block.
 * The request has the token. The socket reconnects after a jittered time
 * between ReconnectMin and ReconnectMax; after answers 429 the time doubles
 * from 1 s to 30 s. Only a message or an answered ping that comes 10 s or more
 * after the opening resets these times. A token cannot be renewed over the
 * socket. When the account has a new token, a second socket is opened with it,
 * and the first socket is closed half a second after that; of the
 * messages that both deliver one passes. Runs on the account's network thread.
 */
#ifndef GENESYS_REALTIME_STREAM_GUIDE_SOCKET_H
#define GENESYS_REALTIME_STREAM_GUIDE_SOCKET_H

#include "common/net/api/api.h"
#include "common/net/channels/channel.h"
#include "common/net/socket/websocket.h"

struct guide_socket;

struct guide_socket_deps { /* all borrowed */
  const struct gc_env *env;
  struct gc_api *api; /* source of the token */
  struct gc_socket_driver driver;
  const struct gc_connect *connect;
  const char *base_url;
  const char *path;
  const char *query; /* the frame that opens the stream */
  struct gc_channel_timeouts timeouts;

  void (*text)(void *ctx, const char *bytes, size_t len);
  /* Called when the stream is open, after it was blind for `blind_ms` (0: it is
   * the first connection, after less than GC_CHANNELS_START_MS). Not called
   * when a second socket replaces the first. */
  void (*open)(void *ctx, uint64_t blind_ms);
  /* Receives the result of an attempt; GC_OK: the stream is open. */
  void (*notice)(void *ctx, const struct gc_err *err);
  void *ctx;
};

struct guide_socket_stats {
  bool is_connected;
  uint64_t reconnects; /* connections after the first one */
  uint64_t alive_ms;   /* time of a message, an answered ping or the opening; 0:
   never */
  uint64_t blind_since_ms; /* 0: it is not blind, or is still starting */
};

/* Connects in the next turn of the loop. */
struct guide_socket *guide_socket_new(const struct guide_socket_deps *deps);
void guide_socket_free(struct guide_socket *l); /* NULL: does nothing */
void guide_socket_stats(const struct guide_socket *l,
                        struct guide_socket_stats *ret);

#endif
