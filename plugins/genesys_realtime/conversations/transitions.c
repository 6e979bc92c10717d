/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/internal.h"

/* Steps are taken in the order of their times; at one time in this one. */
enum kind {
  RINGS,    /* an agent participant appears */
  RELEASED, /* from hold */
  CONNECTS,
  HOLDS,
  ENDS,
  WAITS, /* an acd participant appears */
  WRAPS_UP,
  WRAPPED_UP,
};

/* Legs end and begin with a few milliseconds between them, or none; nobody was
 * in between. */
#define TOGETHER_MS 20

#define NO_TIME INT64_MAX /* after all that has one */

struct walk {
  struct conversations *m;
  struct conversation *c;
  uint32_t queue;
  unsigned count; /* of m->steps */
};

/* ---- states ---- */

static enum cv_state state_of_person(const struct person *p) {
  if (!(p->flags & P_SEEN))
    return CV_STATE_NONE;
  if (p->flags & P_STANDING)
    return (enum cv_state)p->hold;
  if (p->flags & P_ENDED)
    return (p->flags & (P_ACW | P_ACW_OVER)) == P_ACW ? CV_STATE_WRAPUP
                                                      : CV_STATE_ENDED;
  if (p->purpose == CV_ACD)
    return CV_STATE_WAITING;
  if (!(p->flags & P_CONNECTED))
    return CV_STATE_ALERTING;
  return p->flags & P_HELD ? CV_STATE_HELD : CV_STATE_ACTIVE;
}

enum cv_state cv_state_of(const struct conversation *c, uint32_t queue) {
  enum cv_state highest = CV_STATE_NONE;
  for (unsigned i = 0; i < c->count; i++) {
    if (c->persons[i].queue != queue)
      continue;
    enum cv_state state = state_of_person(&c->persons[i]);
    if (state > highest)
      highest = state;
  }
  return highest;
}

enum cv_media cv_media_of(const struct conversation *c, uint32_t queue) {
  enum cv_media agents = CV_UNKNOWN;
  for (unsigned i = 0; i < c->count; i++) {
    const struct person *p = &c->persons[i];
    if (p->queue != queue || p->media == CV_UNKNOWN)
      continue;
    if (p->purpose == CV_ACD)
      return (enum cv_media)p->media;
    if (agents == CV_UNKNOWN)
      agents = (enum cv_media)p->media;
  }
  return agents;
}

bool cv_is_first_of_queue(const struct conversation *c, unsigned person) {
  for (unsigned i = 0; i < person; i++)
    if (c->persons[i].queue == c->persons[person].queue)
      return false;
  return true;
}

/* ---- steps ---- */

static void add_step(struct walk *w, int64_t at, enum kind kind,
                     unsigned person) {
  struct step *steps = w->m->steps;
  struct step step = {at, (uint8_t)kind, (uint8_t)person};
  unsigned i = w->count++;
  for (; i > 0 && (steps[i - 1].at > at ||
                   (steps[i - 1].at == at && steps[i - 1].kind > kind));
       i--)
    steps[i] = steps[i - 1];
  steps[i] = step;
}

/* When it began to ring nobody says: before it was connected or gave up, and
 * while the contact waited. */
static int64_t rang_at(const struct walk *w, const struct person *p) {
  int64_t at = p->connected_ms != 0 ? p->connected_ms
               : p->end_ms != 0     ? p->end_ms
                                    : NO_TIME;
  const struct person *acd = cv_acd_before(w->c, w->queue, at);
  return acd != NULL && acd->end_ms != 0 && acd->end_ms < at ? acd->end_ms : at;
}

static void add_acd(struct walk *w, unsigned i) {
  const struct person *p = &w->c->persons[i];
  if (!(p->flags & P_SEEN))
    add_step(w,
             p->connected_ms != 0 ? p->connected_ms
             : p->end_ms != 0     ? p->end_ms
                                  : NO_TIME,
             WAITS, i);
  if (p->end_ms != 0 && !(p->flags & P_ENDED))
    add_step(w, p->end_ms, ENDS, i);
}

/* A leg that ends is on hold no longer. */
static void add_agent(struct walk *w, unsigned i) {
  const struct person *p = &w->c->persons[i];
  const struct gain *g = &w->m->gains[i];
  bool ends = p->end_ms != 0 && !(p->flags & P_ENDED);
  if (!(p->flags & P_SEEN))
    add_step(w, rang_at(w, p), RINGS, i);
  if (p->connected_ms != 0 && !(p->flags & P_CONNECTED))
    add_step(w, p->connected_ms, CONNECTS, i);
  if (g->release)
    add_step(w, g->hold_ms != 0 ? g->hold_ms : NO_TIME, RELEASED, i);
  else if (ends && (p->flags & P_HELD))
    add_step(w, p->end_ms, RELEASED, i);
  if (g->hold_ms != 0)
    add_step(w, g->hold_ms, HOLDS, i);
  if (ends)
    add_step(w, p->end_ms, ENDS, i);
  if (g->acw_ms != 0 && !ends)
    add_step(w, g->acw_ms, WRAPS_UP, i);
  if (g->acw_end_ms != 0 && (g->acw_ms != 0 || (p->flags & P_ACW)))
    add_step(w, g->acw_end_ms > p->end_ms ? g->acw_end_ms : p->end_ms,
             WRAPPED_UP, i);
}

