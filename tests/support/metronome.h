/* SPDX-License-Identifier: MIT */
/* A timer that fires every 2 ms, for tests that ask whether a loop still
 * turns, or turns too often. */
#ifndef GC_TESTS_SUPPORT_METRONOME_H
#define GC_TESTS_SUPPORT_METRONOME_H

#include "common/net/loop.h"

struct metronome {
  struct gc_loop *loop;
  struct gc_timer timer;
  int left; /* so often */
};

void metronome_start(struct metronome *m);
/* True when it has fired so often in time. */
bool metronome_ends(struct metronome *m);

#endif
