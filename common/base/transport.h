/* SPDX-License-Identifier: MIT */
/* The interface to the network for HTTP. net/http implements it with libcurl;
 * tests/support/replay answers from memory. An exchange is one request and its
 * answer; it runs in the background and ends with exactly one call of `done`,
 * unless it is cancelled. Everything here belongs to one thread, that of the
 * transport: in the daemon that of its loop (net/loop). */
#ifndef GC_BASE_TRANSPORT_H
#define GC_BASE_TRANSPORT_H

#include "common/base/buf.h"

#include <stdint.h>

/* Takes the body of a 2xx answer as it comes. `begin` is called before the
 * first byte of each attempt and drops the bytes of an earlier attempt. */
struct gc_sink {
  void (*begin)(void *ctx);
  /* A code other than GC_OK ends the exchange with that code and err. */
  enum gc_code (*write)(void *ctx, const char *bytes, size_t len,
                        struct gc_err *err);
  void *ctx;
};

/* Failures of an exchange below HTTP; rows of base/policy/retry. */
enum gc_failure {
  GC_FAILURE_NONE,    /* there is a status: the exchange did not fail */
  GC_FAILURE_RESOLVE, /* the host name has no address */
  GC_FAILURE_CONNECT, /* no answer from that address */
  GC_FAILURE_PROXY,   /* the proxy refuses */
  GC_FAILURE_TLS,     /* the peer's certificate, or the handshake */
  GC_FAILURE_TIMEOUT,
  GC_FAILURE_BROKEN, /* reset, cut off, not HTTP */
  GC_FAILURE_SINK,   /* the sink refused the body; err is the sink's */
  GC_FAILURE_LIMIT,  /* body or header larger than the cap */
  GC_FAILURE_LOCAL,  /* out of memory, or a file named in an option */
  GC_FAILURE_COUNT
};

struct gc_reply {
  enum gc_failure failure;
  int status; /* 0 when there was none */
  bool has_retry_after;
  uint32_t retry_after_s; /* Retry-After in seconds, dates converted */
  int64_t date_ms;        /* Date header, epoch; 0 when absent */
  char correlation[64];   /* id of the request at the server, from a header that
                             the transport knows, printable; "" when absent */
  bool is_json;           /* from Content-Type; gateways answer in HTML */
  bool is_new_connection; /* it was opened for this exchange */
  bool closes_connection; /* "Connection: close" */
  struct gc_buf body; /* of an answer that is not 2xx: up to 64 KB; owned by the
                         transport */
  uint64_t bytes;     /* length of the body, decoded */
  uint32_t elapsed_ms;
};

struct gc_exchange {
  /* The request. Borrowed until `done`. */
  const char *method; /* "GET", "POST", "HEAD", "PUT", "DELETE" */
  const char *url;
  const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
  const char *body;           /* NULL: none */
  size_t body_len;
  const struct gc_sink *sink; /* NULL: a 2xx body goes to reply.body too */
  uint64_t body_max;          /* bytes; a longer answer is refused */

  /* The answer. `reply` and `err` are borrowed for the call; err has a text
   * when reply->failure is not GC_FAILURE_NONE. The exchange may be freed or
   * started again inside. */
  void (*done)(struct gc_exchange *x, const struct gc_reply *reply,
               const struct gc_err *err);
  void *ctx;

  void *transport_data; /* private to the transport while the exchange runs,
                           else NULL */
};

struct gc_transport {
  /* Begins an exchange; `done` never runs inside. On failure no exchange is
   * running. */
  enum gc_code (*start)(void *ctx, struct gc_exchange *x, struct gc_err *err);
  /* Ends a running exchange without `done`. Does nothing if transport_data is
   * NULL. */
  void (*cancel)(void *ctx, struct gc_exchange *x);
  void *ctx;
};

#endif
