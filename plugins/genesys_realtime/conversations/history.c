/* SPDX-License-Identifier: MIT */
/* What is counted of a conversation follows from its facts alone:
 *
 *   history     facts → counts by queue and medium
 *   cv_cut      the facts that were known at a time
 *   facts       of a pair: the sum over all conversations; an event subtracts
 *               the counts of the facts before it and adds those after it
 *   counter     the highest sum so far
 *
 * So what an event contradicts is no longer in the sum, and the counter stays
 * until the next ones of the kind have made up for it.
 *
 *   snapshot                              abandons: facts   counter   answers
 *   1  a contact ends, its customer too                 1         1         0
 *   2  an agent had answered it                         0         1         1
 *   3  another contact is abandoned                     1         1         1
 *
 * The changes of state are those of the states that the times, in order, give.
 * The rules:
 * - each step is a change of its own, however soon the next one follows
 * - the wait of a contact that was answered ends with its acd participant, but
 *   not before the agent is connected; the wait of any other contact ends when
 *   its outcome is known
 * - the platform does not report when an agent began to ring: the model takes
 *   the moment before the agent was connected or stopped ringing
 * - the end of a hold has no time. Holds are no steps but are counted by their
 *   start, if no other agent was active then */
#include <string.h>

#include "common/base/assert.h"
#include "plugins/genesys_realtime/conversations/internal.h"

/* A longer wait comes from a wrong time. */
#define WAIT_MAX_MS (INT64_C(366) * 86400000)

struct history {
  struct conversations *m;
  const struct conversation *c;
  struct cv_reading r;
  int sign;         /* 1: the counts are added; -1: subtracted; 0: neither */
  int64_t until_ms; /* holds that began later are left out */
  struct cv_outlook outlook;
};

struct pair *cv_change_pair(struct conversations *m, uint32_t queue,
                            enum cv_media media, int sign) {
  struct pair *pair = sign != 0 ? cv_queue_pair(m, queue, media) : NULL;
  if (pair != NULL && !pair->has_changed) {
    pair->has_changed = true;
    pair->next_changed = m->changed;
    m->changed = pair;
  }
  return pair;
}

/* A sum may be negative until all facts are counted. */
static void add_count(struct pair *pair, unsigned counter, int64_t amount) {
  if (pair != NULL)
    pair->t.facts.at[counter] += (uint64_t)amount;
}

/* ---- waits ---- */

static int64_t duration_ms(int64_t start_ms, int64_t until_ms) {
  int64_t ms = until_ms - start_ms;
  return ms < 0 ? 0 : ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS;
}

static unsigned bucket_of(const struct conversations *m, int64_t wait_ms) {
  unsigned i = 0;
  while (i < m->s.bound_count && wait_ms > m->bounds_ms[i])
    i++;
  return i;
}

bool cv_is_early(const struct conversations *m, uint32_t queue,
                 int64_t start_ms) {
  int64_t since_ms = m->queues[queue].since_ms;
  return since_ms != 0 && start_ms < since_ms + m->resets_ms;
}

/* A contact that still waits is a breach a moment after the target, because the
 * event of its answer may be on the way. */
int64_t cv_add_wait(struct conversations *m, const struct conversation *c,
                    const struct cv_wait *w, int sign) {
  static const uint8_t counters[] = {[CV_OUTCOME_ANSWER] = CV_ANSWERS,
                                     [CV_OUTCOME_ABANDON] = CV_ABANDONS,
                                     [CV_OUTCOME_TRANSFER] = CV_TRANSFERS};
  struct pair *pair = cv_change_pair(m, w->queue, w->media, sign);
  int64_t target_ms = cv_queue_target_ms(m, w->queue, w->media);
  int64_t wait_ms = duration_ms(w->start_ms, w->over_ms);
  int64_t due_ms = w->start_ms + target_ms + CV_BREACH_GRACE_MS;
  bool lasts = w->over_ms == 0, was_seen = due_ms <= c->seen_ms;
  add_count(pair, CV_OFFERS, sign);
  if (w->outcome != CV_OUTCOME_OPEN)
    add_count(pair, counters[w->outcome], sign);
  if (w->outcome == CV_OUTCOME_ANSWER) {
    for (unsigned i = bucket_of(m, wait_ms); i < m->s.bound_count; i++)
      add_count(pair, CV_WAITS + i, sign);
    add_count(pair, CV_WAIT_MS, sign * wait_ms);
  }
  if (target_ms != 0 && (lasts ? was_seen : wait_ms > target_ms))
    add_count(pair, CV_BREACHES, sign);
  return target_ms != 0 && lasts && !was_seen ? due_ms : 0;
}

