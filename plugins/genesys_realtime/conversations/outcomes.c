/* SPDX-License-Identifier: MIT */
/* A stay in a queue that ended unanswered was abandoned or has gone on
 * elsewhere. The times decide, whichever snapshots arrived: it has gone on
 * if another leg (a queue, an agent elsewhere, a flow, a callback) began before
 * the last customer of the stay left. A leg that begins then or later belongs
 * to an offer of its own, such as that of a customer who returns, and the stay
 * was abandoned. A callback begins when it is made, not at its scheduled time.
 * A stay that ends with transfer* has gone on.
 *
 * An outcome is counted at once. If a leg that began before the end is first
 * reported after it, the outcome is taken back and the right one is counted:
 *
 *   snapshot                              abandons (owed)   answers
 *   1  a contact ends, its customer too           1   (0)         0
 *   2  an agent had answered it                   1   (1)         1
 *   3  another contact is abandoned               1   (0)         1
 *
 * An answer is taken back in the same way, with its wait in the histogram, if
 * an earlier answer is reported later, or if the agent answered another stay. A
 * breach is taken back if the wait turns out to be within the target. */
#include "plugins/genesys_realtime/conversations/internal.h"

/* A longer wait comes from a wrong time. */
#define WAIT_MAX_MS (INT64_C(366) * 86400000)

/* ---- one wait ---- */

/* Returns true if the wait began before the queue's counters. */
static bool is_early(const struct conversations *m, const struct cv_wait *w) {
  return w->start_ms < m->queues[w->queue].since_ms;
}

static struct pair *pair_of(struct conversations *m, const struct cv_wait *w) {
  return is_early(m, w) ? NULL : cv_queue_pair(m, w->queue, w->media);
}

static int64_t duration_ms(const struct cv_wait *w, int64_t until_ms) {
  int64_t ms = until_ms - w->start_ms;
  return ms < 0 ? 0 : ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS;
}

static void take_breach_back(const struct cv_wait *w, struct pair *pair) {
  if (w->is_resumed || w->start_ms < pair->target_since_ms)
    return;
  *w->counted &= (uint8_t)~COUNTED_BREACH;
  cv_take_back(&pair->t.breaches, &pair->t.breaches_owed);
}

void cv_count_breach(struct conversations *m, const struct cv_wait *w,
                     int64_t wait_ms) {
  int64_t target_ms = cv_queue_target_ms(m, w->queue, w->media);
  struct pair *pair = pair_of(m, w);
  bool is_breach = wait_ms > target_ms;
  if (pair == NULL || target_ms == 0 ||
      is_breach == ((*w->counted & COUNTED_BREACH) != 0))
    return;
  if (!is_breach) {
    take_breach_back(w, pair);
    return;
  }
  /* An offer has at most one breach, even if the conversation was removed in
   * between. */
  if (pair->t.breaches - pair->t.breaches_owed >= pair->t.offers)
    return;
  *w->counted |= COUNTED_BREACH;
  cv_add_count(&pair->t.breaches, &pair->t.breaches_owed);
}

void cv_count_offer(struct conversations *m, const struct cv_wait *w) {
  struct pair *pair = pair_of(m, w);
  *w->counted |= COUNTED_OFFER;
  if (pair != NULL)
    pair->t.offers++;
  else if (is_early(m, w))
    *w->counted |= COUNTED_EARLY;
}

static size_t bucket_of(const struct conversations *m, int64_t wait_ms) {
  size_t i = 0;
  while (i < m->s.bound_count && wait_ms > m->bounds_ms[i])
    i++;
  return i;
}

static void count_duration(const struct conversations *m, struct pair *pair,
                           int64_t wait_ms) {
  struct conversations_totals *t = &pair->t;
  size_t bucket = bucket_of(m, wait_ms);
  uint64_t ms = (uint64_t)wait_ms;
  t->waits[bucket]++;
  for (size_t i = bucket; i < m->s.bound_count; i++)
    t->waits_owed[i] -= t->waits_owed[i] > 0;
  t->wait_ms += ms;
  t->wait_owed_ms -= ms < t->wait_owed_ms ? ms : t->wait_owed_ms;
  cv_add_count(&t->answers, &t->answers_owed);
}

