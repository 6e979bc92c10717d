/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { FIRST_QUEUE_SLOTS = 64 };

/* ---- queues and their counters ---- */

static uint32_t queue_slot_of(const struct conversations *m,
                              struct uuid_key id) {
  uint32_t mask = m->queue_slot_count - 1,
           s = (uint32_t)uuid_key_hash(id) & mask;
  while (m->queue_slots[s] != 0 &&
         !uuid_key_equal(m->queues[m->queue_slots[s] - 1].id, id))
    s = (s + 1) & mask;
  return s;
}

void cv_queues_settle(struct conversations *m) {
  for (uint32_t i = 0; i < m->queue_slot_count; i++)
    m->queue_slots[i] = 0;
  for (uint32_t i = 0; i < m->queue_count; i++)
    if (m->queues[i].text != NULL)
      m->queue_slots[queue_slot_of(m, m->queues[i].id)] = i + 1;
}

static bool grow_queue_slots(struct conversations *m) {
  uint32_t count =
      m->queue_slot_count == 0 ? FIRST_QUEUE_SLOTS : m->queue_slot_count * 2;
  uint32_t *slots = calloc(count, sizeof(*slots));
  if (slots == NULL)
    return false;
  free(m->queue_slots);
  m->queue_slots = slots;
  m->queue_slot_count = count;
  cv_queues_settle(m);
  return true;
}

static bool grow_queues(struct conversations *m) {
  uint32_t cap = m->queue_cap == 0 ? 16 : m->queue_cap * 2;
  struct queue *queues = realloc(m->queues, cap * sizeof(*queues));
  if (queues == NULL)
    return false;
  m->queues = queues;
  m->queue_cap = cap;
  return true;
}

/* A retired one's, or a new one. */
static uint32_t take_queue_number(struct conversations *m) {
  if (m->free_queue == 0)
    return m->queue_count++;
  uint32_t number = m->free_queue - 1;
  m->free_queue = m->queues[number].next_free;
  m->free_queue_count--;
  return number;
}

enum gc_code cv_queue(struct conversations *m, struct uuid_key id,
                      const char *text, uint32_t *ret_number) {
  uint32_t there =
      m->queue_slot_count > 0 ? m->queue_slots[queue_slot_of(m, id)] : 0;
  if (there != 0) {
    *ret_number = there - 1;
    m->queues[there - 1].heard_ms = m->now_ms;
    return GC_OK;
  }
  if (m->queue_count == CV_QUEUES_MAX && m->free_queue == 0)
    return GC_ERR_LIMIT;
  if ((m->queue_count * 2 >= m->queue_slot_count && !grow_queue_slots(m)) ||
      (m->queue_count == m->queue_cap && m->free_queue == 0 && !grow_queues(m)))
    return GC_ERR_MEMORY;

  char *copy = strdup(text);
  if (copy == NULL)
    return GC_ERR_MEMORY;
  uint32_t number = take_queue_number(m);
  m->queues[number] =
      (struct queue){.id = id, .text = copy, .heard_ms = m->now_ms};
  m->queue_slots[queue_slot_of(m, id)] = number + 1;
  *ret_number = number;
  return GC_OK;
}

void cv_queue_drop(struct conversations *m, uint32_t number) {
  struct queue *q = &m->queues[number];
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    if (q->pairs[i] == NULL)
      continue;
    cv_pair_clear(m, q->pairs[i]);
    free(q->pairs[i]);
    m->pair_count--;
  }
  free(q->text);
  *q = (struct queue){.next_free = m->free_queue};
  m->free_queue = number + 1;
  m->free_queue_count++;
}

static struct queue *find_queue(const struct conversations *m,
                                const char *text) {
  uint32_t there =
      m->queue_slot_count > 0
          ? m->queue_slots[queue_slot_of(m, uuid_key_read(text, strlen(text)))]
          : 0;
  return there != 0 ? &m->queues[there - 1] : NULL;
}

struct pair *cv_pair(struct conversations *m, uint32_t queue,
                     enum cv_media media) {
  struct pair **place = &m->queues[queue].pairs[media];
  if (*place == NULL && m->pair_count < m->s.pairs_max) {
    *place = calloc(1, sizeof(**place));
    m->pair_count += *place != NULL;
  }
  m->stats.overflow += *place == NULL;
  return *place;
}

int64_t cv_target_ms(const struct conversations *m, uint32_t queue,
                     enum cv_media media) {
  return m->s.target_ms != 0 ? m->s.target_ms
                             : m->queues[queue].targets_ms[media];
}

void cv_count_states(struct conversations *m) {
  for (uint32_t q = 0; q < m->queue_count; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++)
      if (m->queues[q].pairs[i] != NULL) {
        struct conversations_totals *t = &m->queues[q].pairs[i]->t;
        memset(t->states, 0, sizeof(t->states));
        t->active = 0;
      }
  for (uint32_t n = m->oldest; n != CV_NOBODY; n = cv_at(m, n)->newer) {
    const struct conversation *c = cv_at(m, n);
    for (unsigned i = 0; i < c->count && !(c->flags & C_QUIET); i++) {
      uint32_t queue = c->persons[i].queue;
      struct pair *pair = m->queues[queue].pairs[cv_media_of(c, queue)];
      if (pair == NULL || !cv_is_first_of_queue(c, i))
        continue;
      enum cv_state state = cv_state_of(c, queue);
      pair->t.states[state]++;
      pair->t.active += state >= CV_STATE_WAITING;
    }
  }
}

