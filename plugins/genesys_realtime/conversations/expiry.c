/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { MISSES_MAX = 2 }; /* polls running that do not list it */

static void care_for(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  int64_t idle_ms = m->now_ms - c->heard_ms;
  if ((c->flags & C_QUIET) && idle_ms >= CV_KEEP_MS) {
    cv_set_drop(m, number);
  } else if (idle_ms >= m->s.age_ms) {
    m->stats.aged++;
    cv_set_evict(m, number);
  } else {
    if (m->targets_changed)
      cv_settle(m, c);
    if (c->due_ms != 0 && c->due_ms <= m->heard_ms && c->gap == m->gap)
      cv_judge_waiting(m, c);
  }
}

void conversations_tick(struct conversations *m, int64_t server_now_ms,
                        int64_t heard_ms) {
  m->now_ms = server_now_ms;
  m->heard_ms = heard_ms;
  for (uint32_t i = 0; i < m->block_count * CV_BLOCK; i++)
    if (cv_at(m, i)->flags & C_USED)
      care_for(m, i);
  m->targets_changed = false;
}

/* Has a queue nobody's interest, as far as it tells itself? */
static bool is_unheard_of(const struct conversations *m, uint32_t number,
                          int64_t expiry_ms) {
  const struct queue *q = &m->queues[number];
  return q->text != NULL && m->now_ms - q->heard_ms >= expiry_ms;
}

/* Who is in memory, if over and done with, too, has a queue by its number, and
 * was heard of since the queue was. */
static void spare_used(struct conversations *m, bool *is_retired) {
  for (uint32_t n = m->oldest; n != CV_NOBODY; n = cv_at(m, n)->newer) {
    const struct conversation *c = cv_at(m, n);
    for (unsigned i = 0; i < c->count; i++) {
      struct queue *q = &m->queues[c->persons[i].queue];
      is_retired[c->persons[i].queue] = false;
      if (q->heard_ms < c->heard_ms)
        q->heard_ms = c->heard_ms;
    }
  }
}

size_t conversations_retire(struct conversations *m, int64_t expiry_ms,
                            bool (*is_listed)(void *ctx, const char *queue),
                            void *ctx) {
  size_t candidates = 0, retired = 0;
  bool *is_retired = calloc((size_t)m->queue_count + 1, sizeof(bool));
  if (is_retired == NULL) /* the next time, then */
    return 0;
  for (uint32_t q = 0; q < m->queue_count; q++) {
    is_retired[q] =
        is_unheard_of(m, q, expiry_ms) && !is_listed(ctx, m->queues[q].text);
    candidates += is_retired[q];
  }
  if (candidates > 0)
    spare_used(m, is_retired);
  for (uint32_t q = 0; q < m->queue_count && candidates > 0; q++)
    if (is_retired[q]) {
      cv_queue_drop(m, q);
      retired++;
    }
  free(is_retired);
  if (retired > 0)
    cv_queues_settle(m);
  return retired;
}

void conversations_gap(struct conversations *m) { m->gap++; }

static void close_one(struct conversations *m, struct conversation *c) {
  if (c->flags & C_CLOSED)
    return;
  c->flags |= C_CLOSED;
  c->heard_ms = m->now_ms;
  m->stats.closed++;
  cv_settle(m, c);
}

bool conversations_close(struct conversations *m, struct uuid_key id) {
  uint32_t number = cv_set_find(m, id);
  if (number == CV_NOBODY)
    return false;
  close_one(m, cv_at(m, number));
  return true;
}

void conversations_poll_begin(struct conversations *m) {
  m->polled_ms = m->now_ms;
}

bool conversations_poll_list(struct conversations *m, struct uuid_key id) {
  uint32_t number = cv_set_find(m, id);
  if (number == CV_NOBODY)
    return false;
  struct conversation *c = cv_at(m, number);
  uint16_t gap = c->gap;
  cv_set_heard(m, number);
  c->gap = gap; /* the list does not say whether it still waits */
  if (c->flags & C_CLOSED) {
    c->flags &= (uint8_t)~C_CLOSED;
    cv_settle(m, c);
  }
  return true;
}

/* It would be on one of the lists, and all lists that it could be on are
 * complete. */
static bool is_missing(const struct conversations *m,
                       const struct conversation *c,
                       bool (*covers)(void *, const char *, enum cv_media),
                       void *ctx) {
  bool expected = false;
  for (unsigned i = 0; i < c->count; i++) {
    uint32_t queue = c->persons[i].queue;
    if (!cv_is_first_of_queue(c, i) || cv_state_of(c, queue) < CV_STATE_WAITING)
      continue;
    if (!covers(ctx, m->queues[queue].text, cv_media_of(c, queue)))
      return false;
    expected = true;
  }
  return expected;
}

void conversations_poll_end(struct conversations *m,
                            bool (*covers)(void *ctx, const char *queue,
                                           enum cv_media media),
                            void *ctx) {
  for (uint32_t i = 0; i < m->block_count * CV_BLOCK; i++) {
    struct conversation *c = cv_at(m, i);
    if (!(c->flags & C_USED) || (c->flags & C_QUIET) ||
        c->heard_ms >= m->polled_ms)
      continue;
    if (!is_missing(m, c, covers, ctx))
      c->misses = 0;
    else if (++c->misses >= MISSES_MAX)
      close_one(m, c);
  }
}
