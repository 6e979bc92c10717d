/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"

static const char *const state_labels[CV_STATE_COUNT] = {
#define XX(id, label) [CV_STATE_##id] = label,
    CV_STATE_MAP(XX)
#undef XX
};

/* The guide's own words, which its published panels ask for. */
static const char *const guide_words[CV_STATE_COUNT] = {
    [CV_STATE_ENDED] = "TERMINATED", [CV_STATE_WRAPUP] = "WRAPPED_UP",
    [CV_STATE_WAITING] = "WAITING",  [CV_STATE_ALERTING] = "ALERTING",
    [CV_STATE_ACTIVE] = "ACTIVE",    [CV_STATE_HELD] = "HELD"};

enum { QUEUES_AT_ONCE = 16 }; /* about 1,000 values, a millisecond */

struct writer {
  struct conversations *m;
  const struct conversations_view *view;
  struct gc_sample_writer samples;
  struct queue_tally *tally;
  const char *media;
  bool only_changes; /* of the queue */
};

/* Returns true if the count is put in this pass: if it is the queue's turn, or
 * if the count has changed since it was put. */
static bool is_due(const struct writer *w, uint64_t count, uint64_t sent) {
  return !w->only_changes || sent != count + 1;
}

/* Returns true if one of these counters is. */
static bool are_due(const struct writer *w, const struct pair *pair,
                    size_t first, size_t end) {
  while (first < end &&
         !is_due(w, pair->t.counted.at[first], pair->sent.at[first]))
    first++;
  return first < end;
}

/* Returns the count to put: 0 when its series begins. */
static uint64_t next_count(uint64_t count, uint64_t *sent) {
  uint64_t next = *sent != 0 ? count : 0;
  *sent = next + 1;
  return next;
}

static void put_counter(const struct writer *w, struct pair *pair,
                        unsigned counter, enum gc_metric_id metric,
                        const char *qualifier) {
  if (are_due(w, pair, counter, counter + 1))
    gc_put_count(
        &w->samples, metric, qualifier,
        next_count(pair->t.counted.at[counter], &pair->sent.at[counter]));
}

