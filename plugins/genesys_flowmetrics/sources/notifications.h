/* SPDX-License-Identifier: MIT */
/* The source "notifications": attributes inside the conversation events of all
 * queues, on the account's channels (queue_topics.h). The account's thread
 * decodes an event, in some microseconds, and passes its batch to the ledger's
 * writer. While the writer cannot commit, the source holds the batches.
 *
 * The platform does not repeat events of a gap. But an event has all attributes
 * of its conversation, so the next event of the conversation brings them.
 * Conversations that never reach a queue have no events here. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_NOTIFICATIONS_H
#define GENESYS_FLOWMETRICS_SOURCES_NOTIFICATIONS_H

#include "common/net/channels/queue_topics.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

/* The memory limit of attributes that wait for their commit. The attributes of
 * further events are dropped, and TALLY_LOST counts them; they count as metrics
 * only if a later event repeats them. A waiting attribute takes 100 to 300
 * bytes. */
enum { NOTIFICATIONS_WAITING_MAX_BYTES = 8 << 20 };

struct notifications;

/* All members are borrowed as long as the source lives. */
struct notifications_settings {
  const struct attribute_form *form;
  const struct ledger_source *source;
  struct ledger *ledger;
  struct gc_queue_topics_deps deps;
  const struct gc_api *api; /* its Dates are the ledger's second clock */
  /* Receives outcomes on the account's thread; "attributes ahead" on the
   * ledger's thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* Subscribes; waits for one turn of the account's thread. Returns NULL and
 * fills err on failure. */
struct notifications *
notifications_start(const struct notifications_settings *settings,
                    struct gc_err *err);
/* Unsubscribes; waits for one turn of the account's thread. */
void notifications_stop(struct notifications *n);
/* Frees `n`, which may be NULL. Call it after ledger_stop. */
void notifications_free(struct notifications *n);

/* Writes the state of the topics to `ret`. Any thread. */
void notifications_state(struct notifications *n,
                         struct gc_queue_topics_state *ret);

#endif
