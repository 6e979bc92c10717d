/* SPDX-License-Identifier: MIT */
#include "common/net/channels/creations.h"

#include <stdbool.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

static const struct gc_creation_limits limits[GC_CREATION_COUNT] = {
    [GC_CREATION_LOST] = {.per_hour = 6, .per_day = 12},
    [GC_CREATION_RENEWAL] = {.per_hour = 6, .per_day = 30},
};

static uint64_t span_end_ms(uint64_t at_ms, uint64_t span_ms, uint64_t now_ms) {
  bool is_over = at_ms == 0 || at_ms + span_ms <= now_ms;
  return is_over ? now_ms : at_ms + span_ms;
}

struct gc_creation_limits gc_creation_limits(enum gc_creation kind) {
  return limits[kind];
}

uint64_t gc_creations_next_ms(const struct gc_creations *c,
                              enum gc_creation kind, uint64_t now_ms) {
  const uint64_t *at_ms = c->at_ms[kind];
  uint64_t hour_ms =
      span_end_ms(at_ms[limits[kind].per_hour - 1], HOUR_MS, now_ms);
  uint64_t day_ms =
      span_end_ms(at_ms[limits[kind].per_day - 1], DAY_MS, now_ms);
  return hour_ms > day_ms ? hour_ms : day_ms;
}

void gc_creations_take(struct gc_creations *c, enum gc_creation kind,
                       uint64_t now_ms) {
  uint64_t *at_ms = c->at_ms[kind];
  memmove(&at_ms[1], &at_ms[0], sizeof(c->at_ms[kind]) - sizeof(at_ms[0]));
  at_ms[0] = now_ms;
}

void gc_creations_give_back(struct gc_creations *c, enum gc_creation kind) {
  uint64_t *at_ms = c->at_ms[kind];
  memmove(&at_ms[0], &at_ms[1], sizeof(c->at_ms[kind]) - sizeof(at_ms[0]));
  at_ms[GC_COUNT(c->at_ms[kind]) - 1] = 0;
}
