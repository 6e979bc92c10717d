/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/announce.h"

#include <stdio.h>

#include "gc_config.h"

const char *announce_version(void) { return PACKAGE_VERSION; }

static void announce_queues(struct announced *a,
                            const struct gc_account_stats *s,
                            void (*say)(void *ctx, const char *line),
                            void *ctx) {
  char line[120];
  if (a->has_queues || !s->names_read[GC_QUEUE])
    return;
  a->has_queues = true;
  snprintf(line, sizeof(line), "%zu queues known", s->names[GC_QUEUE]);
  say(ctx, line);
}

static void announce_topics(struct announced *a,
                            const struct gc_account_stats *s,
                            void (*say)(void *ctx, const char *line),
                            void *ctx) {
  char line[120];
  const struct gc_channel_stats *c = &s->stream;
  if (a->has_topics || !c->connected || c->wanted == 0 ||
      c->topics + c->rejected < c->wanted)
    return;
  a->has_topics = true;
  snprintf(line, sizeof(line), "%zu topics subscribed, on %u channels",
           c->topics, s->channels);
  say(ctx, line);
}

void announce_account(struct announced *a, const struct gc_account_stats *stats,
                      const char *address,
                      void (*say)(void *ctx, const char *line), void *ctx) {
  char line[512];
  if (stats == NULL) {
    if (!a->is_unused)
      say(ctx, "no block uses it: no thread, no values");
    a->is_unused = true;
    return;
  }
  if (!a->is_connected && stats->auth.state == GC_AUTH_READY &&
      stats->api.answers > 0) {
    a->is_connected = true;
    snprintf(line, sizeof(line), "connected to %s", address);
    say(ctx, line);
  }
  announce_queues(a, stats, say, ctx);
  announce_topics(a, stats, say, ctx);
}
