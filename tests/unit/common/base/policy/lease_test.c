/* SPDX-License-Identifier: MIT */
#include "common/base/policy/lease.h"

#include "tests/support/check.h"
#include "tests/support/lease_record.h"

enum { TTL = 15000, ME = 7, OTHER = 8, T0 = 1000000 };

static const struct gc_lease_record none = {0, 0, 0};

/* ---- an agent, its clock and the record in Redis ---- */

struct bench {
  struct gc_lease l;
  uint64_t now_ms;
  struct gc_lease_record record;
  struct gc_lease_request q; /* the newest */
  uint32_t ttl_ms;           /* of the record's writer */
};

static struct bench begin_with(struct gc_lease_record r, bool goes_on) {
  struct bench b = {.now_ms = T0, .record = r};
  gc_lease_init(&b.l, TTL, goes_on, ME, b.now_ms);
  return b;
}

static void report_event(struct bench *b, enum gc_lease_event_kind kind) {
  struct gc_lease_event e = {
      .kind = kind, .record = b->record, .ttl_ms = b->ttl_ms};
  gc_lease_step(&b->l, &e, b->now_ms);
}

/* Advances in ticks of 0.4 s; each due request is executed and answered at
 * once, or has no answer. */
static void run_ms(struct bench *b, uint64_t ms, bool answers) {
  uint64_t end_ms = b->now_ms + ms;
  for (;;) {
    report_event(b, GC_LEASE_TICK);
    if (gc_lease_next(&b->l, b->now_ms, 0, &b->q)) {
      if (answers)
        lease_record_apply(&b->record, &b->q);
      report_event(b, answers ? GC_LEASE_ANSWER : GC_LEASE_NO_ANSWER);
    }
    if (b->now_ms == end_ms)
      return;
    b->now_ms += end_ms - b->now_ms < 400 ? end_ms - b->now_ms : 400;
  }
}

/* Does the same with a Redis that answers reads and refuses writes. */
static void run_refused_ms(struct bench *b, uint64_t ms) {
  for (uint64_t end_ms = b->now_ms + ms; b->now_ms < end_ms; b->now_ms += 400) {
    report_event(b, GC_LEASE_TICK);
    if (gc_lease_next(&b->l, b->now_ms, 0, &b->q))
      report_event(b, b->q.verb == GC_LEASE_OBSERVE ? GC_LEASE_ANSWER
                                                    : GC_LEASE_NO_ANSWER);
  }
}

static bool may_dispatch(const struct bench *b) {
  return b->now_ms < gc_lease_valid_until_ms(&b->l);
}

static struct bench begin_as_holder(bool goes_on) {
  struct bench b =
      begin_with((struct gc_lease_record){4, 0, 3}, goes_on); /* released */
  run_ms(&b, 2000, true);
  CHECK_INT(b.l.state, GC_LEASE_HOLDER);
  CHECK(may_dispatch(&b));
  return b;
}

/* ---- taking ---- */

static void a_released_lease_is_taken_at_once(void) {
  struct bench b = begin_with((struct gc_lease_record){4, 0, 3}, false);
  run_ms(&b, 0, true); /* observes */
  run_ms(&b, 0, true); /* claims */
  CHECK_INT(b.record.fence, 5);
  CHECK_INT(b.l.state, GC_LEASE_TAKING);
  CHECK(!may_dispatch(&b));
  run_ms(&b, 500, true);
  CHECK(may_dispatch(&b));
}

static void an_unchanged_record_is_free_after_the_wait(void) {
  static const struct gc_lease_record records[] = {{4, OTHER, 3}, {0, 0, 0}};
  for (size_t i = 0; i < GC_COUNT(records); i++) {
    struct bench b = begin_with(records[i], false);
    run_ms(&b, 10999, true);
    CHECK_INT(b.record.owner, records[i].owner);
    run_ms(&b, 400, true);
    CHECK_INT(b.record.owner, ME);
    CHECK_INT(b.record.fence, records[i].fence + 1);
  }
}

static void the_larger_ttl_is_the_wait(void) {
  struct bench b = begin_with((struct gc_lease_record){4, OTHER, 3}, false);
  b.ttl_ms = 4 * TTL;
  run_ms(&b, 43600, true);
  CHECK_INT(b.record.owner, OTHER);
  run_ms(&b, 800, true);
  CHECK_INT(b.record.owner, ME);
}

