/* SPDX-License-Identifier: MIT */
#include "common/analytics/send/sender.h"

#include <stdio.h>
#include <string.h>

#include "common/analytics/series/name.h"
#include "common/base/assert.h"
#include "common/base/debug.h"
#include "common/base/timestamp.h"

/* ---- the values of one window ---- */

struct put {
  const struct gc_samples_view *view;
  struct gc_outbox *out;
  uint64_t *unnamed;
};

static enum gc_code put_sample(const struct put *p,
                               const struct gc_identity *id,
                               enum gc_metric_id type, int64_t time_ms,
                               const union gc_number values[GC_DS_MAX]) {
  struct gc_sample s = {.metric = type,
                        .instance = id->instance,
                        .qualifier = id->qualifier,
                        .parts = id->parts,
                        .time_ms = time_ms};
  memcpy(s.values, values, sizeof(s.values));
  return gc_outbox_put(p->out, &s);
}

static enum gc_code put_gauge(const struct put *p, const struct gc_identity *id,
                              enum gc_metric_id type, int64_t time_ms,
                              double gauge) {
  union gc_number values[GC_DS_MAX] = {{.gauge = gauge}};
  return put_sample(p, id, type, time_ms, values);
}

/* Puts a summary of durations as a whole: a receiver may refuse a value that is
 * not a number. Its lone members have series of their own (query/tables.h). */
static enum gc_code put_duration(const struct put *p,
                                 const struct gc_identity *id, int64_t time_ms,
                                 const struct gc_fact *f) {
  double unit = id->per_second;
  union gc_number values[GC_DS_MAX] = {
      {.gauge = f->sum / unit},
      {.gauge = f->min / unit},
      {.gauge = f->max / unit},
      {.gauge = f->sum / unit / (double)f->count},
  };
  return (f->has & GC_HAS_SUMMARY) == GC_HAS_SUMMARY && f->count > 0
             ? put_sample(p, id, id->types->duration, time_ms, values)
             : GC_OK;
}

static enum gc_code put_value(const struct put *p, const struct gc_identity *id,
                              int64_t time_ms, const struct gc_fact *f) {
  if (!(f->has & GC_HAS(CURRENT)))
    return GC_OK;
  return put_gauge(p, id, id->is_time ? id->types->seconds : id->types->value,
                   time_ms, f->ratio / id->per_second);
}

static enum gc_code put_ratio(const struct put *p, const struct gc_identity *id,
                              int64_t time_ms, const struct gc_fact *f) {
  bool is_made = f->has & GC_HAS(NUMERATOR) && f->has & GC_HAS(DENOMINATOR) &&
                 f->denominator > 0.0;
  if (!is_made && !(f->has & (GC_HAS(RATIO) | GC_HAS(CURRENT))))
    return GC_OK;
  return put_gauge(p, id, id->types->ratio, time_ms,
                   is_made ? f->numerator / f->denominator : f->ratio);
}

/* Puts the values of one fact. The kind is that of the metric, so a series
 * never changes its type; a member that the answer lacks has no value. */
static enum gc_code put_fact(const struct put *p, const struct gc_identity *id,
                             int64_t time_ms, const struct gc_fact *f) {
  switch (id->kind) {
  case GC_STATS_RATIO:
  case GC_STATS_TARGET:
    return put_ratio(p, id, time_ms, f);
  case GC_STATS_MEAN:
  case GC_STATS_VALUE:
    return put_value(p, id, time_ms, f);
  case GC_STATS_SECONDS:
    return f->has & GC_HAS(SUM) ? put_gauge(p, id, id->types->seconds, time_ms,
                                            f->sum / id->per_second)
                                : GC_OK;
  case GC_STATS_DURATION:
    GC_TRY(put_duration(p, id, time_ms, f));
    break;
  case GC_STATS_COUNT:
  case GC_STATS_SUM:
    break;
  }
  return f->has & GC_HAS(COUNT)
             ? put_gauge(p, id, id->types->count, time_ms, (double)f->count)
             : GC_OK;
}

