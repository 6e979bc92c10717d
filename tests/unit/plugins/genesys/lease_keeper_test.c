/* SPDX-License-Identifier: MIT */
/* Processes that share a lease in a real Redis: killed, stopped and continued,
 * ended. Each of them notes every time at which it may dispatch. */
#include "plugins/genesys/lease_keeper.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/redis_server.h"

enum { SKIPPED = 77, TTL = 5000, AGENTS = 2, NOTES = 100000 };

/* Three fifths of the TTL. */
enum { BLIND_MS = TTL / 5 * 3 };

/* In memory that the processes share. */
struct notes {
  _Atomic unsigned count;
  struct {
    uint64_t at_ms;
    int agent;
  } note[NOTES];
  _Atomic int state[AGENTS];
  _Atomic bool ends[AGENTS], stalls[AGENTS];
  _Atomic bool goes_on[AGENTS];
  _Atomic unsigned differences;
};

static struct redis_server server;
static struct notes *notes;
static pid_t pids[AGENTS];

static void sleep_ms(long ms) {
  struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  nanosleep(&t, NULL);
}

static void take_state(void *ctx, enum gc_lease_state state, uint64_t fence,
                       const struct gc_err *err) {
  (void)fence;
  (void)err;
  atomic_store((_Atomic int *)ctx, (int)state);
}

static void count_advice(void *ctx, const char *cause,
                         const struct gc_err *err) {
  (void)ctx;
  (void)err;
  if (strcmp(cause, "options") == 0)
    atomic_fetch_add(&notes->differences, 1);
}

/* The time is read before the permission is checked. */
static void dispatch_note(const struct gc_lease_gate *gate, int agent) {
  uint64_t at_ms = gc_clock_boot_ms();
  if (!gc_lease_gate_allows(gate))
    return;
  unsigned i = atomic_fetch_add(&notes->count, 1);
  if (i >= NOTES)
    abort();
  notes->note[i].at_ms = at_ms;
  notes->note[i].agent = agent;
}

static _Noreturn void run_agent(int agent) {
  struct gc_err err = {.code = GC_OK};
  struct redis_lease *l = NULL;
  struct redis_lease_settings s = {.name = "prod",
                                   .ttl_ms = TTL,
                                   .gate = gc_lease_gate_make("prod", "host"),
                                   .goes_on =
                                       atomic_load(&notes->goes_on[agent]),
                                   .report = take_state,
                                   .advise = count_advice,
                                   .ctx = &notes->state[agent]};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (redis_url_parse(server.url, &s.redis.url, &err) != GC_OK ||
      redis_lease_start(&s, &l, &err) != GC_OK)
    _exit(1);
  while (!atomic_load(&notes->ends[agent])) {
    dispatch_note(s.gate, agent);
    if (!atomic_load(&notes->stalls[agent]))
      gc_lease_gate_note_read(s.gate);
    sleep_ms(2);
  }
  redis_lease_stop(l);
  _exit(0);
}

static void start_agent(int agent, bool stalls) {
  atomic_store(&notes->state[agent], -1);
  atomic_store(&notes->ends[agent], false);
  atomic_store(&notes->stalls[agent], stalls);
  pids[agent] = fork();
  if (pids[agent] == 0)
    run_agent(agent);
}

static void await_state(int agent, enum gc_lease_state state) {
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (atomic_load(&notes->state[agent]) != (int)state &&
         gc_clock_now_ms() < until_ms)
    sleep_ms(5);
  CHECK_INT(atomic_load(&notes->state[agent]), state);
}

static void await_more_times(void) {
  unsigned from = atomic_load(&notes->count);
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (atomic_load(&notes->count) < from + 50 && gc_clock_now_ms() < until_ms)
    sleep_ms(5);
  CHECK(atomic_load(&notes->count) >= from + 50);
}

static void await_end(int agent) {
  int status = -1;
  CHECK_INT(waitpid(pids[agent], &status, 0), pids[agent]);
  pids[agent] = 0;
}

static void begin_server(void) {
  redis_server_start(&server, NULL);
  /* A released lease: the first agent need not wait. */
  CHECK_STR(redis_server_ask(
                &server, "HSET genesys:{lease}:prod fence 1 owner 0 beat 1"),
            "3");
  atomic_store(&notes->count, 0);
}

/* The first agent becomes the holder. */
static void begin_agents(void) {
  begin_server();
  start_agent(0, false);
  await_state(0, GC_LEASE_HOLDER);
  await_more_times();
  start_agent(1, false);
  await_state(1, GC_LEASE_STANDBY);
}

