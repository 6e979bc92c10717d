/* SPDX-License-Identifier: MIT */
#include "probe/network/attributes.h"

#include "plugins/genesys_flowmetrics/attributes_block.h"
#include "probe/network/channel.h"
#include "probe/network/names.h"
#include "probe/network/permissions.h"
#include "probe/network/redis.h"
#include "probe/network/sqs.h"

/* Tries the topic of one queue; the block subscribes to those of all queues. */
static void check_notifications(const struct probe_place *p) {
  if (probe_permission_check(p, GC_ENDPOINT_QUEUES) != GC_OK ||
      p->state->channel_tried)
    return;
  p->state->channel_tried = true;
  struct gc_entities *queues =
      probe_names_read(p->reporter, p->account, GC_QUEUE);
  if (queues != NULL && gc_entities_count(queues) > 0) {
    struct probe_topics topics = {.count = 1};
    gc_topic_of_queue(topics.at[0], gc_entities_at(queues, 0)->id);
    probe_channel_check(p, &topics);
  }
  gc_entities_put(queues);
}

void probe_attributes_check(const struct probe_place *p) {
  const struct attributes_block *b = (const struct attributes_block *)p->block;
  const struct attributes_options *o = p->block->options;
  if (o->source == FROM_SQS)
    probe_sqs_check(p, o, &b->config);
  else if (o->source == FROM_NOTIFICATIONS && p->account != NULL)
    check_notifications(p);
  if (b->config.is_shared)
    probe_redis_check(p, &b->config.redis);
}
