/* SPDX-License-Identifier: MIT */
#include "common/net/channels/state.h"

#include <stdbool.h>
#include <stddef.h>

/* The ten main arrows; the table has all.
 *
 *              no id                       (1) STEP: create
 *   +--------> UNKNOWN ---------------------------> CREATING
 *   |             |                                    |
 *   |             | (2) STEP: check the stored id      | (3) created
 *   |             v                                    v
 *   |  (4) gone  CHECKING -----------------------> DISCONNECTED <-----------+
 *   +-------------+        (5) found, or no answer     |                    |
 *   |                                                  | (6) STEP: connect  |
 *   |  (7) refused, or closed before the proof         v                    |
 *   +------------------------------------------- CONNECTING, OPEN           |
 *   |                                                  |                    |
 *   |                                                  | (8) proof          |
 *   |  (9) doubt: CLOSING_CHECK                        v                    |
 *   +------------------------------------------------ PROVEN ---------------+
 *                                       (10) ended, or CLOSING_RECONNECT
 */
#define IN(state) (1u << GC_CHANNEL_##state)
#define DO(action) GC_CHANNEL_DO_##action

/* The value of `to` in a row that does not change the state. */
#define SAME GC_CHANNEL_STATE_COUNT

enum {
  OPENED = IN(OPEN) | IN(PROVEN) | IN(OPEN_ANNOUNCED) | IN(PROVEN_ANNOUNCED),
  LIVE = IN(CONNECTING) | OPENED,
  /* A socket that is closed for one of these reasons may still get a more
   * important reason. */
  CLOSING = IN(CLOSING_RECONNECT) | IN(CLOSING_ANNOUNCED) | IN(CLOSING_CHECK),
  ANY = (1 << GC_CHANNEL_STATE_COUNT) - 1,

  LOST = DO(BEGIN_GAP) | DO(STEP),
  FAILED = LOST | DO(DELAY_RECONNECT),
};

/* The first row of an event whose `from` has the state counts. */
struct row {
  unsigned from;
  enum gc_channel_state to;
  unsigned actions;
};

#define ROWS_MAX 6
#define TO(state) GC_CHANNEL_##state

static const struct row rows[GC_CHANNEL_EVENT_COUNT][ROWS_MAX] =
    {
        [GC_CHANNEL_STEP_UNWANTED] =
            {
                {IN(RETIRED), SAME, DO(REPORT_RETIRED)},
                {IN(REPLACED), TO(RETIRING), DO(CLOSE)},
                {LIVE, TO(CLOSING_IDLE), DO(END_GAP) | DO(CLOSE)},
                {IN(UNKNOWN) | IN(DISCONNECTED), SAME, DO(END_GAP)},
            },
        [GC_CHANNEL_STEP_WITHOUT_ID] =
            {
                {IN(RETIRED), SAME, DO(REPORT_RETIRED)},
                {IN(UNKNOWN), TO(CREATING), DO(CANCEL_CALL) | DO(CREATE)},
            },
        [GC_CHANNEL_STEP_WITH_ID] =
            {
                {IN(RETIRED), SAME, DO(REPORT_RETIRED)},
                {IN(UNKNOWN), TO(CHECKING), DO(CANCEL_CALL) | DO(CHECK)},
                {IN(DISCONNECTED), TO(CONNECTING), DO(CONNECT)},
                {OPENED, SAME, DO(REPORT_READY)},
            },
        [GC_CHANNEL_STEP_TOPICS] =
            {
                {IN(DISCONNECTED) | LIVE, SAME, DO(SUBSCRIBE)},
            },

        [GC_CHANNEL_ON_CREATED] =
            {
                {IN(CREATING), TO(DISCONNECTED), DO(RESTART_TOPICS) | DO(STEP)},
            },
        [GC_CHANNEL_ON_CHECKED] =
            {
                {IN(CHECKING), TO(DISCONNECTED), DO(RESTART_TOPICS) | DO(STEP)},
            },
        [GC_CHANNEL_ON_CHECK_LATE] =
            {
                {IN(CHECKING), TO(DISCONNECTED),
                 DO(CANCEL_CALL) | DO(RESTART_TOPICS) | DO(STEP)},
            },
        [GC_CHANNEL_ON_GONE] =
            {
                {IN(CHECKING), TO(UNKNOWN), DO(FORGET_ID) | DO(STEP)},
            },
        [GC_CHANNEL_ON_SUBSCRIBED] =
            {
                {ANY, SAME, DO(PROLONG) | DO(STEP)},
            },
        [GC_CHANNEL_ON_BATCH_REFUSED] = {{ANY, SAME, DO(STEP)}},
        [GC_CHANNEL_ON_CALL_FAILED] =
            {
                {IN(CREATING), TO(UNKNOWN), DO(DELAY_CREATION) | DO(STEP)},
                {IN(CHECKING), TO(DISCONNECTED), DO(RESTART_TOPICS) | DO(STEP)},
                {ANY, SAME, DO(DELAY_TOPICS) | DO(STEP)},
            },

        [GC_CHANNEL_ON_DOUBT] =
            {
                {IN(DISCONNECTED), TO(UNKNOWN), DO(DELAY_TOPICS) | DO(STEP)},
                {LIVE, TO(CLOSING_CHECK), DO(CLOSE)},
                {CLOSING, TO(CLOSING_CHECK), 0},
            },

        [GC_CHANNEL_ON_OPENED] =
            {
                {IN(CONNECTING), TO(OPEN), DO(ACCEPT_SOCKET) | DO(STEP)},
            },
        [GC_CHANNEL_ON_PROOF] =
            {
                {IN(OPEN), TO(PROVEN), DO(RESET_BACKOFF)},
                {IN(OPEN_ANNOUNCED), TO(PROVEN_ANNOUNCED), DO(RESET_BACKOFF)},
                {ANY, SAME, DO(RESET_BACKOFF)},
            },
        [GC_CHANNEL_ON_ANNOUNCED] =
            {
                {IN(OPEN), TO(OPEN_ANNOUNCED), DO(SCHEDULE_NOTICE)},
                {IN(PROVEN), TO(PROVEN_ANNOUNCED), DO(SCHEDULE_NOTICE)},
            },

        [GC_CHANNEL_ON_ENDED] =
            {
                {IN(PROVEN_ANNOUNCED) | IN(CLOSING_ANNOUNCED), TO(DISCONNECTED),
                 LOST},
                /* The socket was accepted and closed: the platform may not know
                 * the channel. */
                {IN(OPEN) | IN(OPEN_ANNOUNCED) | IN(CLOSING_CHECK), TO(UNKNOWN),
                 FAILED},
                {LIVE | IN(CLOSING_RECONNECT), TO(DISCONNECTED), FAILED},
                {IN(CLOSING_IDLE), TO(DISCONNECTED), DO(STEP)},
                {IN(RETIRING) | IN(REPLACED), TO(RETIRED), DO(STEP)},
            },
        [GC_CHANNEL_ON_UPGRADE_REFUSED] = {{LIVE, TO(UNKNOWN), FAILED}},

        [GC_CHANNEL_ON_LEAVE] =
            {
                {IN(PROVEN_ANNOUNCED), TO(CLOSING_ANNOUNCED), DO(CLOSE)},
                {LIVE, TO(CLOSING_RECONNECT), DO(CLOSE)},
            },
        [GC_CHANNEL_ON_RETIRE] =
            {
                {IN(RETIRED) | IN(RETIRING), SAME, 0},
                {IN(REPLACED), TO(RETIRING), DO(CLOSE)},
                {OPENED, TO(REPLACED),
                 DO(END_GAP) | DO(CANCEL_CALL) | DO(OVERLAP)},
                {LIVE, TO(RETIRING), DO(END_GAP) | DO(CANCEL_CALL) | DO(CLOSE)},
                {CLOSING | IN(CLOSING_IDLE), TO(RETIRING),
                 DO(END_GAP) | DO(CANCEL_CALL)},
                {ANY, TO(RETIRED), DO(END_GAP) | DO(CANCEL_CALL) | DO(STEP)},
            },
        [GC_CHANNEL_ON_OVERLAP_END] = {{IN(REPLACED), TO(RETIRING), DO(CLOSE)}},
};