static bool has_count_total(enum gc_stats_kind kind) {
  return kind == GC_STATS_COUNT || kind == GC_STATS_SUM ||
         kind == GC_STATS_DURATION;
}

static bool has_seconds_total(enum gc_stats_kind kind) {
  return kind == GC_STATS_SECONDS || kind == GC_STATS_DURATION;
}

static enum gc_code put_total(const struct put *p, const struct gc_identity *id,
                              int64_t time_ms, bool has_count, int64_t count,
                              double sum) {
  union gc_number values[GC_DS_MAX] = {{.derive = count}};
  if (has_count && has_count_total(id->kind))
    GC_TRY(put_sample(p, id, id->types->total, time_ms, values));
  if (has_seconds_total(id->kind))
    GC_TRY(put_gauge(p, id, id->types->total_seconds, time_ms,
                     sum / id->per_second));
  return GC_OK;
}

/* True if an answer names the series, and the series has had an event. */
static bool has_begun(const struct gc_series *s) {
  return s->is_known &&
         (s->is_begun || s->total.count > 0 || s->total.sum > 0.0);
}

/* Puts the totals. A counter begins with a 0 one window earlier; otherwise a
 * rate would miss its first events. */
static enum gc_code put_all_totals(const struct put *p,
                                   struct gc_series_set *set, int64_t time_ms,
                                   bool zeros) {
  for (uint32_t i = 0; i < set->keys.count && i < set->cap; i++) {
    struct gc_series *s = &set->at[i];
    struct gc_identity id;
    if (!has_begun(s) || (zeros && s->is_begun) ||
        !gc_identity_make(p->view, gc_intern_text(&set->keys, i), &id) ||
        (!has_count_total(id.kind) && !has_seconds_total(id.kind)))
      continue;
    int64_t count = zeros ? 0 : gc_series_counter(s);
    /* The answers have a sum and no count. */
    bool has_count = s->total.count > 0 || s->sent > 0;
    GC_TRY(put_total(p, &id, time_ms, has_count, count,
                     zeros ? 0.0 : s->total.sum));
    if (zeros)
      s->is_begun = s->is_dirty = true;
  }
  return GC_OK;
}

/* Returns the end of the window with the index `window`. */
static int64_t end_of(const struct gc_results *r, uint32_t window) {
  return r->plan.from_ms + ((int64_t)window + 1) * r->query->rule.period_ms;
}

/* Finds the facts of a window, which are adjacent in sorted results. Returns
 * their number; `ret_first` is NULL without any. */
static size_t find_facts(const struct gc_results *r, uint32_t window,
                         const struct gc_fact **ret_first) {
  size_t low = 0, high = r->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (r->facts[middle].window < window)
      low = middle + 1;
    else
      high = middle;
  }
  size_t end = low;
  while (end < r->count && r->facts[end].window == window)
    end++;
  *ret_first = end > low ? r->facts + low : NULL;
  return end - low;
}

static enum gc_code put_window(const struct put *p, const struct gc_results *r,
                               const struct gc_fact *facts, size_t count,
                               int64_t time_ms) {
  for (size_t i = 0; i < count; i++) {
    struct gc_identity id;
    uint32_t series = facts[i].series;
    if (!gc_identity_make(p->view, gc_intern_text(&r->series->keys, series),
                          &id))
      ++*p->unnamed;
    else
      GC_TRY(put_fact(p, &id, time_ms, &facts[i]));
  }
  return GC_OK;
}

enum gc_code gc_samples_of_window(const struct gc_samples_view *view,
                                  const struct gc_results *r, uint32_t window,
                                  struct gc_outbox *out, uint64_t *unnamed) {
  const struct gc_fact *facts;
  size_t count = find_facts(r, window, &facts);
  GC_ASSERT(count == 0 || facts != NULL);
  int64_t period_ms = view->query->rule.period_ms;
  int64_t end_ms = end_of(r, window);
  enum gc_settling how = end_ms > r->plan.final_ms ? GC_SETTLES_NOT
                         : r->plan.is_slow         ? GC_SETTLES_SLOW
                                                   : GC_SETTLES_BASE;
  struct put p = {.view = view, .out = out, .unnamed = unnamed};
  out->interval_ms = (uint32_t)period_ms;
  for (size_t i = 0; i < count; i++) {
    struct gc_amount a = gc_fact_amount(&facts[i]);
    gc_series_add(r->series, facts[i].series, &a, how);
  }
  r->series->windows++;
  if (view->query->counters)
    GC_TRY(put_all_totals(&p, r->series, end_ms - period_ms, true));
  GC_TRY(put_window(&p, r, facts, count, end_ms));
  return view->query->counters ? put_all_totals(&p, r->series, end_ms, false)
                               : GC_OK;
}