static void each_beat_of_the_holder_begins_the_wait_again(void) {
  struct bench b = begin_with((struct gc_lease_record){4, OTHER, 3}, false);
  for (unsigned i = 0; i < 20; i++) {
    run_ms(&b, 10800, true);
    b.record.beat++;
  }
  CHECK_INT(b.record.owner, OTHER);
  CHECK_INT(b.l.state, GC_LEASE_STANDBY);
}

static void a_claim_whose_answer_was_lost_is_found(void) {
  struct bench b = begin_with((struct gc_lease_record){4, 0, 3}, false);
  run_ms(&b, 0, true);
  CHECK(gc_lease_next(&b.l, b.now_ms, 0, &b.q));
  CHECK_INT(b.q.verb, GC_LEASE_CLAIM);
  report_event(&b, GC_LEASE_NO_ANSWER);
  lease_record_apply(&b.record, &b.q); /* late */
  run_ms(&b, 2500, true);
  CHECK(may_dispatch(&b));
  CHECK_INT(b.record.fence, 5);
}

/* ---- the permission ---- */

static void the_permission_counts_from_the_time_of_sending(void) {
  struct bench b = begin_as_holder(false);
  b.now_ms = b.l.due_ms;
  uint64_t sent_ms = b.now_ms;
  CHECK(gc_lease_next(&b.l, b.now_ms, 0, &b.q));
  lease_record_apply(&b.record, &b.q);
  b.now_ms += 900;
  report_event(&b, GC_LEASE_ANSWER);
  CHECK_INT(gc_lease_valid_until_ms(&b.l), sent_ms + 9000);
}

/* A failover may lose the first renewal, and the record is then nearly free. */
static void a_renewal_after_a_sleep_needs_a_second_one(void) {
  struct bench b = begin_as_holder(false);
  b.now_ms += 10000;
  report_event(&b, GC_LEASE_RESUMED);
  uint64_t beat = b.record.beat;
  for (unsigned i = 0; b.record.beat == beat && i < 5000; i++)
    run_ms(&b, 1, true);
  CHECK(!may_dispatch(&b));
  run_ms(&b, 450, true);
  CHECK(!may_dispatch(&b));
  run_ms(&b, 100, true);
  CHECK(may_dispatch(&b));
}

static void without_redis_the_holder_stops_after_the_grace(void) {
  struct bench b = begin_as_holder(false);
  run_ms(&b, 7500, false);
  CHECK(may_dispatch(&b));
  run_ms(&b, 1600, false);
  CHECK(!may_dispatch(&b));
  CHECK_INT(b.l.state, GC_LEASE_BLIND);
  run_ms(&b, 60000, false);
  CHECK(!may_dispatch(&b));
  run_ms(&b, 2500, true); /* the record is still this agent's */
  CHECK(may_dispatch(&b));
}

static void a_redis_that_refuses_writes_leaves_the_holder_blind(void) {
  struct bench b = begin_as_holder(false);
  run_refused_ms(&b, 10000);
  for (unsigned i = 0; i < 200; i++) {
    CHECK_INT(b.l.state, GC_LEASE_BLIND);
    CHECK(!may_dispatch(&b));
    run_refused_ms(&b, 400);
  }
  run_ms(&b, 2500, true);
  CHECK(may_dispatch(&b));
}

/* Nobody beats for longer than the wait, and the claim is refused. */
static void a_redis_that_refuses_writes_leaves_a_standby_blind(void) {
  static const struct gc_lease_record records[] = {
      {4, OTHER, 3}, {4, 0, 3}, {0, 0, 0}};
  for (size_t i = 0; i < GC_COUNT(records); i++) {
    struct bench b = begin_with(records[i], false);
    run_refused_ms(&b, 14000);
    for (unsigned k = 0; k < 100; k++) {
      CHECK_INT(b.l.state, GC_LEASE_BLIND);
      run_refused_ms(&b, 400);
    }
    run_ms(&b, 2500, true);
    CHECK(may_dispatch(&b));
  }
}

static void with_go_on_the_holder_goes_on_until_redis_names_another(void) {
  struct bench b = begin_as_holder(true);
  run_ms(&b, 60000, false);
  CHECK_INT(b.l.state, GC_LEASE_GOING_ON);
  CHECK(may_dispatch(&b));
  b.record = (struct gc_lease_record){6, OTHER, 1};
  run_ms(&b, 1000, true);
  CHECK(!may_dispatch(&b));
  CHECK_INT(b.l.state, GC_LEASE_STANDBY);
  run_ms(&b, 60000, false);
  CHECK(!may_dispatch(&b)); /* a standby never begins without Redis */
  CHECK_INT(b.l.state, GC_LEASE_BLIND);
}

