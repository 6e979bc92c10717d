/* SPDX-License-Identifier: MIT */
/* Tries a notification channel: creates one, subscribes it to some topics,
 * opens and closes its socket, and removes the topics. Main thread.
 *
 * The platform keeps 20 channels for an OAuth client and has no request that
 * removes one. For the 21st it drops the channel that was used longest ago,
 * unconnected ones first (API reference). The channel of an earlier probe has
 * no topic. A channel is therefore created only if there are fewer than 20, or
 * if one of them has no topic, so that no channel of an agent is dropped. An
 * existing channel without a topic is not used: an agent may have just created
 * it. */
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

/* Reports the results under p->subject. A rejected topic is a result of
 * PROBE_PERMISSION if the platform names the missing permission. */
void probe_channel_check(const struct probe_place *p,
                         const struct probe_topics *topics);

#endif
