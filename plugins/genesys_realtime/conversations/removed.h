/* SPDX-License-Identifier: MIT */
/* The conversations that the model has removed: what was counted of each, so
 * that a late event counts nothing twice, and a contact whose first event is
 * late is still counted. The set is bounded: when it is full, the oldest entry
 * is forgotten, and contacts that began up to its start_ms are no longer
 * counted.
 *
 *   table.c, on removal → cv_removed_put
 *   conversations.c, for a conversation that is not in the table →
 *   cv_removed_find
 *
 * Pure; one thread at a time. Times are epoch ms of the server's clock. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_REMOVED_H
#define GENESYS_REALTIME_CONVERSATIONS_REMOVED_H

#include "common/base/err.h"
#include "plugins/genesys_realtime/queues/uuid_key.h"

struct cv_removed {
  struct uuid_key id;
  int64_t start_ms; /* the latest start of a participant */
  int64_t fact_ms;  /* the latest of all times */
  int64_t since_ms; /* what began earlier was counted, or is not counted */
  uint32_t retired; /* the model's number of retired queues then */
  uint8_t count;    /* of participants: those of a snapshot that come first */
  bool is_over; /* all had ended with a known outcome, or a poll closed it */
  bool is_breached; /* a breach by waiting, without an outcome */
};

struct cv_removed_set {
  uint32_t max;
  struct cv_removed *entries; /* a ring, in the order of removal */
  uint32_t first, count, cap;
  uint32_t *slots; /* index + 1, 0 is free; twice the entries or more */
  uint32_t slot_count;
  int64_t forgotten_ms; /* the latest start in a forgotten one, + 1 */
};

/* For at most `max` conversations. GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code cv_removed_init(struct cv_removed_set *set,
                                           uint32_t max);
/* NULL: it was never removed, or is forgotten. Valid until the next put. */
const struct cv_removed *cv_removed_find(const struct cv_removed_set *set,
                                         struct uuid_key id);
/* Adds it, or replaces what is known of it. Out of memory: forgets one. A start
 * after `now_ms` is a wrong time and does not hide later contacts. */
void cv_removed_put(struct cv_removed_set *set, const struct cv_removed *entry,
                    int64_t now_ms);
size_t cv_removed_bytes(const struct cv_removed_set *set);
void cv_removed_clear(struct cv_removed_set *set);

#endif
