/* SPDX-License-Identifier: MIT */
/* The generator of lives. Times are true and in ms; the platform sends a
 * snapshot after each moment, mostly in the order of the facts. */
#include "tests/support/lives.h"

#include "common/base/cleanup.h"

const char *const lives_queues[LIVES_QUEUES] = {"sales", "support", "billing"};

unsigned lives_random(uint64_t *state, unsigned sides) {
  *state =
      *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(*state >> 33) % sides;
}

struct lives_build {
  struct lives_life *l;
  uint64_t random;
  int64_t now_ms;
  unsigned customer;
  enum cv_media media;
};

/* A stay in a queue. */
struct stay {
  unsigned acd;
  int queue;
  int64_t since_ms;
};

static unsigned random_below(struct lives_build *b, unsigned sides) {
  return lives_random(&b->random, sides);
}

static bool chance(struct lives_build *b, unsigned percent) {
  return random_below(b, 100) < percent;
}

/* ---- facts ---- */

static void fact_at(struct lives_build *b, unsigned who, enum lives_fact fact,
                    int64_t at_ms) {
  struct lives_life *l = b->l;
  if (l->count < LIVES_STEPS_MAX)
    l->steps[l->count++] = (struct lives_step){
        .at_ms = at_ms, .fact = (uint8_t)fact, .who = (uint8_t)who};
}

static void fact(struct lives_build *b, unsigned who, enum lives_fact f) {
  fact_at(b, who, f, b->now_ms);
}

/* The platform sends a snapshot after the newest fact. */
static void mark_snapshot(struct lives_build *b) {
  b->l->steps[b->l->count - 1].last = true;
}

static void maybe_mark_snapshot(struct lives_build *b) {
  if (chance(b, 50))
    mark_snapshot(b);
}

/* Mostly seconds; now and then longer than an ended conversation is kept. */
static void pass(struct lives_build *b) {
  static const struct {
    unsigned percent, longest_ms;
  } rows[] = {
      {10, 40}, {30, 1500}, {40, 30000}, {14, 300000}, {6, 3 * 3600000}};
  unsigned roll = random_below(b, 100), i = 0;
  while (roll >= rows[i].percent)
    roll -= rows[i++].percent;
  b->now_ms += 1 + random_below(b, rows[i].longest_ms);
}

static unsigned add_participant(struct lives_build *b, enum cv_purpose purpose,
                                int queue) {
  struct lives_life *l = b->l;
  unsigned who = l->who_count;
  if (who == LIVES_WHO_MAX)
    return who - 1;
  l->who_count++;
  l->who[who] =
      (struct lives_who){(uint8_t)purpose, (uint8_t)b->media, (int8_t)queue};
  fact(b, who, LIVES_APPEARS);
  return who;
}

static bool has_room(const struct lives_build *b) {
  return b->l->who_count + 6 < LIVES_WHO_MAX &&
         b->l->count + 40 < LIVES_STEPS_MAX;
}

static struct lives_truth *truth(struct lives_build *b, int queue) {
  return &b->l->truth[queue][b->media];
}

static bool is_counted(const struct lives_build *b, const struct stay *s) {
  return s->since_ms >= b->l->started_ms;
}

/* ---- moments ---- */

static void begin_contact(struct lives_build *b) {
  b->customer = add_participant(b, CV_CUSTOMER, -1);
  fact(b, b->customer, LIVES_CONNECTS);
  if (chance(b, 40)) {
    unsigned ivr = add_participant(b, CV_OTHER, -1);
    fact(b, ivr, LIVES_CONNECTS);
    maybe_mark_snapshot(b);
    pass(b);
    fact(b, ivr, LIVES_ENDS);
  } else if (chance(b, 50)) {
    b->now_ms += random_below(b, 900);
  }
}

static struct stay enqueue(struct lives_build *b, int queue) {
  struct stay s = {.acd = add_participant(b, CV_ACD, queue),
                   .queue = queue,
                   .since_ms = b->now_ms};
  fact(b, s.acd, LIVES_CONNECTS);
  mark_snapshot(b);
  truth(b, queue)->offers += is_counted(b, &s);
  pass(b);
  return s;
}

static unsigned ring(struct lives_build *b, int queue) {
  unsigned agent = add_participant(b, CV_AGENT, queue);
  mark_snapshot(b);
  pass(b);
  return agent;
}

static void refuse(struct lives_build *b, unsigned agent) {
  fact(b, agent, chance(b, 70) ? LIVES_TRANSFERS : LIVES_ENDS);
  mark_snapshot(b);
  pass(b);
}

static void rings_in_vain(struct lives_build *b, const struct stay *s) {
  while (has_room(b) && chance(b, 35))
    refuse(b, ring(b, s->queue));
}

