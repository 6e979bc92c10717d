/* SPDX-License-Identifier: MIT */
/* A TCP or TLS server on loopback inside the test program: one thread accepts,
 * one thread serves each connection with blocking calls. What goes wrong on
 * the wire is written down in the test's `serve` function. */
#ifndef GC_TESTS_SUPPORT_SERVER_H
#define GC_TESTS_SUPPORT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct server;
struct conn;

struct server_plan {
  void (*serve)(struct conn *c, void *ctx); /* the connection ends with it */
  void *ctx;
  const char *cert;      /* PEM with certificate and key; NULL: no TLS */
  const char *client_ca; /* demand a client certificate of this authority */
  bool tls12;            /* no TLS 1.3 */
  int receive_bytes;     /* SO_RCVBUF; 0: the system's */
};

/* Ends the program when it cannot. */
struct server *server_start(const struct server_plan *plan);
int server_port(const struct server *s);
unsigned server_accepted(struct server *s); /* connections so far */
unsigned server_open(struct server *s);     /* being served now */
void server_stop(struct server *s);         /* ends and joins all threads */

/* 0 at the end, -1 on failure. */
ssize_t conn_read(struct conn *c, void *bytes, size_t len);
bool conn_write(struct conn *c, const void *bytes, size_t len);
bool conn_say(struct conn *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Waits without reading until the server stops. */
void conn_park(struct conn *c);
/* Reads and forgets until the peer is gone. */
void conn_linger(struct conn *c);
/* Ends with a TCP reset. */
void conn_reset(struct conn *c);

/* One HTTP request; head holds request line and headers. */
struct request {
  char method[16], path[512];
  char head[16384];
  char body[4096]; /* what fits of it */
  size_t body_len;
};
bool conn_request(struct conn *c, struct request *r); /* false at the end */

/* An HTTP proxy: CONNECT and absolute URLs (answered by itself with 200 and
 * "from the proxy"). For server_plan: serve = proxy_serve, ctx = the plan. */
struct proxy_plan {
  const char *basic; /* base64 of user:password it wants; NULL: nothing */
  int refuse;        /* answer CONNECT with this status; 0: do it */
  bool is_silent;    /* never answer */
  bool is_eager;     /* send the first words of the target with the 200 */
  unsigned connects; /* atomically counted */
};
void proxy_serve(struct conn *c, void *plan);

#endif
