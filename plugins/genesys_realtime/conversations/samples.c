/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "plugins/genesys_realtime/conversations/internal.h"

static const char *const state_labels[CV_STATE_COUNT] = {
#define XX(id, label) [CV_STATE_##id] = label,
    CV_STATE_MAP(XX)
#undef XX
};

enum { QUEUES_AT_ONCE = 16 }; /* some 1,000 values, a millisecond */

struct put {
  struct conversations *m;
  const struct conversations_view *view;
  struct gc_sample_writer writer;
  struct queue_tally *tally;
  const char *media;
};

/* 0 where a series begins, whatever was counted by then: a rate needs two
 * values and would miss the first. */
static void put_counter(const struct put *p, enum gc_metric_id metric,
                        const char *qualifier, bool shown, uint64_t count) {
  gc_put_count(&p->writer, metric, qualifier, shown ? count : 0);
}

/* "20", "0.5", "0.125": whatever the locale says. */
static void print_seconds(char out[32], int64_t ms) {
  int len = snprintf(out, 32, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
  while (out[len - 1] == '0')
    out[--len] = '\0';
  if (out[len - 1] == '.')
    out[len - 1] = '\0';
}

static void put_waits(const struct put *p, const struct pair *pair) {
  char qualifier[64], bound[32];
  uint64_t within = 0;
  for (size_t i = 0; i < p->m->s.bound_count; i++) {
    within += pair->t.waits[i];
    print_seconds(bound, p->m->bounds_ms[i]);
    snprintf(qualifier, sizeof(qualifier), "%s-le-%s", p->media, bound);
    put_counter(p, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier, pair->shown, within);
  }
  snprintf(qualifier, sizeof(qualifier), "%s-le-+Inf", p->media);
  put_counter(p, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier, pair->shown,
              pair->t.answers);
  double sum_s = pair->shown ? (double)pair->t.wait_ms / 1000.0 : 0.0;
  gc_put_gauge(&p->writer, GC_METRIC_QUEUE_WAIT_SUM, p->media, sum_s);
  put_counter(p, GC_METRIC_QUEUE_WAIT_COUNT, p->media, pair->shown,
              pair->t.answers);
}

static void put_breaches(const struct put *p, struct pair *pair,
                         int64_t target_ms) {
  char qualifier[64], target[32];
  if (target_ms == 0)
    return;
  print_seconds(target, target_ms);
  snprintf(qualifier, sizeof(qualifier), "%s-%s", p->media, target);
  put_counter(p, GC_METRIC_QUEUE_SLA_BREACH, qualifier, pair->breaches_shown,
              pair->t.breaches);
  pair->breaches_shown = true;
}

/* A change appears when it happened first; most never do. */
static void put_changes(const struct put *p, struct pair *pair) {
  char qualifier[64];
  for (int from = CV_STATE_ENDED; from < CV_STATE_COUNT; from++)
    for (int to = CV_STATE_ENDED; to < CV_STATE_COUNT; to++) {
      if (pair->t.changes[from][to] == 0)
        continue;
      snprintf(qualifier, sizeof(qualifier), "%s-%s-%s", p->media,
               state_labels[from], state_labels[to]);
      put_counter(p, GC_METRIC_STATE_CHANGES, qualifier,
                  pair->changes_shown[from][to], pair->t.changes[from][to]);
      pair->changes_shown[from][to] = true;
    }
}

/* Beside the changes, under a type of its own: a sum over either is right. */
static void put_wrapups(const struct put *p, struct pair *pair) {
  char qualifier[GC_NAME_SIZE];
  for (uint32_t i = 0; i < pair->wrapup_count; i++) {
    struct wrapup_change *w = &pair->wrapups[i];
    snprintf(qualifier, sizeof(qualifier), "%s-%s-%s-%s", p->media,
             state_labels[w->from], state_labels[w->to],
             gc_intern_text(&p->m->codes, w->code));
    put_counter(p, GC_METRIC_STATE_CHANGES_WRAPUP, qualifier, w->shown,
                w->count);
    w->shown = true;
  }
}

static void put_pair(const struct put *p, struct pair *pair,
                     int64_t target_ms) {
  const struct conversations_totals *t = &pair->t;
  put_counter(p, GC_METRIC_QUEUE_OFFER, p->media, pair->shown, t->offers);
  put_counter(p, GC_METRIC_QUEUE_ANSWER, p->media, pair->shown, t->answers);
  put_counter(p, GC_METRIC_QUEUE_ABANDON, p->media, pair->shown, t->abandons);
  put_counter(p, GC_METRIC_QUEUE_TRANSFER, p->media, pair->shown, t->transfers);
  put_waits(p, pair);
  put_breaches(p, pair, target_ms);
  put_changes(p, pair);
  put_wrapups(p, pair);
  if (p->view->active)
    gc_put_gauge(&p->writer, GC_METRIC_ACTIVE_CONVERSATIONS, p->media,
                 t->active);
  pair->shown = true;
}

static bool has_pairs(const struct queue *q) {
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++)
    if (q->pairs[i] != NULL)
      return true;
  return false;
}

static void put_queue(struct put *p, uint32_t number, char *label) {
  struct queue *queue = &p->m->queues[number];
  const struct queue_display *view = p->view->queues;
  if (!has_pairs(queue))
    return;
  enum queue_label_result answer = queue_label_of(view, queue->text, label);
  p->tally->unnamed += answer == QUEUE_UNNAMED;
  if (answer != QUEUE_SHOWN)
    return;
  p->tally->matched++;
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    p->media = cv_media_label((enum cv_media)i);
    if (queue->pairs[i] != NULL && queue_display_has_media(view, p->media))
      put_pair(p, queue->pairs[i],
               cv_target_ms(p->m, number, (enum cv_media)i));
  }
}

bool conversations_samples(struct conversations *m,
                           const struct conversations_view *view,
                           const struct gc_samples *out,
                           struct conversations_reading *reading) {
  char label[GC_NAME_SIZE];
  struct put p = {.m = m,
                  .view = view,
                  .writer = {.out = out,
                             .instance = label,
                             .time_ms = view->time_ms,
                             .interval_ms = view->queues->interval_ms,
                             .written = &reading->tally.series},
                  .tally = &reading->tally};
  uint32_t end = reading->queue + QUEUES_AT_ONCE;

  if (view->active && reading->queue == 0)
    cv_count_states(m);
  for (; reading->queue < end && reading->queue < m->queue_count;
       reading->queue++)
    put_queue(&p, reading->queue, label);
  return reading->queue < m->queue_count;
}
