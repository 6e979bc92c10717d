/* SPDX-License-Identifier: MIT */
/* Which intervals to ask for, and when. Pure: times are arguments.
 *
 * A window is known by its end, a multiple of the granularity since 1970 in
 * UTC, so that neither time zones nor summer time move one. It may be asked for
 * once the server's clock has passed its end by SettleDelay. Two marks say how
 * far a query is:
 *
 *   settled     …windows read for good…  |
 *   done                                 | …left, read again…  |  not yet
 *
 * What lies between them is asked for again with each poll, together with what
 * is new; a window settles when it was read at its end + SettleDelay + Revisit
 * windows or later. Example, PT1M, SettleDelay 90, Revisit 2, no checkpoint
 * gap, at 10:05:30: the newest window ends 10:04; done was 10:03, settled
 * 10:01. The request is 10:01/10:04: two again, one new; then done is 10:04,
 * settled 10:02. */
#ifndef GC_ANALYTICS_WINDOWS_H
#define GC_ANALYTICS_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gc_windows_rule {
  int64_t period_ms; /* the granularity; divides a day */
  int64_t settle_ms;
  int64_t backfill_ms;
  uint32_t revisit; /* windows */
};

/* Ends of windows, epoch ms. */
struct gc_windows_mark {
  bool is_set; /* false: a query that never ran */
  int64_t settled_ms, done_ms;
};

/* Ranges are (from, to], of ends of windows. */
struct gc_windows_plan {
  int64_t again_from_ms, again_to_ms; /* read again; equal: none */
  int64_t from_ms, to_ms;             /* new */
  int64_t final_ms; /* windows that end here or before settle with this poll */
  int64_t skipped;  /* windows that are older than Backfill, not asked for */
};

/* The end of the newest window that may be asked for at `server_ms`. */
int64_t gc_windows_newest(const struct gc_windows_rule *rule,
                          int64_t server_ms);

/* What to ask for at `server_ms`, `windows_max` new windows at most (1 or
 * more), oldest first. False when nothing is new; `ret_plan` is untouched then.
 */
bool gc_windows_plan(const struct gc_windows_rule *rule,
                     const struct gc_windows_mark *mark, int64_t server_ms,
                     uint32_t windows_max, struct gc_windows_plan *ret_plan);

/* The server's time from which the next plan has something. */
int64_t gc_windows_due(const struct gc_windows_rule *rule,
                       const struct gc_windows_mark *mark);

/* Cuts the plan into requests of at most `windows_max` windows: the next one
 * behind
 * `*at_ms`, which begins as plan->again_from_ms. False at the end. */
bool gc_windows_piece(const struct gc_windows_plan *plan, int64_t period_ms,
                      uint32_t windows_max, int64_t *at_ms,
                      int64_t *ret_from_ms, int64_t *ret_to_ms);

/* The mark once the window that ends at `end_ms` has left. */
struct gc_windows_mark gc_windows_advance(const struct gc_windows_plan *plan,
                                          const struct gc_windows_mark *mark,
                                          int64_t end_ms);

/* The server's time without a clock of ours that could step: what the last
 * answer said (Date header), carried on by the monotonic clock. Until an answer
 * came it is our wall clock. A machine that slept is behind until the next
 * answer, which is the safe side. */
struct gc_server_clock {
  bool is_set;
  uint64_t at_ms;
  int64_t server_ms;
};
void gc_server_clock_hear(struct gc_server_clock *c, uint64_t now_ms,
                          int64_t date_ms);
int64_t gc_server_clock_now(const struct gc_server_clock *c, uint64_t now_ms,
                            int64_t wall_ms);

#endif
