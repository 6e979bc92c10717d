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

static void an_early_poll_keeps_the_beat(void) {
  static const struct {
    const char *row;
    uint64_t due_ms, now_ms;
    uint32_t phase;
    uint64_t begin_ms, next_ms;
  } rows[] = {
      {"the first poll", 0, 100000, 0, 100000, 110000},
      {"the first poll, a little later", 0, 100000, 4000, 104000, 114000},
      {"the first poll, half an interval later", 0, 100000, 5000, 105000,
       115000},
      {"never sooner than an interval", 0, 100000, 5001, 100000, 110000},
      {"in time", 104000, 104000, 4000, 104000, 114000},
      {"late", 104000, 105000, 4000, 104000, 114000},
      {"early, after a reconnect", 104000, 101000, 4000, 94000, 104000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    uint64_t due_ms =
        gc_pace_begin(rows[i].due_ms, rows[i].now_ms, 10000, rows[i].phase);
    CHECK_INT(due_ms, rows[i].begin_ms);
    CHECK_INT(gc_pace_next(due_ms, rows[i].now_ms, 10000, false),
              rows[i].next_ms);
  }
}

/* Configuration management may start all agents in the same second. */
static void a_fleet_spreads_over_the_interval(void) {
  size_t tenths[10] = {0};
  for (int i = 0; i < 1000; i++) {
    char host[32];
    snprintf(host, sizeof(host), "agent%d.example.com", i);
    uint32_t phase = gc_pace_phase(host, "queues-all");
    CHECK_INT(gc_pace_phase(host, "queues-all"), phase);
    tenths[phase % 10000 / 1000]++;
  }
  for (size_t i = 0; i < GC_COUNT(tenths); i++)
    CHECK_THAT(tenths[i] > 50 && tenths[i] < 200, "%zu of 1000", tenths[i]);
  CHECK(gc_pace_phase("h", "queues-a") != gc_pace_phase("h", "queues-b"));
}

int main(void) {
  RUN(an_early_poll_keeps_the_beat);
  RUN(a_fleet_spreads_over_the_interval);
  RUN(the_next_poll_keeps_the_beat);
  RUN(only_an_error_that_an_operator_must_mend_is_a_refusal);
  return check_done();
}
