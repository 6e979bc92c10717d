/* SPDX-License-Identifier: MIT */
/* The table of shapes, and the shapes with one medium. */
#include "tests/support/lives_build.h"

/* The limits of most lives; the decoder reads every third life as text. */
enum { WHO_MAX = 40, STEPS_MAX = 160, TEXT_SHARE = 3 };

const char *const lives_queues[LIVES_QUEUES] = {"sales", "support", "billing"};

unsigned lives_random(uint64_t *state, unsigned sides) {
  *state =
      *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(*state >> 33) % sides;
}

/* ---- shapes ---- */

static void make_call(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  talk_and_hang_up(b, &s);
}

static void make_abandon(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  abandon_contact(b, &s);
}

static void make_media(struct lives_build *b) {
  static const enum cv_media media[] = {CV_CHAT,  CV_EMAIL, CV_MESSAGE,
                                        CV_VIDEO, CV_VOICE, CV_CALLBACK};
  b->media = media[random_below(b, GC_COUNT(media))];
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  finish_contact(b, &s);
}

static void make_transfers(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  do {
    unsigned agent = answer_contact(b, &s);
    hold_contact(b, agent);
    transfer_to(b, &s, agent, other_queue(b, s.queue));
  } while (has_room(b) && roll_chance(b, 40));
  finish_contact(b, &s);
}

/* The contact returns to the same queue. */
static void make_requeued(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  do {
    unsigned agent = answer_contact(b, &s);
    hold_contact(b, agent);
    transfer_to(b, &s, agent, s.queue);
  } while (has_room(b) && roll_chance(b, 40));
  finish_contact(b, &s);
}

/* The contact leaves the queue unanswered: to another queue, to a flow. */
static void make_overflow(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  do {
    rings_in_vain(b, &s);
    add_fact(b, s.acd, LIVES_TRANSFERS);
    truth_of(b, s.queue)->transfers += is_counted(b, &s);
    if (roll_chance(b, 30)) {
      unsigned flow = add_participant(b, CV_OTHER, -1);
      add_fact(b, flow, LIVES_CONNECTS);
      mark_snapshot(b);
      pass_time(b);
      add_fact(b, flow, LIVES_ENDS);
    } else {
      maybe_mark_snapshot(b);
    }
    s = enqueue_contact(b, other_queue(b, s.queue));
  } while (has_room(b) && roll_chance(b, 40));
  finish_contact(b, &s);
}

/* An agent hands the contact to another agent, of the same queue or of none. */
static void make_handover(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  unsigned agent = answer_contact(b, &s);
  do {
    bool consults = roll_chance(b, 50);
    unsigned next = 0;
    hold_contact(b, agent);
    if (consults) {
      next = ring_agent(b, roll_chance(b, 70) ? s.queue : -1);
      add_fact(b, next, LIVES_CONNECTS);
      mark_snapshot(b);
      pass_time(b);
    }
    end_agent(b, agent, LIVES_TRANSFERS);
    truth_of(b, s.queue)->transfers +=
        is_counted(b, &s) && b->l->who[agent].queue >= 0;
    mark_snapshot(b);
    if (!consults) {
      next = ring_agent(b, roll_chance(b, 70) ? s.queue : -1);
      add_fact(b, next, LIVES_CONNECTS);
      mark_snapshot(b);
    }
    pass_time(b);
    wrap_up(b, agent);
    agent = next;
  } while (has_room(b) && roll_chance(b, 30));
  hang_up(b, agent);
}

/* An expert joins while the customer is on hold, and leaves again. */
static void make_consult(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  unsigned agent = answer_contact(b, &s);
  add_fact(b, agent, LIVES_HOLDS);
  mark_snapshot(b);
  pass_time(b);
  unsigned expert = ring_agent(b, roll_chance(b, 50) ? s.queue : -1);
  add_fact(b, expert, LIVES_CONNECTS);
  mark_snapshot(b);
  pass_time(b);
  add_fact(b, agent, LIVES_RELEASES);
  mark_snapshot(b);
  pass_time(b);
  end_agent(b, expert, LIVES_ENDS);
  mark_snapshot(b);
  pass_time(b);
  hold_contact(b, agent);
  hang_up(b, agent);
}