static void take_duration_back(const struct conversations *m, struct pair *pair,
                               int64_t wait_ms) {
  struct conversations_totals *t = &pair->t;
  size_t bucket = bucket_of(m, wait_ms);
  /* conversations_reset may have cleared the counters since: its clock is a
   * moment behind the contacts. */
  if (t->waits[bucket] == 0 || t->wait_ms < (uint64_t)wait_ms)
    return;
  t->waits[bucket]--;
  for (size_t i = bucket; i < m->s.bound_count; i++)
    t->waits_owed[i]++;
  t->wait_ms -= (uint64_t)wait_ms;
  t->wait_owed_ms += (uint64_t)wait_ms;
  cv_take_back(&t->answers, &t->answers_owed);
}

/* Returns true if an offer has no outcome yet. Impossible times, or a removal
 * in between, may suggest a second outcome of an offer. It is not counted. */
static bool has_open_offer(const struct pair *pair) {
  return pair != NULL && pair->t.answers - pair->t.answers_owed +
                                 pair->t.abandons - pair->t.abandons_owed <
                             pair->t.offers;
}

bool cv_count_answer(struct conversations *m, const struct cv_wait *w,
                     int64_t at_ms) {
  int64_t wait_ms = duration_ms(w, at_ms);
  struct pair *pair = pair_of(m, w);
  bool is_open = has_open_offer(pair);
  *w->counted |= COUNTED_ANSWER;
  if (is_open)
    count_duration(m, pair, wait_ms);
  cv_count_breach(m, w, wait_ms);
  return is_open;
}

void cv_count_departure(struct conversations *m, const struct cv_wait *w,
                        bool elsewhere, int64_t at_ms) {
  struct pair *pair = pair_of(m, w);
  *w->counted |= COUNTED_DEPARTURE;
  if (pair != NULL && elsewhere) {
    *w->counted |= COUNTED_ELSEWHERE;
    cv_add_count(&pair->t.transfers, &pair->t.transfers_owed);
  } else if (has_open_offer(pair)) {
    *w->counted |= COUNTED_ABANDON;
    cv_add_count(&pair->t.abandons, &pair->t.abandons_owed);
  }
  cv_count_breach(m, w, duration_ms(w, at_ms));
}

int64_t cv_breach_due_ms(const struct conversations *m,
                         const struct cv_wait *w) {
  if (!cv_is_pending(*w->counted) || (*w->counted & COUNTED_BREACH) ||
      is_early(m, w))
    return 0;
  int64_t target_ms = cv_queue_target_ms(m, w->queue, w->media);
  return target_ms == 0 ? 0 : w->start_ms + target_ms + CV_BREACH_GRACE_MS;
}

/* ---- the outcomes of a conversation's participants ---- */

/* Returns true if the contact began before the conversation was removed. A
 * callback that was known then may have begun later, at its time. */
static bool is_resumed(const struct conversation *c,
                       const struct participant *acd) {
  return acd->is_known && acd->connected_ms <= c->known_ms;
}

/* Returns the index in c->pending of an offer that had no outcome when the
 * conversation was removed; -1: it is not there. */
static int pending_of(const struct conversation *c,
                      const struct participant *acd) {
  for (int i = 0; i < CV_PENDING_MAX; i++)
    if (acd->connected_ms == cv_pending_ms(c->pending[i], c->known_ms))
      return i;
  return -1;
}

static struct cv_wait wait_of(const struct conversation *c,
                              struct participant *acd) {
  return (struct cv_wait){&acd->counted, acd->connected_ms, acd->queue,
                          (enum cv_media)acd->media,
                          is_resumed(c, acd) && pending_of(c, acd) < 0};
}

/* Returns true if the contact was offered before the conversation was removed,
 * and the counters with the offer still exist. */
static bool was_offered(const struct conversations *m,
                        const struct conversation *c,
                        const struct participant *acd) {
  return is_resumed(c, acd) && !cv_is_prior(c, acd) &&
         m->queues[acd->queue].retired <= c->known_retired;
}

/* Returns true if the contact's outcome was known when the conversation was
 * removed. */
static bool had_outcome(const struct conversation *c,
                        const struct participant *acd, int64_t answer_ms) {
  bool is_over = (acd->end_ms != 0 && acd->end_ms <= c->known_ms) ||
                 (answer_ms != 0 && answer_ms <= c->known_ms);
  return pending_of(c, acd) < 0 && (c->is_pending_exact || is_over);
}

/* Resumes an offer that was counted before the conversation was removed. Its
 * outcome is new, unless it was known then. */
