/* SPDX-License-Identifier: MIT */
#include "common/net/thread.h"

#include <signal.h>

#include "tests/support/check.h"
#include "tests/support/deadline.h"

static struct gate gate = GATE_INIT;
static int blocked; /* signals that the thread blocks; 0: it did not run */

/* Counts the signals that a process may block, except those of the C library.
 */
static int blocked_signals(void) {
  sigset_t mask;
  int count = 0;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  for (int s = 1; s < SIGRTMIN - 2; s++)
    count += sigismember(&mask, s) == 1;
  return count;
}

static void *record_signals(void *ctx) {
  (void)ctx;
  GATE_CHANGE(&gate, blocked = blocked_signals());
  return NULL;
}

static bool has_looked(void *ctx) {
  (void)ctx;
  return blocked > 0;
}

enum { BLOCKABLE = 29 }; /* 1 to 31 without SIGKILL and SIGSTOP */

static void a_joined_thread_leaves_the_signals_to_the_daemon(void) {
  pthread_t thread;
  int before = blocked_signals();
  blocked = 0;
  CHECK_INT(gc_thread_start(&thread, record_signals, NULL), 0);
  CHECK_INT(pthread_join(thread, NULL), 0);
  CHECK_INT(blocked, BLOCKABLE);
  CHECK_INT(blocked_signals(), before);
}

static void a_detached_thread_leaves_them_to_the_daemon_too(void) {
  static const size_t stacks[] = {0, 256 * 1024};
  for (size_t i = 0; i < GC_COUNT(stacks); i++) {
    int before = blocked_signals();
    blocked = 0;
    CHECK_INT(gc_thread_start_detached(stacks[i], record_signals, NULL), 0);
    CHECK(gate_wait(&gate, has_looked, NULL));
    CHECK_INT(blocked, BLOCKABLE);
    CHECK_INT(blocked_signals(), before);
  }
}

int main(void) {
  RUN(a_joined_thread_leaves_the_signals_to_the_daemon);
  RUN(a_detached_thread_leaves_them_to_the_daemon_too);
  return check_done();
}
