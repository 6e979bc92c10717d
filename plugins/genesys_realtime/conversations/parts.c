/* SPDX-License-Identifier: MIT */
/* The lists of a conversation, and the limit of its participants.
 *
 * A hold is identified by its start. The latest hold of a participant is in
 * struct participant; its earlier holds are in a list, so that a late or
 * repeated snapshot counts nothing twice. Most conversations have no list.
 *
 * Participants that were dropped to make room for others leave their ids, so
 * that a repeated snapshot does not add them again. */
#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"
#include "plugins/genesys_realtime/conversations/internal.h"

enum {
  HOLDS_MAX = 1000,
  FIRST_HOLDS = 4,
  DROPPED_MAX = 1000,
  FIRST_DROPPED = 16
};

struct cv_holds {
  uint16_t cap;
  struct {
    uint32_t begin;
    uint8_t participant;
  } list[];
};

struct cv_dropped {
  uint16_t count, cap;
  uint64_t ids[];
};

/* ---- holds ---- */

static bool is_listed(const struct conversation *c, unsigned participant,
                      uint32_t begin) {
  for (unsigned i = 0; i < c->hold_count; i++)
    if (c->holds->list[i].begin == begin &&
        c->holds->list[i].participant == participant)
      return true;
  return false;
}

static bool grow_holds(struct conversations *m, struct conversation *c) {
  unsigned before = c->holds == NULL ? 0 : c->holds->cap;
  unsigned cap = before == 0 ? FIRST_HOLDS : before * 2;
  if (cap > HOLDS_MAX)
    cap = HOLDS_MAX;
  if (before >= cap)
    return false;
  struct cv_holds *grown =
      realloc(c->holds, sizeof(*grown) + cap * sizeof(grown->list[0]));
  if (grown == NULL)
    return false;
  m->hold_cap += cap - before;
  grown->cap = (uint16_t)cap;
  c->holds = grown;
  return true;
}

static void list_hold(struct conversations *m, struct conversation *c,
                      unsigned participant, uint32_t begin) {
  if ((c->holds == NULL || c->hold_count == c->holds->cap) &&
      !grow_holds(m, c)) {
    c->are_holds_full = true;
    return;
  }
  unsigned i = c->hold_count++;
  c->holds->list[i].begin = begin;
  c->holds->list[i].participant = (uint8_t)participant;
}

void cv_holds_make_room(struct conversation *c, unsigned count) {
  unsigned dropped = HOLDS_MAX / 2;
  if (c->hold_count + count <= HOLDS_MAX || c->hold_count < dropped)
    return;
  c->are_holds_full = true;
  c->hold_count = (uint16_t)(c->hold_count - dropped);
  memmove(&c->holds->list[0], &c->holds->list[dropped],
          c->hold_count * sizeof(c->holds->list[0]));
}

bool cv_holds_add(struct conversations *m, struct conversation *c,
                  unsigned participant, uint32_t begin) {
  struct participant *p = &c->participants[participant];
  if (begin == p->latest_hold || is_listed(c, participant, begin) ||
      (begin < p->latest_hold && c->are_holds_full))
    return false;
  if (begin < p->latest_hold) {
    list_hold(m, c, participant, begin);
    return true;
  }
  if (p->latest_hold != 0)
    list_hold(m, c, participant, p->latest_hold);
  p->latest_hold = begin;
  return true;
}

/* Forgets the holds of a participant that is removed; the indexes after it fall
 * by one. */
static void forget_holds(struct conversation *c, unsigned participant) {
  unsigned kept = 0;
  for (unsigned i = 0; i < c->hold_count; i++) {
    if (c->holds->list[i].participant == participant)
      continue;
    c->holds->list[kept] = c->holds->list[i];
    c->holds->list[kept++].participant -=
        c->holds->list[i].participant > participant;
  }
  c->hold_count = (uint16_t)kept;
}

bool cv_holds_next(const struct conversation *c, unsigned participant,
                   unsigned *at, int64_t *ret_ms) {
  const struct participant *p = &c->participants[participant];
  uint32_t begin = 0;
  if (*at == 0 && p->purpose == CV_AGENT && p->connected_ms != 0)
    begin = p->latest_hold;
  *at += *at == 0;
  for (; begin == 0 && *at <= c->hold_count && p->connected_ms != 0; ++*at)
    if (c->holds->list[*at - 1].participant == participant)
      begin = c->holds->list[*at - 1].begin;
  *ret_ms = p->connected_ms + begin - 1;
  return begin != 0;
}

/* ---- dropped participants ---- */

bool cv_is_dropped(const struct conversation *c, uint64_t id) {
  for (unsigned i = 0; c->dropped != NULL && i < c->dropped->count; i++)
    if (c->dropped->ids[i] == id)
      return true;
  return false;
}

