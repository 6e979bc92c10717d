/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/series_state.h"

#include "common/base/err.h"
#include "tests/support/check.h"

struct row {
  enum series_state from;
  enum series_event event;
  enum series_state to;
};

static const struct row changes[] = {
    {SERIES_NEW, SERIES_FIRST_SENT, SERIES_ZERO_SENT},
    {SERIES_NEW, SERIES_RECORDED, SERIES_SHOWN},
    {SERIES_NEW, SERIES_IDLE, SERIES_RETIRED_NEW},
    {SERIES_ZERO_SENT, SERIES_WRITE, SERIES_ZERO_WRITING},
    {SERIES_ZERO_SENT, SERIES_RECORDED, SERIES_SHOWN},
    {SERIES_ZERO_SENT, SERIES_IDLE, SERIES_RETIRED_ZERO_SENT},
    {SERIES_ZERO_WRITING, SERIES_COMMIT, SERIES_SHOWN},
    {SERIES_ZERO_WRITING, SERIES_ROLL_BACK, SERIES_ZERO_SENT},
    {SERIES_ZERO_WRITING, SERIES_RECORDED, SERIES_SHOWN},
    {SERIES_ZERO_WRITING, SERIES_IDLE, SERIES_RETIRED_ZERO_WRITING},
    {SERIES_SHOWN, SERIES_IDLE, SERIES_RETIRED_SHOWN},
    {SERIES_RETURNED, SERIES_FIRST_SENT, SERIES_SHOWN},
    {SERIES_RETURNED, SERIES_IDLE, SERIES_RETIRED_SHOWN},
    {SERIES_RETIRED_NEW, SERIES_FIRST_SENT, SERIES_RETIRED_ZERO_SENT},
    {SERIES_RETIRED_NEW, SERIES_RECORDED, SERIES_RETIRED_SHOWN},
    {SERIES_RETIRED_NEW, SERIES_COUNTED, SERIES_NEW},
    {SERIES_RETIRED_ZERO_SENT, SERIES_WRITE, SERIES_RETIRED_ZERO_WRITING},
    {SERIES_RETIRED_ZERO_SENT, SERIES_RECORDED, SERIES_RETIRED_SHOWN},
    {SERIES_RETIRED_ZERO_SENT, SERIES_COUNTED, SERIES_ZERO_SENT},
    {SERIES_RETIRED_ZERO_WRITING, SERIES_COMMIT, SERIES_RETIRED_SHOWN},
    {SERIES_RETIRED_ZERO_WRITING, SERIES_ROLL_BACK, SERIES_RETIRED_ZERO_SENT},
    {SERIES_RETIRED_ZERO_WRITING, SERIES_RECORDED, SERIES_RETIRED_SHOWN},
    {SERIES_RETIRED_ZERO_WRITING, SERIES_COUNTED, SERIES_ZERO_WRITING},
    {SERIES_RETIRED_SHOWN, SERIES_COUNTED, SERIES_RETURNED},
    {SERIES_ZERO_SENT, SERIES_FORGOTTEN, SERIES_NEW},
    {SERIES_ZERO_WRITING, SERIES_FORGOTTEN, SERIES_NEW},
    {SERIES_SHOWN, SERIES_FORGOTTEN, SERIES_NEW},
    {SERIES_RETURNED, SERIES_FORGOTTEN, SERIES_NEW},
    {SERIES_RETIRED_NEW, SERIES_FORGOTTEN, SERIES_NEW},
    {SERIES_RETIRED_ZERO_SENT, SERIES_FORGOTTEN, SERIES_NEW},
    {SERIES_RETIRED_ZERO_WRITING, SERIES_FORGOTTEN, SERIES_NEW},
    {SERIES_RETIRED_SHOWN, SERIES_FORGOTTEN, SERIES_NEW},
};

static enum series_state expected_state(enum series_state from,
                                        enum series_event event) {
  for (size_t i = 0; i < GC_COUNT(changes); i++)
    if (changes[i].from == from && changes[i].event == event)
      return changes[i].to;
  return from;
}

static void each_event_leads_to_one_state(void) {
  for (int s = SERIES_NEW; s < SERIES_STATE_COUNT; s++)
    for (int e = 0; e < SERIES_EVENT_COUNT; e++) {
      enum series_state from = (enum series_state)s;
      enum series_event event = (enum series_event)e;
      CHECK_INT(series_next_state(from, event), expected_state(from, event));
    }
}

static void each_state_defines_what_a_reader_may_do(void) {
  static const struct {
    enum series_state state;
    bool is_retired, is_recorded, is_writing, sends_first;
  } rows[] = {
      {SERIES_NEW, false, false, false, true},
      {SERIES_ZERO_SENT, false, false, false, true},
      {SERIES_ZERO_WRITING, false, false, true, true},
      {SERIES_SHOWN, false, true, false, false},
      {SERIES_RETURNED, false, true, false, true},
      {SERIES_RETIRED_NEW, true, false, false, true},
      {SERIES_RETIRED_ZERO_SENT, true, false, false, true},
      {SERIES_RETIRED_ZERO_WRITING, true, false, true, true},
      {SERIES_RETIRED_SHOWN, true, true, false, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_INT(series_state_is_retired(rows[i].state), rows[i].is_retired);
    CHECK_INT(series_state_is_recorded(rows[i].state), rows[i].is_recorded);
    CHECK_INT(series_state_is_writing(rows[i].state), rows[i].is_writing);
    CHECK_INT(series_state_sends_first(rows[i].state), rows[i].sends_first);
  }
}

int main(void) {
  RUN(each_event_leads_to_one_state);
  RUN(each_state_defines_what_a_reader_may_do);
  return check_done();
}
