/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_analytics/block.h"

#include <stdlib.h>

#include "plugins/genesys_analytics/block_inside.h"

enum {
  RETRY_MS = 10 * 1000,
  /* Nothing but an operator helps after these refusals; do not spend the
   * budget on them. */
  REFUSED_EVERY_MS = 60 * 1000,
  LOOK_MS = 250,             /* whether the windows have left */
  ASLEEP_MOST_MS = 60000,    /* a clock that was wrong is looked at again */
  NAMES_MOST_MS = 90 * 1000, /* for a list to be read again */
  NEW_MOST = 60,             /* new windows of one poll */
  /* Windows of one request: no limit is published; a 400 halves it. Details
   * queries take 31 days. */
  PIECE_MOST = 1000,
  PIECE_MOST_DAYS = 31,
  DAY_MS = 86400000,
  FACTS_LEAST = 1 << 18, /* that a reading may hold, or MaxSeries */
};

static const struct gc_edge *edge(const struct block *b) {
  return b->site.edge;
}

static int64_t server_now(const struct block *b) {
  return server_clock_now(&b->clock, block_now(b),
                          edge(b)->wall_ms(edge(b)->ctx));
}

static void look_in(struct block *b, uint64_t ms) {
  (void)gc_timers_set(edge(b)->timers, &b->timer, block_now(b) + ms);
}

static void note_poll(struct block *b) {
  const struct reading_tally *t = &b->reading.tally;
  bool is_well = b->poll.trouble.code == GC_OK;
  pthread_mutex_lock(&b->lock);
  b->tally.answered += b->poll.answered;
  b->tally.failed += b->poll.failed;
  b->tally.read += t->read;
  b->tally.foreign += t->foreign;
  b->tally.broken += t->broken;
  b->tally.overflow += t->overflow;
  b->is_well = is_well;
  b->heard = b->clock;
  if (is_well && !b->poll.is_early) {
    b->well_ms = block_now(b);
    b->tally.skipped += (uint64_t)b->reading.plan.skipped;
  }
  pthread_mutex_unlock(&b->lock);
  b->poll.answered = b->poll.failed = 0;
}

static bool is_refusal(enum gc_code code) {
  return code == GC_ERR_PERMISSION || code == GC_ERR_NOT_FOUND ||
         code == GC_ERR_REQUEST;
}

/* A 400 may mean that the interval is too wide, an answer that is too large
 * that there are too many windows: ask for half as much. True: it is worth to
 * ask again at once. */
static bool narrow(struct block *b) {
  enum gc_code code = b->poll.trouble.code;
  if (code == GC_ERR_LIMIT && b->new_most > 1) {
    b->new_most /= 2;
    return true;
  }
  if (code != GC_ERR_REQUEST || b->piece_is_right)
    return false;
  if (b->poll.is_many && b->piece_most > 1) {
    b->piece_most /= 2;
    return true;
  }
  b->piece_most = b->piece_best;
  b->piece_is_right = true;
  return false;
}

static void skip_notice(struct block *b) {
  struct gc_err err = {.code = GC_OK};
  if (b->reading.plan.skipped > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%lld intervals are older than Backfill and are left out",
                  (long long)b->reading.plan.skipped);
  b->notice(b->ctx, "backfill", &err);
}

static struct samples_view view_of(struct block *b) {
  return (struct samples_view){.query = &b->settings.query,
                               .naming = &b->naming,
                               .block = b->settings.name,
                               .counters = b->settings.counters};
}

/* The answer may name what was made since the list was read: wait for a newer
 * one, once for each name. */
static bool lacks_names(struct block *b) {
  struct samples_view view = view_of(b);
  enum dimension_kind kind;
  uint32_t from = b->named;
  b->named = b->series.keys.count;
  if (!samples_lack_names(&view, &b->series, from, &kind))
    return false;
  gc_names_miss(b->site.names, kind == DIMENSION_USER ? GC_USER : GC_QUEUE);
  return true;
}

static void on_poll(void *ctx) {
  struct block *b = ctx;
  struct gc_err trouble = b->poll.trouble;
  note_poll(b);
  poll_clear(&b->poll);
  if (trouble.code == GC_OK && !b->poll.is_early) {
    b->notice(b->ctx, "aggregates", &trouble);
    skip_notice(b);
    b->piece_is_right = false;
    b->piece_best = b->piece_most;
    reading_sort(&b->reading);
    bool waits = lacks_names(b);
    b->naming_until_ms = block_now(b) + NAMES_MOST_MS;
    block_enter(b, waits ? BLOCK_NAMING : BLOCK_READY);
    look_in(b, LOOK_MS);
    return;
  }
  block_enter(b, BLOCK_REST);
  bool again = trouble.code == GC_OK || narrow(b);
  if (!again)
    b->notice(b->ctx, "aggregates", &trouble);
  b->ask_ms =
      block_now(b) + (again                      ? 0
                      : is_refusal(trouble.code) ? (uint64_t)REFUSED_EVERY_MS
                                                 : (uint64_t)RETRY_MS);
  look_in(b, b->ask_ms > block_now(b) ? b->ask_ms - block_now(b) : LOOK_MS);
}