/* The end of the wait and the begin of the talk are a moment apart, either
 * first, in one snapshot or in two. */
static void connect(struct lives_build *b, const struct stay *s,
                    unsigned agent) {
  enum lives_fact end = chance(b, 80) ? LIVES_TRANSFERS : LIVES_ENDS;
  bool acd_first = chance(b, 50);
  if (acd_first)
    fact(b, s->acd, end);
  else
    fact(b, agent, LIVES_CONNECTS);
  if (chance(b, 60)) {
    maybe_mark_snapshot(b);
    b->now_ms += random_below(b, 60);
  }
  int64_t answered_ms =
      acd_first ? b->now_ms : b->l->steps[b->l->count - 1].at_ms;
  if (acd_first)
    fact(b, agent, LIVES_CONNECTS);
  else
    fact(b, s->acd, end);
  mark_snapshot(b);
  if (is_counted(b, s)) {
    truth(b, s->queue)->answers++;
    truth(b, s->queue)->wait_ms += (uint64_t)(answered_ms - s->since_ms);
  }
  pass(b);
}

static unsigned answer(struct lives_build *b, const struct stay *s) {
  rings_in_vain(b, s);
  unsigned agent = ring(b, s->queue);
  connect(b, s, agent);
  return agent;
}

static void hold_once(struct lives_build *b, unsigned agent) {
  fact(b, agent, LIVES_HOLDS);
  mark_snapshot(b);
  pass(b);
  fact(b, agent, LIVES_RELEASES);
  mark_snapshot(b);
  pass(b);
}

static void holds(struct lives_build *b, unsigned agent) {
  while (has_room(b) && chance(b, 30))
    hold_once(b, agent);
}

/* The agent's leg ends, with after-call work or without. */
static void leave(struct lives_build *b, unsigned agent, enum lives_fact end) {
  bool wraps_up = chance(b, 50);
  fact(b, agent, end);
  if (wraps_up)
    fact(b, agent, LIVES_WRAPS_UP);
  if (chance(b, 30)) { /* the customer is seen to go a moment later */
    mark_snapshot(b);
    b->now_ms += random_below(b, 50);
  }
}

static void wrap_up(struct lives_build *b, unsigned agent) {
  const struct lives_life *l = b->l;
  bool wraps_up = false;
  for (unsigned i = 0; i < l->count; i++)
    wraps_up |= l->steps[i].who == agent && l->steps[i].fact == LIVES_WRAPS_UP;
  if (!wraps_up)
    return;
  pass(b);
  fact(b, agent, LIVES_WRAPPED_UP);
  mark_snapshot(b);
}

static void customer_leaves(struct lives_build *b) {
  fact(b, b->customer, LIVES_ENDS);
  mark_snapshot(b);
}

static void hang_up(struct lives_build *b, unsigned agent) {
  leave(b, agent, LIVES_ENDS);
  customer_leaves(b);
  wrap_up(b, agent);
}

static void talk_and_hang_up(struct lives_build *b, const struct stay *s) {
  unsigned agent = answer(b, s);
  holds(b, agent);
  hang_up(b, agent);
}

/* The customer leaves while waiting, some while an agent rings. All end within
 * a moment. */
static void abandon(struct lives_build *b, const struct stay *s) {
  rings_in_vain(b, s);
  unsigned agent = chance(b, 40) ? ring(b, s->queue) : s->acd;
  unsigned customer_goes = random_below(b, 3);
  bool agent_first = chance(b, 50);
  for (unsigned i = 0; i < 3; i++) {
    unsigned who = (i == 0) == agent_first ? agent : s->acd;
    if (i == customer_goes)
      fact_at(b, b->customer, LIVES_ENDS, b->now_ms + random_below(b, 20));
    if (i < 2 && (who != s->acd || who != agent || i == 0))
      fact(b, who, LIVES_ENDS);
    if (chance(b, 50)) {
      mark_snapshot(b);
      b->now_ms += 1 + random_below(b, 20);
    }
  }
  mark_snapshot(b);
  b->now_ms += 20;
  truth(b, s->queue)->abandons += is_counted(b, s);
}

static void finish(struct lives_build *b, const struct stay *s) {
  if (chance(b, 80))
    talk_and_hang_up(b, s);
  else
    abandon(b, s);
}

static int other_queue(struct lives_build *b, int queue) {
  return (queue + 1 + (int)random_below(b, LIVES_QUEUES - 1)) % LIVES_QUEUES;
}

static int any_queue(struct lives_build *b) {
  return (int)random_below(b, LIVES_QUEUES);
}

/* ---- shapes ---- */

static void make_call(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  talk_and_hang_up(b, &s);
}

static void make_abandon(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  abandon(b, &s);
}

