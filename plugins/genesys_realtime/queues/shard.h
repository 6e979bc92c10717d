/* SPDX-License-Identifier: MIT */
/* Decides which of several agents reads a queue, by rendezvous hashing. Each
 * agent knows only its number and the number of agents. It computes a weight of
 * the id for each number; the queue belongs to the number with the largest
 * weight. The agents agree without exchanging messages, and each queue belongs
 * to one agent. If an agent is added to n agents, only the queues of the new
 * agent move (1 of n + 1). Pure, any thread.
 *
 *   struct shard s;
 *   GC_TRY(shard_parse("1/3", &s, err));
 *   shard_has(&s, queue_id)                a third of the ids */
#ifndef GENESYS_REALTIME_QUEUES_SHARD_H
#define GENESYS_REALTIME_QUEUES_SHARD_H

#include "common/base/err.h"

#include <stdint.h>

enum { SHARDS_MAX = 1000 };

/* A zeroed shard has every queue. */
struct shard {
  uint32_t number, of; /* 1 … of */
};

/* Parses "k/n", with k from 1 to n and n up to SHARDS_MAX. Returns
 * GC_ERR_CONFIG for any other text, and *ret_shard does not change. */
GC_MUST_CHECK enum gc_code
shard_parse(const char *text, struct shard *ret_shard, struct gc_err *err);
/* Returns true if the queue belongs to this agent. The case of letters does not
 * matter, because the platform writes one id in both cases. `s` NULL: there is
 * one agent. */
bool shard_has(const struct shard *s, const char *id);

#endif
