/* SPDX-License-Identifier: MIT */
/* Shapes with callbacks, with several media in one queue and with agents that
 * never connect. */
#include "tests/support/lives_build.h"

/* ---- callbacks ---- */

/* A flow or a web page makes a callback, which waits from its scheduled time
 * on. */
static struct stay schedule_callback(struct lives_build *b, int queue) {
  struct stay s = {.queue = queue};
  b->media = CV_CALLBACK;
  s.acd = add_participant(b, CV_ACD, queue);
  add_fact(b, s.acd, LIVES_SCHEDULED);
  mark_snapshot(b);
  return s;
}

static void reach_scheduled_time(struct lives_build *b, struct stay *s) {
  bool is_soon = b->l->is_late || roll_chance(b, 50);
  b->now_ms += 1000 + random_below(b, is_soon ? 60000 : 7200000);
  add_fact(b, s->acd, LIVES_CONNECTS);
  mark_snapshot(b);
  s->since_ms = b->now_ms;
  truth_of(b, s->queue)->offers += is_counted(b, s);
  pass_time(b);
}

void lives_call_back(struct lives_build *b, const struct stay *s) {
  unsigned agent = answer_contact(b, s);
  if (roll_chance(b, 70)) {
    b->customer = add_participant(b, CV_CUSTOMER, -1);
    add_fact(b, agent, LIVES_CALLS_OUT);
    mark_snapshot(b);
    pass_time(b);
    add_fact(b, b->customer, LIVES_CONNECTS);
    mark_snapshot(b);
    pass_time(b);
  }
  hold_contact(b, agent);
  hang_up(b, agent);
}

void lives_call_back_later(struct lives_build *b, int queue) {
  struct stay s = schedule_callback(b, queue);
  reach_scheduled_time(b, &s);
  lives_call_back(b, &s);
}

/* The caller asks for a callback while waiting, and hangs up. */
static struct stay call_first(struct lives_build *b) {
  begin_contact(b);
  struct stay call = enqueue_contact(b, any_queue(b));
  rings_in_vain(b, &call);
  struct lives_truth *of_call = truth_of(b, call.queue);
  struct stay s = schedule_callback(
      b, roll_chance(b, 70) ? call.queue : other_queue(b, call.queue));
  b->now_ms += 1 + random_below(b, 15000);
  add_fact(b, call.acd, roll_chance(b, 50) ? LIVES_TRANSFERS : LIVES_ENDS);
  add_fact(b, b->customer, LIVES_ENDS);
  mark_snapshot(b);
  of_call->transfers += is_counted(b, &call);
  return s;
}

/* A callback that is scheduled and then called, or cancelled before. */
void lives_make_callback(struct lives_build *b) {
  struct stay s;
  if (roll_chance(b, 60)) {
    s = call_first(b);
  } else {
    b->customer = add_participant(b, CV_CUSTOMER, -1);
    add_fact(b, b->customer, LIVES_CONNECTS);
    s = schedule_callback(b, any_queue(b));
  }
  if (roll_chance(b, 10)) {
    pass_time(b);
    add_fact(b, s.acd, LIVES_ENDS);
    add_fact(b, b->customer, LIVES_ENDS);
    mark_snapshot(b);
    return;
  }
  reach_scheduled_time(b, &s);
  if (roll_chance(b, 20))
    abandon_contact(b, &s);
  else
    lives_call_back(b, &s);
}

/* All legs end, then the customer returns to a queue, or a callback follows
 * that was made at the end or after it. */
void lives_make_return(struct lives_build *b) {
  static const unsigned pauses_ms[] = {0, 1, 500, 1000, 1001, 60000, 900000};
  begin_contact(b);
  do {
    struct stay s = enqueue_contact(b, any_queue(b));
    rings_in_vain(b, &s);
    add_fact(b, s.acd, LIVES_ENDS);
    add_fact(b, b->customer, LIVES_ENDS);
    maybe_mark_snapshot(b);
    truth_of(b, s.queue)->abandons += is_counted(b, &s);
    b->now_ms += pauses_ms[random_below(b, GC_COUNT(pauses_ms))];
    if (roll_chance(b, 40)) {
      s = schedule_callback(b, roll_chance(b, 50) ? s.queue
                                                  : other_queue(b, s.queue));
      reach_scheduled_time(b, &s);
      lives_call_back(b, &s);
      return;
    }
    b->customer = add_participant(b, CV_CUSTOMER, -1);
    add_fact(b, b->customer, LIVES_CONNECTS);
  } while (has_room(b) && roll_chance(b, 60));
  struct stay last = enqueue_contact(b, any_queue(b));
  finish_contact(b, &last);
}

