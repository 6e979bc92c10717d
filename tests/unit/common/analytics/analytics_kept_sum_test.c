/* SPDX-License-Identifier: MIT */
/* An earlier version could save an infinite sum: it is loaded as 0, and its
 * count stays. */
#include "tests/support/analytics_world.h"

#include "tests/support/check.h"
#include "tests/support/store_bench.h"

#define TALKED(from, to, count, sum)                                           \
  "{\"interval\":\"2023-11-14T" from ":00.000Z/2023-11-14T" to                 \
  ":00.000Z\",\"metrics\":[{\"metric\":\"tTalk\",\"stats\":{"                  \
  "\"count\":" count ",\"sum\":" sum "}}]}"
#define ROWS(data)                                                             \
  "{\"group\":{\"queueId\":\"q1\",\"mediaType\":\"voice\"},"                   \
  "\"data\":[" data "]}"

static char *talk[] = {(char[]){"tTalk"}};

static void answer_with(const char *rows) {
  replay_forget_answers(&world.r);
  world_answers("POST /oauth/token", TOKEN);
  world_answers(LIST, "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}");
  world_answers(QUERY, rows);
}

static void begin_query(void) {
  world_begin();
  world_query.metrics = (struct gc_strs){talk, 1};
}

static void an_infinite_sum_begins_at_zero(void) {
  store_fresh();
  world.store = store_opened(NULL);
  begin_query();
  answer_with(ANSWER(ROWS(TALKED("22:10", "22:11", "1", "2000"))));
  world_start();
  world_pass(5 * MINUTE); /* the total is settled and saved */
  int64_t wall_ms =
      world.r.wall_ms + (int64_t)(world.r.now_ms - REPLAY_START_MS);
  world_stop();
  gc_store_close(world.store);
  sqlite3 *db = store_raw();
  store_sql(db, "UPDATE pages SET text = '1 7ff0000000000000 1' "
                "WHERE field LIKE 'total %'"); /* bits, as in Redis */
  sqlite3_close(db);

  world.store = store_opened(NULL);
  world.count = 0;
  begin_query();
  world.r.wall_ms = wall_ms + 1000;
  answer_with(ANSWER(ROWS(TALKED("22:18", "22:19", "3", "4000"))));
  world_start();
  world_pass(2 * MINUTE + 30000); /* 22:20:51 */
  CHECK_STR(world_dispatched(),
            "Sales/queue_metric-tTalk-voice 22:17 1\n"
            "Sales/queue_metric_seconds-tTalk-voice 22:17 0\n"
            "Sales/queue_metric-tTalk-voice 22:18 1\n"
            "Sales/queue_metric_seconds-tTalk-voice 22:18 0\n"
            "Sales/queue_interval_number-tTalk-voice 22:19 3\n"
            "Sales/queue_interval_seconds-tTalk-sum-voice 22:19 4\n"
            "Sales/queue_metric-tTalk-voice 22:19 4\n"
            "Sales/queue_metric_seconds-tTalk-voice 22:19 4\n");
  world_end();
  gc_store_close(world.store);
  world.store = NULL;
}

int main(void) {
  store_bench_begin();
  RUN(an_infinite_sum_begins_at_zero);
  store_bench_end();
  return check_done();
}
