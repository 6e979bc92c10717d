/* SPDX-License-Identifier: MIT */
/* Agents that count together in a real Redis: attributes that count once,
 * counters that continue, and the effect of a second owner or of a loss on the
 * server. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include "tests/support/redis_bench.h"

#include <stdlib.h>
#include <time.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

static void two_agents_count_each_attribute_once(void) {
  struct agent a = {0}, b = {0};
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_begin(&b, rb_server.url, "two", "ivr");
  for (unsigned i = 0; i < 20; i++) {
    rb_count_one(i % 2 ? &a : &b, "A", i, 1);
    rb_count_one(i % 3 ? &a : &b, "A", i, 1);
  }
  CHECK_INT(rb_count_of(&a, "A") + rb_count_of(&b, "A"), 20);
  CHECK(rb_count_of(&a, "A") > 0 && rb_count_of(&b, "A") > 0);
  CHECK_INT(a.stats.outcomes[OUTCOME_COUNTED] +
                b.stats.outcomes[OUTCOME_COUNTED],
            20);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE] +
                b.stats.outcomes[OUTCOME_DUPLICATE],
            20);
  CHECK_STR(rb_view_of(&a, "A").flow, "Flow: a_b");
  CHECK_INT(a.durability.code, GC_OK);
  rb_end(&a);
  rb_end(&b);
  redis_server_end(&rb_server);
}

static void a_replacement_continues_the_counts(void) {
  redis_server_start(&rb_server, NULL);
  for (unsigned turn = 0; turn < 3; turn++) {
    struct agent a = {0};
    rb_begin(&a, rb_server.url, "one", "ivr");
    rb_count_one(&a, "A", turn, 0.1);
    rb_count_one(&a, "A", 0, 0.1);
    CHECK_INT(rb_count_of(&a, "A"), turn + 1);
    rb_end(&a);
  }
  struct agent other = {0};
  rb_begin(&other, rb_server.url, "one", "another block");
  rb_count_one(&other, "A", 0, 0.1);
  CHECK_INT(rb_count_of(&other, "A"), -1); /* its only attribute is known */
  rb_end(&other);
  redis_server_end(&rb_server);
}