/* The consulted party is another queue, whose agent takes over. */
static void make_consult_queue(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  unsigned agent = answer_contact(b, &s);
  add_fact(b, agent, LIVES_HOLDS);
  mark_snapshot(b);
  pass_time(b);
  struct stay other = enqueue_contact(b, other_queue(b, s.queue));
  unsigned expert = answer_contact(b, &other);
  if (roll_chance(b, 50)) {
    add_fact(b, agent, LIVES_RELEASES);
    mark_snapshot(b);
    pass_time(b);
  }
  truth_of(b, s.queue)->transfers += is_counted(b, &s);
  end_agent(b, agent, LIVES_TRANSFERS);
  mark_snapshot(b);
  wrap_up(b, agent);
  pass_time(b);
  hold_contact(b, expert);
  hang_up(b, expert);
}

/* Agents join, hold and leave in any order. */
static void make_conference(struct lives_build *b) {
  unsigned agents[6], count = 0;
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  agents[count++] = answer_contact(b, &s);
  while (count > 0 && has_room(b) && !roll_chance(b, 10)) {
    unsigned k = random_below(b, count);
    if (count < GC_COUNT(agents) && roll_chance(b, 35)) {
      agents[count] = ring_agent(b, roll_chance(b, 70) ? s.queue : -1);
      if (roll_chance(b, 80))
        add_fact(b, agents[count++], LIVES_CONNECTS);
      else
        add_fact(b, agents[count], LIVES_TRANSFERS);
      mark_snapshot(b);
      pass_time(b);
    } else if (count > 1 && roll_chance(b, 40)) {
      end_agent(b, agents[k], LIVES_ENDS);
      mark_snapshot(b);
      wrap_up(b, agents[k]);
      pass_time(b);
      agents[k] = agents[--count];
    } else {
      hold_once(b, agents[k]);
    }
  }
  while (count > 1) {
    end_agent(b, agents[--count], LIVES_ENDS);
    maybe_mark_snapshot(b);
  }
  hang_up(b, agents[0]);
}

/* Many agents ring, some at a time. */
static void make_large_conference(struct lives_build *b) {
  unsigned ringing[4], count = 0;
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  for (unsigned n = random_below(b, 20); n > 0 && has_room(b); n--) {
    if (count < GC_COUNT(ringing) && roll_chance(b, 60)) {
      ringing[count++] = ring_agent(b, s.queue);
    } else if (count > 0) {
      refuse_contact(b, ringing[0]);
      ringing[0] = ringing[--count];
    }
  }
  if (count == 0)
    ringing[count++] = ring_agent(b, s.queue);
  unsigned agent = ringing[--count];
  connect_agent(b, &s, agent);
  while (count > 0)
    refuse_contact(b, ringing[--count]);
  hold_contact(b, agent);
  hang_up(b, agent);
}

/* The block starts in the middle of the life. */
static void make_earlier(struct lives_build *b) {
  b->now_ms -= 1 + random_below(b, 120000);
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  unsigned agent = answer_contact(b, &s);
  hold_contact(b, agent);
  if (roll_chance(b, 50)) {
    truth_of(b, s.queue)->transfers += is_counted(b, &s);
    end_agent(b, agent, LIVES_TRANSFERS);
    mark_snapshot(b);
    s = enqueue_contact(b, other_queue(b, s.queue));
    wrap_up(b, agent);
    finish_contact(b, &s);
  } else {
    hang_up(b, agent);
  }
}

/* A parked contact returns long after everything in it has ended. */
static void make_parked(struct lives_build *b) {
  b->media = CV_EMAIL;
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  do {
    unsigned agent = answer_contact(b, &s);
    end_agent(b, agent, LIVES_ENDS);
    mark_snapshot(b);
    wrap_up(b, agent);
    b->now_ms += 300000 + random_below(b, 3600000);
    s = enqueue_contact(b, any_queue(b));
  } while (has_room(b) && roll_chance(b, 50));
  finish_contact(b, &s);
}