static void a_stopped_process_dispatches_nothing_when_it_continues(void) {
  static const bool policies[] = {false, true};
  for (size_t i = 0; i < GC_COUNT(policies); i++) {
    struct bench b = begin_as_holder(policies[i]);
    b.now_ms += 12000; /* SIGSTOP, SIGCONT */
    CHECK(!may_dispatch(&b));
    b.record = (struct gc_lease_record){6, OTHER, 1};
    run_ms(&b, 20000, false);
    CHECK(!may_dispatch(&b));
    run_ms(&b, 1000, true);
    CHECK_INT(b.l.state, GC_LEASE_STANDBY);
  }
}

static void a_stopped_process_without_redis_no_longer_goes_on(void) {
  struct bench b = begin_as_holder(true);
  run_ms(&b, 60000, false);
  CHECK(may_dispatch(&b));
  b.now_ms += 2001;
  CHECK(!may_dispatch(&b));
  run_ms(&b, 60000, false);
  CHECK(!may_dispatch(&b));
}

static void a_frozen_machine_needs_a_new_confirmation(void) {
  struct bench b = begin_as_holder(false);
  b.now_ms = b.l.due_ms;
  CHECK(gc_lease_next(&b.l, b.now_ms, 0, &b.q));
  lease_record_apply(&b.record, &b.q);
  report_event(&b, GC_LEASE_RESUMED);
  CHECK(!may_dispatch(&b));
  report_event(&b, GC_LEASE_ANSWER); /* sent before the freeze */
  CHECK(!may_dispatch(&b));
  run_ms(&b, 800, true);
  CHECK(may_dispatch(&b));
}

/* ---- the end ---- */

static void a_stop_releases_the_lease(void) {
  struct bench b = begin_as_holder(false);
  report_event(&b, GC_LEASE_STOP);
  CHECK(!may_dispatch(&b));
  run_ms(&b, 0, true);
  CHECK_INT(b.record.owner, 0);
  CHECK_INT(b.record.fence, 5);
  CHECK_INT(b.l.state, GC_LEASE_ENDED);
}

static void a_standby_stops_without_a_request(void) {
  struct bench b = begin_with((struct gc_lease_record){4, OTHER, 3}, false);
  run_ms(&b, 0, true);
  report_event(&b, GC_LEASE_STOP);
  CHECK_INT(b.l.state, GC_LEASE_ENDED);
}

/* ---- a Redis that lost data ---- */

static void the_holder_restores_a_record_that_was_lost(void) {
  static const struct gc_lease_record records[] = {{0, 0, 0}, {4, OTHER, 3}};
  for (size_t i = 0; i < GC_COUNT(records); i++) {
    struct bench b = begin_as_holder(false);
    b.record = records[i];
    run_ms(&b, 1000, true);
    CHECK(may_dispatch(&b));
    CHECK_INT(b.record.owner, ME);
    CHECK_INT(b.record.fence, 5);
  }
}

static void a_former_holder_restores_nothing(void) {
  struct bench b = begin_as_holder(false);
  report_event(&b, GC_LEASE_RESUMED);
  b.record = none;
  run_ms(&b, 800, true);
  CHECK_INT(b.record.owner, 0);
  CHECK(!may_dispatch(&b));
}

static void fencing_numbers_grow_over_a_loss(void) {
  struct bench b = begin_with((struct gc_lease_record){40, OTHER, 3}, false);
  run_ms(&b, 1000, true);
  b.record = none;
  run_ms(&b, 14000, true);
  CHECK_INT(b.record.fence, 41);
}

/* A replica that lacks the last renewal becomes the master, and the holder
 * cannot reach it: the others see an older beat, and wait from when they saw
 * it first. */
static void the_wait_covers_a_renewal_that_a_failover_loses(void) {
  struct bench b = begin_as_holder(false);
  uint64_t part_ms = TTL / GC_LEASE_PARTS;
  CHECK(GC_LEASE_WAIT - GC_LEASE_VALID > GC_LEASE_PERIOD + GC_LEASE_SETTLE);
  b.now_ms = b.l.due_ms;
  CHECK(gc_lease_next(&b.l, b.now_ms, 0, &b.q));
  CHECK(b.l.due_ms - b.now_ms <= GC_LEASE_PERIOD * part_ms);
}