/* ---- contacts ---- */

static bool is_prior(const struct conversation *c,
                     const struct participant *acd) {
  return acd->connected_ms != 0 && acd->connected_ms < c->since_ms;
}

/* Returns true if the queue was retired after the removal: its counters lack
 * the contact. */
static bool is_retired(const struct history *h, const struct participant *acd) {
  return acd - h->c->participants < h->c->known &&
         acd->connected_ms <= h->c->known_ms &&
         h->m->queues[acd->queue].retired > h->c->known_retired;
}

/* Returns true if the contact is in the counters: it began after the block, and
 * after the counters of its queue. */
static bool is_offer(const struct history *h, const struct participant *acd) {
  return acd->connected_ms != 0 && !is_prior(h->c, acd) &&
         (acd->media != CV_UNKNOWN || acd->end_ms != 0) &&
         !cv_is_early(h->m, acd->queue, acd->connected_ms) &&
         !is_retired(h, acd);
}

/* While the outcome is not known, the agent who answers may have been connected
 * a moment before the acd participant ended. */
static int64_t find_over_ms(const struct history *h, unsigned i) {
  const struct participant *p = &h->c->participants[i];
  if (h->r.outcome[i] == CV_OUTCOME_ANSWER)
    return h->r.answer_ms[i];
  return h->r.outcome[i] == CV_OUTCOME_OPEN && p->end_ms != 0
             ? p->end_ms - CV_SLACK_MS
             : p->end_ms;
}

static void add_contact(struct history *h, unsigned i) {
  const struct participant *p = &h->c->participants[i];
  struct cv_wait wait = {p->queue, (enum cv_media)p->media,
                         (enum cv_outcome)h->r.outcome[i], p->connected_ms,
                         find_over_ms(h, i)};
  h->outlook.is_over &= p->connected_ms == 0 || wait.outcome != CV_OUTCOME_OPEN;
  if (!is_offer(h, p))
    return;
  int64_t due_ms = cv_add_wait(h->m, h->c, &wait, h->sign);
  if (due_ms != 0 && (h->outlook.due_ms == 0 || due_ms < h->outlook.due_ms))
    h->outlook.due_ms = due_ms;
}

/* An agent's leg that was connected and ended with transfer*. */
static void add_agent_transfer(const struct history *h, unsigned i) {
  const struct participant *p = &h->c->participants[i], *acd = h->r.served[i];
  if (acd != NULL && p->connected_ms != 0 && p->is_transferred &&
      is_offer(h, acd))
    add_count(
        cv_change_pair(h->m, acd->queue, (enum cv_media)acd->media, h->sign),
        CV_TRANSFERS, h->sign);
}

/* ---- steps ---- */

/* Steps are applied in the order of their times; steps of the same time are
 * applied in this order. */
enum step_kind {
  STEP_RING, /* an agent participant appears */
  STEP_CONNECT,
  STEP_ACW,   /* before STEP_END, so that the end of the leg begins wrap-up */
  STEP_LEAVE, /* a wait ends: before the end of an alert at that time */
  STEP_END,
  STEP_WAIT, /* an acd participant appears */
  STEP_ACW_END,
};

#define TIME_UNKNOWN INT64_MAX /* sorts after all known times */

struct presence {
  struct history *h;
  uint32_t queue;
  uint8_t media;
  unsigned count;                 /* number of m->steps */
  uint8_t progress[CV_PARTS_MAX]; /* bits: the steps that were applied */
};

static bool is_in_presence(const struct presence *t, unsigned i) {
  return t->h->c->participants[i].queue == t->queue &&
         t->h->r.media[i] == t->media;
}

