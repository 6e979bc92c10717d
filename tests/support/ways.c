/* SPDX-License-Identifier: MIT */
#include "tests/support/ways.h"

#include <stdio.h>
#include <string.h>

#define BASIC "dXNlcjpwcjB4eS1wdw==" /* user:pr0xy-pw */

const struct way ways[6] = {
    {"plain", "ws", NULL},
    {"TLS", "wss", NULL},
    {"plain through a proxy", "ws", "http"},
    {"TLS through a proxy", "wss", "http"},
    {"plain through an https proxy", "ws", "https"},
    {"TLS through an https proxy", "wss", "https"},
};

void ends_start(struct ends *e, const struct way *way, const char *cert,
                void (*serve)(struct conn *c, void *ctx), void *ctx) {
  *e = (struct ends){.plan = {.basic = BASIC}};
  bool tls = strcmp(way->scheme, "wss") == 0;
  e->target = server_start(&(struct server_plan){
      .serve = serve, .ctx = ctx, .cert = tls ? cert : NULL});
  if (way->proxy == NULL)
    return;
  e->proxy = server_start(&(struct server_plan){
      .serve = proxy_serve,
      .ctx = &e->plan,
      .cert = strcmp(way->proxy, "https") == 0 ? cert : NULL});
  snprintf(e->proxy_url, sizeof(e->proxy_url),
           "%s://user:" WAYS_PASSWORD "@localhost:%d", way->proxy,
           server_port(e->proxy));
}

void ends_stop(struct ends *e) {
  if (e->proxy != NULL)
    server_stop(e->proxy);
  server_stop(e->target);
}
