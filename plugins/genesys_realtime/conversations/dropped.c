/* SPDX-License-Identifier: MIT */
/* The ids of participants that were dropped to make room for others of their
 * conversation. They were counted before; with their ids a repeated snapshot
 * counts nothing twice. */
#include <stdlib.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { DROPPED_MAX = 1000, FIRST_DROPPED = 16 };

struct cv_dropped {
  uint16_t count, cap;
  int64_t start_ms, fact_ms; /* as in struct cv_removed */
  uint64_t ids[];
};

bool cv_is_dropped(const struct conversation *c, uint64_t id) {
  for (unsigned i = 0; c->dropped != NULL && i < c->dropped->count; i++)
    if (c->dropped->ids[i] == id)
      return true;
  return false;
}

static bool grow_dropped(struct conversations *m, struct conversation *c) {
  unsigned cap = c->dropped == NULL ? FIRST_DROPPED : c->dropped->cap * 2u;
  if (cap > DROPPED_MAX)
    cap = DROPPED_MAX;
  if (c->dropped != NULL && c->dropped->count >= cap)
    return false;
  struct cv_dropped *grown =
      realloc(c->dropped, sizeof(*grown) + cap * sizeof(grown->ids[0]));
  if (grown == NULL)
    return false;
  if (c->dropped == NULL)
    *grown = (struct cv_dropped){.count = 0};
  m->dropped_cap += cap - grown->cap;
  grown->cap = (uint16_t)cap;
  c->dropped = grown;
  return true;
}

bool cv_dropped_add(struct conversations *m, struct conversation *c,
                    const struct participant *p, int64_t fact_ms) {
  if ((c->dropped == NULL || c->dropped->count == c->dropped->cap) &&
      !grow_dropped(m, c))
    return false;
  struct cv_dropped *d = c->dropped;
  d->ids[d->count++] = p->id;
  if (p->connected_ms > d->start_ms)
    d->start_ms = p->connected_ms;
  if (fact_ms > d->fact_ms)
    d->fact_ms = fact_ms;
  return true;
}

void cv_dropped_describe(const struct conversation *c, struct cv_removed *r) {
  if (c->dropped == NULL)
    return;
  if (c->dropped->start_ms > r->start_ms)
    r->start_ms = c->dropped->start_ms;
  if (c->dropped->fact_ms > r->fact_ms)
    r->fact_ms = c->dropped->fact_ms;
}

void cv_dropped_free(struct conversations *m, struct conversation *c) {
  if (c->dropped != NULL)
    m->dropped_cap -= c->dropped->cap;
  free(c->dropped);
  c->dropped = NULL;
}

size_t cv_dropped_bytes(const struct conversations *m) {
  return m->dropped_cap * sizeof(((struct cv_dropped *)NULL)->ids[0]);
}