/* ---- the public face ---- */

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
  struct conversations *m = calloc(1, sizeof(*m));
  if (m == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "no memory for conversations");
    return NULL;
  }
  m->s = *s;
  m->free = m->oldest = m->newest = CV_NOBODY;
  m->codes.max = CV_WRAPUPS_MAX;
  m->now_ms = m->floor_ms = s->started_ms;
  if (set_bounds(m, err) != GC_OK) {
    free(m);
    return NULL;
  }
  return m;
}

void conversations_free(struct conversations *m) {
  if (m == NULL)
    return;
  cv_set_clear(m);
  for (uint32_t q = 0; q < m->queue_count; q++) {
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
      if (m->queues[q].pairs[i] != NULL)
        free(m->queues[q].pairs[i]->wrapups);
      free(m->queues[q].pairs[i]);
    }
    free(m->queues[q].text);
  }
  free(m->queues);
  free(m->queue_slots);
  gc_intern_clear(&m->codes);
  free(m);
}

/* Where there is nobody of a queue there is nothing to remember. */
static bool is_of_interest(const struct cv_event *e) {
  for (unsigned i = 0; i < e->count; i++)
    if ((e->parties[i].purpose == CV_ACD ||
         e->parties[i].purpose == CV_AGENT) &&
        e->parties[i].queue_text[0] != '\0')
      return true;
  return false;
}

/* What is so old that we had forgotten it by now may have been counted. */
static int64_t since_of(const struct conversations *m) {
  int64_t forgotten = m->now_ms - CV_KEEP_MS;
  return forgotten > m->floor_ms ? forgotten : m->floor_ms;
}

enum gc_code conversations_apply(struct conversations *m,
                                 const struct cv_event *event) {
  uint32_t number = cv_set_find(m, event->id);
  m->stats.events++;
  if (number == CV_NOBODY) {
    if (uuid_key_is_none(event->id) || !is_of_interest(event))
      return GC_OK;
    number = cv_set_add(m, event->id);
    if (number == CV_NOBODY)
      return GC_ERR_MEMORY;
    cv_at(m, number)->since_ms = since_of(m);
  } else {
    cv_set_heard(m, number);
  }
  struct conversation *c = cv_at(m, number);
  bool news;
  enum gc_code code = cv_merge(m, c, event, &news);
  if (code == GC_OK && !news)
    return GC_OK;
  m->stats.news++;
  c->flags &= (uint8_t)~C_CLOSED;
  cv_walk(m, c);
  cv_judge(m, c);
  cv_settle(m, c);
  return code;
}

enum gc_code conversations_target(struct conversations *m, const char *queue,
                                  enum cv_media media, int64_t target_ms) {
  uint32_t number;
  if (m->s.target_ms != 0)
    return GC_OK;
  if (target_ms < 0 || target_ms > UINT32_MAX)
    target_ms = 0;
  GC_TRY(cv_queue(m, uuid_key_read(queue, strlen(queue)), queue, &number));
  struct queue *q = &m->queues[number];
  if (q->targets_ms[media] == (uint32_t)target_ms)
    return GC_OK;
  q->targets_ms[media] = (uint32_t)target_ms;
  m->targets_changed = true;
  if (q->pairs[media] != NULL) {
    q->pairs[media]->t.breaches = 0;
    q->pairs[media]->breaches_shown = false;
  }
  return GC_OK;
}

void conversations_reset(struct conversations *m, const char *queue) {
  const struct queue *q = find_queue(m, queue);
  for (unsigned i = 0; q != NULL && i < CV_MEDIA_COUNT; i++)
    if (q->pairs[i] != NULL)
      cv_pair_clear(m, q->pairs[i]);
}

bool conversations_totals(struct conversations *m, const char *queue,
                          enum cv_media media,
                          struct conversations_totals *ret) {
  const struct queue *q = find_queue(m, queue);
  if (q == NULL || q->pairs[media] == NULL)
    return false;
  cv_count_states(m);
  *ret = q->pairs[media]->t;
  ret->target_ms = cv_target_ms(m, (uint32_t)(q - m->queues), media);
  return true;
}

void conversations_count(struct conversations *m) { cv_count_states(m); }

bool conversations_states(const struct conversations *m, const char *queue,
                          enum cv_media media, uint32_t ret[CV_STATE_COUNT]) {
  const struct queue *q = find_queue(m, queue);
  const struct pair *pair = q != NULL ? q->pairs[media] : NULL;
  memset(ret, 0, CV_STATE_COUNT * sizeof(ret[0]));
  if (pair != NULL)
    memcpy(ret, pair->t.states, CV_STATE_COUNT * sizeof(ret[0]));
  return pair != NULL;
}

void conversations_stats(const struct conversations *m,
                         struct conversations_stats *ret) {
  *ret = m->stats;
  ret->count = m->count;
  ret->queues = m->queue_count - m->free_queue_count;
  ret->pairs = m->pair_count;
  for (uint32_t n = m->oldest; n != CV_NOBODY; n = cv_at(m, n)->newer)
    ret->live += !(cv_at(m, n)->flags & C_QUIET);
  ret->bytes = m->block_count * CV_BLOCK * sizeof(struct conversation) +
               m->persons * sizeof(struct person) +
               (m->slot_count + m->queue_slot_count) * sizeof(uint32_t) +
               m->queue_cap * sizeof(struct queue) +
               m->pair_count * sizeof(struct pair) +
               m->wrapup_changes * sizeof(struct wrapup_change) + sizeof(*m);
}
