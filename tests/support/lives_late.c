/* SPDX-License-Identifier: MIT */
/* Shapes in which the platform reports a fact after later ones. */
#include "tests/support/lives_build.h"

/* A contact that left its queue unanswered, according to the first snapshot:
 * the stay ended at `ended_ms`, and the customer left at `left_ms`. */
struct departed {
  struct stay s;
  int64_t ended_ms, left_ms;
};

static struct departed depart_contact(struct lives_build *b) {
  struct departed d;
  begin_contact(b);
  d.s = enqueue_contact(b, any_queue(b));
  rings_in_vain(b, &d.s);
  d.ended_ms = b->now_ms;
  d.left_ms =
      d.ended_ms + 20 + random_below(b, roll_chance(b, 50) ? 500 : 20000);
  add_fact(b, d.s.acd, LIVES_ENDS);
  maybe_mark_snapshot(b);
  fact_at(b, b->customer, LIVES_ENDS, d.left_ms);
  mark_snapshot(b);
  return d;
}

/* An agent had answered the contact. */
static void report_agent_late(struct lives_build *b, const struct departed *d) {
  b->now_ms = d->ended_ms;
  unsigned agent = add_participant(b, CV_AGENT, d->s.queue);
  add_fact(b, agent, LIVES_CONNECTS);
  b->now_ms = d->left_ms;
  end_agent(b, agent, LIVES_ENDS);
  mark_snapshot(b);
  count_answer(b, &d->s, d->ended_ms);
  wrap_up(b, agent);
}

/* The contact was in another queue, and was abandoned there. */
static void report_queue_late(struct lives_build *b, const struct departed *d) {
  struct stay other = {.queue = other_queue(b, d->s.queue),
                       .since_ms = d->ended_ms + 10};
  truth_of(b, d->s.queue)->transfers += is_counted(b, &d->s);
  b->now_ms = other.since_ms;
  other.acd = add_participant(b, CV_ACD, other.queue);
  add_fact(b, other.acd, LIVES_CONNECTS);
  fact_at(b, other.acd, LIVES_ENDS, d->left_ms);
  mark_snapshot(b);
  truth_of(b, other.queue)->offers += is_counted(b, &other);
  truth_of(b, other.queue)->abandons += is_counted(b, &other);
}

/* A flow, or an agent without a queue, had the contact. */
static void report_other_late(struct lives_build *b, const struct departed *d) {
  truth_of(b, d->s.queue)->transfers += is_counted(b, &d->s);
  b->now_ms = d->ended_ms + 10;
  unsigned other =
      add_participant(b, roll_chance(b, 50) ? CV_OTHER : CV_AGENT, -1);
  add_fact(b, other, LIVES_CONNECTS);
  fact_at(b, other, LIVES_ENDS, d->left_ms);
  mark_snapshot(b);
}

/* The contact continued as a callback, which was made before the customer
 * left. */
static void report_callback_late(struct lives_build *b,
                                 const struct departed *d) {
  truth_of(b, d->s.queue)->transfers += is_counted(b, &d->s);
  b->now_ms = d->ended_ms +
              (int64_t)random_below(b, (unsigned)(d->left_ms - d->ended_ms));
  lives_call_back_later(b, roll_chance(b, 50) ? d->s.queue
                                              : other_queue(b, d->s.queue));
}

/* The platform announces after-call work that the agent skips later. */
void lives_make_late_skip(struct lives_build *b) {
  b->l->is_late = true;
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  unsigned agent = answer_contact(b, &s);
  hold_contact(b, agent);
  bool goes_on = roll_chance(b, 50);
  add_fact(b, agent, goes_on ? LIVES_TRANSFERS : LIVES_ENDS);
  add_fact(b, agent, LIVES_WRAPS_UP);
  if (goes_on) {
    truth_of(b, s.queue)->transfers += is_counted(b, &s);
    s = enqueue_contact(b, other_queue(b, s.queue));
  } else {
    customer_leaves(b);
  }
  pass_time(b);
  add_fact(b, agent, LIVES_SKIPS);
  mark_snapshot(b);
  if (goes_on)
    finish_contact(b, &s);
}

/* A callback without a customer continues in other queues, until an agent takes
 * it or it is cancelled. */
void lives_make_moved_callback(struct lives_build *b) {
  b->l->is_late = true;
  b->media = CV_CALLBACK;
  struct stay s = enqueue_contact(b, any_queue(b));
  do {
    rings_in_vain(b, &s);
    add_fact(b, s.acd, roll_chance(b, 30) ? LIVES_TRANSFERS : LIVES_ENDS);
    maybe_mark_snapshot(b);
    b->now_ms += random_below(b, 900);
    truth_of(b, s.queue)->transfers += is_counted(b, &s);
    s = enqueue_contact(b, other_queue(b, s.queue));
  } while (has_room(b) && roll_chance(b, 40));
  if (roll_chance(b, 70)) {
    lives_call_back(b, &s);
    return;
  }
  add_fact(b, s.acd, LIVES_ENDS);
  mark_snapshot(b);
  truth_of(b, s.queue)->abandons += is_counted(b, &s);
}

