/* SPDX-License-Identifier: MIT */
/* A batch with many refused lines costs few requests if the database names
 * their field, and blocks nothing if it refuses them in unknown words. The
 * databases of these tests know lines such as "bad,n=7 v=1 2": the measurement,
 * the number and the shard. */
#include "plugins/genesys_influxdb/sender/sender.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/sender_bench.h"

enum { LINES = 500 };

struct database {
  struct sender_bench bench;
  enum gc_code (*start)(void *ctx, struct gc_exchange *x, struct gc_err *err);
  int (*answer_to)(const char *body); /* returns the status */
  int taken[LINES];                   /* how often */
  char answer[4096];
};

static struct database db;

/* Like InfluxDB 1: the shard 1 refuses "bad" and "worse", each other shard
 * takes them. The answer has the first refused line, and the number of all. */
static int answer_like_influxdb(const char *body) {
  char name[16], first[16] = "";
  int n, shard, dropped = 0;
  for (const char *at = body; at != NULL && *at != '\0';) {
    CHECK_INT(sscanf(at, "%15[a-z],n=%d v=1 %d", name, &n, &shard), 3);
    if (shard == 1 && strcmp(name, "good") != 0) {
      dropped++;
      if (first[0] == '\0')
        snprintf(first, sizeof(first), "%s", name);
    } else
      db.taken[n]++;
    at = strchr(at, '\n');
    at = at != NULL ? at + 1 : NULL;
  }
  snprintf(db.answer, sizeof(db.answer),
           "{\"error\":\"partial write: field type conflict: input field "
           "\\\"v\\\" on measurement \\\"%s\\\" is type float, already exists "
           "as type integer dropped=%d\"}",
           first, dropped);
  return dropped > 0 ? 400 : 204;
}

/* Like InfluxDB 1 with a retention policy that has no place for "bad". */
static int answer_with_retention(const char *body) {
  int dropped = 0;
  for (const char *at = body; *at != '\0'; at = strchr(at, '\n') + 1) {
    int n;
    if (sscanf(at, "good,n=%d", &n) == 1)
      db.taken[n]++;
    else
      dropped++;
  }
  snprintf(db.answer, sizeof(db.answer),
           "{\"error\":\"partial write: points beyond retention policy "
           "dropped=%d\"}",
           dropped);
  return dropped > 0 ? 400 : 204;
}

#define STRANGE "{\"error\":\"no such column\"}"

/* Takes all lines of a request or none. */
static int answer_strangely(const char *body) {
  snprintf(db.answer, sizeof(db.answer), STRANGE);
  if (strstr(body, "bad,") != NULL)
    return 400;
  for (const char *at = body; *at != '\0'; at = strchr(at, '\n') + 1) {
    int n = 0;
    CHECK_INT(sscanf(at, "good,n=%d", &n), 1);
    db.taken[n]++;
  }
  return 204;
}

static int refuse_everything(const char *body) {
  (void)body;
  snprintf(db.answer, sizeof(db.answer), "<html>Bad Request</html>");
  return 400;
}

static enum gc_code start_request(void *ctx, struct gc_exchange *x,
                                  struct gc_err *err) {
  char *body = strndup(x->body, x->body_len);
  int status = db.answer_to(body);
  free(body);
  db.bench.world.random32 = db.bench.world.random32 * 1664525u + 1013904223u;
  replay_forget_answers(&db.bench.world);
  sender_answers(&db.bench, 1, status, status == 204 ? NULL : db.answer);
  return db.start(ctx, x, err);
}

static void begin_database(int (*answer_to)(const char *body)) {
  db = (struct database){.answer_to = answer_to};
  sender_begin(&db.bench);
  db.bench.settings.batch_size = LINES;
  db.start = db.bench.world.env.transport.start;
  db.bench.world.env.transport.start = start_request;
}

static void put_line(const char *name, int n, int shard) {
  char line[64];
  snprintf(line, sizeof(line), "%s,n=%d v=1 %d", name, n, shard);
  sender_put(&db.bench, line);
}

static void check_quarantine(int refused) {
  struct gc_buf aside = spool_file("refused.lines");
  int lines = 0, words = 0;
  for (const char *at = gc_buf_string(&aside); at != NULL && *at != '\0';
       at = strchr(at, '\n') + 1) {
    int n;
    words += strncmp(at, "# ", 2) == 0 && strncmp(at, "# 20", 4) != 0;
    if (sscanf(at, "%*[a-z],n=%d", &n) != 1)
      continue;
    lines++;
    CHECK_INT(db.taken[n], 0);
  }
  gc_buf_clear(&aside);
  CHECK_INT(lines, refused);
  CHECK_INT(words, refused);
}

/* Checks that every line was taken, except `refused` lines, which are in
 * quarantine. */
