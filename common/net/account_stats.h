/* SPDX-License-Identifier: MIT */
/* The counters of an account for other threads: the account's thread leaves a
 * copy each second, so that a reader waits for nothing but the copying, and
 * sees by the copy's age that the thread hangs. */
#ifndef GC_NET_ACCOUNT_STATS_H
#define GC_NET_ACCOUNT_STATS_H

#include <pthread.h>

#include "common/net/account.h"

/* The parts that count; borrowed. */
struct gc_account_parts {
  struct gc_timers *timers;
  struct gc_api *api;
  struct gc_auth *auth;
  struct gc_names *names;
  struct gc_channels *channels;
};

struct gc_account_counters {
  struct gc_account_parts parts;
  struct gc_timer timer;
  pthread_mutex_t lock; /* of the members below */
  struct gc_account_stats newest;
  uint64_t at_ms; /* monotonic; of `newest` */
  bool is_there;
};

/* Takes the first copy. Called before the account's thread starts. */
void gc_account_counters_begin(struct gc_account_counters *c,
                               const struct gc_account_parts *parts);
/* Ends the copies. Called after the account's thread has ended. */
void gc_account_counters_end(struct gc_account_counters *c);
/* Copies the newest counters. Any thread. False: there are none. */
bool gc_account_counters_copy(struct gc_account_counters *c,
                              struct gc_account_stats *ret);

#endif
