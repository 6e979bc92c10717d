/* SPDX-License-Identifier: MIT */
/* Which of several agents reads a queue. Each agent is given its number and how
 * many there are, and nothing else: rendezvous hashing has every agent weigh
 * the id against each number, and the heaviest number has the queue. The agents
 * agree without talking, each queue is one agent's, and from n to n + 1 agents
 * only the queues of the new one move (1 of n + 1). Pure, any thread.
 *
 *   struct shard s;
 *   GC_TRY(shard_parse("1/3", &s, err));
 *   shard_has(&s, queue_id)                a third of the ids */
#ifndef GENESYS_REALTIME_QUEUES_SHARD_H
#define GENESYS_REALTIME_QUEUES_SHARD_H

#include "common/base/err.h"

#include <stdint.h>

enum { SHARDS_MAX = 1000 };

/* Zeroed: there is one agent, and it has every queue. */
struct shard {
  uint32_t number, of; /* 1 … of */
};

/* "k/n", k from 1 to n, n up to SHARDS_MAX. GC_ERR_CONFIG with words about the
 * text; *ret_shard stays as it was then. */
GC_MUST_CHECK enum gc_code
shard_parse(const char *text, struct shard *ret_shard, struct gc_err *err);
/* Whether the queue is this agent's. The platform writes one id in capitals
 * here and not there: both are the same. NULL: there is one agent. */
bool shard_has(const struct shard *s, const char *id);

#endif
