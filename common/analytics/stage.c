/* SPDX-License-Identifier: MIT */
#include "common/analytics/stage.h"

#include <stdint.h>

#include "common/base/assert.h"

enum gc_stage_thread gc_stage_owner(enum gc_stage stage) {
  static const uint8_t owners[GC_STAGE_COUNT] = {
      [GC_STAGE_LOADING] = GC_STAGE_NETWORK,
      [GC_STAGE_IDLE] = GC_STAGE_NETWORK,
      [GC_STAGE_REQUESTING] = GC_STAGE_NETWORK,
      [GC_STAGE_NAMING] = GC_STAGE_NETWORK,
      [GC_STAGE_READY] = GC_STAGE_NEITHER,
      [GC_STAGE_SENDING] = GC_STAGE_READER,
      [GC_STAGE_PAUSED] = GC_STAGE_NEITHER,
      [GC_STAGE_UNSAVED] = GC_STAGE_NEITHER,
      [GC_STAGE_SENT] = GC_STAGE_NEITHER,
      [GC_STAGE_OVER] = GC_STAGE_NEITHER,
  };
  return (enum gc_stage_thread)owners[stage];
}

enum gc_stage_thread gc_stage_thread_of(enum gc_stage_event event) {
  return event < GC_STAGE_READ ? GC_STAGE_NETWORK : GC_STAGE_READER;
}

/* The table: TO(stage) is an arrow; 0 is none. */
#define TO(stage) (uint8_t)(1 + GC_STAGE_##stage)
static const uint8_t arrows[GC_STAGE_COUNT][GC_STAGE_EVENT_COUNT] = {
    [GC_STAGE_LOADING] =
        {[GC_STAGE_LOADED] = TO(IDLE), [GC_STAGE_LOADED_WINDOW] = TO(PAUSED)},
    [GC_STAGE_IDLE] = {[GC_STAGE_REQUEST] = TO(REQUESTING),
                       [GC_STAGE_LEASE_LOST] = TO(LOADING)},
    [GC_STAGE_REQUESTING] = {[GC_STAGE_FAILED] = TO(IDLE),
                             [GC_STAGE_ANSWERED] = TO(READY),
                             [GC_STAGE_UNNAMED] = TO(NAMING),
                             [GC_STAGE_REREAD] = TO(IDLE)},
    [GC_STAGE_NAMING] =
        {[GC_STAGE_NAMED] = TO(READY), [GC_STAGE_LEASE_LOST] = TO(LOADING)},
    [GC_STAGE_READY] =
        {[GC_STAGE_READ] = TO(SENDING), [GC_STAGE_LEASE_LOST] = TO(LOADING)},
    [GC_STAGE_SENDING] = {[GC_STAGE_WAITS] = TO(PAUSED),
                          [GC_STAGE_NOT_SAVED] = TO(UNSAVED),
                          [GC_STAGE_ALL_SENT] = TO(SENT),
                          [GC_STAGE_STOP] = TO(OVER)},
    [GC_STAGE_PAUSED] =
        {[GC_STAGE_READ] = TO(SENDING), [GC_STAGE_LEASE_LOST] = TO(LOADING)},
    [GC_STAGE_UNSAVED] = {[GC_STAGE_READ] = TO(SENDING),
                          [GC_STAGE_NEXT] = TO(IDLE),
                          [GC_STAGE_LEASE_LOST] = TO(LOADING)},
    [GC_STAGE_SENT] =
        {[GC_STAGE_NEXT] = TO(IDLE), [GC_STAGE_LEASE_LOST] = TO(LOADING)},
};

bool gc_stage_move(enum gc_stage *stage, enum gc_stage_event event) {
  GC_ASSERT(*stage < GC_STAGE_COUNT && event < GC_STAGE_EVENT_COUNT);
  uint8_t to = arrows[*stage][event];
  if (to == 0)
    return false;
  /* The thread of an arrow owns the stage, or takes it from neither. */
  GC_ASSERT(gc_stage_owner(*stage) == gc_stage_thread_of(event) ||
            gc_stage_owner(*stage) == GC_STAGE_NEITHER);
  *stage = (enum gc_stage)(to - 1);
  return true;
}
