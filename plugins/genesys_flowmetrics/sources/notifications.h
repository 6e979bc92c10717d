/* SPDX-License-Identifier: MIT */
/* The source "notifications": attributes inside the conversation events of all
 * queues, on the account's channels (queue_topics.h). An event is decoded on
 * the account's thread, in some microseconds, and its batch goes to the
 * ledger's writer. While the writer cannot commit, batches are held here.
 *
 * The platform does not repeat events of a gap. But an event has all attributes
 * of its conversation, so that the next event of the conversation brings them.
 * Conversations that never reach a queue are not seen. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_NOTIFICATIONS_H
#define GENESYS_FLOWMETRICS_SOURCES_NOTIFICATIONS_H

#include "common/net/channels/queue_topics.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

/* The memory limit of attributes that wait for their commit. The attributes of
 * further events are lost and counted (TALLY_LOST), unless a later event
 * repeats them. A waiting attribute takes 100 to 300 bytes. */
enum { NOTIFICATIONS_WAITING_MAX_BYTES = 8 << 20 };

struct notifications;

/* All borrowed as long as it lives. */
struct notifications_settings {
  const struct attribute_form *form;
  const struct ledger_source *source;
  struct ledger *ledger;
  struct gc_queue_topics_deps deps;
  /* Outcomes, on the account's thread; "attributes ahead" on the ledger's. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* Subscribes; waits for one turn of the account's thread. NULL and err. */
struct notifications *
notifications_start(const struct notifications_settings *settings,
                    struct gc_err *err);
/* Unsubscribes; waits for one turn of the account's thread. */
void notifications_stop(struct notifications *n);
/* After ledger_stop; NULL is fine. */
void notifications_free(struct notifications *n);

/* Any thread. */
void notifications_state(struct notifications *n,
                         struct gc_queue_topics_state *ret);

#endif
