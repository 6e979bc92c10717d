/* SPDX-License-Identifier: MIT */
#include "common/analytics/analytics_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  DAY_MS = 86400000,
  HOUR_MS = 3600000,
  /* A checkpoint this far ahead of all clocks is reported … */
  FUTURE_MS = 15 * 60000,
  /* … and one that is FUTURE_BACK_MS ahead for FUTURE_WAIT_MS steps back.
   * FUTURE_MS is less than an hour, and FUTURE_BACK_MS is more: a wall clock
   * that is an hour behind, as with a wrong summer time, steps no checkpoint
   * back. */
  FUTURE_BACK_MS = 2 * HOUR_MS,
  FUTURE_WAIT_MS = 10 * 60000,
};

/* Writes an offset in the largest unit that fits into it twice: "+3.0 days" for
 * 72 hours, "+36.0 hours" for 36. */
static void print_offset(int64_t ms, char *out, size_t size) {
  static const struct {
    int64_t ms;
    const char *name;
  } units[] = {
      {DAY_MS, "days"}, {HOUR_MS, "hours"}, {60000, "minutes"}, {1000, "s"}};
  size_t i = 0;
  while (i + 1 < GC_COUNT(units) && llabs(ms) < 2 * units[i].ms)
    i++;
  snprintf(out, size, "%+.1f %s", (double)ms / (double)units[i].ms,
           units[i].name);
}

void gc_analytics_report_clocks(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  char offset[48];
  print_offset(b->poll.date_off_ms, offset, sizeof(offset));
  if (b->poll.date_off_ms != 0 && b->clock.is_agreed)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "an answer's Date is %s from this machine's clock and "
                  "from earlier answers; it is not used: look for a gateway or "
                  "proxy with a wrong clock",
                  offset);
  else if (b->poll.date_off_ms != 0)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "the answers' Date is %s from this machine's clock; "
                  "intervals follow the earlier of the two until they agree: "
                  "check the clock of this machine (NTP)",
                  offset);
  b->notice(b->ctx, "clock", &err);
}

/* Returns the latest of the wall clock and the server clocks of the block and
 * of the account. */
static int64_t latest_clock(const struct gc_analytics *b) {
  int64_t wall_ms = gc_analytics_env(b)->wall_ms(gc_analytics_env(b)->ctx);
  int64_t server_ms = gc_analytics_server_now(b);
  int64_t date_ms = wall_ms + gc_api_clock_offset_ms(b->deps.api);
  int64_t latest_ms = wall_ms > server_ms ? wall_ms : server_ms;
  return latest_ms > date_ms ? latest_ms : date_ms;
}

void gc_analytics_check_future(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  struct gc_windows_mark *mark = &b->checkpoint.mark;
  int64_t ahead_ms = mark->is_set ? mark->done_ms - latest_clock(b) : 0;
  double hours = (double)ahead_ms / HOUR_MS;
  if (ahead_ms < FUTURE_MS) {
    b->future_since_ms = 0;
  } else if (b->future_since_ms == 0) {
    b->future_since_ms = gc_analytics_now(b);
  }
  if (ahead_ms >= FUTURE_BACK_MS &&
      gc_analytics_now(b) >= b->future_since_ms + FUTURE_WAIT_MS) {
    (void)gc_fail(&err, GC_ERR_STATE,
                  "the checkpoint was %.1f hours in the future: a clock was "
                  "wrong when it was saved; the query continues with the "
                  "newest interval; earlier intervals may be missing",
                  hours);
    gc_checkpoint_step_back(
        &b->checkpoint,
        gc_windows_newest(&b->settings.query.rule, gc_analytics_server_now(b)));
    b->future_since_ms = 0;
  } else if (ahead_ms >= FUTURE_MS) {
    (void)gc_fail(
        &err, GC_ERR_STATE,
        "the checkpoint lies %.1f hours in the future, and nothing is "
        "requested: a clock is or was wrong; the query continues "
        "later by itself; check the clock of this machine (NTP)",
        hours);
  }
  b->notice(b->ctx, "checkpoint", &err);
}

/* Takes the results, series and outbox from the read threads; false while a
 * read thread or a poll uses them, or the state is not loaded. */
static bool end_stage(struct gc_analytics *b) {
  pthread_mutex_lock(&b->lock);
  bool can_end = !b->is_reading && b->stage != GC_ANALYTICS_REQUESTING &&
                 b->stage != GC_ANALYTICS_LOADING;
  if (can_end) {
    b->stage = GC_ANALYTICS_LOADING;
    b->is_idle = true; /* neither up nor down */
    b->last_success_ms = 0;
  }
  pthread_mutex_unlock(&b->lock);
  return can_end;
}

void gc_analytics_lose_lease(struct gc_analytics *b) {
  if (gc_checkpoint_holds(&b->checkpoint) || !end_stage(b))
    return;
  gc_results_clear(&b->results);
  gc_series_clear(&b->series);
  gc_outbox_reset(&b->sender.outbox);
  b->sender.results = NULL;
  b->sender.sent = 0;
  b->sender.state = (struct gc_err){.code = GC_OK};
  b->sender.is_saving = b->sender.is_ending = false;
  gc_checkpoint_forget(&b->checkpoint);
}

enum gc_code gc_analytics_load_state(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  enum gc_code code =
      gc_checkpoint_load(&b->checkpoint, b->settings.query.rule.period_ms,
                         &b->series, &b->sender.outbox, &warning, &err);
  if (code != GC_ERR_UNAVAILABLE &&
      code != GC_ERR_TIMEOUT) /* the store reports the reason */
    b->notice(b->ctx, "state", code == GC_OK ? &warning : &err);
  if (code != GC_OK)
    return code;
  b->named = b->series.keys.count;
  b->sender.sent = 0;
  pthread_mutex_lock(&b->lock);
  b->tally.done_ms = b->checkpoint.mark.done_ms;
  /* The window that the agent was sending when it ended is sent first. */
  b->stage =
      b->sender.outbox.count > 0 ? GC_ANALYTICS_SENDING : GC_ANALYTICS_IDLE;
  pthread_mutex_unlock(&b->lock);
  return GC_OK;
}
