/* SPDX-License-Identifier: MIT */
#include "common/analytics/sender.h"

#include "common/base/debug.h"
#include "common/base/timestamp.h"

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
  s->results = r;
  s->window = 0;
  s->is_revised = false;
  s->lost = (struct gc_err){.code = GC_OK};
  s->shared = (struct gc_err){.code = GC_OK};
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
  (void)gc_checkpoint_save(s->checkpoint, s->series, pending, &err);
  s->state = err;
}

/* Counts the values of groups whose series another group has; they are not
 * sent, since a series has one writer. */
static void count_shared(struct gc_sender *sender,
                         const struct gc_samples_tally *tally) {
  sender->collisions += tally->collided;
  if (tally->collided > 0)
    (void)gc_fail(
        &sender->shared, GC_ERR_PARSE,
        "two groups of the answers have one series, %s/%s: the "
        "values of one of them are left out and counted "
        "(query_rows-collided); use another GroupBy, QueueLabel or FlowLabel",
        tally->instance, tally->qualifier);
}

/* Loads the next window's values into the outbox and saves them before they are
 * sent. If the save fails, they are sent too: after a restart they are sent
 * again, which is better than a gap. */
static void load_window(struct gc_sender *sender) {
  const struct gc_results *r = sender->results;
  struct gc_samples_tally tally;
  struct gc_checkpoint *c = sender->checkpoint;
  char end[GC_TIMESTAMP_SIZE];
  int64_t end_ms = r->plan.from_ms +
                   ((int64_t)sender->window + 1) * r->query->rule.period_ms;
  if (!sender->is_revised)
    sender->revisions += gc_series_revise(sender->series);
  sender->is_revised = true;

  gc_outbox_reset(&sender->outbox);
  sender->sent = 0;
  sender->view.claims = &sender->claims;
  if (gc_samples_of_window(&sender->view, r, sender->window,
                           end_ms <= r->plan.final_ms, &sender->outbox,
                           &tally) != GC_OK)
    (void)gc_fail(&sender->lost, GC_ERR_MEMORY,
                  "a window is incomplete: out of memory");
  c->mark = gc_windows_advance(&r->plan, &c->mark, end_ms);
  sender->window++;
  sender->windows++;
  sender->unnamed += tally.unnamed;
  count_shared(sender, &tally);
  if (sender->outbox.count > 0 || sender->window == windows_of(r))
    save_checkpoint(sender, &sender->outbox);
  gc_debug("query: the window that ends at %s is sent with %zu values",
           gc_timestamp_print(end, end_ms), (size_t)sender->outbox.count);
}

/* Saves that the outbox is sent. An empty outbox needs no further save if the
 * last one succeeded. */
static void finish_results(struct gc_sender *s) {
  bool is_saved = s->outbox.count == 0 && s->state.code == GC_OK;
  gc_outbox_reset(&s->outbox);
  s->sent = 0;
  s->results = NULL;
  if (!is_saved)
    save_checkpoint(s, NULL);
}

enum gc_sender_end gc_sender_run(struct gc_sender *sender,
                                 const struct gc_sender_output *output,
                                 uint64_t (*now_ms)(void *ctx), void *ctx,
                                 uint64_t until_ms) {
  struct run run = {output, now_ms, ctx, until_ms};
  for (;;) {
    if (!gc_checkpoint_is_kept(sender->checkpoint) ||
        !send_outbox(sender, &run))
      return GC_SENDER_WAITS;
    if (sender->results == NULL ||
        sender->window >= windows_of(sender->results))
      break;
    load_window(sender);
    if (now_ms(ctx) >= until_ms)
      return GC_SENDER_WAITS;
  }
  finish_results(sender);
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
  if (gc_checkpoint_is_kept(s->checkpoint) && send_outbox(s, &run))
    finish_results(s);
}

void gc_sender_clear(struct gc_sender *s) {
  gc_outbox_clear(&s->outbox);
  gc_identity_claims_clear(&s->claims);
  s->results = NULL;
}