static void resume_offer(const struct conversations *m,
                         const struct conversation *c, struct participant *acd,
                         struct participant *const *answered) {
  int64_t answer_ms = cv_find_answer_ms(c, acd, answered);
  if (!was_offered(m, c, acd) || had_outcome(c, acd, answer_ms))
    return;
  int pending = pending_of(c, acd);
  bool was_breached =
      pending < 0 ? c->were_others_breached : c->breached >> pending & 1;
  acd->counted |= was_breached ? COUNTED_OFFER | COUNTED_BREACH : COUNTED_OFFER;
}

static void count_acd_offer(struct conversations *m,
                            const struct conversation *c,
                            struct participant *acd,
                            struct participant *const *answered) {
  if (acd->connected_ms == 0 || cv_is_prior(c, acd) ||
      (acd->counted & COUNTED_OFFER) ||
      (acd->media == CV_UNKNOWN && acd->end_ms == 0))
    return;
  struct cv_wait wait = wait_of(c, acd);
  if (is_resumed(c, acd))
    resume_offer(m, c, acd, answered);
  else
    cv_count_offer(m, &wait);
}

static void count_acd_answer(struct conversations *m,
                             const struct conversation *c,
                             struct participant *acd,
                             struct participant *const *answered) {
  int64_t answer_ms = cv_find_answer_ms(c, acd, answered);
  struct cv_wait wait = wait_of(c, acd);
  if (answer_ms == 0 || !cv_count_answer(m, &wait, answer_ms))
    return;
  int64_t wait_ms = duration_ms(&wait, answer_ms);
  acd->answered = wait_ms < UINT32_MAX ? (uint32_t)wait_ms + 1 : 0;
}

/* Takes an answer back if facts that are first reported now show another one:
 * an agent answered earlier, or the agent answered another stay. */
static void revise_answer(struct conversations *m, const struct conversation *c,
                          struct participant *acd,
                          struct participant *const *answered) {
  if (acd->purpose != CV_ACD || acd->answered == 0)
    return;
  struct cv_wait wait = wait_of(c, acd);
  int64_t answer_ms = cv_find_answer_ms(c, acd, answered);
  int64_t counted_ms = (int64_t)acd->answered - 1;
  if (answer_ms != 0 && duration_ms(&wait, answer_ms) == counted_ms)
    return;
  struct pair *pair = pair_of(m, &wait);
  acd->counted &= (uint8_t)~COUNTED_ANSWER;
  acd->answered = 0;
  if (pair != NULL)
    take_duration_back(m, pair, counted_ms);
}

/* Returns true if the transfer counts: the contact was offered since the
 * block's start, and the transfer was not counted before a removal. */
static bool is_transfer_counted(const struct conversations *m,
                                const struct conversation *c,
                                const struct participant *agent,
                                const struct participant *acd) {
  return is_resumed(c, acd)
             ? was_offered(m, c, acd) &&
                   (!agent->is_known || agent->end_ms > c->known_ms)
             : (acd->counted & COUNTED_OFFER) != 0;
}

/* Counts the transfer of an agent's leg that was connected and ended with
 * transfer*. If the contact was offered before the block's start, the transfer
 * is noted but not counted. */
static void count_agent_transfer(struct conversations *m,
                                 const struct conversation *c,
                                 struct participant *agent,
                                 struct participant *acd) {
  bool is_counted = is_transfer_counted(m, c, agent, acd);
  if (!agent->is_transferred || (agent->counted & COUNTED_TRANSFER) ||
      !(is_counted || acd->is_known || cv_is_prior(c, acd)))
    return;
  agent->counted |= COUNTED_TRANSFER;
  struct cv_wait wait = wait_of(c, acd);
  struct pair *pair = is_counted ? pair_of(m, &wait) : NULL;
  if (pair != NULL)
    cv_add_count(&pair->t.transfers, &pair->t.transfers_owed);
}

bool cv_regain_offers(const struct conversations *m, struct conversation *c) {
  bool has_regained = false;
  for (unsigned i = 0; i < c->count; i++) {
    struct participant *p = &c->participants[i];
    struct cv_wait wait = wait_of(c, p);
    if (p->purpose != CV_ACD || !(p->counted & COUNTED_EARLY) ||
        is_early(m, &wait))
      continue;
    p->counted = 0;
    has_regained = true;
  }
  return has_regained;
}