/* Back-fill takes a quarter of the budget at most: what else the account asks
 * for, live windows of other queries too, is not kept waiting. */
static uint64_t pace_ms(const struct block *b, uint32_t requests) {
  uint32_t per_minute =
      b->site.requests_per_minute > 4 ? b->site.requests_per_minute / 4 : 1;
  return (uint64_t)requests * 60000 / per_minute;
}

static void ask(struct block *b, const struct windows_plan *plan) {
  const struct gc_intern *filter = choice_filter(&b->choice);
  struct poll_site site = {.edge = edge(b),
                           .api = b->site.api,
                           .clock = &b->clock,
                           .settle_ms = b->settings.rule.settle_ms,
                           .filter = filter,
                           .piece_most = b->piece_most};
  reading_clear(&b->reading);
  series_forget_again(&b->series);
  b->reading.plan = *plan;
  b->reading.wanted = choice_wanted(&b->choice);
  b->ask_ms =
      block_now(b) + pace_ms(b, poll_requests(plan, b->settings.rule.period_ms,
                                              b->piece_most, filter));
  block_enter(b, BLOCK_ASKING);
  poll_start(&b->poll, &site, &b->reading, on_poll, b);
}

static bool needs_queues(const struct block *b) {
  return b->settings.selector_count > 0 ||
         query_place_of(&b->settings.query, "queueId") >= 0;
}

static bool needs_users(const struct block *b) {
  return query_place_of(&b->settings.query, "userId") >= 0;
}

static bool has_lists(const struct block *b) {
  return (!needs_queues(b) || b->naming.queues.now != NULL) &&
         (!needs_users(b) || b->naming.users.now != NULL);
}

static void remake_choice(struct block *b) {
  struct gc_err err = {.code = GC_OK};
  if (choice_make(&b->choice, b->naming.queues.now, b->settings.selectors,
                  b->settings.selector_count) != GC_OK)
    (void)gc_fail(&err, GC_ERR_MEMORY, "queues: out of memory");
  else if (choice_is_empty(&b->choice))
    (void)gc_fail(&err, GC_ERR_CONFIG,
                  "no queue matches the Queue options of this block");
  b->choice_is_old = false;
  b->notice(b->ctx, "queues", &err);
}

/* Only a clock that was wrong, and a server that tells no Date, can do this. */
static void check_future(struct block *b, int64_t server_ms) {
  struct gc_err err = {.code = GC_OK};
  int64_t ahead_ms = b->checkpoint.mark.done_ms - server_ms;
  if (b->checkpoint.mark.is_set && ahead_ms > DAY_MS)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "the checkpoint lies %.1f days in the future, nothing is "
                  "asked until then: a clock was wrong; stop collectd and "
                  "remove the query's row from the state file",
                  (double)ahead_ms / DAY_MS);
  b->notice(b->ctx, "checkpoint", &err);
}

static void set_idle(struct block *b, bool is_idle) {
  pthread_mutex_lock(&b->lock);
  b->is_idle = is_idle;
  pthread_mutex_unlock(&b->lock);
}

static void rest(struct block *b) {
  struct windows_plan plan;
  uint64_t now_ms = block_now(b);
  int64_t server_ms = server_now(b);
  if (b->choice_is_old)
    remake_choice(b);
  if (!has_lists(b) || choice_is_empty(&b->choice)) {
    look_in(b, ASLEEP_MOST_MS); /* a list wakes us */
    return;
  }
  if (now_ms < b->ask_ms) {
    look_in(b, b->ask_ms - now_ms);
    return;
  }
  if (windows_plan(&b->settings.rule, &b->checkpoint.mark, server_ms,
                   b->new_most, &plan)) {
    set_idle(b, false);
    ask(b, &plan);
    return;
  }
  check_future(b, server_ms);
  set_idle(b, true);
  int64_t due_ms = windows_due(&b->settings.rule, &b->checkpoint.mark);
  int64_t wait_ms = due_ms > server_ms ? due_ms - server_ms : LOOK_MS;
  look_in(b, wait_ms < ASLEEP_MOST_MS ? (uint64_t)wait_ms : ASLEEP_MOST_MS);
}

static void look(void *ctx, uint64_t now_ms) {
  struct block *b = ctx;
  switch (block_stage(b)) {
  case BLOCK_ASKING:
    return;
  case BLOCK_NAMING:
    if (now_ms >= b->naming_until_ms)
      block_enter(b, BLOCK_READY);
    look_in(b, LOOK_MS);
    return;
  case BLOCK_READY:
  case BLOCK_LEAVING:
    look_in(b, LOOK_MS);
    return;
  case BLOCK_LEFT:
    block_enter(b, BLOCK_REST);
    rest(b);
    return;
  case BLOCK_REST:
    rest(b);
    return;
  }
}

