/* SPDX-License-Identifier: MIT */
/* The conversations that the model has removed, and which of their facts were
 * known. A late event therefore counts nothing twice, and a contact whose
 * first event is late is still counted. The set is bounded: when it is full, it
 * forgets the oldest entry, and contacts that began up to the entry's start_ms
 * are no longer counted.
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
  int64_t left_ms;  /* when the customers of an abandoned contact had left; not
                       before fact_ms */
  int64_t since_ms; /* contacts that began earlier are not counted again */
  int64_t seen_ms;  /* as in struct conversation */
  uint32_t retired; /* the model's number of retired queues at the removal */
  uint32_t paused_ago; /* ms from its end to fact_ms */
  uint16_t facts;      /* number of facts until then: count_known */
  uint8_t count;       /* of participants: the first ones of a snapshot */
  uint8_t paused; /* number of the last agent who had ended only because all
                     communications had, from 1; 0: none */
  uint8_t paused_legs; /* number of these communications */
  bool is_over; /* all had ended with a known outcome, or a poll closed it */
};

struct cv_removed_set {
  uint32_t max;
  struct cv_removed *entries; /* a ring, in the order of removal */
  uint32_t first, count, cap; /* first is 0 until the ring has `max` entries */
  struct uuid_index ids;      /* numbers of entries */
  int64_t forgotten_ms; /* the latest start_ms of a forgotten entry, + 1 */
};

/* Makes a set of at most `max` conversations. Do not move it. */
void cv_removed_init(struct cv_removed_set *set, uint32_t max);
/* Finds a conversation. NULL: it was never removed, or it is forgotten. Valid
 * until the next put. */
const struct cv_removed *cv_removed_find(const struct cv_removed_set *set,
                                         struct uuid_key id);
/* Adds an entry, or adds to that of the same conversation. When out of memory,
 * forgets another entry. A start after `now_ms` is a wrong time and does not
 * hide later contacts. */
void cv_removed_put(struct cv_removed_set *set, const struct cv_removed *entry,
                    int64_t now_ms);
size_t cv_removed_bytes(const struct cv_removed_set *set);
void cv_removed_clear(struct cv_removed_set *set);

#endif