/* ---- sending ---- */

enum {
  WAIT_MS = 50,
  CLOCK_EACH = 256 /* values between two reads of the clock */
};

/* One call of gc_sender_run or gc_sender_finish. */
struct run {
  const struct gc_sender_output *output;
  uint64_t (*now_ms)(void *ctx);
  void *ctx;
  uint64_t until_ms;
};

void gc_sender_begin(struct gc_sender *s, struct gc_results *r) {
  GC_ASSERT(s->results == NULL && s->outbox.count == 0 && !s->is_ending);
  GC_ASSERT(r->plan.to_ms > r->plan.from_ms);
  s->results = r;
  s->window = 0;
  s->lost = (struct gc_err){.code = GC_OK};
}

static uint32_t left_ms(const struct run *run) {
  uint64_t now_ms = run->now_ms(run->ctx);
  uint64_t left = run->until_ms > now_ms ? run->until_ms - now_ms : 0;
  return left < WAIT_MS ? (uint32_t)left : WAIT_MS;
}

/* Waits for the values in flight; false when the time is over. */
static bool wait_until_written(const struct run *run) {
  while (!run->output->wait(run->output->ctx, left_ms(run)))
    if (run->now_ms(run->ctx) >= run->until_ms ||
        (run->output->is_slow != NULL &&
         run->output->is_slow(run->output->ctx)))
      return false;
  return true;
}

/* Emits a sample. One series never has two pending values. If the output
 * refuses although no value of this sender is pending, another block writes the
 * same series. */
static bool emit_sample(struct gc_sender *s, const struct run *run,
                        const struct gc_sample *sample) {
  enum gc_code code = run->output->emit(run->output->ctx, sample);
  if (code == GC_ERR_LIMIT) {
    if (!wait_until_written(run))
      return false;
    code = run->output->emit(run->output->ctx, sample);
    if (code == GC_ERR_LIMIT) {
      s->collisions++;
      return true;
    }
  }
  return code == GC_OK;
}

/* Sends the values of the outbox. The clock is read between the values, since
 * collectd takes seconds for 300,000 of them, and a stop of the agent must not
 * wait that long. */
static bool send_outbox(struct gc_sender *s, const struct run *run) {
  for (; s->sent < s->outbox.count; s->sent++) {
    if (s->sent % CLOCK_EACH == CLOCK_EACH - 1 &&
        run->now_ms(run->ctx) >= run->until_ms)
      return false;
    struct gc_sample sample = gc_outbox_get(&s->outbox, s->sent);
    if (!emit_sample(s, run, &sample))
      return false;
  }
  return wait_until_written(run);
}

static uint32_t windows_of(const struct gc_results *r) {
  return (uint32_t)((r->plan.to_ms - r->plan.from_ms) /
                    r->query->rule.period_ms);
}

static void save_checkpoint(struct gc_sender *s,
                            const struct gc_outbox *pending) {
  struct gc_err err = {.code = GC_OK};
  s->is_saving = gc_checkpoint_save(s->checkpoint, s->series, pending, &err) ==
                 GC_ERR_TIMEOUT;
  if (!s->is_saving)
    s->state = err;
}

/* True when the newest save has ended. */
static bool is_saved(struct gc_sender *s) {
  if (!gc_checkpoint_is_saved(s->checkpoint))
    return false;
  if (s->is_saving)
    s->state = s->checkpoint->file.saved;
  s->is_saving = false;
  return true;
}

