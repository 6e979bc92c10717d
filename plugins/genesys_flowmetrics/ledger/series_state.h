/* SPDX-License-Identifier: MIT */
/* The states of a series: whether its first 0 was dispatched and recorded, and
 * whether it is retired.
 *
 * A rate needs a 0 before the first count. The reader therefore dispatches a 0
 * for a new series, and repeats it until the store has recorded that it was
 * dispatched. If a process ends before that, the next one starts with a 0
 * again. A 0 never follows a count. An idle series is retired and no longer
 * read. When it is counted again, the reader first dispatches the count that
 * it had.
 *
 *   new -> zero sent -> zero writing -> shown -> retired -> returned -> shown
 *
 * A retired series keeps its place in this order: if it is retired before its 0
 * is recorded, it continues from there. When this agent gets the lease of the
 * series' account, the series begins at "new" again, and the record in the
 * store decides. Pure. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_SERIES_STATE_H
#define GENESYS_FLOWMETRICS_LEDGER_SERIES_STATE_H

#include <stdbool.h>

enum series_state {
  SERIES_NEW = 1,      /* no value was dispatched */
  SERIES_ZERO_SENT,    /* its 0 was dispatched; the store has no record of it */
  SERIES_ZERO_WRITING, /* the open transaction records it */
  SERIES_SHOWN,        /* recorded: the reader dispatches the present count */
  SERIES_RETURNED,     /* counted again: the earlier count is due first */
  SERIES_RETIRED_NEW,
  SERIES_RETIRED_ZERO_SENT,
  SERIES_RETIRED_ZERO_WRITING,
  SERIES_RETIRED_SHOWN,
  SERIES_STATE_COUNT
};

enum series_event {
  SERIES_FIRST_SENT, /* the first value was dispatched */
  SERIES_WRITE,      /* a transaction includes the record of the 0 */
  SERIES_COMMIT,     /* that transaction was committed */
  SERIES_ROLL_BACK,  /* that transaction was rolled back */
  SERIES_RECORDED,   /* the store, when it was opened, had the record */
  SERIES_IDLE,       /* not counted for the retention time */
  SERIES_COUNTED,    /* counted, or about to be */
  SERIES_FORGOTTEN,  /* another agent may have counted and dispatched it */
  SERIES_EVENT_COUNT
};

/* Returns the state after an event; the same state when the event changes
 * nothing. */
enum series_state series_next_state(enum series_state state,
                                    enum series_event event);

bool series_state_is_retired(enum series_state state);
/* Returns true when the store has the record that the 0 was dispatched. */
bool series_state_is_recorded(enum series_state state);
/* Returns true while the open transaction writes that record. */
bool series_state_is_writing(enum series_state state);
/* Returns true when a 0, or the earlier count, is dispatched before the present
 * count. */
bool series_state_sends_first(enum series_state state);

#endif
