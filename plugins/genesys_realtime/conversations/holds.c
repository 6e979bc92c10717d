/* SPDX-License-Identifier: MIT */
/* The holds of a conversation that were counted. A hold is identified by its
 * start. The latest hold of a participant is in struct participant; its earlier
 * holds are in this list, so that a late or repeated snapshot counts nothing
 * twice. Most conversations have no list. */
#include <stdlib.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { HOLDS_MAX = 1000, FIRST_HOLDS = 4 };

struct cv_holds {
  uint16_t count, cap;
  struct {
    uint32_t begin;
    uint8_t participant;
  } list[];
};

static bool is_listed(const struct conversation *c, unsigned participant,
                      uint32_t begin) {
  const struct cv_holds *h = c->holds;
  for (unsigned i = 0; h != NULL && i < h->count; i++)
    if (h->list[i].begin == begin && h->list[i].participant == participant)
      return true;
  return false;
}

static bool grow_list(struct conversations *m, struct conversation *c) {
  unsigned cap = c->holds == NULL ? FIRST_HOLDS : c->holds->cap * 2u;
  size_t each = sizeof(c->holds->list[0]);
  if (cap > HOLDS_MAX)
    cap = HOLDS_MAX;
  if (c->holds != NULL && c->holds->count >= cap)
    return false;
  struct cv_holds *grown = realloc(c->holds, sizeof(*grown) + cap * each);
  if (grown == NULL)
    return false;
  if (c->holds == NULL)
    *grown = (struct cv_holds){.count = 0};
  else
    m->hold_cap -= grown->cap;
  m->hold_cap += cap;
  grown->cap = (uint16_t)cap;
  c->holds = grown;
  return true;
}

static void list_hold(struct conversations *m, struct conversation *c,
                      unsigned participant, uint32_t begin) {
  if ((c->holds == NULL || c->holds->count == c->holds->cap) &&
      !grow_list(m, c)) {
    c->are_holds_full = true;
    return;
  }
  unsigned i = c->holds->count++;
  c->holds->list[i].begin = begin;
  c->holds->list[i].participant = (uint8_t)participant;
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

void cv_holds_forget(struct conversation *c, unsigned participant) {
  struct cv_holds *h = c->holds;
  unsigned kept = 0;
  for (unsigned i = 0; h != NULL && i < h->count; i++) {
    if (h->list[i].participant == participant)
      continue;
    h->list[kept] = h->list[i];
    h->list[kept++].participant -= h->list[i].participant > participant;
  }
  if (h != NULL)
    h->count = (uint16_t)kept;
}

bool cv_holds_next(const struct conversation *c, unsigned participant,
                   unsigned *at, int64_t *ret_ms) {
  const struct participant *p = &c->participants[participant];
  const struct cv_holds *h = c->holds;
  uint32_t begin = 0;
  if (*at == 0 && p->purpose == CV_AGENT)
    begin = p->latest_hold;
  *at += *at == 0;
  for (; begin == 0 && h != NULL && *at <= h->count; ++*at)
    if (h->list[*at - 1].participant == participant)
      begin = h->list[*at - 1].begin;
  *ret_ms = p->connected_ms + begin - 1;
  return begin != 0;
}

void cv_holds_free(struct conversations *m, struct conversation *c) {
  if (c->holds != NULL)
    m->hold_cap -= c->holds->cap;
  free(c->holds);
  c->holds = NULL;
}

size_t cv_holds_bytes(const struct conversations *m) {
  return m->hold_cap * sizeof(((struct cv_holds *)NULL)->list[0]);
}
