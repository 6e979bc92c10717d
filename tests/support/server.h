/* SPDX-License-Identifier: MIT */
/* A TCP or TLS server on loopback inside the test program: one thread accepts,
 * and one thread serves each connection with blocking calls. The test's
 * `serve` function causes the faults on the wire. */
#ifndef GC_TESTS_SUPPORT_SERVER_H
#define GC_TESTS_SUPPORT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns a socket that is bound to a free port of the loopback address;
 * nothing listens there. Ends the program on failure. */
int server_bind(uint32_t *ret_port);

struct server;
struct conn;

struct server_plan {
  void (*serve)(struct conn *c, void *ctx); /* the connection ends with it */
  void *ctx;
  const char *cert;      /* PEM with certificate and key; NULL: no TLS */
  const char *client_ca; /* require a client certificate of this authority */
  bool tls12;            /* no TLS 1.3 */
  int receive_bytes;     /* SO_RCVBUF; 0: the system's */
};

/* Ends the program on failure. */
struct server *server_start(const struct server_plan *plan);
int server_port(const struct server *s);
unsigned server_accepted(struct server *s); /* connections so far */
unsigned server_open(struct server *s);     /* being served now */
void server_stop(struct server *s);         /* ends and joins all threads */

/* conn_read returns 0 at the end, -1 on failure; the other two return false on
 * failure. */
ssize_t conn_read(struct conn *c, void *bytes, size_t len);
bool conn_write(struct conn *c, const void *bytes, size_t len);
bool conn_say(struct conn *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Waits, without reading, until the server stops. */
void conn_park(struct conn *c);
/* Reads and drops bytes until the peer closes. */
void conn_linger(struct conn *c);
/* Ends the connection with a TCP reset. */
void conn_reset(struct conn *c);

/* One HTTP request; head holds request line and headers. */
struct request {
  char method[16], path[512];
  char head[16384];
  char body[4096]; /* the first part of it */
  size_t body_len;
};
bool conn_request(struct conn *c, struct request *r); /* false at the end */

/* An HTTP proxy for CONNECT and absolute URLs; it answers the latter itself,
 * with 200 and "from the proxy". In server_plan: serve = proxy_serve, ctx =
 * plan. */
struct proxy_plan {
  const char *basic; /* required base64 of user:password; NULL: none */
  int refuse;        /* answer CONNECT with this status; 0: connect */
  bool is_silent;    /* never answer */
  bool is_eager;     /* send the target's first bytes with the 200 */
  unsigned connects; /* atomically counted */
};
void proxy_serve(struct conn *c, void *plan);

#endif
