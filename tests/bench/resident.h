/* SPDX-License-Identifier: MIT */
/* The most memory that was resident. getrusage tells no less than the parent
 * had before exec, so it is the kernel's own account of this program. */
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
