/* SPDX-License-Identifier: MIT */
/* The network thread's part of a block: loads the state, polls, and passes the
 * results on. */
#include "common/analytics/analytics.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/analytics/internal.h"
#include "common/base/alloc.h"
#include "common/base/policy/poll_pace.h"

enum {
  RETRY_MS = 10 * 1000,
  STATE_RETRY_MS = 5 * 1000, /* until the state is loaded again */
  RECHECK_MS = 250, /* between two checks whether the windows are sent, and
                       whether the state is read */
  LEASE_CHECK_MS =
      1000, /* between two checks whether this agent has the lease */
  ASLEEP_MAX_MS = 60000, /* longest sleep; the clocks are read again after it */
  SPREAD_MS = 3000, /* delay after a window by phase, so that agents of a fleet
                       do not poll together */
  NAMES_MAX_MS = 90 * 1000,   /* longest wait for a newer list … */
  NAMES_SPARE_MS = 20 * 1000, /* … minus this reserve for the sending */
  NEW_MAX = 60,               /* new windows of one poll */
  /* Windows of one request: the API publishes no limit; a 400 halves the
   * number. A details query takes 31 days at most. */
  PIECE_MAX = 1000,
  PIECE_MAX_DAYS = 31,
  DAY_MS = 86400000,
  FACTS_MIN = 1 << 18, /* of the results; MaxSeries if larger */
  IDLE_MAX_DAYS = 92,  /* of a series; as in checkpoint.c after a restart */
  HOUR_MS = 3600000,
  SLOW_FIRST_MS = 10 * 60000, /* from the start to the first slow pass */
  /* A checkpoint this far ahead of all clocks is reported … */
  FUTURE_MS = 15 * 60000,
  /* … and one that is FUTURE_BACK_MS ahead for FUTURE_WAIT_MS steps back.
   * FUTURE_MS is less than an hour, and FUTURE_BACK_MS is more: a wall clock
   * that is an hour behind, as with a wrong summer time, steps no checkpoint
   * back. */
  FUTURE_BACK_MS = 2 * HOUR_MS,
  FUTURE_WAIT_MS = 10 * 60000,
};

static const struct gc_env *env_of(const struct gc_analytics *b) {
  return b->deps.env;
}

static int64_t server_now(const struct gc_analytics *b) {
  return gc_server_clock_now(&b->plan.clock, gc_analytics_now(b),
                             env_of(b)->wall_ms(env_of(b)->ctx));
}

/* Returns the work while it is the network thread's. */
static struct gc_analytics_work *own_work(struct gc_analytics *b) {
  return gc_analytics_work_of(b, GC_STAGE_NETWORK);
}

static void wake_after(struct gc_analytics *b, uint64_t ms) {
  if (b->deps.page != NULL && ms > LEASE_CHECK_MS)
    ms = LEASE_CHECK_MS;
  gc_timers_set(env_of(b)->timers, &b->plan.timer, gc_analytics_now(b) + ms);
}

/* ---- clocks ---- */

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

static void report_clocks(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  char offset[48];
  print_offset(b->plan.poll.date_off_ms, offset, sizeof(offset));
  if (b->plan.poll.date_off_ms != 0 && b->plan.clock.is_agreed)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "an answer's Date is %s from this machine's clock and "
                  "from earlier answers; it is not used: look for a gateway or "
                  "proxy with a wrong clock",
                  offset);
  else if (b->plan.poll.date_off_ms != 0)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "the answers' Date is %s from this machine's clock; "
                  "intervals follow the earlier of the two until they agree: "
                  "check the clock of this machine (NTP)",
                  offset);
  b->notice(b->ctx, "clock", &err);
}

/* Steps a checkpoint back if it has been in the future for a while, by the
 * clock that the account's judge believes or, while it is unsure, by all
 * clocks: a clock was wrong when the checkpoint was saved. Nothing is requested
 * until it has stepped back. Called while no window is due. */