void cv_regain_transfers(struct conversation *c) {
  struct participant *answered[CV_PARTS_MAX];
  cv_find_answered(c, answered);
  for (unsigned i = 0; i < c->count; i++)
    if (answered[i] != NULL && !answered[i]->is_known &&
        !(answered[i]->counted & COUNTED_OFFER))
      c->participants[i].counted &= (uint8_t)~COUNTED_TRANSFER;
}

/* Returns true if an agent of the queue rings who may still answer the contact:
 * it is the newest one of the agent's medium. Checks one agent of each medium.
 */
static bool is_ringing(const struct conversation *c,
                       const struct participant *acd) {
  unsigned media_seen = 0;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->queue != acd->queue || p->purpose != CV_AGENT ||
        p->connected_ms != 0 || p->end_ms != 0 || (media_seen >> p->media & 1))
      continue;
    media_seen |= 1u << p->media;
    if (cv_find_acd(c, p, INT64_MAX) == acd)
      return true;
  }
  return false;
}

/* Returns true for a later stay in a queue that has not begun, such as a
 * callback before its time. */
static bool is_later_stay(const struct participant *p,
                          const struct participant *acd) {
  return p->purpose == CV_ACD && p->connected_ms == 0 &&
         (p->end_ms == 0 || p->end_ms >= acd->end_ms);
}

static bool has_open_agent(const struct conversation *c) {
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->purpose == CV_AGENT && p->connected_ms != 0 && p->end_ms == 0)
      return true;
  }
  return false;
}

/* Returns true if another leg followed this one, or will follow it. */
static bool is_continued(const struct conversation *c,
                         const struct participant *acd) {
  if (cv_find_continued_ms(c, acd) != 0)
    return true;
  for (unsigned i = 0; i < c->count; i++)
    if (&c->participants[i] != acd && is_later_stay(&c->participants[i], acd))
      return true;
  return false;
}

/* Returns true if another leg has begun and a moment has passed since this one
 * ended, so that an agent who still rings can no longer answer. */
static bool is_continued_for_long(const struct conversation *c,
                                  const struct participant *acd) {
  int64_t last_ms = c->other_connected_ms;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    int64_t ms = p->connected_ms > p->end_ms ? p->connected_ms : p->end_ms;
    if (ms > last_ms)
      last_ms = ms;
  }
  return last_ms > acd->end_ms + CV_SLACK_MS &&
         cv_find_continued_ms(c, acd) != 0;
}

static bool is_customer_gone(const struct conversation *c,
                             const struct participant *acd) {
  return acd->is_last || acd->gone != 0 ||
         (c->customers > 0 && c->customers_gone >= c->customers);
}

/* Returns true for a departed contact. A participant that is still missing may
 * be the agent who answered. The answer may still follow while an
 * agent rings or the customer is there, unless the contact went on elsewhere.
 * While an agent of another stay is connected, only the end of that leg shows
 * whether the contact went on with this agent. */
bool cv_is_departed(const struct conversation *c,
                    const struct participant *acd) {
  return (acd->counted & COUNTED_DEPARTURE) || cv_has_departed(c, acd);
}

bool cv_has_departed(const struct conversation *c,
                     const struct participant *acd) {
  if (acd->end_ms == 0 || c->is_partial)
    return false;
  if (is_ringing(c, acd))
    return is_continued_for_long(c, acd);
  return is_continued(c, acd) ||
         (!has_open_agent(c) && is_customer_gone(c, acd));
}

static void count_acd_departure(struct conversations *m,
                                const struct conversation *c,
                                struct participant *acd) {
  struct cv_wait wait = wait_of(c, acd);
  if (cv_is_departed(c, acd))
    cv_count_departure(m, &wait, cv_is_continued(c, acd) || acd->is_transferred,
                       acd->end_ms);
}

/* Counts the breach of a wait that is over, whatever its outcome will be. The
 * agent who answers may be connected a moment before the acd participant ends.
 */
static void count_acd_breach(struct conversations *m,
                             const struct conversation *c,
                             struct participant *acd) {
  struct cv_wait wait = wait_of(c, acd);
  if (acd->end_ms != 0)
    cv_count_breach(m, &wait, duration_ms(&wait, acd->end_ms - CV_SLACK_MS));
}

/* Takes a departure back if a leg that is first reported now shows another
 * outcome: the contact was answered, or an abandoned one had gone on. */
