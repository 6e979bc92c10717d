/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "plugins/genesys_realtime/conversations/internal.h"

static const struct cv_dialect snapshot_dialect = {
    .part_size = sizeof(struct participant),
    .list_presences = cv_list_presences,
    .describe_removed = cv_describe_removed,
    .add_history = cv_add_history,
};

static enum gc_code set_bounds(struct conversations *m, struct gc_err *err) {
  int64_t last = 0;
  if (m->s.bound_count > CV_BOUNDS_MAX)
    return gc_fail(err, GC_ERR_CONFIG, "more than %d wait buckets",
                   CV_BOUNDS_MAX);
  for (size_t i = 0; i < m->s.bound_count; i++) {
    double ms = m->s.bounds_s[i] * 1000.0 + 0.5;
    if (!(ms >= (double)last + 1.0 && ms < 1e12))
      return gc_fail(err, GC_ERR_CONFIG,
                     "wait buckets must ascend from above 0, by at least a "
                     "millisecond");
    m->bounds_ms[i] = last = (int64_t)ms;
  }
  m->s.bounds_s = NULL;
  return GC_OK;
}

struct conversations *conversations_new(const struct conversations_settings *s,
                                        struct gc_err *err) {
  struct conversations *m = gc_zalloc(1, sizeof(*m));
  m->s = *s;
  m->dialect = s->is_guide ? &cv_guide_dialect : &snapshot_dialect;
  cv_table_init(m);
  cv_queue_init(m);
  m->codes.max = CV_WRAPUPS_MAX;
  m->newest_ms = s->counted_ms;
  m->now_ms = s->counted_ms > s->started_ms ? s->counted_ms : s->started_ms;
  if (s->now_ms > m->now_ms)
    m->now_ms = s->now_ms;
  m->monotonic_ms = s->created_ms;
  cv_removed_init(&m->removed, s->max);
  if (set_bounds(m, err) == GC_OK)
    return m;
  conversations_free(m);
  return NULL;
}

void conversations_free(struct conversations *m) {
  if (m == NULL)
    return;
  cv_table_clear(m);
  cv_queue_clear(m);
  gc_intern_clear(&m->codes);
  free(m);
}

/* A conversation without a participant of a queue is not kept. */
static bool has_queue(const struct cv_event *e) {
  for (unsigned i = 0; i < e->count; i++)
    if (cv_is_kept(&e->parties[i]))
      return true;
  return false;
}

/* Sets the time from which offers and changes are counted: the start of the
 * block. What was known before a removal is not counted again. */
static void set_since(const struct conversations *m, struct conversation *c,
                      const struct cv_removed *removed) {
  c->since_ms = m->s.started_ms > m->removed.forgotten_ms
                    ? m->s.started_ms
                    : m->removed.forgotten_ms;
  if (removed == NULL)
    return;
  if (removed->since_ms > c->since_ms)
    c->since_ms = removed->since_ms;
  c->known = removed->count;
  c->known_ms = removed->fact_ms;
  c->left_ms = removed->left_ms;
  c->seen_ms = c->known_seen_ms = removed->seen_ms;
  c->known_facts = removed->facts;
  c->paused = removed->paused;
  c->paused_ago = removed->paused_ago;
  c->known_retired = removed->retired;
}

/* Adds the conversation. *ret_number is CV_NONE, with GC_OK, when there is
 * nothing to keep. */
static enum gc_code add_conversation(struct conversations *m,
                                     const struct cv_event *e,
                                     uint32_t *ret_number) {
  const struct cv_removed *found = cv_removed_find(&m->removed, e->id);
  struct cv_removed removed;
  bool is_known = found != NULL || cv_describe_counted(m, e, &removed);
  if (found != NULL)
    removed = *found;
  *ret_number = CV_NONE;
  if (uuid_key_is_none(e->id) || !has_queue(e) ||
      (removed.is_over && !cv_has_news(e, &removed)))
    return GC_OK;
  *ret_number = cv_table_add(m, e->id);
  if (*ret_number == CV_NONE)
    return GC_ERR_MEMORY;
  set_since(m, cv_at(m, *ret_number), is_known ? &removed : NULL);
  return GC_OK;
}

