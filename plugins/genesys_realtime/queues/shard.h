/* SPDX-License-Identifier: MIT */
/* Which of several agents reads a queue. Each agent knows only its number and
 * the number of agents. By rendezvous hashing every agent computes a weight of
 * the id for each number; the queue belongs to the number with the largest
 * weight. The agents agree without exchanging messages, each queue belongs to
 * one agent, and from n to n + 1 agents only the queues of the new agent move
 * (1 of n + 1). Pure, any thread.
 *
 *   struct shard s;
 *   GC_TRY(shard_parse("1/3", &s, err));
 *   shard_has(&s, queue_id)                a third of the ids */
#ifndef GENESYS_REALTIME_QUEUES_SHARD_H
#define GENESYS_REALTIME_QUEUES_SHARD_H

#include "common/base/err.h"

#include <stdint.h>

enum { SHARDS_MAX = 1000 };

/* Zeroed: one agent reads every queue. */
struct shard {
  uint32_t number, of; /* 1 … of */
};

/* "k/n", k from 1 to n, n up to SHARDS_MAX. Else GC_ERR_CONFIG, and *ret_shard
 * stays as it was. */
GC_MUST_CHECK enum gc_code
shard_parse(const char *text, struct shard *ret_shard, struct gc_err *err);
/* True if the queue belongs to this agent. Case does not matter, since the
 * platform writes one id in both ways. NULL: there is one agent. */
bool shard_has(const struct shard *s, const char *id);

#endif
