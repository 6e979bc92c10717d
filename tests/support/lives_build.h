/* SPDX-License-Identifier: MIT */
/* The parts of the shapes of lives.c, lives_media.c and lives_late.c: facts and
 * moments of a life, with the truth that they add. Times are true and
 * in ms; the platform sends a snapshot after each moment, mostly in the order
 * of the facts. */
#ifndef GC_TESTS_SUPPORT_LIVES_BUILD_H
#define GC_TESTS_SUPPORT_LIVES_BUILD_H

#include "common/base/cleanup.h"
#include "tests/support/lives.h"

struct lives_build {
  struct lives_life *l;
  uint64_t random;
  int64_t now_ms;
  unsigned customer;
  enum cv_media media;
  unsigned who_max, steps_max; /* where has_room ends */
  unsigned quiet;              /* percent of the moments without a snapshot */
};

/* A stay in a queue. */
struct stay {
  unsigned acd;
  int queue;
  int64_t since_ms;
};

static inline unsigned random_below(struct lives_build *b, unsigned sides) {
  return lives_random(&b->random, sides);
}

static inline bool roll_chance(struct lives_build *b, unsigned percent) {
  return random_below(b, 100) < percent;
}

/* ---- facts ---- */

static inline void fact_at(struct lives_build *b, unsigned who,
                           enum lives_fact fact, int64_t at_ms) {
  struct lives_life *l = b->l;
  if (l->count < LIVES_STEPS_MAX)
    l->steps[l->count++] = (struct lives_step){
        .at_ms = at_ms, .fact = (uint8_t)fact, .who = (uint8_t)who};
}

static inline void add_fact(struct lives_build *b, unsigned who,
                            enum lives_fact f) {
  fact_at(b, who, f, b->now_ms);
}

/* The platform sends a snapshot after the newest fact. */
static inline void mark_snapshot(struct lives_build *b) {
  if (!roll_chance(b, b->quiet))
    b->l->steps[b->l->count - 1].last = true;
}

static inline void maybe_mark_snapshot(struct lives_build *b) {
  if (roll_chance(b, 50))
    mark_snapshot(b);
}

/* Lets time pass: mostly seconds, sometimes longer than the model keeps an
 * ended conversation. */
static inline void pass_time(struct lives_build *b) {
  static const struct {
    unsigned percent, longest_ms;
  } rows[] = {
      {10, 40}, {30, 1500}, {40, 30000}, {14, 300000}, {6, 3 * 3600000}};
  unsigned roll = random_below(b, 100), i = 0;
  while (roll >= rows[i].percent)
    roll -= rows[i++].percent;
  b->now_ms += 1 + random_below(b, rows[i].longest_ms);
}

static inline unsigned add_participant(struct lives_build *b,
                                       enum cv_purpose purpose, int queue) {
  struct lives_life *l = b->l;
  unsigned who = l->who_count;
  if (who == LIVES_WHO_MAX)
    return who - 1;
  l->who_count++;
  l->who[who] =
      (struct lives_who){(uint8_t)purpose, (uint8_t)b->media, (int8_t)queue, 0};
  add_fact(b, who, LIVES_APPEARS);
  return who;
}

static inline bool has_room(const struct lives_build *b) {
  return b->l->who_count + 6 < b->who_max && b->l->count + 40 < b->steps_max;
}

static inline struct lives_truth *truth_of(struct lives_build *b, int queue) {
  return &b->l->truth[queue][b->media];
}

static inline bool is_counted(const struct lives_build *b,
                              const struct stay *s) {
  return s->since_ms >= b->l->started_ms;
}

static inline void count_answer(struct lives_build *b, const struct stay *s,
                                int64_t at_ms) {
  b->l->who[s->acd].answered_ms = at_ms;
  if (!is_counted(b, s))
    return;
  truth_of(b, s->queue)->answers++;
  truth_of(b, s->queue)->wait_ms += (uint64_t)(at_ms - s->since_ms);
}