static bool drop_some(struct conversations *m, struct conversation *c,
                      unsigned count) {
  bool has_room = cv_drop(m, c, count) > 0;
  if (has_room)
    cv_table_note_incomplete(m, c);
  return has_room;
}

/* Makes room for the participants that the event adds. */
static void make_room(struct conversations *m, struct conversation *c,
                      const struct cv_event *event) {
  cv_holds_make_room(c, event->count);
  if (c->count + event->count <= CV_PARTS_MAX)
    return;
  unsigned total = c->count + cv_count_new(c, event);
  if (total > CV_PARTS_MAX)
    (void)drop_some(m, c, total - CV_PARTS_MAX);
}

/* The facts of a conversation before they change. */
struct facts {
  struct conversation c;
  struct participant participants[CV_PARTS_MAX];
};

static void keep_facts(struct facts *before, const struct conversation *c) {
  before->c = *c;
  before->c.participants = before->participants;
  for (unsigned i = 0; i < c->count; i++)
    before->participants[i] = c->participants[i];
}

/* The list of holds only grows. */
static void count_facts(struct conversations *m, struct facts *before,
                        struct conversation *c) {
  before->c.holds = c->holds;
  cv_count(m, &before->c, c);
  for (unsigned i = 0; i < c->count; i++) {
    cv_note_counted(m, c->participants[i].connected_ms);
    cv_note_counted(m, cv_latest_ms(&c->participants[i]));
  }
}

/* Decides the open outcomes without the participants that have no room. */
static void give_up_missing(struct conversations *m, struct conversation *c) {
  struct facts before;
  keep_facts(&before, c);
  c->is_partial = false;
  count_facts(m, &before, c);
}

/* If the event has more participants than there is room for, merges and counts
 * in rounds, because only participants with a known outcome can be dropped. */
static enum gc_code apply_all(struct conversations *m, struct conversation *c,
                              const struct cv_event *event, bool *ret_is_new) {
  struct cv_merged merged;
  enum gc_code code;
  bool has_room;
  *ret_is_new = false;
  make_room(m, c, event);
  do {
    struct facts before;
    keep_facts(&before, c);
    code = cv_merge(m, c, event, &merged);
    if (code != GC_OK || merged.is_new) {
      *ret_is_new = true;
      c->is_closed = false;
      count_facts(m, &before, c);
    }
    has_room = merged.without_room > 0 && drop_some(m, c, merged.without_room);
    if (merged.without_room > 0 && !has_room) {
      give_up_missing(m, c);
      has_room = drop_some(m, c, merged.without_room);
    }
  } while (has_room);
  return code;
}

enum gc_code conversations_apply(struct conversations *m,
                                 const struct cv_event *event) {
  uint32_t number = cv_table_find(m, event->id);
  if (m->dialect != &snapshot_dialect)
    return GC_ERR_CONFIG;
  m->stats.events++;
  if (number != CV_NONE)
    cv_table_touch(m, number);
  else
    GC_TRY(add_conversation(m, event, &number));
  if (number == CV_NONE)
    return GC_OK;
  struct conversation *c = cv_at(m, number);
  bool is_new;
  cv_note_late(m, c, event);
  enum gc_code code = apply_all(m, c, event, &is_new);
  if (!is_new)
    return code;
  m->stats.news++;
  cv_table_sort(m, number);
  return code;
}

enum gc_code conversations_target(struct conversations *m, const char *queue,
                                  enum cv_media media, int64_t target_ms) {
  uint32_t number;
  if (m->s.target_ms != 0)
    return GC_OK;
  if (target_ms < 0 || target_ms > UINT32_MAX)
    target_ms = 0;
  GC_TRY(
      cv_queue_intern(m, uuid_key_read(queue, strlen(queue)), queue, &number));
  struct queue *q = &m->queues[number];
  if (q->targets_ms[media] == (uint32_t)target_ms)
    return GC_OK;
  if (q->pairs[media] != NULL)
    cv_pair_change_target(q->pairs[media], q->targets_ms[media],
                          (uint32_t)target_ms);
  q->targets_ms[media] = (uint32_t)target_ms;
  m->targets_changed = true;
  return GC_OK;
}

