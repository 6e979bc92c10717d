/* SPDX-License-Identifier: MIT */
/* Random lives of three agents and a Redis with a replica: crashes, stopped
 * and frozen processes, partitions, clocks of different rates, lost data. */
#include "common/base/policy/lease.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/lease_record.h"

enum {
  AGENTS = 3,
  TTL_MS = 15000,
  STEP_MS = 10,
  LIFE_MS = 240000,
  LAG_MS = 480, /* of the replica: less than one part of the TTL */
  LATE = 8,
  HISTORY = 256,
};

struct agent {
  struct gc_lease l;
  double clock_ms, rate;
  bool runs;
  int64_t pause_until_ms;
  bool freezes; /* its clock stands still in the pause */
  bool was_frozen;
  int64_t cut_until_ms;
  struct gc_lease_request q;
  int64_t executes_ms, answers_ms; /* -1: never */
  struct gc_lease_record answer;
  int64_t usable_since_ms; /* runs, is not paused, reaches Redis */
};

struct late_request {
  struct gc_lease_request q;
  int64_t at_ms;
};

struct world {
  uint64_t random;
  int64_t now_ms, redis_since_ms, redis_down_until_ms, dispatched_ms;
  int64_t disturbed_ms;
  struct gc_lease_record record, history[HISTORY];
  int64_t history_ms[HISTORY];
  unsigned history_count;
  struct late_request late[LATE];
  struct agent agents[AGENTS];
  uint64_t owners;
  int64_t longest_hole_ms;
  unsigned doubles, changes;
  uint64_t last_owner;
};

static uint32_t random_bits(struct world *w) {
  w->random =
      w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(w->random >> 32);
}

static int64_t random_to(struct world *w, uint32_t max) {
  return (int64_t)(random_bits(w) % (max + 1));
}

static bool one_in(struct world *w, uint32_t n) {
  return random_bits(w) % n == 0;
}

static uint64_t agent_now(const struct agent *a) {
  return (uint64_t)a->clock_ms;
}

static void start_agent(struct world *w, struct agent *a) {
  a->runs = true;
  a->executes_ms = a->answers_ms = -1;
  a->pause_until_ms = 0;
  gc_lease_init(&a->l, TTL_MS, false, ++w->owners, agent_now(a));
}

/* ---- Redis ---- */

static void apply_request(struct world *w, const struct gc_lease_request *q) {
  struct gc_lease_record before = w->record;
  lease_record_apply(&w->record, q);
  if (memcmp(&before, &w->record, sizeof(before)) == 0)
    return;
  unsigned i = w->history_count++ % HISTORY;
  w->history[i] = w->record;
  w->history_ms[i] = w->now_ms;
}

/* The master fails; its replica has everything older than the lag. */
static void fail_over(struct world *w) {
  int64_t lag_ms = random_to(w, LAG_MS);
  while (w->history_count > 0 &&
         w->history_ms[(w->history_count - 1) % HISTORY] > w->now_ms - lag_ms)
    w->history_count--;
  w->record = w->history_count > 0
                  ? w->history[(w->history_count - 1) % HISTORY]
                  : (struct gc_lease_record){0, 0, 0};
  memset(w->late, 0, sizeof(w->late)); /* they were in the master's sockets */
}

static bool redis_answers(const struct world *w) {
  return w->now_ms >= w->redis_down_until_ms;
}

static void execute_late(struct world *w) {
  for (unsigned i = 0; i < LATE; i++) {
    if (w->late[i].at_ms == 0 || w->late[i].at_ms > w->now_ms ||
        !redis_answers(w))
      continue;
    apply_request(w, &w->late[i].q);
    w->late[i].at_ms = 0;
    w->disturbed_ms = w->now_ms;
  }
}

/* ---- one agent ---- */

static void report_event(struct agent *a, enum gc_lease_event_kind kind) {
  struct gc_lease_event e = {.kind = kind, .record = a->answer};
  gc_lease_step(&a->l, &e, agent_now(a));
}

static void send_request(struct world *w, struct agent *a) {
  if (!gc_lease_next(&a->l, agent_now(a), random_bits(w), &a->q))
    return;
  a->executes_ms = w->now_ms + 1 + random_to(w, 90);
  a->answers_ms = -1;
}

static void lose_request(struct world *w, struct agent *a) {
  if (a->executes_ms >= 0 && one_in(w, 2))
    w->late[random_to(w, LATE - 1)] =
        (struct late_request){a->q, w->now_ms + 1 + random_to(w, 6000)};
  a->executes_ms = a->answers_ms = -1;
  report_event(a, GC_LEASE_NO_ANSWER);
}

static void execute_request(struct world *w, struct agent *a) {
  bool is_cut = w->now_ms < a->cut_until_ms;
  if (a->executes_ms < 0 || w->now_ms < a->executes_ms || is_cut ||
      !redis_answers(w))
    return;
  apply_request(w, &a->q);
  if (w->now_ms > a->executes_ms + 1000)
    w->disturbed_ms = w->now_ms; /* a cut delayed the request */
  a->answer = w->record;
  a->executes_ms = -1;
  a->answers_ms = w->now_ms + 1 + random_to(w, 90);
}

static void run_agent(struct world *w, struct agent *a) {
  bool is_cut = w->now_ms < a->cut_until_ms;
  if (a->answers_ms >= 0 && w->now_ms >= a->answers_ms && !is_cut) {
    a->answers_ms = -1;
    report_event(a, GC_LEASE_ANSWER);
  } else if (a->l.in_flight &&
             agent_now(a) - a->l.sent.sent_ms >= gc_lease_timeout_ms(&a->l)) {
    lose_request(w, a);
  } else if (w->now_ms % 400 == 0) {
    report_event(a, GC_LEASE_TICK);
  }
  send_request(w, a);
}

