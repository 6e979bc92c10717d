/* SPDX-License-Identifier: MIT */
/* The HTTP server (libmicrohttpd) of the webhook, of the Prometheus
 * endpoint and of /health. It keeps running whatever happens to its address and
 * its files:
 *
 *   - an address that is in use, or that the host does not have yet, is tried
 *     again each second;
 *   - when the files of its certificates have changed, a second server with the
 *     new ones takes over the listening socket; the first one ends when its
 *     connections have ended, or after 30 s unless a connection is suspended.
 *     No connection is refused meanwhile;
 *   - TLS is 1.2 or 1.3; a connection that has not sent a whole request and
 *     taken its answer in 10 s is closed, after 2 s when all are in use. The
 *     time begins with the connection, and again with each request.
 *
 * Each server has one thread, which calls on_request and on_completed: two
 * threads do so while the first server ends. The functions below are for the
 * owner's thread, unless they say otherwise. The listener is a separate
 * library, since only these plugins need libmicrohttpd. */
#ifndef GC_NET_LISTENER_LISTENER_H
#define GC_NET_LISTENER_LISTENER_H

#include "common/base/err.h"

#include "common/net/listener/options.h"

#include <microhttpd.h>

/* All borrowed as long as the listener lives. */
struct gc_listener_settings {
  const struct gc_listener_options *options;
  uint32_t max_connections;
  /* As microhttpd.h has them; `ctx` is the first argument. */
  MHD_AccessHandlerCallback on_request;
  MHD_RequestCompletedCallback on_completed;
  /* True while connections are suspended: a replaced server is not ended then.
   * NULL: none ever is. */
  bool (*has_waiting)(void *ctx);
  /* The outcome of listening, cause "listening". */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

struct gc_listener;

/* Listens from the first gc_listener_maintain on, so that the owner has the
 * listener before the first request. */
struct gc_listener *
gc_listener_new(const struct gc_listener_settings *settings);
/* Listens, reports why it cannot, and replaces the server if its certificates
 * have changed. Call it about once a second. */
void gc_listener_maintain(struct gc_listener *l, uint64_t now_ms);
/* Accepts no more connections; for an owner that answers waiting ones before
 * the end. */
void gc_listener_quiesce(struct gc_listener *l);
/* Accepts no more connections and ends all; none may be suspended. NULL is
 * allowed. */
void gc_listener_free(struct gc_listener *l);
/* True while it accepts connections. Any thread. */
bool gc_listener_is_up(const struct gc_listener *l);

/* The functions below are for callbacks of a connection. */

/* Begins a new time limit of the connection; none while it is busy. */
void gc_listener_set_busy(struct gc_listener *l, struct MHD_Connection *c,
                          bool is_busy);
/* True if tls_client_ca has signed the client's certificate, or is NULL. */
bool gc_listener_has_certificate(const struct gc_listener *l,
                                 struct MHD_Connection *c);

/* True for equal texts. The time it takes depends on their lengths, not on
 * their contents. Any thread. */
bool gc_listener_same_secret(const char *a, size_t a_len, const char *b,
                             size_t b_len);

#endif
