/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/state.h"

/* 0 (INFLUX_IDLE) stands for "no row", so each row is state + 1. */
#define TO(state) ((state) + 1)

static const unsigned char next[INFLUX_STATE_COUNT][INFLUX_EVENT_COUNT] = {
    [INFLUX_IDLE] = {[INFLUX_EV_SEND] = TO(INFLUX_SECRET),
                     [INFLUX_EV_FAIL] = TO(INFLUX_PAUSED),
                     [INFLUX_EV_STOP] = TO(INFLUX_STOPPED)},
    [INFLUX_SECRET] = {[INFLUX_EV_SECRET] = TO(INFLUX_SENDING),
                       [INFLUX_EV_FAIL] = TO(INFLUX_PAUSED),
                       [INFLUX_EV_STOP] = TO(INFLUX_STOPPED)},
    [INFLUX_SENDING] = {[INFLUX_EV_MORE] = TO(INFLUX_SECRET),
                        [INFLUX_EV_DONE] = TO(INFLUX_IDLE),
                        [INFLUX_EV_FAIL] = TO(INFLUX_PAUSED),
                        [INFLUX_EV_STOP] = TO(INFLUX_STOPPED)},
    [INFLUX_PAUSED] = {[INFLUX_EV_RESUME] = TO(INFLUX_SECRET),
                       [INFLUX_EV_DONE] = TO(INFLUX_IDLE),
                       [INFLUX_EV_STOP] = TO(INFLUX_STOPPED)},
};

enum influx_state influx_state_next(enum influx_state state,
                                    enum influx_event event) {
  unsigned char to = next[state][event];
  return to != 0 ? (enum influx_state)(to - 1) : state;
}

const char *influx_state_name(enum influx_state state) {
  static const char *const names[INFLUX_STATE_COUNT] = {
      "idle", "secret", "sending", "paused", "stopped"};
  return names[state];
}
