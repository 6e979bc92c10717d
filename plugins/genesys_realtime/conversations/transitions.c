/* SPDX-License-Identifier: MIT */
/* The history of a conversation in a queue follows from its facts: their times,
 * in order, give the states. When there are new facts, the history is replayed
 * and compared with the changes that were counted: new ones are counted, and
 * those that it no longer has are taken back. So the changes are a function of
 * the facts, whenever they arrive.
 *
 * A change that is taken back was visible for a while. Therefore only a leg
 * that is reported late and after-call work that is skipped take one back. The
 * rules of the history:
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
  STEP_KINDS
};

#define TIME_UNKNOWN INT64_MAX /* sorts after all known times */

struct transitions {
  struct conversations *m;
  struct conversation *c;
  struct participant *const *answered; /* an agent's acd participant */
  uint32_t queue;
  enum cv_media media;
  unsigned count;                 /* number of m->steps */
  uint8_t progress[CV_PARTS_MAX]; /* bits: the steps that were applied */
};

static bool is_in_presence(const struct transitions *t,
                           const struct participant *p) {
  return p->queue == t->queue && p->counted_media == t->media;
}

/* ---- steps ---- */

static void add_step(struct transitions *t, int64_t at_ms, enum step_kind kind,
                     unsigned participant) {
  struct step *steps = t->m->steps;
  struct step step = {.at_ms = at_ms,
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
static int64_t find_alerts_end_ms(const struct transitions *t,
                                  const struct participant *acd) {
  int64_t last_ms = acd->end_ms;
  for (unsigned i = 0; i < t->c->count; i++) {
    const struct participant *p = &t->c->participants[i];
    if (is_in_presence(t, p) && p->purpose == CV_AGENT &&
        p->connected_ms == 0 && p->end_ms > last_ms &&
        p->end_ms - acd->end_ms <= CV_SLACK_MS &&
        cv_find_acd(t->c, p, p->end_ms) == acd)
      last_ms = p->end_ms;
  }
  return last_ms;
}

/* Returns when the contact stopped waiting; 0: it still waits, or its outcome
 * is not known. */
static int64_t find_wait_end_ms(const struct transitions *t,
                                const struct participant *acd) {
  int64_t answer_ms = cv_find_answer_ms(t->c, acd, t->answered);
  if (acd->end_ms == 0)
    return 0;
  if (answer_ms != 0)
    return answer_ms > acd->end_ms ? answer_ms : acd->end_ms;
  return cv_is_departed(t->c, acd) ? find_alerts_end_ms(t, acd) : 0;
}

/* Returns true for a callback that does not wait yet, or never did. */
static bool is_unreached_callback(const struct participant *acd) {
  return acd->connected_ms == 0 &&
         (acd->is_scheduled || (acd->media == CV_CALLBACK && acd->end_ms != 0));
}

static void add_acd_steps(struct transitions *t, unsigned i) {
  const struct participant *p = &t->c->participants[i];
  int64_t wait_end_ms = find_wait_end_ms(t, p);
  if (is_unreached_callback(p))
    return;
  add_step(t,
           p->connected_ms != 0 ? p->connected_ms
           : p->end_ms != 0     ? p->end_ms
                                : TIME_UNKNOWN,
           STEP_WAIT, i);
  if (wait_end_ms != 0)
    add_step(t, wait_end_ms, STEP_LEAVE, i);
}

/* Returns true if the alert ended with the wait of its contact, whose outcome
 * is not known. */
static bool is_end_open(const struct transitions *t,
                        const struct participant *agent) {
  const struct participant *acd =
      agent->connected_ms == 0 ? cv_find_acd(t->c, agent, agent->end_ms) : NULL;
  return acd != NULL && acd->end_ms != 0 && acd->end_ms <= agent->end_ms &&
         agent->end_ms - acd->end_ms <= CV_SLACK_MS &&
         find_wait_end_ms(t, acd) == 0;
}

static void add_agent_steps(struct transitions *t, unsigned i) {
  const struct participant *p = &t->c->participants[i];
  add_step(t,
           p->connected_ms != 0 ? p->connected_ms
           : p->end_ms != 0     ? p->end_ms
                                : TIME_UNKNOWN,
           STEP_RING, i);
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

/* ---- states ---- */

static enum cv_state state_of_participant(const struct transitions *t,
                                          unsigned i) {
  unsigned progress = t->progress[i];
  if (!(progress & (1u << STEP_RING | 1u << STEP_WAIT)))
    return CV_STATE_NONE;
  if (progress & (1u << STEP_END | 1u << STEP_LEAVE))
    return (progress & 1u << STEP_ACW) && !(progress & 1u << STEP_ACW_END)
               ? CV_STATE_WRAPUP
               : CV_STATE_ENDED;
  if (t->c->participants[i].purpose == CV_ACD)
    return CV_STATE_WAITING;
  return progress & 1u << STEP_CONNECT ? CV_STATE_ACTIVE : CV_STATE_ALERTING;
}

static enum cv_state state_of(const struct transitions *t) {
  enum cv_state highest = CV_STATE_NONE;
  for (unsigned i = 0; i < t->c->count; i++) {
    enum cv_state state = is_in_presence(t, &t->c->participants[i])
                              ? state_of_participant(t, i)
                              : CV_STATE_NONE;
    if (state > highest)
      highest = state;
  }
  return highest;
}

/* Notes in each step the states before and after it. */
static void replay_steps(struct transitions *t) {
  enum cv_state state = CV_STATE_NONE;
  for (unsigned i = 0; i < t->count; i++) {
    struct step *s = &t->m->steps[i];
    s->from = (uint8_t)state;
    t->progress[s->participant] |= (uint8_t)(1u << s->kind);
    state = state_of(t);
    s->to = (uint8_t)state;
  }
}

static bool is_change(const struct step *s) {
  return s->from != s->to && s->from != CV_STATE_NONE;
}

/* ---- changes ---- */

static void count_change(struct transitions *t, enum cv_state from,
                         enum cv_state to) {
  struct pair *pair = cv_queue_pair(t->m, t->queue, t->media);
  if (pair != NULL)
    cv_add_count(&pair->t.changes[from][to], &pair->t.changes_owed[from][to]);
}

static void take_change_back(struct transitions *t, enum cv_state from,
                             enum cv_state to) {
  struct pair *pair = cv_queue_pair(t->m, t->queue, t->media);
  if (pair != NULL)
    cv_take_back(&pair->t.changes[from][to], &pair->t.changes_owed[from][to]);
}

static bool is_counted_at(const struct transitions *t,
                          const struct participant *p, int64_t at_ms) {
  return at_ms >= t->c->since_ms && (!p->is_known || at_ms > t->c->known_ms);
}

/* Returns true if the start of an alert counts. Its time is not known. It may
 * have been counted already if the contact was offered before the start, or if
 * the participant was known before a removal; in these cases it does not count.
 */
static bool is_begin_counted(const struct transitions *t,
                             const struct step *s) {
  const struct participant *agent = &t->c->participants[s->participant];
  const struct participant *acd = cv_find_acd(t->c, agent, s->at_ms);
  return !agent->is_known && (acd == NULL || !cv_is_prior(t->c, acd));
}

static bool is_counted(const struct transitions *t, const struct step *s) {
  const struct participant *p = &t->c->participants[s->participant];
  if (s->kind == STEP_RING && !is_begin_counted(t, s))
    return false;
  return is_counted_at(t, p, s->at_ms);
}

/* Returns the place of a step among the changes of its participant. */
static uint8_t *change_of(const struct transitions *t, const struct step *s) {
  static const uint8_t places[STEP_KINDS] = {
      [STEP_RING] = 0,  [STEP_WAIT] = 0, [STEP_CONNECT] = 1, [STEP_ACW] = 2,
      [STEP_LEAVE] = 3, [STEP_END] = 3,  [STEP_ACW_END] = 4};
  return &t->c->participants[s->participant].changes[places[s->kind]];
}

/* Changes by their code: those of the history minus those that were counted. */
struct difference {
  uint64_t codes; /* bits: the codes that occur */
  int16_t of[CV_STATE_COUNT * CV_STATE_COUNT];
};

_Static_assert(CV_STATE_COUNT *CV_STATE_COUNT <= 64, "codes has 64 bits");

static void add_difference(struct difference *d, uint8_t code, int n) {
  GC_ASSERT(code / CV_STATE_COUNT < CV_STATE_COUNT &&
            code / CV_STATE_COUNT != code % CV_STATE_COUNT);
  d->codes |= UINT64_C(1) << code;
  d->of[code] = (int16_t)(d->of[code] + n);
}

/* Subtracts the changes that were counted before and forgets them. */
static void subtract_changes(struct transitions *t, struct difference *d) {
  for (unsigned i = 0; i < t->c->count; i++) {
    struct participant *p = &t->c->participants[i];
    if (!is_in_presence(t, p))
      continue;
    for (unsigned k = 0; k < CV_PART_CHANGES; k++)
      if (p->changes[k] != 0)
        add_difference(d, p->changes[k], -1);
    memset(p->changes, 0, sizeof(p->changes));
  }
}

/* Adds the changes of the history as it is now, and notes them. */
static void add_changes(struct transitions *t, struct difference *d) {
  for (unsigned i = 0; i < t->count; i++) {
    const struct step *s = &t->m->steps[i];
    if (!is_change(s) || !is_counted(t, s))
      continue;
    *change_of(t, s) = (uint8_t)(s->from * CV_STATE_COUNT + s->to);
    add_difference(d, *change_of(t, s), 1);
  }
}

/* Counts the changes that the history has now and did not have before, and
 * takes back those that it had and does not have now. A change may be another
 * participant's than before: of two agents that ring only the first one makes a
 * change, and it may become known late which one was first. */
static void recount_changes(struct transitions *t) {
  struct difference d = {0};
  subtract_changes(t, &d);
  add_changes(t, &d);
  for (; d.codes != 0; d.codes &= d.codes - 1) {
    int code = __builtin_ctzll(d.codes);
    enum cv_state from = (enum cv_state)(code / CV_STATE_COUNT),
                  to = (enum cv_state)(code % CV_STATE_COUNT);
    for (int n = 0; n < d.of[code]; n++)
      count_change(t, from, to);
    for (int n = 0; n > d.of[code]; n--)
      take_change_back(t, from, to);
  }
}

/* ---- holds ---- */

/* Returns false if another agent was active: the state of the queue did not
 * change. */
static bool is_alone(const struct transitions *t, unsigned held,
                     int64_t at_ms) {
  for (unsigned i = 0; i < t->c->count; i++) {
    const struct participant *p = &t->c->participants[i];
    if (i != held && is_in_presence(t, p) && p->purpose == CV_AGENT &&
        p->connected_ms != 0 && p->connected_ms <= at_ms &&
        (p->end_ms == 0 || p->end_ms > at_ms))
      return false;
  }
  return true;
}

static void count_hold(struct transitions *t, unsigned held, int64_t at_ms) {
  if (at_ms != 0 && is_alone(t, held, at_ms) &&
      is_counted_at(t, &t->c->participants[held], at_ms))
    count_change(t, CV_STATE_ACTIVE, CV_STATE_HELD);
}

/* Counts the end of a hold, also of one that began before the start: an event
 * has reported the hold, so it ended after the start. */
static void count_release(struct transitions *t, unsigned held,
                          int64_t begin_ms) {
  const struct participant *p = &t->c->participants[held];
  if (begin_ms != 0 && is_alone(t, held, begin_ms) &&
      (!p->is_known || begin_ms > t->c->known_ms))
    count_change(t, CV_STATE_HELD, CV_STATE_ACTIVE);
}

/* Counts the holds of a participant. A leg that has ended is no longer on hold.
 */
static void count_participant_holds(struct transitions *t, unsigned i) {
  struct participant *p = &t->c->participants[i];
  struct gain *g = &t->m->gains[i];
  if (p->is_held && p->end_ms != 0) {
    p->is_held = 0;
    g->released_ms = cv_latest_hold_ms(p);
  }
  count_hold(t, i, g->past_hold_ms);
  count_release(t, i, g->past_hold_ms);
  count_hold(t, i, g->hold_ms);
  count_release(t, i, g->released_ms);
  *g = (struct gain){0}; /* each is counted once */
}

/* Replays the history of the queue and medium of participant `first`. */
static void replay_presence(struct transitions *t, unsigned first) {
  const struct participant *p = &t->c->participants[first];
  t->queue = p->queue;
  t->media = (enum cv_media)p->counted_media;
  t->count = 0;
  memset(t->progress, 0, t->c->count);
  for (unsigned i = first; i < t->c->count; i++) {
    if (!is_in_presence(t, &t->c->participants[i]))
      continue;
    if (t->c->participants[i].purpose == CV_ACD)
      add_acd_steps(t, i);
    else
      add_agent_steps(t, i);
  }
  replay_steps(t);
}

static void count_presence_holds(struct transitions *t, unsigned first) {
  for (unsigned i = first; i < t->c->count; i++)
    if (is_in_presence(t, &t->c->participants[i]))
      count_participant_holds(t, i);
}

void cv_count_transitions(struct conversations *m, struct conversation *c,
                          struct participant *const *answered) {
  struct transitions t;
  t.m = m;
  t.c = c;
  t.answered = answered;
  for (unsigned first = 0; first < c->count; first++) {
    if (!cv_is_first_of_presence(c, first))
      continue;
    replay_presence(&t, first);
    count_presence_holds(&t, first);
    recount_changes(&t);
    /* The first contact of a queue and medium creates its counters. */
    if (t.count > 0 && t.media != CV_UNKNOWN)
      (void)cv_queue_pair(m, t.queue, t.media);
  }
}

void cv_count_earlier_holds(struct conversations *m, struct conversation *c,
                            int64_t before_ms) {
  struct transitions t;
  int64_t at_ms;
  t.m = m;
  t.c = c;
  for (unsigned i = 0; i < c->count; i++) {
    t.queue = c->participants[i].queue;
    t.media = (enum cv_media)c->participants[i].counted_media;
    for (unsigned at = 0; cv_holds_next(c, i, &at, &at_ms);)
      if (at_ms < before_ms)
        count_hold(&t, i, at_ms);
  }
}

void cv_note_transitions(struct conversations *m, struct conversation *c) {
  struct participant *answered[CV_PARTS_MAX];
  struct transitions t;
  t.m = m;
  t.c = c;
  t.answered = answered;
  cv_find_answered(c, answered);
  for (unsigned first = 0; first < c->count; first++) {
    struct difference unused = {0};
    if (!cv_is_first_of_presence(c, first))
      continue;
    replay_presence(&t, first);
    subtract_changes(&t, &unused);
    add_changes(&t, &unused);
  }
}