/* Writes "20", "0.5" or "0.125", in any locale. */
static void print_seconds(char out[32], int64_t ms) {
  int len = snprintf(out, 32, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
  while (out[len - 1] == '0')
    out[--len] = '\0';
  if (out[len - 1] == '.')
    out[len - 1] = '\0';
}

static bool are_waits_due(const struct writer *w, const struct pair *pair) {
  return are_due(w, pair, CV_ANSWERS, CV_ANSWERS + 1) ||
         are_due(w, pair, CV_WAIT_MS, CV_WAITS + w->m->s.bound_count);
}

/* Puts the histogram of waits. An answer adds to its bucket and the higher
 * buckets, to the sum and to the count, so all of them are put together. */
static void put_waits(const struct writer *w, struct pair *pair) {
  char qualifier[64], bound[32];
  struct cv_counters *counted = &pair->t.counted, *sent = &pair->sent;
  uint64_t answers = sent->wait_ms != 0 ? counted->answers : 0;
  for (size_t i = 0; i < w->m->s.bound_count; i++) {
    print_seconds(bound, w->m->bounds_ms[i]);
    snprintf(qualifier, sizeof(qualifier), "%s-le-%s", w->media, bound);
    gc_put_count(&w->samples, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier,
                 next_count(counted->waits[i], &sent->waits[i]));
  }
  snprintf(qualifier, sizeof(qualifier), "%s-le-+Inf", w->media);
  gc_put_count(&w->samples, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier, answers);
  gc_put_gauge(&w->samples, GC_METRIC_QUEUE_WAIT_SUM, w->media,
               (double)next_count(counted->wait_ms, &sent->wait_ms) / 1000.0);
  gc_put_count(&w->samples, GC_METRIC_QUEUE_WAIT_COUNT, w->media, answers);
}

static void put_breaches(const struct writer *w, struct pair *pair,
                         int64_t target_ms) {
  char qualifier[64], target[32];
  if (target_ms == 0)
    return;
  print_seconds(target, target_ms);
  snprintf(qualifier, sizeof(qualifier), "%s-%s", w->media, target);
  put_counter(w, pair, CV_BREACHES, GC_METRIC_QUEUE_SLA_BREACH, qualifier);
}

/* Puts a count of changes. In the guide dialect the labels of an exposition
 * have the guide's words; the type instance has ours. `code` NULL: no wrap-up
 * code.
 */
static void put_change_count(const struct writer *w, enum gc_metric_id metric,
                             const char *qualifier, int from, int to,
                             const char *code, uint64_t count) {
  char parts[GC_PARTS_SIZE];
  struct gc_sample_writer samples = w->samples;
  snprintf(parts, sizeof(parts), "%s", samples.parts);
  if (w->m->s.is_guide &&
      gc_parts_add(parts, sizeof(parts), "media_type", w->media) &&
      gc_parts_add(parts, sizeof(parts), "from_state", guide_words[from]) &&
      gc_parts_add(parts, sizeof(parts), "to_state", guide_words[to]) &&
      (code == NULL ||
       gc_parts_add(parts, sizeof(parts), "wrap_up_code", code)))
    samples.parts = parts;
  gc_put_count(&samples, metric, qualifier, count);
}

/* Puts the changes of state. The series of a change begins when the change
 * first happens; most changes never happen. */
static void put_state_changes(const struct writer *w, struct pair *pair) {
  char qualifier[64];
  for (int from = CV_STATE_ENDED; from < CV_STATE_COUNT; from++)
    for (int to = CV_STATE_ENDED; to < CV_STATE_COUNT; to++) {
      uint64_t count = pair->t.counted.changes[from][to];
      uint64_t *sent = &pair->sent.changes[from][to];
      if (count == 0 || !is_due(w, count, *sent))
        continue;
      snprintf(qualifier, sizeof(qualifier), "%s-%s-%s", w->media,
               state_labels[from], state_labels[to]);
      put_change_count(w, GC_METRIC_STATE_CHANGES, qualifier, from, to, NULL,
                       next_count(count, sent));
    }
}

/* Puts the changes by wrap-up code. Their type instance has one part more, so
 * they have a type of their own. */
static void put_wrapups(const struct writer *w, struct pair *pair) {
  char qualifier[GC_NAME_SIZE];
  for (uint32_t i = 0; i < pair->wrapup_count; i++) {
    struct wrapup_change *c = &pair->wrapups[i];
    if (!is_due(w, c->count, c->sent))
      continue;
    const char *code = gc_intern_text(&w->m->codes, c->code);
    snprintf(qualifier, sizeof(qualifier), "%s-%s-%s-%s", w->media,
             state_labels[c->from], state_labels[c->to], code);
    put_change_count(w, GC_METRIC_STATE_CHANGES_WRAPUP, qualifier, c->from,
                     c->to, code, next_count(c->count, &c->sent));
  }
}

static void put_outcomes(const struct writer *w, struct pair *pair) {
  static const struct {
    unsigned counter;
    enum gc_metric_id metric;
  } rows[] = {{CV_OFFERS, GC_METRIC_QUEUE_OFFER},
              {CV_ANSWERS, GC_METRIC_QUEUE_ANSWER},
              {CV_ABANDONS, GC_METRIC_QUEUE_ABANDON},
              {CV_TRANSFERS, GC_METRIC_QUEUE_TRANSFER}};
  bool has_waits = are_waits_due(w, pair);
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    put_counter(w, pair, rows[i].counter, rows[i].metric, w->media);
  if (has_waits)
    put_waits(w, pair);
}

/* Gauges that no other source has. */
static void list_gauges(const struct pair *pair, uint32_t ret[CV_GAUGES]) {
  const uint32_t *states = pair->t.states;
  ret[0] = pair->t.active;
  ret[1] = states[CV_STATE_WAITING];
  ret[2] = states[CV_STATE_ACTIVE] + states[CV_STATE_HELD];
}

static void put_gauges(const struct writer *w, struct pair *pair, size_t first,
                       size_t end) {
  static const enum gc_metric_id metrics[CV_GAUGES] = {
      GC_METRIC_ACTIVE_CONVERSATIONS, GC_METRIC_QUEUE_DEPTH,
      GC_METRIC_QUEUE_INTERACTING};
  uint32_t values[CV_GAUGES];
  list_gauges(pair, values);
  for (size_t i = first; i < end; i++) {
    if (w->only_changes && values[i] == pair->sent_gauges[i])
      continue;
    gc_put_gauge(&w->samples, metrics[i], w->media, values[i]);
    pair->sent_gauges[i] = values[i];
  }
}

static void put_pair(const struct writer *w, struct pair *pair,
                     int64_t target_ms, bool has_active, bool has_depths) {
  put_outcomes(w, pair);
  put_breaches(w, pair, target_ms);
  put_state_changes(w, pair);
  put_wrapups(w, pair);
  put_gauges(w, pair, has_active ? 0 : 1, has_depths ? CV_GAUGES : 1);
}

static bool are_gauges_due(const struct writer *w, const struct pair *pair) {
  uint32_t values[CV_GAUGES];
  size_t count = w->view->depths ? CV_GAUGES : w->view->active ? 1 : 0;
  list_gauges(pair, values);
  return memcmp(values, pair->sent_gauges, count * sizeof(values[0])) != 0;
}

/* Returns true if there may be something to put. */
static bool is_pair_due(const struct writer *w, const struct pair *pair,
                        bool has_target) {
  const uint64_t *changes = &pair->t.counted.at[CV_CHANGES];
  if (are_gauges_due(w, pair) || are_waits_due(w, pair) ||
      are_due(w, pair, CV_OFFERS, has_target ? CV_WAITS : CV_BREACHES))
    return true;
  for (unsigned i = 0; i < CV_COUNTERS - CV_CHANGES; i++)
    if (changes[i] != 0 && is_due(w, changes[i], pair->sent.at[CV_CHANGES + i]))
      return true;
  for (uint32_t i = 0; i < pair->wrapup_count; i++)
    if (is_due(w, pair->wrapups[i].count, pair->wrapups[i].sent))
      return true;
  return false;
}

static bool is_queue_due(const struct writer *w, uint32_t number) {
  const struct queue *q = &w->m->queues[number];
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    enum cv_media media = (enum cv_media)i;
    if (q->pairs[i] != NULL &&
        is_pair_due(w, q->pairs[i],
                    cv_queue_target_ms(w->m, number, media) != 0))
      return true;
  }
  return false;
}

