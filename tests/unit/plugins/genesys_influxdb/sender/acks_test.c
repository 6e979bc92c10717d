/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/acks.h"

#include "common/base/cleanup.h"
#include "tests/support/check.h"

/* The offset of an end is the time of its acknowledgement in ms, plus 1. */
static uint64_t add_at(struct influx_acks *a, uint64_t now_ms) {
  struct gc_record_place end = {1, now_ms + 1}, old = {0, 0};
  bool leaves = influx_acks_add(a, end, now_ms, &old);
  CHECK_INT(leaves, old.offset != 0);
  return old.offset;
}

/* The example in sender/acks.h, with times in ms. */
static void an_acknowledgement_alone_makes_older_ones_expire(void) {
  struct influx_acks a = {.keep_ms = 15000};
  CHECK_INT(add_at(&a, 0), 0);
  CHECK_INT(add_at(&a, 10000), 0);
  CHECK_INT(add_at(&a, 20000), 1);
  CHECK_INT(a.count, 2);
  CHECK_INT(add_at(&a, 24999), 0);
  CHECK_INT(add_at(&a, 25000), 10001);
  influx_acks_reset(&a);
  CHECK_INT(add_at(&a, 90000), 0);
}

static void without_the_option_each_leaves_at_once(void) {
  struct influx_acks a = {.keep_ms = 0};
  for (uint64_t i = 0; i < 100; i++)
    CHECK_INT(add_at(&a, i / 2), i / 2 + 1);
  CHECK_INT(a.count, 0);
}

/* At any rate of acknowledgements, an end that leaves is at least as old as
 * keep_ms, and only a little older. */
static void any_rate_has_room(void) {
  static const uint64_t every_ms[] = {1, 7, 100, 468, 469, 3000, 40000};
  for (size_t i = 0; i < GC_COUNT(every_ms); i++) {
    struct influx_acks a = {.keep_ms = 15000};
    uint64_t kept_from = 0; /* the oldest that is kept */
    for (uint64_t now = 0; now < 200000; now += every_ms[i]) {
      uint64_t left = add_at(&a, now);
      if (left != 0) {
        CHECK(left - 1 + 15000 <= now);
        kept_from = left - 1 + every_ms[i];
      }
      CHECK(kept_from + 15000 + 15000 / INFLUX_ACK_SHARES + every_ms[i] >= now);
      CHECK(a.count < INFLUX_ACKS_MAX);
    }
  }
}

int main(void) {
  RUN(an_acknowledgement_alone_makes_older_ones_expire);
  RUN(without_the_option_each_leaves_at_once);
  RUN(any_rate_has_room);
  return check_done();
}
