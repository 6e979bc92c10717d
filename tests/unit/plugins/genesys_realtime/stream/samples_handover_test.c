/* SPDX-License-Identifier: MIT */
/* A stream whose account has a lease: a value leaves when Redis has it, and the
 * next holder continues with the counters of this one. */
#include "common/net/lease_book.h"

#include "tests/support/lease_page.h"
#include "tests/support/rt_stream.h"

static struct gc_lease_book *book;
static struct gc_buf redis; /* the account's page in Redis */
static bool is_reached;

static void store_field(void *ctx, const char *page, const char *field,
                        const char *text) {
  if (is_reached)
    lease_page_store(ctx, page, field, text);
}

/* Redis confirms a renewal, or does not answer. */
static void renew_lease(uint64_t fence, bool answers) {
  is_reached = answers;
  gc_lease_book_collect(book, fence, store_field, &redis);
  gc_lease_book_settle(book, answers);
}

static void take_lease(uint64_t fence) {
  CHECK_INT(gc_lease_book_read(book, "queues-all", fence, &redis), GC_OK);
}

static void begin_agent(uint64_t fence) {
  const char *ids[] = {"q1", "q2"};
  book = gc_lease_book_new();
  lease_page = gc_lease_book_page(book, "queues-all");
  if (fence != 0)
    take_lease(fence);
  begin_with(20);
  ch_usual_answers();
  select_queues(ids, 2);
  ch_open();
}

static void end_agent(void) {
  end_stream();
  gc_lease_book_free(book);
}

static void a_count_is_dispatched_once_redis_has_it(void) {
  redis = (struct gc_buf){.max = 1 << 20};
  begin_agent(7);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK(isnan(read_value("q1/queue_offer-voice")));
  renew_lease(7, true);
  CHECK_REAL(read_value("q1/queue_offer-voice"),
             0); /* a series begins with 0 */
  replay_run(&ch_world, 10000);
  (void)read_value("");
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 1);
  replay_run(&ch_world, 1000);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  CHECK(isnan(read_value("q1/queue_answer-voice")));
  renew_lease(7, false);
  CHECK(isnan(read_value("q1/queue_answer-voice")));
  renew_lease(7, true);
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_value("q1/queue_answer-voice"), 1);
  end_agent();
  gc_buf_clear(&redis);
}

/* collectd refuses a value list that has the time of the one before. */
static void two_readings_at_one_moment_dispatch_once(void) {
  redis = (struct gc_buf){.max = 1 << 20};
  begin_agent(7);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  (void)read_value("");
  renew_lease(7, true);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  renew_lease(7, true);
  CHECK(isnan(read_value("q1/queue_offer-voice")));
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 1);
  end_agent();
  gc_buf_clear(&redis);
}

static void without_redis_counts_go_on_if_the_option_allows(void) {
  redis = (struct gc_buf){.max = 1 << 20};
  begin_agent(7);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK(isnan(read_value("q1/queue_offer-voice")));
  gc_lease_book_go_on(book, true);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  end_agent();
  gc_buf_clear(&redis);
}

static void the_next_holder_continues(void) {
  redis = (struct gc_buf){.max = 1 << 20};
  begin_agent(7);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  (void)read_value("");
  renew_lease(7, true);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  end_agent(); /* it is killed */
  begin_agent(8);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  (void)read_value("");
  renew_lease(8, true);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 1);
  CHECK_REAL(found_of("q1/queue_answer-voice"), 1);
  CHECK_REAL(found_of("q1/queue_wait_time_seconds_sum-voice"), 5);
  end_agent();
  gc_buf_clear(&redis);
}

static void without_the_lease_nothing_counts(void) {
  redis = (struct gc_buf){.max = 1 << 20};
  begin_agent(0);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  (void)read_value("");
  CHECK_INT(w.values, 0);
  take_lease(9);
  replay_run(&ch_world, 1000);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  (void)read_value("");
  renew_lease(9, true);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  replay_run(&ch_world, 10000);
  (void)read_value("");
  gc_lease_book_leave(book, true);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  end_agent();
  gc_buf_clear(&redis);
}

/* The lease was lost and taken again between two ticks. */
static void another_lease_begins_another_model(void) {
  redis = (struct gc_buf){.max = 1 << 20};
  begin_agent(7);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  (void)read_value("");
  renew_lease(7, true);
  gc_buf_reset(&redis);
  CHECK_INT(gc_fields_add(&redis, "q1/voice", "offers0=41/41"), GC_OK);
  take_lease(9);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  replay_run(&ch_world, 1000);
  (void)read_value("");
  renew_lease(9, true);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 41);
  end_agent();
  gc_buf_clear(&redis);
}

int main(void) {
  RUN(a_count_is_dispatched_once_redis_has_it);
  RUN(two_readings_at_one_moment_dispatch_once);
  RUN(without_redis_counts_go_on_if_the_option_allows);
  RUN(the_next_holder_continues);
  RUN(without_the_lease_nothing_counts);
  RUN(another_lease_begins_another_model);
  return check_done();
}
