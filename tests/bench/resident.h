/* SPDX-License-Identifier: MIT */
/* Returns the most memory that was resident, from /proc: getrusage reports at
 * least the maximum that the parent process had before exec. */
#ifndef GC_TESTS_BENCH_RESIDENT_H
#define GC_TESTS_BENCH_RESIDENT_H

#include <stdio.h>

static inline long resident_max_kb(void) {
  char line[256];
  long kb = 0;
  FILE *f = fopen("/proc/self/status", "r");
  while (f != NULL && fgets(line, sizeof(line), f) != NULL)
    if (sscanf(line, "VmHWM: %ld kB", &kb) == 1)
      break;
  if (f != NULL)
    fclose(f);
  return kb;
}

#endif
