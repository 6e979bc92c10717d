/* SPDX-License-Identifier: MIT */
#include "common/analytics/analytics.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/analytics/analytics_internal.h"
#include "common/analytics/query/tables.h"
#include "common/base/policy/poll_pace.h"
#include "common/genesys/labels.h"

enum {
  RETRY_MS = 10 * 1000,
  STATE_RETRY_MS = 5 * 1000, /* until the state is loaded again */
  RECHECK_MS = 250, /* between two checks whether the windows are sent */
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
};

static void wake_after(struct gc_analytics *b, uint64_t ms) {
  if (b->deps.page != NULL && ms > LEASE_CHECK_MS)
    ms = LEASE_CHECK_MS;
  (void)gc_timers_set(gc_analytics_env(b)->timers, &b->timer,
                      gc_analytics_now(b) + ms);
}

static void record_poll(struct gc_analytics *b) {
  const struct gc_results_tally *t = &b->results.tally;
  bool is_healthy = b->poll.error.code == GC_OK;
  pthread_mutex_lock(&b->lock);
  b->tally.answered += b->poll.answered;
  b->tally.failed += b->poll.failed;
  b->tally.read += t->read;
  b->tally.foreign += t->foreign;
  b->tally.broken += t->broken;
  b->tally.overflow += t->overflow;
  b->tally.unknown = b->results.unknown.total;
  b->is_healthy = is_healthy;
  b->clock_copy = b->clock;
  if (is_healthy && !b->poll.is_early) {
    b->last_success_ms = gc_analytics_now(b);
    b->tally.skipped += (uint64_t)b->results.plan.skipped;
  }
  pthread_mutex_unlock(&b->lock);
  b->poll.answered = b->poll.failed = 0;
}

/* A 400 may mean that the interval is too wide; an answer that is too large
 * means that there are too many windows. Halves the next request in either
 * case. Returns true if the smaller request can be sent at once. */
static bool narrow_request(struct gc_analytics *b) {
  enum gc_code code = b->poll.error.code;
  if (code == GC_ERR_LIMIT && b->new_max > 1) {
    b->new_max /= 2;
    return true;
  }
  if (code != GC_ERR_REQUEST || b->piece_is_accepted)
    return false;
  if (b->poll.is_many && b->piece_max > 1) {
    b->piece_max /= 2;
    return true;
  }
  b->piece_max = b->piece_best;
  b->piece_is_accepted = true;
  return false;
}

static void report_skipped(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  if (b->results.plan.skipped > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%lld intervals are older than Backfill and are left out",
                  (long long)b->results.plan.skipped);
  b->notice(b->ctx, "backfill", &err);
}

/* Reports series past MaxSeries until an answer has none. */
static void report_left_out(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  if (b->results.tally.overflow > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "MaxSeries (%zu) is reached: further groups are left out "
                  "(series_overflow); select fewer, group by less, or raise "
                  "MaxSeries",
                  (size_t)b->settings.query.max_series);
  b->notice(b->ctx, "series", &err);
}

static struct gc_samples_view view_of(struct gc_analytics *b) {
  return (struct gc_samples_view){.query = &b->settings.query,
                                  .dimension_names = &b->dimension_names,
                                  .block = b->settings.name,
                                  .prefix = b->settings.query.prefix,
                                  .counters = b->settings.query.counters};
}

/* Returns true if an answer names an entity that was created after the list was
 * read. The block then waits for a newer list, once for each name. */
static bool lacks_names(struct gc_analytics *b) {
  struct gc_samples_view view = view_of(b);
  enum gc_dimension_kind kind;
  uint32_t from = b->named;
  b->named = b->series.keys.count;
  if (!gc_series_lacks_names(&view, &b->series, from, &kind))
    return false;
  gc_names_miss(b->deps.names, (enum gc_name_kind)gc_dimension_list(kind));
  return true;
}

/* Returns how long the block may wait for a name: a receiver such as
 * write_prometheus drops values that are older than two intervals. */
static uint64_t names_wait_ms(const struct gc_analytics *b) {
  int64_t old_ms = b->results.plan.to_ms + 2 * b->settings.query.rule.period_ms;
  int64_t left_ms = old_ms - NAMES_SPARE_MS - gc_analytics_server_now(b);
  return left_ms < 0              ? 0
         : left_ms < NAMES_MAX_MS ? (uint64_t)left_ms
                                  : (uint64_t)NAMES_MAX_MS;
}