/* A leg that began before the customer left is in no snapshot before the one
 * that follows the customer's end. */
void lives_make_late_leg(struct lives_build *b) {
  static void (*const rows[])(struct lives_build *, const struct departed *) = {
      report_agent_late, report_queue_late, report_other_late,
      report_callback_late};
  b->l->is_late = true;
  struct departed d = depart_contact(b);
  rows[random_below(b, GC_COUNT(rows))](b, &d);
}

/* An agent rings before the contact's queue is reported. The contact seems to
 * continue elsewhere, until the platform reports that the agent had answered
 * and transferred it. */
void lives_make_late_queue(struct lives_build *b) {
  b->l->is_late = true;
  begin_contact(b);
  int queue = any_queue(b);
  unsigned agent = ring_agent(b, queue);
  struct stay s = enqueue_contact(b, queue);
  struct stay other = {.queue = other_queue(b, queue)};
  int64_t ended_ms = b->now_ms;
  add_fact(b, s.acd, LIVES_ENDS);
  b->now_ms += 1500 + random_below(b, 20000);
  int64_t left_ms = b->now_ms;
  other = enqueue_contact(b, other.queue);
  truth_of(b, s.queue)->transfers += is_counted(b, &s);
  fact_at(b, agent, LIVES_CONNECTS, ended_ms);
  fact_at(b, agent, LIVES_TRANSFERS, left_ms);
  mark_snapshot(b);
  count_answer(b, &s, ended_ms);
  finish_contact(b, &other);
}

/* The agent who joined later was reported first; the first agent's answer makes
 * the wait shorter. */
static void report_first_agent_late(struct lives_build *b,
                                    const struct stay *s) {
  unsigned first = ring_agent(b, s->queue), second = ring_agent(b, s->queue);
  int64_t answered_ms = b->now_ms;
  add_fact(b, s->acd, LIVES_TRANSFERS);
  pass_time(b);
  add_fact(b, second, LIVES_CONNECTS);
  mark_snapshot(b);
  pass_time(b);
  fact_at(b, first, LIVES_CONNECTS, answered_ms);
  mark_snapshot(b);
  pass_time(b);
  end_agent(b, first, LIVES_ENDS);
  mark_snapshot(b);
  count_answer(b, s, answered_ms);
  hang_up(b, second);
}

/* The contact came into the queue again before the agent answered. */
static void report_second_stay_late(struct lives_build *b,
                                    const struct stay *s) {
  unsigned agent = ring_agent(b, s->queue);
  struct stay again = {.queue = s->queue, .since_ms = b->now_ms + 10};
  add_fact(b, s->acd, LIVES_ENDS);
  b->now_ms += 1100 + random_below(b, 20000);
  int64_t answered_ms = b->now_ms;
  add_fact(b, agent, LIVES_CONNECTS);
  mark_snapshot(b);
  pass_time(b);
  again.acd = add_participant(b, CV_ACD, again.queue);
  fact_at(b, again.acd, LIVES_CONNECTS, again.since_ms);
  fact_at(b, again.acd, LIVES_TRANSFERS, answered_ms);
  mark_snapshot(b);
  truth_of(b, s->queue)->offers += is_counted(b, &again);
  truth_of(b, s->queue)->transfers += is_counted(b, s);
  count_answer(b, &again, answered_ms);
  hang_up(b, agent);
}

/* The communication of an agent ends, and the agent gets another one: for a
 * while the agent seems to have left. */
void lives_make_second_leg(struct lives_build *b) {
  b->l->is_late = true;
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  unsigned agent = answer_contact(b, &s);
  do {
    hold_contact(b, agent);
    add_fact(b, agent, LIVES_PAUSES);
    maybe_mark_snapshot(b);
    b->now_ms += 1 + random_below(b, roll_chance(b, 70) ? 300 : 20000);
    add_fact(b, agent, LIVES_GOES_ON);
    mark_snapshot(b);
    pass_time(b);
  } while (has_room(b) && roll_chance(b, 40));
  hang_up(b, agent);
}

/* An answer is counted that later facts contradict. */
void lives_make_late_answer(struct lives_build *b) {
  b->l->is_late = true;
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  if (roll_chance(b, 50))
    report_first_agent_late(b, &s);
  else
    report_second_stay_late(b, &s);
}
