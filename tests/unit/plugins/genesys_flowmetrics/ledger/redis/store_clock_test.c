/* SPDX-License-Identifier: MIT */
/* Agents and a real Redis whose clocks are wrong by days: no clock alone makes
 * an attribute count twice, or makes it late. */
#include "tests/support/redis_bench.h"

#include "tests/support/check.h"

#define DAYS_15 (INT64_C(15) * 24 * HOUR * MINUTE)

/* Starts an agent and submits the attribute 1 of the present time twice; the
 * agent's upkeep has run by then. */
static void count_once_more(struct agent *a) {
  rb_begin(a, rb_server.url, "one", "ivr");
  rb_count_one(a, "A", 1, 0);
  rb_count_one(a, "A", 1, 0);
}

static void redis_clock_alone_changes_nothing(void) {
  struct agent a = {0};
  if (!redis_server_set_clock(&rb_server))
    return;
  redis_server_start(&rb_server, NULL);
  count_once_more(&a);
  CHECK_INT(rb_count_of(&a, "A"), 1);
  rb_end(&a);
  *rb_server.later_ms = DAYS_15;
  CHECK_STR(rb_ask_seen("EXISTS"), "1");
  a.clock.code = GC_CODE_COUNT;
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_wait_reported(&a.clock);
  CHECK_HAS(a.clock.text, "the clock of Redis is 129");
  CHECK_HAS(a.clock.text, " s ahead of this host's");
  rb_count_one(&a, "B", 2, 0); /* not late either */
  CHECK_INT(rb_count_of(&a, "B"), 1);
  rb_end(&a);
  *rb_server.later_ms = 0;
  count_once_more(&a);
  CHECK_INT(rb_count_of(&a, "A"), 1);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE], 2);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void an_agents_clock_alone_changes_nothing(void) {
  struct agent a = {0};
  redis_server_start(&rb_server, NULL);
  rb_later_ms = DAYS_15;
  count_once_more(&a);
  CHECK_INT(rb_count_of(&a, "A"), 1);
  CHECK_STR(rb_ask_seen("TTL"), "-1");
  rb_end(&a);
  rb_later_ms = 0;
  count_once_more(&a);
  CHECK_INT(rb_count_of(&a, "A"), 1);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE], 2);
  rb_end(&a);
  redis_server_end(&rb_server);
}

/* Keys that were dropped while both clocks were wrong are late once the clocks
 * are right. */
static void a_key_that_was_dropped_is_late(void) {
  struct agent a = {0};
  if (!redis_server_set_clock(&rb_server))
    return;
  redis_server_start(&rb_server, NULL);
  count_once_more(&a);
  rb_end(&a);
  rb_later_ms = DAYS_15;
  *rb_server.later_ms = DAYS_15;
  rb_begin(&a, rb_server.url, "one", "ivr");
  CHECK(rb_is_pruned());
  rb_end(&a);
  rb_later_ms = 0;
  *rb_server.later_ms = 0;
  count_once_more(&a);
  CHECK_INT(rb_count_of(&a, "A"), 1);
  CHECK_INT(a.stats.outcomes[OUTCOME_LATE], 2);
  rb_end(&a);
  redis_server_end(&rb_server);
}

/* Retention may differ between agents, and change: the longest one keeps the
 * keys of all. */
static void a_shorter_retention_drops_no_key_of_others(void) {
  struct agent a = {.retention_ms = DAYS_15 / 3}, brief = {0};
  if (!redis_server_set_clock(&rb_server))
    return;
  redis_server_start(&rb_server, NULL);
  count_once_more(&a);
  rb_end(&a);
  rb_later_ms = DAYS_15 / 5;
  *rb_server.later_ms = DAYS_15 / 5;
  rb_begin(&brief, rb_server.url, "two", "ivr");
  rb_count_one(&brief, "B", 2, 0);
  CHECK_INT(brief.stats.outcomes[OUTCOME_LATE], 1);
  for (int i = 0; i < 2; i++) { /* a whole upkeep runs between two reports */
    rb_forget_report(&brief.clock);
    rb_wait_reported(&brief.clock);
  }
  CHECK_STR(rb_ask_seen("EXISTS"), "1");
  rb_end(&brief);
  a.retention_ms = DAYS_15 / 3;
  count_once_more(&a);
  CHECK_INT(rb_count_of(&a, "A"), 1);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE], 2);
  rb_end(&a);
  rb_later_ms = 0;
  *rb_server.later_ms = 0;
  redis_server_end(&rb_server);
}

int main(void) {
  if (!rb_is_ready())
    return RB_SKIPPED;
  RUN(redis_clock_alone_changes_nothing);
  RUN(an_agents_clock_alone_changes_nothing);
  RUN(a_key_that_was_dropped_is_late);
  RUN(a_shorter_retention_drops_no_key_of_others);
  return check_done();
}
