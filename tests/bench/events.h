/* SPDX-License-Identifier: MIT */
/* Queue conversation events of the official shape, 1.3 KB each: the lives of
 * conversations (customer, acd, agent), eight snapshots each, many
 * conversations at the same time, in the order of their arrival. */
#ifndef GC_TESTS_BENCH_EVENTS_H
#define GC_TESTS_BENCH_EVENTS_H

#include "common/base/buf.h"
#include "tests/bench/ids.h"
#include "tests/bench/lap.h"

enum { EVENTS_A_LIFE = 8 };

struct events {
  struct gc_buf bytes; /* one after the other */
  struct event_place {
    size_t at, len;
  } * list;
  size_t count;
  unsigned lives; /* each an offer */
};

/* Makes events of conversations that begin at start_ms and after it. `lives` is
 * a multiple of 400; 400 conversations are active at a time. */
void events_make(struct events *e, unsigned lives, int64_t start_ms);
void events_clear(struct events *e);

/* The reference: json-c builds a tree of each event and frees it. */
struct lap events_json_c(const struct events *e);

#endif
