/* SPDX-License-Identifier: MIT */
/* Decides when the consumers stop receiving because this host's clock may be
 * behind: every attribute of an answer is ahead of it, and no other clock
 * confirms it. Each receipt counts towards the queue's maxReceiveCount, so a
 * wrong clock would move good messages to the dead-letter queue. The pause ends
 * early when this host's clock is set. Pure.
 *
 * Example, a clock that stays wrong, with answers at once after each pause:
 * receipts at 0, 5, 15, 35, 75, 135 … minutes, then each hour. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_CLOCK_PAUSE_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_CLOCK_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

enum {
  CLOCK_PAUSE_MIN_MS = 5 * 60 * 1000, /* doubled with each pause */
  CLOCK_PAUSE_MAX_MS = 60 * 60 * 1000,
  CLOCK_PAUSE_STEP_MS = 60 * 1000, /* a step of the clock that ends the pause */
};

/* Zeroed: no pause. */
struct clock_pause {
  uint64_t until_ms;  /* monotonic; 0: the last answer was good */
  int64_t offset_ms;  /* wall minus monotonic clock, when the pause began */
  uint32_t length_ms; /* of the last pause; 0 after a good answer */
};

/* Returns true while the consumers must not receive. */
bool clock_pause_holds(const struct clock_pause *p, uint64_t now_ms,
                       int64_t wall_ms);
/* Takes an answer that was committed. `is_doubtful`: batch_doubts_clock. A good
 * answer ends a pause; a doubtful one that was requested before a pause does
 * not prolong it. Returns true while the last answer was doubtful. */
bool clock_pause_note(struct clock_pause *p, bool is_doubtful, uint64_t now_ms,
                      int64_t wall_ms);

#endif
