/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/windows.h"

#include "common/base/assert.h"
#include "common/base/timestamp.h"

static int64_t smaller_ms(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger_ms(int64_t a, int64_t b) { return a > b ? a : b; }

int64_t gc_windows_newest(const struct gc_windows_rule *rule,
                          int64_t server_ms) {
  return gc_timestamp_floor(server_ms - rule->settle_ms, rule->period_ms);
}

/* Returns the time where back-fill begins. The plan has at least the newest
 * window. */
static int64_t oldest_begin(const struct gc_windows_rule *rule,
                            int64_t newest_ms) {
  int64_t reach_ms = larger_ms(
      gc_timestamp_floor(rule->backfill_ms, rule->period_ms), rule->period_ms);
  int64_t begin_ms = newest_ms - reach_ms;
  return rule->slow_ms > 0 ? gc_timestamp_floor(begin_ms, rule->slow_period_ms)
                           : begin_ms;
}

bool gc_windows_plan(const struct gc_windows_rule *rule,
                     const struct gc_windows_mark *mark, int64_t server_ms,
                     uint32_t windows_max, struct gc_windows_plan *ret_plan) {
  int64_t period_ms = rule->period_ms;
  GC_ASSERT(period_ms > 0 && windows_max > 0);
  int64_t newest_ms = gc_windows_newest(rule, server_ms);
  int64_t oldest_ms = oldest_begin(rule, newest_ms);
  int64_t done_ms = mark->is_set ? mark->done_ms : oldest_ms;
  if (done_ms >= newest_ms)
    return false;

  int64_t from_ms = larger_ms(done_ms, oldest_ms);
  int64_t final_ms = newest_ms - (int64_t)rule->revisit * period_ms;
  int64_t base_ms = mark->is_set ? mark->base_ms : done_ms;
  if (rule->slow_ms > 0)
    final_ms = gc_timestamp_floor(final_ms, rule->slow_period_ms);
  *ret_plan = (struct gc_windows_plan){
      .again_from_ms = mark->is_set ? mark->settled_ms : done_ms,
      .again_to_ms = done_ms,
      .from_ms = from_ms,
      .to_ms =
          smaller_ms(newest_ms, from_ms + (int64_t)windows_max * period_ms),
      .final_ms = final_ms,
      .skipped = (from_ms - done_ms) / period_ms,
      .is_slow = rule->slow_ms > 0 && base_ms % rule->slow_period_ms == 0,
  };
  return true;
}

bool gc_windows_slow_plan(const struct gc_windows_rule *rule,
                          const struct gc_windows_mark *mark, int64_t server_ms,
                          struct gc_windows_plan *ret_plan) {
  int64_t period_ms = rule->slow_period_ms;
  if (rule->slow_ms == 0 || !mark->is_set ||
      mark->base_ms >= mark->settled_ms || mark->base_ms % period_ms != 0 ||
      mark->settled_ms % period_ms != 0)
    return false;
  int64_t final_ms = gc_timestamp_floor(
      gc_windows_newest(rule, server_ms) - rule->slow_ms, period_ms);
  *ret_plan = (struct gc_windows_plan){
      .again_from_ms = mark->base_ms,
      .again_to_ms = mark->settled_ms,
      .from_ms = mark->settled_ms,
      .to_ms = mark->settled_ms,
      .final_ms =
          larger_ms(mark->base_ms, smaller_ms(final_ms, mark->settled_ms))};
  return true;
}

int64_t gc_windows_due(const struct gc_windows_rule *rule,
                       const struct gc_windows_mark *mark) {
  return mark->is_set ? mark->done_ms + rule->period_ms + rule->settle_ms : 0;
}

bool gc_windows_piece(const struct gc_windows_plan *plan, int64_t period_ms,
                      uint32_t windows_max, int64_t *at_ms,
                      int64_t *ret_from_ms, int64_t *ret_to_ms) {
  /* Skipped windows may lie between the windows to read again and the new
   * ones. */
  if (*at_ms >= plan->again_to_ms && *at_ms < plan->from_ms)
    *at_ms = plan->from_ms;
  if (*at_ms >= plan->to_ms)
    return false;
  bool in_one = plan->again_to_ms == plan->from_ms;
  int64_t end_ms =
      in_one || *at_ms >= plan->from_ms ? plan->to_ms : plan->again_to_ms;
  *ret_from_ms = *at_ms;
  *ret_to_ms = smaller_ms(end_ms, *at_ms + (int64_t)windows_max * period_ms);
  *at_ms = *ret_to_ms;
  return true;
}

struct gc_windows_mark gc_windows_advance(const struct gc_windows_plan *plan,
                                          const struct gc_windows_mark *mark,
                                          int64_t end_ms) {
  GC_ASSERT(end_ms > plan->from_ms && end_ms <= plan->to_ms);
  int64_t settled_ms = mark->is_set ? mark->settled_ms : plan->again_from_ms;
  int64_t base_ms = mark->is_set ? mark->base_ms : plan->again_from_ms;
  settled_ms = larger_ms(settled_ms, smaller_ms(plan->final_ms, end_ms));
  return (struct gc_windows_mark){
      .is_set = true,
      .settled_ms = settled_ms,
      .done_ms = end_ms,
      .base_ms = plan->is_slow ? base_ms : settled_ms,
  };
}