/* Reports each unknown member of the statistics once. */
static void report_unknown(struct gc_analytics *b) {
  const struct gc_unknown_word *word;
  while ((word = gc_unknown_words_next(&b->results.unknown)) != NULL) {
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
  struct gc_err error = b->poll.error;
  if (b->poll.answered > 0)
    gc_analytics_report_clocks(b);
  record_poll(b);
  report_unknown(b);
  gc_analytics_poll_clear(&b->poll);
  if (error.code == GC_OK && !b->poll.is_early) {
    b->notice(b->ctx, "aggregates", &error);
    report_skipped(b);
    report_left_out(b);
    b->piece_is_accepted = false;
    b->piece_best = b->piece_max;
    gc_results_sort(&b->results);
    bool waits = lacks_names(b);
    b->names_until_ms = gc_analytics_now(b) + names_wait_ms(b);
    gc_analytics_set_stage(b, waits ? GC_ANALYTICS_NAMING : GC_ANALYTICS_READY);
    wake_after(b, RECHECK_MS);
    return;
  }
  gc_analytics_set_stage(b, GC_ANALYTICS_IDLE);
  bool again = error.code == GC_OK || narrow_request(b);
  if (!again)
    b->notice(b->ctx, "aggregates", &error);
  b->next_request_ms = gc_analytics_now(b) + (again ? 0
                                              : gc_pace_is_refusal(error.code)
                                                  ? (uint64_t)GC_PACE_REFUSED_MS
                                                  : (uint64_t)RETRY_MS);
  wake_after(b, b->next_request_ms > gc_analytics_now(b)
                    ? b->next_request_ms - gc_analytics_now(b)
                    : RECHECK_MS);
}

/* True if the plan is back-fill: it is sent in the background, so that other
 * requests, such as live windows of other queries, do not wait. */
static bool is_backfill(const struct gc_analytics *b,
                        const struct gc_windows_plan *plan) {
  return plan->to_ms - plan->from_ms > b->settings.query.rule.period_ms ||
         plan->to_ms < gc_windows_newest(&b->settings.query.rule,
                                         gc_analytics_server_now(b));
}

/* Forgets series without an event for 92 days. While the set has MaxSeries
 * series, it also forgets those without an event for a day. */
static void forget_idle_series(struct gc_analytics *b) {
  uint64_t day = (uint64_t)(DAY_MS / b->settings.query.rule.period_ms);
  bool is_full = b->series.keys.count >= b->series.keys.max;
  uint64_t idle = is_full ? day : day * IDLE_MAX_DAYS;
  if (gc_series_forget_idle(&b->series, idle) > 0)
    b->named = b->series.keys.count; /* the names of all were checked */
}

static void start_poll(struct gc_analytics *b,
                       const struct gc_windows_plan *plan) {
  const struct gc_intern *filter = gc_filter_for_request(&b->filter);
  struct gc_analytics_poll_deps deps = {.env = gc_analytics_env(b),
                                        .api = b->deps.api,
                                        .clock = &b->clock,
                                        .settle_ms =
                                            b->settings.query.rule.settle_ms,
                                        .filter = filter,
                                        .piece_max = b->piece_max,
                                        .is_background = is_backfill(b, plan)};
  gc_results_clear(&b->results);
  gc_series_forget_again(&b->series);
  forget_idle_series(b);
  b->results.plan = *plan;
  b->results.wanted = gc_filter_for_answers(&b->filter);
  gc_analytics_set_stage(b, GC_ANALYTICS_REQUESTING);
  gc_analytics_poll_start(&b->poll, &deps, &b->results, on_poll, b);
}

static const struct gc_source *source_of(const struct gc_analytics *b) {
  return gc_source(b->settings.query.source);
}

/* Returns the list whose names the selectors are compared with, an enum
 * gc_name_kind; -1 without selectors. */
static int chosen_list(const struct gc_analytics *b) {
  const char *chosen = source_of(b)->chosen;
  return b->settings.query.chosen.count > 0 && chosen != NULL
             ? gc_dimension_list(gc_dimension_of(chosen))
             : -1;
}

static bool has_lists(const struct gc_analytics *b) {
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++)
    if (b->lists[i].is_needed && b->dimension_names.lists[i].now == NULL)
      return false;
  return true;
}

static void remake_filter(struct gc_analytics *b) {
  struct gc_err err = {.code = GC_OK};
  int list = chosen_list(b);
  b->filter_is_old = false;
  if (list < 0)
    return;
  if (gc_filter_make(&b->filter, b->dimension_names.lists[list].now,
                     b->settings.query.chosen.at,
                     b->settings.query.chosen.count) != GC_OK)
    (void)gc_fail(&err, GC_ERR_MEMORY,
                  "selected queues or flows: out of memory");
  else if (gc_filter_is_empty(&b->filter))
    (void)gc_fail(&err, GC_ERR_NOT_FOUND, "%s", source_of(b)->none_chosen);
  b->notice(b->ctx, source_of(b)->chosen_word, &err);
  gc_idle_selectors_report(&b->idle_options, b->dimension_names.lists[list].now,
                           &b->settings.query.chosen,
                           source_of(b)->chosen_option,
                           source_of(b)->chosen_noun, b->notice, b->ctx);
}