enum gc_code conversations_expect(struct conversations *m, const char *queue,
                                  enum cv_media media) {
  uint32_t number;
  GC_TRY(
      cv_queue_intern(m, uuid_key_read(queue, strlen(queue)), queue, &number));
  return cv_queue_pair(m, number, media) != NULL ? GC_OK : GC_ERR_LIMIT;
}

void conversations_reset(struct conversations *m, const char *queue,
                         int64_t now_ms) {
  struct queue *q = cv_queue_find(m, queue);
  if (q == NULL)
    return;
  q->since_ms = now_ms > m->newest_ms ? now_ms : m->newest_ms + 1;
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++)
    if (q->pairs[i] != NULL)
      cv_clear_pair(m, q->pairs[i]);
}

/* Counts a conversation again, from another start of the block and of its
 * queues. */
static void count_again(struct conversations *m, struct conversation *c,
                        int64_t since_ms, int64_t resets_ms) {
  const struct conversation before = *c;
  (void)cv_add_history(m, &before, -1);
  c->since_ms = since_ms;
  m->resets_ms = resets_ms;
  (void)cv_add_history(m, c, 1);
  cv_count_changed(m);
  cv_look_ahead(m, c);
  m->resets_ms = 0;
}

void conversations_move_start(struct conversations *m, int64_t delta_ms) {
  int64_t before_ms = m->s.started_ms;
  bool moves_start = m->s.counted_ms == 0;
  if (m->dialect != &snapshot_dialect)
    return;
  if (moves_start)
    m->s.started_ms += delta_ms;
  for (uint32_t i = 0; i < m->pool_count; i++) {
    struct conversation *c = cv_at(m, i);
    if (!c->is_used)
      continue;
    bool has_moved = moves_start && c->since_ms == before_ms;
    count_again(m, c, has_moved ? m->s.started_ms : c->since_ms, delta_ms);
    cv_table_sort(m, i);
  }
  for (uint32_t q = 0; q < m->queue_count; q++)
    if (m->queues[q].since_ms != 0)
      m->queues[q].since_ms += delta_ms;
}

/* ---- time, polls, removal ---- */

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
  for (uint32_t i = 0; i < m->pool_count; i++)
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
  for (uint32_t n = 0; n < m->pool_count; n++) {
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
  for (uint32_t i = 0; i < m->pool_count; i++) {
    struct conversation *c = cv_at(m, i);
    if (!c->is_used || c->is_inactive || c->last_event_ms >= m->poll_began_ms)
      continue;
    if (!is_missing(m, c, covers, ctx))
      c->misses = 0;
    else if (++c->misses >= MISSES_MAX)
      cv_close(m, i);
  }
}

/* ---- results ---- */

bool conversations_totals(struct conversations *m, const char *queue,
                          enum cv_media media,
                          struct conversations_totals *ret) {
  const struct queue *q = cv_queue_find(m, queue);
  if (q == NULL || q->pairs[media] == NULL)
    return false;
  cv_queue_count_states(m);
  *ret = q->pairs[media]->t;
  return true;
}

void conversations_count_states(struct conversations *m) {
  cv_queue_count_states(m);
}

bool conversations_states(const struct conversations *m, const char *queue,
                          enum cv_media media, uint32_t ret[CV_STATE_COUNT]) {
  const struct queue *q = cv_queue_find(m, queue);
  const struct pair *pair = q != NULL ? q->pairs[media] : NULL;
  memset(ret, 0, CV_STATE_COUNT * sizeof(ret[0]));
  if (pair != NULL)
    memcpy(ret, pair->t.states, CV_STATE_COUNT * sizeof(ret[0]));
  return pair != NULL;
}

void conversations_stats(const struct conversations *m,
                         struct conversations_stats *ret) {
  *ret = m->stats;
  ret->count = m->ids.count;
  ret->queues = m->queue_ids.count;
  ret->pairs = m->pair_count;
  ret->live = m->active.count;
  ret->bytes =
      m->pool_cap * sizeof(struct conversation) +
      m->part_cap * m->dialect->part_size + cv_parts_bytes(m) +
      (m->ids.slot_count + m->queue_ids.slot_count) * sizeof(uint32_t) +
      m->queue_cap * sizeof(struct queue) +
      m->pair_count * sizeof(struct pair) +
      m->wrapup_changes * sizeof(struct wrapup_change) +
      cv_removed_bytes(&m->removed) + sizeof(*m);
}