/* ---- several media ---- */

static const enum cv_media several[] = {CV_VOICE,    CV_CHAT,  CV_EMAIL,
                                        CV_CALLBACK, CV_VIDEO, CV_MESSAGE};

/* Chooses another medium than that of the contact before. */
static void change_media(struct lives_build *b) {
  enum cv_media before = b->media;
  while (b->media == before)
    b->media = several[random_below(b, GC_COUNT(several))];
}

/* One contact after the other in a queue, each with a medium of its own; some
 * agents also call the customer. */
void lives_make_second_medium(struct lives_build *b) {
  int queue = any_queue(b);
  b->media = several[random_below(b, GC_COUNT(several))];
  begin_contact(b);
  struct stay s = enqueue_contact(b, queue);
  do {
    unsigned agent = answer_contact(b, &s);
    if (roll_chance(b, 50)) {
      add_fact(b, agent, LIVES_CALLS_OUT);
      mark_snapshot(b);
      pass_time(b);
    }
    hold_contact(b, agent);
    end_agent(b, agent, LIVES_ENDS);
    mark_snapshot(b);
    wrap_up(b, agent);
    b->now_ms += 2000;
    change_media(b);
    s = enqueue_contact(b, queue);
  } while (has_room(b) && roll_chance(b, 30));
  finish_contact(b, &s);
}

/* Two contacts at a time in a queue, each answered by an agent of its own. */
void lives_make_overlap(struct lives_build *b) {
  enum cv_media media[2];
  struct stay s[2];
  unsigned agents[2];
  int queue = any_queue(b);
  b->media = several[random_below(b, GC_COUNT(several))];
  begin_contact(b);
  for (unsigned i = 0; i < 2; i++) {
    media[i] = b->media;
    s[i] = enqueue_contact(b, queue);
    change_media(b);
  }
  unsigned first = random_below(b, 2);
  for (unsigned i = 0; i < 2; i++) {
    unsigned k = i ^ first;
    b->media = media[k];
    agents[k] = answer_contact(b, &s[k]);
    hold_contact(b, agents[k]);
  }
  first = random_below(b, 2);
  end_agent(b, agents[first], LIVES_ENDS);
  mark_snapshot(b);
  wrap_up(b, agents[first]);
  pass_time(b);
  hang_up(b, agents[!first]);
}

/* ---- agents that never connect ---- */

/* No agent answers; some ring at the same time. */
static void ring_all_in_vain(struct lives_build *b, const struct stay *s) {
  unsigned ringing[3], count = 0;
  for (unsigned n = 1 + random_below(b, 8); n > 0 && has_room(b); n--) {
    if (count == GC_COUNT(ringing) || (count > 0 && roll_chance(b, 50)))
      refuse_contact(b, ringing[--count]);
    ringing[count++] = ring_agent(b, s->queue);
  }
  while (count > 0)
    refuse_contact(b, ringing[--count]);
}

void lives_make_unanswered(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  ring_all_in_vain(b, &s);
  while (has_room(b) && roll_chance(b, 40)) {
    add_fact(b, s.acd, LIVES_TRANSFERS);
    truth_of(b, s.queue)->transfers += is_counted(b, &s);
    s = enqueue_contact(b, other_queue(b, s.queue));
    ring_all_in_vain(b, &s);
  }
  abandon_contact(b, &s);
}

/* ---- up to two hundred participants ---- */

/* The contact passes the same queues many times, with many alerts. */
void lives_make_many(struct lives_build *b) {
  b->who_max = 60 + random_below(b, 141);
  b->steps_max = LIVES_STEPS_MAX;
  b->quiet = 80;
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  while (has_room(b)) {
    ring_all_in_vain(b, &s);
    unsigned agent = answer_contact(b, &s);
    hold_contact(b, agent);
    transfer_to(b, &s, agent,
                roll_chance(b, 50) ? s.queue : other_queue(b, s.queue));
  }
  finish_contact(b, &s);
}