/* The contact leaves unanswered for another queue, whose agent hands it over to
 * an agent of the first one. */
static void make_late_agent(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue_contact(b, any_queue(b));
  rings_in_vain(b, &s);
  add_fact(b, s.acd, LIVES_TRANSFERS);
  truth_of(b, s.queue)->transfers += is_counted(b, &s);
  maybe_mark_snapshot(b);
  struct stay other = enqueue_contact(b, other_queue(b, s.queue));
  unsigned agent = answer_contact(b, &other);
  b->now_ms += 1000;
  truth_of(b, other.queue)->transfers += is_counted(b, &other);
  end_agent(b, agent, LIVES_TRANSFERS);
  mark_snapshot(b);
  wrap_up(b, agent);
  unsigned late = ring_agent(b, s.queue);
  add_fact(b, late, LIVES_CONNECTS);
  mark_snapshot(b);
  pass_time(b);
  hold_contact(b, late);
  hang_up(b, late);
}

const struct lives_shape lives_shapes[] = {
    {"call", make_call, 1},
    {"abandon", make_abandon, 1},
    {"media", make_media, 1},
    {"transfers", make_transfers, 1},
    {"requeued", make_requeued, 1},
    {"overflow", make_overflow, 1},
    {"handover", make_handover, 1},
    {"consult", make_consult, 1},
    {"consult with a queue", make_consult_queue, 1},
    {"conference", make_conference, 1},
    {"large conference", make_large_conference, 1},
    {"earlier", make_earlier, 1},
    {"parked", make_parked, 1},
    {"late agent", make_late_agent, 1},
    {"return", lives_make_return, 1},
    {"callback", lives_make_callback, 1},
    {"second medium", lives_make_second_medium, 1},
    {"two media at a time", lives_make_overlap, 1},
    {"unanswered", lives_make_unanswered, 1},
    {"late leg", lives_make_late_leg, 1},
    {"late queue", lives_make_late_queue, 1},
    {"late answer", lives_make_late_answer, 1},
    {"late skip", lives_make_late_skip, 1},
    {"second leg", lives_make_second_leg, 1},
    {"moved callback", lives_make_moved_callback, 1},
    {"many participants", lives_make_many, 20},
};
const unsigned lives_shape_count = GC_COUNT(lives_shapes);

static int64_t time_of(const struct lives_life *l, unsigned who,
                       enum lives_fact fact, enum lives_fact other) {
  for (unsigned i = 0; i < l->count; i++)
    if (l->steps[i].who == who &&
        (l->steps[i].fact == fact || l->steps[i].fact == other))
      return l->steps[i].at_ms;
  return 0;
}

/* A wait ends with the answer; without an answer, with the end of the stay. */
static void count_breaches(struct lives_life *l) {
  int64_t target_ms = life_settings().target_ms;
  for (unsigned i = 0; i < l->who_count; i++) {
    const struct lives_who *w = &l->who[i];
    int64_t since_ms = time_of(l, i, LIVES_CONNECTS, LIVES_CONNECTS);
    int64_t end_ms = w->answered_ms != 0
                         ? w->answered_ms
                         : time_of(l, i, LIVES_ENDS, LIVES_TRANSFERS);
    if (w->purpose == CV_ACD && since_ms >= l->started_ms)
      l->truth[w->queue][w->media].breaches += end_ms - since_ms > target_ms;
  }
}

void lives_make(struct lives_life *l, const struct lives_shape *shape,
                uint64_t seed) {
  struct lives_build b = {.l = l,
                          .who_max = WHO_MAX,
                          .steps_max = STEPS_MAX,
                          .random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15),
                          .now_ms = AT(1),
                          .media = CV_VOICE};
  memset(l, 0, sizeof(*l));
  l->is_text = seed % TEXT_SHARE == 0;
  l->seed = seed;
  l->shape = shape->name;
  l->started_ms = T0_MS;
  shape->make(&b);
  l->steps[l->count - 1].last = true;
  for (unsigned i = 0; i < l->count; i++)
    if (l->steps[i].last)
      l->end[l->snapshots++] = i + 1;
  count_breaches(l);
}