static void check_lines(int refused, size_t requests_max) {
  replay_run(&db.bench.world, 600000);
  CHECK_THAT(db.bench.world.request_count <= requests_max, "%zu requests",
             db.bench.world.request_count);
  int taken = 0;
  for (int n = 0; n < LINES; n++)
    taken += db.taken[n] > 0;
  CHECK_INT(taken, LINES - refused);
  if (refused > 0)
    check_quarantine(refused);
  CHECK_INT(influx_sender_stats(db.bench.sender).refused, refused);
  CHECK_INT(influx_sender_stats(db.bench.sender).sent, LINES - refused);
  CHECK_STR(spool_peek(db.bench.spool), "");
  sender_end(&db.bench);
}

static void one_field_costs_three_requests(void) {
  static const int every[] = {500, 50, 10, 2, 1};
  for (size_t i = 0; i < GC_COUNT(every); i++) {
    begin_database(answer_like_influxdb);
    for (int n = 0; n < LINES; n++)
      put_line(n % every[i] == every[i] / 2 ? "bad" : "good", n, 1);
    check_lines(LINES / every[i], 3);
  }
}

static void each_further_field_costs_two_more(void) {
  begin_database(answer_like_influxdb);
  for (int n = 0; n < LINES; n++)
    put_line(n % 10 == 3 ? "bad" : n % 10 == 5 ? "worse" : "good", n, 1);
  check_lines(100, 5);
}

/* The database has the field's type for a shard: lines of others are good. */
static void lines_that_another_shard_takes_are_not_put_aside(void) {
  begin_database(answer_like_influxdb);
  for (int n = 0; n < LINES; n++)
    put_line(n % 10 == 3   ? "bad"
             : n % 10 == 5 ? "worse"
                           : "good",
             n, n < LINES / 3 ? 1 : 2);
  check_lines(34, 30);
}

static void lines_refused_in_unknown_words_do_not_block_the_others(void) {
  static const int every[] = {100, 20, 2};
  for (size_t i = 0; i < GC_COUNT(every); i++) {
    begin_database(answer_strangely);
    for (int n = 0; n < LINES; n++)
      put_line(n % every[i] == 0 ? "bad" : "good", n, 1);
    check_lines(LINES / every[i], 1100);
  }
}

/* The halves of 500 lines begin with these lines. */
static void a_refused_line_in_each_half_does_not_block_the_others(void) {
  begin_database(answer_strangely);
  for (int n = 0; n < LINES; n++) {
    bool is_bad = n == 0 || n == 1 || n == 3 || n == 7 || n == 15 || n == 31 ||
                  n == 62 || n == 125 || n == 250;
    put_line(is_bad ? "bad" : "good", n, 1);
  }
  check_lines(9, 150);
}

/* Each try looks at other lines until it finds a good one. */
static void few_good_lines_among_refused_ones_are_found(void) {
  begin_database(answer_strangely);
  for (int n = 0; n < LINES; n++)
    put_line(n == 123 || n == 456 ? "good" : "bad", n, 1);
  replay_run(&db.bench.world, 3600000);
  CHECK(replay_noticed(&db.bench.world, "database", GC_ERR_REQUEST) > 0);
  check_lines(LINES - 2, 4000);
}

static void a_gateway_that_refuses_everything_gets_few_requests(void) {
  begin_database(refuse_everything);
  for (int n = 0; n < LINES; n++)
    put_line("good", n, 1);
  replay_run(&db.bench.world, 600000);
  size_t refused = db.bench.world.request_count;
  size_t tries = replay_noticed(&db.bench.world, "database", GC_ERR_REQUEST);
  CHECK_THAT(tries >= 20 && refused <= tries * 30, "%zu requests, %zu tries",
             refused, tries);
  CHECK_INT(influx_sender_stats(db.bench.sender).refused, 0);
  db.answer_to = answer_strangely;
  replay_run(&db.bench.world, 60000);
  CHECK_INT(db.bench.world.request_count, refused + 1);
  for (int n = 0; n < LINES; n++)
    CHECK_INT(db.taken[n], 1);
  CHECK_INT(influx_sender_stats(db.bench.sender).sent, LINES);
  sender_end(&db.bench);
}

/* Lists the lines, as InfluxDB 3 does. */
static int answer_with_numbers(const char *body) {
  int number = 0, count = 0;
  size_t len = (size_t)snprintf(
      db.answer, sizeof(db.answer),
      "{\"error\":\"partial write of line protocol occurred\",\"data\":[");
  for (const char *at = body; *at != '\0'; at = strchr(at, '\n') + 1) {
    int n;
    number++;
    if (sscanf(at, "good,n=%d", &n) == 1)
      db.taken[n]++;
    else
      len += (size_t)snprintf(db.answer + len, sizeof(db.answer) - len,
                              "%s{\"line_number\":%d}", count++ > 0 ? "," : "",
                              number);
  }
  snprintf(db.answer + len, sizeof(db.answer) - len, "]}");
  return count > 0 ? 400 : 204;
}

