/* SPDX-License-Identifier: MIT */
#include "common/base/policy/poll_pace.h"

#include "tests/support/check.h"

static void the_next_poll_keeps_the_beat(void) {
  static const struct {
    const char *row;
    uint64_t due_ms, now_ms;
    uint32_t interval_ms;
    bool was_refused;
    uint64_t next_ms;
  } rows[] = {
      {"a short poll", 10000, 14000, 10000, false, 20000},
      {"a poll that ends with its interval", 10000, 20000, 10000, false, 20000},
      {"a poll of 12 s", 10000, 22000, 10000, false, 30000},
      {"a poll of several intervals", 10000, 55000, 10000, false, 60000},
      {"a refusal", 10000, 14000, 10000, true, 70000},
      {"a refusal after 70 s", 10000, 80000, 10000, true, 130000},
      {"a refusal with a longer interval", 0, 1, 90000, true, 90000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    CHECK_INT(gc_pace_next(rows[i].due_ms, rows[i].now_ms, rows[i].interval_ms,
                           rows[i].was_refused),
              rows[i].next_ms);
  }
}

static void only_an_error_that_an_operator_must_mend_is_a_refusal(void) {
  CHECK(gc_pace_is_refusal(GC_ERR_PERMISSION));
  CHECK(gc_pace_is_refusal(GC_ERR_NOT_FOUND));
  CHECK(gc_pace_is_refusal(GC_ERR_REQUEST));
  CHECK(!gc_pace_is_refusal(GC_OK));
  CHECK(!gc_pace_is_refusal(GC_ERR_UNAVAILABLE));
  CHECK(!gc_pace_is_refusal(GC_ERR_NETWORK));
  CHECK(!gc_pace_is_refusal(GC_ERR_AUTH));
}

int main(void) {
  RUN(the_next_poll_keeps_the_beat);
  RUN(only_an_error_that_an_operator_must_mend_is_a_refusal);
  return check_done();
}