static bool is_turn(const struct conversations_view *v, uint32_t number) {
  return v->turns == 0 || (number + v->turns - v->turn) % v->turns < v->due;
}

static void put_queue(struct writer *w, uint32_t number, char *label,
                      char *parts) {
  struct queue *queue = &w->m->queues[number];
  const struct queue_display *view = w->view->queues;
  enum queue_label_result answer = queue_label_of(view, queue->text, label);
  w->tally->unnamed += answer == QUEUE_UNNAMED;
  if (answer != QUEUE_SHOWN)
    return;
  bool has_active =
      w->view->active && queue_display_has_active(view, queue->text);
  bool has_depths =
      w->view->depths && queue_display_has_depths(view, queue->text);
  w->tally->matched++;
  queue_label_parts(view, queue->text, parts);
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    w->media = cv_media_label((enum cv_media)i);
    if (queue->pairs[i] != NULL && queue_display_has_media(view, w->media))
      put_pair(w, queue->pairs[i],
               cv_queue_target_ms(w->m, number, (enum cv_media)i), has_active,
               has_depths);
  }
}

bool conversations_samples(struct conversations *m,
                           const struct conversations_view *view,
                           const struct gc_samples *out,
                           struct conversations_cursor *cursor) {
  char label[GC_NAME_SIZE], parts[GC_PARTS_SIZE];
  struct writer w = {.m = m,
                     .view = view,
                     .samples = {.out = out,
                                 .instance = label,
                                 .parts = parts,
                                 .time_ms = view->time_ms,
                                 .interval_ms = view->queues->interval_ms,
                                 .written = &cursor->tally.series},
                     .tally = &cursor->tally};
  uint32_t end = cursor->queue + QUEUES_AT_ONCE;

  if ((view->active || view->depths) && cursor->queue == 0)
    cv_queue_count_states(m);
  for (; cursor->queue < end && cursor->queue < m->queue_count;
       cursor->queue++) {
    w.only_changes = !is_turn(view, cursor->queue);
    if (!is_queue_due(&w, cursor->queue))
      continue;
    put_queue(&w, cursor->queue, label, parts);
    if (view->fields != NULL &&
        cv_write_queue(m, cursor->queue, view->fields) != GC_OK)
      cursor->is_incomplete = true;
  }
  return cursor->queue < m->queue_count;
}
