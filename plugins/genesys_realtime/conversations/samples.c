/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

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

/* Returns true if the series is put in this pass. A series that begins is put
 * with 0. When it is the queue's turn, all others are put, else only those
 * whose count has changed since it was put. */
static bool is_due(const struct writer *w, bool shown, bool is_changed) {
  return !w->only_changes || !shown || is_changed;
}

static void put_counter(const struct writer *w, enum gc_metric_id metric,
                        const char *qualifier, bool shown, uint64_t count,
                        uint64_t sent) {
  if (is_due(w, shown, count != sent))
    gc_put_count(&w->samples, metric, qualifier, shown ? count : 0);
}

/* Writes "20", "0.5" or "0.125", in any locale. */
static void print_seconds(char out[32], int64_t ms) {
  int len = snprintf(out, 32, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
  while (out[len - 1] == '0')
    out[--len] = '\0';
  if (out[len - 1] == '.')
    out[len - 1] = '\0';
}

/* An answer that is taken back and counted with another wait changes the waits
 * alone. */
static bool are_waits_changed(const struct pair *pair) {
  return pair->t.answers != pair->sent.answers ||
         pair->t.wait_ms != pair->sent.wait_ms;
}

/* Puts the histogram of waits. An answer adds to its bucket and the higher
 * buckets, to the sum and to the count, so all of them are put together. */
static void put_waits(const struct writer *w, const struct pair *pair) {
  char qualifier[64], bound[32];
  uint64_t within = 0;
  bool is_begun = pair->shown;
  double wait_s = (double)(pair->t.wait_ms + pair->t.wait_owed_ms) / 1000.0;
  if (!is_due(w, pair->shown, are_waits_changed(pair)))
    return;
  for (size_t i = 0; i < w->m->s.bound_count; i++) {
    within += pair->t.waits[i];
    print_seconds(bound, w->m->bounds_ms[i]);
    snprintf(qualifier, sizeof(qualifier), "%s-le-%s", w->media, bound);
    gc_put_count(&w->samples, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier,
                 is_begun ? within + pair->t.waits_owed[i] : 0);
  }
  uint64_t answers = is_begun ? pair->t.answers : 0;
  snprintf(qualifier, sizeof(qualifier), "%s-le-+Inf", w->media);
  gc_put_count(&w->samples, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier, answers);
  gc_put_gauge(&w->samples, GC_METRIC_QUEUE_WAIT_SUM, w->media,
               is_begun ? wait_s : 0.0);
  gc_put_count(&w->samples, GC_METRIC_QUEUE_WAIT_COUNT, w->media, answers);
}

static void put_breaches(const struct writer *w, struct pair *pair,
                         int64_t target_ms) {
  char qualifier[64], target[32];
  if (target_ms == 0)
    return;
  print_seconds(target, target_ms);
  snprintf(qualifier, sizeof(qualifier), "%s-%s", w->media, target);
  put_counter(w, GC_METRIC_QUEUE_SLA_BREACH, qualifier, pair->breaches_shown,
              pair->t.breaches, pair->sent.breaches);
  if (pair->breaches_shown)
    pair->sent.breaches = pair->t.breaches;
  pair->breaches_shown = true;
}

/* Returns the changes that are not counted by a wrap-up code, so that each
 * change is in one series. */
static uint64_t uncoded_changes(const struct pair *pair, int from, int to) {
  uint64_t count = pair->t.changes[from][to];
  for (uint32_t i = 0; count != 0 && i < pair->wrapup_count; i++)
    if (pair->wrapups[i].from == from && pair->wrapups[i].to == to)
      count -= pair->wrapups[i].count;
  return count;
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

static void put_change(const struct writer *w, struct pair *pair, int from,
                       int to) {
  char qualifier[64];
  bool *shown = &pair->changes_shown[from][to];
  uint32_t *sent = &pair->sent.changes[from][to];
  uint64_t count = uncoded_changes(pair, from, to);
  if (count == 0 && !*shown)
    return;
  if (!is_due(w, *shown, *sent != (uint32_t)count))
    return;
  snprintf(qualifier, sizeof(qualifier), "%s-%s-%s", w->media,
           state_labels[from], state_labels[to]);
  put_change_count(w, GC_METRIC_STATE_CHANGES, qualifier, from, to, NULL,
                   *shown ? count : 0);
  *sent = *shown ? (uint32_t)count : 0;
  *shown = true;
}

/* Puts the changes of state. The series of a change begins when the change
 * first happens; most changes never happen. */
static void put_state_changes(const struct writer *w, struct pair *pair) {
  for (int from = CV_STATE_ENDED; from < CV_STATE_COUNT; from++)
    for (int to = CV_STATE_ENDED; to < CV_STATE_COUNT; to++)
      if (pair->t.changes[from][to] != 0)
        put_change(w, pair, from, to);
}

/* Puts the changes by wrap-up code. Their type instance has one part more, so
 * they have a type of their own. */
static void put_wrapups(const struct writer *w, struct pair *pair) {
  char qualifier[GC_NAME_SIZE];
  for (uint32_t i = 0; i < pair->wrapup_count; i++) {
    struct wrapup_change *c = &pair->wrapups[i];
    if (!is_due(w, c->shown, c->count != c->sent))
      continue;
    const char *code = gc_intern_text(&w->m->codes, c->code);
    snprintf(qualifier, sizeof(qualifier), "%s-%s-%s-%s", w->media,
             state_labels[c->from], state_labels[c->to], code);
    c->sent = c->shown ? c->count : 0;
    put_change_count(w, GC_METRIC_STATE_CHANGES_WRAPUP, qualifier, c->from,
                     c->to, code, c->sent);
    c->shown = true;
  }
}

static void put_outcomes(const struct writer *w, struct pair *pair) {
  const struct conversations_totals *t = &pair->t;
  struct cv_sent *sent = &pair->sent;
  put_counter(w, GC_METRIC_QUEUE_OFFER, w->media, pair->shown, t->offers,
              sent->offers);
  put_counter(w, GC_METRIC_QUEUE_ANSWER, w->media, pair->shown, t->answers,
              sent->answers);
  put_counter(w, GC_METRIC_QUEUE_ABANDON, w->media, pair->shown, t->abandons,
              sent->abandons);
  put_counter(w, GC_METRIC_QUEUE_TRANSFER, w->media, pair->shown, t->transfers,
              sent->transfers);
  put_waits(w, pair);
  bool is_begun = pair->shown;
  sent->offers = is_begun ? t->offers : 0;
  sent->answers = is_begun ? t->answers : 0;
  sent->abandons = is_begun ? t->abandons : 0;
  sent->transfers = is_begun ? t->transfers : 0;
  sent->wait_ms = is_begun ? t->wait_ms : 0;
  pair->shown = true;
}

/* Puts a gauge when it is the queue's turn or the gauge has changed. */
static void put_state_gauge(const struct writer *w, enum gc_metric_id metric,
                            uint32_t value, uint32_t *sent) {
  if (w->only_changes && value == *sent)
    return;
  gc_put_gauge(&w->samples, metric, w->media, value);
  *sent = value;
}

static uint32_t interacting_of(const struct conversations_totals *t) {
  return t->states[CV_STATE_ACTIVE] + t->states[CV_STATE_HELD];
}

static void put_pair(const struct writer *w, struct pair *pair,
                     int64_t target_ms, bool has_active, bool has_depths) {
  put_outcomes(w, pair);
  put_breaches(w, pair, target_ms);
  put_state_changes(w, pair);
  put_wrapups(w, pair);
  if (has_active)
    put_state_gauge(w, GC_METRIC_ACTIVE_CONVERSATIONS, pair->t.active,
                    &pair->sent.active);
  if (!has_depths)
    return;
  put_state_gauge(w, GC_METRIC_QUEUE_DEPTH, pair->t.states[CV_STATE_WAITING],
                  &pair->sent.depth);
  put_state_gauge(w, GC_METRIC_QUEUE_INTERACTING, interacting_of(&pair->t),
                  &pair->sent.interacting);
}

static bool are_changes_due(const struct pair *pair) {
  for (int from = CV_STATE_ENDED; from < CV_STATE_COUNT; from++)
    for (int to = CV_STATE_ENDED; to < CV_STATE_COUNT; to++)
      if ((uint32_t)uncoded_changes(pair, from, to) !=
          pair->sent.changes[from][to])
        return true;
  for (uint32_t i = 0; i < pair->wrapup_count; i++)
    if (pair->wrapups[i].count != pair->wrapups[i].sent)
      return true;
  return false;
}

/* Returns true if a pass of changes may have something to put. */
static bool is_pair_due(const struct writer *w, const struct pair *pair,
                        bool has_target) {
  const struct conversations_totals *t = &pair->t;
  const struct cv_sent *sent = &pair->sent;
  return !pair->shown || (has_target && !pair->breaches_shown) ||
         t->offers != sent->offers || are_waits_changed(pair) ||
         t->abandons != sent->abandons || t->transfers != sent->transfers ||
         t->breaches != sent->breaches ||
         (w->view->active && t->active != sent->active) ||
         (w->view->depths && (t->states[CV_STATE_WAITING] != sent->depth ||
                              interacting_of(t) != sent->interacting)) ||
         are_changes_due(pair);
}

static bool is_queue_due(const struct writer *w, uint32_t number) {
  const struct queue *q = &w->m->queues[number];
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    enum cv_media media = (enum cv_media)i;
    if (q->pairs[i] != NULL &&
        (!w->only_changes ||
         is_pair_due(w, q->pairs[i],
                     cv_queue_target_ms(w->m, number, media) != 0)))
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
