/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/state.h"

#include "common/base/cleanup.h"
#include "tests/support/check.h"

static void the_transitions_are_those_of_the_diagram(void) {
  static const struct {
    enum influx_state from;
    enum influx_event event;
    enum influx_state to;
  } rows[] = {
      {INFLUX_IDLE, INFLUX_EV_SEND, INFLUX_SECRET},
      {INFLUX_IDLE, INFLUX_EV_FAIL, INFLUX_PAUSED},
      {INFLUX_SECRET, INFLUX_EV_SECRET, INFLUX_SENDING},
      {INFLUX_SECRET, INFLUX_EV_FAIL, INFLUX_PAUSED},
      {INFLUX_SENDING, INFLUX_EV_MORE, INFLUX_SECRET},
      {INFLUX_SENDING, INFLUX_EV_DONE, INFLUX_IDLE},
      {INFLUX_SENDING, INFLUX_EV_FAIL, INFLUX_PAUSED},
      {INFLUX_PAUSED, INFLUX_EV_RESUME, INFLUX_SECRET},
      {INFLUX_PAUSED, INFLUX_EV_DONE, INFLUX_IDLE},
  };
  for (int from = 0; from < INFLUX_STATE_COUNT; from++)
    for (int event = 0; event < INFLUX_EVENT_COUNT; event++) {
      int want = event == INFLUX_EV_STOP ? INFLUX_STOPPED : from;
      for (size_t i = 0; i < GC_COUNT(rows); i++)
        if ((int)rows[i].from == from && (int)rows[i].event == event)
          want = (int)rows[i].to;
      CHECK_ROW(influx_state_name((enum influx_state)from));
      CHECK_INT(
          influx_state_next((enum influx_state)from, (enum influx_event)event),
          want);
    }
}

int main(void) {
  RUN(the_transitions_are_those_of_the_diagram);
  return check_done();
}