static void the_first_zero_is_recorded(void) {
  struct agent a = {0};
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_count_one(&a, "A", 1, 0);
  CHECK(!rb_view_of(&a, "A").is_shown);
  ledger_first_sent(a.ledger, rb_view_of(&a, "A").series);
  CHECK(rb_is_shown(&a));
  rb_end(&a);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_wait_reported(&a.state);
  CHECK(rb_view_of(&a, "A").is_shown);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void sums_are_those_of_doubles_added_in_order(void) {
  static const double values[] = {0.1, 0.2, 1e17, -1e17, 3.25, 1e-300, 7};
  struct agent a = {0};
  double sum = 0;
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  for (unsigned i = 0; i < GC_COUNT(values); i++) {
    rb_count_one(&a, "A", i, values[i]);
    sum += values[i];
    CHECK(rb_view_of(&a, "A").sum == sum); /* to the last bit */
  }
  rb_count_one(&a, "A", 100, 1.7e308);
  rb_count_one(&a, "A", 101, 1.7e308); /* the sum would be infinite */
  rb_count_one(&a, "B", 102, 0);
  CHECK_INT(rb_count_of(&a, "A"), GC_COUNT(values) + 2);
  CHECK(rb_view_of(&a, "A").sum == sum + 1.7e308);
  CHECK_INT(a.stats.outcomes[OUTCOME_NO_NUMBER], 1);
  CHECK(!rb_view_of(&a, "B").has_sum);
  rb_end(&a);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_wait_reported(&a.state);
  CHECK(rb_view_of(&a, "A").sum == sum + 1.7e308);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void the_bounds_are_those_of_sqlite(void) {
  struct agent a = {0};
  struct tracked t;
  char metric[16];
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_prepare(&t, &a);
  rb_put(&t, "c", "A", 1, NOW - 24 * HOUR * MINUTE, 0);
  rb_put(&t, "c", "A", 2, NOW - 25 * HOUR * MINUTE, 0);
  rb_put(&t, "c", "A", 3, NOW + 24 * HOUR * MINUTE, 0);
  rb_put(&t, "c", "A", 4, NOW + 25 * HOUR * MINUTE, 0);
  rb_deliver(&t);
  CHECK_INT(rb_count_of(&a, "A"), 2);
  CHECK_INT(a.stats.outcomes[OUTCOME_LATE], 1);
  CHECK_INT(a.stats.malformed[MALFORMED_FUTURE], 1);
  batch_clear(&t.batch);
  rb_prepare(&t, &a);
  for (unsigned i = 0; i < 15; i++) {
    snprintf(metric, sizeof(metric), "M%u", i);
    rb_put(&t, "c", metric, i, NOW, 0);
  }
  rb_deliver(&t);
  CHECK_INT(ledger_count(a.ledger, "", NULL), 10);
  CHECK_INT(a.stats.outcomes[OUTCOME_OVERFLOW], 6);
  CHECK_INT(a.stats.outcomes[OUTCOME_COUNTED], 11);
  batch_clear(&t.batch);
  CHECK_STR(rb_ask_seen("TTL"), "-1");
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void many_occurrences_need_several_scripts(void) {
  enum { MARKS = 3217 };
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_prepare(&t, &a);
  for (unsigned i = 0; i < MARKS; i++)
    rb_put(&t, "c", i % 2 ? "A" : "B", i, NOW - (i % 50) * MINUTE, 1);
  rb_deliver(&t);
  rb_deliver(&t);
  CHECK_INT(rb_count_of(&a, "A"), MARKS / 2);
  CHECK_INT(rb_count_of(&a, "B"), MARKS - MARKS / 2);
  CHECK_REAL(rb_view_of(&a, "B").sum, MARKS - MARKS / 2);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE], MARKS);
  batch_clear(&t.batch);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void the_old_owner_of_an_identity_counts_nothing_more(void) {
  struct agent old = {0}, new = {0};
  struct tracked t;
  redis_server_start(&rb_server, NULL);
  rb_begin(&old, rb_server.url, "one", "ivr");
  rb_count_one(&old, "A", 1, 0);
  rb_begin(&new, rb_server.url, "one", "ivr");
  rb_wait_reported(&new.state);
  rb_prepare(&t, &old);
  rb_put(&t, "c", "A", 2, NOW, 0);
  CHECK_INT(rb_hand_in(&t), GC_ERR_STATE);
  CHECK_HAS(old.state.text, "another process");
  CHECK_HAS(old.state.text, "Host");
  CHECK_INT(rb_count_of(&new, "A"), 1);
  t.batch.source = &new.source; /* the queue delivers it to the new one */
  t.agent = &new;
  batch_clear(&t.batch);
  rb_count_one(&new, "A", 2, 0);
  CHECK_INT(rb_count_of(&new, "A"), 2);
  rb_end(&old);
  rb_end(&new);
  redis_server_end(&rb_server);
}

static void a_script_that_was_forgotten_is_loaded_again(void) {
  struct agent a = {0};
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_count_one(&a, "A", 1, 0);
  CHECK_STR(redis_server_ask(&rb_server, "SCRIPT FLUSH"), "OK");
  rb_count_one(&a, "A", 2, 0);
  CHECK_INT(rb_count_of(&a, "A"), 2);
  CHECK_INT(a.failed, 0);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void counts_that_a_server_loses_continue_from_memory(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_count_one(&a, "A", 1, 0.5);
  rb_count_one(&a, "A", 2, 0.5);
  a.forgotten.code = GC_CODE_COUNT;
  CHECK_STR(redis_server_ask(&rb_server, "FLUSHALL"), "OK");
  rb_prepare(&t, &a);
  rb_put(&t, "c", "A", 3, NOW, 0.5);
  CHECK(rb_hand_in(&t) != GC_OK);
  CHECK_HAS(rb_report_of(&a.state).text, "EMPTIED"); /* not FENCED */
  rb_deliver(&t);
  batch_clear(&t.batch);
  CHECK_INT(rb_count_of(&a, "A"), 3);
  CHECK_REAL(rb_view_of(&a, "A").sum, 1.5);
  CHECK_INT(a.forgotten.code, GC_ERR_STATE);
  CHECK_HAS(a.forgotten.text, "appendfsync always");
  rb_end(&a);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_wait_reported(&a.state);
  CHECK_INT(rb_count_of(&a, "A"), 3);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void a_script_that_is_refused_has_written_nothing(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  char words[96];
  snprintf(words, sizeof(words), "SET genesys:{flowmetrics}:seen:%lld letter",
           (long long)(NOW / MINUTE));
  CHECK_STR(redis_server_ask(&rb_server, words), "OK");
  rb_prepare(&t, &a);
  rb_put(&t, "c", "A", 1, NOW - MINUTE, 0); /* this minute alone is valid */
  rb_put(&t, "c", "A", 2, NOW, 0);
  CHECK(rb_hand_in(&t) != GC_OK);
  CHECK_HAS(a.state.text, "WRONGTYPE");
  snprintf(words, sizeof(words), "EXISTS genesys:{flowmetrics}:seen:%lld",
           (long long)(NOW / MINUTE - 1));
  CHECK_STR(redis_server_ask(&rb_server, words), "0");
  CHECK_STR(rb_ask_seen("DEL"), "1");
  rb_deliver(&t);
  CHECK_INT(rb_count_of(&a, "A"), 2);
  batch_clear(&t.batch);
  rb_end(&a);
  redis_server_end(&rb_server);
}

/* ---- retirement ---- */

static void count_old(struct agent *a) {
  char metric[16];
  for (unsigned i = 0; i < 10; i++) {
    snprintf(metric, sizeof(metric), "Old%u", i);
    rb_count_one(a, metric, i, 0);
  }
}

static void count_new(struct agent *a) {
  struct tracked t;
  rb_prepare(&t, a);
  rb_put(&t, "c", "New", 1, NOW + rb_later_ms, 0);
  rb_deliver(&t);
  batch_clear(&t.batch);
}

static void an_idle_series_has_no_place_after_a_restart(void) {
  struct agent a = {0};
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  count_old(&a);
  rb_end(&a);
  rb_later_ms = 25 * HOUR * MINUTE;
  rb_begin(&a, rb_server.url, "one", "ivr");
  count_new(&a);
  CHECK_INT(rb_count_of(&a, "New"), 1);
  CHECK_INT(a.stats.outcomes[OUTCOME_OVERFLOW], 0);
  CHECK_INT(ledger_count(a.ledger, "", NULL), 1);
  rb_end(&a);
  rb_later_ms = 0;
  redis_server_end(&rb_server);
}

/* Events repeat attributes that another agent has counted. */
static void series_that_others_count_free_their_places(void) {
  struct agent a = {0}, b = {0};
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_begin(&b, rb_server.url, "two", "ivr");
  count_old(&a);
  count_old(&b);
  CHECK_INT(b.stats.outcomes[OUTCOME_DUPLICATE], 10);
  rb_end(&a);
  rb_later_ms = 25 * HOUR * MINUTE;
  b.ledger->retire_clock = (struct gc_server_clock){0}; /* no step: time */
  redis_server_kill(&rb_server); /* series retire when the store opens again */
  redis_server_start(&rb_server, NULL);
  count_new(&b);
  CHECK_INT(rb_count_of(&b, "New"), 1);
  CHECK_INT(b.stats.outcomes[OUTCOME_OVERFLOW], 0);
  rb_end(&b);
  rb_later_ms = 0;
  redis_server_end(&rb_server);
}

/* The next outage begins with short times between the attempts again. */
static void an_agent_without_events_forgets_an_outage(void) {
  const struct timespec pause = {.tv_nsec = 2000000};
  const struct timespec good = {.tv_sec = 6}; /* above OPEN_MAX_MS */
  struct agent a = {0};
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_wait_reported(&a.state);
  redis_server_kill(&rb_server);
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (rb_report_of(&a.state).code == GC_OK && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  nanosleep(&(struct timespec){.tv_sec = 1}, NULL); /* for some attempts */
  redis_server_start(&rb_server, NULL);
  while (!ledger_is_healthy(a.ledger) && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  CHECK(ledger_is_healthy(a.ledger));
  nanosleep(&good, NULL);
  CHECK(ledger_stop(a.ledger));
  CHECK_INT(a.ledger->backoff.failures, 0);
  rb_end(&a);
  redis_server_end(&rb_server);
}

int main(void) {
  if (!rb_is_ready())
    return RB_SKIPPED;
  RUN(two_agents_count_each_attribute_once);
  RUN(a_replacement_continues_the_counts);
  RUN(the_first_zero_is_recorded);
  RUN(sums_are_those_of_doubles_added_in_order);
  RUN(the_bounds_are_those_of_sqlite);
  RUN(many_occurrences_need_several_scripts);
  RUN(the_old_owner_of_an_identity_counts_nothing_more);
  RUN(a_script_that_was_forgotten_is_loaded_again);
  RUN(counts_that_a_server_loses_continue_from_memory);
  RUN(a_script_that_is_refused_has_written_nothing);
  RUN(an_idle_series_has_no_place_after_a_restart);
  RUN(series_that_others_count_free_their_places);
  RUN(an_agent_without_events_forgets_an_outage);
  return check_done();
}
