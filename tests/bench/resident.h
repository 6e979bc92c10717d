/* SPDX-License-Identifier: MIT */
/* The memory that is resident, from /proc: getrusage reports at least the
 * maximum that the parent process had before exec. */
#ifndef GC_TESTS_BENCH_RESIDENT_H
#define GC_TESTS_BENCH_RESIDENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns a row of /proc/self/status: "VmRSS" is the present size, "VmHWM" the
 * largest one so far. */
static inline long resident_kb(const char *row) {
  char line[256];
  size_t len = strlen(row);
  long kb = 0;
  FILE *f = fopen("/proc/self/status", "r");
  while (f != NULL && fgets(line, sizeof(line), f) != NULL)
    if (strncmp(line, row, len) == 0 && line[len] == ':')
      kb = strtol(line + len + 1, NULL, 10);
  if (f != NULL)
    fclose(f);
  return kb;
}

#endif
