/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/internal.h"

/* Times of two legs that touch may be this much out of order. */
#define SLACK_MS 1000

/* Nobody waits longer: a time that says so is none. */
#define WAIT_MAX_MS (INT64_C(366) * 86400000)

struct person *cv_acd_before(const struct conversation *c, uint32_t queue,
                             int64_t at_ms) {
  struct person *newest = NULL, *next = NULL;
  for (unsigned i = 0; i < c->count; i++) {
    struct person *p = &c->persons[i];
    if (p->queue != queue || p->purpose != CV_ACD || p->connected_ms == 0)
      continue;
    if (p->connected_ms <= at_ms &&
        (newest == NULL || p->connected_ms > newest->connected_ms ||
         (p->connected_ms == newest->connected_ms && p->id < newest->id)))
      newest = p;
    if (p->connected_ms > at_ms && p->connected_ms - at_ms <= SLACK_MS &&
        (next == NULL || p->connected_ms < next->connected_ms))
      next = p;
  }
  return newest != NULL ? newest : next;
}

static struct pair *pair_of(struct conversations *m, const struct person *acd) {
  return cv_pair(m, acd->queue, (enum cv_media)acd->media);
}

static int64_t wait_of(const struct person *acd, int64_t until_ms) {
  int64_t wait = until_ms - acd->connected_ms;
  return wait < 0 ? 0 : wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}

static void judge_breach(struct conversations *m, struct person *acd,
                         int64_t wait_ms) {
  int64_t target = cv_target_ms(m, acd->queue, (enum cv_media)acd->media);
  struct pair *pair = pair_of(m, acd);
  if (pair == NULL || target == 0 || wait_ms <= target ||
      (acd->flags & P_BREACHED))
    return;
  acd->flags |= P_BREACHED;
  pair->t.breaches++;
}

static void judge_offer(struct conversations *m, const struct conversation *c,
                        struct person *acd) {
  if (acd->connected_ms == 0)
    return;
  if (!(acd->flags & (P_OURS | P_OLD)))
    acd->flags |= acd->connected_ms >= c->since_ms ? P_OURS : P_OLD;
  if (!(acd->flags & P_OURS) || (acd->flags & P_COUNTED) ||
      (acd->media == CV_UNKNOWN && acd->end_ms == 0))
    return;
  acd->flags |= P_COUNTED;
  struct pair *pair = pair_of(m, acd);
  if (pair != NULL)
    pair->t.offers++;
}

bool cv_is_pending(const struct person *p) {
  return p->purpose == CV_ACD && (p->flags & P_OURS) &&
         (p->flags & P_COUNTED) && !(p->flags & (P_ANSWERED | P_LEFT));
}

static void count_wait(const struct conversations *m, struct pair *pair,
                       int64_t wait_ms) {
  size_t i = 0;
  while (i < m->s.bound_count && wait_ms > m->bounds_ms[i])
    i++;
  pair->t.waits[i]++;
  pair->t.wait_ms += (uint64_t)wait_ms;
  pair->t.answers++;
}

void cv_answered(struct conversations *m, struct person *acd, int64_t at_ms) {
  int64_t wait = wait_of(acd, at_ms);
  struct pair *pair = pair_of(m, acd);
  acd->flags |= P_ANSWERED;
  if (pair != NULL)
    count_wait(m, pair, wait);
  judge_breach(m, acd, wait);
}

void cv_left(struct conversations *m, struct person *acd, bool elsewhere,
             int64_t at_ms) {
  struct pair *pair = pair_of(m, acd);
  acd->flags |= P_LEFT;
  if (pair != NULL && elsewhere)
    pair->t.transfers++;
  else if (pair != NULL)
    pair->t.abandons++;
  judge_breach(m, acd, wait_of(acd, at_ms));
}

/* The first agent that was connected during this stay in the queue answered
 * it. An agent without an acd participant of its queue (a call on behalf of the
 * queue) answers nothing. */
static void judge_answer(struct conversations *m, const struct conversation *c,
                         struct person *acd, struct person *const *stays) {
  int64_t first = 0;
  for (unsigned i = 0; i < c->count; i++) {
    const struct person *p = &c->persons[i];
    if (stays[i] == acd && (first == 0 || p->connected_ms < first))
      first = p->connected_ms;
  }
  if (first != 0)
    cv_answered(m, acd, first);
}

