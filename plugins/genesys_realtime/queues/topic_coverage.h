/* SPDX-License-Identifier: MIT */
/* Which queues a block's stream listens to. What is counted of a queue whose
 * topic is refused would come by chance, out of other queues' conversations:
 * such a queue is silent instead. Pure; one thread at a time. */
#ifndef GENESYS_REALTIME_QUEUES_TOPIC_COVERAGE_H
#define GENESYS_REALTIME_QUEUES_TOPIC_COVERAGE_H

#include "plugins/genesys_realtime/queues/selection.h"

struct covered_queue {
  char *id; /* its address stays as long as the queue does */
  bool is_covered;
  bool is_new;      /* until the caller has taken note */
  bool was_refused; /* the caller's: since it was covered last */
  bool is_roomless; /* the caller's: no channel had room when it was wanted */
};

struct coverage {
  struct covered_queue **at; /* in the order of the ids, capitals are equal */
  size_t count;
  size_t covered;
};

/* A new selection. Queues that were there before stay what they are, the others
 * begin uncovered; *ret_gone gets those that left, for the caller to clear. On
 * failure all stays as it was. */
GC_MUST_CHECK enum gc_code coverage_update(struct coverage *c,
                                           const struct selection *selection,
                                           struct coverage *ret_gone);
/* NULL: not one of the block's. */
struct covered_queue *coverage_find(const struct coverage *c, const char *id);
void coverage_set(struct coverage *c, struct covered_queue *q, bool covered);
void coverage_clear(struct coverage *c);

#endif
