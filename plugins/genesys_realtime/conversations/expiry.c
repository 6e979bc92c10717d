/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { MISSES_MAX = 2 }; /* successive polls that miss a conversation */

/* Counts the breaches of contacts that have waited too long and still do. */
static void count_overdue(struct conversations *m, struct conversation *c) {
  while (c->due_ms != 0 && c->due_ms <= m->complete_ms && c->gap == m->gap &&
         !cv_is_behind(c)) {
    const struct conversation before = *c;
    c->seen_ms = c->due_ms;
    cv_note_counted(m, c->due_ms);
    cv_count(m, &before, c);
  }
}

static void maintain_conversation(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  int64_t idle_ms = (int64_t)(m->monotonic_ms - c->last_event_ms);
  if (c->is_inactive && idle_ms >= CV_KEEP_MS) {
    cv_table_remove(m, number);
  } else if (idle_ms >= m->s.age_ms) {
    m->stats.aged++;
    cv_table_remove(m, number);
  } else {
    if (m->targets_changed)
      cv_look_ahead(m, c);
    count_overdue(m, c);
    cv_table_sort(m, number);
  }
}

void conversations_tick(struct conversations *m,
                        const struct conversations_now *now) {
  m->now_ms = now->server_ms;
  m->complete_ms = now->complete_ms;
  m->monotonic_ms = now->monotonic_ms;
  for (uint32_t i = 0; i < m->block_count * CV_BLOCK; i++)
    if (cv_at(m, i)->is_used)
      maintain_conversation(m, i);
  m->targets_changed = false;
}

/* Returns true if no event has named the queue for `expiry_ms`. */
static bool is_silent(const struct conversations *m, uint32_t number,
                      int64_t expiry_ms) {
  const struct queue *q = &m->queues[number];
  return q->text != NULL &&
         m->monotonic_ms - q->last_event_ms >= (uint64_t)expiry_ms;
}

/* Spares queues to which a conversation in the table refers by number, even if
 * the conversation has ended. Its last event may be later than the queue's. */
static void spare_referenced(struct conversations *m, bool *is_retired) {
  struct cv_presence presences[CV_PARTS_MAX];
  for (uint32_t n = 0; n < m->block_count * CV_BLOCK; n++) {
    const struct conversation *c = cv_at(m, n);
    if (!c->is_used)
      continue;
    unsigned count = m->dialect->list_presences(c, presences);
    for (unsigned i = 0; i < count; i++) {
      struct queue *q = &m->queues[presences[i].queue];
      is_retired[presences[i].queue] = false;
      if (q->last_event_ms < c->last_event_ms)
        q->last_event_ms = c->last_event_ms;
    }
  }
}

size_t conversations_retire(struct conversations *m, int64_t expiry_ms,
                            bool (*is_listed)(void *ctx, const char *queue),
                            void *ctx) {
  size_t candidates = 0, retired = 0;
  bool *is_retired = calloc((size_t)m->queue_count + 1, sizeof(bool));
  if (is_retired == NULL) /* the next call tries again */
    return 0;
  for (uint32_t q = 0; q < m->queue_count; q++) {
    is_retired[q] =
        is_silent(m, q, expiry_ms) && !is_listed(ctx, m->queues[q].text);
    candidates += is_retired[q];
  }
  if (candidates > 0)
    spare_referenced(m, is_retired);
  for (uint32_t q = 0; q < m->queue_count && candidates > 0; q++)
    if (is_retired[q]) {
      cv_queue_remove(m, q);
      retired++;
    }
  free(is_retired);
  if (retired > 0)
    cv_queue_rehash(m);
  return retired;
}

void conversations_gap(struct conversations *m) { m->gap++; }

void cv_close(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  if (c->is_closed)
    return;
  c->is_closed = true;
  c->last_event_ms = m->monotonic_ms;
  m->stats.closed++;
  cv_look_ahead(m, c);
  cv_table_sort(m, number);
}

void conversations_poll_begin(struct conversations *m) {
  m->poll_began_ms = m->monotonic_ms;
}

bool conversations_poll_list(struct conversations *m, struct uuid_key id) {
  uint32_t number = cv_table_find(m, id);
  if (number == CV_NONE)
    return false;
  struct conversation *c = cv_at(m, number);
  uint16_t gap = c->gap;
  cv_table_touch(m, number);
  c->gap = gap; /* a list does not show whether the contact waits */
  if (c->is_closed) {
    c->is_closed = false;
    cv_look_ahead(m, c);
    cv_table_sort(m, number);
  }
  return true;
}

/* Returns true if at least one list must have the conversation, and all lists
 * that could have it are complete. */
static bool is_missing(const struct conversations *m,
                       const struct conversation *c,
                       bool (*covers)(void *, const char *, enum cv_media),
                       void *ctx) {
  struct cv_presence presences[CV_PARTS_MAX];
  bool is_expected = false;
  if (c->is_parked) /* a list may have it or not */
    return false;
  unsigned count = m->dialect->list_presences(c, presences);
  for (unsigned i = 0; i < count; i++) {
    const struct cv_presence *p = &presences[i];
    if (p->state < CV_STATE_WAITING)
      continue;
    if (!covers(ctx, m->queues[p->queue].text, p->media))
      return false;
    is_expected = true;
  }
  return is_expected;
}

void conversations_poll_end(struct conversations *m,
                            bool (*covers)(void *ctx, const char *queue,
                                           enum cv_media media),
                            void *ctx) {
  for (uint32_t i = 0; i < m->block_count * CV_BLOCK; i++) {
    struct conversation *c = cv_at(m, i);
    if (!c->is_used || c->is_inactive || c->last_event_ms >= m->poll_began_ms)
      continue;
    if (!is_missing(m, c, covers, ctx))
      c->misses = 0;
    else if (++c->misses >= MISSES_MAX)
      cv_close(m, i);
  }
}