static void set_idle(struct gc_analytics *b, bool is_idle) {
  pthread_mutex_lock(&b->lock);
  b->is_idle = is_idle;
  pthread_mutex_unlock(&b->lock);
}

static void start_when_due(struct gc_analytics *b) {
  struct gc_windows_plan plan;
  uint64_t now_ms = gc_analytics_now(b);
  int64_t server_ms = gc_analytics_server_now(b);
  if (b->filter_is_old)
    remake_filter(b);
  if (!has_lists(b) || gc_filter_is_empty(&b->filter)) {
    wake_after(b, ASLEEP_MAX_MS); /* a new list wakes the block */
    return;
  }
  if (now_ms < b->next_request_ms) {
    wake_after(b, b->next_request_ms - now_ms);
    return;
  }
  if (gc_windows_plan(&b->settings.query.rule, &b->checkpoint.mark, server_ms,
                      b->new_max, &plan)) {
    set_idle(b, false);
    start_poll(b, &plan);
    return;
  }
  gc_analytics_check_future(b);
  set_idle(b, true);
  int64_t due_ms = gc_windows_due(&b->settings.query.rule, &b->checkpoint.mark);
  int64_t wait_ms = RECHECK_MS;
  if (due_ms > server_ms)
    wait_ms = due_ms - server_ms + b->deps.phase % SPREAD_MS;
  wake_after(b, wait_ms < ASLEEP_MAX_MS ? (uint64_t)wait_ms : ASLEEP_MAX_MS);
}

static bool is_due(const struct gc_analytics *b) {
  struct gc_windows_plan plan;
  return gc_windows_plan(&b->settings.query.rule, &b->checkpoint.mark,
                         gc_analytics_server_now(b), b->new_max, &plan);
}

/* Takes an unsaved state from the read threads; false while a read thread saves
 * the state. The next window saves it too. */
static bool take_unsaved(struct gc_analytics *b) {
  pthread_mutex_lock(&b->lock);
  bool is_taken = b->stage == GC_ANALYTICS_UNSAVED && !b->is_reading;
  if (is_taken)
    b->stage = GC_ANALYTICS_IDLE;
  pthread_mutex_unlock(&b->lock);
  return is_taken;
}

static void load_state(struct gc_analytics *b) {
  enum gc_code code = gc_analytics_load_state(b);
  wake_after(b, code == GC_OK            ? 0
                : code == GC_ERR_TIMEOUT ? RECHECK_MS
                                         : STATE_RETRY_MS);
}

static void on_timer(void *ctx, uint64_t now_ms) {
  struct gc_analytics *b = ctx;
  gc_analytics_lose_lease(b);
  switch (gc_analytics_stage(b)) {
  case GC_ANALYTICS_LOADING:
    load_state(b);
    return;
  case GC_ANALYTICS_REQUESTING:
    return;
  case GC_ANALYTICS_NAMING:
    if (now_ms >= b->names_until_ms)
      gc_analytics_set_stage(b, GC_ANALYTICS_READY);
    wake_after(b, RECHECK_MS);
    return;
  case GC_ANALYTICS_READY:
  case GC_ANALYTICS_SENDING:
    wake_after(b, RECHECK_MS);
    return;
  case GC_ANALYTICS_UNSAVED:
    if (is_due(b) && take_unsaved(b))
      start_when_due(b);
    else
      wake_after(b, RECHECK_MS);
    return;
  case GC_ANALYTICS_SENT:
    gc_analytics_set_stage(b, GC_ANALYTICS_IDLE);
    start_when_due(b);
    return;
  case GC_ANALYTICS_IDLE:
    start_when_due(b);
    return;
  }
}

/* Replaces a list under the lock: a read thread may be taking a reference to
 * the old one. */
static void replace_list(struct gc_analytics *b,
                         struct gc_dimension_name_list *list,
                         struct gc_entities *entities) {
  struct gc_dimension_name_list old = *list;
  struct gc_entities *gone =
      old.now != NULL ? gc_labels_of_gone(old.now, entities) : NULL;
  pthread_mutex_lock(&b->lock);
  *list = (struct gc_dimension_name_list){.now = gc_entities_get(entities),
                                          .before = gone};
  pthread_mutex_unlock(&b->lock);
  gc_entities_put(old.now);
  gc_entities_put(old.before);
}