static void take_step(struct walk *w, const struct step *s) {
  struct person *p = &w->c->persons[s->person];
  switch ((enum kind)s->kind) {
  case RINGS:
  case WAITS:
    p->flags |= P_SEEN;
    break;
  case RELEASED:
    p->flags &= (uint16_t)~P_HELD;
    break;
  case CONNECTS:
    p->flags |= P_CONNECTED;
    break;
  case HOLDS:
    p->flags |= P_HELD;
    break;
  case ENDS:
    p->flags |= w->m->gains[s->person].acw_ms != 0 ? P_ENDED | P_ACW : P_ENDED;
    break;
  case WRAPS_UP:
    p->flags |= P_ACW;
    break;
  case WRAPPED_UP:
    p->flags |= P_ACW_OVER;
    break;
  }
}

static bool is_joinable(const struct step *s) {
  return s->kind == CONNECTS || s->kind == ENDS || s->kind == WAITS;
}

/* How many steps from `first` are one: what happens together, to different
 * persons. */
static unsigned length_of(const struct walk *w, unsigned first) {
  const struct step *s = w->m->steps;
  unsigned end = first + 1;
  if (!is_joinable(&s[first]) || s[first].at == NO_TIME)
    return 1;
  for (; end < w->count && is_joinable(&s[end]) &&
         s[end].at - s[first].at <= TOGETHER_MS;
       end++)
    for (unsigned i = first; i < end; i++)
      if (s[i].person == s[end].person)
        return end - first;
  return end - first;
}

/* ---- changes ---- */

/* A contact that was there before we were: how it stands when we first hear of
 * it is no change. */
static bool is_older_than_us(const struct walk *w) {
  for (unsigned i = 0; i < w->c->count; i++) {
    const struct person *p = &w->c->persons[i];
    if (p->queue == w->queue && p->purpose == CV_ACD && p->connected_ms != 0 &&
        p->connected_ms < w->c->since_ms)
      return true;
  }
  return false;
}

static void count_change(struct walk *w, enum cv_state from, enum cv_state to) {
  struct pair *pair = cv_pair(w->m, w->queue, cv_media_of(w->c, w->queue));
  if (pair != NULL)
    pair->t.changes[from][to]++;
}

/* Unless another agent hid it. */
static void count_past_hold(struct walk *w, unsigned held) {
  int64_t at = w->m->gains[held].past_hold_ms;
  for (unsigned i = 0; i < w->c->count; i++) {
    const struct person *p = &w->c->persons[i];
    if (i != held && p->queue == w->queue && p->purpose == CV_AGENT &&
        p->connected_ms != 0 && p->connected_ms <= at &&
        (p->end_ms == 0 || p->end_ms > at))
      return;
  }
  count_change(w, CV_STATE_ACTIVE, CV_STATE_HELD);
  count_change(w, CV_STATE_HELD, CV_STATE_ACTIVE);
}

static void take_steps(struct walk *w) {
  enum cv_state from = cv_state_of(w->c, w->queue);
  bool silent = from == CV_STATE_NONE && is_older_than_us(w);
  for (unsigned i = 0, n; i < w->count; i += n) {
    n = length_of(w, i);
    for (unsigned k = i; k < i + n; k++)
      take_step(w, &w->m->steps[k]);
    enum cv_state to = cv_state_of(w->c, w->queue);
    if (to != from && from != CV_STATE_NONE && !silent &&
        w->m->steps[i + n - 1].at >= w->c->since_ms)
      count_change(w, from, to);
    from = to;
  }
}

void cv_walk(struct conversations *m, struct conversation *c) {
  for (unsigned first = 0; first < c->count; first++) {
    struct walk w = {m, c, c->persons[first].queue, 0};
    if (!cv_is_first_of_queue(c, first))
      continue;
    for (unsigned i = first; i < c->count; i++) {
      if (c->persons[i].queue != w.queue)
        continue;
      if (c->persons[i].purpose == CV_ACD)
        add_acd(&w, i);
      else
        add_agent(&w, i);
      if (m->gains[i].past_hold_ms >= c->since_ms)
        count_past_hold(&w, i);
    }
    take_steps(&w);
    /* The first contact of a queue and medium makes its counters. */
    enum cv_media media = cv_media_of(c, w.queue);
    if (w.count > 0 && media != CV_UNKNOWN)
      (void)cv_pair(m, w.queue, media);
  }
}
