/* SPDX-License-Identifier: MIT */
/* Runs a test in a process of its own, since a process loads a plugin once. */
#ifndef GC_TESTS_SUPPORT_ALONE_H
#define GC_TESTS_SUPPORT_ALONE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"

/* True if all checks of `law` pass in a child of this process. */
static inline bool passes_alone(void (*law)(void)) {
  int status = -1;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    law();
    exit(check_failed > 0);
  }
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

#define RUN_ALONE(law) RUN_ALONE_TIMES(law, 1)
/* Measures real time, as RUN_TIMED. */
#define RUN_ALONE_TIMED(law) RUN_ALONE_TIMES(law, TIMED_RUNS)
#define RUN_ALONE_TIMES(law, times)                                            \
  do {                                                                         \
    int left = (times);                                                        \
    bool passes = false;                                                       \
    check_law = #law;                                                          \
    check_row = "";                                                            \
    while (!passes && left-- > 0)                                              \
      passes = passes_alone(law);                                              \
    CHECK(passes);                                                             \
  } while (0)

#endif