static void on_list(void *ctx, struct gc_entities *entities) {
  struct gc_analytics_list *list = ctx;
  struct gc_analytics *b = list->owner;
  int number = (int)(list - b->lists);
  b->filter_is_old |= number == chosen_list(b);
  replace_list(b, &b->dimension_names.lists[number], entities);
  if (gc_analytics_stage(b) == GC_ANALYTICS_NAMING)
    gc_analytics_set_stage(b, GC_ANALYTICS_READY);
  if (gc_analytics_stage(b) == GC_ANALYTICS_IDLE)
    wake_after(b, 0);
}

static void make_lists(struct gc_analytics *b) {
  const struct gc_query *q = &b->settings.query;
  int chosen = chosen_list(b);
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++)
    b->lists[i] =
        (struct gc_analytics_list){.owner = b,
                                   .is_needed = i == chosen,
                                   .listener = {.kind = (enum gc_name_kind)i,
                                                .changed = on_list,
                                                .ctx = &b->lists[i]}};
  for (size_t i = 0; i < q->group_by.count; i++) {
    int list = gc_dimension_list(gc_dimension_of(q->group_by.at[i]));
    if (list >= 0)
      b->lists[list].is_needed = true;
  }
  for (size_t i = 0; i < q->metrics.count; i++)
    b->lists[GC_PRESENCE].is_needed |=
        gc_api_metric_is_by_presence(q->metrics.at[i]);
}

static uint32_t piece_max(const struct gc_windows_rule *rule) {
  int64_t max = (int64_t)PIECE_MAX_DAYS * DAY_MS / rule->period_ms;
  return max < PIECE_MAX ? (uint32_t)max : PIECE_MAX;
}

struct gc_analytics *gc_analytics_new(
    const struct gc_analytics_settings *settings,
    const struct gc_analytics_deps *deps,
    void (*notice)(void *ctx, const char *cause, const struct gc_err *err),
    void *ctx) {
  struct gc_analytics *b = calloc(1, sizeof(*b));
  if (b == NULL)
    return NULL;
  b->settings = *settings;
  b->deps = *deps;
  b->notice = notice;
  b->ctx = ctx;
  b->timer = (struct gc_timer){.fire = on_timer, .ctx = b};
  make_lists(b);
  b->dimension_names.label = (enum gc_query_label)settings->query.label;
  b->new_max = NEW_MAX;
  b->piece_max = b->piece_best = piece_max(&settings->query.rule);
  b->filter.is_by_filter = source_of(b)->takes_filter;
  b->filter.is_all = settings->query.chosen.count == 0;
  b->filter.is_grouped =
      source_of(b)->chosen != NULL &&
      gc_query_place_of(&settings->query, source_of(b)->chosen) >= 0;
  b->series.keys.max = settings->query.max_series;
  b->results.query = &b->settings.query;
  b->results.series = &b->series;
  b->results.max = settings->query.max_series > FACTS_MIN
                       ? settings->query.max_series
                       : FACTS_MIN;
  b->checkpoint.store = deps->store;
  b->checkpoint.page = deps->page;
  b->is_idle = deps->page != NULL; /* as a standby: neither up nor down */
  b->checkpoint.account = settings->account;
  b->checkpoint.query = settings->instance;
  gc_query_identity(b->checkpoint.identity, &b->settings.query);
  b->sender.series = &b->series;
  b->sender.checkpoint = &b->checkpoint;
  b->sender.view = view_of(b);
  pthread_mutex_init(&b->lock, NULL);
  return b;
}

static void start_on_loop(void *ctx) {
  struct gc_analytics *b = ctx;
  b->is_listening = true;
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++)
    if (b->lists[i].is_needed)
      gc_names_listen(b->deps.names, &b->lists[i].listener);
  load_state(b);
}

void gc_analytics_start(struct gc_analytics *b) {
  gc_loop_call(b->deps.loop, start_on_loop, b);
}

static void stop_on_loop(void *ctx) {
  struct gc_analytics *b = ctx;
  for (int i = 0; b->is_listening && i < GC_NAME_KIND_COUNT; i++)
    if (b->lists[i].is_needed)
      gc_names_unlisten(b->deps.names, &b->lists[i].listener);
  gc_timers_unset(gc_analytics_env(b)->timers, &b->timer);
  gc_analytics_poll_clear(&b->poll);
}

void gc_analytics_free(struct gc_analytics *b) {
  if (b == NULL)
    return;
  gc_loop_call(b->deps.loop, stop_on_loop, b);
  gc_sender_clear(&b->sender);
  gc_checkpoint_forget(&b->checkpoint);
  gc_results_clear(&b->results);
  gc_series_clear(&b->series);
  gc_filter_clear(&b->filter);
  gc_idle_selectors_clear(&b->idle_options);
  gc_dimension_name_clear(&b->dimension_names);
  pthread_mutex_destroy(&b->lock);
  free(b);
}