/* Advances the agent's clock; true if it runs now. */
static bool advance_agent(struct world *w, struct agent *a) {
  bool is_paused = w->now_ms < a->pause_until_ms;
  if (is_paused && a->freezes)
    a->was_frozen = true;
  else
    a->clock_ms += STEP_MS * a->rate;
  if (!a->runs || is_paused)
    return false;
  if (a->was_frozen)
    report_event(a, GC_LEASE_RESUMED);
  a->was_frozen = false;
  return true;
}

/* ---- what happens ---- */

static void disturb_agent(struct world *w, struct agent *a) {
  switch (random_to(w, 4)) {
  case 0:
    a->runs = false;
    break;
  case 1:
    a->freezes = false;
    a->pause_until_ms = w->now_ms + 100 + random_to(w, 40000);
    break;
  case 2:
    a->freezes = true;
    a->pause_until_ms = w->now_ms + 100 + random_to(w, 40000);
    break;
  case 3:
    a->cut_until_ms = w->now_ms + random_to(w, 40000);
    break;
  default:
    if (a->runs)
      report_event(a, GC_LEASE_STOP);
    break;
  }
}

static void disturb_world(struct world *w) {
  w->disturbed_ms = w->now_ms;
  struct agent *a = &w->agents[random_to(w, AGENTS - 1)];
  if (!a->runs || a->l.state == GC_LEASE_ENDED)
    start_agent(w, a);
  else
    disturb_agent(w, a);
  if (!redis_answers(w) || !one_in(w, 4))
    return;
  w->redis_down_until_ms = w->now_ms + 10 + random_to(w, 25000);
  if (one_in(w, 2))
    fail_over(w);
}

/* ---- the laws ---- */

static void count_dispatchers(struct world *w) {
  unsigned dispatching = 0;
  for (unsigned i = 0; i < AGENTS; i++) {
    const struct agent *a = &w->agents[i];
    if (!a->runs || w->now_ms < a->pause_until_ms ||
        agent_now(a) >= gc_lease_valid_until_ms(&a->l))
      continue;
    dispatching++;
    w->dispatched_ms = w->now_ms;
    w->changes += w->last_owner != a->l.owner;
    w->last_owner = a->l.owner;
  }
  w->doubles += dispatching > 1;
}

static void measure_hole(struct world *w) {
  int64_t since_ms = w->now_ms;
  for (unsigned i = 0; i < AGENTS; i++) {
    struct agent *a = &w->agents[i];
    bool is_usable = a->runs && w->now_ms >= a->pause_until_ms &&
                     w->now_ms >= a->cut_until_ms &&
                     a->l.state < GC_LEASE_RELEASING;
    if (!is_usable)
      a->usable_since_ms = w->now_ms;
    if (a->usable_since_ms < since_ms)
      since_ms = a->usable_since_ms;
  }
  if (!redis_answers(w))
    w->redis_since_ms = w->now_ms;
  if (w->redis_since_ms > since_ms)
    since_ms = w->redis_since_ms;
  if (w->disturbed_ms > since_ms)
    since_ms = w->disturbed_ms;
  if (w->dispatched_ms > since_ms)
    since_ms = w->dispatched_ms;
  if (w->now_ms - since_ms > w->longest_hole_ms)
    w->longest_hole_ms = w->now_ms - since_ms;
}

static struct world *run_world(uint64_t seed) {
  struct world *w = calloc(1, sizeof(*w));
  if (w == NULL)
    abort();
  w->random = seed * UINT64_C(0x9e3779b97f4a7c15);
  for (unsigned i = 0; i < AGENTS; i++) {
    w->agents[i].clock_ms = (double)random_to(w, 100000000);
    w->agents[i].rate = 0.995 + (double)random_to(w, 1000) / 100000.0;
    start_agent(w, &w->agents[i]);
  }
  for (; w->now_ms < LIFE_MS; w->now_ms += STEP_MS) {
    if (one_in(w, 700))
      disturb_world(w);
    execute_late(w);
    for (unsigned i = 0; i < AGENTS; i++)
      execute_request(w, &w->agents[i]);
    for (unsigned i = 0; i < AGENTS; i++)
      if (advance_agent(w, &w->agents[i]))
        run_agent(w, &w->agents[i]);
    count_dispatchers(w);
    measure_hole(w);
  }
  return w;
}

static unsigned seeds = 400;

static void in_random_lives_one_agent_dispatches_and_none_is_missing(void) {
  unsigned changes = 0;
  int64_t longest_ms = 0;
  for (unsigned seed = 1; seed <= seeds; seed++) {
    struct world *w = run_world(seed);
    CHECK_THAT(w->doubles == 0, "seed %u: two dispatch for %u ms", seed,
               w->doubles * STEP_MS);
    CHECK_THAT(w->longest_hole_ms <= TTL_MS, "seed %u: a hole of %lld ms", seed,
               (long long)w->longest_hole_ms);
    changes += w->changes;
    if (w->longest_hole_ms > longest_ms)
      longest_ms = w->longest_hole_ms;
    free(w);
  }
  printf("%u lives, %u changes of the holder, longest hole %lld ms\n", seeds,
         changes, (long long)longest_ms);
  CHECK(changes > seeds * 3); /* else the lives try no change of the holder */
}

/* `lease_world_test N` runs N lives. */
int main(int argc, char **argv) {
  if (argc > 1)
    seeds = (unsigned)atoi(argv[1]);
  RUN(in_random_lives_one_agent_dispatches_and_none_is_missing);
  return check_done();
}