/* ---- moments ---- */

static inline void begin_contact(struct lives_build *b) {
  b->customer = add_participant(b, CV_CUSTOMER, -1);
  add_fact(b, b->customer, LIVES_CONNECTS);
  if (roll_chance(b, 40)) {
    unsigned ivr = add_participant(b, CV_OTHER, -1);
    add_fact(b, ivr, LIVES_CONNECTS);
    maybe_mark_snapshot(b);
    pass_time(b);
    add_fact(b, ivr, LIVES_ENDS);
  } else if (roll_chance(b, 50)) {
    b->now_ms += random_below(b, 900);
  }
}

static inline struct stay enqueue_contact(struct lives_build *b, int queue) {
  struct stay s = {.acd = add_participant(b, CV_ACD, queue),
                   .queue = queue,
                   .since_ms = b->now_ms};
  add_fact(b, s.acd, LIVES_CONNECTS);
  mark_snapshot(b);
  truth_of(b, queue)->offers += is_counted(b, &s);
  pass_time(b);
  return s;
}

static inline unsigned ring_agent(struct lives_build *b, int queue) {
  unsigned agent = add_participant(b, CV_AGENT, queue);
  mark_snapshot(b);
  pass_time(b);
  return agent;
}

static inline void refuse_contact(struct lives_build *b, unsigned agent) {
  add_fact(b, agent, roll_chance(b, 70) ? LIVES_TRANSFERS : LIVES_ENDS);
  mark_snapshot(b);
  pass_time(b);
}

static inline void rings_in_vain(struct lives_build *b, const struct stay *s) {
  while (has_room(b) && roll_chance(b, 35))
    refuse_contact(b, ring_agent(b, s->queue));
}

/* The end of the wait and the start of the talk are a moment apart; either may
 * be first, and one snapshot or two report them. */
static inline void connect_agent(struct lives_build *b, const struct stay *s,
                                 unsigned agent) {
  enum lives_fact end = roll_chance(b, 80) ? LIVES_TRANSFERS : LIVES_ENDS;
  bool acd_first = roll_chance(b, 50);
  if (acd_first)
    add_fact(b, s->acd, end);
  else
    add_fact(b, agent, LIVES_CONNECTS);
  if (roll_chance(b, 60)) {
    maybe_mark_snapshot(b);
    b->now_ms += random_below(b, 60);
  }
  int64_t answered_ms =
      acd_first ? b->now_ms : b->l->steps[b->l->count - 1].at_ms;
  if (acd_first)
    add_fact(b, agent, LIVES_CONNECTS);
  else
    add_fact(b, s->acd, end);
  mark_snapshot(b);
  count_answer(b, s, answered_ms);
  pass_time(b);
}

static inline unsigned answer_contact(struct lives_build *b,
                                      const struct stay *s) {
  rings_in_vain(b, s);
  unsigned agent = ring_agent(b, s->queue);
  connect_agent(b, s, agent);
  return agent;
}

static inline void hold_once(struct lives_build *b, unsigned agent) {
  add_fact(b, agent, LIVES_HOLDS);
  mark_snapshot(b);
  pass_time(b);
  add_fact(b, agent, LIVES_RELEASES);
  mark_snapshot(b);
  pass_time(b);
}

static inline void hold_contact(struct lives_build *b, unsigned agent) {
  while (has_room(b) && roll_chance(b, 30))
    hold_once(b, agent);
}

/* The agent's leg ends, with after-call work or without. */
static inline void end_agent(struct lives_build *b, unsigned agent,
                             enum lives_fact end) {
  bool wraps_up = roll_chance(b, 50);
  add_fact(b, agent, end);
  if (wraps_up)
    add_fact(b, agent, LIVES_WRAPS_UP);
  else if (roll_chance(b, 30))
    add_fact(b, agent, LIVES_SKIPS);
  if (roll_chance(b, 30)) { /* the customer's end is a moment later */
    mark_snapshot(b);
    b->now_ms += random_below(b, 50);
  }
}

