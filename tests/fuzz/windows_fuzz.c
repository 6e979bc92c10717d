/* SPDX-License-Identifier: MIT */
/* The arithmetic of windows. The bytes choose the length of the windows, the
 * options, the steps of the clock between polls (also back), the number of
 * windows in a poll, and when the agent is killed. Laws: each window is new
 * once, in order; no window is queried before it has settled; the pieces cover
 * the plan; windows between settled and done are queried again; settled windows
 * were read late enough. */
#include <stdlib.h>
#include <string.h>

#include "common/analytics/query/windows.h"
#include "common/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

static const int64_t periods_ms[] = {1000, 60000, 900000, 3600000, 86400000};

static void check_pieces(const struct gc_windows_plan *p, int64_t period_ms,
                         uint32_t max) {
  int64_t at_ms = p->again_from_ms, from_ms, to_ms, next_ms = at_ms;
  size_t count = 0;
  while (gc_windows_piece(p, period_ms, max, &at_ms, &from_ms, &to_ms)) {
    if (next_ms == p->again_to_ms && from_ms != next_ms)
      next_ms = p->from_ms; /* the gap of skipped windows */
    LAW(from_ms == next_ms && to_ms > from_ms);
    LAW(to_ms - from_ms <= (int64_t)max * period_ms);
    next_ms = to_ms;
    LAW(++count < 100000);
  }
  LAW(next_ms == p->to_ms);
}

static void check_plan(const struct gc_windows_rule *rule,
                       const struct gc_windows_mark *mark, int64_t now_ms,
                       uint32_t max, const struct gc_windows_plan *p) {
  int64_t period_ms = rule->period_ms;
  LAW(p->to_ms > p->from_ms);
  LAW(p->to_ms + rule->settle_ms <= now_ms);
  LAW(p->to_ms - p->from_ms <= (int64_t)max * period_ms);
  LAW(p->from_ms % period_ms == 0 && p->to_ms % period_ms == 0);
  LAW(p->skipped >= 0);
  LAW(p->final_ms + (int64_t)rule->revisit * period_ms + rule->settle_ms <=
      now_ms);
  if (!mark->is_set)
    return;
  LAW(p->again_from_ms == mark->settled_ms);
  LAW(p->again_to_ms == mark->done_ms);
  LAW(p->from_ms == mark->done_ms + p->skipped * period_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 6)
    return 0;
  struct gc_windows_rule rule = {.period_ms =
                                     periods_ms[data[0] % GC_COUNT(periods_ms)],
                                 .settle_ms = data[1] * INT64_C(1000),
                                 .revisit = data[2] % 40};
  rule.backfill_ms = data[3] * rule.period_ms / 3;
  struct gc_windows_mark mark = {.is_set = false};
  int64_t now_ms = data[4] * INT64_C(86400000) * 100 + data[5] * 777;
  for (size_t i = 6; i + 1 < size; i += 2) {
    struct gc_windows_plan p;
    uint32_t max = 1 + data[i + 1] % 16;
    int64_t step_ms = (data[i] - 64) * rule.period_ms / 16;
    now_ms += step_ms; /* also a clock that is set back */
    if (!gc_windows_plan(&rule, &mark, now_ms, max, &p)) {
      LAW(mark.is_set);
      LAW(gc_windows_due(&rule, &mark) > now_ms);
      continue;
    }
    check_plan(&rule, &mark, now_ms, max, &p);
    check_pieces(&p, rule.period_ms, 1 + data[i + 1] / 16);
    for (int64_t end = p.from_ms + rule.period_ms; end <= p.to_ms;
         end += rule.period_ms) {
      struct gc_windows_mark next = gc_windows_advance(&p, &mark, end);
      LAW(next.done_ms == end);
      LAW(next.settled_ms <= next.done_ms);
      LAW(!mark.is_set || next.settled_ms >= mark.settled_ms);
      mark = next;
      if (data[i + 1] & 0x80) /* killed: the rest of the plan is lost */
        break;
    }
  }
  return 0;
}