/* An agent's leg that was connected and ended with transfer*. */
static void judge_transfer(struct conversations *m, struct person *agent,
                           const struct person *acd) {
  if (!(agent->flags & P_TRANSFERRED) || (agent->flags & P_COUNTED) ||
      !(acd->flags & (P_COUNTED | P_OLD)))
    return;
  agent->flags |= P_COUNTED;
  struct pair *pair = acd->flags & P_OURS ? pair_of(m, acd) : NULL;
  if (pair != NULL)
    pair->t.transfers++;
}

static bool rings(const struct conversation *c, uint32_t queue) {
  for (unsigned i = 0; i < c->count; i++) {
    const struct person *p = &c->persons[i];
    if (p->queue == queue && p->purpose == CV_AGENT && p->connected_ms == 0 &&
        p->end_ms == 0)
      return true;
  }
  return false;
}

/* Another leg began when this one ended: a queue again, an agent elsewhere, a
 * flow. */
static bool went_on(const struct conversation *c, const struct person *acd) {
  if (c->other_ms >= acd->end_ms)
    return true;
  for (unsigned i = 0; i < c->count; i++) {
    const struct person *p = &c->persons[i];
    if (p != acd && p->connected_ms > acd->connected_ms &&
        p->connected_ms >= acd->end_ms - SLACK_MS)
      return true;
  }
  return false;
}

static bool is_customer_gone(const struct conversation *c) {
  return (c->flags & C_OVER) ||
         (c->customers > 0 && c->customers_gone >= c->customers);
}

/* The acd participant ended and no agent answered. While one rings or the
 * customer stays, this may be but the moment before the answer. */
static void judge_leaving(struct conversations *m, const struct conversation *c,
                          struct person *acd) {
  if (acd->end_ms == 0 || rings(c, acd->queue))
    return;
  bool elsewhere = went_on(c, acd);
  if (!elsewhere && !is_customer_gone(c))
    return;
  cv_left(m, acd, elsewhere || (acd->flags & P_TRANSFERRED), acd->end_ms);
}

void cv_judge(struct conversations *m, struct conversation *c) {
  struct person *stays[CV_PERSONS_MAX]; /* an agent's acd participant */
  for (unsigned i = 0; i < c->count; i++) {
    struct person *p = &c->persons[i];
    stays[i] = NULL;
    if (p->purpose == CV_ACD)
      judge_offer(m, c, p);
    else if (p->connected_ms != 0)
      stays[i] = cv_acd_before(c, p->queue, p->connected_ms);
  }
  for (unsigned i = 0; i < c->count; i++) {
    struct person *p = &c->persons[i];
    if (stays[i] != NULL)
      judge_transfer(m, p, stays[i]);
    if (cv_is_pending(p))
      judge_answer(m, c, p, stays);
    if (cv_is_pending(p))
      judge_leaving(m, c, p);
  }
}

/* When waiting alone makes a breach; 0: never. */
static int64_t due_of(const struct conversations *m, const struct person *p) {
  if (!cv_is_pending(p) || p->end_ms != 0 || (p->flags & P_BREACHED))
    return 0;
  int64_t target = cv_target_ms(m, p->queue, (enum cv_media)p->media);
  return target == 0 ? 0 : p->connected_ms + target + CV_BREACH_GRACE_MS;
}

void cv_judge_waiting(struct conversations *m, struct conversation *c) {
  for (unsigned i = 0; i < c->count; i++) {
    struct person *p = &c->persons[i];
    int64_t due = due_of(m, p);
    if (due != 0 && due <= m->heard_ms)
      judge_breach(m, p, due - p->connected_ms);
  }
  cv_settle(m, c);
}

void cv_settle(const struct conversations *m, struct conversation *c) {
  bool quiet = true;
  c->due_ms = 0;
  for (unsigned i = 0; i < c->count; i++) {
    const struct person *p = &c->persons[i];
    int64_t due = due_of(m, p);
    if (due != 0 && (c->due_ms == 0 || due < c->due_ms))
      c->due_ms = due;
    quiet &= p->end_ms != 0 && !cv_is_pending(p) &&
             (p->flags & (P_ACW | P_ACW_OVER)) != P_ACW;
  }
  if (c->flags & C_CLOSED) {
    quiet = true;
    c->due_ms = 0;
  }
  c->flags = (uint8_t)(quiet ? c->flags | C_QUIET : c->flags & ~C_QUIET);
}