/* Returns the event to look up: if the channel itself closes the socket, a
 * refused upgrade counts as an ordinary end. */
static enum gc_channel_event event_in(enum gc_channel_state state,
                                      enum gc_channel_event event) {
  bool is_refusal = event == GC_CHANNEL_ON_UPGRADE_REFUSED;
  return is_refusal && (1u << state & LIVE) == 0 ? GC_CHANNEL_ON_ENDED : event;
}

struct gc_channel_transition
gc_channel_transition(enum gc_channel_state state,
                      enum gc_channel_event event) {
  const struct row *of_event = rows[event_in(state, event)];
  for (size_t i = 0; i < ROWS_MAX && of_event[i].from != 0; i++) {
    const struct row *row = &of_event[i];
    if ((row->from & 1u << state) != 0)
      return (struct gc_channel_transition){row->to == SAME ? state : row->to,
                                            row->actions};
  }
  return (struct gc_channel_transition){state, 0};
}

const char *gc_channel_state_name(enum gc_channel_state state) {
  static const char *const names[GC_CHANNEL_STATE_COUNT] = {
      [GC_CHANNEL_UNKNOWN] = "unknown",
      [GC_CHANNEL_CREATING] = "creating",
      [GC_CHANNEL_CHECKING] = "checking",
      [GC_CHANNEL_DISCONNECTED] = "disconnected",
      [GC_CHANNEL_RETIRED] = "retired",
      [GC_CHANNEL_CONNECTING] = "connecting",
      [GC_CHANNEL_OPEN] = "open",
      [GC_CHANNEL_PROVEN] = "proven",
      [GC_CHANNEL_OPEN_ANNOUNCED] = "open-announced",
      [GC_CHANNEL_PROVEN_ANNOUNCED] = "proven-announced",
      [GC_CHANNEL_REPLACED] = "replaced",
      [GC_CHANNEL_CLOSING_IDLE] = "closing-idle",
      [GC_CHANNEL_CLOSING_RECONNECT] = "closing-reconnect",
      [GC_CHANNEL_CLOSING_ANNOUNCED] = "closing-announced",
      [GC_CHANNEL_CLOSING_CHECK] = "closing-check",
      [GC_CHANNEL_RETIRING] = "retiring",
  };
  return names[state];
}
