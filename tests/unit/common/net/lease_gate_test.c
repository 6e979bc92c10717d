/* SPDX-License-Identifier: MIT */
/* The gate of a lease: its host and account, the time for which it is open, the
 * end of a term. */
#include "common/net/lease_gate.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "common/net/timing.h"
#include "tests/support/check.h"

static struct gc_lease_gate *gate;
static char account[16];

/* The thread waits after a read of this clock, `waits` times. */
static clockid_t slow_clock;
static unsigned waits;

/* In place of libc's. */
int clock_gettime(clockid_t clock, struct timespec *ret) {
  const struct timespec wait = {.tv_nsec = 2L * GC_LEASE_JUMP_MS * 1000000};
  int status = (int)syscall(SYS_clock_gettime, clock, ret);
  if (clock == slow_clock && waits > 0) {
    waits--;
    nanosleep(&wait, NULL);
  }
  return status;
}

static void set_state(enum gc_lease_state state, uint64_t valid_ms) {
  uint64_t now_ms = gc_clock_boot_ms();
  gc_lease_gate_set(
      gate, &(struct gc_lease_status){
                .state = state,
                .fence = 7,
                .answered_ms = now_ms,
                .valid_until_ms = valid_ms > 0 ? now_ms + valid_ms : 0});
}

/* Gates live as long as the process: each test has its own. */
static void begin_gate(void) {
  static unsigned number;
  snprintf(account, sizeof(account), "prod%u", ++number);
  gate = gc_lease_gate_make(account, account);
  CHECK(gate != NULL);
}

static void a_gate_concerns_its_host_and_account_only(void) {
  begin_gate();
  CHECK(gc_lease_gate_of_host(account) == gate);
  CHECK(gc_lease_gate_of_account(account) == gate);
  CHECK(gc_lease_gate_of_host("web1") == NULL);
  CHECK(gc_lease_gate_of_host(NULL) == NULL);
  CHECK(gc_lease_gate_of_account("other") == NULL);
  CHECK(gc_lease_gate_allows(NULL));
  CHECK_INT(gc_lease_gate_term(NULL), 1);
  CHECK(gc_lease_gate_make(account, account) == gate);
  CHECK(gc_lease_gate_make(account, "other") != gate);
}

static void the_gate_is_open_until_the_permission_ends(void) {
  begin_gate();
  CHECK(!gc_lease_gate_allows(gate));
  set_state(GC_LEASE_HOLDER, 3600000);
  CHECK(gc_lease_gate_allows(gate));
  gc_lease_gate_set(gate,
                    &(struct gc_lease_status){
                        .state = GC_LEASE_HOLDER,
                        .valid_until_ms = gc_clock_boot_ms()}); /* suspended */
  CHECK(!gc_lease_gate_allows(gate));
  set_state(GC_LEASE_STANDBY, 0);
  CHECK(!gc_lease_gate_allows(gate));
}

static void a_wait_between_two_clocks_is_no_jump(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_BOOTTIME};
  begin_gate();
  set_state(GC_LEASE_HOLDER, 3600000);
  for (unsigned i = 0; i < GC_COUNT(clocks); i++) {
    slow_clock = clocks[i];
    waits = 2;
    CHECK(gc_lease_gate_allows(gate));
    CHECK(!gc_lease_gate_check_clocks(gate));
    CHECK(gc_lease_gate_allows(gate));
    CHECK_INT(waits, 0);
  }
}

/* The thread of the lease may hang, on a disk, and report nothing more. */
static void a_holder_without_permission_is_blind(void) {
  struct gc_lease_status s;
  begin_gate();
  set_state(GC_LEASE_HOLDER, 3600000);
  gc_lease_gate_status(gate, &s);
  CHECK_INT(s.state, GC_LEASE_HOLDER);
  gc_lease_gate_set(
      gate, &(struct gc_lease_status){.state = GC_LEASE_GOING_ON,
                                      .valid_until_ms = gc_clock_boot_ms()});
  gc_lease_gate_status(gate, &s);
  CHECK_INT(s.state, GC_LEASE_BLIND);
  set_state(GC_LEASE_STANDBY, 0);
  gc_lease_gate_status(gate, &s);
  CHECK_INT(s.state, GC_LEASE_STANDBY);
}

static void a_term_lasts_until_another_agent_may_hold(void) {
  static const struct {
    enum gc_lease_state state;
    uint32_t term;
  } life[] = {
      {GC_LEASE_STANDBY, 0},   {GC_LEASE_TAKING, 0}, {GC_LEASE_HOLDER, 1},
      {GC_LEASE_TAKING, 1}, /* after a sleep: Redis names this agent */
      {GC_LEASE_HOLDER, 1},    {GC_LEASE_BLIND, 1},  {GC_LEASE_TAKING, 1},
      {GC_LEASE_HOLDER, 1},    {GC_LEASE_BLIND, 1},  {GC_LEASE_STANDBY, 0},
      {GC_LEASE_TAKING, 0},    {GC_LEASE_HOLDER, 2}, {GC_LEASE_GOING_ON, 2},
      {GC_LEASE_RELEASING, 0}, {GC_LEASE_ENDED, 0},
  };
  begin_gate();
  for (size_t i = 0; i < GC_COUNT(life); i++) {
    set_state(life[i].state, 0);
    CHECK_INT(gc_lease_gate_term(gate), life[i].term);
  }
}

static void the_status_is_the_newest_one(void) {
  struct gc_lease_status s;
  begin_gate();
  set_state(GC_LEASE_BLIND, 0);
  gc_lease_gate_status(gate, &s);
  CHECK_INT(s.state, GC_LEASE_BLIND);
  CHECK_INT(s.fence, 7);
  CHECK(s.answered_ms > 0);
  CHECK(!gc_lease_gate_check_clocks(gate));
}

static void a_process_without_leases_has_open_gates(void) {
  begin_gate();
  CHECK(!gc_lease_gate_allows(gate));
  gc_lease_gates_ignore();
  CHECK(gc_lease_gate_allows(gate));
  CHECK_INT(gc_lease_gate_term(gate), 1);
  CHECK(gc_lease_gate_of_host(account) == NULL);
  CHECK(gc_lease_gate_of_account(account) == NULL);
}

int main(void) {
  RUN(a_gate_concerns_its_host_and_account_only);
  RUN(the_gate_is_open_until_the_permission_ends);
  RUN(a_holder_without_permission_is_blind);
  RUN(a_wait_between_two_clocks_is_no_jump);
  RUN(a_term_lasts_until_another_agent_may_hold);
  RUN(the_status_is_the_newest_one);
  RUN(a_process_without_leases_has_open_gates); /* last: not undone */
  return check_done();
}