static int by_time(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

/* The times of the agents do not overlap: in the order of the times, the agent
 * changes `changes` times. */
static void check_times(unsigned changes) {
  unsigned count = atomic_load(&notes->count), seen = 0;
  uint64_t longest_ms = 0;
  qsort(notes->note, count, sizeof(notes->note[0]), by_time);
  for (unsigned i = 1; i < count; i++) {
    seen += notes->note[i].agent != notes->note[i - 1].agent;
    if (notes->note[i].at_ms - notes->note[i - 1].at_ms > longest_ms)
      longest_ms = notes->note[i].at_ms - notes->note[i - 1].at_ms;
  }
  printf("%u times, %u changes, longest hole %llu ms\n", count, seen,
         (unsigned long long)longest_ms);
  CHECK_INT(seen, changes);
}

static bool has_times_of(int agent) {
  unsigned count = atomic_load(&notes->count);
  for (unsigned i = 0; i < count; i++)
    if (notes->note[i].agent == agent)
      return true;
  return false;
}

static void finish_agents(void) {
  for (int i = 0; i < AGENTS; i++) {
    if (pids[i] <= 0)
      continue;
    kill(pids[i], SIGKILL);
    waitpid(pids[i], NULL, 0);
    pids[i] = 0;
  }
  redis_server_end(&server);
}

static void a_killed_holder_is_followed(void) {
  begin_agents();
  kill(pids[0], SIGKILL);
  await_end(0);
  await_state(1, GC_LEASE_HOLDER);
  await_more_times();
  check_times(1);
  finish_agents();
}

static void a_stopped_holder_dispatches_nothing_when_it_continues(void) {
  begin_agents();
  kill(pids[0], SIGSTOP);
  await_state(1, GC_LEASE_HOLDER);
  await_more_times();
  kill(pids[0], SIGCONT);
  await_state(0, GC_LEASE_STANDBY);
  await_more_times();
  check_times(1);
  finish_agents();
}

/* The other agent need not wait for a lease without an owner. */
static void a_holder_that_ends_is_followed_at_once(void) {
  static const char get_owner[] = "HGET genesys:{lease}:prod owner";
  begin_agents();
  char owner[40];
  snprintf(owner, sizeof(owner), "%s", redis_server_ask(&server, get_owner));
  atomic_store(&notes->ends[0], true);
  uint64_t from_ms = gc_clock_now_ms();
  await_end(0);
  CHECK(strcmp(redis_server_ask(&server, get_owner), owner) != 0);
  CHECK_INT(atomic_load(&notes->state[0]), GC_LEASE_ENDED);
  await_state(1, GC_LEASE_HOLDER);
  printf("followed after %llu ms\n",
         (unsigned long long)(gc_clock_now_ms() - from_ms));
  await_more_times();
  check_times(1);
  finish_agents();
}

/* A collectd whose readings have stopped dispatches nothing, so it releases the
 * lease. */
static void a_holder_whose_readings_stand_still_is_followed(void) {
  begin_agents();
  atomic_store(&notes->stalls[0], true);
  await_state(0, GC_LEASE_ENDED);
  await_state(1, GC_LEASE_HOLDER);
  await_more_times();
  atomic_store(&notes->stalls[0], false);
  await_state(0, GC_LEASE_STANDBY);
  atomic_store(&notes->ends[1], true);
  await_end(1);
  await_state(0, GC_LEASE_HOLDER);
  await_more_times();
  check_times(2);
  finish_agents();
}

static const char *fence_in_redis(void) {
  return redis_server_ask(&server, "HGET genesys:{lease}:prod fence");
}

/* The inits of other plugins last longer than an agent keeps its lease without
 * a reading. */
static void a_slow_start_changes_no_holder(void) {
  begin_server();
  start_agent(0, true);
  await_state(0, GC_LEASE_ENDED);
  CHECK_STR(fence_in_redis(), "1"); /* not claimed */
  atomic_store(&notes->stalls[0], false);
  await_state(0, GC_LEASE_HOLDER);
  CHECK_STR(fence_in_redis(), "2");
  finish_agents();
}

/* The time in which Redis has not answered begins with the first request, not
 * with the start. */
static void a_slow_start_is_no_outage_of_redis(void) {
  begin_server();
  redis_server_kill(&server);
  start_agent(0, true);
  sleep_ms(BLIND_MS - 500);
  uint64_t from_ms = gc_clock_now_ms();
  atomic_store(&notes->stalls[0], false);
  await_state(0, GC_LEASE_BLIND);
  CHECK(gc_clock_now_ms() - from_ms >= BLIND_MS - 500);
  finish_agents();
}

/* A plugin hangs in its init, so that collectd never reads the account. */
static void an_agent_that_is_never_read_claims_nothing(void) {
  begin_server();
  start_agent(0, true);
  start_agent(1, false);
  await_state(1, GC_LEASE_HOLDER);
  await_more_times();
  atomic_store(&notes->ends[1], true);
  await_end(1);
  await_state(0, GC_LEASE_ENDED);
  start_agent(1, false);
  await_state(1, GC_LEASE_HOLDER);
  await_more_times();
  CHECK_INT(atomic_load(&notes->state[0]), GC_LEASE_ENDED);
  check_times(0);
  CHECK(!has_times_of(0));
  atomic_store(&notes->stalls[0], false);
  await_state(0, GC_LEASE_STANDBY);
  finish_agents();
}

static void different_options_are_reported_once(void) {
  atomic_store(&notes->goes_on[1], true);
  begin_agents();
  await_state(1, GC_LEASE_STANDBY);
  await_more_times();
  await_more_times();
  CHECK_INT(atomic_load(&notes->differences), 1);
  atomic_store(&notes->goes_on[1], false);
  finish_agents();
}

static void a_killed_redis_ends_the_permission_until_it_is_back(void) {
  begin_agents();
  redis_server_kill(&server);
  await_state(0, GC_LEASE_BLIND);
  await_state(1, GC_LEASE_BLIND);
  unsigned count = atomic_load(&notes->count);
  redis_server_start(&server, NULL);
  await_more_times();
  CHECK(notes->note[count].at_ms - notes->note[count - 1].at_ms > 100);
  finish_agents();
}

int main(void) {
  notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!redis_is_installed() || notes == MAP_FAILED)
    return SKIPPED;
  RUN(a_killed_holder_is_followed);
  RUN(a_stopped_holder_dispatches_nothing_when_it_continues);
  RUN(a_holder_that_ends_is_followed_at_once);
  RUN(a_holder_whose_readings_stand_still_is_followed);
  RUN(a_slow_start_changes_no_holder);
  RUN(a_slow_start_is_no_outage_of_redis);
  RUN(an_agent_that_is_never_read_claims_nothing);
  RUN(different_options_are_reported_once);
  RUN(a_killed_redis_ends_the_permission_until_it_is_back);
  return check_done();
}