static void add_step(struct presence *t, int64_t at_ms, enum step_kind kind,
                     unsigned participant) {
  struct cv_step *steps = t->h->m->steps;
  struct cv_step step = {.at_ms = at_ms,
                         .kind = (uint8_t)kind,
                         .participant = (uint8_t)participant};
  GC_ASSERT(t->count < CV_STEPS_MAX);
  unsigned i = t->count++;
  for (; i > 0 && (steps[i - 1].at_ms > at_ms ||
                   (steps[i - 1].at_ms == at_ms && steps[i - 1].kind > kind));
       i--)
    steps[i] = steps[i - 1];
  steps[i] = step;
}

/* Returns when the wait of a departed contact ends: with its own end, or with
 * an alert that ends a moment later. */
static int64_t find_alerts_end_ms(const struct presence *t,
                                  const struct participant *acd) {
  const struct conversation *c = t->h->c;
  int64_t last_ms = acd->end_ms;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (is_in_presence(t, i) && p->purpose == CV_AGENT &&
        p->connected_ms == 0 && p->end_ms > last_ms &&
        p->end_ms - acd->end_ms <= CV_SLACK_MS &&
        cv_find_acd(c, p, p->end_ms) == acd)
      last_ms = p->end_ms;
  }
  return last_ms;
}

/* Returns when the contact stopped waiting; 0: it still waits, or its outcome
 * is not known. */
static int64_t find_wait_end_ms(const struct presence *t,
                                const struct participant *acd) {
  unsigned i = (unsigned)(acd - t->h->c->participants);
  enum cv_outcome outcome = (enum cv_outcome)t->h->r.outcome[i];
  int64_t answer_ms = t->h->r.answer_ms[i];
  if (acd->end_ms == 0 || outcome == CV_OUTCOME_OPEN)
    return 0;
  if (outcome == CV_OUTCOME_ANSWER)
    return answer_ms > acd->end_ms ? answer_ms : acd->end_ms;
  return find_alerts_end_ms(t, acd);
}

/* Returns true for a callback that does not wait yet, or never did. */
static bool is_unreached_callback(const struct participant *acd) {
  return acd->connected_ms == 0 &&
         (acd->is_scheduled || (acd->media == CV_CALLBACK && acd->end_ms != 0));
}

/* Returns the moment at which a participant appears in the history. */
static int64_t find_begin_ms(const struct participant *p) {
  return p->connected_ms != 0 ? p->connected_ms
         : p->end_ms != 0     ? p->end_ms
                              : TIME_UNKNOWN;
}

static void add_acd_steps(struct presence *t, unsigned i) {
  const struct participant *p = &t->h->c->participants[i];
  int64_t wait_end_ms = find_wait_end_ms(t, p);
  if (is_unreached_callback(p))
    return;
  add_step(t, find_begin_ms(p), STEP_WAIT, i);
  if (wait_end_ms != 0)
    add_step(t, wait_end_ms, STEP_LEAVE, i);
}

/* Returns true if the alert ended with the wait of its contact, whose outcome
 * is not known. */
static bool is_end_open(const struct presence *t,
                        const struct participant *agent) {
  const struct participant *acd =
      agent->connected_ms == 0 ? cv_find_acd(t->h->c, agent, agent->end_ms)
                               : NULL;
  return acd != NULL && acd->end_ms != 0 && acd->end_ms <= agent->end_ms &&
         agent->end_ms - acd->end_ms <= CV_SLACK_MS &&
         find_wait_end_ms(t, acd) == 0;
}

static void add_agent_steps(struct presence *t, unsigned i) {
  const struct participant *p = &t->h->c->participants[i];
  add_step(t, find_begin_ms(p), STEP_RING, i);
  if (p->connected_ms != 0)
    add_step(t, p->connected_ms, STEP_CONNECT, i);
  if (p->end_ms != 0 && !is_end_open(t, p))
    add_step(t, p->end_ms, STEP_END, i);
  if (p->acw_start_ms == 0)
    return;
  bool is_with_end = p->end_ms != 0 && p->acw_start_ms > p->end_ms &&
                     p->acw_start_ms - p->end_ms <= CV_SLACK_MS;
  add_step(t, is_with_end ? p->end_ms : p->acw_start_ms, STEP_ACW, i);
  if (p->acw_end_ms != 0)
    add_step(t, p->acw_end_ms > p->end_ms ? p->acw_end_ms : p->end_ms,
             STEP_ACW_END, i);
}