static void make_media(struct lives_build *b) {
  static const enum cv_media media[] = {CV_CHAT,  CV_EMAIL, CV_MESSAGE,
                                        CV_VIDEO, CV_VOICE, CV_CALLBACK};
  b->media = media[random_below(b, GC_COUNT(media))];
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  finish(b, &s);
}

/* The agent's leg ends with transfer when the next one begins. */
static void transfer_to(struct lives_build *b, struct stay *s, unsigned agent,
                        int queue) {
  truth(b, s->queue)->transfers += is_counted(b, s);
  leave(b, agent, LIVES_TRANSFERS);
  maybe_mark_snapshot(b);
  *s = enqueue(b, queue);
  wrap_up(b, agent);
  pass(b);
}

static void make_transfers(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  do {
    unsigned agent = answer(b, &s);
    holds(b, agent);
    transfer_to(b, &s, agent, other_queue(b, s.queue));
  } while (has_room(b) && chance(b, 40));
  finish(b, &s);
}

/* Back into the same queue. */
static void make_requeued(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  do {
    unsigned agent = answer(b, &s);
    holds(b, agent);
    transfer_to(b, &s, agent, s.queue);
  } while (has_room(b) && chance(b, 40));
  finish(b, &s);
}

/* The contact leaves the queue unanswered: to another queue, to a flow. */
static void make_overflow(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  do {
    rings_in_vain(b, &s);
    fact(b, s.acd, LIVES_TRANSFERS);
    truth(b, s.queue)->transfers += is_counted(b, &s);
    if (chance(b, 30)) {
      unsigned flow = add_participant(b, CV_OTHER, -1);
      fact(b, flow, LIVES_CONNECTS);
      mark_snapshot(b);
      pass(b);
      fact(b, flow, LIVES_ENDS);
    } else {
      maybe_mark_snapshot(b);
    }
    s = enqueue(b, other_queue(b, s.queue));
  } while (has_room(b) && chance(b, 40));
  finish(b, &s);
}

/* To an agent directly: one of the same queue, or one of none. */
static void make_handover(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  unsigned agent = answer(b, &s);
  do {
    bool consults = chance(b, 50);
    unsigned next = 0;
    holds(b, agent);
    if (consults) {
      next = ring(b, chance(b, 70) ? s.queue : -1);
      fact(b, next, LIVES_CONNECTS);
      mark_snapshot(b);
      pass(b);
    }
    leave(b, agent, LIVES_TRANSFERS);
    truth(b, s.queue)->transfers +=
        is_counted(b, &s) && b->l->who[agent].queue >= 0;
    mark_snapshot(b);
    if (!consults) {
      next = ring(b, chance(b, 70) ? s.queue : -1);
      fact(b, next, LIVES_CONNECTS);
      mark_snapshot(b);
    }
    pass(b);
    wrap_up(b, agent);
    agent = next;
  } while (has_room(b) && chance(b, 30));
  hang_up(b, agent);
}

/* An expert joins while the customer is on hold, and one of the two leaves. */
static void make_consult(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  unsigned agent = answer(b, &s);
  fact(b, agent, LIVES_HOLDS);
  mark_snapshot(b);
  pass(b);
  unsigned expert = ring(b, chance(b, 50) ? s.queue : -1);
  fact(b, expert, LIVES_CONNECTS);
  mark_snapshot(b);
  pass(b);
  fact(b, agent, LIVES_RELEASES);
  mark_snapshot(b);
  pass(b);
  leave(b, expert, LIVES_ENDS);
  mark_snapshot(b);
  pass(b);
  holds(b, agent);
  hang_up(b, agent);
}

/* The consulted party is another queue, whose agent takes over. */
static void make_consult_queue(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  unsigned agent = answer(b, &s);
  fact(b, agent, LIVES_HOLDS);
  mark_snapshot(b);
  pass(b);
  struct stay other = enqueue(b, other_queue(b, s.queue));
  unsigned expert = answer(b, &other);
  if (chance(b, 50)) {
    fact(b, agent, LIVES_RELEASES);
    mark_snapshot(b);
    pass(b);
  }
  truth(b, s.queue)->transfers += is_counted(b, &s);
  leave(b, agent, LIVES_TRANSFERS);
  mark_snapshot(b);
  wrap_up(b, agent);
  pass(b);
  holds(b, expert);
  hang_up(b, expert);
}

