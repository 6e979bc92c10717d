/* SPDX-License-Identifier: MIT */
/* Do the conversations that the events made agree with what the platform
 * counts? After each poll every queue and medium is compared; what differs in
 * two polls running is drift (design, section 5.2). One poll proves nothing:
 * answer and events are of different moments.
 *
 * Who rings may be counted as waiting or as with an agent, on either side: with
 * w waiting, a alerting and i with an agent, waiting is any number of
 * w … w + a and interacting any of i … i + a. They differ by the gap between
 * the two sides' ranges, if there is one.
 *
 *   poll   model w a i   observed w a i   gaps    counted
 *   1            3 0 1            2 1 1    0 0    none: one of the three rings
 *   2            3 0 1            1 0 1    2 0    none yet
 *   3            3 0 1            2 0 1    1 0    1, it was there in 2 and in 3
 *   4            3 0 1            2 0 1    1 0    none: it has been counted
 *
 * Compare before conversations_poll_end, which repairs: a lost end counts as
 * drift also when it is closed at once. Only pairs that differ take memory.
 * Pure; one thread at a time. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_DRIFT_H
#define GENESYS_REALTIME_CONVERSATIONS_DRIFT_H

#include "common/base/err.h"

#include <stdint.h>

struct drift;

/* One side's contacts in a queue and medium. interacting: active and held. */
struct drift_side {
  int64_t waiting, alerting, interacting;
};

/* Of at most `pairs_max` pairs differences are remembered; further ones are
 * left out. NULL when out of memory. */
struct drift *drift_new(uint32_t pairs_max);
void drift_free(struct drift *d);
GC_DEFINE_AUTO(struct drift, drift_free)

/* One complete poll: begin, compare each pair once, end. A pair that a poll
 * does not compare begins anew with the next. A poll that fails has none of
 * the three. */
void drift_begin(struct drift *d);
/* GC_ERR_MEMORY: the pair is not remembered, nothing is broken. */
GC_MUST_CHECK enum gc_code drift_compare(struct drift *d, const char *queue,
                                         const char *media,
                                         const struct drift_side *model,
                                         const struct drift_side *observed);
void drift_end(struct drift *d);

/* Contacts that drifted, each counted once while it lasts; since the start,
 * monotonic: for stream_drift. */
uint64_t drift_total(const struct drift *d);
/* Those of the last poll, 0 when both sides agree again. */
uint64_t drift_now(const struct drift *d);

#endif
