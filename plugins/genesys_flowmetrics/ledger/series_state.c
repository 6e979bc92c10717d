/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/series_state.h"

#include "common/base/assert.h"

/* The next state by state and event. A pair that is not listed is 0 and changes
 * nothing. */
static const enum series_state changes[SERIES_STATE_COUNT][SERIES_EVENT_COUNT] =
    {
        [SERIES_NEW][SERIES_FIRST_SENT] = SERIES_ZERO_SENT,
        [SERIES_ZERO_SENT][SERIES_WRITE] = SERIES_ZERO_WRITING,
        [SERIES_ZERO_WRITING][SERIES_COMMIT] = SERIES_SHOWN,
        [SERIES_ZERO_WRITING][SERIES_ROLL_BACK] = SERIES_ZERO_SENT,
        [SERIES_RETURNED][SERIES_FIRST_SENT] = SERIES_SHOWN,

        /* The reader may still report a series that was retired meanwhile. */
        [SERIES_RETIRED_NEW][SERIES_FIRST_SENT] = SERIES_RETIRED_ZERO_SENT,
        [SERIES_RETIRED_ZERO_SENT][SERIES_WRITE] = SERIES_RETIRED_ZERO_WRITING,
        [SERIES_RETIRED_ZERO_WRITING][SERIES_COMMIT] = SERIES_RETIRED_SHOWN,
        [SERIES_RETIRED_ZERO_WRITING][SERIES_ROLL_BACK] =
            SERIES_RETIRED_ZERO_SENT,

        [SERIES_NEW][SERIES_RECORDED] = SERIES_SHOWN,
        [SERIES_ZERO_SENT][SERIES_RECORDED] = SERIES_SHOWN,
        [SERIES_ZERO_WRITING][SERIES_RECORDED] = SERIES_SHOWN,
        [SERIES_RETIRED_NEW][SERIES_RECORDED] = SERIES_RETIRED_SHOWN,
        [SERIES_RETIRED_ZERO_SENT][SERIES_RECORDED] = SERIES_RETIRED_SHOWN,
        [SERIES_RETIRED_ZERO_WRITING][SERIES_RECORDED] = SERIES_RETIRED_SHOWN,

        [SERIES_NEW][SERIES_IDLE] = SERIES_RETIRED_NEW,
        [SERIES_ZERO_SENT][SERIES_IDLE] = SERIES_RETIRED_ZERO_SENT,
        [SERIES_ZERO_WRITING][SERIES_IDLE] = SERIES_RETIRED_ZERO_WRITING,
        [SERIES_SHOWN][SERIES_IDLE] = SERIES_RETIRED_SHOWN,
        [SERIES_RETURNED][SERIES_IDLE] = SERIES_RETIRED_SHOWN,

        [SERIES_RETIRED_NEW][SERIES_COUNTED] = SERIES_NEW,
        [SERIES_RETIRED_ZERO_SENT][SERIES_COUNTED] = SERIES_ZERO_SENT,
        [SERIES_RETIRED_ZERO_WRITING][SERIES_COUNTED] = SERIES_ZERO_WRITING,
        [SERIES_RETIRED_SHOWN][SERIES_COUNTED] = SERIES_RETURNED,

        [SERIES_ZERO_SENT][SERIES_FORGOTTEN] = SERIES_NEW,
        [SERIES_ZERO_WRITING][SERIES_FORGOTTEN] = SERIES_NEW,
        [SERIES_SHOWN][SERIES_FORGOTTEN] = SERIES_NEW,
        [SERIES_RETURNED][SERIES_FORGOTTEN] = SERIES_NEW,
        [SERIES_RETIRED_NEW][SERIES_FORGOTTEN] = SERIES_NEW,
        [SERIES_RETIRED_ZERO_SENT][SERIES_FORGOTTEN] = SERIES_NEW,
        [SERIES_RETIRED_ZERO_WRITING][SERIES_FORGOTTEN] = SERIES_NEW,
        [SERIES_RETIRED_SHOWN][SERIES_FORGOTTEN] = SERIES_NEW,
};

enum series_state series_next_state(enum series_state state,
                                    enum series_event event) {
  GC_ASSERT(state >= SERIES_NEW && state < SERIES_STATE_COUNT &&
            event < SERIES_EVENT_COUNT);
  enum series_state next = changes[state][event];
  return next != 0 ? next : state;
}

bool series_state_is_retired(enum series_state state) {
  return state >= SERIES_RETIRED_NEW;
}

bool series_state_is_recorded(enum series_state state) {
  return state == SERIES_SHOWN || state == SERIES_RETURNED ||
         state == SERIES_RETIRED_SHOWN;
}

bool series_state_is_writing(enum series_state state) {
  return state == SERIES_ZERO_WRITING || state == SERIES_RETIRED_ZERO_WRITING;
}

bool series_state_sends_first(enum series_state state) {
  return state != SERIES_SHOWN && state != SERIES_RETIRED_SHOWN;
}
