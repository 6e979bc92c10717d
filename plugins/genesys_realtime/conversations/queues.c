/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/glob.h"
#include "common/genesys/clean_name.h"
#include "plugins/genesys_realtime/conversations/internal.h"

enum { FIRST_QUEUES = 16 };

/* ---- the table ---- */

static struct uuid_key id_of(const void *m, uint32_t number) {
  return ((const struct conversations *)m)->queues[number].id;
}

void cv_queue_init(struct conversations *m) {
  m->queue_ids = (struct uuid_index){.id_of = id_of, .owner = m};
}

static bool grow_queues(struct conversations *m) {
  uint32_t cap = m->queue_cap == 0 ? FIRST_QUEUES : m->queue_cap * 2;
  struct queue *queues = realloc(m->queues, cap * sizeof(*queues));
  if (queues == NULL)
    return false;
  m->queues = queues;
  m->queue_cap = cap;
  return true;
}

/* Returns the number of a removed queue if there is one, else a new number. */
static uint32_t take_queue_number(struct conversations *m) {
  if (m->first_free_queue == 0)
    return m->queue_count++;
  uint32_t number = m->first_free_queue - 1;
  m->first_free_queue = m->queues[number].next_free;
  return number;
}

static enum gc_code add_queue(struct conversations *m, struct uuid_key id,
                              const char *text, uint32_t *ret_number) {
  bool has_free = m->first_free_queue != 0;
  if (m->queue_count == CV_QUEUES_MAX && !has_free)
    return GC_ERR_LIMIT;
  if (!uuid_index_reserve(&m->queue_ids) ||
      (m->queue_count == m->queue_cap && !has_free && !grow_queues(m)))
    return GC_ERR_MEMORY;

  uint32_t number = take_queue_number(m);
  m->queues[number] = (struct queue){.id = id,
                                     .text = gc_strdup(text),
                                     .last_event_ms = m->monotonic_ms,
                                     .retired = m->retired};
  uuid_index_put(&m->queue_ids, number);
  *ret_number = number;
  return GC_OK;
}

enum gc_code cv_queue_intern(struct conversations *m, struct uuid_key id,
                             const char *text, uint32_t *ret_number) {
  *ret_number = uuid_index_find(&m->queue_ids, id);
  if (*ret_number == CV_NONE)
    return add_queue(m, id, text, ret_number);
  m->queues[*ret_number].last_event_ms = m->monotonic_ms;
  return GC_OK;
}

struct queue *cv_queue_find(const struct conversations *m, const char *text) {
  uint32_t found =
      uuid_index_find(&m->queue_ids, uuid_key_read(text, strlen(text)));
  return found != CV_NONE ? &m->queues[found] : NULL;
}

void cv_clear_pair(struct conversations *m, struct pair *pair) {
  m->wrapup_changes -= pair->wrapup_count;
  free(pair->wrapups);
  *pair = (struct pair){.wrapups = NULL};
}

void cv_queue_remove(struct conversations *m, uint32_t number) {
  struct queue *q = &m->queues[number];
  GC_ASSERT(number < m->queue_count && q->text != NULL);
  for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
    if (q->pairs[i] == NULL)
      continue;
    cv_clear_pair(m, q->pairs[i]);
    free(q->pairs[i]);
    m->pair_count--;
  }
  uuid_index_drop(&m->queue_ids, number);
  free(q->text);
  *q = (struct queue){.next_free = m->first_free_queue};
  m->first_free_queue = number + 1;
  m->retired++;
}

void cv_queue_clear(struct conversations *m) {
  for (uint32_t q = 0; q < m->queue_count; q++)
    if (m->queues[q].text != NULL)
      cv_queue_remove(m, q);
  free(m->queues);
  uuid_index_clear(&m->queue_ids);
}

/* ---- changes by wrap-up code ---- */

/* A code is free text, so only codes that the configuration allows become
 * names, and their number is limited. */

/* The size of a code, so that "screenmonitoring-alerting-alerting-CODE" fits
 * one part of an identity. */
enum { CODE_SIZE = 85 };

/* Cleans a code for an identity. Codes that are equal after that are one code,
 * because two series must not share an identity. */
static size_t clean_code(char out[GC_NAME_SIZE], const char *code) {
  (void)gc_name_clean(out, code, strlen(code));
  size_t len = strlen(out);
  if (len >= CODE_SIZE) {
    len = CODE_SIZE - 1;
    while (((unsigned char)out[len] & 0xc0) == 0x80)
      len--;
  }
  if (len > 0 && out[len - 1] == '\\')
    out[len - 1] = '_';
  out[len] = '\0';
  return len;
}

/* Finds or adds a code. Returns false when the code is not allowed or there are
 * too many. */
static bool intern_code(struct conversations *m, const char *text,
                        uint32_t *ret_code) {
  char code[GC_NAME_SIZE];
  if (text[0] == '\0' || m->s.wrapup_count == 0 ||
      !gc_glob_accepts(m->s.wrapups, m->s.wrapup_count, text, NULL))
    return false;
  bool is_kept =
      gc_intern_put(&m->codes, code, clean_code(code, text), ret_code) == GC_OK;
  m->stats.wrapups_left += !is_kept;
  return is_kept;
}