/* ---- what the script does ---- */

static void requests_change_the_record_only_by_the_rules(void) {
  static const struct {
    const char *name;
    struct gc_lease_record before;
    struct gc_lease_request q;
    struct gc_lease_record after;
  } rows[] = {
      {"observe", {4, OTHER, 3}, {.verb = GC_LEASE_OBSERVE}, {4, OTHER, 3}},
      {"renew",
       {4, ME, 3},
       {.verb = GC_LEASE_RENEW, .owner = ME, .beat = 9, .fence = 4},
       {4, ME, 9}},
      {"a late renewal sets no beat back",
       {4, ME, 9},
       {.verb = GC_LEASE_RENEW, .owner = ME, .beat = 3, .fence = 4},
       {4, ME, 9}},
      {"a late renewal after a release",
       {4, 0, 9},
       {.verb = GC_LEASE_RENEW, .owner = ME, .beat = 10, .fence = 4},
       {4, 0, 9}},
      {"renew with an old fence",
       {5, OTHER, 1},
       {.verb = GC_LEASE_RENEW,
        .owner = ME,
        .beat = 9,
        .fence = 4,
        .restores = true},
       {5, OTHER, 1}},
      {"renew beside an equal fence",
       {4, OTHER, 1},
       {.verb = GC_LEASE_RENEW,
        .owner = ME,
        .beat = 9,
        .fence = 4,
        .restores = true},
       {4, OTHER, 1}},
      {"restore",
       {3, OTHER, 1},
       {.verb = GC_LEASE_RENEW,
        .owner = ME,
        .beat = 9,
        .fence = 4,
        .restores = true},
       {4, ME, 9}},
      {"claim",
       {4, OTHER, 3},
       {.verb = GC_LEASE_CLAIM,
        .owner = ME,
        .beat = 9,
        .fence = 4,
        .seen = {4, OTHER, 3}},
       {5, ME, 9}},
      {"claim of a record that changed",
       {4, OTHER, 4},
       {.verb = GC_LEASE_CLAIM,
        .owner = ME,
        .beat = 9,
        .fence = 4,
        .seen = {4, OTHER, 3}},
       {4, OTHER, 4}},
      {"claim of no record, with a known fence",
       {0, 0, 0},
       {.verb = GC_LEASE_CLAIM, .owner = ME, .beat = 9, .fence = 40},
       {41, ME, 9}},
      {"release",
       {4, ME, 3},
       {.verb = GC_LEASE_RELEASE, .owner = ME, .beat = 9},
       {4, 0, 9}},
      {"release of another's lease",
       {4, OTHER, 3},
       {.verb = GC_LEASE_RELEASE, .owner = ME, .beat = 9},
       {4, OTHER, 3}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct gc_lease_record r = rows[i].before;
    lease_record_apply(&r, &rows[i].q);
    CHECK_INT(r.fence, rows[i].after.fence);
    CHECK_INT(r.owner, rows[i].after.owner);
    CHECK_INT(r.beat, rows[i].after.beat);
  }
}

int main(void) {
  RUN(a_released_lease_is_taken_at_once);
  RUN(an_unchanged_record_is_free_after_the_wait);
  RUN(the_larger_ttl_is_the_wait);
  RUN(a_redis_that_refuses_writes_leaves_the_holder_blind);
  RUN(a_redis_that_refuses_writes_leaves_a_standby_blind);
  RUN(each_beat_of_the_holder_begins_the_wait_again);
  RUN(a_claim_whose_answer_was_lost_is_found);
  RUN(the_permission_counts_from_the_time_of_sending);
  RUN(a_renewal_after_a_sleep_needs_a_second_one);
  RUN(without_redis_the_holder_stops_after_the_grace);
  RUN(with_go_on_the_holder_goes_on_until_redis_names_another);
  RUN(a_stopped_process_dispatches_nothing_when_it_continues);
  RUN(a_stopped_process_without_redis_no_longer_goes_on);
  RUN(a_frozen_machine_needs_a_new_confirmation);
  RUN(a_stop_releases_the_lease);
  RUN(a_standby_stops_without_a_request);
  RUN(the_holder_restores_a_record_that_was_lost);
  RUN(a_former_holder_restores_nothing);
  RUN(fencing_numbers_grow_over_a_loss);
  RUN(the_wait_covers_a_renewal_that_a_failover_loses);
  RUN(requests_change_the_record_only_by_the_rules);
  return check_done();
}
