/* SPDX-License-Identifier: MIT */
/* The source "notifications": attributes inside the conversation events of all
 * queues. It subscribes the account's channels to the conversation topic of
 * each queue, and follows queues that are created or deleted. Other blocks may
 * need the same topics: the channels subscribe to each topic once. The
 * account's thread decodes an event, in some microseconds, and passes its batch
 * to the ledger's writer. While the writer cannot commit, the source holds the
 * batches.
 *
 * The platform does not repeat events of a gap. But an event has all attributes
 * of its conversation, so the next event of the conversation brings them.
 * Conversations that never reach a queue have no events here. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_NOTIFICATIONS_H
#define GENESYS_FLOWMETRICS_SOURCES_NOTIFICATIONS_H

#include "common/base/env.h"
#include "common/net/api/api.h"
#include "common/net/channels/channels.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

/* The memory limit of attributes that wait for their commit. The attributes of
 * further events are dropped, and TALLY_LOST counts them; they count as metrics
 * only if a later event repeats them. A waiting attribute takes 100 to 300
 * bytes. */
enum {
  NOTIFICATIONS_WAITING_MAX_BYTES = 8 << 20,
  NOTIFICATIONS_RECENT_KEYS = 16384, /* 256 KB; a power of two */
};

struct notifications;

/* Dependencies, from an account or from a test. All borrowed. */
struct notifications_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_channels *channels;
  struct gc_names *names;
  const struct gc_api *api; /* its Dates are the ledger's second clock */
};

struct notifications_state {
  bool is_connected; /* all channels that carry the topics are connected */
  size_t wanted, covered;
  uint64_t reconnects;
  uint64_t silence_ms; /* since the last message, or since the start; 0 before
                          the start */
  uint64_t malformed, others; /* messages: no JSON; not of these topics */
  uint64_t gap_ms; /* total time in which messages of some topic may have been
                      missed */
};

/* Subscribes; waits for one turn of the account's thread. `source` is borrowed
 * as long as the source lives. Its notice runs on the account's thread, and for
 * "attributes ahead" on the ledger's. */
struct notifications *notifications_start(const struct notifications_deps *deps,
                                          const struct ledger_source *source);
/* Unsubscribes; waits for one turn of the account's thread. */
void notifications_stop(struct notifications *n);
/* Frees `n`, which may be NULL. Call it after ledger_stop. */
void notifications_free(struct notifications *n);

/* Writes the state of the topics to `ret`. Any thread. */
void notifications_state(struct notifications *n,
                         struct notifications_state *ret);

#endif
