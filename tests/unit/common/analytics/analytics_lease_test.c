/* SPDX-License-Identifier: MIT */
/* Two agents whose account has a lease: the next holder of the lease continues
 * with the intervals where the former one stopped. */
#include "tests/support/analytics_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "common/net/lease_book.h"
#include "tests/support/check.h"
#include "tests/support/lease_page.h"

enum { FIRST = 8, AHEAD = 40, AWAY_S = 13 }; /* minutes after 22:00 */

static struct gc_lease_book *book;
static struct gc_buf redis; /* the account's page in Redis */
static uint64_t fence;

/* ---- Redis ---- */

static void renew_lease(void) {
  gc_lease_book_collect(book, fence, lease_page_store, &redis);
  gc_lease_book_settle(book, true);
}

static void take_lease(void) {
  fence++;
  CHECK_INT(gc_lease_book_read(book, "query-queues", fence, &redis), GC_OK);
}

/* ---- agents ---- */

/* In each minute, nOffered of Sales is the number of minutes since 22:00. */
static void tell_truth(void) {
  static char body[65536];
  size_t len = (size_t)snprintf(body, sizeof(body),
                                "{\"results\":[{\"group\":{\"queueId\":\"q1\","
                                "\"mediaType\":\"voice\"},\"data\":[");
  for (int m = FIRST; m < FIRST + AHEAD; m++) {
    char at[GC_INTERVAL_SIZE];
    int64_t begin_ms = 1699999200000 + (int64_t)m * MINUTE; /* 22:00 */
    gc_interval_print(at, begin_ms, begin_ms + MINUTE);
    len += (size_t)snprintf(
        body + len, sizeof(body) - len,
        "%s{\"interval\":\"%s\",\"metrics\":[{\"metric\":\"nOffered\","
        "\"stats\":{\"count\":%d}}]}",
        m > FIRST ? "," : "", at, m);
  }
  snprintf(body + len, sizeof(body) - len, "]}]}");
  world_answers(QUERY, body);
}

static void begin_agent(void) {
  book = gc_lease_book_new();
  world.page = gc_lease_book_page(book, "query-queues");
  world_begin();
  world_query.rule.backfill_ms = INT64_C(30) * MINUTE;
  tell_truth();
}

static void begin_lease(void) {
  redis = (struct gc_buf){.max = GC_LEASE_BOOK_MAX_BYTES};
  fence = 0;
  world.page = NULL;
  begin_agent();
}

static void kill_agent(void) {
  world_stop();
  gc_lease_book_free(book);
  world.page = NULL;
}

/* The agent is killed; another one takes the lease after AWAY_S. The values of
 * both are kept. */
static void change_holder(void) {
  static char seen[SEEN_MAX][128];
  size_t count = world.count;
  int64_t wall_ms =
      world.r.wall_ms + (int64_t)(world.r.now_ms - REPLAY_START_MS);
  memcpy(seen, world.seen, sizeof(seen));
  kill_agent();
  begin_agent();
  memcpy(world.seen, seen, sizeof(seen));
  world.count = count;
  world.r.wall_ms = wall_ms + AWAY_S * 1000;
  take_lease();
  world_start();
}

static void pass_seconds(unsigned seconds) {
  for (unsigned s = 0; s < seconds; s++) {
    world_pass(1000);
    renew_lease();
  }
}

static void end_lease(void) {
  kill_agent();
  gc_buf_clear(&redis);
}

static const char *line_of(const char *type, int minute, long value) {
  static char line[128];
  snprintf(line, sizeof(line), "Sales/%s-nOffered-voice 22:%02d %ld", type,
           minute, value);
  return line;
}

/* ---- tests ---- */

static void an_interval_is_dispatched_once_redis_has_it(void) {
  begin_lease();
  take_lease();
  world_start();
  world_pass(20000);
  CHECK_INT(world.count, 0);
  renew_lease();
  world_pass(1000);
  CHECK(world.count > 0);
  end_lease();
}

static void a_standby_sends_no_request(void) {
  begin_lease();
  world_start();
  world_pass(120000);
  CHECK_INT(world.count, 0);
  CHECK_STR(world_last_interval(), "none");
  take_lease();
  pass_seconds(3);
  CHECK(strcmp(world_last_interval(), "none") != 0);
  end_lease();
}

/* The agent is killed at any second: no interval is left out, and at most the
 * one that was in flight is sent again, with the same value. */
static void intervals_continue_with_the_next_holder(void) {
  for (unsigned second = 1; second < 130 && check_failed == 0; second += 7) {
    unsigned again = 0;
    begin_lease();
    take_lease();
    world_start();
    pass_seconds(90 + second);
    change_holder();
    pass_seconds(300);
    int64_t wall_ms =
        world.r.wall_ms + (int64_t)(world.r.now_ms - REPLAY_START_MS);
    int last = (int)((wall_ms - 1699999200000 - 90000) / MINUTE) - 1;
    CHECK(last > FIRST + 4);
    long total = 0;
    for (int m = FIRST; m <= last; m++) {
      size_t times =
          world_times_dispatched(line_of("queue_interval_number", m + 1, m));
      CHECK_THAT(times >= 1, "killed at %u s: 22:%02d is missing", second, m);
      again += times > 1;
      total += m;
    }
    CHECK_THAT(again <= 1, "killed at %u s: %u intervals twice", second, again);
    CHECK_THAT(
        world_times_dispatched(line_of("queue_metric", last + 1, total)) > 0,
        "killed at %u s: no total of %ld in\n%s", second, total,
        world_dispatched());
    end_lease();
  }
}

static void a_former_holder_sends_nothing_until_it_has_a_lease_again(void) {
  begin_lease();
  take_lease();
  world_start();
  pass_seconds(30);
  size_t count = world.count;
  CHECK(count > 0);
  gc_lease_book_leave(book, true);
  world_pass(200000);
  CHECK_INT(world.count, count);
  take_lease();
  pass_seconds(10);
  CHECK(world.count > count);
  CHECK_INT(world_times_dispatched(
                line_of("queue_interval_number", FIRST + 1, FIRST)),
            1);
  end_lease();
}

int main(void) {
  RUN(an_interval_is_dispatched_once_redis_has_it);
  RUN(a_standby_sends_no_request);
  RUN(intervals_continue_with_the_next_holder);
  RUN(a_former_holder_sends_nothing_until_it_has_a_lease_again);
  return check_done();
}