/* Agents join, hold and leave in any order. */
static void make_conference(struct lives_build *b) {
  unsigned agents[6], count = 0;
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  agents[count++] = answer(b, &s);
  while (count > 0 && has_room(b) && !chance(b, 10)) {
    unsigned k = random_below(b, count);
    if (count < GC_COUNT(agents) && chance(b, 35)) {
      agents[count] = ring(b, chance(b, 70) ? s.queue : -1);
      if (chance(b, 80))
        fact(b, agents[count++], LIVES_CONNECTS);
      else
        fact(b, agents[count], LIVES_TRANSFERS);
      mark_snapshot(b);
      pass(b);
    } else if (count > 1 && chance(b, 40)) {
      leave(b, agents[k], LIVES_ENDS);
      mark_snapshot(b);
      wrap_up(b, agents[k]);
      pass(b);
      agents[k] = agents[--count];
    } else {
      hold_once(b, agents[k]);
    }
  }
  while (count > 1) {
    leave(b, agents[--count], LIVES_ENDS);
    maybe_mark_snapshot(b);
  }
  hang_up(b, agents[0]);
}

/* Many agents ring, some at a time. */
static void make_crowd(struct lives_build *b) {
  unsigned ringing[4], count = 0;
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  for (unsigned n = random_below(b, 20); n > 0 && has_room(b); n--) {
    if (count < GC_COUNT(ringing) && chance(b, 60)) {
      ringing[count++] = ring(b, s.queue);
    } else if (count > 0) {
      refuse(b, ringing[0]);
      ringing[0] = ringing[--count];
    }
  }
  if (count == 0)
    ringing[count++] = ring(b, s.queue);
  unsigned agent = ringing[--count];
  connect(b, &s, agent);
  while (count > 0)
    refuse(b, ringing[--count]);
  holds(b, agent);
  hang_up(b, agent);
}

/* The block starts in the middle of the life. */
static void make_earlier(struct lives_build *b) {
  b->now_ms -= 1 + random_below(b, 120000);
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  unsigned agent = answer(b, &s);
  holds(b, agent);
  if (chance(b, 50)) {
    truth(b, s.queue)->transfers += is_counted(b, &s);
    leave(b, agent, LIVES_TRANSFERS);
    mark_snapshot(b);
    s = enqueue(b, other_queue(b, s.queue));
    wrap_up(b, agent);
    finish(b, &s);
  } else {
    hang_up(b, agent);
  }
}

/* A parked contact returns long after everything in it has ended. */
static void make_parked(struct lives_build *b) {
  b->media = CV_EMAIL;
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  do {
    unsigned agent = answer(b, &s);
    leave(b, agent, LIVES_ENDS);
    mark_snapshot(b);
    wrap_up(b, agent);
    b->now_ms += 300000 + random_below(b, 3600000);
    s = enqueue(b, any_queue(b));
  } while (has_room(b) && chance(b, 50));
  finish(b, &s);
}

/* The contact leaves unanswered for another queue, whose agent hands it over to
 * an agent of the first one. */
static void make_late_agent(struct lives_build *b) {
  begin_contact(b);
  struct stay s = enqueue(b, any_queue(b));
  rings_in_vain(b, &s);
  fact(b, s.acd, LIVES_TRANSFERS);
  truth(b, s.queue)->transfers += is_counted(b, &s);
  maybe_mark_snapshot(b);
  struct stay other = enqueue(b, other_queue(b, s.queue));
  unsigned agent = answer(b, &other);
  b->now_ms += 1000;
  truth(b, other.queue)->transfers += is_counted(b, &other);
  leave(b, agent, LIVES_TRANSFERS);
  mark_snapshot(b);
  wrap_up(b, agent);
  unsigned late = ring(b, s.queue);
  fact(b, late, LIVES_CONNECTS);
  mark_snapshot(b);
  pass(b);
  holds(b, late);
  hang_up(b, late);
}

/* The deliveries for which the law holds today. */
#define ALL ((1u << LIVES_KINDS) - 1)

const struct lives_shape lives_shapes[] = {
    {"call", make_call, ALL},
    {"abandon", make_abandon, ALL},
    {"media", make_media, ALL},
    {"transfers", make_transfers, ALL},
    {"requeued", make_requeued, ALL},
    {"overflow", make_overflow, ALL},
    {"handover", make_handover, ALL},
    {"consult", make_consult, ALL},
    {"consult with a queue", make_consult_queue, ALL},
    {"conference", make_conference, ALL},
    {"crowd", make_crowd, ALL},
    {"earlier", make_earlier, ALL},
    {"parked", make_parked, ALL},
    {"late agent", make_late_agent, ALL},
};
const unsigned lives_shape_count = GC_COUNT(lives_shapes);

void lives_make(struct lives_life *l, const struct lives_shape *shape,
                uint64_t seed) {
  struct lives_build b = {

      .l = l,
      .random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15),
      .now_ms = AT(1),
      .media = CV_VOICE};
  memset(l, 0, sizeof(*l));
  l->seed = seed;
  l->shape = shape->name;
  l->started_ms = T0_MS;
  shape->make(&b);
  l->steps[l->count - 1].last = true;
  for (unsigned i = 0; i < l->count; i++)
    if (l->steps[i].last)
      l->end[l->snapshots++] = i + 1;
}
