/* SPDX-License-Identifier: MIT */
/* Tries a notification channel: creates one, subscribes it to some topics,
 * opens its socket, and gives all of it back. Main thread.
 *
 * The platform keeps 20 channels for an OAuth client, has no request that
 * removes one, and drops the one that was used longest ago, unconnected ones
 * first, for the 21st (API reference). An earlier channel of a probe has no
 * topic. So a channel is created if fewer than 20 are there, or one of them has
 * no topic: no channel of an agent is dropped. It is never used again: it might
 * be an agent's that has no topic yet. */
#ifndef PROBE_NETWORK_CHANNEL_H
#define PROBE_NETWORK_CHANNEL_H

#include "common/genesys/topics.h"
#include "probe/network/place.h"

/* The topics to subscribe to: those of one queue. */
enum { PROBE_TOPICS_MAX = 4 };
struct probe_topics {
  char at[PROBE_TOPICS_MAX][GC_TOPIC_SIZE];
  size_t count;
};

void probe_channel_check(const struct probe_place *p,
                         const struct probe_topics *topics);

#endif
