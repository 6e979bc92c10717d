/* SPDX-License-Identifier: MIT */
/* The seam for the source "notifications": attributes inside the events of the
 * account's channel (net/channels). A subscriber's callback hands in each
 * event; decoding costs some microseconds, the ledger's queue takes the rest.
 * Conversations that never reach a queue are not seen by this source.
 *
 * Not wired yet: tested, used by no block so far. */
#ifndef GC_FLOWMETRICS_NOTIFICATIONS_H
#define GC_FLOWMETRICS_NOTIFICATIONS_H

#include "plugins/genesys_flowmetrics/ledger.h"

enum { NOTIFICATIONS_MARKS_MOST = 20000 };

struct notifications;

/* All borrowed as long as it lives. NULL and err. */
struct notifications *notifications_new(const struct attribute_form *form,
                                        const struct ledger_source *source,
                                        struct ledger *ledger,
                                        struct gc_err *err);
/* After ledger_stop. */
void notifications_free(struct notifications *n);

/* A message of the socket, whole; borrowed for the call. Never blocks. On the
 * account's thread. What the ledger cannot take now is dropped: the
 * conversation's next event repeats it. */
void notifications_take(struct notifications *n, const char *bytes, size_t len);
/* Metrics dropped since NOTIFICATIONS_MARKS_MOST waited. Any thread. */
uint64_t notifications_dropped(struct notifications *n);

#endif
