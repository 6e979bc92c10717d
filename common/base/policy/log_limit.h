/* SPDX-License-Identifier: MIT */
/* Decides when a lasting failure gets a log line: at once when it begins or
 * changes, then a reminder every ten minutes with the count of failures held
 * back, and one line when it is over. Pure; one struct for each cause.
 *
 * Example, one failure every 10 s from second 0 on, good again at 1205:
 *   0 FIRST; 10 … 590 QUIET; 600 REMIND (held back 59); … 1205 OVER (1205 s)
 *
 * A failure that comes and goes, or that alternates between the same codes,
 * gets no more lines: a code that has had a line gets no other until ten
 * minutes have passed since the last FIRST, CHANGE or REMIND.
 *   0 FIRST; 5 OVER; 10 … 590 comes and goes: QUIET; 600 FIRST (held back 30)
 * The end of a failure that had no line has no line. */
#ifndef GC_BASE_POLICY_LOG_LIMIT_H
#define GC_BASE_POLICY_LOG_LIMIT_H

#include "common/base/err.h"

#include <stdint.h>

enum { GC_LOG_LIMIT_REMIND_MS = 600 * 1000 };

enum gc_log_limit_say {
  GC_LOG_LIMIT_QUIET,
  GC_LOG_LIMIT_FIRST,  /* log it */
  GC_LOG_LIMIT_CHANGE, /* another code than before: log it */
  GC_LOG_LIMIT_REMIND, /* log it, with `held_back` */
  GC_LOG_LIMIT_OVER,   /* log that it is good again, with `lasted_ms` */
};

struct gc_log_limit {
  enum gc_code code;   /* GC_OK: no failure */
  uint64_t since_ms;   /* when this failure began */
  uint64_t said_ms;    /* the last FIRST, CHANGE or REMIND */
  uint32_t said_codes; /* bits 1 << code: codes that had a line and get no other
                          yet */
  bool said_this;      /* this failure has had a line */
  uint32_t held_back;  /* failures without a line since the last one */
};

/* A decision. All members are 0 when `say` is GC_LOG_LIMIT_QUIET. */
struct gc_log_limit_line {
  enum gc_log_limit_say say;
  uint32_t held_back;
  uint64_t lasted_ms;
};

/* Notes an outcome (GC_OK or the code of a failure) at `now_ms` (monotonic). */
GC_API struct gc_log_limit_line
gc_log_limit_note(struct gc_log_limit *d, enum gc_code code, uint64_t now_ms);

#endif