/* ---- changes of state ---- */

static enum cv_state state_of_participant(const struct presence *t,
                                          unsigned i) {
  unsigned progress = t->progress[i];
  if (!(progress & (1u << STEP_RING | 1u << STEP_WAIT)))
    return CV_STATE_NONE;
  if (progress & (1u << STEP_END | 1u << STEP_LEAVE))
    return (progress & 1u << STEP_ACW) && !(progress & 1u << STEP_ACW_END)
               ? CV_STATE_WRAPUP
               : CV_STATE_ENDED;
  if (t->h->c->participants[i].purpose == CV_ACD)
    return CV_STATE_WAITING;
  return progress & 1u << STEP_CONNECT ? CV_STATE_ACTIVE : CV_STATE_ALERTING;
}

static enum cv_state state_of(const struct presence *t) {
  enum cv_state highest = CV_STATE_NONE;
  for (unsigned i = 0; i < t->h->c->count; i++) {
    enum cv_state state =
        t->progress[i] != 0 ? state_of_participant(t, i) : CV_STATE_NONE;
    if (state > highest)
      highest = state;
  }
  return highest;
}

static bool is_counted_at(const struct presence *t, int64_t at_ms) {
  return at_ms >= t->h->c->since_ms;
}

/* Returns true if the step counts. The start of an alert has no time; it may
 * have been counted already if its contact was offered before the start. */
static bool is_counted(const struct presence *t, const struct cv_step *s) {
  const struct conversation *c = t->h->c;
  const struct participant *acd =
      s->kind == STEP_RING ? t->h->r.served[s->participant] : NULL;
  return (acd == NULL || !is_prior(c, acd)) && is_counted_at(t, s->at_ms);
}

static void add_change(const struct presence *t, enum cv_state from,
                       enum cv_state to) {
  struct history *h = t->h;
  add_count(cv_change_pair(h->m, t->queue, (enum cv_media)t->media, h->sign),
            CV_CHANGES + (unsigned)from * CV_STATE_COUNT + to, h->sign);
}

static void add_changes(struct presence *t) {
  enum cv_state from = CV_STATE_NONE;
  for (unsigned i = 0; i < t->count; i++) {
    const struct cv_step *s = &t->h->m->steps[i];
    t->progress[s->participant] |= (uint8_t)(1u << s->kind);
    enum cv_state to = state_of(t);
    if (from != to && from != CV_STATE_NONE && is_counted(t, s))
      add_change(t, from, to);
    from = to;
  }
}

/* ---- holds ---- */

/* Returns false if another agent was active: the state of the queue did not
 * change. */
static bool is_alone(const struct presence *t, unsigned held, int64_t at_ms) {
  const struct conversation *c = t->h->c;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (i != held && is_in_presence(t, i) && p->purpose == CV_AGENT &&
        p->connected_ms != 0 && p->connected_ms <= at_ms &&
        (p->end_ms == 0 || p->end_ms > at_ms))
      return false;
  }
  return true;
}

/* Adds the holds of a participant. A hold that began before the block has an
 * end that counts: an event has reported the hold. A leg that has ended is no
 * longer on hold. */
static void add_holds(const struct presence *t, unsigned i) {
  const struct participant *p = &t->h->c->participants[i];
  bool is_held = p->is_held && p->end_ms == 0;
  int64_t at_ms;
  for (unsigned at = 0; cv_holds_next(t->h->c, i, &at, &at_ms);) {
    if (at_ms > t->h->until_ms || !is_alone(t, i, at_ms))
      continue;
    if (is_counted_at(t, at_ms))
      add_change(t, CV_STATE_ACTIVE, CV_STATE_HELD);
    if (!is_held || at_ms != cv_latest_hold_ms(p))
      add_change(t, CV_STATE_HELD, CV_STATE_ACTIVE);
  }
}

