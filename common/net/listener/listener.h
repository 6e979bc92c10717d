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
 *   - TLS is 1.2 or 1.3; a connection has 10 s for a whole request, from its
 *     opening or from the first line on, and is closed when it has taken no
 *     byte of its answer for 10 s. Between two requests it may be idle for
 *     130 s;
 *   - there may be many connections and few answers under way. When all
 *     connections are in use, the oldest that has sent no request is closed
 *     for a new one, then the one that is idle for longest; one client's
 *     address (of IPv6: its /64) has half of them at most, or else its own
 *     connections are closed. A request beyond max_answers is refused with
 *     503, unless an answer is under way for 30 s: that one is cut;
 *   - a request whose length is told twice is refused with 400.
 *
 * Each server has one thread, which calls on_request and on_completed: two
 * threads do so while the first server ends. Another thread does the upkeep,
 * so that no thread of collectd has to. The functions below are for the
 * owner's thread, unless they say otherwise. The listener is a separate
 * library, since only these plugins need libmicrohttpd. */
#ifndef GC_NET_LISTENER_LISTENER_H
#define GC_NET_LISTENER_LISTENER_H

#include "common/base/err.h"
#include "common/genesys/sample.h"

#include "common/net/listener/options.h"

#include <microhttpd.h>

/* All borrowed as long as the listener lives. */
struct gc_listener_settings {
  const struct gc_listener_options *options;
  uint32_t max_connections, max_answers;
  /* As microhttpd.h has them; `ctx` is the first argument. */
  MHD_AccessHandlerCallback on_request;
  MHD_RequestCompletedCallback on_completed;
  /* Answers a request with 400 or 503 and "Connection: close", in place of
   * on_request; on_completed follows. */
  enum MHD_Result (*refuse)(void *ctx, struct MHD_Connection *c,
                            unsigned status);
  /* True while connections are suspended: a replaced server is not ended then.
   * NULL: none ever is. */
  bool (*has_waiting)(void *ctx);
  /* The owner's own upkeep, each second, on the upkeep's thread. NULL: none. */
  void (*tick)(void *ctx, uint64_t now_ms);
  /* The outcome of listening, cause "listening"; a crowd, "connections". On
   * the upkeep's thread, and inside gc_listener_start. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

struct gc_listener;

/* Listens from gc_listener_start on, so that the owner has the listener before
 * the first request. */
struct gc_listener *
gc_listener_new(const struct gc_listener_settings *settings);
/* Listens, and starts the thread of the upkeep. */
void gc_listener_start(struct gc_listener *l);
/* One upkeep: listens, reports why it cannot, replaces the server if its
 * certificates have changed, closes what is late. The thread does it each
 * second; tests call it in its place. */
void gc_listener_maintain(struct gc_listener *l, uint64_t now_ms);
/* Accepts no more connections; for an owner that answers waiting ones before
 * the end. */
void gc_listener_quiesce(struct gc_listener *l);
/* Accepts no more connections and ends all; none may be suspended. NULL is
 * allowed. */
void gc_listener_free(struct gc_listener *l);
/* True while it accepts connections. Any thread. */
bool gc_listener_is_up(const struct gc_listener *l);
/* Puts certificate_lifetime "tls_cert", of the certificate that the server
 * shows; nothing without one. Any thread. */
void gc_listener_put_certificate(const struct gc_listener *l,
                                 const struct gc_sample_writer *w);

/* The functions below are for callbacks of a connection. */

/* True if tls_client_ca has signed the client's certificate and it is for
 * clients, or tls_client_ca is NULL. */
bool gc_listener_has_certificate(const struct gc_listener *l,
                                 struct MHD_Connection *c);

/* True for equal texts. The time it takes depends on their lengths, not on
 * their contents. Any thread. */
bool gc_listener_same_secret(const char *a, size_t a_len, const char *b,
                             size_t b_len);

#endif
