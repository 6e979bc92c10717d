/* SPDX-License-Identifier: MIT */
/* A batch with many refused lines costs few requests if the database names
 * their field. The database of these tests knows lines such as
 * "bad,n=7 v=1 2": the measurement, the number and the shard. */
#include "plugins/genesys_influxdb/sender/sender.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/sender_bench.h"

enum { LINES = 500 };

struct database {
  struct sender_bench bench;
  enum gc_code (*start)(void *ctx, struct gc_exchange *x, struct gc_err *err);
  int taken[LINES]; /* how often */
  char answer[256];
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

static enum gc_code start_request(void *ctx, struct gc_exchange *x,
                                  struct gc_err *err) {
  char *body = strndup(x->body, x->body_len);
  int status = answer_like_influxdb(body);
  free(body);
  replay_forget_answers(&db.bench.world);
  sender_answers(&db.bench, 1, status, status == 204 ? NULL : db.answer);
  return db.start(ctx, x, err);
}

static void begin_database(void) {
  db = (struct database){.start = NULL};
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

/* Checks that every line was taken, except `refused` lines, which are in
 * quarantine. */
static void check_lines(int refused, size_t requests_max) {
  replay_run(&db.bench.world, 60000);
  CHECK_THAT(db.bench.world.request_count <= requests_max, "%zu requests",
             db.bench.world.request_count);
  int taken = 0;
  for (int n = 0; n < LINES; n++)
    taken += db.taken[n] > 0;
  CHECK_INT(taken, LINES - refused);
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
  CHECK_INT(influx_sender_stats(db.bench.sender).refused, refused);
  CHECK_INT(influx_sender_stats(db.bench.sender).sent, LINES - refused);
  CHECK_STR(spool_peek(db.bench.spool), "");
  sender_end(&db.bench);
}

static void one_field_costs_three_requests(void) {
  static const int every[] = {500, 50, 10, 2, 1};
  for (size_t i = 0; i < GC_COUNT(every); i++) {
    begin_database();
    for (int n = 0; n < LINES; n++)
      put_line(n % every[i] == every[i] / 2 ? "bad" : "good", n, 1);
    check_lines(LINES / every[i], 3);
  }
}

static void each_further_field_costs_two_more(void) {
  begin_database();
  for (int n = 0; n < LINES; n++)
    put_line(n % 10 == 3 ? "bad" : n % 10 == 5 ? "worse" : "good", n, 1);
  check_lines(100, 5);
}

/* The database has the field's type for a shard: lines of others are good. */
static void lines_that_another_shard_takes_are_not_put_aside(void) {
  begin_database();
  for (int n = 0; n < LINES; n++)
    put_line(n % 10 == 3   ? "bad"
             : n % 10 == 5 ? "worse"
                           : "good",
             n, n < LINES / 3 ? 1 : 2);
  check_lines(34, 30);
}

int main(void) {
  spool_bench_begin();
  RUN(one_field_costs_three_requests);
  RUN(each_further_field_costs_two_more);
  RUN(lines_that_another_shard_takes_are_not_put_aside);
  spool_bench_end();
  return check_done();
}
