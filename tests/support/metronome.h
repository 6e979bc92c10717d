/* SPDX-License-Identifier: MIT */
/* A timer that fires every 2 ms, for tests that check that a loop still runs.
 */
#ifndef GC_TESTS_SUPPORT_METRONOME_H
#define GC_TESTS_SUPPORT_METRONOME_H

#include "common/net/loop.h"

struct metronome {
  struct gc_loop *loop;
  struct gc_timer timer;
  int left; /* number of times it still fires */
};

void metronome_start(struct metronome *m);
/* Waits until the timer has fired `left` times; false: not within the
 * deadline. */
bool metronome_ends(struct metronome *m);

#endif