/* Loads the next window's values into the outbox and saves them before they are
 * sent. If the save fails, they are sent too: after a restart they are sent
 * again, which is better than a gap. */
static void load_window(struct gc_sender *sender) {
  const struct gc_results *r = sender->results;
  GC_ASSERT(r != NULL && sender->window < windows_of(r));
  GC_ASSERT(sender->sent == sender->outbox.count && !sender->is_saving);
  struct gc_checkpoint *c = sender->checkpoint;
  char end[GC_TIMESTAMP_SIZE];
  int64_t end_ms = end_of(r, sender->window);
  if (sender->window == 0)
    sender->revisions += gc_series_revise(
        sender->series, r->plan.is_slow ? GC_SETTLES_SLOW : GC_SETTLES_BASE);

  gc_outbox_reset(&sender->outbox);
  sender->sent = 0;
  if (gc_samples_of_window(&sender->view, r, sender->window, &sender->outbox,
                           &sender->unnamed) != GC_OK)
    (void)gc_fail(&sender->lost, GC_ERR_MEMORY,
                  "a window is incomplete: out of memory");
  c->mark = gc_windows_advance(&r->plan, &c->mark, end_ms);
  sender->window++;
  sender->windows++;
  if (sender->outbox.count > 0 || sender->window == windows_of(r))
    save_checkpoint(sender, &sender->outbox);
  gc_debug("query: the window that ends at %s is sent with %zu values",
           gc_timestamp_print(end, end_ms), (size_t)sender->outbox.count);
}

/* Saves that the outbox is sent. An empty outbox needs no further save if the
 * last one succeeded. */
static void save_end(struct gc_sender *s) {
  GC_ASSERT(s->sent == s->outbox.count && !s->is_saving);
  bool needs_save = s->outbox.count > 0 || s->state.code != GC_OK;
  gc_outbox_reset(&s->outbox);
  s->sent = 0;
  s->results = NULL;
  if (needs_save)
    save_checkpoint(s, NULL);
}

/* Sends windows; false: values or windows are left. */
static bool send_windows(struct gc_sender *sender, const struct run *run) {
  for (;;) {
    if (!is_saved(sender) || !gc_checkpoint_is_kept(sender->checkpoint) ||
        !send_outbox(sender, run))
      return false;
    if (sender->results == NULL ||
        sender->window >= windows_of(sender->results))
      return true;
    load_window(sender);
    if (run->now_ms(run->ctx) >= run->until_ms)
      return false;
  }
}

enum gc_sender_end gc_sender_run(struct gc_sender *sender,
                                 const struct gc_sender_output *output,
                                 uint64_t (*now_ms)(void *ctx), void *ctx,
                                 uint64_t until_ms) {
  struct run run = {output, now_ms, ctx, until_ms};
  if (!sender->is_ending && !send_windows(sender, &run))
    return GC_SENDER_WAITS;
  if (!sender->is_ending)
    save_end(sender);
  sender->is_ending = !is_saved(sender);
  if (sender->is_ending)
    return GC_SENDER_WAITS;
  /* A state that is too large to save now is too large in 5 s. */
  bool may_be_saved_later =
      sender->state.code != GC_OK && sender->state.code != GC_ERR_LIMIT;
  return may_be_saved_later ? GC_SENDER_UNSAVED : GC_SENDER_DONE;
}

void gc_sender_finish(struct gc_sender *s,
                      const struct gc_sender_output *output,
                      uint64_t (*now_ms)(void *ctx), void *ctx,
                      uint64_t until_ms) {
  struct run run = {output, now_ms, ctx, until_ms};
  if (!s->is_ending && is_saved(s) && gc_checkpoint_is_kept(s->checkpoint) &&
      send_outbox(s, &run))
    save_end(s);
}

void gc_sender_forget(struct gc_sender *s) {
  gc_outbox_reset(&s->outbox);
  s->sent = 0;
  s->is_saving = s->is_ending = false;
  s->state = (struct gc_err){.code = GC_OK};
  s->results = NULL;
}

void gc_sender_clear(struct gc_sender *s) {
  gc_sender_forget(s);
  gc_outbox_clear(&s->outbox);
}
