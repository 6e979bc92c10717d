/* SPDX-License-Identifier: MIT */
/* The source "notifications": attributes inside the conversation events of all
 * queues, on the account's channels (gc_queue_topics.h). An event is decoded on
 * the account's thread, some microseconds, and what it wants counted goes to
 * the ledger's writer; while that cannot commit it is held here.
 *
 * What a gap swallowed cannot be asked for, but an event repeats all attributes
 * for as long as its conversation lives: the next one heals. Conversations that
 * never reach a queue are not seen. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_NOTIFICATIONS_H
#define GENESYS_FLOWMETRICS_SOURCES_NOTIFICATIONS_H

#include "common/net/channels/queue_topics.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

/* What waits for its commit; the attributes of further events are lost, which
 * is counted (TALLY_LOST), unless a later event repeats them. An attribute that
 * waits takes 100 to 300 bytes. */
enum { NOTIFICATIONS_WAITING_MAX_BYTES = 8 << 20 };

struct notifications;

/* All borrowed as long as it lives. */
struct notifications_settings {
  const struct attribute_form *form;
  const struct ledger_source *source;
  struct ledger *ledger;
  struct gc_queue_topics_deps deps;
  /* The outcome of what it does, on the account's thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* Starts to listen; waits for one turn of the account's thread. NULL and err.
 */
struct notifications *
notifications_start(const struct notifications_settings *settings,
                    struct gc_err *err);
/* No message comes any longer; waits for one turn of the account's thread. */
void notifications_stop(struct notifications *n);
/* After ledger_stop; NULL is fine. */
void notifications_free(struct notifications *n);

/* Any thread. */
void notifications_state(struct notifications *n,
                         struct gc_queue_topics_state *ret);

#endif