static bool grow_dropped(struct conversations *m, struct conversation *c) {
  unsigned before = c->dropped == NULL ? 0 : c->dropped->cap;
  unsigned cap = before == 0 ? FIRST_DROPPED : before * 2;
  if (cap > DROPPED_MAX)
    cap = DROPPED_MAX;
  if (before >= cap)
    return false;
  struct cv_dropped *grown =
      realloc(c->dropped, sizeof(*grown) + cap * sizeof(grown->ids[0]));
  if (grown == NULL)
    return false;
  if (before == 0)
    grown->count = 0;
  m->dropped_cap += cap - before;
  grown->cap = (uint16_t)cap;
  c->dropped = grown;
  return true;
}

/* The least worth is dropped first; WORTH_KEPT is not dropped. */
enum worth { WORTH_ALERT, WORTH_AGENT, WORTH_ACD, WORTH_KEPT };

/* The contacts of the agents that are kept stay, and the newest contact of each
 * queue and medium: an agent who comes later may serve it. */
static void find_worth(const struct conversation *c,
                       uint8_t ret[CV_PARTS_MAX]) {
  struct cv_reading r;
  cv_read(c, &r);
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    bool is_open = p->purpose == CV_ACD && p->connected_ms != 0 &&
                   r.outcome[i] == CV_OUTCOME_OPEN;
    ret[i] = p->end_ms == 0 || is_open || cv_is_wrapping_up(p) ? WORTH_KEPT
             : p->purpose == CV_ACD                            ? WORTH_ACD
             : p->connected_ms == 0                            ? WORTH_ALERT
                                                               : WORTH_AGENT;
  }
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    const struct participant *acd = p->purpose == CV_ACD
                                        ? cv_find_acd(c, p, INT64_MAX)
                                        : cv_find_served(c, p);
    if (acd != NULL)
      ret[acd - c->participants] = WORTH_KEPT;
  }
}

/* Returns the index of the oldest of the participants with the least worth;
 * c->count: all are kept. */
static unsigned find_least_worth(const struct conversation *c,
                                 const uint8_t *worth) {
  unsigned found = c->count;
  uint8_t least = WORTH_KEPT;
  for (unsigned i = 0; i < c->count; i++)
    if (worth[i] < least || (worth[i] == least && least < WORTH_KEPT &&
                             c->participants[i].connected_ms <
                                 c->participants[found].connected_ms)) {
      found = i;
      least = worth[i];
    }
  return found;
}

/* Keeps in the contact when the agent answered it. */
static void keep_answer(struct conversation *c, const struct participant *p) {
  if (p->purpose != CV_AGENT || p->connected_ms == 0)
    return;
  const struct participant *found = cv_find_acd(c, p, p->connected_ms);
  if (found == NULL)
    return;
  struct participant *acd = &c->participants[found - c->participants];
  if (acd->dropped_ms == 0 || p->connected_ms < acd->dropped_ms)
    acd->dropped_ms = p->connected_ms;
}

static bool drop_participant(struct conversations *m, struct conversation *c,
                             unsigned index, uint8_t *worth) {
  const struct participant *p = &c->participants[index];
  unsigned after = c->count - index - 1u;
  if ((c->dropped == NULL || c->dropped->count == c->dropped->cap) &&
      !grow_dropped(m, c))
    return false;
  GC_ASSERT(p->end_ms != 0 && !cv_is_dropped(c, p->id));
  c->dropped->ids[c->dropped->count++] = p->id;
  keep_answer(c, p);
  forget_holds(c, index);
  c->known -= index < c->known;
  c->paused = index + 1 == c->paused ? 0 : c->paused - (index + 1 < c->paused);
  memmove(&c->participants[index], &c->participants[index + 1],
          after * sizeof(c->participants[0]));
  memmove(&worth[index], &worth[index + 1], after);
  c->count--;
  return true;
}

unsigned cv_drop(struct conversations *m, struct conversation *c,
                 unsigned count) {
  uint8_t worth[CV_PARTS_MAX];
  unsigned dropped = 0;
  find_worth(c, worth);
  for (; dropped < count; dropped++) {
    unsigned index = find_least_worth(c, worth);
    if (index == c->count || !drop_participant(m, c, index, worth))
      break;
  }
  return dropped;
}

/* ---- memory ---- */

void cv_parts_free(struct conversations *m, struct conversation *c) {
  m->hold_cap -= c->holds != NULL ? c->holds->cap : 0;
  m->dropped_cap -= c->dropped != NULL ? c->dropped->cap : 0;
  free(c->holds);
  free(c->dropped);
  c->holds = NULL;
  c->dropped = NULL;
  c->hold_count = 0;
}

size_t cv_parts_bytes(const struct conversations *m) {
  return m->hold_cap * sizeof(((struct cv_holds *)NULL)->list[0]) +
         m->dropped_cap * sizeof(uint64_t);
}
