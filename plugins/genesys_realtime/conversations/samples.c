/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "plugins/genesys_realtime/conversations/internal.h"

static const char *const state_labels[CV_STATE_COUNT] = {
#define XX(id, label) [CV_STATE_##id] = label,
    CV_STATE_MAP(XX)
#undef XX
};

enum { QUEUES_AT_ONCE = 16 }; /* about 1,000 values, a millisecond */

struct writer {
  struct conversations *m;
  const struct conversations_view *view;
  struct gc_sample_writer samples;
  struct queue_tally *tally;
  const char *media;
};

/* A series begins with 0, even if its count is higher: a rate needs two values
 * and would miss the first count. */
static void put_counter(const struct writer *w, enum gc_metric_id metric,
                        const char *qualifier, bool shown, uint64_t count) {
  gc_put_count(&w->samples, metric, qualifier, shown ? count : 0);
}

/* "20", "0.5", "0.125", in any locale. */
static void print_seconds(char out[32], int64_t ms) {
  int len = snprintf(out, 32, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
  while (out[len - 1] == '0')
    out[--len] = '\0';
  if (out[len - 1] == '.')
    out[len - 1] = '\0';
}

static void put_waits(const struct writer *w, const struct pair *pair) {
  char qualifier[64], bound[32];
  uint64_t within = 0;
  for (size_t i = 0; i < w->m->s.bound_count; i++) {
    within += pair->t.waits[i];
    print_seconds(bound, w->m->bounds_ms[i]);
    snprintf(qualifier, sizeof(qualifier), "%s-le-%s", w->media, bound);
    put_counter(w, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier, pair->shown, within);
  }
  snprintf(qualifier, sizeof(qualifier), "%s-le-+Inf", w->media);
  put_counter(w, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier, pair->shown,
              pair->t.answers);
  double sum_s = pair->shown ? (double)pair->t.wait_ms / 1000.0 : 0.0;
  gc_put_gauge(&w->samples, GC_METRIC_QUEUE_WAIT_SUM, w->media, sum_s);
  put_counter(w, GC_METRIC_QUEUE_WAIT_COUNT, w->media, pair->shown,
              pair->t.answers);
}

static void put_breaches(const struct writer *w, struct pair *pair,
                         int64_t target_ms) {
  char qualifier[64], target[32];
  if (target_ms == 0)
    return;
  print_seconds(target, target_ms);
  snprintf(qualifier, sizeof(qualifier), "%s-%s", w->media, target);
  put_counter(w, GC_METRIC_QUEUE_SLA_BREACH, qualifier, pair->breaches_shown,
              pair->t.breaches);
  pair->breaches_shown = true;
}

/* The series of a change begins when it first happens; most never do. */
static void put_changes(const struct writer *w, struct pair *pair) {
  char qualifier[64];
  for (int from = CV_STATE_ENDED; from < CV_STATE_COUNT; from++)
    for (int to = CV_STATE_ENDED; to < CV_STATE_COUNT; to++) {
      if (pair->t.changes[from][to] == 0)
        continue;
      snprintf(qualifier, sizeof(qualifier), "%s-%s-%s", w->media,
               state_labels[from], state_labels[to]);
      put_counter(w, GC_METRIC_STATE_CHANGES, qualifier,
                  pair->changes_shown[from][to], pair->t.changes[from][to]);
      pair->changes_shown[from][to] = true;
    }
}

/* Under a type of their own, so that a sum over either type is right. */
static void put_wrapups(const struct writer *w, struct pair *pair) {
  char qualifier[GC_NAME_SIZE];
  for (uint32_t i = 0; i < pair->wrapup_count; i++) {
    struct wrapup_change *c = &pair->wrapups[i];
    snprintf(qualifier, sizeof(qualifier), "%s-%s-%s-%s", w->media,
             state_labels[c->from], state_labels[c->to],
             gc_intern_text(&w->m->codes, c->code));
    put_counter(w, GC_METRIC_STATE_CHANGES_WRAPUP, qualifier, c->shown,
                c->count);
    c->shown = true;
  }
}

static void put_pair(const struct writer *w, struct pair *pair,
                     int64_t target_ms, bool has_active) {
  const struct conversations_totals *t = &pair->t;
  put_counter(w, GC_METRIC_QUEUE_OFFER, w->media, pair->shown, t->offers);
  put_counter(w, GC_METRIC_QUEUE_ANSWER, w->media, pair->shown, t->answers);
  put_counter(w, GC_METRIC_QUEUE_ABANDON, w->media, pair->shown, t->abandons);
  put_counter(w, GC_METRIC_QUEUE_TRANSFER, w->media, pair->shown, t->transfers);
  put_waits(w, pair);
  put_breaches(w, pair, target_ms);
  put_changes(w, pair);
  put_wrapups(w, pair);
  if (has_active)
    gc_put_gauge(&w->samples, GC_METRIC_ACTIVE_CONVERSATIONS, w->media,
                 t->active);
  pair->shown = true;
}

static bool has_pairs(const struct queue *q) {
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++)
    if (q->pairs[i] != NULL)
      return true;
  return false;
}

static void put_queue(struct writer *w, uint32_t number, char *label) {
  struct queue *queue = &w->m->queues[number];
  const struct queue_display *view = w->view->queues;
  if (!has_pairs(queue))
    return;
  enum queue_label_result answer = queue_label_of(view, queue->text, label);
  w->tally->unnamed += answer == QUEUE_UNNAMED;
  if (answer != QUEUE_SHOWN)
    return;
  bool has_active =
      w->view->active && queue_display_has_active(view, queue->text);
  w->tally->matched++;
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    w->media = cv_media_label((enum cv_media)i);
    if (queue->pairs[i] != NULL && queue_display_has_media(view, w->media))
      put_pair(w, queue->pairs[i],
               cv_queue_target_ms(w->m, number, (enum cv_media)i), has_active);
  }
}

bool conversations_samples(struct conversations *m,
                           const struct conversations_view *view,
                           const struct gc_samples *out,
                           struct conversations_cursor *cursor) {
  char label[GC_NAME_SIZE];
  struct writer w = {.m = m,
                     .view = view,
                     .samples = {.out = out,
                                 .instance = label,
                                 .time_ms = view->time_ms,
                                 .interval_ms = view->queues->interval_ms,
                                 .written = &cursor->tally.series},
                     .tally = &cursor->tally};
  uint32_t end = cursor->queue + QUEUES_AT_ONCE;

  if (view->active && cursor->queue == 0)
    cv_queue_count_states(m);
  for (; cursor->queue < end && cursor->queue < m->queue_count; cursor->queue++)
    put_queue(&w, cursor->queue, label);
  return cursor->queue < m->queue_count;
}
