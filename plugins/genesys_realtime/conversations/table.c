/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"
#include "plugins/genesys_realtime/conversations/internal.h"

enum { FIRST_POOL = 1024, FIRST_PARTS = 2 };

static struct uuid_key id_of(const void *m, uint32_t number) {
  return cv_at(m, number)->id;
}

void cv_table_init(struct conversations *m) {
  m->first_free = CV_NONE;
  m->active = m->inactive = (struct cv_list){CV_NONE, CV_NONE, 0};
  m->ids = (struct uuid_index){.id_of = id_of, .owner = m};
}

uint32_t cv_table_find(const struct conversations *m, struct uuid_key id) {
  return uuid_index_find(&m->ids, id);
}

/* ---- the order of last events ---- */

static struct cv_list *list_of(struct conversations *m,
                               const struct conversation *c) {
  return c->is_listed_inactive ? &m->inactive : &m->active;
}

/* True if the neighbours of a conversation, or the ends of the list, name it.
 */
static bool is_linked(const struct conversations *m, const struct cv_list *list,
                      const struct conversation *c) {
  uint32_t before =
      c->older != CV_NONE ? cv_at(m, c->older)->newer : list->oldest;
  uint32_t after =
      c->newer != CV_NONE ? cv_at(m, c->newer)->older : list->newest;
  return before != CV_NONE && before == after && cv_at(m, before) == c;
}

static void unlink_conversation(struct conversations *m,
                                const struct conversation *c) {
  struct cv_list *list = list_of(m, c);
  GC_ASSERT(c->is_used && list->count > 0 && is_linked(m, list, c));
  if (c->older != CV_NONE)
    cv_at(m, c->older)->newer = c->newer;
  else
    list->oldest = c->newer;
  if (c->newer != CV_NONE)
    cv_at(m, c->newer)->older = c->older;
  else
    list->newest = c->older;
  list->count--;
}

static void link_newest(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  c->is_listed_inactive = c->is_inactive;
  struct cv_list *list = list_of(m, c);
  c->newer = CV_NONE;
  c->older = list->newest;
  if (list->newest != CV_NONE)
    cv_at(m, list->newest)->newer = number;
  else
    list->oldest = number;
  list->newest = number;
  list->count++;
}

void cv_table_sort(struct conversations *m, uint32_t number) {
  const struct conversation *c = cv_at(m, number);
  if (c->is_inactive == c->is_listed_inactive)
    return;
  unlink_conversation(m, c);
  link_newest(m, number);
}

void cv_table_touch(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  c->last_event_ms = m->monotonic_ms;
  c->gap = m->gap;
  c->misses = 0;
  if (list_of(m, c)->newest == number)
    return;
  unlink_conversation(m, c);
  link_newest(m, number);
}

/* ---- the pool ---- */

/* Makes m->first_free a free place. */
static bool find_place(struct conversations *m) {
  if (m->first_free != CV_NONE)
    return true;
  if (m->pool_count == m->pool_cap) {
    uint32_t cap = m->pool_cap + m->pool_cap / 8 + FIRST_POOL;
    struct conversation *pool = realloc(m->pool, cap * sizeof(*pool));
    if (pool == NULL)
      return false;
    m->pool = pool;
    m->pool_cap = cap;
  }
  m->first_free = m->pool_count++;
  *cv_at(m, m->first_free) = (struct conversation){.older = CV_NONE};
  return true;
}

/* Keeps a small array of parts for the next conversation. */
void cv_table_remove(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  if (m->dialect->describe_removed != NULL && c->count > 0) {
    struct cv_removed removed = m->dialect->describe_removed(c);
    removed.retired = c->known > 0 ? c->known_retired : m->retired;
    cv_removed_put(&m->removed, &removed, m->now_ms);
  }
  void *parts = c->parts;
  uint8_t cap = c->cap;
  uuid_index_drop(&m->ids, number);
  unlink_conversation(m, c);
  cv_parts_free(m, c);
  if (cap > FIRST_PARTS) {
    free(parts);
    m->part_cap -= cap;
    parts = NULL;
    cap = 0;
  }
  *c =
      (struct conversation){.older = m->first_free, .parts = parts, .cap = cap};
  m->first_free = number;
  GC_ASSERT(m->ids.count == m->active.count + m->inactive.count);
}

/* Removes the oldest inactive conversation, which loses nothing, else the
 * oldest active one. Returns false when that conversation is `spared`. */
static bool evict_one(struct conversations *m,
                      const struct conversation *spared) {
  uint32_t number = m->inactive.oldest;
  if (number == CV_NONE || cv_at(m, number) == spared)
    number = m->active.oldest;
  if (number == CV_NONE || cv_at(m, number) == spared)
    return false;
  m->stats.evicted += !cv_at(m, number)->is_inactive;
  cv_table_remove(m, number);
  return true;
}

uint32_t cv_table_add(struct conversations *m, struct uuid_key id) {
  while (m->ids.count >= m->s.max && evict_one(m, NULL))
    ;
  if (!find_place(m) || !uuid_index_reserve(&m->ids))
    return CV_NONE;

  uint32_t number = m->first_free;
  struct conversation *c = cv_at(m, number);
  GC_ASSERT(!c->is_used && c->count == 0);
  m->first_free = c->older;
  c->id = id;
  c->is_used = true;
  uuid_index_put(&m->ids, number);
  link_newest(m, number);
  GC_ASSERT(m->ids.count == m->active.count + m->inactive.count);
  cv_table_touch(m, number);
  return number;
}

/* Grows the array of parts. Evicts other conversations when all of them
 * together have too many parts. */
static bool grow_parts(struct conversations *m, struct conversation *c) {
  size_t max = (size_t)m->s.max * CV_PARTS_AVERAGE + CV_PARTS_MAX;
  unsigned cap = c->cap < FIRST_PARTS ? FIRST_PARTS
                 : c->cap < 4         ? c->cap + 1u
                                      : c->cap + c->cap / 2u;
  if (cap > CV_PARTS_MAX)
    cap = CV_PARTS_MAX;
  while (m->part_cap + cap - c->cap > max && evict_one(m, c))
    ;
  void *parts = realloc(c->parts, cap * m->dialect->part_size);
  if (parts == NULL)
    return false;
  m->part_cap += cap - c->cap;
  c->parts = parts;
  c->cap = (uint8_t)cap;
  return true;
}

void *cv_table_add_part(struct conversations *m, struct conversation *c) {
  size_t size = m->dialect->part_size;
  GC_ASSERT(c->count <= c->cap && c->cap <= CV_PARTS_MAX &&
            c->cap <= m->part_cap);
  if (c->count == CV_PARTS_MAX || (c->count == c->cap && !grow_parts(m, c)))
    return NULL;
  void *part = (char *)c->parts + c->count++ * size;
  memset(part, 0, size);
  return part;
}

void cv_table_note_incomplete(struct conversations *m, struct conversation *c) {
  m->stats.incomplete += !c->is_incomplete;
  c->is_incomplete = true;
}

void cv_table_clear(struct conversations *m) {
  for (uint32_t i = 0; i < m->pool_count; i++) {
    cv_parts_free(m, cv_at(m, i));
    free(cv_at(m, i)->parts);
  }
  free(m->pool);
  uuid_index_clear(&m->ids);
  cv_removed_clear(&m->removed);
}