static void check_future(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  struct gc_checkpoint *checkpoint = &own_work(b)->checkpoint;
  const struct gc_windows_mark *mark = &checkpoint->mark;
  struct gc_clock_verdict clock;
  gc_api_judge_clock(b->deps.api, &clock);
  int64_t ahead_ms = mark->is_set ? mark->done_ms - clock.latest_ms : 0;
  double hours = (double)ahead_ms / HOUR_MS;
  if (ahead_ms < FUTURE_MS) {
    b->plan.future_since_ms = 0;
  } else if (b->plan.future_since_ms == 0) {
    b->plan.future_since_ms = gc_analytics_now(b);
  }
  if (ahead_ms >= FUTURE_BACK_MS &&
      gc_analytics_now(b) >= b->plan.future_since_ms + FUTURE_WAIT_MS) {
    (void)gc_fail(&err, GC_ERR_STATE,
                  "the checkpoint was %.1f hours in the future: a clock was "
                  "wrong when it was saved; the query continues with the "
                  "newest interval; earlier intervals may be missing",
                  hours);
    gc_checkpoint_step_back(checkpoint,
                            gc_windows_newest(&b->query->rule, server_now(b)));
    b->plan.future_since_ms = 0;
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

/* ---- polls ---- */

static void record_poll(struct gc_analytics *b) {
  const struct gc_results_tally *t = &b->work.results.tally;
  bool is_healthy = b->plan.poll.error.code == GC_OK;
  pthread_mutex_lock(&b->lock);
  b->shared.tally.answered += b->plan.poll.answered;
  b->shared.tally.failed += b->plan.poll.failed;
  b->shared.tally.read += t->read;
  b->shared.tally.foreign += t->foreign;
  b->shared.tally.broken += t->broken;
  b->shared.tally.overflow += t->overflow;
  b->shared.tally.unknown = b->work.results.unknown.total;
  b->shared.clock = b->plan.clock;
  if (!is_healthy)
    b->shared.source = GC_ANALYTICS_SOURCE_DOWN;
  if (is_healthy && !b->plan.poll.is_early) {
    b->shared.source = GC_ANALYTICS_SOURCE_UP;
    b->shared.last_success_ms = gc_analytics_now(b);
    b->shared.tally.skipped += (uint64_t)b->work.results.plan.skipped;
  }
  pthread_mutex_unlock(&b->lock);
  b->plan.poll.answered = b->plan.poll.failed = 0;
}

/* A 400 may mean that the interval is too wide; an answer that is too large
 * means that there are too many windows. Halves the next request in either
 * case. Returns true if the smaller request can be sent at once. */
static bool narrow_request(struct gc_analytics *b) {
  enum gc_code code = b->plan.poll.error.code;
  if (code == GC_ERR_LIMIT && b->plan.new_max > 1) {
    b->plan.new_max /= 2;
    return true;
  }
  if (code != GC_ERR_REQUEST || b->plan.piece_is_accepted)
    return false;
  if (b->plan.poll.is_many && b->plan.piece_max > 1) {
    b->plan.piece_max /= 2;
    return true;
  }
  b->plan.piece_max = b->plan.piece_best;
  b->plan.piece_is_accepted = true;
  return false;
}

static void report_skipped(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  if (b->work.results.plan.skipped > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%lld intervals are older than Backfill and are left out",
                  (long long)b->work.results.plan.skipped);
  b->notice(b->ctx, "backfill", &err);
}

/* Reports series past MaxSeries until an answer has none. */
static void report_left_out(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  if (b->work.results.tally.overflow > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "MaxSeries (%zu) is reached: further groups are left out "
                  "(series_overflow); select fewer, group by less, or raise "
                  "MaxSeries",
                  (size_t)b->query->max_series);
  b->notice(b->ctx, "series", &err);
}

static struct gc_samples_view view_of(const struct gc_analytics *b) {
  return (struct gc_samples_view){.query = b->query,
                                  .dimension_names = &b->plan.selection.names,
                                  .block = b->deps.name};
}

/* Returns true if an answer names an entity that was created after the list was
 * read. The block then waits for a newer list, once for each name. */
static bool lacks_names(struct gc_analytics *b) {
  struct gc_samples_view view = view_of(b);
  enum gc_dimension_kind kind;
  uint32_t from = b->plan.named;
  b->plan.named = b->work.series.keys.count;
  if (!gc_series_lacks_names(&view, &b->work.series, from, &kind))
    return false;
  gc_names_miss(b->deps.names, (enum gc_name_kind)gc_dimension_list(kind));
  return true;
}

/* Returns how long the block may wait for a name: a receiver such as
 * write_prometheus drops values that are older than two intervals. */
static uint64_t names_wait_ms(const struct gc_analytics *b) {
  int64_t old_ms = b->work.results.plan.to_ms + 2 * b->query->rule.period_ms;
  int64_t left_ms = old_ms - NAMES_SPARE_MS - server_now(b);
  return left_ms < 0              ? 0
         : left_ms < NAMES_MAX_MS ? (uint64_t)left_ms
                                  : (uint64_t)NAMES_MAX_MS;
}

/* Reports each unknown member of the statistics once. */
static void report_unknown(struct gc_analytics *b) {
  const struct gc_unknown_word *word;
  while ((word = gc_unknown_words_next(&b->work.results.unknown)) != NULL) {
    struct gc_err err = {.code = GC_OK};
    char cause[GC_UNKNOWN_WORD_MAX_BYTES + 32];
    snprintf(cause, sizeof(cause), "%s \"%s\"", word->kind, word->text);
    (void)gc_fail(&err, GC_ERR_PARSE,
                  "this member of the statistics is unknown and its number "
                  "ignored; it is counted (query_rows). The other numbers are "
                  "used");
    b->notice(b->ctx, cause, &err);
  }
}

static void on_poll(void *ctx) {
  struct gc_analytics *b = ctx;
  struct gc_err error = b->plan.poll.error;
  if (b->plan.poll.answered > 0)
    report_clocks(b);
  record_poll(b);
  report_unknown(b);
  gc_analytics_poll_clear(&b->plan.poll);
  if (error.code == GC_OK && !b->plan.poll.is_early) {
    b->notice(b->ctx, "aggregates", &error);
    report_skipped(b);
    report_left_out(b);
    b->plan.piece_is_accepted = false;
    b->plan.piece_best = b->plan.piece_max;
    gc_results_sort(&b->work.results);
    bool waits = lacks_names(b);
    b->plan.names_until_ms = gc_analytics_now(b) + names_wait_ms(b);
    (void)gc_analytics_move(b, waits ? GC_STAGE_UNNAMED : GC_STAGE_ANSWERED);
    wake_after(b, RECHECK_MS);
    return;
  }
  (void)gc_analytics_move(b, GC_STAGE_FAILED);
  bool again = error.code == GC_OK || narrow_request(b);
  if (!again)
    b->notice(b->ctx, "aggregates", &error);
  b->plan.next_request_ms =
      gc_analytics_now(b) + (again ? 0
                             : gc_pace_is_refusal(error.code)
                                 ? (uint64_t)GC_PACE_REFUSED_MS
                                 : (uint64_t)RETRY_MS);
  wake_after(b, b->plan.next_request_ms > gc_analytics_now(b)
                    ? b->plan.next_request_ms - gc_analytics_now(b)
                    : RECHECK_MS);
}

/* True if the plan is back-fill: it is sent in the background, so that other
 * requests, such as live windows of other queries, do not wait. */
static bool is_backfill(const struct gc_analytics *b,
                        const struct gc_windows_plan *plan) {
  return plan->to_ms - plan->from_ms > b->query->rule.period_ms ||
         plan->to_ms < gc_windows_newest(&b->query->rule, server_now(b));
}

/* Forgets series without an event for 92 days. While the set has MaxSeries
 * series, it also forgets those without an event for a day. */
static void forget_idle_series(struct gc_analytics *b) {
  uint64_t day = (uint64_t)(DAY_MS / b->query->rule.period_ms);
  bool is_full = b->work.series.keys.count >= b->work.series.keys.max;
  uint64_t idle = is_full ? day : day * IDLE_MAX_DAYS;
  if (gc_series_forget_idle(&b->work.series, idle) > 0)
    b->plan.named =
        b->work.series.keys.count; /* the names of all were checked */
}

static void start_poll(struct gc_analytics *b,
                       const struct gc_windows_plan *plan) {
  const struct gc_intern *filter =
      gc_filter_for_request(&b->plan.selection.filter);
  struct gc_analytics_poll_deps deps = {.env = env_of(b),
                                        .api = b->deps.api,
                                        .requests = b->deps.requests,
                                        .clock = &b->plan.clock,
                                        .settle_ms = b->query->rule.settle_ms,
                                        .filter = filter,
                                        .piece_max = b->plan.piece_max,
                                        .is_background = is_backfill(b, plan)};
  gc_results_clear(&b->work.results);
  gc_series_forget_again(&b->work.series);
  forget_idle_series(b);
  b->work.results.plan = *plan;
  b->work.results.wanted = gc_filter_for_answers(&b->plan.selection.filter);
  (void)gc_analytics_move(b, GC_STAGE_REQUEST);
  gc_analytics_poll_start(&b->plan.poll, &deps, &b->work.results, on_poll, b);
}

/* ---- the slow pass ---- */

/* One request an hour at most, also for a filter of several requests. */
static uint64_t slow_pause_ms(const struct gc_intern *filter) {
  uint32_t count = filter != NULL ? filter->count : 0;
  uint64_t requests = (count + GC_QUERY_IDS_MAX - 1) / GC_QUERY_IDS_MAX;
  return (requests > 1 ? requests : 1) * HOUR_MS;
}

static void on_slow_poll(void *ctx) {
  struct gc_analytics *b = ctx;
  struct gc_analytics_work *work = own_work(b);
  struct gc_err error = b->plan.poll.error;
  pthread_mutex_lock(&b->lock);
  b->shared.tally.answered += b->plan.poll.answered;
  b->shared.tally.failed += b->plan.poll.failed;
  b->shared.clock = b->plan.clock;
  pthread_mutex_unlock(&b->lock);
  bool is_whole = error.code == GC_OK && !b->plan.poll.is_early;
  b->plan.poll.answered = b->plan.poll.failed = 0;
  gc_analytics_poll_clear(&b->plan.poll);
  if (is_whole) {
    gc_series_take_slow(&work->series);
    work->checkpoint.mark.base_ms = b->plan.slow_results.plan.final_ms;
  }
  gc_series_forget_again(&work->series);
  gc_results_clear(&b->plan.slow_results);
  (void)gc_analytics_move(b, GC_STAGE_REREAD);
  b->notice(b->ctx, "revisit", &error);
  wake_after(b, 0);
}

/* Reads the windows of the slow pass again, when it is time and no window is
 * due; false: there is nothing to read. The corrections leave with the next
 * window. */
static bool start_slow_poll(struct gc_analytics *b) {
  struct gc_results *r = &b->plan.slow_results;
  const struct gc_filter *filter = &b->plan.selection.filter;
  if (gc_analytics_now(b) < b->plan.slow_at_ms ||
      !gc_windows_slow_plan(&b->query->rule, &own_work(b)->checkpoint.mark,
                            server_now(b), &r->plan))
    return false;
  const struct gc_intern *ids = gc_filter_for_request(filter);
  b->plan.slow_at_ms = gc_analytics_now(b) + slow_pause_ms(ids);
  struct gc_analytics_poll_deps deps = {.env = env_of(b),
                                        .api = b->deps.api,
                                        .requests = b->deps.requests,
                                        .clock = &b->plan.clock,
                                        .settle_ms = b->query->rule.settle_ms,
                                        .filter = ids,
                                        .piece_max = PIECE_MAX,
                                        .is_background = true};
  r->wanted = gc_filter_for_answers(filter);
  gc_series_forget_again(&b->work.series);
  (void)gc_analytics_move(b, GC_STAGE_REQUEST);
  gc_analytics_poll_start(&b->plan.poll, &deps, r, on_slow_poll, b);
  return true;
}

/* ---- the timer ---- */

/* A source whose first answer is awaited is down until it comes. */
static void set_idle(struct gc_analytics *b, bool is_idle) {
  pthread_mutex_lock(&b->lock);
  if (b->shared.last_success_ms == 0 &&
      b->shared.source != GC_ANALYTICS_SOURCE_DOWN)
    b->shared.source =
        is_idle ? GC_ANALYTICS_SOURCE_IDLE : GC_ANALYTICS_SOURCE_ASKED;
  pthread_mutex_unlock(&b->lock);
}

static void plan_requests(const struct gc_analytics *b) {
  const struct gc_intern *ids =
      gc_filter_for_request(&b->plan.selection.filter);
  if (b->deps.plan != NULL)
    b->deps.plan(b->ctx, gc_source(b->query->source)->endpoint,
                 gc_query_per_minute(b->query, ids != NULL ? ids->count : 0));
}

static void start_when_due(struct gc_analytics *b) {
  struct gc_windows_plan plan;
  const struct gc_windows_mark *mark = &own_work(b)->checkpoint.mark;
  const struct gc_windows_rule *rule = &b->query->rule;
  uint64_t now_ms = gc_analytics_now(b);
  int64_t server_ms = server_now(b);
  if (!gc_selection_is_ready(&b->plan.selection)) {
    wake_after(b, ASLEEP_MAX_MS); /* a new list wakes the block */
    return;
  }
  plan_requests(b);
  if (now_ms < b->plan.next_request_ms) {
    wake_after(b, b->plan.next_request_ms - now_ms);
    return;
  }
  if (gc_windows_plan(rule, mark, server_ms, b->plan.new_max, &plan)) {
    set_idle(b, false);
    start_poll(b, &plan);
    return;
  }
  check_future(b);
  set_idle(b, true);
  if (start_slow_poll(b))
    return;
  int64_t due_ms = gc_windows_due(rule, mark);
  int64_t wait_ms = RECHECK_MS;
  if (due_ms > server_ms)
    wait_ms = due_ms - server_ms + b->deps.phase % SPREAD_MS;
  wake_after(b, wait_ms < ASLEEP_MAX_MS ? (uint64_t)wait_ms : ASLEEP_MAX_MS);
}

/* Takes an unsaved state from the read threads when the next window is due,
 * which saves it too. */
static bool take_unsaved(struct gc_analytics *b) {
  pthread_mutex_lock(&b->lock);
  bool is_taken = server_now(b) >= b->shared.due_ms &&
                  gc_stage_move(&b->shared.stage, GC_STAGE_NEXT);
  pthread_mutex_unlock(&b->lock);
  return is_taken;
}

/* Loads the checkpoint. Nothing is requested until it is loaded, since without
 * it windows would be sent twice and counters would fall. */
static void load_state(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  struct gc_analytics_work *work = own_work(b);
  enum gc_code code =
      gc_checkpoint_load(&work->checkpoint, &b->query->rule, &work->series,
                         &work->sender.outbox, &warning, &err);
  if (code != GC_ERR_UNAVAILABLE &&
      code != GC_ERR_TIMEOUT) /* the store reports the reason */
    b->notice(b->ctx, "state", code == GC_OK ? &warning : &err);
  if (code != GC_OK) {
    wake_after(b, code == GC_ERR_TIMEOUT ? RECHECK_MS : STATE_RETRY_MS);
    return;
  }
  b->plan.named = work->series.keys.count;
  bool has_window = work->sender.outbox.count > 0;
  int64_t done_ms = work->checkpoint.mark.done_ms;
  pthread_mutex_lock(&b->lock);
  b->shared.tally.done_ms = done_ms;
  (void)gc_stage_move(&b->shared.stage,
                      has_window ? GC_STAGE_LOADED_WINDOW : GC_STAGE_LOADED);
  pthread_mutex_unlock(&b->lock);
  wake_after(b, 0);
}

/* If another agent has taken the lease under which the state was loaded, drops
 * everything: the state is to be loaded again. Not while a read thread or a
 * poll uses the work. */
static void lose_lease(struct gc_analytics *b) {
  if (gc_checkpoint_holds(&b->work.checkpoint))
    return;
  pthread_mutex_lock(&b->lock);
  bool is_lost = gc_stage_move(&b->shared.stage, GC_STAGE_LEASE_LOST);
  if (is_lost) {
    b->shared.source = GC_ANALYTICS_SOURCE_IDLE; /* neither up nor down */
    b->shared.last_success_ms = 0;
  }
  pthread_mutex_unlock(&b->lock);
  if (!is_lost)
    return;
  struct gc_analytics_work *work = own_work(b);
  gc_results_clear(&work->results);
  gc_series_clear(&work->series);
  gc_sender_forget(&work->sender);
  gc_checkpoint_forget(&work->checkpoint);
}

static void on_timer(void *ctx, uint64_t now_ms) {
  struct gc_analytics *b = ctx;
  lose_lease(b);
  switch (gc_analytics_stage(b)) {
  case GC_STAGE_LOADING:
    load_state(b);
    return;
  case GC_STAGE_IDLE:
    start_when_due(b);
    return;
  case GC_STAGE_REQUESTING:
    return;
  case GC_STAGE_NAMING:
    if (now_ms >= b->plan.names_until_ms)
      (void)gc_analytics_move(b, GC_STAGE_NAMED);
    break;
  case GC_STAGE_SENT:
    (void)gc_analytics_move(b, GC_STAGE_NEXT);
    start_when_due(b);
    return;
  case GC_STAGE_UNSAVED:
    if (!take_unsaved(b))
      break;
    start_when_due(b);
    return;
  default: /* the read threads' stages */
    break;
  }
  wake_after(b, RECHECK_MS);
}

/* A new list of names is there. */
static void on_names(void *ctx) {
  struct gc_analytics *b = ctx;
  (void)gc_analytics_move(b, GC_STAGE_NAMED); /* in NAMING */
  if (gc_analytics_stage(b) == GC_STAGE_IDLE)
    wake_after(b, 0);
}

/* ---- the block ---- */

static uint32_t piece_max(const struct gc_windows_rule *rule) {
  int64_t max = (int64_t)PIECE_MAX_DAYS * DAY_MS / rule->period_ms;
  return max < PIECE_MAX ? (uint32_t)max : PIECE_MAX;
}

static void init_slow(struct gc_analytics *b) {
  static char hour[] = "PT1H";
  struct gc_query *slow = &b->plan.slow_query;
  *slow = *b->query;
  b->plan.slow_at_ms = gc_analytics_now(b) + SLOW_FIRST_MS;
  if (slow->rule.slow_period_ms > slow->rule.period_ms)
    slow->granularity = hour;
  slow->rule.period_ms = slow->rule.slow_period_ms;
  b->plan.slow_results = (struct gc_results){.query = slow,
                                             .series = &b->work.series,
                                             .max = 1,
                                             .settles_apart = true};
}

static void init_work(struct gc_analytics_work *work,
                      const struct gc_analytics *b) {
  uint32_t max = b->query->max_series;
  work->series.keys.max = max;
  work->results.query = b->query;
  work->results.series = &work->series;
  work->results.max = max > FACTS_MIN ? max : FACTS_MIN;
  work->checkpoint = (struct gc_checkpoint){.store = b->deps.store,
                                            .page = b->deps.page,
                                            .account = b->deps.account,
                                            .query = b->deps.instance};
  gc_query_identity(work->checkpoint.identity, b->query);
  work->sender.series = &work->series;
  work->sender.checkpoint = &work->checkpoint;
  work->sender.view = view_of(b);
}

struct gc_analytics *gc_analytics_new(
    const struct gc_query *query, const struct gc_analytics_deps *deps,
    void (*notice)(void *ctx, const char *cause, const struct gc_err *err),
    void *ctx) {
  struct gc_analytics *b = gc_zalloc(1, sizeof(*b));
  b->query = query;
  b->deps = *deps;
  b->notice = notice;
  b->ctx = ctx;
  b->plan.timer = (struct gc_timer){.fire = on_timer, .ctx = b};
  b->plan.new_max = NEW_MAX;
  b->plan.piece_max = b->plan.piece_best = piece_max(&query->rule);
  b->plan.selection = (struct gc_selection){.query = query,
                                            .cache = deps->names,
                                            .notice = notice,
                                            .notice_ctx = ctx,
                                            .changed = on_names,
                                            .ctx = b};
  gc_selection_init(&b->plan.selection);
  init_work(&b->work, b);
  init_slow(b);
  /* A standby is neither up nor down. */
  b->shared.source =
      deps->page != NULL ? GC_ANALYTICS_SOURCE_IDLE : GC_ANALYTICS_SOURCE_ASKED;
  pthread_mutex_init(&b->lock, NULL);
  return b;
}

static void start_on_loop(void *ctx) {
  struct gc_analytics *b = ctx;
  gc_selection_listen(&b->plan.selection);
  load_state(b);
}

void gc_analytics_start(struct gc_analytics *b) {
  gc_loop_call(b->deps.loop, start_on_loop, b);
}

static void stop_on_loop(void *ctx) {
  struct gc_analytics *b = ctx;
  gc_selection_unlisten(&b->plan.selection);
  gc_timers_unset(env_of(b)->timers, &b->plan.timer);
  gc_analytics_poll_clear(&b->plan.poll);
}

void gc_analytics_free(struct gc_analytics *b) {
  if (b == NULL)
    return;
  gc_loop_call(b->deps.loop, stop_on_loop, b);
  gc_sender_clear(&b->work.sender);
  gc_checkpoint_forget(&b->work.checkpoint);
  gc_results_clear(&b->work.results);
  gc_results_clear(&b->plan.slow_results);
  gc_series_clear(&b->work.series);
  gc_selection_clear(&b->plan.selection);
  pthread_mutex_destroy(&b->lock);
  free(b);
}
