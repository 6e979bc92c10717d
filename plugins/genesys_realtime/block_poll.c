/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/block_internal.h"

#include <stdio.h>

#include "common/base/policy/poll_pace.h"
#include "plugins/genesys_realtime/observations/guide_metrics.h"
#include "plugins/genesys_realtime/observations/poll.h"
#include "plugins/genesys_realtime/observations/subscription.h"

enum {
  /* With pushed observations: the time between two snapshots, which make up for
   * lost messages. */
  SNAPSHOT_EVERY_MS = 60 * 1000,
};

static int64_t server_now(const struct block *b) {
  return block_env(b)->wall_ms(block_env(b)->ctx) +
         gc_api_clock_offset_ms(b->deps.api);
}

/* Requests a new list of queues if an answer has a queue without a name: such a
 * queue was created after the list was read. */
static void note_unknown_queues(struct block *b, const struct observations *o) {
  struct gc_names *names = b->deps.names;
  struct gc_entities *queues = gc_names_entities(names, GC_QUEUE);
  bool is_missing = false;
  for (uint32_t i = 0; queues != NULL && i < o->ids.count && !is_missing; i++) {
    const char *id = gc_intern_text(&o->ids, i);
    is_missing = shard_has(&b->options->shard, id) &&
                 gc_entities_find(queues, id) == NULL;
  }
  if (is_missing && !gc_entities_is_refused(queues))
    gc_names_miss(names, GC_QUEUE);
  gc_entities_put(queues);
}

/* Reports once that numbers are ignored, because this is no failure and each
 * answer has these numbers again. */
static void report_ignored(struct block *b, uint32_t count) {
  struct gc_err err = {.code = GC_OK};
  if (count == 0 || b->has_ignored)
    return;
  b->has_ignored = true;
  (void)gc_fail(
      &err, GC_ERR_PARSE,
      "%u numbers of observations are without the queue, medium or status "
      "that they need, cannot be read, or have a name that cannot be kept; "
      "they are counted (observations_ignored) and ignored. Report it if "
      "numbers look wrong",
      count);
  b->notice(b->ctx, "ignored observations", &err);
}

void block_report_unknown(void *ctx, struct gc_unknown_words *words) {
  struct block *b = ctx;
  const struct gc_unknown_word *word;
  gc_unknown_words_move(&b->unknown, words);
  while ((word = gc_unknown_words_next(&b->unknown)) != NULL) {
    struct gc_err err;
    char cause[GC_UNKNOWN_WORD_MAX_BYTES + 64];
    snprintf(cause, sizeof(cause), "%s \"%s\"", word->kind, word->text);
    (void)gc_fail(&err, GC_ERR_PARSE,
                  "this metric of observations is unknown; its numbers are "
                  "sent as queue_observation");
    b->notice(b->ctx, cause, &err);
  }
}

static void count_ignored(struct block *b, uint32_t count) {
  pthread_mutex_lock(&b->lock);
  b->ignored += count;
  pthread_mutex_unlock(&b->lock);
}

void block_count_unread(void *ctx) { count_ignored(ctx, 1); }

void block_note_ignored(void *ctx, uint32_t count) {
  count_ignored(ctx, count);
  report_ignored(ctx, count);
}

/* Takes ownership of `o`. */
static void publish_observations(struct block *b, struct observations *o,
                                 bool is_complete) {
  o->received_ms = block_env(b)->wall_ms(block_env(b)->ctx);
  o->server_ms = server_now(b);
  note_unknown_queues(b, o);
  block_report_unknown(b, &o->unknown);
  report_ignored(b, o->ignored);
  if (b->source == OBS_QUEUE_METRICS)
    o->names =
        queue_metrics_names(o, gc_names_labels_of_answers(b->deps.names));

  pthread_mutex_lock(&b->lock);
  observations_put(b->fresh);
  b->fresh = observations_get(o);
  b->ignored += o->ignored;
  if (is_complete)
    b->healthy_ms = block_now(b);
  b->is_healthy = is_complete;
  pthread_mutex_unlock(&b->lock);

  observations_put(b->last);
  b->last = o;
}

/* Adds the numbers that only the last reading has, as 0. Returns false when out
 * of memory. */
