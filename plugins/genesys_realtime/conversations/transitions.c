/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/internal.h"

/* Steps are applied in the order of their times; those of the same time in this
 * order. */
enum step_kind {
  STEP_RING,    /* an agent participant appears */
  STEP_RELEASE, /* from hold */
  STEP_CONNECT,
  STEP_HOLD,
  STEP_END,
  STEP_WAIT, /* an acd participant appears */
  STEP_ACW,
  STEP_ACW_END,
};

/* One leg ends and the next begins within so many milliseconds: one change of
 * state. */
#define SIMULTANEOUS_MS 20

#define TIME_UNKNOWN INT64_MAX /* sorts after all known times */

struct transitions {
  struct conversations *m;
  struct conversation *c;
  uint32_t queue;
  enum cv_media media;
  unsigned count; /* of m->steps */
};

static bool is_in_presence(const struct transitions *t,
                           const struct participant *p) {
  return p->queue == t->queue && p->counted_media == t->media;
}

/* ---- steps ---- */

static void add_step(struct transitions *t, int64_t at_ms, enum step_kind kind,
                     unsigned participant) {
  struct step *steps = t->m->steps;
  struct step step = {at_ms, (uint8_t)kind, (uint8_t)participant};
  unsigned i = t->count++;
  for (; i > 0 && (steps[i - 1].at_ms > at_ms ||
                   (steps[i - 1].at_ms == at_ms && steps[i - 1].kind > kind));
       i--)
    steps[i] = steps[i - 1];
  steps[i] = step;
}

/* The platform does not report when an agent began to ring: no later than it
 * was connected or ended, and while the contact still waited. */
static int64_t find_ring_ms(const struct transitions *t,
                            const struct participant *p) {
  int64_t at = p->connected_ms != 0 ? p->connected_ms
               : p->end_ms != 0     ? p->end_ms
                                    : TIME_UNKNOWN;
  const struct participant *acd = cv_find_acd(t->c, t->queue, at);
  return acd != NULL && acd->end_ms != 0 && acd->end_ms < at ? acd->end_ms : at;
}

static void add_acd_steps(struct transitions *t, unsigned i) {
  const struct participant *p = &t->c->participants[i];
  if (p->is_scheduled && p->connected_ms == 0 && p->end_ms == 0)
    return; /* it does not wait yet */
  if (!(p->progress & PROGRESS_SEEN))
    add_step(t,
             p->connected_ms != 0 ? p->connected_ms
             : p->end_ms != 0     ? p->end_ms
                                  : TIME_UNKNOWN,
             STEP_WAIT, i);
  if (p->end_ms != 0 && !(p->progress & PROGRESS_ENDED))
    add_step(t, p->end_ms, STEP_END, i);
}

/* A leg that ends is no longer on hold. */
static void add_agent_steps(struct transitions *t, unsigned i) {
  const struct participant *p = &t->c->participants[i];
  const struct gain *g = &t->m->gains[i];
  bool ends = p->end_ms != 0 && !(p->progress & PROGRESS_ENDED);
  if (!(p->progress & PROGRESS_SEEN))
    add_step(t, find_ring_ms(t, p), STEP_RING, i);
  if (p->connected_ms != 0 && !(p->progress & PROGRESS_CONNECTED))
    add_step(t, p->connected_ms, STEP_CONNECT, i);
  if (g->release)
    add_step(t, g->hold_ms != 0 ? g->hold_ms : TIME_UNKNOWN, STEP_RELEASE, i);
  else if (ends && (p->progress & PROGRESS_HELD))
    add_step(t, p->end_ms, STEP_RELEASE, i);
  if (g->hold_ms != 0)
    add_step(t, g->hold_ms, STEP_HOLD, i);
  if (ends)
    add_step(t, p->end_ms, STEP_END, i);
  if (g->acw_ms != 0 && !ends)
    add_step(t, g->acw_ms, STEP_ACW, i);
  if (g->acw_end_ms != 0 && (g->acw_ms != 0 || (p->progress & PROGRESS_ACW)))
    add_step(t, g->acw_end_ms > p->end_ms ? g->acw_end_ms : p->end_ms,
             STEP_ACW_END, i);
}