/* Counts the lines and names none of them. */
static int answer_with_count(const char *body) {
  (void)answer_with_retention(body);
  const char *dropped = strstr(db.answer, "dropped=");
  char count[32];
  snprintf(count, sizeof(count), "%s", dropped);
  snprintf(db.answer, sizeof(db.answer),
           "{\"error\":\"partial write: max-values-per-tag limit exceeded %s",
           count);
  return strncmp(count, "dropped=0", 9) == 0 ? 204 : 400;
}

/* Many lines that only their number is known of: what is stored is stored, and
 * a batch costs few requests. */
static void lines_that_are_only_counted_cost_few_requests(void) {
  begin_database(answer_with_count);
  for (int n = 0; n < LINES; n++)
    put_line(n % 2 == 0 ? "bad" : "good", n, 1);
  replay_run(&db.bench.world, 600000);
  CHECK_THAT(db.bench.world.request_count <= 60, "%zu requests",
             db.bench.world.request_count);
  for (int n = 1; n < LINES; n += 2)
    CHECK(db.taken[n] > 0);
  CHECK_INT(influx_sender_stats(db.bench.sender).refused, LINES / 2);
  CHECK_INT(influx_sender_stats(db.bench.sender).sent, LINES / 2);
  CHECK_STR(spool_peek(db.bench.spool), "");
  sender_end(&db.bench);
}

static void lines_that_the_answer_lists_cost_two_requests(void) {
  begin_database(answer_with_numbers);
  for (int n = 0; n < LINES; n++)
    put_line(n % 7 == 3 ? "bad" : "good", n, 1);
  check_lines(71, 2);
}

/* A gateway refuses the first request, lets the second one through, and fails
 * again for a while: no good line goes to quarantine. */
static int answer_with_failures(const char *body) {
  static int requests;
  requests++;
  return requests == 1 || (requests > 2 && requests < 30)
             ? refuse_everything(body)
             : answer_strangely(body);
}

static void a_gateway_that_fails_after_a_success_costs_no_line(void) {
  begin_database(answer_with_failures);
  for (int n = 0; n < LINES; n++)
    put_line("good", n, 1);
  check_lines(0, 200);
}

/* Later lines show that the database takes others. */
static void a_lone_line_refused_in_unknown_words_is_found_later(void) {
  begin_database(answer_strangely);
  put_line("bad", 0, 1);
  influx_sender_flush(db.bench.sender);
  replay_run(&db.bench.world, 1000);
  CHECK_INT(influx_sender_stats(db.bench.sender).refused, 0);
  for (int n = 1; n < LINES; n++)
    put_line("good", n, 1);
  check_lines(1, 80);
}

static void a_batch_of_one_refused_line_blocks_nothing(void) {
  begin_database(answer_strangely);
  db.bench.settings.batch_size = 1;
  for (int n = 0; n < LINES; n++)
    put_line(n == 6 ? "bad" : "good", n, 1);
  check_lines(1, 2 * LINES);
}

/* After an outage that was longer than the retention policy of the database. */
static void lines_that_are_too_old_cost_two_requests(void) {
  static const struct {
    int too_old; /* of the oldest lines */
    size_t requests;
  } rows[] = {{LINES, 1}, {LINES / 2, 2}, {LINES / 2 + 1, 2}, {1, 2}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    begin_database(answer_with_retention);
    for (int n = 0; n < LINES; n++)
      put_line(n < rows[i].too_old ? "bad" : "good", n, 1000 + n);
    check_lines(rows[i].too_old, rows[i].requests);
  }
}

int main(void) {
  spool_bench_begin();
  RUN(one_field_costs_three_requests);
  RUN(each_further_field_costs_two_more);
  RUN(lines_that_another_shard_takes_are_not_put_aside);
  RUN(lines_that_are_too_old_cost_two_requests);
  RUN(lines_that_are_only_counted_cost_few_requests);
  RUN(lines_that_the_answer_lists_cost_two_requests);
  RUN(a_gateway_that_fails_after_a_success_costs_no_line);
  RUN(a_lone_line_refused_in_unknown_words_is_found_later);
  RUN(a_batch_of_one_refused_line_blocks_nothing);
  RUN(lines_refused_in_unknown_words_do_not_block_the_others);
  RUN(a_refused_line_in_each_half_does_not_block_the_others);
  RUN(few_good_lines_among_refused_ones_are_found);
  RUN(a_gateway_that_refuses_everything_gets_few_requests);
  spool_bench_end();
  return check_done();
}
