/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { FIRST_SLOTS = 64, FIRST_PERSONS = 2 };

/* ---- the table ---- */

static uint32_t home_of(const struct conversations *m, struct uuid_key id) {
  return (uint32_t)uuid_key_hash(id) & (m->slot_count - 1);
}

/* The slot that holds the id, or the free one where it would go. */
static uint32_t slot_of(const struct conversations *m, struct uuid_key id) {
  uint32_t s = home_of(m, id);
  while (m->slots[s] != 0 && !uuid_key_equal(cv_at(m, m->slots[s] - 1)->id, id))
    s = (s + 1) & (m->slot_count - 1);
  return s;
}

uint32_t cv_set_find(const struct conversations *m, struct uuid_key id) {
  return m->slot_count == 0 ? CV_NOBODY : m->slots[slot_of(m, id)] - 1;
}

static bool grow_slots(struct conversations *m) {
  uint32_t count = m->slot_count == 0 ? FIRST_SLOTS : m->slot_count * 2;
  uint32_t *slots = calloc(count, sizeof(*slots)), *old = m->slots;
  uint32_t old_count = m->slot_count;
  if (slots == NULL)
    return false;
  m->slots = slots;
  m->slot_count = count;
  for (uint32_t i = 0; i < old_count; i++)
    if (old[i] != 0)
      slots[slot_of(m, cv_at(m, old[i] - 1)->id)] = old[i];
  free(old);
  return true;
}

/* What stands behind moves up, so that no search ends too early. */
static void empty_slot(struct conversations *m, uint32_t hole) {
  uint32_t mask = m->slot_count - 1;
  for (uint32_t s = (hole + 1) & mask; m->slots[s] != 0; s = (s + 1) & mask) {
    uint32_t home = home_of(m, cv_at(m, m->slots[s] - 1)->id);
    if (((s - home) & mask) < ((s - hole) & mask))
      continue;
    m->slots[hole] = m->slots[s];
    hole = s;
  }
  m->slots[hole] = 0;
}

/* ---- the order of hearing ---- */

static void unlink_one(struct conversations *m, const struct conversation *c) {
  if (c->older != CV_NOBODY)
    cv_at(m, c->older)->newer = c->newer;
  else
    m->oldest = c->newer;
  if (c->newer != CV_NOBODY)
    cv_at(m, c->newer)->older = c->older;
  else
    m->newest = c->older;
}

static void link_newest(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  c->newer = CV_NOBODY;
  c->older = m->newest;
  if (m->newest != CV_NOBODY)
    cv_at(m, m->newest)->newer = number;
  else
    m->oldest = number;
  m->newest = number;
}

void cv_set_heard(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  c->heard_ms = m->now_ms;
  c->gap = m->gap;
  c->misses = 0;
  if (m->newest == number)
    return;
  unlink_one(m, c);
  link_newest(m, number);
}

/* ---- the pool ---- */

static bool grow_pool(struct conversations *m) {
  if (m->block_count == m->block_cap) {
    uint32_t cap = m->block_cap == 0 ? 8 : m->block_cap * 2;
    struct conversation **blocks =
        realloc(m->blocks, cap * sizeof(struct conversation *));
    if (blocks == NULL)
      return false;
    m->blocks = blocks;
    m->block_cap = cap;
  }
  struct conversation *block = calloc(CV_BLOCK, sizeof(*block));
  if (block == NULL)
    return false;
  for (uint32_t i = 0; i < CV_BLOCK; i++)
    block[i].older =
        i + 1 < CV_BLOCK ? m->block_count * CV_BLOCK + i + 1 : m->free;
  m->free = m->block_count * CV_BLOCK;
  m->blocks[m->block_count++] = block;
  return true;
}

/* Small rooms for persons stay for who comes next. */
void cv_set_drop(struct conversations *m, uint32_t number) {
  struct conversation *c = cv_at(m, number);
  struct person *persons = c->persons;
  uint8_t cap = c->cap;
  empty_slot(m, slot_of(m, c->id));
  unlink_one(m, c);
  if (cap > FIRST_PERSONS) {
    free(persons);
    m->persons -= cap;
    persons = NULL;
    cap = 0;
  }
  *c = (struct conversation){.older = m->free, .persons = persons, .cap = cap};
  m->free = number;
  m->count--;
}

/* What is heard of it again must not be counted again: from now on nothing
 * that began as early is ours. Never beyond the present, whatever times the
 * server sent. */
void cv_set_evict(struct conversations *m, uint32_t number) {
  const struct conversation *c = cv_at(m, number);
  int64_t floor = m->floor_ms;
  for (unsigned i = 0; i < c->count; i++) {
    int64_t after = c->persons[i].connected_ms + 1;
    if (after > m->now_ms)
      after = m->now_ms;
    if (after > floor)
      floor = after;
  }
  m->floor_ms = floor;
  cv_set_drop(m, number);
}

static void make_room(struct conversations *m) {
  m->stats.evicted++;
  cv_set_evict(m, m->oldest);
}

uint32_t cv_set_add(struct conversations *m, struct uuid_key id) {
  while (m->count > 0 && m->count >= m->s.max)
    make_room(m);
  if ((m->free == CV_NOBODY && !grow_pool(m)) ||
      (m->count * 2 >= m->slot_count && !grow_slots(m)))
    return CV_NOBODY;

  uint32_t number = m->free;
  struct conversation *c = cv_at(m, number);
  m->free = c->older;
  c->id = id;
  c->flags = C_USED;
  m->slots[slot_of(m, id)] = number + 1;
  m->count++;
  link_newest(m, number);
  cv_set_heard(m, number);
  return number;
}

/* Others go when all have too many persons together; `c` is the newest. */
static bool grow_persons(struct conversations *m, struct conversation *c) {
  size_t max = (size_t)m->s.max * CV_PERSONS_EACH + CV_PERSONS_MAX;
  unsigned cap = c->cap < FIRST_PERSONS ? FIRST_PERSONS
                 : c->cap < 4           ? c->cap + 1u
                                        : c->cap + c->cap / 2u;
  if (cap > CV_PERSONS_MAX)
    cap = CV_PERSONS_MAX;
  while (m->persons + cap - c->cap > max && m->oldest != m->newest)
    make_room(m);
  struct person *persons = realloc(c->persons, cap * sizeof(*persons));
  if (persons == NULL)
    return false;
  m->persons += cap - c->cap;
  c->persons = persons;
  c->cap = (uint8_t)cap;
  return true;
}

struct person *cv_set_person(struct conversations *m, struct conversation *c) {
  if (c->count == CV_PERSONS_MAX || (c->count == c->cap && !grow_persons(m, c)))
    return NULL;
  struct person *p = &c->persons[c->count++];
  memset(p, 0, sizeof(*p));
  return p;
}

void cv_set_clear(struct conversations *m) {
  for (uint32_t b = 0; b < m->block_count; b++) {
    for (uint32_t i = 0; i < CV_BLOCK; i++)
      free(m->blocks[b][i].persons);
    free(m->blocks[b]);
  }
  free(m->blocks);
  free(m->slots);
}