static void apply_step(struct transitions *t, const struct step *s) {
  struct participant *p = &t->c->participants[s->participant];
  switch ((enum step_kind)s->kind) {
  case STEP_RING:
  case STEP_WAIT:
    p->progress |= PROGRESS_SEEN;
    break;
  case STEP_RELEASE:
    p->progress &= (uint8_t)~PROGRESS_HELD;
    break;
  case STEP_CONNECT:
    p->progress |= PROGRESS_CONNECTED;
    break;
  case STEP_HOLD:
    p->progress |= PROGRESS_HELD;
    break;
  case STEP_END:
    p->progress |= t->m->gains[s->participant].acw_ms != 0
                       ? PROGRESS_ENDED | PROGRESS_ACW
                       : PROGRESS_ENDED;
    break;
  case STEP_ACW:
    p->progress |= PROGRESS_ACW;
    break;
  case STEP_ACW_END:
    p->progress |= PROGRESS_ACW_ENDED;
    break;
  }
}

static bool is_joinable(const struct step *s) {
  return s->kind == STEP_CONNECT || s->kind == STEP_END || s->kind == STEP_WAIT;
}

/* How many steps from `first` on are one change: simultaneous ones of different
 * participants. */
static unsigned count_simultaneous(const struct transitions *t,
                                   unsigned first) {
  const struct step *s = t->m->steps;
  unsigned end = first + 1;
  if (!is_joinable(&s[first]) || s[first].at_ms == TIME_UNKNOWN)
    return 1;
  for (; end < t->count && is_joinable(&s[end]) &&
         s[end].at_ms - s[first].at_ms <= SIMULTANEOUS_MS;
       end++)
    for (unsigned i = first; i < end; i++)
      if (s[i].participant == s[end].participant)
        return end - first;
  return end - first;
}

/* ---- changes ---- */

/* A contact that was offered before: its state when the model first sees it is
 * no change. */
static bool has_prior_offer(const struct transitions *t) {
  for (unsigned i = 0; i < t->c->count; i++) {
    const struct participant *p = &t->c->participants[i];
    if (is_in_presence(t, p) && p->purpose == CV_ACD && cv_is_prior(t->c, p))
      return true;
  }
  return false;
}

static void count_change(struct transitions *t, enum cv_state from,
                         enum cv_state to) {
  struct pair *pair = cv_queue_pair(t->m, t->queue, t->media);
  if (pair != NULL)
    pair->t.changes[from][to]++;
}

/* Not while another agent was active: the state of the queue did not change. */
static void count_past_hold(struct transitions *t, unsigned held) {
  int64_t at = t->m->gains[held].past_hold_ms;
  for (unsigned i = 0; i < t->c->count; i++) {
    const struct participant *p = &t->c->participants[i];
    if (i != held && is_in_presence(t, p) && p->purpose == CV_AGENT &&
        p->connected_ms != 0 && p->connected_ms <= at &&
        (p->end_ms == 0 || p->end_ms > at))
      return;
  }
  count_change(t, CV_STATE_ACTIVE, CV_STATE_HELD);
  count_change(t, CV_STATE_HELD, CV_STATE_ACTIVE);
}

static void apply_steps(struct transitions *t) {
  enum cv_state from = cv_state_of(t->c, t->queue, t->media);
  bool is_silent = from == CV_STATE_NONE && has_prior_offer(t);
  for (unsigned i = 0, n; i < t->count; i += n) {
    n = count_simultaneous(t, i);
    for (unsigned k = i; k < i + n; k++)
      apply_step(t, &t->m->steps[k]);
    enum cv_state to = cv_state_of(t->c, t->queue, t->media);
    if (to != from && from != CV_STATE_NONE && !is_silent &&
        t->m->steps[i + n - 1].at_ms >= t->c->since_ms)
      count_change(t, from, to);
    from = to;
  }
}

void cv_apply_transitions(struct conversations *m, struct conversation *c) {
  for (unsigned first = 0; first < c->count; first++) {
    const struct participant *p = &c->participants[first];
    struct transitions t = {m, c, p->queue, (enum cv_media)p->counted_media, 0};
    if (!cv_is_first_of_presence(c, first))
      continue;
    for (unsigned i = first; i < c->count; i++) {
      if (!is_in_presence(&t, &c->participants[i]))
        continue;
      if (c->participants[i].purpose == CV_ACD)
        add_acd_steps(&t, i);
      else
        add_agent_steps(&t, i);
      if (m->gains[i].past_hold_ms >= c->since_ms)
        count_past_hold(&t, i);
    }
    apply_steps(&t);
    /* The first contact of a queue and medium creates its counters. */
    if (t.count > 0 && t.media != CV_UNKNOWN)
      (void)cv_queue_pair(m, t.queue, t.media);
  }
}