static inline void wrap_up(struct lives_build *b, unsigned agent) {
  const struct lives_life *l = b->l;
  bool wraps_up = false;
  for (unsigned i = 0; i < l->count; i++)
    wraps_up |= l->steps[i].who == agent && l->steps[i].fact == LIVES_WRAPS_UP;
  if (!wraps_up)
    return;
  pass_time(b);
  add_fact(b, agent, LIVES_WRAPPED_UP);
  mark_snapshot(b);
}

static inline void customer_leaves(struct lives_build *b) {
  add_fact(b, b->customer, LIVES_ENDS);
  mark_snapshot(b);
}

static inline void hang_up(struct lives_build *b, unsigned agent) {
  end_agent(b, agent, LIVES_ENDS);
  customer_leaves(b);
  wrap_up(b, agent);
}

static inline void talk_and_hang_up(struct lives_build *b,
                                    const struct stay *s) {
  unsigned agent = answer_contact(b, s);
  hold_contact(b, agent);
  hang_up(b, agent);
}

/* The customer leaves while waiting, sometimes while an agent rings. All legs
 * end within a moment. */
static inline void abandon_contact(struct lives_build *b,
                                   const struct stay *s) {
  rings_in_vain(b, s);
  unsigned agent = roll_chance(b, 40) ? ring_agent(b, s->queue) : s->acd;
  unsigned customer_goes = random_below(b, 3);
  bool agent_first = roll_chance(b, 50);
  for (unsigned i = 0; i < 3; i++) {
    unsigned who = (i == 0) == agent_first ? agent : s->acd;
    if (i == customer_goes)
      fact_at(b, b->customer, LIVES_ENDS, b->now_ms + random_below(b, 20));
    if (i < 2 && (who != s->acd || who != agent || i == 0))
      add_fact(b, who, LIVES_ENDS);
    if (roll_chance(b, 50)) {
      mark_snapshot(b);
      b->now_ms += 1 + random_below(b, 20);
    }
  }
  mark_snapshot(b);
  b->now_ms += 20;
  truth_of(b, s->queue)->abandons += is_counted(b, s);
}

static inline void finish_contact(struct lives_build *b, const struct stay *s) {
  if (roll_chance(b, 80))
    talk_and_hang_up(b, s);
  else
    abandon_contact(b, s);
}

static inline int other_queue(struct lives_build *b, int queue) {
  return (queue + 1 + (int)random_below(b, LIVES_QUEUES - 1)) % LIVES_QUEUES;
}

static inline int any_queue(struct lives_build *b) {
  return (int)random_below(b, LIVES_QUEUES);
}

/* The agent's leg ends with transfer when the next one begins. */
static inline void transfer_to(struct lives_build *b, struct stay *s,
                               unsigned agent, int queue) {
  truth_of(b, s->queue)->transfers += is_counted(b, s);
  end_agent(b, agent, LIVES_TRANSFERS);
  maybe_mark_snapshot(b);
  *s = enqueue_contact(b, queue);
  wrap_up(b, agent);
  pass_time(b);
}

/* A callback is made now, and called at its time. */
void lives_call_back_later(struct lives_build *b, int queue);

/* The agent takes the callback, then calls the customer. */
void lives_call_back(struct lives_build *b, const struct stay *s);

/* ---- shapes ---- */

void lives_make_return(struct lives_build *b);
void lives_make_callback(struct lives_build *b);
void lives_make_second_medium(struct lives_build *b);
void lives_make_overlap(struct lives_build *b);
void lives_make_unanswered(struct lives_build *b);
void lives_make_many(struct lives_build *b);
void lives_make_late_leg(struct lives_build *b);
void lives_make_late_queue(struct lives_build *b);
void lives_make_late_answer(struct lives_build *b);
void lives_make_second_leg(struct lives_build *b);
void lives_make_late_skip(struct lives_build *b);
void lives_make_moved_callback(struct lives_build *b);

#endif