/* Adds the history of the queue and medium of participant `first`. */
static void add_presence(struct history *h, unsigned first) {
  struct presence t;
  t.h = h;
  t.queue = h->c->participants[first].queue;
  t.media = h->r.media[first];
  t.count = 0;
  memset(t.progress, 0, h->c->count);
  for (unsigned i = first; i < h->c->count; i++) {
    if (!is_in_presence(&t, i))
      continue;
    if (h->c->participants[i].purpose == CV_ACD) {
      add_acd_steps(&t, i);
    } else {
      add_agent_steps(&t, i);
      add_holds(&t, i);
    }
  }
  add_changes(&t);
}

/* The first contact of a queue and medium makes their counters. */
static void make_counters(const struct history *h, unsigned first) {
  const struct participant *p = &h->c->participants[first];
  if (h->sign > 0 && h->r.media[first] != CV_UNKNOWN)
    (void)cv_queue_pair(h->m, p->queue, (enum cv_media)h->r.media[first]);
}

static void add_conversation(struct history *h) {
  const struct conversation *c = h->c;
  cv_read(c, &h->r);
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    h->outlook.is_over &= p->end_ms != 0 && !cv_is_wrapping_up(p);
    if (p->purpose == CV_ACD)
      add_contact(h, i);
    else
      add_agent_transfer(h, i);
    if (cv_is_first_of_presence(c, h->r.media, i)) {
      add_presence(h, i);
      make_counters(h, i);
    }
  }
}

/* What was counted before a removal is what its facts counted then. */
struct cv_outlook cv_add_history(struct conversations *m,
                                 const struct conversation *c, int sign) {
  struct participant participants[CV_PARTS_MAX];
  struct history h;
  h.m = m;
  h.c = c;
  h.sign = sign;
  h.until_ms = INT64_MAX;
  h.outlook = (struct cv_outlook){.is_over = true};
  add_conversation(&h);
  struct cv_outlook outlook = h.outlook;
  if (c->known == 0 || sign == 0)
    return outlook;
  struct conversation known = cv_cut(c, participants);
  h.c = &known;
  h.sign = -sign;
  h.until_ms = c->known_ms;
  add_conversation(&h);
  return outlook;
}

/* ---- the counters ---- */

/* Counts the sums of these counters. The facts before a removal may have an
 * answer that was never counted: no sum is negative. */
static void count_sums(struct pair *pair, size_t first, size_t end) {
  uint64_t *facts = pair->t.facts.at, *counted = pair->t.counted.at;
  for (size_t i = first; i < end; i++) {
    if ((int64_t)facts[i] < 0)
      facts[i] = 0;
    if (facts[i] > counted[i])
      counted[i] = facts[i];
  }
}

/* Those facts may also have an answer that was counted with another wait: a
 * higher bound has as many waits or more, and none has more than the answers.
 */
static void repair_waits(struct cv_counters *facts, size_t bound_count) {
  uint64_t within = 0;
  for (size_t i = 0; i < bound_count; i++) {
    if ((int64_t)facts->waits[i] < (int64_t)within)
      facts->waits[i] = within;
    if (facts->waits[i] > facts->answers)
      facts->waits[i] = facts->answers;
    within = facts->waits[i];
  }
}

void cv_count_changed(struct conversations *m) {
  for (struct pair *pair = m->changed; pair != NULL;
       pair = pair->next_changed) {
    count_sums(pair, 0, CV_WAITS);
    repair_waits(&pair->t.facts, m->s.bound_count);
    count_sums(pair, CV_WAITS, CV_WAITS + m->s.bound_count);
    count_sums(pair, CV_CHANGES, CV_COUNTERS);
    pair->has_changed = false;
  }
  m->changed = NULL;
}

static void take_outlook(struct conversation *c, struct cv_outlook outlook) {
  c->is_inactive = c->is_closed || outlook.is_over;
  c->due_ms = c->is_closed ? 0 : outlook.due_ms;
}

void cv_look_ahead(struct conversations *m, struct conversation *c) {
  take_outlook(c, m->dialect->add_history(m, c, 0));
}

void cv_count(struct conversations *m, const struct conversation *before,
              struct conversation *c) {
  GC_ASSERT(c->is_used && c->count <= c->cap &&
            before->since_ms == c->since_ms);
  (void)m->dialect->add_history(m, before, -1);
  take_outlook(c, m->dialect->add_history(m, c, 1));
  cv_count_changed(m);
}
