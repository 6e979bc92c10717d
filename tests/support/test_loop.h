/* SPDX-License-Identifier: MIT */
/* A network loop with a thread of its own. */
#ifndef GC_TESTS_SUPPORT_TEST_LOOP_H
#define GC_TESTS_SUPPORT_TEST_LOOP_H

#include <stdio.h>
#include <stdlib.h>

#include "common/net/loop.h"

/* Starts a loop; ends the program on failure. */
static inline struct gc_loop *test_loop_start(void) {
  struct gc_err err = {0};
  struct gc_loop *loop = gc_loop_new(&err);
  if (loop == NULL || gc_loop_start(loop, "gc-test", &err) != GC_OK) {
    printf("no loop: %s\n", err.text);
    exit(1);
  }
  return loop;
}

#endif
