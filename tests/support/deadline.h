/* SPDX-License-Identifier: MIT */
/* Waits for a condition that another thread makes true, so that no test sleeps
 * for a fixed time. A wait ends after DEADLINE_S. */
#ifndef GC_TESTS_SUPPORT_DEADLINE_H
#define GC_TESTS_SUPPORT_DEADLINE_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

enum { DEADLINE_S = 120 };

struct gate {
  pthread_mutex_t lock;
  pthread_cond_t changed;
};

#define GATE_INIT                                                              \
  { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER }

/* Makes the change under the lock and wakes all waiting threads. */
#define GATE_CHANGE(gate, change)                                              \
  do {                                                                         \
    pthread_mutex_lock(&(gate)->lock);                                         \
    change;                                                                    \
    pthread_cond_broadcast(&(gate)->changed);                                  \
    pthread_mutex_unlock(&(gate)->lock);                                       \
  } while (0)

/* Returns a counter that other threads change under the lock. */
__attribute__((unused)) static unsigned gate_read(struct gate *g,
                                                  const unsigned *counter) {
  pthread_mutex_lock(&g->lock);
  unsigned count = *counter;
  pthread_mutex_unlock(&g->lock);
  return count;
}

/* True if `is_met`, called under the lock, became true within DEADLINE_S. */
__attribute__((unused)) static bool
gate_wait(struct gate *g, bool (*is_met)(void *ctx), void *ctx) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += DEADLINE_S;
  pthread_mutex_lock(&g->lock);
  bool met = is_met(ctx);
  for (int late = 0; !met && late == 0; met = is_met(ctx))
    late = pthread_cond_timedwait(&g->changed, &g->lock, &until);
  pthread_mutex_unlock(&g->lock);
  return met;
}

#endif
