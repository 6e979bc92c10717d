/* SPDX-License-Identifier: MIT */
/* Compares the model's conversations with the platform's counts. After each
 * poll every queue and medium is compared. A difference in two successive polls
 * is drift. One poll is not enough, because its answer and the events are of
 * different moments.
 *
 * A ringing contact may count as waiting or as interacting, on either side.
 * With w waiting, a alerting and i interacting contacts, waiting is any number
 * from w to w + a, and interacting is any number from i to i + a. The
 * difference is the gap between the ranges of the two sides, if there is one.
 *
 *   poll   model w a i   observed w a i   gaps    counted
 *   1            3 0 1            2 1 1    0 0    none: one of the three rings
 *   2            3 0 1            1 0 1    2 0    none yet
 *   3            3 0 1            2 0 1    1 0    1: polls 2 and 3 have it
 *   4            3 0 1            2 0 1    1 0    none: it was counted before
 *
 * When the stream begins, the platform has contacts that have had no event yet
 * (unseen). They are no drift: the first poll of a queue adopts the contacts
 * that the model lacks. The adopted number only shrinks, with each contact that
 * ends or has an event:
 *
 *   poll   model w   observed w   unseen   counted
 *   1            0            5         5   none: adopted
 *   2            2            6         4   none: one of the five has gone, and
 *                                           two that came since are known
 *   3            2            7         4   none yet: one more is missing
 *   4            2            7         4   1
 *
 * Compare before conversations_poll_end, which closes lost conversations: a
 * lost end is drift even if the conversation is closed at once. Only pairs that
 * differ take memory. Pure; one thread at a time. */
#ifndef GENESYS_REALTIME_STREAM_DRIFT_H
#define GENESYS_REALTIME_STREAM_DRIFT_H

#include "common/base/err.h"

#include <stdint.h>

struct drift;

/* The contacts of one side in a queue and medium. interacting: active or held.
 */
struct drift_side {
  int64_t waiting, alerting, interacting;
};

/* Keeps the differences of at most `pairs_max` pairs and ignores further ones.
 */
struct drift *drift_new(uint32_t pairs_max);
void drift_free(struct drift *d);
GC_DEFINE_AUTO(struct drift, drift_free)

/* Begins the comparison of one complete poll: compare each pair once, then call
 * drift_end. A pair that a poll does not compare starts from zero in the next
 * poll. For a poll that fails call none of these functions. */
void drift_begin(struct drift *d);
/* Compares one pair. GC_ERR_MEMORY: the pair is not kept; all others are
 * intact. */
GC_MUST_CHECK enum gc_code drift_compare(struct drift *d, const char *queue,
                                         const char *media,
                                         const struct drift_side *model,
                                         const struct drift_side *observed);
/* Adopts the contacts that the model lacks. Call it in place of drift_compare
 * in the first poll of a queue. */
GC_MUST_CHECK enum gc_code drift_adopt(struct drift *d, const char *queue,
                                       const char *media,
                                       const struct drift_side *model,
                                       const struct drift_side *observed);
void drift_end(struct drift *d);

/* Returns the number of contacts that drifted since the start, for
 * stream_drift. A contact counts once while its difference lasts. The number
 * never falls. */
uint64_t drift_total(const struct drift *d);
/* Returns the number of contacts that drift in the last poll; 0 when both sides
 * agree. */
uint64_t drift_now(const struct drift *d);

#endif