static bool zero_gone(struct block *b) {
  struct observations *o = b->poll.reading;
  if (b->last == NULL || o->absence == OBS_ABSENT_UNKNOWN)
    return true;
  struct gc_entities *queues = gc_names_entities(b->deps.names, GC_QUEUE);
  bool done = observations_zero_gone(o, b->last, queues) == GC_OK;
  gc_entities_put(queues);
  return done;
}

/* Decides whether the reading is published. Activity answers list only numbers
 * that are not zero, so a missing answer would look like zeros: all answers
 * must be complete. */
static bool is_worth_publishing(struct block *b) {
  const struct observations *o = b->poll.reading;
  bool is_complete = b->poll.error.code == GC_OK;
  if (o == NULL || b->poll.part_count == 0)
    return false;
  if (!is_complete && (o->absence == OBS_ABSENT_ALL || o->ids.count == 0))
    return false;
  return zero_gone(b);
}

/* Polls again at once if a snapshot became due during the poll. */
static void schedule_next_poll(struct block *b, bool was_refused) {
  uint64_t now_ms = block_now(b);
  b->due_ms =
      gc_pace_next(b->due_ms, now_ms, block_interval_ms(b), was_refused);
  (void)gc_timers_set(block_env(b)->timers, &b->timer,
                      b->must_poll_again ? now_ms : b->due_ms);
  b->must_poll_again = false;
}

static void note_outcome(struct block *b, bool is_complete) {
  pthread_mutex_lock(&b->lock);
  b->has_outcome = true;
  b->is_healthy = is_complete && b->poll.part_count > 0;
  pthread_mutex_unlock(&b->lock);
}

/* Reports one outcome of the poll: if one of several batches fails each time,
 * the success of the others is no recovery. */
static void on_poll_done(void *ctx) {
  struct block *b = ctx;
  if (b->poll.part_count > 0 || b->poll.error.code != GC_OK)
    b->notice(b->ctx, "observations", &b->poll.error);
  bool is_complete = b->poll.error.code == GC_OK;
  note_outcome(b, is_complete);
  if (is_worth_publishing(b)) {
    if (b->subscription != NULL && is_complete &&
        subscription_add_snapshot(b->subscription, b->poll.reading,
                                  b->asked_ms) == GC_OK &&
        !b->must_poll_again)
      b->snapshot_ms = block_now(b) + SNAPSHOT_EVERY_MS;
    if (b->stream != NULL && is_complete)
      stream_observed(b->stream, b->poll.reading);
    publish_observations(b, gc_steal(b->poll.reading), is_complete);
  }

  schedule_next_poll(b, b->poll.was_refused);
  poll_clear(&b->poll);
}

/* Publishes the pushed observations. Returns false when they are not complete
 * and a poll is needed. */
static bool publish_pushed(struct block *b, uint64_t now_ms) {
  if (b->subscription == NULL || now_ms >= b->snapshot_ms ||
      !subscription_is_complete(b->subscription))
    return false;
  struct observations *o = subscription_copy(b->subscription);
  if (o == NULL)
    return false;
  if (b->stream != NULL)
    stream_compare(b->stream, o);
  publish_observations(b, o, true);
  schedule_next_poll(b, false);
  return true;
}

void block_poll_now(void *ctx, uint64_t now_ms) {
  struct block *b = ctx;
  b->due_ms =
      gc_pace_begin(b->due_ms, now_ms, block_interval_ms(b), b->deps.phase);
  if (publish_pushed(b, now_ms))
    return;
  b->asked_ms = server_now(b);
  b->poll.wants_details = b->stream != NULL;
  b->poll.path = b->options->path;
  b->poll.visible = b->visible;
  if (b->stream != NULL)
    stream_poll_begin(b->stream);
  poll_start(&b->poll, b->deps.api, b->source, &b->selection, &b->pages,
             on_poll_done, b);
}

void block_poll_soon(void *ctx) {
  struct block *b = ctx;
  if (b->source == OBS_OFF || b->source == OBS_QUEUE_METRICS)
    return;
  b->snapshot_ms = 0;
  b->must_poll_again = b->poll.parts != NULL;
  if (!b->must_poll_again)
    (void)gc_timers_set(block_env(b)->timers, &b->timer, block_now(b));
}
