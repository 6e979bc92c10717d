/* SPDX-License-Identifier: MIT */
/* Ids of a benchmark's world: distributed as random ones are, and the same in
 * each run. */
#ifndef GC_TESTS_BENCH_IDS_H
#define GC_TESTS_BENCH_IDS_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

enum { IDS_SIZE = 40, IDS_QUEUES = 50 };

/* Returns the id of one object of one life: "b0a9f3d1-…". */
static inline const char *ids_of(char out[IDS_SIZE], unsigned life,
                                 unsigned thing) {
  uint64_t h = (life * UINT64_C(977) + thing) * UINT64_C(0x9e3779b97f4a7c15);
  uint64_t l = (h ^ h >> 29) * UINT64_C(0xd6e8feb86659fd93);
  snprintf(out, IDS_SIZE, "%08x-%04x-4%03x-8%03x-%012" PRIx64,
           (unsigned)(h >> 32), (unsigned)(h >> 16 & 0xffff),
           (unsigned)(h & 0xfff), (unsigned)(l >> 52),
           l & UINT64_C(0xffffffffffff));
  return out;
}

static inline const char *ids_queue(char out[IDS_SIZE], unsigned queue) {
  return ids_of(out, 1000000 + queue, 0);
}

#endif
