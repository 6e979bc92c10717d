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
  const struct gc_samples *out;
  struct obs_tally *tally;
  const char *label, *media;
};

static void put_sample(const struct writer *p, enum gc_metric_id metric,
                       const char *qualifier, union gc_number value) {
  struct gc_sample sample = {.metric = metric,
                             .instance = p->label,
                             .qualifier = qualifier,
                             .values = {value},
                             .time_ms = p->view->time_ms,
                             .interval_ms = p->view->queues->interval_ms};
  p->out->put(p->out->ctx, &sample);
  p->tally->series++;
}

/* A series begins with 0 whatever was counted until then: a rate needs two
 * values and would miss the first count. */
static void put_count(const struct writer *p, enum gc_metric_id metric,
                      const char *qualifier, bool shown, uint64_t count) {
  put_sample(p, metric, qualifier,
             (union gc_number){.derive = shown ? (int64_t)count : 0});
}

/* "20", "0.5", "0.125", in any locale. */
static void print_seconds(char out[32], int64_t ms) {
  int len = snprintf(out, 32, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
  while (out[len - 1] == '0')
    out[--len] = '\0';
  if (out[len - 1] == '.')
    out[len - 1] = '\0';
}

static void put_waits(const struct writer *p, const struct pair *pair) {
  char qualifier[64], bound[32];
  uint64_t within = 0;
  for (size_t i = 0; i < p->m->s.bound_count; i++) {
    within += pair->t.waits[i];
    print_seconds(bound, p->m->bounds_ms[i]);
    snprintf(qualifier, sizeof(qualifier), "%s-le-%s", p->media, bound);
    put_count(p, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier, pair->shown, within);
  }
  snprintf(qualifier, sizeof(qualifier), "%s-le-+Inf", p->media);
  put_count(p, GC_METRIC_QUEUE_WAIT_BUCKET, qualifier, pair->shown,
            pair->t.answers);
  double sum_s = pair->shown ? (double)pair->t.wait_ms / 1000.0 : 0.0;
  put_sample(p, GC_METRIC_QUEUE_WAIT_SUM, p->media,
             (union gc_number){.gauge = sum_s});
  put_count(p, GC_METRIC_QUEUE_WAIT_COUNT, p->media, pair->shown,
            pair->t.answers);
}

static void put_breaches(const struct writer *p, struct pair *pair,
                         int64_t target_ms) {
  char qualifier[64], target[32];
  if (target_ms == 0)
    return;
  print_seconds(target, target_ms);
  snprintf(qualifier, sizeof(qualifier), "%s-%s", p->media, target);
  put_count(p, GC_METRIC_QUEUE_SLA_BREACH, qualifier, pair->breaches_shown,
            pair->t.breaches);
  pair->breaches_shown = true;
}

/* The series of a change begins when it first happens; most never do. */
static void put_changes(const struct writer *p, struct pair *pair) {
  char qualifier[64];
  for (int from = CV_STATE_ENDED; from < CV_STATE_COUNT; from++)
    for (int to = CV_STATE_ENDED; to < CV_STATE_COUNT; to++) {
      if (pair->t.changes[from][to] == 0)
        continue;
      snprintf(qualifier, sizeof(qualifier), "%s-%s-%s", p->media,
               state_labels[from], state_labels[to]);
      put_count(p, GC_METRIC_STATE_CHANGES, qualifier,
                pair->changes_shown[from][to], pair->t.changes[from][to]);
      pair->changes_shown[from][to] = true;
    }
}

/* Under a type of their own, so that a sum over either type is right. */
static void put_wrapups(const struct writer *p, struct pair *pair) {
  char qualifier[GC_NAME_SIZE];
  for (uint32_t i = 0; i < pair->wrapup_count; i++) {
    struct wrapup_change *w = &pair->wrapups[i];
    snprintf(qualifier, sizeof(qualifier), "%s-%s-%s-%s", p->media,
             state_labels[w->from], state_labels[w->to],
             gc_intern_text(&p->m->codes, w->code));
    put_count(p, GC_METRIC_STATE_CHANGES_WRAPUP, qualifier, w->shown, w->count);
    w->shown = true;
  }
}

static void put_pair(const struct writer *p, struct pair *pair,
                     int64_t target_ms) {
  const struct conversations_totals *t = &pair->t;
  put_count(p, GC_METRIC_QUEUE_OFFER, p->media, pair->shown, t->offers);
  put_count(p, GC_METRIC_QUEUE_ANSWER, p->media, pair->shown, t->answers);
  put_count(p, GC_METRIC_QUEUE_ABANDON, p->media, pair->shown, t->abandons);
  put_count(p, GC_METRIC_QUEUE_TRANSFER, p->media, pair->shown, t->transfers);
  put_waits(p, pair);
  put_breaches(p, pair, target_ms);
  put_changes(p, pair);
  put_wrapups(p, pair);
  if (p->view->active)
    put_sample(p, GC_METRIC_ACTIVE_CONVERSATIONS, p->media,
               (union gc_number){.gauge = t->active});
  pair->shown = true;
}

static bool has_pairs(const struct queue *q) {
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++)
    if (q->pairs[i] != NULL)
      return true;
  return false;
}

static void put_queue(struct writer *p, uint32_t number, char *label) {
  struct queue *queue = &p->m->queues[number];
  const struct obs_view *view = p->view->queues;
  if (!has_pairs(queue))
    return;
  enum view_answer answer = view_label(view, queue->text, label);
  p->tally->unnamed += answer == VIEW_UNNAMED;
  if (answer != VIEW_SHOW)
    return;
  p->tally->matched++;
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    p->media = cv_media_label((enum cv_media)i);
    if (queue->pairs[i] != NULL && view_wants_media(view, p->media))
      put_pair(p, queue->pairs[i],
               cv_queue_target_ms(p->m, number, (enum cv_media)i));
  }
}

bool conversations_samples(struct conversations *m,
                           const struct conversations_view *view,
                           const struct gc_samples *out,
                           struct conversations_cursor *cursor) {
  char label[GC_NAME_SIZE];
  struct writer p = {m, view, out, &cursor->tally, label, NULL};
  uint32_t end = cursor->queue + QUEUES_AT_ONCE;

  if (view->active && cursor->queue == 0)
    cv_queue_count_states(m);
  for (; cursor->queue < end && cursor->queue < m->queue_count; cursor->queue++)
    put_queue(&p, cursor->queue, label);
  return cursor->queue < m->queue_count;
}
