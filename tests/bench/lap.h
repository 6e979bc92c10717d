/* SPDX-License-Identifier: MIT */
/* Shared by the benchmarks. A lap is measured by two clocks: the wall clock,
 * which also runs during the host's other work, and the CPU time of the thread
 * that does the work. On a quiet host the two agree, unless the thread
 * waits. */
#ifndef GC_TESTS_BENCH_LAP_H
#define GC_TESTS_BENCH_LAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct lap {
  double wall_s, cpu_s;
};

static inline double lap_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Call begin and end on the working thread. */
static inline struct lap lap_begin(void) {
  return (struct lap){lap_clock(CLOCK_MONOTONIC),
                      lap_clock(CLOCK_THREAD_CPUTIME_ID)};
}

static inline struct lap lap_end(struct lap began) {
  struct lap now = lap_begin();
  return (struct lap){now.wall_s - began.wall_s, now.cpu_s - began.cpu_s};
}

/* Prints one row. */
static inline void lap_print(const char *what, size_t count, struct lap lap) {
  printf("  %-34s %6.0f k/s  %6.0f k per CPU s  %6.2f us each\n", what,
         (double)count / lap.wall_s / 1e3, (double)count / lap.cpu_s / 1e3,
         lap.cpu_s * 1e6 / (double)count);
  fflush(stdout);
}

/* Ends the benchmark when a condition is false. */
static inline void exit_unless(bool ok, const char *what) {
  if (ok)
    return;
  fprintf(stderr, "bench: %s\n", what);
  exit(1);
}

#endif
