/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/clock_pause.h"

bool clock_pause_holds(const struct clock_pause *p, uint64_t now_ms,
                       int64_t wall_ms) {
  int64_t step_ms = wall_ms - (int64_t)now_ms - p->offset_ms;
  return now_ms < p->until_ms && step_ms < CLOCK_PAUSE_STEP_MS &&
         step_ms > -CLOCK_PAUSE_STEP_MS;
}

static uint32_t next_length_ms(uint32_t length_ms) {
  if (length_ms == 0)
    return CLOCK_PAUSE_MIN_MS;
  return length_ms < CLOCK_PAUSE_MAX_MS / 2 ? length_ms * 2
                                            : CLOCK_PAUSE_MAX_MS;
}

bool clock_pause_note(struct clock_pause *p, bool is_doubtful, uint64_t now_ms,
                      int64_t wall_ms) {
  if (!is_doubtful) {
    *p = (struct clock_pause){0};
  } else if (!clock_pause_holds(p, now_ms, wall_ms)) {
    p->length_ms = next_length_ms(p->length_ms);
    p->until_ms = now_ms + p->length_ms;
    p->offset_ms = wall_ms - (int64_t)now_ms;
  }
  return is_doubtful;
}
