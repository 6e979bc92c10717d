/* SPDX-License-Identifier: MIT */
/* Shared by the fuzz targets. libFuzzer has its own main (clang,
 * --enable-fuzzing); replay.c has one that runs the corpus. */
#ifndef GC_TESTS_FUZZ_FUZZ_H
#define GC_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A law that holds for every input. */
#define LAW(cond)                                                              \
  do {                                                                         \
    if (!(cond)) {                                                             \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);       \
      abort();                                                                 \
    }                                                                          \
  } while (0)

#endif
