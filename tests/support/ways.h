/* SPDX-License-Identifier: MIT */
/* The ways on which a stream or a socket may go, and what stands at their ends:
 * a server and perhaps a proxy before it. */
#ifndef GC_TESTS_SUPPORT_WAYS_H
#define GC_TESTS_SUPPORT_WAYS_H

#include "tests/support/server.h"

#define WAYS_PASSWORD "pr0xy-pw" /* which the proxies want */

struct way {
  const char *name, *scheme, *proxy;
};
extern const struct way ways[6]; /* the first two without a proxy */

struct ends {
  struct server *target, *proxy; /* proxy: NULL when there is none */
  struct proxy_plan plan;
  char proxy_url[128]; /* with the password; "" when there is none */
};

/* `cert` is for TLS, of the target and of the proxy; `serve` and `ctx` are the
 * target's. `e` stays where it is until ends_stop. */
void ends_start(struct ends *e, const struct way *way, const char *cert,
                void (*serve)(struct conn *c, void *ctx), void *ctx);
void ends_stop(struct ends *e);

#endif
