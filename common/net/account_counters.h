/* SPDX-License-Identifier: MIT */
/* The counters of an account, for other threads: the account's thread leaves a
 * copy each second, so that a reader waits for nothing but the copying, and
 * sees by the copy's age that the thread hangs. It also reports which clock is
 * wrong. */
#ifndef GC_NET_ACCOUNT_COUNTERS_H
#define GC_NET_ACCOUNT_COUNTERS_H

#include "common/net/account.h"

#include <pthread.h>

struct gc_account_counters {
  const struct gc_account_parts *parts; /* NULL: nobody counts */
  struct gc_tls_files *files;
  struct gc_timer timer;
  pthread_mutex_t lock; /* of the members below */
  struct gc_account_stats newest;
  uint64_t at_ms; /* monotonic; of `newest` */
  bool is_there;

  /* Of the network thread: the line about the clocks. */
  enum gc_code clock_code;
  uint64_t clock_said_ms;
};

/* Makes counters that nobody keeps yet. */
void gc_account_counters_init(struct gc_account_counters *c);
void gc_account_counters_destroy(struct gc_account_counters *c);

/* Begins to keep the counters of the parts; on the network thread, or before
 * it runs. Borrows the arguments. */
void gc_account_counters_begin(struct gc_account_counters *c,
                               const struct gc_account_parts *parts,
                               struct gc_tls_files *files);
/* Forgets the parts; when the network thread has ended. */
void gc_account_counters_end(struct gc_account_counters *c);
/* Copies the newest counters. Any thread. False: nobody keeps them. */
bool gc_account_counters_copy(struct gc_account_counters *c,
                              struct gc_account_stats *ret);

#endif