static void revise_departure(struct conversations *m,
                             const struct conversation *c,
                             struct participant *acd,
                             struct participant *const *answered) {
  bool is_abandon = acd->counted & COUNTED_ABANDON;
  if (!(acd->counted & (COUNTED_ABANDON | COUNTED_ELSEWHERE)) ||
      (cv_find_answer_ms(c, acd, answered) == 0 &&
       !(is_abandon && (cv_is_continued(c, acd) || acd->is_transferred))))
    return;
  struct cv_wait wait = wait_of(c, acd);
  struct pair *pair = pair_of(m, &wait);
  acd->counted &=
      (uint8_t) ~(COUNTED_DEPARTURE | COUNTED_ABANDON | COUNTED_ELSEWHERE);
  if (pair != NULL && is_abandon)
    cv_take_back(&pair->t.abandons, &pair->t.abandons_owed);
  else if (pair != NULL)
    cv_take_back(&pair->t.transfers, &pair->t.transfers_owed);
}

void cv_count_outcomes(struct conversations *m, struct conversation *c,
                       struct participant *const *answered) {
  for (unsigned i = 0; i < c->count; i++)
    if (c->participants[i].purpose == CV_ACD)
      count_acd_offer(m, c, &c->participants[i], answered);
  /* Takes counts back before it adds new ones, so that the new ones settle
   * those that are owed. */
  for (unsigned i = 0; i < c->count; i++) {
    revise_departure(m, c, &c->participants[i], answered);
    revise_answer(m, c, &c->participants[i], answered);
  }
  for (unsigned i = 0; i < c->count; i++) {
    struct participant *p = &c->participants[i];
    if (answered[i] != NULL)
      count_agent_transfer(m, c, p, answered[i]);
    if (cv_is_pending(p->counted))
      count_acd_answer(m, c, p, answered);
    if (cv_is_pending(p->counted))
      count_acd_departure(m, c, p);
    if (cv_is_pending(p->counted))
      count_acd_breach(m, c, p);
  }
}

/* ---- contacts that still wait ---- */

static int64_t due_of(const struct conversations *m,
                      const struct conversation *c, struct participant *p) {
  struct cv_wait wait = wait_of(c, p);
  return p->end_ms == 0 ? cv_breach_due_ms(m, &wait) : 0;
}

void cv_count_overdue(struct conversations *m, struct conversation *c) {
  for (unsigned i = 0; i < c->count; i++) {
    int64_t due_ms = due_of(m, c, &c->participants[i]);
    if (due_ms != 0 && due_ms <= m->complete_ms && due_ms > c->seen_ms)
      c->seen_ms = due_ms;
  }
  for (unsigned i = 0; i < c->count; i++) {
    struct participant *p = &c->participants[i];
    int64_t due_ms = due_of(m, c, p);
    if (due_ms == 0 || due_ms > m->complete_ms)
      continue;
    struct cv_wait wait = wait_of(c, p);
    cv_count_breach(m, &wait, due_ms - p->connected_ms);
    cv_note_counted(m, due_ms);
  }
  cv_schedule_breach(m, c);
}

/* Returns true for a contact that was offered before the start and is neither
 * answered nor departed. Its outcome will end the wait. */
static bool is_open_prior(const struct conversation *c,
                          const struct participant *acd) {
  if (acd->purpose != CV_ACD || !cv_is_prior(c, acd) ||
      (acd->counted & COUNTED_OFFER) || cv_is_departed(c, acd))
    return false;
  struct participant *answered[CV_PARTS_MAX];
  cv_find_answered(c, answered);
  return cv_find_answer_ms(c, acd, answered) == 0;
}

void cv_schedule_breach(const struct conversations *m, struct conversation *c) {
  bool is_inactive = true;
  c->due_ms = 0;
  for (unsigned i = 0; i < c->count; i++) {
    struct participant *p = &c->participants[i];
    int64_t due_ms = due_of(m, c, p);
    if (due_ms != 0 && (c->due_ms == 0 || due_ms < c->due_ms))
      c->due_ms = due_ms;
    is_inactive = is_inactive && p->end_ms != 0 && !cv_is_pending(p->counted) &&
                  !cv_is_wrapping_up(p) && !is_open_prior(c, p);
  }
  if (c->is_closed) {
    is_inactive = true;
    c->due_ms = 0;
  }
  c->is_inactive = is_inactive;
}
