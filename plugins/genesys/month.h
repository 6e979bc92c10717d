/* SPDX-License-Identifier: MIT */
/* Counts the requests that this agent sends for an account in a calendar month,
 * UTC: the platform bills by it. Each month is kept in state.db, as a name of
 * the kind "requests" ("2026-11" with its count), so that a restart continues
 * it, and a clock that jumps into another month and back does, too. One thread
 * at a time. */
#ifndef GENESYS_MONTH_H
#define GENESYS_MONTH_H

#include "common/genesys/sample.h"
#include "common/net/account.h"

enum { MONTH_SAVE_MS = 10 * 1000, MONTH_NAME_SIZE = 8 };

/* Zero at first. */
struct month {
  char name[MONTH_NAME_SIZE]; /* "2026-11"; "": no clock is sure yet */
  uint64_t requests;          /* of this month */
  uint64_t seen;     /* requests since the account's start that were counted */
  bool is_loaded;    /* `requests` has those of earlier starts, too */
  uint64_t saved_ms; /* monotonic */
  double planned;    /* requests a minute, at the last month_judge_plan */
  bool is_judged;
};

/* Adds the requests since the last call to the month of the clocks that agree;
 * no clock moves it alone. Saves each MONTH_SAVE_MS, or now if `saves_now`.
 * `store` NULL: there is no StateDir, and the count begins with the process. */
void month_note(struct month *m, const char *account,
                const struct gc_account_stats *stats, struct gc_store *store,
                uint64_t now_ms, bool saves_now);

/* Puts api_month_requests and, with MonthlyRequests, api_month_share, as soon
 * as the month is known. */
void month_samples(const struct month *m, const char *account,
                   const struct gc_account_stats *stats, uint32_t interval_ms,
                   const struct gc_samples *out);

/* What the account plans: the sum, and the block that plans most of it. Zero at
 * first; month_add_plan takes a part. */
struct month_plan {
  double per_minute;
  double of_largest, of_newest; /* parts of the block of this name */
  const char *largest, *newest; /* NULL: none; a list of names */
};
void month_add_plan(struct month_plan *p, const char *block, double per_minute);

/* Judges the plan against MonthlyRequests (0: not known) once it is the same as
 * at the last call, since the blocks learn it one after the other. True once:
 * it is more, as *ret_warning says. */
bool month_judge_plan(struct month *m, const struct month_plan *p,
                      uint32_t monthly_requests, struct gc_err *ret_warning);

#endif
