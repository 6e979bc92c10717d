/* SPDX-License-Identifier: MIT */
/* Records which queues of a block have their topics subscribed. A queue whose
 * topic is refused is seen by chance only, in the conversations of other
 * queues: its counters would be wrong, so it is not shown. Pure; one thread at
 * a time. */
#ifndef GENESYS_REALTIME_QUEUES_TOPIC_COVERAGE_H
#define GENESYS_REALTIME_QUEUES_TOPIC_COVERAGE_H

#include "plugins/genesys_realtime/queues/selection.h"

struct covered_queue {
  char *id; /* its address stays as long as the queue does */
  bool is_covered;
  bool is_new;         /* the caller resets it */
  bool was_refused;    /* the caller's: since it was covered last */
  bool is_roomless;    /* the caller's: no channel had room for its topic */
  uint64_t covered_ms; /* the caller's: since when it is covered */
  bool was_compared;   /* the caller's: with observations, since then */
};

struct topic_coverage {
  struct covered_queue *
      *at; /* in the order of the ids, without regard to case */
  size_t count;
  size_t covered;
};

/* Takes a new selection. Queues that stay keep their state, new queues are not
 * covered; *ret_gone gets those that left, which the caller clears. On failure
 * nothing changes. */
GC_MUST_CHECK enum gc_code
topic_coverage_update(struct topic_coverage *c,
                      const struct selection *selection,
                      struct topic_coverage *ret_gone);
/* NULL: the block does not have this queue. */
struct covered_queue *topic_coverage_find(const struct topic_coverage *c,
                                          const char *id);
void topic_coverage_set(struct topic_coverage *c, struct covered_queue *q,
                        bool covered);
void topic_coverage_clear(struct topic_coverage *c);

#endif