static struct wrapup_change *find_change(const struct pair *pair, uint32_t code,
                                         enum cv_state from, enum cv_state to) {
  for (uint32_t i = 0; i < pair->wrapup_count; i++) {
    struct wrapup_change *w = &pair->wrapups[i];
    if (w->code == code && w->from == from && w->to == to)
      return w;
  }
  return NULL;
}

static struct wrapup_change *add_change(struct conversations *m,
                                        struct pair *pair) {
  if (m->wrapup_changes >= CV_WRAPUP_CHANGES_MAX)
    return NULL;
  size_t count = pair->wrapup_count + (size_t)1;
  struct wrapup_change *grown =
      realloc(pair->wrapups, count * sizeof(pair->wrapups[0]));
  if (grown == NULL)
    return NULL;
  pair->wrapups = grown;
  pair->wrapup_count++;
  m->wrapup_changes++;
  return &grown[count - 1];
}

/* Finds or adds the change; NULL: there are too many. */
static struct wrapup_change *take_change(struct conversations *m,
                                         struct pair *pair, uint32_t code,
                                         enum cv_state from, enum cv_state to) {
  struct wrapup_change *w = find_change(pair, code, from, to);
  if (w != NULL)
    return w;
  w = add_change(m, pair);
  if (w != NULL)
    *w = (struct wrapup_change){
        .code = code, .from = (uint8_t)from, .to = (uint8_t)to};
  return w;
}

uint64_t *cv_wrapup_count(struct conversations *m, struct pair *pair,
                          const char *text, enum cv_state from,
                          enum cv_state to) {
  uint32_t code;
  if (!intern_code(m, text, &code))
    return NULL;
  struct wrapup_change *w = take_change(m, pair, code, from, to);
  m->stats.wrapups_left += w == NULL;
  return w != NULL ? &w->count : NULL;
}

void cv_restore_wrapup(struct conversations *m, struct pair *pair,
                       const char *code, enum cv_state from, enum cv_state to,
                       uint64_t count) {
  uint32_t number;
  if (gc_intern_put(&m->codes, code, strlen(code), &number) != GC_OK)
    return;
  struct wrapup_change *w = take_change(m, pair, number, from, to);
  if (w == NULL)
    return;
  w->count = count;
  w->sent = 1;
}

/* ---- counters ---- */

struct pair *cv_queue_pair(struct conversations *m, uint32_t queue,
                           enum cv_media media) {
  GC_ASSERT(queue < m->queue_count && m->queues[queue].text != NULL &&
            media < CV_MEDIA_COUNT);
  struct pair **pair = &m->queues[queue].pairs[media];
  if (*pair == NULL && m->pair_count < m->s.pairs_max) {
    *pair = calloc(1, sizeof(**pair));
    m->pair_count += *pair != NULL;
  }
  m->stats.overflow += *pair == NULL;
  return *pair;
}

static unsigned past_of(struct pair *pair, uint32_t target_ms) {
  unsigned i = 0;
  while (i < CV_PAST_TARGETS && pair->past[i].target_ms != target_ms)
    i++;
  return i;
}

void cv_pair_change_target(struct pair *pair, uint32_t was_ms, uint32_t is_ms) {
  unsigned to = past_of(pair, was_ms), from = past_of(pair, is_ms);
  struct cv_breaches is = {.target_ms = is_ms};
  if (is_ms != 0 && from < CV_PAST_TARGETS)
    is = pair->past[from];
  if (was_ms != 0 && to == CV_PAST_TARGETS)
    to = pair->next_past++ % CV_PAST_TARGETS;
  if (was_ms != 0)
    pair->past[to] = (struct cv_breaches){was_ms, pair->t.facts.breaches,
                                          pair->t.counted.breaches};
  pair->t.facts.breaches = is.facts;
  pair->t.counted.breaches = is.counted;
  pair->sent.breaches = is.counted > 0;
}

int64_t cv_queue_target_ms(const struct conversations *m, uint32_t queue,
                           enum cv_media media) {
  return m->s.target_ms != 0 ? m->s.target_ms
                             : m->queues[queue].targets_ms[media];
}

static void clear_states(struct conversations *m) {
  for (uint32_t q = 0; q < m->queue_count; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++)
      if (m->queues[q].pairs[i] != NULL) {
        struct conversations_totals *t = &m->queues[q].pairs[i]->t;
        memset(t->states, 0, sizeof(t->states));
        t->active = 0;
      }
}

/* Counts a parked contact as one that rings, because the platform's counts may
 * or may not include it (drift.h). */
static enum cv_state reported_state(const struct conversation *c,
                                    const struct cv_presence *p) {
  return c->is_parked && p->state > CV_STATE_ALERTING ? CV_STATE_ALERTING
                                                      : p->state;
}

void cv_queue_count_states(struct conversations *m) {
  struct cv_presence presences[CV_PARTS_MAX];
  clear_states(m);
  for (uint32_t n = m->active.oldest; n != CV_NONE; n = cv_at(m, n)->newer) {
    const struct conversation *c = cv_at(m, n);
    unsigned count = m->dialect->list_presences(c, presences);
    for (unsigned i = 0; i < count; i++) {
      const struct cv_presence *p = &presences[i];
      struct pair *pair = m->queues[p->queue].pairs[p->media];
      if (pair == NULL)
        continue;
      pair->t.states[reported_state(c, p)]++;
      pair->t.active += p->state >= CV_STATE_WAITING;
    }
  }
}
