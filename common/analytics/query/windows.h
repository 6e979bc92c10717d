/* SPDX-License-Identifier: MIT */
/* Decides which intervals to request, and when. Pure: times are arguments.
 *
 * A window is identified by its end, a multiple of the granularity since 1970
 * in UTC, so that neither time zones nor summer time move a window. It may be
 * requested when the server's clock has passed its end by SettleDelay. Two
 * marks hold the progress of a query:
 *
 *   settled     …windows read for good…  |
 *   done                                 | …sent, read again…  |  not yet
 *
 * Each poll requests the windows between the marks again, together with the new
 * ones. A window settles when it is read at its end + SettleDelay + Revisit
 * windows or later. Example, PT1M, SettleDelay 90, Revisit 2, one poll a
 * minute, at 10:05:30: the newest window ends at 10:04; done was 10:03, settled
 * 10:01. The request is 10:01/10:04: two windows again and a new one. Then done
 * is 10:04, settled 10:02.
 *
 * With a slow pass, a third mark (base_ms) is before the first one: windows
 * between it and `settled` are read again once an hour. */
#ifndef GC_ANALYTICS_QUERY_WINDOWS_H
#define GC_ANALYTICS_QUERY_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gc_windows_rule {
  int64_t period_ms; /* the granularity; divides a day */
  int64_t settle_ms;
  int64_t backfill_ms;
  uint32_t revisit; /* windows */
  /* The slow pass: windows up to this age, which polls do not read again, are
   * read by a request of their own, whose windows have slow_period_ms (a
   * multiple of the granularity). 0: there is none. */
  int64_t slow_ms, slow_period_ms;
};

/* Ends of windows, epoch ms. */
struct gc_windows_mark {
  bool is_set; /* false: a query that never ran */
  int64_t settled_ms, done_ms;
  int64_t base_ms; /* windows up to here are not read by the slow pass either;
                      settled_ms without a slow pass */
};

/* Ranges are (from, to], of ends of windows. */
struct gc_windows_plan {
  int64_t again_from_ms, again_to_ms; /* read again; equal: none */
  int64_t from_ms, to_ms;             /* new */
  int64_t final_ms; /* windows that end at or before this time settle with this
                       poll */
  int64_t skipped;  /* windows that are older than Backfill, not requested */
  bool is_slow;     /* the slow pass will read again what settles */
};

/* Returns the end of the newest window that may be requested at `server_ms`. */
int64_t gc_windows_newest(const struct gc_windows_rule *rule,
                          int64_t server_ms);

/* Plans the request at `server_ms`, with `windows_max` new windows at most (1
 * or more), oldest first. False when no window is new; `ret_plan` is untouched
 * then. */
bool gc_windows_plan(const struct gc_windows_rule *rule,
                     const struct gc_windows_mark *mark, int64_t server_ms,
                     uint32_t windows_max, struct gc_windows_plan *ret_plan);

/* Plans the slow pass: the windows of slow_period_ms between base_ms and
 * settled_ms are read again, those before final_ms for good. False without such
 * windows. */
bool gc_windows_slow_plan(const struct gc_windows_rule *rule,
                          const struct gc_windows_mark *mark, int64_t server_ms,
                          struct gc_windows_plan *ret_plan);

/* Returns the server's time at which the next plan has a new window. */
int64_t gc_windows_due(const struct gc_windows_rule *rule,
                       const struct gc_windows_mark *mark);

/* Cuts the plan into requests of at most `windows_max` windows: returns the
 * next one from `*at_ms` on and moves `*at_ms`, which begins as
 * plan->again_from_ms. False at the end. */
bool gc_windows_piece(const struct gc_windows_plan *plan, int64_t period_ms,
                      uint32_t windows_max, int64_t *at_ms,
                      int64_t *ret_from_ms, int64_t *ret_to_ms);

/* Returns the mark after the window that ends at `end_ms` is sent. */
struct gc_windows_mark gc_windows_advance(const struct gc_windows_plan *plan,
                                          const struct gc_windows_mark *mark,
                                          int64_t end_ms);

#endif
