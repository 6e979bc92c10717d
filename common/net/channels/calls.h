/* SPDX-License-Identifier: MIT */
/* Makes the REST calls of a notification channel, one at a time: creates it,
 * checks that it still exists, subscribes to its topics. Part of
 * channels/channel. One thread, the account's. */
#ifndef GC_NET_CHANNELS_CALLS_H
#define GC_NET_CHANNELS_CALLS_H

#include "common/genesys/topics.h"
#include "common/net/api/api.h"
#include "common/net/channels/creations.h"
#include "common/net/channels/id_store.h"
#include "common/net/channels/state.h"

enum { GC_CHANNEL_LIFE_MAX_MS = 24 * 3600 * 1000 }; /* API reference, 4.2 */

struct gc_channel_calls {
  struct gc_api *api;
  const struct gc_env *env;
  struct gc_id_store *ids;
  struct gc_topics *topics;
  struct gc_creations *creations;
  enum gc_creation kind; /* of the next creation; not changed while one runs */
  /* Reports GC_CHANNEL_ON_CREATED, CHECKED, GONE, SUBSCRIBED, BATCH_REFUSED,
   * DOUBT or CALL_FAILED, with the call's error. Runs inside
   * gc_channel_subscribe when the batch cannot be written; otherwise never
   * inside a function of this file. */
  void (*report)(void *ctx, enum gc_channel_event event,
                 const struct gc_err *err);
  void *ctx;

  struct gc_call call;
  bool is_running;
  bool is_known;     /* by a creation or check since the last subscription */
  bool takes_budget; /* the running creation counts in `creations` */
  /* The upgrade was refused: a refusal of the check proves the channel gone. */
  bool is_refused;
  char path_tail[GC_CHANNEL_ID_MAX + 32];
  struct gc_buf body, answer;
  uint32_t token_number; /* number of the token that subscribed last; 0: none */
  uint64_t created_count;
};

/* Initialises the object, in which the caller has set `api`, `env`, `ids`,
 * `topics`, `creations`, `report` and `ctx`. */
void gc_channel_calls_init(struct gc_channel_calls *c);
void gc_channel_calls_clear(struct gc_channel_calls *c);

/* Returns when a creation is allowed (see channels/creations); `now_ms`: at
 * once. */
uint64_t gc_channel_create_ms(const struct gc_channel_calls *c,
                              uint64_t now_ms);

/* The next three functions are called only while no call runs. */
void gc_channel_create(struct gc_channel_calls *c);
void gc_channel_check(struct gc_channel_calls *c);
/* Subscribes to the next batch of topics. Returns true if the batch replaces
 * the topics that the channel had. */
bool gc_channel_subscribe(struct gc_channel_calls *c);
/* Ends the running call, if any, without a report. */
void gc_channel_cancel_call(struct gc_channel_calls *c);

#endif
