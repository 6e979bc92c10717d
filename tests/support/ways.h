/* SPDX-License-Identifier: MIT */
/* The ways to connect a stream or a socket (plain, TLS, through a proxy), and
 * the servers of each way. */
#ifndef GC_TESTS_SUPPORT_WAYS_H
#define GC_TESTS_SUPPORT_WAYS_H

#include "tests/support/server.h"

#define WAYS_PASSWORD "pr0xy-pw" /* of the proxies */

struct way {
  const char *name, *scheme, *proxy;
};
extern const struct way ways[6]; /* the first two without a proxy */

struct ends {
  struct server *target, *proxy; /* proxy: NULL when there is none */
  struct proxy_plan plan;
  char proxy_url[128]; /* with the password; "" when there is none */
};

/* Starts the target, which runs serve(c, ctx), and the proxy if the way has
 * one. `cert` is the TLS certificate of both. Do not move `e` before
 * ends_stop. */
void ends_start(struct ends *e, const struct way *way, const char *cert,
                void (*serve)(struct conn *c, void *ctx), void *ctx);
void ends_stop(struct ends *e);

#endif