/* Lists may come while a read thread makes names of the ones before. */
static void keep(struct block *b, struct naming_list *list,
                 struct gc_directory *d) {
  pthread_mutex_lock(&b->lock);
  struct gc_directory *old = list->before;
  list->before = list->now;
  list->now = gc_directory_get(d);
  pthread_mutex_unlock(&b->lock);
  gc_directory_put(old);
}

static void on_list(struct block *b, struct naming_list *list,
                    struct gc_directory *d) {
  keep(b, list, d);
  if (block_stage(b) == BLOCK_NAMING)
    block_enter(b, BLOCK_READY);
  if (block_stage(b) == BLOCK_REST)
    look_in(b, 0);
}

static void on_queues(void *ctx, struct gc_directory *d) {
  struct block *b = ctx;
  b->choice_is_old = true;
  on_list(b, &b->naming.queues, d);
}

static void on_users(void *ctx, struct gc_directory *d) {
  struct block *b = ctx;
  on_list(b, &b->naming.users, d);
}

static uint32_t piece_most(const struct windows_rule *rule) {
  int64_t most = (int64_t)PIECE_MOST_DAYS * DAY_MS / rule->period_ms;
  return most < PIECE_MOST ? (uint32_t)most : PIECE_MOST;
}

struct block *block_new(const struct block_settings *settings,
                        const struct block_site *site,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx) {
  struct block *b = calloc(1, sizeof(*b));
  if (b == NULL)
    return NULL;
  b->settings = *settings;
  b->site = *site;
  b->notice = notice;
  b->ctx = ctx;
  b->timer = (struct gc_timer){.fire = look, .ctx = b};
  b->queue_listener = (struct gc_names_listener){
      .kind = GC_QUEUE, .changed = on_queues, .ctx = b};
  b->user_listener = (struct gc_names_listener){
      .kind = GC_USER, .changed = on_users, .ctx = b};
  b->naming.label = settings->label;
  b->new_most = NEW_MOST;
  b->piece_most = b->piece_best = piece_most(&settings->rule);
  b->choice.is_by_filter = settings->query.source == QUERY_CONVERSATIONS;
  b->choice.is_all = settings->selector_count == 0;
  b->choice.is_grouped = query_place_of(&settings->query, "queueId") >= 0;
  b->series.keys.most = settings->max_series;
  b->reading.query = &b->settings.query;
  b->reading.series = &b->series;
  b->reading.most =
      settings->max_series > FACTS_LEAST ? settings->max_series : FACTS_LEAST;
  b->checkpoint.store = site->store;
  b->checkpoint.account = settings->account;
  b->checkpoint.query = settings->name;
  query_identity(b->checkpoint.identity, &b->settings.query,
                 settings->selectors, settings->selector_count);
  b->departure.series = &b->series;
  b->departure.checkpoint = &b->checkpoint;
  b->departure.view = view_of(b);
  pthread_mutex_init(&b->lock, NULL);
  return b;
}

static void begin(void *ctx) {
  struct block *b = ctx;
  struct gc_err err = {.code = GC_OK};
  if (checkpoint_load(&b->checkpoint, b->settings.rule.period_ms, &b->series,
                      &b->departure.outbox, &err) == GC_OK)
    err.code = GC_OK;
  b->notice(b->ctx, "state", &err);
  b->named = b->series.keys.count;
  b->tally.done_ms = b->checkpoint.mark.done_ms;
  b->is_listening = true;
  /* What was in flight when the agent ended leaves first. */
  block_enter(b, b->departure.outbox.count > 0 ? BLOCK_LEAVING : BLOCK_REST);
  if (needs_queues(b))
    gc_names_listen(b->site.names, &b->queue_listener);
  if (needs_users(b))
    gc_names_listen(b->site.names, &b->user_listener);
  look_in(b, 0);
}

void block_start(struct block *b) { gc_loop_call(b->site.loop, begin, b); }

static void end(void *ctx) {
  struct block *b = ctx;
  if (b->is_listening) {
    gc_names_unlisten(b->site.names, &b->user_listener);
    gc_names_unlisten(b->site.names, &b->queue_listener);
  }
  gc_timers_unset(edge(b)->timers, &b->timer);
  poll_clear(&b->poll);
}

void block_free(struct block *b) {
  if (b == NULL)
    return;
  gc_loop_call(b->site.loop, end, b);
  departure_clear(&b->departure);
  reading_clear(&b->reading);
  series_clear(&b->series);
  choice_clear(&b->choice);
  naming_clear(&b->naming);
  pthread_mutex_destroy(&b->lock);
  free(b);
}
